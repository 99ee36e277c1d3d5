"""Spend net of refunds: labels and refund histories by hand, and the share of spend that customers keep."""

from datetime import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import beta, betabinom

from churnclv.clv.clv_model import ClvModel
from churnclv.clv.refund_model import RefundModel, returned_share
from churnclv.clv.value_baselines import predict_past_rate
from churnclv.data.refund_totals import total_refunds
from churnclv.data.settings import Refunds
from churnclv.features.feature_table import TableDefinition, build_features
from churnclv.features.model_columns import model_columns
from churnclv.features.refund_history import REFUND_COLUMNS
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.customer_kinds import label_windows, members
from churnclv.snapshots.history import cut_history
from churnclv.snapshots.settings import WindowSettings

CUTOFF, END = "2024-03-01", "2024-03-31"  # a horizon of 30 days
WINDOWS, SETTINGS = WindowSettings(horizon_days=30), FeatureSettings(families=["money", "recency"])
LAST_INSTANT, LAST_OF_WINDOW = "2024-02-29 23:59:59.999999", "2024-03-30 23:59:59.999999"


def log(*rows):
    return [
        {
            "customer_id": customer,
            "timestamp": at,
            "kind": "refund" if amount.startswith("-") else "order",
            "amount": amount,
        }
        for customer, at, amount in rows
    ]


def labels(events, refunds=Refunds.net):
    moments = (datetime.fromisoformat(CUTOFF),)
    seen = members(cut_history(events, moments), WINDOWS)
    found = label_windows(events, seen.filter(seen.in_population), moments, WINDOWS, refunds=refunds).execute()
    return found.set_index("customer_id")


def features(events, refunds=Refunds.net):
    moments = (datetime.fromisoformat(CUTOFF),)
    return build_features(events, "", TableDefinition(moments, SETTINGS, WINDOWS, refunds=refunds)).set_index(
        "customer_id"
    )


# --- labels ---

BOUGHT_BEFORE = [(name, "2024-02-10", "50.00") for name in ("ann", "bob", "cat", "dan", "eve", "fay", "gus")]
IN_EVERY_POSITION = [
    *BOUGHT_BEFORE,
    ("ann", LAST_INSTANT, "-50.00"),  # the last instant before the cutoff: of the history
    ("bob", CUTOFF, "-50.00"),  # at the cutoff: of the label, though of an earlier order
    ("cat", "2024-03-05", "20.10"),
    ("cat", LAST_OF_WINDOW, "-20.10"),  # all of it back within the window
    ("dan", "2024-03-05", "20.10"),
    ("dan", END, "-20.10"),  # back at the end of the window: after the label
    ("eve", "2024-03-05", "0.70"),
    ("eve", "2024-03-05", "-0.10"),  # a part, on the day
    ("fay", "2024-03-05", "10.00"),
    ("fay", "2024-03-06", "-10.00"),
    ("fay", "2024-03-07", "30.00"),
]


def test_labels_with_refunds_in_every_position(connection, write_events):
    found = labels(write_events(connection, log(*IN_EVERY_POSITION)))
    assert found["spend"].to_dict() == {
        "ann": 0.0, "bob": -50.0, "cat": 0.0, "dan": 20.1, "eve": 0.6, "fay": 30.0, "gus": 0.0
    }  # fmt: skip
    # an order that is sent back is a purchase, a refund is none
    assert found["purchases"].to_dict() == {"ann": 0, "bob": 0, "cat": 1, "dan": 1, "eve": 1, "fay": 2, "gus": 0}
    assert (found["churned"] == (found["purchases"] == 0)).all()
    ordered = {"ann": 0.0, "bob": 0.0, "cat": 20.1, "dan": 20.1, "eve": 0.7, "fay": 40.0, "gus": 0.0}
    assert found["order_spend"].to_dict() == ordered


def test_gross_labels_are_what_orders_cost(connection, write_events):
    events = write_events(connection, log(*IN_EVERY_POSITION))
    gross, net = labels(events, Refunds.gross), labels(events)
    assert gross["spend"].tolist() == gross["order_spend"].tolist() == net["order_spend"].tolist()
    assert gross[["churned", "purchases"]].equals(net[["churned", "purchases"]])


# --- the refund history ---

HISTORY = [
    # ann: two purchases; one returned after 8 days, in two refunds of one day
    ("ann", "2024-01-01 09:00", "30.00"),
    ("ann", "2024-01-11 09:00", "12.30"),
    ("ann", "2024-01-19 09:00", "-2.30"),
    ("ann", "2024-01-19 10:00", "-10.00"),
    # bob: an order of 900.05 cancelled on its day, of which 100.05 are placed again; a refund before any purchase
    ("bob", "2023-12-01 09:00", "-77.00"),
    ("bob", "2024-01-05 09:00", "20.00"),
    ("bob", "2024-01-20 09:00", "900.05"),
    ("bob", "2024-01-20 09:12", "-900.05"),
    ("bob", "2024-01-20 10:00", "100.05"),
    # cat: more comes back on the day than was bought on it, the rest of it from the purchase before
    ("cat", "2024-01-02 09:00", "40.00"),
    ("cat", "2024-01-09 09:00", "10.00"),
    ("cat", "2024-01-09 18:00", "-25.00"),
    # dan: more comes back than was bought
    ("dan", "2024-01-02 09:00", "40.00"),
    ("dan", "2024-02-02 09:00", "-90.00"),
    # eve: at the cutoff and after it
    ("eve", "2024-02-28 09:00", "40.00"),
    ("eve", CUTOFF, "-40.00"),
]
HISTORY_BY_HAND = {
    "settled_spend": {"ann": 42.3, "bob": 120.05, "cat": 40.0, "dan": 40.0, "eve": 40.0},
    "returned_spend": {"ann": 12.3, "bob": 0.0, "cat": 15.0, "dan": 40.0, "eve": 0.0},
    "returns": {"ann": 1, "bob": 0, "cat": 1, "dan": 1, "eve": 0},
    "return_delay_days": {"ann": 8, "bob": 0, "cat": 0, "dan": 31, "eve": 0},
    # the first purchase does not count: ann 12.30; bob 900.05 - 900.05 + 100.05; cat 10 - 25, at least 0
    "mean_repeat_spend": {"ann": 12.3, "bob": 100.05, "cat": 0.0, "dan": 0.0, "eve": 0.0},
}


def test_refund_histories_by_hand(connection, write_events):
    found = features(write_events(connection, log(*HISTORY)))
    for name, expected in HISTORY_BY_HAND.items():
        assert found[name].to_dict() == expected, name
    assert returned_share(found).tolist() == [12.3 / 42.3, 0.0, 15.0 / 40.0, 1.0, 0.0]


def test_gross_histories_have_no_refunds(connection, write_events):
    events = write_events(connection, log(*HISTORY))
    found = features(events, Refunds.gross)
    assert found["mean_repeat_spend"].to_dict() == {"ann": 12.3, "bob": 1000.1, "cat": 10.0, "dan": 0.0, "eve": 0.0}
    assert (found["returned_spend"] == 0).all()
    assert RefundModel().fit(found).kept_share(found).tolist() == [1.0] * 5
    # the columns of behaviour are the same: what was ordered and what came back are columns of their own
    behaviour = ["spend", "refund_share", "days_since_last_refund"]
    assert found[behaviour].equals(features(events)[behaviour])


def test_no_churn_model_learns_from_the_refund_history(connection, write_events):
    found = features(write_events(connection, log(*HISTORY)))
    assert set(REFUND_COLUMNS) <= set(found.columns)
    assert not set(REFUND_COLUMNS) & set(model_columns(found.reset_index().columns, SETTINGS.families))


def test_a_log_without_refunds_gives_the_same_net_and_gross(connection, write_events):
    events = write_events(connection, log(*[row for row in HISTORY + IN_EVERY_POSITION if not row[2].startswith("-")]))
    pd.testing.assert_frame_equal(features(events), features(events, Refunds.gross), check_exact=True)
    pd.testing.assert_frame_equal(labels(events), labels(events, Refunds.gross), check_exact=True)


# --- the share that is kept ---


def histories(n, settled, returned, silent_days=1000.0, returns=0, delays=0):
    x = np.asarray(n, dtype=float) - 1.0
    rows = pd.DataFrame({"repeat_purchases": x, "last_purchase_age_days": np.where(x > 0, 100.0, 0.0)})
    rows["age_days"] = rows["last_purchase_age_days"] + silent_days
    rows["mean_repeat_spend"] = np.where(x > 0, 10.0, 0.0)
    given = {"settled_spend": settled, "returned_spend": returned, "returns": returns, "return_delay_days": delays}
    return rows.assign(**given, log_gap_days_sum=0.0)


def test_without_refunds_the_factor_is_exactly_one():
    rows = histories([1, 2, 9], [10.0, 20.0, 90.0], 0.0)
    assert RefundModel().fit(rows).kept_share(rows).tolist() == [1.0, 1.0, 1.0]


def test_where_everything_comes_back_nothing_is_kept():
    rows = histories([1, 2, 9], [10.0, 20.0, 90.0], [10.0, 20.0, 90.0], returns=3, delays=9)
    assert RefundModel().fit(rows).kept_share(rows).tolist() == [0.0, 0.0, 0.0]


def test_long_after_the_last_purchase_it_is_the_beta_binomial_posterior_mean():
    model = RefundModel(share=0.3, strength=2.5, delay_days=10.0)
    rows = histories([4, 5, 1], [40.0, 80.0, 7.0], [10.0, 0.0, 7.0])
    # (b + n - s) / (a + b + n) with a = .75, b = 1.75 and s = n R / B: 1, 0 and 1
    expected = [(1.75 + 3) / 6.5, (1.75 + 5) / 7.5, (1.75 + 0) / 3.5]
    np.testing.assert_allclose(model.kept_share(rows), expected, rtol=1e-12)


@pytest.mark.parametrize(("n", "s"), [(1, 0), (3, 0), (3, 2), (3, 3), (2, 1)])
@pytest.mark.parametrize("silent_days", [0.0, 4.0, 30.0])
def test_returns_not_yet_due_by_numerical_integration(n, s, silent_days):
    a, b, delay = 0.8, 1.4, 12.0
    settled = 1.0 - np.exp(-silent_days / delay)
    is_open = 1 if s < n else 0

    def likelihood(theta):
        return theta**s * (1 - theta) ** (n - s - is_open) * (1 - theta * settled) ** is_open * beta.pdf(theta, a, b)

    mass = quad(likelihood, 0, 1)[0]
    kept = quad(lambda theta: (1 - theta) * likelihood(theta), 0, 1)[0] / mass
    found = RefundModel(a / (a + b), a + b, delay).kept_share(histories([n], [10.0 * n], [10.0 * s], silent_days))
    assert found[0] == pytest.approx(kept, rel=1e-6)


def test_a_new_customer_keeps_the_share_of_the_population():
    rows = histories([1], [0.0], [0.0], silent_days=0.0).drop(columns=list(REFUND_COLUMNS))
    assert RefundModel(0.3, 2.0, 9.0).kept_share(rows)[0] == pytest.approx(0.7, rel=1e-12)


@pytest.mark.parametrize(("a", "b"), [(0.3, 2.0), (2.0, 8.0), (0.4, 0.4)])
def test_the_fit_recovers_a_beta_binomial_population(a, b):
    random = np.random.default_rng(7)
    n = random.integers(1, 12, 20_000)
    s = betabinom.rvs(n, a, b, random_state=random)
    model = RefundModel().fit(histories(n, 10.0 * n, 10.0 * s, returns=s, delays=9 * s))
    assert model.share == pytest.approx(a / (a + b), abs=0.01)
    assert 1 / (model.strength + 1) == pytest.approx(1 / (a + b + 1), abs=0.02)
    assert model.delay_days == 9.0


def test_purchases_not_yet_due_do_not_lower_the_share():
    random = np.random.default_rng(8)
    n, delay, silent = random.integers(1, 6, 40_000), 20.0, random.exponential(25.0, 40_000)
    s = betabinom.rvs(n, 1.2, 1.8, random_state=random)
    # the last purchase is one of the returned with chance s / n; its return is booked with the chance of its age
    pending = (random.random(len(n)) < s / n) & (random.random(len(n)) < np.exp(-silent / delay))
    booked = s - pending
    rows = histories(n, 10.0 * n, 10.0 * booked, silent, returns=booked, delays=20 * booked)
    model = RefundModel().fit(rows)
    plain = booked.sum() / n.sum()
    assert plain < 0.34
    assert abs(model.share - 0.4) < 0.5 * (0.4 - plain)
    # those who bought yesterday are not taken for customers who keep everything
    fresh = silent < 2.0
    truth = 1.0 - (1.2 + s) / (3.0 + n)
    assert model.kept_share(rows)[fresh].mean() == pytest.approx(truth[fresh].mean(), abs=0.02)


def test_partial_returns_tell_customers_apart():
    # a tenth of a purchase comes back at a time; every fifth customer sends back four times as many
    random = np.random.default_rng(9)
    n, often = random.integers(2, 12, 5000), np.arange(5000) % 5 == 0
    back = random.binomial(10 * n, np.where(often, 0.2, 0.05))
    rows = histories(n, 10.0 * n, 1.0 * back, returns=back, delays=9 * back)
    model = RefundModel().fit(rows)
    assert model.size == pytest.approx(0.1, rel=1e-9)
    assert model.share == pytest.approx(0.08, abs=0.005)
    # the variance of 0.2 in a fifth and 0.05 else is 0.0036, so rho = 0.0036 / (0.08 * 0.92)
    assert 1 / (model.strength + 1) == pytest.approx(0.0036 / (0.08 * 0.92), rel=0.15)
    kept = model.kept_share(rows)
    assert kept[often].mean() < 0.85
    assert kept[~often].mean() > 0.93
    # (b + n - s) / (a + b + n) over parcels
    a, b = model.share * model.strength, (1 - model.share) * model.strength
    np.testing.assert_allclose(kept, (b + 10 * n - back) / (a + b + 10 * n), rtol=1e-9)


def test_the_order_of_magnitude_of_amounts_does_not_matter():
    rows = histories([1, 4, 6], [10.0, 40.0, 60.0], [0.0, 10.0, 60.0], returns=2, delays=20)
    large = rows.assign(settled_spend=rows["settled_spend"] * 1e6, returned_spend=rows["returned_spend"] * 1e6)
    np.testing.assert_allclose(
        RefundModel().fit(rows).kept_share(rows), RefundModel().fit(large).kept_share(large), rtol=1e-12
    )


# --- the CLV model ---


@pytest.fixture(scope="module")
def shop():
    """Histories of 400 buyers, every second of whom returns four of five purchases."""
    random = np.random.default_rng(3)
    n = random.integers(1, 9, 400)
    rows = histories(n, 10.0 * n, 0.0, random.integers(20, 300, 400).astype(float))
    rows["mean_repeat_spend"] = np.where(n > 1, random.gamma(5.0, 2.0, 400), 0.0)
    rows["cutoff"] = pd.Timestamp(CUTOFF)
    back = np.where(np.arange(400) % 2 == 0, 0.8, 0.0)
    return rows, rows.assign(
        returned_spend=back * rows["settled_spend"], returns=back > 0, return_delay_days=10 * (back > 0)
    )


def test_spend_and_clv_are_the_share_of_what_is_ordered(shop):
    plain, returning = shop
    gross, net = ClvModel().fit(plain), ClvModel().fit(returning)
    kept = net.refunds.kept_share(returning)
    assert kept[::2].mean() < 0.35
    assert kept[1::2].mean() > 0.9
    np.testing.assert_array_equal(net.expected_purchases(returning, 90), gross.expected_purchases(plain, 90))
    for ask in (
        lambda model, rows: model.expected_spend(rows, 90),
        lambda model, rows: model.discounted_value(rows, 365, 0.3, 0.1),
    ):
        np.testing.assert_allclose(ask(net, returning), kept * ask(gross, plain), rtol=1e-12)
    spend, ordered = net.intervals(returning, 90)["spend"], gross.intervals(plain, 90)["spend"]
    np.testing.assert_allclose(spend.high, kept * ordered.high, rtol=2e-3)


def test_models_without_refunds_are_identical_to_the_byte(shop):
    plain, _ = shop
    without = plain.drop(columns=list(REFUND_COLUMNS))
    first, second = ClvModel().fit(plain), ClvModel().fit(without)
    assert first.expected_spend(plain, 90).tobytes() == second.expected_spend(without, 90).tobytes()
    by_hand = first.purchases.expected_purchases(_histories(plain), np.full(400, 90.0))
    by_hand = by_hand * first.spend.expected_spend_per_purchase(plain)
    assert first.expected_spend(plain, 90).tobytes() == by_hand.tobytes()


def _histories(rows):
    from churnclv.clv.rfm import read_histories

    return read_histories(rows)


def test_a_customer_who_keeps_nothing_is_expected_to_bring_nothing(shop):
    rows = shop[0].assign(returned_spend=shop[0]["settled_spend"], returns=1, return_delay_days=10)
    model = ClvModel().fit(rows)
    assert (model.expected_spend(rows, 90) == 0).all()
    assert (model.discounted_value(rows, 365, 0.3, 0.1) == 0).all()
    value, spend = model.value_interval(rows, 365, 0.3, 0.1), model.intervals(rows, 90)["spend"]
    assert all((bound == 0).all() for bound in (value.low, value.high, spend.low, spend.high))
    happened = pd.DataFrame({"purchases": 1.0, "spend": np.where(np.arange(400) % 2, 5.0, -5.0)})
    assert all(np.isfinite(part).all() for part in model.ranks(rows, 90, happened)["spend"])


def test_the_model_survives_its_file(shop, tmp_path):
    model = ClvModel().fit(shop[1])
    model.save(tmp_path)
    again = ClvModel.load(tmp_path)
    assert (
        again.discounted_value(shop[1], 365, 0.3, 0.1).tobytes()
        == model.discounted_value(shop[1], 365, 0.3, 0.1).tobytes()
    )


def test_the_past_rate_is_net_too(shop):
    plain, returning = shop
    found, ordered = predict_past_rate(returning, 30.0), predict_past_rate(plain, 30.0)
    np.testing.assert_allclose(found.spend[::2], 0.2 * ordered.spend[::2], rtol=1e-12)
    assert found.spend[1::2].tobytes() == ordered.spend[1::2].tobytes()


# --- the sentence ---


@pytest.mark.parametrize(
    ("refunds", "sentence", "spend"),
    [
        (Refunds.net, "Refunds (25.0% of revenue) are taken off spend and CLV (data.refunds=net).", "30.15"),
        (Refunds.gross, "Refunds (25.0% of revenue) are not taken off spend and CLV (data.refunds=gross).", "40.20"),
    ],
)
def test_the_sentence_names_the_share(connection, write_events, refunds, sentence, spend):
    rows = log(("ann", "2024-01-01", "30.10"), ("bob", "2024-01-01", "10.10"), ("bob", "2024-01-02", "-10.05"))
    totals = total_refunds(write_events(connection, rows), refunds)
    assert (totals.sentence, totals.spend) == (sentence, Decimal(spend))


def test_the_sentence_of_a_log_without_refunds(connection, write_events):
    totals = total_refunds(write_events(connection, log(("ann", "2024-01-01", "30.10"))), Refunds.net)
    assert totals.sentence == "The log has no refunds: spend is what orders cost."
