"""Baselines of churn: what a model has to beat before anybody should trust it."""

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array

_BINS = 10


def base_rate(churned: Array, rows: int) -> Array:
    """Give everybody the share that churned in training."""
    return np.full(rows, float(churned.mean()))


def recency_rule(train: pd.DataFrame, churned: Array, valid: pd.DataFrame) -> Array:
    """Give everybody the training churn rate of their tenth of days since the last purchase (or age since it)."""
    silent, asked = _silent_days(train), _silent_days(valid)
    edges = np.unique(np.quantile(silent, np.linspace(0, 1, _BINS + 1)[1:-1]))
    groups, wanted = np.searchsorted(edges, silent), np.searchsorted(edges, asked)
    counts = np.bincount(groups, minlength=len(edges) + 1)
    sums = np.bincount(groups, weights=churned, minlength=len(edges) + 1)
    rates = np.where(counts > 0, sums / np.maximum(counts, 1), churned.mean())
    return np.asarray(rates[wanted])


def _silent_days(features: pd.DataFrame) -> Array:
    return np.asarray((features["age_days"] - features["last_purchase_age_days"]).to_numpy(dtype=float))
