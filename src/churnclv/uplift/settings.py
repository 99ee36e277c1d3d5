"""Settings of the learners of treatment effects."""

from dataclasses import dataclass

from ..errors import require
from .effect_learners import effect_learners
from .effect_selection import AUTO


@dataclass
class UpliftSettings:
    """The learner of treatment effects.

    Attributes:
        name: `auto`, the learner of the lowest cross-fitted doubly robust loss, or the same effect for everybody where
            none is better; or a learner, which has to be better than that, too.
    """

    name: str = AUTO

    def __post_init__(self) -> None:
        """Check the name."""
        names = (AUTO, *effect_learners())
        require(self.name in names, f"uplift.name is {self.name!r}.", remedy=f"allowed are {', '.join(names)}.")
