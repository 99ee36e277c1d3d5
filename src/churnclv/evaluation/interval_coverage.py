"""Coverage: do intervals contain the truth as often as their nominal level, overall and by decile?

An outcome's rank is its place in its predictive distribution, between P(less) and P(no more), which differ where an
outcome has a probability of its own, such as no purchase. Ranks drawn evenly between the two are uniform if the
distribution is right (the randomised probability integral transform: Czado, Gneiting, Held 2009, Predictive model
assessment for count data, Biometrics 65(4)).
"""

from collections.abc import Sequence

import numpy as np

from .metrics import Array

Ranks = tuple[Array, Array]
HELD_CUSTOMERS = 4000  # at a cutoff on whom intervals are checked: shares are then known to half a point
_MOST_TAIL, _LEAST_TAIL = 0.45, 0.0005


def draw_ranks(ranks: Ranks, seed: int) -> Array:
    """Return randomised ranks, shape (n,), from P(less) and P(no more)."""
    below, upto = ranks
    return np.asarray(below + np.random.default_rng(seed).random(len(below)) * (upto - below))


def randomised_coverage(ranks: Ranks, levels: tuple[float, float], seed: int = 0) -> float:
    """Return the share of randomised ranks between two levels; right distributions give the levels' distance."""
    drawn = draw_ranks(ranks, seed)
    return float(np.mean((drawn >= levels[0]) & (drawn <= levels[1])))


def inside(truth: Array, low: Array, high: Array) -> Array:
    """Return 1 where the truth lies in the interval, ends included, shape (n,)."""
    return ((truth >= low) & (truth <= high)).astype(float)


def coverage_by_decile(covered: Array, predicted: Array) -> Array:
    """Return the share covered in each tenth of the predicted, lowest first, shape (10,)."""
    return np.array([covered[part].mean() for part in np.array_split(np.argsort(predicted, kind="stable"), 10)])


def calibrate_levels(folds: Sequence[Ranks], nominal: tuple[float, float], seed: int = 0) -> tuple[float, float]:
    """Return the levels between which the middle of the folds' randomised ranks lies.

    Quantiles at these levels cover as often as nominal on the folds, whatever is wrong with the distribution.
    """
    drawn = np.concatenate([draw_ranks(ranks, seed + fold) for fold, ranks in enumerate(folds)])
    low, high = np.quantile(drawn, nominal)
    return float(np.clip(low, _LEAST_TAIL, _MOST_TAIL)), float(np.clip(high, 1.0 - _MOST_TAIL, 1.0 - _LEAST_TAIL))
