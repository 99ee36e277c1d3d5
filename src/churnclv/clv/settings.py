"""What can be chosen about CLV models."""

from dataclasses import dataclass

from ..errors import require

AUTO = "auto"


@dataclass
class ClvSettings:
    """The model of buying and spending, and its penalties when nothing is tuned.

    Attributes:
        name: the model of purchases, `bgnbd`, `mbgnbd`, `pareto_nbd`, or `auto`: the best of them on validation;
            spend is Gamma-Gamma.
        purchase_penalty: on the squared distance of log-parameters from plain values (0 = maximum likelihood).
        spend_penalty: the same for the Gamma-Gamma parameters.
        cohort_days: parameters are estimated on customers first seen within so many days before the cutoff; 0 = all.
    """

    name: str = "bgnbd"
    purchase_penalty: float = 0.0
    spend_penalty: float = 0.0
    cohort_days: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        known = ("bgnbd", "mbgnbd", "pareto_nbd", AUTO)
        require(self.name in known, f"clv.name is {self.name!r}.", remedy=f"allowed are {', '.join(known)}.")
        for name in ("purchase_penalty", "spend_penalty", "cohort_days"):
            require(getattr(self, name) >= 0, f"clv.{name} is {getattr(self, name)}, allowed is 0 or more.")
