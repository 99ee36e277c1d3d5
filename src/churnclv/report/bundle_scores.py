"""The champion's word on this customer base: its scores, and what they stand on."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ..decision.campaign import Campaign
from ..decision.economics import EconomicsSettings
from ..evaluation.metrics import Array
from .estimates import Estimate, mean


@dataclass(frozen=True)
class Champion:
    """Scores of the customers at the report's moment.

    Attributes:
        scores: the bundle's score rows, one per customer.
        economics: those that the expected gains were reckoned with.
        models: the folder of the bundle's models; None where they are not at hand.
        features: the feature rows that the models were asked about, in the order of the scores.
        fitted_through: the day before which everything was learned from.
        signs: of leaving, or of staying, with how they held; empty where none is known.
        signs_of: `leaving` or `staying`.
    """

    scores: pd.DataFrame
    economics: EconomicsSettings
    models: Path | None = None
    features: pd.DataFrame = field(default_factory=pd.DataFrame)
    fitted_through: str = ""
    signs: pd.DataFrame = field(default_factory=pd.DataFrame)
    signs_of: str = "leaving"

    @property
    def scored(self) -> pd.DataFrame:
        """The rows of customers with a churn score."""
        return self.scores[self.scores["churn_score"].notna()].reset_index(drop=True)

    @property
    def horizon_days(self) -> float | None:
        """The horizon of the churn score; None for a labelled table, which does not say."""
        known = self.scores["horizon_days"].dropna()
        return float(known.iloc[0]) if len(known) else None

    @property
    def campaign(self) -> Campaign:
        """The campaign whose gains the scores tell."""
        return Campaign(self.economics)

    @property
    def clv(self) -> Estimate | None:
        """The mean CLV; None where the champion knows of no values."""
        known = self.scores["clv"].dropna().to_numpy(dtype=float)
        return mean(float(known.sum()), float((known**2).sum()), len(known)) if len(known) else None

    def values_if_staying(self) -> Array:
        """Return what each scored customer is worth if they stay, (n,): what the expected gains were reckoned from.

        gain = p a (value - incentive) - (1 - p) incentive - contact, solved for the value; NaN where p is 0.
        """
        rows, terms = self.scored, self.campaign.terms
        p, gain = rows["churn_score"].to_numpy(dtype=float), rows["expected_gain"].to_numpy(dtype=float)
        taken = p * terms.mean_acceptance
        paid = gain + terms.contact_cost + (1.0 - p) * terms.incentive_cost
        saved = np.divide(paid, taken, out=np.full(len(p), np.nan), where=taken > 0)
        return np.asarray(terms.incentive_cost + saved)
