"""Combinations: equal weights stay within noise, learned ones are taken where they clearly gain, levels are shrunk."""

import numpy as np
import pytest

from churnclv.clv.combination import combine, total_factor
from churnclv.tuning.value_weights import (
    FoldOutcomes,
    choose_combination,
    deviance,
    estimate_level,
    fold_weights,
    paired_gain,
)

N = 4000


def make_folds(factor: float = 1.0, n: int = N, folds: int = 3) -> tuple[list[FoldOutcomes], list[np.ndarray]]:
    """Return folds of purchases that are Poisson around known means times a factor, and these means."""
    random = np.random.default_rng(0)
    outcomes, means = [], []
    for weight in fold_weights([60.0, 30.0, 0.0][:folds], 90.0):
        mean = random.gamma(0.5, 2.0, n) + 0.01
        made = random.poisson(mean * factor).astype(float)
        spend = made * random.gamma(2.0, 10.0, n)
        outcomes.append(FoldOutcomes(weight, {"purchases": made, "spend": spend}, np.arange(n)))
        means.append(mean)
    return outcomes, means


def noisy(means: list[np.ndarray], deviation: float, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [mean * np.exp(random.normal(-(deviation**2) / 2, deviation, len(mean))) for mean in means]


def test_a_combination_is_a_geometric_mean():
    expected = {"a": np.array([1.0, 4.0]), "b": np.array([4.0, 9.0])}
    assert combine(expected, {"a": 0.5, "b": 0.5}) == pytest.approx([2.0, 6.0])
    doubled = {name: 2.0 * values for name, values in expected.items()}
    assert combine(doubled, {"a": 0.3, "b": 0.7}) == pytest.approx(2.0 * combine(expected, {"a": 0.3, "b": 0.7}))
    assert np.isfinite(combine({"a": np.zeros(2), "b": np.ones(2)}, {"a": 0.5, "b": 0.5})).all()


def test_a_total_goes_a_share_of_the_way_to_that_of_other_models():
    expected = {"a": np.array([1.0, 3.0]), "b": np.array([2.0, 18.0]), "c": np.array([8.0, 2.0])}
    # the total of a is 4; that of the geometric mean of b and c, [4, 6], is 10
    for share, total in ((0.0, 4.0), (0.5, np.sqrt(40.0)), (1.0, 10.0)):
        assert total_factor(expected, {"a": 1.0}, ["b", "c"], share) * 4.0 == pytest.approx(total)
    assert total_factor({"a": np.zeros(2), "b": np.zeros(2)}, {"a": 1.0}, ["b"], 1.0) == pytest.approx(1.0)
    assert total_factor({"a": np.zeros(0), "b": np.zeros(0)}, {"a": 1.0}, ["b"], 1.0) == 1.0


@pytest.mark.parametrize("target", ["purchases", "spend"])
def test_the_deviance_is_least_at_the_mean_whatever_the_currency(target):
    truth = np.random.default_rng(1).gamma(0.3, 50.0, 5000)
    losses = {f: deviance(truth, np.full(5000, f * truth.mean()), target).mean() for f in (0.8, 0.95, 1.0, 1.05, 1.2)}
    assert min(losses, key=losses.get) == 1.0
    for factor, loss in losses.items():
        scaled = deviance(100.0 * truth, np.full(5000, factor * 100.0 * truth.mean()), target).mean()
        assert scaled == pytest.approx(loss)


def test_a_newer_fold_counts_more():
    assert fold_weights([90.0, 0.0], 90.0) == pytest.approx([1 / 3, 2 / 3])


def test_candidates_that_are_equally_good_keep_equal_weights():
    folds, means = make_folds()
    expected = {name: noisy(means, 0.3, seed) for seed, name in enumerate("abcd")}
    chosen = choose_combination(folds, expected, ["a", "b", "c", "d"], "purchases")
    if chosen.gain <= chosen.standard_error:
        assert chosen.weights == pytest.approx(dict.fromkeys("abcd", 0.25))
    assert max(chosen.weights.values()) < 0.4


@pytest.mark.parametrize("target", ["purchases", "spend"])
def test_a_much_better_candidate_earns_weight_even_outside_the_prior(target):
    folds, means = make_folds()
    expected = {"poor": noisy(means, 1.5, 1), "bad": noisy(means, 1.5, 2), "good": means}
    chosen = choose_combination(folds, expected, ["poor", "bad"], target)
    assert chosen.gain > chosen.standard_error
    assert chosen.weights["good"] > 0.4
    assert sum(chosen.weights.values()) == pytest.approx(1.0)
    assert min(chosen.weights.values()) > 0


def test_one_fold_gives_no_evidence_against_equal_weights():
    folds, means = make_folds(folds=1)
    chosen = choose_combination(folds, {"a": noisy(means, 2.0, 1), "b": means}, ["a", "b"], "purchases")
    assert chosen.weights == {"a": 0.5, "b": 0.5}


def test_the_level_follows_the_folds_with_shrinkage():
    folds, means = make_folds(factor=0.8)
    level = estimate_level(folds, means, "purchases")
    # the log of the level weighs .15^2, its drift until the predicted window .2^2, which holds it back
    assert level == pytest.approx(0.8 ** (0.15**2 / (0.15**2 + 0.2**2)), abs=0.01)
    few, their_means = make_folds(factor=0.8, n=20)
    assert abs(np.log(estimate_level(few, their_means, "purchases"))) < abs(np.log(level))
    nothing = [FoldOutcomes(1.0, {"purchases": np.zeros(5)}, np.arange(5))]
    assert estimate_level(nothing, [np.ones(5)], "purchases") == 1.0


def test_gains_are_paired_by_customer():
    folds, _ = make_folds()
    first = [np.random.default_rng(place).random(N) for place in range(3)]
    gain, error = paired_gain(folds, first, [losses - 0.1 for losses in first])
    assert gain == pytest.approx(0.1)
    assert error == pytest.approx(0.0, abs=1e-9)
