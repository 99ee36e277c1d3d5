"""Settings of CLV models."""

from dataclasses import dataclass, field
from enum import Enum

from ..errors import require
from ..ranges import CENTURY_DAYS, Bounds, check_numbers, number, numbers

AUTO = "auto"
BTYD_MODELS = ("bgnbd", "mbgnbd", "mbgcnbd", "pareto_nbd", "ggomnbd", "bgbb", "nbd")
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
TREES = Bounds(1, 20_000, technical=True)
THREADS = Bounds(0, 1024, technical=True)
_PENALTY = Bounds(0, 1e6, technical=True)
_SHARE, _STRENGTH = Bounds(0, 1, above=True), Bounds(0, 1e9, technical=True)
BOOSTING_BOUNDS = {
    "max_depth": Bounds(0, 32),
    "max_leaves": Bounds(0, 65_536),
    "max_bin": Bounds(2, 65_536),
    "learning_rate": _SHARE,
    "eta": _SHARE,
    "subsample": _SHARE,
    "colsample_bytree": _SHARE,
    "colsample_bylevel": _SHARE,
    "colsample_bynode": _SHARE,
    "min_child_weight": _STRENGTH,
    "reg_lambda": _STRENGTH,
    "lambda": _STRENGTH,
    "reg_alpha": _STRENGTH,
    "alpha": _STRENGTH,
    "gamma": _STRENGTH,
    "min_split_loss": _STRENGTH,
    "max_delta_step": _STRENGTH,
    "scale_pos_weight": Bounds(0, 1e9, above=True, technical=True),
    "num_parallel_tree": Bounds(1, 1000),
    "base_score": Bounds(0, 1, above=True, below=True),
    "tweedie_variance_power": Bounds(1, 2, above=True, below=True),
}  # of XGBoost's parameters that are numbers; XGBoost ignores unknown names without a warning


@dataclass
class BoostingSettings:
    """Trees for purchases and spend.

    Attributes:
        kind: `tweedie`, or `two_part`: the probability of any purchase times the amount given one.
        from_btyd: hybrid trees start from the BTYD model's expectation, and learn a factor on it.
        rounds: how many trees.
        parameters: of XGBoost.
        threads: 0 takes all cores; the result does not depend on it.
    """

    kind: str = "tweedie"
    from_btyd: bool = True
    rounds: int = number(80, TREES)
    parameters: dict[str, float] = numbers(_CAUTIOUS_TREES, BOOSTING_BOUNDS)
    threads: int = number(0, THREADS)

    def __post_init__(self) -> None:
        """Check the ranges."""
        remedy = f"allowed are {', '.join(KINDS)}."
        require(self.kind in KINDS, f"clv.boosting.kind is {self.kind!r}.", remedy=remedy)
        check_numbers(self, "clv.boosting")


class SeasonMode(Enum):
    """Whether expectations follow the season; `auto` chooses by the totals on the validation folds."""

    auto = "auto"
    yes = "yes"
    no = "no"


@dataclass
class ClvSettings:
    """The CLV model, and its hyperparameters when nothing is tuned.

    Attributes:
        name: a model of purchases (spend is Gamma-Gamma), `boosted` (trees alone), `hybrid` (trees on top of a
            purchase model), or `auto`: the one of `candidates` with the least error on the validation folds.
        base: the model of purchases that `boosted` and `hybrid` stand on; `auto` takes the best of the candidates.
        candidates: what `auto` tries.
        season: yes, no, or auto.
        purchase_penalty: on the squared distance of log-parameters from plain values (0 = maximum likelihood).
        spend_penalty: the same for the Gamma-Gamma parameters.
        cohort_days: parameters are estimated on customers first seen within so many days before the cutoff; 0 = all.
        stages: of mbgcnbd: the regularity of gaps, 1 = at random; 0 = by likelihood.
        opportunity_days: of bgbb: days between opportunities to buy.
        boosting: of boosted and hybrid, where nothing is tuned.
    """

    name: str = AUTO
    base: str = AUTO
    candidates: list[str] = field(default_factory=lambda: ["bgnbd", "mbgcnbd", "pareto_nbd", "boosted", "hybrid"])
    season: SeasonMode = SeasonMode.auto
    purchase_penalty: float = number(0.0, _PENALTY)
    spend_penalty: float = number(0.0, _PENALTY)
    cohort_days: int = number(0, Bounds(0, CENTURY_DAYS, technical=True))
    stages: int = number(0, Bounds(0, MOST_STAGES))
    opportunity_days: int = number(7, Bounds(1, CENTURY_DAYS, technical=True))
    boosting: BoostingSettings = field(default_factory=BoostingSettings)

    def __post_init__(self) -> None:
        """Check names and ranges."""
        names = (*BTYD_MODELS, *LEARNED)
        allowed = f"allowed are {', '.join(names)}"
        require(self.name in (*names, AUTO), f"clv.name is {self.name!r}.", remedy=f"{allowed}, {AUTO}.")
        bases = (*BTYD_MODELS, AUTO)
        require(self.base in bases, f"clv.base is {self.base!r}.", remedy=f"allowed are {', '.join(bases)}.")
        wrong = [name for name in self.candidates if name not in names]
        require(not wrong, f"clv.candidates has {wrong}.", remedy=f"{allowed}.")
        btyd_models = [name for name in self.candidates if name in BTYD_MODELS]
        require(len(btyd_models) > 0, "clv.candidates needs a model of purchases.", remedy=f"{', '.join(BTYD_MODELS)}.")
        check_numbers(self, "clv")
