"""NBD: nobody leaves. The simpler model for a log without dropout, and the baseline for models with dropout.

[1] Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8(1).
    L = G(r+x)/G(r) alpha^r (alpha+T)^-(r+x).
"""

from functools import partial
from typing import Any

import numpy as np
from scipy.special import betainc, digamma, gammaln, polygamma

from ..maximum_likelihood import Derivatives, in_logs
from ..purchase_model import PurchaseModel, State, spread
from ..rfm import Array, Histories
from ..sampling import sample_histories

NAMES = ("r", "alpha")


def log_likelihood(histories: Histories, log_parameters: Array) -> tuple[float, Array, Array]:
    """Return the mean log-likelihood per customer with its gradient and Hessian by the logs of (r, alpha)."""
    r, alpha = parameters = np.exp(log_parameters)
    n, power, over = len(histories), r + histories.x, 1.0 / (alpha + histories.T)
    value = gammaln(power).mean() - gammaln(r) + r * np.log(alpha) + (power @ np.log(over)) / n
    by_r = digamma(power).mean() - digamma(r) + np.log(alpha) + np.log(over).mean()
    gradient = np.array([by_r, r / alpha - (power @ over) / n])
    cross = 1.0 / alpha - over.mean()
    rr, aa = polygamma(1, power).mean() - polygamma(1, r), -r / alpha**2 + (power @ over**2) / n
    return in_logs(float(value), gradient, np.array([[rr, cross], [cross, aa]]), parameters)


class NbdModel(PurchaseModel):
    """NBD of Ehrenberg (1959): every customer buys at random for ever, at an individual rate."""

    name = "nbd"
    assumption = "nobody leaves"
    source = "Ehrenberg 1959"
    parameter_names = NAMES
    moves = ((-1.0, -1.0),)

    def _plain(self, mean_age_days: float) -> Array:
        return np.log([1.0, mean_age_days])

    def _likelihood(self, histories: Histories) -> Derivatives:
        return partial(log_likelihood, histories)

    def p_alive(self, histories: Histories) -> Array:
        """Return 1: nobody leaves."""
        return np.ones(len(histories))

    def p_alive_later(self, histories: Histories, days: Any) -> Array:
        """Return 1: nobody leaves."""
        del days
        return np.ones(len(histories))

    def expected_purchases(self, histories: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff: (r + x) t / (alpha + T)."""
        r, alpha = self.values
        return np.asarray((r + histories.x) * spread(days, histories) / (alpha + histories.T))

    def sample(self, customers: Histories, T: float, random: np.random.Generator) -> Histories:
        """Return simulated histories of new customers, observed for T from their first purchase."""
        r, alpha = self.values
        return sample_histories(random.gamma(r, 1.0 / alpha, len(customers)), T, random)

    def _ahead(self, histories: Histories, t: Array) -> State:
        r, alpha = self.values
        return r + histories.x, t / (alpha + histories.T + t)

    def _step(self, n: int, state: State) -> tuple[Array, State]:
        shape, z = state
        return np.asarray(betainc(n, shape, z)), state
