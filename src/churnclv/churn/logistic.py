"""Logistic regression as a churn model: the linear model that a boosted model has to beat on an order log."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from ..features.linear_design import LinearDesign
from ..files import read_json, write_json
from .churn_models import LINEAR, Situation, churn_model
from .log_odds import BIAS, expit, log_odds_of

_SOLVER = "newton-cholesky"  # many rows, few columns: a handful of steps
_MOST_ROWS = 20_000  # of training, evenly spaced: enough for two hundred weights


@churn_model
class LogisticChurnModel:
    """L2-penalised logistic regression on the standardised columns of `features.linear_design`."""

    name = "logistic"
    family = LINEAR
    summary = "logistic regression with an L2 penalty; `churn.penalty_strengths` are tried in turn"

    def __init__(self, penalty_strength: float = 1.0) -> None:
        """Keep the L2 strength (scikit-learn's 1 / C)."""
        self.penalty_strength = penalty_strength
        self.design = LinearDesign()
        self._weights = np.zeros(0)
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
        return list(self.design.encoding.columns)

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {"penalty_strength": self.penalty_strength}

    def fit(self, features: pd.DataFrame, churned: Array) -> "LogisticChurnModel":
        """Fit on features (n, k), null where undefined, and outcomes 0 or 1 (n,)."""
        from sklearn.linear_model import LogisticRegression

        step = max(1, len(features) // _MOST_ROWS)
        sample, outcomes = features.iloc[::step], churned[::step]
        self.design = self.design.learn(sample)
        columns = self.design.apply(sample)
        if len(np.unique(outcomes)) < 2:  # noqa: PLR2004 # one class only
            self._weights, self._intercept = np.zeros(columns.shape[1]), float(log_odds_of(outcomes.mean()))
            return self
        model: Any = LogisticRegression(C=1.0 / self.penalty_strength, solver=_SOLVER, tol=1e-5)
        model.fit(columns, outcomes)
        self._weights, self._intercept = model.coef_[0], float(model.intercept_[0])
        return self

    def _terms(self, features: pd.DataFrame) -> tuple[Array, list[int]]:
        columns, owners = self.design.apply_with_owners(features)
        return columns * self._weights, owners

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
        stored = {"penalty_strength": self.penalty_strength, "intercept": self._intercept}
        weights = [float(value) for value in self._weights]
        write_json(folder / "logistic.json", {**stored, **self.design.as_dict(), "weights": weights})

    @classmethod
    def load(cls, folder: Path) -> "LogisticChurnModel":
        """Read what `save` wrote."""
        stored = read_json(folder / "logistic.json")
        model = cls(stored["penalty_strength"])
        model.design, model._intercept = model.design.from_dict(stored), stored["intercept"]
        model._weights = np.array(stored["weights"])
        return model
