"""Baselines of purchases and spend that every model has to beat."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .refund_model import returned_share
from .rfm import MEAN_SPEND, Array, read_histories


@dataclass(frozen=True)
class Expectation:
    """Expected purchases (counts) and spend (currency) within the horizon, each of shape (n,)."""

    purchases: Array
    spend: Array


def predict_zero(history: pd.DataFrame) -> Expectation:
    """Expect nothing of anybody."""
    return Expectation(np.zeros(len(history)), np.zeros(len(history)))


def predict_mean(history: pd.DataFrame, known: pd.DataFrame) -> Expectation:
    """Expect of everybody the mean of the labels known by then."""
    everyone = np.ones(len(history))
    return Expectation(everyone * float(known["purchases"].mean()), everyone * float(known["spend"].mean()))


def predict_past_rate(history: pd.DataFrame, days: float) -> Expectation:
    """Expect everybody to go on as before: repeat purchases and what was kept of them, per day of age, times `days`."""
    seen = read_histories(history)
    purchases = np.where(seen.T > 0, seen.x / np.maximum(seen.T, 1.0), 0.0) * days
    spend = purchases * history[MEAN_SPEND].to_numpy(dtype=float)
    return Expectation(purchases, spend * (1.0 - returned_share(history)))
