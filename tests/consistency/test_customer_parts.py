"""Features do not depend on the number of parts in which customers are computed, nor on threads: to the byte."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings
from churnclv.features.family import FAMILIES, is_per_customer
from churnclv.features.feature_table import TableDefinition, build_features, compute_features, feature_table
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings
from churnclv.testing.market import Market, simulate

CUTOFFS = [pd.Timestamp(f"2011-0{month}-01").to_pydatetime() for month in (2, 5, 8)]
SOME = ["recency", "money", "referral"]  # and one of a user's file
ALL = [*SOME, "frequency", "cadence", "trend", "calendar", "basket", "journey", "engagement"]
OTHERS = """
def share_of_all(history, settings):
    orders = history.filter(history.kind == "order")
    everybody = orders.group_by("cutoff").agg(everybody=orders.count())
    each = orders.group_by(["customer_id", "cutoff"]).agg(orders=orders.count())
    joined = each.join(everybody, "cutoff")
    return joined.select("customer_id", "cutoff", share_of_all_orders=joined.orders / joined.everybody)
"""


def _log():
    """Return orders with refunds, items, actions, messages and invitations."""
    random = np.random.default_rng(3)
    log = simulate(Market(customers=120), seed=3).log
    log = log.assign(kind="order", item=random.choice(["a", "b", "c"], len(log)))
    kinds = ["action", "send", "open", "click", "referral", "refund", "discount"]
    further = log.sample(len(log), random_state=3, replace=True, ignore_index=True)
    further = further.assign(
        kind=random.choice(kinds, len(further)), to=random.permutation(further["customer_id"].to_numpy())
    )
    further["timestamp"] += pd.to_timedelta(random.integers(0, 40, len(further)), unit="D")
    return pd.concat([log, further], ignore_index=True)


def _events(threads):
    columns = Columns(kind="kind", item="item", other_id="to")
    policies = DataSettings(columns=columns, max_set_aside_share=1.0)
    return read_events(connect(EngineSettings(threads=threads)), policies, _log())


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    path = tmp_path_factory.mktemp("families") / "others.py"
    path.write_text(OTHERS)
    return f"{path}:share_of_all"


def _digest(frame):
    return hashlib.sha256(frame.to_csv(index=False, float_format="%.17g").encode()).hexdigest()


@pytest.mark.parametrize(
    ("families", "parts", "threads"),
    [
        (SOME, 1, 1),
        (SOME, 3, 2),
        pytest.param(ALL, 3, 1, marks=pytest.mark.slow),
        pytest.param(SOME, 16, 2, marks=pytest.mark.slow),
    ],
)
def test_parts_and_threads_change_no_byte(others, families, parts, threads):
    events, settings = _events(threads), FeatureSettings(families=[*families, others])
    in_one_query = feature_table(events.table, TableDefinition(CUTOFFS, settings, WindowSettings())).execute()
    frame = compute_features(events.table, TableDefinition(CUTOFFS, settings, WindowSettings()), parts=parts)
    numbers = in_one_query.astype({name: frame[name].dtype for name in frame.columns})
    pd.testing.assert_frame_equal(frame, numbers, check_exact=True)
    assert _digest(frame) == _digest(numbers)
    assert frame["share_of_all_orders"].gt(0).any()
    assert frame["invited_buyers"].gt(0).any()
    left = events.connection.con.execute("SELECT table_name FROM information_schema.tables").fetchall()
    assert left == [("events",)], "a work table is left"


def test_every_family_of_the_project_but_referral_needs_its_own_customer_only():
    across = [name for name, family in FAMILIES.built_in.items() if not is_per_customer(family)]
    assert across == ["referral"]


def test_the_cached_table_is_the_computed_one(others, tmp_path):
    events, settings = _events(1), FeatureSettings(families=[*SOME, others])
    computed = compute_features(events.table, TableDefinition(CUTOFFS, settings, WindowSettings()))
    for _ in range(2):  # made, and read again
        cached = build_features(events.table, "", TableDefinition(CUTOFFS, settings, WindowSettings()), tmp_path)
        pd.testing.assert_frame_equal(cached, computed, check_exact=True)
    assert len(list(tmp_path.iterdir())) == 1
