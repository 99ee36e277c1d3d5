"""Parts: customers in groups by a hash of their id, so that what grows with their number takes bounded memory.

In each part every family is a table of its own before all are joined, and what several families share is computed once.
Customers are whole within a part and every sum is exact, so the number of parts changes no byte of the result.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import ibis
import ibis.expr.operations as ops

from ..data.compiled_queries import compiled
from .keyed_table import put_beside

PAIRS_PER_PART = 4_000_000  # of an event and a cutoff; a part takes some hundred MB
ONE_PASS_PAIRS = 200_000  # below it, one query is faster than one per family


class WorkTables:
    """Tables of the engine that hold intermediate results, and are dropped at the end."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._names: list[str] = []

    def keep(self, table: Any) -> Any:
        """Compute a table and return it as a stored one."""
        self._names.append(ibis.util.gen_name("work"))
        return self._connection.create_table(self._names[-1], table, temp=True)

    def drop(self, *tables: Any) -> None:
        """Drop stored tables."""
        for name in [table.op().name for table in tables]:
            self._names.remove(name)
            self._connection.drop_table(name)

    def drop_all(self) -> None:
        """Drop all that are left."""
        while self._names:
            self._connection.drop_table(self._names.pop(), force=True)


@contextlib.contextmanager
def work_tables(events: Any) -> Iterator[WorkTables]:
    """Yield work tables in the engine of the events, which are dropped when the block ends."""
    tables = WorkTables(events.get_backend())
    try:
        yield tables
    finally:
        tables.drop_all()


def count_pairs(events: Any, cutoffs: Sequence[Any]) -> int:
    """Return the number of pairs of an event and a cutoff, which is what a computation of features walks through."""
    return int(_count_events(events).row()["events"]) * len(cutoffs)


@compiled
def _count_events(events: Any) -> Any:
    return events.aggregate(events=events.count())


def count_parts(pairs: int) -> int:
    """Return the number of parts for so many pairs."""
    return max(1, ceil(pairs / PAIRS_PER_PART))


def take_part(events: Any, number: int, parts: int) -> Any:
    """Return the events of the customers of one part, `number` from 0."""
    if parts == 1:
        return events
    return events.filter(events.customer_id.hash().abs() % parts == number)


def join_stepwise(work: WorkTables, tables: Sequence[Any]) -> Any:
    """Return the first of the keyed tables with the columns of the others, each computed before they are joined."""
    shared, computed = _compute_shared(work, tables)
    stored = [work.keep(_replace(table, shared)) for table in tables]
    joined = work.keep(put_beside(stored[0], *stored[1:]))
    work.drop(*stored, *computed)
    return joined


def _compute_shared(work: WorkTables, tables: Sequence[Any]) -> tuple[dict[Any, Any], list[Any]]:
    """Compute each aggregation that several of the tables contain; return what replaces it, and the stored tables."""
    counts = Counter(node for table in tables for node in table.op().find(ops.Aggregate))
    shared: dict[Any, Any] = {}
    stored = []
    for node in sorted((node for node, count in counts.items() if count > 1), key=_size):  # the inner ones first
        stored.append(work.keep(_replace(node.to_expr(), shared)))
        shared[node] = stored[-1].op()
    return shared, stored


def _size(node: Any) -> int:
    return len(list(node.find(ops.Node)))


def _replace(table: Any, shared: dict[Any, Any]) -> Any:
    return table.op().replace(shared).to_expr() if shared else table
