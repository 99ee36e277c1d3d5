"""A content fingerprint that does not depend on the order of the rows."""

from typing import Any

import ibis
import ibis.expr.datatypes as dt

from ..files import digest

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


def fingerprint(table: Any, hashes: Any) -> str:
    """Return a digest of 16 hexadecimal digits of the number of rows and the exact sum of their hashes."""
    rows = table.aggregate(rows=table.count(), total=hashes.cast(_EXACT).sum()).execute().iloc[0]
    return digest(int(rows["rows"]), str(rows["total"]))
