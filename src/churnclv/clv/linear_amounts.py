"""A penalised log-linear model of purchases or spend within a horizon.

A generalised linear model with a log link and the variance of a compound Poisson-gamma distribution (Joergensen 1987),
whose coefficients have an L2 penalty. Numbers enter log-compressed, so that the expectation is a product of powers of
them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ..features.category_encoding import Encoding
from ..files import read_json, write_json
from .boosted_amounts import Start
from .rfm import Array

_POWER = 1.5
_PENALTY = 0.01  # on the squared coefficients of standardised columns, per row
_MOST_ROWS = 20_000  # of training, evenly spaced: enough for two hundred coefficients
_LARGEST, _FARTHEST = 1e12, 5.0  # of a number; standard deviations at which outliers are clipped
_LEAST = 1e-3  # of an amount, where all are 0
_LEAST_SPREAD = 1e-9
_FILE = "linear.json"


class LinearAmount:
    """A log-linear model of one amount, 0 or more."""

    def __init__(self, penalty: float = _PENALTY) -> None:
        """Keep the penalty."""
        self.penalty = penalty
        self.encoding = Encoding((), {})
        self.fills = self.means = self.scales = self.coefficients = np.zeros(0)
        self.intercept, self.highest = 0.0, 0.0

    @property
    def features(self) -> list[str]:
        """Names of the training columns."""
        return list(self.encoding.columns)

    def fit(self, features: pd.DataFrame, amount: Array, start: Start | None = None) -> "LinearAmount":
        """Fit on features (n, k) and amounts (n,); a start is not used."""
        del start
        from sklearn.linear_model import TweedieRegressor

        step = max(1, len(features) // _MOST_ROWS)
        sample, positive = features.iloc[::step], np.maximum(amount[::step], 0.0)
        mean = float(positive.mean()) or _LEAST
        self.encoding = Encoding.learn(sample)
        cells = self.encoding.apply(sample)
        finite = np.isfinite(cells)
        self.fills = np.where(finite, cells, 0.0).sum(axis=0) / np.maximum(finite.sum(axis=0), 1)
        design = self._design(cells)
        self.means, spread = design.mean(axis=0), design.std(axis=0)
        varies = spread > _LEAST_SPREAD
        self.scales = np.where(varies, 1.0 / np.where(varies, spread, 1.0), 0.0)  # constant columns become 0
        self.coefficients, self.intercept = np.zeros(design.shape[1]), 0.0
        if positive.any():
            model = TweedieRegressor(
                power=_POWER, alpha=self.penalty, link="log", solver="newton-cholesky", max_iter=100, tol=1e-5
            ).fit(self._standardised(design), positive / mean)
            self.coefficients, self.intercept = np.asarray(model.coef_, dtype=float), float(model.intercept_)
        logs = self._standardised(design) @ self.coefficients
        self.highest = float(logs.max(initial=0.0))  # beyond the training rows powers are not extrapolated
        self.intercept += float(np.log(mean))
        return self

    def predict(self, features: pd.DataFrame, start: Start | None = None) -> Array:
        """Return expected amounts, shape (n,); a start is not used."""
        del start
        logs = self._standardised(self._design(self.encoding.apply(features))) @ self.coefficients
        return np.asarray(np.exp(np.minimum(logs, self.highest) + self.intercept))

    def _design(self, cells: Array) -> Array:
        """Return log-compressed numbers, one column per category, and a flag of missing cells per column."""
        missing = ~np.isfinite(cells)
        columns = []
        for place, name in enumerate(self.encoding.columns):
            if name in self.encoding.categories:
                values = len(self.encoding.categories[name]) + 1
                columns += [(cells[:, place] == value).astype(float) for value in range(values)]
            else:
                filled = np.clip(np.where(missing[:, place], self.fills[place], cells[:, place]), -_LARGEST, _LARGEST)
                columns.append(np.sign(filled) * np.log1p(np.abs(filled)))
            columns.append(missing[:, place].astype(float))
        return np.column_stack(columns)

    def _standardised(self, design: Array) -> Array:
        return np.clip((design - self.means) * self.scales, -_FARTHEST, _FARTHEST)

    def save(self, folder: Path) -> None:
        """Write everything as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(self, name).tolist() for name in ("fills", "means", "scales", "coefficients")}
        numbers = {"penalty": self.penalty, "intercept": self.intercept, "highest": self.highest}
        write_json(folder / _FILE, {**arrays, **numbers, "encoding": self.encoding.as_dict()})

    def load(self, folder: Path) -> "LinearAmount":
        """Read what `save` wrote."""
        stored = read_json(folder / _FILE)
        self.encoding = Encoding.from_dict(stored.pop("encoding"))
        for name, value in stored.items():
            setattr(self, name, np.array(value) if isinstance(value, list) else value)
        return self
