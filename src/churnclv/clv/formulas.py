"""The formulas of the papers, in the papers' letters. Time is in whatever unit the parameters were estimated in.

[1] Fader, Hardie, Lee (2005), "Counting your customers" the easy way: an alternative to the Pareto/NBD model,
    Marketing Science 24(2).
[2] Fader, Hardie (2013), The Gamma-Gamma model of monetary value.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import hyp2f1

Array = NDArray[np.float64]


def bgnbd_p_alive(x: Array, t_x: Array, T: Array, r: float, alpha: float, a: float, b: float) -> Array:
    """P(still a customer at T | x, t_x, T); 1 for everyone without a repeat purchase."""
    repeat = np.maximum(x, 1.0)
    odds = a / (b + repeat - 1.0) * np.exp((r + x) * (np.log(alpha + T) - np.log(alpha + t_x)))
    return np.asarray(np.where(x > 0, 1.0 / (1.0 + odds), 1.0))


def bgnbd_expected_purchases(
    t: float, x: Array, t_x: Array, T: Array, r: float, alpha: float, a: float, b: float
) -> Array:
    """E[purchases in (T, T + t] | x, t_x, T]: Eq. 10 in [1]."""
    a = a if abs(a - 1.0) > 1e-9 else 1.0 + 1e-9  # noqa: PLR2004 # a removable singularity
    z = t / (alpha + T + t)
    shrink = np.exp((r + x) * (np.log(alpha + T) - np.log(alpha + T + t)))
    growth = (a + b + x - 1.0) / (a - 1.0) * (1.0 - shrink * hyp2f1(r + x, b + x, a + b + x - 1.0, z))
    return np.asarray(np.maximum(growth, 0.0) * bgnbd_p_alive(x, t_x, T, r, alpha, a, b))


def bgnbd_p_no_purchase(t: float, x: Array, t_x: Array, T: Array, r: float, alpha: float, a: float, b: float) -> Array:
    """P(no purchase in (T, T + t] | x, t_x, T).

    A customer who is alive at T has the rate Gamma(r + x, alpha + T), whose chance of no purchase within t is
    ((alpha + T) / (alpha + T + t)) ** (r + x); one who is not never buys.
    """
    silent = np.exp((r + x) * (np.log(alpha + T) - np.log(alpha + T + t)))
    return np.asarray(1.0 - bgnbd_p_alive(x, t_x, T, r, alpha, a, b) * (1.0 - silent))


def bgnbd_new_customer_purchases(t: Array, r: float, alpha: float, a: float, b: float) -> Array:
    """E[X(t)], repeat purchases of a new customer within t: Eq. 9 in [1]."""
    shrink = np.exp(r * (np.log(alpha) - np.log(alpha + t)))
    return np.asarray((a + b - 1.0) / (a - 1.0) * (1.0 - shrink * hyp2f1(r, b, a + b - 1.0, t / (alpha + t))))


def bgnbd_log_likelihood(x: Array, t_x: Array, T: Array, r: float, alpha: float, a: float, b: float) -> Array:
    """Log-likelihood of each customer: Eq. 6 in [1], in logs."""
    from scipy.special import betaln, gammaln

    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    alive = betaln(a, b + x) - (r + x) * np.log(alpha + T)
    repeat = np.maximum(x, 1.0)
    left = betaln(a + 1.0, b + repeat - 1.0) - (r + x) * np.log(alpha + t_x)
    return np.asarray(common + np.where(x > 0, np.logaddexp(alive, left), alive))


def gamma_gamma_mean(x: Array, m: Array, p: float, q: float, v: float) -> Array:
    """E[spend per purchase | x repeat purchases of mean m]: Eq. 5 in [2]; the population's mean at x = 0."""
    return np.asarray(p * (v + x * m) / (p * x + q - 1.0))


def gamma_gamma_log_likelihood(x: Array, m: Array, p: float, q: float, v: float) -> Array:
    """Log-likelihood of each customer with x > 0 and m > 0: Eq. 1a in [2]."""
    from scipy.special import gammaln

    return np.asarray(
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v) + (p * x - 1.0) * np.log(m)
        + p * x * np.log(x) - (p * x + q) * np.log(v + x * m)
    )  # fmt: skip
