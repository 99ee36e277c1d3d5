"""One suite for every model of purchases and spend: whatever the data, no fit fails and no prediction is absurd."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnclv.clv.model import ClvModel
from churnclv.clv.purchases import PURCHASE_MODELS

DAYS = 90.0


def frame(rows: list[tuple[int, int, int, float]]) -> pd.DataFrame:
    columns = ["repeat_purchases", "last_purchase_age_days", "age_days", "mean_repeat_spend"]
    return pd.DataFrame(rows, columns=columns).astype(float)


@st.composite
def histories(draw) -> pd.DataFrame:
    """Draw small histories, among them those where nobody repeats, nobody leaves, or all are alike."""
    kind = draw(st.sampled_from(["any", "nobody repeats", "all alike", "never silent", "huge", "one customer"]))
    n = 1 if kind == "one customer" else draw(st.integers(2, 40))
    rows = []
    for _ in range(n):
        age = draw(st.integers(0, 3000))
        x = 0 if kind == "nobody repeats" else draw(st.integers(0, 300 if kind == "huge" else 12))
        x = min(x, age)
        last = age if kind == "never silent" else draw(st.integers(min(x, age), age))
        spend = draw(st.one_of(st.just(0.0), st.floats(0.01, 1e7))) if x else 0.0
        rows.append((x, last if x else 0, age, spend))
    return frame(rows[:1] * n if kind == "all alike" else rows)


def check(model: ClvModel, history: pd.DataFrame) -> None:
    purchases = model.expected_purchases(history, DAYS)
    spend = model.expected_spend(history, DAYS)
    value = model.discounted_value(history, 365.0, 0.3, 0.1)
    chance = model.p_no_purchase(history, DAYS)
    alive = model.purchases.p_alive(history)
    for found in (purchases, spend, value):
        assert np.isfinite(found).all()
        assert (found >= 0).all()
    for found in (chance, alive):
        assert ((found >= 0) & (found <= 1)).all()
    assert (model.expected_purchases(history, 2 * DAYS) >= purchases - 1e-9).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", PURCHASE_MODELS)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(history=histories())
def test_no_fit_fails_and_no_prediction_is_absurd(name, history):
    check(ClvModel(name).fit(history), history)


@pytest.mark.parametrize("name", PURCHASE_MODELS)
@pytest.mark.parametrize(
    "rows",
    [
        [(0, 0, 100, 0.0)] * 30,
        [(5, 100, 100, 20.0)] * 30,
        [(1, 1, 1, 1.0)],
        [(0, 0, 0, 0.0)],
        [(3, 50, 100, 9.99), (0, 0, 5, 0.0)],
        [(221, 724, 725, 30.0), (254, 680, 681, 20.0), (161, 663, 686, 10.0), (204, 690, 696, 5.0)],
    ],
    ids=["nobody repeats", "nobody leaves", "one customer", "no time", "two customers", "very heavy buyers"],
)
def test_degenerate_data_have_an_answer(name, rows):
    history = frame(rows)
    check(ClvModel(name).fit(history), history)


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_nobody_who_never_repeats_is_expected_to(name):
    history = frame([(0, 0, 300 + place, 0.0) for place in range(50)])
    model = ClvModel(name).fit(history)
    assert model.expected_purchases(history, DAYS).max() < 0.01
    assert model.purchases.certificate.at_bound


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_parameters_are_known_before_the_fit_and_a_clone_is_unfitted(name):
    model = ClvModel(name, purchase_penalty=0.5)
    assert model.get_params() == {"name": name, "purchase_penalty": 0.5, "spend_penalty": 0.0, "cohort_days": 0}
    clone = model.fit(frame([(2, 20, 50, 5.0), (0, 0, 30, 0.0)])).clone()
    assert clone.get_params() == model.get_params()
    assert clone.purchases.parameters == {}


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_a_penalty_draws_towards_plain_values(name):
    history = frame(
        [(place % 7, 60 + place, 200, 10.0 + place) if place % 7 else (0, 0, 200, 0.0) for place in range(60)]
    )
    free, held = (ClvModel(name, purchase_penalty=penalty).fit(history) for penalty in (0.0, 10.0))
    plain = free.purchases._plain(200.0)
    away = [np.abs(np.log(list(model.purchases.parameters.values())) - plain).sum() for model in (free, held)]
    assert away[1] < 0.2 * away[0]
