"""The level of a churn score: the mean probability, which a window's season moves and a ranking does not show.

Learned members expect the churn rate of the windows that they were taught, which are few and of one season. A purchase
model expects that of the whole history. On simulated markets with and without season and trend, in which members were
combined as in a training, log-loss is least if most of the level is the purchase model's (`experiments/LOG.md`,
2026-11-28).
"""

import numpy as np
from scipy.optimize import brentq

from ..evaluation.metrics import Array
from .log_odds import expit, log_odds_of

_FARTHEST = 30.0  # log-odds beyond it move no mean
_FARTHEST_SHIFT = 50.0


def level_of(log_odds: Array) -> float:
    """Return the log-odds of the mean probability of customers with log-odds (n,)."""
    return float(log_odds_of(np.array([expit(log_odds).mean()]))[0])


def find_level_shift(log_odds: Array, level: float) -> float:
    """Return what has to be added to log-odds (n,) so that they have a level."""
    inside = np.clip(log_odds, -_FARTHEST, _FARTHEST)

    def excess(shift: float) -> float:
        return level_of(inside + shift) - level

    return float(brentq(excess, -_FARTHEST_SHIFT, _FARTHEST_SHIFT, xtol=1e-10))


def shift_towards(log_odds: Array, reference: Array, share: float) -> float:
    """Return what has to be added to log-odds (n,) so that their level goes a share of the way to the reference's.

    Parameters
    ----------
    log_odds, reference
        Of the same customers by two models, (n,) each.
    share
        0 leaves the level, 1 takes the reference's.

    Returns
    -------
    float
        The shift of all log-odds; 0 without customers.
    """
    if share == 0.0 or not len(log_odds):
        return 0.0
    own = level_of(log_odds)
    return find_level_shift(log_odds, own + share * (level_of(reference) - own))
