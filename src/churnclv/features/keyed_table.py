"""Tables keyed by (customer_id, cutoff), put side by side."""

from typing import Any

from ..snapshots.history import KEYS


def put_beside(table: Any, *others: Any) -> Any:
    """Return `table` with the columns of other keyed tables; null where another has no such row."""
    for other in others:
        table = table.left_join(other, KEYS).drop(*[f"{key}_right" for key in KEYS])
    return table
