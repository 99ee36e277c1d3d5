"""Tables and views of a PostgreSQL server, read as Arrow batches.

A table is described and read in one transaction, which sees one state of it however long it takes and whoever writes
meanwhile. A batch is a few MB, so memory does not grow with the table.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..databases import INSTALL, REACHABLE, split_address
from ..errors import InputError, listed, require
from .settings import DataSettings

_PLAIN = ("bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar")  # sent as they are
_MOMENTS = ("date", "timestamp", "timestamptz")
_NUMBERS = ("numeric", "money")
_KINDS = "('r', 'p', 'v', 'm', 'f')"  # tables, partitioned ones, views, materialised ones, foreign tables


@dataclass(frozen=True)
class DatabaseTable:
    """A table of a server, open for reading.

    Attributes:
        origin: its name in messages, without the server's.
        types: of each column that may be read, the server's name of its type.
    """

    origin: str
    types: dict[str, str]
    _place: str = field(repr=False)
    _cursor: Any = field(repr=False)

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return list(self.types)

    @property
    def numbers(self) -> frozenset[str]:
        """The columns of exact numbers, which arrive as text."""
        return frozenset(name for name, kind in self.types.items() if kind in _NUMBERS)

    def batches(self, names: list[str]) -> Any:
        """Return a reader of the rows' cells in these columns, named c0, c1, ...

        Numbers and moments keep their types, but exact numbers are text: the engine's decimals are shorter. An infinite
        moment, which no file can hold, is empty.
        """
        cells = ", ".join(f"{_sent(name, self.types[name])} AS c{place}" for place, name in enumerate(names))
        with _faults(self.origin):
            self._cursor.execute(f"SELECT {cells} FROM {self._place}")
            return self._cursor.fetch_record_batch()


def _sent(name: str, kind: str) -> str:
    """Return SQL for a column as it is sent."""
    quoted = '"' + name.replace('"', '""') + '"'
    if kind in _PLAIN:
        return quoted
    if kind in _MOMENTS:
        return f"CASE WHEN isfinite({quoted}) THEN {quoted} END"
    return f"{quoted}::numeric::text" if kind == "money" else f"{quoted}::text"


@contextlib.contextmanager
def open_table(settings: DataSettings) -> Iterator[DatabaseTable]:
    """Yield the table that the settings name.

    Raises:
        InputError: the driver is missing, the server cannot be reached, there is no such table, or it may not be read.
    """
    server, behind = split_address(str(settings.path))
    wanted = settings.table or behind
    with _connect(server, settings) as connection, connection.cursor() as cursor:
        with _faults(server):
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL synchronize_seqscans = off")  # rows come in the same order each time
            places = _list_tables(cursor)
        readable = [place.name for place in places if place.may_be_read]
        choice = f"name one in {settings.where}.table, or behind the address after a #: {listed(readable)}."
        remedy = choice if readable else "the user may read none in this database."
        require(wanted is not None, f"{server}: {settings.where}.table is not set.", remedy=remedy)
        place = next((place for place in places if wanted in place.spellings), None)
        if place is None:
            raise InputError(f"{server}: there is no table {wanted}.", remedy=remedy)
        origin = f"table {place.name}"
        grant = f"GRANT SELECT ON {place.sql} TO ...; with USAGE on its schema."
        require(place.may_be_read, f"{origin}: may not be read by this user.", remedy=grant)
        with _faults(origin):
            types = _describe(cursor, place.number)
        yield DatabaseTable(origin, types, place.sql, cursor)


@dataclass(frozen=True)
class _Place:
    """Where a table is: its id, its name for people and for SQL, other spellings of it, and whether it may be read."""

    number: int
    name: str
    sql: str
    alone: str | None
    alone_in_sql: str | None
    may_be_read: bool

    @property
    def spellings(self) -> tuple[str | None, ...]:
        """All names that a setting may give; the name alone where no schema has to precede it."""
        return self.name, self.sql, self.alone, self.alone_in_sql


def _list_tables(cursor: Any) -> list[_Place]:
    """Return the tables and views of the database, without the server's own."""
    visible = "CASE WHEN pg_table_is_visible(c.oid) THEN"
    cursor.execute(
        "SELECT c.oid::bigint, nspname || '.' || relname, format('%I.%I', nspname, relname), "
        f"{visible} relname::text END, {visible} quote_ident(relname) END, "
        "has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') "
        "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace "
        f"WHERE relkind IN {_KINDS} AND nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 2"
    )
    return [_Place(*row) for row in cursor.fetchall()]


def _describe(cursor: Any, number: int) -> dict[str, str]:
    """Return the columns of a table that may be read, each with its type; that of a domain is the one beneath it."""
    cursor.execute(
        "SELECT attname::text, coalesce(beneath.typname, own.typname)::text FROM pg_attribute "
        "JOIN pg_type AS own ON own.oid = atttypid LEFT JOIN pg_type AS beneath ON beneath.oid = own.typbasetype "
        f"WHERE attrelid = {number} AND attnum > 0 AND NOT attisdropped "
        f"AND has_column_privilege({number}, attnum, 'SELECT') ORDER BY attnum"
    )
    return dict(cursor.fetchall())


@contextlib.contextmanager
def _connect(server: str, settings: DataSettings) -> Iterator[Any]:
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError:
        raise InputError(f"{settings.where}.path={server}: the driver is missing.", remedy=INSTALL) from None
    try:
        connection = dbapi.connect(server)
    except dbapi.Error as error:
        raise InputError(f"{server}: cannot be opened ({_first_line(error)}).", remedy=REACHABLE) from None
    with contextlib.closing(connection):
        yield connection


@contextlib.contextmanager
def _faults(origin: str) -> Iterator[None]:
    """Turn what the server refuses into `InputError`."""
    from adbc_driver_postgresql import dbapi

    try:
        yield
    except dbapi.Error as error:
        raise InputError(f"{origin}: cannot be read ({_first_line(error)}).", remedy=REACHABLE) from None


def _first_line(error: Exception) -> str:
    """Return the server's own sentence of a driver's message."""
    text = re.sub(
        r"^.*?(?:ERROR|FATAL):\s*|^.*?\[libpq\] (?:Failed to connect: )?", "", str(error).strip(), flags=re.DOTALL
    )
    return text.split("\n", 1)[0].rstrip(". ")
