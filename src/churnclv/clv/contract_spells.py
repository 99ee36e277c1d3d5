"""Contract spells as arrays: how long contracts lasted, in renewal periods, and whether they then ended."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import require
from .rfm import Array

_OLDEST = 100_000  # periods; a larger number is taken for an error


@dataclass(frozen=True)
class CountedSpells:
    """How many contracts `survived` and `ended` in the period after each `age`, each (k,), and how many there are."""

    age: Array
    survived: Array
    ended: Array
    contracts: float


def count_spells(entered: Any, survived: Any, ended: Any, counts: Any = None) -> CountedSpells:
    """Count contracts by age; equal rows may be collapsed into one with its count.

    Args:
        entered: renewal periods survived when first observed (0 = from its start), (n,).
        survived: renewal periods survived when last seen, (n,).
        ended: whether the contract ended in the period after those, (n,); otherwise it was then still running.
        counts: how many contracts each row stands for; 1 by default.

    Raises:
        InputError: periods are not whole, negative or beyond reason, or fewer were survived than entered with.
    """
    first, last, left = np.asarray(entered, dtype=float), np.asarray(survived, dtype=float), np.asarray(ended)
    _check(first, last, left)
    weights = np.ones(len(last)) if counts is None else np.asarray(counts, dtype=float)
    size, left = int(last.max(initial=0.0)) + 1, left.astype(bool)
    began, done = (np.bincount(periods.astype(int), weights, size) for periods in (first, last))
    stayed = np.cumsum(began - done)
    went: Array = np.bincount(last[left].astype(int), weights[left], size).astype(float)
    ages = np.flatnonzero(stayed + went)
    return CountedSpells(ages.astype(float), stayed[ages], went[ages], float(weights.sum()))


def _check(entered: Array, survived: Array, ended: NDArray[Any]) -> None:
    for name, values in (("entered", entered), ("survived", survived)):
        whole = np.isfinite(values) & (values >= 0) & (values == np.floor(values)) & (values <= _OLDEST)
        require_rows(whole, name, values, f"allowed are whole renewal periods, 0 to {_OLDEST}")
    require_rows(survived >= entered, "survived", survived, "the contract entered with more")
    require_rows((ended == 0) | (ended == 1), "ended", ended, "allowed are true and false")


def require_rows(holds: NDArray[np.bool_], name: str, values: NDArray[Any], rule: str) -> None:
    """Raise `InputError` with the first value and row (counted from 0) that does not hold; rows come first."""
    if not holds.all():
        where = tuple(np.argwhere(~holds)[0])
        message = f"contracts: {name} is {values[where]} in row {where[0]}; {rule}."
        require(False, message, remedy="mend the contract of that row, or set it aside.")
