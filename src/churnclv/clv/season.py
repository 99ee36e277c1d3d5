"""The season of a market: a yearly profile of buying, estimated before a cutoff, and time measured by it.

It is estimated in one of two ways: beside a model of purchases, against what that expects of each day, or in the
likelihood, as covariates that change from day to day. Then MBG/NBD runs by the clock of the season, profile and
parameters are estimated together, and the histories of all models are in seasonal time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..time_units import DAYS_PER_YEAR
from .clock_likelihood import ClockTimes, TimesOf, clock_likelihood
from .covariate_calendar import Calendar
from .day_effects import DayCovariates, DayEffects
from .maximum_likelihood import HIGHEST, LOWEST, maximise, penalise
from .purchase_model import PurchaseModel
from .purchase_models.beta_geometric import ModifiedBetaGeoModel
from .recall import recall_fit
from .rfm import Array, Histories

_HARMONICS = 4
_PRIOR_DEVIATION = 0.3  # of a coefficient of season or cohort, a priori
_GRID_PER_DAY = 4
_COHORT_DAYS = 30  # as in the counts of daily purchases
_MOST_EFFECT = 3.0  # of a coefficient: factors of 20 on the rate


@dataclass(frozen=True)
class Season:
    """Relative rates of buying over the year: exp of harmonics, with mean 1; without coefficients there is no season.

    `calendar` are effects of single days beside it, such as those of promotions.

    In seasonal time buying is even: a day of the strong season lasts longer, and a model's expectation for a horizon
    is its expectation for the horizon's seasonal length.
    """

    coefficients: tuple[float, ...] = ()
    calendar: DayEffects | None = None

    @classmethod
    def learn(cls, daily: pd.DataFrame, purchases: PurchaseModel, cutoff: pd.Timestamp) -> "Season":
        """Estimate the profile from repeat purchases before the cutoff, against those expected without a season.

        `daily` has purchases per `cohort` and `day_number`, `first` and `repeat`. What `purchases`, fitted at the
        cutoff, expects of a cohort on a day follows from its first purchases. A Poisson regression separates
        season and cohort: customers of the first cohorts buy more often at any time of the year. Coefficients are
        shrunk towards 0. With less than a year of data there is no season.
        """
        today = np.floor(day_numbers(pd.Series([cutoff]))[0])  # the day of the cutoff is incomplete
        complete = daily[daily["day_number"] < today]
        days = np.ptp(complete["day_number"]) + 1 if len(complete) else 0
        if days < DAYS_PER_YEAR or not complete["repeat"].any():
            return cls()
        born, cohorts = pd.factorize(complete["cohort"], sort=True)
        place = (complete["day_number"] - complete["day_number"].min()).to_numpy()
        first, repeat = np.zeros((2, len(cohorts), days))
        first[born, place], repeat[born, place] = complete["first"], complete["repeat"]
        per_day = np.diff(purchases.new_customer_purchases(np.arange(days, dtype=float)), prepend=0.0)
        expected = np.array([np.convolve(births, per_day)[:days] for births in first])
        cohort, day = np.nonzero(expected > 0)
        design = np.hstack(
            [harmonics_of(complete["day_number"].min() + day.astype(float)), np.eye(len(cohorts))[cohort]]
        )
        coefficients = _regress(design, repeat[cohort, day], expected[cohort, day])
        return cls(tuple(map(float, coefficients[: 2 * _HARMONICS])))

    @classmethod
    def learn_jointly(
        cls, daily: pd.DataFrame, histories: Histories, cutoff: pd.Timestamp, calendars: Sequence[Calendar] = ()
    ) -> "Season":
        """Estimate the profile together with the parameters of MBG/NBD, whose purchases follow it.

        `histories` are those of the customers at the cutoff. A factor on the rate of each cohort is estimated
        too, since customers who were present when the log begins buy more often at any time of the year. When customers
        bought is in `daily`, as `learn` takes it: the likelihood needs only how many repeat purchases all of them made
        on each day. Coefficients are shrunk towards 0. With less than a year of data there is no season. The covariates
        of `calendars` are estimated too.
        """
        end = np.floor(day_numbers(pd.Series([cutoff]))[0]) - 1.0  # the last whole day
        seen = daily[daily["day_number"] <= end]
        days = np.ptp(seen["day_number"]) + 1 if len(seen) else 0
        covariates = DayCovariates.read(calendars, end) if calendars else None
        basis = _Basis(2 * _HARMONICS if days >= DAYS_PER_YEAR else 0, covariates)
        if not basis.columns or not histories.x.any() or not seen["repeat"].any():
            return cls()
        fitted, errors = _fit_clock(basis, seen, histories, end)
        seasonal, rest = fitted[: basis.harmonics], fitted[basis.harmonics :]
        effects = None if covariates is None else covariates.effects(rest, errors[basis.harmonics :])
        return cls(tuple(map(float, seasonal)), effects)

    @property
    def moves(self) -> bool:
        """Whether days differ."""
        return bool(self.coefficients) or self.calendar is not None

    def move(self, histories: Histories, start: Array) -> Histories:
        """Return histories in seasonal time; `start` are the day numbers of the cutoffs, (n,).

        Gaps between purchases are stretched as the time from the first to the last of them is.
        """
        end = np.floor(start) - 1.0
        first = self.clock(end - histories.T)
        last, until = (self.clock(end - histories.T + span) - first for span in (histories.t_x, histories.T))
        with np.errstate(divide="ignore", invalid="ignore"):
            stretch = np.where(histories.x > 0, histories.x * np.log(last / histories.t_x), 0.0)
        return replace(histories, t_x=last, T=until, log_gaps=histories.log_gaps + stretch)

    def clock(self, day: Array) -> Array:
        """Return seasonal time at day numbers (days since 1970-01-01).

        Without a calendar's effects a year has as many days as in the calendar.
        """
        if self.calendar is None:
            return self._yearly_clock(day)
        first, end = self.calendar.first_day, self.calendar.end_day
        edges = np.arange(first, end + 1.0)
        yearly = self._yearly_clock(edges)
        passed = yearly[0] + np.r_[0.0, np.cumsum(np.diff(yearly) * np.exp(self.calendar.by_day))]
        beyond = passed[-1] + (self._yearly_clock(day) - yearly[-1]) * np.exp(self.calendar.later)
        inside = np.interp(day, edges, passed)
        return np.where(day < first, self._yearly_clock(day), np.where(day < end, inside, beyond))

    def _yearly_clock(self, day: Array) -> Array:
        if not self.coefficients:
            return np.asarray(day, dtype=float)
        grid = np.linspace(0.0, DAYS_PER_YEAR, int(DAYS_PER_YEAR * _GRID_PER_DAY) + 1)
        rate = np.exp(harmonics_of(grid) @ np.array(self.coefficients))
        passed: Array = np.r_[0.0, np.cumsum((rate[1:] + rate[:-1]) / 2.0)]
        years, rest = np.divmod(day, DAYS_PER_YEAR)
        return np.asarray(years * DAYS_PER_YEAR + np.interp(rest, grid, passed * DAYS_PER_YEAR / passed[-1]))

    def length(self, start: Array, days: Array | float) -> Array:
        """Return the seasonal length of `days` from day numbers `start` (n,), in average days."""
        if not self.moves:
            return np.asarray(np.full(np.shape(start), 1.0) * days)
        return np.asarray(self.clock(start + days) - self.clock(start))


def day_numbers(moments: "pd.Series[pd.Timestamp]") -> Array:
    """Return days since 1970-01-01, with fractions, shape (n,)."""
    return np.asarray((moments - pd.Timestamp(0)) / pd.Timedelta(days=1), dtype=float)


@dataclass(frozen=True)
class _Basis:
    """The columns that move the clock of a day: harmonics, if any, then those of a calendar, if any."""

    harmonics: int
    covariates: DayCovariates | None

    @property
    def columns(self) -> int:
        return self.harmonics + (0 if self.covariates is None else self.covariates.z.shape[1])

    def of(self, days: Array) -> Array:
        parts = [harmonics_of(days)[:, : self.harmonics]]
        return np.hstack(parts if self.covariates is None else [*parts, self.covariates.of(days)])


def _fit_clock(basis: _Basis, seen: pd.DataFrame, histories: Histories, end: float) -> tuple[Array, Array]:
    """Return the coefficients of the columns and their standard errors.

    The parameters of MBG/NBD, and a factor on the rate of each cohort of new customers, are estimated with them.
    """
    spans = np.column_stack([histories.x, end - histories.T, end - histories.T + histories.t_x])
    whole = np.asarray(np.round(spans), dtype=float)
    rows, counts = np.unique(whole, axis=0, return_counts=True)
    cohorts, cohort = np.unique(rows[:, 1] // _COHORT_DAYS, return_inverse=True)
    share = histories.x.sum() / seen["repeat"].sum()  # `seen` has all customers, `histories` may have some
    bought = share * seen["repeat"].to_numpy(dtype=float) @ basis.of(seen["day_number"].to_numpy(dtype=float))
    of_cohorts = np.bincount(cohort, counts * rows[:, 0], len(cohorts))
    times = with_groups(times_by_day(basis.of, rows[:, 1], rows[:, 2], end), basis.columns, cohort)
    sums = np.r_[bought, of_cohorts]
    likelihood = clock_likelihood(rows[:, 0], counts.astype(float), times, sums, ModifiedBetaGeoModel.shift)
    n, k = float(len(histories)), len(sums)
    penalty = np.r_[np.zeros(4), np.full(k, 0.5 / (n * _PRIOR_DEVIATION**2))]
    plain = Histories(histories.x, histories.t_x, histories.T, histories.log_gaps)
    model = ModifiedBetaGeoModel().fit(plain)
    start = np.r_[model.point, np.zeros(k)]
    limits = np.r_[np.full(4, LOWEST), np.full(k, -_MOST_EFFECT)], np.r_[np.full(4, HIGHEST), np.full(k, _MOST_EFFECT)]
    names = [*ModifiedBetaGeoModel.parameter_names, *map(str, range(k))]
    climb = partial(maximise, penalise(likelihood, np.zeros(4 + k), penalty), [start], names, n, limits=limits)
    days = basis.of(np.arange(rows[:, 1].min(), end))
    optimum = recall_fit(
        model, {"clock": basis.columns}, [rows, counts.astype(float), sums, days], climb
    )  # of several models
    of_days = slice(4, 4 + basis.columns)
    return optimum.log_parameters[of_days], np.sqrt(np.maximum(np.diag(optimum.covariance)[of_days], 0.0))


def with_groups(times_of: TimesOf, columns: int, group: NDArray[np.intp]) -> TimesOf:
    """Return clocks that run faster or slower for groups, whose coefficients follow those of `times_of`.

    Parameters
    ----------
    times_of
        The clock of so many coefficients.
    columns
        Their number.
    group
        The place of each customer's group, (n,).
    """
    own = np.eye(group.max() + 1)[group]

    def scaled(time: Array, slope: Array, bend: Array, factor: Array) -> tuple[Array, Array, Array]:
        time, slope, bend = factor * time, factor[:, None] * slope, factor[:, None, None] * bend
        across = slope[:, :, None] * own[:, None, :]
        squares = time[:, None, None] * own[:, :, None] * own[:, None, :]
        below = np.concatenate([across.transpose(0, 2, 1), squares], axis=2)
        bends = np.concatenate([np.concatenate([bend, across], axis=2), below], axis=1)
        return time, np.hstack([slope, time[:, None] * own]), bends

    def times_of_groups(coefficients: Array) -> ClockTimes:
        times, factor = times_of(coefficients[:columns]), np.exp(coefficients[columns:][group])
        last = scaled(times.last, times.last_slope, times.last_bend, factor)
        end = scaled(times.end, times.end_slope, times.end_bend, factor)
        return ClockTimes(last[0], end[0], last[1], end[1], last[2], end[2])

    return times_of_groups


def times_by_day(columns: Callable[[Array], Array], first: Array, last: Array, end: float) -> TimesOf:
    """Return the clock of given coefficients at the last purchases and at the end, from days of first purchases on.

    Parameters
    ----------
    columns
        The columns that move the clock of each day, (days,) -> (days, columns).
    first, last
        The days of the first and the last purchases, (n,).
    end
        The last whole day before the cutoff.
    """
    begin = first.min()
    basis = columns(np.arange(begin, end))
    squares = basis[:, :, None] * basis[:, None, :]
    at_first, at_last, at_end = ((day - begin).astype(int) for day in (first, last, np.full(len(first), end)))

    def times_of(coefficients: Array) -> ClockTimes:
        rate = np.exp(basis @ coefficients)
        sums = [
            np.concatenate([np.zeros((1, *part.shape[1:])), np.cumsum(part, axis=0)])
            for part in (rate, rate[:, None] * basis, rate[:, None, None] * squares)
        ]
        passed = [[total[until] - total[at_first] for total in sums] for until in (at_last, at_end)]
        return ClockTimes(passed[0][0], passed[1][0], passed[0][1], passed[1][1], passed[0][2], passed[1][2])

    return times_of


def harmonics_of(day: Array) -> Array:
    """Return the sines and cosines of days, (days, 2 harmonics)."""
    angle = 2.0 * np.pi * np.asarray(day)[:, None] / DAYS_PER_YEAR * np.arange(1, _HARMONICS + 1)
    return np.hstack([np.sin(angle), np.cos(angle)])


def _regress(design: Array, actual: Array, expected: Array) -> Array:
    """Return the coefficients of log(actual / expected) by Poisson regression with a normal prior."""
    from sklearn.linear_model import PoissonRegressor

    strength = 1.0 / (actual.sum() * _PRIOR_DEVIATION**2)
    rate = actual / expected * (expected.sum() / actual.sum())
    model = PoissonRegressor(alpha=strength, solver="newton-cholesky", tol=1e-8)
    return np.asarray(model.fit(design, rate, sample_weight=expected).coef_)
