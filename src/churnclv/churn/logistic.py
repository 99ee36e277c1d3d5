"""Logistic regression as a churn model: the linear model that a boosted model has to beat on an order log."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from ..features.category_encoding import Encoding
from ..files import read_json, write_json
from .churn_models import LINEAR, Situation, churn_model
from .log_odds import BIAS, expit, log_odds_of

_SOLVER = "newton-cholesky"  # many rows, few columns: a handful of steps
_MOST_ROWS = 20_000  # of training, evenly spaced: enough for two hundred weights
_LARGEST = 1e12
_FARTHEST = 6.0  # standard deviations, at which outliers are clipped


@churn_model
class LogisticChurnModel:
    """L2-penalised logistic regression on standardised columns.

    Each number enters as it is and log-compressed, sign(v) log(1 + |v|). Missing values are replaced by the mean and
    flagged. Categories are one-hot encoded.
    """

    name = "logistic"
    family = LINEAR
    summary = "logistic regression with an L2 penalty; `churn.penalty_strengths` are tried in turn"

    def __init__(self, penalty_strength: float = 1.0) -> None:
        """Keep the L2 strength (scikit-learn's 1 / C)."""
        self.penalty_strength = penalty_strength
        self.encoding = Encoding((), {})
        self._means = self._scales = self._weights = np.zeros(0)
        self._fills = np.zeros(0)
        self._intercept = 0.0

    @classmethod
    def candidates(cls, situation: Situation) -> list[dict[str, Any]]:
        """Return the penalties that are tried in turn."""
        return [{"penalty_strength": float(strength)} for strength in situation.settings.penalty_strengths]

    @classmethod
    def make(cls, parameters: dict[str, Any], threads: int) -> "LogisticChurnModel":
        """Return an unfitted model with one of the candidates' parameters."""
        del threads
        return cls(**parameters)

    @property
    def features(self) -> list[str]:
        """Names of the training columns."""
        return list(self.encoding.columns)

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {"penalty_strength": self.penalty_strength}

    def fit(self, features: pd.DataFrame, churned: Array) -> "LogisticChurnModel":
        """Fit on features (n, k), null where undefined, and outcomes 0 or 1 (n,)."""
        from sklearn.linear_model import LogisticRegression

        step = max(1, len(features) // _MOST_ROWS)
        sample, outcomes = features.iloc[::step], churned[::step]
        self.encoding = Encoding.learn(sample)
        cells = self.encoding.apply(sample)
        finite = np.isfinite(cells)
        bounded = np.clip(np.where(finite, cells, 0.0), -_LARGEST, _LARGEST)
        self._fills = bounded.sum(axis=0) / np.maximum(finite.sum(axis=0), 1)
        derived, _ = self._derive(cells)
        self._means, spread = derived.mean(axis=0), derived.std(axis=0)
        self._scales = np.where(spread > np.abs(self._means) / _LARGEST, spread, np.inf)  # constant columns become 0
        if len(np.unique(outcomes)) < 2:  # noqa: PLR2004 # one class only
            self._weights, self._intercept = np.zeros(derived.shape[1]), float(log_odds_of(outcomes.mean()))
            return self
        model: Any = LogisticRegression(C=1.0 / self.penalty_strength, solver=_SOLVER, tol=1e-5)
        model.fit(self._standardise(derived), outcomes)
        self._weights, self._intercept = model.coef_[0], float(model.intercept_[0])
        return self

    def _derive(self, cells: Array) -> tuple[Array, list[int]]:
        """Return the derived columns, and for each the index of its feature."""
        columns, owners = [], []
        for place, name in enumerate(self.encoding.columns):
            cell = cells[:, place]
            missing = ~np.isfinite(cell)
            if name in self.encoding.categories:
                values = len(self.encoding.categories[name]) + 1
                parts = [(cell == value).astype(float) for value in range(values)]
            else:
                filled = np.clip(np.where(missing, self._fills[place], cell), -_LARGEST, _LARGEST)
                parts = [filled, np.sign(filled) * np.log1p(np.abs(filled))]
            parts.append(missing.astype(float))
            columns += parts
            owners += [place] * len(parts)
        return np.column_stack(columns), owners

    def _terms(self, features: pd.DataFrame) -> tuple[Array, list[int]]:
        derived, owners = self._derive(self.encoding.apply(features))
        return self._standardise(derived) * self._weights, owners

    def _standardise(self, derived: Array) -> Array:
        return np.clip((derived - self._means) / self._scales, -_FARTHEST, _FARTHEST)

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of churn before calibration, shape (n,)."""
        return np.asarray(self._terms(features)[0].sum(axis=1) + self._intercept)

    def predict(self, features: pd.DataFrame) -> Array:
        """Return uncalibrated probabilities of churn, shape (n,)."""
        return expit(self.log_odds(features))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the log-odds against its mean, and the bias, (n, k + 1)."""
        terms, owners = self._terms(features)
        added = np.zeros((len(features), len(self.features)))
        np.add.at(added.T, owners, terms.T)
        contributions = pd.DataFrame(added, columns=self.features, index=features.index)
        return contributions.assign(**{BIAS: self._intercept})

    def save(self, folder: Path) -> None:
        """Write everything as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        scales = np.where(np.isfinite(self._scales), self._scales, 0.0)  # JSON has no infinity
        arrays = {"fills": self._fills, "means": self._means, "scales": scales, "weights": self._weights}
        stored = {name: [float(value) for value in values] for name, values in arrays.items()}
        stored |= {"penalty_strength": self.penalty_strength, "intercept": self._intercept}  # type: ignore[dict-item] # numbers beside lists
        write_json(folder / "logistic.json", {**stored, "encoding": self.encoding.as_dict()})

    @classmethod
    def load(cls, folder: Path) -> "LogisticChurnModel":
        """Read what `save` wrote."""
        stored = read_json(folder / "logistic.json")
        model = cls(stored["penalty_strength"])
        model.encoding, model._intercept = Encoding.from_dict(stored["encoding"]), stored["intercept"]
        model._fills, model._means, scales, model._weights = (
            np.array(stored[name]) for name in ("fills", "means", "scales", "weights")
        )
        model._scales = np.where(scales == 0.0, np.inf, scales)
        return model
