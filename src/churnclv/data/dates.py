"""Dates: a column of texts becomes moments, in the one way in which the file writes most of them."""

from dataclasses import dataclass
from typing import Any

import ibis

from . import parsing
from .settings import DataSettings, Policy
from .source import RawLog


@dataclass(frozen=True)
class Dates:
    """A column of dates: expressions over the raw log, and the style in words.

    `moment` is null where the text is no date; `other_shape` says that it is written in another way than most, and
    `offset` that it carries an offset from UTC.
    """

    moment: Any
    other_shape: Any
    offset: Any
    style: str


def parse_dates(log: RawLog, settings: DataSettings, role: str = "timestamp", known_words: Any = None) -> Dates:
    """Parse one role's column; cells for which `known_words` holds are no dates and do not vote.

    Raises:
        InputError: days and months cannot be told apart.
    """
    text = log.table[role]
    shape = parsing.date_shape(text)
    never = ibis.literal(False)
    if settings.date_format != "auto":
        return Dates(parsing.parse_date(text, shape, False, settings), never, never, settings.date_format)
    found = _frequent_shapes(log.table, shape, known_words)
    main = found[0] if found else "iso"
    policy = settings.policy.mixed_date_format if role == "timestamp" else settings.policy.mixed_end_format
    matters = main == "day_month" or policy is Policy.keep  # else such rows are set aside
    day_first = "day_month" in found and matters and _choose_day_first(log, settings, role)
    alike = ("iso", "iso_offset") if main.startswith("iso") else (main,)
    style = main if main != "day_month" else ("day_month" if day_first else "month_day")
    moment = parsing.parse_date(text, shape, day_first, settings)
    return Dates(moment, ~shape.isin(alike), shape == "iso_offset", style)


def _frequent_shapes(raw: Any, shape: Any, known_words: Any) -> list[str]:
    """Return the ways in which dates are written, most frequent first."""
    asked = raw if known_words is None else raw.filter(~known_words)
    counted = asked.select(shape=shape).group_by("shape").agg(rows=lambda t: t.count())
    rows = counted.order_by(ibis.desc("rows"), "shape").execute()
    return [str(name) for name in rows["shape"].dropna()]


def _choose_day_first(log: RawLog, settings: DataSettings, role: str) -> bool:
    """Ask both columns of a table of contracts: few ends may not tell, and one file writes both alike."""
    raw = log.table
    cells = raw.select(text=raw.timestamp)
    if "end" in raw.columns:
        cells = cells.union(raw.select(text=raw.end))
    return parsing.choose_day_first(cells, str(settings.mapped()[role]), settings, log.origin)
