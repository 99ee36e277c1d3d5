"""Settings of CLV models."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..errors import listed, require
from ..ranges import CENTURY_DAYS, Bounds, check_numbers, number, numbers, require_within
from .coefficients import BOTH, DROPOUT, PURCHASE
from .purchase_models import PURCHASE_MODELS, find_purchase_model, is_custom

AUTO = "auto"
LEARNED = ("boosted", "hybrid", "ridge")
_CANDIDATES = ("bgnbd", "mbgnbd", "mbgcnbd", "pareto_nbd", "ridge", "boosted", "hybrid")
COMBINED = "combined"  # what auto makes of its candidates
_PROCESSES = (PURCHASE, DROPOUT, BOTH)
KINDS = ("tweedie", "two_part")
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
    """Whether expectations follow the season; `auto` chooses by the totals on the validation folds.

    `yes` estimates it beside the model of purchases, `likelihood` together with it.
    """

    auto = "auto"
    yes = "yes"
    likelihood = "likelihood"
    no = "no"


class CovariateMode(Enum):
    """Whether declared attributes enter the purchase models; `auto` takes those that gain on other customers."""

    auto = "auto"
    yes = "yes"
    no = "no"


@dataclass
class ClvSettings:
    """The CLV model, and its hyperparameters when nothing is tuned.

    Attributes:
        name: a model of purchases, built in or `path/to/file.py:Class` (spend is Gamma-Gamma), `boosted` (trees
            alone), `hybrid` (trees on top of a purchase model), `ridge` (a log-linear model on top of one), or `auto`:
            a combination of `candidates`.
        base: the model of purchases that gives probabilities and the shape over time, and that `boosted`, `hybrid`,
            `ridge` and the combination stand on; `auto` takes the candidate with the least log-loss of no purchase.
        candidates: what `auto` combines.
        total_share: of the way of a combination's totals to those of the models of purchases, which know the whole
            history.
        season: yes, likelihood, no, or auto.
        covariates: whether attributes of customers enter the models of purchases: yes, no, or auto.
        covariate_names: the attributes of each process, such as `{purchase: [country], dropout: [channel]}`; empty
            takes all declared attributes in both. `both` gives an attribute one coefficient in both.
        covariate_penalty: on the squared coefficients per standard deviation of their covariates.
        purchase_penalty: on the squared distance of log-parameters from plain values (0 = maximum likelihood).
        spend_penalty: the same for the Gamma-Gamma parameters.
        cohort_days: parameters are estimated on customers first seen within so many days before the cutoff; 0 = all.
        purchase_parameters: hyperparameters that single models of purchases have, by model, such as
            `{mbgcnbd: {stages: 2}}`; the others keep the model's defaults.
        boosting: of boosted and hybrid, where nothing is tuned.
    """

    name: str = AUTO
    base: str = AUTO
    candidates: list[str] = field(default_factory=lambda: list(_CANDIDATES))
    total_share: float = number(0.5, Bounds(0, 1))
    season: SeasonMode = SeasonMode.auto
    covariates: CovariateMode = CovariateMode.auto
    covariate_names: dict[str, list[str]] = field(default_factory=dict)
    covariate_penalty: float = number(0.001, _PENALTY)
    purchase_penalty: float = number(0.0, _PENALTY)
    spend_penalty: float = number(0.0, _PENALTY)
    cohort_days: int = number(0, Bounds(0, CENTURY_DAYS, technical=True))
    purchase_parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    boosting: BoostingSettings = field(default_factory=BoostingSettings)

    def __post_init__(self) -> None:
        """Check names and ranges.

        Raises:
            InputError: a model, or a hyperparameter of a model, does not exist; or a number is out of range.
        """
        for setting, name, others in (
            ("clv.name", self.name, (*LEARNED, AUTO)),
            ("clv.base", self.base, (AUTO,)),
            *(("clv.candidates", name, LEARNED) for name in self.candidates),
        ):
            if name not in others:
                self._check_model(setting, name, others)
        needed = f"one of {', '.join(PURCHASE_MODELS)}."
        require(len(self.btyd_candidates) > 0, "clv.candidates needs a model of purchases.", remedy=needed)
        unknown = [process for process in self.covariate_names if process not in _PROCESSES]
        remedy = f"allowed are {', '.join(_PROCESSES)}."
        require(not unknown, f"clv.covariate_names has the process {listed(unknown)}.", remedy=remedy)
        for name, parameters in self.purchase_parameters.items():
            check_hyperparameters(name, parameters)
        check_numbers(self, "clv")

    def _check_model(self, setting: str, name: str, others: tuple[str, ...]) -> None:
        require(
            name in PURCHASE_MODELS or is_custom(name),
            f"{setting} is {name!r}.",
            remedy=f"allowed are {', '.join((*PURCHASE_MODELS, *others))}, or path/to/file.py:Class.",
        )
        find_purchase_model(name, setting)

    @property
    def btyd_candidates(self) -> list[str]:
        """The candidates that are models of purchases."""
        return [name for name in self.candidates if name not in LEARNED]

    @property
    def purchase_names(self) -> list[str]:
        """The models of purchases that the settings name: the candidates, the fixed model and its base, each once."""
        named = (*self.candidates, self.name, self.base)
        return [name for name in dict.fromkeys(named) if name not in (*LEARNED, AUTO)]


def check_hyperparameters(name: str, parameters: dict[str, Any]) -> None:
    """Check the hyperparameters of one model of purchases.

    Raises:
        InputError: the model does not exist or has no such hyperparameter, or a value is out of range.
    """
    setting = f"clv.purchase_parameters.{name}"
    own = find_purchase_model(name, setting).hyperparameters
    unknown = sorted(set(parameters) - set(own))
    remedy = f"allowed are {', '.join(own)}." if own else "the model has none."
    require(not unknown, f"{setting} names {listed(unknown)}.", remedy=remedy)
    for key, value in parameters.items():
        whole = not isinstance(own[key].default, int) or isinstance(value, int)
        require(whole and not isinstance(value, bool | str), f"{setting}.{key} is {value!r}.", remedy="give a number.")
        require_within(f"{setting}.{key}", value, own[key].bounds)
