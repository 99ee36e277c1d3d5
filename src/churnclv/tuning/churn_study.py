"""Choosing the churn model on the validation folds: the trees' parameters, the members' weights, the calibration."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from ..churn.boosted import CLASS_WEIGHT, FitCurve, FoldMatrices, fit_fold, weight_shift
from ..churn.btyd import BtydChurnModel
from ..churn.calibration import choose_calibration
from ..churn.custom import CustomChurnModel
from ..churn.ensemble import ChurnChoice, ChurnModel, blend, fit_member
from ..churn.log_odds import LogOddsModel, expit
from ..churn.logistic import LogisticChurnModel
from ..churn.settings import AUTO, NAMES, ChurnSettings, ClassWeight, Objective, Season
from ..errors import require
from ..evaluation.metrics import Array, auc, average_precision, log_loss, plain
from ..features.dataset import Dataset
from ..progress import Progress
from ..snapshots.cutoff_plan import Fold
from .churn_folds import FoldWork
from .settings import TuningSettings
from .study import Goal, StudyPlan, TrialRecord, parameter_importance, run_study

XGBOOST, LOGISTIC, BTYD, CUSTOM = NAMES
LEAST_GAIN = 1e-4  # nats per customer: a blend, or class weights, must gain more than this to be chosen
_SHARES = 10  # weights are multiples of a tenth

ProfitFunction = Callable[[Array, Array], float]


@dataclass(frozen=True)
class ChurnEvidence:
    """The data that the choice is made on.

    Attributes:
        data: labelled rows.
        folds: their training and validation cutoffs.
        column: the column of the BTYD or survival model's probability of leaving; None without such a model.
        profit: `profit(truth, scores)`, the profit of a ranking, for the objective `profit`.
        shifts: the season's shift of the log-odds of leaving, fold by fold; None without a season.
    """

    data: Dataset
    folds: Sequence[Fold]
    column: str | None = None
    profit: ProfitFunction | None = None
    shifts: Sequence[Array] | None = None


@dataclass(frozen=True)
class TunedChurn:
    """The choices that validation made.

    Attributes:
        choice: members, weights, parameters and calibration.
        fold_scores: the calibrated scores out of fold, one array a fold, each calibrated on the other folds.
        members: the members' out-of-fold probabilities, by name.
        ablation: mean fold log-loss of each member, of the blend, and of the calibrated trees with and without class
            weights.
        calibration_losses: mean fold log-loss by calibration method.
        best: the best trial of the trees' study; None without a study.
        importance: each searched parameter's share of the variance between trials, most important first.
    """

    choice: ChurnChoice
    fold_scores: list[Array]
    members: dict[str, list[Array]]
    ablation: dict[str, float]
    calibration_losses: dict[str, float]
    best: TrialRecord | None
    importance: dict[str, float] = field(default_factory=dict)

    def model(self, threads: int) -> ChurnModel:
        """Return an unfitted model with these choices."""
        return ChurnModel(self.choice, threads)


def tune_churn(
    evidence: ChurnEvidence,
    settings: ChurnSettings,
    plan: StudyPlan,
    on_trial: Callable[[TrialRecord], None],
    progress: Progress,
) -> TunedChurn:
    """Search the trees' parameters, choose the members' weights, and calibrate; the sealed test is not read.

    The rule of `auto`: each member is fitted on a fold's training rows and predicts its validation rows. A blend of
    their log-odds is taken if weights chosen on the other folds beat the best single member on the held-out folds by
    1e-4 nats in the mean; else that member is taken alone. The season's shift is added to the log-odds if it gains as
    much after calibration, or if `churn.season` is yes.
    """
    contest = _Contest(evidence, settings, plan.settings)
    best = contest.search(plan, on_trial, progress) if XGBOOST in contest.names else None
    progress.log("Comparing churn models on the validation folds")
    contest.evaluate_members()
    weights = contest.choose_weights()
    blended = [blend(log_odds, weights) for log_odds in contest.log_odds()]
    raw = [expit(log_odds) for log_odds in contest.add_season(blended)]
    pairs = list(zip(raw, contest.truth, strict=True))
    calibrator, scores, losses = choose_calibration(pairs, settings.calibration, in_time=follow_in_time(evidence.folds))
    choice = replace(contest.choice, weights=weights, method=calibrator.method, map=calibrator.parameters)
    members = {name: [expit(fold) for fold in folds] for name, folds in contest.out_of_fold.items()}
    importance = {} if best is None else parameter_importance(plan)
    return TunedChurn(choice, scores, members, contest.ablation, losses, best, importance)


def follow_in_time(folds: Sequence[Fold]) -> bool:
    """Return whether the folds are those of a rolling origin; a labelled table's folds have no time."""
    return all(max(fold.train) < fold.valid for fold in folds if fold.train)


def common_rounds(curves: list[Array]) -> tuple[int, float]:
    """Return the number of rounds with the least mean loss over the folds, and that loss.

    One number for all folds, because the final model has no fold to stop on. Curves end where their fold stopped; past
    its end a fold counts with its last loss.
    """
    longest = max(len(curve) for curve in curves)
    padded = np.array([np.pad(curve, (0, longest - len(curve)), mode="edge") for curve in curves])
    mean = padded.mean(axis=0)
    return int(mean.argmin()) + 1, float(mean.min())


def simplex(names: Sequence[str]) -> Iterator[dict[str, float]]:
    """Yield all weights in tenths that add up to 1, without those that are zero."""
    for tenths in product(range(_SHARES + 1), repeat=len(names)):
        if sum(tenths) == _SHARES:
            yield {name: share / _SHARES for name, share in zip(names, tenths, strict=True) if share}


class _Contest:
    """The members on the folds, and their out-of-fold log-odds."""

    def __init__(self, evidence: ChurnEvidence, settings: ChurnSettings, tuning: TuningSettings) -> None:
        self.evidence = evidence
        self.settings = replace(settings, threads=settings.threads_for(len(evidence.data)))
        self.names = _competitors(settings, evidence.column)
        self.pairs = [(evidence.data.at(fold.train), evidence.data.at((fold.valid,))) for fold in evidence.folds]
        self.truth = [valid.churned for _, valid in self.pairs]
        bags, column = settings.bags_for(len(evidence.data)), evidence.column
        self.choice = ChurnChoice(
            {}, monotone=settings.monotone, bags=bags, column=column, custom=settings.custom, seed=tuning.seed
        )
        self.out_of_fold: dict[str, list[Array]] = {}
        self.ablation: dict[str, float] = {}
        rows = [((train.X, train.churned), (valid.X, valid.churned)) for train, valid in self.pairs]
        self.work = FoldWork(rows, self.settings, tuning.seed)

    def search(self, plan: StudyPlan, on_trial: Callable[[TrialRecord], None], progress: Progress) -> TrialRecord:
        """Search the trees' parameters and keep the best."""
        goal = Goal(len(self.pairs), self.work.shared(plan.settings.workers), self._fold_value, self._conclude)
        best = run_study(plan, goal, on_trial, progress, "Tuning churn")
        parameters = {**self.settings.parameters, **best.parameters}
        self.choice = replace(self.choice, parameters=parameters, rounds=int(best.attributes["rounds"]))
        return best

    def _conclude(self, curves: list[FitCurve]) -> tuple[float, dict[str, Any]]:
        """Return a trial's value and its number of rounds, the same for all folds."""
        rounds, loss = common_rounds([curve.log_loss for curve in curves])
        if self.settings.objective is not Objective.log_loss:
            loss = float(np.mean([self._objective(step, curve.booster, rounds) for step, curve in enumerate(curves)]))
        return loss, {"rounds": rounds}

    def _fold_value(self, step: int, curve: FitCurve) -> float:
        """Return a trial's value on one fold, in the units of the objective; trials are pruned by it."""
        if self.settings.objective is Objective.log_loss:
            return float(curve.log_loss.min())
        return self._objective(step, curve.booster, int(curve.log_loss.argmin()) + 1)

    def _objective(self, step: int, booster: Any, rounds: int) -> float:
        """Return the negative metric of a fold, to be minimised; 0 where only one class occurs."""
        if len(np.unique(self.truth[step])) < 2:  # noqa: PLR2004 # two classes
            return 0.0
        return -self._metric(self.truth[step], _predict(booster, self.work.matrices[step], rounds))

    def _metric(self, truth: Array, log_odds: Array) -> float:
        """Return the metric to be maximised: AUC, average precision or profit per customer."""
        if self.settings.objective is Objective.profit:
            profit = self.evidence.profit
            require(profit is not None, "churn.objective=profit needs economics.", remedy="see economics.")
            return profit(truth, expit(log_odds))  # type: ignore[misc] # required above
        metric = auc if self.settings.objective is Objective.auc else average_precision
        return plain(metric, truth, log_odds)

    def evaluate_members(self) -> None:
        """Predict the validation rows with every member, and keep the best penalty and class weights."""
        if XGBOOST in self.names:
            self._evaluate_trees()
        if LOGISTIC in self.names:
            self._evaluate_logistic()
        if BTYD in self.names:
            self._keep(
                BTYD, [self._fit_and_predict(BtydChurnModel(str(self.choice.column)), pair) for pair in self.pairs]
            )
        if CUSTOM in self.names:
            self._keep(
                CUSTOM, [self._fit_and_predict(CustomChurnModel(str(self.choice.custom)), pair) for pair in self.pairs]
            )

    def add_season(self, log_odds: list[Array]) -> list[Array]:
        """Return blended log-odds with the season's shift, if that lowers the calibrated log-loss on the folds."""
        wanted = self.settings.season
        if self.evidence.shifts is None or wanted is Season.no:
            return log_odds
        shifted = [fold + shift for fold, shift in zip(log_odds, self.evidence.shifts, strict=True)]
        without, loss = self._calibrated_loss(log_odds), self._calibrated_loss(shifted)
        self.ablation |= {"average_season_calibrated": without, "season_calibrated": loss}
        if wanted is Season.auto and loss >= without - LEAST_GAIN:
            return log_odds
        self.choice = replace(self.choice, season=True)
        return shifted

    def _evaluate_trees(self) -> None:
        """Fit the best trial's folds again, and with class weights if the settings allow them."""
        wanted, rate = self.settings.class_weight, float(np.concatenate(self.truth).mean())
        self._keep(XGBOOST, self._trees(self.choice.parameters))
        if wanted is ClassWeight.none or rate in {0.0, 1.0}:
            return
        weighted = {**self.choice.parameters, CLASS_WEIGHT: (1.0 - rate) / rate}
        log_odds = self._trees(weighted)
        without, loss = self._calibrated_loss(self.out_of_fold[XGBOOST]), self._calibrated_loss(log_odds)
        self.ablation |= {f"{XGBOOST}_calibrated": without, f"{XGBOOST}_class_weights_calibrated": loss}
        if wanted is ClassWeight.balanced or loss < without - LEAST_GAIN:
            self.choice = replace(self.choice, parameters=weighted)
            self._keep(XGBOOST, log_odds)

    def _calibrated_loss(self, log_odds: list[Array]) -> float:
        pairs = [(expit(fold), truth) for fold, truth in zip(log_odds, self.truth, strict=True)]
        return self._loss(choose_calibration(pairs, self.settings.calibration)[1])

    def _trees(self, parameters: dict[str, float]) -> list[Array]:
        return [
            np.mean([self._bag(fold, parameters, self.choice.seed + bag) for bag in range(self.choice.bags)], axis=0)
            for fold in self.work.matrices
        ]

    def _bag(self, fold: FoldMatrices, parameters: dict[str, float], seed: int) -> Array:
        rounds = self.choice.rounds
        log_odds = _predict(fit_fold(fold, parameters, self.settings, seed, rounds).booster, fold, rounds)
        return np.asarray(log_odds - weight_shift(parameters))

    def _evaluate_logistic(self) -> None:
        tried = {
            strength: [self._fit_and_predict(LogisticChurnModel(strength), pair) for pair in self.pairs]
            for strength in self.settings.penalty_strengths
        }
        best = min(tried, key=lambda strength: self._loss([expit(fold) for fold in tried[strength]]))
        self.choice = replace(self.choice, penalty_strength=best)
        self._keep(LOGISTIC, tried[best])

    def _fit_and_predict(self, member: LogOddsModel, pair: tuple[Dataset, Dataset]) -> Array:
        train, valid = pair
        return fit_member(member, train.features, train.churned, train.names).log_odds(valid.features)

    def _keep(self, name: str, log_odds: list[Array]) -> None:
        self.out_of_fold[name] = log_odds
        self.ablation[name] = self._loss([expit(fold) for fold in log_odds])

    def _loss(self, chances: Sequence[Array]) -> float:
        return float(np.mean([plain(log_loss, *pair) for pair in zip(self.truth, chances, strict=True)]))

    def log_odds(self) -> list[dict[str, Array]]:
        """Return the members' out-of-fold log-odds, fold by fold."""
        return [{name: folds[held] for name, folds in self.out_of_fold.items()} for held in range(len(self.truth))]

    def choose_weights(self) -> dict[str, float]:
        """Return the members' weights by the rule of `tune_churn`."""
        single = min(self.out_of_fold, key=lambda name: self.ablation[name])
        if len(self.out_of_fold) == 1 or len(self.truth) == 1:
            return {single: 1.0}
        choices = list(simplex(list(self.out_of_fold)))
        losses = np.array(
            [[self._blended_loss(held, weights) for held in range(len(self.truth))] for weights in choices]
        )
        blended = [
            losses[np.delete(losses, held, axis=1).mean(axis=1).argmin(), held] for held in range(len(self.truth))
        ]
        self.ablation["blend"] = float(np.mean(blended))
        if self.ablation["blend"] < self.ablation[single] - LEAST_GAIN:
            return choices[int(losses.mean(axis=1).argmin())]
        return {single: 1.0}

    def _blended_loss(self, held: int, weights: dict[str, float]) -> float:
        log_odds = {name: folds[held] for name, folds in self.out_of_fold.items()}
        return plain(log_loss, self.truth[held], expit(blend(log_odds, weights)))


def _competitors(settings: ChurnSettings, column: str | None) -> list[str]:
    if settings.name == AUTO:
        absent = {name for name, given in ((BTYD, column), (CUSTOM, settings.custom)) if given is None}
        return [name for name in NAMES if name not in absent]
    remedy = "churn=auto, xgboost or logistic."
    require(
        settings.name != BTYD or column is not None,
        "churn=btyd needs a probabilistic model of leaving, which a labelled table does not have.",
        remedy=remedy,
    )
    return [settings.name]


def _predict(booster: Any, fold: FoldMatrices, rounds: int) -> Array:
    """Return log-odds of the validation rows after `rounds` rounds, or fewer if the fold stopped earlier."""
    last = min(rounds, booster.num_boosted_rounds())
    log_odds = booster.predict(fold.valid, iteration_range=(0, last), output_margin=True)
    return np.asarray(log_odds, dtype=float)
