"""Theorems of contracts: what any hazards, prices and parameters must satisfy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import logit

from churnclv.clv.contract_margin import Terms, expected_margin, extend_hazard, margin_interval
from churnclv.clv.contract_spells import count_spells
from churnclv.clv.shifted_beta_geometric import ShiftedBetaGeometricModel, log_likelihood
from examples import examples

RANDOM = np.random.default_rng(0)
N, PERIODS = 40, 24
HAZARD = RANDOM.beta(1.0, 9.0, (N, PERIODS))
PRICE = RANDOM.gamma(2.0, 20.0, N)
MONTH = 30.0
MODELS = st.builds(
    lambda alpha, beta: ShiftedBetaGeometricModel().at(alpha=alpha, beta=beta), st.floats(0.05, 20), st.floats(0.05, 90)
)
AGES = np.arange(0.0, 60.0, 1.5)


def terms(annual_rate: float = 0.1, first_payment_days: float = 0.0, factor: float = 1.0) -> Terms:
    return Terms(PRICE * factor, 0.4, annual_rate, MONTH, first_payment_days)


def spells(seed: int, n: int = 500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return simulated spells that entered at ages 0 to 9 and were watched for up to 20 periods."""
    random = np.random.default_rng(seed)
    lived = random.geometric(random.beta(0.8, 6.0, n)) - 1
    entered = random.integers(0, 10, n)
    until = entered + random.integers(1, 20, n)
    alive = lived >= entered
    return entered[alive], np.minimum(lived, until)[alive], (lived < until)[alive]


@examples(60)
@given(st.floats(-4, 2), st.floats(-2, 6))
def test_derivatives_are_those_of_the_likelihood(log_odds, log_total):
    data, point = count_spells(*spells(0)), np.array([log_odds, log_total])
    _, gradient, hessian = log_likelihood(data, point)
    value_by, gradient_by = (
        approx_fprime(point, lambda at, part=part: log_likelihood(data, at)[part]) for part in (0, 1)
    )
    assert value_by == pytest.approx(gradient, rel=1e-5, abs=1e-6)
    assert gradient_by == pytest.approx(hessian, rel=1e-5, abs=1e-6)


def test_the_fit_is_the_same_on_collapsed_permuted_and_repeated_rows():
    rows = np.column_stack(spells(1, 3000))
    model = ShiftedBetaGeometricModel().fit(*rows.T)
    unique, counts = np.unique(rows, axis=0, return_counts=True)
    assert len(unique) < len(rows) / 3
    collapsed = ShiftedBetaGeometricModel().fit(*unique.T, counts)
    permuted = ShiftedBetaGeometricModel().fit(*RANDOM.permutation(rows).T)
    for other in (collapsed, permuted):
        assert other.parameters == model.parameters
        assert other.certificate == model.certificate
        assert (other.covariance == model.covariance).all()
    twice = ShiftedBetaGeometricModel().fit(*np.vstack([rows, rows]).T)
    assert twice.parameters == pytest.approx(model.parameters, rel=1e-6)
    assert 2.0 * twice.covariance == pytest.approx(model.covariance, rel=1e-5)


@st.composite
def any_spells(draw):
    """A few contracts, or very many of few sorts, of any age."""
    most = draw(st.sampled_from([1, 3, 40, 400]))
    rows = st.tuples(st.integers(0, most), st.integers(0, most), st.booleans(), st.sampled_from([1, 7, 10**7]))
    found = np.array(draw(st.lists(rows, max_size=8)), dtype=float).reshape(-1, 4)
    return found[:, 0], found[:, 0] + found[:, 1], found[:, 2], found[:, 3]


@examples(150)
@given(any_spells())
def test_any_spells_give_chances_within_bounds_and_finite_values(rows):
    model = ShiftedBetaGeometricModel().fit(*rows)
    hazard = model.hazard(AGES)
    assert ((hazard > 0) & (hazard < 1)).all()
    assert np.isfinite(model.residual_lifetime(AGES, 0.01)).all()
    assert ((model.p_ends(AGES, 12) >= 0) & (model.p_ends(AGES, 12) <= 1)).all()
    assert np.isfinite(model.covariance).all()
    # a constant hazard, or none seen from its start on, or a fit that did not converge: all of these say so
    exact = "alpha" in model.parameters and not model.certificate.at_bound and model.certificate.converged
    assert model.certificate.warning or (exact and (rows[0] == 0).any())


def test_no_other_parameters_are_more_likely():
    data = count_spells(*spells(2))
    model = ShiftedBetaGeometricModel().fit(*spells(2))
    alpha, beta = model.parameters["alpha"], model.parameters["beta"]
    best = log_likelihood(data, np.log([alpha / beta, alpha + beta]))[0]
    assert best * data.contracts == pytest.approx(model.certificate.log_likelihood, rel=1e-12)
    for a, b in RANDOM.uniform(0.3, 3.0, (200, 2)) * [alpha, beta]:
        assert log_likelihood(data, np.log([a / b, a + b]))[0] <= best


def test_a_saved_model_says_the_same(tmp_path):
    for rows in (spells(3), ([0, 0], [4, 4], [True, True])):
        model = ShiftedBetaGeometricModel().fit(*rows)
        model.save(tmp_path)
        loaded = ShiftedBetaGeometricModel.load(tmp_path)
        assert (loaded.hazard(AGES) == model.hazard(AGES)).all()
        assert loaded.certificate == model.certificate
        assert (loaded.covariance == model.covariance).all()
    ShiftedBetaGeometricModel().at(alpha=0.5, beta=2.0).save(tmp_path)
    assert ShiftedBetaGeometricModel.load(tmp_path).certificate is None


@examples(60)
@given(MODELS)
def test_survival_is_the_product_of_what_the_hazards_leave_and_the_hazard_falls_with_age(model):
    path = model.hazards_ahead(AGES, 12)
    left = np.cumprod(1.0 - path, axis=1)
    for periods in (1, 5, 12):
        assert model.survival(periods, AGES) == pytest.approx(left[:, periods - 1], rel=1e-9)
        assert model.p_ends(AGES, periods) == pytest.approx(1.0 - left[:, periods - 1], rel=1e-6)
    assert (np.diff(path, axis=1) < 0).all()
    assert model.survival(8.0) == pytest.approx(model.survival(3.0) * model.survival(5.0, 3.0), rel=1e-9)


@examples(40)
@given(MODELS, st.floats(0.003, 0.5))
def test_the_residual_lifetime_is_the_discounted_sum_of_survival(model, rate):
    k = np.arange(int(40 / np.log1p(rate)))
    for age in (0.0, 1.0, 30.0):
        expected = (model.survival(k + 1.0, age) / (1.0 + rate) ** k).sum()
        assert float(model.residual_lifetime(age, rate)) == pytest.approx(expected, rel=1e-7)


def test_the_residual_lifetime_without_a_discount_is_the_limit_of_those_with_one():
    model = ShiftedBetaGeometricModel().at(alpha=3.0, beta=7.0)
    assert model.residual_lifetime(AGES, 1e-6) == pytest.approx(model.residual_lifetime(AGES, 0.0), rel=1e-3)


def test_an_sbg_of_equal_customers_is_the_geometric():
    constant, previous = ShiftedBetaGeometricModel().at(hazard=0.1), np.inf
    for total in (1e3, 1e5, 1e7):
        equal = ShiftedBetaGeometricModel().at(alpha=0.1 * total, beta=0.9 * total)
        off = [
            np.abs(equal.hazard(AGES) / constant.hazard(AGES) - 1.0).max(),
            np.abs(equal.survival(24, AGES) / constant.survival(24, AGES) - 1.0).max(),
            np.abs(equal.residual_lifetime(AGES, 0.01) / constant.residual_lifetime(AGES, 0.01) - 1.0).max(),
        ]
        assert max(off) < previous / 10
        previous = max(off)
    assert previous < 1e-4


@examples(60)
@given(st.floats(0.001, 0.999), st.integers(1, PERIODS), st.floats(0.0, 1.0))
def test_a_constant_hazard_gives_the_geometric_closed_form(hazard, periods, annual_rate):
    path = np.full((N, PERIODS), hazard)
    ratio = (1.0 - hazard) * (1.0 + annual_rate) ** (-MONTH / 365.25)
    closed = 0.4 * PRICE * (1.0 - ratio**periods) / (1.0 - ratio)
    assert expected_margin(path, terms(annual_rate), MONTH * periods) == pytest.approx(closed, rel=1e-9)
    if annual_rate > 0:
        endless = 0.4 * PRICE / (1.0 - ratio)
        assert expected_margin(path, terms(annual_rate), None) == pytest.approx(endless, rel=1e-9)


@pytest.mark.parametrize("first", [0.0, 11.0, 29.0])
@pytest.mark.parametrize("annual_rate", [0.0, 0.2])
def test_value_is_zero_without_time_and_otherwise_the_sum_of_its_parts(first, annual_rate):
    paid = terms(annual_rate, first)
    assert (expected_margin(HAZARD, paid, 0.0) == 0.0).all()
    assert (margin_interval(HAZARD, paid, 0.0).high == 0.0).all()
    whole = expected_margin(HAZARD, paid, PERIODS * MONTH)
    for months in (1, 7, 23):
        survived = np.prod(1.0 - HAZARD[:, :months], axis=1)
        later = expected_margin(HAZARD[:, months:], paid, (PERIODS - months) * MONTH)
        discount = (1.0 + annual_rate) ** (-months * MONTH / 365.25)
        early = expected_margin(HAZARD, paid, months * MONTH)
        assert early + survived * discount * later == pytest.approx(whole, rel=1e-9)
        assert (early <= whole).all()


@pytest.mark.parametrize("first", [0.0, 15.0])
def test_value_falls_in_every_hazard_and_with_the_discount_and_rises_with_price_and_margin(first):
    value = expected_margin(HAZARD, terms(0.1, first), 720.0)
    for period in (0, 5, PERIODS - 2):
        worse = HAZARD.copy()
        worse[:, period] += 0.1
        assert (expected_margin(worse, terms(0.1, first), 720.0) < value).all()
    assert (expected_margin(HAZARD, terms(0.3, first), 720.0) < value).all()
    assert expected_margin(HAZARD, terms(0.1, first, 1.5), 720.0) == pytest.approx(1.5 * value)
    better = Terms(PRICE, 0.6, 0.1, MONTH, first)
    assert expected_margin(HAZARD, better, 720.0) == pytest.approx(1.5 * value)
    assert (expected_margin(HAZARD, terms(0.1, first + 1.0), 720.0) < value).all()


def test_an_infinite_horizon_is_finite_with_a_discount_and_the_limit_of_long_ones():
    for path in (HAZARD, np.zeros((N, 1))):
        endless = expected_margin(path, terms(0.1), None)
        assert np.isfinite(endless).all()
        assert (endless <= 0.4 * PRICE / (1.0 - 1.1 ** (-MONTH / 365.25)) * (1.0 + 1e-12)).all()
        long = np.hstack([path, np.repeat(path[:, -1:], 4000, axis=1)])
        assert expected_margin(long, terms(0.1), 4000 * MONTH) == pytest.approx(endless, rel=1e-9)
        assert (expected_margin(long, terms(0.1), 24 * MONTH) < endless).all()


@examples(20)
@given(MODELS)
def test_the_models_own_hazards_give_its_own_residual_lifetime(model):
    # alive at the cutoff a customer pays at once, and a period later what is still to come is the residual lifetime
    rate, ages = 1.1 ** (MONTH / 365.25) - 1.0, AGES[:N]
    found = expected_margin(model.hazards_ahead(ages, 4000), terms(0.1), None)
    own = 0.4 * PRICE * (1.0 + model.residual_lifetime(ages, rate) / (1.0 + rate))
    assert found == pytest.approx(own, rel=1e-7)


@examples(60)
@given(MODELS, st.sampled_from([0.25, 1.0, 2.5, 3.0, 12.0]), st.integers(1, 12))
def test_an_extended_hazard_keeps_what_was_learned_and_the_curves_own_chance_gives_the_curve(model, learned_for, reach):
    own = model.hazards_ahead(AGES, 12)
    weights = np.clip(learned_for - np.arange(12), 0.0, 1.0)
    chance = -np.expm1(np.log1p(-own) @ weights)
    assert extend_hazard(chance, AGES, model, reach, learned_for) == pytest.approx(own[:, :reach], rel=1e-7)
    learned = np.linspace(1e-4, 0.999, len(AGES))
    path = extend_hazard(learned, AGES, model, 12, learned_for)
    assert -np.expm1(np.log1p(-path) @ weights) == pytest.approx(learned, rel=1e-7)
    log_odds_ratio = (logit(path) - logit(own))[path[:, 0] < 1.0 - 1e-6]  # nearer to 1 digits are lost
    assert log_odds_ratio == pytest.approx(np.repeat(log_odds_ratio[:, :1], 12, axis=1), abs=1e-8)
    assert (np.diff(path, axis=1) < 0).all()


def test_what_is_handed_in_for_the_first_period_comes_back():
    model = ShiftedBetaGeometricModel().at(alpha=0.7, beta=5.0)
    learned = np.linspace(0.001, 0.9, len(AGES))
    assert extend_hazard(learned, AGES, model, 6)[:, 0] == pytest.approx(learned, rel=1e-12)


@pytest.mark.parametrize("first", [0.0, 12.0])
def test_quantiles_rise_with_the_level_and_their_mean_is_the_expectation(first):
    levels = (np.arange(500) + 0.5) / 500
    rows = np.array([
        margin_interval(HAZARD, terms(0.1, first), 720.0, (level, 1.0 - level)).low for level in levels
    ])  # fmt: skip
    assert (np.diff(rows, axis=0) >= 0).all()
    expected = expected_margin(HAZARD, terms(0.1, first), 720.0)
    step = 0.4 * PRICE / 500 * PERIODS  # each level stands for 1/500 of the customers
    assert (np.abs(rows.mean(axis=0) - expected) < step).all()
    both = margin_interval(HAZARD, terms(0.1, first), 720.0, (0.1, 0.9))
    assert (both.low == margin_interval(HAZARD, terms(0.1, first), 720.0, (0.1, 0.5)).low).all()
    assert (both.low <= both.high).all()


def test_a_customers_figures_are_the_same_alone_and_among_many():
    model = ShiftedBetaGeometricModel().at(alpha=0.7, beta=5.0)
    learned, ages = HAZARD[:, 0], AGES[:N]
    path = extend_hazard(learned, ages, model, 24, 2.5)
    among, ends = expected_margin(path, terms(), 720.0), margin_interval(path, terms(), 720.0)
    for row in range(N):
        own = slice(row, row + 1)
        alone, paid = extend_hazard(learned[own], ages[own], model, 24, 2.5), Terms(PRICE[own], 0.4, 0.1, MONTH)
        assert (alone == path[own]).all()
        assert expected_margin(alone, paid, 720.0) == among[own]
        assert margin_interval(alone, paid, 720.0).low == ends.low[own]
