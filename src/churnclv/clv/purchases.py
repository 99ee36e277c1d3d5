"""Models of how often customers buy, and whether they still do: BG/NBD and MBG/NBD."""

from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from ..files import read_json, write_json
from . import beta_geometric, formulas
from .fitting import Array, Certificate, Derivatives, maximise, penalise

X, T_X, AGE = "repeat_purchases", "last_purchase_age_days", "age_days"
_COARSE_CUSTOMERS = 20_000
_COARSE_SEED = 0


def letters(history: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Return (x, t_x, T) of a purchase history; T is at least t_x."""
    x, t_x, age = (history[name].to_numpy(dtype=float) for name in (X, T_X, AGE))
    return x, t_x, np.maximum(age, t_x)


class BetaGeoModel:
    """BG/NBD of Fader, Hardie and Lee (2005), with time in days.

    One-time buyers have P(alive) = 1 by construction: rank churn by the chance of no purchase, not by P(alive).
    """

    name: ClassVar[str] = "bgnbd"
    shift: ClassVar[int] = 0

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
        """Estimate r, alpha, a and b by maximum likelihood, from several starts.

        Never fails: where nobody repeats or nobody leaves, parameters end at the edge of what is meaningful, and the
        certificate names them. Large data start from an optimum on a sample of customers.
        """
        x, t_x, T = letters(history)
        full = beta_geometric.count_histories(x, t_x, T)
        plain = np.log([1.0, max(float(T.mean()), 1.0), 1.0, 2.0])
        coarse = None
        if len(x) > 2 * _COARSE_CUSTOMERS:
            some = np.random.default_rng(_COARSE_SEED).choice(len(x), _COARSE_CUSTOMERS, replace=False)
            coarse = self._objective(beta_geometric.count_histories(x[some], t_x[some], T[some]), plain)
        moves = np.array([[0.0, 0.0, 0.0, 0.0], [-1.5, -1.0, -1.0, 0.5], [0.5, 1.0, -2.0, 1.5]])
        found = maximise(
            self._objective(full, plain), list(plain + moves), beta_geometric.NAMES, full.customers, coarse
        )
        self.parameters = dict(zip(beta_geometric.NAMES, np.exp(found.log_parameters).tolist(), strict=True))
        self.covariance, self.certificate = found.covariance, found.certificate
        return self

    def _objective(self, data: beta_geometric.CountedHistories, plain: Array) -> Derivatives:
        likelihood = partial(beta_geometric.log_likelihood, data, self.shift)
        return penalise(likelihood, plain, self.penalty)

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

    def save(self, folder: Path) -> None:
        """Write parameters, their covariance (of the logs) and the certificate as JSON."""
        stored = {"name": self.name, "penalty": self.penalty, "parameters": self.parameters, "time_unit": "days"}
        certificate = self.certificate.as_dict() if self.certificate else {}
        uncertainty = {"covariance_of_logs": self.covariance.tolist(), "certificate": certificate}
        write_json(folder / "purchases.json", {**stored, **uncertainty})

    @classmethod
    def load(cls, folder: Path) -> "BetaGeoModel":
        """Read what `save` wrote."""
        stored = read_json(folder / "purchases.json")
        model = PURCHASE_MODELS[stored["name"]](stored["penalty"])
        model.parameters = stored["parameters"]
        model.covariance = np.array(stored["covariance_of_logs"])
        return model


class ModifiedBetaGeoModel(BetaGeoModel):
    """MBG/NBD of Batislam, Denizel and Filiztekin (2007): customers may also leave after their first purchase."""

    name = "mbgnbd"
    shift = 1


PURCHASE_MODELS: dict[str, type[BetaGeoModel]] = {model.name: model for model in (BetaGeoModel, ModifiedBetaGeoModel)}
