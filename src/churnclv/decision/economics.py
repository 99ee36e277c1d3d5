"""Economics: what turns spend into value, and what keeping a customer costs."""

from dataclasses import dataclass
from enum import Enum
from math import isfinite

from ..errors import require

USUAL_VALUE = 200.0  # currency; the example of EMPC's authors (Verbraken, Verbeke, Baesens 2013)


class ValueAtStake(Enum):
    """What is saved when a leaver stays: each customer's own CLV, or one value for all."""

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
    """

    margin: float = 0.3
    annual_discount_rate: float = 0.1
    clv_horizon_days: int = 365
    contact_cost: float = 1.0
    incentive_cost: float = 10.0
    acceptance_alpha: float = 6.0
    acceptance_beta: float = 14.0
    value_at_stake: ValueAtStake = ValueAtStake.clv
    fixed_value: float | None = None
    budget: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges, and that an offer costs less than a value that is fixed for all."""
        require(0 < self.margin <= 1, f"economics.margin is {self.margin}, allowed is above 0 up to 1.")
        rate = self.annual_discount_rate
        require(
            0 <= rate <= 1,
            f"economics.annual_discount_rate is {rate}, allowed is 0 to 1 (0.1 = 10% a year).",
        )
        days = self.clv_horizon_days
        require(days >= 1, f"economics.clv_horizon_days is {days}, allowed is 1 or more.")
        self._check_campaign()

    @property
    def worth(self) -> tuple[float, float, float]:
        """Return what value models ask for, in their order: days ahead, margin (share), discount rate (per year)."""
        return self.clv_horizon_days, self.margin, self.annual_discount_rate

    @property
    def value_for_all(self) -> float:
        """Return the value of a customer who stays where none of their own is used, in currency."""
        return USUAL_VALUE if self.fixed_value is None else self.fixed_value

    def _check_campaign(self) -> None:
        for name in ("contact_cost", "incentive_cost", "budget"):
            amount = getattr(self, name)
            known = amount is None or (isfinite(amount) and amount >= 0)
            require(known, f"economics.{name} is {amount}, allowed is 0 or more (currency).")
        for name in ("acceptance_alpha", "acceptance_beta"):
            shape = getattr(self, name)
            known = isfinite(shape) and shape > 0
            require(known, f"economics.{name} is {shape}, allowed is above 0 (6 and 14: 30% of leavers accept).")
        value = self.value_for_all
        known = isfinite(value) and value > 0
        require(known, f"economics.fixed_value is {value}, allowed is above 0 (currency), or null for 200.")
        require(
            self.value_at_stake is not ValueAtStake.fixed or self.incentive_cost < value,
            f"economics.incentive_cost is {self.incentive_cost}, but a customer who stays is worth {value} "
            "(economics.fixed_value): every offer that is taken loses money.",
            remedy="lower economics.incentive_cost, or raise economics.fixed_value.",
        )
