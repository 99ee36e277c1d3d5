"""The churn probability of a BTYD or contract model as a churn model: one column, recalibrated by Platt scaling."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from ..evaluation.reliability import platt_line
from ..files import read_json, write_json
from .churn_models import PROBABILISTIC, Situation, churn_model
from .log_odds import BIAS, expit, log_odds_of


@churn_model
class BtydChurnModel:
    """Platt scaling of the probability in one column: a line through its log-odds (Platt 1999).

    The column is the probability of no purchase within the horizon, or of a contract's end, estimated on data before
    each row's cutoff. A missing value is replaced by the mean.
    """

    name = "btyd"
    family = PROBABILISTIC
    summary = "the probability of the BTYD or contract model that values customers, recalibrated by a line"

    def __init__(self, column: str) -> None:
        """Keep the name of the column that holds the probability."""
        self.column = column
        self.slope, self.intercept, self.mean = 1.0, 0.0, 0.0

    @classmethod
    def candidates(cls, situation: Situation) -> list[dict[str, Any]]:
        """Return the column, where there is one."""
        return [] if situation.column is None else [{"column": situation.column}]

    @classmethod
    def make(cls, parameters: dict[str, Any], threads: int) -> "BtydChurnModel":
        """Return an unfitted model with one of the candidates' parameters."""
        del threads
        return cls(**parameters)

    @property
    def features(self) -> list[str]:
        """Name of the column."""
        return [self.column]

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {"column": self.column}

    def fit(self, features: pd.DataFrame, churned: Array) -> "BtydChurnModel":
        """Fit the line on probabilities (n,) and outcomes 0 or 1 (n,); a negative slope is set to 0."""
        self.slope, self.intercept = 1.0, 0.0
        log_odds = log_odds_of(features[self.column].to_numpy(dtype=float))
        finite = np.isfinite(log_odds)
        self.mean = float(log_odds[finite].mean()) if finite.any() else float(log_odds_of(churned.mean()))
        slope, intercept = platt_line(churned[finite], log_odds[finite])
        if np.isnan(slope):
            return self  # the probability is used unchanged
        self.slope, self.intercept = slope, intercept
        if self.slope < 0:
            self.slope, self.intercept = 0.0, float(log_odds_of(churned.mean()))
        return self

    def _column_log_odds(self, features: pd.DataFrame) -> Array:
        log_odds = log_odds_of(features[self.column].to_numpy(dtype=float))
        return np.where(np.isfinite(log_odds), log_odds, self.mean)

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of churn before calibration, shape (n,)."""
        return self.slope * self._column_log_odds(features) + self.intercept

    def predict(self, features: pd.DataFrame) -> Array:
        """Return probabilities of churn, shape (n,)."""
        return expit(self.log_odds(features))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what the probability adds to the log-odds against its mean, and the bias, (n, 2)."""
        added = self.slope * (self._column_log_odds(features) - self.mean)
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
