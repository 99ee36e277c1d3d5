"""The CLV model: purchases times spend, and their discounted margin."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..files import read_json, write_json
from .formulas import Array
from .purchases import AGE, PURCHASE_MODELS, load_purchases
from .spend import GammaGammaModel

DAYS_PER_YEAR = 365.0
_STEP_DAYS = 30.0


class ClvModel:
    """A model of purchases times Gamma-Gamma for spend, both estimated on histories before one cutoff."""

    def __init__(
        self, name: str = "bgnbd", purchase_penalty: float = 0.0, spend_penalty: float = 0.0, cohort_days: int = 0
    ) -> None:
        """Keep what was chosen; `cohort_days` = 0 estimates on all customers, else on those first seen so recently."""
        self.cohort_days = cohort_days
        self.purchases = PURCHASE_MODELS[name](purchase_penalty)
        self.spend = GammaGammaModel(spend_penalty)

    def get_params(self) -> dict[str, Any]:
        """Return what was chosen before the fit."""
        return {
            "name": self.purchases.name,
            "purchase_penalty": self.purchases.penalty,
            "spend_penalty": self.spend.penalty,
            "cohort_days": self.cohort_days,
        }

    def clone(self) -> "ClvModel":
        """Return an unfitted model with the same choices."""
        return ClvModel(**self.get_params())

    def fit(self, history: pd.DataFrame) -> "ClvModel":
        """Estimate both models from purchase histories cut at one cutoff."""
        cohort = history[history[AGE] <= self.cohort_days] if self.cohort_days else history
        usable = cohort if cohort["repeat_purchases"].sum() > 0 else history
        self.purchases.fit(usable)
        self.spend.fit(usable)
        return self

    def expected_purchases(self, history: pd.DataFrame, days: float) -> Array:
        """Return expected purchases within `days`: counts, shape (n,)."""
        return self.purchases.expected_purchases(history, days)

    def expected_spend(self, history: pd.DataFrame, days: float) -> Array:
        """Return expected spend within `days`, in the log's currency, shape (n,)."""
        return self.expected_purchases(history, days) * self.spend.expected_spend_per_purchase(history)

    def p_no_purchase(self, history: pd.DataFrame, days: float) -> Array:
        """Return the probability of no purchase within `days`, shape (n,)."""
        return self.purchases.p_no_purchase(history, days)

    def discounted_value(self, history: pd.DataFrame, days: float, margin: float, annual_rate: float) -> Array:
        """Return the CLV: expected margin over `days`, discounted to the cutoff, in the log's currency, shape (n,).

        Purchases are expected per step of 30 days and discounted at the middle of the step at
        (1 + annual_rate) ** (-days / 365).
        """
        ends = np.minimum(np.arange(1, int(np.ceil(days / _STEP_DAYS)) + 1) * _STEP_DAYS, days)
        value, before, start = np.zeros(len(history)), np.zeros(len(history)), 0.0
        for end in ends:
            until = self.expected_purchases(history, float(end))
            value += (until - before) * (1.0 + annual_rate) ** (-(start + end) / 2.0 / DAYS_PER_YEAR)
            before, start = until, float(end)
        return np.asarray(margin * value * self.spend.expected_spend_per_purchase(history))

    def save(self, folder: Path) -> None:
        """Write both models into `folder` as JSON."""
        write_json(folder / "clv.json", self.get_params())
        self.purchases.save(folder)
        self.spend.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "ClvModel":
        """Read what `save` wrote."""
        model = cls(**read_json(folder / "clv.json"))
        model.purchases, model.spend = load_purchases(folder), GammaGammaModel.load(folder)
        return model
