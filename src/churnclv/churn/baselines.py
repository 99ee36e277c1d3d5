"""Baselines of churn: what a model has to beat before anybody should trust it."""

from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array

RECENCY = "days_since_last_purchase"
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


class LogisticChurnModel:
    """Logistic regression on standardised, log-compressed features; undefined values take the mean, and are flagged."""

    def __init__(self, penalty_strength: float = 1.0) -> None:
        """Keep the L2 strength (scikit-learn's 1 / C)."""
        self.penalty_strength = penalty_strength
        self._model: Any = None

    def fit(self, features: pd.DataFrame, churned: Array) -> "LogisticChurnModel":
        """Fit on features (n, k) and outcomes 0 or 1 (n,)."""
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, StandardScaler

        self._model = make_pipeline(
            FunctionTransformer(_compress),
            SimpleImputer(add_indicator=True, keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(C=1.0 / self.penalty_strength, max_iter=500, tol=1e-3),
        )
        self._model.fit(features.to_numpy(dtype=float), churned)
        return self

    def predict(self, features: pd.DataFrame) -> Array:
        """Return probabilities of churn, shape (n,)."""
        return np.asarray(self._model.predict_proba(features.to_numpy(dtype=float))[:, 1])


def _compress(values: Array) -> Array:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))
