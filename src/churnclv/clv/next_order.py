"""The next order: when it is expected, from the probability of no purchase within t days, inverted.

Orders later than a limit are left out: the tails of purchase models reach decades ahead, where no log can check them.
All quantiles are of the time to the next order of those who order within the limit:
    F(t) = (1 - P(no purchase within t)) / (1 - P(no purchase within the limit)).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .rfm import Array

QUANTILES = (0.1, 0.5, 0.9)  # the ends of an 80% interval, and the median
_GRID, _SHORTEST_DAYS = 16, 0.5
_STEPS = 3
_TINY = 1e-12


@dataclass(frozen=True)
class NextOrder:
    """When the next order of each customer is expected, (n,) each.

    Attributes:
        p_order: the probability of an order within the limit.
        median, low, high: days from the cutoff, given that there is an order within the limit.
    """

    p_order: Array
    median: Array
    low: Array
    high: Array


def expect_next_order(p_no_purchase: Callable[[Array], Array], customers: int, within_days: float) -> NextOrder:
    """Return when the next orders are expected.

    Parameters
    ----------
    p_no_purchase
        The probability of no purchase within days, one number per customer, (n,) -> (n,); it falls with time.
    customers
        n.
    within_days
        The limit.

    Returns
    -------
    NextOrder
        Quantiles by a grid in log time, refined by regula falsi.
    """
    ends = np.geomspace(min(_SHORTEST_DAYS, within_days / 2.0), within_days, _GRID)

    def p_order_by(days: Array) -> Array:
        return 1.0 - p_no_purchase(days)

    times, chances = rising_chances(p_order_by, customers, ends)
    p_order = chances[-1]
    low, median, high = (invert_chance(p_order_by, times, chances, level * p_order) for level in QUANTILES)
    return NextOrder(p_order, median, low, high)


def rising_chances(chance: Callable[[Array], Array], customers: int, ends: Array) -> tuple[Array, Array]:
    """Return the times 0 and `ends`, and a chance that rises from 0 with time at each of them, (times, n)."""
    chances = np.array([chance(np.full(customers, end)) for end in ends])
    return np.r_[0.0, ends], np.maximum.accumulate(np.vstack([np.zeros(customers), chances]), axis=0)


def invert_chance(
    chance: Callable[[Array], Array], times: Array, chances: Array, wanted: Array, steps: int = _STEPS
) -> Array:
    """Return the time at which a chance that rises with time is `wanted`, (n,).

    Parameters
    ----------
    chance
        Of days, one number per customer, (n,) -> (n,).
    times, chances
        Of a grid, from `rising_chances`.
    wanted
        A chance per customer, at most that at the last time.
    steps
        Of regula falsi.
    """
    above = np.clip((chances < wanted).sum(axis=0), 1, len(times) - 1)
    rows = np.arange(len(wanted))
    left, right = times[above - 1], times[above]
    at_left, at_right = chances[above - 1, rows], chances[above, rows]
    middle = _chord(left, right, at_left, at_right, wanted)
    for _ in range(steps):
        value = chance(middle)
        below = value < wanted
        left, at_left = np.where(below, middle, left), np.where(below, value, at_left)
        right, at_right = np.where(below, right, middle), np.where(below, at_right, value)
        middle = _chord(left, right, at_left, at_right, wanted)
    return middle


def _chord(left: Array, right: Array, at_left: Array, at_right: Array, wanted: Array) -> Array:
    share = (wanted - at_left) / np.maximum(at_right - at_left, _TINY)
    return np.asarray(left + np.clip(share, 0.0, 1.0) * (right - left))
