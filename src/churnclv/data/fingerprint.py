"""A content fingerprint that does not depend on the order of the rows."""

from typing import Any

import ibis
import ibis.expr.datatypes as dt

from ..files import digest
from .compiled_queries import BoundQuery, compiled

_EXACT = "decimal(38, 0)"


@ibis.udf.scalar.builtin(name="md5_number_lower", signature=((dt.string,), dt.uint64))
def md5_number_lower(text: Any) -> Any:
    """DuckDB's `md5_number_lower`: 64 bits of the md5 of a text."""


def row_hash(table: Any, columns: tuple[str, ...]) -> Any:
    """Return a 64-bit hash of each row's content over `columns`."""
    cells = [table[name].cast("string").fill_null("\x1e") for name in columns]
    text = cells[0]
    for cell in cells[1:]:
        text = text + ibis.literal("\x1f") + cell
    return md5_number_lower(text)


def fingerprint(table: Any, columns: tuple[str, ...]) -> str:
    """Return a digest of 16 hexadecimal digits of the number of rows and the exact sum of their hashes."""
    return _digest(_sum_hashes(table, columns))


def content_fingerprint(raw: Any) -> str:
    """Return the fingerprint of a raw log, whose rows are hashed already, whatever their order."""
    return _digest(_sum_content(raw))


def _digest(sums: BoundQuery) -> str:
    rows, total = sums.row().values()
    return digest(int(rows), "None" if total is None else f"{total:.2f}")  # the decimals of a sum, since the first one


@compiled
def _sum_hashes(table: Any, columns: tuple[str, ...]) -> Any:
    return table.aggregate(rows=table.count(), total=row_hash(table, columns).cast(_EXACT).sum())


@compiled
def _sum_content(raw: Any) -> Any:
    return raw.aggregate(rows=raw.count(), total=raw.content.cast(_EXACT).sum())
