"""Uplift curves, RATE and policy values: figures by hand, definitions written out as loops, and what they imply."""

import math

import numpy as np
import pytest

from churnclv.evaluation.policy_value import (
    evaluate_policies,
    treat_all,
    treat_best,
    treat_none,
    treat_top,
)
from churnclv.evaluation.treatment_effects import (
    Responses,
    arm_scores,
    effect_scores,
    mean_interval,
    overlapping,
    p_value,
)
from churnclv.evaluation.uplift_curves import (
    qini_area,
    qini_curve,
    rate_autoc,
    rate_qini,
    uplift_area,
    uplift_at,
    uplift_auc,
    uplift_curve,
)
from churnclv.evaluation.uplift_evaluation import effects_by_group, evaluate_rankings, predicted_groups

RANKING = np.array([4.0, 3.0, 2.0, 1.0])
TREATED = np.array([1.0, 0.0, 1.0, 0.0])
OUTCOME = np.array([1.0, 0.0, 0.0, 1.0])
ONCE = np.ones((4, 1))


def test_the_uplift_curve_of_four_customers():
    # top half: treated 1/1, control 0/1, so 0.5 x 1; three quarters: 1/2 - 0/1; all: 1/2 - 1/2
    curve = uplift_curve(OUTCOME, TREATED, RANKING)
    assert curve.share.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert curve.value.tolist() == pytest.approx([0.0, 0.0, 0.5, 0.375, 0.0])
    assert curve.at(0.625) == pytest.approx(0.4375)
    # trapezoids: 0.25 x (0 + 0.25 + 0.4375 + 0.1875)
    assert uplift_auc(TREATED)(OUTCOME, RANKING, ONCE)[0] == pytest.approx(0.21875)
    assert uplift_area(TREATED)(OUTCOME, RANKING, ONCE)[0] == pytest.approx(0.21875)
    assert uplift_at(0.5, TREATED)(OUTCOME, RANKING, ONCE)[0] == pytest.approx(1.0)


def test_the_qini_curve_of_four_customers():
    # per treated customer: (1 - 0 x 1/1) / 2, (1 - 0 x 2/1) / 2, (1 - 1 x 2/2) / 2
    assert qini_curve(OUTCOME, TREATED, RANKING).value.tolist() == pytest.approx([0.0, 0.0, 0.5, 0.5, 0.0])
    assert qini_area(TREATED)(OUTCOME, RANKING, ONCE)[0] == pytest.approx(0.25)


def test_the_area_counts_from_the_line_of_chance():
    outcome = np.array([1.0, 0.0, 1.0, 0.0])  # everybody gains 1
    assert uplift_curve(outcome, TREATED, RANKING).value[-1] == pytest.approx(1.0)
    assert uplift_auc(TREATED)(outcome, RANKING, ONCE)[0] == pytest.approx(0.25 * (0.0 + 0.25 + 0.625 + 0.875))
    assert uplift_area(TREATED)(outcome, RANKING, ONCE)[0] == pytest.approx(0.4375 - 0.5)


def test_rate_of_two_customers():
    # S is 0.5 from one half on: AUTOC = 0.5 + 0.5 ln 2 - 0.5; Qini = (0.125 + 0.25) - 0.25
    effects, ranking, once = np.array([1.0, 0.0]), np.array([2.0, 1.0]), np.ones((2, 1))
    assert rate_autoc(effects, ranking, once)[0] == pytest.approx(0.5 * math.log(2.0))
    assert rate_qini(effects, ranking, once)[0] == pytest.approx(0.125)
    assert rate_qini(effects, -ranking, once)[0] == pytest.approx(-0.125)


def test_rate_is_near_the_sum_over_ranks_of_its_paper():
    random = np.random.default_rng(0)
    effects, ranking = random.normal(size=5000), random.normal(size=5000)
    ordered = effects[np.argsort(-ranking)]
    toc = np.cumsum(ordered) / np.arange(1, 5001) - ordered.mean()
    once = np.ones((5000, 1))
    assert rate_autoc(effects, ranking, once)[0] == pytest.approx(toc.mean(), abs=2e-3)
    weighted = (toc * np.arange(1, 5001) / 5000).mean()
    assert rate_qini(effects, ranking, once)[0] == pytest.approx(weighted, abs=1e-3)


def test_curves_are_their_definitions_written_out_as_loops():
    random = np.random.default_rng(1)
    outcome, treated = random.normal(size=60), (random.random(60) < 0.4).astype(float)
    ranking = np.round(random.normal(size=60), 1)  # with ties
    uplift, qini, shares = [0.0], [0.0], [0.0]
    for threshold in sorted(set(ranking), reverse=True):
        top = ranking >= threshold
        n_t, n_c = (top & (treated == 1)).sum(), (top & (treated == 0)).sum()
        shares.append(top.mean())
        if n_t == 0 or n_c == 0:
            uplift.append(0.0)
            qini.append(0.0)
            continue
        y_t, y_c = outcome[top & (treated == 1)].sum(), outcome[top & (treated == 0)].sum()
        uplift.append(top.mean() * (y_t / n_t - y_c / n_c))
        qini.append((y_t - y_c * n_t / n_c) / treated.sum())
    assert uplift_curve(outcome, treated, ranking).share.tolist() == pytest.approx(shares)
    assert uplift_curve(outcome, treated, ranking).value.tolist() == pytest.approx(uplift)
    assert qini_curve(outcome, treated, ranking).value.tolist() == pytest.approx(qini)
    assert uplift[-1] == pytest.approx(qini[-1])  # both end at the average effect


def test_a_constant_ranking_has_no_area_and_weights_count_like_repeated_rows():
    random = np.random.default_rng(2)
    outcome, ranking, times = random.normal(size=40), random.normal(size=40), random.integers(1, 4, 40)
    treated = (np.arange(40) % 2).astype(float)
    rows = np.repeat(np.arange(40), times)
    weighted, once = times[:, None].astype(float), np.ones((len(rows), 1))
    for metric, repeated in [
        (rate_autoc, rate_autoc),
        (rate_qini, rate_qini),
        (uplift_area(treated), uplift_area(treated[rows])),
        (qini_area(treated), qini_area(treated[rows])),
    ]:
        assert metric(outcome, np.zeros(40), weighted)[0] == pytest.approx(0.0, abs=1e-12)
        found = metric(outcome, ranking, weighted)[0]
        assert found == pytest.approx(repeated(outcome[rows], ranking[rows], once)[0])
        order = random.permutation(40)
        if metric is rate_autoc:
            assert metric(outcome[order], ranking[order], weighted[order])[0] == pytest.approx(found)


PAIRS = Responses(np.array([2.0, 1.0, 0.0, 3.0]), np.array([1, 0, 1, 0]), np.full((4, 2), 0.5))


def test_scores_by_inverse_propensity_by_hand():
    assert arm_scores(PAIRS).tolist() == [[0.0, 4.0], [2.0, 0.0], [0.0, 0.0], [6.0, 0.0]]
    assert effect_scores(PAIRS).tolist() == [4.0, -2.0, 0.0, -6.0]


def test_doubly_robust_scores_by_hand():
    expected = np.array([[1.0, 1.5], [1.0, 2.0], [2.0, 1.0], [2.0, 2.5]])
    # the arm that happened: expected + (outcome - expected) / 0.5
    assert arm_scores(PAIRS, expected).tolist() == [[1.0, 2.5], [1.0, 2.0], [2.0, -1.0], [4.0, 2.5]]


def test_policy_values_by_hand():
    scores = arm_scores(PAIRS)
    policies = {"none": treat_none(4), "all": treat_all(4), "top": treat_top(RANKING, 0.25)}
    found = evaluate_policies(scores, policies, "none")
    assert found["all"].value.value == pytest.approx(1.0)
    assert found["none"].value.value == pytest.approx(2.0)
    assert found["top"].value.value == pytest.approx((4.0 + 2.0 + 0.0 + 6.0) / 4.0)
    assert found["all"].gain.value == pytest.approx(-1.0)
    assert found["top"].treated == 0.25
    sd = np.std([4.0, -2.0, 0.0, -6.0], ddof=1)
    assert found["all"].gain.high == pytest.approx(-1.0 + 1.959964 * sd / 2.0, abs=1e-5)
    assert evaluate_policies(scores, policies, "none", 0.5)["all"].gain.value == pytest.approx(-1.5)


def test_the_best_arm_is_that_of_the_highest_net_effect_and_nobody_where_all_lose():
    effects = np.array([[1.0, 2.0], [0.5, 0.2], [-1.0, -2.0], [0.1, 0.0]])
    assert treat_best(effects, np.array([0.2, 0.5])).tolist() == [2, 1, 0, 0]


def test_arms_are_compared_with_control_on_their_own_rows():
    arms = Responses(np.arange(6.0), np.array([0, 1, 2, 0, 1, 2]), np.tile([0.2, 0.3, 0.5], (6, 1)))
    pair, rows = arms.against_control(2)
    assert rows.tolist() == [True, False, True, True, False, True]
    assert pair.arm.tolist() == [0, 1, 0, 1]
    assert pair.propensities[0].tolist() == pytest.approx([0.2 / 0.7, 0.5 / 0.7])
    assert overlapping(np.array([[0.05, 0.95], [0.3, 0.7]])).tolist() == [False, True]


def test_intervals_and_p_values():
    interval = mean_interval(np.array([1.0, 3.0]))
    assert (interval.value, interval.high) == pytest.approx((2.0, 2.0 + 1.959964), abs=1e-5)
    assert p_value(1.959964, 1.0) == pytest.approx(0.05, abs=1e-6)
    assert math.isnan(p_value(1.0, 0.0))


def test_rankings_are_compared_on_the_same_draws_and_groups_have_their_effects():
    random = np.random.default_rng(3)
    gain = np.repeat([2.0, 0.0], 200)
    arm = np.tile([0, 1], 200)
    responses = Responses.randomised(gain * arm + random.normal(0.0, 0.1, 400), arm)
    figures = evaluate_rankings(
        responses, {"right": gain, "wrong": -gain, "none": np.zeros(400)}, "none", replicates=50
    )
    assert figures.curves.figures["right"]["uplift_at_10"].value == pytest.approx(2.0, abs=0.1)
    assert figures.curves.figures["right"]["uplift_area"].low > 0.0
    assert figures.curves.differences["wrong"]["uplift_area"].high < 0.0
    assert figures.p_values["right"]["rate_qini"] < 0.001
    groups = effects_by_group(effect_scores(responses), np.where(gain > 0, "b", "a"), gain)
    assert [(one.group, one.customers, one.predicted) for one in groups] == [("a", 200, 0.0), ("b", 200, 2.0)]
    assert groups[1].effect.value == pytest.approx(2.0, abs=0.2)
    assert predicted_groups(np.array([1.0, 9.0, 5.0, 7.0]), 2).tolist() == [2, 1, 2, 1]
