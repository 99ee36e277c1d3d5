"""The champion's scores of the customer base, with the features, economics and risk rules behind them."""

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
        economics: the settings from which the expected gains were computed.
        models: the folder of the bundle's models; None where it is not available.
        features: the feature rows that were scored, in the order of the scores.
        fitted_through: the models were fitted on the events before this day.
        signs: the risk rules for leaving or for staying, with their evaluation; empty where there are none.
        signs_of: `leaving` or `staying`.
        reason_features: the names of the features behind the reasons, in the order of the scores; empty where the
            bundle does not give them.
    """

    scores: pd.DataFrame
    economics: EconomicsSettings
    models: Path | None = None
    features: pd.DataFrame = field(default_factory=pd.DataFrame)
    fitted_through: str = ""
    signs: pd.DataFrame = field(default_factory=pd.DataFrame)
    signs_of: str = "leaving"
    reason_features: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def scored(self) -> pd.DataFrame:
        """The rows of customers with a churn score."""
        return self.scores[self.scores["churn_score"].notna()].reset_index(drop=True)

    @property
    def scored_reasons(self) -> pd.DataFrame:
        """The names of the features behind the reasons, in the order of `scored`; empty where there are none."""
        if not len(self.reason_features):
            return self.reason_features
        return self.reason_features[self.scores["churn_score"].notna().to_numpy()].reset_index(drop=True)

    @property
    def horizon_days(self) -> float | None:
        """The horizon of the churn score; None for a labelled table, which has no horizon."""
        horizons = self.scores["horizon_days"].dropna()
        return float(horizons.iloc[0]) if len(horizons) else None

    @property
    def campaign(self) -> Campaign:
        """The campaign from which the expected gains of the scores follow."""
        return Campaign(self.economics)

    @property
    def clv(self) -> Estimate | None:
        """The mean CLV; None where the champion's scores have no CLV."""
        values = self.scores["clv"].dropna().to_numpy(dtype=float)
        return mean(float(values.sum()), float((values**2).sum()), len(values)) if len(values) else None

    def values_if_staying(self) -> Array:
        """Return the value of each scored customer if they stay, (n,), from which the expected gains were computed.

        gain = p a (value - incentive) - (1 - p) incentive - contact, solved for the value; NaN where p is 0.
        """
        rows, terms = self.scored, self.campaign.terms
        p, gain = rows["churn_score"].to_numpy(dtype=float), rows["expected_gain"].to_numpy(dtype=float)
        taken = p * terms.mean_acceptance
        paid = gain + terms.contact_cost + (1.0 - p) * terms.incentive_cost
        saved = np.divide(paid, taken, out=np.full(len(p), np.nan), where=taken > 0)
        return np.asarray(terms.incentive_cost + saved)
