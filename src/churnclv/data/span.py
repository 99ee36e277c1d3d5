"""The observed span: detects single events far from all others, which would move the span and every cutoff."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..notices import Notice
from .quality import QualityReport
from .row_kinds import rows_of
from .settings import DataSettings

_FEWEST_EVENTS, _FEWEST_DAYS, _FEWEST_CUSTOMERS = 100, 30, 20  # below these, gaps are not compared
_MOST_SHARE, _MOST_EVENTS = 0.01, 3  # most events beyond a gap, as share or number: more are no error
_TIMES = 3.0  # times the longest gap among all other events
_DOUBTFUL_DAYS, _REFUSED_DAYS = 60, 180
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 # shop time


@dataclass(frozen=True)
class Gap:
    """A gap between two days with events, and the number of events beyond it, at the start or the end of the log."""

    before: datetime
    after: datetime
    beyond: int

    @property
    def days(self) -> int:
        """The length of the gap in days."""
        return (self.after - self.before).days


def check_span(table: Any, quality: QualityReport, settings: DataSettings) -> tuple[Notice, ...]:
    """Return notices about events at the start or end of a log that are far from all others.

    A start or end that is set (`data.earliest`, `data.latest`, `data.observed_until`) is not checked.
    Only the starts of contracts are compared, because ends may be planned.

    Raises:
        InputError: the gap is 180 days or longer.
    """
    return () if quality.customers < _FEWEST_CUSTOMERS else check_days(count_days(table, settings), quality, settings)


def count_days(table: Any, settings: DataSettings) -> dict[int, int]:
    """Return the number of events on each day that has any, days since 1970-01-01, ascending."""
    dated = rows_of(settings.shape).spanning(table)
    daily = dated.group_by(day=dated.timestamp.date()).agg(events=lambda t: t.count()).order_by("day").execute()
    days = pd.to_datetime(daily["day"]).to_numpy(dtype="datetime64[D]").astype(np.int64)
    return dict(zip(days.tolist(), daily["events"].tolist(), strict=True))


def check_days(events: dict[int, int], quality: QualityReport, settings: DataSettings) -> tuple[Notice, ...]:
    """Return what `check_span` returns, from the number of events on each day; it raises the same error."""
    if quality.customers < _FEWEST_CUSTOMERS:
        return ()
    days = np.array(sorted(events), dtype=np.int64)
    early, late = find_gaps(days, np.array([events[day] for day in days.tolist()], dtype=np.int64))
    notices = []
    if early is not None and settings.earliest == DataSettings.earliest:
        finding = (
            f"the first {_events(early)} {early.days:,} days before the others, which start on {early.after:%Y-%m-%d}"
        )
        notices.append(_notice(early, quality, finding, f"data.earliest={early.after:%Y-%m-%d}"))
    if late is not None and settings.latest is None and settings.observed_until is None:
        finding = (
            f"the last {_events(late)} {late.days:,} days after the one before, which is of {late.before:%Y-%m-%d}"
        )
        latest = f"{late.before + timedelta(days=1):%Y-%m-%d}"
        notices.append(_notice(late, quality, finding, f"data.latest={latest} (make score: as_of={latest})"))
    return tuple(notices)


def _events(gap: Gap) -> str:
    return "event lies" if gap.beyond == 1 else f"{gap.beyond:,} events lie"


def _notice(gap: Gap, quality: QualityReport, finding: str, setting: str) -> Notice:
    message = f"{finding}; no other gap is a third as long. Every cutoff moves with the first and the last event."
    remedy = f"mend the date, or set {setting}."
    if gap.days >= _REFUSED_DAYS:
        raise InputError(f"{quality.origin}: {message}", remedy=remedy)
    return Notice("far_event", message, remedy)


def find_gaps(days: NDArray[np.int64], events: NDArray[np.int64]) -> tuple[Gap | None, Gap | None]:
    """Return the gap after a few first events, and the gap before a few last events; None if there is none.

    A gap has to be at least three times the longest gap within the bulk of the events, so that a sparse or seasonal log
    has none.

    Args:
        days: days with events, as days since 1970-01-01, ascending, shape (n,).
        events: number of events on each day, shape (n,).
    """
    total = int(events.sum())
    if total < _FEWEST_EVENTS or len(days) < _FEWEST_DAYS:
        return None, None
    gaps, before = np.diff(days), np.cumsum(events)[:-1]
    few = max(_MOST_EVENTS, _MOST_SHARE * total)
    at_start, at_end = before <= few, total - before <= few
    bulk = gaps[~at_start & ~at_end]
    least = max(_DOUBTFUL_DAYS, _TIMES * (bulk.max() if len(bulk) else 1))
    early, late = np.flatnonzero(at_start & (gaps >= least)), np.flatnonzero(at_end & (gaps >= least))
    return (
        _gap(days, early[-1], int(before[early[-1]])) if len(early) else None,
        _gap(days, late[0], int(total - before[late[0]])) if len(late) else None,
    )


def _gap(days: NDArray[np.int64], place: np.intp, beyond: int) -> Gap:
    first, second = (_EPOCH + timedelta(days=int(day)) for day in days[place : place + 2])
    return Gap(first, second, beyond)
