"""Column profiles: what the cells of a column are: dates, numbers, texts, how many differ, how many are blank."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..readings import TextColumn, parse_columns
from ..source import MOMENT, NUMBER
from ..unreadable import describe_date
from .loaded_table import LoadedTable

if TYPE_CHECKING:
    import pandas as pd

NEARLY_ALL = 0.9  # share of cells
_COUNTS = ("epoch_s", "epoch_ms", "epoch_us", "excel")
_TRIED = 50  # cells whose format is guessed one by one
_SHOWN = 3
_FEW = 12  # values of a column of kinds
_LEAST_YEAR, _MOST_YEAR = 1970, 2100


@dataclass(frozen=True)
class ColumnProfile:
    """One column.

    Attributes:
        name: in the file.
        type: `number` or `moment` where the source is typed; empty for text.
        rows, filled, distinct: of the whole file.
        text: the cells of the sample, with the facts of each distinct text.
    """

    name: str
    type: str
    rows: int
    filled: int
    distinct: int
    text: TextColumn = field(repr=False)

    def share(self, fact: str) -> float:
        """Return the share of the filled cells of which a fact is true."""
        return self.text.share(self.text.facts[fact].astype(bool))

    @property
    def filled_share(self) -> float:
        """The share of rows with a cell."""
        return self.filled / max(self.rows, 1)

    @property
    def distinct_share(self) -> float:
        """The share of the filled cells that differ."""
        return self.distinct / max(self.filled, 1)

    @property
    def is_unique(self) -> bool:
        """Whether every row has a cell of its own."""
        return (
            self.filled >= self.rows and self.distinct >= 0.995 * self.rows and self.rows > 1
        )  # some rows may stand twice

    @cached_property
    def is_number(self) -> bool:
        """Whether nearly all cells are numbers under either decimal sign, of any length."""
        if self.type == NUMBER:
            return True
        return self.type == "" and max(self.text.share(self.numbers(sign).notna()) for sign in ("point", "comma")) >= (
            NEARLY_ALL
        )

    def numbers(self, sign: str) -> "pd.Series[float]":
        """Return the number of each distinct text under a decimal sign."""
        return self.text.numbers(self.text.number_reading(sign))

    @cached_property
    def values(self) -> "pd.Series[float]":
        """The number of each distinct text, by the decimal sign of most certain cells."""
        return self.numbers(self.text.majority_decimal() or "point").dropna()

    @cached_property
    def is_whole(self) -> bool:
        """Whether all numbers are whole, also as 1001.0, which programs write; 10.00 is money."""
        with_cents = self.values.index.astype(str).str.contains(r"[.,]\d{2}$")
        return bool((self.values == self.values.round()).all() and not with_cents.any())

    @cached_property
    def negative_share(self) -> float:
        """The share of cells with a negative number."""
        counts = self.text.facts["count"].reindex(self.values.index)
        return float(counts[self.values < 0].sum() / max(counts.sum(), 1))

    @cached_property
    def currency(self) -> str:
        """The currency sign of most cells that have one; empty where they are few."""
        reading = self.text.number_reading(self.text.majority_decimal() or "point")
        signs = self.text.facts["currency"] != ""
        return reading.currency if self.text.share(signs) > 0.5 else ""  # noqa: PLR2004 # most cells

    @cached_property
    def date_format(self) -> str:
        """`auto` for dates that are read without a setting, or the `data.date_format` that reads them; else empty."""
        if self.type == MOMENT or self.share("date") >= NEARLY_ALL:
            return "auto"
        if self.distinct < 2:  # noqa: PLR2004 # one value is no date column
            return ""
        cells = [str(text) for text in self.text.facts.index[:_TRIED]]
        formats = _guess_formats(cells)
        if not formats:
            return ""
        most = max(set(formats), key=formats.count)
        if formats.count(most) < NEARLY_ALL * len(cells) or most == "days":
            return ""
        return most if most not in _COUNTS or self._is_count_of_days(most) else ""

    def _is_count_of_days(self, name: str) -> bool:
        """Return whether counts lie closer together than their size, as the dates of a log do and ids do not."""
        values = self.values
        recent = {"epoch_s": 6e8, "epoch_ms": 6e11, "epoch_us": 6e14, "excel": 32_000}[name]
        return (
            len(values) > 1
            and float(values.min()) > recent
            and float(values.max() - values.min()) < float(values.min())
        )

    @property
    def is_date(self) -> bool:
        """Whether nearly all cells are dates."""
        return self.date_format != ""

    @property
    def shown(self) -> list[str]:
        """The most frequent texts."""
        return [str(text) for text in self.text.facts.index[:_SHOWN]]

    @property
    def texts(self) -> list[str]:
        """All texts of the sample, most frequent first."""
        return [str(text) for text in self.text.facts.index]

    @property
    def has_few_values(self) -> bool:
        """Whether the values can be kinds of events or classes."""
        return 1 <= self.distinct <= _FEW


def _guess_formats(cells: list[str]) -> list[str]:
    """Return the formats of dates; none where so many cells have no format that the column has none either."""
    formats: list[str] = []
    for place, cell in enumerate(cells):
        described = describe_date(cell.strip())
        if described and _is_plausible(described[1], cell):
            formats.append(described[1])
        elif place + 1 - len(formats) > (1.0 - NEARLY_ALL) * len(cells):
            return []
    return formats


def _is_plausible(date_format: str, cell: str) -> bool:
    """Return whether a guessed format is more than chance: a pattern without a sign between its digits is not."""
    return date_format in _COUNTS or not cell.strip().isdigit()


def profile_columns(table: LoadedTable) -> dict[str, ColumnProfile]:
    """Return the profile of each column of a table, by name."""
    sample = table.sample()
    parsed = parse_columns(table.connection, sample)
    counts = _count(table)
    return {
        name: ColumnProfile(name, table.type_of(name), table.rows, *counts[name], text=column)
        for name, column in zip(table.header, parsed, strict=True)
    }


def _count(table: LoadedTable) -> dict[str, tuple[int, int]]:
    """Return the filled and the distinct cells of each column.

    They are counted: the engine's quick estimate can be a fifth off, too far for telling customers from orders.
    """
    return {name: _count_cells(table, name) for name in table.header}


def _count_cells(table: LoadedTable, column: str) -> tuple[int, int]:
    """Count one column: its cells are grouped as they stand first, since few of them differ in most columns."""
    cell = table.value(column)
    if cell != table.cell(column):  # values that are no text are never blank
        distinct, rows = table.query(f"SELECT count(DISTINCT {cell}), count({cell}) FROM {{table}}")[0]  # noqa: S608 # our own names
        return int(rows), int(distinct)
    groups = f"SELECT {cell} AS cell, count(*) AS rows FROM {{table}} GROUP BY cell"  # noqa: S608 # our own names
    texts = f"SELECT nullif(trim(cell), '') AS text, rows FROM ({groups})"  # noqa: S608 # our own names
    # a WHERE would be moved below the grouping by the engine, and trim every cell
    counts = f"SELECT count(DISTINCT text), sum(rows) FILTER (text IS NOT NULL) FROM ({texts})"  # noqa: S608 # our names
    distinct, rows = table.query(counts)[0]
    return int(rows or 0), int(distinct)
