"""Settings of the learners of treatment effects."""

from dataclasses import dataclass

from ..errors import require
from .effect_learners import effect_learners
from .effect_selection import AUTO


@dataclass
class UpliftSettings:
    """The learner of treatment effects.

    Attributes:
        name: `auto`, all learners, weighed by their cross-fitted doubly robust loss; or one of them. Either way
            everybody has the same effect where differences are within their error.
    """

    name: str = AUTO

    def __post_init__(self) -> None:
        """Check the name."""
        names = (AUTO, *effect_learners())
        require(self.name in names, f"uplift.name is {self.name!r}.", remedy=f"allowed are {', '.join(names)}.")
