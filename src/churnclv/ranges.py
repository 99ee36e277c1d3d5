"""Ranges of settings: every number of the configuration has one beside its default.

The upper ends are those past which nothing useful happens or a command would not end. Some are technical: a message
names such an end only where a value exceeds it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any

from .errors import listed, require

CENTURY_DAYS = 36_500  # dates stay within the calendar
CURRENCY = 1e12
LARGEST_SEED = 2**32 - 1  # numpy's
_KEY = "bounds"


@dataclass(frozen=True)
class Bounds:
    """From `low` to `high`, both included unless `above` or `below`; never infinite.

    Attributes:
        hint: what follows the range in a message, such as a unit.
        remedy: an example.
        technical: the upper end is no rule of the field, and is named only where a value exceeds it.
    """

    low: float
    high: float
    above: bool = False
    below: bool = False
    hint: str = ""
    remedy: str = ""
    technical: bool = False

    def holds(self, value: float) -> bool:
        """Return whether a value lies within."""
        low = value > self.low if self.above else value >= self.low
        high = value < self.high if self.below else value <= self.high
        return isfinite(value) and low and high

    def text(self, value: float, optional: bool = False) -> str:
        """Return the range for people, as it concerns a value outside of it."""
        low, high = f"{self.low:.15g}", f"{self.high:.15g}"
        if self.technical and not (isfinite(value) and value > self.high):
            text = f"above {low}" if self.above else f"{low} or more"
        elif self.above:
            text = f"above {low} {'and below' if self.below else 'up to'} {high}"
        else:
            text = f"{low} {'up to below' if self.below else 'to'} {high}"
        null = "null or " if optional and not self.hint else ""
        return f"{null}{text}{self.hint}"


def number(default: Any, bounds: Bounds) -> Any:
    """Return the field of a setting that is a number, or None where the default is."""
    return field(default=default, metadata={_KEY: bounds})


def numbers(default: Any, bounds: Bounds | Mapping[str, Bounds]) -> Any:
    """Return the field of a list or dict of numbers; a dict may have a range for each of its keys, and no others."""
    return field(default_factory=lambda: type(default)(default), metadata={_KEY: bounds})


def bounds_of(owner: type) -> dict[str, Bounds | Mapping[str, Bounds]]:
    """Return the ranges of a class of settings by the name of the field."""
    return {setting.name: setting.metadata[_KEY] for setting in fields(owner) if _KEY in setting.metadata}


def check_numbers(settings: Any, where: str = "") -> None:
    """Check every number of a dataclass against its range.

    Raises:
        InputError: one is outside. The message names the setting, below `where`, the value and the range.
    """
    for one in fields(settings):
        bounds = one.metadata.get(_KEY)
        if bounds is not None:
            name = f"{where}.{one.name}".lstrip(".")
            for setting, value, allowed in _each(name, getattr(settings, one.name), bounds):
                require_within(setting, value, allowed, optional=one.default is None)


def require_within(setting: str, value: float | None, bounds: Bounds, *, optional: bool = False) -> None:
    """Raise `InputError` unless a value lies within its range, or is None where it may be."""
    if value is None and optional:
        return
    holds = value is not None and bounds.holds(value)
    allowed = bounds.text(float("nan") if value is None else value, optional)
    require(holds, f"{setting} is {value}, allowed is {allowed}.", remedy=bounds.remedy)


def _each(name: str, value: Any, bounds: Bounds | Mapping[str, Bounds]) -> Iterator[tuple[str, Any, Bounds]]:
    """Yield the numbers of a setting, each with its name and range."""
    if isinstance(bounds, Mapping):
        _require_among(name, value, bounds)
        yield from ((f"{name}.{key}", one, bounds[key]) for key, one in value.items())
    elif isinstance(value, Mapping):
        yield from ((f"{name}.{key}", one, bounds) for key, one in value.items())
    elif isinstance(value, list):
        yield from ((f"{name}, which holds {value},", one, bounds) for one in value)
    else:
        yield name, value, bounds


def _require_among(name: str, keys: Iterable[str], allowed: Iterable[str]) -> None:
    unknown = sorted(set(keys) - set(allowed))
    require(not unknown, f"{name} names {listed(unknown)}.", remedy=f"allowed are {', '.join(sorted(allowed))}.")
