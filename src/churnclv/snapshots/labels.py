"""Labels: what happened in [cutoff, cutoff + horizon)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..data.refund_totals import counts_as_spend
from ..data.schema import SALES
from ..data.settings import Refunds
from .history import KEYS, cutoff_table, day_number, label_table
from .settings import WindowSettings


def purchase_labels(
    events: Any, population: Any, cutoffs: Sequence[datetime], windows: WindowSettings, refunds: Refunds
) -> Any:
    """Return one row per member of the population with the labels of buyers, ordered by customer and cutoff.

    `purchases` counts days with an order; a returned order counts too. `churned` is 1 where there was no purchase.
    `order_spend` is the sum of the orders in the window. `spend` is the same less the refunds that are booked in the
    window, whatever order they undo: it is negative where refunds exceed orders. With `Refunds.gross` both are
    the same.
    """
    crossed = events.filter(events.kind.isin(SALES)).cross_join(label_table(cutoffs, windows))
    inside = crossed.filter((crossed.timestamp >= crossed.cutoff) & (crossed.timestamp < crossed.label_end))
    is_order = inside.kind == "order"
    bought = inside.group_by(KEYS).agg(
        purchases=day_number(inside.timestamp).nunique(where=is_order),
        spend=inside.amount.sum(where=counts_as_spend(inside, refunds)),
        order_spend=inside.amount.sum(where=is_order),
    )
    joined = population.left_join(bought, KEYS)
    purchases = joined.purchases.fill_null(0)
    return joined.select(
        *KEYS,
        churned=(purchases == 0).ifelse(1, 0).cast("int64"),
        purchases=purchases.cast("int64"),
        spend=joined.spend.cast("float64").fill_null(0.0),
        order_spend=joined.order_spend.cast("float64").fill_null(0.0),
    ).order_by(KEYS)


def weekly_purchases(events: Any, population: Any, cutoff: datetime, horizon_days: int) -> Any:
    """Return `week` (0 = the first after the cutoff) and `purchases` of the population in it, ordered by week."""
    cut = cutoff_table((cutoff,))
    crossed = events.filter(events.kind == "order").cross_join(cut)
    day = day_number(crossed.timestamp) - day_number(crossed.cutoff)
    dated = crossed.mutate(day=day).filter((day >= 0) & (day < horizon_days)).semi_join(population, KEYS)
    weekly = dated.select(*KEYS, "day").distinct().mutate(week=lambda table: (table.day / 7).floor().cast("int64"))
    return weekly.group_by("week").agg(purchases=weekly.count()).order_by("week")
