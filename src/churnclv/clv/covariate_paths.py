"""Covariates along the time of customers: stretches of time within which they do not change.

A customer's time is cut at the last purchase and at the cutoff, so that each stretch lies in one of three parts: from
the first purchase to the last, in the silence since, or after the cutoff.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .rfm import Array

_MOST_LOG = 50.0  # of a factor on a rate: beyond, sums of rates overflow


@dataclass(frozen=True)
class Stretches:
    """Pieces of time of n customers, one after the other.

    Parameters
    ----------
    length
        Of each piece, (n, k); 0 where a customer has no further one, infinite at most at the end.
    z
        The encoded covariates within it, (n, k, columns).
    """

    length: Array
    z: Array

    def take(self, rows: Any) -> "Stretches":
        """Return the pieces of some customers, without columns of pieces that none of them has."""
        length, z = self.length[rows], self.z[rows]
        used = length.any(axis=0)
        used[:1] = True
        return self if used.all() and len(length) == len(self.length) else Stretches(length[:, used], z[:, used])

    def rates(self, coefficients: Array) -> Array:
        """Return the factor on a rate within each piece, (n, k); `coefficients` has one per column."""
        return np.asarray(np.exp(np.clip(self.z @ coefficients, -_MOST_LOG, _MOST_LOG)))

    def until(self, time: Array) -> Array:
        """Return how much of each piece lies within `time` (n,) from the first one's start, (n, k)."""
        ends = np.cumsum(self.length, axis=1)
        starts = np.column_stack([np.zeros(len(ends)), ends[:, :-1]])
        return np.asarray(np.clip(time[:, None] - starts, 0.0, self.length))


@dataclass(frozen=True)
class CovariatePaths:
    """The covariates of n customers over time.

    Parameters
    ----------
    before
        From the first purchase to the last.
    silent
        From the last purchase to the cutoff.
    ahead
        After the cutoff, without an end.
    bought
        The sum of the encoded covariates over the moments of the repeat purchases, (n, columns).
    """

    before: Stretches
    silent: Stretches
    ahead: Stretches
    bought: Array

    def take(self, rows: Any) -> "CovariatePaths":
        """Return some customers: an index, mask or slice."""
        before, silent, ahead = (part.take(rows) for part in (self.before, self.silent, self.ahead))
        return CovariatePaths(before, silent, ahead, self.bought[rows])

    def later(self, time: Array) -> "CovariatePaths":
        """Return the paths of the same customers `time` (n,) later, without a purchase meanwhile."""
        passed = self.ahead.until(time)
        silent = np.hstack([self.silent.length, passed]), np.concatenate([self.silent.z, self.ahead.z], axis=1)
        ahead = Stretches(self.ahead.length - passed, self.ahead.z)
        return CovariatePaths(self.before, Stretches(*silent), ahead, self.bought)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """All numbers of the paths."""
        parts = (self.before, self.silent, self.ahead)
        return (*(array for part in parts for array in (part.length, part.z)), self.bought)


def cut_pieces(starts: Array, z: Array, begin: Array, end: Array) -> Stretches:
    """Return the pieces of a calendar that lie between two days of each customer.

    Parameters
    ----------
    starts
        The first day of each period, (1, k) for all customers or (n, k); a period lasts until the next one starts, and
        the last one has no end. Infinite where a customer has no further one.
    z
        The encoded covariates of the periods, (1, k, columns) or (n, k, columns).
    begin, end
        Days, (n,).
    """
    ends = np.column_stack([starts[:, 1:], np.full(len(starts), np.inf)])
    with np.errstate(invalid="ignore"):  # infinite less infinite: of no length
        length = np.minimum(ends, end[:, None]) - np.maximum(starts, begin[:, None])
    length = np.where(length > 0.0, length, 0.0)
    order = np.argsort(length <= 0.0, axis=1, kind="stable")  # those of some length first, in order
    most = max(int((length > 0.0).sum(axis=1).max(initial=0)), 1)
    order = order[:, :most]
    rows = np.zeros_like(order) if len(z) == 1 else np.arange(len(order))[:, None]
    return Stretches(np.take_along_axis(length, order, axis=1), z[rows, order])


def period_of(starts: Array, customers: NDArray[np.intp], days: Array) -> NDArray[np.intp]:
    """Return the place of the period in which each day lies, (m,).

    Parameters
    ----------
    starts
        As for `cut_pieces`.
    customers
        Whose day it is, (m,).
    days
        The days, (m,).
    """
    if len(starts) == 1:
        return np.asarray(np.searchsorted(starts[0], days, side="right") - 1)
    return np.asarray((starts[customers] <= days[:, None]).sum(axis=1) - 1)
