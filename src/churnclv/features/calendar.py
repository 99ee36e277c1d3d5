"""Calendar: when. Shares of weekdays, hours and months separate gift from regular buyers, and office from leisure."""

from typing import Any

import ibis

from ..snapshots.history import KEYS, second_number
from .settings import FeatureSettings

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOURS = {"night": (0, 6), "morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24)}
_UNIX_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_SECONDS = 86400


def calendar(history: Any, settings: FeatureSettings) -> Any:
    """Return shares of order lines by weekday, weekend, part of the day and month, and the entropy of each.

    Units: shares in 0..1; entropies in nats (0 = always the same). Without times of day all orders are at night.
    """
    del settings
    orders = history.filter(history.kind == "order")
    seconds = second_number(orders.timestamp)
    dated = orders.select(
        *KEYS,
        weekday=((seconds / _SECONDS).floor().cast("int64") + _UNIX_EPOCH_WEEKDAY) % 7,
        hour=((seconds % _SECONDS) / 3600).floor().cast("int64"),
        month=orders.timestamp.month().cast("int64"),
    )
    counts = {f"weekday_{name}": (dated.weekday == place).sum() for place, name in enumerate(WEEKDAYS)}
    counts |= {
        f"hours_{name}": ((dated.hour >= low) & (dated.hour < high)).sum() for name, (low, high) in HOURS.items()
    }
    counts |= {f"month_{month:02}": (dated.month == month).sum() for month in range(1, 13)}
    counted = dated.group_by(KEYS).agg(n=dated.count(), **counts)
    shares = {name: counted[name].cast("float64") / counted.n.cast("float64") for name in counts}
    entropies = {
        f"{group}_entropy": _entropy([share for name, share in shares.items() if name.startswith(group)])
        for group in ("weekday", "hours", "month")
    }
    weekend = (counted.weekday_saturday + counted.weekday_sunday).cast("float64") / counted.n.cast("float64")
    renamed = {f"{name}_share": share for name, share in shares.items()}
    return counted.select(*KEYS, weekend_share=weekend, **renamed, **entropies)


def _entropy(shares: list[Any]) -> Any:
    """Return -sum p log p, added in a fixed order."""
    total = ibis.literal(0.0)
    for share in shares:
        total = total - (share > 0).ifelse(share * share.nullif(0.0).log(), 0.0)
    return total
