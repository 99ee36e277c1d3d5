"""Choosing and combining CLV models on the validation folds, each question by its own loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..clv.clv_model import ClvChoice, ClvModel, gather_past, predict_past
from ..clv.covariate_calendar import Calendar
from ..clv.hybrid import TARGETS, Past
from ..clv.predictive import NOMINAL
from ..clv.purchase_models import find_purchase_model, label_of
from ..clv.settings import AUTO, COMBINED, LEARNED, ClvSettings, CovariateMode, SeasonMode
from ..errors import listed, require
from ..evaluation.interval_coverage import HELD_CUSTOMERS, calibrate_levels
from ..evaluation.metrics import Array, log_loss, plain, rmse
from ..features.dataset import Dataset
from ..progress import Progress
from ..snapshots.cutoff_plan import Fold
from .covariate_choice import (
    CovariateTest,
    attributes_by_process,
    choose_covariates,
    taken_covariates,
    takes_covariates,
)
from .figure_cache import FigureCache
from .settings import Kind, Range, TuningSettings
from .study import Goal, StudyPlan, TrialRecord, run_study
from .value_weights import (
    Combined,
    FoldOutcomes,
    choose_combination,
    deviance,
    fold_weights,
    mean_deviance,
    paired_gain,
)

_HYBRID_ONLY = "from_btyd"
_TREES = ("hybrid", "boosted")
_SEASON_MODEL = "bgnbd"  # the model by which seasons are compared
_PRIOR_MODELS = 2  # models of purchases among the equal weights
_SEASONS: dict[str, dict[str, Any]] = {
    "without": {"season": False},
    "with": {"season": True},
    "likelihood": {"season": True, "season_in_likelihood": True},
    "calendar": {"season": True, "season_in_likelihood": True, "calendar": True},
}

Expected = dict[str, list[Array]]  # by target: expectations of a fold's rows, (n,) each


@dataclass(frozen=True)
class ClvEvidence:
    """The data that the choice is made on.

    Attributes:
        data: labelled rows.
        folds: their training and validation cutoffs.
        daily: the purchases of all customers per day.
        horizon_days: length of the label window.
        attributes: columns of the rows that are declared attributes of customers.
        calendars: covariates of days that are declared, for all customers.
        wanted: the target by which parameters are searched, `spend` or `purchases`; a log without amounts uses
            purchases.
    """

    data: Dataset
    folds: Sequence[Fold]
    daily: pd.DataFrame
    horizon_days: int
    wanted: str = "spend"
    attributes: tuple[str, ...] = ()
    calendars: tuple[Calendar, ...] = ()

    @property
    def has_spend(self) -> bool:
        """Whether any customer spends anything."""
        return bool(self.data.labels["spend"].to_numpy().any())

    @property
    def target(self) -> str:
        """The target by which parameters are searched."""
        return self.wanted if self.has_spend else "purchases"

    @property
    def learnable(self) -> bool:
        """Whether every fold has labels that are known by its validation cutoff, which learned models need."""
        return all(len(fold.train) > 0 for fold in self.folds)


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
        error: its mean fold RMSE.
        ablation: the mean fold RMSE of every candidate at its default parameters, of the combination with equal
            weights, and of the chosen one.
        season_errors: mean absolute log of expected over actual purchases, without the season and with each form of it.
        past: labelled rows and the BTYD models' columns, which learned models use.
        btyd_columns: predictions of the chosen BTYD model for each labelled row, estimated on data before its cutoff,
            and the probabilities of no purchase by the other candidates.
        btyd_models: the candidates that are BTYD models, unfitted, at their default parameters.
        folds: the chosen model and the plain BTYD models, fitted at each validation cutoff.
        covariate_tests: what each attribute gains on customers outside the fit; empty where none was tested.
        no_purchase_losses: log-loss of the probability of no purchase by each model of purchases, by label.
    """

    model: ClvModel
    error: float
    ablation: dict[str, float]
    season_errors: dict[str, float]
    past: Past
    btyd_columns: pd.DataFrame
    btyd_models: tuple[ClvModel, ...]
    folds: list[FittedFold]
    no_purchase_losses: dict[str, float] = field(default_factory=dict)
    covariate_tests: dict[str, CovariateTest] = field(default_factory=dict)


def tune_clv(
    evidence: ClvEvidence,
    settings: ClvSettings,
    tuning: TuningSettings,
    plan: StudyPlan,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
) -> TunedClv:
    """Choose a model for each question by that question's own loss, on folds of which a newer one counts more.

    The rule of `auto`: expectations follow the season if the folds' totals are closer with it. The probability of no
    purchase, P(alive) and the shape over time come from the model of purchases with the least log-loss. Purchases and
    spend are weighted geometric means of the candidates, with equal weights of the two best models of purchases, the
    log-linear model and the better trees, unless learned weights gain more than one standard error on held-out folds;
    their totals are recalibrated, and go a part of the way to those of the models of purchases. The trees' parameters
    are searched, and the defaults stay within one standard error. A named model is taken as it is, with its parameters
    searched. A fold's BTYD models and season are estimated on data before its validation cutoff, and learned models use
    labels known by then.
    """
    progress.log(f"Looking for a season on {len(evidence.folds)} validation folds")
    contest = _Contest(evidence, plan.cache)
    season_errors = contest.season_errors()
    names = settings.candidates if settings.name == AUTO else [settings.name]
    start = _plain_choice(settings, season_errors, tuning.seed)
    covariates, tests = _choose_covariates(contest, settings, progress)
    models = _purchase_choices(start, settings, names, covariates)
    losses = _measure(models, contest.no_purchase_loss, progress, "Comparing models of purchases: who buys nothing")
    base = models[min(losses, key=lambda label: losses[label])] if settings.base == AUTO else (
        models[label_of(settings.base)]
    )  # fmt: skip
    contest.stand_on(base, models)
    learned = [name for name in names if name in LEARNED and (evidence.learnable or settings.name != AUTO)]
    choices = {label_of(name): models[label_of(name)] for name in names if name not in LEARNED}
    choices |= {name: replace(base, name=name, base=base.name, boosting=settings.boosting) for name in learned}
    ablation = _measure(models | choices, contest.error, progress, "Comparing CLV models: purchases and spend")
    leader = contest.leader([choice for choice in choices.values() if choice.name in _TREES] or list(choices.values()))
    searched = _search(contest, leader, tuning, plan, on_trial, progress)
    choices[leader.label] = choice = searched
    if len(choices) > 1:
        if leader.label in models:  # it is a member of the combination, and may be its base
            models[leader.label] = searched
            base = models[base.label]
            contest.stand_on(base, models)
        progress.log(f"Weighing {len(choices)} CLV models")
        choice, equal = _combine(contest, choices, models, base, settings.total_share)
        ablation |= {"equal_weights": contest.error(equal), COMBINED: contest.error(choice)}
    progress.log("Fitting the CLV model at each validation cutoff, and the levels of its intervals")
    fitted = [contest.fitted(choice, fold) for fold in range(len(evidence.folds))]
    choice = replace(choice, levels=contest.levels(fitted))
    others = [[contest.fitted(plain, fold) for plain in models.values()] for fold in range(len(fitted))]
    return TunedClv(
        ClvModel(choice),
        contest.error(choice),
        ablation,
        season_errors,
        contest.past(choice),
        contest.btyd_columns(choice),
        tuple(ClvModel(plain) for plain in models.values()),
        [FittedFold(model.at(choice.levels), tuple(beside)) for model, beside in zip(fitted, others, strict=True)],
        losses,
        tests,
    )


def _measure(
    choices: Mapping[str, ClvChoice], measure: Callable[[ClvChoice], float], progress: Progress, title: str
) -> dict[str, float]:
    """Return the figure of each choice, by label."""
    figures = {}
    with progress.steps(title, len(choices)) as advance:
        for label, choice in choices.items():
            figures[label] = measure(choice)
            advance(label)
    return figures


def _choose_covariates(
    contest: "_Contest", settings: ClvSettings, progress: Progress
) -> tuple[dict[str, list[str]], dict[str, CovariateTest]]:
    """Return the attributes by process that enter the models of purchases, and the tests of `auto`.

    Raises:
        InputError: a named attribute is not declared.
    """
    declared = contest.evidence.attributes
    absent = [name for names in settings.covariate_names.values() for name in names if name not in declared]
    remedy = f"declared are {listed(declared)}." if declared else "declare it: data.static=[...]."
    require(not absent, f"clv.covariate_names has {listed(absent)}, no declared attribute.", remedy=remedy)
    wanted = attributes_by_process(settings.covariate_names, declared)
    if settings.covariates is CovariateMode.no or not wanted:
        return {}, {}
    if settings.covariates is CovariateMode.yes:
        return wanted, {}
    progress.log("Testing which attributes predict the purchases of customers outside the fit")
    tests = choose_covariates(
        [rows.features for rows in contest.rows],
        contest.outcomes,
        wanted,
        settings.covariate_penalty,
        contest.evidence.horizon_days,
    )
    return taken_covariates(wanted, tests), tests


def _plain_choice(settings: ClvSettings, season_errors: dict[str, float], seed: int) -> ClvChoice:
    joint = "calendar" if "calendar" in season_errors else "likelihood"
    named = {SeasonMode.yes: "with", SeasonMode.no: "without", SeasonMode.likelihood: joint}
    best = named.get(settings.season) or min(_offered(season_errors), key=lambda name: season_errors[name])
    chosen = ("purchase_penalty", "spend_penalty", "cohort_days")
    return ClvChoice(seed=seed, **_SEASONS[best], **{name: getattr(settings, name) for name in chosen})


def _offered(season_errors: dict[str, float]) -> list[str]:
    """Return the forms of the season that `auto` may take: the likelihood only where a calendar is declared.

    On five of six cutoffs of a real shop, all before its sealed one, it was further off than the season beside the
    model of purchases (`experiments/LOG.md`, 2026-11-28).
    """
    return [name for name in season_errors if name != "likelihood"]


def _purchase_choices(
    start: ClvChoice, settings: ClvSettings, names: Sequence[str], covariates: dict[str, list[str]]
) -> dict[str, ClvChoice]:
    """Return the models of purchases to fit, by label: those named, and those that may be the base."""
    wanted = [*names, *(settings.candidates if settings.base == AUTO else [settings.base])]
    models = [name for name in dict.fromkeys(wanted) if name not in LEARNED]
    with_covariates = {"covariates": covariates, "covariate_penalty": settings.covariate_penalty}
    own = {
        name: settings.purchase_parameters.get(name, {})
        | (with_covariates if covariates and takes_covariates(name) else {})
        for name in models
    }
    return {label_of(name): replace(start, name=name, base=name, purchase_parameters=own[name]) for name in models}


def _combine(
    contest: "_Contest",
    choices: dict[str, ClvChoice],
    models: dict[str, ClvChoice],
    base: ClvChoice,
    total_share: float,
) -> tuple[ClvChoice, ClvChoice]:
    """Return the combination that validation chose, and the one with equal weights and the members' own total."""
    equal, chosen = {}, {}
    for target in TARGETS:
        if target == "spend" and not contest.evidence.has_spend:
            equal[target] = chosen[target] = Combined({base.label: 1.0}, 1.0)
            continue
        expected = {label: contest.expected(choice)[target] for label, choice in choices.items()}
        prior = _prior(contest, expected, choices, target)
        chosen[target] = choose_combination(contest.outcomes, expected, prior, target)
        equal[target] = Combined(dict.fromkeys(prior, 1.0 / len(prior)), 1.0)
    plain, other = (_combined(base, choices, models, by_target, contest.evidence) for by_target in (chosen, equal))
    return replace(plain, total_share=total_share), other


def _prior(
    contest: "_Contest", expected: dict[str, list[Array]], choices: dict[str, ClvChoice], target: str
) -> list[str]:
    """Return the candidates that equal weights combine: two models of purchases, the log-linear model, and trees."""
    losses = {label: mean_deviance(contest.outcomes, values, target) for label, values in expected.items()}
    ranked = sorted(expected, key=lambda label: losses[label])
    purchases = [label for label in ranked if choices[label].name not in LEARNED][:_PRIOR_MODELS]
    trees = [label for label in ranked if choices[label].name in _TREES][:1]
    return [*purchases, *(label for label in ranked if choices[label].name == "ridge"), *trees]


def _combined(
    base: ClvChoice,
    choices: dict[str, ClvChoice],
    models: dict[str, ClvChoice],
    chosen: dict[str, Combined],
    evidence: ClvEvidence,
) -> ClvChoice:
    weights = {target: one.weights for target, one in chosen.items()}
    used = {label for by_label in weights.values() for label in by_label}
    learned = {label: choice for label, choice in choices.items() if choice.name in LEARNED and label in used}
    return replace(
        base,
        name=COMBINED,
        base=base.name,
        members=models | learned,
        weights=weights,
        totals={target: one.level for target, one in chosen.items()},
        horizon_days=float(evidence.horizon_days),
    )


def _search(
    contest: "_Contest",
    leader: ClvChoice,
    tuning: TuningSettings,
    plan: StudyPlan,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
) -> ClvChoice:
    """Search the leader's parameters, and return the choice; the defaults stay within one standard error."""
    weights = np.array([fold.weight for fold in contest.outcomes])
    goal = Goal(
        folds=len(weights),
        work=partial(contest.drawn_loss, leader),
        value=lambda _, loss: float(loss),
        conclude=lambda losses: (float(weights @ np.array(losses)), {}),
    )
    searched = replace(plan, ranges=_ranges(leader, tuning))
    best = run_study(searched, goal, on_trial, progress, f"Tuning CLV ({leader.label})")
    choice = leader if best.value is None else _changed(leader, best.parameters)
    gain, error = contest.gain(leader, choice)
    return choice if gain > error else leader


def _ranges(leader: ClvChoice, tuning: TuningSettings) -> dict[str, Range]:
    if leader.name in _TREES:
        return {
            name: values for name, values in tuning.boosting.items() if leader.name == "hybrid" or name != _HYBRID_ONLY
        }
    own = find_purchase_model(leader.btyd).hyperparameters
    brought = {
        name: Range(**{**one.search, "kind": Kind(one.search["kind"])}) for name, one in own.items() if one.search
    }
    shared = {one.name for one in fields(ClvChoice)}
    return {name: values for name, values in (brought | tuning.clv).items() if name in shared or name in own}


def _changed(choice: ClvChoice, drawn: dict[str, Any]) -> ClvChoice:
    """Return the choice with a trial's values: its own fields, its purchase model's, the trees', or XGBoost's."""
    own = {name: value for name, value in drawn.items() if name in asdict(choice)}
    trees = {name: value for name, value in drawn.items() if name in asdict(choice.boosting)}
    of_model = find_purchase_model(choice.btyd).hyperparameters
    purchases = {name: value for name, value in drawn.items() if name in of_model}
    rest = {name: value for name, value in drawn.items() if name not in own | trees | purchases}
    parameters = {**choice.boosting.parameters, **rest}
    return replace(
        choice,
        **own,
        purchase_parameters={**choice.purchase_parameters, **purchases},
        boosting=replace(choice.boosting, **trees, parameters=parameters),
    )


class _Contest:
    """Candidates on the same folds; a model that several of them share is fitted once."""

    def __init__(self, evidence: ClvEvidence, cache: FigureCache) -> None:
        self.evidence = evidence
        self.cache = cache
        self.rows = [evidence.data.at((fold.valid,)) for fold in evidence.folds]
        newest = max(fold.valid for fold in evidence.folds)
        ages = [(newest - fold.valid).total_seconds() / 86_400.0 for fold in evidence.folds]
        weights = fold_weights(ages, float(evidence.horizon_days))
        self.outcomes = [
            FoldOutcomes(
                weight, {target: rows.labels[target].to_numpy(dtype=float) for target in TARGETS}, rows.customers
            )
            for weight, rows in zip(weights, self.rows, strict=True)
        ]
        self._fitted: dict[tuple[int, str], ClvModel] = {}
        self._expected: dict[str, Expected] = {}
        self._base: ClvChoice | None = None
        self._past: dict[str, Past] = {}

    def stand_on(self, base: ClvChoice, models: dict[str, ClvChoice]) -> None:
        """Keep the base of learned models, with the models of purchases whose probabilities are kept beside."""
        self._base = replace(base, name=COMBINED, base=base.name, members=models)

    def past(self, choice: ClvChoice) -> Past:
        """Return the labelled rows, with the BTYD models' columns at every cutoff if the choice learns or combines."""
        if choice.name not in (*LEARNED, COMBINED) or self._base is None:
            return Past(self.evidence.data, self.evidence.horizon_days)
        own = choice.name in LEARNED and choice.plain != self._base.plain  # parameters of the base were searched
        columns_of = choice if own else self._base
        key = str(asdict(columns_of.plain))
        if key not in self._past:
            self._past[key] = gather_past(self.evidence.data, columns_of, self.evidence.horizon_days)
        return self._past[key]

    def btyd_columns(self, choice: ClvChoice) -> pd.DataFrame:
        """Return the BTYD models' columns for all labelled rows, whether or not the choice learns from them."""
        btyd = self.past(choice).btyd
        return predict_past(self.evidence.data, choice, self.evidence.horizon_days) if btyd is None else btyd

    def fitted(self, choice: ClvChoice, fold: int) -> ClvModel:
        """Return a candidate fitted on the data known at a fold's validation cutoff; it is fitted once."""
        key = (fold, str(asdict(choice)))
        if key not in self._fitted:
            self._fitted[key] = self._fit(choice, fold)
        return self._fitted[key]

    def _fit(self, choice: ClvChoice, fold: int, targets: tuple[str, ...] = TARGETS) -> ClvModel:
        if choice.members:
            members = {label: self.fitted(member, fold) for label, member in choice.members.items()}
            model = ClvModel(choice, members[label_of(choice.base)].purchases)
            return model.combine(members, self.rows[fold].features)
        if choice == choice.plain:
            return ClvModel(choice).fit(
                self.rows[fold].features, daily=self.evidence.daily, calendars=self.evidence.calendars
            )
        beneath = self.fitted(choice.plain, fold)
        model = ClvModel(choice, beneath.purchases).on_top_of(beneath)
        train = self.evidence.folds[fold].train
        return model.teach(self.past(choice).at(train), targets) if choice.name in LEARNED else model

    def expected(self, choice: ClvChoice) -> Expected:
        """Return a candidate's expectations on every fold."""
        key = str(asdict(choice))
        if key not in self._expected:
            expected: Expected = {target: [] for target in TARGETS}
            for fold, rows in enumerate(self.rows):
                model = self.fitted(choice, fold)
                for target in TARGETS:
                    value = getattr(model, f"expected_{target}")(rows.features, self.evidence.horizon_days)
                    expected[target].append(value)
            self._expected[key] = expected
        return self._expected[key]

    def error(self, choice: ClvChoice) -> float:
        """Return a candidate's mean fold RMSE of the target."""
        target = self.evidence.target
        pairs = zip(self.outcomes, self.expected(choice)[target], strict=True)
        return float(np.mean([plain(rmse, fold.truth[target], values) for fold, values in pairs]))

    def leader(self, choices: Sequence[ClvChoice]) -> ClvChoice:
        """Return the candidate with the least deviance of the target."""
        target = self.evidence.target
        return min(choices, key=lambda choice: mean_deviance(self.outcomes, self.expected(choice)[target], target))

    def gain(self, first: ClvChoice, second: ClvChoice) -> tuple[float, float]:
        """Return by how much the second choice's deviance of the target is less, and the standard error of that."""
        target = self.evidence.target
        losses = [
            [deviance(fold.truth[target], values, target) for fold, values in zip(self.outcomes, expected, strict=True)]
            for expected in (self.expected(first)[target], self.expected(second)[target])
        ]
        return paired_gain(self.outcomes, *losses)

    def no_purchase_loss(self, choice: ClvChoice) -> float:
        """Return the log-loss of a purchase model's probability of no purchase, over the folds by their weights."""
        loss = 0.0
        for place, (fold, rows) in enumerate(zip(self.outcomes, self.rows, strict=True)):
            chances = self.fitted(choice, place).p_no_purchase(rows.features, self.evidence.horizon_days)
            loss += fold.weight * plain(log_loss, rows.churned, chances)
        return loss

    def drawn_loss(self, leader: ClvChoice, drawn: dict[str, Any], fold: int) -> float:
        """Return the deviance on a fold of a leader with a trial's parameters."""
        target = self.evidence.target
        model = self._fit(_changed(leader, drawn), fold, (target,))
        expected = getattr(model, f"expected_{target}")(self.rows[fold].features, self.evidence.horizon_days)
        return float(deviance(self.outcomes[fold].truth[target], expected, target).mean())

    def season_errors(self) -> dict[str, float]:
        """Return the errors of the folds' totals, mean |log(expected / actual)|, without a season and by form."""
        known = [name for name in _SEASONS if name != "calendar" or self.evidence.calendars]
        return {name: self.cache.get(("season", name), partial(self._season_error, name)) for name in known}

    def _season_error(self, name: str) -> float:
        errors = []
        for fold, rows in enumerate(self.rows):
            actual = max(float(rows.labels["purchases"].sum()), 1.0)
            choice = ClvChoice(name=_SEASON_MODEL, base=_SEASON_MODEL, **_SEASONS[name])
            model = self.fitted(choice, fold)
            expected = float(model.expected_purchases(rows.features, self.evidence.horizon_days).sum())
            errors.append(abs(np.log(max(expected, 1.0) / actual)))
        return float(np.mean(errors))

    def levels(self, models: Sequence[ClvModel]) -> dict[str, tuple[float, float]]:
        """Return the levels at which a choice's intervals, fitted on the folds, have nominal coverage there."""
        ranks = []
        for model, rows in zip(models, self.rows, strict=True):
            some = rows.some(HELD_CUSTOMERS)
            ranks.append(model.ranks(some.features, self.evidence.horizon_days, some.labels))
        return {target: calibrate_levels([by_target[target] for by_target in ranks], NOMINAL) for target in TARGETS}
