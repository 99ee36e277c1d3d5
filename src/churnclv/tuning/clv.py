"""Tuning the CLV model: penalties and cohort length by the error of expected spend on the validation folds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import optuna

from ..clv.model import ClvModel
from ..clv.settings import ClvSettings
from ..evaluation.metrics import plain, rmse
from ..features.dataset import Dataset
from ..progress import Progress
from ..snapshots.plan import Fold
from .study import StudyPlan, TrialRecord, run_study


def tune_clv(
    data: Dataset,
    folds: tuple[Fold, ...],
    horizon_days: int,
    settings: ClvSettings,
    plan: StudyPlan,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
) -> ClvModel:
    """Return the unfitted model with the least mean fold RMSE of expected spend.

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

    best = run_study(plan, objective, on_trial, progress, "Tuning CLV")
    return _model(settings, best.parameters)


def _model(settings: ClvSettings, drawn: dict[str, Any]) -> ClvModel:
    return ClvModel(**{**ClvModel.from_settings(settings).get_params(), **drawn})
