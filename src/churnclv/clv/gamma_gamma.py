"""Gamma-Gamma: the spend per purchase."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from ..files import read_json, write_json
from . import closed_forms
from . import gamma_gamma_likelihood as gamma_gamma
from .maximum_likelihood import Certificate, Optimum, maximise, penalise
from .recall import recall_fit
from .rfm import MEAN_SPEND, Array, X

_LEAST_REPEATERS = 10
_SMALL_CORRELATION, _LIKELY = 0.1, 0.05
_ROUNDING = 1e-9
_LEAST_SPREAD = 1e-6  # of log mean spend: below it all spend the same


@dataclass(frozen=True)
class Independence:
    """The test of the Gamma-Gamma model's assumption that spend per purchase does not depend on how often one buys.

    Parameters
    ----------
    correlation
        Spearman's rank correlation between repeat purchases and their mean value; missing where it has none.
    p_value
        The probability of so large a one without dependence.
    customers
        Repeat buyers with positive spend.
    """

    correlation: float
    p_value: float
    customers: int

    @property
    def sentence(self) -> str:
        """The finding as a sentence."""
        if np.isnan(self.correlation):
            return "spend per purchase and frequency: too few repeat buyers to test that they are independent"
        holds = abs(self.correlation) < _SMALL_CORRELATION or self.p_value > _LIKELY
        verdict = "hardly any, as Gamma-Gamma assumes" if holds else "Gamma-Gamma assumes none"
        return (
            f"spend per purchase and frequency: rank correlation {self.correlation:+.2f} (p = {self.p_value:.3f}, "
            f"{self.customers:,} repeat buyers): {verdict}"
        )


def check_independence(history: pd.DataFrame) -> Independence:
    """Return the rank correlation between repeat purchases and their mean value, over repeat buyers.

    Parameters
    ----------
    history
        Rows of a feature table at one cutoff.
    """
    x, m = history[X].to_numpy(dtype=float), history[MEAN_SPEND].to_numpy(dtype=float)
    paid = (x > 0) & (m > 0)
    if paid.sum() < _LEAST_REPEATERS or np.ptp(x[paid]) == 0 or np.ptp(m[paid]) == 0:
        return Independence(np.nan, np.nan, int(paid.sum()))
    test = spearmanr(x[paid], m[paid])
    return Independence(float(test.statistic), float(test.pvalue), int(paid.sum()))


class GammaGammaModel:
    """Gamma-Gamma of Fader and Hardie (2013), spend in the log's currency per purchase.

    Where it has no finite population mean (q <= 1), too few repeat buyers, or all spend the same, each customer's
    mean is shrunk to the population's with the weight of one purchase instead, and `fallback` holds the reason.
    """

    def __init__(self, penalty: float = 0.0) -> None:
        """Keep the penalty on the squared distance of the log-parameters from plain values (0 = maximum likelihood)."""
        self.penalty = penalty
        self.parameters: dict[str, float] = {}
        self.fallback = ""
        self.covariance: Array = np.zeros((3, 3))
        self.certificate: Certificate | None = None

    def get_params(self) -> dict[str, float]:
        """Return the hyperparameters."""
        return {"penalty": self.penalty}

    def fit(self, history: pd.DataFrame) -> Self:
        """Estimate p, q and v from customers with a repeat purchase of positive value."""
        x, m = history[X].to_numpy(dtype=float), history[MEAN_SPEND].to_numpy(dtype=float)
        paid = (x > 0) & (m > 0)
        self.fallback, self.certificate = "", None
        if paid.sum() < _LEAST_REPEATERS or np.log(m[paid]).std() < _LEAST_SPREAD:
            self.fallback = "too few repeat buyers, or all spend the same"
        else:
            self._estimate(x[paid], m[paid])
            if self.parameters["q"] <= 1.0:
                self.fallback = "the Gamma-Gamma mean is not finite (q <= 1)"
        if self.fallback:
            self.parameters = {"mean": float(np.average(m[paid], weights=x[paid])) if paid.any() else 0.0}
        return self

    def _estimate(self, x: Array, m: Array) -> None:
        optimum = recall_fit(self, self.get_params(), [x, m], partial(self._maximise, x, m))
        self.parameters = dict(zip(gamma_gamma.NAMES, np.exp(optimum.log_parameters).tolist(), strict=True))
        self.covariance, self.certificate = optimum.covariance, optimum.certificate

    def _maximise(self, x: Array, m: Array) -> Optimum:
        plain = np.log([2.0, 3.0, float(np.median(m))])
        likelihood = partial(gamma_gamma.log_likelihood, x, m, np.ones(len(x)))
        starts = [plain + move for move in ([0.0, 0.0, 0.0], [1.0, 0.5, 0.0], [-1.0, 0.0, 1.0])]
        return maximise(penalise(likelihood, plain, self.penalty), starts, gamma_gamma.NAMES, float(len(x)))

    def points(self, place: Callable[[Array, Array], list[Array]]) -> "list[GammaGammaModel]":
        """Return the model at parameter points that `place` puts around the estimate; a fallback has one point."""
        if self.fallback:
            return [self]
        logs = np.log([self.parameters[name] for name in gamma_gamma.NAMES])
        return [self._at(point) for point in place(logs, self.covariance)]

    def _at(self, log_parameters: Array) -> "GammaGammaModel":
        other = GammaGammaModel(self.penalty)
        other.parameters = dict(zip(gamma_gamma.NAMES, np.exp(log_parameters).tolist(), strict=True))
        return other

    def expected_spend_per_purchase(self, history: pd.DataFrame) -> Array:
        """Return the expected spend of the next purchase, in the log's currency, shape (n,)."""
        x, m = history[X].to_numpy(dtype=float), history[MEAN_SPEND].to_numpy(dtype=float)
        if self.fallback:
            return np.asarray((self.parameters["mean"] + x * m) / (1.0 + x))
        return closed_forms.gamma_gamma_mean(x, m, **self.parameters)

    def typical(self, x: Array, m: Array) -> Array:
        """Return the typical spend per purchase of a customer with x repeat purchases of mean m."""
        if self.fallback:
            return np.asarray((self.parameters["mean"] + x * m) / (1.0 + x))
        return closed_forms.gamma_gamma_typical(x, m, **self.parameters)

    def p_at_most(self, amounts: Array, purchases: Array, x: Array, m: Array) -> Array:
        """P(so many purchases cost at most these amounts | x repeat purchases of mean m), each of shape (n,).

        The fallback assumes that every purchase costs its expected value.
        """
        if self.fallback:
            return np.asarray((amounts >= purchases * self.typical(x, m) * (1.0 - _ROUNDING)).astype(float))
        return closed_forms.gamma_gamma_at_most(amounts, purchases, x, m, **self.parameters)

    def save(self, folder: Path) -> None:
        """Write the parameters, their covariance (of the logs) and the certificate as JSON."""
        certificate = self.certificate.as_dict() if self.certificate else {}
        stored = {"penalty": self.penalty, "parameters": self.parameters, "fallback": self.fallback}
        uncertainty = {"covariance_of_logs": self.covariance.tolist(), "certificate": certificate}
        write_json(folder / "spend.json", {**stored, **uncertainty})

    @classmethod
    def load(cls, folder: Path) -> "GammaGammaModel":
        """Read what `save` wrote."""
        stored = read_json(folder / "spend.json")
        model = cls(stored["penalty"])
        model.parameters, model.fallback = stored["parameters"], stored["fallback"]
        model.covariance = np.array(stored["covariance_of_logs"])
        return model
