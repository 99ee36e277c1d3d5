"""Baselines of purchases and spend that every model has to beat."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .formulas import Array
from .purchases import letters
from .spend import MEAN_SPEND


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
    """Expect everybody to go on as before: repeat purchases and their spend, per day of age, times `days`."""
    x, _, age = letters(history)
    purchases = np.where(age > 0, x / np.maximum(age, 1.0), 0.0) * days
    return Expectation(purchases, purchases * history[MEAN_SPEND].to_numpy(dtype=float))
