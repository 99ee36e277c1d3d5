"""Tuning the CLV model: penalties and cohort length by the error of expected spend on the validation folds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import optuna

from ..clv.model import ClvModel
from ..clv.purchases import PURCHASE_MODELS
from ..clv.settings import AUTO, ClvSettings
from ..evaluation.metrics import plain, rmse
from ..features.dataset import Dataset
from ..progress import Progress
from ..snapshots.plan import Fold
from .settings import Kind, Range
from .study import StudyPlan, TrialRecord, run_study


@dataclass(frozen=True)
class TunedClv:
    """The unfitted model that validation chose, and the least error of each model of purchases that was tried."""

    model: ClvModel
    ablation: dict[str, float]


def tune_clv(
    data: Dataset,
    folds: tuple[Fold, ...],
    horizon_days: int,
    settings: ClvSettings,
    plan: StudyPlan,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
) -> TunedClv:
    """Choose the model with the least mean fold RMSE of expected spend; `clv=auto` tries every model of purchases.

    A fold's parameters are estimated on histories before its validation cutoff alone, and need no labels. Logs
    without amounts are judged by purchases.
    """
    judged = [data.at((fold.valid,)) for fold in folds]
    target = "spend" if any(part.labels["spend"].to_numpy().any() for part in judged) else "purchases"

    def objective(trial: optuna.Trial, drawn: dict[str, Any]) -> float:
        errors = []
        for step, part in enumerate(judged):
            model = _model(settings, drawn).fit(part.features)
            expected = getattr(model, f"expected_{target}")(part.features, horizon_days)
            errors.append(plain(rmse, part.labels[target], expected))
            trial.report(errors[-1], step)
            if step + 1 < len(judged) and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(errors))

    ablation: dict[str, float] = {}

    def note(trial: TrialRecord) -> None:
        on_trial(trial)
        if trial.value is not None:
            name = str(trial.parameters.get("name", settings.name))
            ablation[name] = min(trial.value, ablation.get(name, np.inf))

    best = run_study(_with_models(plan, settings), objective, note, progress, "Tuning CLV")
    return TunedClv(_model(settings, best.parameters), ablation)


def _with_models(plan: StudyPlan, settings: ClvSettings) -> StudyPlan:
    if settings.name != AUTO:
        return plan
    models = Range(kind=Kind.choice, choices=list(PURCHASE_MODELS))
    return replace(plan, ranges={"name": models, **plan.ranges})


def _model(settings: ClvSettings, drawn: dict[str, Any]) -> ClvModel:
    chosen = {
        "name": settings.name,
        "purchase_penalty": settings.purchase_penalty,
        "spend_penalty": settings.spend_penalty,
        "cohort_days": settings.cohort_days,
    }
    return ClvModel(**{**chosen, **drawn})
