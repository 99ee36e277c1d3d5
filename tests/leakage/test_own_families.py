"""A user's own family that sees more than the cut history is found out."""

from datetime import datetime, timedelta

import pytest

from churnclv.features.leakage import find_leaks
from churnclv.features.settings import FeatureSettings

CUTOFF = datetime(2024, 3, 1)
HONEST = """
def honest(history, settings):
    orders = history.filter(history.kind == "order")
    return orders.group_by(["customer_id", "cutoff"]).agg(spent=orders.amount.sum(), last=orders.item.max())
"""
CLIMBER = """
def climber(history, settings):
    events = history.op().parent.to_expr()  # above the filter
    later = events.filter((events.kind == "order") & (events.timestamp >= events.cutoff))
    seen = history.select("customer_id", "cutoff").distinct()
    counted = later.group_by(["customer_id", "cutoff"]).agg(next_orders=later.kind.count())
    joined = seen.left_join(counted, ["customer_id", "cutoff"])
    return joined.select("customer_id", "cutoff", next_orders=joined.next_orders.fill_null(0))
"""
THIEF = """
import ibis

def thief(history, settings):
    events = history.get_backend().table("events")
    seen = history.select("customer_id", "cutoff").distinct()
    orders = events.filter(events.kind == "order").group_by("customer_id").agg(orders_ever=events.kind.count())
    joined = seen.left_join(orders, "customer_id")
    return joined.select("customer_id", "cutoff", "orders_ever")
"""
GOSSIP = """
import ibis

def gossip(history, settings):
    told = ibis.memtable({{"customer_id": ["ann", "bob"], "leaves": [1.0, 0.0]}})  # learned elsewhere
    seen = history.select("customer_id", "cutoff").distinct()
    joined = seen.left_join(told, "customer_id")
    return joined.select("customer_id", "cutoff", "leaves")
"""


def order(name: str, day: int, amount: str = "5.00", item: str = "x") -> dict:
    moment = CUTOFF + timedelta(days=day)
    return {"customer_id": name, "timestamp": moment, "kind": "order", "amount": amount, "item": item}


@pytest.fixture
def events(connection, write_events):
    """Ann comes back after the cutoff, bob does not; one event lies on the cutoff itself."""
    rows = [order("ann", -30), order("ann", -3, "7.50", "y"), order("bob", -20), order("ann", 0), order("ann", 40)]
    return write_events(connection, rows)


def family(tmp_path, name: str, code: str) -> FeatureSettings:
    path = tmp_path / f"{name}.py"
    path.write_text(code.replace("{{", "{").replace("}}", "}"))
    return FeatureSettings(families=["recency", f"{path}:{name}"])


def test_an_honest_family_passes(tmp_path, events):
    assert find_leaks(events, [CUTOFF], family(tmp_path, "honest", HONEST)) == []


@pytest.mark.parametrize(
    ("name", "code", "column"),
    [("climber", CLIMBER, "next_orders of 1"), ("thief", THIEF, "orders_ever of 1"), ("gossip", GOSSIP, "leaves of 2")],
)
def test_a_cheat_is_found_by_name(tmp_path, events, name, code, column):
    (leak,) = find_leaks(events, [CUTOFF], family(tmp_path, name, code))
    assert leak.startswith(f"family {tmp_path / name}.py:{name} at 2024-03-01: {column} customers changes")


def test_a_cheat_that_fails_without_the_future_is_found(tmp_path, events):
    code = THIEF.replace('"events"', '"rows"').replace("thief", "finder")
    (leak,) = find_leaks(events, [CUTOFF], family(tmp_path, "finder", code))
    assert "it fails where nothing but the past is there" in leak


def test_customers_who_come_and_go_with_the_future_are_found(tmp_path, events):
    code = """
def crowd(history, settings):
    events = history.op().parent.to_expr()
    later = events.filter(events.timestamp > events.cutoff)
    return later.group_by(["customer_id", "cutoff"]).agg(seen=later.kind.count())
"""
    (leak,) = find_leaks(events, [CUTOFF], family(tmp_path, "crowd", code))
    assert "rows come and go" in leak


def test_built_in_families_are_not_asked_again(events):
    assert find_leaks(events, [CUTOFF], FeatureSettings(families=["recency", "money"])) == []
