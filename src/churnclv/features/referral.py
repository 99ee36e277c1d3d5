"""Referral: who invited whom. Customers who invite others, or were invited, leave less often."""

from typing import Any

from ..snapshots.history import KEYS, days_ago
from .keyed_table import put_beside
from .settings import FeatureSettings


def referral(history: Any, settings: FeatureSettings) -> Any:
    """Return counts of each customer's invitations and their success, and whether they were invited themselves.

    Counts, 0 where there is none: `invitations`; `invited_customers`, distinct ones; `invited_buyers`, those of them
    with an order before the cutoff, of whatever date. `was_invited`: 1 or 0. Days, null where it never happened:
    `days_since_last_invitation`; `days_since_invited`, by whoever was first. Invitations of oneself do not count.
    """
    del settings
    invited = history.filter((history.kind == "referral") & (history.other_id != history.customer_id).fill_null(True))
    invited = invited.mutate(ago=days_ago(invited.timestamp, invited.cutoff))
    counts = {"invitations": invited.count(), "invited_customers": invited.other_id.nunique()}
    made = invited.group_by(KEYS).agg(**counts, days_since_last_invitation=invited.ago.min())
    received = invited.filter(invited.other_id.notnull()).drop("customer_id").rename(customer_id="other_id")
    joined = put_beside(
        history.select(*KEYS).distinct(),
        made,
        received.group_by(KEYS).agg(days_since_invited=received.ago.max()),
        _count_buyers(invited, history.filter(history.kind == "order")),
    )
    return joined.mutate(
        was_invited=joined.days_since_invited.notnull().cast("int64"),
        **{name: joined[name].fill_null(0) for name in (*counts, "invited_buyers")},
    )


def _count_buyers(invited: Any, orders: Any) -> Any:
    """Return how many of those whom a customer invited have ordered."""
    pairs = invited.select(*KEYS, "other_id").distinct()
    buyers = orders.select("cutoff", other_id=orders.customer_id).distinct()
    return (
        pairs.semi_join(buyers, ["cutoff", "other_id"]).group_by(KEYS).agg(invited_buyers=lambda table: table.count())
    )
