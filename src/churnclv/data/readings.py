"""Readings: the type of a text column (numbers in one format, categories, ids, dates), decided once and stored.

A reading is decided on the training rows, stored in the bundle, and applied at scoring. Outcomes are not used.
Cells are parsed with the engine expressions in `parsing`, like the amounts of an order log.
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
from .stored_tables import run_query, store_query, store_relation

NUMBER, CATEGORY, LEFT_OUT = "number", "category", "left_out"
LEAST_CUSTOMERS = 5  # with the same value; a rarer value identifies its customers
PLACEHOLDERS = frozenset(
    (
        *("-", "--", ".", "n/a", "na", "n.a.", "nan", "null", "none", "nil", "missing", "unknown"),
        *("#n/a", "#na", "#div/0!", "#value!", "#ref!", "#num!", "#null!", "#name?"),  # of spreadsheets
    )
)
_LEAST_NUMBERS = 0.9  # of the cells that are no placeholder
_LEAST_MENTIONED = 0.5  # share of numbers from which a notice names a column that is read as text
_MOST_UNREAD = 0.5  # of a number column's cells at scoring
_MORE_THAN_USUAL = 2.0  # times the share at training; above it there is a notice
_MOST_PADDED = 0.01  # of the numbers with a leading zero; above it they are codes
_CELLS, _NUMBERS = "cells_of_columns", "numbers_of_cells"
_SHOWN = 60  # characters of a name in a message
_PLAIN = r"(?i)^[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d{1,3})?$"


@dataclass(frozen=True)
class ColumnReading:
    """How the cells of one column become values.

    Parameters
    ----------
    kind
        `number`, `category` (text, unchanged) or `left_out` (not used as a feature).
    decimal
        The decimal sign of a number column, `point` or `comma`.
    currency
        The currency in a number column's cells; empty where they have none.
    percent
        Whether a number column's cells end with a percent sign.
    unread_share
        Share of the filled cells of a number column that were no number at training.
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
    """The choices about readings that do not depend on the cells.

    Parameters
    ----------
    origin
        The name of the table in messages.
    decimal
        The setting `data.decimal`.
    typed
        Columns with a numeric type in the source.
    keep
        Columns that are used although they look like ids or dates.
    of_attributes
        Whether the columns are attributes of a log's customers. Messages then name no row of a file, and
        `data.decimal`, a setting for amounts, is used only if the cells are not certain.
    """

    origin: str
    decimal: Decimal = Decimal.auto
    typed: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    of_attributes: bool = False

    def leave_out(self, name: str) -> str:
        """Return the remedy that leaves a column out."""
        return (
            "take it out of the declared attributes" if self.of_attributes else f"leave it out: data.exclude=[{name}]"
        )


@dataclass(frozen=True)
class ReadColumns:
    """The parsed columns, the reading of each, and notices about doubtful ones."""

    frame: pd.DataFrame
    readings: dict[str, ColumnReading]
    notices: tuple[Notice, ...] = field(default=())

    @property
    def left_out(self) -> dict[str, str]:
        """The columns that are not used as features, each with the reason."""
        return {name: reading.reason for name, reading in self.readings.items() if reading.kind == LEFT_OUT}

    def learned(self) -> pd.DataFrame:
        """Return the feature columns."""
        return self.frame.drop(columns=list(self.left_out))


@dataclass(frozen=True)
class TextColumn:
    """One column: its cells, and the properties of each distinct text.

    `facts` is indexed by text and has the columns `count`, `comma` and `point` (the number under either decimal sign),
    and flags of the format.
    """

    name: str
    cells: "pd.Series[Any]"
    facts: pd.DataFrame

    @property
    def where(self) -> str:
        """The name of the column in messages."""
        return f"column {self.name[:_SHOWN]!r}"

    def numbers(self, reading: ColumnReading) -> "pd.Series[float]":
        """Return the number of each distinct text under a reading, NaN where it is no number."""
        facts = self.facts
        foreign = (facts["currency"] != "") & (facts["currency"] != reading.currency)
        fits = (facts["percent"] == reading.percent) & ~foreign
        return facts[reading.decimal].where(fits)

    def share(self, chosen: "pd.Series[bool]") -> float:
        """Return the share of cells, without placeholders, whose text is chosen."""
        counts = self.facts["count"][~self.facts["placeholder"]]
        return float(counts[chosen[counts.index]].sum() / counts.sum()) if counts.sum() else 0.0

    def number_reading(self, decimal: str) -> ColumnReading:
        """Return the number reading that fits most cells under a decimal sign."""
        numbers = self.facts[self.facts[decimal].notna()]
        signs = numbers[numbers["currency"] != ""].groupby("currency")["count"].sum()
        percent = numbers["count"][numbers["percent"]].sum() * 2 > numbers["count"].sum()
        return ColumnReading(NUMBER, decimal, str(signs.idxmax()) if len(signs) else "", bool(percent))

    def count_certain(self, sign: str) -> int:
        """Return the number of cells that can be read only with this decimal sign."""
        is_number = self.facts["comma"].notna() | self.facts["point"].notna()
        return int(self.facts["count"][self.facts[f"shows_{sign}"] & is_number].sum())

    def majority_decimal(self) -> str | None:
        """Return the decimal sign of most certain cells; None if no cell is certain."""
        comma, point = self.count_certain("comma"), self.count_certain("point")
        if comma == point == 0:
            return None
        return Decimal.comma.value if comma > point else Decimal.point.value

    def unread(self, reading: ColumnReading) -> "pd.Series[bool]":
        """Return, for each cell, whether it is filled but no number under a reading."""
        numbers = self.numbers(reading)
        return self.cells.isin(numbers.index[numbers.isna()])

    def values(self, reading: ColumnReading) -> "pd.Series[float]":
        """Return the cells as numbers, NaN where a cell is no number."""
        return self.cells.map(self.numbers(reading), na_action="ignore").astype("float64")

    def is_number(self, decimal: str) -> bool:
        """Return whether nearly all cells are numbers under a decimal sign, and no codes with leading zeros."""
        numbers = self.numbers(self.number_reading(decimal)).notna()
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
        The choices that do not depend on the cells.

    Returns
    -------
    ReadColumns
        Numbers as float64, anything else as text.

    Raises
    ------
    InputError
        Numbers can be read two ways, or `data.decimal` contradicts most of a column's numbers.
    """
    parsed = parse_columns(connection, columns)
    common_decimal = _common_decimal([column for column in parsed if column.name not in choices.typed])
    readings, notices, values = {}, [], {}
    for column in parsed:
        reading, doubtful = _learn_reading(column, common_decimal, choices)
        values[column.name] = column.values(reading) if reading.kind == NUMBER else column.cells
        is_kept = column.name in choices.keep
        reason = identifiers.why_left_out(values[column.name], column.facts, kept=is_kept)
        if reason is None:
            notices += doubtful
        readings[column.name] = reading if reason is None else replace(reading, kind=LEFT_OUT, reason=reason)
    return ReadColumns(pd.DataFrame(values, index=columns.index), readings, tuple(notices))


def read_numbers(
    connection: Any, columns: pd.DataFrame, readings: Mapping[str, ColumnReading]
) -> dict[str, "pd.Series[float]"]:
    """Return the columns whose reading is a number, parsed by that reading.

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
    return {column.name: column.values(readings[column.name]) for column in parse_columns(connection, columns[chosen])}


def apply_readings(
    connection: Any, columns: pd.DataFrame, readings: Mapping[str, ColumnReading], choices: ReadingChoices
) -> ReadColumns:
    """Read columns at scoring as they were read at training.

    The decimal sign may differ from that of training: it is derived from the cells, and a notice names the columns.

    Parameters
    ----------
    connection
        The engine.
    columns
        Cells as text, null where missing, shape (n, k); a column without a reading stays as it is.
    readings
        The readings of training.
    choices
        The origin and the typed columns; the other choices were made at training.

    Returns
    -------
    ReadColumns
        Numbers as float64 where training had numbers.

    Raises
    ------
    InputError
        Too many cells of a number column are no numbers.
    """
    chosen = {name: reading for name, reading in readings.items() if reading.kind == NUMBER and name in columns.columns}
    parsed = parse_columns(connection, columns[list(chosen)])
    common_decimal = _common_decimal([column for column in parsed if column.name not in choices.typed])
    values, faults, notices, differing = {}, [], list[Notice](), list[str]()
    for column in parsed:
        trained = chosen[column.name]
        chosen_sign = trained.decimal if choices.decimal is Decimal.auto else str(choices.decimal.value)
        decimal = (
            "point" if column.name in choices.typed else column.majority_decimal() or common_decimal or chosen_sign
        )
        reading = replace(
            trained, decimal=decimal, currency=trained.currency or column.number_reading(decimal).currency
        )
        values[column.name] = column.values(reading)
        if column.name not in choices.typed and _differs(column, trained, reading):
            differing.append(column.where)
        unread = column.unread(reading)
        share = float(unread.sum() / max(column.cells.notna().sum(), 1))
        if share > max(_MOST_UNREAD, _MORE_THAN_USUAL * trained.unread_share):
            faults.append(_unread_sentence(column, unread, choices))
        elif share > _MORE_THAN_USUAL * trained.unread_share:
            notices.append(_unread_notice(column, unread, choices))
    message = f"{choices.origin}: {'; '.join(faults)}, though the bundle learned from numbers."
    require(not faults, message, remedy="write them as numbers, spelled as in the file that the bundle was trained on.")
    if differing:
        message = f"{choices.origin}: {listed(differing)}: the decimal or currency sign is not the one at training."
        notices.insert(0, Notice("other_spelling", message, "check that the amounts are in the unit of training."))
    frame = columns.assign(**values) if values else columns
    return ReadColumns(frame, {name: readings[name] for name in columns.columns if name in readings}, tuple(notices))


def _differs(column: TextColumn, trained: ColumnReading, reading: ColumnReading) -> bool:
    """Return whether the decimal or currency sign differs from that of training."""
    decimal = column.majority_decimal()
    return reading.currency != trained.currency or decimal not in (None, trained.decimal)


def _learn_reading(
    column: TextColumn, common_decimal: str | None, choices: ReadingChoices
) -> tuple[ColumnReading, list[Notice]]:
    """Return the reading of a column, and notices if it is doubtful."""
    decimal = _decimal_of(column, common_decimal, choices)
    if column.is_number(decimal):
        reading = column.number_reading(decimal)
        unread = column.unread(reading)
        share = float(unread.sum() / max(column.cells.notna().sum(), 1))
        notices = [_unread_notice(column, unread, choices)] if unread.any() else []
        if min(column.count_certain("comma"), column.count_certain("point")):
            notices.append(_mixture(column, choices))
        return replace(reading, unread_share=share), notices
    as_numbers, is_text = column.number_reading(decimal), ColumnReading(CATEGORY)
    if column.share(column.numbers(as_numbers).notna()) < _LEAST_MENTIONED:
        return is_text, []
    if column.share(column.facts["padded"]) > _MOST_PADDED:
        message = f"{choices.origin}: {column.where} has numbers with a leading zero: it is read as codes, not numbers."
        return is_text, [Notice("codes_as_text", message, choices.leave_out(column.name))]
    message = f"{_unread_sentence(column, column.unread(as_numbers), choices)}: the column is read as text."
    remedy = f"mend these cells, or {choices.leave_out(column.name)}"
    return is_text, [Notice("numbers_as_text", f"{choices.origin}: {message}", remedy)]


def _decimal_of(column: TextColumn, common_decimal: str | None, choices: ReadingChoices) -> str:
    """Return the decimal sign of a column at training.

    Raises:
        InputError: its numbers can be read two ways, or contradict `data.decimal`.
    """
    shown, point = column.majority_decimal(), str(Decimal.point.value)
    if column.name in choices.typed:
        return point
    if choices.decimal is not Decimal.auto:
        decimal = str(choices.decimal.value)
        if choices.of_attributes:
            return shown or decimal
        message = f"{choices.origin}: {column.where} has a decimal {shown} in most numbers, but data.decimal={decimal}."
        wrong = shown not in (None, decimal) and column.is_number(str(shown))
        require(not wrong, message, remedy=f"set data.decimal={shown}, or auto.")
        return decimal
    if shown is not None or common_decimal is not None:
        return str(shown or common_decimal)
    either = int(column.facts["count"][column.facts["either"]].sum())
    require(
        not (either and column.is_number(point)),
        f"{choices.origin}: {column.where}: {either:,} numbers such as 1,234 or 1.234 can be read two ways.",
        remedy="name the decimal sign: data.decimal=point or data.decimal=comma.",
    )
    return point


def _common_decimal(columns: list[TextColumn]) -> str | None:
    """Return the decimal sign of most certain cells of number columns; None if no cell is certain."""
    sums = {"comma": 0, "point": 0}
    for column in columns:
        if any(column.is_number(sign) for sign in sums):
            sums = {sign: total + column.count_certain(sign) for sign, total in sums.items()}
    return max(sums, key=lambda sign: sums[sign]) if any(sums.values()) else None


def _unread_sentence(column: TextColumn, unread: "pd.Series[bool]", choices: ReadingChoices) -> str:
    filled = int(column.cells.notna().sum())
    row = f", the first in row {unread.idxmax()}" if not choices.of_attributes else ""
    return f"{column.where}: {int(unread.sum()):,} of {filled:,} cells ({unread.sum() / filled:.1%}) are no number{row}"


def _unread_notice(column: TextColumn, unread: "pd.Series[bool]", choices: ReadingChoices) -> Notice:
    message = f"{choices.origin}: {_unread_sentence(column, unread, choices)}: they count as missing."
    return Notice("cells_no_number", message, "mend them in the file, or leave them blank.")


def _mixture(column: TextColumn, choices: ReadingChoices) -> Notice:
    counts = {sign: column.count_certain(sign) for sign in ("comma", "point")}
    message = (
        f"{choices.origin}: {column.where}: {counts['comma']:,} numbers have a decimal comma and {counts['point']:,} "
        "a decimal point; those that fit both are read as most are."
    )
    return Notice("mixed_decimals", message, "write the column with one decimal sign.")


def parse_columns(connection: Any, columns: pd.DataFrame) -> list[TextColumn]:
    """Return the columns with the properties of each distinct text, from one query for all columns."""
    counts = [columns.iloc[:, place].value_counts() for place in range(columns.shape[1])]
    texts = pd.DataFrame({"text": sorted({str(text) for count in counts for text in count.index})}, dtype="str")
    if not len(texts):
        texts = pd.DataFrame({"text": [""]}, dtype="str")
    store_relation(connection, _CELLS, connection.con.from_df(texts))
    bare, shown = _queries()
    store_query(connection, _NUMBERS, "text VARCHAR, number VARCHAR, currency VARCHAR", bare)
    facts = run_query(connection, shown).df().set_index("text")
    facts = facts.assign(**{sign: facts[sign].where(np.isfinite(facts[sign])) for sign in ("comma", "point")})
    parsed = []
    for place, name in enumerate(columns.columns):
        distinct = counts[place].index.astype(str).rename("text")  # the column's own name may be that of a fact
        column_facts = facts.reindex(distinct).assign(count=counts[place].to_numpy())
        parsed.append(TextColumn(str(name), columns.iloc[:, place], column_facts))
    return parsed


@cache
def _queries() -> tuple[str, str]:
    """Return the query for the bare number of each text, and the query for its properties.

    The SQL is generated once per process, because generating it takes longer than running it.
    """
    cells = ibis.table({"text": "string"}, name=_CELLS)
    number = parsing.bare_number(cells.text.strip().re_replace(r"\s*%$", ""))
    currency = currencies.currency(cells.text).fill_null("")
    bare = ibis.table({"text": "string", "number": "string", "currency": "string"}, name=_NUMBERS)
    queries = (cells.select(cells.text, number=number, currency=currency), bare.select(**_facts(bare)))
    first, second = (str(ibis.to_sql(query, dialect="duckdb")) for query in queries)
    return first, second


def _facts(bare: Any) -> dict[str, Any]:
    """Return the properties of a text as engine expressions."""
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
        **identifiers.text_forms(text),
    }
    filled = {name: flag.fill_null(False) for name, flag in flags.items()}
    return {"text": text, **values, **filled, "currency": bare.currency}
