"""How the churn model is put together on the folds: weights, class weights, objectives and calibration, by hand."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from churnclv.churn.boosted import CLASS_WEIGHT, FitCurve
from churnclv.churn.calibration import Calibrator, choose_calibration
from churnclv.churn.ensemble import ChurnChoice, ChurnModel
from churnclv.churn.level import level_of
from churnclv.churn.log_odds import expit, log_odds_of
from churnclv.churn.settings import Calibration, ChurnSettings, ClassWeight, Objective, Season
from churnclv.errors import InputError
from churnclv.evaluation.maximum_profit import empc
from churnclv.evaluation.metrics import auc, average_precision, log_loss, plain
from churnclv.evaluation.profit import Terms
from churnclv.features.dataset import Dataset
from churnclv.progress import Progress
from churnclv.snapshots.cutoff_plan import Fold
from churnclv.tuning.churn_stack import (
    LEAST_GAIN,
    FoldPredictions,
    Stack,
    choose_stack,
    equal_weights,
    fit_stack,
    fold_weights,
)
from churnclv.tuning.churn_study import ChurnEvidence, _Contest, follow_in_time, tune_churn
from churnclv.tuning.settings import Kind, Range, TuningSettings
from churnclv.tuning.study import StudyPlan

QUIET = Progress()


def dataset(folds: int = 3, rows: int = 50, seed: int = 0) -> Dataset:
    """Return rows at cutoffs 0 (to learn from) to `folds`, with one telling column and the chance of a formula."""
    random = np.random.default_rng(seed)
    n = rows * (folds + 1)
    chance = random.uniform(0.05, 0.95, n)
    churned = (random.random(n) < chance).astype(float)
    frame = pd.DataFrame({"signal": log_odds_of(chance) + random.normal(0, 1, n), "said": chance})
    frame = frame.assign(noise=random.normal(size=n))
    parts = pd.Series(np.arange(n) % (folds + 1))
    return Dataset(frame, pd.DataFrame({"churned": churned}), ["signal", "noise"], np.arange(n), parts)


def evidence(folds: int = 3, column: str | None = "said", **chosen) -> ChurnEvidence:
    plan = [Fold(tuple(range(place)), place) for place in range(1, folds + 1)]
    return ChurnEvidence(dataset(folds, **chosen), plan, column)


def contest(truth: list[list[float]], said: dict[str, list[list[float]]], **chosen) -> _Contest:
    """Return a contest in which the members have spoken: outcomes and log-odds, fold by fold."""
    found = _Contest(evidence(len(truth)), ChurnSettings(**chosen), TuningSettings())
    found.truth = [np.array(fold) for fold in truth]
    for name, folds in said.items():
        found._keep(name, [np.array(fold, dtype=float) for fold in folds], {})
    return found


# --- weights ---

FAMILIES = {"logistic": "linear", "xgboost": "trees", "btyd": "probabilistic"}


def predictions(truth: list[np.ndarray], said: dict[str, list[np.ndarray]]) -> list[FoldPredictions]:
    return [
        FoldPredictions({name: folds[place] for name, folds in said.items()}, churned)
        for place, churned in enumerate(truth)
    ]


def drawn_folds(
    noises: dict[str, float], folds: int = 3, rows: int = 800, seed: int = 3, shift: float = 0.0
) -> list[FoldPredictions]:
    """Return members that know the log-odds of leaving up to noise of their own; `shift` moves all of them."""
    random = np.random.default_rng(seed)
    truth, said = [], {name: [] for name in noises}
    for _ in range(folds):
        signal = random.normal(0.0, 2.0, rows)
        truth.append((random.random(rows) < expit(signal)).astype(float))
        for name, noise in noises.items():
            said[name].append(signal + random.normal(0.0, noise, rows) + shift)
    return predictions(truth, said)


def test_equal_weights_are_equal_by_family_and_within_it():
    families = {"logistic": "linear", "xgboost": "trees", "forest": "trees", "btyd": "probabilistic"}
    weights = equal_weights(families)
    assert weights == pytest.approx({"logistic": 1 / 3, "xgboost": 1 / 6, "forest": 1 / 6, "btyd": 1 / 3})


def test_newer_folds_weigh_more_where_there_is_time():
    # half as much for two folds older: 1/2, 1/sqrt 2, 1
    assert fold_weights(3, in_time=True) == pytest.approx(np.array([0.5, 0.5**0.5, 1.0]) / (1.5 + 0.5**0.5))
    assert fold_weights(4, in_time=False) == pytest.approx([0.25] * 4)


def test_folds_follow_in_time_if_they_train_on_what_was_before():
    assert follow_in_time([Fold((0, 1), 2), Fold((0, 1, 2), 3)])
    assert not follow_in_time([Fold((1, 2), 0), Fold((0, 2), 1)])


def test_a_penalty_without_end_keeps_the_mean_and_one_of_nothing_finds_the_better_member():
    folds = drawn_folds({"xgboost": 0.3, "logistic": 5.0})
    mean, weights = Stack({"xgboost": 0.5, "logistic": 0.5}), fold_weights(3, in_time=True)
    kept = fit_stack(folds, weights, mean, 1e6)
    assert kept.weights == pytest.approx(mean.weights, abs=1e-4)
    assert kept.intercept == pytest.approx(0.0, abs=1e-4)
    free = fit_stack(folds, weights, mean, 1e-6)
    assert free.weights["xgboost"] > 0.95
    assert sum(free.weights.values()) == pytest.approx(1.0)
    assert all(weight >= 0.0 for weight in free.weights.values())


def test_the_intercept_is_fitted_towards_the_newest_folds():
    # outcomes of the old folds are at the members' level, those of the newest are more often leaving
    random = np.random.default_rng(0)
    signal = [random.normal(0.0, 1.0, 4000) for _ in range(3)]
    truth = [(random.random(4000) < expit(s + d)).astype(float) for s, d in zip(signal, (0.0, 0.0, 1.0), strict=True)]
    folds = predictions(truth, {"xgboost": signal, "logistic": signal})
    mean = Stack({"xgboost": 0.5, "logistic": 0.5})
    aged = fit_stack(folds, fold_weights(3, in_time=True), mean, 1e-6).intercept
    even = fit_stack(folds, fold_weights(3, in_time=False), mean, 1e-6).intercept
    assert 0.25 < even < aged < 0.6


def test_members_that_are_equally_good_keep_equal_weights():
    chosen = choose_stack(drawn_folds({"xgboost": 1.0, "logistic": 1.0, "btyd": 1.0}), FAMILIES, in_time=True)
    assert chosen.stack == Stack(equal_weights(FAMILIES))
    assert set(chosen.losses) == {"mean", "stack_1", "stack_0.1", "stack_0.01", "stack_0.001"}


def test_a_member_that_is_clearly_worse_loses_its_weight():
    folds = drawn_folds({"xgboost": 0.3, "logistic": 0.3, "btyd": 12.0}, rows=2000)
    chosen = choose_stack(folds, FAMILIES, in_time=True)
    assert chosen.stack.weights.get("btyd", 0.0) < 0.1
    assert sum(chosen.stack.weights.values()) == pytest.approx(1.0)
    # the held-out log-odds are those of stacks that did not see the fold
    assert min(chosen.losses, key=chosen.losses.get) != "mean"
    assert len(chosen.held_out) == 3


def test_the_level_that_folds_miss_is_mended_where_there_is_no_time():
    folds = drawn_folds({"xgboost": 0.3, "logistic": 0.3}, rows=2000, shift=1.0)
    families = {"xgboost": "trees", "logistic": "linear"}
    assert choose_stack(folds, families, in_time=False).stack.intercept < -0.7
    assert choose_stack(folds, families, in_time=True).stack.intercept == 0.0  # the next window has its own level


def test_a_step_that_helps_old_folds_but_not_the_newest_is_not_taken():
    folds = drawn_folds({"xgboost": 0.3, "logistic": 6.0}, rows=2000)
    swapped = FoldPredictions(
        {"xgboost": folds[-1].log_odds["logistic"], "logistic": folds[-1].log_odds["xgboost"]}, folds[-1].churned
    )
    families = {"xgboost": "trees", "logistic": "linear"}
    assert choose_stack([*folds[:-1], swapped], families, in_time=True).stack == Stack(equal_weights(families))


def test_one_fold_or_one_member_has_the_mean():
    folds = drawn_folds({"xgboost": 0.3, "logistic": 9.0}, folds=1)
    families = {"xgboost": "trees", "logistic": "linear"}
    assert choose_stack(folds, families, in_time=True).stack == Stack({"xgboost": 0.5, "logistic": 0.5})
    assert choose_stack(drawn_folds({"btyd": 1.0}), {"btyd": "probabilistic"}, in_time=True).stack == Stack(
        {"btyd": 1.0}
    )


def test_the_order_of_rows_moves_no_weight():
    folds = drawn_folds({"xgboost": 0.5, "logistic": 3.0})
    order = np.random.default_rng(0).permutation(len(folds[0].churned))
    shuffled = [
        FoldPredictions({name: each[order] for name, each in fold.log_odds.items()}, fold.churned[order])
        for fold in folds
    ]
    families = {"xgboost": "trees", "logistic": "linear"}
    one, other = (choose_stack(each, families, in_time=True).stack for each in (folds, shuffled))
    assert one.weights == pytest.approx(other.weights, abs=1e-5)


def test_of_the_probabilistic_members_the_best_one_enters_the_ensemble():
    truth = [np.array([0.0, 1.0] * 30)] * 3
    sign = [2.0 * fold - 1.0 for fold in truth]
    said = {"btyd": [0.5 * s for s in sign], "no_purchase": [1.0 * s for s in sign], "xgboost": [0.9 * s for s in sign]}
    found = contest(truth, said)
    found.combine()
    assert set(found.choice.weights) <= {"no_purchase", "xgboost"}


# --- class weights ---


def with_trees(plain_margins: list[np.ndarray], weighted: list[np.ndarray], truth: list[np.ndarray], **chosen):
    """Return a contest in which trees say one thing, and another with class weights."""
    found = contest(truth, {}, **chosen)
    found._trees = lambda parameters: weighted if CLASS_WEIGHT in parameters else plain_margins
    found._evaluate_trees()
    return found


def drawn(folds: int = 3, n: int = 1500) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return true log-odds of rare leavers, and outcomes drawn from them."""
    random = np.random.default_rng(5)
    truths = [random.normal(-2.0, 1.5, n) for _ in range(folds)]
    return truths, [(random.random(n) < expit(odds)).astype(float) for odds in truths]


def test_most_of_the_level_is_the_purchase_models_where_there_is_one():
    said = {"logistic": [[-1.0, 0.5], [0.0, 2.0]], "no_purchase": [[1.0, 1.0], [-2.0, -2.0]]}
    found = contest([[0.0, 1.0], [0.0, 1.0]], said, level_share=0.75)
    folds = [np.array(fold) for fold in said["logistic"]]
    for before, after, level in zip(folds, found.level(folds), (1.0, -2.0), strict=True):
        assert level_of(after) == pytest.approx(0.25 * level_of(before) + 0.75 * level)
        assert np.diff(after) == pytest.approx(np.diff(before))
    assert found.choice.level_share == 0.75
    assert "ensemble_levelled" in found.ablation


@pytest.mark.parametrize(
    ("members", "share"), [(("logistic", "btyd"), 0.75), (("logistic", "no_purchase"), 0.0), (("no_purchase",), 0.75)]
)
def test_the_level_stays_without_a_purchase_model_or_without_another_member(members, share):
    found = contest([[0.0, 1.0]], {name: [[1.0, 2.0]] for name in members}, level_share=share)
    (after,) = found.level([np.array([0.0, 1.0])])
    assert after == pytest.approx([0.0, 1.0])
    assert found.choice.level_share == 0.0


def test_class_weights_are_not_taken_for_what_calibration_alone_would_mend():
    odds, truth = drawn()
    confident = [3.0 * fold for fold in odds]  # over-confident, with and without weights
    found = with_trees(confident, [fold + 1e-9 for fold in confident], truth)
    calibrated = found.ablation["xgboost_calibrated"]
    assert found.ablation["xgboost"] > calibrated + 0.05
    assert found.ablation["xgboost_class_weights_calibrated"] == pytest.approx(calibrated, abs=1e-6)
    assert CLASS_WEIGHT not in found.trees["parameters"]
    assert found.out_of_fold["xgboost"] == confident


def test_class_weights_are_taken_where_they_rank_better():
    odds, truth = drawn()
    noise = np.random.default_rng(0)
    blurred = [fold + noise.normal(0.0, 2.0, len(fold)) for fold in odds]
    found = with_trees(blurred, [2.0 * fold + 0.5 for fold in odds], truth)  # well ranked, ill calibrated
    churned = np.concatenate(truth)
    assert found.trees["parameters"][CLASS_WEIGHT] == pytest.approx((1 - churned).sum() / churned.sum())
    assert found.ablation["xgboost_class_weights_calibrated"] < found.ablation["xgboost_calibrated"] - LEAST_GAIN
    assert found.out_of_fold["xgboost"][0] == pytest.approx(2.0 * odds[0] + 0.5)


@pytest.mark.parametrize(("wanted", "weighted"), [(ClassWeight.none, False), (ClassWeight.balanced, True)])
def test_class_weights_can_be_wanted_or_not(wanted, weighted):
    odds, truth = drawn()
    found = with_trees(odds, [fold * 0.1 for fold in odds], truth, class_weight=wanted)
    assert (CLASS_WEIGHT in found.trees["parameters"]) is weighted
    assert ("xgboost_class_weights_calibrated" in found.ablation) is weighted


def test_where_one_class_is_missing_there_is_nothing_to_weigh():
    odds, truth = drawn()
    found = with_trees(odds, odds, [np.zeros(len(fold)) for fold in truth], class_weight=ClassWeight.balanced)
    assert CLASS_WEIGHT not in found.trees["parameters"]


# --- the season ---


@pytest.mark.parametrize(
    ("season", "shift", "taken"),
    [
        (Season.auto, 1.0, True),
        (Season.auto, 0.0, False),
        (Season.no, 1.0, False),
        (Season.yes, 0.0, True),
    ],
)
def test_the_season_is_followed_where_the_folds_say_so_or_where_it_is_chosen(season, shift, taken):
    plain_evidence = evidence(3)
    settings = ChurnSettings(name="logistic", season=season)
    found = _Contest(plain_evidence, settings, TuningSettings())
    found.evaluate_member("logistic")
    said = [log_odds["logistic"] for log_odds in found.log_odds()]
    # what is still unexplained of the outcomes, folded into the shift, can only help
    helpful = [shift * 3.0 * (truth - expit(log_odds)) for truth, log_odds in zip(found.truth, said, strict=True)]
    found.evidence = replace(plain_evidence, shifts=helpful)
    moved = found.add_season(said)
    assert found.choice.season is taken
    wanted = [log_odds + more for log_odds, more in zip(said, helpful, strict=True)] if taken else said
    assert all(np.array_equal(one, other) for one, other in zip(moved, wanted, strict=True))


def test_the_season_shifts_margins_and_is_nobodys_own_reason():
    rows = pd.DataFrame({"chance": [0.2, 0.6, 0.9], "btyd_season_shift": [0.5, -0.25, 0.0]})
    plain = ChurnModel(ChurnChoice({"btyd": 1.0}, {"btyd": {"column": "chance"}}))
    seasonal = ChurnModel(ChurnChoice({"btyd": 1.0}, {"btyd": {"column": "chance"}}, season=True))
    assert seasonal.log_odds(rows) - plain.log_odds(rows) == pytest.approx([0.5, -0.25, 0.0])
    apart = seasonal.contributions(rows) - plain.contributions(rows)
    assert apart["(bias)"].tolist() == pytest.approx([0.5, -0.25, 0.0])
    assert apart["chance"].tolist() == [0.0, 0.0, 0.0]


# --- objectives ---


def objective_value(objective: Objective, profit=None) -> tuple[float, list[float], _Contest, list[np.ndarray]]:
    """Return what a trial is worth, what it reported, and what its boosters said at the common rounds."""
    settings = ChurnSettings(name="xgboost", objective=objective, threads=1, max_rounds=12, patience_rounds=12)
    found = _Contest(replace(evidence(3), profit=profit), settings, TuningSettings())
    drawn = {"max_depth": 2, "learning_rate": 0.3}
    curves = [found.work(drawn, fold) for fold in range(len(found.pairs))]
    reported = [found._fold_value(found.work, fold, curve) for fold, curve in enumerate(curves)]
    value, facts = found._conclude(found.work, curves)
    found.trees |= {"parameters": drawn, "rounds": facts["rounds"], "bags": 1}
    return value, reported, found, found._trees(drawn)


TERMS = Terms(1.0, 10.0, 6.0, 14.0)
MERITS = {
    Objective.log_loss: lambda truth, said: -plain(log_loss, truth, expit(said)),
    Objective.auc: lambda truth, said: plain(auc, truth, said),
    Objective.average_precision: lambda truth, said: plain(average_precision, truth, said),
    Objective.profit: lambda truth, said: empc(truth, expit(said), 200.0, TERMS).profit,
}


@pytest.mark.parametrize("objective", Objective)
def test_a_trial_is_worth_the_mean_over_the_folds_of_its_objective(objective):
    value, reported, found, said = objective_value(objective, lambda t, s: empc(t, s, 200.0, TERMS).profit)
    merits = [MERITS[objective](truth, fold) for truth, fold in zip(found.truth, said, strict=True)]
    assert value == pytest.approx(-np.mean(merits), rel=1e-6)
    # what a fold reports alone, at its own best number of rounds, is in the same units
    assert np.array(reported) == pytest.approx(-np.array(merits), abs=0.1 * abs(value))
    assert len(reported) == 3


def choosing(objective: Objective) -> dict[str, float]:
    """Return what each of two hand-made trials is worth: one ranks best, the other is calibrated best."""
    truth = np.array([0.0] * 6 + [1.0] * 4)
    ranked = np.linspace(5.0, 6.0, 10)  # a perfect ranking, of chances near 1
    calibrated = np.where(np.arange(10) < 5, -1.0, 0.8)  # one who stays among those likely to leave
    settings = ChurnSettings(objective=objective)
    found = contest([truth], {})
    found.settings = settings
    found.evidence = replace(found.evidence, profit=lambda t, s: empc(t, s, 200.0, TERMS).profit)
    losses = {"ranked": ranked, "calibrated": calibrated}
    if objective is Objective.log_loss:
        return {name: plain(log_loss, truth, expit(said)) for name, said in losses.items()}
    return {name: -found._metric(truth, said) for name, said in losses.items()}


@pytest.mark.parametrize("objective", Objective)
def test_each_objective_chooses_what_it_should(objective):
    worth = choosing(objective)
    assert min(worth, key=worth.get) == ("calibrated" if objective is Objective.log_loss else "ranked")


def test_a_fold_of_one_class_ranks_no_trial():
    found = contest([[0.0, 0.0], [0.0, 1.0]], {})
    found.settings = ChurnSettings(objective=Objective.auc)
    assert found._objective(found.work, 0, None, 1) == 0.0


def test_a_fold_alone_reports_its_least_log_loss():
    found = contest([[0.0, 1.0]], {})
    assert found._fold_value(found.work, 0, FitCurve(None, np.array([0.6, 0.4, 0.5]))) == 0.4


def test_the_objective_profit_needs_economics():
    found = contest([[0.0, 1.0]], {})
    found.settings = ChurnSettings(objective=Objective.profit)
    with pytest.raises(InputError, match=r"churn.objective=profit needs economics"):
        found._metric(np.array([0.0, 1.0]), np.array([0.0, 1.0]))


# --- the whole choice ---


def tune(tmp_path, settings: ChurnSettings, column: str | None = "said", folds: int = 3, **chosen):
    ranges = {"learning_rate": Range(low=0.05, high=0.3)}
    plan = StudyPlan("churn", tmp_path / "optuna.db", ranges, TuningSettings(n_trials=2, churn=ranges))
    kept: list = []
    return tune_churn(evidence(folds, column, **chosen), settings, plan, kept.append, QUIET), kept


SMALL = {"threads": 1, "max_rounds": 8, "bags": 2, "penalty_strengths": [3.0, 100.0]}


@pytest.mark.parametrize("class_weight", [ClassWeight.auto, ClassWeight.balanced])
def test_all_members_are_heard_and_the_choice_rebuilds_what_they_said(tmp_path, class_weight):
    tuned, trials = tune(tmp_path, ChurnSettings(**SMALL, class_weight=class_weight))
    assert len(trials) == 2
    assert set(tuned.members) == {"xgboost", "logistic", "btyd"}
    assert {"xgboost", "logistic", "btyd", "ensemble_mean"} <= set(tuned.ablation)
    assert sum(tuned.choice.weights.values()) == pytest.approx(1.0)
    assert tuned.choice.parameters("logistic")["penalty_strength"] in SMALL["penalty_strengths"]
    found = evidence()
    fold = found.folds[-1]
    train, asked = found.data.at(fold.train), found.data.at((fold.valid,))
    model = tuned.model(1).fit(train.features, train.churned, train.names)
    for name, heard in tuned.members.items():
        alone = ChurnModel(replace(tuned.choice, weights={name: 1.0}, intercept=0.0), 1)
        alone.fit(train.features, train.churned, train.names)
        assert expit(alone.log_odds(asked.features)) == pytest.approx(heard[-1], abs=1e-6), name
    raw = expit(model.log_odds(asked.features))
    assert model.calibrator.method == tuned.choice.method
    heard = [{name: log_odds_of(said[place]) for name, said in tuned.members.items()} for place in range(3)]
    stack = Stack(tuned.choice.weights, tuned.choice.intercept)
    assert raw == pytest.approx(expit(stack.log_odds(heard[-1])), abs=1e-6)
    if tuned.choice.method == "none":  # a fold's scores come from weights that were fitted on the others
        truth = [found.data.at((fold.valid,)).churned for fold in found.folds]
        folds = [FoldPredictions(*each) for each in zip(heard, truth, strict=True)]
        assert tuned.fold_scores[-1] == pytest.approx(
            expit(choose_stack(folds, FAMILIES, in_time=True).held_out[-1]), abs=1e-6
        )


@pytest.mark.parametrize("objective", [Objective.log_loss, Objective.auc])
def test_trials_of_a_part_of_the_rows_are_repeated_on_all_of_them(tmp_path, objective):
    ranges = {"learning_rate": Range(low=0.05, high=0.3), "max_depth": Range(kind=Kind.int, low=1, high=6)}
    settings = ChurnSettings(name="xgboost", objective=objective, threads=1, max_rounds=20)
    tuning = TuningSettings(n_trials=5, churn=ranges, prune=False, max_search_rows=1000)
    found, trials = evidence(2, rows=1500), []
    tuned = tune_churn(found, settings, StudyPlan("churn", tmp_path / "o.db", ranges, tuning), trials.append, QUIET)
    everything = _Contest(found, settings, tuning)
    assert everything.search_work is not everything.work
    repeated = []
    for trial in sorted(trials, key=lambda trial: trial.value)[:3]:
        curves = [everything.work(trial.parameters, fold) for fold in range(2)]
        repeated.append((*everything._conclude(everything.work, curves), trial))
    value, facts, trial = min(repeated, key=lambda each: each[0])
    assert (tuned.best.value, tuned.best.number) == (pytest.approx(value), trial.number)
    assert value != pytest.approx(trial.value, rel=1e-9)  # the search saw a part of the rows
    assert tuned.choice.parameters("xgboost")["rounds"] == facts["rounds"]


def test_the_members_losses_are_theirs(tmp_path):
    tuned, _ = tune(tmp_path, ChurnSettings(**SMALL, class_weight=ClassWeight.none))
    truth = [evidence().data.at((fold.valid,)).churned for fold in evidence().folds]
    for name, folds in tuned.members.items():
        loss = np.mean([plain(log_loss, t, said) for t, said in zip(truth, folds, strict=True)])
        assert tuned.ablation[name] == pytest.approx(loss), name


@pytest.mark.parametrize("name", ["xgboost", "logistic", "btyd"])
def test_a_member_that_is_asked_for_is_alone(tmp_path, name):
    tuned, trials = tune(tmp_path, ChurnSettings(name=name, **SMALL))
    assert tuned.choice.weights == {name: 1.0}
    assert set(tuned.members) == {name}
    assert (tuned.best is not None) == (name == "xgboost") == (len(trials) > 0)


def test_without_a_probabilistic_model_there_is_no_formula(tmp_path):
    tuned, _ = tune(tmp_path, ChurnSettings(**SMALL), column=None)
    assert "btyd" not in tuned.members
    with pytest.raises(InputError, match="churn=btyd needs a probabilistic model of leaving"):
        tune(tmp_path, ChurnSettings(name="btyd", **SMALL), column=None)


def test_the_same_seed_makes_the_same_choice(tmp_path):
    first, again = (tune(tmp_path / place, ChurnSettings(**SMALL))[0] for place in "ab")
    assert first.choice == again.choice
    assert all((one == other).all() for one, other in zip(first.fold_scores, again.fold_scores, strict=True))


def test_folds_without_a_churner_are_learned_from(tmp_path, monkeypatch):
    monkeypatch.setattr(Dataset, "churned", property(lambda self: np.zeros(len(self))))
    tuned, _ = tune(tmp_path, ChurnSettings(**SMALL, objective=Objective.auc))
    assert tuned.choice.method == "none"
    assert max(fold.max() for fold in tuned.fold_scores) < 0.99  # a formula at its word may be taken
    assert np.isfinite(list(tuned.ablation.values())).all()


# --- calibration ---


def brute_force(raw: np.ndarray, churned: np.ndarray, asked: float) -> float:
    """Return the answer of Venn-Abers: two isotonic regressions with the point added, as staying and as leaving."""
    answers = []
    for outcome in (0.0, 1.0):
        steps = IsotonicRegression().fit(np.r_[raw, asked], np.r_[churned, outcome])
        answers.append(steps.predict([asked])[0])
    return answers[1] / (1.0 - answers[0] + answers[1])


def scored(distinct: int, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    raw = random.choice(random.uniform(0.0, 1.0, distinct), rows)
    return raw, (random.random(rows) < raw**2).astype(float)


@pytest.mark.parametrize(("distinct", "rows"), [(1, 10), (2, 2), (5, 60), (40, 40), (80, 300), (200, 1200)])
def test_venn_abers_is_two_isotonic_regressions_with_the_point_added(distinct, rows):
    raw, churned = scored(distinct, rows, seed=distinct)
    churned[:2] = [0.0, 1.0]
    fitted = Calibrator("venn_abers").fit(raw, churned)
    values = np.unique(raw)
    assert len(fitted.parameters["raw"]) == len(values)
    places = slice(None, None, max(1, len(values) // 60))
    expected = [brute_force(raw, churned, value) for value in values[places]]
    assert fitted.parameters["score"][places] == pytest.approx(expected, abs=1e-9)
    assert fitted.predict(values[places]) == pytest.approx(
        expected, abs=0.03
    )  # two per cent of raw log-odds break ties


def test_venn_abers_answers_three_customers_by_hand():
    # scores .2 .4 .6, outcomes 0 1 0. At .2: staying joins (0, 0) -> 0; leaving: (0, 1) -> 1/2, then (1), (0) join it:
    # 1/2, 1, 0 pools to (0+1+1+0)/4 = 1/2, so p1 = 1/2 and p = (1/2) / (1 - 0 + 1/2) = 1/3.
    # At .4: staying: 0 | 1 0 0 -> 1/3; leaving: 0 | 1 1 0 -> 2/3; p = (2/3) / (4/3) = 1/2.
    # At .6: staying: 0 | 1 0 0 -> 1/3; leaving: 0 | 1 0 1 -> 2/3; p = 1/2.
    fitted = Calibrator("venn_abers").fit(np.array([0.2, 0.4, 0.6]), np.array([0.0, 1.0, 0.0]))
    assert fitted.parameters["score"] == pytest.approx([1 / 3, 1 / 2, 1 / 2])


@pytest.mark.parametrize("method", ["none", "sigmoid", "isotonic", "venn_abers"])
def test_calibration_does_not_depend_on_the_order_of_rows_and_keeps_the_ranking(method):
    raw, churned = scored(50, 400, 7)
    order = np.random.default_rng(1).permutation(400)
    fitted, again = Calibrator(method).fit(raw, churned), Calibrator(method).fit(raw[order], churned[order])
    grid = np.linspace(0.0, 1.0, 201)
    assert again.predict(grid) == pytest.approx(fitted.predict(grid), abs=1e-9 if method != "sigmoid" else 1e-4)
    assert all(low <= high for low, high in pairwise(fitted.predict(grid)))
    assert ((fitted.predict(grid) >= 0.0) & (fitted.predict(grid) <= 1.0)).all()


def test_venn_abers_of_many_scores_parts_no_equal_ones_and_stays_near_the_truth():
    random = np.random.default_rng(2)
    raw = np.round(random.uniform(0.0, 1.0, 20_000), 3)
    churned = (random.random(20_000) < raw**2).astype(float)
    fitted = Calibrator("venn_abers").fit(raw, churned)
    assert 100 < len(fitted.parameters["raw"]) <= 200
    grid = np.linspace(0.05, 0.95, 19)
    error = np.sqrt(grid**2 * (1.0 - grid**2) / 500)  # of some 500 customers around each
    assert (np.abs(fitted.predict(grid) - grid**2) < 4.0 * error + 0.01).all()
    order = random.permutation(20_000)
    assert Calibrator("venn_abers").fit(raw[order], churned[order]).parameters == fitted.parameters


def test_one_score_for_half_of_all_customers_is_one_group():
    raw = np.r_[np.full(5000, 0.3), np.linspace(0.4, 0.9, 5000)]
    churned = np.r_[np.tile([0.0, 0.0, 0.0, 1.0], 1250), np.tile([0.0, 1.0], 2500)]
    fitted = Calibrator("venn_abers").fit(raw, churned)
    # 1250 of 5000: with one more who stays 1250/5001, who leaves 1251/5001
    stays, leaves = 1250 / 5001, 1251 / 5001
    assert fitted.parameters["raw"][0] == 0.3
    assert fitted.parameters["score"][0] == pytest.approx(leaves / (1.0 - stays + leaves))


def test_the_sigmoid_is_a_line_in_log_odds_and_never_turns_the_ranking_round():
    # as with the formula: log-odds -ln 3 -> 0 and ln 3 -> ln 3
    raw = np.array([0.25] * 8 + [0.75] * 4)
    happened = np.array([1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0], dtype=float)
    fitted = Calibrator("sigmoid").fit(raw, happened)
    assert fitted.predict(np.array([0.25, 0.75])) == pytest.approx([0.5, 0.75], abs=1e-3)
    for turned in (Calibrator("sigmoid").fit(raw, 1.0 - happened), Calibrator("sigmoid").fit(1.0 - raw, happened)):
        assert turned.predict(raw) == pytest.approx(raw)


def test_isotonic_scores_are_the_shares_of_the_pooled_steps():
    # .1 .2 | .3 .4 | .5 with outcomes 0 0, 1 0, 1: steps 0, 1/2, 1, kept a ten-thousandth away from 0 and 1
    fitted = Calibrator("isotonic").fit(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([0.0, 0.0, 1.0, 0.0, 1.0]))
    assert fitted.parameters["raw"] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert fitted.parameters["score"] == pytest.approx([1e-4, 1e-4, 0.5, 0.5, 0.9999])


def test_a_map_of_steps_is_nearly_its_steps_and_goes_on_beyond_them():
    # inside, 98% of the step's log-odds; 2% of the raw ones, moved by the mean distance of the steps from them
    fitted = Calibrator("isotonic", {"raw": [0.2, 0.4, 0.7], "score": [0.1, 0.5, 0.5]})
    level = np.mean(log_odds_of(np.array([0.1, 0.5, 0.5])) - log_odds_of(np.array([0.2, 0.4, 0.7])))
    for raw, step in ((0.2, 0.1), (0.3, 0.3), (0.5, 0.5), (0.7, 0.5)):
        mixed = 0.98 * log_odds_of(np.array(step)) + 0.02 * (log_odds_of(np.array(raw)) + level)
        assert fitted.predict(np.array([raw]))[0] == pytest.approx(expit(mixed))
    ends = fitted.log_odds(log_odds_of(np.array([0.2, 0.7])))
    farther = fitted.log_odds(log_odds_of(np.array([0.2, 0.7])) + np.array([-3.0, 3.0]))
    assert farther - ends == pytest.approx([-3.0, 3.0])


@pytest.mark.parametrize("method", ["none", "sigmoid", "isotonic", "venn_abers"])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(2, 60), st.floats(-9.0, 9.0), st.floats(0.2, 6.0))
def test_a_calibrated_score_ranks_as_its_raw_score_does(method, seed, rows, centre, spread):
    random = np.random.default_rng(seed)
    raw = expit(random.normal(0.0, 1.0, rows))
    fitted = Calibrator(method).fit(raw, (random.random(rows) < raw).astype(float))
    asked = np.unique(np.round(random.normal(centre, spread, 200), 3))  # also far outside of the scores fitted on
    assert (np.diff(fitted.log_odds(asked)) > 0.0).all()
    scores = fitted.predict(expit(asked))
    telling = np.abs(fitted.log_odds(asked)) < 25.0  # nearer to 1 numbers end
    assert (np.diff(scores[telling]) > 0.0).all()
    churned = (random.random(len(asked)) < 0.5).astype(float)
    if 0.0 < churned.mean() < 1.0:
        assert plain(auc, churned, scores) == pytest.approx(plain(auc, churned, expit(asked)), abs=1e-3)


def of_level(shift: float, slope: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, and outcomes whose log-odds are the scores' times a slope, moved by a shift."""
    random = np.random.default_rng(seed)
    odds = random.normal(-0.5, 1.5, 3000)
    return expit(odds), (random.random(3000) < expit(slope * (odds + 0.5) - 0.5 + shift)).astype(float)


def test_of_folds_in_time_the_spread_is_calibrated_and_the_level_is_not():
    shifted = [of_level(-1.5, 1.0, seed) for seed in range(3)]
    assert choose_calibration(shifted, Calibration.auto, in_time=True)[0].method == "none"
    assert choose_calibration(shifted, Calibration.auto)[0].method != "none"
    wide = [of_level(shift, 0.5, seed) for seed, shift in enumerate((0.3, -0.3, 0.1))]
    chosen, scores, losses = choose_calibration(wide, Calibration.auto, in_time=True)
    assert chosen.method == "sigmoid"
    assert set(losses) == {"none", "sigmoid"}
    assert chosen.parameters["slope"][0] == pytest.approx(0.5, abs=0.05)
    mean = np.mean([log_odds_of(raw).mean() for raw, _ in wide])
    assert chosen.log_odds(np.array([mean]))[0] == pytest.approx(mean)  # the mean stays
    assert (np.argsort(scores[0]) == np.argsort(wide[0][0])).all()


def test_a_spread_that_the_newest_fold_does_not_have_is_not_calibrated():
    folds = [of_level(0.0, 0.5, 0), of_level(0.0, 0.5, 1), of_level(0.0, 1.0, 2)]
    assert choose_calibration(folds, Calibration.auto, in_time=True)[0].method == "none"
    assert choose_calibration(folds, Calibration.sigmoid, in_time=True)[0].method == "sigmoid"  # it was asked for


def test_far_scores_calibrate_without_a_warning():
    fitted = Calibrator("sigmoid", {"slope": [60.0], "intercept": [5.0]})
    assert fitted.predict(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("wanted", Calibration)
def test_each_fold_is_scored_by_a_calibrator_of_the_others(wanted):
    folds = [scored(300, 500, seed) for seed in (1, 2, 3)]
    chosen, scores, losses = choose_calibration(folds, wanted)
    assert set(losses) == (
        {"none", "sigmoid", "isotonic", "venn_abers"} if wanted is Calibration.auto else {wanted.value}
    )
    for held, (raw, churned) in enumerate(folds):
        others = [fold for place, fold in enumerate(folds) if place != held]
        fitted = Calibrator(chosen.method).fit(*(np.concatenate(part) for part in zip(*others, strict=True)))
        assert (scores[held] == fitted.predict(raw)).all()
        changed = [(raw, 1.0 - churned) if place == held else fold for place, fold in enumerate(folds)]
        if wanted is not Calibration.auto:  # a fold's own outcomes move none of its scores
            assert (choose_calibration(changed, wanted)[1][held] == scores[held]).all()
    whole = Calibrator(chosen.method).fit(*(np.concatenate(part) for part in zip(*folds, strict=True)))
    assert whole.parameters == chosen.parameters
