"""Segments: the ten names of the recency-frequency grid in common use."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation.metrics import Array

# (recency scores, frequency scores, name); both from 1 (low) to 5 (high). Together they cover all 25 cells.
GRID = (
    ((5, 5), (4, 5), "Champions"),
    ((3, 4), (4, 5), "Loyal"),
    ((4, 5), (2, 3), "Potential Loyalist"),
    ((5, 5), (1, 1), "New"),
    ((4, 4), (1, 1), "Promising"),
    ((3, 3), (3, 3), "Need Attention"),
    ((3, 3), (1, 2), "About to Sleep"),
    ((1, 2), (3, 4), "At Risk"),
    ((1, 2), (5, 5), "Can't Lose"),
    ((1, 2), (1, 2), "Hibernating"),
)
_SHARES = (0.2, 0.4, 0.6, 0.8)


def segment_names() -> NDArray[np.str_]:
    """Return the names as a table (5, 5), by recency score - 1 and frequency score - 1."""
    table = np.full((5, 5), "", dtype="<U20")
    for (r_low, r_high), (f_low, f_high), name in GRID:
        table[r_low - 1 : r_high, f_low - 1 : f_high] = name
    return table


@dataclass(frozen=True)
class Segmentation:
    """The thresholds that give a customer a score from 1 to 5 for recency and frequency.

    They are computed once and stored, so that later customers are placed on the same grid.
    """

    silent_days: list[float]
    purchases: list[float]

    @classmethod
    def learn(cls, history: pd.DataFrame) -> "Segmentation":
        """Take the quintiles of silent days and of purchases; equal values always get equal scores."""
        silent, purchases = _measures(history)
        return cls(
            [float(v) for v in np.quantile(silent, _SHARES)],
            [float(v) for v in np.quantile(purchases, _SHARES)],
        )

    def predict(self, history: pd.DataFrame) -> NDArray[np.str_]:
        """Return each customer's segment name, shape (n,)."""
        silent, purchases = _measures(history)
        recency = 5 - np.searchsorted(self.silent_days, silent, side="left")
        frequency = 1 + np.searchsorted(self.purchases, purchases, side="left")
        return np.asarray(segment_names()[recency - 1, frequency - 1])


def _measures(history: pd.DataFrame) -> tuple[Array, Array]:
    silent = (history["age_days"] - history["last_purchase_age_days"]).to_numpy(dtype=float)
    return silent, (history["repeat_purchases"] + 1).to_numpy(dtype=float)
