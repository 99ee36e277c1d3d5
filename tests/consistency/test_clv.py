"""Theorems that any parameters must satisfy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnclv.clv import formulas
from churnclv.clv.beta_geometric import count_histories, log_likelihood
from churnclv.clv.model import ClvModel
from churnclv.clv.purchases import PURCHASE_MODELS
from churnclv.data.simulator import Market, simulate

PARAMETERS = st.fixed_dictionaries(
    {"r": st.floats(0.05, 5), "alpha": st.floats(0.5, 200), "a": st.floats(0.05, 5), "b": st.floats(0.05, 10)}
)


@st.composite
def histories(draw):
    x = draw(st.integers(0, 40))
    age = draw(st.integers(1, 800))
    return np.array([float(x)]), np.array([float(draw(st.integers(1, age)) if x else 0)]), np.array([float(age)])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(PARAMETERS, histories(), st.floats(1, 400), st.integers(0, 1))
def test_expectations_are_finite_never_negative_and_grow_with_time(parameters, history, days, shift):
    near = formulas.expected_purchases(days, *history, shift, **parameters)[0]
    far = formulas.expected_purchases(2 * days, *history, shift, **parameters)[0]
    assert np.isfinite(far)
    assert -1e-9 <= near <= far + 1e-9 * max(1.0, far)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(PARAMETERS, histories(), st.floats(1, 400), st.integers(0, 1))
def test_chance_of_no_purchase_is_a_probability_that_falls_with_time_and_bounds_the_expectation(
    parameters, history, days, shift
):
    near = formulas.p_no_purchase(days, *history, shift, **parameters)[0]
    far = formulas.p_no_purchase(2 * days, *history, shift, **parameters)[0]
    assert 0.0 <= far <= near <= 1.0
    # Markov: P(at least one purchase) <= E[purchases]
    assert 1.0 - near <= formulas.expected_purchases(days, *history, shift, **parameters)[0] * (1 + 1e-6) + 1e-9


@given(PARAMETERS, histories(), st.integers(0, 1))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_nothing_happens_in_no_time(parameters, history, shift):
    assert formulas.expected_purchases(0.0, *history, shift, **parameters)[0] == pytest.approx(0.0, abs=1e-9)
    assert formulas.p_no_purchase(0.0, *history, shift, **parameters)[0] == pytest.approx(1.0)


def test_one_time_buyers_are_surely_alive():
    alive = formulas.p_alive(np.zeros(2), np.zeros(2), np.array([10.0, 900.0]), 0, 0.3, 30.0, 0.8, 2.5)
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
        }
    )


HISTORY = history_of(Market(customers=120, days=365), 9)
COLUMNS = ("repeat_purchases", "last_purchase_age_days", "age_days")


def test_counting_equal_histories_gives_the_fit_of_repeating_them():
    history = history_of(Market(customers=300, days=365), 0)
    once = ClvModel().fit(history)
    twice = ClvModel().fit(pd.concat([history, history]))
    assert twice.purchases.parameters == pytest.approx(once.purchases.parameters, rel=1e-3)
    assert twice.spend.parameters == pytest.approx(once.spend.parameters, rel=1e-3)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(PARAMETERS, st.integers(0, 1))
def test_derivatives_are_those_of_the_likelihood(parameters, shift):
    history = HISTORY
    data = count_histories(*(history[c].to_numpy() for c in COLUMNS))
    point, step = np.log(list(parameters.values())), 1e-5
    _, gradient, hessian = log_likelihood(data, shift, point)
    for place, move in enumerate(step * np.eye(4)):
        up, down = log_likelihood(data, shift, point + move), log_likelihood(data, shift, point - move)
        assert (up[0] - down[0]) / (2 * step) == pytest.approx(gradient[place], rel=1e-4, abs=1e-6)
        assert (up[1] - down[1]) / (2 * step) == pytest.approx(hessian[place], rel=1e-4, abs=1e-5)


def test_counted_histories_are_the_sum_of_single_ones():
    point = np.log([0.4, 30.0, 0.9, 3.0])
    columns = [HISTORY[c].to_numpy() for c in COLUMNS]
    alone = [log_likelihood(count_histories(*(c[[row]] for c in columns)), 0, point)[0] for row in range(len(HISTORY))]
    together = log_likelihood(count_histories(*columns), 0, point)[0]
    assert together == pytest.approx(np.mean(alone), rel=1e-12)


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("a", [0.3, 0.9999999, 1.0, 2.5])
def test_the_closed_form_agrees_with_integration_over_the_dropout_chance(shift, a):
    x, t_x, age = (HISTORY[c].to_numpy() for c in COLUMNS)
    closed = formulas.expected_purchases(120.0, x, t_x, age, shift, 0.5, 30.0, a, 3.0)
    alive = formulas.p_alive(x, t_x, age, shift, 0.5, 30.0, a, 3.0)
    integrated = formulas._integrate_purchases(120.0, 0.5 + x, 30.0 + age, a, 3.0 + x + shift) * alive
    assert integrated == pytest.approx(closed, rel=2e-3)


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
