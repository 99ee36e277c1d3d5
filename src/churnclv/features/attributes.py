"""Attributes: what is declared of a customer and does not change, such as the country or how they were won."""

from typing import Any

from ..data.settings import STATIC
from ..snapshots.history import KEYS
from .keyed import put_beside
from .settings import FeatureSettings


def attributes(history: Any, settings: FeatureSettings) -> Any:
    """Return one column of text, `<name>`, per declared attribute, from the customer's first event that has it.

    Declared are those of `data.static` and of the tables in `data.tables`. Null where no event before the cutoff has
    it. A customer's value depends on that customer alone. Without attributes, keys alone.
    """
    del settings
    declared = [name for name in history.columns if name.startswith(STATIC)]
    return put_beside(history.select(*KEYS).distinct(), *[_attribute(history, column) for column in declared])


def _attribute(history: Any, column: str) -> Any:
    """Return one attribute; of several values at the first moment the least text counts."""
    known = history.filter(history[column].notnull())
    first = known.filter(known.timestamp == known.timestamp.min().over(group_by=KEYS))
    return first.group_by(KEYS).agg(**{column.removeprefix(STATIC): first[column].min()})
