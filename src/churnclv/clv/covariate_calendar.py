"""A calendar of covariates: values that hold from a date until the next one, for all customers or for each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import listed, require
from .covariate_paths import CovariatePaths, Stretches, cut_pieces, period_of
from .covariates import Design
from .rfm import Array

DATE, CUSTOMER = "date", "customer_id"
LAST_YEAR, ZERO = "last_year", "zero"
ASSUMPTIONS = (LAST_YEAR, ZERO)
YEAR_DAYS = 364  # whole weeks, so that weekdays stay
_YEARS_AHEAD = 2
_DAY, _EVERYBODY = "day_number", ""


@dataclass(frozen=True)
class PurchaseDays:
    """When n customers bought, as day numbers.

    Parameters
    ----------
    ids
        Of the customers, (n,).
    first, last
        The days of the first and the last purchase, (n,).
    end
        The last whole day before the cutoff.
    repeats, repeat_days
        The customer's place and the day of each repeat purchase, (m,).
    """

    ids: "pd.Index[Any]"
    first: Array
    last: Array
    end: float
    repeats: NDArray[np.intp]
    repeat_days: Array


@dataclass(frozen=True)
class Calendar:
    """Values by day, in the order of customers and days.

    Parameters
    ----------
    frame
        The day number, the customer (the empty text: all of them), and a column per covariate.
    assumed
        What holds after the calendar's end: `last_year` repeats its last 52 weeks for two years and has mean values
        later; `zero` has numbers of 0 and categories at their reference.
    """

    frame: pd.DataFrame
    assumed: str = LAST_YEAR

    @classmethod
    def read(cls, table: pd.DataFrame, origin: str = "the calendar", assumed: str = LAST_YEAR) -> "Calendar":
        """Return a calendar from a table with a column `date`, perhaps `customer_id`, and the covariates.

        Raises
        ------
        InputError
            There is no column of dates or no covariate, a cell is no date, or a date is there twice.
        """
        remedy = f"allowed are {', '.join(ASSUMPTIONS)}."
        require(assumed in ASSUMPTIONS, f"{origin}: assumed is {assumed!r}.", remedy=remedy)
        require(DATE in table, f"{origin} has no column {DATE!r}.", remedy=f"columns: {listed(list(map(str, table)))}")
        names = [name for name in table.columns if name not in (DATE, CUSTOMER)]
        require(bool(names), f"{origin} has no covariate.", remedy=f"add a column beside {DATE!r}.")
        require(len(table) > 0, f"{origin} has no rows.", remedy="give a row per date.")
        dates = pd.to_datetime(table[DATE], errors="coerce")
        bad = np.flatnonzero(dates.isna())
        where = f"{origin}, row {bad[0] + 1 if len(bad) else 0}, column {DATE!r}: {_cell(table[DATE], bad)} is no date."
        require(not len(bad), where, remedy="write dates as 2011-06-01.")
        ids = table[CUSTOMER].astype(str).to_numpy() if CUSTOMER in table else _EVERYBODY
        days = np.floor(((dates - pd.Timestamp(0)) / pd.Timedelta(days=1)).to_numpy(dtype=float))
        frame = table[names].reset_index(drop=True).assign(**{CUSTOMER: ids, _DAY: days})
        twice = np.flatnonzero(frame.duplicated([CUSTOMER, _DAY]))
        where = f"{origin}, row {twice[0] + 1 if len(twice) else 0}: the date {_cell(dates, twice)} is there twice."
        remedy = f"one row per date, or per {CUSTOMER} and date."
        require(not len(twice), where, remedy=remedy)
        return cls(frame.sort_values([CUSTOMER, _DAY], ignore_index=True), assumed)

    @property
    def names(self) -> list[str]:
        """The covariates."""
        return [str(name) for name in self.frame.columns if name not in (CUSTOMER, _DAY)]

    @property
    def is_common(self) -> bool:
        """Whether all customers have the same values."""
        return bool((self.frame[CUSTOMER] == _EVERYBODY).all())

    def design(self, names: list[str], end: float) -> Design:
        """Return how covariates are encoded: by their values before the cutoff, whose last whole day is `end`."""
        return Design.learn(self.frame[self.frame[_DAY] <= end], names)

    @property
    def first_day(self) -> float:
        """The day number of the first row."""
        return float(self.frame[_DAY].min())

    def ends(self) -> Array:
        """Return the end of the calendar of each customer in it: its last period is as long as they usually are."""
        starts = self.frame.groupby(CUSTOMER)[_DAY]
        usual = starts.diff().median()
        return np.asarray(starts.max().to_numpy() + (1.0 if np.isnan(usual) else usual))

    def periods(self, design: Design, ids: "pd.Index[Any]") -> tuple[Array, Array]:
        """Return the first days of periods and their encoded covariates, with what is assumed later, by customer.

        Both are as `cut_pieces` takes them. Periods whose values are those of the one before are part of it.
        """
        z, zero = design.encode(self.frame), design.at_zero
        own = pd.Categorical(self.frame[CUSTOMER])
        place, end = np.asarray(own.codes, dtype=int), self.ends()
        starts = self.frame[_DAY].to_numpy(dtype=float)
        last = np.arange(len(end))
        if self.assumed == ZERO:
            parts = [(place, starts, z), (last, end, np.tile(zero, (len(end), 1)))]
        else:
            following = np.r_[np.where(place[1:] == place[:-1], starts[1:], np.inf), np.inf]
            window = end[place] - YEAR_DAYS
            repeated = np.flatnonzero(following > window)
            begun = np.maximum(starts, window)
            parts = [(place, starts, z)]
            parts += [
                (place[repeated], begun[repeated] + YEAR_DAYS * year, z[repeated])
                for year in range(1, _YEARS_AHEAD + 1)
            ]
            parts.append((last, end + YEAR_DAYS * _YEARS_AHEAD, np.zeros((len(end), z.shape[1]))))
        place, starts, z = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.lexsort((starts, place))
        return _padded(place[order], starts[order], z[order], self._rows_of(own.categories, ids))

    def _rows_of(self, known: "pd.Index[Any]", ids: "pd.Index[Any]") -> NDArray[np.intp]:
        """Return the place in the calendar of each customer; one place for all where values are common."""
        if self.is_common:
            return np.zeros(1, dtype=int)
        places = np.asarray(known.get_indexer(ids.astype(str)))
        lacking = int((places < 0).sum())
        message = f"the calendar has no row for {lacking} of {len(ids)} customers."
        require(not lacking, message, remedy=f"give each a row per date, or leave out {CUSTOMER} for common values.")
        return places

    def require_covered(self, days: PurchaseDays, starts: Array) -> None:
        """Raise `InputError` unless the calendar holds all days from the first purchases to the cutoff."""
        late = days.first < starts[:, 0]
        message = (
            f"the calendar begins after the first purchase of {int(late.sum())} of {len(days.ids)} customers, "
            f"the earliest of {format_day(float(days.first.min()))}."
        )
        require(not late.any(), message, remedy="give the values of all days since then.")
        ends = float(self.ends().min())
        message = f"the calendar ends on {format_day(ends - 1.0)}, before the cutoff, {format_day(days.end + 1.0)}."
        require(ends > days.end, message, remedy="give the values of all days before the cutoff.")

    def sentence(self, cutoff_day: float) -> str:
        """Return what is assumed after the calendar's end."""
        end = format_day(max(float(self.ends().min()), cutoff_day))
        later = "the same weeks of the year before" if self.assumed == LAST_YEAR else "zero"
        return f"From {end} on, values of {listed(self.names)} are assumed: {later}."


def encode_paths(
    calendar: Calendar, design: Design, days: PurchaseDays, static: Array, unit_days: float
) -> CovariatePaths:
    """Return the paths of customers: their attributes that do not change, then the columns of the calendar.

    Parameters
    ----------
    calendar
        The values by day.
    design
        Of the calendar's covariates.
    days
        When the customers bought.
    static
        Encoded attributes of the customers, (n, columns).
    unit_days
        The days in a unit of time.
    """
    starts, z = calendar.periods(design, days.ids)
    calendar.require_covered(days, starts)
    end = np.full(len(days.ids), days.end)
    spans = ((days.first, days.last), (days.last, end), (end, np.full(len(end), np.inf)))
    before, silent, ahead = (_joined(cut_pieces(starts, z, *span), static, unit_days) for span in spans)
    period = period_of(starts, days.repeats, days.repeat_days)
    of_calendar = np.zeros((len(days.ids), z.shape[2]))
    rows = np.zeros_like(days.repeats) if len(z) == 1 else days.repeats
    np.add.at(of_calendar, days.repeats, z[rows, period])
    repeats = np.bincount(days.repeats, minlength=len(days.ids)).astype(float)
    return CovariatePaths(before, silent, ahead, np.hstack([static * repeats[:, None], of_calendar]))


def _joined(part: Stretches, static: Array, unit_days: float) -> Stretches:
    shape = (*part.length.shape, static.shape[1])
    z = np.concatenate([np.broadcast_to(static[:, None], shape), part.z], axis=2)
    return Stretches(part.length / unit_days, z)


def _padded(
    place: NDArray[np.intp], starts: Array, z: Array, rows: NDArray[np.intp]
) -> tuple[Array, Array]:  # fmt: skip
    """Return periods by customer, without those that change nothing."""
    same = np.r_[False, (place[1:] == place[:-1]) & (z[1:] == z[:-1]).all(axis=1)]
    place, starts, z = place[~same], starts[~same], z[~same]
    counts = np.bincount(place)
    number = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    wide, own = np.full((len(counts), counts.max()), np.inf), np.zeros((len(counts), counts.max(), z.shape[1]))
    wide[place, number], own[place, number] = starts, z
    return wide[rows], own[rows]


def _cell(cells: "pd.Series[Any]", rows: NDArray[np.intp]) -> str:
    return repr(cells.iloc[rows[0]]) if len(rows) else ""


def format_day(day: float) -> str:
    """Return a day number as a date."""
    return f"{pd.Timestamp(0) + pd.Timedelta(days=day):%Y-%m-%d}"
