"""A table of a server is read as the same rows in a file are: same checks, counts and events."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnclv.data.database_table import open_table
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings, TableSettings
from churnclv.data.source import read_columns
from churnclv.errors import InputError

TYPES = {
    "Cust": "bigint", "At": "timestamp", "Paid": "numeric(12, 3)", "Rate": "double precision", "Small": "real",
    "Units": "smallint", "Where": "text", "Gift": "boolean", "Day": "date", "Zoned": "timestamptz", "Long": "integer",
}  # fmt: skip
IN_PARQUET = {
    "Cust": "BIGINT", "At": "TIMESTAMP", "Paid": "DECIMAL(12, 3)", "Rate": "DOUBLE", "Small": "FLOAT",
    "Units": "SMALLINT", "Where": "VARCHAR", "Gift": "BOOLEAN", "Day": "DATE", "Zoned": "TIMESTAMPTZ",
    "Long": "INTEGER",
}  # fmt: skip
ROLES = Columns(customer_id="Cust", timestamp="At", amount="Paid", quantity="Units", channel="Where")


def _rows(count=400):
    """Return rows with faults of every kind that typed columns can have, as texts; None is an empty cell."""
    random = np.random.default_rng(5)
    at = pd.Timestamp("2021-03-01") + pd.to_timedelta(random.integers(0, 3e7, count), unit="s")
    frame = pd.DataFrame(
        {
            "Cust": random.integers(1, 60, count),
            "At": at.astype(str),
            "Paid": [f"{cents / 1000:.3f}" for cents in random.integers(-5000, 90_000, count)],
            "Rate": np.round(random.gamma(2.0, 3.0, count), 7),
            "Small": np.round(random.normal(0, 1, count), 2),
            "Units": random.integers(0, 4, count),
            "Where": random.choice(["web", "Zürich", "it's", " a,b ", 'say "x"', ""], count),
            "Gift": random.choice(["true", "false"], count),
            "Day": at.strftime("%Y-%m-%d"),
            "Zoned": at.astype(str) + "+02",
            "Long": random.integers(-9, 2_000_000_000, count),
        }
    ).astype(str)
    cells = frame.astype(object)
    cells.loc[[3, 17], "Cust"], cells.loc[[5], "At"], cells.loc[[9, 10], "Paid"] = None, None, None
    cells.loc[[20], "At"], cells.loc[[21], "At"], cells.loc[[30, 31], "Where"] = "2199-01-01", "1901-05-05", None
    return pd.concat([cells, cells.iloc[[100, 101, 101]]], ignore_index=True)


def _put(server, rows, name="orders", types=TYPES):
    """Make a table with rows."""
    columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    schema, _, plain = name.rpartition(".")
    if schema:
        server.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    place = f'"{schema or "public"}"."{plain}"'
    server.execute(f"CREATE TABLE {place} ({columns})")
    with server.connect() as connection:
        cursor = connection.cursor()
        marks = ", ".join(f"%s::{kind}" for kind in types.values())
        cursor.executemany(f"INSERT INTO {place} VALUES ({marks})", rows.to_numpy().tolist())  # noqa: S608 # own names


def _parquet(rows, path):
    engine = connect(EngineSettings(threads=1)).con
    engine.register("rows", rows.astype("string[pyarrow]"))
    columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in IN_PARQUET.items())
    engine.execute(f"COPY (SELECT {columns} FROM rows) TO '{path}' (FORMAT parquet)")  # noqa: S608 # own
    return str(path)


def _settings(server, table="orders", **chosen):
    chosen = {"columns": ROLES, "max_set_aside_share": 1.0, "table": table, **chosen}
    return DataSettings(path=server.address(), **chosen)


def _read(settings):
    return read_events(connect(EngineSettings(threads=1)), settings)


def _refuse(settings):
    with pytest.raises(InputError) as caught:
        _read(settings)
    return str(caught.value)


@pytest.mark.parametrize(
    "chosen",
    [
        {"ignore_columns": ["Rate", "Zoned"], "static": {"gift": "Gift"}},
        {"columns": replace(ROLES, amount=None, price="Rate", timestamp="Zoned"), "timezone": "Europe/Rome"},
        {"columns": replace(ROLES, amount="Small", timestamp="Day", order_id="Long"), "amount_is_order_total": True},
    ],
    ids=["plain", "zone and price", "floats of totals"],
)
def test_a_table_gives_the_events_and_counts_of_the_same_rows_in_parquet(postgres, tmp_path, chosen):
    rows = _rows()
    if "static" in chosen:  # it must not change over time
        rows["Gift"] = "true"
    _put(postgres, rows)
    here, there = _settings(postgres, **chosen), _parquet(rows, tmp_path / "orders.parquet")
    table, file = _read(here), _read(replace(here, path=there, table=None))
    assert {**table.quality.as_dict(), "origin": ""} == {**file.quality.as_dict(), "origin": ""}
    assert table.quality.origin == "table public.orders"
    assert table.quality.rows_read == 403
    assert (
        table.table.order_by(table.table.columns).to_pyarrow() == file.table.order_by(file.table.columns).to_pyarrow()
    )
    assert read_columns(here) == list(TYPES)


KINDS = {
    "customer_id": "varchar(8)", "timestamp": "timestamptz", "amount": "euro", "paid": "numeric", "price": "money",
    "code": "uuid", "more": "jsonb", "parts": "integer[]", "state": "mood", "fixed": "char(4)",
}  # fmt: skip


def test_every_type_of_a_server_arrives_as_a_cell(postgres):
    code = "6ecd8c99-4036-403d-bf84-cf8400f67836"
    postgres.execute(
        "CREATE DOMAIN euro AS numeric(9, 2)",
        "CREATE TYPE mood AS ENUM ('glad')",
        f"CREATE TABLE kinds ({', '.join(f'{name} {kind}' for name, kind in KINDS.items())})",
        "INSERT INTO kinds VALUES ('a', '2021-01-02 03:04:05.5+02', 12.5, 1.000000000000000000001, 3.5, "
        """'6ecd8c99-4036-403d-bf84-cf8400f67836', '{"a": 1}', '{1,2}', 'glad', 'ab')""",
        "INSERT INTO kinds VALUES ('b', 'infinity', 'NaN', 'NaN', NULL)",
    )
    settings = _settings(postgres, "kinds", columns=Columns())
    with open_table(settings) as table:
        assert table.header == list(KINDS)
        assert table.numbers == {"amount", "paid", "price"}
        first, second = table.batches(table.header).read_all().to_pylist()
    moment = pd.Timestamp("2021-01-02 01:04:05.5+00").to_pydatetime()
    cells = ["a", moment, "12.50", "1.000000000000000000001", "3.50", code, '{"a": 1}', "{1,2}", "glad", "ab"]
    assert [cell.rstrip() if isinstance(cell, str) else cell for cell in first.values()] == cells
    assert list(second.values()) == ["b", None, "NaN", "NaN", *[None] * 6]
    read = _read(settings)
    assert {count.fault: count.rows for count in read.quality.faults if count.rows} == {
        "missing_date": 1, "non_finite_amount": 1, "time_zone": 1,
    }  # fmt: skip
    assert read.table.amount.execute().tolist() == [12.5]


def test_a_table_is_read_as_it_was_when_reading_began(postgres):
    _put(postgres, _rows().head(60))
    settings = _settings(postgres)
    with open_table(settings) as table:
        postgres.execute("DELETE FROM orders")
        read = table.batches(table.header).read_all()
    assert read.num_rows == 60
    assert _refuse(settings).startswith("table public.orders: has no rows.")


def test_a_large_table_arrives_in_batches(postgres):
    rows = "SELECT n AS customer_id, repeat('x', 60) AS item FROM generate_series(1, 600000) AS n"
    postgres.execute(f"CREATE VIEW large AS {rows}")
    with open_table(_settings(postgres, "large", columns=Columns("customer_id", "item", None))) as table:
        sizes = [(batch.num_rows, batch.nbytes) for batch in table.batches(table.header)]
    assert sum(rows for rows, _ in sizes) == 600_000
    assert len(sizes) > 1
    assert max(size for _, size in sizes) < 32 << 20


def test_what_keeps_a_table_from_being_read_is_one_message(postgres):
    _put(postgres, _rows().head(30), "shop.orders")
    _put(postgres, _rows().head(3), "shop.Other Orders")
    postgres.execute(
        "DROP ROLE IF EXISTS reader",
        f"CREATE ROLE reader LOGIN PASSWORD '{postgres.password}'",
        "GRANT USAGE ON SCHEMA shop TO reader",
        'GRANT SELECT ("Cust", "At", "Paid") ON shop."Other Orders" TO reader',
    )
    server, reader = postgres.address(), postgres.address(user="reader")
    names = "name one in data.table, or behind the address after a #: shop.Other Orders, shop.orders."
    assert _refuse(_settings(postgres, None)) == f"{server}: data.table is not set.\n  -> {names}"
    assert _refuse(_settings(postgres, "orders")) == f"{server}: there is no table orders.\n  -> {names}"
    assert _refuse(_settings(postgres, "shop.orders; DROP TABLE shop.orders")).endswith(names)
    grant = "GRANT SELECT ON shop.orders TO ...; with USAGE on its schema."
    refused = _refuse(replace(_settings(postgres, "shop.orders"), path=reader))
    assert refused == f"table shop.orders: may not be read by this user.\n  -> {grant}"
    columns = Columns("Cust", "At", "Paid")
    spelled = [replace(_settings(postgres, 'shop."Other Orders"', columns=columns), path=reader)]
    spelled += [replace(spelled[0], path=f"{reader}#shop.Other Orders", table=None)]
    assert [read_columns(settings) for settings in spelled] == [
        ["Cust", "At", "Paid"]
    ] * 2  # the others are not granted
    message = _refuse(_settings(postgres, "shop.orders", columns=Columns("customer")))
    assert message.startswith("table shop.orders: row 1: no column 'customer' (data.columns.customer_id), 'timestamp'")


def test_a_server_that_cannot_be_used_is_one_message_without_the_password(postgres, monkeypatch):
    remedy = "\n  -> is the server running, the address right, the password in PGPASSFILE or PGPASSWORD?"
    away = replace(_settings(postgres), path="postgresql://keeper@127.0.0.1:1/shop")
    message = _refuse(away)
    assert message.startswith("postgresql://keeper@127.0.0.1:1/shop: cannot be opened (")
    assert "Connection refused" in message
    assert message.endswith(remedy)
    assert "\n" not in message.removesuffix(remedy)
    gone = replace(_settings(postgres), path=postgres.address("nothing"))
    assert _refuse(gone) == f'{gone.path}: cannot be opened (database "nothing" does not exist).{remedy}'
    monkeypatch.setenv("PGPASSWORD", "S3CRET")
    here = _settings(postgres)
    refused = 'password authentication failed for user "keeper"'
    assert _refuse(here) == f"{here.path}: cannot be opened ({refused}).{remedy}"


def test_a_table_is_of_a_server_and_named_once():
    with pytest.raises(InputError, match=r"data\.table=orders, but data\.path is no address of a server"):
        DataSettings(path="orders.csv", table="orders")
    with pytest.raises(InputError, match=r"data\.table=orders, but data\.path names the table other"):
        DataSettings(path="postgresql://host/shop#other", table="orders")
    tables = {"views": TableSettings(path="views.csv", table="views")}
    with pytest.raises(InputError, match=r"data\.tables\.views\.table=views, but data\.tables\.views\.path is no"):
        DataSettings(path="orders.csv", tables=tables)


def test_without_the_driver_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "adbc_driver_postgresql", None)
    with pytest.raises(InputError) as caught:
        read_columns(DataSettings(path="postgresql://host/shop", table="orders"))
    install = "python -m pip install 'churnclv[postgres]'"
    assert str(caught.value) == f"data.path=postgresql://host/shop: the driver is missing.\n  -> {install}"
