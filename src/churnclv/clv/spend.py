"""Gamma-Gamma: what customers spend per purchase; estimated by `lifetimes`."""

from pathlib import Path

import numpy as np
import pandas as pd

from ..files import read_json, write_json
from . import formulas
from .formulas import Array
from .purchases import OPTIMISER_TOLERANCES, X, collapse, fit_quietly

MEAN_SPEND = "mean_repeat_spend"
_LEAST_REPEATERS = 10


class GammaGammaModel:
    """Gamma-Gamma of Fader and Hardie (2013), spend in the log's currency per purchase.

    Where it has no finite population mean (q <= 1), too few repeat buyers, or no optimum, everyone's own mean is
    shrunk to the population's with the weight of one purchase instead; `fallback` then says so.
    """

    def __init__(self, penalty: float = 0.0) -> None:
        """Keep the L2 penalty (0 = maximum likelihood)."""
        self.penalty = penalty
        self.parameters: dict[str, float] = {}
        self.fallback = ""

    def get_params(self) -> dict[str, float]:
        """Return what was chosen before the fit."""
        return {"penalty": self.penalty}

    def fit(self, history: pd.DataFrame) -> "GammaGammaModel":
        """Estimate p, q and v from customers with a repeat purchase of positive value."""
        x, m = history[X].to_numpy(dtype=float), history[MEAN_SPEND].to_numpy(dtype=float)
        paid = (x > 0) & (m > 0)
        self.fallback = ""
        if paid.sum() < _LEAST_REPEATERS or np.ptp(m[paid]) == 0:
            self.fallback = "too few repeat buyers, or all spend the same"
        else:
            self.parameters = _estimate(*collapse([x[paid], m[paid]]), self.penalty)
            if not self.parameters or self.parameters["q"] <= 1.0:
                self.fallback = "the Gamma-Gamma mean is not finite (q <= 1)"
        if self.fallback:
            self.parameters = {"mean": float(np.average(m[paid], weights=x[paid])) if paid.any() else 0.0}
        return self

    def expected_spend_per_purchase(self, history: pd.DataFrame) -> Array:
        """Return the expected spend of the next purchase, in the log's currency, shape (n,)."""
        x, m = history[X].to_numpy(dtype=float), history[MEAN_SPEND].to_numpy(dtype=float)
        if self.fallback:
            return np.asarray((self.parameters["mean"] + x * m) / (1.0 + x))
        return formulas.gamma_gamma_mean(x, m, **self.parameters)

    def save(self, folder: Path) -> None:
        """Write the parameters as JSON."""
        stored = {"penalty": self.penalty, "parameters": self.parameters, "fallback": self.fallback}
        write_json(folder / "gamma_gamma.json", stored)

    @classmethod
    def load(cls, folder: Path) -> "GammaGammaModel":
        """Read what `save` wrote."""
        stored = read_json(folder / "gamma_gamma.json")
        model = cls(stored["penalty"])
        model.parameters, model.fallback = stored["parameters"], stored["fallback"]
        return model


def _estimate(columns: list[Array], counts: Array, penalty: float) -> dict[str, float]:
    for tolerance in OPTIMISER_TOLERANCES:
        found = fit_quietly("GammaGammaFitter", penalty, *columns, weights=counts, tol=tolerance)
        if found:
            return found
    return {}
