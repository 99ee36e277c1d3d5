"""Purchases and spend that fade with age."""

from math import log

HALF_LIVES = (7, 14, 30, 60, 120, 365)  # days
_KEYS = ["customer_id", "cutoff"]
_EXACT = "decimal(38, 12)"  # sums of it do not depend on the order of rows


def decayed(history, settings):
    """Return purchases and spend that count half after each half-life, and the shortest over the longest."""
    del settings
    orders = history.filter(history.kind == "order")
    age = (orders.cutoff.epoch_seconds() - orders.timestamp.epoch_seconds()).cast("float64") / 86400.0
    spend = orders.amount.fill_null(0).cast("float64")
    columns = {}
    for days in HALF_LIVES:
        weight = (age * (-log(2.0) / days)).exp()
        columns[f"purchases_fading_{days}"] = weight.cast(_EXACT).sum().cast("float64")
        columns[f"spend_fading_{days}"] = (weight * spend).cast(_EXACT).sum().cast("float64")
    found = orders.group_by(_KEYS).agg(**columns)
    longest = found[f"purchases_fading_{HALF_LIVES[-1]}"].nullif(0)
    return found.mutate(fading_ratio=found[f"purchases_fading_{HALF_LIVES[2]}"] / longest)
