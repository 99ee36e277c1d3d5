"""The probabilistic model's own chance of leaving, as a churn model: one column, put on the scale of what happened."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from ..files import read_json, write_json
from .log_odds import BIAS, expit, log_odds_of


class BtydChurnModel:
    """Platt's line through the log-odds of a chance that stands in a column (Platt 1999).

    The column is the chance of no purchase within the horizon, or of a contract's end, estimated on what lies before
    each row's cutoff; where it is missing the mean counts.
    """

    name = "btyd"

    def __init__(self, column: str) -> None:
        """Name the column that holds the chance."""
        self.column = column
        self.slope, self.intercept, self.mean = 1.0, 0.0, 0.0

    @property
    def features(self) -> list[str]:
        """The column."""
        return [self.column]

    def get_params(self) -> dict[str, Any]:
        """Return what was chosen before the fit."""
        return {"column": self.column}

    def fit(self, features: pd.DataFrame, churned: Array) -> "BtydChurnModel":
        """Fit the line on chances (n,) and outcomes 0 or 1 (n,); a falling line says nothing, and is left level."""
        from sklearn.linear_model import LogisticRegression

        self.slope, self.intercept = 1.0, 0.0
        said = log_odds_of(features[self.column].to_numpy(dtype=float))
        known = np.isfinite(said)
        self.mean = float(said[known].mean()) if known.any() else float(log_odds_of(churned.mean()))
        if len(np.unique(said[known])) < 2 or len(np.unique(churned[known])) < 2:  # noqa: PLR2004 # a line needs two points
            return self  # the chance is taken at its word
        line: Any = LogisticRegression(C=np.inf).fit(said[known].reshape(-1, 1), churned[known])
        self.slope, self.intercept = float(line.coef_[0, 0]), float(line.intercept_[0])
        if self.slope < 0:
            self.slope, self.intercept = 0.0, float(log_odds_of(churned.mean()))
        return self

    def _said(self, features: pd.DataFrame) -> Array:
        said = log_odds_of(features[self.column].to_numpy(dtype=float))
        return np.where(np.isfinite(said), said, self.mean)

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of churn before calibration, shape (n,)."""
        return self.slope * self._said(features) + self.intercept

    def predict(self, features: pd.DataFrame) -> Array:
        """Return probabilities of churn, shape (n,)."""
        return expit(self.log_odds(features))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what the chance adds to the log-odds against its mean, and the bias, (n, 2)."""
        added = self.slope * (self._said(features) - self.mean)
        bias = self.slope * self.mean + self.intercept
        return pd.DataFrame({self.column: added, BIAS: bias}, index=features.index)

    def save(self, folder: Path) -> None:
        """Write the line as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "btyd.json", vars(self))

    @classmethod
    def load(cls, folder: Path) -> "BtydChurnModel":
        """Read what `save` wrote."""
        stored = read_json(folder / "btyd.json")
        model = cls(stored["column"])
        model.slope, model.intercept, model.mean = stored["slope"], stored["intercept"], stored["mean"]
        return model
