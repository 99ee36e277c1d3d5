"""Readings: what a column of text holds (numbers in one spelling, categories, ids, dates), decided once and stored.

A reading is decided on the rows at training, travels with the bundle, and is applied again at scoring. Outcomes are not
looked at. Cells are parsed by the engine's expressions in `parsing`, as the amounts of an order log are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import ibis
import numpy as np
import pandas as pd

from ..errors import listed, require
from ..notices import Notice
from . import currencies, identifiers, parsing
from .decimals import decimal_evidence
from .settings import Decimal

NUMBER, CATEGORY, LEFT_OUT = "number", "category", "left_out"
LEAST_CUSTOMERS = 5  # who share a value; a rarer one identifies its customers
PLACEHOLDERS = frozenset(
    (
        *("-", "--", ".", "n/a", "na", "n.a.", "nan", "null", "none", "nil", "missing", "unknown"),
        *("#n/a", "#na", "#div/0!", "#value!", "#ref!", "#num!", "#null!", "#name?"),  # of spreadsheets
    )
)
_LEAST_NUMBERS = 0.9  # of the cells that are no placeholder
_LEAST_MENTIONED = 0.5  # share of numbers from which a column that stays text is mentioned
_MOST_UNREAD = 0.5  # of a number column's cells at scoring
_MORE_THAN_USUAL = 2.0  # times the share at training, from which more is a fault
_MOST_PADDED = 0.01  # of the numbers with a leading zero; from there on they are codes
_CELLS, _NUMBERS = "cells_of_columns", "numbers_of_cells"
_SHOWN = 60  # characters of a name in a message
_PLAIN = r"(?i)^[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d{1,3})?$"


@dataclass(frozen=True)
class ColumnReading:
    """How the cells of one column become values.

    Parameters
    ----------
    kind
        `number`, `category` (text as it stands) or `left_out` (not learned from).
    decimal
        The decimal sign of a number column, `point` or `comma`.
    currency
        The currency in a number column's cells; empty where they have none.
    percent
        Whether a number column's cells end with a percent sign.
    unread_share
        Share of a number column's filled cells that were no number at training.
    reason
        Why the column is left out; empty where it is not.
    """

    kind: str
    decimal: str = Decimal.point.value
    currency: str = ""
    percent: bool = False
    unread_share: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class ReadingChoices:
    """What decides beside the cells.

    Parameters
    ----------
    origin
        The table, as messages name it.
    decimal
        The setting `data.decimal`.
    typed
        Columns that hold numbers, not text, in the source.
    keep
        Columns that are learned from although they look like ids or dates.
    of_attributes
        Whether the columns are attributes of a log's customers: they have no row in a file, and `data.decimal`, which
        is about amounts, decides only where their cells do not.
    """

    origin: str
    decimal: Decimal = Decimal.auto
    typed: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    of_attributes: bool = False

    def leave_out(self, name: str) -> str:
        """Return how a column is left out, for remedies."""
        return (
            "take it out of the declared attributes" if self.of_attributes else f"leave it out: data.exclude=[{name}]"
        )


@dataclass(frozen=True)
class ReadColumns:
    """Columns as values, the reading of each, and what is doubtful about them."""

    frame: pd.DataFrame
    readings: dict[str, ColumnReading]
    notices: tuple[Notice, ...] = field(default=())

    @property
    def left_out(self) -> dict[str, str]:
        """The columns that are not learned from, each with the reason."""
        return {name: reading.reason for name, reading in self.readings.items() if reading.kind == LEFT_OUT}

    def learned(self) -> pd.DataFrame:
        """Return the columns to learn from."""
        return self.frame.drop(columns=list(self.left_out))


@dataclass(frozen=True)
class _Column:
    """One column: its cells, and what each different text among them shows.

    `facts` is indexed by text: `count`, a number under either decimal sign, and signs of the spelling.
    """

    name: str
    cells: "pd.Series[Any]"
    facts: pd.DataFrame

    @property
    def where(self) -> str:
        """The column as messages name it."""
        return f"column {self.name[:_SHOWN]!r}"

    def numbers(self, reading: ColumnReading) -> "pd.Series[float]":
        """Return the number of each different text under a reading, NaN where it is none."""
        facts = self.facts
        foreign = (facts["currency"] != "") & (facts["currency"] != reading.currency)
        fits = (facts["percent"] == reading.percent) & ~foreign
        return facts[reading.decimal].where(fits)

    def share(self, chosen: "pd.Series[bool]") -> float:
        """Return the share of cells, placeholders aside, whose text is chosen."""
        counts = self.facts["count"][~self.facts["placeholder"]]
        return float(counts[chosen[counts.index]].sum() / counts.sum()) if counts.sum() else 0.0

    def spelled(self, decimal: str) -> ColumnReading:
        """Return the reading as numbers that fits most cells under a decimal sign."""
        numbers = self.facts[self.facts[decimal].notna()]
        signs = numbers[numbers["currency"] != ""].groupby("currency")["count"].sum()
        percent = numbers["count"][numbers["percent"]].sum() * 2 > numbers["count"].sum()
        return ColumnReading(NUMBER, decimal, str(signs.idxmax()) if len(signs) else "", bool(percent))

    def evidence(self, sign: str) -> int:
        """Return how many numbers can only be read with this decimal sign."""
        is_number = self.facts["comma"].notna() | self.facts["point"].notna()
        return int(self.facts["count"][self.facts[f"shows_{sign}"] & is_number].sum())

    def own_decimal(self) -> str | None:
        """Return the decimal sign that most cells show; None where no cell shows one."""
        comma, point = self.evidence("comma"), self.evidence("point")
        if comma == point == 0:
            return None
        return Decimal.comma.value if comma > point else Decimal.point.value

    def unread(self, reading: ColumnReading) -> "pd.Series[bool]":
        """Return for each cell whether it is filled and no number under a reading."""
        numbers = self.numbers(reading)
        return self.cells.isin(numbers.index[numbers.isna()])

    def values(self, reading: ColumnReading) -> "pd.Series[float]":
        """Return the cells as numbers, NaN where a cell is none."""
        return self.cells.map(self.numbers(reading), na_action="ignore").astype("float64")

    def is_number(self, decimal: str) -> bool:
        """Return whether nearly all cells are numbers under a decimal sign, and no codes with leading zeros."""
        numbers = self.numbers(self.spelled(decimal)).notna()
        padded = self.share(self.facts["padded"]) > _MOST_PADDED
        return self.share(numbers) >= _LEAST_NUMBERS and not padded


def learn_readings(connection: Any, columns: pd.DataFrame, choices: ReadingChoices) -> ReadColumns:
    """Decide on the reading of each column and apply it.

    Parameters
    ----------
    connection
        The engine.
    columns
        Cells as text, null where missing, shape (n, k).
    choices
        What decides beside the cells.

    Returns
    -------
    ReadColumns
        Numbers as float64, anything else as text.

    Raises
    ------
    InputError
        Numbers can be read two ways, or `data.decimal` contradicts most of a column's numbers.
    """
    found = _spell(connection, columns)
    usual = _usual_decimal([column for column in found if column.name not in choices.typed])
    readings, notices, values = {}, [], {}
    for column in found:
        reading, doubts = _learn_reading(column, usual, choices)
        values[column.name] = column.values(reading) if reading.kind == NUMBER else column.cells
        kept = column.name in choices.keep
        reason = identifiers.why_left_out(values[column.name], column.facts, kept=kept)
        if reason is None:
            notices += doubts
        readings[column.name] = reading if reason is None else replace(reading, kind=LEFT_OUT, reason=reason)
    return ReadColumns(pd.DataFrame(values, index=columns.index), readings, tuple(notices))


def read_numbers(
    connection: Any, columns: pd.DataFrame, readings: Mapping[str, ColumnReading]
) -> dict[str, "pd.Series[float]"]:
    """Return the columns that readings have as numbers, read exactly so.

    Parameters
    ----------
    connection
        The engine.
    columns
        Cells as text, null where missing, shape (n, k).
    readings
        By column.

    Returns
    -------
    dict
        Column -> float64, NaN where a cell is no number.
    """
    chosen = [name for name in columns.columns if name in readings and readings[name].kind == NUMBER]
    return {column.name: column.values(readings[column.name]) for column in _spell(connection, columns[chosen])}


def apply_readings(
    connection: Any, columns: pd.DataFrame, readings: Mapping[str, ColumnReading], choices: ReadingChoices
) -> ReadColumns:
    """Read columns at scoring as they were read at training.

    A file may have another decimal sign than the one at training: its own cells decide, and a notice names the columns.

    Parameters
    ----------
    connection
        The engine.
    columns
        Cells as text, null where missing, shape (n, k); a column without a reading stays as it is.
    readings
        Those of training.
    choices
        The origin and the typed columns; the rest was decided at training.

    Returns
    -------
    ReadColumns
        Numbers as float64 where training had numbers.

    Raises
    ------
    InputError
        Most cells of a number column are no numbers.
    """
    chosen = {name: reading for name, reading in readings.items() if reading.kind == NUMBER and name in columns.columns}
    found = _spell(connection, columns[list(chosen)])
    usual = _usual_decimal([column for column in found if column.name not in choices.typed])
    values, faults, notices, other = {}, [], list[Notice](), list[str]()
    for column in found:
        learned = chosen[column.name]
        chosen_sign = learned.decimal if choices.decimal is Decimal.auto else str(choices.decimal.value)
        decimal = "point" if column.name in choices.typed else column.own_decimal() or usual or chosen_sign
        reading = replace(learned, decimal=decimal, currency=learned.currency or column.spelled(decimal).currency)
        values[column.name] = column.values(reading)
        if column.name not in choices.typed and _differs(column, learned, reading):
            other.append(column.where)
        unread = column.unread(reading)
        share = float(unread.sum() / max(column.cells.notna().sum(), 1))
        if share > max(_MOST_UNREAD, _MORE_THAN_USUAL * learned.unread_share):
            faults.append(_unread_sentence(column, unread, choices))
        elif share > _MORE_THAN_USUAL * learned.unread_share:
            notices.append(_unread_notice(column, unread, choices))
    message = f"{choices.origin}: {'; '.join(faults)}, though the bundle learned from numbers."
    require(not faults, message, remedy="write them as numbers, spelled as in the file that the bundle was trained on.")
    if other:
        message = f"{choices.origin}: {listed(other)}: the decimal or currency sign is not the one at training."
        notices.insert(0, Notice("other_spelling", message, "check that the amounts are in the unit of training."))
    frame = columns.assign(**values) if values else columns
    return ReadColumns(frame, {name: readings[name] for name in columns.columns if name in readings}, tuple(notices))


def _differs(column: _Column, learned: ColumnReading, reading: ColumnReading) -> bool:
    """Return whether cells show another decimal or currency sign than at training."""
    decimal = column.own_decimal()
    return reading.currency != learned.currency or decimal not in (None, learned.decimal)


def _learn_reading(column: _Column, usual: str | None, choices: ReadingChoices) -> tuple[ColumnReading, list[Notice]]:
    """Return a column's reading and what is doubtful about it."""
    decimal = _decimal_of(column, usual, choices)
    if column.is_number(decimal):
        reading = column.spelled(decimal)
        unread = column.unread(reading)
        share = float(unread.sum() / max(column.cells.notna().sum(), 1))
        notices = [_unread_notice(column, unread, choices)] if unread.any() else []
        if min(column.evidence("comma"), column.evidence("point")):
            notices.append(_mixture(column, choices))
        return replace(reading, unread_share=share), notices
    as_numbers, is_text = column.spelled(decimal), ColumnReading(CATEGORY)
    if column.share(column.numbers(as_numbers).notna()) < _LEAST_MENTIONED:
        return is_text, []
    if column.share(column.facts["padded"]) > _MOST_PADDED:
        message = f"{choices.origin}: {column.where} has numbers with a leading zero: it is read as codes, not numbers."
        return is_text, [Notice("codes_as_text", message, choices.leave_out(column.name))]
    message = f"{_unread_sentence(column, column.unread(as_numbers), choices)}: the column is read as text."
    remedy = f"mend these cells, or {choices.leave_out(column.name)}"
    return is_text, [Notice("numbers_as_text", f"{choices.origin}: {message}", remedy)]


def _decimal_of(column: _Column, usual: str | None, choices: ReadingChoices) -> str:
    """Return the decimal sign of a column at training.

    Raises:
        InputError: its numbers can be read two ways, or contradict `data.decimal`.
    """
    own, point = column.own_decimal(), str(Decimal.point.value)
    if column.name in choices.typed:
        return point
    if choices.decimal is not Decimal.auto:
        decimal = str(choices.decimal.value)
        if choices.of_attributes:
            return own or decimal
        message = f"{choices.origin}: {column.where} has a decimal {own} in most numbers, but data.decimal={decimal}."
        wrong = own not in (None, decimal) and column.is_number(str(own))
        require(not wrong, message, remedy=f"set data.decimal={own}, or auto.")
        return decimal
    if own is not None or usual is not None:
        return str(own or usual)
    either = int(column.facts["count"][column.facts["either"]].sum())
    require(
        not (either and column.is_number(point)),
        f"{choices.origin}: {column.where}: {either:,} numbers such as 1,234 or 1.234 can be read two ways.",
        remedy="name the decimal sign: data.decimal=point or data.decimal=comma.",
    )
    return point


def _usual_decimal(columns: list[_Column]) -> str | None:
    """Return the decimal sign that most cells of number columns show; None where none does."""
    sums = {"comma": 0, "point": 0}
    for column in columns:
        if any(column.is_number(sign) for sign in sums):
            sums = {sign: total + column.evidence(sign) for sign, total in sums.items()}
    return max(sums, key=lambda sign: sums[sign]) if any(sums.values()) else None


def _unread_sentence(column: _Column, unread: "pd.Series[bool]", choices: ReadingChoices) -> str:
    filled = int(column.cells.notna().sum())
    row = f", the first in row {unread.idxmax()}" if not choices.of_attributes else ""
    return f"{column.where}: {int(unread.sum()):,} of {filled:,} cells ({unread.sum() / filled:.1%}) are no number{row}"


def _unread_notice(column: _Column, unread: "pd.Series[bool]", choices: ReadingChoices) -> Notice:
    message = f"{choices.origin}: {_unread_sentence(column, unread, choices)}: they count as missing."
    return Notice("cells_no_number", message, "mend them in the file, or leave them blank.")


def _mixture(column: _Column, choices: ReadingChoices) -> Notice:
    counts = {sign: column.evidence(sign) for sign in ("comma", "point")}
    message = (
        f"{choices.origin}: {column.where}: {counts['comma']:,} numbers have a decimal comma and {counts['point']:,} "
        "a decimal point; those that fit both are read as most are."
    )
    return Notice("mixed_decimals", message, "write the column with one decimal sign.")


def _spell(connection: Any, columns: pd.DataFrame) -> list[_Column]:
    """Return the columns with what each different text shows, from one query for all of them."""
    counts = [columns.iloc[:, place].value_counts() for place in range(columns.shape[1])]
    texts = pd.DataFrame({"text": sorted({str(text) for count in counts for text in count.index})}, dtype="str")
    if not len(texts):
        texts = pd.DataFrame({"text": [""]}, dtype="str")
    connection.create_table(_CELLS, texts, temp=True, overwrite=True)
    bare, shown = _queries()
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {_NUMBERS} AS {bare}")
    facts = connection.raw_sql(shown).df().set_index("text")
    facts = facts.assign(**{sign: facts[sign].where(np.isfinite(facts[sign])) for sign in ("comma", "point")})
    found = []
    for place, name in enumerate(columns.columns):
        own = facts.reindex(counts[place].index.astype(str)).assign(count=counts[place].to_numpy())
        found.append(_Column(str(name), columns.iloc[:, place], own))
    return found


@cache
def _queries() -> tuple[str, str]:
    """Return the query of the bare number in each text, and that of what it shows.

    They are written once per process: that takes longer than to run them.
    """
    cells = ibis.table({"text": "string"}, name=_CELLS)
    number = parsing.bare_number(cells.text.strip().re_replace(r"\s*%$", ""))
    currency = currencies.currency(cells.text).fill_null("")
    bare = ibis.table({"text": "string", "number": "string", "currency": "string"}, name=_NUMBERS)
    queries = (cells.select(cells.text, number=number, currency=currency), bare.select(**_facts(bare)))
    first, second = (str(ibis.to_sql(query, dialect="duckdb")) for query in queries)
    return first, second


def _facts(bare: Any) -> dict[str, Any]:
    """Return what one text shows, as engine expressions."""
    text, number = bare.text, bare.number
    shows = decimal_evidence(number)
    plain = {sign: parsing.plain_number(number, sign) for sign in (Decimal.comma, Decimal.point)}
    values = {
        sign.value: written.re_search(_PLAIN).ifelse(written.try_cast("float64"), ibis.null("float64"))
        for sign, written in plain.items()
    }
    flags = {
        "shows_comma": shows["comma"],
        "shows_point": shows["point"],
        "either": shows["either_comma"] | shows["either_point"],
        "percent": text.re_search(r"%\s*$"),
        "padded": number.re_search(r"^[+-]?0\d+$"),
        "placeholder": text.strip().lower().isin(sorted(PLACEHOLDERS)),
        **identifiers.text_signs(text),
    }
    filled = {name: flag.fill_null(False) for name, flag in flags.items()}
    return {"text": text, **values, **filled, "currency": bare.currency}
