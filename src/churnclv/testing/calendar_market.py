"""A simulated market whose customers buy and leave by Pareto/NBD, with rates that a calendar moves."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
START = pd.Timestamp("2010-01-01")
_MEAN_AMOUNT = 30.0


@dataclass(frozen=True)
class CalendarMarket:
    """Customers who are new on any of the first days.

    Parameters
    ----------
    customers
        How many.
    days
        Length of the log.
    new_within
        The days within which they are new.
    r, alpha, s, beta
        Of Pareto/NBD, per day, where the calendar has no effect.
    """

    customers: int = 500
    days: int = 700
    new_within: int = 200
    r: float = 0.9
    alpha: float = 40.0
    s: float = 0.8
    beta: float = 300.0


def simulate_calendar_market(
    market: CalendarMarket, purchase: Array, dropout: Array | None = None, seed: int = 0
) -> pd.DataFrame:
    """Return the log: `customer_id`, `timestamp` and `amount`.

    Parameters
    ----------
    market
        The customers.
    purchase
        The factor on purchase rates of each day, (days,), or of each customer and day, (customers, days).
    dropout
        The same on the rates of leaving; None has no effect.
    seed
        Of the draws.
    """
    random, n = np.random.default_rng(seed), market.customers
    rate = random.gamma(market.r, 1.0, n) / market.alpha
    patience = random.exponential(1.0, n) / (random.gamma(market.s, 1.0, n) / market.beta)
    born = random.integers(0, market.new_within, n)
    shape = (n, market.days)
    buying = np.broadcast_to(purchase, shape)
    leaving = np.ones(shape) if dropout is None else np.broadcast_to(dropout, shape)
    grid, who, when = np.arange(market.days + 1.0), [], []
    for customer in range(n):
        clock, life = (np.r_[0.0, np.cumsum(factors[customer])] for factors in (buying, leaving))
        death = np.interp(life[born[customer]] + patience[customer], life, grid)
        begun, ends = clock[born[customer]], np.interp(death, grid, clock)
        made = random.poisson(rate[customer] * (ends - begun))
        times = np.interp(np.sort(random.uniform(begun, ends, made)), clock, grid)
        days = np.minimum(np.r_[born[customer], np.floor(times)], market.days - 1.0)
        who.append(np.full(len(days), f"C{customer:05d}"))
        when.append(days)
    stamps = START + pd.to_timedelta(np.concatenate(when), unit="D")
    ids = np.concatenate(who)
    return pd.DataFrame({"customer_id": ids, "timestamp": stamps, "amount": random.exponential(_MEAN_AMOUNT, len(ids))})


def calendar_of(market: CalendarMarket, **columns: Array) -> pd.DataFrame:
    """Return a calendar with a row per day of the market: `date` and the columns, (days,) each."""
    return pd.DataFrame({"date": START + pd.to_timedelta(np.arange(market.days), unit="D"), **columns})
