"""Nothing from a cutoff on reaches the families of optional events."""

from datetime import datetime, timedelta
from functools import lru_cache

import ibis
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pyarrow import compute

from churnclv.data.schema import EVENT_COLUMNS
from churnclv.features.families import present_families
from churnclv.features.feature_table import TableDefinition, feature_table
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings
from examples import examples

MICROSECOND = timedelta(microseconds=1)
MIDNIGHT, LATER, NOON = datetime(2024, 3, 1), datetime(2024, 3, 31), datetime(2024, 2, 29, 12, 0, 0, 7)
FAMILIES = FeatureSettings(
    families=["basket", "journey", "engagement", "referral", "treatments"],
    lookback_days=[1, 30],
    actions=["x"],
    channels=["web"],
)
TYPES = {"timestamp": "timestamp(6)", "amount": "decimal(18, 4)", "quantity": "decimal(18, 4)"}
EVENTS = ibis.schema({name: TYPES.get(name, "string") for name in EVENT_COLUMNS})
KINDS = (
    "order", "order", "refund", "discount", "action", "send", "open", "click", "unsubscribe", "referral", "treatment",
)  # fmt: skip

quick = examples(10)
thorough = examples(80, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def moments(draw):
    """Return instants around the cutoffs: on a border, one microsecond off it, or some days away."""
    base = draw(st.sampled_from([NOON, NOON, LATER]))
    away = timedelta(days=draw(st.sampled_from([0, 0, 1, 2, 30, 31, 60, 400])))
    near = draw(st.sampled_from([timedelta(0), MICROSECOND, timedelta(hours=7)]))
    return base + draw(st.sampled_from([-1, 1])) * away + draw(st.sampled_from([-1, 1])) * near


event = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["ann", "bob", "cat"]),
        "timestamp": moments(),
        "kind": st.sampled_from(KINDS),
        "amount": st.none() | st.integers(0, 9999).map(lambda cents: f"{cents / 100:.2f}"),
        "quantity": st.none() | st.integers(0, 9),
        "order_id": st.none(),
        "item": st.none() | st.sampled_from(["x", "y"]),
        "category": st.none() | st.sampled_from(["u", "v"]),
        "channel": st.none() | st.sampled_from(["web", "shop"]),
        "session_id": st.none() | st.sampled_from(["1", "2"]),
        "other_id": st.none() | st.sampled_from(["ann", "bob", "zoe"]),
    }
)
logs = st.lists(event, max_size=16)


@lru_cache
def compiled(cutoffs):
    """Return the SQL of the feature table: compiling it takes longer than running it."""
    empty = ibis.table(EVENTS, name="events")
    return str(ibis.to_sql(feature_table(empty, TableDefinition(cutoffs, FAMILIES, WindowSettings())), "duckdb"))


@pytest.fixture(scope="module")
def features_of(connection, write_events):
    """Return a function from rows to the feature table, as a typed Arrow table: equal means equal in every bit."""

    def features(rows, *cutoffs):
        write_events(connection, rows)
        return connection.con.execute(compiled(cutoffs)).to_arrow_table()

    return features


def before(rows, cutoff):
    return [row for row in rows if row["timestamp"] < cutoff]


def since(rows, cutoff):
    return [row for row in rows if row["timestamp"] >= cutoff]


def assert_the_future_changes_nothing(features_of, rows, others):
    """Compare any two logs that agree before a cutoff, and a pass over one cutoff with a pass over two."""
    past = before(rows, NOON)
    expected = features_of(past, NOON)
    assert expected.num_rows == len({row["customer_id"] for row in past if row["kind"] in ("order", "refund")})
    for future in (since(rows, NOON), since(others, NOON)):
        assert features_of(past + future, NOON).equals(expected)
    together = features_of(rows, NOON, LATER)
    assert together.filter(compute.equal(together["cutoff"], NOON)).equals(expected)


@quick
@given(logs, logs)
def test_later_events_and_cutoffs_change_no_feature(features_of, rows, others):
    assert_the_future_changes_nothing(features_of, rows, others)


@pytest.mark.slow
@thorough
@given(logs, logs)
def test_later_events_and_cutoffs_change_no_feature_in_80_logs(features_of, rows, others):
    assert_the_future_changes_nothing(features_of, rows, others)


def dense_log(seed):
    """Return 300 events of a few customers, so many that each has each kind before and after each cutoff."""
    random = np.random.default_rng(seed)
    values = {"item": ["x", "y"], "category": ["u", "v", "w"], "channel": ["web", None], "session_id": ["1", "2", None]}
    return [
        {
            "customer_id": f"c{random.integers(6)}",
            "timestamp": NOON + timedelta(hours=int(random.integers(-1500, 1500))),
            "kind": str(random.choice(KINDS)),
            "amount": "1.10",
            "quantity": int(random.integers(4)),
            "other_id": f"c{random.integers(6)}",
            **{name: random.choice(choices) for name, choices in values.items()},
        }
        for _ in range(300)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_later_events_and_cutoffs_change_no_feature_of_a_dense_log(features_of, seed):
    late = ("c0", "c4")  # they order from the cutoff on only, though others invite them before
    log = dense_log(seed)
    rows = [
        row
        for row in log
        if (row["kind"], row["timestamp"] < NOON) != ("order", True) or row["customer_id"] not in late
    ]
    assert_the_future_changes_nothing(features_of, rows, dense_log(seed + 100))
    assert_the_future_changes_nothing(features_of, rows, [])


def test_what_appears_at_or_after_a_moment_switches_no_family_on(connection, write_events):
    past = [{"customer_id": "ann", "timestamp": MIDNIGHT - MICROSECOND, "kind": "order", "amount": "1.00"}]
    kinds = ("action", "send", "open", "click", "unsubscribe", "referral", "treatment", "discount", "contract_start")
    future = [{**past[0], "timestamp": MIDNIGHT, "kind": kind} for kind in kinds]
    future.append({**past[0], "timestamp": MIDNIGHT, "item": "tea", "category": "drinks"})
    events = write_events(connection, past + future)
    usual = FeatureSettings().families
    until = present_families(events, usual, MIDNIGHT)
    assert until == ["recency", "frequency", "money", "cadence", "trend", "calendar", "attributes"]
    assert set(present_families(events, usual, MIDNIGHT + MICROSECOND)) == set(usual)
