"""Addresses of PostgreSQL servers, and how the drivers log in.

An address carries no password (see `redaction`). It comes from PGPASSWORD or the password file, as for the server's
own programs. libpq, by which tables are read, looks there itself; the driver of studies and runs has to be given it.
"""

import getpass
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import InputError, require

INSTALL = "python -m pip install 'churnclv[postgres]'"
REACHABLE = "is the server running, the address right, the password in PGPASSFILE or PGPASSWORD?"
_ADDRESS = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_WITH_DRIVER = re.compile(r"postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)
_DRIVER = "pg8000"
_FIELD = re.compile(r"(?:\\.|[^:\\])+")  # of a line of the password file, where a backslash escapes the next sign
_FIELDS = 5  # host, port, database, user, password
_OTHERS = 0o077  # rights of others on a file
_PORT = 5432


def is_address(text: str | None) -> bool:
    """Return whether a path is the address of a PostgreSQL server."""
    return text is not None and _ADDRESS.match(text) is not None


def is_server(text: str) -> bool:
    """Return whether a text is the address of a PostgreSQL server, with or without the name of a driver."""
    return _WITH_DRIVER.match(text) is not None


def split_address(address: str) -> tuple[str, str | None]:
    """Return the server's address and the table that may follow it, as in `postgresql://user@host/db#shop.orders`."""
    server, _, table = address.partition("#")
    return server, table or None


def with_table(path: str, table: str | None) -> str:
    """Return an address with the table behind it; the path of a file as it is."""
    return path if table is None or split_address(path)[1] is not None else f"{path}#{table}"


def open_address(setting: str, address: str) -> str:
    """Return an address as SQLAlchemy takes it, after one connection that shows that the server can be used.

    An address that names no driver gets the one of the extra `postgres`.

    Raises:
        InputError: the driver is missing, or the server cannot be reached or refuses; the message names the setting.
    """
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    named = _ADDRESS.sub(f"postgresql+{_DRIVER}://", address, count=1)
    give_passwords()
    try:
        engine = sqlalchemy.create_engine(named, poolclass=sqlalchemy.NullPool)
        with engine.connect():
            return named
    except (SQLAlchemyError, ImportError, OSError, TypeError, ValueError) as error:
        missing = isinstance(error, ImportError)
        remedy = INSTALL if missing else REACHABLE
        raise InputError(f"{setting}: cannot be opened ({reason_of(error)}).", remedy=remedy) from None


@contextmanager
def alone_on(address: str, name: str) -> Iterator[None]:
    """Wait while another connection to a server, from any machine, is in the block of that name.

    The server ends the claim of a process that dies with its connection. A file, or another kind of server, has none.
    """
    import sqlalchemy

    if not is_server(address):
        yield
        return
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_lock(key)))
        yield


def reason_of(error: BaseException) -> str:
    """Return what a driver reports as one line, without SQLAlchemy's own remarks."""
    cause = getattr(error, "orig", None) or error
    if isinstance(system := cause.__cause__, OSError):
        return system.strerror or str(system)
    fields = cause.args[0] if cause.args and isinstance(cause.args[0], dict) else {}
    lines = str(fields.get("M") or cause).strip().splitlines()  # the server's own message
    return lines[0].rstrip(".") if lines else type(cause).__name__


def give_passwords() -> None:
    """Have every connection of the driver, from now on, take user and password as the server's own programs do."""
    from sqlalchemy import Engine, event

    if not event.contains(Engine, "do_connect", _complete):
        event.listen(Engine, "do_connect", _complete)


def _complete(dialect: Any, _record: Any, _positional: Any, named: dict[str, Any]) -> None:
    """Complete the arguments of a connection that is about to be made."""
    if dialect.driver != _DRIVER:
        return
    named.setdefault("user", os.environ.get("PGUSER") or getpass.getuser())
    if not named.get("password") and (password := find_password(named)) is not None:
        named["password"] = password


def find_password(login: dict[str, Any]) -> str | None:
    """Return the password of a login, from PGPASSWORD or the password file; None where neither has one.

    `login` has the driver's names: `host`, `port`, `database`, `user`. A file that others may read does not count.
    """
    if (given := os.environ.get("PGPASSWORD")) is not None:
        return given
    path = Path(os.environ.get("PGPASSFILE") or "~/.pgpass").expanduser()
    try:
        lines = [] if path.stat().st_mode & _OTHERS else path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    user = str(login["user"])
    host, database = str(login.get("host") or "localhost"), str(login.get("database") or user)
    wanted = (host, str(login.get("port") or _PORT), database, user)
    for line in lines:
        fields = [re.sub(r"\\(.)", r"\1", field) for field in _FIELD.findall(line)]
        if len(fields) == _FIELDS and all(field in ("*", value) for field, value in zip(fields, wanted, strict=False)):
            return fields[-1]
    return None


def with_password(address: str) -> str:
    """Return an address with the password, for a program that is handed nothing else; it may not be shown or kept."""
    from sqlalchemy.engine import make_url

    url = make_url(address)
    if url.drivername != f"postgresql+{_DRIVER}" or url.password is not None:
        return address
    user = url.username or os.environ.get("PGUSER") or getpass.getuser()
    password = find_password({"host": url.host, "port": url.port, "database": url.database, "user": user})
    return url.set(username=user, password=password).render_as_string(hide_password=False)


def require_table(table: str | None, path: str | None, where: str) -> None:
    """Raise `InputError` if a table is named beside a file, or two tables are."""
    if table is None:
        return
    named = f"{where}.table={table}"
    remedy = f"{where}.path=postgresql://user@host/database, or {where}.table=null for a file."
    require(is_address(path), f"{named}, but {where}.path is no address of a server.", remedy=remedy)
    other = split_address(str(path))[1]
    require(other in (None, table), f"{named}, but {where}.path names the table {other}.", remedy="name one of them.")
