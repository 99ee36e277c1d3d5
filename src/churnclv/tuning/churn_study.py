"""Choosing the churn model on the validation folds: the trees' parameters, the members' weights, the calibration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from ..churn.boosted import CLASS_WEIGHT, BoostedChurnModel, FitCurve, FoldMatrices, fit_fold, weight_shift
from ..churn.calibration import choose_calibration
from ..churn.churn_models import CUSTOM, PROBABILISTIC, Situation, churn_models
from ..churn.ensemble import ChurnChoice, ChurnModel, fit_member
from ..churn.level import shift_towards
from ..churn.log_odds import LogOddsModel, expit
from ..churn.no_purchase import NoPurchaseModel
from ..churn.settings import AUTO, ChurnSettings, ClassWeight, Objective, Season
from ..errors import require
from ..evaluation.metrics import Array, auc, average_precision, log_loss, plain
from ..features.dataset import Dataset
from ..progress import Progress
from ..snapshots.cutoff_plan import Fold
from .churn_folds import FoldWork
from .churn_stack import LEAST_GAIN, FoldPredictions, choose_stack
from .settings import TuningSettings
from .study import Goal, StudyPlan, TrialRecord, parameter_importance, run_study

XGBOOST = BoostedChurnModel.name
_FIRST_TRIALS: tuple[dict[str, Any], ...] = (
    # cautious trees, and nearly XGBoost's own defaults: inside the ranges, where an end would be reported (check C4)
    {
        "max_depth": 3,
        "grow_policy": "depthwise",
        "max_leaves": 32,
        "learning_rate": 0.05,
        "min_child_weight": 50.0,
        "subsample": 0.8,
        "colsample_bytree": 0.5,
        "colsample_bynode": 0.95,
        "reg_lambda": 10.0,
        "gamma": 0.002,
    },
    {
        "max_depth": 6,
        "grow_policy": "depthwise",
        "max_leaves": 48,
        "learning_rate": 0.3,
        "min_child_weight": 1.2,
        "subsample": 0.98,
        "colsample_bytree": 0.98,
        "colsample_bynode": 0.98,
        "reg_lambda": 1.0,
        "gamma": 0.002,
    },
)

_FINALISTS = 3  # trials that are compared on all rows, where the search saw a part of them

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
        horizon_days: length of the label window of an order log, whose rows have purchase histories; None elsewhere.
    """

    data: Dataset
    folds: Sequence[Fold]
    column: str | None = None
    profit: ProfitFunction | None = None
    shifts: Sequence[Array] | None = None
    horizon_days: float | None = None


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

    The rule of `auto`: each member is fitted on a fold's training rows and predicts its validation rows. The mean of
    their log-odds is taken, in which each family of models has the same part and the probabilistic family its best
    member, unless other weights are clearly better on held-out folds (`churn_stack.choose_stack`). On an
    order log `churn.level_share` of the level is then that of the purchase model (`churn.level`). The season's shift
    is added to the log-odds if it gains 1e-4 nats after calibration, or if `churn.season` is yes.
    """
    contest = _Contest(evidence, settings, plan.settings)
    best = contest.search(plan, on_trial, progress) if XGBOOST in contest.names else None
    for name in contest.names:
        progress.log(f"Comparing churn models on {len(contest.pairs)} validation folds: {name}")
        contest.evaluate_member(name)
    blended = contest.level(contest.combine())
    raw = [expit(log_odds) for log_odds in contest.add_season(blended)]
    pairs = list(zip(raw, contest.truth, strict=True))
    calibrator, scores, losses = choose_calibration(pairs, settings.calibration, in_time=contest.in_time)
    choice = replace(contest.choice, method=calibrator.method, map=calibrator.parameters)
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


class _Contest:
    """The members on the folds, and their out-of-fold log-odds."""

    def __init__(self, evidence: ChurnEvidence, settings: ChurnSettings, tuning: TuningSettings) -> None:
        self.evidence = evidence
        self.settings = replace(settings, threads=settings.threads_for(len(evidence.data)))
        self.pairs = [(evidence.data.at(fold.train), evidence.data.at((fold.valid,))) for fold in evidence.folds]
        self.truth = [valid.churned for _, valid in self.pairs]
        self.in_time = follow_in_time(evidence.folds)
        self.situation = Situation(
            settings, len(evidence.data), tuning.seed, self.in_time, evidence.column, evidence.horizon_days
        )
        self.names = _competitors(self.situation)
        self.choice = ChurnChoice({})
        self.out_of_fold: dict[str, list[Array]] = {}
        self.ablation: dict[str, float] = {}
        (self.trees,) = BoostedChurnModel.candidates(self.situation)
        self.work = self._fold_work(tuning, None)
        most = tuning.max_search_rows
        sampled = most is not None and max(len(train) for train, _ in self.pairs) > most
        self.search_work = self._fold_work(tuning, most) if sampled else self.work

    def _fold_work(self, tuning: TuningSettings, most: int | None) -> FoldWork:
        """Return the folds with all their training rows, or with at most so many, evenly spaced."""
        pairs = [(train if most is None else train.some(most), valid) for train, valid in self.pairs]
        rows = [((train.X, train.churned), (valid.X, valid.churned)) for train, valid in pairs]
        return FoldWork(rows, self.settings, tuning.seed)

    def search(self, plan: StudyPlan, on_trial: Callable[[TrialRecord], None], progress: Progress) -> TrialRecord:
        """Search the trees' parameters and keep the best."""
        work, trials = self.search_work, list[TrialRecord]()

        def keep(trial: TrialRecord) -> None:
            trials.append(trial)
            on_trial(trial)

        value, conclude = partial(self._fold_value, work), partial(self._conclude, work)
        goal = Goal(len(self.pairs), work.shared(plan.settings.workers), value, conclude)
        best = run_study(replace(plan, first=_FIRST_TRIALS), goal, keep, progress, "Tuning churn")
        if work is not self.work:
            best = self._repeat_best(trials, progress)
        parameters = {**self.settings.parameters, **best.parameters}
        self.trees |= {"parameters": parameters, "rounds": int(best.attributes["rounds"])}
        return best

    def _repeat_best(self, trials: list[TrialRecord], progress: Progress) -> TrialRecord:
        """Return the best of the few best trials on all training rows, with its value and rounds there."""
        complete = sorted((trial for trial in trials if trial.value is not None), key=lambda trial: trial.value or 0.0)
        repeated = []
        with progress.steps("Repeating the best trials on all rows", min(_FINALISTS, len(complete))) as advance:
            for trial in complete[:_FINALISTS]:
                curves = [self.work(trial.parameters, fold) for fold in range(len(self.pairs))]
                value, facts = self._conclude(self.work, curves)
                repeated.append(replace(trial, value=value, attributes=facts))
                advance(f"{value:.5g}")
        return min(repeated, key=lambda trial: trial.value or 0.0)

    def _conclude(self, work: FoldWork, curves: list[FitCurve]) -> tuple[float, dict[str, Any]]:
        """Return a trial's value and its number of rounds, the same for all folds."""
        rounds, loss = common_rounds([curve.log_loss for curve in curves])
        if self.settings.objective is not Objective.log_loss:
            losses = [self._objective(work, step, curve.booster, rounds) for step, curve in enumerate(curves)]
            loss = float(np.mean(losses))
        return loss, {"rounds": rounds}

    def _fold_value(self, work: FoldWork, step: int, curve: FitCurve) -> float:
        """Return a trial's value on one fold, in the units of the objective; trials are pruned by it."""
        if self.settings.objective is Objective.log_loss:
            return float(curve.log_loss.min())
        return self._objective(work, step, curve.booster, int(curve.log_loss.argmin()) + 1)

    def _objective(self, work: FoldWork, step: int, booster: Any, rounds: int) -> float:
        """Return the negative metric of a fold, to be minimised; 0 where only one class occurs."""
        if len(np.unique(self.truth[step])) < 2:  # noqa: PLR2004 # two classes
            return 0.0
        return -self._metric(self.truth[step], _predict(booster, work.matrices[step], rounds))

    def _metric(self, truth: Array, log_odds: Array) -> float:
        """Return the metric to be maximised: AUC, average precision or profit per customer."""
        if self.settings.objective is Objective.profit:
            profit = self.evidence.profit
            require(profit is not None, "churn.objective=profit needs economics.", remedy="see economics.")
            return profit(truth, expit(log_odds))  # type: ignore[misc] # required above
        metric = auc if self.settings.objective is Objective.auc else average_precision
        return plain(metric, truth, log_odds)

    def evaluate_member(self, name: str) -> None:
        """Predict the validation rows with a member, with the best of the parameters that it tries."""
        if name == XGBOOST:
            self._evaluate_trees()
        else:
            self._evaluate(name)

    def _evaluate(self, name: str) -> None:
        """Try a model's candidates in turn, and keep the best by log-loss."""
        tried = churn_models()[name].candidates(self.situation)
        log_odds = [self._predict_folds(name, parameters) for parameters in tried]
        losses = [self._loss([expit(fold) for fold in each]) for each in log_odds]
        best = int(np.argmin(losses))
        self._keep(name, log_odds[best], tried[best])
        if len(tried) > 1:
            self.ablation |= {f"{name}_{label}": loss for label, loss in zip(_labels(tried), losses, strict=True)}

    def _predict_folds(self, name: str, parameters: dict[str, Any]) -> list[Array]:
        make = churn_models()[name].make
        return [self._fit_and_predict(make(parameters, self.settings.threads), pair) for pair in self.pairs]

    def combine(self) -> list[Array]:
        """Choose the weights, and return the combined log-odds of each fold, held out from the fit of the weights."""
        families = {name: churn_models()[name].family for name in self.out_of_fold}
        rivals = [name for name, family in families.items() if family == PROBABILISTIC]
        if rivals:  # they say the same at different levels
            best = min(rivals, key=lambda name: self.ablation[name])
            families = {name: family for name, family in families.items() if name == best or name not in rivals}
        folds = [FoldPredictions(*each) for each in zip(self.log_odds(), self.truth, strict=True)]
        chosen = choose_stack(folds, families, in_time=self.in_time)
        self.choice = replace(self.choice, weights=chosen.stack.weights, intercept=chosen.stack.intercept)
        self.ablation |= {f"ensemble_{name}": loss for name, loss in chosen.losses.items()}
        return chosen.held_out

    def level(self, log_odds: list[Array]) -> list[Array]:
        """Return combined log-odds at a level that is mostly that of the purchase model, where one is a member."""
        reference = self.out_of_fold.get(NoPurchaseModel.name)
        share = self.settings.level_share
        if reference is None or len(self.out_of_fold) == 1 or share == 0.0:
            return log_odds
        self.choice = replace(self.choice, level_share=share)
        pairs = zip(log_odds, reference, strict=True)
        levelled = [fold + shift_towards(fold, other, share) for fold, other in pairs]
        self.ablation["ensemble_levelled"] = self._loss([expit(fold) for fold in levelled])
        return levelled

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
        self._keep(XGBOOST, self._trees(self.trees["parameters"]), self.trees)
        if wanted is ClassWeight.none or rate in {0.0, 1.0}:
            return
        weighted = {**self.trees["parameters"], CLASS_WEIGHT: (1.0 - rate) / rate}
        log_odds = self._trees(weighted)
        without, loss = self._calibrated_loss(self.out_of_fold[XGBOOST]), self._calibrated_loss(log_odds)
        self.ablation |= {f"{XGBOOST}_calibrated": without, f"{XGBOOST}_class_weights_calibrated": loss}
        if wanted is ClassWeight.balanced or loss < without - LEAST_GAIN:
            self.trees |= {"parameters": weighted}
            self._keep(XGBOOST, log_odds, self.trees)

    def _calibrated_loss(self, log_odds: list[Array]) -> float:
        pairs = [(expit(fold), truth) for fold, truth in zip(log_odds, self.truth, strict=True)]
        return self._loss(choose_calibration(pairs, self.settings.calibration)[1])

    def _trees(self, parameters: dict[str, float]) -> list[Array]:
        return [
            np.mean([self._bag(fold, parameters, bag) for bag in range(self.trees["bags"])], axis=0)
            for fold in self.work.matrices
        ]

    def _bag(self, fold: FoldMatrices, parameters: dict[str, float], bag: int) -> Array:
        rounds, seed = self.trees["rounds"], self.trees["seed"] + bag
        log_odds = _predict(fit_fold(fold, parameters, self.settings, seed, rounds).booster, fold, rounds)
        return np.asarray(log_odds - weight_shift(parameters))

    def _fit_and_predict(self, member: LogOddsModel, pair: tuple[Dataset, Dataset]) -> Array:
        train, valid = pair
        fit_member(member, train.features, train.churned, train.names, valid.features)
        return member.log_odds(valid.features)

    def _keep(self, name: str, log_odds: list[Array], parameters: dict[str, Any]) -> None:
        self.choice = replace(self.choice, members={**self.choice.members, name: dict(parameters)})
        self.out_of_fold[name] = log_odds
        self.ablation[name] = self._loss([expit(fold) for fold in log_odds])

    def _loss(self, chances: Sequence[Array]) -> float:
        return float(np.mean([plain(log_loss, *pair) for pair in zip(self.truth, chances, strict=True)]))

    def log_odds(self) -> list[dict[str, Array]]:
        """Return the members' out-of-fold log-odds, fold by fold."""
        return [{name: folds[held] for name, folds in self.out_of_fold.items()} for held in range(len(self.truth))]


def _competitors(situation: Situation) -> list[str]:
    """Return the models that are compared: the one that is wanted, or all that can be used."""
    wanted, models = situation.settings.name, churn_models()
    if wanted == AUTO:
        return [name for name, model in models.items() if model.candidates(situation)]
    remedy = "churn=auto, xgboost or logistic."
    can_be_used = bool(models[wanted].candidates(situation)) or models[wanted].family == CUSTOM
    reason = f"churn={wanted} needs a probabilistic model of leaving, which these data do not have."
    if situation.column is None:
        reason = f"churn={wanted} needs a probabilistic model of leaving, which a labelled table does not have."
    require(can_be_used, reason, remedy=remedy)
    return [wanted]


def _labels(tried: Sequence[dict[str, Any]]) -> list[str]:
    """Return what distinguishes each candidate's parameters from the others', as a part of a metric's name."""
    name = next((name for name in tried[0] if any(each[name] != tried[0][name] for each in tried)), None)
    values: list[Any] = [place if name is None else each[name] for place, each in enumerate(tried)]
    if isinstance(values[0], dict):
        return _labels(values)
    return [value if isinstance(value, str) else f"{value:g}" for value in values]


def _predict(booster: Any, fold: FoldMatrices, rounds: int) -> Array:
    """Return log-odds of the validation rows after `rounds` rounds, or fewer if the fold stopped earlier."""
    last = min(rounds, booster.num_boosted_rounds())
    log_odds = booster.predict(fold.valid, iteration_range=(0, last), output_margin=True)
    return np.asarray(log_odds, dtype=float)
