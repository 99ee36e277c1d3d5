"""Effects of a treatment: scores whose means are what would happen under each arm, and intervals of those means.

An arm is what was done to a customer; arm 0 is the control group, which was left alone. The propensity of an arm is the
probability with which a customer got it: known and equal in an experiment, estimated elsewhere.

References
----------
[1] Horvitz, Thompson (1952), A generalization of sampling without replacement from a finite universe, Journal of the
    American Statistical Association 47(260).
[2] Robins, Rotnitzky, Zhao (1994), Estimation of regression coefficients when some regressors are not always observed,
    Journal of the American Statistical Association 89(427).
[3] Crump, Hotz, Imbens, Mitnik (2009), Dealing with limited overlap in estimation of average treatment effects,
    Biometrika 96(1).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Interval
from .metrics import Array

CONTROL = 0
LEAST_PROPENSITY = 0.1  # [3]'s rule of thumb, below which a customer has hardly a counterpart in the other arm
_NORMAL_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Responses:
    """What customers did under the arm that each of them got.

    Attributes
    ----------
    outcome
        What happened, 0 or 1 or an amount, shape (n,).
    arm
        The arm of each customer, shape (n,): 0 = control, 1 to k = treatments.
    propensities
        The probability of each arm, shape (n, k + 1).
    """

    outcome: Array
    arm: NDArray[np.int64]
    propensities: Array

    @classmethod
    def randomised(cls, outcome: Array, arm: NDArray[np.int64], arms: int | None = None) -> "Responses":
        """Return the responses of an experiment, whose propensities are the shares of the arms."""
        count = int(arm.max(initial=0)) + 1 if arms is None else arms
        shares = np.bincount(arm, minlength=count) / len(arm)
        return cls(np.asarray(outcome, dtype=float), arm, np.tile(shares, (len(arm), 1)))

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.outcome)

    @property
    def arms(self) -> int:
        """The number of arms, control included."""
        return int(self.propensities.shape[1])

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Responses":
        """Return some of the rows."""
        return Responses(self.outcome[rows], self.arm[rows], self.propensities[rows])

    def against_control(self, arm: int) -> tuple["Responses", NDArray[np.bool_]]:
        """Return the rows of one arm and of the control group as arms 1 and 0, and which rows these are, (n,)."""
        rows = (self.arm == arm) | (self.arm == CONTROL)
        pair = self.propensities[rows][:, [CONTROL, arm]]
        pair = pair / pair.sum(axis=1, keepdims=True)
        return Responses(self.outcome[rows], (self.arm[rows] == arm).astype(np.int64), pair), rows


def arm_scores(responses: Responses, expected: Array | None = None) -> Array:
    """Return scores whose mean over customers is the mean outcome if all had got an arm.

    With the outcomes that a model expects, these are the doubly robust scores of [2],

        expected_a + 1{arm = a} (outcome - expected_a) / propensity_a,

    whose mean is unbiased if either the propensities or the expectations are right. Without them, they are those of
    inverse propensity weighting [1]. Expectations have to come from rows other than the customer's own (cross-fitting).

    Parameters
    ----------
    responses
        The responses of n customers to k treatments and control.
    expected
        Expected outcomes under each arm, shape (n, k + 1); None for inverse propensity weighting.

    Returns
    -------
    Array
        Scores of shape (n, k + 1), in the unit of the outcome.
    """
    base = np.zeros(responses.propensities.shape) if expected is None else np.asarray(expected, dtype=float)
    rows = np.arange(len(responses))
    scores = base.copy()
    left_over = responses.outcome - base[rows, responses.arm]
    scores[rows, responses.arm] += left_over / responses.propensities[rows, responses.arm]
    return scores


def effect_scores(responses: Responses, expected: Array | None = None, arm: int = 1) -> Array:
    """Return scores (n,) whose mean is the average effect of an arm against control; `arm_scores` has the rest."""
    scores = arm_scores(responses, expected)
    return np.asarray(scores[:, arm] - scores[:, CONTROL])


def overlapping(propensities: Array, least: float = LEAST_PROPENSITY) -> NDArray[np.bool_]:
    """Return who could have got every arm, shape (n,): no propensity lies below `least`."""
    return np.asarray((propensities >= least).all(axis=1))


def standard_error(values: Array) -> float:
    """Return the standard error of a mean; NaN for fewer than two values."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def mean_interval(values: Array) -> Interval:
    """Return a mean and its 95% normal interval; without bounds (NaN) for fewer than two values."""
    return normal_interval(float(np.mean(values)) if len(values) else float("nan"), standard_error(values))


def normal_interval(value: float, error: float) -> Interval:
    """Return a figure with the 95% normal interval that its standard error gives."""
    return Interval(value, value - _NORMAL_95 * error, value + _NORMAL_95 * error)


def p_value(value: float, error: float) -> float:
    """Return the two-sided p-value of no effect: how often chance alone gives a figure this far from zero."""
    if not error > 0.0:  # also NaN
        return float("nan")
    return float(2.0 * NormalDist().cdf(-abs(value) / error))
