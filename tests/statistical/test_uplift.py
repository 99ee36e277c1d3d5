"""Uplift on simulated customers with known effects: rankings, calibration, choice, and what chance alone gives."""

import numpy as np
import pytest

from churnclv.evaluation.bootstrap import draw_customers
from churnclv.evaluation.policy_value import evaluate_policies, treat_best, treat_none
from churnclv.evaluation.treatment_effects import Responses, arm_scores, effect_scores, mean_interval, normal_interval
from churnclv.evaluation.uplift_curves import RATE_METRICS, uplift_area
from churnclv.testing.treatment_simulator import TreatmentDesign, simulate_treatment
from churnclv.uplift.cross_fitting import cross_fit_outcomes, cross_fit_propensities
from churnclv.uplift.effect_selection import Candidate, select_learner
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


@pytest.mark.slow
def test_without_heterogeneity_one_effect_for_all_wins_and_with_it_a_learner_does():
    candidates = [Candidate(name, "linear") for name in ("t_learner", "s_learner", "class_transformation")]
    flat = []
    for seed in range(5):
        truth = simulate_treatment(TreatmentDesign(customers=1500, strength=0.0, average=0.1), seed)
        selection = select_learner(truth.features, truth.responses, candidates, seed=seed)
        flat.append(selection.chosen.learner == "no_heterogeneity")
        assert "same effect for everybody" in selection.sentence() or not flat[-1]
    assert sum(flat) >= 4
    for seed in range(2):
        truth = simulate_treatment(TreatmentDesign(customers=1500, strength=2.0), seed)
        selection = select_learner(truth.features, truth.responses, candidates, seed=seed)
        assert selection.chosen.learner != "no_heterogeneity"
        assert selection.losses[selection.chosen].value < 0.0


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
