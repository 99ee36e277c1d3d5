"""Frequency: how often. The F of RFM, over the whole history and over recent windows."""

from typing import Any

from ..snapshots.history import KEYS
from .occasions import occasions
from .settings import FeatureSettings


def frequency(history: Any, settings: FeatureSettings) -> Any:
    """Return counts of purchases (days with an order), in all and per lookback, and purchases per day of age.

    Units: counts; `purchases_per_day` is 1/day, over the days since the first purchase.
    Customers with more purchases leave less often.
    """
    bought = occasions(history)
    recent = {
        f"purchases_last_{days}_days": bought.days_ago.count(where=bought.days_ago <= days)
        for days in settings.lookback_days
    }
    counted = bought.group_by(KEYS).agg(purchases=bought.count(), age_days=bought.days_ago.max(), **recent)
    rate = counted.purchases.cast("float64") / counted.age_days.cast("float64")
    return counted.mutate(purchases_per_day=rate).drop("age_days")
