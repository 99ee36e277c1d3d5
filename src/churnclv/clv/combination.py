"""The combination of expectations by a weighted geometric mean, and the level of its total."""

from collections.abc import Mapping, Sequence

import numpy as np

from .rfm import Array

_LEAST = 1e-9  # an expectation of 0 would make the combination 0


def combine(expected: Mapping[str, Array], weights: Mapping[str, float]) -> Array:
    """Return the weighted geometric mean of expectations, (n,).

    Parameters
    ----------
    expected
        Expectations of 0 or more by model, each of shape (n,).
    weights
        Of these models, not negative, with sum 1. The result is then proportional to a common factor of all models.

    Returns
    -------
    Array
        The combined expectations, (n,).
    """
    ordered = sorted(weights.items())  # a sum in another order, as after loading, differs in its last digits
    logs = sum(weight * np.log(np.maximum(expected[name], _LEAST)) for name, weight in ordered)
    return np.asarray(np.exp(logs))


def total_factor(
    expected: Mapping[str, Array], weights: Mapping[str, float], others: Sequence[str], share: float
) -> float:
    """Return the factor that moves the total of a combination towards that of other models.

    Learned members expect the level of the few windows that they were taught; models of purchases that of the whole
    history (`experiments/benchmarks/value_level.py`).

    Parameters
    ----------
    expected
        Expectations of 0 or more by model, each of shape (n,).
    weights
        Of the combined models.
    others
        The models whose geometric mean gives the other total.
    share
        Of the way in logs: 0 leaves the total, 1 takes the other one.

    Returns
    -------
    float
        The factor; 1 where either total is 0.
    """
    equal = dict.fromkeys(others, 1.0 / len(others))
    own, other = (float(combine({name: expected[name] for name in each}, each).sum()) for each in (weights, equal))
    return (other / own) ** share if own > 0.0 and other > 0.0 else 1.0
