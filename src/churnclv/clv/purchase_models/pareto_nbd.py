"""Pareto/NBD: likelihood with exact derivatives, and its predictions, without hypergeometric functions.

[1] Schmittlein, Morrison, Colombo (1987), Counting your customers: who are they and what will they do next?,
    Management Science 33(1).
[2] Fader, Hardie (2005), A note on deriving the Pareto/NBD model and related expressions.

With purchases at a Gamma(r, alpha) rate until a death at a Gamma(s, beta) rate,
    L = G(r+x)/G(r) alpha^r beta^s [ (alpha+T)^-(r+x) (beta+T)^-s
                                     + s int_{t_x}^T (alpha+u)^-(r+x) (beta+u)^-(s+1) du ]   ([2], Eq. 17).
The integral is a weighted sum over moments of death; all terms are positive, so that the sum is stable in logs for any
x.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from ..closed_forms import Value
from ..coefficients import DROPOUT, PURCHASE
from ..covariate_likelihood import Derived, each_in_logs, mixture
from ..covariate_model import CovariateModel
from ..lifetime import LifetimeModel
from ..maximum_likelihood import Derivatives, in_logs
from ..purchase_model import spread
from ..recall import recalled
from ..rfm import Array, Histories

NAMES = ("r", "alpha", "s", "beta")
_POINTS = 40
_NEAR, _STEEP = np.polynomial.legendre.leggauss(_POINTS), np.polynomial.legendre.leggauss(2 * _POINTS)
_SHORT = 40.0  # exp(-40) is negligible
_LARGEST = 500.0
_ROWS_PER_CHUNK = 50_000
_NEWTON_STEPS = 12
_NEAR_ONE = 1e-9


def log_likelihood(x: Array, t_x: Array, T: Array, n: Array, log_parameters: Array) -> tuple[float, Array, Array]:
    """Return the mean log-likelihood per customer with gradient and Hessian by the logs of (r, alpha, s, beta)."""
    parameters = np.exp(log_parameters)
    r, alpha, s, beta = parameters
    total = float(n.sum())
    value = float(n @ gammaln(r + x)) + total * (r * np.log(alpha) + s * np.log(beta) - gammaln(r))
    by_r = float(n @ digamma(r + x)) + total * (np.log(alpha) - digamma(r))
    gradient = np.array([by_r, total * r / alpha, total * np.log(beta), total * s / beta])
    hessian = np.zeros((4, 4))
    hessian[0, 0] = n @ polygamma(1, r + x) - total * polygamma(1, r)
    hessian[0, 1] = hessian[1, 0] = total / alpha
    hessian[1, 1], hessian[3, 3] = -total * r / alpha**2, -total * s / beta**2
    hessian[2, 3] = hessian[3, 2] = total / beta
    for first in range(0, len(x), _ROWS_PER_CHUNK):
        rows = slice(first, first + _ROWS_PER_CHUNK)
        part = _mixture_derivatives(x[rows], t_x[rows], T[rows], n[rows], parameters)
        value, gradient, hessian = value + part[0], gradient + part[1], hessian + part[2]
    return in_logs(value / total, gradient / total, hessian / total, parameters)


def death_points(
    power: Array, start: Array, end: Array, alpha: Value, s: Value, beta: Value
) -> tuple[Array, Array]:  # fmt: skip
    """Return points between start and end and the logs of their weights for int (alpha+u)^-power ... du: (n, points).

    The rest of the integrand falls with the moment of death like (beta+u)^-(s+1). In the log of u plus the smaller of
    alpha and beta all of it is smooth. The smaller is the same for all these customers.
    """
    if np.all(beta < alpha):
        return _steep_points(power, start, end, alpha, s, beta)
    low = alpha + start
    reach = follow_integrand(np.log((alpha + end) / low), low, power, start, (alpha, s, beta))[:, None]
    nodes, weights = _NEAR
    moved = low[:, None] * np.exp(reach * (nodes + 1.0) / 2.0)  # alpha + u
    log_weight = np.log(np.maximum(reach, np.finfo(float).tiny) / 2.0) + np.log(weights)
    return moved - _of_rows(alpha), log_weight + np.log(moved)


def follow_integrand(
    length: Array, low: Array, power: Array, start: Array, parameters: tuple[Value, Value, Value]
) -> Array:
    """Return how far in log(alpha + u) the integrand has to be followed: to the end, or to where it has vanished.

    With y the distance, the log of the integrand falls by (power - 1) y + (s + 1) log((beta + u) / (beta + start)).
    This is convex in y, so that Newton's steps come down to the distance of a fall by 40 and never pass it.
    """
    alpha, s, beta = parameters
    y = length
    for _ in range(_NEWTON_STEPS):
        grown = low * np.exp(np.minimum(y, _LARGEST))
        later = beta - alpha + grown  # beta + u
        fall = (power - 1.0) * y + (s + 1.0) * np.log(later / (beta + start))
        slope = power - 1.0 + (s + 1.0) * grown / later
        y = np.where(fall > _SHORT, y - (fall - _SHORT) / np.where(fall > _SHORT, slope, 1.0), y)
    return y


def _steep_points(
    power: Array, start: Array, end: Array, alpha: Value, s: Value, beta: Value
) -> tuple[Array, Array]:  # fmt: skip
    """Return the points for early deaths: Gauss-Legendre in log(beta + u), up to where the integrand vanishes."""
    low = beta + start
    vanished = (alpha + start) * np.expm1(np.minimum(_SHORT / power, _LARGEST)) + start  # of (alpha+u)^-power
    reach = np.minimum(np.log((beta + np.minimum(end, vanished)) / low), _SHORT / s)[:, None]
    nodes, weights = _STEEP
    moved = low[:, None] * np.exp(reach * (nodes + 1.0) / 2.0)  # beta + u
    log_weight = np.log(np.maximum(reach, np.finfo(float).tiny) / 2.0) + np.log(weights)
    return moved - _of_rows(beta), log_weight + np.log(moved)


def _of_rows(value: Value) -> Array:
    """Return a parameter beside (n, points)."""
    return np.reshape(value, (-1, 1))


def _alike(alpha: Value, beta: Value) -> Iterator[Any]:
    """Yield where alpha is the smaller and where beta is: their moments of death differ in number."""
    steep = np.asarray(beta < alpha)
    if steep.ndim == 0:
        yield slice(None)
        return
    for alike in (np.flatnonzero(steep), np.flatnonzero(~steep)):
        if len(alike):
            yield alike


def components(x: Array, t_x: Array, T: Array, parameters: Sequence[Value] | Array) -> tuple[Array, Array]:
    """Return the moments (alive until T, then deaths) and the logs of their likelihoods, each (n, 1 + points)."""
    r, alpha, s, beta = parameters
    power = r + x
    deaths, log_weight = death_points(power, t_x, T, alpha, s, beta)
    alive = -power * np.log(alpha + T) - s * np.log(beta + T)
    dead = np.log(_of_rows(s)) + log_weight - power[:, None] * np.log(_of_rows(alpha) + deaths)
    dead = dead - (_of_rows(s) + 1.0) * np.log(_of_rows(beta) + deaths)
    dead = np.where((t_x < T)[:, None], dead, -np.inf)
    return np.column_stack([T, deaths]), np.column_stack([alive, dead])


def _mixture_derivatives(x: Array, t_x: Array, T: Array, n: Array, parameters: Array) -> tuple[float, Array, Array]:
    """Return the log of the bracket with its derivatives: means and covariances over the moments of death."""
    r, alpha, s, beta = parameters
    moments, logs = components(x, t_x, T, parameters)
    top = logs.max(axis=1, keepdims=True)
    likelihood = np.exp(logs - top)
    norm = likelihood.sum(axis=1, keepdims=True)
    share = likelihood / norm
    death = np.ones(moments.shape[1])
    death[0] = 0.0  # the first component is the customer who is alive
    over_alpha, over_beta, power = 1.0 / (alpha + moments), 1.0 / (beta + moments), (r + x)[:, None]
    slopes = np.stack([
        -np.log(alpha + moments), -power * over_alpha, -np.log(beta + moments) + death / s, -(s + death) * over_beta
    ])  # fmt: skip
    mean = np.einsum("kij,ij->ki", slopes, share)
    scaled = (slopes * np.sqrt(share * n[:, None])).reshape(4, -1)
    hessian = scaled @ scaled.T - (mean * n) @ mean.T
    cross_r, cross_s = -(n @ (share * over_alpha).sum(axis=1)), -(n @ (share * over_beta).sum(axis=1))
    hessian[0, 1] += cross_r
    hessian[1, 0] += cross_r
    hessian[2, 3] += cross_s
    hessian[3, 2] += cross_s
    hessian[1, 1] += n @ (share * power * over_alpha**2).sum(axis=1)
    hessian[2, 2] -= n @ (share * death).sum(axis=1) / s**2
    hessian[3, 3] += n @ (share * (s + death) * over_beta**2).sum(axis=1)
    return float(n @ (top + np.log(norm))[:, 0]), mean @ n, hessian


def customer_derivatives(histories: Histories, log_parameters: Array) -> Derived:
    """Return each customer's log-likelihood with its derivatives by the logs of the customer's own parameters, (4, n).

    Returns
    -------
    Derived
        Of shapes (n,), (4, n) and (4, 4, n).
    """
    parameters, x = np.exp(log_parameters), histories.x
    r, alpha, s, beta = parameters
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    by_r = digamma(r + x) - digamma(r) + np.log(alpha)
    gradient = np.stack([by_r, r / alpha, np.log(beta), s / beta])
    hessian = np.zeros((4, 4, len(x)))
    hessian[0, 0] = polygamma(1, r + x) - polygamma(1, r)
    hessian[0, 1] = hessian[1, 0] = 1.0 / alpha
    hessian[1, 1], hessian[3, 3] = -r / alpha**2, -s / beta**2
    hessian[2, 3] = hessian[3, 2] = 1.0 / beta
    for rows in _alike(alpha, beta):
        part = _mixture_of_each(x[rows], histories.t_x[rows], histories.T[rows], parameters[:, rows])
        value[rows] += part.value
        gradient[:, rows] += part.gradient
        hessian[:, :, rows] += part.hessian
    return each_in_logs(Derived(value, gradient, hessian), parameters)


def _mixture_of_each(x: Array, t_x: Array, T: Array, parameters: Array) -> Derived:
    """Return the log of each customer's bracket with its derivatives, over the moments of death."""
    r, alpha, s, beta = (_of_rows(values) for values in parameters)
    moments, logs = components(x, t_x, T, list(parameters))
    death = np.ones(moments.shape[1])
    death[0] = 0.0  # the first component is the customer who is alive
    over_alpha, over_beta, power = 1.0 / (alpha + moments), 1.0 / (beta + moments), r + x[:, None]
    slopes = [
        np.log(over_alpha), -power * over_alpha, np.log(over_beta) + death / s, -(s + death) * over_beta
    ]  # fmt: skip
    curves = {
        (0, 1): -over_alpha,
        (2, 3): -over_beta,
        (1, 1): power * over_alpha**2,
        (2, 2): -death / s**2,
        (3, 3): (s + death) * over_beta**2,
    }
    return mixture(logs, slopes, curves)


class ParetoModel(CovariateModel, LifetimeModel):
    """Pareto/NBD of Schmittlein, Morrison and Colombo (1987): customers may leave at any time."""

    name = "pareto_nbd"
    assumption = "customers buy at random at a rate of their own and may leave at any time"
    source = "Schmittlein, Morrison, Colombo 1987"
    coarse_customers = 2_000
    parameter_names = NAMES
    moves = ((-1.0, -1.0, -0.5, -1.0), (0.5, 0.5, -1.5, 1.0))
    processes: ClassVar[Mapping[str, tuple[float, ...]]] = {
        PURCHASE: (0.0, -1.0, 0.0, 0.0),
        DROPOUT: (0.0, 0.0, 0.0, -1.0),
    }

    def _plain(self, mean_age_days: float) -> Array:
        return np.log([1.0, mean_age_days, 1.0, mean_age_days])

    def _likelihood(self, histories: Histories) -> Derivatives:
        rows, counts = np.unique(np.column_stack([histories.x, histories.t_x, histories.T]), axis=0, return_counts=True)
        x, t_x, T = rows.T
        return partial(log_likelihood, x, t_x, T, counts.astype(float))

    def _customer_derivatives(self, histories: Histories, log_parameters: Array) -> Derived:
        return customer_derivatives(histories, log_parameters)

    @recalled
    def p_alive(self, histories: Histories) -> Array:
        """Return the probability of still being a customer at the cutoff: Eq. 11 in [1]."""
        p_alive = np.empty(len(histories))
        for rows in histories.chunks(_ROWS_PER_CHUNK):
            p_alive[rows] = self._p_alive(histories.take(rows))
        return p_alive

    def _p_alive(self, some: Histories) -> Array:
        parameters, p_alive = self.parameters_of(some), np.empty(len(some))
        for rows in _alike(parameters[1], parameters[3]):
            own = [value if np.ndim(value) == 0 else value[rows] for value in parameters]
            _, logs = components(some.x[rows], some.t_x[rows], some.T[rows], own)
            likelihood = np.exp(logs - logs.max(axis=1, keepdims=True))
            p_alive[rows] = likelihood[:, 0] / likelihood.sum(axis=1)
        return p_alive

    def _survival(self, histories: Histories, t: Array) -> Array:
        _, _, s, beta = self.parameters_of(histories)
        return np.asarray(np.exp(-s * np.log1p(t / (beta + histories.T))))

    def _death(self, histories: Histories, survival: Array) -> Array:
        _, _, s, beta = self.parameters_of(histories)
        return np.asarray((beta + histories.T) * np.expm1(np.minimum(-np.log(survival) / s, _LARGEST)))

    def expected_purchases(self, histories: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff: Eq. 22 in [1]."""
        r, alpha, s, beta = self.parameters_of(histories)
        t = spread(days, histories)
        s = s if abs(s - 1.0) > _NEAR_ONE else 1.0 + _NEAR_ONE  # a removable singularity
        lifetime = -(beta + histories.T) * np.expm1(-(s - 1.0) * np.log1p(t / (beta + histories.T))) / (s - 1.0)
        return np.asarray(self.p_alive(histories) * (r + histories.x) / (alpha + histories.T) * lifetime)
