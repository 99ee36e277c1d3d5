"""Dates: a column of texts is parsed into timestamps, in the date format that most of its cells have."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import ibis

from ..errors import require
from . import parsing
from .compiled_queries import compiled
from .settings import DataSettings, Policy
from .source import MOMENT, RawLog
from .typed_columns import has_typed, typed_moment

_MONTH_STYLES = {"day_month": True, "month_day": False}  # style -> whether the day comes first
_EXAMPLES = {
    "iso": "2021-01-31",
    "compact": "20210131",
    "year_first": "2021/01/31",
    "day_month": "31/01/2021",
    "month_day": "01/31/2021",
}


class ParsedDates(NamedTuple):
    """A column of dates as expressions over the raw log.

    Attributes:
        moment: the timestamp, null where the text is no date.
        other_shape: whether the text has another date format than most cells.
        offset: whether the text has an offset from UTC.
    """

    moment: Any
    other_shape: Any
    offset: Any


@dataclass(frozen=True)
class Dates:
    """How a column of dates is read.

    Attributes:
        role: of the column.
        style: the name of the date format.
        decided: the style, if it was derived from text cells; otherwise None.
        alike: the shapes of most cells; None where cells are not parsed by their shape.
        day_first: whether 03/04/2011 is the third of April.
    """

    role: str
    style: str
    decided: str | None = None
    alike: tuple[str, ...] | None = None
    day_first: bool = False

    def parse(self, raw: Any, settings: DataSettings) -> ParsedDates:
        """Return the moments of the raw log's cells, and how each was written."""
        never = ibis.literal(False)
        if has_typed(raw, self.role):
            return ParsedDates(typed_moment(raw, self.role), never, never)
        text = raw[self.role]
        if self.alike is None:
            return ParsedDates(parsing.parse_chosen_date(text, settings), never, never)
        shape = parsing.date_shape(text)
        moment = parsing.parse_date(text, shape, self.day_first, settings)
        return ParsedDates(moment, ~shape.isin(self.alike), shape == "iso_offset")


def choose_dates(
    log: RawLog,
    settings: DataSettings,
    role: str = "timestamp",
    not_dates: Callable[[Any, DataSettings], Any] | None = None,
) -> Dates:
    """Return how the column of one role is read.

    Cells of the raw log where `not_dates` is true are no dates and do not count when the format is chosen. A column
    whose type in the file is a date or a timestamp is used without parsing, whatever the settings.

    Raises:
        InputError: days and months cannot be distinguished, or the format differs from that of the training file.
    """
    typed = log.types.get(role) == MOMENT
    chosen = "auto" if typed else settings.date_format
    if has_typed(log.table, role):
        return Dates(role, "iso")
    if chosen not in ("auto", *parsing.STYLES):
        return Dates(role, chosen)
    counted = _frequent_shapes(log.table, role, settings, not_dates).rows()
    shapes = [each["shape"] for each in counted if each["shape"] is not None]
    wanted = _trained_style(settings, role) if chosen == "auto" and not typed else chosen
    main = _main_shape(shapes, wanted, fixed=chosen != "auto")
    policy = settings.policy.mixed_date_format if role == "timestamp" else settings.policy.mixed_end_format
    is_kept = main == "day_month" or policy is Policy.keep  # otherwise such rows are set aside
    day_first = "day_month" in shapes and is_kept and _choose_day_first(log, settings, role, wanted)
    alike = ("iso", "iso_offset") if main.startswith("iso") else (main,)
    style = main if main != "day_month" else ("day_month" if day_first else "month_day")
    style = "iso" if style == "iso_offset" and wanted is not None else style
    _require_same_style(style, wanted, log, settings, role)
    decided = None if typed or not shapes else "iso" if style.startswith("iso") else style
    return Dates(role, style, decided, alike, day_first)


def _trained_style(settings: DataSettings, role: str) -> str | None:
    """Return the style of the training file; for ends of contracts, only its order of days and months is used."""
    style = None if settings.spelling is None else settings.spelling.date_format
    if role == "timestamp" or style in _MONTH_STYLES:
        return style
    return None


def _main_shape(shapes: list[str], wanted: str | None, *, fixed: bool) -> str:
    """Return the shape of most dates; `wanted` is a setting if `fixed`, otherwise the style of the training file."""
    shape = "day_month" if wanted in _MONTH_STYLES else wanted
    if shape is not None and (fixed or not shapes):
        return shape
    return shapes[0] if shapes else "iso"


def _require_same_style(style: str, wanted: str | None, log: RawLog, settings: DataSettings, role: str) -> None:
    """Raise `InputError` if the date style differs from that of the training file; ISO is always accepted."""
    same = wanted in (None, style) or style == "iso" or role != "timestamp"
    require(
        same,
        f"{log.origin}: column {settings.mapped()[role]!r}: dates are written as {_EXAMPLES.get(style)} ({style}), but "
        f"the model was trained on {_EXAMPLES.get(str(wanted))} ({wanted}).",
        remedy=f"{settings.where}.date_format={style} if the file is right.",
    )


@compiled
def _frequent_shapes(
    raw: Any, role: str, settings: DataSettings, not_dates: Callable[[Any, DataSettings], Any] | None
) -> Any:
    """Return the shapes of the dates, most frequent first."""
    dates = raw if not_dates is None else raw.filter(~not_dates(raw, settings))
    counts = dates.select(shape=parsing.date_shape(dates[role])).group_by("shape").agg(rows=lambda t: t.count())
    return counts.order_by(ibis.desc("rows"), "shape")


def _choose_day_first(log: RawLog, settings: DataSettings, role: str, wanted: str | None) -> bool:
    """Return whether the day comes first, from starts and ends of contracts together: one file has one format."""
    raw = log.table
    together = ("timestamp", "end") if role in ("timestamp", "end") else (role,)
    first, *rest = [raw.select(text=raw[name]) for name in together if name in raw.columns]
    cells = first.union(*rest) if rest else first
    column = str(settings.mapped()[role])
    if settings.date_format in _MONTH_STYLES:
        return _MONTH_STYLES[settings.date_format]
    if settings.day_first is None and wanted in _MONTH_STYLES:
        return parsing.confirm_day_first(cells, _MONTH_STYLES[str(wanted)])
    return parsing.choose_day_first(cells, column, settings, log.origin)
