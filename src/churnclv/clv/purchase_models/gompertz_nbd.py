"""GGom/NBD: like Pareto/NBD, but the chance of leaving may grow with age.

[1] Bemmaor, Glady (2012), Modeling purchasing behavior with sudden "death": a flexible customer lifetime model,
    Management Science 58(5). Lifetimes are Gompertz with a Gamma rate: S(t) = (beta / (beta + e^(bt) - 1))^s.

The likelihood is that of Pareto/NBD with this lifetime distribution, by the same sum over moments of death.
Derivatives are central differences. As b falls to 0 with beta / b kept, it becomes Pareto/NBD.
"""

from typing import Any

import numpy as np
from scipy.special import gammaln

from ..lifetime import LifetimeModel
from ..maximum_likelihood import Derivatives, by_differences
from ..purchase_model import spread
from ..recall import recalled
from ..rfm import Array, Histories
from .pareto_nbd import death_points

NAMES = ("r", "alpha", "b", "s", "beta")
_ROWS_PER_CHUNK = 50_000
_LARGEST = 500.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def _log_growth(age: Array, b: float, beta: float) -> Array:
    """Return log(beta + e^(b age) - 1), without overflow."""
    bt = b * age
    return np.asarray(np.where(bt > _LARGEST, bt, np.log(beta + np.expm1(np.minimum(bt, _LARGEST)))))


def _components(x: Array, t_x: Array, T: Array, parameters: Array) -> Array:
    """Return the logs of the likelihoods of being alive at T, and of each moment of death: (n, 1 + points)."""
    r, alpha, b, s, beta = parameters
    power = r + x
    deaths, log_weight = death_points(power, t_x, T, alpha, s, beta / b)
    alive = -power * np.log(alpha + T) + s * (np.log(beta) - _log_growth(T, b, beta))
    density = np.log(s * b) + b * deaths + s * np.log(beta) - (s + 1.0) * _log_growth(deaths, b, beta)
    dead = log_weight - power[:, None] * np.log(alpha + deaths) + density
    return np.column_stack([alive, np.where((t_x < T)[:, None], dead, -np.inf)])


def log_likelihood(x: Array, t_x: Array, T: Array, n: Array, log_parameters: Array) -> float:
    """Return the mean log-likelihood per customer at the logs of (r, alpha, b, s, beta); n customers a history."""
    parameters = np.exp(log_parameters)
    r, alpha = parameters[:2]
    value = n @ (gammaln(r + x) - gammaln(r)) + n.sum() * r * np.log(alpha)
    for first in range(0, len(x), _ROWS_PER_CHUNK):
        rows = slice(first, first + _ROWS_PER_CHUNK)
        logs = _components(x[rows], t_x[rows], T[rows], parameters)
        top = logs.max(axis=1)
        value += n[rows] @ (top + np.log(np.exp(logs - top[:, None]).sum(axis=1)))
    return float(value / n.sum())


class GompertzModel(LifetimeModel):
    """GGom/NBD of Bemmaor and Glady (2012)."""

    name = "ggomnbd"
    assumption = "the same as `pareto_nbd`, and the chance of leaving may grow with age"
    source = "Bemmaor, Glady 2012"
    coarse_customers = 2_000
    parameter_names = NAMES
    moves = ((-0.5, -0.5, 1.0, 0.5, 1.0),)

    def _plain(self, mean_age_days: float) -> Array:
        return np.log([1.0, mean_age_days, 0.5 / mean_age_days, 1.0, 0.5])

    def _likelihood(self, histories: Histories) -> Derivatives:
        rows, counts = np.unique(np.column_stack([histories.x, histories.t_x, histories.T]), axis=0, return_counts=True)
        x, t_x, T = rows.T
        n = counts.astype(float)
        return by_differences(lambda point: log_likelihood(x, t_x, T, n, point))

    @recalled
    def p_alive(self, histories: Histories) -> Array:
        """Return the probability of still being a customer at the cutoff."""
        p_alive = np.empty(len(histories))
        for rows in histories.chunks(_ROWS_PER_CHUNK):
            logs = _components(histories.x[rows], histories.t_x[rows], histories.T[rows], self.values)
            likelihood = np.exp(logs - logs.max(axis=1, keepdims=True))
            p_alive[rows] = likelihood[:, 0] / likelihood.sum(axis=1)
        return p_alive

    def _survival(self, histories: Histories, t: Array) -> Array:
        _, _, b, s, beta = self.values
        T = histories.T
        return np.asarray(np.exp(-s * (_log_growth(T + t, b, beta) - _log_growth(T, b, beta))))

    def _death(self, histories: Histories, survival: Array) -> Array:
        _, _, b, s, beta = self.values
        T = histories.T
        grown = np.minimum(_log_growth(T, b, beta) - np.log(survival) / s, _LARGEST)
        return np.asarray(np.maximum(np.log1p(np.maximum(np.exp(grown) - beta, 0.0)) / b - T, 0.0))

    def expected_purchases(self, histories: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff: the rate times the expected time alive."""
        r, alpha = self.values[:2]
        t = spread(days, histories)
        scale = self.parameters["beta"] / self.parameters["b"]
        length, lived = np.log1p(t / scale), np.zeros(len(histories))  # in log(scale + u) an early death is smooth
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            moved = scale * np.exp(length * (node + 1.0) / 2.0)
            lived += weight / 2.0 * length * moved * self._survival(histories, moved - scale)
        return np.asarray(self.p_alive(histories) * (r + histories.x) / (alpha + histories.T) * lived)
