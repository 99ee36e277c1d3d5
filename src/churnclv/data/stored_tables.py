"""Stored tables: temporary tables that an engine makes anew, or, where it keeps them, fills again with plans kept.

Planning a query takes longer than answering it for one customer. The engine keeps the plan of a prepared statement
until a table or a view is made or dropped. An engine that keeps its tables therefore fills the same ones in each
request, in a transaction of its own whose rows are undone at the end: no row of one request is there in the next.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

_MOST_STATEMENTS = 512


@dataclass
class KeptTables:
    """What an engine keeps from one request to the next.

    Attributes:
        columns: of each table, in SQL.
        views: by name, the SQL of each and the table that it gives.
        statements: the names of prepared statements, by their SQL.
        filled: the tables that have rows of this request.
        is_changing: whether this request made a table or a view, and so no plan lasts.
    """

    columns: dict[str, str] = field(default_factory=dict)
    views: dict[str, tuple[str, Any]] = field(default_factory=dict)
    statements: dict[str, str] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    is_changing: bool = False

    def forget(self) -> None:
        """Forget all tables, of which some are gone."""
        self.columns.clear()
        self.views.clear()


_kept: "WeakKeyDictionary[Any, KeptTables]" = WeakKeyDictionary()


def keep_tables(connection: Any) -> None:
    """Make an engine keep its tables from one block of `undone` to the next."""
    connection.raw_sql("SET disabled_optimizers = 'statistics_propagation'")  # a plan has to fit other rows, too
    _kept[connection.con] = KeptTables()


def keeps_tables(connection: Any) -> bool:
    """Return whether an engine keeps its tables, so that none has to be dropped."""
    return connection.con in _kept


@contextlib.contextmanager
def undone(connection: Any) -> Iterator[None]:
    """Take out all rows at the end of the block, where the engine keeps its tables."""
    kept = _kept.get(connection.con)
    if kept is None:
        yield
        return
    connection.con.begin()
    try:
        yield
    except BaseException:
        connection.con.rollback()
        if kept.is_changing:
            kept.forget()
        raise
    else:
        _end(connection, kept)
    finally:
        kept.filled.clear()
        kept.is_changing = False


def _end(connection: Any, kept: KeptTables) -> None:
    """Undo the transaction; where it made tables, keep these, without their rows."""
    if not kept.is_changing:
        connection.con.rollback()
        return
    for name in kept.filled:
        connection.raw_sql(f"DELETE FROM {_place(name)}")  # noqa: S608 # our own names
    connection.con.commit()


def run_query(connection: Any, sql: str) -> Any:
    """Run a query in the engine's own SQL and return its cursor; an engine that keeps its tables plans it once."""
    kept = _kept.get(connection.con)
    if kept is None or kept.is_changing:
        return connection.raw_sql(sql)
    if sql not in kept.statements:
        _make_room(connection, kept)
        name = f"kept_{len(kept.statements)}"
        connection.raw_sql(f"PREPARE {name} AS {sql}")
        kept.statements[sql] = name
    return connection.raw_sql(f"EXECUTE {kept.statements[sql]}")


def _make_room(connection: Any, kept: KeptTables) -> None:
    if len(kept.statements) < _MOST_STATEMENTS:
        return
    for name in kept.statements.values():
        connection.raw_sql(f"DEALLOCATE {name}")
    kept.statements.clear()


def store_query(connection: Any, name: str, columns: str, sql: str) -> None:
    """Store the rows of a query in a temporary table of these columns, in place of an earlier one of that name."""
    _empty(connection, name, columns)
    run_query(connection, f"INSERT INTO {_place(name)} {sql}")


def store_relation(connection: Any, name: str, relation: Any) -> None:
    """Store the rows of a relation of the engine in a temporary table, in place of an earlier one of that name."""
    pairs = zip(relation.columns, relation.types, strict=True)
    _empty(connection, name, ", ".join(f'"{column}" {kind}' for column, kind in pairs))
    relation.insert_into(_place(name))


def store_moments(connection: Any, name: str, column: str, moments: tuple[datetime, ...]) -> None:
    """Store moments in a temporary table of one column, in place of an earlier one of that name."""
    _empty(connection, name, f'"{column}" TIMESTAMP')
    rows = ", ".join(f"(TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}')" for moment in moments)
    # another text each time: not prepared
    connection.raw_sql(f"INSERT INTO {_place(name)} VALUES {rows}")  # noqa: S608 # our own names


def define_view(connection: Any, name: str, sql: str) -> Any:
    """Define a temporary view, in place of an earlier one of that name, and return it as a table."""
    kept = _kept.get(connection.con)
    if kept is not None and kept.views.get(name, ("", None))[0] == sql:
        return kept.views[name][1]
    if kept is not None:
        kept.is_changing = True
    connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
    table = connection.table(name)
    if kept is not None:
        kept.views[name] = (sql, table)
    return table


def _empty(connection: Any, name: str, columns: str) -> None:
    """Make a temporary table without rows, or empty the one that is kept."""
    kept = _kept.get(connection.con)
    if kept is None:
        connection.raw_sql(f'CREATE OR REPLACE TEMP TABLE "{name}" ({columns})')
        return
    if kept.columns.get(name) != columns:
        connection.raw_sql(f'CREATE OR REPLACE TEMP TABLE "{name}" ({columns})')
        if name in kept.columns:
            kept.views.clear()  # they may stand on the table that was there
        kept.columns[name], kept.is_changing = columns, True
    elif name in kept.filled:
        connection.raw_sql(f"DELETE FROM {_place(name)}")  # noqa: S608 # our own names
    kept.filled.add(name)


def _place(name: str) -> str:
    return f'temp.main."{name}"'
