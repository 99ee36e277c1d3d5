"""Pareto/NBD with covariates that change over time: the likelihood with exact derivatives.

[1] Bachmann, Meierer, Naef (2021), The role of time-varying contextual factors in latent attrition models for customer
    base analysis, Marketing Science 40(4).

The purchase rate is lambda exp(gamma . x(t)) and the rate of leaving mu exp(delta . x(t)), with covariates x that are
constant within a stretch of time. With the clocks A(t) and D(t), the integrals of exp(gamma . x) and exp(delta . x)
since the first purchase,
    L = G(r+x)/G(r) alpha^r beta^s exp(sum of gamma . x(t_j)) [ (alpha+A(T))^-(r+x) (beta+D(T))^-s
        + s int_{t_x}^T exp(delta . x(u)) (alpha+A(u))^-(r+x) (beta+D(u))^-(s+1) du ].
Within a stretch both clocks are linear, so that the integral over it is that of the model without covariates, at the
same kind of points. Derivatives are means and covariances over moments of death, as there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln, polygamma

from .covariate_paths import CovariatePaths
from .maximum_likelihood import Derivatives
from .purchase_models.pareto_nbd import follow_integrand
from .rfm import Array, Histories

Places = Sequence[int]
_NODES_PER_CHUNK = 400_000
# How many points a stretch needs, by the most that the log of its integrand changes and by its length in log time:
# with these the integral is exact to 1e-11.
_NEEDS = ((1.0, 0.5, 5), (4.0, 1.5, 8), (20.0, 6.0, 16), (np.inf, np.inf, 48))
_RULES = {points: np.polynomial.legendre.leggauss(points) for _, _, points in _NEEDS}
_TINY = np.finfo(float).tiny


@dataclass(frozen=True)
class Clock:
    """The clock of one process along the paths of n customers, with its derivatives by the p coefficients.

    Parameters
    ----------
    rate
        How fast it runs within each stretch of the silence, (n, k).
    start, start_slope
        Its time at the start of each of these, and the derivatives: (n, k) and (n, k, p).
    end, end_slope
        The same at the cutoff: (n,) and (n, p).
    z
        The columns of the process within each stretch of the silence, (n, k, p).
    passed, z_before
        How much each stretch before the last purchase adds, (n, j), and its columns, (n, j, p).
    """

    rate: Array
    start: Array
    start_slope: Array
    end: Array
    end_slope: Array
    z: Array
    passed: Array
    z_before: Array

    @classmethod
    def along(cls, paths: CovariatePaths, coefficients: Array, places: Places) -> "Clock":
        """Return the clock of the process that has these columns of the paths."""
        whole = np.zeros(paths.bought.shape[1])
        whole[list(places)] = coefficients
        before, silent = paths.before.z[:, :, places], paths.silent.z[:, :, places]
        passed, rate = paths.before.rates(whole) * paths.before.length, paths.silent.rates(whole)
        adds = rate * paths.silent.length
        bends = adds[:, :, None] * silent
        ends = passed.sum(axis=1)[:, None] + np.cumsum(adds, axis=1)
        slopes = np.einsum("nk,nkp->np", passed, before)[:, None] + np.cumsum(bends, axis=1)
        return cls(rate, ends - adds, slopes - bends, ends[:, -1], slopes[:, -1], silent, passed, before)

    def take(self, rows: Any) -> "Clock":
        """Return some customers."""
        return Clock(*(array[rows] for array in vars(self).values()))

    def at_points(self, offset: float, moved: Array) -> tuple[Array, Array]:
        """Return offset + clock at the cutoff and at points (n, k, m) after the starts, and [1, slopes] over it.

        The cutoff is first, then the points of the first stretch and so on: (n, 1 + k m) and (n, 1 + k m, 1 + p).
        """
        n = len(self.end)
        ran = self.rate[:, :, None] * moved
        time = np.column_stack([self.end[:, None], (self.start[:, :, None] + ran).reshape(n, -1)]) + offset
        slope = self.start_slope[:, :, None, :] + ran[..., None] * self.z[:, :, None, :]
        slope = np.concatenate([self.end_slope[:, None], slope.reshape(n, time.shape[1] - 1, slope.shape[-1])], axis=1)
        units = np.concatenate([np.ones((*time.shape, 1)), slope], axis=2)
        return time, units / time[:, :, None]

    def bend(self, weights: Array, moved: Array, length: Array) -> Array:
        """Return the weighted sum, over customers and points, of the second derivatives of the clock, (p, p).

        `weights` are those of the cutoff and of the points, as `at_points` orders them.
        """
        n, k = length.shape
        at_end, at_points = weights[:, 0], weights[:, 1:].reshape(n, k, -1)
        of_stretch = at_points.sum(axis=2)
        after = np.cumsum(of_stretch[:, ::-1], axis=1)[:, ::-1] - of_stretch + at_end[:, None]
        within = self.rate * (length * after + (at_points * moved).sum(axis=2))
        before = self.passed * (of_stretch.sum(axis=1) + at_end)[:, None]
        return np.asarray(_squares(within, self.z) + _squares(before, self.z_before))


def _squares(weights: Array, z: Array) -> Array:
    flat = z.reshape(weights.size, z.shape[-1])
    return np.asarray((flat * weights.reshape(weights.size, 1)).T @ flat)


def death_points(
    power: Array, s: float, buying: tuple[Array, Array], leaving: tuple[Array, Array], length: Array
) -> Iterator[tuple[NDArray[np.intp], Array, Array]]:
    """Yield customers who need equally many points, the points after the starts, and the logs of their weights.

    Parameters
    ----------
    power
        r + x, (n,).
    s
        The shape of the rates of leaving.
    buying, leaving
        alpha + A and beta + D at the start of each stretch, and how fast they grow, (n, k) each.
    length
        Of the stretches, (n, k).
    """
    near, far = (time / rate for time, rate in (buying, leaving))
    swapped = far < near
    low, other = np.where(swapped, far, near), np.where(swapped, near, far)
    powers = np.broadcast_to(power[:, None], length.shape)
    first, second = np.where(swapped, s + 1.0, powers), np.where(swapped, powers, s + 1.0)
    reach = follow_integrand(np.log1p(length / low), low, first, np.zeros_like(low), (low, second - 1.0, other))
    change = ((np.abs(first - 1.0) + second) * reach).max(axis=1)
    needed, longest = np.full(len(power), _NEEDS[-1][2]), reach.max(axis=1)
    for most_change, most_reach, points in reversed(_NEEDS):
        needed[(change <= most_change) & (longest <= most_reach)] = points
    for points in np.unique(needed):
        rows = np.flatnonzero(needed == points)
        nodes, weights = _RULES[int(points)]
        logs = reach[rows][:, :, None] * (nodes + 1.0) / 2.0
        log_weight = np.log(np.maximum(reach[rows] / 2.0 * low[rows], _TINY))[:, :, None] + np.log(weights) + logs
        log_weight = np.where((length[rows] > 0.0)[:, :, None], log_weight, -np.inf)
        yield rows, low[rows][:, :, None] * np.expm1(logs), log_weight


def moments(
    x: Array, paths: CovariatePaths, parameters: Array, buying: Clock, leaving: Clock
) -> Iterator[tuple[NDArray[np.intp], Array, Array]]:
    """Yield customers, their points of death (n, k, m), and the logs of the bracket's terms: alive, then the points."""
    r, alpha, s, beta = parameters
    growth = (alpha + buying.start, buying.rate), (beta + leaving.start, leaving.rate)
    for rows, moved, log_weight in death_points(r + x, s, *growth, paths.silent.length):
        power = (r + x[rows])[:, None, None]
        bought = growth[0][0][rows][:, :, None] + growth[0][1][rows][:, :, None] * moved
        left = growth[1][0][rows][:, :, None] + growth[1][1][rows][:, :, None] * moved
        dead = (
            log_weight + np.log(s * leaving.rate[rows])[:, :, None] - power * np.log(bought) - (s + 1.0) * np.log(left)
        )
        alive = -(r + x[rows]) * np.log(alpha + buying.end[rows]) - s * np.log(beta + leaving.end[rows])
        yield rows, moved, np.column_stack([alive, dead.reshape(len(rows), -1)])


def path_likelihood(
    histories: Histories, parameters: Array, coefficients: tuple[Array, Array], places: tuple[Places, Places]
) -> tuple[Array, Array, Array]:
    """Return each customer's log-likelihood, (n,), and the sums of its gradient and Hessian.

    Parameters
    ----------
    histories
        With paths.
    parameters
        r, alpha, s, beta, by whose logs the derivatives are.
    coefficients
        Of purchases and of leaving, which follow in the derivatives.
    places
        The columns of the paths that either process has.
    """
    r, alpha, s, beta = parameters
    paths, x = _paths_of(histories), histories.x
    buying, leaving = (Clock.along(paths, *one) for one in zip(coefficients, places, strict=True))
    n, p, d = len(x), len(places[0]), len(places[1])
    bought = paths.bought[:, places[0]]
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + bought @ coefficients[0]
    gradient, hessian = np.zeros(4 + p + d), np.zeros((4 + p + d, 4 + p + d))
    gradient[: 2 + p] = (digamma(r + x) - digamma(r) + np.log(alpha)).sum(), n * r / alpha, *bought.sum(axis=0)
    gradient[2 + p : 4 + p] = n * np.log(beta), n * s / beta
    hessian[0, 0] = (polygamma(1, r + x) - polygamma(1, r)).sum()
    hessian[0, 1] = hessian[1, 0] = n / alpha
    hessian[1, 1], hessian[3 + p, 3 + p] = -n * r / alpha**2, -n * s / beta**2
    hessian[2 + p, 3 + p] = hessian[3 + p, 2 + p] = n / beta
    for rows, moved, logs in moments(x, paths, parameters, buying, leaving):
        clocks, length = (buying.take(rows), leaving.take(rows)), paths.silent.length[rows]
        part = _bracket(x[rows], parameters, clocks, (moved, length), logs)
        value[rows] += part[0]
        gradient, hessian = gradient + part[1], hessian + part[2]
    order = [0, 1, 2 + p, 3 + p, *range(2, 2 + p), *range(4 + p, 4 + p + d)]
    return value, *_in_logs(gradient[order], hessian[np.ix_(order, order)], parameters)


def _in_logs(gradient: Array, hessian: Array, parameters: Array) -> tuple[Array, Array]:
    scale = np.r_[parameters, np.ones(len(gradient) - len(parameters))]
    scaled = gradient * scale
    hessian = np.outer(scale, scale) * hessian
    places = np.arange(len(parameters))
    hessian[places, places] += scaled[places]
    return scaled, hessian


def _bracket(
    x: Array, parameters: Array, clocks: tuple[Clock, Clock], points: tuple[Array, Array], logs: Array
) -> tuple[Array, Array, Array]:
    """Return the logs of customers' brackets, and their derivatives by r, alpha, gamma, s, beta, delta, summed."""
    r, alpha, s, beta = parameters
    (buying, leaving), (moved, length) = clocks, points
    top = logs.max(axis=1, keepdims=True)
    share = np.exp(logs - top)
    total = share.sum(axis=1, keepdims=True)
    share /= total
    bought, u = buying.at_points(alpha, moved)
    left, v = leaving.at_points(beta, moved)
    power, died = (r + x)[:, None], np.r_[0.0, np.ones(logs.shape[1] - 1)]
    slopes = np.concatenate(
        [-np.log(bought)[..., None], -power[..., None] * u, (died / s - np.log(left))[..., None],
         -(s + died)[:, None] * v], axis=2
    )  # fmt: skip
    p = u.shape[2] - 1
    of_stretch = np.repeat(leaving.z, moved.shape[2], axis=1)
    slopes[:, 1:, 4 + p :] += of_stretch
    k = slopes.shape[2]
    mean = np.einsum("nc,nck->nk", share, slopes)
    hessian = (slopes * share[..., None]).reshape(-1, k).T @ slopes.reshape(-1, k) - mean.T @ mean
    _add_curves(hessian[: 2 + p, : 2 + p], share, share * power, u)
    _add_curves(hessian[2 + p :, 2 + p :], share, share * (s + died), v)
    hessian[2 + p, 2 + p] -= (share * died).sum() / s**2
    hessian[2 : 2 + p, 2 : 2 + p] -= buying.bend(share * power / bought, moved, length)
    hessian[4 + p :, 4 + p :] -= leaving.bend(share * (s + died) / left, moved, length)
    return (top + np.log(total))[:, 0], mean.sum(axis=0), hessian


def _add_curves(block: Array, share: Array, powered: Array, units: Array) -> None:
    """Add the second derivatives of -power log(offset + clock), but for the clock's own, to a process's block."""
    cross = np.einsum("nc,ncu->u", share, units)
    block[0, 1:] -= cross
    block[1:, 0] -= cross
    flat = units.reshape(-1, units.shape[2])
    block[1:, 1:] += (flat * powered.reshape(-1, 1)).T @ flat


def summed_derivatives(histories: Histories, places: tuple[Places, Places], spread: Array) -> Derivatives:
    """Return the mean log-likelihood with its derivatives by log-parameters and coefficients.

    Parameters
    ----------
    histories
        With paths.
    places
        The columns of the paths that move purchases and leaving.
    spread
        From a point to log-parameters, coefficients of purchases, and coefficients of leaving: (4 + p + d, point).
    """
    chunks, p = list(path_chunks(histories)), len(places[0])

    def derivatives(point: Array) -> tuple[float, Array, Array]:
        whole = spread @ point
        parameters, coefficients = np.exp(whole[:4]), (whole[4 : 4 + p], whole[4 + p :])
        value, gradient, hessian = 0.0, np.zeros(len(whole)), np.zeros((len(whole), len(whole)))
        for chunk in chunks:
            part = path_likelihood(chunk, parameters, coefficients, places)
            value += float(part[0].sum())
            gradient, hessian = gradient + part[1], hessian + part[2]
        n = len(histories)
        return value / n, spread.T @ gradient / n, spread.T @ hessian @ spread / n

    return derivatives


def path_chunks(histories: Histories) -> Iterator[Histories]:
    """Yield customers in parts whose points fit into memory."""
    width = _paths_of(histories).silent.length.shape[1] * _NEEDS[1][2]
    for rows in histories.chunks(max(1, _NODES_PER_CHUNK // width)):
        yield histories.take(rows)


def _paths_of(histories: Histories) -> CovariatePaths:
    if histories.paths is None:
        message = "the histories have no covariates over time"
        raise ValueError(message)
    return histories.paths
