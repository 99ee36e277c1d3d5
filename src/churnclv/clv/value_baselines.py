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
    """Expect no purchases of anybody."""
    return Expectation(np.zeros(len(history)), np.zeros(len(history)))


def predict_mean(history: pd.DataFrame, labels: pd.DataFrame) -> Expectation:
    """Expect of everybody the mean of the training labels."""
    everyone = np.ones(len(history))
    return Expectation(everyone * float(labels["purchases"].mean()), everyone * float(labels["spend"].mean()))


def predict_past_rate(history: pd.DataFrame, days: float) -> Expectation:
    """Expect the past rate to continue: repeat purchases, and the spend kept, per day of age, times `days`."""
    histories = read_histories(history)
    purchases = np.where(histories.T > 0, histories.x / np.maximum(histories.T, 1.0), 0.0) * days
    spend = purchases * history[MEAN_SPEND].to_numpy(dtype=float)
    return Expectation(purchases, spend * (1.0 - returned_share(history)))
