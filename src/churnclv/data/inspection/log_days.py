"""Days of a log: its span, the days without a row, the months of most rows, and dates far from all others."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd

from ...errors import InputError
from .. import parsing
from ..dates import choose_dates
from ..settings import DataSettings
from ..source import MOMENT
from ..span import find_gaps
from ..typed_columns import NANOSECONDS, TYPED
from .table_inspection import TableInspection

_LONG_GAP_DAYS, _TIMES_USUAL = 7, 5.0
_FAR_DAYS = 180
_LEAST_SEASON_DAYS = 365
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 # shop time


@dataclass(frozen=True)
class LogDays:
    """The days with rows.

    Attributes:
        first, last: the first and the last day, without dates that are far from all others.
        gaps: the longest runs of days without a row, as (day before, day after).
        busiest: the month with most rows per day by the mean, and the ratio; None for a log of less than a year.
        settings: settings that leave far dates out.
        doubts: what a reader should know.
    """

    first: datetime
    last: datetime
    gaps: tuple[tuple[datetime, datetime], ...]
    busiest: tuple[int, float] | None
    settings: dict[str, Any] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    @property
    def end(self) -> datetime:
        """Midnight after the last day."""
        return self.last + timedelta(days=1)


def count_days(inspection: TableInspection) -> LogDays | None:
    """Return the days of a log; None for a table without dates."""
    role = "timestamp" if inspection.column("timestamp") else "start"
    column = inspection.column(role)
    if column is None or inspection.kind.shape is None:
        return None
    daily = _daily_rows(inspection, column)
    days, rows = daily["day"].to_numpy(dtype=np.int64), daily["rows"].to_numpy(dtype=np.int64)
    if not len(days):
        return None
    settings: dict[str, Any] = {}
    doubts = []
    early, late = find_gaps(days, rows)
    if late is not None and late.days >= _FAR_DAYS:
        settings["latest"] = f"{late.before + timedelta(days=1):%Y-%m-%d}"
        doubts.append(f"{late.beyond:,} rows are {late.days:,} days after all others, and left out")
        days, rows = days[days <= (late.before - _EPOCH).days], rows[days <= (late.before - _EPOCH).days]
    if early is not None and early.days >= _FAR_DAYS:
        settings["earliest"] = f"{early.after:%Y-%m-%d}"
        doubts.append(f"{early.beyond:,} rows are {early.days:,} days before all others, and left out")
        rows, days = rows[days >= (early.after - _EPOCH).days], days[days >= (early.after - _EPOCH).days]
    first, last = (_EPOCH + timedelta(days=int(day)) for day in (days[0], days[-1]))
    return LogDays(first, last, _long_gaps(days), _busiest(days, rows), settings, tuple(doubts))


def _daily_rows(inspection: TableInspection, column: str) -> pd.DataFrame:
    """Return `day` (since 1970-01-01) and `rows`, in order; each distinct text, or typed moment, is parsed once."""
    table = inspection.table
    spelled = {name: value for name, value in inspection.settings.items() if name in ("date_format", "day_first")}
    settings = replace(DataSettings(), **spelled)
    raw = table.connection.table(table.name)
    typed = {"timestamp": MOMENT} if table.type_of(column) == MOMENT else {}
    moment = raw[table.value(column)]
    is_plain = moment.type().is_timestamp() and moment.type().timezone is None and moment.type().scale != NANOSECONDS
    keys = {f"{TYPED}timestamp": moment} if is_plain else {"timestamp": raw[table.cell(column)]}
    counts = raw.group_by(**keys).agg(rows=lambda t: t.count())
    kept = table.connection.create_table(f"{table.name}_days", counts, temp=True, overwrite=True)
    try:
        dates = choose_dates(replace(table.log, table=kept, types=typed), settings)
    except InputError:
        return pd.DataFrame({"day": [], "rows": []})
    dated = kept.select(day=dates.parse(kept, settings).moment.date(), rows=kept.rows)
    latest = parsing.latest_moment(settings)
    known = dated.filter(dated.day <= ibis.date(f"{latest:%Y-%m-%d}"))
    counted = known.group_by("day").agg(rows=known.rows.sum()).order_by("day").execute()
    day = pd.to_datetime(counted["day"]).to_numpy(dtype="datetime64[D]").astype(np.int64)
    return pd.DataFrame({"day": day, "rows": counted["rows"]})


def _long_gaps(days: Any) -> tuple[tuple[datetime, datetime], ...]:
    steps = np.diff(days)
    if not len(steps):
        return ()
    least = max(_LONG_GAP_DAYS, _TIMES_USUAL * float(np.median(steps)))
    places = np.flatnonzero(steps > least)
    longest = sorted(places[np.argsort(-steps[places], kind="stable")][:3])
    return tuple(
        (_EPOCH + timedelta(days=int(days[place])), _EPOCH + timedelta(days=int(days[place + 1]))) for place in longest
    )


def _busiest(days: Any, rows: Any) -> tuple[int, float] | None:
    if days[-1] - days[0] < _LEAST_SEASON_DAYS:
        return None
    months = pd.DatetimeIndex(pd.to_datetime(days, unit="D")).month
    span = pd.DatetimeIndex(pd.date_range(pd.Timestamp(int(days[0]), unit="D"), pd.Timestamp(int(days[-1]), unit="D")))
    per_day = pd.Series(rows).groupby(months).sum() / pd.Series(1, index=span).groupby(span.month).sum()
    usual = float(rows.sum()) / len(span)
    month = int(np.asarray(per_day.index)[int(np.argmax(per_day.to_numpy()))])
    return month, float(per_day.max() / usual)
