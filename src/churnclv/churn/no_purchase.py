"""The probability of no purchase of a purchase model as a churn score, as it is: at the model's own level."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clv.purchase_models import PURCHASE_MODELS
from ..clv.rfm import read_histories
from ..evaluation.metrics import Array
from ..files import read_json, write_json
from .churn_models import PROBABILISTIC, Situation, churn_model
from .log_odds import BIAS, expit, log_odds_of

COLUMN = "btyd_p_no_purchase"  # of the features, whose phrases explain the probability
_FILE = "no_purchase.json"


@churn_model
class NoPurchaseModel:
    """A purchase model, fitted on the purchase histories at the cutoff that is predicted, without a recalibration.

    Each of `churn.purchase_models` is tried: the one for purchases or spend need not be the one for no purchase.
    Outcomes are not used. The contributions give the whole probability to the column `btyd_p_no_purchase`.
    """

    name = "no_purchase"
    family = PROBABILISTIC
    summary = "a purchase model's probability of no purchase as it is; `churn.purchase_models` are tried in turn"

    def __init__(self, model: str, days: float) -> None:
        """Keep the name of the purchase model, and the horizon."""
        self.model, self.days = model, days
        self.purchases = PURCHASE_MODELS[model]()
        self.mean = 0.0

    @classmethod
    def candidates(cls, situation: Situation) -> list[dict[str, Any]]:
        """Return the purchase models that are tried, where rows have purchase histories."""
        days = situation.horizon_days
        return [] if days is None else [{"model": name, "days": days} for name in situation.settings.purchase_models]

    @classmethod
    def make(cls, parameters: dict[str, Any], threads: int) -> "NoPurchaseModel":
        """Return an unfitted model with one of the candidates' parameters."""
        del threads
        return cls(**parameters)

    @property
    def features(self) -> list[str]:
        """Name of the column that stands for the probability."""
        return [COLUMN]

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {"model": self.model, "days": self.days}

    def fit(self, features: pd.DataFrame, churned: Array) -> "NoPurchaseModel":
        """Fit on the purchase histories of the last cutoff among rows (n, k); outcomes are not used."""
        return self.fit_latest(features, churned, latest_rows(features))

    def fit_latest(self, features: pd.DataFrame, churned: Array, latest: pd.DataFrame) -> "NoPurchaseModel":
        """Fit on the purchase histories at the cutoff that is predicted: rows without outcomes."""
        del features, churned
        self.purchases.fit(read_histories(latest))
        self.mean = float(self.log_odds(latest).mean())
        return self

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of no purchase within the horizon, shape (n,)."""
        if not len(features):
            return np.zeros(0)
        return log_odds_of(self.purchases.p_no_purchase(read_histories(features), self.days))

    def predict(self, features: pd.DataFrame) -> Array:
        """Return probabilities of no purchase, shape (n,)."""
        return expit(self.log_odds(features))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what the probability adds to the log-odds against its mean at the fit, and the bias, (n, 2)."""
        added = self.log_odds(features) - self.mean
        return pd.DataFrame({COLUMN: added, BIAS: self.mean}, index=features.index)

    def save(self, folder: Path) -> None:
        """Write the purchase model's parameters as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        fitted = {**self.purchases.fitted(), "covariance_of_logs": self.purchases.covariance.tolist()}
        chosen = {**self.get_params(), "mean": self.mean, "choices": self.purchases.get_params()}
        write_json(folder / _FILE, {**chosen, "fitted": fitted})

    @classmethod
    def load(cls, folder: Path) -> "NoPurchaseModel":
        """Read what `save` wrote."""
        stored = read_json(folder / _FILE)
        model = cls(stored["model"], stored["days"])
        model.purchases = PURCHASE_MODELS[model.model](**stored["choices"]).restore(stored["fitted"])
        model.mean = stored["mean"]
        return model


def latest_rows(features: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the last cutoff; all where there are no cutoffs."""
    return features[features["cutoff"] == features["cutoff"].max()] if "cutoff" in features else features
