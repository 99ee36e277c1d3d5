"""Uplift and Qini curves and their areas, and the rank-weighted average treatment effect (RATE).

A ranking is good if those at its top are changed most by a contact. With V(u) the effect per customer of all customers
of contacting the best-ranked share u, a ranking at random gives the straight line u V(1).

References
----------
[1] Radcliffe (2007), Using control groups to target on predicted lift: building and assessing uplift models, Direct
    Marketing Analytics Journal 1. The Qini curve.
[2] Gutierrez, Gerardy (2017), Causal inference and uplift modelling: a review of the literature, PMLR 67. The uplift
    curve, section 4.
[3] Yadlowsky, Fleming, Shah, Brunskill, Wager (2025), Evaluating treatment prioritization rules via rank-weighted
    average treatment effects, Journal of the American Statistical Association 120(549). TOC is Eq. 2.3, AUTOC and the
    Qini coefficient are Eq. 2.5.

The areas and RATE are metrics in the sense of `metrics`: they take weights (n, replicates). Equal ranks share their
effects evenly, so that the order of rows does not matter.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .metrics import Array, Metric, cumulate


@dataclass(frozen=True)
class Curve:
    """A curve over the share of customers contacted, best-ranked first: points from (0, 0) on, shape (points,) each."""

    share: Array
    value: Array

    def at(self, share: float) -> float:
        """Return the value at a share of customers, straight between points."""
        return float(np.interp(share, self.share, self.value))


def uplift_curve(outcome: Array, treated: Array, ranking: Array) -> Curve:
    """Return the uplift curve of [2]: V(u) = u (mean outcome of treated - of control, among the best-ranked share u).

    Parameters
    ----------
    outcome
        What happened, 0 or 1 or an amount, shape (n,).
    treated
        1 for the treated, 0 for the control group, assigned at random, shape (n,).
    ranking
        Predicted effects, or any score, the highest first, shape (n,).

    Returns
    -------
    Curve
        V in units of the outcome per customer of all customers; zero while one of the two groups is empty.
    """
    share, value = _uplift_points(outcome, ranking, np.ones((len(outcome), 1)), treated)
    return Curve(share[:, 0], value[:, 0])


def qini_curve(outcome: Array, treated: Array, ranking: Array) -> Curve:
    """Return the Qini curve of [1], per treated customer: Q(u) = (Y_t(u) - Y_c(u) N_t(u) / N_c(u)) / N_t(1).

    Y and N are sums of outcomes and numbers of customers among the best-ranked share u. Parameters are as for
    `uplift_curve`; Q(1) is the average effect.
    """
    share, value = _qini_points(outcome, ranking, np.ones((len(outcome), 1)), treated)
    return Curve(share[:, 0], value[:, 0])


def uplift_area(treated: Array) -> Metric:
    """Return the metric (outcome, ranking, weights) -> area between the uplift curve and the line of chance."""
    return lambda truth, predicted, weights: _area(*_uplift_points(truth, predicted, weights, treated), excess=True)


def uplift_auc(treated: Array) -> Metric:
    """Return the metric (outcome, ranking, weights) -> AUUC, the area under the uplift curve."""
    return lambda truth, predicted, weights: _area(*_uplift_points(truth, predicted, weights, treated), excess=False)


def qini_area(treated: Array) -> Metric:
    """Return the metric (outcome, ranking, weights) -> area between the Qini curve and the line of chance."""
    return lambda truth, predicted, weights: _area(*_qini_points(truth, predicted, weights, treated), excess=True)


def uplift_at(share: float, treated: Array) -> Metric:
    """Return the metric (outcome, ranking, weights) -> mean effect within the best-ranked share of customers."""

    def effect(truth: Array, predicted: Array, weights: Array) -> Array:
        points = _uplift_points(truth, predicted, weights, treated)
        return np.array([np.interp(share, u, v) / share for u, v in zip(points[0].T, points[1].T, strict=True)])

    return effect


def rate_autoc(truth: Array, predicted: Array, weights: Array) -> Array:
    """Area under the targeting operator characteristic, a RATE: the integral of TOC(u) over u in 0..1.

    TOC(u) = S(u) / u - S(1) is the mean effect among the best-ranked share u, less that of all; S(u) is the running
    sum of the effect scores (`truth`, see `treatment_effects.effect_scores`) over the number of customers. S is
    straight between customers, so that the integral of S(u) / u over a piece from a to b with slope s is
    s (b - a) + (S(a) - s a) ln(b / a). The estimator of [3] is a sum over the ranks instead; both have the same limit.
    """
    share, total = _running_mean(truth, predicted, weights)
    width, rise = np.diff(share, axis=0), np.diff(total, axis=0)
    slope = np.divide(rise, width, out=np.zeros_like(rise), where=width > 0)
    start, begun = share[:-1], share[:-1] > 0
    ratio = np.divide(share[1:], start, out=np.ones_like(width), where=begun)
    pieces = rise + np.where(begun, total[:-1] - slope * start, 0.0) * np.log(ratio)
    return np.asarray(pieces.sum(axis=0) - total[-1])


def rate_qini(truth: Array, predicted: Array, weights: Array) -> Array:
    """Qini coefficient as a RATE: the integral of u TOC(u); the area between the curve of effect scores and chance."""
    return _area(*_running_mean(truth, predicted, weights), excess=True)


def _running_mean(truth: Array, predicted: Array, weights: Array) -> tuple[Array, Array]:
    """Return shares of customers and running effect per customer of all, from (0, 0) on: (groups + 1, replicates)."""
    mass, value = cumulate(-predicted, truth, weights)
    return _from_zero(mass / mass[-1]), _from_zero(value / mass[-1])


Points = tuple[Array, Array]


def _uplift_points(outcome: Array, ranking: Array, weights: Array, treated: Array) -> Points:
    counts, sums = _running_arms(outcome, ranking, weights, treated)
    share = (counts[0] + counts[1]) / (counts[0][-1] + counts[1][-1])
    effect = _ratio(sums[1], counts[1]) - _ratio(sums[0], counts[0])
    both = (counts[0] > 0) & (counts[1] > 0)
    return _from_zero(share), _from_zero(np.where(both, share * effect, 0.0))


def _qini_points(outcome: Array, ranking: Array, weights: Array, treated: Array) -> Points:
    counts, sums = _running_arms(outcome, ranking, weights, treated)
    share = (counts[0] + counts[1]) / (counts[0][-1] + counts[1][-1])
    gained = sums[1] - _ratio(sums[0], counts[0]) * counts[1]
    both = (counts[0] > 0) & (counts[1] > 0)
    return _from_zero(share), _from_zero(np.where(both, _ratio(gained, counts[1][-1]), 0.0))


def _running_arms(outcome: Array, ranking: Array, weights: Array, treated: Array) -> tuple[list[Array], list[Array]]:
    """Return running counts and sums of outcomes of control and treated: [control, treated] each."""
    groups = (1.0 - treated[:, None], treated[:, None])
    pairs = [cumulate(-ranking, outcome, weights * group) for group in groups]
    return [mass for mass, _ in pairs], [value for _, value in pairs]


def _ratio(top: Array, bottom: Array) -> Array:
    return np.divide(top, bottom, out=np.zeros(np.broadcast_shapes(top.shape, bottom.shape)), where=bottom > 0)


def _from_zero(values: Array) -> Array:
    return np.concatenate([np.zeros((1, values.shape[1])), values])


def _area(share: Array, value: Array, *, excess: bool) -> Array:
    """Return the area under curves by trapezoids; as excess, above the straight line to their ends."""
    area = (np.diff(share, axis=0) * (value[1:] + value[:-1]) / 2.0).sum(axis=0)
    return np.asarray(area - value[-1] / 2.0 if excess else area)


CURVE_METRICS: dict[str, Callable[[Array], Metric]] = {
    "uplift_area": uplift_area,
    "uplift_auc": uplift_auc,
    "qini_area": qini_area,
}
RATE_METRICS: dict[str, Metric] = {"rate_autoc": rate_autoc, "rate_qini": rate_qini}
