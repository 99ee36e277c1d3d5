"""Models of how often customers buy, and whether they still do: BG/NBD, MBG/NBD and Pareto/NBD."""

from abc import ABC, abstractmethod
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from ..files import read_json, write_json
from . import beta_geometric, formulas, pareto
from .fitting import Array, Certificate, Derivatives, maximise, penalise

X, T_X, AGE = "repeat_purchases", "last_purchase_age_days", "age_days"
_COARSE_SEED = 0


def letters(history: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Return (x, t_x, T) of a purchase history; T is at least t_x."""
    x, t_x, age = (history[name].to_numpy(dtype=float) for name in (X, T_X, AGE))
    return x, t_x, np.maximum(age, t_x)


class PurchaseModel(ABC):
    """A model of buying: fitted on purchase histories at a cutoff, it speaks of the time after it. Time is in days."""

    name: ClassVar[str]
    parameter_names: ClassVar[tuple[str, ...]]
    coarse_customers: ClassVar[int] = 10_000  # the starts climb on so many, where there are at least twice as many
    moves: ClassVar[tuple[tuple[float, ...], ...]]  # of the log-parameters, from plain values to the further starts

    def __init__(self, penalty: float = 0.0) -> None:
        """Keep the penalty on the squared distance of the log-parameters from plain values (0 = maximum likelihood)."""
        self.penalty = penalty
        self.parameters: dict[str, float] = {}
        self.covariance: Array = np.zeros((4, 4))
        self.certificate: Certificate | None = None

    def get_params(self) -> dict[str, float]:
        """Return what was chosen before the fit."""
        return {"penalty": self.penalty}

    def fit(self, history: pd.DataFrame) -> Self:
        """Estimate the parameters by maximum likelihood, from several starts.

        Never fails: where nobody repeats or nobody leaves, parameters end at the edge of what is meaningful, and the
        certificate names them. Large data start from an optimum on a sample of customers.
        """
        x, t_x, T = letters(history)
        plain = self._plain(max(float(T.mean()), 1.0))
        coarse = None
        if len(x) > 2 * self.coarse_customers:
            some = np.random.default_rng(_COARSE_SEED).choice(len(x), self.coarse_customers, replace=False)
            coarse = penalise(self._likelihood(x[some], t_x[some], T[some]), plain, self.penalty)
        full = penalise(self._likelihood(x, t_x, T), plain, self.penalty)
        starts = [plain, *(plain + np.array(move) for move in self.moves)]
        found = maximise(full, starts, self.parameter_names, float(len(x)), coarse)
        self.parameters = dict(zip(self.parameter_names, np.exp(found.log_parameters).tolist(), strict=True))
        self.covariance, self.certificate = found.covariance, found.certificate
        return self

    @abstractmethod
    def _plain(self, mean_age_days: float) -> Array:
        """Return the log-parameters that a penalty draws towards."""

    @abstractmethod
    def _likelihood(self, x: Array, t_x: Array, T: Array) -> Derivatives:
        """Return the likelihood of these histories with its derivatives."""

    @abstractmethod
    def expected_purchases(self, history: pd.DataFrame, days: float) -> Array:
        """Return expected purchases within `days` from the cutoff: counts, shape (n,)."""

    @abstractmethod
    def p_alive(self, history: pd.DataFrame) -> Array:
        """Return the probability of still being a customer at the cutoff, shape (n,)."""

    @abstractmethod
    def p_no_purchase(self, history: pd.DataFrame, days: float) -> Array:
        """Return the probability of no purchase within `days` from the cutoff, shape (n,)."""

    def save(self, folder: Path) -> None:
        """Write parameters, their covariance (of the logs) and the certificate as JSON."""
        stored = {"name": self.name, "penalty": self.penalty, "parameters": self.parameters, "time_unit": "days"}
        certificate = self.certificate.as_dict() if self.certificate else {}
        uncertainty = {"covariance_of_logs": self.covariance.tolist(), "certificate": certificate}
        write_json(folder / "purchases.json", {**stored, **uncertainty})


class BetaGeoModel(PurchaseModel):
    """BG/NBD of Fader, Hardie and Lee (2005).

    One-time buyers have P(alive) = 1 by construction: rank churn by the chance of no purchase, not by P(alive).
    """

    name = "bgnbd"
    shift: ClassVar[int] = 0
    parameter_names = beta_geometric.NAMES
    moves = ((-1.5, -1.0, -1.0, 0.5), (0.5, 1.0, -2.0, 1.5))

    def _plain(self, mean_age_days: float) -> Array:
        return np.log([1.0, mean_age_days, 1.0, 2.0])

    def _likelihood(self, x: Array, t_x: Array, T: Array) -> Derivatives:
        return partial(beta_geometric.log_likelihood, beta_geometric.count_histories(x, t_x, T), self.shift)

    def expected_purchases(self, history: pd.DataFrame, days: float) -> Array:
        """Return expected purchases within `days` from the cutoff: counts, shape (n,)."""
        x, t_x, T = letters(history)
        return formulas.expected_purchases(days, x, t_x, T, self.shift, **self.parameters)

    def p_alive(self, history: pd.DataFrame) -> Array:
        """Return the probability of still being a customer at the cutoff, shape (n,)."""
        x, t_x, T = letters(history)
        return formulas.p_alive(x, t_x, T, self.shift, **self.parameters)

    def p_no_purchase(self, history: pd.DataFrame, days: float) -> Array:
        """Return the probability of no purchase within `days` from the cutoff, shape (n,)."""
        x, t_x, T = letters(history)
        return formulas.p_no_purchase(days, x, t_x, T, self.shift, **self.parameters)


class ModifiedBetaGeoModel(BetaGeoModel):
    """MBG/NBD of Batislam, Denizel and Filiztekin (2007): customers may also leave after their first purchase."""

    name = "mbgnbd"
    shift = 1


class ParetoModel(PurchaseModel):
    """Pareto/NBD of Schmittlein, Morrison and Colombo (1987): customers may leave at any time."""

    name = "pareto_nbd"
    coarse_customers = 2_000
    parameter_names = pareto.NAMES
    moves = ((-1.0, -1.0, -0.5, -1.0), (0.5, 0.5, -1.5, 1.0))

    def _plain(self, mean_age_days: float) -> Array:
        return np.log([1.0, mean_age_days, 1.0, mean_age_days])

    def _likelihood(self, x: Array, t_x: Array, T: Array) -> Derivatives:
        rows, counts = np.unique(np.column_stack([x, t_x, T]), axis=0, return_counts=True)
        x, t_x, T = rows.T
        return partial(pareto.log_likelihood, x, t_x, T, counts.astype(float))

    def expected_purchases(self, history: pd.DataFrame, days: float) -> Array:
        """Return expected purchases within `days` from the cutoff: counts, shape (n,)."""
        x, _, T = letters(history)
        return pareto.expected_purchases(days, x, T, self.p_alive(history), **self.parameters)

    def p_alive(self, history: pd.DataFrame) -> Array:
        """Return the probability of still being a customer at the cutoff, shape (n,)."""
        return pareto.p_alive(*letters(history), **self.parameters)  # type: ignore[arg-type] # names are the papers'

    def p_no_purchase(self, history: pd.DataFrame, days: float) -> Array:
        """Return the probability of no purchase within `days` from the cutoff, shape (n,)."""
        x, _, T = letters(history)
        return pareto.p_no_purchase(days, x, T, self.p_alive(history), **self.parameters)


PURCHASE_MODELS: dict[str, type[PurchaseModel]] = {
    model.name: model for model in (BetaGeoModel, ModifiedBetaGeoModel, ParetoModel)
}


def load_purchases(folder: Path) -> PurchaseModel:
    """Read what a purchase model's `save` wrote."""
    stored = read_json(folder / "purchases.json")
    model = PURCHASE_MODELS[stored["name"]](stored["penalty"])
    model.parameters = stored["parameters"]
    model.covariance = np.array(stored["covariance_of_logs"])
    return model
