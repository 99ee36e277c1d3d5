"""The sample of customers is stable, blind to behaviour, and changes no feature of who is in it."""

import dataclasses

import pandas as pd
import pytest

from churnclv.data.customer_sample import sample_customers
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings
from churnclv.features.preparation import prepare
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings
from churnclv.testing.market import Market, simulate

CUTOFFS = [pd.Timestamp(f"2011-0{month}-01").to_pydatetime() for month in (2, 5, 8)]
WINDOWS = WindowSettings(horizon_days=60)


def _events(log):
    settings = DataSettings(columns=Columns(kind="kind", other_id="to"), max_set_aside_share=1.0)
    return read_events(connect(EngineSettings(threads=1)), settings, log)


def _log():
    """Return orders, and an invitation by every customer of another one."""
    orders = simulate(Market(customers=200), seed=5).log.assign(kind="order", to=None)
    ids = orders["customer_id"].unique()
    first = orders["timestamp"].min()
    invitations = pd.DataFrame(
        {"customer_id": ids, "to": ids[::-1], "kind": "referral", "timestamp": first, "amount": 0}
    )
    return pd.concat([orders, invitations], ignore_index=True)


@pytest.fixture(scope="module")
def log():
    return _log()


@pytest.fixture(scope="module")
def events(log):
    return _events(log)


def _customers(sampled):
    return set(sampled.table.select("customer_id").distinct().execute()["customer_id"])


def test_a_log_within_the_limit_is_taken_as_it_is(events):
    assert sample_customers(events, 200) is events
    assert sample_customers(events, None) is events
    assert events.learned_fingerprint == events.quality.fingerprint
    assert events.quality.sample_lines() == []


def test_a_sample_has_so_many_customers_and_all_their_events(events):
    sampled = sample_customers(events, 60)
    kept, everybody = _customers(sampled), events.table.execute()
    assert len(kept) == sampled.quality.learned == 60
    assert int(sampled.table.count().execute()) == everybody["customer_id"].isin(kept).sum()
    assert sampled.whole is events.table
    assert "60 of the 200 customers" in sampled.quality.sample_lines()[0]
    assert sampled.learned_fingerprint != events.learned_fingerprint


def test_a_larger_limit_keeps_the_customers_of_a_smaller_one(events):
    assert _customers(sample_customers(events, 30)) < _customers(sample_customers(events, 60))


def test_a_later_log_keeps_the_customers_but_those_whom_new_ones_replace(log, events):
    newer = log[log["kind"] == "order"].assign(customer_id=lambda rows: "N" + rows["customer_id"])
    later = _customers(sample_customers(_events(pd.concat([log, newer.head(80)])), 60))
    earlier = _customers(sample_customers(events, 60))
    joined = {customer for customer in later if customer.startswith("N")}
    assert joined
    assert later - joined < earlier
    assert len(earlier - later) == len(joined)


def test_what_customers_do_does_not_change_who_is_in_it(log, events):
    other = log.assign(amount=1.0)[~((log["kind"] == "order") & log.duplicated(["customer_id", "kind"]))]
    assert _customers(sample_customers(_events(other), 60)) == _customers(sample_customers(events, 60))


def test_features_and_labels_of_the_sample_are_those_among_everybody(events, tmp_path):
    settings = FeatureSettings(families=["recency", "money", "referral"])
    sampled = sample_customers(events, 60)
    whole, part = (prepare(each, CUTOFFS[:-1], CUTOFFS[-1], settings, WINDOWS, tmp_path) for each in (events, sampled))
    kept = _customers(sampled)
    for name in ("features", "labels"):
        rows = whole.training.features["customer_id"].isin(kept)
        wanted = getattr(whole.training, name)[rows].reset_index(drop=True)
        pd.testing.assert_frame_equal(getattr(part.training, name), wanted, check_exact=True)
    assert part.training.features["invited_buyers"].sum() > 0, "those whom they invited are not in the sample"


def test_everybody_is_the_default_of_events(events):
    fields = {field.name: field.default for field in dataclasses.fields(events)}
    assert fields["everyone"] is None
