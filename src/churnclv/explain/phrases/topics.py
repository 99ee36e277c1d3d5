"""Topics: which features say the same thing, so that three reasons are three different things."""

from ...features.families import find_column
from ...features.family import Move
from .phrase import fill_window


def find_topic(column: str) -> str:
    """Return a column's topic: the one that its family names, or its own name."""
    described = find_column(column)
    topic = "" if described is None else described.column.topic.format(*described.groups)
    return topic or column


def can_warn(column: str) -> bool:
    """Return whether a threshold on a column means something to its reader."""
    described = find_column(column)
    return described is None or described.column.warns


def find_move(column: str) -> Move | None:
    """Return where a column belongs for some customers, its witness named in full."""
    described = find_column(column)
    move = None if described is None else described.column.move
    if described is None or move is None:
        return None
    return Move(fill_window(move.witness, described.groups), move.when, move.topic)
