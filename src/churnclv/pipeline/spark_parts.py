"""What a task of Spark does: it places rows by customer, or reads and scores all rows of some customers.

These functions run in the Python processes of Spark's machines, with the code of the bundle.
"""

import csv
import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from ..bundle.loading import load_bundle
from ..data.spark_rows import BROKEN
from ..errors import InputError
from ..files import replacing
from ..outputs import PARQUET, write_parquet
from ..progress import Progress
from .score import at_horizon, score_blocks

PART = "part"  # the column with the number of a row's part
RESULT = f"{PART} bigint, malformed bigint, fault string, facts binary"


@dataclass(frozen=True)
class PartWork:
    """What the tasks of a scoring have in common.

    Attributes:
        bundle, manifest: its folder, which all machines see, and the digest of its manifest.
        input: the name of the log in messages.
        header, separator: of the log's files; no separator means Parquet.
        id_place: the place of the column with the customers' ids, from 0.
        how: the fields of the bundle's `FileReading`.
        parts: their number.
        horizon_days, language, curve_days: of the scores.
        end: of the whole log; None while it is not known.
        folder: where parts of the scores are written, which all machines see; None only reads.
    """

    bundle: str
    manifest: str | None
    input: str
    header: list[str]
    separator: str | None
    id_place: int
    how: dict[str, Any]
    parts: int
    horizon_days: int | None = None
    language: str = "en"
    curve_days: list[int] = field(default_factory=list)
    end: datetime | None = None
    folder: str | None = None

    @property
    def scorer(self) -> Any:
        """The bundle for the horizon, loaded once in a process."""
        return _load(self.bundle, self.manifest, self.horizon_days)


@lru_cache(maxsize=2)
def _load(bundle: str, manifest: str | None, horizon_days: int | None) -> Any:
    return at_horizon(load_bundle(Path(bundle), registered=manifest), horizon_days)


def place_rows(work: PartWork, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows with the number of their part; a row without an id, or of another width, is in the first."""
    log = work.scorer.parts(work.how)
    for batch in batches:
        numbers = pa.array(log.place(batch.column(work.id_place), work.parts))
        if work.separator is not None:
            numbers = pc.if_else(pc.is_valid(batch.column(BROKEN)), pa.scalar(0, pa.int64()), numbers)
        yield batch.append_column(PART, numbers)


def score_part(work: PartWork, table: pa.Table) -> pa.Table:
    """Return the facts of a part as one row, after its scores were written; a fault of the input is its sentence."""
    number, rows = table[PART][0].as_py(), table.drop_columns([PART])
    broken: list[str] = []
    if work.separator is not None:
        broken = rows[BROKEN].drop_null().to_pylist()
        rows = rows.filter(pc.is_null(rows[BROKEN])).drop_columns([BROKEN])
    facts, fault = b"", None
    try:
        _require_closed(broken, work)
        if len(rows):
            facts = pickle.dumps(_score(work, number, rows))
    except Exception as error:  # a bundle's code has its own error classes
        if not getattr(error, "user_fault", False):
            raise
        fault = str(error)
    cells = {PART: [number], "malformed": [len(broken)], "fault": [fault], "facts": [facts]}
    types = [(PART, pa.int64()), ("malformed", pa.int64()), ("fault", pa.string()), ("facts", pa.binary())]
    return pa.table(cells, schema=pa.schema(types))


def _require_closed(broken: list[str], work: PartWork) -> None:
    """Raise `InputError` if a row of another width spans lines: a quote took the rows after it for its cell."""
    if any("\n" in text.strip() for text in broken):
        message = f"{work.input}: a quote is opened and not closed at the end of its cell."
        raise InputError(message, remedy="close or double the quote.")


def _score(work: PartWork, number: int, rows: pa.Table) -> Any:
    """Return the facts of a part of the log, and write its scores where there is a folder for them."""
    log = work.scorer.parts(work.how)
    with tempfile.TemporaryDirectory() as folder:
        place = _write(rows, work, Path(folder))
        try:
            events = log.read(place, work.end)
        except Exception as error:
            if not getattr(error, "user_fault", False):
                raise
            raise InputError(str(error).replace(str(place), work.input)) from None
    facts = log.describe(events)
    features = None if work.folder is None else log.features(events)
    if features is None:
        return facts
    (scores,) = score_blocks(work.scorer, features, work.language, Progress(), work.curve_days)
    target = Path(str(work.folder)) / f"part-{number:05}{PARQUET}"
    with replacing(target) as temporary, temporary.open("wb") as stream:
        write_parquet((scores,), stream)
    return log.add_scores(facts, events, features, scores)


def _write(rows: pa.Table, work: PartWork, folder: Path) -> Path:
    """Write rows as a file of the kind of the log, and return its path."""
    if work.separator is None:
        place = folder / f"part{PARQUET}"
        parquet.write_table(rows.rename_columns(work.header), place)
        return place
    place = folder / "part.csv"
    with place.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=work.separator, lineterminator="\n")
        writer.writerow(work.header)
        writer.writerows(zip(*rows.to_pydict().values(), strict=True))
    return place
