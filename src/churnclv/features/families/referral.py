"""Referral: who invited whom. Customers who invite others, or were invited, leave less often."""

from typing import Any

from ...snapshots.history import KEYS, days_ago
from ..family import Column, Need, family
from ..keyed_table import put_beside
from ..settings import FeatureSettings

_INVITED_IT = "{invited_customers:nessuno invitato|persona invitata|persone invitate}"
COLUMNS = (
    Column(
        "invitations",
        "invitations made",
        "count",
        en=("invitations made", "{only}{value:no invitation|invitation|invitations} made so far{usual}"),
        it=("inviti fatti", "{only}{value:nessun invito fatto|invito fatto|inviti fatti} finora{usual}"),
        topic="invitations",
    ),
    Column(
        "invited_customers",
        "different people invited",
        "count",
        en=(
            "people invited",
            "{only}{value:nobody|person|people} invited so far{usual}",
        ),
        it=(
            "persone invitate",
            "{only}{value:nessuno invitato|persona invitata|persone invitate} finora{usual}",
        ),
        topic="invitations",
    ),
    Column(
        "invited_buyers",
        "those of them who have ordered",
        "count",
        en=(
            "people invited who bought",
            "{invited_customers:nobody|person|people} invited, {value:none|#|#} of whom bought",
            "{only}{value:nobody|person|people} invited who bought{usual}",
        ),
        it=(
            "persone invitate che hanno acquistato",
            _INVITED_IT + ", {value:nessun acquirente|acquirente|acquirenti}",
            "{only}{value:nessun acquirente invitato|acquirente invitato|acquirenti invitati}{usual}",
        ),
        topic="invitations",
    ),
    Column(
        "was_invited",
        "1 if a customer invited this one, else 0",
        "0 or 1",
        en=(
            "invited by a customer",
            "{zero}not invited by another customer",
            "{one}invited by another customer",
        ),
        it=(
            "invitato da un cliente",
            "{zero}non invitato da un altro cliente",
            "{one}invitato da un altro cliente",
        ),
        topic="invited",
    ),
    Column(
        "days_since_last_invitation",
        "time since the last invitation made",
        "days",
        en=(
            "days since the last invitation made",
            "last invited somebody {value:day|days} ago{usual}",
            "{missing}nobody invited so far",
        ),
        it=(
            "giorni dall'ultimo invito fatto",
            "ultimo invito fatto {value:giorno|giorni} fa{usual}",
            "{missing}nessuno invitato finora",
        ),
        topic="invitations",
    ),
    Column(
        "days_since_invited",
        "time since the first invitation received",
        "days",
        en=(
            "days since invited by a customer",
            "invited by another customer {value:day|days} ago{usual}",
            "{missing}not invited by another customer",
        ),
        it=(
            "giorni dall'invito di un cliente",
            "invitato da un altro cliente {value:giorno|giorni} fa{usual}",
            "{missing}non invitato da un altro cliente",
        ),
        topic="invited",
    ),
)


@family(columns=COLUMNS, needs=(Need(("referral",)),), place=120)
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
        was_invited=joined.days_since_invited.notnull().ifelse(1, 0).cast("int64"),
        **{name: joined[name].fill_null(0) for name in (*counts, "invited_buyers")},
    )


def _count_buyers(invited: Any, orders: Any) -> Any:
    """Return how many of those whom a customer invited have ordered."""
    pairs = invited.select(*KEYS, "other_id").distinct()
    buyers = orders.select("cutoff", other_id=orders.customer_id).distinct()
    return (
        pairs.semi_join(buyers, ["cutoff", "other_id"]).group_by(KEYS).agg(invited_buyers=lambda table: table.count())
    )
