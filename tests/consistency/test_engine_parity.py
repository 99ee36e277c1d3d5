"""Families, labels and populations are one definition: every engine gives the same counts, and numbers to 1e-9.

A further engine is one item of `ENGINES`: it takes the events and returns a function that runs expressions over them.
"""

from datetime import datetime, timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.schema import EVENT_COLUMNS, KINDS
from churnclv.data.settings import CustomerKind, Refunds
from churnclv.features.families import BUILT_IN, find_family
from churnclv.features.feature_table import TableDefinition, feature_table
from churnclv.features.refund_history import refund_history
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.contract_labels import count_reasons, leaving_labels
from churnclv.snapshots.customer_kinds import members
from churnclv.snapshots.history import KEYS, cut_history, daily_purchases
from churnclv.snapshots.labels import purchase_labels, weekly_purchases
from churnclv.snapshots.settings import WindowSettings

TYPES = {"timestamp": "timestamp", "amount": "decimal(18, 4)", "quantity": "decimal(18, 4)"}
EVENTS = ibis.table({name: TYPES.get(name, "string") for name in (*EVENT_COLUMNS, "static_country")}, name="events")
CUTOFFS = (datetime(2021, 5, 1), datetime(2021, 9, 15))
HISTORY = cut_history(EVENTS, CUTOFFS)
WINDOWS = WindowSettings(horizon_days=60, active_days=200, min_purchases=2)
SETTINGS = FeatureSettings(actions=["view", "add to cart"], channels=["email", "sms"])
CONTRACTUAL, TERMS = CustomerKind.contractual, WindowSettings(horizon_days=60)


def _labels(refunds):
    return purchase_labels(EVENTS, members(HISTORY, WINDOWS).select(KEYS), CUTOFFS, WINDOWS, refunds)


EXPRESSIONS = {
    **{f"family {name}": find_family(name)(HISTORY, SETTINGS) for name in BUILT_IN},
    "refund history": refund_history(HISTORY, SETTINGS),
    "population of buyers": members(HISTORY, WINDOWS),
    "population under contract": members(HISTORY, TERMS, CONTRACTUAL),
    "labels net": _labels(Refunds.net),
    "labels gross": _labels(Refunds.gross),
    "labels of contracts": leaving_labels(EVENTS, members(HISTORY, TERMS, CONTRACTUAL), CUTOFFS, TERMS),
    "weekly purchases": weekly_purchases(EVENTS, members(HISTORY, WINDOWS), CUTOFFS[1], 60),
    "daily purchases": daily_purchases(EVENTS, CUTOFFS[1]),
    "reasons": count_reasons(EVENTS, CUTOFFS[1]),
    "feature table": feature_table(EVENTS, TableDefinition(CUTOFFS, FeatureSettings(families=["money"]), WINDOWS)),
}


def draw_events(count=1500):
    """Return events of every kind and with every kind of gap, at times that are seldom whole days."""
    random = np.random.default_rng(11)
    kinds = random.choice([*KINDS, *["order"] * 12, *["action"] * 6, "refund", "refund"], count)
    seconds = random.integers(0, 300 * 86_400, count)
    is_sale = np.isin(kinds, ["order", "refund", "discount"])
    blank = random.random((count, 6)) < 0.2
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{number:02}" for number in random.integers(0, 50, count)],
            "timestamp": [str(datetime(2021, 1, 1) + timedelta(seconds=int(each))) for each in seconds],
            "kind": kinds,
            "amount": np.where(is_sale, np.round(random.gamma(2.0, 20.0, count), 2), np.nan),
            "quantity": random.integers(1, 5, count),
            "order_id": [f"o{number}" for number in random.integers(0, 900, count)],
            "item": random.choice(["view", "add to cart", "tea", "mug", "Zürich"], count),
            "category": random.choice(["a", "b", "c", "d"], count),
            "channel": random.choice(["web", "shop", "email", "sms"], count),
            "session_id": [f"s{number}" for number in random.integers(0, 400, count)],
            "other_id": [f"c{number:02}" for number in random.integers(0, 70, count)],
        }
    )
    frame["static_country"] = frame["customer_id"].map(lambda name: ["IT", "DE", None][int(name[1:]) % 3])
    cells = frame.astype(object)
    for place, name in enumerate(("order_id", "item", "category", "channel", "session_id", "other_id")):
        cells.loc[blank[:, place], name] = None
    cells.loc[kinds == "refund", "amount"] *= -1
    return cells.where(cells.notna(), None)


def run_on_duckdb(events):
    """Return a function that runs an expression in the engine that the project works in."""
    connection = connect(EngineSettings(threads=1))
    connection.con.register("rows", events.map(lambda cell: None if cell is None else str(cell)))
    columns = ", ".join(f"{name}::{_sql(name)} AS {name}" for name in events.columns)
    connection.con.execute(f"CREATE TABLE events AS SELECT {columns} FROM rows")  # noqa: S608 # own names
    return connection.to_pandas


def _sql(name):
    return TYPES.get(name, "varchar").replace("decimal", "numeric")


def run_on_postgres(request, events):
    """Return a function that runs an expression on a server, through the driver by which tables are read."""
    from adbc_driver_postgresql import dbapi

    server = request.getfixturevalue("postgres")
    server.execute(f"CREATE TABLE events ({', '.join(f'{name} {_sql(name)}' for name in events.columns)})")
    with server.connect() as connection:
        marks = ", ".join(f"%s::{_sql(name)}" for name in events.columns)
        rows = events.to_numpy().tolist()
        connection.cursor().executemany(f"INSERT INTO events VALUES ({marks})", rows)  # noqa: S608 # own names
    opened = dbapi.connect(server.address(), autocommit=True)
    request.addfinalizer(opened.close)

    def run(expression):
        with opened.cursor() as cursor:
            cursor.execute(str(ibis.to_sql(expression, dialect="postgres")))
            return cursor.fetch_arrow_table().to_pandas()

    return run


def run_on_spark(request, events):
    """Return a function that runs an expression on Spark, in two threads of this machine."""
    session = request.getfixturevalue("spark")
    cells = {name: [None if pd.isna(cell) else str(cell) for cell in events[name]] for name in events.columns}
    texts = session.createDataFrame(pa.table(cells))
    kinds = {name: TYPES.get(name, "string").replace("timestamp", "timestamp_ntz") for name in events.columns}
    typed = texts.select(*[texts[name].cast(kind).alias(name) for name, kind in kinds.items()])
    typed.cache().createTempView("events")
    request.addfinalizer(lambda: session.catalog.dropTempView("events"))
    connection = ibis.pyspark.connect(session)
    return lambda expression: session.sql(connection.compile(expression)).toArrow().to_pandas()


ENGINES = {"postgres": run_on_postgres, "spark": run_on_spark}
SLOW = {"spark"}  # it takes a second or more to plan each of the larger queries


@pytest.fixture(scope="module")
def events():
    return draw_events()


def _plain(frame, schema):
    """Return a result's columns as plain types, its rows in an order of their own."""
    columns = {}
    for name, kind in schema.items():
        cells = frame[name]
        if kind.is_numeric() or kind.is_boolean():
            columns[name] = pd.to_numeric(cells.map(lambda cell: None if cell is None else float(cell)))
        else:
            columns[name] = cells.map(lambda cell: None if pd.isna(cell) else str(cell))
    keys = [name for name in schema if not schema[name].is_floating()]
    return pd.DataFrame(columns).sort_values(keys, ignore_index=True)


@pytest.mark.parametrize("engine", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in ENGINES])
def test_every_definition_gives_the_same_on_every_engine(request, events, engine):
    run, other = run_on_duckdb(events), ENGINES[engine](request, events)
    for name, expression in EXPRESSIONS.items():
        schema = expression.schema()
        here, there = _plain(run(expression), schema), _plain(other(expression), schema)
        assert len(here) > 0, name
        for column, kind in schema.items():
            label, tolerance = f"{name}: {column}", 1e-9 if kind.is_floating() else 0.0
            if kind.is_numeric() or kind.is_boolean():
                np.testing.assert_allclose(there[column], here[column], tolerance, 0.0, err_msg=label)
            else:
                assert there[column].tolist() == here[column].tolist(), label
