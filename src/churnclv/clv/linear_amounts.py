"""A penalised log-linear model of purchases or spend within a horizon.

A generalised linear model with a log link and the variance of a compound Poisson-gamma distribution (Joergensen 1987),
whose coefficients have an L2 penalty. Numbers enter log-compressed, so that the expectation is a product of powers of
them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..features.linear_design import LinearDesign
from ..files import read_json, write_json
from .boosted_amounts import Start
from .rfm import Array

_POWER = 1.5
_PENALTY = 0.01  # on the squared coefficients of standardised columns, per row
_MOST_ROWS = 20_000  # of training, evenly spaced: enough for two hundred coefficients
_FARTHEST = 5.0  # standard deviations at which outliers are clipped
_LEAST = 1e-3  # of an amount, where all are 0
_FILE = "linear.json"


class LinearAmount:
    """A log-linear model of one amount, 0 or more."""

    def __init__(self, penalty: float = _PENALTY) -> None:
        """Keep the penalty."""
        self.penalty = penalty
        self.design = LinearDesign(plain=False, farthest=_FARTHEST)
        self.coefficients, self.intercept, self.highest = np.zeros(0), 0.0, 0.0

    @property
    def features(self) -> list[str]:
        """Names of the training columns."""
        return list(self.design.encoding.columns)

    def fit(self, features: pd.DataFrame, amount: Array, start: Start | None = None) -> "LinearAmount":
        """Fit on features (n, k) and amounts (n,); a start is not used."""
        del start
        from sklearn.linear_model import TweedieRegressor

        step = max(1, len(features) // _MOST_ROWS)
        sample, positive = features.iloc[::step], np.maximum(amount[::step], 0.0)
        mean = float(positive.mean()) or _LEAST
        self.design = self.design.learn(sample)
        columns = self.design.apply(sample)
        self.coefficients, self.intercept = np.zeros(columns.shape[1]), 0.0
        if positive.any():
            model = TweedieRegressor(
                power=_POWER, alpha=self.penalty, link="log", solver="newton-cholesky", max_iter=100, tol=1e-5
            ).fit(columns, positive / mean)
            self.coefficients, self.intercept = np.asarray(model.coef_, dtype=float), float(model.intercept_)
        logs = columns @ self.coefficients
        self.highest = float(logs.max(initial=0.0))  # beyond the training rows powers are not extrapolated
        self.intercept += float(np.log(mean))
        return self

    def predict(self, features: pd.DataFrame, start: Start | None = None) -> Array:
        """Return expected amounts, shape (n,); a start is not used."""
        del start
        # row by row: a product of matrices rounds by the number of rows
        logs = (self.design.apply(features) * self.coefficients).sum(axis=1)
        return np.asarray(np.exp(np.minimum(logs, self.highest) + self.intercept))

    def save(self, folder: Path) -> None:
        """Write everything as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        numbers = {"penalty": self.penalty, "intercept": self.intercept, "highest": self.highest}
        stored = {"design": self.design.as_dict(), "coefficients": self.coefficients.tolist(), **numbers}
        write_json(folder / _FILE, stored)

    def load(self, folder: Path) -> "LinearAmount":
        """Read what `save` wrote.

        Raises:
            InputError: an earlier version wrote it, whose columns had other scales.
        """
        stored = read_json(folder / _FILE)
        if "design" not in stored:
            raise InputError(f"{folder / _FILE} is of an earlier version.", remedy="export it again.")
        self.design = self.design.from_dict(stored.pop("design"))
        self.coefficients = np.array(stored.pop("coefficients"))
        for name, value in stored.items():
            setattr(self, name, value)
        return self
