"""What contracts are worth: closed forms under a constant hazard, theorems, and no label before it is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnclv.clv.clv_model import ClvModel
from churnclv.clv.contract_value import (
    AGE,
    CHANCE,
    PRICE,
    ContractValueModel,
    ValueTerms,
    columns_at_each_cutoff,
)
from churnclv.clv.rfm import AGE as SINCE_FIRST
from churnclv.clv.rfm import LOG_GAPS, MEAN_SPEND, T_X, X
from churnclv.clv.value_if_staying import value_if_staying
from churnclv.features.dataset import Dataset
from churnclv.snapshots.settings import WindowSettings
from churnclv.time_units import DAYS_PER_MONTH
from examples import examples

DAYS, HAZARD, MARGIN, RATE = 30.0, 0.2, 0.3, 0.1
WORTH = ValueTerms(365.0, MARGIN, RATE)


def contracts(ages: list[float], prices: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame({AGE: ages, PRICE: prices}, dtype=float)


@pytest.fixture(scope="module")
def constant() -> ContractValueModel:
    """A model of contracts of which one in five ends in each period, whatever its age: 10 rows at each of 4 ages."""
    ages = np.repeat([5.0, 35.0, 65.0, 95.0], 10)
    ended = np.tile([1.0, 1.0, *[0.0] * 8], 4)
    return ContractValueModel(DAYS).fit(contracts(list(ages), [10.0] * 40), ended)


@pytest.fixture(scope="module")
def falling() -> ContractValueModel:
    """A model whose hazard falls with age: .4, .2, .1 and .05 of 100 rows each."""
    ages = np.repeat([10.0, 40.0, 70.0, 100.0], 100)
    ended = np.concatenate([np.arange(100) < share for share in (40, 20, 10, 5)]).astype(float)
    return ContractValueModel(DAYS).fit(contracts(list(ages), [10.0] * 400), ended)


def geometric(price: float, hazard: float, worth: ValueTerms = WORTH, days: float = DAYS) -> float:
    """Return the discounted margin of payments in the middle of each period, by the sum of a geometric series.

    Payment k falls on day (k + 1/2) days, is made with chance (1 - h)^(k + 1/2), and counts while that day lies within
    the horizon. With q = (1 - h)(1 + rate)^(-days / 365.25) the sum is sqrt(q) (1 - q^K) / (1 - q).
    """
    q = (1.0 - hazard) * (1.0 + worth.annual_rate) ** (-days / 365.25)
    payments = int(np.ceil(worth.horizon_days / days - 0.5))
    return worth.margin * price * days / DAYS_PER_MONTH * np.sqrt(q) * (1.0 - q**payments) / (1.0 - q)


# --- by hand ---


def test_one_in_five_ends_whatever_the_age(constant):
    assert constant.survival.parameters == pytest.approx({"hazard": HAZARD})
    assert constant.p_ends(contracts([1.0, 29.0, 1000.0], [1.0, 1.0, 1.0])) == pytest.approx([HAZARD] * 3)


@pytest.mark.parametrize(
    "worth", [WORTH, ValueTerms(90.0, 1.0, 0.0), ValueTerms(700.0, 0.5, 0.5), ValueTerms(14.0, 1.0, 0.1)]
)
def test_the_value_under_a_constant_hazard_is_a_geometric_series(constant, worth):
    rows = contracts([3.0, 40.0, 400.0], [10.0, 25.0, 40.0])
    assert geometric(10.0, HAZARD, ValueTerms(14.0, 1.0, 0.1)) == 0.0  # the first payment falls on day 15
    for score in (HAZARD, 0.01, 0.6):  # a score moves the odds of every period ahead by one factor: constant again
        expected = [geometric(price, score, worth) for price in (10.0, 25.0, 40.0)]
        assert constant.value(rows, np.full(3, score), worth) == pytest.approx(expected, rel=1e-9)


def test_three_payments_by_hand(constant):
    # 12.1667 a month is 12 in 30 days; no discount; the margin is one half: payments of 6 on days 15, 45 and 75, made
    # with chances .8^.5, .8^1.5, .8^2.5 = .894427, .715542, .572433
    rows = contracts([10.0], [12.0 * DAYS_PER_MONTH / 30.0])
    worth = ValueTerms(90.0, 0.5, 0.0)
    assert constant.value(rows, np.array([0.2]), worth)[0] == pytest.approx(6.0 * 2.182402, rel=1e-6)
    # who stays through the first period: chances 1, .8^.5, .8^1.5
    assert constant.value_if_staying(rows, worth)[0] == pytest.approx(6.0 * 2.609969, rel=1e-6)


def test_value_is_proportional_to_price_and_margin_and_falls_with_the_discount(falling):
    rows, scores = contracts([10.0, 70.0], [10.0, 10.0]), np.array([0.3, 0.1])
    value = falling.value(rows, scores, WORTH)
    assert falling.value(rows.assign(**{PRICE: 30.0}), scores, WORTH) == pytest.approx(3.0 * value)
    assert falling.value(rows, scores, ValueTerms(365.0, 2.0 * MARGIN, RATE)) == pytest.approx(2.0 * value)
    assert (falling.value(rows, scores, ValueTerms(365.0, MARGIN, 0.5)) < value).all()
    assert (falling.value(rows, scores, ValueTerms(730.0, MARGIN, RATE)) > value).all()
    assert (falling.value(rows.assign(**{PRICE: 0.0}), scores, WORTH) == 0.0).all()


def test_whole_periods_of_age_count_in_the_fit_as_in_the_answer(falling):
    # within a period everybody shares its hazard, so what is said of the rows it was fitted on adds up to what happened
    ages = np.repeat([10.0, 40.0, 70.0, 100.0], 100)
    said = falling.p_ends(contracts(list(ages), [10.0] * 400))
    assert said.sum() == pytest.approx(75.0, rel=0.02)
    assert falling.p_ends(contracts([0.0, 1.0, 29.9], [1.0] * 3)) == pytest.approx([said[0]] * 3)
    assert falling.p_ends(contracts([30.0], [1.0]))[0] < said[0]


def test_older_contracts_end_less_often_and_are_worth_more(falling):
    rows = contracts([10.0, 40.0, 70.0, 100.0], [10.0] * 4)
    chance = falling.p_ends(rows)
    assert (np.diff(chance) < 0.0).all()
    assert (np.diff(falling.value(rows, chance, WORTH)) > 0.0).all()
    assert (np.diff(falling.value_if_staying(rows, WORTH)) > 0.0).all()


# --- theorems ---


@examples(60)
@given(
    age=st.floats(0.0, 4000.0),
    price=st.floats(0.01, 1000.0),
    more=st.floats(0.0, 1.0),
    worth=st.builds(ValueTerms, st.floats(31.0, 1500.0), st.floats(0.05, 1.0), st.floats(0.0, 1.0)),
)
def test_who_stays_is_worth_more_than_who_may_leave(constant, falling, age, price, more, worth):
    # of customers who leave no less often than others of their age: who stays is then like others
    rows = contracts([age], [price])
    for model in (constant, falling):
        chance = model.p_ends(rows)
        scores = chance + more * (1.0 - chance)
        value, staying = model.value(rows, scores, worth), model.value_if_staying(rows, worth)
        assert (staying > value).all()
        assert (value >= 0.0).all()


@examples(60)
@given(age=st.floats(0.0, 4000.0), low=st.floats(0.0, 1.0), high=st.floats(0.0, 1.0))
def test_a_higher_score_is_worth_less(falling, age, low, high):
    low, high = sorted((low, high))
    rows = contracts([age, age], [10.0, 10.0])
    less, more = falling.value(rows, np.array([high, low]), WORTH)
    assert less <= more + 1e-9
    interval = falling.value_interval(rows, np.array([high, low]), WORTH)
    assert (interval.low <= interval.high).all()
    assert interval.high[0] <= interval.high[1] + 1e-9
    assert interval.low[0] <= interval.low[1] + 1e-9


def test_who_surely_leaves_is_worth_nothing_and_who_surely_stays_all_payments(falling):
    rows, worth = contracts([40.0, 40.0], [10.0, 10.0]), ValueTerms(90.0, 1.0, 0.0)
    value = falling.value(rows, np.array([1.0, 0.0]), worth)
    full = 3 * 10.0 * DAYS / DAYS_PER_MONTH
    assert value == pytest.approx([0.0, full], abs=1e-4)
    bounds = falling.value_interval(rows, np.array([1.0, 0.0]), worth)
    assert bounds.low == pytest.approx([0.0, full], abs=1e-9)
    assert bounds.high == pytest.approx([0.0, full], abs=1e-9)


def test_an_interval_holds_the_payments_of_nine_in_ten_contracts(constant):
    # of contracts that end with one half in each period, payments on days 15, 45, 75, 105: made by .707, .354, .177,
    # .088 of them. No payment at all has chance .293 > .05, so low = 0; more than three payments have .088 > .05,
    # more than four .044 < .05: high = 4 payments
    rows = contracts([10.0], [DAYS_PER_MONTH / DAYS])
    bounds = constant.value_interval(rows, np.array([0.5]), ValueTerms(365.0, 1.0, 0.0))
    assert (bounds.low[0], bounds.high[0]) == pytest.approx((0.0, 4.0))


# --- what is not known ---


def test_a_missing_price_or_age_or_score_gives_no_value(falling):
    rows = contracts([10.0, np.nan, 10.0, 10.0], [10.0, 10.0, np.nan, 10.0])
    scores = np.array([0.2, 0.2, 0.2, np.nan])
    known = [True, False, False, False]
    assert np.isfinite(falling.value(rows, scores, WORTH)).tolist() == known
    bounds = falling.value_interval(rows, scores, WORTH)
    assert np.isfinite(bounds.low).tolist() == np.isfinite(bounds.high).tolist() == known
    assert np.isfinite(falling.value_if_staying(rows, WORTH)).tolist() == [True, False, False, True]
    assert np.isfinite(falling.p_ends(rows)).tolist() == [True, False, True, True]
    assert falling.value(rows.iloc[[1, 2]], scores[1:3], WORTH).tolist() == pytest.approx([np.nan] * 2, nan_ok=True)


def test_rows_of_unknown_age_teach_nothing(falling):
    ages = [*np.repeat([10.0, 40.0, 70.0, 100.0], 100), *[np.nan] * 50]
    ended = np.concatenate([*[np.arange(100) < share for share in (40, 20, 10, 5)], np.ones(50)]).astype(float)
    again = ContractValueModel(DAYS).fit(contracts(ages, [None] * 450), ended)
    assert again.survival.parameters == falling.survival.parameters


def test_a_row_is_valued_by_itself(falling):
    rows = contracts([10.0, 50.0, np.nan, 500.0], [10.0, np.nan, 5.0, 80.0])
    scores = np.array([0.3, 0.2, 0.1, 0.05])
    together = falling.value(rows, scores, WORTH)
    alone = [falling.value(rows.iloc[[place]], scores[[place]], WORTH)[0] for place in range(4)]
    assert np.array_equal(together, alone, equal_nan=True)


def test_nobody_and_everybody_ending_still_gives_a_curve():
    rows = contracts([10.0, 40.0, 70.0], [10.0] * 3)
    for ended in (np.zeros(3), np.ones(3)):
        chance = ContractValueModel(DAYS).fit(rows, ended).p_ends(rows)
        assert ((chance > 0.0) & (chance < 1.0)).all()


def test_what_is_saved_is_what_answers(tmp_path, falling):
    falling.save(tmp_path)
    loaded = ContractValueModel.load(tmp_path)
    rows, scores = contracts([10.0, 50.0, 500.0], [10.0, 20.0, 30.0]), np.array([0.4, 0.2, 0.01])
    assert (loaded.value(rows, scores, WORTH) == falling.value(rows, scores, WORTH)).all()
    assert (loaded.value_if_staying(rows, WORTH) == falling.value_if_staying(rows, WORTH)).all()
    assert (loaded.columns(rows) == falling.columns(rows)).all(axis=None)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json"}


# --- the chance as a column of earlier cutoffs ---

CUTOFFS = [pd.Timestamp(2024, month, 1) for month in range(1, 7)]
MONTHLY = WindowSettings(horizon_months=1, step_months=1)


def dataset(churned: np.ndarray | None = None, rows: int = 60) -> Dataset:
    """Return customers at six firsts of months, whose hazard rises from month to month, by customer and cutoff."""
    random = np.random.default_rng(0)
    n = rows * len(CUTOFFS)
    month = np.arange(n) % len(CUTOFFS)
    frame = pd.DataFrame(
        {AGE: random.integers(1, 200, n).astype(float), PRICE: 10.0, "cutoff": np.array(CUTOFFS)[month]}
    )
    drawn = (random.random(n) < 0.1 + 0.1 * month).astype(float)
    labels = pd.DataFrame({"churned": drawn if churned is None else churned})
    return Dataset(frame, labels, [PRICE], np.arange(n) // len(CUTOFFS), frame["cutoff"])


def by_cutoff(data: Dataset, windows: WindowSettings = MONTHLY) -> list[np.ndarray]:
    found = columns_at_each_cutoff(data, windows, 30.0)
    assert found.columns.tolist() == [CHANCE]
    return [found[CHANCE].to_numpy()[data.rows_at([cutoff])] for cutoff in CUTOFFS]


def test_each_cutoffs_column_is_that_of_a_model_of_the_labels_known_by_it():
    data = dataset()
    found = by_cutoff(data)
    assert np.isnan(found[0]).all()  # no label was known
    for place in range(1, 6):
        known = data.at(CUTOFFS[:place])
        model = ContractValueModel(30.0).fit(known.features, known.churned)
        assert (found[place] == model.p_ends(data.at([CUTOFFS[place]]).features)).all()
    assert np.mean(found[1]) < np.mean(found[3]) < np.mean(found[5])  # it hears of the rising hazard


@pytest.mark.parametrize("place", range(6))
def test_labels_that_were_not_known_at_a_cutoff_move_nothing_at_it(place):
    data = dataset()
    later = data.parts.isin(CUTOFFS[place:]).to_numpy()
    turned = dataset(np.where(later, 1.0 - data.churned, data.churned))
    before, after = by_cutoff(data), by_cutoff(turned)
    for earlier in range(place + 1):
        assert np.array_equal(before[earlier], after[earlier], equal_nan=True)
    for heard in range(place + 1, 6):
        assert not np.array_equal(before[heard], after[heard], equal_nan=True)


def test_labels_with_a_grace_are_known_so_much_later():
    data = dataset()
    waiting = WindowSettings(horizon_months=1, step_months=1, grace_days=10)
    plain, late = by_cutoff(data), by_cutoff(data, waiting)
    assert np.isnan(late[1]).all()  # the first cutoff's labels are known ten days after the second
    assert late[2] == pytest.approx(
        ContractValueModel(30.0)
        .fit(data.at(CUTOFFS[:1]).features, data.at(CUTOFFS[:1]).churned)
        .p_ends(data.at([CUTOFFS[2]]).features)
    )
    assert not np.array_equal(late[3], plain[3])


@pytest.mark.parametrize(("days", "unknown"), [(60, 2), (61, 3)])  # 2024-01-01 + 60 days is 2024-03-01
def test_a_horizon_of_several_steps_waits_for_its_end(days, unknown):
    found = by_cutoff(dataset(), WindowSettings(horizon_days=days, step_days=30))
    assert [bool(np.isnan(part).all()) for part in found] == [True] * unknown + [False] * (6 - unknown)


def test_the_column_keeps_the_rows_places():
    data = dataset()
    found = columns_at_each_cutoff(data, MONTHLY, 30.0)
    assert found.index.equals(data.features.index)
    order = np.random.default_rng(1).permutation(len(data))
    shuffled = columns_at_each_cutoff(data._take(order), MONTHLY, 30.0)
    assert shuffled[CHANCE].to_numpy() == pytest.approx(found[CHANCE].to_numpy()[order], nan_ok=True, rel=1e-12)


# --- orders: what a customer is worth if they are still one ---


@pytest.fixture(scope="module")
def shop() -> tuple[ClvModel, pd.DataFrame]:
    rows = [
        (place % 6, (place % 6) * 20.0 + place % 7 * (place % 6 > 0), 200.0, 10.0 + place % 9) for place in range(80)
    ]
    frame = pd.DataFrame(rows, columns=[X, T_X, SINCE_FIRST, MEAN_SPEND]).assign(**{LOG_GAPS: 0.0})
    frame["cutoff"] = pd.Timestamp(2024, 3, 1)
    return ClvModel(name="pareto_nbd").fit(frame), frame


def test_the_clv_is_the_chance_of_being_a_customer_times_what_one_is_worth(shop):
    model, rows = shop
    staying = value_if_staying(model, rows, 365.0, 0.3, 0.1)
    value, alive = model.discounted_value(rows, 365.0, 0.3, 0.1), model.p_alive(rows)
    assert alive * staying == pytest.approx(value)
    assert (staying >= value).all()
    assert (staying > value)[alive < 0.99].all()


def test_an_order_customer_is_valued_by_their_own_row(shop):
    model, rows = shop
    together = value_if_staying(model, rows, 365.0, 0.3, 0.1)
    assert [value_if_staying(model, rows.iloc[[place]], 365.0, 0.3, 0.1)[0] for place in range(5)] == pytest.approx(
        together[:5], rel=1e-12
    )


def test_the_churn_curve_of_a_constant_hazard_is_geometric_and_begins_with_the_score(constant):
    rows = contracts([5.0, 65.0, np.nan], [10.0, None, 10.0])
    ends = [1.0, 15.0, DAYS, 45.0, 90.0, 365.0]
    curve = constant.churn_curve(rows, np.full(3, HAZARD), ends)
    wanted = [1.0 - (1.0 - HAZARD) ** (days / DAYS) for days in ends]
    assert curve[0] == pytest.approx(wanted, abs=2e-3)  # the fit is near the hazard of the data, the score is exact
    assert curve[0, 2] == pytest.approx(HAZARD, abs=1e-12)
    assert curve[1] == pytest.approx(curve[0], abs=2e-3)  # without a price
    assert np.isnan(curve[2]).all()  # without an age


def test_the_churn_curve_rises_with_the_days_and_the_score_and_slows_where_hazards_fall(falling):
    rows = contracts([5.0] * 4, [10.0] * 4)
    scores = np.array([0.0, 0.1, 0.4, 1.0])
    curve = falling.churn_curve(rows, scores, [DAYS, 2 * DAYS, 3 * DAYS])
    assert curve[:, 0] == pytest.approx(scores, abs=1e-9)
    assert (np.diff(curve, axis=1) >= 0).all()
    assert (np.diff(curve, axis=0) >= 0).all()
    alive = 1.0 - curve[2]
    assert alive[1] / alive[0] < alive[2] / alive[1] < 1.0
