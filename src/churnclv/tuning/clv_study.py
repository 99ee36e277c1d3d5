"""Choosing the CLV model by its error on the validation folds: the model, its season and its parameters."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..clv.clv_model import ClvChoice, ClvModel, gather_past, predict_past
from ..clv.hybrid import TARGETS, Past
from ..clv.predictive import NOMINAL
from ..clv.purchase_models import find_purchase_model, label_of
from ..clv.settings import AUTO, LEARNED, BoostingSettings, ClvSettings, SeasonMode
from ..evaluation.interval_coverage import HELD_CUSTOMERS, calibrate_levels
from ..evaluation.metrics import plain, rmse
from ..features.dataset import Dataset
from ..progress import Progress
from ..snapshots.cutoff_plan import Fold
from .figure_cache import FigureCache
from .settings import Kind, Range, TuningSettings
from .study import Goal, StudyPlan, TrialRecord, run_study

_HYBRID_ONLY = "from_btyd"
_SEASON_MODEL = "bgnbd"  # the model by which seasons are compared


@dataclass(frozen=True)
class ClvEvidence:
    """The data that the choice is made on.

    Attributes:
        data: labelled rows.
        folds: their training and validation cutoffs.
        daily: the purchases of all customers per day.
        horizon_days: length of the label window.
        wanted: the target by which models are compared, `spend` or `purchases`; a log without amounts uses purchases.
    """

    data: Dataset
    folds: Sequence[Fold]
    daily: pd.DataFrame
    horizon_days: int
    wanted: str = "spend"

    @property
    def target(self) -> str:
        """The target by which models are compared."""
        return self.wanted if self.data.labels["spend"].to_numpy().any() else "purchases"


@dataclass(frozen=True)
class FittedFold:
    """The chosen model and the plain BTYD models, fitted at one validation cutoff."""

    model: ClvModel
    btyd_models: tuple[ClvModel, ...]


@dataclass(frozen=True)
class TunedClv:
    """The unfitted model that validation chose.

    Attributes:
        model: the choice.
        error: its mean fold error.
        ablation: the mean fold error of every candidate at its default parameters.
        season_errors: mean absolute log of expected over actual purchases, without and with the season.
        past: labelled rows and the BTYD models' columns, which trees learn from.
        btyd_columns: predictions of the chosen BTYD model for each labelled row, estimated on data before its cutoff.
        btyd_models: the candidates that are BTYD models, unfitted, at their default parameters.
        folds: the chosen model and the plain BTYD models, fitted at each validation cutoff.
    """

    model: ClvModel
    error: float
    ablation: dict[str, float]
    season_errors: dict[str, float]
    past: Past
    btyd_columns: pd.DataFrame
    btyd_models: tuple[ClvModel, ...]
    folds: list[FittedFold]


def tune_clv(
    evidence: ClvEvidence,
    settings: ClvSettings,
    tuning: TuningSettings,
    plan: StudyPlan,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
) -> TunedClv:
    """Choose the model with the least mean fold RMSE of expected spend.

    The rule: expectations follow the season if the folds' totals are closer with it. Every candidate is tried at its
    default parameters. Trees take the columns of the best BTYD model as features, or start from its expectation. The
    best candidate's parameters are then searched, and the choice of least error is taken. A fold's BTYD models and
    season are estimated on data before its validation cutoff, and its trees learn from labels known by then.
    """
    progress.log(f"Comparing CLV models on {len(evidence.folds)} validation folds")
    contest = _Contest(evidence, plan.cache)
    season_errors = contest.season_errors()
    start = _plain_choice(settings, season_errors, tuning.seed)
    names = settings.candidates if settings.name == AUTO else [settings.name]
    wanted = [*names, *(settings.candidates if settings.base == AUTO else [settings.base])]
    btyd_models = {name: _named(start, settings, name) for name in dict.fromkeys(wanted) if name not in LEARNED}
    errors = {choice.label: contest.error(choice) for choice in btyd_models.values()}
    bases = list(btyd_models.values()) if settings.base == AUTO else [_named(start, settings, settings.base)]
    plain_choices = _plain_choices(btyd_models, names, bases, errors)
    errors |= {label: contest.error(plain) for label, plain in plain_choices.items() if label not in errors}
    leader = min(plain_choices, key=lambda label: errors[label])
    choice, error = _search(contest, plain_choices[leader], errors[leader], tuning, plan, on_trial, progress)
    fitted = [contest.fitted(choice, fold) for fold in range(len(evidence.folds))]
    choice = replace(choice, levels=contest.levels(fitted))
    others = [[contest.fitted(plain, fold) for plain in btyd_models.values()] for fold in range(len(fitted))]
    folds = [FittedFold(model.at(choice.levels), tuple(beside)) for model, beside in zip(fitted, others, strict=True)]
    plain_btyd = tuple(ClvModel(plain) for plain in btyd_models.values())
    past, columns = contest.past(choice), contest.btyd_columns(choice)
    return TunedClv(ClvModel(choice), error, errors, season_errors, past, columns, plain_btyd, folds)


def _plain_choice(settings: ClvSettings, season_errors: dict[str, float], seed: int) -> ClvChoice:
    wanted = settings.season is SeasonMode.yes
    if settings.season is SeasonMode.auto:
        wanted = season_errors["with"] < season_errors["without"]
    chosen = ("purchase_penalty", "spend_penalty", "cohort_days", "boosting")
    return ClvChoice(season=wanted, seed=seed, **{name: getattr(settings, name) for name in chosen})


def _named(start: ClvChoice, settings: ClvSettings, name: str) -> ClvChoice:
    """Return the choice of one model of purchases, with the hyperparameters that the settings give it."""
    return replace(start, name=name, base=name, purchase_parameters=settings.purchase_parameters.get(name, {}))


def _plain_choices(
    btyd_models: dict[str, ClvChoice], names: Sequence[str], bases: Sequence[ClvChoice], errors: dict[str, float]
) -> dict[str, ClvChoice]:
    """Return the candidates at their default parameters, by label; hybrids start from the mean or from a base."""
    start = min(bases, key=lambda base: errors[base.label])
    choices = {label_of(name): btyd_models.get(name, replace(start, name=name)) for name in names}
    if "hybrid" in choices:
        from_mean = replace(start.boosting, from_btyd=False)
        from_btyd = replace(start.boosting, from_btyd=True)
        choices["hybrid"] = replace(choices["hybrid"], boosting=from_mean)
        choices |= {f"hybrid_from_{base.label}": replace(base, name="hybrid", boosting=from_btyd) for base in bases}
    return choices


def _search(
    contest: "_Contest",
    leader: ClvChoice,
    plain_error: float,
    tuning: TuningSettings,
    plan: StudyPlan,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
) -> tuple[ClvChoice, float]:
    """Search the leader's parameters, and return the choice and its error; the defaults stay unless they are beaten."""
    goal = Goal(
        folds=len(contest.evidence.folds),
        work=partial(contest.drawn_error, leader),
        value=lambda _, error: float(error),
        conclude=lambda errors: (float(np.mean(errors)), {}),
    )
    searched = replace(plan, ranges=_ranges(leader, tuning))
    best = run_study(searched, goal, on_trial, progress, f"Tuning CLV ({leader.name})")
    if best.value is None or best.value >= plain_error:
        return leader, plain_error
    return _changed(leader, best.parameters), best.value


def _ranges(leader: ClvChoice, tuning: TuningSettings) -> dict[str, Range]:
    if leader.name in LEARNED:
        return {
            name: values for name, values in tuning.boosting.items() if leader.name == "hybrid" or name != _HYBRID_ONLY
        }
    own = find_purchase_model(leader.name).hyperparameters
    brought = {
        name: Range(**{**one.search, "kind": Kind(one.search["kind"])}) for name, one in own.items() if one.search
    }
    shared = {field.name for field in fields(ClvChoice)}
    return {name: values for name, values in (brought | tuning.clv).items() if name in shared or name in own}


def _changed(choice: ClvChoice, drawn: dict[str, Any]) -> ClvChoice:
    """Return the choice with a trial's values: its own fields, the trees' fields, or else XGBoost's parameters."""
    own = {name: value for name, value in drawn.items() if name in asdict(choice)}
    trees = {name: value for name, value in drawn.items() if name in asdict(choice.boosting)}
    purchases = {
        name: value for name, value in drawn.items() if name in find_purchase_model(choice.btyd).hyperparameters
    }
    rest = {name: value for name, value in drawn.items() if name not in own | trees | purchases}
    parameters = {**choice.boosting.parameters, **rest}
    return replace(
        choice,
        **own,
        purchase_parameters={**choice.purchase_parameters, **purchases},
        boosting=replace(choice.boosting, **trees, parameters=parameters),
    )


class _Contest:
    """Candidates on the same folds; a BTYD model that several of them share is fitted once."""

    def __init__(self, evidence: ClvEvidence, cache: FigureCache) -> None:
        self.evidence = evidence
        self.cache = cache
        self.rows = [evidence.data.at((fold.valid,)) for fold in evidence.folds]
        self._btyd_models: dict[tuple[int, str], ClvModel] = {}
        self._past: dict[str, Past] = {}

    def past(self, choice: ClvChoice) -> Past:
        """Return the labelled rows, with the BTYD model's columns at every cutoff if the choice has trees."""
        key = choice.base if choice.name in LEARNED else ""
        if key not in self._past:
            self._past[key] = gather_past(self.evidence.data, choice, self.evidence.horizon_days)
        return self._past[key]

    def btyd_columns(self, choice: ClvChoice) -> pd.DataFrame:
        """Return the BTYD model's columns for all labelled rows, whether or not the choice has trees."""
        btyd = self.past(choice).btyd
        return predict_past(self.evidence.data, choice, self.evidence.horizon_days) if btyd is None else btyd

    def fitted(self, choice: ClvChoice, fold: int, targets: tuple[str, ...] = TARGETS) -> ClvModel:
        """Return a candidate fitted on the data known at a fold's validation cutoff."""
        beneath = replace(choice, name=choice.btyd, base=choice.btyd, boosting=BoostingSettings())
        key = (fold, str(asdict(beneath)))
        if key not in self._btyd_models:
            rows = self.rows[fold].features
            self._btyd_models[key] = ClvModel(beneath).fit(rows, daily=self.evidence.daily)
        model = ClvModel(choice).on_top_of(self._btyd_models[key])
        train = self.evidence.folds[fold].train
        return model.teach(self.past(choice).at(train), targets) if choice.name in LEARNED else model

    def fold_error(self, choice: ClvChoice, fold: int) -> float:
        """Return a candidate's error on a fold."""
        target, rows = self.evidence.target, self.rows[fold]
        model = self.fitted(choice, fold, (target,))
        expected = getattr(model, f"expected_{target}")(rows.features, self.evidence.horizon_days)
        return plain(rmse, rows.labels[target], expected)

    def drawn_error(self, leader: ClvChoice, drawn: dict[str, Any], fold: int) -> float:
        """Return the error on a fold of a leader with a trial's parameters."""
        return self.fold_error(_changed(leader, drawn), fold)

    def error(self, choice: ClvChoice) -> float:
        """Return a candidate's mean fold error."""
        return self.cache.get(asdict(choice), lambda: self._mean_error(choice))

    def _mean_error(self, choice: ClvChoice) -> float:
        return float(np.mean([self.fold_error(choice, fold) for fold in range(len(self.rows))]))

    def season_errors(self) -> dict[str, float]:
        """Return the error of the folds' totals without and with the season: mean |log(expected / actual)|."""
        errors: dict[str, list[float]] = {"without": [], "with": []}
        for fold, rows in enumerate(self.rows):
            actual = max(float(rows.labels["purchases"].sum()), 1.0)
            for name, season in (("without", False), ("with", True)):
                model = self.fitted(ClvChoice(name=_SEASON_MODEL, season=season), fold)
                expected = float(model.expected_purchases(rows.features, self.evidence.horizon_days).sum())
                errors[name].append(abs(np.log(max(expected, 1.0) / actual)))
        return {name: float(np.mean(by_fold)) for name, by_fold in errors.items()}

    def levels(self, models: Sequence[ClvModel]) -> dict[str, tuple[float, float]]:
        """Return the levels at which a choice's intervals, fitted on the folds, have nominal coverage there."""
        ranks = []
        for model, rows in zip(models, self.rows, strict=True):
            some = rows.some(HELD_CUSTOMERS)
            ranks.append(model.ranks(some.features, self.evidence.horizon_days, some.labels))
        return {target: calibrate_levels([by_target[target] for by_target in ranks], NOMINAL) for target in TARGETS}
