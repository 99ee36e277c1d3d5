"""NBD: nobody leaves. The stated simpler model where a log shows no dropout, and the yardstick of what dropout adds.

[1] Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8(1).
    L = G(r+x)/G(r) alpha^r (alpha+T)^-(r+x).
"""

from functools import partial
from typing import Any

import numpy as np
from scipy.special import betainc, digamma, gammaln, polygamma

from .maximum_likelihood import Derivatives, in_logs
from .purchase_model import PurchaseModel, State, spread
from .rfm import Array, Histories

NAMES = ("r", "alpha")


def log_likelihood(seen: Histories, log_parameters: Array) -> tuple[float, Array, Array]:
    """Return the mean log-likelihood per customer with its gradient and Hessian by the logs of (r, alpha)."""
    r, alpha = parameters = np.exp(log_parameters)
    n, power, over = len(seen), r + seen.x, 1.0 / (alpha + seen.T)
    value = gammaln(power).mean() - gammaln(r) + r * np.log(alpha) + (power @ np.log(over)) / n
    by_r = digamma(power).mean() - digamma(r) + np.log(alpha) + np.log(over).mean()
    gradient = np.array([by_r, r / alpha - (power @ over) / n])
    cross = 1.0 / alpha - over.mean()
    rr, aa = polygamma(1, power).mean() - polygamma(1, r), -r / alpha**2 + (power @ over**2) / n
    return in_logs(float(value), gradient, np.array([[rr, cross], [cross, aa]]), parameters)


class NbdModel(PurchaseModel):
    """NBD of Ehrenberg (1959): everyone buys at random for ever, each at a rate of their own."""

    name = "nbd"
    parameter_names = NAMES
    moves = ((-1.0, -1.0),)

    def _plain(self, mean_age_days: float) -> Array:
        return np.log([1.0, mean_age_days])

    def _likelihood(self, seen: Histories) -> Derivatives:
        return partial(log_likelihood, seen)

    def p_alive(self, seen: Histories) -> Array:
        """Return 1: nobody leaves."""
        return np.ones(len(seen))

    def p_alive_later(self, seen: Histories, days: Any) -> Array:
        """Return 1: nobody leaves."""
        del days
        return np.ones(len(seen))

    def expected_purchases(self, seen: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff: (r + x) t / (alpha + T)."""
        r, alpha = self.values
        return np.asarray((r + seen.x) * spread(days, seen) / (alpha + seen.T))

    def _ahead(self, seen: Histories, t: Array) -> State:
        r, alpha = self.values
        return r + seen.x, t / (alpha + seen.T + t)

    def _step(self, n: int, state: State) -> tuple[Array, State]:
        shape, z = state
        return np.asarray(betainc(n, shape, z)), state
