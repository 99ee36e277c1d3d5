"""sBG: at every renewal a contract ends with an individual probability, distributed Beta(alpha, beta).

[1] Fader, Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21(1).
[2] Fader, Hardie (2010), Customer-base valuation in a contractual setting: the perils of ignoring heterogeneity,
    Marketing Science 29(1).

Time is in renewal periods. S(t) = B(alpha, beta+t) / B(alpha, beta) (Eq. 6 in [1]); a contract of age a ends in the
next period with probability h = alpha / (alpha+beta+a), 1 less the retention rate of Eq. 8 in [1]; its odds are
alpha / (beta+a).
The likelihood needs only how many contracts survived, and ended in, each period of age, which also covers
contracts first observed at a later age. It is maximised in the logs of the mean odds alpha/beta and of alpha+beta.
Where customers do not differ, only alpha+beta diverges, and the limit is the constant hazard (geometric).
"""

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.special import betaln, xlogy

from ..files import read_json, write_json
from .contract_spells import CountedSpells, count_spells
from .maximum_likelihood import Certificate, maximise
from .rfm import Array

NAMES = ("alpha", "beta")
_COORDINATES = ("mean_odds", "concentration")
_CONCENTRATIONS = (1.0, 0.05, 20.0, 1000.0)
_LEAST_GAIN = 1e-3  # of the total log-likelihood: with less, customers are taken not to differ
_FRACTIONS, _MOST_FRACTIONS = 10.0, 100_000
_FILE = "retention.json"

_NO_RENEWALS = "no contract was seen through a renewal: a constant hazard of 0.5 stands in for an estimate"
_SMOOTHED = "the constant hazard is smoothed by half an end and half a survival, because"
_NO_FALL = "the hazard does not fall with age: it is taken as constant (geometric)"
_SPLIT = "nearly all ends came at the first renewal: beyond it, the model predicts almost no ends"
_NO_START = "nothing bounds how many leave at the first renewal: predictions for new contracts are unreliable"
_NOT_THERE = "the search stopped before the likelihood was flat: the parameters are rough"


@dataclass(frozen=True)
class RetentionCertificate(Certificate):
    """The evidence that a point is an optimum, and a warning about its limits; empty where there is none."""

    warning: str = ""


def log_likelihood(data: CountedSpells, point: Array) -> tuple[float, Array, Array]:
    """Return the mean log-likelihood per contract, gradient and Hessian by the logs of (alpha/beta, alpha+beta).

    With odds o = alpha / (beta + age): the sum of d log o - (c + d) log(1 + o), where d ended and c survived.
    """
    odds, total = np.exp(point)
    stays, age, n = 1.0 / (1.0 + odds), data.age, data.contracts
    o = total * odds * stays / (total * stays + age)
    value = data.ended @ np.log(o) - (data.survived + data.ended) @ np.log1p(o)
    surplus, due, share = data.ended - data.survived * o, data.survived * o, age / (total + age)
    drop = age / (total * stays + age)  # of the log-odds by the log of alpha + beta
    gradient = np.array([stays * surplus.sum(), share @ surplus])
    xx = -stays * ((1.0 - stays) * surplus.sum() + stays * (due @ (1.0 + o)))
    xy, yy = -stays * (due @ drop), -(share * total / (total + age)) @ surplus - (share * drop) @ due
    return float(value) / n, gradient / n, np.array([[xx, xy], [xy, yy]]) / n


class ShiftedBetaGeometricModel:
    """The sBG of Fader and Hardie (2007), or, where the data show no difference between customers, a constant hazard.

    `parameters` are alpha and beta, or `hazard` alone; `certificate.warning` gives the reason and further warnings.
    Methods take ages and lengths in renewal periods, numbers or arrays that broadcast; their results ignore the
    uncertainty of the parameters.
    """

    name = "sbg"

    def __init__(self) -> None:
        """Start unfitted."""
        self.parameters: dict[str, float] = {}
        self.covariance: Array = np.zeros((2, 2))
        self.certificate: RetentionCertificate | None = None

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters: there are none."""
        return {}

    def at(self, **parameters: float) -> Self:
        """Return the model at other parameters: `alpha` and `beta`, or `hazard`."""
        other = type(self)()
        other.parameters = parameters
        return other

    def fit(self, entered: Any, survived: Any, ended: Any, counts: Any = None) -> Self:
        """Estimate the parameters by maximum likelihood from contract spells (see `count_spells`).

        The fit never fails on valid spells: where no or every contract ended, where there is at most one contract, or
        where the hazard does not fall with age, the result is a constant hazard within 0 and 1, and the certificate
        has a warning.

        Raises:
            InputError: a spell is invalid.
        """
        data = count_spells(entered, survived, ended, counts)
        stayed, went = float(data.survived.sum()), float(data.ended.sum())
        if not (stayed and went):
            return self._take_constant(data, (went + 0.5) / (stayed + went + 1.0), _why_constant(stayed, went))
        mean = np.log(went / stayed)
        starts = [np.array([mean, np.log(total)]) for total in _CONCENTRATIONS]
        optimum = maximise(partial(log_likelihood, data), starts, _COORDINATES, data.contracts)
        hazard = went / (stayed + went)
        if optimum.certificate.log_likelihood < _constant_likelihood(data, hazard) + _LEAST_GAIN:
            return self._take_constant(data, hazard, _NO_FALL)
        odds, total = np.exp(optimum.log_parameters)
        self.parameters = {"alpha": float(total * odds / (1.0 + odds)), "beta": float(total / (1.0 + odds))}
        chain = np.array([[1.0 / (1.0 + odds), 1.0], [-odds / (1.0 + odds), 1.0]])
        self.covariance = chain @ optimum.covariance @ chain.T
        warning = _warn(data, optimum.certificate)
        self.certificate = RetentionCertificate(**asdict(optimum.certificate), warning=warning)
        return self

    def _take_constant(self, data: CountedSpells, hazard: float, why: str) -> Self:
        stayed, went = data.survived.sum(), data.ended.sum()
        inside = bool(stayed and went)
        self.parameters = {"hazard": float(hazard)}
        self.covariance = np.array([[stayed / went / (stayed + went) if inside else 0.0]])
        bound = () if inside else ("hazard",)
        likelihood = _constant_likelihood(data, hazard)
        self.certificate = RetentionCertificate(likelihood, 0.0, True, 1.0, bound, 0, _join(why, _extrapolated(data)))
        return self

    def odds(self, ages: Any) -> Array:
        """Return the odds of ending in the period after each age: alpha / (beta + age)."""
        age = np.asarray(ages, dtype=float)
        if "hazard" in self.parameters:
            return np.full(age.shape, self.parameters["hazard"] / (1.0 - self.parameters["hazard"]))
        return np.asarray(self.parameters["alpha"] / (self.parameters["beta"] + age))

    def hazard(self, age_periods: Any) -> Array:
        """Return the chance of ending in the period after this age: 1 - r at t = age + 1 in Eq. 8 of [1]."""
        odds = self.odds(age_periods)
        return np.asarray(odds / (1.0 + odds))

    def hazards_ahead(self, age_periods: Any, periods: int) -> Array:
        """Return the hazards of the next so many periods, (n, periods), at these ages, (n,)."""
        return self.hazard(np.asarray(age_periods, dtype=float)[:, None] + np.arange(periods))

    def _log_survival(self, periods: Any, age_periods: Any) -> Array:
        ahead, age = np.asarray(periods, dtype=float), np.asarray(age_periods, dtype=float)
        if "hazard" in self.parameters:
            return np.asarray(ahead * np.log1p(-self.parameters["hazard"]) + 0.0 * age)
        alpha, beta = self.parameters["alpha"], self.parameters["beta"] + age
        return np.asarray(np.minimum(betaln(alpha, beta + ahead) - betaln(alpha, beta), 0.0))

    def survival(self, periods: Any, age_periods: Any = 0.0) -> Array:
        """Return the chance that a contract of this age survives so many more: S(age + periods) / S(age)."""
        return np.asarray(np.exp(self._log_survival(periods, age_periods)))

    def p_ends(self, age_periods: Any, periods: Any) -> Array:
        """Return the chance that a contract of this age ends within so many periods: a baseline of churn."""
        return np.asarray(-np.expm1(self._log_survival(periods, age_periods)))

    def residual_lifetime(self, age_periods: Any, discount_rate: float) -> Array:
        """Return the discounted expected residual lifetime just before the renewal that ends period age + 1.

        Eq. 6 in [2] with n = age + 1: the periods still to be paid, the first of them at once if renewed, at a rate
        per period.

        Raises:
            ValueError: without a discount, where the expectation is infinite (alpha <= 1).
        """
        age = np.asarray(age_periods, dtype=float)
        if "hazard" in self.parameters:
            stays = 1.0 - self.hazard(age)
            return np.asarray(stays * (1.0 + discount_rate) / (1.0 + discount_rate - stays))
        alpha, beta = self.parameters["alpha"], self.parameters["beta"] + age
        if discount_rate > 0:
            return beta / (alpha + beta) * _series(beta + 1.0, alpha + beta + 1.0, discount_rate)
        if alpha <= 1.0:
            message = f"without a discount the expected residual lifetime is infinite at alpha = {alpha:.4g} <= 1"
            raise ValueError(message)
        return np.asarray(beta / (alpha - 1.0))

    def save(self, folder: Path) -> None:
        """Write the parameters, their covariance (of the logs) and the certificate as JSON."""
        certificate = self.certificate.as_dict() if self.certificate else {}
        uncertainty = {"covariance_of_logs": self.covariance.tolist(), "certificate": certificate}
        stored = {"name": self.name, "time_unit": "periods", "parameters": self.parameters, **uncertainty}
        write_json(folder / _FILE, stored)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        stored = read_json(folder / _FILE)
        model = cls().at(**stored["parameters"])
        model.covariance = np.array(stored["covariance_of_logs"])
        certificate = {name: value for name, value in stored["certificate"].items() if name != "converged"}
        if certificate:
            model.certificate = replace(RetentionCertificate(**certificate), at_bound=tuple(certificate["at_bound"]))
        return model


def _series(b: Array, c: Array, discount_rate: float) -> Array:
    """Return 2F1(1, b; c; 1 / (1 + discount_rate)) by Gauss' continued fraction, evaluated backwards.

    It needs some 1 / sqrt(discount_rate) terms; common implementations of 2F1 fail near 1.
    """
    z, c = 1.0 / (1.0 + discount_rate), c - 1.0
    terms = min(int(_FRACTIONS / np.sqrt(discount_rate)) + 20, _MOST_FRACTIONS)
    below = c + 2.0 * terms
    for m in range(terms, 0, -1):
        below = c + 2.0 * m - 1.0 - m * (c - b + m) * z / below
        below = c + 2.0 * m - 2.0 - (b + m - 1.0) * (c + m - 1.0) * z / below
    return np.asarray(c / below)


def _constant_likelihood(data: CountedSpells, hazard: float) -> float:
    return float(xlogy(data.ended.sum(), hazard) + xlogy(data.survived.sum(), 1.0 - hazard))


def _why_constant(stayed: float, went: float) -> str:
    if not stayed + went:
        return _NO_RENEWALS
    outcome = f"none of {stayed:g} renewals ended a contract" if stayed else f"all {went:g} renewals ended the contract"
    return f"{_SMOOTHED} {outcome}"


def _warn(data: CountedSpells, certificate: Certificate) -> str:
    split, no_start = ("concentration" in certificate.at_bound, "mean_odds" in certificate.at_bound)
    texts = {_SPLIT: split, _NO_START: no_start, _NOT_THERE: not certificate.converged}
    return _join(*(text for text, holds in texts.items() if holds), _extrapolated(data))


def _extrapolated(data: CountedSpells) -> str:
    youngest = data.age.min(initial=np.inf)
    if youngest in {0.0, np.inf}:
        return ""
    return f"no contract was seen younger than {youngest:g} periods: predictions for younger ones are extrapolated"


def _join(*texts: str) -> str:
    return "; ".join(text for text in texts if text)
