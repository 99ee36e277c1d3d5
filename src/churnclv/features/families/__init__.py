"""The feature families: every module of this package registers one; a user's file may register others."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import ibis

from ...errors import listed, require
from ...files import load_named, locate
from ..family import FAMILIES, Column, Family, FamilyFunction

for _path in sorted(Path(__file__).parent.glob("[!_]*.py")):  # a bundle's modules are found by no search of packages
    import_module(f".{_path.stem}", __name__)

BUILT_IN: dict[str, Family] = dict(sorted(FAMILIES.built_in.items(), key=lambda item: item[1].place))


def present_families(events: Any, names: Sequence[str], until: datetime) -> list[str]:
    """Return those of the families whose events the log has before `until`, in their order.

    `events` is the canonical event table, uncut. With the last training cutoff as `until`, events that are only in the
    sealed window or the horizon switch no family on. A family that names no events stays.

    Raises:
        InputError: none is present.
    """
    needed = {name: needs for name in names if (needs := _needs(name))}
    past = events.filter(events.timestamp < ibis.timestamp(f"{until:%Y-%m-%d %H:%M:%S.%f}"))
    sums = {
        f"n{place}": ibis.or_(*[need.holds(past) for need in needs]).sum().fill_null(0)
        for place, needs in enumerate(needed.values())
    }
    counts = past.aggregate(**sums).execute().iloc[0].tolist() if sums else []
    absent = {name for name, count in zip(needed, counts, strict=True) if not count > 0}
    present = [name for name in names if name not in absent]
    require(
        len(present) > 0,
        f"features.families: the log has no events for {listed(list(names))} before {until:%Y-%m-%d}.",
        remedy=f"name others; allowed are {', '.join(BUILT_IN)}, or path/to/file.py:function.",
    )
    return present


def _needs(name: str) -> tuple[Any, ...]:
    return getattr(find_family(name), "needs", ())


def find_family(name: str) -> FamilyFunction:
    """Return the family: a built-in name, or `path/to/file.py:function`, a plain function or a registered family.

    Raises:
        InputError: no such family, file or function.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    allowed = f"allowed are {', '.join(BUILT_IN)}, or path/to/file.py:function."
    return load_named(name, "features.families", "family", "function", allowed)  # type: ignore[no-any-return] # a user's function


def custom_files(names: list[str]) -> list[Path]:
    """Return the files of the families that are not built in."""
    return [locate(Path(name.rpartition(":")[0])) for name in names if name not in BUILT_IN]


class Described(NamedTuple):
    """What is described for a column: its description, the groups of its pattern, and its place among all."""

    column: Column
    groups: tuple[str, ...]
    rank: int


def described_columns() -> tuple[Column, ...]:
    """Return the descriptions of all families' columns, the built-in ones first, in the families' order."""
    return _describe_all(FAMILIES.version, len(FAMILIES.built_in))


@lru_cache(maxsize=8)
def _describe_all(version: int, built_in: int) -> tuple[Column, ...]:
    del version, built_in  # what the result depends on
    groups = (FAMILIES.built_in.values(), FAMILIES.added.values())
    ordered = [each for group in groups for each in sorted(group, key=lambda one: one.place)]
    return tuple(column for each in ordered for column in each.columns or ())


def find_column(name: str) -> Described | None:
    """Return what is described for a column's whole name; None where nothing is."""
    return _find_column(name, FAMILIES.version, len(FAMILIES.built_in))


@lru_cache(maxsize=4096)
def _find_column(name: str, version: int, built_in: int) -> Described | None:
    for rank, column in enumerate(_describe_all(version, built_in)):
        match = re.fullmatch(column.pattern, name)
        if match is not None:
            return Described(column, match.groups(), rank)
    return None
