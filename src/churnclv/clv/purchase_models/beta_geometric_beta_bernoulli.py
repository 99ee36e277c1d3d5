"""BG/BB: at each of n discrete opportunities a customer buys or not, and may leave before the next one.

[1] Fader, Hardie, Shang (2010), Customer-base analysis in a discrete-time noncontractual setting, Marketing Science
    29(6). Chances of buying are Beta(alpha, beta), of leaving Beta(gamma, delta); with (x, t_x, n) in opportunities,
    L = B(alpha+x, beta+n-x)/B(alpha, beta) B(gamma, delta+n)/B(gamma, delta)
        + sum_{m=t_x}^{n-1} B(alpha+x, beta+m-x)/B(alpha, beta) B(gamma+1, delta+m)/B(gamma, delta)      (Eq. 3 in [1]).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.special import betaln, gammaln

from ...ranges import CENTURY_DAYS, Bounds
from ..maximum_likelihood import Derivatives, by_differences
from ..purchase_model import Hyperparameter, PurchaseModel, State, spread
from ..recall import recalled
from ..rfm import Array, Histories

NAMES = ("alpha", "beta", "gamma", "delta")
_BLOCKS = 12
_NEAR_ONE, _TINY = 1e-9, 1e-15


def log_likelihoods(x: Array, t_x: Array, n: Array, log_parameters: Array) -> tuple[Array, Array]:
    """Return the log-likelihood of each history in opportunities, and the log of P(alive at n | x, t_x, n)."""
    alpha, beta, gamma, delta = np.exp(log_parameters)
    unique, place = np.unique(x, return_inverse=True)
    left = _left_since(unique, int(n.max(initial=0.0)), alpha, beta, gamma, delta)
    first, last = t_x.astype(int), n.astype(int)
    since, until = left[place, first], left[place, last]  # leaving at t_x or later, less leaving at n or later
    gone, may = np.full(len(x), -np.inf), first < last
    gone[may] = since[may] + np.log(-np.expm1(np.minimum(until[may] - since[may], -_TINY)))
    alive = betaln(alpha + x, beta + n - x) + betaln(gamma, delta + n)
    total = np.logaddexp(alive, gone)
    return total - betaln(alpha, beta) - betaln(gamma, delta), alive - total


def _left_since(x: Array, most: int, alpha: float, beta: float, gamma: float, delta: float) -> Array:
    """Return the log of the sum over m' >= m of the terms of leaving after m' opportunities: (len(x), most + 1).

    Sums run from the last term, where terms are smallest, so that differences between sums keep their precision.
    """
    m = np.arange(most, dtype=float)
    possible = m[None, :] >= x[:, None]
    failures = np.where(possible, m[None, :] - x[:, None], 0.0)
    terms = np.where(possible, betaln(alpha + x[:, None], beta + failures) + betaln(gamma + 1.0, delta + m), -np.inf)
    sums = np.logaddexp.accumulate(terms[:, ::-1], axis=1)[:, ::-1] if most else terms
    return np.column_stack([sums, np.full(len(x), -np.inf)])


class BetaBernoulliModel(PurchaseModel):
    """BG/BB of Fader, Hardie and Shang (2010), with an opportunity to buy every `opportunity_days` days.

    Within one opportunity a customer counts as buying once at most.
    """

    name = "bgbb"
    assumption = "there is an opportunity to buy every `opportunity_days` days"
    source = "Fader, Hardie, Shang 2010"
    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = {
        "opportunity_days": Hyperparameter(
            7,
            Bounds(1, CENTURY_DAYS, technical=True),
            "days between opportunities to buy",
            {"kind": "choice", "choices": [1, 7, 30]},
        )
    }
    coarse_customers = 2_000
    parameter_names = NAMES
    moves = ((0.5, 0.0, 0.5, 1.0), (-0.5, 0.5, -0.5, 0.0))

    def __init__(self, penalty: float = 0.0, opportunity_days: int = 7) -> None:
        """Keep the penalty and the days between opportunities."""
        super().__init__(penalty)
        self.opportunity_days = opportunity_days

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {"penalty": self.penalty, "opportunity_days": self.opportunity_days}

    def _plain(self, mean_age_days: float) -> Array:
        return np.log([1.0, max(mean_age_days / self.opportunity_days, 1.0), 1.0, 2.0])

    def _counts(self, histories: Histories) -> tuple[Array, Array, Array]:
        """Return (x, t_x, n) in opportunities after the one of the first purchase."""
        n = np.floor(histories.T / self.opportunity_days)
        t_x = np.minimum(np.ceil(histories.t_x / self.opportunity_days), n)
        return np.minimum(histories.x, t_x), t_x, n

    def _likelihood(self, histories: Histories) -> Derivatives:
        rows, counts = np.unique(np.column_stack(self._counts(histories)), axis=0, return_counts=True)
        (x, t_x, n), weights = rows.T, counts / counts.sum()
        return by_differences(lambda point: float(weights @ log_likelihoods(x, t_x, n, point)[0]))

    @recalled
    def p_alive(self, histories: Histories) -> Array:
        """Return the probability of still being a customer at the cutoff."""
        x, t_x, n = self._counts(histories)
        alive = np.ones(len(histories))
        for last in np.unique(n):  # one n at a time, so that a customer's value does not depend on other rows
            rows = n == last
            alive[rows] = np.exp(log_likelihoods(x[rows], t_x[rows], n[rows], np.log(self.values))[1])
        return alive

    def _survival(self, n: Array, further: Array) -> Array:
        """Return P(alive after n + further opportunities | alive after n)."""
        _, _, gamma, delta = self.values
        return np.asarray(np.exp(betaln(gamma, delta + n + further) - betaln(gamma, delta + n)))

    def p_alive_later(self, histories: Histories, days: Any) -> Array:
        """Return the probability of still being a customer `days` after the cutoff."""
        further = spread(days, histories) / self.opportunity_days
        return self.p_alive(histories) * self._survival(self._counts(histories)[2], further)

    def expected_purchases(self, histories: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff: Eq. 14 in [1], also between opportunities."""
        alpha, beta, gamma, delta = self.values
        x, _, n = self._counts(histories)
        gamma = gamma if abs(gamma - 1.0) > _NEAR_ONE else 1.0 + _NEAR_ONE  # a removable singularity
        later = n + spread(days, histories) / self.opportunity_days
        now = gammaln(delta + n) - gammaln(gamma + delta + n)
        near, far = (gammaln(1.0 + delta + m) - gammaln(gamma + delta + m) - now for m in (n, later))
        lived = (np.exp(near) - np.exp(far)) / (gamma - 1.0)
        return np.asarray(self.p_alive(histories) * (alpha + x) / (alpha + beta + n) * np.maximum(lived, 0.0))

    def _ahead(self, histories: Histories, t: Array) -> State:
        """Return numbers of opportunities before leaving, their probabilities, alpha, beta, and P(no purchase).

        The opportunities at which customers may leave are grouped into 12 blocks.
        """
        alpha, beta = self.values[:2]
        x, _, n = self._counts(histories)
        ahead = t / self.opportunity_days
        shares = np.arange(_BLOCKS + 1)[:, None] / _BLOCKS
        left = 1.0 - self._survival(n, shares * ahead)
        used = np.maximum((shares[1:] + shares[:-1]) / 2.0 * ahead - 0.5, 0.0)
        chance = np.vstack([np.diff(left, axis=0), 1.0 - left[-1:]]) * self.p_alive(histories)
        between = np.vstack([used, ahead[None, :]])
        tries = np.vstack([np.floor(between), np.floor(between) + 1.0])
        part = between - np.floor(between)  # a fractional number of tries is a mixture of its two neighbours
        return tries, np.vstack([chance * (1.0 - part), chance * part]), alpha + x, beta + n - x, np.zeros_like(tries)

    def _step(self, n: int, state: State) -> tuple[Array, State]:
        """Given the number of tries, purchases are beta-binomial."""
        tries, chance, alpha, beta, below = state
        k, fewer = n - 1.0, np.maximum(tries - n + 1.0, 0.0)
        ways = gammaln(tries + 1.0) - gammaln(k + 1.0) - gammaln(fewer + 1.0)
        exactly = np.exp(ways + betaln(alpha + k, beta + fewer) - betaln(alpha, beta))
        below = below + np.where(tries >= k, exactly, 0.0)
        at_least = sum(chance * np.where(tries >= n, np.clip(1.0 - below, 0.0, 1.0), 0.0))
        return np.asarray(at_least), (tries, chance, alpha, beta, below)
