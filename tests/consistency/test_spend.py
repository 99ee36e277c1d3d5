"""Spend adds up: the report's revenue is the sum of net amounts, and that of histories and labels."""

from datetime import datetime, timedelta
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings, Refunds
from churnclv.features.feature_table import TableDefinition, build_features
from churnclv.features.settings import FeatureSettings
from churnclv.report.cohorts import count_cohorts
from churnclv.report.customer_base import cut_customer_base
from churnclv.report.order_periods import count_periods
from churnclv.report.rfm_scores import standing
from churnclv.report.settings import ReportSettings
from churnclv.snapshots.customer_kinds import label_windows
from churnclv.snapshots.settings import WindowSettings

START, DAYS, HORIZON = datetime(2024, 1, 1), 244, 30  # to the end of August, in whole windows from day 64 on
SPELLINGS = {
    "negative rows": {},
    "cancelled invoices": {"columns": Columns(order_id="invoice"), "refund_order_pattern": "^C"},
    "kinds": {
        "columns": Columns(kind="type"),
        "kinds": {"sale": "order", "return": "refund", "chargeback": "refund", "store credit": "refund"},
    },
}


@pytest.fixture(scope="module")
def log():
    """Orders of 60 customers, a quarter of which come back in part or whole, some on the day and some much later."""
    random = np.random.default_rng(11)
    rows = []
    for place in range(600):
        at = START + timedelta(hours=int(random.integers(0, DAYS * 24)))
        customer, cents = f"c{random.integers(60):02}", int(random.integers(1, 20_000))
        rows.append((customer, at, Decimal(cents) / 100, f"{place}", "sale"))
        if random.random() < 0.25:
            back = at + timedelta(hours=int(random.choice([0, 2, 240, 1200])))
            part = Decimal(int(cents * random.choice([0.3, 1.0]))) / 100
            kind = random.choice(["return", "chargeback", "store credit"])
            rows.append((customer, back, -part, f"C{place}", kind))
    frame = pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount", "invoice", "type"])
    return frame[frame["timestamp"] < START + timedelta(days=DAYS)].reset_index(drop=True)


def read(log, **settings):
    return read_events(connect(EngineSettings(threads=1)), DataSettings(**settings), log.astype({"amount": str}))


def everyone(events, cutoff):
    return events.table.select("customer_id").distinct().mutate(cutoff=ibis.timestamp(str(cutoff)))


def label_sums(events):
    """Return the sums of the labels of all customers in consecutive windows, which end at the end of the log."""
    windows = WindowSettings(horizon_days=HORIZON)
    for first in range(64, DAYS, HORIZON):
        cutoff = START + timedelta(days=first)
        labels = label_windows(events.table, everyone(events, cutoff), (cutoff,), windows, refunds=events.refunds)
        frame = labels.execute()
        yield frame["spend"].sum(), frame["order_spend"].sum()


@pytest.mark.parametrize("spelling", list(SPELLINGS))
def test_revenue_is_the_sum_of_net_amounts_in_every_spelling(log, spelling):
    written = log
    if spelling != "negative rows":  # the amounts of cancelled invoices, or of kinds, may be of either sign
        written = log.assign(
            amount=[abs(amount) if place % 2 else amount for place, amount in enumerate(log["amount"])]
        )
    events = read(written, **SPELLINGS[spelling])
    net, ordered = sum(log["amount"]), sum(log.loc[log["amount"] > 0, "amount"])
    assert (events.refund_totals.ordered, events.refund_totals.spend) == (ordered, net)
    base = cut_customer_base(events, ReportSettings())
    assert count_periods(base)["spend"].sum() == pytest.approx(float(net), rel=1e-12)
    assert count_cohorts(base).counts["revenue"].sum() == pytest.approx(_of_buyers(log), rel=1e-12)
    by_customer = standing(base).execute().set_index("customer_id")["spend"].astype(float)
    by_hand = log.groupby("customer_id")["amount"].sum().astype(float).reindex(by_customer.index)
    np.testing.assert_allclose(by_customer, by_hand, rtol=1e-12)


def _of_buyers(log):
    return float(log[log["customer_id"].isin(log.loc[log["amount"] > 0, "customer_id"])]["amount"].sum())


def test_histories_and_labels_add_up_to_revenue(log):
    events = read(log)
    first = START + timedelta(days=64)
    settings = FeatureSettings(families=["money"])
    before = build_features(events.table, "", TableDefinition((first,), settings, WindowSettings()))
    history = (before["spend"] * (1.0 - before["refund_share"].fillna(0.0))).sum()
    assert history == pytest.approx(float(log.loc[log["timestamp"] < first, "amount"].sum()), rel=1e-9)
    total = history + sum(net for net, _ in label_sums(events))
    assert total == pytest.approx(float(sum(log["amount"])), rel=1e-9)
    assert total == pytest.approx(count_periods(cut_customer_base(events, ReportSettings()))["spend"].sum(), rel=1e-9)


def test_gross_leaves_refunds_out_everywhere(log):
    events = read(log, refunds=Refunds.gross)
    ordered = float(sum(log.loc[log["amount"] > 0, "amount"]))
    assert float(events.refund_totals.spend) == ordered
    assert count_periods(cut_customer_base(events, ReportSettings()))["spend"].sum() == pytest.approx(
        ordered, rel=1e-12
    )
    after = log[log["timestamp"] >= START + timedelta(days=64)]
    sums = list(label_sums(events))
    assert sum(net for net, _ in sums) == sum(orders for _, orders in sums)
    assert sum(net for net, _ in sums) == pytest.approx(
        float(after.loc[after["amount"] > 0, "amount"].sum()), rel=1e-12
    )


def test_the_order_of_the_rows_changes_no_figure_of_spend(log):
    events, cutoff = read(log), (START + timedelta(days=180),)
    settings, windows = FeatureSettings(families=["money"]), WindowSettings(horizon_days=HORIZON)
    expected = build_features(events.table, "", TableDefinition(cutoff, settings, windows))
    shuffled = read(log.sample(frac=1.0, random_state=5))
    pd.testing.assert_frame_equal(
        build_features(shuffled.table, "", TableDefinition(cutoff, settings, windows)), expected, check_exact=True
    )
    assert shuffled.refund_totals == events.refund_totals
    assert list(label_sums(shuffled)) == list(label_sums(events))
