"""Regressions that learners of effects are made of: penalised linear models and gradient-boosted trees.

Both take outcomes of 0 and 1 or amounts, weights of rows, and the treatment as one more input, and need no choice of
parameters: the ridge penalty minimises the leave-one-out error, the trees are small.
"""

from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import pandas as pd

from ..churn.log_odds import expit, log_odds_of
from ..evaluation.metrics import Array
from ..features.category_encoding import Encoding
from ..features.linear_design import LinearDesign
from ..files import read_json, write_json

LINEAR, BOOSTED = "linear", "boosted"
_MOST_ROWS = 200_000  # of a linear fit, evenly spaced
_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)  # on standardised columns, against the sum over rows
_LOGISTIC_PENALTY = 10.0
_ROUNDS = 100
_TREES: dict[str, Any] = {
    "max_depth": 3, "learning_rate": 0.05, "min_child_weight": 10.0, "reg_lambda": 10.0,
    "tree_method": "hist", "verbosity": 0,
}  # fmt: skip


class Regression(Protocol):
    """Interface of a regression of a target (n,) on features (n, k), null where undefined."""

    def fit(
        self, features: pd.DataFrame, target: Array, weights: Array | None = None, treated: Array | None = None
    ) -> Self:
        """Fit; `weights` of rows and `treated`, 0 or 1, are of shape (n,)."""

    def predict(self, features: pd.DataFrame, treated: float | None = None) -> Array:
        """Return the expected target, shape (n,); `treated` is the treatment of all, where the fit had it."""

    def save(self, folder: Path) -> None:
        """Write the regression without pickle."""


class LinearRegression:
    """Ridge regression, or logistic regression with an L2 penalty for a binary target.

    With the treatment as an input, it also enters multiplied by every column, so that its effect can differ.

    Parameters
    ----------
    binary
        Whether the target is 0 or 1.
    seed, threads
        Are not used: the fit is exact.
    """

    family: ClassVar[str] = LINEAR

    def __init__(self, *, binary: bool, seed: int = 0, threads: int = 1) -> None:
        """Keep the kind of target."""
        del seed, threads
        self.binary = binary
        self.design = LinearDesign()
        self._coefficients, self._intercept = np.zeros(0), 0.0

    def fit(
        self, features: pd.DataFrame, target: Array, weights: Array | None = None, treated: Array | None = None
    ) -> Self:
        """Fit on at most 200,000 evenly spaced rows."""
        step = max(1, len(features) // _MOST_ROWS)
        sample, wanted = features.iloc[::step], np.asarray(target, dtype=float)[::step]
        counted = None if weights is None else weights[::step]
        self.design = self.design.learn(sample)
        columns = _interact(self.design.apply(sample), None if treated is None else treated[::step])
        if len(np.unique(wanted)) == 1:
            self._coefficients = np.zeros(columns.shape[1])
            self._intercept = float(log_odds_of(wanted[:1])[0]) if self.binary else float(wanted[0])
            return self
        model = _logistic() if self.binary else _ridge(len(wanted))
        model.fit(columns, wanted, sample_weight=counted)
        self._coefficients = np.asarray(model.coef_, dtype=float).reshape(-1)
        self._intercept = float(np.ravel(model.intercept_)[0])
        return self

    def predict(self, features: pd.DataFrame, treated: float | None = None) -> Array:
        """Return the expected target, shape (n,)."""
        columns = self.design.apply(features)
        given = None if treated is None else np.full(len(features), treated)
        value = (_interact(columns, given) * self._coefficients).sum(axis=1) + self._intercept
        return expit(value) if self.binary else np.asarray(value)

    def save(self, folder: Path) -> None:
        """Write everything as JSON."""
        fitted = {"coefficients": self._coefficients.tolist(), "intercept": self._intercept, "binary": self.binary}
        write_json(folder / "linear.json", {**fitted, **self.design.as_dict()})

    @classmethod
    def load(cls, folder: Path) -> "LinearRegression":
        """Read what `save` wrote."""
        stored = read_json(folder / "linear.json")
        model = cls(binary=stored["binary"])
        model.design = model.design.from_dict(stored)
        model._coefficients, model._intercept = np.array(stored["coefficients"]), stored["intercept"]
        return model


def _interact(columns: Array, treated: Array | None) -> Array:
    """Return the columns, and with a treatment its sign and the columns times its sign."""
    if treated is None:
        return columns
    sign = (2.0 * treated - 1.0)[:, None]
    return np.hstack([columns, sign, columns * sign])


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1.0 / _LOGISTIC_PENALTY, solver="newton-cholesky", tol=1e-5)


def _ridge(rows: int) -> Any:
    from sklearn.linear_model import Ridge, RidgeCV

    return RidgeCV(_PENALTIES) if rows > 2 else Ridge(1.0)  # noqa: PLR2004 # leaving one out of two says nothing


class BoostedRegression:
    """Gradient-boosted trees of depth three for the squared error, or for the log-loss of a binary target.

    Parameters
    ----------
    binary
        Whether the target is 0 or 1.
    seed
        Of XGBoost.
    threads
        Of XGBoost, 0 = all.
    """

    family: ClassVar[str] = BOOSTED

    def __init__(self, *, binary: bool, seed: int = 0, threads: int = 1) -> None:
        """Keep the kind of target, seed and threads."""
        self.binary, self.seed, self.threads = binary, seed, threads
        self.encoding = Encoding((), {})
        self._booster: Any = None
        self._scale = 1.0

    def fit(
        self, features: pd.DataFrame, target: Array, weights: Array | None = None, treated: Array | None = None
    ) -> Self:
        """Fit; amounts are standardised, so that the penalties mean the same in any currency."""
        import xgboost

        self.encoding = Encoding.learn(features, fills_missing=True)
        self._scale = 1.0 if self.binary else float(np.std(target)) or 1.0
        wanted = np.asarray(target, dtype=float) / self._scale
        base = float(np.average(wanted, weights=weights))
        start = float(np.clip(base, 1e-6, 1.0 - 1e-6)) if self.binary else base
        objective = "binary:logistic" if self.binary else "reg:squarederror"
        chosen = {**_TREES, "objective": objective, "base_score": start, "seed": self.seed, "nthread": self.threads}
        average = None if weights is None else np.asarray(weights) / (float(np.mean(weights)) or 1.0)
        matrix = xgboost.QuantileDMatrix(
            self._cells(features, treated), label=wanted, weight=average, nthread=self.threads, **self._kinds(treated)
        )
        self._booster = xgboost.train(chosen, matrix, _ROUNDS)
        return self

    def predict(self, features: pd.DataFrame, treated: float | None = None) -> Array:
        """Return the expected target, shape (n,)."""
        import xgboost

        given = None if treated is None else np.full(len(features), treated)
        cells = self._cells(features, given)
        matrix = xgboost.DMatrix(cells, nthread=self.threads, **self._kinds(given))
        return np.asarray(self._booster.predict(matrix), dtype=float).reshape(len(features)) * self._scale

    def _cells(self, features: pd.DataFrame, treated: Array | None) -> Array:
        cells = self.encoding.tree_cells(features)
        return cells if treated is None else np.column_stack([cells, treated])

    def _kinds(self, treated: Array | None) -> dict[str, Any]:
        kinds = self.encoding.kinds if treated is None else [*self.encoding.kinds, "q"]
        return {"feature_types": kinds, "enable_categorical": True}

    def save(self, folder: Path) -> None:
        """Write the booster in XGBoost's format and the rest as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        self._booster.save_model(folder / "booster.ubj")
        chosen = {"binary": self.binary, "seed": self.seed, "scale": self._scale}
        write_json(folder / "boosted.json", {**chosen, "encoding": self.encoding.as_dict()})

    @classmethod
    def load(cls, folder: Path) -> "BoostedRegression":
        """Read what `save` wrote."""
        import xgboost

        stored = read_json(folder / "boosted.json")
        model = cls(binary=stored["binary"], seed=stored["seed"])
        model.encoding, model._scale = Encoding.from_dict(stored["encoding"]), stored["scale"]
        model._booster = xgboost.Booster(model_file=folder / "booster.ubj")
        return model


FAMILIES: dict[str, Any] = {LINEAR: LinearRegression, BOOSTED: BoostedRegression}


def is_binary(target: Array) -> bool:
    """Return whether all values of a target are 0 or 1."""
    return bool(np.isin(target, (0.0, 1.0)).all())
