"""What a model of buying promises: how often customers will buy, and whether they still do."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..files import write_json
from .maximum_likelihood import Certificate, Derivatives, maximise, penalise
from .rfm import Array, Histories, new_customers

_COARSE_SEED = 0
_MOST_PURCHASES = 20_000

State = tuple[Array, ...]


class PurchaseModel(ABC):
    """A model of buying: fitted on purchase histories at a cutoff, it speaks of the time after it. Time is in days.

    Methods take histories of n customers and `days`, a number or one per customer, and return shape (n,).
    """

    name: ClassVar[str]
    parameter_names: ClassVar[tuple[str, ...]]
    coarse_customers: ClassVar[int] = 10_000  # the starts climb on so many, where there are at least twice as many
    moves: ClassVar[tuple[tuple[float, ...], ...]]  # of the log-parameters, from plain values to the further starts

    def __init__(self, penalty: float = 0.0) -> None:
        """Keep the penalty on the squared distance of the log-parameters from plain values (0 = maximum likelihood)."""
        self.penalty = penalty
        self.parameters: dict[str, float] = {}
        self.covariance: Array = np.zeros((len(self.parameter_names), len(self.parameter_names)))
        self.certificate: Certificate | None = None

    def get_params(self) -> dict[str, Any]:
        """Return what was chosen before the fit."""
        return {"penalty": self.penalty}

    def fit(self, seen: Histories) -> Self:
        """Estimate the parameters by maximum likelihood, from several starts.

        Never fails: where nobody repeats or nobody leaves, parameters end at the edge of what is meaningful, and the
        certificate names them. Large data start from an optimum on a sample of customers.
        """
        plain = self._plain(max(float(seen.T.mean()), 1.0))
        coarse = None
        if len(seen) > 2 * self.coarse_customers:
            some = np.random.default_rng(_COARSE_SEED).choice(len(seen), self.coarse_customers, replace=False)
            coarse = penalise(self._likelihood(seen.take(some)), plain, self.penalty)
        full = penalise(self._likelihood(seen), plain, self.penalty)
        starts = [plain, *(plain + np.array(move) for move in self.moves)]
        found = maximise(full, starts, self.parameter_names, float(len(seen)), coarse)
        self._keep(found.log_parameters)
        self.covariance, self.certificate = found.covariance, found.certificate
        return self

    def _keep(self, log_parameters: Array) -> None:
        self.parameters = dict(zip(self.parameter_names, np.exp(log_parameters).tolist(), strict=True))

    @property
    def values(self) -> Array:
        """The parameters in the order of their names."""
        return np.array([self.parameters[name] for name in self.parameter_names])

    def at(self, log_parameters: Array) -> Self:
        """Return the same model at other parameters."""
        other = type(self)(**self._shape())
        other._keep(log_parameters)  # noqa: SLF001 # its own kind
        return other

    def _shape(self) -> dict[str, Any]:
        """Return the arguments that give a model with the same parameters."""
        return self.get_params()

    @abstractmethod
    def _plain(self, mean_age_days: float) -> Array:
        """Return the log-parameters that a penalty draws towards."""

    @abstractmethod
    def _likelihood(self, seen: Histories) -> Derivatives:
        """Return the likelihood of these histories with its derivatives."""

    @abstractmethod
    def p_alive(self, seen: Histories) -> Array:
        """Return the probability of still being a customer at the cutoff."""

    @abstractmethod
    def p_alive_later(self, seen: Histories, days: Any) -> Array:
        """Return the probability of still being a customer `days` after the cutoff."""

    @abstractmethod
    def _ahead(self, seen: Histories, t: Array) -> State:
        """Return what the distribution of purchases in (T, T + t] is made of: arrays whose last axis is customers."""

    @abstractmethod
    def _step(self, n: int, state: State) -> tuple[Array, State]:
        """Return P(at least n purchases), given the state after n - 1, and the state after n."""

    def exceedance(self, seen: Histories, days: Any, negligible: float = 1e-10) -> Iterator[Array]:
        """Yield P(at least n purchases within `days`) for n = 1, 2, ... until negligible for all; shape (n,) each.

        What is negligible counts as 0.
        """
        state, active = self._ahead(seen, spread(days, seen)), np.arange(len(seen))
        for n in range(1, _MOST_PURCHASES):
            found, state = self._step(n, state)
            keep = found > negligible
            row = np.zeros(len(seen))
            row[active[keep]] = found[keep]
            yield row
            active = active[keep]
            if not len(active):
                return
            if not keep.all():
                state = tuple(part[..., keep] for part in state)

    def p_at_least(self, seen: Histories, days: Any, purchases: int) -> Array:
        """Return the probability of at least so many (1 or more) purchases within `days` from the cutoff."""
        state, found = self._ahead(seen, spread(days, seen)), np.ones(len(seen))
        for n in range(1, purchases + 1):
            found, state = self._step(n, state)
        return np.clip(found, 0.0, 1.0)

    def p_no_purchase(self, seen: Histories, days: Any) -> Array:
        """Return the probability of no purchase within `days` from the cutoff."""
        return 1.0 - self.p_at_least(seen, days, 1)

    def expected_purchases(self, seen: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff: the sum over n of P(at least n)."""
        total = np.zeros(len(seen))
        for found in self.exceedance(seen, days):
            total += found
        return total

    def new_customer_purchases(self, days: Any) -> Array:
        """Return the expected repeat purchases of a new customer within `days` of the first one; shape of `days`."""
        days = np.atleast_1d(np.asarray(days, dtype=float))
        return self.expected_purchases(new_customers(len(days)), days)

    def fitted(self) -> dict[str, Any]:
        """Return what the fit found, for JSON."""
        return {"parameters": self.parameters}

    def restore(self, stored: dict[str, Any]) -> Self:
        """Take over what `save` wrote."""
        self.parameters, self.covariance = stored["parameters"], np.array(stored["covariance_of_logs"])
        return self

    def save(self, folder: Path) -> None:
        """Write parameters, their covariance (of the logs) and the certificate as JSON."""
        stored = {"name": self.name, "choices": self.get_params(), **self.fitted(), "time_unit": "days"}
        certificate = self.certificate.as_dict() if self.certificate else {}
        uncertainty = {"covariance_of_logs": self.covariance.tolist(), "certificate": certificate}
        write_json(folder / "purchases.json", {**stored, **uncertainty})


def spread(days: Any, seen: Histories) -> Array:
    """Return `days` as one number per customer."""
    return np.array(np.broadcast_to(np.asarray(days, dtype=float), len(seen)))
