"""Targets: the list of customers that a campaign contacts, within its budget."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation.metrics import Array

TARGET_COLUMNS = (
    "rank", "customer_id", "churn_score", "value", "expected_gain", "cost",
    "gain_per_cost", "running_gain", "running_cost",
)  # fmt: skip
ROUNDING = 1e-9  # relative: a budget that is the sum of the costs pays for all of them


@dataclass(frozen=True)
class TargetTotals:
    """The totals of a target list, money in currency.

    Attributes:
        considered: customers with a defined gain.
        worthwhile: those with an expected gain above zero.
        listed: those on the list.
        gain: expected profit of contacting the list.
        cost: expected cost of contacting the list.
        forgone: expected profit of the worthwhile whom the budget left out.
        budget: the most that may be spent; None = no limit.
    """

    considered: int
    worthwhile: int
    listed: int
    gain: float
    cost: float
    forgone: float
    budget: float | None

    def __str__(self) -> str:
        """Return the totals as a sentence, which says why a list is empty."""
        if not self.listed:
            return f"nobody of {self.considered:,} customers to contact: {self._reason()}."
        totals = (
            f"{self.listed:,} of {self.considered:,} customers to contact, expected to cost {self.cost:,.2f} "
            f"and to gain {self.gain:,.2f}"
        )
        left = self.worthwhile - self.listed
        if not left or self.budget is None:
            return f"{totals}."
        return f"{totals}; the budget of {self.budget:,.2f} leaves out {left:,} that would gain {self.forgone:,.2f}."

    def _reason(self) -> str:
        """Return why nobody is on the list."""
        if not self.considered:
            return "no customer has an expected gain"
        if not self.worthwhile or self.budget is None:
            return "a contact costs more than it brings for everybody"
        return f"the budget of {self.budget:,.2f} pays for none of {self.worthwhile:,} who are worth it"


def target_list(customers: pd.DataFrame, budget: float | None = None) -> pd.DataFrame:
    """Return the customers to contact, best first, one row each.

    The rule: customers whose expected gain is above zero are ranked by gain per cost, equal ones by customer_id as
    text. Going down the ranking, every customer is taken whose cost still fits into the rest of the budget, the others
    are passed over. The gain of such a list is less than the best possible one's by no more than the gain of the first
    customer passed over (greedy knapsack: Dantzig 1957, Operations Research 5(2)). Costs are expected costs: the
    final cost varies with the number who take the offer.

    Args:
        customers: columns customer_id, churn_score, value, expected_gain, cost; one row per customer, in any order.
        budget: currency, the most that the list may cost; None = no limit.

    Returns:
        `TARGET_COLUMNS`; the running columns are sums down to the row.
    """
    profitable = customers[customers["expected_gain"] > 0]
    profitable = profitable.sort_values("customer_id", key=lambda ids: ids.astype(str))
    gain, cost = profitable["expected_gain"].to_numpy(dtype=float), profitable["cost"].to_numpy(dtype=float)
    ratio = np.divide(gain, cost, out=np.full(len(profitable), np.inf), where=cost > 0)
    order = np.argsort(-ratio, kind="stable")
    taken = order if budget is None else order[_affordable(cost[order], budget)]
    listed = profitable.iloc[taken].reset_index(drop=True).assign(gain_per_cost=ratio[taken])
    listed["rank"] = np.arange(1, len(listed) + 1)
    listed["running_gain"], listed["running_cost"] = gain[taken].cumsum(), cost[taken].cumsum()
    return listed[list(TARGET_COLUMNS)]


def _affordable(costs: Array, budget: float) -> NDArray[np.intp]:
    """Return the places, in order, of the customers for whom the budget pays."""
    most, spent, places = budget * (1.0 + ROUNDING), 0.0, []
    for place, cost in enumerate(costs.tolist()):
        if spent + cost <= most:
            spent += cost
            places.append(place)
    return np.array(places, dtype=np.intp)


def total_targets(customers: pd.DataFrame, targets: pd.DataFrame, budget: float | None = None) -> TargetTotals:
    """Return the totals of `targets`, the list drawn from `customers` under this budget."""
    gain = np.sort(customers["expected_gain"].dropna().to_numpy(dtype=float))
    possible, listed = float(gain[gain > 0].sum()), float(targets["expected_gain"].sum())
    return TargetTotals(
        considered=len(gain),
        worthwhile=int((gain > 0).sum()),
        listed=len(targets),
        gain=listed,
        cost=float(targets["cost"].sum()),
        forgone=max(0.0, possible - listed),
        budget=budget,
    )
