"""Addresses of servers, and where the password comes from."""

import sys

import pytest
import sqlalchemy

from churnclv.databases import (
    alone_on,
    find_password,
    is_address,
    is_server,
    open_address,
    split_address,
    with_password,
    with_table,
)
from churnclv.errors import InputError
from churnclv.tracking.home import Home
from churnclv.tracking.settings import TrackingSettings

LOGIN = {"host": "db.example.org", "port": 5433, "database": "shop", "user": "ann"}
FILE = r"""# host:port:database:user:password
other:5433:shop:ann:no
db.example.org:5433:shop:bob:no
db.example.org:*:shop:ann:S3\:CR\\ET
*:*:*:*:later
"""


@pytest.fixture
def password_file(tmp_path, monkeypatch):
    """Return the password file of a user without PGPASSWORD."""
    path = tmp_path / "passwords"
    path.write_text(FILE)
    path.chmod(0o600)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(path))
    return path


def test_the_password_is_that_of_the_first_line_that_fits(password_file, monkeypatch):
    assert find_password(LOGIN) == "S3:CR\\ET"
    assert find_password({"user": "ann"}) == "later"
    password_file.write_text("localhost:5432:ann:ann:mine\n")
    assert find_password({"user": "ann"}) == "mine"
    assert find_password(LOGIN) is None
    monkeypatch.setenv("PGPASSWORD", "first")
    assert find_password(LOGIN) == "first"


def test_a_password_file_that_others_may_read_or_that_is_away_has_none(password_file):
    password_file.chmod(0o640)
    assert find_password(LOGIN) is None
    password_file.unlink()
    assert find_password(LOGIN) is None


@pytest.mark.usefixtures("password_file")
def test_an_address_for_another_program_carries_the_password():
    assert with_password("postgresql+pg8000://ann@db.example.org:5433/shop") == (
        "postgresql+pg8000://ann:S3%3ACR%5CET@db.example.org:5433/shop"
    )
    for other in ("sqlite:////x/mlflow.db", "postgresql+psycopg://ann@db.example.org:5433/shop"):
        assert with_password(other) == other  # SQLite has none, and libpq looks for it itself


@pytest.mark.parametrize("text", ["postgresql://ann@host/shop", "postgres://host", "POSTGRESQL://host/shop#t"])
def test_an_address_of_a_server(text):
    assert is_address(text)
    assert is_server(text)


@pytest.mark.parametrize("text", [None, "orders.csv", "postgresql:/x", "mysql://host/shop", "postgresql+psycopg://h/x"])
def test_other_paths_are_no_addresses_of_tables(text):
    assert not is_address(text)
    assert is_server(text or "") == (text == "postgresql+psycopg://h/x")


def test_the_table_stands_behind_the_address():
    assert split_address("postgresql://h/shop#sales.orders") == ("postgresql://h/shop", "sales.orders")
    assert (
        split_address("postgresql://h/shop") == split_address("postgresql://h/shop#") == ("postgresql://h/shop", None)
    )
    assert with_table("postgresql://h/shop", "sales.orders") == "postgresql://h/shop#sales.orders"
    assert with_table("postgresql://h/shop#sales.orders", "sales.orders") == "postgresql://h/shop#sales.orders"
    assert with_table("orders.csv", None) == "orders.csv"


@pytest.mark.parametrize("uri", ["runs.db", "mysql://host/runs", "sqlite:///runs.db", ""])
def test_runs_are_kept_on_no_other_server(uri):
    with pytest.raises(InputError, match=r"tracking\.uri is .*, which is no address of a PostgreSQL server"):
        TrackingSettings(uri=uri)


def test_a_server_that_is_away_is_one_message(tmp_path):
    home = Home.of(TrackingSettings(home=str(tmp_path), uri="postgresql://ann@127.0.0.1:1/runs"))
    remedy = "is the server running, the address right, the password in PGPASSFILE or PGPASSWORD?"
    with pytest.raises(InputError, match=r"tracking\.uri: cannot be opened \(Connection refused\)") as caught:
        _ = home.tracking_uri
    assert str(caught.value).endswith(remedy)


def test_without_the_driver_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pg8000", None)
    with pytest.raises(InputError, match=r"-> python -m pip install 'churnclv\[postgres\]'"):
        open_address("tuning.storage", "postgresql://ann@host/runs")


def test_a_wrong_password_is_one_message_that_does_not_repeat_it(postgres, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "S3CRET")
    with pytest.raises(InputError) as caught:
        open_address("tuning.storage", postgres.address())
    message = str(caught.value)
    assert message.startswith('tuning.storage: cannot be opened (password authentication failed for user "keeper").')
    assert "S3CRET" not in message


def test_who_claims_a_name_on_a_server_has_it_alone(postgres):
    address = open_address("tuning.storage", postgres.address())
    held = sqlalchemy.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
    with alone_on(address, "a study"), alone_on(address, "another"), engine.connect() as connection:
        assert connection.execute(held).scalar() == 2
    with engine.connect() as connection:
        assert connection.execute(held).scalar() == 0
    with alone_on("sqlite://", "a study"):
        pass  # a file has no claims
