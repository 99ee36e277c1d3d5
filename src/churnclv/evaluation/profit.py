"""Profit of a retention campaign, in currency per customer of all customers, contacted or not.

Each contact has a cost. A leaver accepts the offer with probability gamma, and then stays: that saves their value and
costs the incentive. A customer who would have stayed takes the incentive as well [1]; gamma follows a Beta
distribution. No log records whether a leaver would have accepted, so realised profits use the mean of gamma for each
leaver: they are expectations over acceptance, given who left.

Gains are additive, so most functions take `gains` (n,), the profit from contacting each customer, as the truth
of a `Metric`: it works for any number of cutoffs at once, and costs and values stay out of the metrics.

[1] Verbraken, Verbeke, Baesens (2013), A novel profit maximizing metric for measuring classification performance of
    customer churn prediction models, IEEE Transactions on Knowledge and Data Engineering 25(5), 961-973.
"""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from .bootstrap import LEVELS, Interval, Sample, draw_customers, score
from .metrics import Array, Metric, captured, cumulate


@dataclass(frozen=True)
class Terms:
    """The costs of a contact and the distribution of acceptance.

    Attributes:
        contact_cost: currency per contacted customer.
        incentive_cost: currency per offer taken.
        acceptance_alpha: first shape of the Beta distribution of the share of leavers who accept.
        acceptance_beta: its second shape.
    """

    contact_cost: float
    incentive_cost: float
    acceptance_alpha: float
    acceptance_beta: float

    @property
    def mean_acceptance(self) -> float:
        """Return the mean share of leavers who accept, in 0..1."""
        return self.acceptance_alpha / (self.acceptance_alpha + self.acceptance_beta)


def contact_gain(leaving: Array, values: Array | float, terms: Terms) -> Array:
    """Return the profit of contacting each customer, shape (n,), in currency.

    Args:
        leaving: 1 or 0 for a known outcome gives the realised gain, a probability the expected one: the gain is linear
            in it.
        values: what is saved when a leaver stays, shape (n,) or one for all, in currency.
        terms: costs and acceptance.
    """
    saved = terms.mean_acceptance * (values - terms.incentive_cost)
    return np.asarray(leaving * saved - (1.0 - leaving) * terms.incentive_cost - terms.contact_cost)


def break_even_value(leaving: Array, terms: Terms) -> Array:
    """Return the value from which a contact pays, per probability of leaving: where `contact_gain` is zero.

    Infinite where no value would do: nobody leaves, or nobody accepts.
    """
    accepting = leaving * terms.mean_acceptance
    lost = (1.0 - leaving) * terms.incentive_cost + terms.contact_cost
    ratio = np.divide(lost, accepting, out=np.full(np.shape(leaving), np.inf), where=accepting > 0)
    return np.asarray(terms.incentive_cost + ratio)


def campaign_profit(truth: Array, contacted: Array, values: Array | float, weights: Array, terms: Terms) -> Array:
    """Return the realised profit of contacting some customers, in currency per customer.

    Args:
        truth: 1 for those who left, shape (n,).
        contacted: 1 for those who are contacted, shape (n,).
        values: what is saved when a leaver stays, shape (n,) or one for all.
        weights: how often each row counts, shape (n, replicates).
        terms: costs and acceptance.

    Returns:
        one figure per replicate, shape (replicates,).
    """
    return np.asarray((contact_gain(truth, values, terms) * contacted) @ weights / weights.sum(axis=0))


def realised_profits(gains: Array, ranking: Array) -> Array:
    """Return the profit per customer of contacting the k best-ranked, for k = 0..n: shape (n + 1,).

    Customers of equal rank share their gains evenly, so that the order of the rows does not matter.
    """
    n = len(gains)
    return captured(-ranking, gains, np.ones((n, 1)), np.arange(n + 1) / n)[:, 0] / n


def profit_at(share: float) -> Metric:
    """Return the metric (gains, ranking, weights) -> profit per customer of contacting the best-ranked share."""

    def profit(truth: Array, predicted: Array, weights: Array) -> Array:
        return np.asarray(captured(-predicted, truth, weights, np.array([share]))[0] / weights.sum(axis=0))

    return profit


def profit_beyond(threshold: float) -> Metric:
    """Return the metric (gains, scores, weights) -> profit per customer of contacting scores from a threshold on."""

    def profit(truth: Array, predicted: Array, weights: Array) -> Array:
        return np.asarray((truth * (predicted >= threshold)) @ weights / weights.sum(axis=0))

    return profit


def profit_metric(values: Array, terms: Terms, share: float) -> Metric:
    """Return the metric (left or not, ranking, weights) -> profit per customer of contacting the best-ranked share.

    The values belong to the rows of one sample: for samples at several cutoffs use `profit_at` on gains.
    """

    def profit(truth: Array, predicted: Array, weights: Array) -> Array:
        if len(truth) != len(values):
            raise ValueError(f"profit_metric holds {len(values)} values and was given a sample of {len(truth)} rows.")
        return profit_at(share)(contact_gain(truth, values, terms), predicted, weights)

    return profit


def best_share(truth: Array, predicted: Array, weights: Array) -> Array:
    """Metric (gains, ranking, weights) -> the share of customers to contact for the highest profit; 0 = nobody."""
    mass, money = cumulate(-predicted, truth, weights)
    taken = np.argmax(np.vstack([np.zeros(money.shape[1]), money]), axis=0)
    reached = np.vstack([np.zeros(mass.shape[1]), mass])
    return np.asarray(reached[taken, np.arange(mass.shape[1])] / mass[-1])


@dataclass(frozen=True)
class BestFraction:
    """Whom to contact for the highest profit, chosen on some data.

    Attributes:
        share: share of all customers contacted, with the interval of the share that is best in each replicate.
        threshold: contact whose score is this or more; infinite = nobody.
        profit: currency per customer from that threshold on. It is biased upwards, as the same data chose
            the threshold; an unbiased figure is `profit_beyond(threshold)` on other data.
    """

    share: Interval
    threshold: float
    profit: Interval


def best_fraction(
    gains: Array,
    scores: Array,
    customers: NDArray[np.int64] | None = None,
    *,
    replicates: int = 200,
    seed: int = 0,
) -> BestFraction:
    """Choose the share and the threshold that maximise profit: on validation rows, never on the sealed test.

    Args:
        gains: profit of contacting each customer, shape (n,), from `contact_gain` with known outcomes.
        scores: contact the highest first, shape (n,).
        customers: each row's customer number, shape (n,), where customers have several rows.
        replicates: bootstrap draws of customers.
        seed: of the draws.
    """
    threshold = _best_threshold(gains, scores)
    rows = np.arange(len(gains)) if customers is None else customers
    metrics = {"share": best_share, "profit": profit_beyond(threshold)}
    sample = Sample(gains, {"model": scores}, rows)
    figures = score([sample], metrics, "model", replicates=replicates, seed=seed).figures["model"]
    return BestFraction(figures["share"], threshold, figures["profit"])


def _best_threshold(gains: Array, scores: Array) -> float:
    _, money = cumulate(-scores, gains, np.ones((len(gains), 1)))
    taken = int(np.argmax(np.r_[0.0, money[:, 0]]))
    return float(np.r_[np.inf, np.unique(scores)[::-1]][taken])


@dataclass(frozen=True)
class ProfitCurve:
    """Profit per customer by share contacted, at the same shares for every model.

    Attributes:
        shares: from 0 to 1, shape (points,).
        profit: currency per customer, shape (points,).
        low: lower end of the 95% interval, NaN where nothing was drawn, shape (points,).
        high: its upper end, shape (points,).
        best: the share and the profit at the curve's highest point.
    """

    shares: Array
    profit: Array
    low: Array
    high: Array
    best: tuple[float, float]


def profit_curve(
    gains: Array,
    ranking: Array,
    customers: NDArray[np.int64] | None = None,
    *,
    points: int = 101,
    replicates: int = 0,
    seed: int = 0,
) -> ProfitCurve:
    """Return the curve of realised profit for figures, with a pointwise 95% interval if there are replicates.

    Args:
        gains: profit of contacting each customer, shape (n,).
        ranking: contact the highest first, shape (n,).
        customers: each row's customer number, shape (n,), where customers have several rows.
        points: shares between 0 and 1 at which the curve is taken.
        replicates: bootstrap draws of customers.
        seed: of the draws.
    """
    rows = np.arange(len(gains)) if customers is None else customers
    shares = np.linspace(0.0, 1.0, points)
    n_customers = 1 + int(rows.max())
    drawn = draw_customers(n_customers, replicates, seed) if replicates else ()
    chunks = (np.take(weights.T, rows, axis=1).T for weights in chain([np.ones((n_customers, 1))], drawn))
    profits = np.concatenate([captured(-ranking, gains, chunk, shares) / chunk.sum(axis=0) for chunk in chunks], axis=1)
    low, high = np.percentile(profits[:, 1:], LEVELS, axis=1) if replicates else np.full((2, points), np.nan)
    once = np.ones((len(gains), 1))
    share = float(best_share(gains, ranking, once)[0])
    return ProfitCurve(shares, profits[:, 0], low, high, (share, float(profit_at(share)(gains, ranking, once)[0])))
