"""EMPC and EMPB: the profit of the best share to contact, computed by the package `empulse`.

Both are figures for comparing models as the literature does. They choose the share on the data that they evaluate, so
they are upper bounds of what a campaign earns; `profit_beyond` with a threshold from other data is not.

[1] Verbraken, Verbeke, Baesens (2013), as in `profit`.
[2] Janssens, Bogaert, Bagué, Van den Poel (2022), B2Boost: instance-dependent profit-driven modelling of B2B churn,
    Annals of Operations Research.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from types import ModuleType

import numpy as np

from .metrics import Array, Metric
from .profit import Terms

_TURN = Lock()  # the package changes the interpreter's warning filters while it works


@dataclass(frozen=True)
class MaximumProfit:
    """A profit in currency per customer, and the share of all customers whose contact it implies."""

    profit: float
    share: float


_NOTHING = MaximumProfit(0.0, 0.0)
_UNDEFINED = MaximumProfit(float("nan"), float("nan"))
Measure = Callable[[Array, Array, Array | float, Terms], MaximumProfit]


def empc(truth: Array, scores: Array, values: Array | float, terms: Terms) -> MaximumProfit:
    """Return the expected maximum profit of a churn campaign [1]: every leaver has the mean of the values.

    The share is optimised for each acceptance rate, then averaged over their Beta distribution.

    Args:
        truth: 1 for those who left, shape (n,).
        scores: contact the highest first, shape (n,); equal scores are contacted together.
        values: what is saved when a leaver stays, shape (n,) or one for all, in currency.
        terms: costs and acceptance.

    Returns:
        NaN where only one class is present, zero where the mean value is no more than the incentive.
    """
    mean_value = float(np.mean(values))
    if not _two_classes(truth):
        return _UNDEFINED
    if mean_value <= terms.incentive_cost:
        return _NOTHING
    with _TURN:
        profit, share = _package().empc(
            truth,
            scores,
            alpha=terms.acceptance_alpha,
            beta=terms.acceptance_beta,
            clv=mean_value,
            incentive_cost=terms.incentive_cost,
            contact_cost=terms.contact_cost,
        )
    return MaximumProfit(float(profit), float(share))


def empb(truth: Array, scores: Array, values: Array | float, terms: Terms) -> MaximumProfit:
    """Return the expected maximum profit of a B2B churn campaign [2]: each customer has their own value.

    The incentive is a share of each customer's value, here so large that it costs `incentive_cost` on average. The
    package counts the contact of a leaver only when the offer is accepted, so on equal values EMPB is above the profit
    curve by (1 - acceptance) x contact cost per leaver contacted. It returns a total; this is per customer. It also
    cuts between equal scores; here they are contacted together. Values below zero count as zero.

    Args:
        truth: 1 for those who left, shape (n,).
        scores: contact the highest first, shape (n,).
        values: what is saved when a leaver stays, shape (n,) or one for all, in currency.
        terms: costs and acceptance.

    Returns:
        NaN where only one class is present, zero where the mean value is no more than the incentive.
    """
    customer_values = np.maximum(np.broadcast_to(np.asarray(values, dtype=float), truth.shape), 0.0)
    mean_value = float(customer_values.mean())
    if not _two_classes(truth):
        return _UNDEFINED
    if mean_value <= terms.incentive_cost:
        return _NOTHING
    # among equal scores the least profitable come first, so that no cut between them pays
    order = np.lexsort((customer_values, truth, -scores))
    with _TURN:
        total, share = _package().empb(
            truth[order],
            np.arange(len(order), 0, -1),
            clv=customer_values[order],
            alpha=terms.acceptance_alpha,
            beta=terms.acceptance_beta,
            incentive_fraction=terms.incentive_cost / mean_value,
            contact_cost=terms.contact_cost,
        )
    return MaximumProfit(float(total) / len(order), float(share))


def maximum_profit_metric(measure: Measure, values: Array | float, terms: Terms) -> Metric:
    """Return the metric (left or not, scores, weights) -> `empc` or `empb`, in currency per customer.

    Weights have to be whole numbers of copies, as the bootstrap draws them. Values (n,) belong to the rows
    of one sample.
    """
    _package()

    def profit(truth: Array, predicted: Array, weights: Array) -> Array:
        row_values = np.broadcast_to(np.asarray(values, dtype=float), truth.shape)
        copies = (np.repeat(np.arange(len(truth)), times) for times in weights.T.astype(int))
        return np.array([measure(truth[rows], predicted[rows], row_values[rows], terms).profit for rows in copies])

    return profit


def _two_classes(truth: Array) -> bool:
    return len(np.unique(truth)) == 2  # noqa: PLR2004 # stay and leave


@cache
def _package() -> ModuleType:
    with warnings.catch_warnings():  # its dependencies raise deprecation warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        from empulse import metrics
    return metrics
