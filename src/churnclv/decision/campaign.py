"""Campaign: whom to contact with an offer, and what that is expected to earn."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluation.metrics import Array
from ..evaluation.profit import Terms, contact_gain
from .economics import EconomicsSettings, ValueAtStake

CONTACT, LEAVE = "contact", "leave"


@dataclass(frozen=True)
class Campaign:
    """A retention campaign under given economics, on the assumptions of EMPC (see `evaluation.profit`).

    `value` is always what a customer is worth if they stay, in currency: that is what an accepted offer saves, beyond
    the little that a leaver brings anyway. A CLV that averages over staying and leaving is lower; where leavers are
    worth nothing, the value of staying is the CLV over the chance of staying. Who has only the average may hand it
    over and then contacts too few, never too many.
    """

    economics: EconomicsSettings

    @property
    def terms(self) -> Terms:
        """Return costs and acceptance as the profit metrics take them."""
        known = self.economics
        return Terms(known.contact_cost, known.incentive_cost, known.acceptance_alpha, known.acceptance_beta)

    def values_at_stake(self, own: Array | None, customers: int) -> Array:
        """Return what is saved when each customer stays, shape (customers,), in currency.

        Args:
            own: each customer's value if they stay, NaN where unknown; None for a table without values.
            customers: their number.
        """
        if own is None or self.economics.value_at_stake is ValueAtStake.fixed:
            return np.full(customers, self.economics.value_for_all)
        return np.asarray(own, dtype=float)

    def expected_gain(self, churn_score: Array, value: Array | float) -> Array:
        """Return the expected profit of contacting each customer, shape (n,), in currency.

        p x acceptance x (value - incentive) - (1 - p) x incentive - contact, for a churn score p.
        NaN where the score or the value is.
        """
        return contact_gain(churn_score, value, self.terms)

    def expected_cost(self, churn_score: Array) -> Array:
        """Return what contacting each customer is expected to cost, contact and offer, shape (n,), in currency."""
        taking = churn_score * self.terms.mean_acceptance + (1.0 - churn_score)
        return np.asarray(self.economics.contact_cost + taking * self.economics.incentive_cost)

    def actions(self, gain: Array) -> NDArray[Any]:
        """Return 'contact' where the expected gain is above zero, else 'leave' (alone), None where it is NaN: (n,)."""
        texts = np.where(gain > 0, CONTACT, LEAVE).astype(object)
        texts[np.isnan(gain)] = None
        return texts

    def warnings(self, churn_score: Array, value: Array | float) -> list[str]:
        """Return what a person should know before such a campaign starts; nothing if all is well."""
        gain, cost = self.expected_gain(churn_score, value), self.expected_cost(churn_score)
        known = ~np.isnan(gain)
        if not known.any():
            return ["no customer has both a churn score and a value: nothing is known of a campaign."]
        worth = gain > 0
        if not worth.any():
            return [self._nobody(float(gain[known].max()))]
        budget, least = self.economics.budget, float(cost[worth].min())
        if budget is not None and budget < least:
            needed = f"the cheapest contact that pays is expected to cost {least:g}"
            return [f"no customer can be contacted: economics.budget is {budget:g}, and {needed}."]
        if worth[known].all() and known.sum() > 1:
            costs = "economics.contact_cost and economics.incentive_cost"
            return [f"every customer is worth contacting: check that {costs} are in the currency of the values."]
        return []

    def _nobody(self, highest: float) -> str:
        contact = self.economics.contact_cost
        before = highest + contact
        if before > 0:
            return (
                f"no customer is worth contacting: economics.contact_cost {contact:g} is no less than the highest "
                f"expected gain before it, {before:g}."
            )
        return (
            f"no customer is worth contacting, even free of contact cost: economics.incentive_cost "
            f"{self.economics.incentive_cost:g} is too high for what is at stake."
        )
