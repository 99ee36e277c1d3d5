"""Money: how much. The M of RFM: what a customer spends, how evenly, and what was refunded."""

from typing import Any

from ..snapshots.history import KEYS
from .occasions import exact_deviation, exact_mean, occasions
from .settings import FeatureSettings

_WIDE = "decimal(38, 4)"  # the engine squares narrower ones in 18 digits, which overflows from 100,000.00 on


def money(history: Any, settings: FeatureSettings) -> Any:
    """Return sums, mean, spread and extremes of spend per purchase, spend per lookback, last spend, refunds and units.

    Units: the log's currency; `refund_share` is refunds over spend; `units_per_purchase` is a count.
    All sums are exact decimals. A log without amounts gives nulls.
    """
    bought = occasions(history)
    amount = bought.spend.cast(_WIDE)
    bought = bought.mutate(amount=amount, square=amount * amount)
    bought = bought.mutate(is_last=bought.days_ago == bought.days_ago.min().over(group_by=KEYS))
    recent = {
        f"spend_last_{days}_days": (bought.amount * (bought.days_ago <= days).cast("int8")).sum().cast("float64")
        for days in settings.lookback_days
    }
    summed = bought.group_by(KEYS).agg(
        n=bought.amount.count(),
        total=bought.amount.sum(),
        squares=bought.square.sum(),
        largest_spend=bought.amount.max().cast("float64"),
        smallest_spend=bought.amount.min().cast("float64"),
        last_spend=bought.amount.max(where=bought.is_last).cast("float64"),
        units=bought.units.sum(),
        purchases=bought.count(),
        **recent,
    )
    refunded = history.group_by(KEYS).agg(refunded=-history.amount.sum(where=history.kind == "refund"))
    joined = summed.left_join(refunded, KEYS)
    total = joined.total.cast("float64")
    return joined.select(
        *KEYS,
        *recent,
        "largest_spend",
        "smallest_spend",
        "last_spend",
        spend=total,
        mean_spend=exact_mean(joined.total, joined.n),
        spend_deviation=exact_deviation(joined.squares, joined.total, joined.n),
        last_spend_ratio=joined.last_spend / exact_mean(joined.total, joined.n).nullif(0.0),
        refund_share=joined.refunded.cast("float64").fill_null(0.0) / total.nullif(0.0),
        units_per_purchase=exact_mean(joined.units, joined.purchases),
    )
