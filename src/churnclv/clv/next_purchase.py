"""When the next purchase is made, whether ever, and when a customer is as good as gone: for any purchase model.

All follow from two functions of a model, so that they agree with each other and with expected purchases: the chance of
at least one purchase within t days, whose quantiles are the moments of the next purchase, and the chance of still being
a customer after t days.
"""

from collections.abc import Callable

import numpy as np

from .next_order import invert_chance, rising_chances
from .purchase_model import PurchaseModel
from .rfm import Array, Histories

LONGEST_DAYS = 36_500.0  # a hundred years: what takes longer counts as never
_SHORTEST_DAYS = 1e-3
_GRID, _STEPS = 24, 24


def days_to_next_purchase(model: PurchaseModel, histories: Histories, level: float = 0.5) -> Array:
    """Return the days from the cutoff within which the next purchase is made with this probability.

    Parameters
    ----------
    model
        A fitted purchase model.
    histories
        Of n customers.
    level
        The quantile, between 0 and 1; 0.5 is the median.

    Returns
    -------
    Array
        Days, (n,); infinite where the chance of any further purchase is smaller than `level`.
    """
    return _reach(lambda days: model.p_at_least(histories, days, 1), len(histories), level)


def chance_of_never(model: PurchaseModel, histories: Histories) -> Array:
    """Return the probability that a customer never buys again (not within a hundred years), (n,)."""
    return model.p_no_purchase(histories, LONGEST_DAYS)


def days_until_gone(model: PurchaseModel, histories: Histories, certainty: float = 0.95) -> Array:
    """Return the days from the cutoff after which a customer has left with this probability, if nothing is bought.

    A customer who buys meanwhile has a new history, so that the answer changes with every purchase. It is 0 where the
    customer has left with that probability already.

    Parameters
    ----------
    model
        A fitted purchase model.
    histories
        Of n customers.
    certainty
        The probability of having left, between 0 and 1.

    Returns
    -------
    Array
        Days, (n,); infinite where silence never gives that certainty, as after a single purchase under BG/NBD.
    """

    def p_left(days: Array) -> Array:
        return 1.0 - model.p_alive(histories.later(days))

    return _reach(p_left, len(histories), certainty)


def _reach(chance: Callable[[Array], Array], customers: int, wanted: float) -> Array:
    """Return the days at which a chance that rises with them is `wanted`: 0 at once, infinite never."""
    ends = np.geomspace(_SHORTEST_DAYS, LONGEST_DAYS, _GRID)
    times, chances = rising_chances(chance, customers, ends)
    days = invert_chance(chance, times, chances, np.full(customers, wanted), _STEPS)
    days = np.where(chance(np.full(customers, 0.0)) >= wanted, 0.0, days)
    return np.where(chances[-1] >= wanted, days, np.inf)
