"""The seal on the test labels: opened deliberately, once per run, and every opening counted."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ..files import digest


class Seal:
    """Reads the sealed labels, and records who opened them in a ledger.

    The ledger is a folder with one file per (data fingerprint, cutoff) and opener; an identical rerun, which has the
    same opener, finds its file there and does not count again.
    """

    def __init__(self, read: Callable[[], pd.DataFrame], ledger: Path, subject: tuple[str, str], opener: str) -> None:
        """Keep `read` for `open`. `subject` is (data fingerprint, cutoff), `opener` the identity of the run."""
        self._read = read
        self._folder = ledger / digest(*subject)
        self._opener = opener

    def open(self) -> pd.DataFrame:
        """Count this opening, then return the sealed labels, ordered by customer."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / self._opener).touch()
        if hasattr(os, "sync"):
            os.sync()
        return self._read()

    @property
    def openings(self) -> int:
        """How many different runs have opened this seal."""
        return len(list(self._folder.iterdir())) if self._folder.is_dir() else 0
