"""Periods: weeks from Monday, months, quarters and years, numbered so that neighbours differ by one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from ..snapshots.history import day_number

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 # shop time
_MONDAY = 3  # 1970-01-01 was a Thursday, three days after a Monday
_WEEK, _QUARTERS, _MONTHS = 7, 4, 12


class Period(Enum):
    """A stretch of the calendar."""

    week = "week"
    month = "month"
    quarter = "quarter"
    year = "year"

    @property
    def per_year(self) -> int:
        """The number of periods in a year; a year of weeks is 52 of them."""
        return {Period.week: 52, Period.month: _MONTHS, Period.quarter: _QUARTERS, Period.year: 1}[self]

    def number_of(self, moment: datetime) -> int:
        """Return the number of the period in which a moment lies."""
        if self is Period.week:
            return ((moment - EPOCH).days + _MONDAY) // _WEEK
        return moment.year * self.per_year + (moment.month - 1) * self.per_year // _MONTHS

    def start_of(self, number: int) -> datetime:
        """Return the moment at which a period of this number starts."""
        if self is Period.week:
            return EPOCH + timedelta(days=number * _WEEK - _MONDAY)
        year, part = divmod(number, self.per_year)
        return datetime(year, 1 + part * _MONTHS // self.per_year, 1)  # noqa: DTZ001 # shop time

    def numbers(self, date: Any) -> Any:
        """Return the number as an expression over a column of timestamps."""
        if self is Period.week:
            return ((day_number(date) + _MONDAY) / _WEEK).floor().cast("int64")
        year = date.year().cast("int64") * self.per_year
        part = ((date.month().cast("int64") - 1) * self.per_year / _MONTHS).floor().cast("int64")
        return year + part

    def name_of(self, number: int, months: tuple[str, ...], pattern: dict[str, str]) -> str:
        """Return a period's name: `pattern` has the ways to write week, quarter, `months` the names of months."""
        start = self.start_of(number)
        if self is Period.week:
            return pattern["week"].format(f"{start:%Y-%m-%d}")
        if self is Period.quarter:
            return pattern["quarter"].format((start.month + 2) // 3, start.year)
        return f"{start.year}" if self is Period.year else f"{months[start.month - 1]} {start.year}"


@dataclass(frozen=True)
class Calendar:
    """The periods of a report: the current one, and those that it is compared with.

    The current period is the last that is over; where none is over since the first event, it is the running one.
    """

    period: Period
    first: datetime
    as_of: datetime

    @property
    def is_partial(self) -> bool:
        """Whether no period is over yet."""
        return self.period.number_of(self.as_of) - 1 < self.period.number_of(self.first)

    @property
    def current(self) -> int:
        """The number of the current period."""
        return self.period.number_of(self.as_of) - (0 if self.is_partial else 1)

    @property
    def before(self) -> int:
        """The number of the period before."""
        return self.current - 1

    @property
    def year_ago(self) -> int:
        """The number of the same period a year before."""
        return self.current - self.period.per_year

    @property
    def start(self) -> datetime:
        """The first moment of the current period."""
        return self.period.start_of(self.current)

    @property
    def end(self) -> datetime:
        """The end of the current period, or the report's moment where it is still running."""
        return min(self.period.start_of(self.current + 1), self.as_of)

    def covers(self, number: int) -> bool:
        """Whether a period lies in the log."""
        return self.period.number_of(self.first) <= number <= self.current
