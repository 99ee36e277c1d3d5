"""A simulated subscription with known truth: monthly contracts, price rises, use of the product, and churn.

A discrete-time hazard model: in each month of the calendar a customer leaves with a chance whose logit is the sum of
terms observed on the first of the month and of an unobserved trait of the customer (frailty).
"""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
_NODES = 21  # of the Gauss-Hermite quadrature over the frailty
_HOUR = 3600
_STAYS = 0.8


@dataclass(frozen=True)
class ContractMarket:
    """The truth of a market of contracts.

    The logit of the chance to leave in a month is the plan's baseline, less `age_effect` x ln(months since the first
    start), plus `price_effect` x ln(price / first price), less `use_effect` x ln(1 + actions in the month before), plus
    the frailty.

    Attributes:
        customers: how many start, evenly over the firsts of the first `birth_months`.
        start: first of the first month.
        months: length of the market.
        plans: plan -> (price per month, baseline logit); customers are spread evenly over them.
        age_effect, price_effect, use_effect: see above.
        frailty: standard deviation of the unobserved trait.
        rise_chance: chance that a customer's price rises on the first of a month, by `rise_share`; the contract then
            ends and the next one starts on that very day.
        actions: mean number of actions in a month.
        actions_spread: standard deviation of ln(mean number) between customers.
        actions_drift: standard deviation of the monthly change of a customer's ln(mean number); four fifths of the
            earlier changes remain (AR(1)).
    """

    customers: int = 1000
    start: datetime = datetime(2020, 1, 1)  # noqa: DTZ001 # shop time
    months: int = 24
    birth_months: int = 12
    plans: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {"basic": (10.0, -1.5), "plus": (25.0, -2.0), "family": (40.0, -2.5)}
    )
    age_effect: float = 0.4
    price_effect: float = 3.0
    use_effect: float = 0.6
    frailty: float = 0.7
    rise_chance: float = 0.05
    rise_share: float = 0.1
    actions: float = 6.0
    actions_spread: float = 0.8
    actions_drift: float = 0.4


@dataclass(frozen=True)
class ContractSimulation:
    """A table of contracts, one of actions, and the truth of each customer on each first of a month.

    `contracts`: customer_id, start, end (NaT while open), price, plan. `events`: customer_id, timestamp, action.
    `truth`: customer_id, month (its first), `hazard` (chance to leave within it, given all that is observed on its
    first), `own_hazard` (given the frailty too) and `left` (1 where it happened); a row per customer under contract.
    """

    contracts: pd.DataFrame
    events: pd.DataFrame
    truth: pd.DataFrame


def simulate_contracts(market: ContractMarket, seed: int) -> ContractSimulation:
    """Return contracts, actions and the truth behind them; the same seed gives the same."""
    random = np.random.default_rng(seed)
    firsts = pd.date_range(market.start, periods=market.months + 1, freq="MS")
    customers = _Customers(market, random)
    for month in range(market.months):
        customers.live_through(month, firsts)
    contracts = pd.concat([*customers.closed, customers.still_open()], ignore_index=True)
    contracts = contracts.sort_values(["start", "customer_id"], ignore_index=True)
    events = pd.concat(customers.actions, ignore_index=True)
    events = events.sort_values(["timestamp", "customer_id"], ignore_index=True)
    return ContractSimulation(contracts, events, pd.concat(customers.truth, ignore_index=True))


class _Customers:
    """All customers, simulated one month at a time; a month's price rise counts from the next month on."""

    def __init__(self, market: ContractMarket, random: np.random.Generator) -> None:
        n = market.customers
        self.market, self.random = market, random
        self.ids = np.array([f"C{number:07}" for number in range(n)])
        self.plan = np.array(list(market.plans))[np.arange(n) % len(market.plans)]
        self.first_price = np.array([market.plans[plan][0] for plan in self.plan])
        self.baseline = np.array([market.plans[plan][1] for plan in self.plan])
        self.birth = random.permutation(np.arange(n) % market.birth_months)
        self.frailty = random.normal(0.0, market.frailty, n)
        self.log_actions = np.log(market.actions) + random.normal(0.0, market.actions_spread, n)
        self.drift = np.zeros(n)
        self.price = self.first_price.copy()
        self.since = np.full(n, np.datetime64("NaT", "us"))  # start of the open contract
        self.recent = np.zeros(n)  # actions of the month before
        points, weights = np.polynomial.hermite.hermgauss(_NODES)
        self.nodes = np.sqrt(2.0) * market.frailty * points
        self.log_posterior = np.tile(np.log(weights), (n, 1))  # of each frailty, given that the customer stayed
        self.closed: list[pd.DataFrame] = []
        self.actions: list[pd.DataFrame] = []
        self.truth: list[pd.DataFrame] = []

    def live_through(self, month: int, firsts: pd.DatetimeIndex) -> None:
        """Simulate one month: customers leave, pay more, join and use the product."""
        first, seconds = firsts[month], int((firsts[month + 1] - firsts[month]).total_seconds())
        under = np.flatnonzero(~np.isnat(self.since))
        left = under[self._decide(under, month, first)]
        moment = np.full(len(self.ids), np.datetime64(firsts[month + 1], "us"))
        hours = self.random.integers(1, seconds // _HOUR, len(left))
        moment[left] = np.datetime64(first, "us") + (hours * _HOUR).astype("timedelta64[s]")
        rises = under[self.random.random(len(under)) < self.market.rise_chance]
        self._close(rises, np.datetime64(first, "us"))
        self.price[rises] = np.round(self.price[rises] * (1.0 + self.market.rise_share), 2)
        joins = np.flatnonzero(self.birth == month)
        self.since[np.concatenate([rises, joins])] = np.datetime64(first, "us")
        self._use(np.flatnonzero(~np.isnat(self.since)), first, seconds, moment)
        self._close(left, moment[left])

    def _decide(self, under: NDArray[np.intp], month: int, first: pd.Timestamp) -> NDArray[np.bool_]:
        """Return who leaves, and record the chances."""
        market = self.market
        logit = self.baseline[under] - market.age_effect * np.log(month - self.birth[under])
        logit += market.price_effect * np.log(self.price[under] / self.first_price[under])
        logit -= market.use_effect * np.log1p(self.recent[under])
        individual = _chance(logit + self.frailty[under])
        at_nodes = _chance(logit[:, None] + self.nodes)
        weights = np.exp(self.log_posterior[under] - self.log_posterior[under].max(axis=1, keepdims=True))
        hazard = (weights * at_nodes).sum(axis=1) / weights.sum(axis=1)
        leaves = self.random.random(len(under)) < individual
        self.log_posterior[under] += np.log1p(-at_nodes)
        truth = {"customer_id": self.ids[under], "month": first, "hazard": hazard, "own_hazard": individual}
        self.truth.append(pd.DataFrame({**truth, "left": leaves.astype(int)}))
        return leaves

    def _close(self, who: NDArray[np.intp], end: NDArray[np.datetime64] | np.datetime64) -> None:
        self.closed.append(self._contracts(who).assign(end=end).astype({"end": "datetime64[us]"}))
        self.since[who] = np.datetime64("NaT", "us")

    def still_open(self) -> pd.DataFrame:
        """Return the contracts that have not ended."""
        return self._contracts(np.flatnonzero(~np.isnat(self.since)))

    def _contracts(self, who: NDArray[np.intp]) -> pd.DataFrame:
        held = {"customer_id": self.ids[who], "start": self.since[who], "end": np.datetime64("NaT", "us")}
        return pd.DataFrame({**held, "price": self.price[who], "plan": self.plan[who]})

    def _use(self, under: NDArray[np.intp], first: pd.Timestamp, seconds: int, until: NDArray[np.datetime64]) -> None:
        """Draw the month's actions, up to the moment at which a customer leaves."""
        self.drift = _STAYS * self.drift + self.random.normal(0.0, self.market.actions_drift, len(self.ids))
        drawn = self.random.poisson(np.exp(self.log_actions + self.drift)[under])
        who = np.repeat(under, drawn)
        when = np.datetime64(first, "us") + self.random.integers(0, seconds, len(who)).astype("timedelta64[s]")
        kept = when < until[who]
        who, when = who[kept], when[kept]
        self.recent = np.bincount(who, minlength=len(self.ids)).astype(float)
        self.actions.append(pd.DataFrame({"customer_id": self.ids[who], "timestamp": when, "action": "use"}))


def _chance(logit: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))
