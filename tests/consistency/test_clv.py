"""Theorems that any parameters must satisfy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnclv.clv import formulas
from churnclv.clv.model import ClvModel
from churnclv.clv.purchases import collapse
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
@given(PARAMETERS, histories(), st.floats(1, 400))
def test_expectations_are_finite_never_negative_and_grow_with_time(parameters, history, days):
    near = formulas.bgnbd_expected_purchases(days, *history, **parameters)[0]
    far = formulas.bgnbd_expected_purchases(2 * days, *history, **parameters)[0]
    assert np.isfinite(far)
    assert -1e-9 <= near <= far + 1e-9 * max(1.0, far)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(PARAMETERS, histories(), st.floats(1, 400))
def test_chance_of_no_purchase_is_a_probability_that_falls_with_time_and_bounds_the_expectation(
    parameters, history, days
):
    near = formulas.bgnbd_p_no_purchase(days, *history, **parameters)[0]
    far = formulas.bgnbd_p_no_purchase(2 * days, *history, **parameters)[0]
    assert 0.0 <= far <= near <= 1.0
    # Markov: P(at least one purchase) <= E[purchases]
    assert 1.0 - near <= formulas.bgnbd_expected_purchases(days, *history, **parameters)[0] * (1 + 1e-6) + 1e-9


@given(PARAMETERS, histories())
@settings(max_examples=50, deadline=None, derandomize=True)
def test_nothing_happens_in_no_time(parameters, history):
    assert formulas.bgnbd_expected_purchases(0.0, *history, **parameters)[0] == pytest.approx(0.0, abs=1e-9)
    assert formulas.bgnbd_p_no_purchase(0.0, *history, **parameters)[0] == pytest.approx(1.0)


def test_one_time_buyers_are_surely_alive():
    alive = formulas.bgnbd_p_alive(np.zeros(2), np.zeros(2), np.array([10.0, 900.0]), 0.3, 30.0, 0.8, 2.5)
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


def test_counting_equal_histories_gives_the_fit_of_repeating_them():
    history = history_of(Market(customers=300, days=365), 0)
    once = ClvModel().fit(history)
    twice = ClvModel().fit(pd.concat([history, history]))
    assert twice.purchases.parameters == pytest.approx(once.purchases.parameters, rel=1e-3)
    assert twice.spend.parameters == pytest.approx(once.spend.parameters, rel=1e-3)


def test_collapsed_rows_count_back_to_all_rows():
    rows, counts = collapse([np.array([1.0, 2.0, 1.0]), np.array([5.0, 5.0, 5.0])])
    assert [row.tolist() for row in rows] == [[1.0, 2.0], [5.0, 5.0]]
    assert counts.tolist() == [2.0, 1.0]


def test_a_saved_model_predicts_the_same(tmp_path):
    history = history_of(Market(customers=300, days=365), 1)
    model = ClvModel(purchase_penalty=0.001, spend_penalty=0.01, cohort_days=200).fit(history)
    model.save(tmp_path)
    loaded = ClvModel.load(tmp_path)
    assert loaded.get_params() == model.get_params()
    for name in ("expected_purchases", "expected_spend", "p_no_purchase"):
        assert (getattr(loaded, name)(history, 90.0) == getattr(model, name)(history, 90.0)).all()


def test_clv_adds_up_over_time_without_discount():
    history = history_of(Market(customers=200, days=365), 2)
    model = ClvModel().fit(history)
    year = model.discounted_value(history, 360.0, 1.0, 0.0)
    assert year == pytest.approx(model.expected_spend(history, 360.0), rel=1e-9)
    assert (model.discounted_value(history, 360.0, 1.0, 0.2) <= year + 1e-12).all()
