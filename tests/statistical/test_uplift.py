"""Uplift on simulated customers with known effects: rankings, calibration, choice, and what chance alone gives."""

import numpy as np
import pytest

from churnclv.evaluation.bootstrap import draw_customers
from churnclv.evaluation.policy_value import evaluate_policies, treat_best, treat_none
from churnclv.evaluation.treatment_effects import Responses, arm_scores, effect_scores, mean_interval, normal_interval
from churnclv.evaluation.uplift_curves import RATE_METRICS, uplift_area
from churnclv.testing.treatment_simulator import TreatmentDesign, simulate_treatment
from churnclv.uplift.cross_fitting import cross_fit_outcomes, cross_fit_propensities
from churnclv.uplift.effect_calibration import EffectCalibration
from churnclv.uplift.effect_selection import Candidate, select_learners
from churnclv.uplift.effect_stacking import stack_effects, stacking_weights
from churnclv.uplift.uplift_model import UpliftModel


@pytest.mark.slow
def test_with_permuted_treatment_rate_leaves_out_zero_in_3_to_7_per_cent():
    truth = simulate_treatment(TreatmentDesign(customers=400), 1)
    random, draws = np.random.default_rng(2), 1000
    ranking, once = truth.effects[:, 0] + truth.features["noise"].to_numpy(), np.ones((400, 1))
    excluded = dict.fromkeys(RATE_METRICS, 0)
    for draw in range(draws):
        arm = random.permutation(truth.responses.arm)
        effects = effect_scores(Responses.randomised(truth.responses.outcome, arm))
        (weights,) = draw_customers(400, 100, draw)
        for name, metric in RATE_METRICS.items():
            error = np.std(metric(effects, ranking, weights), ddof=1)
            interval = normal_interval(metric(effects, ranking, once)[0], error)
            excluded[name] += not interval.low <= 0.0 <= interval.high
    assert {name: 0.03 <= count / draws <= 0.07 for name, count in excluded.items()} == dict.fromkeys(excluded, True), (
        excluded
    )


def test_intervals_of_policy_values_and_gains_cover_the_truth():
    design, repetitions = TreatmentDesign(customers=500), 600
    whole = simulate_treatment(TreatmentDesign(customers=200_000), 0)
    acts = whole.effects[:, 0] > 0.0
    true_gain = float((whole.effects[:, 0] * acts).mean())
    true_value = float(whole.base.mean()) + true_gain
    covered = dict.fromkeys([(how, what) for how in ("ipw", "dr") for what in ("value", "gain")], 0)
    for seed in range(repetitions):
        sample = simulate_treatment(design, seed + 1)
        policies = {"best": treat_best(sample.effects), "none": treat_none(500)}
        off = np.column_stack([sample.base, sample.base]) * 0.8 + 0.05  # expectations that are not right
        for how, expected in (("ipw", None), ("dr", off)):
            best = evaluate_policies(arm_scores(sample.responses, expected), policies, "none")["best"]
            covered[how, "value"] += best.value.low <= true_value <= best.value.high
            covered[how, "gain"] += best.gain.low <= true_gain <= best.gain.high
    assert {key: 0.92 <= count / repetitions <= 0.97 for key, count in covered.items()} == dict.fromkeys(covered, True)


@pytest.fixture(scope="module")
def fitted():
    train = simulate_treatment(TreatmentDesign(customers=4000, propensities=(0.4, 0.3, 0.3), strength=2.0), 5)
    return UpliftModel("s_learner").fit(train.features, train.responses, ("offer", "letter"))


@pytest.mark.slow
def test_effects_are_recovered_and_calibrated_for_each_arm(fitted, tmp_path):
    test = simulate_treatment(TreatmentDesign(customers=20_000, propensities=(0.4, 0.3, 0.3), strength=2.0), 6)
    effects = fitted.effects(test.features)
    ranking, truth, once = effects[:, 0], test.effects[:, 0], np.ones((20_000, 1))
    best, reached = (RATE_METRICS["rate_qini"](truth, by, once)[0] for by in (truth, ranking))
    assert reached > 0.7 * best
    assert effects[test.segments == "sleeping_dog", 0].mean() < 0.0 < effects[test.segments == "persuadable", 0].mean()
    for arm in range(2):
        slope = np.polyfit(effects[:, arm], test.effects[:, arm], 1)[0]
        assert 0.6 < slope < 1.6
    pair, rows = test.responses.against_control(1)
    assert uplift_area(pair.arm.astype(float))(pair.outcome, ranking[rows], np.ones((rows.sum(), 1)))[0] > 0.005
    low, high = fitted.interval(test.features)
    assert ((low < effects) & (effects < high)).all()
    fitted.save(tmp_path)
    loaded = UpliftModel.load(tmp_path)
    assert (loaded.effects(test.features) == effects).all()
    assert (loaded.arms, loaded.get_params()) == (("offer", "letter"), fitted.get_params())


def select(design, seed):
    """Return a selection among three learners, with the effects that it gives to its rows."""
    candidates = [Candidate(name, "linear") for name in ("t_learner", "s_learner", "class_transformation")]
    truth = simulate_treatment(design, seed)
    return select_learners(truth.features, truth.responses, candidates, seed=seed)


@pytest.mark.slow
def test_without_heterogeneity_one_effect_for_all_wins_mostly_and_with_it_rarely():
    """A slope that chance alone gives exceeds its standard error in 16%."""
    alike = [select(TreatmentDesign(customers=1500, strength=0.0, average=0.1), seed) for seed in range(20)]
    flat = [not selection.weights for selection in alike]
    assert sum(flat) >= 13  # of 20 at 84%, fewer come in one of a hundred
    assert all(("same effect for everybody" in one.sentence()) is won for one, won in zip(alike, flat, strict=True))
    for seed in range(2):
        selection = select(TreatmentDesign(customers=1500, strength=2.0), seed)
        assert selection.weights
        assert selection.loss.value < 0.0
        assert selection.shares.keys() == selection.weights.keys()
        assert sum(selection.shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("average", [0.2, 30.0])
@pytest.mark.parametrize("errors", [0.3, 3.0, 30.0])
def test_weighed_and_shrunk_effects_are_nearer_to_the_truth_than_any_learner_alone(errors, average):
    """Six learners, three of them blind: the sum is nearer than the best alone, and never far behind one effect."""
    random, away = np.random.default_rng(7), []
    for _ in range(20):
        truth = random.normal(size=3000)
        seeing = truth[:, None] + random.normal(size=(3000, 3))
        learners = average + np.column_stack([random.normal(size=(3000, 3)), seeing])
        scores = average + 0.5 * truth + errors * random.normal(size=3000)
        stack = stack_effects(scores, learners, np.arange(3000) % 5)
        effects = stack.calibration.apply(learners @ stack.weights)
        alone = [EffectCalibration.learn(scores, one).apply(one) for one in learners.T]
        errors_of = [np.mean((average + 0.5 * truth - each) ** 2) for each in (effects, *alone)]
        away.append([*errors_of, np.mean((0.5 * truth - 0.5 * truth.mean()) ** 2) + (scores.mean() - average) ** 2])
    ours, *others, flat = np.mean(away, axis=0)
    assert ours < min(others)
    assert ours < 1.1 * flat
    assert errors < 30.0 or ours > 0.5 * flat  # then there is little to see


def test_blind_learners_get_little_weight_and_copies_share_theirs():
    random = np.random.default_rng(3)
    truth = random.normal(size=5000)
    learners = np.column_stack([2.0 * truth, truth + 0.0, random.normal(size=5000), -truth])
    weights = stacking_weights(truth + random.normal(size=5000), learners)
    assert (weights >= 0.0).all()
    assert weights[3] == 0.0
    assert abs(weights[2]) < 0.05
    assert 2.0 * weights[0] + weights[1] == pytest.approx(1.0, abs=0.05)
    assert stacking_weights(truth, np.empty((5000, 0))).shape == (0,)
    assert (stacking_weights(-truth, learners[:, :1]) == 0.0).all()


@pytest.mark.parametrize(
    ("slope", "error", "kept"), [(1.0, 0.5, 0.75), (0.5, 0.5, 0.0), (0.2, 0.5, 0.0), (2.0, 0.0, 2.0)]
)
def test_a_slope_is_shrunk_by_its_error(slope, error, kept):
    line = EffectCalibration(0.1, slope, 0.0, (0.01, error**2, 0.0)).shrunk()
    assert line.slope == pytest.approx(kept)
    assert line.errors(np.array([3.0]))[0] == pytest.approx((0.01 + (9.0 * error**2 if kept else 0.0)) ** 0.5)


@pytest.mark.slow
def test_without_randomisation_estimated_propensities_take_the_bias_away():
    truth = simulate_treatment(TreatmentDesign(customers=6000, confounding=1.5, average=0.05, strength=0.0), 3)
    bare = Responses.randomised(truth.responses.outcome, truth.responses.arm)
    estimated = cross_fit_propensities(truth.features, bare)
    assert np.corrcoef(estimated.propensities[:, 1], truth.responses.propensities[:, 1])[0, 1] > 0.98
    naive = mean_interval(effect_scores(bare))
    adjusted = mean_interval(effect_scores(estimated, cross_fit_outcomes(truth.features, bare)))
    average = float(truth.effects.mean())
    assert naive.low > average
    assert adjusted.low <= average <= adjusted.high
