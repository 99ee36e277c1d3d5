"""BG/NBD and MBG/NBD: customers leave after a purchase; exact derivatives on grouped histories.

[1] Fader, Hardie, Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2): BG/NBD.
[2] Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
    International Journal of Research in Marketing 24(3): MBG/NBD, in which customers may leave after the first
    purchase too.

Both likelihoods are one expression in a shift s (BG 0, MBG 1):
    L = G(r+x)/G(r) alpha^r  B(a, b+x+s)/B(a, b)  [ (alpha+T)^-(r+x) + d a/(b+x+s-1) (alpha+t_x)^-(r+x) ],
with d = 1 where x + s > 0, else 0 (Eq. 6 in [1], Eq. 5 in [2]).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln, polygamma

from .. import closed_forms
from ..coefficients import DROPOUT, PURCHASE
from ..covariate_likelihood import Derived
from ..covariate_model import CovariateModel
from ..maximum_likelihood import Derivatives, in_logs
from ..purchase_model import State, spread
from ..rfm import Array, Histories
from ..sampling import sample_histories
from ..stages import stage_derivatives

NAMES = ("r", "alpha", "a", "b")
PROCESSES: Mapping[str, tuple[float, ...]] = {
    PURCHASE: (0.0, -1.0, 0.0, 0.0),
    DROPOUT: (0.0, 0.0, 0.5, -0.5),  # the odds of leaving at a purchase, a / b
    "dropout_a": (0.0, 0.0, 1.0, 0.0),  # Fader and Hardie (2007) scale a and b apart
    "dropout_b": (0.0, 0.0, 0.0, 1.0),
}
_ROWS_PER_CHUNK = 32_768


@dataclass(frozen=True)
class CountedHistories:
    """Histories, grouped for the likelihood: most terms depend on x alone, and those of x = 0 on T alone.

    `x` holds the unique counts with `n_x` customers each. Repeat buyers are one row each: `place` in `x`, `t_x`, `T`
    and the number of customers `n`. Customers without a repeat purchase are `T0`, `n0`.
    """

    x: Array
    n_x: Array
    place: NDArray[np.intp]
    t_x: Array
    T: Array
    n: Array
    T0: Array
    n0: Array

    @property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.n_x.sum())


def count_histories(x: Array, t_x: Array, T: Array, counts: Array | None = None) -> CountedHistories:
    """Group histories and count equal values of x, and of T where x = 0."""
    weights: Array = np.ones(len(x)) if counts is None else counts
    unique, place = np.unique(x, return_inverse=True)
    n_x: Array = np.bincount(place, weights).astype(float)
    none = x == 0
    T0, at = np.unique(T[none], return_inverse=True)
    n0: Array = np.bincount(at, weights[none], len(T0)).astype(float)
    again = ~none
    return CountedHistories(
        unique, n_x, place[again], t_x[again], T[again], weights[again], T0, n0
    )  # fmt: skip


def log_likelihood(data: CountedHistories, shift: int, log_parameters: Array) -> tuple[float, Array, Array]:
    """Return the mean log-likelihood per customer with its gradient and Hessian by the logs of (r, alpha, a, b)."""
    parameters = np.exp(log_parameters)
    value, gradient, hessian = by_count(data, shift, parameters)
    if shift == 0:
        first = _at_zero(data, parameters)
    else:
        zeros = np.zeros(len(data.T0))
        first = _alive_or_left(zeros, zeros, data.T0, data.n0, shift, parameters)
    for part in (first, *_in_chunks(data, shift, parameters)):
        value += part[0]
        gradient = gradient + part[1]
        hessian = hessian + part[2]
    n = data.customers
    return in_logs(value / n, gradient / n, hessian / n, parameters)


def by_count(data: CountedHistories, shift: int, parameters: Array, k: int = 1) -> tuple[float, Array, Array]:
    """Return the terms that depend on x alone: G(r+kx)/G(r) alpha^r B(a, b+x+s)/B(a, b), with k stages a purchase."""
    r, alpha, a, b = parameters
    x, n, total = k * data.x, data.n_x, data.customers
    y = data.x + shift
    value = n @ (gammaln(r + x) + gammaln(b + y) - gammaln(a + b + y))
    value += total * (r * np.log(alpha) - gammaln(r) + gammaln(a + b) - gammaln(b))
    both = total * digamma(a + b) - n @ digamma(a + b + y)
    gradient = np.array([
        n @ digamma(r + x) + total * (np.log(alpha) - digamma(r)),
        total * r / alpha,
        both,
        both + n @ digamma(b + y) - total * digamma(b),
    ])  # fmt: skip
    curve = total * polygamma(1, a + b) - n @ polygamma(1, a + b + y)
    hessian = np.zeros((4, 4))
    hessian[0, 0] = n @ polygamma(1, r + x) - total * polygamma(1, r)
    hessian[0, 1] = hessian[1, 0] = total / alpha
    hessian[1, 1] = -total * r / alpha**2
    hessian[2:, 2:] = curve
    hessian[3, 3] += n @ polygamma(1, b + y) - total * polygamma(1, b)
    return float(value), gradient, hessian


def _at_zero(data: CountedHistories, parameters: Array) -> tuple[float, Array, Array]:
    """Return the terms of customers without a repeat purchase under BG/NBD: -r log(alpha + T)."""
    r, alpha = parameters[:2]
    later = alpha + data.T0
    logs, once, twice = data.n0 @ np.log(later), data.n0 @ (1.0 / later), data.n0 @ (1.0 / later**2)
    hessian = np.zeros((4, 4))
    hessian[0, 1] = hessian[1, 0] = -once
    hessian[1, 1] = r * twice
    return float(-r * logs), np.array([-logs, -r * once, 0.0, 0.0]), hessian


def _in_chunks(data: CountedHistories, shift: int, parameters: Array) -> list[tuple[float, Array, Array]]:
    """Return the terms of repeat buyers chunk by chunk: a chunk fits into the cache; threads were slower."""

    def compute(first: int) -> tuple[float, Array, Array]:
        rows = slice(first, first + _ROWS_PER_CHUNK)
        x = data.x[data.place[rows]]
        return _alive_or_left(x, data.t_x[rows], data.T[rows], data.n[rows], shift, parameters)

    return [compute(first) for first in range(0, len(data.place), _ROWS_PER_CHUNK)]


def _alive_or_left(
    x: Array, t_x: Array, T: Array, n: Array, shift: int, parameters: Array
) -> tuple[float, Array, Array]:
    """Return the terms log(e^alive + e^left) of customers who may have left.

    alive = -(r+x) log(alpha+T), left = log a - log(b+x+s-1) - (r+x) log(alpha+t_x); w is the weight of `left`.
    """
    r, alpha, a, b = parameters
    log_T, log_t, over_T, over_t = np.log(alpha + T), np.log(alpha + t_x), 1.0 / (alpha + T), 1.0 / (alpha + t_x)
    power, d_b = r + x, -1.0 / (b + x + shift - 1.0)
    # derivatives of (left - alive) by r, alpha, a, b, and of alive by r, alpha
    d_r, d_alpha, d_a = log_T - log_t, power * (over_T - over_t), 1.0 / a
    gap = power * d_r + np.log(a * -d_b)  # left - alive
    tail = np.exp(-np.abs(gap))
    w = np.where(gap > 0, 1.0, tail) / (1.0 + tail)
    value = float(n @ (np.maximum(gap, 0.0) + np.log1p(tail)) - n @ (power * log_T))
    nw = n * w
    left, by_T = nw.sum(), power * over_T
    gradient = np.array([nw @ d_r - n @ log_T, nw @ d_alpha - n @ by_T, left * d_a, nw @ d_b])
    spread = nw * (1.0 - w)  # variance of the weight
    by_r, by_alpha, by_b = spread * d_r, spread * d_alpha, spread * d_b
    hessian = np.empty((4, 4))
    hessian[0] = by_r @ d_r, by_r @ d_alpha, by_r.sum() * d_a, by_r @ d_b
    hessian[1, 1:] = by_alpha @ d_alpha, by_alpha.sum() * d_a, by_alpha @ d_b
    hessian[2, 2:] = spread.sum() * d_a**2 - left * d_a**2, by_b.sum() * d_a
    hessian[3, 3] = by_b @ d_b + nw @ d_b**2
    hessian[0, 1] += nw @ (over_T - over_t) - n @ over_T
    hessian[1, 1] += n @ (by_T * over_T) + nw @ (power * (over_t**2 - over_T**2))
    return value, gradient, np.triu(hessian) + np.triu(hessian, 1).T


class BetaGeoModel(CovariateModel):
    """BG/NBD of Fader, Hardie and Lee (2005).

    One-time buyers have P(alive) = 1 by construction: rank churn by the probability of no purchase, not by P(alive).
    """

    name = "bgnbd"
    assumption = "customers buy at random at a rate of their own and may leave after a repeat purchase"
    source = "Fader, Hardie, Lee 2005"
    shift: ClassVar[int] = 0
    parameter_names = NAMES
    processes = PROCESSES
    moves = ((-1.5, -1.0, -1.0, 0.5), (0.5, 1.0, -2.0, 1.5))

    def _plain(self, mean_age_days: float) -> Array:
        return np.log([1.0, mean_age_days, 1.0, 2.0])

    def _likelihood(self, histories: Histories) -> Derivatives:
        return partial(log_likelihood, count_histories(histories.x, histories.t_x, histories.T), self.shift)

    def _customer_derivatives(self, histories: Histories, log_parameters: Array) -> Derived:
        return stage_derivatives(histories, self.shift, 1, log_parameters)

    def expected_purchases(self, histories: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff, in closed form."""
        t = spread(days, histories)
        return closed_forms.expected_purchases(
            t, histories.x, histories.t_x, histories.T, self.shift, *self.parameters_of(histories)
        )

    def p_alive(self, histories: Histories) -> Array:
        """Return the probability of still being a customer at the cutoff."""
        return closed_forms.p_alive(histories.x, histories.t_x, histories.T, self.shift, *self.parameters_of(histories))

    def p_alive_later(self, histories: Histories, days: Any) -> Array:
        """Return the probability of still being a customer `days` after the cutoff."""
        r, alpha, a, b = self.parameters_of(histories)
        later = closed_forms.p_stays(
            spread(days, histories), r + histories.x, alpha + histories.T, a, b + histories.x + self.shift
        )
        return self.p_alive(histories) * later

    def sample(self, customers: Histories, T: float, random: np.random.Generator) -> Histories:
        """Return simulated histories of new customers, observed for T from their first purchase."""
        r, alpha, a, b = self.parameters_of(customers)
        rate, dropout = random.gamma(r, 1.0, len(customers)) / alpha, random.beta(a, b, len(customers))
        return sample_histories(rate, T, random, dropout=dropout, shift=self.shift)

    def _ahead(self, histories: Histories, t: Array) -> State:
        r, alpha, a, b = self.parameters_of(histories)
        return (
            self.p_alive(histories)[None, :],
            r + histories.x,
            t / (alpha + histories.T + t),
            np.broadcast_to(a, len(histories)),
            b + histories.x + self.shift,
        )

    def _step(self, n: int, state: State) -> tuple[Array, State]:
        return closed_forms.p_at_least(n, *state), state


class ModifiedBetaGeoModel(BetaGeoModel):
    """MBG/NBD of Batislam, Denizel and Filiztekin (2007): customers may also leave after their first purchase."""

    name = "mbgnbd"
    assumption = "the same as `bgnbd`, and they may leave after the first purchase too"
    source = "Batislam, Denizel, Filiztekin 2007"
    shift = 1
