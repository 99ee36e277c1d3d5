"""Compiled queries: a query over stored tables is built and compiled once in a process, whatever the tables hold.

Building and compiling an expression takes ten to a hundred times as long as its answer for one customer.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any

import ibis
import ibis.expr.operations as ops

from .stored_tables import run_query, store_query

_MOST = 512  # queries that are kept
_queries: dict[Hashable, "CompiledQuery"] = {}


@dataclass
class CompiledQuery:
    """A query as text in the engine's own SQL, and the types of its columns.

    `stored_schema` has the types that the engine gives a table of the rows, once there was one.
    """

    sql: str
    schema: ibis.Schema
    stored_schema: ibis.Schema | None = None

    @cached_property
    def columns(self) -> str:
        """The columns of a table of the rows, as DuckDB defines them."""
        return ", ".join(column.sql("duckdb") for column in self.schema.to_sqlglot_column_defs("duckdb"))


@dataclass(frozen=True)
class BoundQuery:
    """A compiled query and the engine that holds its tables."""

    connection: Any
    compiled: CompiledQuery

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows, each by column, with None where a value is null."""
        names = self.compiled.schema.names
        fetched = run_query(self.connection, self.compiled.sql).fetchall()
        return [dict(zip(names, row, strict=True)) for row in fetched]

    def row(self) -> dict[str, Any]:
        """Return the only row, by column, with None where a value is null."""
        return self.rows()[0]

    def arrow(self) -> Any:
        """Return the rows as an Arrow table."""
        return run_query(self.connection, self.compiled.sql).to_arrow_table()

    def store(self, name: str) -> Any:
        """Compute the rows into a temporary table, in place of an earlier one of that name, and return it."""
        compiled, place = self.compiled, {"catalog": "temp", "database": "main"}
        store_query(self.connection, name, compiled.columns, compiled.sql)
        if compiled.stored_schema is None:
            compiled.stored_schema = self.connection.get_schema(name, **place)
        return ops.DatabaseTable(name, compiled.stored_schema, self.connection, ops.Namespace(**place)).to_expr()


def compiled(build: Callable[..., Any]) -> Callable[..., BoundQuery]:
    """Make a function that builds an expression return the compiled query, kept for further calls; a decorator.

    The function may depend on nothing but its arguments: tables, of which only name and columns count, and values that
    their `repr` describes; settings leave out of it where a file is and how its bytes are read. A query over a table
    that is no stored one is not kept.
    """

    @wraps(build)
    def bind(*arguments: Any) -> BoundQuery:
        tables = [each for each in arguments if isinstance(each, ibis.Table)]
        connection = tables[0].get_backend()
        if not all(isinstance(table.op(), ops.DatabaseTable) for table in tables):
            return BoundQuery(connection, _compile(build(*arguments), connection))
        key = (build.__module__, build.__qualname__, connection.name, *map(_describe, arguments))
        kept = _queries.pop(key, None) or _compile(build(*arguments), connection)
        while len(_queries) >= _MOST:
            _queries.pop(next(iter(_queries)), None)
        _queries[key] = kept  # last, so that the query that was unused for longest goes first
        return BoundQuery(connection, kept)

    return bind


def _compile(table: Any, connection: Any) -> CompiledQuery:
    return CompiledQuery(connection.compile(table), table.schema())


def _describe(argument: Any) -> Hashable:
    """Return what a query depends on: of a table its place and columns, of anything else its `repr`."""
    if not isinstance(argument, ibis.Table):
        return repr(argument)
    stored = argument.op()
    return stored.namespace, stored.name, stored.schema
