"""Reliability: do 80% of the customers with a score of 0.8 leave?"""

from typing import Any

import numpy as np

from .metrics import Array

_TINY = 1e-6


def reliability_bins(truth: Array, predicted: Array, bins: int = 10) -> Array:
    """Return (mean predicted, observed share, rows) for bins of about equal size: shape (bins, 3)."""
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return np.array([[predicted[part].mean(), truth[part].mean(), len(part)] for part in parts])


def expected_calibration_error(truth: Array, predicted: Array, bins: int = 10) -> float:
    """Return the mean distance between predicted and observed shares over bins of equal size."""
    table = reliability_bins(truth, predicted, bins)
    return float(np.average(np.abs(table[:, 0] - table[:, 1]), weights=table[:, 2]))


def calibration_line(truth: Array, predicted: Array) -> tuple[float, float]:
    """Return slope and intercept of the logistic regression of the outcome on the score's logit (ideal: 1 and 0)."""
    return platt_line(truth, logit(predicted))


def platt_line(truth: Array, log_odds: Array) -> tuple[float, float]:
    """Return slope and intercept of the logistic regression of the outcome on log-odds (Platt 1999), each (n,).

    Both are NaN where the outcomes or the log-odds are all the same: a line needs two points.
    """
    if len(np.unique(truth)) < 2 or len(np.unique(log_odds)) < 2:  # noqa: PLR2004 # two points
        return float("nan"), float("nan")
    from sklearn.linear_model import LogisticRegression

    line: Any = LogisticRegression(C=np.inf).fit(log_odds.reshape(-1, 1), truth)
    return float(line.coef_[0, 0]), float(line.intercept_[0])


def logit(probability: Array) -> Array:
    """Return log(p / (1 - p)), with p kept a millionth away from 0 and 1."""
    sure = np.clip(probability, _TINY, 1.0 - _TINY)
    return np.asarray(np.log(sure) - np.log1p(-sure))
