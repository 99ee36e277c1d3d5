"""Interface of purchase models: expected purchases, and the probability of still being a customer."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ..files import write_json
from ..ranges import Bounds
from .maximum_likelihood import Certificate, Derivatives, Optimum, maximise, penalise
from .recall import recall_fit, recalled
from .rfm import Array, Histories, new_customers, read_histories

_COARSE_SEED = 0
_MOST_PURCHASES = 20_000

CODE_FILE = "purchase_model.py"  # of a custom model, beside its parameters

State = tuple[Array, ...]


@dataclass(frozen=True)
class Hyperparameter:
    """A hyperparameter that one purchase model has beside the penalty.

    Attributes:
        default: a whole number, or another one.
        bounds: the values that are allowed.
        meaning: one line for the documentation.
        search: the range that is searched, in the form of `tuning.clv`; empty: it is not searched.
    """

    default: float
    bounds: Bounds
    meaning: str
    search: Mapping[str, Any] = field(default_factory=dict)


class PurchaseModel(ABC):
    """A purchase model: fitted on purchase histories at a cutoff, it predicts the time after it. Time is in days.

    Methods take histories of n customers and `days`, a number or one per customer, and return shape (n,). A model
    brings its hyperparameters with their search ranges, and the row of the documentation: assumption and source.
    """

    name: ClassVar[str]
    assumption: ClassVar[str] = ""
    source: ClassVar[str] = ""
    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = {}
    code: ClassVar[Path | None] = None  # the file of a custom model
    parameter_names: ClassVar[tuple[str, ...]]
    coarse_customers: ClassVar[int] = 10_000  # sample for the starts, where there are more than twice as many
    moves: ClassVar[tuple[tuple[float, ...], ...]]  # of the log-parameters, from plain values to the further starts

    def __init__(self, penalty: float = 0.0) -> None:
        """Keep the penalty on the squared distance of the log-parameters from plain values (0 = maximum likelihood)."""
        self.penalty = penalty
        self.parameters: dict[str, float] = {}
        self.covariance: Array = np.zeros((len(self.parameter_names), len(self.parameter_names)))
        self.certificate: Certificate | None = None

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {"penalty": self.penalty}

    def fit(self, histories: Histories) -> Self:
        """Estimate the parameters by maximum likelihood, from several starts.

        The fit never fails: where nobody repeats or nobody leaves, parameters end at a bound, and the certificate names
        them. On large data the optimum on a sample of customers is the start.
        """
        optimum = recall_fit(self, self._shape(), histories.arrays, partial(self._maximise, histories))
        self._keep(optimum.log_parameters)
        self.covariance, self.certificate = optimum.covariance, optimum.certificate
        return self

    def _maximise(self, histories: Histories) -> Optimum:
        plain = self._plain(max(float(histories.T.mean()), 1.0))
        coarse = None
        if len(histories) > 2 * self.coarse_customers:
            some = np.random.default_rng(_COARSE_SEED).choice(len(histories), self.coarse_customers, replace=False)
            coarse = penalise(self._likelihood(histories.take(some)), plain, self.penalty)
        full = penalise(self._likelihood(histories), plain, self.penalty)
        starts = [plain, *(plain + np.array(move) for move in self.moves)]
        return maximise(full, starts, self.parameter_names, float(len(histories)), coarse)

    @property
    def attributes(self) -> list[str]:
        """The columns of a feature table that the model uses beside the purchase history."""
        return []

    def read(self, rows: pd.DataFrame) -> Histories:
        """Return the histories of a feature table, with what else the model uses of it."""
        return read_histories(rows)

    def prepare(self, rows: pd.DataFrame) -> Self:
        """Learn how the other columns of a feature table are encoded, where the model uses any."""
        del rows
        return self

    def learn(self, rows: pd.DataFrame) -> Self:
        """Estimate the parameters on the rows of a feature table at one cutoff.

        Raises
        ------
        InputError
            The table lacks a column that the model uses.
        """
        return self.prepare(rows).fit(self.read(rows))

    def _keep(self, point: Array) -> None:
        self.parameters = dict(zip(self.parameter_names, np.exp(point).tolist(), strict=True))

    @property
    def values(self) -> Array:
        """The parameters in the order of their names."""
        return np.array([self.parameters[name] for name in self.parameter_names])

    @property
    def point(self) -> Array:
        """The logs of the parameters in the order of their names, and what else is estimated."""
        return np.log(self.values)

    def parameters_of(self, histories: Histories) -> tuple[Any, ...]:
        """Return the parameters in the order of their names: a number each, or one per customer, (n,)."""
        del histories
        return tuple(self.values)

    def at(self, point: Array) -> Self:
        """Return the same model at another point."""
        other = type(self)(**self._shape())
        other._keep(point)  # noqa: SLF001 # same class
        return other

    def _shape(self) -> dict[str, Any]:
        """Return the arguments that give a model with the same parameters."""
        return self.get_params()

    @abstractmethod
    def _plain(self, mean_age_days: float) -> Array:
        """Return the log-parameters towards which the penalty shrinks."""

    @abstractmethod
    def _likelihood(self, histories: Histories) -> Derivatives:
        """Return the likelihood of these histories with its derivatives."""

    @abstractmethod
    def p_alive(self, histories: Histories) -> Array:
        """Return the probability of still being a customer at the cutoff."""

    @abstractmethod
    def p_alive_later(self, histories: Histories, days: Any) -> Array:
        """Return the probability of still being a customer `days` after the cutoff."""

    @abstractmethod
    def _ahead(self, histories: Histories, t: Array) -> State:
        """Return the state that determines purchases in (T, T + t]: arrays whose last axis is customers."""

    @abstractmethod
    def _step(self, n: int, state: State) -> tuple[Array, State]:
        """Return P(at least n purchases), given the state after n - 1, and the state after n."""

    def exceedance(self, histories: Histories, days: Any, negligible: float = 1e-10) -> Iterator[Array]:
        """Yield P(at least n purchases within `days`) for n = 1, 2, ... until negligible for all; shape (n,) each.

        What is negligible counts as 0.
        """
        state, active = self._ahead(histories, spread(days, histories)), np.arange(len(histories))
        for n in range(1, _MOST_PURCHASES):
            p_at_least, state = self._step(n, state)
            keep = p_at_least > negligible
            row = np.zeros(len(histories))
            row[active[keep]] = p_at_least[keep]
            yield row
            active = active[keep]
            if not len(active):
                return
            if not keep.all():
                state = tuple(part[..., keep] for part in state)

    def p_at_least(self, histories: Histories, days: Any, purchases: int) -> Array:
        """Return the probability of at least so many (1 or more) purchases within `days` from the cutoff."""
        state, p_at_least = self._ahead(histories, spread(days, histories)), np.ones(len(histories))
        for n in range(1, purchases + 1):
            p_at_least, state = self._step(n, state)
        return np.clip(p_at_least, 0.0, 1.0)

    @recalled
    def p_no_purchase(self, histories: Histories, days: Any) -> Array:
        """Return the probability of no purchase within `days` from the cutoff."""
        return 1.0 - self.p_at_least(histories, days, 1)

    def expected_purchases(self, histories: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff: the sum over n of P(at least n)."""
        total = np.zeros(len(histories))
        for p_at_least in self.exceedance(histories, days):
            total += p_at_least
        return total

    def sample(self, customers: Histories, T: float, random: np.random.Generator) -> Histories:
        """Return simulated histories of new customers, observed for T from their first purchase.

        Raises
        ------
        NotImplementedError
            The model has no sampler.
        """
        message = f"{self.name} has no sampler"
        raise NotImplementedError(message)

    def new_customer_purchases(self, days: Any) -> Array:
        """Return the expected repeat purchases of a new customer within `days` of the first one; shape of `days`."""
        days = np.atleast_1d(np.asarray(days, dtype=float))
        return self.expected_purchases(new_customers(len(days)), days)

    def fitted(self) -> dict[str, Any]:
        """Return the fitted parameters, for JSON."""
        return {"parameters": self.parameters}

    def restore(self, stored: dict[str, Any]) -> Self:
        """Take over what `save` wrote."""
        self.parameters, self.covariance = stored["parameters"], np.array(stored["covariance_of_logs"])
        return self

    def save(self, folder: Path) -> None:
        """Write parameters, their covariance (of the logs) and the certificate as JSON, and a custom model's code."""
        if self.code is not None:
            shutil.copyfile(self.code, folder / CODE_FILE)
        stored = {"name": self.name, "choices": self.get_params(), **self.fitted(), "time_unit": "days"}
        certificate = self.certificate.as_dict() if self.certificate else {}
        uncertainty = {"covariance_of_logs": self.covariance.tolist(), "certificate": certificate}
        write_json(folder / "purchases.json", {**stored, **uncertainty})


def spread(days: Any, histories: Histories) -> Array:
    """Return `days` as one number per customer."""
    return np.array(np.broadcast_to(np.asarray(days, dtype=float), len(histories)))
