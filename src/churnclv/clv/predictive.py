"""Predictive distributions of purchases and spend, and intervals from them.

Two things are uncertain: the parameters, and the behaviour given the parameters. The parameters are replaced by a few
equally likely points that have the mean and covariance of the estimate's normal approximation (the third-degree
cubature rule of Arasaratnam and Haykin 2009, Cubature Kalman filters, IEEE Transactions on Automatic Control 54(6));
given these, the distributions are closed forms. Nothing is sampled, and each customer's values depend on that
customer's row alone.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize.elementwise import find_root

from .gamma_gamma import GammaGammaModel
from .maximum_likelihood import HIGHEST, LOWEST
from .purchase_model import PurchaseModel
from .rfm import Array, Histories

Levels = tuple[float, float]
Rows = NDArray[np.intp]
Ranks = dict[str, tuple[Array, Array]]
NOMINAL: Levels = (0.05, 0.95)
_ROWS_PER_CHUNK = 20_000
_MOST_PAIRS = 100_000  # of a customer and a count, whose chances of spend are computed at once
_COMPUTED = 8  # rows at most, of one value per customer: the ends of two intervals, and two pairs of ranks
_NEGLIGIBLE = 1e-4
_FARTHEST = 3.0  # in log-parameters: the normal approximation does not hold beyond
_TOLERANCE = 1e-3  # of the log of an amount
_SPREAD = 40.0  # the search for an amount is bounded by factors of e to plus and minus this
_LEAST_FACTOR = 1e-12  # on the spend per purchase; a share kept of 0 has factor 0


@dataclass(frozen=True)
class Interval:
    """Lower and upper bounds, each of shape (n,)."""

    low: Array
    high: Array


@dataclass(frozen=True)
class PredictionRequest:
    """The input for n customers: histories, mean spend, days ahead, and a factor on the spend per purchase."""

    histories: Histories
    mean_spend: Array
    days: Array
    cost_factor: Array

    def take(self, rows: slice) -> "PredictionRequest":
        """Return some customers."""
        return PredictionRequest(
            self.histories.take(rows), self.mean_spend[rows], self.days[rows], self.cost_factor[rows]
        )


def cubature_points(log_parameters: Array, covariance: Array) -> list[Array]:
    """Return equally likely points with this mean and covariance: 2 per direction in which parameters are uncertain."""
    scales, directions = np.linalg.eigh(covariance)
    moves = np.sqrt(np.maximum(scales, 0.0)) * directions
    moves = moves[:, scales > np.finfo(float).eps].T
    if not len(moves):
        return [log_parameters]
    moves = np.clip(np.sqrt(len(moves)) * moves, -_FARTHEST, _FARTHEST)
    return [np.clip(log_parameters + sign * move, LOWEST, HIGHEST) for move in moves for sign in (1.0, -1.0)]


class Predictive:
    """Distributions of purchases and spend, over outcomes and parameters."""

    def __init__(self, purchases: PurchaseModel, spend: GammaGammaModel) -> None:
        """Place the parameter points of both models."""
        self.purchases = [purchases.at(p) for p in cubature_points(purchases.point, purchases.covariance)]
        self.spend = spend.points(cubature_points)

    def intervals(self, request: PredictionRequest, levels: dict[str, Levels]) -> dict[str, Interval]:
        """Return the intervals of purchases (counts) and spend (the log's currency) that end at these levels."""
        return _as_intervals(self._in_chunks(request, partial(_bounds, levels=levels)))

    def ranks(self, request: PredictionRequest, purchases: Array, spend: Array) -> Ranks:
        """Return where outcomes lie in their distributions, P(less) and P(no more)."""

        def compute(forecast: Forecast, made: Array, spent: Array) -> Array:
            return np.vstack([forecast.purchase_ranks(made), forecast.spend_ranks(spent)])

        return _as_ranks(self._in_chunks(request, compute, purchases, spend))

    def intervals_and_ranks(
        self, request: PredictionRequest, levels: dict[str, Levels], purchases: Array, spend: Array
    ) -> tuple[dict[str, Interval], Ranks]:
        """Return both, from distributions that are computed once."""

        def compute(forecast: Forecast, made: Array, spent: Array) -> Array:
            ranks = (forecast.purchase_ranks(made), forecast.spend_ranks(spent))
            return np.vstack([_bounds(forecast, levels), *ranks])

        computed = self._in_chunks(request, compute, purchases, spend)
        return _as_intervals(computed[:4]), _as_ranks(computed[4:])

    def frequencies(self, request: PredictionRequest, most: int) -> Array:
        """Return how many of the customers are expected to make 0, 1, ... purchases, the last for `most` or more."""
        totals = [
            self._exceedance(request.take(rows)).sum(axis=1)[:most]
            for rows in request.histories.chunks(_ROWS_PER_CHUNK)
        ]
        reached = sum(np.pad(total, (0, most - len(total))) for total in totals)
        return np.asarray(-np.diff(np.r_[len(request.histories), reached, 0.0]))

    def _in_chunks(self, request: PredictionRequest, compute: Callable[..., Array], *more: Array) -> Array:
        """Compute (rows, n) chunk by chunk, in threads: the special functions release the GIL."""
        slices = list(request.histories.chunks(_ROWS_PER_CHUNK))

        def run(rows: slice) -> Array:
            part = request.take(rows)
            return compute(Forecast(part, self._exceedance(part), self.spend), *(values[rows] for values in more))

        if len(slices) == 1:
            return run(slices[0])
        with ThreadPoolExecutor() as pool:
            parts = list(pool.map(run, slices))
        return np.concatenate(parts, axis=1) if parts else np.zeros((_COMPUTED, 0))

    def _exceedance(self, request: PredictionRequest) -> Array:
        """Return P(at least n purchases) for n = 1, 2, ... until negligible for all: (at least 1, customers)."""
        tables = [list(model.exceedance(request.histories, request.days, _NEGLIGIBLE)) for model in self.purchases]
        rows = np.zeros((max(1, *map(len, tables)), len(request.histories)))
        for table in tables:
            rows[: len(table)] += np.array(table) / len(tables)
        return rows


def _bounds(forecast: "Forecast", levels: dict[str, Levels]) -> Array:
    """Return the lower and upper ends of purchases, then of spend, (4, n)."""
    return np.vstack([
        forecast.purchase_quantiles(levels["purchases"]), forecast.spend_quantiles(levels["spend"])
    ])  # fmt: skip


def _as_intervals(bounds: Array) -> dict[str, Interval]:
    return {"purchases": Interval(*bounds[:2]), "spend": Interval(*bounds[2:4])}


def _as_ranks(ranks: Array) -> Ranks:
    below, upto, less, no_more = ranks[:4]
    return {"purchases": (below, upto), "spend": (less, no_more)}


@dataclass(frozen=True)
class Forecast:
    """The distributions of some customers: P(at least 1, 2, ... purchases), and models of the spend per purchase."""

    request: PredictionRequest
    exceed: Array
    spend: list[GammaGammaModel]

    def purchase_quantiles(self, levels: Levels) -> Array:
        """Return the least counts whose cumulative probability reaches the levels, (2, n)."""
        return np.stack([(self.exceed > 1.0 - level).sum(axis=0).astype(float) for level in levels])

    def spend_quantiles(self, levels: Levels) -> Array:
        """Return the amounts that these levels of the distribution do not exceed, (2, n)."""
        quantiles, centre = np.zeros((2, len(self.request.histories))), self._typical()
        ends = np.array(levels)
        place, rows = np.nonzero((1.0 - self.exceed[0] < ends[:, None]) & (centre > 0))
        if len(rows):
            quantiles[place, rows] = self._solve(rows, centre[rows], ends[place])
        return quantiles

    def purchase_ranks(self, purchases: Array) -> Array:
        """Return P(fewer) and P(no more) purchases than these, (2, n)."""
        n = len(purchases)
        exceed = np.vstack([np.ones(n), self.exceed, np.zeros(n)])
        place, each = np.minimum(purchases.astype(int), len(exceed) - 2), np.arange(n)
        return 1.0 - np.stack([exceed[place, each], exceed[place + 1, each]])

    def spend_ranks(self, amounts: Array) -> Array:
        """Return P(less) and P(no more) spend than these, (2, n)."""
        spent = np.flatnonzero(amounts > 0)
        ranks = np.stack([np.zeros(len(amounts)), 1.0 - self.exceed[0]])
        ranks[:, spent] = self._p_at_most(amounts[spent], spent)
        return ranks

    def _p_at_most(self, amounts: Array, rows: Rows) -> Array:
        """P(spend at most these amounts) of some rows: over counts of purchases, and over the points of parameters."""
        exceed, histories, means = (
            self.exceed[:, rows],
            self.request.histories.take(rows),
            self.request.mean_spend[rows],
        )
        factor = np.maximum(self.request.cost_factor[rows], _LEAST_FACTOR)
        scaled, total = amounts / factor, 1.0 - exceed[0]
        chance = exceed - np.vstack([exceed[1:], np.zeros((1, len(rows)))])
        step = max(1, _MOST_PAIRS // max(len(rows), 1))  # counts at a time: few customers have all at once
        for first in range(0, len(exceed), step):
            part = chance[first : first + step]
            count, some = np.nonzero(part > 0)
            x, m, spent, n = histories.x[some], means[some], scaled[some], count.astype(float) + first + 1.0
            chances = [model.p_at_most(spent, n, x, m) for model in self.spend]
            np.add.at(total, some, part[count, some] * (sum(chances) / len(chances)))  # one by one, in order of counts
        return np.asarray(total)

    def _typical(self) -> Array:
        """Return the typical spend per purchase."""
        each = [model.typical(self.request.histories.x, self.request.mean_spend) for model in self.spend]
        return np.asarray(sum(each) / len(each) * self.request.cost_factor)

    def _solve(self, rows: Rows, centre: Array, level: Array) -> Array:
        def difference(log_ratio: Array, place: Array) -> Array:
            flat = place.astype(int).ravel()
            p_at_most = self._p_at_most(centre[flat] * np.exp(log_ratio.ravel()), rows[flat])
            return np.asarray((p_at_most - level[flat]).reshape(log_ratio.shape))

        ends = np.full(len(rows), _SPREAD)
        places = np.arange(len(rows), dtype=float)
        root = find_root(difference, (-ends, ends), args=(places,), tolerances={"xatol": _TOLERANCE})
        # where the bounds do not bracket the root
        beyond = np.where(difference(-ends, places) >= 0.0, 0.0, centre * np.exp(_SPREAD))
        return np.where(root.success, centre * np.exp(root.x), beyond)
