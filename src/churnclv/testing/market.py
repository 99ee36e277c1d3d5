"""A simulated market with known truth: births, purchases, dropout, spend and season.

Buying follows BG/NBD (Fader, Hardie, Lee 2005) or Pareto/NBD (Schmittlein, Morrison, Colombo 1987), spending the
Gamma-Gamma model (Fader, Hardie 2013). Time is in days.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..time_units import DAYS_PER_YEAR

Array = NDArray[np.float64]
_GRID_PER_DAY = 1
_NOVEMBER_PEAK = 320  # day of the year


@dataclass(frozen=True)
class Market:
    """The truth of a market.

    Attributes:
        customers: how many are born, evenly over the first `birth_days`.
        days: length of the market.
        r, alpha: purchase rates are Gamma(r, rate alpha), per day.
        a, b: chance of leaving after a repeat purchase, Beta(a, b) (BG/NBD); or, if `pareto`, lifetimes are
            exponential with a rate that is Gamma(a, rate b), per day.
        p, q, v: spend per purchase, Gamma-Gamma.
        regularity: Erlang shape of the gaps; 1 = at random, 2 and more = regular (Wheat, Morrison 1990).
        season: amplitude of a yearly sine in the purchase rate, 0 to 1, which peaks in November.
    """

    customers: int = 1000
    start: datetime = datetime(2010, 1, 1)  # noqa: DTZ001 # shop time
    days: int = 730
    birth_days: int = 365
    r: float = 0.55
    alpha: float = 30.0
    a: float = 0.8
    b: float = 3.5
    p: float = 6.25
    q: float = 3.74
    v: float = 15.44
    pareto: bool = False
    regularity: float = 1.0
    season: float = 0.0


@dataclass(frozen=True)
class Simulation:
    """A log (customer_id, timestamp, amount) and the truth per customer."""

    log: pd.DataFrame
    truth: pd.DataFrame


def simulate(market: Market, seed: int) -> Simulation:
    """Return a log and the truth behind it; the same seed gives the same log.

    The truth has `birth_day`, `rate` (purchases per day), `dropout` (chance per purchase, or rate per day if
    `pareto`), `death_day` (infinite for who is still a customer at the end) and `mean_spend`.
    """
    random = np.random.default_rng(seed)
    n = market.customers
    birth = np.sort(random.uniform(0, market.birth_days, n))
    rate = random.gamma(market.r, 1.0 / market.alpha, n)
    dropout = random.gamma(market.a, 1.0 / market.b, n) if market.pareto else random.beta(market.a, market.b, n)
    who, when, death = _buy(market, birth, rate, dropout, random)
    scale = random.gamma(market.q, 1.0 / market.v, n)
    amount = np.round(random.gamma(market.p, 1.0 / scale[who]), 2)
    ids = np.array([f"C{number:07}" for number in range(n)])
    moments = pd.Timestamp(market.start) + pd.to_timedelta((when * 86400).astype("int64"), unit="s")
    log = pd.DataFrame({"customer_id": ids[who], "timestamp": moments, "amount": amount})
    columns: dict[str, Any] = {"customer_id": ids, "birth_day": birth, "rate": rate, "dropout": dropout}
    truth = pd.DataFrame({**columns, "death_day": death, "mean_spend": market.p / scale})
    return Simulation(log.sort_values(["timestamp", "customer_id"], ignore_index=True), truth)


def _buy(
    market: Market, birth: Array, rate: Array, dropout: Array, random: np.random.Generator
) -> tuple[NDArray[np.int64], Array, Array]:
    """Return who bought, on which day, and when each customer left; all customers take one step at a time."""
    warp, unwarp = _season(market)
    clock, alive = warp(birth), np.arange(len(birth))
    death = np.full(len(birth), np.inf)
    if market.pareto:
        death = birth + random.exponential(1.0, len(birth)) / np.maximum(dropout, 1e-12)
    bought, moments = [alive], [birth]
    while len(alive):
        clock[alive] += random.gamma(market.regularity, 1.0 / market.regularity, len(alive)) / rate[alive]
        day = unwarp(clock[alive])
        inside = day < np.minimum(market.days, death[alive])
        alive, day = alive[inside], day[inside]
        bought.append(alive)
        moments.append(day)
        if not market.pareto:
            leaves = random.random(len(alive)) < dropout[alive]
            death[alive[leaves]] = day[leaves]
            alive = alive[~leaves]
    return np.concatenate(bought), np.concatenate(moments), np.where(death < market.days, death, np.inf)


def _season(market: Market) -> tuple[Any, Any]:
    """Return the map from days to seasonal time, in which buying is even, and its inverse."""
    days = np.arange(0, market.days + 1, 1.0 / _GRID_PER_DAY)
    first = pd.Timestamp(market.start).day_of_year
    rate = 1.0 + market.season * np.cos(2 * np.pi * (days + first - _NOVEMBER_PEAK) / DAYS_PER_YEAR)
    passed = np.r_[0.0, np.cumsum((rate[1:] + rate[:-1]) / 2.0 / _GRID_PER_DAY)]

    def unwarp(clock: Array) -> Array:
        return np.asarray(np.interp(clock, passed, days, right=np.inf))

    return (lambda day: np.interp(day, days, passed)), unwarp
