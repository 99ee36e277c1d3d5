"""The verdict on a campaign: what it changed, what it cost and returned, and whether its plan's promise held.

Effects are by intention to treat: groups are compared as they were drawn, whoever was reached. They are adjusted by
what the scores expected of each customer.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.adjusted_difference import AdjustedDifference, adjusted_difference
from ..evaluation.bootstrap import Interval
from ..evaluation.metrics import Array
from .campaign_folder import PlannedCampaign
from .campaign_outcomes import CHURNED, MARGIN, PURCHASES, SPEND
from .campaign_plan import GAIN_GROUPS

HELD, MISSED, OPEN, EXCEEDED = "held", "missed", "open", "exceeded"
WORKED, HARMED, NOTHING_SHOWN = "worked", "harmed", "nothing_shown"
_COVARIATES = {
    CHURNED: ("churn_score",),
    PURCHASES: ("expected_purchases", "churn_score"),
    SPEND: ("expected_spend", "churn_score"),
    MARGIN: ("expected_spend", "churn_score"),
}
_LEAST_GROUP = 10  # customers of each kind, below which a group's effect is not shown


@dataclass(frozen=True)
class GroupVerdict:
    """The effect on the churn rate in one group of customers."""

    by: str
    group: str
    treated: int
    held_out: int
    effect: Interval


@dataclass(frozen=True)
class CampaignVerdict:
    """The verdict on a campaign.

    Attributes
    ----------
    treated, held_out
        Numbers of customers.
    effects
        By outcome, per customer: `churned` (a share), `purchases`, `spend` and `margin` (currency).
    kept
        Customers kept by the campaign: the fall of the churn rate times the treated.
    gross
        Margin earned within the horizon because of the campaign, in currency; None for customers who do not buy.
    value
        Value of the customers kept, as the plan valued them, in currency.
    cost
        What the campaign cost, in currency.
    cost_is_planned
        Whether it is the plan's expectation.
    outcome
        `worked`, `harmed` or `nothing_shown`, by the interval of the churn effect.
    promise
        `held`, `exceeded`, `missed`, or `open` where the interval holds both zero and the promised effect.
    promised
        The effect on the churn rate that the plan expected.
    groups
        Effects by segment and by group of expected gain.
    reached
        How many of the treated were contacted; None without a record.
    """

    treated: int
    held_out: int
    effects: dict[str, AdjustedDifference]
    kept: Interval
    gross: Interval | None
    value: Interval
    cost: float
    cost_is_planned: bool
    outcome: str
    promise: str
    promised: float
    groups: tuple[GroupVerdict, ...]
    reached: int | None = None

    @property
    def net(self) -> Interval:
        """The value of the customers kept, less the cost, in currency."""
        return Interval(*(end - self.cost for end in (self.value.value, self.value.low, self.value.high)))

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict for JSON."""
        return asdict(self) | {"net": asdict(self.net)}


def give_verdict(
    campaign: PlannedCampaign, outcomes: pd.DataFrame, cost: float | None = None, reached: int | None = None
) -> CampaignVerdict:
    """Return the verdict on a campaign.

    Parameters
    ----------
    campaign
        The campaign, whose groups are as they were drawn.
    outcomes
        Its customers and what they did, as `campaign_outcomes` gives them.
    cost
        What was spent, in currency; None = what the plan expected.
    reached
        How many of the treated were contacted, where that is recorded.

    Returns
    -------
    CampaignVerdict
        Effects with intervals, money, and the promise.
    """
    treated = outcomes["treated"].to_numpy(dtype=float)
    effects = {name: _effect(outcomes, name, treated) for name in _COVARIATES if name in outcomes}
    count, churn, promise = int(treated.sum()), effects[CHURNED].effect, campaign.plan["promise"]
    kept = _times(churn.negated(), count)
    return CampaignVerdict(
        treated=count,
        held_out=len(outcomes) - count,
        effects=effects,
        kept=kept,
        gross=_times(effects[MARGIN].effect, count) if MARGIN in effects else None,
        value=_times(kept, promise["mean_value"]),
        cost=promise["cost"] if cost is None else cost,
        cost_is_planned=cost is None,
        outcome=WORKED if churn.high < 0.0 else HARMED if churn.low > 0.0 else NOTHING_SHOWN,
        promise=_compare(churn, promise["churn_effect"]),
        promised=promise["churn_effect"],
        groups=tuple(_by_group(outcomes)),
        reached=reached,
    )


def _effect(outcomes: pd.DataFrame, name: str, treated: Array) -> AdjustedDifference:
    covariates = outcomes[list(_COVARIATES[name])].to_numpy(dtype=float)
    return adjusted_difference(outcomes[name].to_numpy(dtype=float), treated, covariates)


def _times(figure: Interval, factor: float) -> Interval:
    return Interval(figure.value * factor, figure.low * factor, figure.high * factor)


def _compare(churn: Interval, promised: float) -> str:
    """Return whether the promised effect lies in the interval; below zero is better."""
    if churn.high < promised:
        return EXCEEDED
    if churn.low > promised:
        return MISSED
    return HELD if churn.high < 0.0 else OPEN


def _by_group(outcomes: pd.DataFrame) -> list[GroupVerdict]:
    """Return the effects in groups of ten and more of each kind, adjusted like the whole."""
    groups = []
    treatments = sorted(outcomes["treatment"].unique())
    kinds = [("segment", sorted(outcomes["segment"].unique())), ("gain_group", list(GAIN_GROUPS))]
    if len(treatments) > 1:
        kinds.append(("treatment", treatments))
    for by, names in kinds:
        for name in names:
            rows = outcomes[outcomes[by] == name]
            treated = rows["treated"].to_numpy(dtype=float)
            counts = int(treated.sum()), int((1.0 - treated).sum())
            if min(counts) >= _LEAST_GROUP:
                groups.append(GroupVerdict(by, str(name), *counts, _effect(rows, CHURNED, treated).effect))
    return groups


def money_per_cost(verdict: CampaignVerdict) -> Interval:
    """Return the return on what was spent, 0.5 = fifty cents gained on each unit; NaN where nothing was spent."""
    cost = verdict.cost if verdict.cost > 0.0 else np.nan
    return _times(verdict.net, 1.0 / cost)
