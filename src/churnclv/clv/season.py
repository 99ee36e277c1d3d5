"""The season of a market: a yearly profile of buying, estimated before a cutoff, and time measured by it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..time_units import DAYS_PER_YEAR
from .purchase_model import PurchaseModel
from .rfm import Array

_HARMONICS = 4
_PRIOR_DEVIATION = 0.3  # of a coefficient of season or cohort, a priori
_GRID_PER_DAY = 4


@dataclass(frozen=True)
class Season:
    """Relative rates of buying over the year: exp of harmonics, with mean 1; without coefficients there is no season.

    In seasonal time buying is even: a day of the strong season lasts longer, and a model's expectation for a horizon
    is its expectation for the horizon's seasonal length.
    """

    coefficients: tuple[float, ...] = ()

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
        harmonics = _harmonics(complete["day_number"].min() + day.astype(float))
        design = np.hstack([harmonics, np.eye(len(cohorts))[cohort]])
        coefficients = _regress(design, repeat[cohort, day], expected[cohort, day])
        return cls(tuple(map(float, coefficients[: 2 * _HARMONICS])))

    def clock(self, day: Array) -> Array:
        """Return seasonal time at day numbers (days since 1970-01-01): in a year, as many days as in the calendar."""
        grid = np.linspace(0.0, DAYS_PER_YEAR, int(DAYS_PER_YEAR * _GRID_PER_DAY) + 1)
        rate = np.exp(_harmonics(grid) @ np.array(self.coefficients))
        passed: Array = np.r_[0.0, np.cumsum((rate[1:] + rate[:-1]) / 2.0)]
        years, rest = np.divmod(day, DAYS_PER_YEAR)
        return np.asarray(years * DAYS_PER_YEAR + np.interp(rest, grid, passed * DAYS_PER_YEAR / passed[-1]))

    def length(self, start: Array, days: Array | float) -> Array:
        """Return the seasonal length of `days` from day numbers `start` (n,), in average days."""
        if not self.coefficients:
            return np.asarray(np.full(np.shape(start), 1.0) * days)
        return np.asarray(self.clock(start + days) - self.clock(start))


def day_numbers(moments: "pd.Series[pd.Timestamp]") -> Array:
    """Return days since 1970-01-01, with fractions, shape (n,)."""
    return np.asarray((moments - pd.Timestamp(0)) / pd.Timedelta(days=1), dtype=float)


def _harmonics(day: Array) -> Array:
    angle = 2.0 * np.pi * np.asarray(day)[:, None] / DAYS_PER_YEAR * np.arange(1, _HARMONICS + 1)
    return np.hstack([np.sin(angle), np.cos(angle)])


def _regress(design: Array, actual: Array, expected: Array) -> Array:
    """Return the coefficients of log(actual / expected) by Poisson regression with a normal prior."""
    from sklearn.linear_model import PoissonRegressor

    strength = 1.0 / (actual.sum() * _PRIOR_DEVIATION**2)
    rate = actual / expected * (expected.sum() / actual.sum())
    model = PoissonRegressor(alpha=strength, solver="newton-cholesky", tol=1e-8)
    return np.asarray(model.fit(design, rate, sample_weight=expected).coef_)
