"""Labels: what happened in [cutoff, cutoff + horizon)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import ibis

from .history import KEYS, cutoff_table, day_number

LABELS = ("churned", "purchases", "spend")


def label_windows(events: Any, population: Any, cutoffs: Sequence[datetime], horizon_days: int) -> Any:
    """Return one row per member of the population with its labels, ordered by customer and cutoff.

    `purchases` counts days with an order, `spend` is what these orders cost (refunds do not count),
    `churned` is 1 where there was no purchase.
    """
    crossed = events.filter(events.kind == "order").cross_join(cutoff_table(cutoffs))
    end = crossed.cutoff + ibis.interval(seconds=int(timedelta(days=horizon_days).total_seconds()))
    inside = crossed.filter((crossed.timestamp >= crossed.cutoff) & (crossed.timestamp < end))
    bought = inside.group_by(KEYS).agg(purchases=day_number(inside.timestamp).nunique(), spend=inside.amount.sum())
    joined = population.left_join(bought, KEYS)
    purchases = joined.purchases.fill_null(0)
    return joined.select(
        *KEYS,
        churned=(purchases == 0).cast("int64"),
        purchases=purchases.cast("int64"),
        spend=joined.spend.cast("float64").fill_null(0.0),
    ).order_by(KEYS)


def weekly_purchases(events: Any, population: Any, cutoff: datetime, horizon_days: int) -> Any:
    """Return `week` (0 = the first after the cutoff) and `purchases` of the population in it, ordered by week."""
    cut = cutoff_table((cutoff,))
    crossed = events.filter(events.kind == "order").cross_join(cut)
    day = day_number(crossed.timestamp) - day_number(crossed.cutoff)
    dated = crossed.mutate(day=day).filter((day >= 0) & (day < horizon_days)).semi_join(population, KEYS)
    weekly = dated.select(*KEYS, "day").distinct().mutate(week=lambda table: (table.day / 7).floor().cast("int64"))
    return weekly.group_by("week").agg(purchases=weekly.count()).order_by("week")
