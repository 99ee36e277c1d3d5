"""Stacking of effects: several learners' effects, weighted by how well they predict doubly robust scores together.

References
----------
[1] Han, Wu (2022), Ensemble method for estimating individualized treatment effects, arXiv:2202.12445.
[2] Breiman (1996), Stacked regressions, Machine Learning 24(1): weights that are not negative.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from ..evaluation.metrics import Array
from .effect_calibration import EffectCalibration

_LEAST_SHARE = 0.01  # of the spread; a learner below it is not worth fitting and keeping


@dataclass(frozen=True)
class EffectStack:
    """The weighted sum of the effects of k learners.

    Attributes
    ----------
    weights
        Shape (k,), all zero where everybody has the same effect.
    calibration
        Of the sum.
    across
        The sum on the rows of the fit, by weights of the other folds and less the mean there, shape (n,).
    """

    weights: Array
    calibration: EffectCalibration
    across: Array


def stack_effects(scores: Array, effects: Array, fold: NDArray[np.int64]) -> EffectStack:
    """Return the weighted and calibrated sum of effects that predicts scores best.

    How much of the sum's differences is kept is decided by its slope on the scores, with the weights of each fold from
    the others, so that the search for weights is no evidence. The slope is shrunk by its error
    (`EffectCalibration.shrunk`); where that leaves nothing, everybody has the same effect.

    Parameters
    ----------
    scores
        Doubly robust scores of the effect, shape (n,).
    effects
        Effects by k learners that have not seen the row, shape (n, k).
    fold
        The fold of each row, shape (n,).
    """
    across, weights = stack_across(scores, effects, fold), stacking_weights(scores, effects)
    line = EffectCalibration.learn(scores, across).shrunk()
    if line.slope == 0.0 or not weights.any():
        return EffectStack(np.zeros(effects.shape[1]), line.flat(), across)
    return EffectStack(weights, replace(line, centre=float((effects @ weights).mean())), across)


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
    """Return the stacked effect of each row less the mean of the other folds, by the weights that these give, (n,).

    Weights are found around means. Otherwise the average effect, times the sum of a fold's weights, would be part of
    what differs between customers.
    """
    stacked = np.empty(len(scores))
    for held in np.unique(fold):
        inside, others = fold == held, effects[fold != held]
        stacked[inside] = (effects[inside] - others.mean(axis=0)) @ stacking_weights(scores[~inside], others)
    return stacked
