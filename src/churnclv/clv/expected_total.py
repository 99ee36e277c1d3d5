"""What is expected of customers until any day: a purchase model's expectation, corrected by what other models know."""

from dataclasses import dataclass

import numpy as np

from .purchase_model import PurchaseModel
from .rfm import Array, Histories
from .season import Season


@dataclass(frozen=True)
class ExpectedTotal:
    """Expected purchases or spend of rows: the BTYD model's expectation, times a correction, times the share kept."""

    purchases: PurchaseModel
    season: Season
    starts: Array  # day numbers of the cutoffs
    histories: Histories
    each: Array
    correction: Array | float = 1.0
    least_per_day: float = 0.0
    kept: Array | float = 1.0

    def until(self, days: float) -> Array:
        """Return what is expected within `days` from the cutoff, (n,)."""
        if days <= 0:
            return np.zeros(len(self.starts))
        purchases = self.purchases.expected_purchases(self.histories, self.season.length(self.starts, days))
        ordered = np.maximum(purchases * self.each, self.least_per_day * days) * self.correction
        return np.asarray(ordered * self.kept)

    def between(self, start_days: float, days: float) -> Array:
        """Return what is expected between two numbers of days after the cutoff, (n,)."""
        return self.until(days) - self.until(start_days) if start_days > 0 else self.until(days)
