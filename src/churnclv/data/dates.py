"""Dates: a column of texts becomes moments, in the one way in which the file writes most of them."""

from dataclasses import dataclass
from typing import Any

import ibis

from ..errors import require
from . import parsing
from .settings import DataSettings, Policy
from .source import MOMENT, RawLog

_MONTH_STYLES = {"day_month": True, "month_day": False}  # style -> whether the day comes first
_EXAMPLES = {
    "iso": "2021-01-31",
    "compact": "20210131",
    "year_first": "2021/01/31",
    "day_month": "31/01/2021",
    "month_day": "01/31/2021",
}


@dataclass(frozen=True)
class Dates:
    """A column of dates: expressions over the raw log, and the style in words.

    `moment` is null where the text is no date; `other_shape` says that it is written in another way than most, and
    `offset` that it carries an offset from UTC. `decided` is the style where cells of text decided it.
    """

    moment: Any
    other_shape: Any
    offset: Any
    style: str
    decided: str | None = None


def parse_dates(log: RawLog, settings: DataSettings, role: str = "timestamp", known_words: Any = None) -> Dates:
    """Parse one role's column; cells for which `known_words` holds are no dates and do not vote.

    Cells that are dates in the file's own types are read as such, whatever the settings.

    Raises:
        InputError: days and months cannot be told apart, or the file contradicts what training found.
    """
    text, typed = log.table[role], log.types.get(role) == MOMENT
    chosen = "auto" if typed else settings.date_format
    never = ibis.literal(False)
    if chosen not in ("auto", *parsing.STYLES):
        return Dates(parsing.parse_chosen_date(text, settings), never, never, chosen)
    shape = parsing.date_shape(text)
    found = _frequent_shapes(log.table, shape, known_words)
    wanted = _trained_style(settings, role) if chosen == "auto" and not typed else chosen
    main = _main_shape(found, wanted, fixed=chosen != "auto")
    policy = settings.policy.mixed_date_format if role == "timestamp" else settings.policy.mixed_end_format
    matters = main == "day_month" or policy is Policy.keep  # else such rows are set aside
    day_first = "day_month" in found and matters and _choose_day_first(log, settings, role, wanted)
    alike = ("iso", "iso_offset") if main.startswith("iso") else (main,)
    style = main if main != "day_month" else ("day_month" if day_first else "month_day")
    style = "iso" if style == "iso_offset" and wanted is not None else style
    _require_same_style(style, wanted, log, settings, role)
    moment = parsing.parse_date(text, shape, day_first, settings)
    decided = None if typed or not found else "iso" if style.startswith("iso") else style
    return Dates(moment, ~shape.isin(alike), shape == "iso_offset", style, decided)


def _trained_style(settings: DataSettings, role: str) -> str | None:
    """Return the style that training found; of ends of contracts it is the order of days and months alone."""
    style = None if settings.spelling is None else settings.spelling.date_format
    if role == "timestamp" or style in _MONTH_STYLES:
        return style
    return None


def _main_shape(found: list[str], wanted: str | None, *, fixed: bool) -> str:
    """Return the shape in which most dates are written; `fixed` is a setting, else `wanted` is what training found."""
    shape = "day_month" if wanted in _MONTH_STYLES else wanted
    if shape is not None and (fixed or not found):
        return shape
    return found[0] if found else "iso"


def _require_same_style(style: str, wanted: str | None, log: RawLog, settings: DataSettings, role: str) -> None:
    """Raise `InputError` where a file to score is written unlike the training file; ISO needs no training."""
    same = wanted in (None, style) or style == "iso" or role != "timestamp"
    require(
        same,
        f"{log.origin}: column {settings.mapped()[role]!r}: dates are written as {_EXAMPLES.get(style)} ({style}), but "
        f"the model was trained on {_EXAMPLES.get(str(wanted))} ({wanted}).",
        remedy=f"{settings.where}.date_format={style} if the file is right.",
    )


def _frequent_shapes(raw: Any, shape: Any, known_words: Any) -> list[str]:
    """Return the ways in which dates are written, most frequent first."""
    asked = raw if known_words is None else raw.filter(~known_words)
    counted = asked.select(shape=shape).group_by("shape").agg(rows=lambda t: t.count())
    rows = counted.order_by(ibis.desc("rows"), "shape").execute()
    return [str(name) for name in rows["shape"].dropna()]


def _choose_day_first(log: RawLog, settings: DataSettings, role: str, wanted: str | None) -> bool:
    """Count in both columns of a table of contracts: few ends may not tell, and one file writes both alike."""
    raw = log.table
    cells = raw.select(text=raw.timestamp)
    if "end" in raw.columns:
        cells = cells.union(raw.select(text=raw.end))
    column = str(settings.mapped()[role])
    if settings.date_format in _MONTH_STYLES:
        return _MONTH_STYLES[settings.date_format]
    if settings.day_first is None and wanted in _MONTH_STYLES:
        return parsing.confirm_day_first(cells, _MONTH_STYLES[str(wanted)])
    return parsing.choose_day_first(cells, column, settings, log.origin)
