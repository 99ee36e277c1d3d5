"""Metrics of rankings, probabilities and amounts, each for many sets of row weights at once.

Every metric takes `truth` (n,), `predicted` (n,) and `weights` (n, replicates), and returns (replicates,): a bootstrap
replicate is a column of weights, the plain figure a column of ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Metric = Callable[[Array, Array, Array], Array]
_TINY = 1e-15


@dataclass(frozen=True)
class _Order:
    """The order that sorts keys, least first, and the first place of each run of equal keys in it."""

    rows: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, keys: Array) -> "_Order":
        rows = np.argsort(keys, kind="stable")
        ranked = keys[rows]
        return cls(rows, np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]][: len(keys)]))

    def sums(self, values: Array) -> Array:
        """Return the sum of values (n,), which stand in this order, of each run: (runs,)."""
        return values if len(self.starts) == len(values) else np.add.reduceat(values, self.starts)

    def running(self, values: Array) -> Array:
        """Return the sums of values (n,), which stand in this order, up to the end of each run: (runs,)."""
        return np.cumsum(self.sums(values))


def _per_replicate(figure: Callable[[Array], Any], weights: Array) -> Array:
    """Return a figure of each column of weights: (replicates, ...).

    One replicate at a time stays in the cache, which is several times faster than all of them side by side.
    """
    return np.array([figure(column) for column in weights.T])


def _middles(steps: Array) -> Array:
    """Return the middle of each step of the running sums of steps, the first of which starts at zero."""
    return np.asarray(np.cumsum(steps) - steps / 2.0)


def _ratio(top: Array, bottom: Array) -> Array:
    """Return top / bottom, and NaN where the bottom is zero."""
    return np.asarray(top / np.where(bottom > 0, bottom, np.nan))


def auc(truth: Array, predicted: Array, weights: Array) -> Array:
    """Area under the ROC curve: the chance that a positive (truth 1) ranks above a negative, ties counted half."""
    positive, negative = np.flatnonzero(truth == 1.0), np.flatnonzero(truth != 1.0)
    negative = negative[np.argsort(predicted[negative], kind="stable")]
    lower, upper = (np.searchsorted(predicted[negative], predicted[positive], side) for side in ("left", "right"))

    def pairs(column: Array) -> tuple[float, float]:
        beaten = np.r_[0.0, np.cumsum(column[negative])]
        drawn = column[positive]
        return float(drawn @ (beaten[lower] + beaten[upper])) / 2.0, float(drawn.sum() * beaten[-1])

    return _ratio(*_per_replicate(pairs, weights).T)


def average_precision(truth: Array, predicted: Array, weights: Array) -> Array:
    """Precision averaged over the recall that each threshold adds (not interpolated)."""
    order = _Order.of(-predicted)
    labels = truth[order.rows]

    def parts(column: Array) -> tuple[float, float]:
        ranked = column[order.rows]
        positives = order.sums(ranked * labels)
        running = np.cumsum(positives)
        precision = running / np.maximum(order.running(ranked), _TINY)
        return float(positives @ precision), float(running[-1])

    return _ratio(*_per_replicate(parts, weights).T)


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
    true_ranks, predicted_ranks = _centred_ranks(truth), _centred_ranks(predicted)

    def parts(column: Array) -> tuple[float, float]:
        first, second = true_ranks(column), predicted_ranks(column)
        drawn_first, drawn_second = column * first, column * second
        spread = np.sqrt((drawn_first @ first) * (drawn_second @ second))
        return float(drawn_first @ second), float(spread)

    return _ratio(*_per_replicate(parts, weights).T)


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
    order = _Order.of(keys)
    ordered = values[order.rows]

    def running(column: Array) -> tuple[Array, Array]:
        ranked = column[order.rows]
        return order.running(ranked), order.running(ranked * ordered)

    mass, value = _per_replicate(running, weights).transpose(1, 2, 0)
    return mass, value


def captured(keys: Array, values: Array, weights: Array, shares: Array) -> Array:
    """Return the sum of values over the given shares of customers, least keys first: (shares, replicates)."""
    order = _Order.of(keys)
    ordered = values[order.rows]
    mass, value = np.zeros((2, len(order.starts) + 1))  # both begin at zero

    def sums(column: Array) -> Array:
        ranked = column[order.rows]
        np.cumsum(order.sums(ranked), out=mass[1:])
        np.cumsum(order.sums(ranked * ordered), out=value[1:])
        return np.asarray(np.interp(shares * mass[-1], mass, value))

    return _per_replicate(sums, weights).T


def share_of(held: Array, weights: Array) -> Array:
    """Share of customers for whom something holds (1 or 0)."""
    return _mean(held, weights)


def _mean(values: Array, weights: Array) -> Array:
    return np.asarray((values @ weights) / weights.sum(axis=0))


def _centred_ranks(values: Array) -> Callable[[Array], Array]:
    """Return what gives the ranks (n,) of values under a column of weights, less their weighted mean."""
    order = _Order.of(values)
    _, group = np.unique(values, return_inverse=True)

    def ranks(column: Array) -> Array:
        middle = _middles(order.sums(column[order.rows]))[group]
        return np.asarray(middle - column @ middle / column.sum())

    return ranks


def _concentration(truth: Array, ranking: Array, weights: Array) -> Array:
    """Area between the curve of captured value, best-ranked first, and the diagonal."""
    order = _Order.of(-ranking)
    ordered = truth[order.rows]

    def parts(column: Array) -> tuple[float, float, float]:
        ranked = column[order.rows]
        mass, value = order.sums(ranked), order.sums(ranked * ordered)
        return float(_middles(value) @ mass), float(value.sum()), float(mass.sum())

    area, total, customers = _per_replicate(parts, weights).T
    return np.asarray(_ratio(area, total) / customers - 0.5)


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
