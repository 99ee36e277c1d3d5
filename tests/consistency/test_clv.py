"""Theorems that any parameters must satisfy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln

from churnclv.clv import closed_forms
from churnclv.clv.clv_model import ClvModel
from churnclv.clv.purchase_model import PurchaseModel
from churnclv.clv.purchase_models import PURCHASE_MODELS, beta_geometric, nbd
from churnclv.clv.purchase_models import condensed_nbd as condensed
from churnclv.clv.purchase_models import pareto_nbd as pareto
from churnclv.clv.purchase_models.beta_geometric import BetaGeoModel, ModifiedBetaGeoModel, count_histories
from churnclv.clv.purchase_models.beta_geometric_beta_bernoulli import BetaBernoulliModel
from churnclv.clv.purchase_models.condensed_nbd import CondensedModel
from churnclv.clv.purchase_models.gompertz_nbd import GompertzModel
from churnclv.clv.purchase_models.nbd import NbdModel
from churnclv.clv.purchase_models.pareto_nbd import ParetoModel
from churnclv.clv.rfm import Histories, read_histories
from churnclv.clv.season import Season
from churnclv.testing.market import Market, simulate
from churnclv.time_units import DAYS_PER_YEAR
from examples import examples

PARAMETERS = st.fixed_dictionaries(
    {"r": st.floats(0.05, 5), "alpha": st.floats(0.5, 200), "a": st.floats(0.05, 5), "b": st.floats(0.05, 10)}
)
BY_SHIFT = (BetaGeoModel, ModifiedBetaGeoModel)


@st.composite
def histories(draw):
    x = draw(st.integers(0, 40))
    age = draw(st.integers(1, 800))
    last = float(draw(st.integers(1, age)) if x else 0)
    return Histories(np.array([float(x)]), np.array([last]), np.array([float(age)]), np.zeros(1))


def of(model, parameters) -> PurchaseModel:
    """Return a model at these parameters."""
    return model.at(np.log([parameters[name] for name in model.parameter_names]))


@examples(200)
@given(PARAMETERS, histories(), st.floats(1, 400), st.integers(0, 1))
def test_expectations_are_finite_never_negative_and_grow_with_time(parameters, history, days, shift):
    model = of(BY_SHIFT[shift](), parameters)
    near, far = (model.expected_purchases(history, ahead)[0] for ahead in (days, 2 * days))
    assert np.isfinite(far)
    assert -1e-9 <= near <= far + 1e-9 * max(1.0, far)


@examples(200)
@given(PARAMETERS, histories(), st.floats(1, 400), st.integers(0, 1))
def test_chance_of_no_purchase_is_a_probability_that_falls_with_time_and_bounds_the_expectation(
    parameters, history, days, shift
):
    model = of(BY_SHIFT[shift](), parameters)
    near, far = (model.p_no_purchase(history, ahead)[0] for ahead in (days, 2 * days))
    assert 0.0 <= far <= near <= 1.0
    # Markov: P(at least one purchase) <= E[purchases]
    assert 1.0 - near <= model.expected_purchases(history, days)[0] * (1 + 1e-6) + 1e-9


@given(PARAMETERS, histories(), st.integers(0, 1))
@examples(50)
def test_nothing_happens_in_no_time(parameters, history, shift):
    model = of(BY_SHIFT[shift](), parameters)
    assert model.expected_purchases(history, 0.0)[0] == pytest.approx(0.0, abs=1e-9)
    assert model.p_no_purchase(history, 0.0)[0] == pytest.approx(1.0)
    assert model.p_alive_later(history, 0.0)[0] == pytest.approx(model.p_alive(history)[0])


def test_one_time_buyers_are_surely_alive():
    alive = closed_forms.p_alive(np.zeros(2), np.zeros(2), np.array([10.0, 900.0]), 0, 0.3, 30.0, 0.8, 2.5)
    assert alive.tolist() == [1.0, 1.0]


def history_of(market: Market, seed: int) -> pd.DataFrame:
    log = simulate(market, seed).log
    days = (log["timestamp"].astype("int64") // 86_400_000_000).rename("day")
    table = log.assign(day=days.to_numpy()).groupby(["customer_id", "day"])["amount"].sum().reset_index()
    grouped = table.groupby("customer_id")
    first, last = grouped["day"].min(), grouped["day"].max()
    x = grouped.size() - 1
    later = table[table["day"] > table["customer_id"].map(first)]
    spend = later.groupby("customer_id")["amount"].mean().reindex(x.index).fillna(0.0)
    return pd.DataFrame(
        {
            "repeat_purchases": x.astype(float),
            "last_purchase_age_days": (last - first).astype(float),
            "age_days": (table["day"].max() - first).astype(float),
            "mean_repeat_spend": spend,
            "log_gap_days_sum": np.log(grouped["day"].diff()).groupby(table["customer_id"]).sum(),
            "cutoff": pd.Timestamp(table["day"].max() + 1, unit="D"),
        }
    )


HISTORY = history_of(Market(customers=120, days=365), 9)
SEEN = read_histories(HISTORY)


def test_counting_equal_histories_gives_the_fit_of_repeating_them():
    history = history_of(Market(customers=300, days=365), 0)
    once = ClvModel().fit(history)
    twice = ClvModel().fit(pd.concat([history, history]))
    assert twice.purchases.parameters == pytest.approx(once.purchases.parameters, rel=1e-3)
    assert twice.spend.parameters == pytest.approx(once.spend.parameters, rel=1e-3)


def assert_derivatives_match(likelihood, point: np.ndarray) -> None:
    """Compare gradient and Hessian with central differences of value and gradient."""
    step = 1e-5
    _, gradient, hessian = likelihood(point)
    for place, move in enumerate(step * np.eye(len(point))):
        up, down = likelihood(point + move), likelihood(point - move)
        assert (up[0] - down[0]) / (2 * step) == pytest.approx(gradient[place], rel=1e-4, abs=1e-6)
        assert (up[1] - down[1]) / (2 * step) == pytest.approx(hessian[place], rel=1e-4, abs=1e-5)


COUNTED = count_histories(SEEN.x, SEEN.t_x, SEEN.T)
ROWS = (SEEN.x, SEEN.t_x, SEEN.T, np.ones(len(SEEN)))


@examples(60)
@given(PARAMETERS, st.integers(0, 1))
def test_derivatives_are_those_of_the_likelihood(parameters, shift):
    point = np.log(list(parameters.values()))
    assert_derivatives_match(lambda at: beta_geometric.log_likelihood(COUNTED, shift, at), point)


@examples(120)
@given(PARAMETERS, st.integers(0, 1), st.integers(1, 3))
def test_derivatives_are_those_of_the_condensed_likelihood(parameters, shift, k):
    point, gaps = np.log(list(parameters.values())), float(SEEN.log_gaps.sum())
    assert_derivatives_match(lambda at: condensed.log_likelihood(COUNTED, gaps, shift, k, at), point)


@examples(60)
@given(PARAMETERS)
def test_derivatives_are_those_of_the_nbd_likelihood(parameters):
    point = np.log([parameters["r"], parameters["alpha"]])
    assert_derivatives_match(lambda at: nbd.log_likelihood(SEEN, at), point)


@examples(60)
@given(PARAMETERS, st.floats(0.05, 2), st.floats(20, 200))
def test_derivatives_are_those_of_the_pareto_likelihood(parameters, s, beta):
    point = np.log([parameters["r"], parameters["alpha"], s, beta])
    assert_derivatives_match(lambda at: pareto.log_likelihood(*ROWS, at), point)


def pareto_integral(x: float, t_x: float, T: float, r: float, alpha: float, s: float, beta: float) -> float:
    """Return the log-likelihood of one customer by adaptive integration over the moment of death."""

    def dies(log_age: float) -> float:
        u = np.exp(log_age) - beta
        return np.exp(-(r + x) * np.log(alpha + u) - s * log_age)

    died = s * quad(dies, np.log(beta + t_x), np.log(beta + T), epsabs=0.0, epsrel=1e-11, limit=500)[0]
    alive = (alpha + T) ** -(r + x) * (beta + T) ** -s
    return gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + np.log(alive + died)


@pytest.mark.parametrize(
    "parameters",
    [
        (0.55, 74.0, 0.6, 82.0),
        (0.5, 30.0, 2.0, 20.0),
        (0.5, 74.0, 0.6, 5.0),
        (0.5, 74.0, 0.6, 0.01),
    ],
    ids=str,
)
def test_the_pareto_likelihood_is_the_integral_over_the_moment_of_death(parameters):
    for row in [(0.0, 0.0, 365.0), (3.0, 100.0, 365.0), (0.0, 0.0, 1500.0), (12.0, 340.0, 365.0)]:
        history = [np.array([value]) for value in row]
        ours = pareto.log_likelihood(*history, np.ones(1), np.log(parameters))[0]
        assert ours == pytest.approx(pareto_integral(*row, *parameters), rel=1e-6)


def test_counted_histories_are_the_sum_of_single_ones():
    point = np.log([0.4, 30.0, 0.9, 3.0])
    single = (SEEN.take([row]) for row in range(len(SEEN)))
    alone = [beta_geometric.log_likelihood(count_histories(s.x, s.t_x, s.T), 0, point)[0] for s in single]
    together = beta_geometric.log_likelihood(COUNTED, 0, point)[0]
    assert together == pytest.approx(np.mean(alone), rel=1e-12)


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("a", [0.3, 0.9999999, 1.0, 2.5])
def test_the_closed_form_agrees_with_integration_over_the_dropout_chance(shift, a):
    x, t_x, age, days = SEEN.x, SEEN.t_x, SEEN.T, np.full(len(SEEN), 120.0)
    closed = closed_forms.expected_purchases(days, x, t_x, age, shift, 0.5, 30.0, a, 3.0)
    alive = closed_forms.p_alive(x, t_x, age, shift, 0.5, 30.0, a, 3.0)
    integrated = closed_forms.integrate_purchases(days, 0.5 + x, 30.0 + age, a, 3.0 + x + shift) * alive
    assert integrated == pytest.approx(closed, rel=2e-3)


def test_one_stage_is_mbg_nbd_in_fit_and_in_every_prediction():
    seen = read_histories(history_of(Market(customers=300, days=365), 5))
    plain, one = ModifiedBetaGeoModel().fit(seen), CondensedModel(stages=1).fit(seen)
    assert one.certificate.log_likelihood == pytest.approx(plain.certificate.log_likelihood, rel=1e-12)
    assert one.parameters == pytest.approx(plain.parameters, rel=1e-5)
    assert one.covariance == pytest.approx(plain.covariance, rel=1e-4, abs=1e-9)
    same = CondensedModel(stages=1).at(np.log(plain.values))
    assert same.p_alive(seen) == pytest.approx(plain.p_alive(seen), rel=1e-12)
    for days in (1.0, 90.0, 1000.0):
        assert same.p_alive_later(seen, days) == pytest.approx(plain.p_alive_later(seen, days), rel=1e-3, abs=1e-5)
        expected = plain.expected_purchases(seen, days)  # ours leaves chances below 1e-10 out
        assert same.expected_purchases(seen, days) == pytest.approx(expected, rel=1e-6, abs=1e-9)
        assert same.p_no_purchase(seen, days) == pytest.approx(plain.p_no_purchase(seen, days), rel=1e-12)
        assert same.p_at_least(seen, days, 4) == pytest.approx(plain.p_at_least(seen, days, 4), rel=1e-12)
        assert same.new_customer_purchases(days) == pytest.approx(plain.new_customer_purchases(days), rel=1e-6)


CLOSED = [  # deaths in a long time under a Gompertz law are more than 12 points can tell apart: 0.2% in two years
    (BetaGeoModel(), [0.6, 25.0, 0.7, 3.0]),
    (ModifiedBetaGeoModel(), [0.6, 25.0, 0.7, 3.0]),
    (NbdModel(), [0.6, 25.0]),
    (ParetoModel(), [0.6, 25.0, 0.6, 60.0]),
    (GompertzModel(), [0.6, 25.0, 0.01, 0.8, 0.7]),
]


@pytest.mark.parametrize("days", [7.0, 90.0, 720.0])
@pytest.mark.parametrize(("model", "parameters"), CLOSED, ids=[model.name for model, _ in CLOSED])
def test_the_chances_of_at_least_n_purchases_add_up_to_the_closed_form_of_the_expectation(model, parameters, days):
    found = model.at(np.log(parameters))
    added, long = PurchaseModel.expected_purchases(found, SEEN, days), days > 365 and model.name == "ggomnbd"
    assert added == pytest.approx(found.expected_purchases(SEEN, days), rel=2e-3 if long else 1e-5, abs=1e-8)


@pytest.mark.parametrize("opportunities", [1, 4, 12, 52])
def test_the_chances_add_up_to_the_expectation_at_whole_opportunities(opportunities):
    model = BetaBernoulliModel(opportunity_days=7).at(np.log([0.8, 2.0, 0.6, 9.0]))
    added = PurchaseModel.expected_purchases(model, SEEN, 7.0 * opportunities)
    assert added == pytest.approx(model.expected_purchases(SEEN, 7.0 * opportunities), rel=0.01)


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_a_saved_model_predicts_the_same(tmp_path, name):
    history = history_of(Market(customers=300, days=365), 1)
    model = ClvModel(name=name, purchase_penalty=0.001, spend_penalty=0.01, cohort_days=200).fit(history)
    model.save(tmp_path)
    loaded = ClvModel.load(tmp_path)
    assert loaded.get_params() == model.get_params()
    for what in ("expected_purchases", "expected_spend", "p_no_purchase"):
        assert (getattr(loaded, what)(history, 90.0) == getattr(model, what)(history, 90.0)).all()


def test_clv_adds_up_over_time_without_discount():
    history = history_of(Market(customers=200, days=365), 2)
    model = ClvModel().fit(history)
    year = model.discounted_value(history, 360.0, 1.0, 0.0)
    assert year == pytest.approx(model.expected_spend(history, 360.0), rel=1e-9)
    assert (model.discounted_value(history, 360.0, 1.0, 0.2) <= year + 1e-12).all()


SEASON = Season((0.2, -0.1, 0.05, 0.0, 0.3, 0.1, 0.0, -0.05))


@pytest.fixture(scope="module", params=[Season(), SEASON], ids=["no season", "season"])
def fitted(request):
    """A fitted model, with and without a season."""
    model = ClvModel(name="mbgcnbd").fit(HISTORY)
    model.season = request.param
    return model


def test_time_adds_up(fitted):
    for what in (fitted.expected_spend, fitted.expected_purchases):
        parts = what(HISTORY, 90.0) + what(HISTORY, 200.0, start_days=90.0)
        assert parts == pytest.approx(what(HISTORY, 200.0), rel=1e-9)


def test_an_infinite_horizon_needs_a_discount(fitted):
    with pytest.raises(ValueError, match="an infinite horizon needs an annual_rate above 0"):
        fitted.discounted_value(HISTORY, None, 1.0, 0.0)
    endless = fitted.discounted_value(HISTORY, None, 1.0, 0.1)
    assert np.isfinite(endless).all()
    assert (endless >= fitted.discounted_value(HISTORY, 3650.0, 1.0, 0.1)).all()
    # every amount ahead is discounted, so that no value exceeds spend without a discount
    assert (endless <= fitted.expected_spend(HISTORY, 36_500.0)).all()


def test_the_season_moves_the_chance_of_no_purchase_and_no_season_does_not(fitted):
    shift = fitted.season_shift(HISTORY, 90.0)
    plain = fitted.btyd_columns(HISTORY, 90.0)["btyd_p_no_purchase"].to_numpy()
    inside = (plain > 1e-5) & (plain < 1.0 - 1e-5)
    margins = np.log(plain[inside] / (1.0 - plain[inside])) + shift[inside]
    assert 1.0 / (1.0 + np.exp(-margins)) == pytest.approx(fitted.p_no_purchase(HISTORY, 90.0)[inside], rel=1e-6)
    assert bool((np.abs(shift[inside]) > 1e-4).any()) is bool(fitted.season.coefficients)
    assert fitted.columns(HISTORY, 90.0)["btyd_season_shift"].to_numpy() == pytest.approx(shift)


DAYS = np.array([-400.0, 0.0, 100.25, 14_610.5, 20_000.0])


def test_a_whole_year_is_a_year_in_any_season():
    assert SEASON.clock(DAYS + DAYS_PER_YEAR) - SEASON.clock(DAYS) == pytest.approx(np.full(len(DAYS), DAYS_PER_YEAR))
    assert SEASON.length(DAYS, 3 * DAYS_PER_YEAR) == pytest.approx(np.full(len(DAYS), 3 * DAYS_PER_YEAR))


@examples(100)
@given(st.lists(st.floats(-1, 1), min_size=8, max_size=8), st.floats(0, 900), st.floats(0, 900))
def test_the_length_of_a_season_is_additive_and_grows(coefficients, first, second):
    season = Season(tuple(coefficients))
    one, two = season.length(DAYS, first), season.length(DAYS + first, second)
    assert (one >= 0).all()
    assert season.length(DAYS, first + second) == pytest.approx(one + two, rel=1e-9, abs=1e-8)


def test_no_coefficients_are_no_season():
    assert Season().length(DAYS, 90.0).tolist() == [90.0] * len(DAYS)
    assert Season((0.0,) * 8).clock(DAYS) == pytest.approx(DAYS)
    assert Season((0.0,) * 8).length(DAYS, 90.0) == pytest.approx(np.full(len(DAYS), 90.0))


def bounds(model: ClvModel, rows: pd.DataFrame) -> np.ndarray:
    """Return all the interval ends of some rows, (n, 6)."""
    found = [*model.intervals(rows, 90.0).values(), model.value_interval(rows, 365.0, 0.3, 0.1)]
    return np.column_stack([end for interval in found for end in (interval.low, interval.high)])


def test_a_model_that_keeps_what_it_expects_says_the_same_of_any_rows_and_computes_it_once(fitted, monkeypatch):
    some, asked, whole = HISTORY.iloc[::2].reset_index(drop=True), [], ClvModel._expect
    wanted = [bounds(fitted, rows) for rows in (HISTORY, some, HISTORY)]
    monkeypatch.setattr(ClvModel, "_expect", lambda self, *what: asked.append(what[1]) or whole(self, *what))
    keeping = fitted.keeping()
    for rows, bound in zip((HISTORY, some, HISTORY), wanted, strict=True):
        np.testing.assert_array_equal(bounds(keeping, rows), bound)
        np.testing.assert_array_equal(keeping.expected_spend(rows, 90.0), fitted.expected_spend(rows, 90.0))
    assert asked == ["spend", "spend"] * 3  # of the one that keeps, then of the plain one


@pytest.fixture(scope="module", params=["bgnbd", "mbgcnbd", "pareto_nbd", "ggomnbd", "bgbb", "nbd"])
def any_model(request):
    """A fitted model of each kind, with what it says of the intervals of everyone."""
    model = ClvModel(name=request.param).fit(HISTORY)
    return model, bounds(model, HISTORY)


def test_permuting_rows_permutes_intervals_and_nothing_else(any_model):
    model, expected = any_model
    order = np.random.default_rng(1).permutation(len(HISTORY))
    assert (bounds(model, HISTORY.iloc[order]) == expected[order]).all()


def test_the_interval_of_a_row_is_the_same_alone_and_among_many(any_model):
    model, expected = any_model
    for row in range(0, len(HISTORY), 7):
        assert bounds(model, HISTORY.iloc[[row]]).tobytes() == expected[[row]].tobytes()
