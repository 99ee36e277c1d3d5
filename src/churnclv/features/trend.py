"""Trend: change over time. Customers who buy less than before leave earlier than steady ones of the same recency."""

from typing import Any

import ibis

from ..snapshots.history import KEYS
from .occasions import occasions
from .settings import FeatureSettings

_WEIGHT = "decimal(18, 12)"


def trend(history: Any, settings: FeatureSettings) -> Any:
    """Return purchases of each lookback against the window before it, and counts and spend decayed by half-lives.

    Units: `purchase_change_*` are differences of counts; `decayed_purchases_*` are counts with weight
    2 ** (-days ago / half-life), `decayed_spend_*` the same in the log's currency. Weights are rounded to 12 decimals
    before they are summed, so that the sums are exact.
    """
    bought = occasions(history)
    ago = bought.days_ago
    changes = {
        f"purchase_change_{days}_days": ago.count(where=ago <= days) - ago.count(where=(ago > days) & (ago <= 2 * days))
        for days in settings.lookback_days
    }
    decayed = {}
    for half_life in settings.half_life_days:
        weight = ibis.literal(2.0).pow(-ago.cast("float64") / half_life).cast(_WEIGHT)
        spend = (weight.cast("float64") * bought.spend.cast("float64")).cast("decimal(38, 8)")
        decayed[f"decayed_purchases_{half_life}_days"] = weight.sum().cast("float64")
        decayed[f"decayed_spend_{half_life}_days"] = spend.sum().cast("float64")
    return bought.group_by(KEYS).agg(**changes, **decayed)
