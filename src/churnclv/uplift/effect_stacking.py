"""Stacking of effects: several learners' effects, weighted by how well they predict doubly robust scores together.

References
----------
[1] Han, Wu (2022), Ensemble method for estimating individualized treatment effects, arXiv:2202.12445.
[2] Breiman (1996), Stacked regressions, Machine Learning 24(1): weights that are not negative.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from ..evaluation.metrics import Array

_LEAST_SHARE = 0.01  # of the spread; a learner below it is not worth fitting and keeping


def stacking_weights(scores: Array, effects: Array) -> Array:
    """Return the weights, none below zero, with which effects predict scores best, in squares around their means.

    Parameters
    ----------
    scores
        Doubly robust scores of the effect, shape (n,).
    effects
        Effects by k learners that have not seen the row, shape (n, k).

    Returns
    -------
    Array
        Shape (k,); their sum is below one where learners exaggerate. All are zero where no learner predicts anything.
    """
    if not effects.shape[1]:
        return np.zeros(0)
    weights: Array = nnls(effects - effects.mean(axis=0), scores - scores.mean())[0]
    spread = weights * effects.std(axis=0)
    return np.where(spread >= _LEAST_SHARE * spread.sum(), weights, 0.0)


def stack_across(scores: Array, effects: Array, fold: NDArray[np.int64]) -> Array:
    """Return the stacked effect of each row, by the weights that the other folds give, shape (n,)."""
    stacked = np.empty(len(scores))
    for held in np.unique(fold):
        inside = fold == held
        stacked[inside] = effects[inside] @ stacking_weights(scores[~inside], effects[~inside])
    return stacked
