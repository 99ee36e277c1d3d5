"""One Optuna study that survives being killed: finished trials are kept, and the rest goes on as if uninterrupted."""

import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from ..databases import alone_on, open_address
from ..errors import require
from ..files import digest, making
from ..progress import Progress
from .figure_cache import FigureCache
from .settings import Kind, Range, TuningSettings
from .workers import Work, Workers

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_STARTUP_TRIALS = 8
_KEPT_PERCENT = 25.0  # of trials go on after a fold; folds rank trials nearly alike, so the others would not win
_COMPLETE_TRIALS = 4  # before any is pruned
_BUSY_SECONDS = 60
_LONGEST_SECONDS = 7 * 86_400.0
_IMPORTANCE_TRIALS = 6  # complete ones that the parameters' importance needs
_REMEDY = "a longer log, more trials (tuning.n_trials), or other search ranges (tuning.clv, tuning.churn)."


@dataclass(frozen=True)
class TrialRecord:
    """A finished trial: its place among the finished ones, parameters, fold values, and how it ended."""

    number: int
    state: str
    parameters: dict[str, Any]
    value: float | None
    folds: dict[int, float]
    attributes: dict[str, Any]
    started: datetime
    ended: datetime


@dataclass(frozen=True)
class StudyPlan:
    """What makes a study: its name (config, data and code), where it is stored, ranges, trials and seed.

    `cache` keeps figures that are computed outside of trials. `first` are the parameters of the first trials; values
    beyond the ranges are moved to their ends.
    """

    name: str
    storage: Path
    ranges: dict[str, Range]
    settings: TuningSettings
    cache: FigureCache = field(default_factory=FigureCache)
    first: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Goal:
    """What a study minimises, fold by fold.

    Attributes:
        folds: their number.
        work: parameters and fold -> an outcome; picklable where there are several workers.
        value: fold and outcome -> the trial's value on that fold alone, by which it may be pruned.
        conclude: the outcomes of all folds -> the trial's value, and facts to keep with it.
    """

    folds: int
    work: Work
    value: Callable[[int, Any], float]
    conclude: Callable[[list[Any]], tuple[float, dict[str, Any]]]


def run_study(
    plan: StudyPlan,
    goal: Goal,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
    title: str,
) -> TrialRecord:
    """Minimise `goal` until `n_trials` are complete or pruned, and return the best complete trial.

    Every trial draws from a sampler seeded by (seed, number of finished trials): a study that was killed and goes on
    has the history of one that was not. Only this process writes. Several workers evaluate as many trials at a time,
    fold by fold, and trials are reported, pruned and completed in their order: the history does not depend on the
    workers' speed.
    """
    with _alone(plan), closing(Workers(goal.work, plan.settings.workers)) as workers, _open(plan) as study:
        finished = _finished(study)
        for place, trial in enumerate(finished):
            on_trial(_record(place, trial))
        place, wanted = len(finished), plan.settings.n_trials
        with progress.steps(title, wanted, done=place) as advance:
            while place < wanted:
                count = min(plan.settings.workers, wanted - place)
                for trial in _run_batch(study, goal, plan, workers, range(place, place + count)):
                    on_trial(_record(place, trial))
                    advance(_note(study))
                    place += 1
        ended = list(enumerate(_finished(study)))
    complete = [(place, trial) for place, trial in ended if trial.state is TrialState.COMPLETE]
    require(len(complete) > 0, f"{title}: none of {wanted} trials could be completed.", remedy=_REMEDY)
    return _record(*min(complete, key=lambda pair: (pair[1].value, pair[0])))


@contextmanager
def _alone(plan: StudyPlan) -> Iterator[None]:
    """Wait while another process works on the study, on a shared server on any machine; one that ends frees it."""
    lock = plan.storage.parent / "locks" / digest(plan.name)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(lock, timeout=_LONGEST_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")  # ends with the connection, and with the process
        with nullcontext() if (address := plan.settings.storage) is None else alone_on(_address(address), plan.name):
            yield


def parameter_importance(plan: StudyPlan) -> dict[str, float]:
    """Return each parameter's share of the variance between complete trials, most important first.

    Empty where there are too few complete trials or all have the same value.

    The method is functional ANOVA over a random forest (Hutter, Hoos, Leyton-Brown 2014, ICML).
    """
    with _open(plan) as study:
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return _weigh_parameters(study, complete, plan.settings.seed)


def _weigh_parameters(study: optuna.Study, complete: list[FrozenTrial], seed: int) -> dict[str, float]:
    if len(complete) < _IMPORTANCE_TRIALS or len({trial.value for trial in complete}) == 1:
        return {}
    evaluate = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    return {
        name: float(share) for name, share in optuna.importance.get_param_importances(study, evaluator=evaluate).items()
    }


@contextmanager
def _open(plan: StudyPlan) -> Iterator[optuna.Study]:
    """Yield the study, in which no trial is running; connections to its database end with the block."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = _storage(plan)
    percentile = optuna.pruners.PercentilePruner(_KEPT_PERCENT, n_startup_trials=_COMPLETE_TRIALS)
    pruner = percentile if plan.settings.prune else optuna.pruners.NopPruner()
    study = optuna.create_study(storage=storage, study_name=plan.name, load_if_exists=True, pruner=pruner)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    try:
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _storage(plan: StudyPlan) -> optuna.storages.RDBStorage:
    """Return the database of trials: SQLite beside the runs, or the one that `tuning.storage` names."""
    if plan.settings.storage is not None:
        address = _address(plan.settings.storage)
        with alone_on(address, "optuna"):  # two processes that make the tables at once fail
            return optuna.storages.RDBStorage(address)
    if not plan.storage.exists():
        _make_database(plan.storage)
    return _open_file(plan.storage)


def _address(storage: str) -> str:
    """Return the address of a server as SQLAlchemy takes it."""
    return open_address("tuning.storage", storage)


def _open_file(path: Path) -> optuna.storages.RDBStorage:
    waiting = {"connect_args": {"timeout": _BUSY_SECONDS}}
    return optuna.storages.RDBStorage(f"sqlite:///{path}", engine_kwargs=waiting)


def _make_database(path: Path) -> None:
    """Have Optuna create its tables in a temporary file, which is put in place when they are complete.

    Two processes that create them in one file fail: a table exists already, or a version is inserted twice.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with making(path) as made:
        _open_file(made).remove_session()


def _sampler(seed: int, finished: int) -> optuna.samplers.TPESampler:
    drawn = int(np.random.SeedSequence([seed, finished]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=drawn, n_startup_trials=_STARTUP_TRIALS, multivariate=True)


def _run_batch(study: optuna.Study, goal: Goal, plan: StudyPlan, workers: Workers, places: range) -> list[FrozenTrial]:
    """Run trials side by side to their end, and return them in order."""
    trials = [_start_trial(study, plan, place) for place in places]
    drawn = [{name: _suggest(trial, name, searched) for name, searched in plan.ranges.items()} for trial in trials]
    outcomes: list[list[Any]] = [[] for _ in trials]
    pruned: dict[int, FrozenTrial] = {}
    for fold in range(goal.folds):
        running = [number for number in range(len(trials)) if number not in pruned]
        for number, outcome in zip(running, workers.run([(drawn[number], fold) for number in running]), strict=True):
            outcomes[number].append(outcome)
            trials[number].report(goal.value(fold, outcome), fold)
            if fold + 1 < goal.folds and trials[number].should_prune():
                pruned[number] = study.tell(trials[number], state=TrialState.PRUNED)
    return [
        pruned.get(number) or _conclude(study, trial, goal, outcomes[number]) for number, trial in enumerate(trials)
    ]


def _start_trial(study: optuna.Study, plan: StudyPlan, place: int) -> optuna.Trial:
    sampler: optuna.samplers.BaseSampler = _sampler(plan.settings.seed, place)
    if place < len(plan.first):
        sampler = _fix(_within(plan.first[place], plan.ranges), sampler)
    study.sampler = sampler
    return study.ask()


def _fix(values: dict[str, Any], sampler: optuna.samplers.BaseSampler) -> optuna.samplers.BaseSampler:
    """Return a sampler that takes these values; an enqueued trial would be drawn out of turn after a killed run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.PartialFixedSampler(values, sampler)


def _within(values: dict[str, Any], ranges: dict[str, Range]) -> dict[str, Any]:
    """Return the values that are searched, moved to the ends of their ranges."""
    kept = {}
    for name, value in values.items():
        searched = ranges.get(name)
        if searched is not None and searched.kind is Kind.choice and value in searched.choices:
            kept[name] = value
        elif searched is not None and searched.kind is not Kind.choice:
            moved = min(max(value, searched.low), searched.high)
            kept[name] = int(moved) if searched.kind is Kind.int else float(moved)
    return kept


def _conclude(study: optuna.Study, trial: optuna.Trial, goal: Goal, outcomes: list[Any]) -> FrozenTrial:
    value, facts = goal.conclude(outcomes)
    for name, fact in facts.items():
        trial.set_user_attr(name, fact)
    return study.tell(trial, value)


def _suggest(trial: optuna.Trial, name: str, searched: Range) -> Any:
    if searched.kind is Kind.choice:
        return trial.suggest_categorical(name, list(searched.choices))
    if searched.kind is Kind.int:
        return trial.suggest_int(name, int(searched.low), int(searched.high), log=searched.log)
    return trial.suggest_float(name, searched.low, searched.high, log=searched.log)


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=FINISHED)


def _record(place: int, trial: FrozenTrial) -> TrialRecord:
    started, ended = (
        moment.astimezone(UTC) if moment else datetime.now(UTC)
        for moment in (trial.datetime_start, trial.datetime_complete)
    )
    value = trial.value if trial.state is TrialState.COMPLETE else None
    return TrialRecord(
        place,
        trial.state.name,
        dict(trial.params),
        value,
        dict(trial.intermediate_values),
        dict(trial.user_attrs),
        started,
        ended,
    )


def _note(study: optuna.Study) -> str:
    finished = _finished(study)
    complete = [trial.value for trial in finished if trial.state is TrialState.COMPLETE and trial.value is not None]
    pruned = len(finished) - len(complete)
    return f"best {min(complete):.5g}, {pruned} pruned" if complete else f"{pruned} pruned"
