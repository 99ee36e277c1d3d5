"""Recency: how long ago. The strongest single sign of leaving, and the R of RFM."""

from typing import Any

from ...snapshots.history import KEYS, days_ago
from ..family import Column, Move, Need, family
from ..occasions import occasions
from ..phrase_parts import NO_SECOND_EN, NO_SECOND_IT, ONE_ORDER_EN, ONE_ORDER_IT
from ..settings import FeatureSettings

COLUMNS = (
    Column(
        "days_since_last_purchase",
        "time since the last purchase",
        "days",
        en=(
            "days since the last purchase",
            "last order {value:day|days} ago, {overdue_mean_ratio:x} times the usual gap",
            "last order {value:day|days} ago{usual}",
            "{missing}no order known",
        ),
        it=(
            "giorni dall'ultimo acquisto",
            "ultimo ordine {value:giorno|giorni} fa, {overdue_mean_ratio:x} volte l'intervallo abituale",
            "ultimo ordine {value:giorno|giorni} fa{usual}",
            "{missing}nessun ordine noto",
        ),
        topic="silence",
    ),
    Column(
        "days_since_first_purchase",
        "time since the first purchase",
        "days",
        en=("days since the first purchase", "customer for {value:age}{usual}"),
        it=("giorni dal primo acquisto", "cliente da {value:age}{usual}"),
        topic="age",
    ),
    Column(
        "days_since_purchase_before_last",
        "time since the last purchase but one",
        "days",
        en=(
            "days since the purchase before the last",
            "last two orders {days_since_last_purchase} and {value:day|days} ago",
            "order before the last {value:day|days} ago{usual}",
            ONE_ORDER_EN,
            NO_SECOND_EN,
        ),
        it=(
            "giorni dal penultimo acquisto",
            "ultimi due ordini {days_since_last_purchase} e {value:giorno|giorni} fa",
            "penultimo ordine {value:giorno|giorni} fa{usual}",
            ONE_ORDER_IT,
            NO_SECOND_IT,
        ),
        topic="silence",
        move=Move("days_since_purchase_before_last", None, "frequency"),
    ),
    Column(
        "days_since_last_refund",
        "time since the last refund",
        "days",
        en=(
            "days since the last refund",
            "last refund {value:day|days} ago{usual}",
            "{missing}no refund known",
        ),
        it=(
            "giorni dall'ultimo rimborso",
            "ultimo rimborso {value:giorno|giorni} fa{usual}",
            "{missing}nessun rimborso noto",
        ),
        topic="returns",
    ),
)


@family(columns=COLUMNS, needs=(Need(("order",)),), place=10, per_customer=True)
def recency(history: Any, settings: FeatureSettings) -> Any:
    """Return days since the first, the last and the one before last purchase, and since the last refund.

    Units: whole days before the cutoff, 1 = the day before it; null where it never happened.
    """
    del settings
    bought = occasions(history)
    bought = bought.mutate(later=bought.days_ago.lag().over(group_by=KEYS, order_by=bought.days_ago))
    rank = bought.mutate(is_last=bought.later.isnull())
    before_last = rank.mutate(
        follows_last=rank.is_last.ifelse(1, 0).lag().over(group_by=KEYS, order_by=rank.days_ago).fill_null(0) == 1
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
