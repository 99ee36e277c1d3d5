"""Purchase models whose covariates may change over time: Pareto/NBD, and BG/NBD and MBG/NBD by a change of clock.

The clock of purchases, A(t), is the integral of the factor on the purchase rate since the first purchase, and the clock
of leaving, D(t), that of the factor on the rate of leaving. Attributes that do not change are columns that stay.
"""

from functools import partial
from typing import Any

import numpy as np

from ..errors import require
from .clock_likelihood import clock_likelihood, times_along
from .coefficients import BOTH, DROPOUT, PURCHASE
from .covariate_model import CovariateModel
from .covariate_paths import CovariatePaths, Stretches
from .dynamic_likelihood import Clock, moments, path_chunks, path_likelihood, summed_derivatives
from .lifetime import NODES, WEIGHTS
from .maximum_likelihood import Derivatives, penalise
from .purchase_model import State, spread
from .purchase_models.beta_geometric import BetaGeoModel, ModifiedBetaGeoModel
from .purchase_models.pareto_nbd import ParetoModel
from .rfm import Array, Histories

_NEAR_ONE = 1e-9


class PathModel(CovariateModel):
    """What models of covariates over time share: histories carry their paths, and customers share the parameters."""

    def parameters_of(self, histories: Histories) -> tuple[Any, ...]:
        """Return the parameters of the average customer: the paths of others run by other clocks."""
        del histories
        return tuple(self.values)

    def _covers(self, histories: Histories) -> bool:
        return histories.paths is not None

    def _different(self, histories: Histories) -> tuple[Histories, Array]:
        return histories, np.ones(len(histories))

    def columns_of(self, *processes: str) -> list[int]:
        """Return the places of the columns that move a process, in the order of its coefficients."""
        return [place for process, places in self._places() if process in processes for place in places]

    def effects(self, *processes: str) -> Array:
        """Return the coefficients of a process by column of the paths, (columns,)."""
        effects, first = np.zeros(0 if self.design is None else len(self.design.columns)), 0
        for process, places in self._places():
            if process in processes and len(self.coefficients):
                effects[places] += self.coefficients[first : first + len(places)]
            first += len(places)
        return effects


class DynamicParetoModel(PathModel, ParetoModel):
    """Pareto/NBD with covariates over time, of Bachmann, Meierer and Naef (2021)."""

    @property
    def _of_processes(self) -> tuple[list[int], list[int]]:
        return self.columns_of(PURCHASE, BOTH), self.columns_of(DROPOUT, BOTH)

    def _joint_likelihood(self, rows: Histories, counts: Array, plain: Array, penalty: Array) -> Derivatives:
        del counts
        return penalise(summed_derivatives(rows, self._of_processes, self._spread), plain, penalty)

    @property
    def _spread(self) -> Array:
        """The matrix from a point to log-parameters, coefficients of purchases, and coefficients of leaving."""
        p, d = (len(places) for places in self._of_processes)
        matrix, column = np.zeros((4 + p + d, len(self.parameter_names) + len(self.coefficient_names))), 4
        matrix[:4, :4] = np.eye(4)
        rows = {PURCHASE: 4, DROPOUT: 4 + p}
        for process, places in self._places():
            for of_process in (PURCHASE, DROPOUT) if process == BOTH else (process,):
                first = rows[of_process]
                matrix[first : first + len(places), column : column + len(places)] = np.eye(len(places))
                rows[of_process] += len(places)
            column += len(places)
        return matrix

    @property
    def _coefficients_of(self) -> tuple[Array, Array]:
        places = self._of_processes
        return self.effects(PURCHASE, BOTH)[places[0]], self.effects(DROPOUT, BOTH)[places[1]]

    def log_likelihoods(self, histories: Histories) -> Array:
        """Return each customer's log-likelihood at the estimate, (n,)."""
        if histories.paths is None:
            return super().log_likelihoods(histories)
        parts = (
            path_likelihood(some, self.values, self._coefficients_of, self._of_processes)[0]
            for some in path_chunks(histories)
        )
        return np.concatenate(list(parts))

    def p_alive(self, histories: Histories) -> Array:
        """Return the probability of still being a customer at the cutoff."""
        if histories.paths is None:
            return super().p_alive(histories)
        return np.concatenate([self._p_alive_along(some) for some in path_chunks(histories)])

    def _p_alive_along(self, some: Histories) -> Array:
        p_alive, paths = np.empty(len(some)), _paths_of(some)
        clocks = (
            Clock.along(paths, *one) for one in zip(self._coefficients_of, self._of_processes, strict=True)
        )  # fmt: skip
        for rows, _, logs in moments(some.x, paths, self.values, *clocks):
            share = np.exp(logs - logs.max(axis=1, keepdims=True))
            p_alive[rows] = share[:, 0] / share.sum(axis=1)
        return p_alive

    def _ahead_of(self, paths: CovariatePaths) -> tuple[Array, Array, Array, Array]:
        """Return alpha + A and beta + D at the cutoff, (n,), and how fast they grow in each stretch ahead, (n, k)."""
        _, alpha, _, beta = self.values
        bought, left = self.effects(PURCHASE, BOTH), self.effects(DROPOUT, BOTH)
        at_cutoff = (offset + _passed(paths, effects) for offset, effects in ((alpha, bought), (beta, left)))
        return *at_cutoff, paths.ahead.rates(bought), paths.ahead.rates(left)

    def expected_purchases(self, histories: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff.

        A customer who is alive at the start of a stretch, with the clock of leaving at b, buys within it at the rate
        (r + x) / (alpha + A(T)) times the factor p on purchases for as long as the rate q of that clock lets live:
        p / q int of (b / (b + v))^s dv.
        """
        if histories.paths is None:
            return super().expected_purchases(histories, days)
        r, _, s, _ = self.values
        s = s if abs(s - 1.0) > _NEAR_ONE else 1.0 + _NEAR_ONE  # a removable singularity
        a, b, rate, leaving = self._ahead_of(histories.paths)
        length = histories.paths.ahead.until(spread(days, histories))
        ends = b[:, None] + np.cumsum(leaving * length, axis=1)
        starts = np.column_stack([b, ends[:, :-1]])
        lived = -starts * (b[:, None] / starts) ** s * np.expm1((1.0 - s) * np.log(ends / starts)) / (s - 1.0)
        return np.asarray(self.p_alive(histories) * (r + histories.x) / a * (rate / leaving * lived).sum(axis=1))

    def _survival(self, histories: Histories, t: Array) -> Array:
        if histories.paths is None:
            return super()._survival(histories, t)
        _, b, _, leaving = self._ahead_of(histories.paths)
        return np.asarray((1.0 + (leaving * histories.paths.ahead.until(t)).sum(axis=1) / b) ** -self.values[2])

    def _ahead(self, histories: Histories, t: Array) -> State:
        if histories.paths is None:
            return super()._ahead(histories, t)
        a, b, rate, leaving = self._ahead_of(histories.paths)
        s, length = self.values[2], histories.paths.ahead.until(t)
        ends, bought = b[:, None] + np.cumsum(leaving * length, axis=1), np.cumsum(rate * length, axis=1)
        starts = np.column_stack([b, ends[:, :-1]])
        stays, before = (ends / b[:, None]) ** -s, (starts / b[:, None]) ** -s
        shares = (NODES + 1.0) / 2.0
        lives = before[..., None] + shares * (stays - before)[..., None]
        died = starts[..., None] * np.expm1(np.log(lives / before[..., None]) / -s) / leaving[..., None]
        died = np.minimum(died, length[..., None])
        exposure = (bought - rate * length)[..., None] + rate[..., None] * died
        chance = (before - stays)[..., None] * WEIGHTS / 2.0
        n = len(a)
        exposure = np.vstack([bought[:, -1], exposure.reshape(n, -1).T])
        chance = np.vstack([stays[:, -1], chance.reshape(n, -1).T])
        return self.values[0] + histories.x, exposure / (a + exposure), chance * self.p_alive(histories)


class _ClockModel(PathModel, BetaGeoModel):
    """A model whose customers buy by a clock and may leave at purchases: covariates over time move purchases alone."""

    def __init__(self, *arguments: Any, **chosen: Any) -> None:
        """Keep the choices, which name covariates of purchases alone."""
        super().__init__(*arguments, **chosen)
        if set(self.covariates) == {PURCHASE, DROPOUT} and self.covariates[PURCHASE] == self.covariates[DROPOUT]:
            del self.covariates[DROPOUT]  # a list without processes
        message = f"covariates that change over time move only purchases in {self.name}."
        remedy = 'covariates={"purchase": [...]}, or ParetoNBD for leaving.'
        require(set(self.covariates) <= {PURCHASE}, message, remedy=remedy)

    def _joint_likelihood(self, rows: Histories, counts: Array, plain: Array, penalty: Array) -> Derivatives:
        paths, places = _paths_of(rows), self.columns_of(PURCHASE)
        before, silent, ahead = (
            Stretches(part.length, part.z[:, :, places]) for part in (paths.before, paths.silent, paths.ahead)
        )
        own = CovariatePaths(before, silent, ahead, paths.bought[:, places])
        times = partial(times_along, own)
        return penalise(clock_likelihood(rows.x, counts, times, own.bought.sum(axis=0), self.shift), plain, penalty)

    def by_clock(self, histories: Histories) -> Histories:
        """Return histories in the time of the clock of purchases."""
        if histories.paths is None:
            return histories
        effects = self.effects(PURCHASE)
        last, end = _passed(histories.paths, effects, until_last=True), _passed(histories.paths, effects)
        return Histories(histories.x, last, np.maximum(end, last), histories.log_gaps)

    def _by_clock_ahead(self, histories: Histories, days: Any) -> Array:
        """Return how long `days` after the cutoff are by the clock, (n,)."""
        t = spread(days, histories)
        if histories.paths is None:
            return t
        ahead = histories.paths.ahead
        return np.asarray((ahead.rates(self.effects(PURCHASE)) * ahead.until(t)).sum(axis=1))

    def log_likelihoods(self, histories: Histories) -> Array:
        """Return each customer's log-likelihood at the estimate, (n,)."""
        value = super().log_likelihoods(self.by_clock(histories))
        return value if histories.paths is None else value + histories.paths.bought @ self.effects(PURCHASE)

    def expected_purchases(self, histories: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff."""
        return super().expected_purchases(self.by_clock(histories), self._by_clock_ahead(histories, days))

    def p_alive(self, histories: Histories) -> Array:
        """Return the probability of still being a customer at the cutoff."""
        return super().p_alive(self.by_clock(histories))

    def p_alive_later(self, histories: Histories, days: Any) -> Array:
        """Return the probability of still being a customer `days` after the cutoff."""
        return super().p_alive_later(self.by_clock(histories), self._by_clock_ahead(histories, days))

    def _ahead(self, histories: Histories, t: Array) -> State:
        return super()._ahead(self.by_clock(histories), self._by_clock_ahead(histories, t))


class DynamicBetaGeoModel(_ClockModel):
    """BG/NBD whose purchase rate changes over time."""


class DynamicModifiedBetaGeoModel(_ClockModel, ModifiedBetaGeoModel):
    """MBG/NBD whose purchase rate changes over time."""


def _passed(paths: CovariatePaths, effects: Array, *, until_last: bool = False) -> Array:
    """Return a clock at the cutoff, or at the last purchase, (n,)."""
    parts = (paths.before,) if until_last else (paths.before, paths.silent)
    return np.asarray(sum((part.rates(effects) * part.length).sum(axis=1) for part in parts))


def _paths_of(histories: Histories) -> CovariatePaths:
    if histories.paths is None:
        message = "the histories have no covariates over time"
        raise ValueError(message)
    return histories.paths
