"""Theorems of purchase models whose covariates change over time."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

import churnclv
from churnclv.clv.covariate_calendar import ZERO
from churnclv.clv.covariate_paths import CovariatePaths, Stretches
from churnclv.clv.dynamic_likelihood import path_likelihood
from churnclv.clv.dynamic_models import DynamicBetaGeoModel, DynamicModifiedBetaGeoModel, DynamicParetoModel
from churnclv.clv.next_purchase import days_to_next_purchase
from churnclv.clv.purchase_models.beta_geometric import BetaGeoModel, ModifiedBetaGeoModel
from churnclv.clv.purchase_models.pareto_nbd import customer_derivatives
from churnclv.clv.rfm import Histories
from churnclv.testing.calendar_market import START, CalendarMarket, calendar_of, simulate_calendar_market

MARKET = CalendarMarket(customers=150, days=600)
CUTOFF = START + pd.Timedelta(days=500)
PROMOTED = (np.arange(MARKET.days) // 14 % 4 == 0).astype(float)
ESTIMATORS = (churnclv.ParetoNBD, churnclv.BetaGeo, churnclv.ModifiedBetaGeo)


@pytest.fixture(scope="module")
def market():
    """Events, summary, attributes and calendar of a market with promotions that raise the purchase rate."""
    events = churnclv.read_events(simulate_calendar_market(MARKET, np.exp(0.8 * PROMOTED), seed=2))
    rfm = churnclv.summarise_rfm(events, cutoff=CUTOFF)
    groups = np.random.default_rng(1).integers(0, 2, len(rfm)).astype(float)
    return events, rfm, pd.DataFrame({"group": groups}, index=rfm.index), calendar_of(MARKET, promotion=PROMOTED)


@pytest.fixture(scope="module", params=ESTIMATORS, ids=lambda kind: kind.__name__)
def fitted(request, market):
    events, rfm, _, calendar = market
    return request.param().fit(rfm, dynamic=churnclv.DynamicCovariates(events, calendar, CUTOFF))


def draw(n=40, pieces=6, columns=2, seed=0):
    """Return histories with random paths."""
    random = np.random.default_rng(seed)
    x = random.poisson(1.5, n).astype(float)
    x[:3] = 0.0

    def part(some):
        return Stretches(
            random.exponential(20.0, (n, pieces)) * some[:, None], random.normal(size=(n, pieces, columns))
        )

    before, silent, ahead = part(x > 0), part(random.random(n) < 0.9), part(np.ones(n))
    ahead.length[:, -1] = np.inf
    bought = random.normal(size=(n, columns)) * x[:, None]
    last = before.length.sum(axis=1)
    paths = CovariatePaths(before, silent, ahead, bought)
    return Histories(x, last, last + silent.length.sum(axis=1), np.zeros(n), None, paths)


PARAMETERS = np.array([0.8, 30.0, 0.7, 90.0])


@pytest.mark.parametrize(
    "parameters", [PARAMETERS, [0.8, 90.0, 1.3, 6.0], [5.0, 4.0, 40.0, 9e3], [0.05, 2e3, 0.3, 1.0]]
)
def test_the_integral_over_deaths_is_exact(parameters):
    """The likelihood of [1] by adaptive quadrature, stretch by stretch."""
    r, alpha, s, beta = parameters
    histories, gamma, delta = draw(8), np.array([0.5, -0.4]), np.array([0.3])
    value = path_likelihood(histories, np.array(parameters), (gamma, delta), ([0, 1], [1]))[0]
    for i in range(8):
        one, x = histories.paths.take([i]), histories.x[i]
        clocks = [
            [np.cumsum(np.r_[0.0, (np.exp(z @ c) * length)[0]]) for length, z in
             ((one.before.length, one.before.z[..., p]), (one.silent.length, one.silent.z[..., p]))]
            for p, c in (([0, 1], gamma), ([1], delta))
        ]  # fmt: skip
        a, b = (alpha + clocks[0][0][-1] + clocks[0][1], beta + clocks[1][0][-1] + clocks[1][1])
        bracket = (a[-1] ** -(r + x)) * b[-1] ** -s
        for k, length in enumerate(one.silent.length[0]):
            if length > 0:
                p, q = (np.exp(one.silent.z[0, k, place] @ c) for place, c in (([0, 1], gamma), ([1], delta)))
                bracket += quad(
                    density, 0, length, args=(a[k], b[k], p, q, r + x, s), epsabs=0.0, epsrel=1e-12, limit=200
                )[0]
        first = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + one.bought[0] @ gamma
        assert value[i] == pytest.approx(first + np.log(bracket), abs=1e-9)


def test_coefficients_of_zero_give_the_model_without_covariates():
    histories = draw()
    value, gradient, hessian = path_likelihood(histories, PARAMETERS, (np.zeros(2), np.zeros(1)), ([0, 1], [1]))
    plain = customer_derivatives(histories, np.repeat(np.log(PARAMETERS)[:, None], len(histories), axis=1))
    assert value == pytest.approx(plain.value, rel=1e-11)
    assert gradient[:4] == pytest.approx(plain.gradient.sum(axis=1), rel=1e-9, abs=1e-9)
    assert hessian[:4, :4] == pytest.approx(plain.hessian.sum(axis=2), rel=1e-8, abs=1e-8)


MODELS = (DynamicParetoModel, DynamicBetaGeoModel, DynamicModifiedBetaGeoModel)


def density(v, a, b, p, q, power, s):
    """Of a death v after the start of a stretch, with the history."""
    return s * q * (a + p * v) ** -power * (b + q * v) ** -(s + 1)


def random_model(kind, market):
    """Return a model at a random point, and the likelihood of the market's customers with its derivatives."""
    events, rfm, X, calendar = market
    dynamic = churnclv.DynamicCovariates(events, calendar, CUTOFF)
    names = {"purchase": ["group", "promotion"]}
    if kind is DynamicParetoModel:
        names = {"purchase": ["promotion"], "dropout": ["promotion"], "both": ["group"]}
    model = kind(covariates=names)
    model.design = dynamic.learn(model.attributes, X)
    k = len(model.coefficient_names)
    model._keep(np.r_[np.log([0.8, 40.0, 0.7, 5.0]), np.linspace(0.4, -0.3, k)])
    seen = churnclv.purchase_estimators.read_rfm(rfm)
    histories = replace(seen, paths=dynamic.encode(model.design, rfm, X))
    zeros = np.zeros(4 + k)
    return model, histories, model._joint_likelihood(histories, np.ones(len(rfm)), zeros, zeros)


@pytest.mark.parametrize("kind", MODELS)
def test_derivatives_are_those_of_the_likelihood(kind, market):
    model, histories, derivatives = random_model(kind, market)
    value, gradient, hessian = derivatives(model.point)
    assert value == pytest.approx(model.log_likelihoods(histories).mean(), rel=1e-12)
    for place in range(len(gradient)):
        step = np.zeros(len(gradient))
        step[place] = 1e-5
        up, down = derivatives(model.point + step), derivatives(model.point - step)
        assert gradient[place] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-8)
        assert hessian[place] == pytest.approx((up[1] - down[1]) / 2e-5, abs=1e-7)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_covariates_that_never_change_give_the_static_model(kind, market):
    events, rfm, X, calendar = market
    own = X.reset_index(names="customer_id").merge(calendar[["date"]].iloc[::50], how="cross")
    dynamic = churnclv.DynamicCovariates(events, own, CUTOFF)
    names = ["group"] if kind is churnclv.ParetoNBD else {"purchase": ["group"]}
    static, over_time = kind(covariates=names).fit(rfm, X), kind(covariates=names).fit(rfm, dynamic=dynamic)
    assert over_time.log_likelihood_ == pytest.approx(static.log_likelihood_, abs=1e-7)
    assert over_time.params_ == pytest.approx(static.params_, rel=1e-4, abs=1e-5)
    for what in ("expected_purchases", "expected_probability_no_purchase"):
        np.testing.assert_allclose(getattr(over_time, what)(90), getattr(static, what)(90), rtol=1e-4)
    np.testing.assert_allclose(over_time.p_alive(), static.p_alive(), rtol=1e-4)


def test_splitting_a_period_changes_nothing(market, fitted):
    events, rfm, _, calendar = market
    changes = calendar[(calendar["promotion"].diff() != 0) | (calendar.index == len(calendar) - 1)]
    dynamic = churnclv.DynamicCovariates(events, changes, CUTOFF, assumed=ZERO)
    again = type(fitted)().fit(rfm, dynamic=dynamic)
    assert again.log_likelihood_ == pytest.approx(fitted.log_likelihood_, abs=1e-9)
    assert again.coefficients()["coefficient"][0] == pytest.approx(fitted.coefficients()["coefficient"][0], abs=1e-7)


def test_splitting_a_stretch_changes_no_likelihood():
    whole = draw()
    silent = whole.paths.silent
    halves = Stretches(np.repeat(silent.length / 2.0, 2, axis=1), np.repeat(silent.z, 2, axis=1))
    split = replace(whole, paths=replace(whole.paths, silent=halves))
    first, second = (
        path_likelihood(one, PARAMETERS, (np.array([0.5]), np.array([-0.4])), ([0], [1])) for one in (whole, split)
    )
    for ours, theirs in zip(first, second, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-10, abs=1e-10)


def test_the_order_of_customers_and_dates_changes_nothing(market, fitted):
    events, rfm, _, calendar = market
    order = np.random.default_rng(1).permutation(len(rfm))
    dynamic = churnclv.DynamicCovariates(events, calendar.iloc[::-1], CUTOFF)
    again = type(fitted)().fit(rfm.iloc[order], dynamic=dynamic)
    assert again.params_ == pytest.approx(fitted.params_, rel=1e-6)
    pd.testing.assert_series_equal(
        again.expected_purchases(30).reindex(rfm.index), fitted.expected_purchases(30), rtol=1e-6
    )


def test_future_values_move_predictions_and_no_estimate(market, fitted):
    events, rfm, _, calendar = market
    after = calendar["date"] >= CUTOFF
    quiet, loud = (calendar.assign(promotion=calendar["promotion"].mask(after, value)) for value in (0.0, 1.0))
    models = [type(fitted)().fit(rfm, dynamic=churnclv.DynamicCovariates(events, one, CUTOFF)) for one in (quiet, loud)]
    assert models[0].params_ == models[1].params_ == fitted.params_
    less, more = (model.expected_purchases(30).sum() for model in models)
    assert less < fitted.expected_purchases(30).sum() < more


@pytest.fixture(scope="module")
def pareto(market):
    model, histories, _ = random_model(DynamicParetoModel, market)
    return model, histories.take(slice(0, 20))


def test_expected_purchases_are_the_sum_over_the_chances_of_at_least_n(pareto):
    model, histories = pareto
    chances = sum(model.exceedance(histories, 70.0, negligible=1e-13))
    assert chances == pytest.approx(model.expected_purchases(histories, 70.0), rel=1e-7)


def test_expected_purchases_are_additive_over_time(pareto):
    model, histories = pareto
    t = np.linspace(0.0, 400.0, 41)
    expected = np.array([model.expected_purchases(histories, end) for end in t])
    assert (np.diff(expected, axis=0) > 0).all()
    r = model.values[0]
    a, _, rate, _ = model._ahead_of(histories.paths)
    day = 12.5
    step = model.expected_purchases(histories, day + 0.01) - model.expected_purchases(histories, day)
    at = np.array([np.searchsorted(np.cumsum(row), day) for row in histories.paths.ahead.length])
    fast = rate[np.arange(20), at]
    assert step / 0.01 == pytest.approx((r + histories.x) / a * fast * model.p_alive_later(histories, day), rel=1e-3)


def test_silence_lowers_the_probability_of_being_alive(pareto):
    model, histories = pareto
    assert (model.p_alive(histories.later(np.full(20, 60.0))) < model.p_alive(histories)).all()
    left = model.p_alive(histories) * model._survival(histories, np.full(20, 60.0))
    assert model.p_alive_later(histories, 60.0) == pytest.approx(left)


def test_silence_after_the_cutoff_is_that_of_a_later_cutoff(pareto):
    """P(alive | silent until T + t) by Bayes: alive and silent over silent."""
    model, histories = pareto
    r, _, s, _ = model.values
    a, b, rate, leaving = model._ahead_of(histories.paths)
    part = histories.paths.ahead.until(np.full(20, 60.0))
    bought, left = (rate * part).sum(axis=1), (leaving * part).sum(axis=1)
    alive = model.p_alive(histories) * (a / (a + bought)) ** (r + histories.x) * (b / (b + left)) ** s
    silent = model.p_no_purchase(histories, 60.0)
    assert model.p_alive(histories.later(np.full(20, 60.0))) == pytest.approx(alive / silent, rel=1e-7)


def test_the_next_purchase_is_at_its_quantile(pareto):
    model, histories = pareto
    days = days_to_next_purchase(model, histories, 0.2)
    known = np.isfinite(days)
    assert known.any()
    some = histories.take(np.flatnonzero(known))
    assert model.p_at_least(some, days[known], 1) == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize("kind", [DynamicBetaGeoModel, DynamicModifiedBetaGeoModel])
def test_a_purchase_rate_that_changes_is_a_change_of_clock(kind, market):
    """Every prediction is that of the model without covariates in the clock's time."""
    model, histories, _ = random_model(kind, market)
    plain = {DynamicBetaGeoModel: BetaGeoModel, DynamicModifiedBetaGeoModel: ModifiedBetaGeoModel}[kind]()
    plain = plain.at(np.log(model.values))
    effects, paths = model.effects("purchase"), histories.paths
    last = (paths.before.rates(effects) * paths.before.length).sum(axis=1)
    end = last + (paths.silent.rates(effects) * paths.silent.length).sum(axis=1)
    ahead = (paths.ahead.rates(effects) * paths.ahead.until(np.full(len(histories), 45.0))).sum(axis=1)
    moved = Histories(histories.x, last, end, histories.log_gaps)
    assert model.expected_purchases(histories, 45.0) == pytest.approx(plain.expected_purchases(moved, ahead))
    assert model.p_no_purchase(histories, 45.0) == pytest.approx(plain.p_no_purchase(moved, ahead))
    assert model.p_alive(histories) == pytest.approx(plain.p_alive(moved))
    assert model.p_alive_later(histories, 45.0) == pytest.approx(plain.p_alive_later(moved, ahead))


def test_a_process_without_covariates_is_one_whose_coefficients_are_zero():
    histories, gamma = draw(), np.array([0.5, -0.4])
    without = path_likelihood(histories, PARAMETERS, (gamma, np.zeros(0)), ([0, 1], []))
    zero = path_likelihood(histories, PARAMETERS, (gamma, np.zeros(1)), ([0, 1], [1]))
    assert without[0] == pytest.approx(zero[0], rel=1e-12)
    assert without[1] == pytest.approx(zero[1][:6], rel=1e-10)
    assert without[2] == pytest.approx(zero[2][:6, :6], rel=1e-10)
