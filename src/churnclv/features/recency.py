"""Recency: how long ago. The strongest single sign of leaving, and the R of RFM."""

from typing import Any

from ..snapshots.history import KEYS, days_ago
from .occasions import occasions
from .settings import FeatureSettings


def recency(history: Any, settings: FeatureSettings) -> Any:
    """Return days since the first, the last and the one before last purchase, and since the last refund.

    Units: whole days before the cutoff, 1 = the day before it; null where it never happened.
    """
    del settings
    bought = occasions(history)
    bought = bought.mutate(later=bought.days_ago.lag().over(group_by=KEYS, order_by=bought.days_ago))
    rank = bought.mutate(is_last=bought.later.isnull())
    before_last = rank.mutate(
        follows_last=rank.is_last.cast("int64").lag().over(group_by=KEYS, order_by=rank.days_ago).fill_null(0) == 1
    )
    dated = before_last.group_by(KEYS).agg(
        days_since_last_purchase=before_last.days_ago.min(),
        days_since_first_purchase=before_last.days_ago.max(),
        days_since_purchase_before_last=before_last.days_ago.min(where=before_last.follows_last),
    )
    since = days_ago(history.timestamp, history.cutoff)
    refunds = history.group_by(KEYS).agg(days_since_last_refund=since.min(where=history.kind == "refund"))
    return refunds.left_join(dated, KEYS).select(
        *KEYS,
        "days_since_last_purchase",
        "days_since_first_purchase",
        "days_since_purchase_before_last",
        "days_since_last_refund",
    )
