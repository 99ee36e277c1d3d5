"""The formulas of the papers, in the papers' letters. Time is in whatever unit the parameters were estimated in.

[1] Fader, Hardie, Lee (2005), "Counting your customers" the easy way: an alternative to the Pareto/NBD model,
    Marketing Science 24(2).
[2] Fader, Hardie (2013), The Gamma-Gamma model of monetary value.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, hyp2f1

Array = NDArray[np.float64]
_LARGEST = 700.0  # exp of more is infinite
_NEAR_ONE, _NEAR_ZERO = 1e-9, 1e-12
_SMALL_A, _CANCELLED = 1e-4, 1e-9
_NODES = 64


def p_alive(x: Array, t_x: Array, T: Array, shift: int, r: float, alpha: float, a: float, b: float) -> Array:
    """P(still a customer at T | x, t_x, T); under BG/NBD (shift 0) 1 for everyone without a repeat purchase."""
    y = np.maximum(x + shift, 1.0)
    odds = a / (b + y - 1.0) * np.exp(np.minimum((r + x) * (np.log(alpha + T) - np.log(alpha + t_x)), _LARGEST))
    return np.asarray(np.where(x + shift > 0, 1.0 / (1.0 + odds), 1.0))


def expected_purchases(
    t: float, x: Array, t_x: Array, T: Array, shift: int, r: float, alpha: float, a: float, b: float
) -> Array:
    """E[purchases in (T, T + t] | x, t_x, T]: Eq. 10 in [1]; under MBG/NBD (shift 1) b is one more.

    Where the closed form cancels, or leaves its bounds 0 and (r + x) t / (alpha + T), the expectation is integrated
    over the dropout chance instead.
    """
    later_b = b + x + shift
    a = a if abs(a - 1.0) > _NEAR_ONE else 1.0 + _NEAR_ONE  # a removable singularity
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
        if_alive[wrong] = _integrate_purchases(t, (r + x)[wrong], (alpha + T)[wrong], a, later_b[wrong])
    return np.asarray(if_alive * p_alive(x, t_x, T, shift, r, alpha, a, b))


def _integrate_purchases(t: float, shape: Array, rate: Array, a: float, b: Array) -> Array:
    """E[(1 - (1 + p t / rate)^-shape) / p] over p ~ Beta(a, b): purchases of a customer who is alive.

    Given p, purchases decay as a customer with rate Gamma(shape, rate) leaves after each with chance p. The expectation
    over p uses quantiles of the Beta distribution at Gauss-Legendre points.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    total = np.zeros(len(shape))
    for node, weight in zip((nodes + 1.0) / 2.0, weights / 2.0, strict=True):
        p = np.maximum(betaincinv(a, b, node), _NEAR_ZERO)
        total += weight * -np.expm1(-shape * np.log1p(p * t / rate)) / p
    return total


def p_no_purchase(
    t: float, x: Array, t_x: Array, T: Array, shift: int, r: float, alpha: float, a: float, b: float
) -> Array:
    """P(no purchase in (T, T + t] | x, t_x, T).

    A customer who is alive at T has the rate Gamma(r + x, alpha + T), whose chance of no purchase within t is
    ((alpha + T) / (alpha + T + t)) ** (r + x); one who is not never buys.
    """
    silent = np.exp((r + x) * (np.log(alpha + T) - np.log(alpha + T + t)))
    return np.asarray(1.0 - p_alive(x, t_x, T, shift, r, alpha, a, b) * (1.0 - silent))


def bgnbd_new_customer_purchases(t: Array, r: float, alpha: float, a: float, b: float) -> Array:
    """E[X(t)], repeat purchases of a new customer within t: Eq. 9 in [1]."""
    shrink = np.exp(r * (np.log(alpha) - np.log(alpha + t)))
    return np.asarray((a + b - 1.0) / (a - 1.0) * (1.0 - shrink * hyp2f1(r, b, a + b - 1.0, t / (alpha + t))))


def gamma_gamma_mean(x: Array, m: Array, p: float, q: float, v: float) -> Array:
    """E[spend per purchase | x repeat purchases of mean m]: Eq. 5 in [2]; the population's mean at x = 0."""
    return np.asarray(p * (v + x * m) / (p * x + q - 1.0))
