"""Metrics against scikit-learn, SciPy and by hand; intervals and paired differences against theory."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn import metrics as oracle

from churnclv.evaluation import metrics
from churnclv.evaluation.bootstrap import Sample, score
from churnclv.evaluation.metrics import plain
from churnclv.evaluation.reliability import calibration_line, expected_calibration_error, reliability_bins

RANDOM = np.random.default_rng(5)
N = 400
SCORES = np.round(RANDOM.random(N), 2)  # with ties
CHURNED = (RANDOM.random(N) < SCORES).astype(float)
SPEND = np.where(RANDOM.random(N) < 0.6, 0.0, RANDOM.gamma(1.0, 40.0, N).round(1))
EXPECTED = np.round(SPEND * 0.5 + RANDOM.random(N) * 20, 0)
COUNTS = RANDOM.integers(0, 4, N).astype(float)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (metrics.auc, oracle.roc_auc_score),
        (metrics.average_precision, oracle.average_precision_score),
        (metrics.brier, oracle.brier_score_loss),
    ],
)
def test_rankings_agree_with_scikit_learn_also_under_weights(ours, theirs):
    assert plain(ours, CHURNED, SCORES) == pytest.approx(theirs(CHURNED, SCORES), rel=1e-12)
    weighted = ours(CHURNED, SCORES, COUNTS[:, None])[0]
    assert weighted == pytest.approx(theirs(CHURNED, SCORES, sample_weight=COUNTS), rel=1e-12)


def test_log_loss_agrees_with_scikit_learn():
    sure = np.clip(SCORES, 0.01, 0.99)
    assert plain(metrics.log_loss, CHURNED, sure) == pytest.approx(oracle.log_loss(CHURNED, sure), rel=1e-12)


@pytest.mark.parametrize("metric", [*metrics.CHURN_METRICS.values(), *metrics.VALUE_METRICS.values()])
def test_a_weight_is_a_number_of_copies(metric):
    truth = CHURNED if metric in metrics.CHURN_METRICS.values() else SPEND
    predicted = np.clip(SCORES, 0.01, 0.99) if metric in metrics.CHURN_METRICS.values() else EXPECTED
    times = COUNTS.astype(int)
    copies = plain(metric, np.repeat(truth, times), np.repeat(predicted, times))
    assert metric(truth, predicted, COUNTS[:, None])[0] == pytest.approx(copies, rel=1e-9)


def test_value_errors_by_hand():
    truth, predicted = np.array([0.0, 10.0, 30.0]), np.array([2.0, 6.0, 22.0])
    assert plain(metrics.mae, truth, predicted) == pytest.approx((2 + 4 + 8) / 3)
    assert plain(metrics.rmse, truth, predicted) == pytest.approx(np.sqrt((4 + 16 + 64) / 3))
    assert plain(metrics.bias, truth, predicted) == pytest.approx(30 / 40 - 1)
    logs = [np.log(3), np.log(11) - np.log(7), np.log(31) - np.log(23)]
    assert plain(metrics.msle, truth, predicted) == pytest.approx(np.mean(np.square(logs)))


def test_spearman_agrees_with_scipy():
    assert plain(metrics.spearman, SPEND, EXPECTED) == pytest.approx(spearmanr(SPEND, EXPECTED)[0], rel=1e-12)


def test_gini_by_hand():
    # values 0, 1, 3 ranked perfectly: captured at the middle of each third 1.5, 3.5, 4 of 4 -> mean .75, area .25
    truth = np.array([0.0, 1.0, 3.0])
    assert plain(metrics.gini, truth, truth) == 1.0
    # ranked the wrong way round the area is -.25; all tied it is 0
    assert plain(metrics.gini, truth, -truth) == pytest.approx(-1.0)
    assert plain(metrics.gini, truth, np.ones(3)) == pytest.approx(0.0, abs=1e-12)


def test_one_class_gives_no_ranking_figure():
    assert np.isnan(plain(metrics.auc, np.ones(4), np.arange(4.0)))


def sample(scores: dict[str, np.ndarray]) -> Sample:
    return Sample(CHURNED, scores, np.arange(N))


def test_intervals_hold_the_figure_and_match_the_binomial_error():
    found = score([sample({"a": SCORES})], {"brier": metrics.brier}, "a", replicates=400, seed=1).figures["a"]["brier"]
    assert found.low < found.value < found.high
    error = np.std((CHURNED - SCORES) ** 2) / np.sqrt(N)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(error, rel=0.15)


def test_equal_models_differ_by_nothing_and_the_interval_says_so():
    found = score([sample({"a": SCORES, "b": SCORES.copy()})], {"auc": metrics.auc}, "a").differences["b"]["auc"]
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_paired_differences_are_narrower_than_the_figures():
    near = np.clip(SCORES + RANDOM.normal(0, 0.02, N), 0, 1)
    scores = score([sample({"a": SCORES, "b": near})], {"auc": metrics.auc}, "a")
    paired, alone = scores.differences["b"]["auc"], scores.figures["b"]["auc"]
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)


def test_a_customer_is_drawn_with_all_their_rows():
    # every customer has two rows; drawn apart, the interval would be narrower by sqrt(2)
    twice = Sample(np.tile(CHURNED, 2), {"a": np.tile(SCORES, 2)}, np.tile(np.arange(N), 2))
    both = score([twice], {"brier": metrics.brier}, "a").figures["a"]["brier"]
    once = score([sample({"a": SCORES})], {"brier": metrics.brier}, "a").figures["a"]["brier"]
    assert (both.low, both.high) == pytest.approx((once.low, once.high), rel=1e-12)


def test_figures_are_means_over_cutoffs_and_the_seed_fixes_the_draws():
    other = Sample(1 - CHURNED, {"a": SCORES}, np.arange(N))
    found = score([sample({"a": SCORES}), other], {"auc": metrics.auc}, "a", seed=3)
    assert found.figures["a"]["auc"].value == pytest.approx(0.5)
    assert found == score([sample({"a": SCORES}), other], {"auc": metrics.auc}, "a", seed=3)


def test_reliability_by_hand():
    truth, said = np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.1, 0.3, 0.8, 1.0])
    assert reliability_bins(truth, said, 2).tolist() == [[0.2, 0.5, 2.0], [0.9, 1.0, 2.0]]
    assert expected_calibration_error(truth, said, 2) == pytest.approx((0.3 + 0.1) / 2)


def test_scores_that_hold_have_slope_one():
    random = np.random.default_rng(0)
    said = random.beta(2, 2, 20_000)
    happened = (random.random(20_000) < said).astype(float)
    slope, intercept = calibration_line(happened, said)
    assert slope == pytest.approx(1.0, abs=0.06)
    assert intercept == pytest.approx(0.0, abs=0.05)
    stretched = said**2 / (said**2 + (1 - said) ** 2)  # logits doubled
    assert calibration_line(happened, stretched)[0] == pytest.approx(0.5, abs=0.03)
