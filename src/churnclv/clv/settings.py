"""What can be chosen about CLV models."""

from dataclasses import dataclass

from ..errors import require


@dataclass
class ClvSettings:
    """The model of buying and spending, and its penalties when nothing is tuned.

    Attributes:
        name: the family, `bgnbd` (BG/NBD for purchases, Gamma-Gamma for spend).
        purchase_penalty: L2 penalty on the BG/NBD parameters, as in `lifetimes` (0 = maximum likelihood).
        spend_penalty: L2 penalty on the Gamma-Gamma parameters.
        cohort_days: parameters are estimated on customers first seen within so many days before the cutoff; 0 = all.
    """

    name: str = "bgnbd"
    purchase_penalty: float = 0.0
    spend_penalty: float = 0.0
    cohort_days: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(self.name == "bgnbd", f"clv.name is {self.name!r}, allowed is 'bgnbd'.")
        for name in ("purchase_penalty", "spend_penalty", "cohort_days"):
            require(getattr(self, name) >= 0, f"clv.{name} is {getattr(self, name)}, allowed is 0 or more.")
