"""Metrics of rankings, probabilities and amounts, each for many sets of row weights at once.

Every metric takes `truth` (n,), `predicted` (n,) and `weights` (n, replicates), and returns (replicates,): a bootstrap
replicate is a column of weights, the plain figure a column of ones.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Metric = Callable[[Array, Array, Array], Array]
_TINY = 1e-15


def _groups(keys: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the order that sorts the keys, and where in it each run of equal keys starts."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    return order, np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])


def _sums(values: Array, starts: NDArray[np.intp]) -> Array:
    """Sum rows (n, replicates) over runs that start at `starts`: (groups, replicates)."""
    return values if len(starts) == len(values) else np.add.reduceat(values, starts, axis=0)


def _ratio(top: Array, bottom: Array) -> Array:
    """Return top / bottom, and NaN where the bottom is zero."""
    return np.asarray(top / np.where(bottom > 0, bottom, np.nan))


def auc(truth: Array, predicted: Array, weights: Array) -> Array:
    """Area under the ROC curve: the chance that a positive ranks above a negative, ties counted half."""
    order, starts = _groups(predicted)
    ranked = weights[order]
    positives = ranked * truth[order, None]
    positive, negative = _sums(positives, starts), _sums(ranked - positives, starts)
    below = np.cumsum(negative, axis=0) - negative / 2.0
    pairs = positive.sum(axis=0) * negative.sum(axis=0)
    return _ratio(np.einsum("ij,ij->j", positive, below), pairs)


def average_precision(truth: Array, predicted: Array, weights: Array) -> Array:
    """Precision averaged over the recall that each threshold adds (not interpolated)."""
    order, starts = _groups(-predicted)
    ranked = weights[order]
    positive = _sums(ranked * truth[order, None], starts)
    everyone = np.cumsum(_sums(ranked, starts), axis=0)
    precision = np.cumsum(positive, axis=0) / np.maximum(everyone, _TINY)
    return _ratio(np.einsum("ij,ij->j", positive, precision), positive.sum(axis=0))


def log_loss(truth: Array, predicted: Array, weights: Array) -> Array:
    """Mean negative log-likelihood of the outcomes, in nats per customer."""
    sure = np.clip(predicted, _TINY, 1.0 - _TINY)
    return _mean(-(truth * np.log(sure) + (1.0 - truth) * np.log1p(-sure)), weights)


def brier(truth: Array, predicted: Array, weights: Array) -> Array:
    """Mean squared error of the probabilities."""
    return _mean((truth - predicted) ** 2, weights)


def mae(truth: Array, predicted: Array, weights: Array) -> Array:
    """Mean absolute error, in the unit of the truth."""
    return _mean(np.abs(truth - predicted), weights)


def rmse(truth: Array, predicted: Array, weights: Array) -> Array:
    """Root of the mean squared error, in the unit of the truth."""
    return np.asarray(np.sqrt(_mean((truth - predicted) ** 2, weights)))


def msle(truth: Array, predicted: Array, weights: Array) -> Array:
    """Mean squared error of log(1 + value)."""
    return _mean((np.log1p(np.maximum(truth, 0.0)) - np.log1p(np.maximum(predicted, 0.0))) ** 2, weights)


def bias(truth: Array, predicted: Array, weights: Array) -> Array:
    """Total predicted over total true, minus one: -0.2 is 20% too low."""
    return _ratio(predicted @ weights, truth @ weights) - 1.0


def spearman(truth: Array, predicted: Array, weights: Array) -> Array:
    """Rank correlation, ties at their middle rank."""
    first, second = _centred_ranks(truth, weights), _centred_ranks(predicted, weights)
    spread = np.sqrt((weights * first**2).sum(axis=0) * (weights * second**2).sum(axis=0))
    return _ratio((weights * first * second).sum(axis=0), spread)


def gini(truth: Array, predicted: Array, weights: Array) -> Array:
    """Normalised Gini: concentration of value in the ranking, relative to that in the perfect ranking."""
    return _ratio(_concentration(truth, predicted, weights), _concentration(truth, truth, weights))


def top_decile_share(truth: Array, predicted: Array, weights: Array) -> Array:
    """Share of all value that the tenth of customers with the greatest predictions brings; ties share evenly."""
    return _ratio(captured(-predicted, truth, weights, np.array([0.1]))[0], truth @ weights)


def decile_error(truth: Array, predicted: Array, weights: Array) -> Array:
    """Distance between total predicted and total true by tenths of the predicted, relative to the whole truth."""
    upto = captured(predicted, predicted - truth, weights, np.arange(1, 11) / 10.0)
    return _ratio(np.abs(np.diff(upto, axis=0, prepend=0.0)).sum(axis=0), truth @ weights)


def cumulate(keys: Array, values: Array, weights: Array) -> tuple[Array, Array]:
    """Return running customers and running value, least keys first: (groups of equal keys, replicates) each."""
    order, starts = _groups(keys)
    ranked = weights[order]
    mass = np.cumsum(_sums(ranked, starts), axis=0)
    return mass, np.cumsum(_sums(ranked * values[order, None], starts), axis=0)


def captured(keys: Array, values: Array, weights: Array, shares: Array) -> Array:
    """Return the sum of values over the given shares of customers, least keys first: (shares, replicates)."""
    mass, value = cumulate(keys, values, weights)
    sums = [
        np.interp(shares * m[-1], np.r_[0.0, m], np.r_[0.0, v]) for m, v in zip(mass.T, value.T, strict=True)
    ]  # fmt: skip
    return np.array(sums).T


def share_of(held: Array, weights: Array) -> Array:
    """Share of customers for whom something holds (1 or 0)."""
    return _mean(held, weights)


def _mean(values: Array, weights: Array) -> Array:
    return np.asarray((values @ weights) / weights.sum(axis=0))


def _centred_ranks(values: Array, weights: Array) -> Array:
    order, starts = _groups(values)
    mass = _sums(weights[order], starts)
    middle = np.cumsum(mass, axis=0) - mass / 2.0
    _, group = np.unique(values, return_inverse=True)
    ranks = middle[group]
    return np.asarray(ranks - (weights * ranks).sum(axis=0) / weights.sum(axis=0))


def _concentration(truth: Array, ranking: Array, weights: Array) -> Array:
    """Area between the curve of captured value, best-ranked first, and the diagonal."""
    order, starts = _groups(-ranking)
    ranked = weights[order]
    mass, value = _sums(ranked, starts), _sums(ranked * truth[order, None], starts)
    captured = np.cumsum(value, axis=0) - value / 2.0
    area = _ratio(np.einsum("ij,ij->j", captured, mass), value.sum(axis=0)) / mass.sum(axis=0)
    return np.asarray(area - 0.5)


CHURN_METRICS: dict[str, Metric] = {
    "auc": auc,
    "average_precision": average_precision,
    "log_loss": log_loss,
    "brier": brier,
}
VALUE_METRICS: dict[str, Metric] = {
    "rmse": rmse,
    "mae": mae,
    "msle": msle,
    "bias": bias,
    "spearman": spearman,
    "gini": gini,
    "top_decile_share": top_decile_share,
    "decile_error": decile_error,
}


def plain(metric: Metric, truth: Any, predicted: Any) -> float:
    """Return a metric's figure on all rows, each counted once."""
    truth = np.asarray(truth, dtype=float)
    return float(metric(truth, np.asarray(predicted, dtype=float), np.ones((len(truth), 1)))[0])
