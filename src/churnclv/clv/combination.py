"""The combination of expectations by a weighted geometric mean."""

from collections.abc import Mapping

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
