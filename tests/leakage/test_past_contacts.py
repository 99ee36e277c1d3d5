"""The table of past contacts: features end where the day of the contact begins, and what came after is refused."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings, Policies, Policy
from churnclv.decision.past_contacts import PastContacts
from churnclv.errors import InputError
from churnclv.pipeline.campaign_table import contact_table
from churnclv.pipeline.settings import CampaignTableConfig
from churnclv.snapshots.settings import WindowSettings
from churnclv.uplift.column_leakage import require_before_treatment

DAY, CUSTOMERS = datetime(2024, 6, 1), 400
DATA = DataSettings(
    columns=Columns(kind="kind", item="item"), policy=Policies(exact_duplicate=Policy.keep, same_day_order=Policy.keep)
)
LATER = ["stayed", "later_purchases", "later_spend"]


def simulate():
    """Return a log of orders before and after the day, and who is contacted on it."""
    random = np.random.default_rng(4)
    who = np.array([f"c{n:03}" for n in range(CUSTOMERS)])
    treated = random.random(CUSTOMERS) < 0.5
    before, later = 1 + random.poisson(3.0, CUSTOMERS), random.poisson(1.5, CUSTOMERS)  # everybody bought before
    orders = np.concatenate([np.repeat(who, before), np.repeat(who, later)])
    days = np.concatenate([random.integers(-150, 0, before.sum()), random.integers(0, 90, later.sum())])
    log = pd.DataFrame({
        "customer_id": orders, "timestamp": pd.Timestamp(DAY) + pd.to_timedelta(days * 24 + 10, unit="h"),
        "kind": "order", "item": "tea", "amount": random.gamma(2.0, 10.0, len(orders)).round(2),
    })  # fmt: skip
    end = log.iloc[:1].assign(timestamp=pd.Timestamp(DAY) + pd.Timedelta(days=120))
    sent = log.iloc[: treated.sum()].assign(
        customer_id=who[treated], timestamp=pd.Timestamp(DAY), kind="treatment", item="letter", amount=1.0
    )
    return pd.concat([log, end, sent]), np.where(treated, "letter", "none"), who


def table_of(log, arms, who):
    past = PastContacts(
        pd.DataFrame({"customer_id": who, "cutoff": DAY, "treatment": arms}), [DAY], drawn=True, contacts=0
    )
    events = read_events(connect(EngineSettings(threads=1)), DATA, log)
    return contact_table(past, events, CampaignTableConfig(windows=WindowSettings(horizon_days=60)))


@pytest.fixture(scope="module")
def made():
    return simulate()


@pytest.fixture(scope="module")
def table(made):
    return table_of(*made)


def test_nothing_from_the_day_on_changes_what_was_known_before(made, table):
    log, arms, who = made
    before = log[log["timestamp"] < DAY]
    later = log[log["timestamp"] >= DAY].assign(amount=999.0, customer_id=who[3])
    more = pd.concat(
        [later.assign(kind=kind, timestamp=pd.Timestamp(DAY)) for kind in ("order", "treatment", "action")]
    )
    other = table_of(pd.concat([before, later, more]), arms, who)
    known = [name for name in table if name not in LATER]
    pd.testing.assert_frame_equal(other[known], table[known], check_exact=True)
    assert not other[LATER].equals(table[LATER])


def test_nothing_before_the_day_or_from_the_horizons_end_on_is_an_outcome(made, table):
    log, arms, who = made
    end = pd.Timestamp(DAY) + pd.Timedelta(days=60)
    moved = log.assign(timestamp=log["timestamp"].mask(log["timestamp"] >= end, end + pd.Timedelta(days=60)))
    pd.testing.assert_frame_equal(table_of(moved, arms, who)[LATER], table[LATER])
    inside = log[(log["timestamp"] >= DAY) & (log["timestamp"] < end) & (log["kind"] == "order")]
    assert table["later_spend"].sum() == pytest.approx(inside["amount"].sum())


def test_what_came_after_the_contact_is_refused_by_name_as_a_feature(table):
    arm, stayed = (table["treatment"] == "letter").to_numpy(dtype=np.int64), table["stayed"].to_numpy(dtype=float)
    features = table.drop(columns=["customer_id", "treatment", "stayed"]).select_dtypes("number")
    with pytest.raises(InputError, match=r"'later_purchases' alone predicts the outcome.*'later_spend' alone"):
        require_before_treatment(features, arm, stayed, [], randomised=True)
    require_before_treatment(features.drop(columns=LATER[1:]), arm, stayed, [], randomised=True)
