"""Tuning the churn model: XGBoost on rolling-origin folds, then calibration on the same folds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna

from ..churn.boosted import BoostedChurnModel, fit_fold, quantile_matrix
from ..churn.calibration import Calibrator, choose_calibration
from ..churn.settings import ChurnSettings
from ..evaluation.metrics import Array
from ..features.dataset import Dataset
from ..progress import Progress
from ..snapshots.plan import Fold
from .study import StudyPlan, TrialRecord, run_study


@dataclass(frozen=True)
class TunedChurn:
    """The choices that validation made: parameters, rounds, calibrator, and the scores out of fold."""

    parameters: dict[str, float]
    rounds: int
    calibrator: Calibrator
    fold_scores: list[Array]
    calibration_losses: dict[str, float]
    best: TrialRecord

    def model(self, settings: ChurnSettings, seed: int) -> BoostedChurnModel:
        """Return an unfitted model with these choices."""
        return BoostedChurnModel(self.parameters, self.rounds, seed=seed, threads=settings.threads)


@dataclass(frozen=True)
class _FoldMatrices:
    train: Any
    valid: Any
    churned: Array


def tune_churn(
    data: Dataset,
    folds: tuple[Fold, ...],
    settings: ChurnSettings,
    plan: StudyPlan,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
) -> TunedChurn:
    """Minimise the mean fold log-loss, then choose the calibration; nothing here sees the sealed test."""
    matrices = [_matrices(data, fold, settings.threads) for fold in folds]
    seed = plan.settings.seed

    def objective(trial: optuna.Trial, drawn: dict[str, Any]) -> float:
        parameters = {**settings.parameters, **drawn}
        curves = []
        for step, fold in enumerate(matrices):
            curve = fit_fold(fold.train, fold.valid, parameters, settings, seed)
            curves.append(curve.log_loss)
            trial.report(float(curve.log_loss.min()), step)
            if step + 1 < len(matrices) and trial.should_prune():
                raise optuna.TrialPruned
        rounds, loss = common_rounds(curves)
        trial.set_user_attr("rounds", rounds)
        return loss

    best = run_study(plan, objective, on_trial, progress, "Tuning churn")
    parameters, rounds = {**settings.parameters, **best.parameters}, int(best.attributes["rounds"])
    raw = [(_fold_prediction(fold, parameters, rounds, settings, seed), fold.churned) for fold in matrices]
    calibrator, scores, losses = choose_calibration(raw, settings.calibration)
    return TunedChurn(parameters, rounds, calibrator, scores, losses, best)


def common_rounds(curves: list[Array]) -> tuple[int, float]:
    """Return the number of rounds with the least mean loss over the folds, and that loss.

    One number for all folds, because the final model has no fold to stop on. Curves end where their fold stopped; past
    its end a fold counts with its last loss.
    """
    longest = max(len(curve) for curve in curves)
    padded = np.array([np.pad(curve, (0, longest - len(curve)), mode="edge") for curve in curves])
    mean = padded.mean(axis=0)
    return int(mean.argmin()) + 1, float(mean.min())


def _matrices(data: Dataset, fold: Fold, threads: int) -> _FoldMatrices:
    train, valid = data.at(fold.train), data.at((fold.valid,))
    binned = quantile_matrix(train.X, train.churned, threads)
    return _FoldMatrices(binned, quantile_matrix(valid.X, valid.churned, threads, reference=binned), valid.churned)


def _fold_prediction(
    fold: _FoldMatrices, parameters: dict[str, float], rounds: int, settings: ChurnSettings, seed: int
) -> Array:
    """Refit the best trial's fold and predict with the common rounds (or as many as the fold took)."""
    booster = fit_fold(fold.train, fold.valid, parameters, settings, seed).booster
    upto = min(rounds, booster.num_boosted_rounds())
    return np.asarray(booster.predict(fold.valid, iteration_range=(0, upto)), dtype=float)
