"""The public API: the calls of a notebook give what `lifetimes`, pandas by hand and the rooms give."""

from importlib import resources

import lifetimes
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import churnclv
from churnclv.errors import InputError

ORDERS = pd.DataFrame(
    [
        ("a", "2020-01-01", 10), ("a", "2020-01-11", 20), ("a", "2020-02-10", 40), ("a", "2020-03-05", 5),
        ("b", "2020-01-05", 7), ("b", "2020-02-20", 9), ("c", "2020-02-28", 3),
    ],
    columns=["customer_id", "timestamp", "amount"],
)  # fmt: skip


def read_shipped(name):
    """Read a table inside `lifetimes`, whose own readers need a module that new versions of setuptools lack."""
    return pd.read_csv(str(resources.files("lifetimes") / "datasets" / name), index_col=0)


@pytest.fixture(scope="module")
def rfm():
    table = read_shipped("cdnow_customers_summary_with_transactions.csv")
    return table.set_axis(["frequency", "recency", "T", "monetary_value"], axis="columns")


def test_everything_in_the_curated_list_is_documented():
    for name in churnclv.__all__:
        assert len(getattr(churnclv, name).__doc__) > 30, name


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(churnclv.BetaGeo, lifetimes.BetaGeoFitter), (churnclv.ModifiedBetaGeo, lifetimes.ModifiedBetaGeoFitter)],
)
def test_purchases_agree_with_lifetimes(ours, theirs, rfm):
    model, reference = ours().fit(rfm), theirs(0.0).fit(rfm["frequency"], rfm["recency"], rfm["T"])
    assert model.params_ == pytest.approx(dict(reference.params_), rel=1e-3)
    columns = (rfm["frequency"], rfm["recency"], rfm["T"])
    expected = reference.conditional_expected_number_of_purchases_up_to_time(39, *columns)
    np.testing.assert_allclose(model.expected_purchases(rfm, 39), expected, rtol=2e-3)
    np.testing.assert_allclose(model.p_alive(rfm), reference.conditional_probability_alive(*columns), atol=1e-3)


def test_spend_agrees_with_lifetimes(rfm):
    buyers = rfm[rfm["frequency"] > 0]
    reference = lifetimes.GammaGammaFitter(0.0).fit(buyers["frequency"], buyers["monetary_value"])
    model = churnclv.GammaGamma().fit(rfm)
    assert model.params_ == pytest.approx(dict(reference.params_), rel=1e-3)
    expected = reference.conditional_expected_average_profit(rfm["frequency"], rfm["monetary_value"])
    np.testing.assert_allclose(model.expected_spend(rfm), expected, rtol=1e-3)


def test_published_log_likelihood_in_weeks():
    model = churnclv.BetaGeo().fit(read_shipped("cdnow_customers_summary.csv"))  # Fader, Hardie and Lee (2005), table 2
    assert model.log_likelihood_ == pytest.approx(-9582.43, abs=0.01)
    assert model.params_ == pytest.approx({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, abs=1e-3)


def test_the_time_unit_is_the_users(rfm):
    weeks = rfm.assign(recency=rfm["recency"] / 7, T=rfm["T"] / 7)
    days, in_weeks = (churnclv.ParetoNBD().fit(table) for table in (rfm, weeks))
    np.testing.assert_allclose(
        days.expected_purchases(rfm, 70), in_weeks.expected_purchases(weeks, 10), rtol=1e-4, atol=1e-6
    )


def test_no_purchase_and_at_least_one_add_up(rfm):
    model = churnclv.ModifiedBetaGeo().fit(rfm)
    total = model.expected_probability_no_purchase(rfm, 30) + model.probability_at_least(rfm, 30, 1)
    np.testing.assert_allclose(total, 1.0, atol=1e-12)


def test_rfm_summary_by_hand():
    events = churnclv.read_events(ORDERS)
    table = churnclv.summarise_rfm(events, "2020-03-01")
    # days with an order after the first; days from first to last; days from first to the last whole day before
    assert table.loc["a", ["frequency", "recency", "T", "monetary_value"]].tolist() == [2, 40, 59, 30]
    assert table.loc["b", ["frequency", "recency", "T", "monetary_value"]].tolist() == [1, 46, 55, 9]
    assert table.loc["c", ["frequency", "recency", "T", "monetary_value"]].tolist() == [0, 0, 1, 0]


def test_settings_are_given_as_plain_values(tmp_path):
    log = tmp_path / "orders.csv"
    log.write_text("who;when;sum\na;03.02.2020;1,5\na;25.02.2020;2,5\nb;01.02.2020;4,0\n", encoding="utf-8")
    columns = {"customer_id": "who", "timestamp": "when", "amount": "sum"}
    events = churnclv.read_events(log, columns=columns, decimal="comma", date_format="%d.%m.%Y", fold_ids=["case"])
    assert float(events.table.amount.sum().execute()) == 8.0
    with pytest.raises(InputError, match=r"unknown settings \['decimals'\]"):
        churnclv.read_events(log, columns=columns, decimals="comma")


def test_labels_by_hand_and_no_look_ahead():
    events = churnclv.read_events(ORDERS)
    labels = churnclv.read_labels(events, ["2020-02-01"], 28).set_index("customer_id")
    assert labels["churned"].to_dict() == {"a": 0, "b": 0}  # c was not seen before the cutoff
    assert labels["purchases_in_horizon"].to_dict() == {"a": 1, "b": 1}
    assert labels["spend_in_horizon"].astype(float).to_dict() == {"a": 40, "b": 9}
    with pytest.raises(InputError, match="ends after the data"):
        churnclv.read_labels(events, ["2020-02-20"], 28)
    early = churnclv.build_features(events, ["2020-02-01"])
    cut = churnclv.build_features(churnclv.read_events(ORDERS[ORDERS["timestamp"] < "2020-02-01"]), ["2020-02-01"])
    pd.testing.assert_frame_equal(early, cut)


@pytest.mark.parametrize(("refunds", "returned"), [("net", 15.0), ("gross", 0.0)])
def test_features_are_net_of_refunds_unless_the_events_were_read_gross(refunds, returned):
    log = pd.concat([ORDERS, pd.DataFrame({"customer_id": ["a"], "timestamp": ["2020-01-20"], "amount": [-15]})])
    rows = churnclv.build_features(churnclv.read_events(log, refunds=refunds), ["2020-02-01"]).set_index("customer_id")
    assert rows["settled_spend"].to_dict() == {"a": 30.0, "b": 7.0}
    assert rows["returned_spend"].to_dict() == {"a": returned, "b": 0.0}


@pytest.mark.parametrize("make", [churnclv.LogisticChurn, lambda: churnclv.BoostedChurn(rounds=5)])
def test_churn_models_are_scikit_learn_estimators(make):
    rng = np.random.default_rng(5)
    X = pd.DataFrame(
        {"customer_id": [f"c{i}" for i in range(300)], "days": rng.gamma(2, 30, 300), "city": ["x", "y", "z"] * 100}
    )
    y = (X["days"] + rng.normal(0, 20, 300) > 60).astype(int)
    model = clone(make()).fit(X, y)
    chances = model.predict_proba(X)
    assert chances.shape == (300, 2)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    assert "customer_id" not in model.feature_names_in_
    np.testing.assert_allclose(  # contributions and the bias add up to the log-odds
        model.contributions(X).sum(axis=1), np.log(chances[:, 1] / chances[:, 0]), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="T"), "no column 'T'"),
        (lambda t: t.assign(recency=t["T"] + 1), "recency .* lies after T"),
        (lambda t: t.assign(frequency=-1), "have to be 0 or more"),
        (lambda t: t.assign(recency=np.nan), "column 'recency', row 1: is not a finite number"),
    ],
)
def test_impossible_summaries_are_refused(change, message, rfm):
    with pytest.raises(InputError, match=message):
        churnclv.BetaGeo().fit(change(rfm.head(50)))
