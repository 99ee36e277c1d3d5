"""Fixtures of several rooms: canonical events from rows, without the way through a file."""

import gc
import os
import sys

import pandas as pd
import pytest

import examples  # noqa: F401 # it registers the profiles
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.schema import EVENT_COLUMNS
from churnclv.data.spark_session import has_java, open_session
from postgres_server import run_server

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # commands keep bytecode, as they do for users
sys.dont_write_bytecode = False

_QUICK = {  # on a few rows, most of the time goes into planning, compiling and starting tasks
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
_SHOP = {"trained", "exported", "scored"}  # fixtures that train: one worker has them
_TYPES = {"timestamp": "timestamp", "amount": "decimal(18, 4)", "quantity": "decimal(18, 4)"}


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in this hook of its own, which is registered later
def pytest_collection_modifyitems(config, items):
    """Give tests that share a fixture to one worker, which makes it once; the other slow ones begin before the rest."""
    for item in items:
        if group := _shared_by(item):
            item.add_marker(pytest.mark.xdist_group(group))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (not item.get_closest_marker("xdist_group"), not item.get_closest_marker("slow")))


def pytest_collection_finish(session):
    """Let the collector of garbage leave alone what stays to the end: thousands of tests, and the libraries."""
    del session
    gc.collect()
    gc.freeze()


def _shared_by(item):
    """Return the name of those who share a fixture with a test: all that use the trained shop, a class, or a file."""
    if _SHOP & set(item.fixturenames):
        return "shop"
    for engine in ("postgres", "spark"):
        if engine in item.fixturenames:
            return engine
    definitions = item._fixtureinfo.name2fixturedefs
    scopes = {definitions[name][-1].scope for name in item.fixturenames if definitions.get(name)}
    if "module" in scopes:
        return item.location[0]
    return item.nodeid.rpartition("::")[0] if "class" in scopes else None


@pytest.fixture(scope="session")
def postgres_server():
    """Return a PostgreSQL server that lasts as long as the tests; without one, skip the test."""
    with run_server() as server:
        yield server


@pytest.fixture
def postgres(postgres_server, monkeypatch):
    """Return the server, whose password is in the environment, with an empty database `shop`."""
    monkeypatch.setenv("PGPASSWORD", postgres_server.password)
    postgres_server.fresh_database("shop")
    return postgres_server


@pytest.fixture(scope="session")
def spark():
    """Return a session of Spark with two threads; without pyspark or Java, skip the test."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'churnclv[spark]'")
    if not has_java():
        pytest.skip("no Java runtime: Spark needs one")
    session = open_session("local[2]")
    for name, value in _QUICK.items():
        session.conf.set(name, value)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def write_events():
    """Return a function that writes rows (dicts by column) as the canonical event table of a connection."""

    def write(connection, rows):
        frame = pd.DataFrame(rows, columns=list(EVENT_COLUMNS)).astype(object)
        frame = frame.where(frame.notna(), None).map(lambda cell: None if cell is None else str(cell))
        connection.con.register("rows", frame.astype("string[pyarrow]"))
        columns = ", ".join(f"{name}::{_TYPES.get(name, 'varchar')} AS {name}" for name in EVENT_COLUMNS)
        connection.con.execute(f"CREATE OR REPLACE TABLE events AS SELECT {columns} FROM rows")  # noqa: S608 # own names
        return connection.table("events")

    return write


@pytest.fixture(scope="session")
def connection():
    """Return one connection for all: `write_events` replaces its table."""
    return connect(EngineSettings(threads=1))


@pytest.fixture(scope="session")
def look():
    """Return a function that gives the customer base of a raw log, a frame, under the report's settings named."""
    from churnclv.data.engine import EngineSettings, connect
    from churnclv.data.events import read_events
    from churnclv.data.settings import DataSettings
    from churnclv.report.customer_base import cut_customer_base
    from churnclv.report.settings import ReportSettings

    def look(log, data=None, **report):
        settings = DataSettings(**{"max_set_aside_share": 1.0, **(data or {})})
        return cut_customer_base(read_events(connect(EngineSettings()), settings, log), ReportSettings(**report))

    return look
