"""Difference between randomised groups, adjusted by what was known before: the same effect, a narrower interval.

References
----------
[1] Deng, Xu, Kohavi, Walker (2013), Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data (CUPED), WSDM.
[2] Lin (2013), Agnostic notes on regression adjustments to experimental data, Annals of Applied Statistics 7(1).
[3] MacKinnon, White (1985), Some heteroskedasticity-consistent covariance matrix estimators with improved finite
    sample properties, Journal of Econometrics 29(3). HC2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Interval
from .metrics import Array
from .treatment_effects import normal_interval, p_value

_LEAST_ROWS = 3  # of a group, beyond the number of covariates


@dataclass(frozen=True)
class AdjustedDifference:
    """The mean of the treated less that of the held out.

    Attributes
    ----------
    effect
        Adjusted, with its 95% interval.
    plain
        The difference in means, with its 95% interval.
    treated, held_out
        The means of both groups, not adjusted.
    p_value
        Two-sided, of the adjusted difference.
    """

    effect: Interval
    plain: Interval
    treated: float
    held_out: float
    p_value: float


def adjusted_difference(outcome: Array, treated: Array, covariates: Array | None = None) -> AdjustedDifference:
    """Return the effect of a treatment that was drawn at random.

    The outcome is regressed on the treatment, the centred covariates and their products [2], with errors that hold
    whatever the variances are [3]. Without covariates, or with groups too small for them, it is the difference in
    means.

    Parameters
    ----------
    outcome
        What happened, shape (n,).
    treated
        1 for the treated, 0 for the held out, shape (n,).
    covariates
        What was known before the treatment, (n, k) without missing values; columns that do not vary are not used.

    Returns
    -------
    AdjustedDifference
        Both estimates and the means.
    """
    with_it = treated > 0
    groups = [outcome[with_it], outcome[~with_it]]
    means = [float(group.mean()) if len(group) else float("nan") for group in groups]
    variances = [float(np.var(group, ddof=1)) / len(group) if len(group) > 1 else float("nan") for group in groups]
    plain_error = float(np.sqrt(sum(variances)))
    value, error = means[0] - means[1], plain_error
    used = np.zeros((len(outcome), 0)) if covariates is None else covariates[:, np.ptp(covariates, axis=0) > 0]
    if used.shape[1] and min(map(len, groups)) >= used.shape[1] + _LEAST_ROWS:
        value, error = _regress(outcome, with_it, used)
    plain = normal_interval(means[0] - means[1], plain_error)
    return AdjustedDifference(normal_interval(value, error), plain, means[0], means[1], p_value(value, error))


def _regress(outcome: Array, treated: NDArray[np.bool_], covariates: Array) -> tuple[float, float]:
    """Return the coefficient of the treatment and its HC2 error: each group has a regression of its own."""
    centre = covariates.mean(axis=0)
    scale = covariates.std(axis=0)
    heights, variance = [], 0.0
    for group in (treated, ~treated):
        design = np.column_stack([np.ones(group.sum()), (covariates[group] - centre) / scale])
        inverse = np.linalg.pinv(design.T @ design)
        weights = inverse @ design.T
        coefficients = weights @ outcome[group]
        leverage = np.clip(np.einsum("ij,ji->i", design, weights), 0.0, 1.0 - 1e-9)
        left_over = outcome[group] - design @ coefficients
        heights.append(float(coefficients[0]))
        variance += float((weights[0] ** 2 * left_over**2 / (1.0 - leverage)).sum())
    return heights[0] - heights[1], float(np.sqrt(variance))
