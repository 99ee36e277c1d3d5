"""Churn baselines that a model has to beat."""

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array

_BINS = 10


def base_rate(churned: Array, rows: int) -> Array:
    """Predict the training churn rate for every row."""
    return np.full(rows, float(churned.mean()))


def recency_rule(train: pd.DataFrame, churned: Array, valid: pd.DataFrame) -> Array:
    """Predict the training churn rate of each row's decile of days since the last purchase."""
    train_days, valid_days = _days_since_purchase(train), _days_since_purchase(valid)
    edges = np.unique(np.quantile(train_days, np.linspace(0, 1, _BINS + 1)[1:-1]))
    groups, valid_groups = np.searchsorted(edges, train_days), np.searchsorted(edges, valid_days)
    counts = np.bincount(groups, minlength=len(edges) + 1)
    sums = np.bincount(groups, weights=churned, minlength=len(edges) + 1)
    rates = np.where(counts > 0, sums / np.maximum(counts, 1), churned.mean())
    return np.asarray(rates[valid_groups])


def _days_since_purchase(features: pd.DataFrame) -> Array:
    return np.asarray((features["age_days"] - features["last_purchase_age_days"]).to_numpy(dtype=float))
