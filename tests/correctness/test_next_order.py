"""The next order: quantiles against closed forms by hand, and the score columns that stand on them."""

import numpy as np
import pandas as pd
import pytest

from churnclv.bundle.valuation import OrderValuation
from churnclv.clv.clv_model import ClvChoice, ClvModel
from churnclv.clv.next_order import expect_next_order
from churnclv.data.settings import DataSettings
from churnclv.decision.economics import EconomicsSettings
from churnclv.errors import InputError

LIMIT = 365.0


def nbd(r: float = 2.0, alpha: float = 100.0) -> ClvModel:
    model = ClvModel(name="nbd")
    model.purchases.parameters = {"r": r, "alpha": alpha}
    model.spend.parameters = {"p": 6.25, "q": 3.74, "v": 15.44}
    return model


def rows(**changes: list[float]) -> pd.DataFrame:
    columns = {
        "repeat_purchases": [4.0, 0.0], "last_purchase_age_days": [120.0, 0.0], "age_days": [200.0, 300.0],
        "mean_repeat_spend": [30.0, 0.0], "log_gap_days_sum": [12.0, 0.0], "settled_spend": [150.0, 20.0],
        "returned_spend": [30.0, 0.0], "returns": [1.0, 0.0], "return_delay_days": [5.0, 0.0],
    }  # fmt: skip
    return pd.DataFrame({**columns, **changes}).assign(cutoff=pd.Timestamp("2024-03-01"))


def test_quantiles_are_the_inverse_of_the_probability_of_no_purchase():
    """Of an exponential time with rate 0.02: F(t) = (1 - exp(-0.02 t)) / (1 - exp(-0.02 * 365))."""
    expected = expect_next_order(lambda days: np.exp(-0.02 * days), 3, LIMIT)
    within = 1.0 - np.exp(-0.02 * LIMIT)
    for level, days in ((0.1, expected.low), (0.5, expected.median), (0.9, expected.high)):
        assert days == pytest.approx(np.full(3, -np.log(1.0 - level * within) / 0.02), rel=1e-3)
    assert expected.p_order == pytest.approx(within)


def test_a_customer_who_never_orders_has_finite_quantiles_and_no_chance():
    expected = expect_next_order(np.ones_like, 2, LIMIT)
    assert np.isfinite([expected.low, expected.median, expected.high]).all()
    assert (expected.p_order == 0).all()


def test_nbd_by_hand():
    """P(no purchase in t) = ((alpha + T) / (alpha + T + t))^(r + x): alpha + T = 300, r + x = 6."""
    expected = nbd().next_order(rows(), LIMIT)
    within = 1.0 - (300.0 / (300.0 + LIMIT)) ** 6
    median = 300.0 * ((1.0 - 0.5 * within) ** (-1 / 6) - 1.0)
    assert expected.median[0] == pytest.approx(median, rel=1e-4)


def test_twice_the_expected_purchases_come_twice_as_early():
    """A combination of one model with a total of twice its own: time passes twice as fast."""
    plain = nbd()
    one = {"nbd": 1.0}
    choice = ClvChoice(
        name="combined", base="nbd", members={"nbd": ClvChoice(name="nbd", base="nbd")},
        weights={"purchases": one, "spend": one}, totals={"purchases": 2.0, "spend": 2.0}, horizon_days=90.0,
    )  # fmt: skip
    double = ClvModel(choice).combine({"nbd": plain}, rows())
    assert double.next_order(rows(), LIMIT).median == pytest.approx(
        plain.next_order(rows(), 2 * LIMIT).median / 2, rel=1e-3
    )


def test_a_combination_keeps_the_share_of_its_total_that_was_fitted(tmp_path):
    """One member of two has all the weight; the total goes half-way, in logs, to that of both models of purchases."""
    members = {"nbd": nbd(), "pareto_nbd": ClvModel(name="pareto_nbd")}
    members["pareto_nbd"].purchases.parameters = {"r": 1.0, "alpha": 100.0, "s": 1.0, "beta": 200.0}
    members["pareto_nbd"].spend.parameters = members["nbd"].spend.parameters
    one = {"nbd": 1.0}
    choices = {name: ClvChoice(name=name, base=name) for name in members}
    choice = ClvChoice(
        name="combined", base="nbd", members=choices, weights={"purchases": one, "spend": one},
        total_share=0.5, horizon_days=90.0,
    )  # fmt: skip
    model = ClvModel(choice).combine(members, rows())
    for target in ("purchases", "spend"):
        first, second = (member.expected_orders(rows(), target, 90.0) for member in members.values())
        total = np.sqrt(first.sum() * np.sqrt(first * second).sum())
        expected = getattr(model, f"expected_{target}")
        assert model.expected_orders(rows(), target, 90.0).sum() == pytest.approx(total)
        assert expected(rows()[:1], 90.0)[0] == pytest.approx(expected(rows(), 90.0)[0])  # alone as among all
    for part in (model, *members.values()):
        part.purchases.covariance = np.eye(2 if part.purchases.name == "nbd" else 4) * 1e-4
    model.save(tmp_path)
    assert ClvModel.load(tmp_path).expected_purchases(rows(), 90.0) == pytest.approx(expected_of(model))


def expected_of(model):
    return model.expected_purchases(rows(), 90.0)


def test_score_columns_of_orders():
    valuation = OrderValuation(nbd(r=0.2, alpha=2000.0), 90, DataSettings(path="a.csv"), EconomicsSettings())
    values = valuation.values(rows(), pd.Series([0.5, 0.5]))
    assert values["mean_gap_days"].tolist()[0] == 30.0  # 120 days between 5 purchases
    assert np.isnan(values["mean_gap_days"][1])  # bought once
    assert values["spend_to_date"].tolist() == [120.0, 20.0]  # less what came back
    assert values["clv_total"] == pytest.approx(0.3 * np.array([120.0, 20.0]) + values["clv"])
    low, median, high = (values[f"expected_next_order{end}"] for end in ("_low", "", "_high"))
    assert low[1] is median[1] is high[1] is None  # 0.2 purchases expected in 2,300 days: no order is likelier
    soon = OrderValuation(nbd(), 90, DataSettings(path="a.csv"), EconomicsSettings()).values(
        rows(), pd.Series([0.5, 0.5])
    )
    assert "2024-03-01" <= soon["expected_next_order_low"][0] <= soon["expected_next_order"][0]
    assert soon["expected_next_order"][0] == "2024-04-06"  # 36.3 days after 2024-03-01


def test_risk_bands_by_their_thresholds():
    bands = EconomicsSettings(medium_risk=0.2, high_risk=0.6).risk_bands(np.array([0.1, 0.2, 0.6, np.nan]))
    assert bands.tolist() == ["low", "medium", "high", None]
    with pytest.raises(InputError, match=r"economics\.medium_risk is 0\.8, above economics\.high_risk"):
        EconomicsSettings(medium_risk=0.8)
