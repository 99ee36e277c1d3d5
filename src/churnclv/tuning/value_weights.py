"""Weights of candidates in a combination of expectations, and the level of its total, from validation folds.

Candidates are combined by a weighted geometric mean, so that errors count by their ratio and a few large customers do
not decide. What is minimised is a deviance whose optimum is the mean [1]: Poisson for purchases, the compound
Poisson-gamma of power 1.5 for spend. Squared errors have the same optimum, but a handful of customers decide them.

[1] Gneiting (2011), Making and evaluating point forecasts, Journal of the American Statistical Association 106(494).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ..clv.combination import combine
from ..evaluation.metrics import Array

_POWERS = {"purchases": 1.0, "spend": 1.5}  # of the variance in the mean
_LEAST_SHARE = 1e-6  # of the mean: the smallest expectation in a loss
_MOST_ROWS = 20_000  # of a fold, evenly spaced, on which weights are learned
_SHRINKAGE = 0.5  # of the way from the optimum back to equal weights
_LEVEL_DEVIATION = 0.15  # of the log of a total's level, a priori
_DRIFT_DEVIATION = 0.2  # of the log of the level between the folds and the time that is predicted: season, mostly


@dataclass(frozen=True)
class FoldOutcomes:
    """A validation fold: its weight by age, what happened, (n,) by target, and each row's customer number, (n,)."""

    weight: float
    truth: Mapping[str, Array]
    customers: NDArray[np.int64]


@dataclass(frozen=True)
class Combined:
    """A chosen combination for one target.

    Attributes:
        weights: of the candidates, by name; they are not negative and add up to 1.
        level: the factor on the total.
        gain: how much the weights that were learned gain over the equal ones on held-out folds, in the deviance, and
            its standard error; the equal weights are kept unless the gain is larger.
    """

    weights: dict[str, float]
    level: float
    gain: float = 0.0
    standard_error: float = np.inf


def fold_weights(ages_days: Sequence[float], half_life_days: float) -> list[float]:
    """Return weights of folds that add up to 1: a fold that is one half-life older than another counts half."""
    raw = 0.5 ** (np.asarray(ages_days, dtype=float) / half_life_days)
    return [float(weight) for weight in raw / raw.sum()]


def deviance(truth: Array, expected: Array, target: str) -> Array:
    """Return each customer's deviance of purchases or spend, (n,), without its constant.

    Spend below 0, of customers who only returned goods, counts as none. Amounts are in units of their mean, so that the
    result does not depend on the currency.
    """
    unit = max(float(truth.mean()), np.finfo(float).tiny)
    y, mu = np.maximum(truth, 0.0) / unit, np.maximum(expected / unit, _LEAST_SHARE)
    return _loss(y, mu, _POWERS[target])


def _loss(y: Array, mu: Array, power: float) -> Array:
    if power == 1.0:
        return np.asarray(mu - y * np.log(mu))
    return np.asarray(y * mu ** (1.0 - power) / (power - 1.0) + mu ** (2.0 - power) / (2.0 - power))


def mean_deviance(folds: Sequence[FoldOutcomes], expected: Sequence[Array], target: str) -> float:
    """Return the mean deviance of a model's expectations, (n,) a fold, over the folds by their weights."""
    pairs = zip(folds, expected, strict=True)
    return float(sum(fold.weight * deviance(fold.truth[target], values, target).mean() for fold, values in pairs))


def paired_gain(folds: Sequence[FoldOutcomes], first: Sequence[Array], second: Sequence[Array]) -> tuple[float, float]:
    """Return by how much the second losses, (n,) a fold, are less than the first, and the standard error of that.

    The error has two parts: between customers, of whom one may be in several folds, and between folds.
    """
    n = 1 + max(int(fold.customers.max()) for fold in folds)
    by_customer, by_fold = np.zeros(n), []
    for fold, before, after in zip(folds, first, second, strict=True):
        difference = before - after
        by_fold.append(float(difference.mean()))
        by_customer += fold.weight * np.bincount(fold.customers, difference / len(difference), n)
    weights = np.array([fold.weight for fold in folds])
    gain = float(weights @ by_fold)
    between_folds = weights @ (np.array(by_fold) - gain) ** 2 * (weights @ weights)
    between_customers = by_customer.var() * n
    return gain, float(np.sqrt(between_customers + between_folds))


def choose_combination(
    folds: Sequence[FoldOutcomes], expected: Mapping[str, Sequence[Array]], prior: Sequence[str], target: str
) -> Combined:
    """Return the weights of the candidates, and the level of the total.

    Parameters
    ----------
    folds
        The validation folds.
    expected
        Each candidate's expectations, (n,) a fold.
    prior
        The candidates that equal weights combine.
    target
        `purchases` or `spend`.

    Returns
    -------
    Combined
        Equal weights of `prior`, unless weights that are learned on the other folds and shrunk half-way to them gain
        more than one standard error on the held-out folds.
    """
    names = list(expected)
    equal = np.array([float(name in prior) / len(prior) for name in names])
    if len(folds) < 2 or len(names) == 1:  # noqa: PLR2004 # nothing to learn from, or nothing to choose
        return Combined(_named(names, equal), estimate_level(folds, _blend(expected, names, equal), target))
    before: list[Array] = []
    after: list[Array] = []
    for held in range(len(folds)):
        others = [place for place in range(len(folds)) if place != held]
        learned = _learn(folds, expected, names, equal, target, others)
        for weights, losses in ((equal, before), (learned, after)):
            blended = _blend(expected, names, weights)
            level = _plain_level(folds, blended, target, others)
            losses.append(deviance(folds[held].truth[target], level * blended[held], target))
    gain, error = paired_gain(folds, before, after)
    weights = _learn(folds, expected, names, equal, target, range(len(folds))) if gain > error else equal
    level = estimate_level(folds, _blend(expected, names, weights), target)
    return Combined(_named(names, weights), level, gain, error)


def estimate_level(folds: Sequence[FoldOutcomes], expected: Sequence[Array], target: str) -> float:
    """Return the factor on a total, shrunk towards 1.

    On each fold the log of actual over expected total has a sampling variance, which a few large customers raise. The
    folds overlap in time, so they count as one observation of their weighted mean, with the mean of these variances,
    the variance between the folds, and that of a further drift until the time that is predicted.
    """
    weights = np.array([fold.weight for fold in folds])
    logs, sampling = [], []
    for fold, e in zip(folds, expected, strict=True):
        actual, total = float(fold.truth[target].sum()), float(e.sum())
        if actual <= 0.0 or total <= 0.0:
            return 1.0
        logs.append(np.log(actual / total))
        sampling.append(float(((fold.truth[target] - e) ** 2).sum()) / actual**2)
    mean = float(weights @ np.array(logs))
    variance = weights @ sampling + weights @ (np.array(logs) - mean) ** 2 + _DRIFT_DEVIATION**2
    return float(np.exp(mean * _LEVEL_DEVIATION**2 / (_LEVEL_DEVIATION**2 + variance)))


def _named(names: Sequence[str], weights: Array) -> dict[str, float]:
    rounded = np.where(weights < 0.01, 0.0, weights)  # noqa: PLR2004 # a hundredth changes nothing
    return {name: float(weight) for name, weight in zip(names, rounded / rounded.sum(), strict=True) if weight > 0}


def _blend(expected: Mapping[str, Sequence[Array]], names: Sequence[str], weights: Array) -> list[Array]:
    used = {name: float(weight) for name, weight in zip(names, weights, strict=True) if weight > 0}
    n_folds = len(expected[names[0]])
    return [combine({name: expected[name][place] for name in used}, used) for place in range(n_folds)]


def _plain_level(folds: Sequence[FoldOutcomes], blended: Sequence[Array], target: str, places: Sequence[int]) -> float:
    """Return the factor that makes the weighted totals of some folds right, without shrinkage."""
    actual = sum(folds[p].weight * folds[p].truth[target].mean() for p in places)
    total = sum(folds[p].weight * blended[p].mean() for p in places)
    return float(actual / total) if actual > 0 and total > 0 else 1.0


def _learn(
    folds: Sequence[FoldOutcomes],
    expected: Mapping[str, Sequence[Array]],
    names: Sequence[str],
    equal: Array,
    target: str,
    places: Sequence[int],
) -> Array:
    """Return the weights of least deviance on some folds, with a free level, shrunk half-way to equal ones."""
    power, parts = _POWERS[target], []
    for place in places:
        rows = slice(None, None, max(1, len(folds[place].customers) // _MOST_ROWS))
        truth = np.maximum(folds[place].truth[target][rows], 0.0)
        unit = max(float(truth.mean()), np.finfo(float).tiny)
        logs = [np.log(np.maximum(expected[name][place][rows] / unit, _LEAST_SHARE)) for name in names]
        parts.append((folds[place].weight / len(truth), truth / unit, np.column_stack([*logs, np.ones(len(truth))])))

    def loss(point: Array) -> tuple[float, Array]:
        value, gradient = 0.0, np.zeros(len(point))
        for weight, y, design in parts:
            mu = np.exp(design @ point)
            value += weight * float(_loss(y, mu, power).sum())
            gradient += weight * ((mu - y) * mu ** (1.0 - power)) @ design
        return value, gradient

    start = np.r_[0.9 * equal + 0.1 / len(names), 0.0]
    optimum = minimize(  # type: ignore[call-overload] # the stubs know no dictionary of constraints
        loss, start, jac=True, method="SLSQP", options={"ftol": 1e-9, "maxiter": 100},
        bounds=[(0.0, 1.0)] * len(names) + [(-2.0, 2.0)],
        constraints=[{"type": "eq", "fun": lambda point: point[:-1].sum() - 1.0}],
    )  # fmt: skip
    learned = np.maximum(optimum.x[:-1], 0.0)
    valid = bool(np.isfinite(learned).all()) and learned.sum() > 0.0
    return np.asarray(_SHRINKAGE * equal + (1.0 - _SHRINKAGE) * (learned / learned.sum() if valid else equal))
