"""Erasure: customers are removed from every file below `mlruns/` that holds ids."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import require
from ..files import replacing
from ..tracking.home import Home
from .scoring_history import forget_customers

_KEY = "customer_id"


@dataclass(frozen=True)
class Erasure:
    """What was removed.

    Parameters
    ----------
    scorings
        Rows of the history of scorings.
    caches
        Feature tables that held a customer; they are made again when they are needed.
    tables
        Rows of the report's tables.
    """

    scorings: int
    caches: int
    tables: int


def read_customers(path: Path) -> set[str]:
    """Return the ids in the column `customer_id` of a CSV file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    set of str
        Without empty cells.

    Raises
    ------
    InputError
        There is no such file, it is no text, it has no such column, or no id.
    """
    remedy = f"a CSV with the column {_KEY}, one customer a row."
    require(path.is_file(), f"{path}: no such file.", remedy=remedy)
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            rows = csv.DictReader(text)
            named = _KEY in (rows.fieldnames or ())
            ids = {row[_KEY].strip() for row in rows if row[_KEY]} if named else set()
    except (UnicodeDecodeError, csv.Error) as error:
        require(False, f"{path}: cannot be read as CSV: {error}.", remedy=remedy)
    require(named, f"{path}: has no column {_KEY}.", remedy=remedy)
    ids.discard("")
    require(bool(ids), f"{path}: column {_KEY} names no customer.", remedy=remedy)
    return ids


def erase_customers(home: Home, customers: set[str]) -> Erasure:
    """Remove customers from the history, the caches and the report's tables; each file is replaced in one step.

    Parameters
    ----------
    home
        Where they are.
    customers
        Their ids.

    Returns
    -------
    Erasure
        How much was removed. A second call removes nothing.
    """
    scorings = sum(gone for _, gone in forget_customers(home, customers))
    caches = [path for path in sorted(home.cache.rglob("*.parquet")) if _holds(path, customers)]
    for path in caches:
        path.unlink()
    tables = 0
    for path in sorted(home.report.parent.rglob("*")):
        remove = _REMOVERS.get(path.suffix)
        tables += remove(path, customers) if remove is not None and path.is_file() else 0
    return Erasure(scorings, len(caches), tables)


def _holds(path: Path, customers: set[str]) -> bool:
    if _KEY not in pq.read_schema(path).names:
        return False
    ids = pq.read_table(path, columns=[_KEY])[_KEY]
    return bool(pc.any(_among(ids, customers)).as_py())


def _among(ids: pa.ChunkedArray, customers: set[str]) -> pa.ChunkedArray:
    return pc.is_in(ids.cast(pa.string()), value_set=pa.array(sorted(customers)))


def _remove_from_parquet(path: Path, customers: set[str]) -> int:
    if not _holds(path, customers):
        return 0
    table = pq.read_table(path)
    kept = table.filter(pc.invert(_among(table[_KEY], customers)))
    with replacing(path) as temporary:
        pq.write_table(kept, temporary)
    return int(table.num_rows - kept.num_rows)


def _remove_from_csv(path: Path, customers: set[str]) -> int:
    with path.open(encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text))
    if not rows or _KEY not in rows[0]:
        return 0
    place = rows[0].index(_KEY)
    kept = [row for row in rows if len(row) <= place or row[place] not in customers]
    if len(kept) < len(rows):
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as text:
            csv.writer(text, lineterminator="\n").writerows(kept)
    return len(rows) - len(kept)


_REMOVERS: dict[str, Callable[[Path, set[str]], int]] = {".parquet": _remove_from_parquet, ".csv": _remove_from_csv}
