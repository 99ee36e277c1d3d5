"""Log-odds: the scale of all churn models' predictions, on which the contributions of features add up."""

from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from ..evaluation.reliability import logit

BIAS = "(bias)"  # the column of contributions that belongs to no feature


class LogOddsModel(Protocol):
    """Interface of every churn model. Features are (n, k) with null where undefined, outcomes 0 or 1 (n,)."""

    name: str

    @property
    def features(self) -> list[str]:
        """Names of the training columns."""

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""

    def fit(self, features: pd.DataFrame, churned: Array) -> Self:
        """Fit the model."""

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of churn before calibration, shape (n,)."""

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the log-odds, and the bias: columns that add up to the log-odds."""

    def save(self, folder: Path) -> None:
        """Write the model without pickle."""


def expit(log_odds: Array) -> Array:
    """Return probabilities from log-odds."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)))


def log_odds_of(probabilities: Array) -> Array:
    """Return log-odds from probabilities, which are clipped to a millionth from 0 and 1."""
    return logit(np.asarray(probabilities, dtype=float))
