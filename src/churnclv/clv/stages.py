"""Customers who buy in k stages and may leave after a purchase: BG/NBD, MBG/NBD and MBG/CNBD-k, customer by customer.

The likelihood is that of `purchase_models/condensed_nbd.py`; with one stage it is that of
`purchase_models/beta_geometric.py`. Any parameter may differ between customers.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from .closed_forms import Value
from .covariate_likelihood import Derived, each_in_logs, mixture
from .rfm import Array, Histories

_LEAST_WAIT = 1e-300


def stage_components(
    x: Array, t_x: Array, T: Array, shift: int, k: int, parameters: Sequence[Value]
) -> Array:  # fmt: skip
    """Return the logs of the bracket's terms: j = 0 .. k-1 stages since the last purchase, then left; (k + 1, n)."""
    r, alpha, a, b = parameters
    base, wait = r + k * x, np.log(np.maximum(T - t_x, _LEAST_WAIT))
    log_T, rising, logs = np.log(alpha + T), np.zeros(len(x)), []
    for j in range(k):
        logs.append(rising - (base + j) * log_T + (j * wait - gammaln(j + 1) if j else 0.0))
        rising = rising + np.log(base + j)
    may_leave = x + shift > 0
    left = np.log(a) - np.log(np.where(may_leave, b + x + shift - 1.0, 1.0)) - base * np.log(alpha + t_x)
    return np.stack([*logs, np.where(may_leave, left, -np.inf)])


def stage_shares(logs: Array) -> tuple[Array, Array]:
    """Return the log of the sum of the terms (n,) and each term's share of it (terms, n)."""
    top = logs.max(axis=0)
    parts = np.exp(logs - top)
    total = sum(parts)  # term by term: a customer's value must not depend on the number of rows
    return top + np.log(total), parts / total


def stage_weights(histories: Histories, shift: int, k: int, parameters: Sequence[Value]) -> Array:
    """Return P(alive, j stages since the last purchase | x, t_x, T), shape (k, n); they add up to P(alive)."""
    return stage_shares(stage_components(histories.x, histories.t_x, histories.T, shift, k, parameters))[1][:k]


def stage_derivatives(histories: Histories, shift: int, k: int, log_parameters: Array) -> Derived:
    """Return each customer's log-likelihood with its derivatives by the logs of the customer's own (r, alpha, a, b).

    Parameters
    ----------
    histories
        Of n customers.
    shift
        1 where customers may leave after the first purchase too, else 0.
    k
        Stages of a purchase.
    log_parameters
        Of each customer, (4, n).
    """
    parameters = np.exp(log_parameters)
    counted, bracket = count_derivatives(histories, shift, k, parameters), _bracket(histories, shift, k, parameters)
    parts = ((getattr(counted, name), getattr(bracket, name)) for name in ("value", "gradient", "hessian"))
    return each_in_logs(Derived(*(first + second for first, second in parts)), parameters)


def count_derivatives(histories: Histories, shift: int, k: int, parameters: Array) -> Derived:
    """Return the terms that depend on the number of purchases, with derivatives by each customer's own parameters."""
    x, (r, alpha, a, b) = histories.x, parameters
    power, y = r + k * x, x + shift
    value = gammaln(power) - gammaln(r) + r * np.log(alpha) + (k - 1) * histories.log_gaps - x * gammaln(k)
    value += gammaln(b + y) - gammaln(b) + gammaln(a + b) - gammaln(a + b + y)
    by_r = digamma(power) - digamma(r) + np.log(alpha)
    both = digamma(a + b) - digamma(a + b + y)
    gradient = np.stack([by_r, r / alpha, both, both + digamma(b + y) - digamma(b)])
    hessian = np.zeros((4, 4, len(x)))
    hessian[0, 0] = polygamma(1, power) - polygamma(1, r)
    hessian[0, 1] = hessian[1, 0] = 1.0 / alpha
    hessian[1, 1] = -r / alpha**2
    hessian[2:, 2:] = polygamma(1, a + b) - polygamma(1, a + b + y)
    hessian[3, 3] += polygamma(1, b + y) - polygamma(1, b)
    return Derived(value, gradient, hessian)


def _bracket(histories: Histories, shift: int, k: int, parameters: Array) -> Derived:
    """Return the log of each customer's bracket with its derivatives: terms are the components of a mixture."""
    x, t_x, T = histories.x, histories.t_x, histories.T
    r, alpha, a, b = parameters
    logs = stage_components(x, t_x, T, shift, k, list(parameters)).T
    n, may_leave = len(x), x + shift > 0
    later_b = np.where(may_leave, b + x + shift - 1.0, 1.0)
    slopes, curves = np.zeros((4, n, k + 1)), np.zeros((5, n, k + 1))
    rising, bent = np.zeros(n), np.zeros(n)
    for j in range(k + 1):
        left = j == k
        power, over = (r + k * x, 1.0 / (alpha + t_x)) if left else (r + k * x + j, 1.0 / (alpha + T))
        slopes[0, :, j] = np.log(over) + (0.0 if left else rising)
        slopes[1, :, j] = -power * over
        curves[0, :, j] = 0.0 if left else -bent
        curves[1, :, j], curves[2, :, j] = -over, power * over**2
        rising, bent = rising + 1.0 / power, bent + 1.0 / power**2
    slopes[2, :, k], slopes[3, :, k] = 1.0 / a, np.where(may_leave, -1.0 / later_b, 0.0)
    curves[3, :, k], curves[4, :, k] = -1.0 / a**2, np.where(may_leave, 1.0 / later_b**2, 0.0)
    return mixture(logs, list(slopes), dict(zip([(0, 0), (0, 1), (1, 1), (2, 2), (3, 3)], curves, strict=True)))
