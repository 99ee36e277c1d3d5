"""What can be chosen about CLV models."""

from dataclasses import dataclass, field
from enum import Enum

from ..errors import require

AUTO = "auto"
FORMULAS = ("bgnbd", "mbgnbd", "mbgcnbd", "pareto_nbd", "ggomnbd", "bgbb", "nbd")
LEARNED = ("boosted", "hybrid")
KINDS = ("tweedie", "two_part")
MOST_STAGES = 8
_CAUTIOUS_TREES = {
    "max_depth": 3.0,
    "learning_rate": 0.05,
    "min_child_weight": 50.0,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "reg_lambda": 10.0,
    "tweedie_variance_power": 1.5,
}


@dataclass
class BoostingSettings:
    """Trees for purchases and spend.

    Attributes:
        kind: `tweedie`, or `two_part`: the chance of any purchase times the amount given one.
        from_formula: hybrid trees start from the formulas' expectation, and learn what to multiply it with.
        rounds: how many trees.
        parameters: XGBoost's own.
        threads: 0 takes all cores; the result does not depend on it.
    """

    kind: str = "tweedie"
    from_formula: bool = True
    rounds: int = 80
    parameters: dict[str, float] = field(default_factory=lambda: dict(_CAUTIOUS_TREES))
    threads: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        remedy = f"allowed are {', '.join(KINDS)}."
        require(self.kind in KINDS, f"clv.boosting.kind is {self.kind!r}.", remedy=remedy)
        require(self.rounds >= 1, f"clv.boosting.rounds is {self.rounds}, allowed is 1 or more.")
        require(self.threads >= 0, f"clv.boosting.threads is {self.threads}, allowed is 0 or more.")


class SeasonMode(Enum):
    """Whether expectations follow the season; `auto` lets the totals of the validation folds decide."""

    auto = "auto"
    yes = "yes"
    no = "no"


@dataclass
class ClvSettings:
    """The model of buying and spending, and its choices when nothing is tuned.

    Attributes:
        name: a model of purchases (spend is Gamma-Gamma), `boosted` (trees alone), `hybrid` (trees on top of the
            formulas), or `auto`: the one of `candidates` with the least error on the validation folds.
        base: the model of purchases that `boosted` and `hybrid` stand on; `auto` takes the best of the candidates.
        candidates: what `auto` tries.
        season: yes, no, or auto.
        purchase_penalty: on the squared distance of log-parameters from plain values (0 = maximum likelihood).
        spend_penalty: the same for the Gamma-Gamma parameters.
        cohort_days: parameters are estimated on customers first seen within so many days before the cutoff; 0 = all.
        stages: of mbgcnbd: how regular gaps are, 1 = at random; 0 takes the most likely.
        opportunity_days: of bgbb: days between opportunities to buy.
        boosting: of boosted and hybrid, where nothing is tuned.
    """

    name: str = AUTO
    base: str = AUTO
    candidates: list[str] = field(default_factory=lambda: ["bgnbd", "mbgcnbd", "pareto_nbd", "boosted", "hybrid"])
    season: SeasonMode = SeasonMode.auto
    purchase_penalty: float = 0.0
    spend_penalty: float = 0.0
    cohort_days: int = 0
    stages: int = 0
    opportunity_days: int = 7
    boosting: BoostingSettings = field(default_factory=BoostingSettings)

    def __post_init__(self) -> None:
        """Check names and ranges."""
        known = (*FORMULAS, *LEARNED)
        allowed = f"allowed are {', '.join(known)}"
        require(self.name in (*known, AUTO), f"clv.name is {self.name!r}.", remedy=f"{allowed}, {AUTO}.")
        bases = (*FORMULAS, AUTO)
        require(self.base in bases, f"clv.base is {self.base!r}.", remedy=f"allowed are {', '.join(bases)}.")
        wrong = [name for name in self.candidates if name not in known]
        require(not wrong, f"clv.candidates has {wrong}.", remedy=f"{allowed}.")
        formulas = [name for name in self.candidates if name in FORMULAS]
        require(len(formulas) > 0, "clv.candidates needs a model of purchases.", remedy=f"{', '.join(FORMULAS)}.")
        for name in ("purchase_penalty", "spend_penalty", "cohort_days", "stages"):
            require(getattr(self, name) >= 0, f"clv.{name} is {getattr(self, name)}, allowed is 0 or more.")
        require(self.stages <= MOST_STAGES, f"clv.stages is {self.stages}, allowed is 0 to {MOST_STAGES}.")
        require(self.opportunity_days >= 1, f"clv.opportunity_days is {self.opportunity_days}, allowed is 1 or more.")
