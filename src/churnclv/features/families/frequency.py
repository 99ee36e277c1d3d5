"""Frequency: how often. The F of RFM, over the whole history and over recent windows."""

from typing import Any

from ...snapshots.history import KEYS
from ..family import Column, Need, family
from ..occasions import occasions
from ..phrase_parts import BEFORE_EN, BEFORE_IT, LAST_EN, LAST_IT
from ..settings import FeatureSettings

COLUMNS = (
    Column(
        "purchases",
        "purchases in the whole history",
        "count",
        en=("purchases", "{only}{value:no purchase|purchase|purchases} so far{usual}"),
        it=("acquisti", "{only}{value:nessun acquisto|acquisto|acquisti} finora{usual}"),
        topic="frequency",
    ),
    Column(
        r"purchases_last_(\d+)_days",
        "purchases in the window",
        "count",
        en=(
            "purchases " + LAST_EN,
            "{value:no purchase|purchase|purchases} " + LAST_EN + ", {purchases_before:none|#|#} " + BEFORE_EN,
            "{only}{value:no purchase|purchase|purchases} " + LAST_EN + "{usual}",
        ),
        it=(
            "acquisti " + LAST_IT,
            "{value:nessun acquisto|acquisto|acquisti} " + LAST_IT + ", {purchases_before:nessuno|#|#} " + BEFORE_IT,
            "{only}{value:nessun acquisto|acquisto|acquisti} " + LAST_IT + "{usual}",
        ),
        topic="silence",
    ),
    Column(
        "purchases_per_day",
        "purchases over the days since the first",
        "1/day",
        en=(
            "purchases per day",
            "{purchases:purchase|purchases} in {days_since_first_purchase:day|days} as a customer",
            "one purchase every {purchase_every_days:day|days}",
            "{value} purchases per day{usual}",
        ),
        it=(
            "acquisti al giorno",
            "{purchases:acquisto|acquisti} in {days_since_first_purchase:giorno|giorni} da cliente",
            "{purchase_every_days:un acquisto al giorno|un acquisto ogni # giorni}",
            "{value} acquisti al giorno{usual}",
        ),
        topic="frequency",
    ),
)


@family(columns=COLUMNS, needs=(Need(("order",)),), place=20, per_customer=True)
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
