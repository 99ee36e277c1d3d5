"""Closed-form results of the BTYD models, in the notation of the papers. Time is in the unit of the parameters.

[1] Fader, Hardie, Lee (2005), "Counting your customers" the easy way: an alternative to the Pareto/NBD model,
    Marketing Science 24(2).
[2] Fader, Hardie (2013), The Gamma-Gamma model of monetary value.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import betainc, betaincinv, betaln, hyp2f1

from .rfm import Array

Value = float | Array  # a parameter of all customers, or one of each
_LARGEST = 700.0  # exp of more is infinite
_NEAR_ONE, _NEAR_ZERO = 1e-9, 1e-12
_SMALL_A, _CANCELLED = 1e-4, 1e-9
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def p_alive(x: Array, t_x: Array, T: Array, shift: int, r: Value, alpha: Value, a: Value, b: Value) -> Array:
    """P(still a customer at T | x, t_x, T); under BG/NBD (shift 0) 1 for everyone without a repeat purchase."""
    y = np.maximum(x + shift, 1.0)
    log_odds = np.log(a) - np.log(b + y - 1.0) + (r + x) * (np.log(alpha + T) - np.log(alpha + t_x))
    return np.asarray(np.where(x + shift > 0, 1.0 / (1.0 + np.exp(np.minimum(log_odds, _LARGEST))), 1.0))


def expected_purchases(
    t: Array, x: Array, t_x: Array, T: Array, shift: int, r: Value, alpha: Value, a: Value, b: Value
) -> Array:
    """E[purchases in (T, T + t] | x, t_x, T]: Eq. 10 in [1]; under MBG/NBD (shift 1) b is one more.

    Where the closed form loses its digits by cancellation, or leaves its bounds 0 and (r + x) t / (alpha + T), the
    expectation is integrated numerically over the dropout probability.
    """
    later_b = b + x + shift
    a = np.where(np.abs(a - 1.0) > _NEAR_ONE, a, 1.0 + _NEAR_ONE)  # a removable singularity
    z = t / (alpha + T + t)
    with np.errstate(all="ignore"):  # what overflows is integrated below
        shrink = np.exp((r + x) * (np.log(alpha + T) - np.log(alpha + T + t)))
        series = hyp2f1(r + x, later_b, a + later_b - 1.0, z)
        rest = 1.0 - shrink * series
        if_alive = (a + later_b - 1.0) / (a - 1.0) * rest
    most = (r + x) * t / (alpha + T)
    cancelled = (np.abs(rest) < _CANCELLED) | (a < _SMALL_A)
    wrong = cancelled | ~(np.isfinite(if_alive) & (if_alive >= 0.0) & (if_alive <= most * (1.0 + 1e-9)))
    if wrong.any():
        of_wrong = np.broadcast_to(a, wrong.shape)[wrong]
        if_alive[wrong] = integrate_purchases(t[wrong], (r + x)[wrong], (alpha + T)[wrong], of_wrong, later_b[wrong])
    return np.asarray(if_alive * p_alive(x, t_x, T, shift, r, alpha, a, b))


def integrate_purchases(t: Array, shape: Array, rate: Array, a: Value, b: Array) -> Array:
    """Return E[(1 - (1 + p t / rate)^-shape) / p] over p ~ Beta(a, b): purchases of a customer who is alive.

    Given p, purchases decay as a customer with rate Gamma(shape, rate) leaves after each with chance p.
    """
    total = np.zeros(len(shape))
    for p, weight in _dropout_chances(a, b):
        total += weight * -np.expm1(-shape * np.log1p(p * t / rate)) / p
    return total


def p_stays(t: Array, shape: Array, rate: Array, a: Value, b: Array) -> Array:
    """E[(1 + p t / rate)^-shape] over p ~ Beta(a, b): the chance that a customer who is alive still is after t."""
    total = np.zeros(len(shape))
    for p, weight in _dropout_chances(a, b):
        total += weight * np.exp(-shape * np.log1p(p * t / rate))
    return total


def _dropout_chances(a: Value, b: Array) -> Iterator[tuple[Array, float]]:
    """Yield quantiles of Beta(a, b) at Gauss-Legendre points, and their weights."""
    for node, weight in zip((_NODES + 1.0) / 2.0, _WEIGHTS / 2.0, strict=True):
        yield np.maximum(betaincinv(a, b, node), _NEAR_ZERO), weight


def p_at_least(n: int, stages: Array, shape: Array, z: Array, a: Value, b: Array) -> Array:
    """P(at least n purchases in (T, T + t] | x, t_x, T): the sum over further purchases of Eq. 8 in [1].

    Purchases take k stages; `stages` (k, customers) is P(alive, j stages since the last purchase). With
    z = t / (alpha + T + t), shape r + kx and b' = b + x + s, the n-th next purchase happens if its nk - j stages fit
    into t, and the customer stayed after each of the n - 1 before it:
    B(a, b' + n - 1) / B(a, b') I_z(nk - j, r + kx + j).
    """
    k, stays = len(stages), np.exp(betaln(a, b + n - 1.0) - betaln(a, b))
    return np.asarray(stays * sum(stages[j] * betainc(n * k - j, shape + j, z) for j in range(k)))


def gamma_gamma_mean(x: Array, m: Array, p: float, q: float, v: float) -> Array:
    """E[spend per purchase | x repeat purchases of mean m]: Eq. 5 in [2]; the population's mean at x = 0."""
    return np.asarray(p * (v + x * m) / (p * x + q - 1.0))


def gamma_gamma_typical(x: Array, m: Array, p: float, q: float, v: float) -> Array:
    """Return p (v + x m) / (p x + q): the spend per purchase at the mean of the customer's own rate."""
    return np.asarray(p * (v + x * m) / (p * x + q))


def gamma_gamma_at_most(amount: Array, purchases: Array, x: Array, m: Array, p: float, q: float, v: float) -> Array:
    """P(sum of further purchases <= amount | x repeat purchases of mean m).

    A purchase is Gamma(p, rate nu), nu after x purchases Gamma(px + q, rate v + xm) ([2], section 2): the sum over
    v + xm is beta prime, so that with z = amount / (amount + v + xm) the chance is I_z(p n, p x + q).
    """
    return np.asarray(betainc(p * purchases, p * x + q, amount / (amount + v + x * m)))
