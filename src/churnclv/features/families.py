"""The families by name: the built-in ones, and a user's own from a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import InputError, require
from ..files import load_module
from .attributes import attributes
from .cadence import cadence
from .calendar import calendar
from .frequency import frequency
from .money import money
from .purchase_history import purchase_history
from .recency import recency
from .settings import FeatureSettings
from .trend import trend

Family = Callable[[Any, FeatureSettings], Any]
BUILT_IN: dict[str, Family] = {
    family.__name__: family
    for family in (recency, frequency, money, cadence, trend, calendar, attributes, purchase_history)
}


def find_family(name: str) -> Family:
    """Return the family function: a built-in name, or `path/to/file.py:function`.

    Raises:
        InputError: no such family, file or function.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    path, colon, function = name.rpartition(":")
    allowed = f"allowed are {', '.join(BUILT_IN)}, or path/to/file.py:function."
    require(bool(colon) and path.endswith(".py"), f"features.families: unknown family {name!r}.", remedy=allowed)
    family = getattr(load_module(Path(path).expanduser()), function, None)
    if not callable(family):
        raise InputError(f"features.families: {path} has no function {function!r}.", remedy=allowed)
    return family  # type: ignore[no-any-return] # a user's function


def own_files(names: list[str]) -> list[Path]:
    """Return the files of the families that are not built in."""
    return [Path(name.rpartition(":")[0]).expanduser() for name in names if name not in BUILT_IN]
