"""What has to hold of money whatever the customers are."""

import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from churnclv.decision.campaign import Campaign
from churnclv.decision.economics import EconomicsSettings
from churnclv.decision.target_list import target_list, total_targets
from churnclv.evaluation.bootstrap import Sample, score
from churnclv.evaluation.maximum_profit import empb, empc, maximum_profit_metric
from churnclv.evaluation.metrics import plain
from churnclv.evaluation.profit import (
    Terms,
    best_fraction,
    best_share,
    break_even_value,
    campaign_profit,
    contact_gain,
    profit_at,
    profit_beyond,
    profit_curve,
    profit_metric,
    realised_profits,
)

RANDOM = np.random.default_rng(11)
N = 400
CHANCE = RANDOM.beta(1.5, 3.0, N)
LEFT = (RANDOM.random(N) < CHANCE).astype(float)
VALUES = np.exp(RANDOM.normal(4.5, 1.0, N))
SCORES = np.clip(CHANCE + RANDOM.normal(0.0, 0.15, N), 0.001, 0.999)
TERMS = Terms(contact_cost=1.0, incentive_cost=10.0, acceptance_alpha=6.0, acceptance_beta=14.0)
GAINS = contact_gain(LEFT, VALUES, TERMS)
ANYHOW, ORDER, COUNTS = RANDOM.random(N), RANDOM.permutation(N), RANDOM.integers(0, 4, N)
SETTINGS = EconomicsSettings()
CAMPAIGN = Campaign(SETTINGS)


@pytest.fixture(scope="module")
def package():
    """Return the metrics of empulse, whose import warns of its own dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from empulse import metrics
    return metrics


def test_where_nobody_accepts_nobody_is_contacted():
    hopeless = Campaign(EconomicsSettings(acceptance_alpha=1e-12, contact_cost=0.01))
    assert set(hopeless.actions(hopeless.expected_gain(SCORES, VALUES))) == {"no_contact"}
    refused = contact_gain(LEFT, VALUES, Terms(0.01, 10.0, 0.0, 1.0))
    assert plain(best_share, refused, SCORES) == 0.0
    assert np.isinf(break_even_value(SCORES, Terms(0.01, 10.0, 0.0, 1.0))).all()


def scaled(terms: Terms, factor: float) -> Terms:
    return Terms(
        terms.contact_cost * factor, terms.incentive_cost * factor, terms.acceptance_alpha, terms.acceptance_beta
    )


@pytest.mark.parametrize("factor", [0.01, 3.0, 150.0])
def test_money_in_another_currency_is_the_same_money(factor):
    dear, terms = VALUES * factor, scaled(TERMS, factor)
    gains = contact_gain(LEFT, dear, terms)
    assert gains == pytest.approx(GAINS * factor)
    assert realised_profits(gains, SCORES) == pytest.approx(realised_profits(GAINS, SCORES) * factor)
    assert plain(best_share, gains, SCORES) == plain(best_share, GAINS, SCORES)
    assert break_even_value(SCORES, terms) == pytest.approx(break_even_value(SCORES, TERMS) * factor)
    for measure in (empc, empb):
        ours, theirs = measure(LEFT, SCORES, dear, terms), measure(LEFT, SCORES, VALUES, TERMS)
        assert (ours.profit, ours.share) == pytest.approx((theirs.profit * factor, theirs.share))


def test_contacting_everybody_earns_the_same_in_every_order():
    everybody = realised_profits(GAINS, SCORES)[-1]
    assert everybody == pytest.approx(GAINS.mean())
    for ranking in (-SCORES, VALUES, np.zeros(N), ANYHOW):
        assert realised_profits(GAINS, ranking)[-1] == pytest.approx(everybody)
    assert plain(profit_at(1.0), GAINS, SCORES) == pytest.approx(everybody)
    assert plain(profit_beyond(0.0), GAINS, SCORES) == pytest.approx(everybody)
    assert campaign_profit(LEFT, np.ones(N), VALUES, np.ones((N, 1)), TERMS) == pytest.approx([everybody])


def test_no_ranking_earns_more_than_the_perfect_one_at_any_share():
    perfect = realised_profits(GAINS, GAINS)
    for ranking in (SCORES, -SCORES, VALUES, LEFT, CAMPAIGN.expected_gain(SCORES, VALUES), ANYHOW):
        assert (realised_profits(GAINS, ranking) <= perfect + 1e-12).all()
    assert perfect.max() == pytest.approx(np.maximum(GAINS, 0.0).sum() / N)


def test_the_order_of_the_rows_says_nothing():
    order, coarse = ORDER, np.round(SCORES, 1)
    assert realised_profits(GAINS[order], coarse[order]) == pytest.approx(realised_profits(GAINS, coarse))
    for measure in (empc, empb):
        again = measure(LEFT[order], coarse[order], VALUES[order], TERMS)
        assert again.profit == pytest.approx(measure(LEFT, coarse, VALUES, TERMS).profit, rel=1e-12)


@pytest.mark.parametrize("digits", [1, 12])
@pytest.mark.parametrize("terms", [TERMS, Terms(0.0, 0.0, 6.0, 14.0), Terms(5.0, 40.0, 0.7, 0.9)])
def test_empc_is_the_packages(package, digits, terms):
    scores, worth = np.round(SCORES, digits), float(VALUES.mean())
    costs = {"clv": worth, "incentive_cost": terms.incentive_cost, "contact_cost": terms.contact_cost}
    shape = {"alpha": terms.acceptance_alpha, "beta": terms.acceptance_beta}
    theirs = package.empc(LEFT, scores, **shape, **costs)
    ours = empc(LEFT, scores, VALUES, terms)
    assert (ours.profit, ours.share) == pytest.approx(theirs, abs=1e-9)


def test_empc_is_the_best_realised_profit_averaged_over_the_acceptance():
    def best(acceptance):
        sure = Terms(1.0, 10.0, acceptance, 1.0 - acceptance)
        return realised_profits(contact_gain(LEFT, VALUES.mean(), sure), SCORES).max()

    expected, _ = quad(lambda share: best(share) * beta.pdf(share, 6, 14), 0.0, 1.0, limit=60, epsabs=1e-4)
    assert empc(LEFT, SCORES, VALUES, TERMS).profit == pytest.approx(expected, abs=1e-3)


def test_profits_realised_by_the_contacted_add_up_to_the_packages_formula(package):
    profit, share = package.mpc(LEFT, SCORES, clv=200.0, accept_rate=0.3, incentive_cost=10.0, contact_cost=1.0)
    curve = realised_profits(contact_gain(LEFT, 200.0, TERMS), SCORES)
    assert curve.max() == pytest.approx(profit, abs=1e-9)
    assert curve.argmax() / N == pytest.approx(share)


def test_empb_is_the_packages_total_per_customer(package):
    share = TERMS.incentive_cost / VALUES.mean()
    total, contacted = package.empb(
        LEFT, SCORES, clv=VALUES, alpha=6, beta=14, incentive_fraction=share, contact_cost=1
    )
    ours = empb(LEFT, SCORES, VALUES, TERMS)
    assert (ours.profit, ours.share) == pytest.approx((total / N, contacted), abs=1e-9)


def test_empb_is_above_the_curve_by_the_contacts_that_leavers_turn_down():
    # on equal values both incentives are the same
    ours, curve = empb(LEFT, SCORES, 200.0, TERMS), realised_profits(contact_gain(LEFT, 200.0, TERMS), SCORES)
    leavers = np.r_[0.0, np.cumsum(LEFT[np.argsort(-SCORES)])]
    assert ours.profit == pytest.approx((curve + 0.7 * leavers / N).max())


def test_the_expected_gain_is_the_mean_of_what_comes_in():
    random, draws = np.random.default_rng(2), 400_000
    score_, value = 0.4, 180.0
    leaves = random.random(draws) < score_
    accepts = random.random(draws) < random.beta(6.0, 14.0, draws)
    cash = np.full(draws, -1.0)
    cash[leaves & accepts] += value - 10.0
    cash[~leaves] -= 10.0
    expected = float(CAMPAIGN.expected_gain(np.array([score_]), value)[0])
    assert cash.mean() == pytest.approx(expected, abs=4 * cash.std() / np.sqrt(draws))
    spent = 1.0 + 10.0 * (~leaves | accepts)
    cost = float(CAMPAIGN.expected_cost(np.array([score_]))[0])
    assert spent.mean() == pytest.approx(cost, abs=4 * spent.std() / np.sqrt(draws))


def test_calibrated_scores_promise_what_campaigns_realise():
    random, n = np.random.default_rng(4), 200_000
    chance, values = random.beta(1.5, 3.0, n), np.exp(random.normal(4.5, 0.8, n))
    promised = CAMPAIGN.expected_gain(chance, values)
    realised = contact_gain((random.random(n) < chance).astype(float), values, TERMS)
    worth = promised > 0
    error = (realised - promised)[worth].std() / np.sqrt(worth.sum())
    assert realised[worth].mean() == pytest.approx(promised[worth].mean(), abs=4 * error)


def test_the_gain_rises_with_value_and_a_contact_pays_exactly_above_break_even():
    gain = CAMPAIGN.expected_gain(SCORES, VALUES)
    assert ((gain > 0) == (break_even_value(SCORES, TERMS) < VALUES)).all()
    assert (CAMPAIGN.expected_gain(SCORES, VALUES + 1.0) > gain).all()


@pytest.mark.parametrize(
    "metric",
    [profit_at(0.3), profit_beyond(0.5), best_share],
    ids=["share", "threshold", "best share"],
)
def test_a_weight_is_a_number_of_copies_in_money_too(metric):
    copies = plain(metric, np.repeat(GAINS, COUNTS), np.repeat(SCORES, COUNTS))
    assert metric(GAINS, SCORES, COUNTS[:, None].astype(float))[0] == pytest.approx(copies)


@pytest.mark.parametrize("measure", [empc, empb])
def test_maximum_profits_have_bootstrap_intervals(measure):
    metric = maximum_profit_metric(measure, VALUES, TERMS)
    rows = np.repeat(np.arange(N), COUNTS)
    copies = measure(LEFT[rows], SCORES[rows], VALUES[rows], TERMS).profit
    assert metric(LEFT, SCORES, COUNTS[:, None].astype(float))[0] == pytest.approx(copies)
    sample = Sample(LEFT, {"good": SCORES + 0.5 * LEFT, "bad": SCORES}, np.arange(N))
    found = score([sample], {"profit": metric}, "bad", replicates=40)
    figure = found.figures["good"]["profit"]
    assert figure.low < figure.value < figure.high
    assert found.differences["good"]["profit"].low > 0


def test_a_metric_of_outcomes_is_the_metric_of_gains_and_refuses_other_customers():
    metric, weights = profit_metric(VALUES, TERMS, 0.3), COUNTS[:, None].astype(float)
    assert metric(LEFT, SCORES, weights) == pytest.approx(profit_at(0.3)(GAINS, SCORES, weights))
    with pytest.raises(ValueError, match=r"^profit_metric holds 400 values and was given a sample of 399 rows\.$"):
        plain(metric, LEFT[1:], SCORES[1:])


def test_the_chosen_campaign_lies_in_its_intervals_and_customers_are_drawn_whole():
    best = best_fraction(GAINS, SCORES)
    assert best.share.low <= best.share.value <= best.share.high
    assert best.profit.low < best.profit.value < best.profit.high
    assert best.profit.value == pytest.approx(realised_profits(GAINS, SCORES).max())
    assert best.profit.value == pytest.approx(plain(profit_beyond(best.threshold), GAINS, SCORES))
    twice = best_fraction(np.tile(GAINS, 2), np.tile(SCORES, 2), np.tile(np.arange(N), 2))
    assert (twice.profit.low, twice.profit.high) == pytest.approx((best.profit.low, best.profit.high))


def test_the_curve_is_the_metric_at_every_share_with_the_same_draws():
    curve = profit_curve(GAINS, SCORES, points=11, replicates=60, seed=3)
    sample = Sample(GAINS, {"it": SCORES}, np.arange(N))
    found = score([sample], {"profit": profit_at(0.3)}, "it", replicates=60, seed=3).figures["it"]["profit"]
    assert (curve.profit[3], curve.low[3], curve.high[3]) == pytest.approx((found.value, found.low, found.high))
    assert curve.best[1] >= curve.profit.max() - 1e-12


def table(n: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    scores, values = random.random(n), np.exp(random.normal(4.0, 1.0, n))
    names = [f"c{k:03d}" for k in random.permutation(n)]
    gain, cost = CAMPAIGN.expected_gain(scores, values), CAMPAIGN.expected_cost(scores)
    known = {"customer_id": names, "churn_score": scores, "value": values, "expected_gain": gain, "cost": cost}
    return pd.DataFrame(known)


@pytest.mark.parametrize("seed", range(5))
def test_a_list_is_short_of_the_best_possible_by_no_more_than_the_first_left_out(seed):
    customers, budget = table(12, seed), 12.0
    listed = target_list(customers, budget)
    assert listed["cost"].sum() <= budget + 1e-6
    worth = target_list(customers)
    pairs = worth[["cost", "expected_gain"]].to_numpy()
    groups = (np.array(g).reshape(-1, 2).sum(axis=0) for k in range(len(pairs) + 1) for g in combinations(pairs, k))
    best = max(gain for cost, gain in groups if cost <= budget)
    left = worth[~worth["customer_id"].isin(listed["customer_id"])]
    assert len(left) > 0
    assert listed["expected_gain"].sum() >= best - left["expected_gain"].iloc[0] - 1e-9


def test_lists_do_not_depend_on_the_order_of_the_rows_and_grow_with_the_budget():
    customers = table(300, 0)
    mixed = customers.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(target_list(mixed, 200.0), target_list(customers, 200.0), check_exact=True)
    gains = [target_list(customers, budget)["expected_gain"].sum() for budget in (0.0, 50.0, 200.0, 1e9)]
    assert gains[0] == 0.0
    assert gains == sorted(gains)
    everybody = target_list(customers)
    assert (everybody["expected_gain"] > 0).all()
    assert everybody["expected_gain"].sum() == pytest.approx(gains[-1])
    assert (everybody["gain_per_cost"].diff().dropna() <= 0).all()
    assert total_targets(customers, everybody).forgone == pytest.approx(0.0, abs=1e-9)
