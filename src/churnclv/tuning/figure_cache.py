"""Figures that were found before: a killed run, or one that differs elsewhere, need not find them again."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

from ..files import digest, read_json, write_json


class Remembered:
    """Numbers by what they are of, kept in a JSON file; without a file, for as long as the process lives."""

    def __init__(self, path: Path | None = None) -> None:
        """Read what is known."""
        self._path = path
        self._known: dict[str, float] = read_json(path) if path is not None and path.is_file() else {}

    def recall(self, what: Any, find: Callable[[], float]) -> float:
        """Return the number known of `what`, or find and keep it."""
        key = digest(what)
        if key in self._known:
            return self._known[key]
        found = find()
        if self._path is not None and isfinite(found):  # JSON has no other
            self._known[key] = found
            write_json(self._path, self._known)
        return found
