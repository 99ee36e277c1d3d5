"""Economics: the settings that turn spend into value, and the costs of keeping a customer."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ..errors import require
from ..ranges import CENTURY_DAYS, CURRENCY, Bounds, check_numbers, number, numbers

USUAL_VALUE = 200.0  # currency; the example of EMPC's authors (Verbraken, Verbeke, Baesens 2013)
_COST = Bounds(0, CURRENCY, technical=True, hint=" (currency)")
_SHAPE = Bounds(0, 1e6, above=True, technical=True, hint=" (6 and 14: 30% of leavers accept)")


class ValueAtStake(Enum):
    """The value saved when a leaver stays: each customer's own CLV, or one value for all."""

    clv = "clv"
    fixed = "fixed"


@dataclass
class EconomicsSettings:
    """Margin and discounting of the CLV, and the costs and success of a retention campaign.

    Attributes:
        margin: share of spend that is earned, above 0 up to 1.
        annual_discount_rate: per year, 0.1 = 10%.
        clv_horizon_days: how far ahead the CLV looks, days.
        contact_cost: currency per contacted customer.
        incentive_cost: currency per offer taken. Contacted customers who would have stayed take it too.
        acceptance_alpha: first shape of the Beta distribution of the share of contacted leavers who accept.
        acceptance_beta: its second shape; the mean share is alpha / (alpha + beta), by default 0.3.
        value_at_stake: `clv` = each customer's own, `fixed` = `fixed_value` for all.
        fixed_value: currency per customer who stays; null = 200. Stands in for `clv` where a table has no values.
        budget: currency, the most that a campaign is expected to spend; null = no limit.
        outcome_value: of an experiment: currency per unit of its outcome, negative where less of it is better; null =
            the margin, for an amount.
        arm_costs: of an experiment: treatment -> currency per customer who gets it; `contact_cost` for the others.
        medium_risk, high_risk: churn scores from which on the risk of a customer is medium, or high.
    """

    margin: float = number(0.3, Bounds(0, 1, above=True))
    annual_discount_rate: float = number(0.1, Bounds(0, 1, hint=" (0.1 = 10% a year)"))
    clv_horizon_days: int = number(365, Bounds(1, CENTURY_DAYS, technical=True))
    contact_cost: float = number(1.0, _COST)
    incentive_cost: float = number(10.0, _COST)
    acceptance_alpha: float = number(6.0, _SHAPE)
    acceptance_beta: float = number(14.0, _SHAPE)
    value_at_stake: ValueAtStake = ValueAtStake.clv
    fixed_value: float | None = number(
        None, Bounds(0, CURRENCY, above=True, technical=True, hint=" (currency), or null for 200")
    )
    budget: float | None = number(None, _COST)
    outcome_value: float | None = number(
        None, Bounds(-CURRENCY, CURRENCY, technical=True, hint=" (currency per unit of the outcome), or null")
    )
    arm_costs: dict[str, float] = numbers({}, _COST)
    medium_risk: float = number(0.3, Bounds(0, 1))
    high_risk: float = number(0.7, Bounds(0, 1))

    def __post_init__(self) -> None:
        """Check the ranges, and that an offer costs less than a value that is fixed for all."""
        check_numbers(self, "economics")
        require(
            self.medium_risk <= self.high_risk,
            f"economics.medium_risk is {self.medium_risk}, above economics.high_risk, {self.high_risk}.",
            remedy="name the score from which the risk is medium first, the one from which it is high second.",
        )
        value = self.value_for_all
        require(
            self.value_at_stake is not ValueAtStake.fixed or self.incentive_cost < value,
            f"economics.incentive_cost is {self.incentive_cost}, but the value of a customer who stays is {value} "
            "(economics.fixed_value): every offer that is taken loses money.",
            remedy="lower economics.incentive_cost, or raise economics.fixed_value.",
        )

    @property
    def value_terms(self) -> tuple[float, float, float]:
        """Return the arguments of value models in order: days ahead, margin (share), discount rate (per year)."""
        return self.clv_horizon_days, self.margin, self.annual_discount_rate

    def risk_bands(self, scores: NDArray[np.float64]) -> NDArray[np.object_]:
        """Return low, medium or high for churn scores (n,); None where there is no score."""
        bands = np.full(len(scores), "low", dtype=object)
        bands[scores >= self.medium_risk] = "medium"
        bands[scores >= self.high_risk] = "high"
        bands[np.isnan(scores)] = None
        return bands

    @property
    def value_for_all(self) -> float:
        """Return the value of a customer who stays where no individual value is used, in currency."""
        return USUAL_VALUE if self.fixed_value is None else self.fixed_value
