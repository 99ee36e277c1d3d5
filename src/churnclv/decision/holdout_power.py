"""Power of a hold-out: how many customers have to be left alone to see what a campaign changes.

The difference of two independent means with given variances is normal (Cohen 1988, Statistical power analysis for the
behavioral sciences, chapter 6). The variances are those that are left after the adjustment by the churn score: with a
calibrated score p, a customer's outcome has the variance p (1 - p), and what p explains counts no more (Deng, Xu,
Kohavi, Walker 2013).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..evaluation.metrics import Array

_NORMAL = NormalDist()
_SHARE_OF_PROMISE = 0.5  # of the expected effect, which is to be seen: acceptance is assumed, and may be lower


@dataclass(frozen=True)
class ExpectedContrast:
    """What is expected to differ between treated and held out.

    Attributes
    ----------
    effect
        The fall of the churn rate, as a share of customers.
    variance_treated, variance_held_out
        Of a customer's outcome in each group, after adjustment.
    significance
        The error of the first kind, two-sided, such as 0.05.
    power
        The wanted probability of an interval that leaves out zero, such as 0.8.
    """

    effect: float
    variance_treated: float
    variance_held_out: float
    significance: float = 0.05
    power: float = 0.8

    @classmethod
    def of_scores(
        cls, churn_score: Array, change: Array, effect: float | None, significance: float, power: float
    ) -> "ExpectedContrast":
        """Return the contrast of customers with churn scores (n,), whose chance of staying a contact changes by (n,).

        `effect` is the smallest fall of the churn rate that is to be seen; None = half of the mean change.
        """
        leaving = np.asarray(churn_score, dtype=float)
        kept = np.clip(leaving - change, 0.0, 1.0)
        wanted = _SHARE_OF_PROMISE * float(np.mean(change)) if effect is None else effect
        return cls(
            wanted, float((kept * (1.0 - kept)).mean()), float((leaving * (1.0 - leaving)).mean()), significance, power
        )

    def error(self, treated: Array | float, held_out: Array | float) -> Array:
        """Return the standard error of the difference for some sizes of the groups."""
        return np.asarray(np.sqrt(self.variance_treated / treated + self.variance_held_out / held_out))

    def power_at(self, treated: Array | float, held_out: Array | float) -> Array:
        """Return the probability that a 1 - significance interval leaves out zero, for some sizes of the groups."""
        from scipy.special import ndtr

        error = np.maximum(self.error(treated, held_out), 1e-300)
        ratio, threshold = self.effect / error, _NORMAL.inv_cdf(1.0 - self.significance / 2.0)
        return np.asarray(ndtr(ratio - threshold) + ndtr(-ratio - threshold))

    def detectable(self, treated: float, held_out: float) -> float:
        """Return the smallest effect that groups of these sizes show with the wanted power."""
        return self._deviations * float(self.error(treated, held_out))

    def least_holdout(self, customers: int) -> int | None:
        """Return the smallest hold-out of a number of customers with the wanted power; None where half is too few."""
        sizes = np.arange(1, customers // 2 + 1, dtype=float)
        enough = self.power_at(customers - sizes, sizes) >= self.power
        return int(sizes[enough][0]) if enough.any() else None

    def least_customers(self) -> int:
        """Return how many customers, half of them held out, have the wanted power."""
        if self.effect <= 0.0:
            return 0
        spread = self.variance_treated + self.variance_held_out
        return 2 * int(np.ceil(spread * (self._deviations / self.effect) ** 2))

    @property
    def _deviations(self) -> float:
        return _NORMAL.inv_cdf(1.0 - self.significance / 2.0) + _NORMAL.inv_cdf(self.power)
