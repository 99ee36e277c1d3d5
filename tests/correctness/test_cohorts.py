"""The customers that a fit rests on: a recent cohort where it is large enough, else everybody, and a notice."""

import lifetimes
import numpy as np
import pandas as pd
import pytest

from churnclv.clv.clv_model import ClvModel
from churnclv.clv.cohort import LEAST_CUSTOMERS, LEAST_REPEATERS, take_cohort
from churnclv.clv.rfm import AGE, MEAN_SPEND, T_X, X

HORIZON = 90


@pytest.fixture(scope="module")
def closed_shop() -> pd.DataFrame:
    """Histories of 248 customers won 200 to 540 days ago, and of two who are new: simulated BG/NBD buyers."""
    random = np.random.default_rng(3)
    ages = np.r_[random.uniform(200, 540, 248), 30.0, 12.0]
    rows = []
    for age in ages:
        rate, leaves = random.gamma(1.2, 1 / 40), random.beta(1.0, 3.5)
        bought, now = [0.0], 0.0
        while random.random() > leaves and (now := now + random.exponential(1 / rate)) < age:
            bought.append(now)
        days = np.unique(np.floor(bought))
        rows.append((len(days) - 1, days[-1], np.floor(age), random.gamma(3, 20)))
    frame = pd.DataFrame(rows, columns=[X, T_X, AGE, MEAN_SPEND]).astype(float)
    return frame.assign(
        **{MEAN_SPEND: frame[MEAN_SPEND].where(frame[X] > 0, 0.0), "cutoff": pd.Timestamp("2022-06-23")}
    )


def test_a_fit_on_a_cohort_of_two_rests_on_everybody_and_agrees_with_lifetimes(closed_shop):
    chosen = ClvModel(name="bgnbd", cohort_days=180).fit(closed_shop)
    everybody = ClvModel(name="bgnbd").fit(closed_shop)
    assert chosen.purchases.parameters == everybody.purchases.parameters
    reference = lifetimes.BetaGeoFitter(penalizer_coef=0.0).fit(closed_shop[X], closed_shop[T_X], closed_shop[AGE])
    one = pd.DataFrame({X: [3.0], T_X: [74.0], AGE: [75.0], MEAN_SPEND: [50.0]})  # on the day after her fourth purchase
    alive = float(np.ravel(reference.conditional_probability_alive(3, 74, 75))[0])
    assert alive > 0.8
    assert chosen.p_alive(one)[0] == pytest.approx(alive, abs=0.005)
    total = reference.conditional_expected_number_of_purchases_up_to_time(
        HORIZON, closed_shop[X], closed_shop[T_X], closed_shop[AGE]
    ).sum()
    assert chosen.expected_purchases(closed_shop, HORIZON).sum() == pytest.approx(total, rel=0.01)


def test_a_small_cohort_is_a_notice_that_is_kept_with_the_model(closed_shop, tmp_path):
    model = ClvModel(name="bgnbd", cohort_days=180).fit(closed_shop)
    (notice,) = model.notices()
    assert notice.code == "small_cohort"
    assert "only 2 customers" in notice.message
    assert "all 250 customers" in notice.message
    model.save(tmp_path)
    assert ClvModel.load(tmp_path).notices() == model.notices()
    assert ClvModel(name="bgnbd").fit(closed_shop).notices() == ()


@pytest.mark.parametrize(
    ("customers", "repeaters", "taken"),
    [
        (LEAST_CUSTOMERS, LEAST_REPEATERS, True),
        (LEAST_CUSTOMERS - 1, LEAST_REPEATERS, False),  # too few customers
        (
            LEAST_CUSTOMERS,
            LEAST_REPEATERS - 1,
            False,
        ),  # too few who bought again: seasonal acquisition, one-time buyers
        (0, 0, False),  # a closed panel
    ],
)
def test_a_cohort_is_taken_from_a_number_of_customers_and_of_repeat_buyers_on(customers, repeaters, taken):
    old = pd.DataFrame({X: np.ones(500), AGE: np.full(500, 400.0)})
    recent = pd.DataFrame({X: (np.arange(customers) < repeaters).astype(float), AGE: np.full(customers, 100.0)})
    rows, cohort = take_cohort(pd.concat([old, recent], ignore_index=True), 180)
    assert len(rows) == cohort.customers == (customers if taken else 500 + customers)
    assert cohort.widened is not taken
    assert cohort.wanted_counts == (customers, repeaters)


def test_everybody_in_the_cohort_is_no_notice_however_few():
    rows, cohort = take_cohort(pd.DataFrame({X: [1.0, 0.0], AGE: [10.0, 20.0]}), 180)
    assert len(rows) == 2
    assert cohort.notices() == ()
