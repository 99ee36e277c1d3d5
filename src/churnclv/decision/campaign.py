"""Campaign: which customers to contact with an offer, and the expected profit of it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluation.metrics import Array
from ..evaluation.profit import Terms, contact_gain
from .economics import EconomicsSettings, ValueAtStake

CONTACT, NO_CONTACT = "contact", "no_contact"


@dataclass(frozen=True)
class Campaign:
    """A retention campaign under given economics, on the assumptions of EMPC (see `evaluation.profit`).

    `value` is the value of a customer if they stay, in currency: an accepted offer saves it, less the little that a
    leaver brings anyway. A CLV that averages over staying and leaving is lower; where leavers bring nothing, the value
    of staying is the CLV over the chance of staying. With the average in its place a campaign contacts too few
    customers, never too many.
    """

    economics: EconomicsSettings

    @property
    def terms(self) -> Terms:
        """Return costs and acceptance as the profit metrics take them."""
        terms = self.economics
        return Terms(terms.contact_cost, terms.incentive_cost, terms.acceptance_alpha, terms.acceptance_beta)

    def values_at_stake(self, values: Array | None, customers: int) -> Array:
        """Return the value saved when each customer stays, shape (customers,), in currency.

        Args:
            values: each customer's value if they stay, NaN where unknown; None for a table without values.
            customers: their number.
        """
        if values is None or self.economics.value_at_stake is ValueAtStake.fixed:
            return np.full(customers, self.economics.value_for_all)
        return np.asarray(values, dtype=float)

    def expected_gain(self, churn_score: Array, value: Array | float) -> Array:
        """Return the expected profit of contacting each customer, shape (n,), in currency.

        p x acceptance x (value - incentive) - (1 - p) x incentive - contact, for a churn score p.
        NaN where the score or the value is.
        """
        return contact_gain(churn_score, value, self.terms)

    def expected_cost(self, churn_score: Array) -> Array:
        """Return the expected cost of contacting each customer, contact and offer, shape (n,), in currency."""
        taking = churn_score * self.terms.mean_acceptance + (1.0 - churn_score)
        return np.asarray(self.economics.contact_cost + taking * self.economics.incentive_cost)

    def actions(self, gain: Array) -> NDArray[Any]:
        """Return 'contact' where the expected gain is above zero, else 'no_contact', None where it is NaN: (n,)."""
        texts = np.where(gain > 0, CONTACT, NO_CONTACT).astype(object)
        texts[np.isnan(gain)] = None
        return texts

    def warnings(self, churn_score: Array, value: Array | float) -> list["CampaignWarning"]:
        """Return the reasons why such a campaign makes no sense with these scores and values; empty for none."""
        gain, cost = self.expected_gain(churn_score, value), self.expected_cost(churn_score)
        defined = ~np.isnan(gain)
        if not defined.any():
            return [CampaignWarning("no_value")]
        pays = gain > 0
        if not pays.any():
            return [self._nobody(float(gain[defined].max()))]
        budget, least = self.economics.budget, float(cost[pays].min())
        if budget is not None and budget < least:
            return [CampaignWarning("budget", {"budget": budget, "least": least})]
        if pays[defined].all() and defined.sum() > 1:
            return [CampaignWarning("everybody")]
        return []

    def _nobody(self, highest: float) -> "CampaignWarning":
        contact = self.economics.contact_cost
        if (before := highest + contact) > 0:
            return CampaignWarning("contact_cost", {"contact": contact, "before": before})
        return CampaignWarning("incentive_cost", {"incentive": self.economics.incentive_cost})


@dataclass(frozen=True)
class CampaignWarning:
    """Why a campaign makes no sense: a code, for which the report has a text in each language, and its figures.

    Codes: `no_value`, `contact_cost`, `incentive_cost`, `budget`, `everybody`.
    """

    code: str
    figures: dict[str, float] = field(default_factory=dict)
