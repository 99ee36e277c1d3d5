"""Cell spelling: how dates and numbers are written, and a choice with its grounds where cells can be read two ways."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import ibis

from ...errors import InputError
from .. import parsing
from ..decimals import choose_decimals, with_numbers
from ..settings import Decimal
from ..source import NUMBER
from .column_profile import ColumnProfile
from .loaded_table import LoadedTable

_SHOWN = 3
_MOST_FALLS, _TIMES_MORE = 0.01, 3  # steps back in time, as a share of the rows; by the other reading
_COMMA_COUNTRIES = (";",)  # separators of exports with a decimal comma, and days before months


@dataclass(frozen=True)
class SpellingChoice:
    """How the cells of a column are written.

    Attributes:
        column: in the file.
        written: for people, such as `dd/mm/yyyy`.
        settings: what has to be set for it, by name; empty where it is detected.
        cells: some cells that can be read two ways.
        grounds: why they are read as they are; empty where no cell is ambiguous.
    """

    column: str
    written: str
    settings: dict[str, Any]
    cells: tuple[str, ...] = ()
    grounds: str = ""


def spell_dates(table: LoadedTable, profile: ColumnProfile) -> SpellingChoice:
    """Return how the dates of a column are written."""
    name = profile.name
    if profile.type:
        return SpellingChoice(name, "typed dates" if profile.type != NUMBER else profile.date_format, _date(profile))
    if profile.date_format != "auto":
        return SpellingChoice(name, profile.date_format, _date(profile))
    raw = table.connection.table(table.name)
    texts = raw.group_by(text=raw[table.cell(name)]).agg(rows=lambda t: t.count())
    cells = texts.select("text", "rows", shape=parsing.date_shape(texts.text))
    shapes = cells.filter(cells.shape.notnull()).group_by("shape").agg(rows=lambda t: t["rows"].sum())
    counts = shapes.order_by(ibis.desc("rows"), "shape").execute()
    shape = str(counts["shape"].iloc[0]) if len(counts) else "iso"
    if shape != "day_month":
        return SpellingChoice(name, shape, {})
    _, day, month = parsing.count_orders_of_days(cells)
    if day and not month:
        return SpellingChoice(name, "days before months", {})
    if month and not day:
        return SpellingChoice(name, "months before days", {})
    return _doubtful_dates(table, profile, day, month)


def _date(profile: ColumnProfile) -> dict[str, Any]:
    return {} if profile.date_format == "auto" else {"date_format": profile.date_format}


def _doubtful_dates(table: LoadedTable, profile: ColumnProfile, day: int, month: int) -> SpellingChoice:
    """Choose between days and months: by the cells of one reading, by rows in order of time, by the separator."""
    shown = tuple(profile.texts[:_SHOWN])
    if day or month:
        first = day >= month
        grounds = f"{day:,} different texts are days first, {month:,} months first"
    else:
        first, grounds = _by_order_of_rows(table, profile)
    written = "days before months" if first else "months before days"
    return SpellingChoice(profile.name, written, {"day_first": first}, shown, grounds)


def _by_order_of_rows(table: LoadedTable, profile: ColumnProfile) -> tuple[bool, str]:
    """Return whether days come first, and why: rows are often in order of time under the right reading alone."""
    texts = list(profile.text.cells.dropna().astype(str))
    falls = {}
    for pattern in ("%d/%m/%Y", "%m/%d/%Y"):
        dates = [datetime.strptime(_slashed(text), pattern) for text in texts]  # noqa: DTZ007 # shop time
        falls[pattern] = sum(later < earlier for earlier, later in pairwise(dates))
    day, month = falls["%d/%m/%Y"], falls["%m/%d/%Y"]
    fewer, more = min(day, month), max(day, month)
    if fewer <= _MOST_FALLS * len(texts) and more > _TIMES_MORE * (fewer + 1):
        return day < month, "the rows are in order of time under this reading alone"
    if table.log.separator in _COMMA_COUNTRIES:
        return True, "files with semicolons come from countries that write the day first"
    marks = Counter(mark for text in texts[:100] for mark in "./-" if mark in text)
    if marks and marks.most_common(1)[0][0] == ".":
        return True, "dates with points are written with the day first"
    return True, "no cell decides; most countries write the day first"


def _slashed(text: str) -> str:
    return text.strip().split()[0].split("T")[0].replace(".", "/").replace("-", "/")


def spell_numbers(table: LoadedTable, profiles: dict[str, ColumnProfile]) -> dict[str, SpellingChoice]:
    """Return how the numbers of each role's column are written.

    Parameters
    ----------
    table
        The file.
    profiles
        The columns of numbers, by role.
    """
    choices = {}
    texts = {role: profile for role, profile in profiles.items() if profile.type != NUMBER}
    for role, profile in profiles.items():
        if profile.type == NUMBER:
            choices[role] = SpellingChoice(profile.name, "typed numbers", {})
    if not texts:
        return choices
    signs, doubt = _signs_of_sample(texts) or _detect(table, texts)
    for role, profile in texts.items():
        sign = signs.get(role, Decimal.point)
        ambiguous = profile.share("either") > 0 and not profile.text.count_certain(
            "comma"
        ) + profile.text.count_certain("point")
        written = "whole numbers" if profile.is_whole and not ambiguous else f"decimal {sign.value}"
        settings = {"decimal": sign.value} if doubt and ambiguous else {}
        cells = tuple(text for text in profile.texts if profile.text.facts["either"].get(text, False))[:_SHOWN]
        choices[role] = SpellingChoice(profile.name, written, settings, cells if doubt and ambiguous else (), doubt)
    return choices


def _signs_of_sample(texts: dict[str, ColumnProfile]) -> tuple[dict[str, Decimal], str] | None:
    """Return the decimal signs where no cell of the sample can be read two ways, or others are certain; else None."""
    signs = {role: profile.text.majority_decimal() for role, profile in texts.items()}
    if any(signs[role] is None and profile.share("either") > 0 for role, profile in texts.items()):
        return None
    return {role: Decimal(sign or Decimal.point.value) for role, sign in signs.items()}, ""


def _detect(table: LoadedTable, texts: dict[str, ColumnProfile]) -> tuple[dict[str, Decimal], str]:
    """Return the decimal sign of each role by the rules of reading, and the grounds where these do not decide."""
    raw = table.connection.table(table.name)
    columns = {role: raw[table.cell(profile.name)] for role, profile in texts.items()}
    log = with_numbers(replace(table.log, table=raw.select("row", **columns), types={}))
    settings = replace(
        table.settings, columns=replace(table.settings.columns, **{role: texts[role].name for role in texts})
    )
    try:
        decided = choose_decimals(log, list(texts), settings)
    except InputError:
        either = sum(profile.text.facts["count"][profile.text.facts["either"]].sum() for profile in texts.values())
        comma_first = any(
            "." in text
            for profile in texts.values()
            for text in profile.texts
            if profile.text.facts["either"].get(text, False)
        )
        sign = Decimal.comma if comma_first else Decimal.point
        mark = "." if comma_first else ","
        grounds = (
            f"no cell decides; {either:,.0f} such as 1{mark}234 are read as 1234, as three decimals of money are rare"
        )
        return dict.fromkeys(texts, sign), grounds
    doubtful = [notice for notice in decided.notices if notice.code == "thousands_by_separator"]
    grounds = "the file separates its cells by semicolons, as exports with a decimal comma do" if doubtful else ""
    return decided.signs, grounds
