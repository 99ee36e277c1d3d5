"""Settings of churn models."""

from dataclasses import dataclass, field
from enum import Enum

from ..clv.purchase_models import PURCHASE_MODELS
from ..clv.settings import BOOSTING_BOUNDS, THREADS, TREES
from ..errors import require
from ..ranges import Bounds, check_numbers, number, numbers
from .churn_models import churn_models

AUTO = "auto"

_SMALL_ROWS, _SMALL_BAGS = 20_000, 5


class Calibration(Enum):
    """How raw probabilities are mapped to churn scores; `auto` chooses on the validation folds."""

    auto = "auto"
    none = "none"
    sigmoid = "sigmoid"
    isotonic = "isotonic"
    venn_abers = "venn_abers"


class Objective(Enum):
    """What tuning optimises: log-loss (minimised), or AUC, average precision or expected profit (maximised)."""

    log_loss = "log_loss"
    auc = "auc"
    average_precision = "average_precision"
    profit = "profit"


class Season(Enum):
    """Whether the score follows the season that the CLV model follows; `auto` chooses by calibrated log-loss."""

    auto = "auto"
    yes = "yes"
    no = "no"


class ClassWeight(Enum):
    """Whether trees give both classes the same total weight; `auto` chooses by calibrated log-loss on the folds."""

    auto = "auto"
    none = "none"
    balanced = "balanced"


@dataclass
class ChurnSettings:
    """The churn model, and its parameters when nothing is tuned.

    Attributes:
        name: `xgboost`, `logistic` (regression), `btyd` (the BTYD model's probability of no purchase, or the
            contract model's of a contract's end), or `auto`: the one of them, or the blend of their log-odds, with the
            least log-loss on the validation folds.
            `custom` is the user's class; named beside `auto`, it competes too.
        custom: the user's class, `path/to/model.py:Class`.
        objective: what the search of XGBoost's parameters optimises.
        parameters: passed to XGBoost beneath the tuned ones.
        max_rounds: most boosting rounds a fold may take.
        patience_rounds: a fold stops after so many rounds without improvement.
        threads: XGBoost's threads; 0 takes one below 20,000 training rows, which is fastest there, else all cores. The
            result does not depend on it.
        calibration: how probabilities are calibrated.
        class_weight: none, balanced or auto.
        bags: how many boosters, alike but for their seeds, are averaged; 0 = 5 below 20,000 training rows, where a
            single booster varies with its seed, else 1.
        monotone: features (or patterns such as `days_since_*`) and the direction in which churn may change with them:
            1 = up, -1 = down.
        purchase_models: whose probability of no purchase is tried as it is, on an order log.
        penalty_strengths: of the logistic regression, tried in turn.
        level_share: of the level of `auto` on an order log, which the purchase model gives; the rest is the members'.
        season: whether the season moves the log-odds, where the CLV model follows one.
        btyd_columns: whether trees and logistic regression also use the predictions of the BTYD or contract model,
            estimated on data before the cutoff.
    """

    name: str = AUTO
    custom: str | None = None
    objective: Objective = Objective.log_loss
    parameters: dict[str, float] = numbers({}, BOOSTING_BOUNDS)
    max_rounds: int = number(600, TREES)
    patience_rounds: int = number(30, TREES)
    threads: int = number(0, THREADS)
    calibration: Calibration = Calibration.auto
    class_weight: ClassWeight = ClassWeight.auto
    bags: int = number(0, Bounds(0, 100))
    monotone: dict[str, int] = numbers({}, Bounds(-1, 1, hint=" (1 = churn may only rise with it, -1 = only fall)"))
    penalty_strengths: list[float] = numbers([3.0, 30.0, 1000.0, 10000.0], Bounds(0, 1e12, above=True, technical=True))
    purchase_models: list[str] = field(default_factory=lambda: ["bgnbd", "mbgnbd", "pareto_nbd"])
    level_share: float = number(0.75, Bounds(0, 1))
    season: Season = Season.auto
    btyd_columns: bool = True

    def __post_init__(self) -> None:
        """Check the ranges."""
        names = (AUTO, *churn_models())
        allowed = f"allowed are {', '.join(names)}."
        require(self.name in names, f"churn.name is {self.name!r}.", remedy=allowed)
        given = self.name != "custom" or self.custom is not None
        require(given, "churn=custom needs churn.custom.", remedy="churn.custom=path/to/model.py:Class")
        check_numbers(self, "churn")
        wrong = [name for name in self.purchase_models if name not in PURCHASE_MODELS]
        require(not wrong, f"churn.purchase_models has {wrong}.", remedy=f"allowed are {', '.join(PURCHASE_MODELS)}.")
        require(len(self.penalty_strengths) > 0, "churn.penalty_strengths is [].", remedy="name at least one above 0.")

    def threads_for(self, rows: int) -> int:
        """Return how many threads XGBoost takes for so many training rows; 0 = all cores."""
        return self.threads or (1 if rows < _SMALL_ROWS else 0)

    def bags_for(self, rows: int) -> int:
        """Return how many boosters are averaged for so many training rows."""
        return self.bags or (_SMALL_BAGS if rows < _SMALL_ROWS else 1)
