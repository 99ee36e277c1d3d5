"""Scored parts: blocks of scores kept beside the output until that is complete, so that a killed command goes on.

A part is named after all that its scores depend on: the feature rows, the bundle and the settings. Whatever changed
since it was written, it is taken for these rows alone or not at all.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import digest, replacing, resumable_folder
from ..outputs import PARQUET, Output, write_parquet

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ScoredParts:
    """The parts of an output. Without a folder nothing is kept.

    Attributes:
        output: what they become.
        folder: where they lie.
        identity: what scores depend on besides their feature rows.
    """

    output: Output | None = None
    folder: Path | None = None
    identity: str = ""

    def load(self, rows: "pd.DataFrame") -> "pd.DataFrame | None":
        """Return the scores of feature rows that an earlier command had scored; None if it had not."""
        import pandas as pd

        place = self._place(rows)
        return None if place is None or not place.exists() else pd.read_parquet(place)

    def store(self, rows: "pd.DataFrame", scores: "pd.DataFrame") -> None:
        """Keep the scores of feature rows; a part is there as a whole or not at all."""
        place = self._place(rows)
        if place is None or self.output is None:
            return
        with self.output.faults(), replacing(place) as temporary, temporary.open("wb") as stream:
            write_parquet((scores,), stream)

    def _place(self, rows: "pd.DataFrame") -> Path | None:
        """Return the file of the scores of feature rows."""
        from pandas.util import hash_pandas_object

        if self.folder is None:
            return None
        content = hash_pandas_object(rows, index=False).to_numpy().tobytes().hex()
        return self.folder / f"{digest(self.identity, list(rows.columns), content)}{PARQUET}"


@contextmanager
def scored_parts(output: Output, is_long: bool, identify: Callable[[], str]) -> Iterator[ScoredParts]:
    """Yield the parts beside an output, until this is complete; nothing is kept of short work, nor beside a stream.

    `identify` returns what scores depend on besides their feature rows.
    """
    if not is_long or output.is_stream:
        yield ScoredParts()
        return
    with ExitStack() as kept:
        with output.faults():
            folder = kept.enter_context(resumable_folder(output.target))
        yield ScoredParts(output, folder, identify())
