"""One Optuna study that survives being killed: finished trials are kept, and the rest goes on as if uninterrupted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from ..errors import require
from ..progress import Progress
from .remembered import Remembered
from .settings import Kind, Range, TuningSettings

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_STARTUP_TRIALS = 8
_KEPT_PERCENT = 25.0  # of trials go on after a fold; folds rank trials nearly alike, so the others would not win
_WHOLE_TRIALS = 4  # before any is pruned
_BUSY_SECONDS = 60
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

    `remembered` keeps figures that were found on the way, outside of trials.
    """

    name: str
    storage: Path
    ranges: dict[str, Range]
    settings: TuningSettings
    remembered: Remembered = field(default_factory=Remembered)


Objective = Callable[[optuna.Trial, dict[str, Any]], float]


def run_study(
    plan: StudyPlan,
    objective: Objective,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
    title: str,
) -> TrialRecord:
    """Minimise `objective` until `n_trials` are complete or pruned, and return the best complete trial.

    Every trial draws from a sampler seeded by (seed, number of finished trials): a study that was killed and goes on
    has the history of one that was not.
    """
    study = _open(plan)
    finished = _finished(study)
    for place, trial in enumerate(finished):
        on_trial(_record(place, trial))
    with progress.steps(title, plan.settings.n_trials, done=len(finished)) as advance:
        for place in range(len(finished), plan.settings.n_trials):
            study.sampler = _sampler(plan.settings.seed, place)
            trial = _run_trial(study, objective, plan.ranges)
            on_trial(_record(place, trial))
            advance(_note(study))
    complete = [(place, trial) for place, trial in enumerate(_finished(study)) if trial.state is TrialState.COMPLETE]
    require(len(complete) > 0, f"{title}: none of {plan.settings.n_trials} trials could be completed.", remedy=_REMEDY)
    return _record(*min(complete, key=lambda pair: (pair[1].value, pair[0])))


def _open(plan: StudyPlan) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    plan.storage.parent.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(
        f"sqlite:///{plan.storage}", engine_kwargs={"connect_args": {"timeout": _BUSY_SECONDS}}
    )
    percentile = optuna.pruners.PercentilePruner(_KEPT_PERCENT, n_startup_trials=_WHOLE_TRIALS)
    pruner = percentile if plan.settings.prune else optuna.pruners.NopPruner()
    study = optuna.create_study(storage=storage, study_name=plan.name, load_if_exists=True, pruner=pruner)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _sampler(seed: int, finished: int) -> optuna.samplers.TPESampler:
    drawn = int(np.random.SeedSequence([seed, finished]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=drawn, n_startup_trials=_STARTUP_TRIALS, multivariate=True)


def _run_trial(study: optuna.Study, objective: Objective, ranges: dict[str, Range]) -> FrozenTrial:
    trial = study.ask()
    try:
        value = objective(trial, {name: _suggest(trial, name, found) for name, found in ranges.items()})
    except optuna.TrialPruned:
        return study.tell(trial, state=TrialState.PRUNED)
    return study.tell(trial, value)


def _suggest(trial: optuna.Trial, name: str, found: Range) -> Any:
    if found.kind is Kind.choice:
        return trial.suggest_categorical(name, list(found.choices))
    if found.kind is Kind.int:
        return trial.suggest_int(name, int(found.low), int(found.high), log=found.log)
    return trial.suggest_float(name, found.low, found.high, log=found.log)


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
