"""When the next purchase is made, whether ever, and when a customer is as good as gone: for any purchase model.

All follow from two functions of a model, so that they agree with each other and with expected purchases: the chance of
at least one purchase within t days, whose quantiles are the moments of the next purchase, and the chance of still being
a customer after t days.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize.elementwise import find_root

from .purchase_model import PurchaseModel
from .rfm import Array, Histories

LONGEST_DAYS = 36_500.0  # a hundred years: what takes longer counts as never
_SHORTEST_DAYS = 1e-3
_TOLERANCE = 1e-6  # of the log of a time


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
    return _crossing(lambda some, days: model.p_at_least(some, days, 1) - level, histories)


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

    def certain(some: Histories, days: Array) -> Array:
        silent = Histories(some.x, some.t_x, some.T + days, some.log_gaps, some.z)
        return 1.0 - model.p_alive(silent) - certainty

    return _crossing(certain, histories)


def _crossing(gap: Callable[[Histories, Array], Array], histories: Histories) -> Array:
    """Return the days at which a rising function of the days crosses 0: 0 at once, infinite never."""
    n = len(histories)
    first, last = (gap(histories, np.full(n, days)) for days in (_SHORTEST_DAYS, LONGEST_DAYS))
    days = np.where(first >= 0, 0.0, np.inf)
    between = np.flatnonzero((first < 0) & (last >= 0))
    if len(between):
        ends = (np.full(len(between), np.log(_SHORTEST_DAYS)), np.full(len(between), np.log(LONGEST_DAYS)))

        def moved(log_days: Array, places: NDArray[np.intp]) -> Array:
            at = np.broadcast_to(places, np.shape(log_days)).astype(int)
            return gap(histories.take(at.ravel()), np.exp(log_days).ravel()).reshape(np.shape(log_days))

        days[between] = np.exp(find_root(moved, ends, args=(between,), tolerances={"xatol": _TOLERANCE}).x)
    return days
