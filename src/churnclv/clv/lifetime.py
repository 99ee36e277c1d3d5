"""Customers buy at a Gamma rate until a death that may come at any time: results for any lifetime distribution."""

from abc import abstractmethod
from typing import Any

import numpy as np
from scipy.special import betainc

from .purchase_model import PurchaseModel, State, spread
from .rfm import Array, Histories
from .sampling import sample_histories

NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)


class LifetimeModel(PurchaseModel):
    """A model whose customers buy until they die; its first two parameters are r and alpha."""

    @abstractmethod
    def _survival(self, histories: Histories, t: Array) -> Array:
        """Return P(alive at T + t | alive at T)."""

    @abstractmethod
    def _death(self, histories: Histories, survival: Array) -> Array:
        """Return the t at which `_survival` has fallen to `survival`."""

    def p_alive_later(self, histories: Histories, days: Any) -> Array:
        """Return the probability of still being a customer `days` after the cutoff."""
        return self.p_alive(histories) * self._survival(histories, spread(days, histories))

    def sample(self, customers: Histories, T: float, random: np.random.Generator) -> Histories:
        """Return simulated histories of new customers, observed for T from their first purchase."""
        r, alpha = self.parameters_of(customers)[:2]
        rate = random.gamma(r, 1.0, len(customers)) / alpha
        return sample_histories(rate, T, random, self._death(customers, 1.0 - random.random(len(customers))))

    def _ahead(self, histories: Histories, t: Array) -> State:
        """Return the shape of the rates, and for each exposure u its u / (alpha + T + u) and its probability.

        Customers who are alive buy until the end of the period or their death.
        """
        r, alpha = self.parameters_of(histories)[:2]
        exposure, chance = self._exposures(histories, t)
        return r + histories.x, exposure / (alpha + histories.T + exposure), chance * self.p_alive(histories)

    def _step(self, n: int, state: State) -> tuple[Array, State]:
        """Given the exposure u, purchases are negative binomial: P(N >= n) = I_{u / (alpha + T + u)}(n, r + x)."""
        shape, reach, chance = state
        return np.asarray(sum(chance * betainc(n, shape, reach))), state

    def _exposures(self, histories: Histories, t: Array) -> tuple[Array, Array]:
        """Return how long customers who are alive buy within t, and the probabilities: (1 + nodes, n) each.

        The first is the whole period; deaths within it are at Gauss-Legendre points of their distribution.
        """
        stays = self._survival(histories, t)
        shares = (NODES[:, None] + 1.0) / 2.0
        deaths = self._death(histories, stays + shares * (1.0 - stays))
        chances = WEIGHTS[:, None] / 2.0 * (1.0 - stays)
        return np.vstack([t[None, :], np.minimum(deaths, t)]), np.vstack([stays[None, :], chances])
