"""Economics: what turns spend into value."""

from dataclasses import dataclass

from ..errors import require


@dataclass
class EconomicsSettings:
    """Margin (share of spend), discount rate (per year), and how far ahead the CLV looks (days)."""

    margin: float = 0.3
    annual_discount_rate: float = 0.1
    clv_horizon_days: int = 365

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(0 < self.margin <= 1, f"economics.margin is {self.margin}, allowed is above 0 up to 1.")
        rate = self.annual_discount_rate
        require(
            0 <= rate <= 1,
            f"economics.annual_discount_rate is {rate}, allowed is 0 to 1 (0.1 = 10% a year).",
        )
        days = self.clv_horizon_days
        require(days >= 1, f"economics.clv_horizon_days is {days}, allowed is 1 or more.")
