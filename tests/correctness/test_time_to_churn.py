"""Time to churn: metrics of survival curves by hand and beside scikit-survival, and what the benchmark's models see."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[2] / "experiments" / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import time_to_churn  # noqa: E402 # scripts beside each other
from survival_metrics import (  # noqa: E402
    FollowedContracts,
    brier_scores,
    calibration_by_decile,
    concordance,
    integrated_brier_score,
)

FOUR = FollowedContracts(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False]))
SURVIVAL = np.array([[0.5, 0.2], [0.6, 0.5], [0.8, 0.4], [0.9, 0.7]])
MOMENTS = np.array([1.5, 3.5])


def test_the_chance_of_being_in_sight_falls_where_contracts_are_lost():
    """Of three running at 2 one is lost, of one at 4 the last."""
    assert FOUR.chance_in_sight(np.array([0.0, 1.0, 2.0, 3.9, 4.0])) == pytest.approx([1, 1, 2 / 3, 2 / 3, 0])


def test_an_end_comes_before_a_loss_on_the_same_day():
    """Of the two that run at 1, one ends first: the other alone is at risk of being lost."""
    tied = FollowedContracts(np.array([1.0, 1.0, 2.0, 2.0]), np.array([True, False, True, True]))
    assert tied.chance_in_sight(np.array([1.0])) == pytest.approx([2 / 3])


def test_brier_scores_by_hand():
    """At 1.5 G is 1. At 3.5 contract 3 ended at G = 2/3, contract 4 runs at G = 2/3, contract 2 is lost."""
    first = (0.5**2 + 0.4**2 + 0.2**2 + 0.1**2) / 4
    second = (0.2**2 + 0.4**2 * 1.5 + 0.3**2 * 1.5) / 4
    assert brier_scores(FOUR, SURVIVAL, MOMENTS) == pytest.approx([first, second])
    assert integrated_brier_score(FOUR, SURVIVAL, MOMENTS) == pytest.approx((first + second) / 2)


def test_concordance_by_hand():
    """The end at 1 has weight 1 and pairs with 2, 3, 4; the end at 3 has weight 2.25 and pairs with 4."""
    assert concordance(FOUR, np.array([0.8, 0.6, 0.5, 0.7]), 3.5) == pytest.approx((3 + 0) / (3 + 2.25))
    assert concordance(FOUR, np.array([0.6, 0.6, 0.9, 0.7]), 3.5) == pytest.approx((0.5 + 2.25) / (3 + 2.25))
    assert concordance(FOUR, np.array([0.8, 0.6, 0.5, 0.7]), 3.0) == pytest.approx(1.0)  # the end at 3 is not before 3
    assert concordance(FOUR, np.full(4, 0.3), 3.5) == pytest.approx(0.5)


def test_calibration_by_hand():
    """Halves by prediction: of contracts 1 and 4 one ends, and of 2 and 3 the end comes when the other is lost."""
    table = calibration_by_decile(FOUR, np.array([0.1, 0.7, 0.8, 0.2]), 3.5, parts=2)
    assert table["predicted"].tolist() == pytest.approx([0.15, 0.75])
    assert table["seen"].tolist() == pytest.approx([0.5, 0.0])
    assert table["contracts"].tolist() == [2, 2]


def test_without_losses_they_are_plain_means():
    random = np.random.default_rng(0)
    days, survival = random.exponential(10.0, 300), random.random((300, 1))
    runs = days > 5.0
    plain = float(((survival[:, 0] - runs) ** 2).mean())
    everyone = FollowedContracts(days, np.ones(300, dtype=bool))
    assert brier_scores(everyone, survival, np.array([5.0])) == pytest.approx([plain])


def test_the_figures_are_those_of_scikit_survival():
    """Of version 0.28.0: `integrated_brier_score` and `concordance_index_ipcw` with ties in time."""
    random = np.random.default_rng(7)
    life, sight = np.ceil(random.exponential(20.0, 200)), np.ceil(random.uniform(5.0, 40.0, 200))
    contracts = FollowedContracts(np.minimum(life, sight), life <= sight)
    moments = np.array([3.0, 6.0, 12.0, 24.0])
    survival = np.exp(-moments / (10.0 + 20.0 * random.random((200, 1))))
    assert integrated_brier_score(contracts, survival, moments) == pytest.approx(GOLDEN[0], abs=1e-9)
    assert concordance(contracts, 1.0 - survival[:, -1], 24.0) == pytest.approx(GOLDEN[1], abs=1e-9)


GOLDEN = (0.23043009867438372, 0.45500566687957195)


@pytest.fixture(scope="module")
def market():
    """A small market of subscriptions, and its table."""
    return time_to_churn.simulate(4.0, seed=2, contracts=1500)


def test_nothing_in_the_table_is_of_the_cutoff_or_later(market):
    case, table = market
    assert (table["start"] <= time_to_churn.CUTOFF).all()
    assert (table["end"].dropna() < time_to_churn.CUTOFF).all()
    assert int(table["end"].isna().sum()) == len(case.running) == len(case.seen.days)
    assert (case.record["lasted"] <= 48.0).all()


def test_the_true_curve_is_calibrated_and_jumps_where_the_market_does(market):
    case, _ = market
    truth = case.known["truth"]
    table = calibration_by_decile(case.seen, truth[:, 11], 12.0, parts=3)
    assert table["seen"].tolist() == pytest.approx(table["predicted"].tolist(), abs=0.08)
    young = truth[case.running["age"].to_numpy() < 2.0]
    hazards = 1.0 - young[:, 1:] / young[:, :-1]
    assert 8 <= hazards[:, :16].mean(axis=0).argmax() <= 10  # months 10 to 12 ahead of an age below 2


def test_rows_of_single_months():
    """Entered at 2 and ended in the month after 3; entered at 0 and still running at 2."""
    ages, ended = time_to_churn._single_months(np.array([2.0, 0.0]), np.array([3.0, 2.0]), np.array([True, False]))
    assert ages.tolist() == [2.0, 3.0, 0.0, 1.0]
    assert ended.tolist() == [False, True, False, False]


def test_a_curve_is_conditional_on_the_age_and_even_within_a_month():
    """S is 1, 1/2, 1/8: from half a month, half a month later it is 1/2 / sqrt(1/2)."""
    curve = time_to_churn._conditional(np.log([1.0, 0.5, 0.125]), np.array([0.0, 0.5, 1.0]), np.array([0.5, 1.0]))
    assert curve == pytest.approx(np.array([[0.5**0.5, 0.5], [0.5**0.5, 0.5 * 0.5**0.5], [0.5, 0.25]]))


def test_telco_contracts_are_cut_before_the_first_of_november(tmp_path):
    rows = [
        ("gone", "2019-08-01", "2019-10-01", "One year"), ("leaves", "2019-08-01", "2019-12-01", "One year"),
        ("stays", "2017-11-01", "No", "Two year"), ("later", "2019-11-01", "No", "Month-to-month"),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["customerID", "BeginDate", "EndDate", "Type"])
    table.assign(PaperlessBilling="Yes", PaymentMethod="Mailed check", MonthlyCharges="10").to_csv(
        tmp_path / "contract.csv", index=False
    )
    case = time_to_churn.read_telco(tmp_path)
    assert case.record[["entered", "lasted", "ended"]].to_numpy().tolist() == [[2, 2.5, 1], [2, 3, 0], [23, 24, 0]]
    assert case.running["age"].tolist() == [3, 24]
    assert case.seen.days.tolist() == [1.5, 3.5]
    assert case.seen.ended.tolist() == [True, False]
