"""Attributes: what is declared of a customer and does not change, such as the country or how they were won."""

from typing import Any

from ..data.settings import STATIC
from ..snapshots.history import KEYS
from .settings import FeatureSettings


def attributes(history: Any, settings: FeatureSettings) -> Any:
    """Return two columns per attribute declared by `data.static`, from the customer's first event that has it.

    `<name>_number` is its value where that is a number, null elsewhere; `<name>_customers` how many customers seen
    before the cutoff share it, by which trees tell common values from each other. Without attributes, keys alone.
    """
    del settings
    declared = [name for name in history.columns if name.startswith(STATIC)]
    result = history.select(*KEYS).distinct()
    for column in declared:
        result = result.left_join(_attribute(history, column), KEYS).drop(*[f"{key}_right" for key in KEYS])
    return result


def _attribute(history: Any, column: str) -> Any:
    """Return one attribute's columns; of several values at the first moment the least text counts."""
    name = column.removeprefix(STATIC)
    known = history.filter(history[column].notnull())
    first = known.filter(known.timestamp == known.timestamp.min().over(group_by=KEYS))
    valued = first.group_by(KEYS).agg(value=first[column].min())
    alike = valued.value.count().over(group_by=["cutoff", "value"])
    return valued.select(*KEYS, **{f"{name}_number": valued.value.try_cast("float64"), f"{name}_customers": alike})
