"""Trend: change over time. Customers who buy less than before leave earlier than steady ones of the same recency."""

from typing import Any

import ibis

from ...snapshots.history import KEYS
from ..family import Column, Move, Need, family
from ..occasions import occasions
from ..phrase_parts import BEFORE_EN, BEFORE_IT, LAST_EN, LAST_IT, SILENT_EN, SILENT_IT
from ..settings import FeatureSettings

_WEIGHT = "decimal(18, 12)"


COLUMNS = (
    Column(
        r"purchase_change_(\d+)_days",
        "purchases in the window less those in the window before it",
        "count",
        en=(
            "purchases " + LAST_EN + " less those " + BEFORE_EN,
            "{purchases_last_@_days:no purchase|purchase|purchases} "
            + LAST_EN
            + ", {purchases_before:none|#|#} "
            + BEFORE_EN,
            "{below:fewer purchase|fewer purchases} " + LAST_EN + " than " + BEFORE_EN,
            "{above:more purchase|more purchases} " + LAST_EN + " than " + BEFORE_EN,
            "{zero}as many purchases " + LAST_EN + " as " + BEFORE_EN,
        ),
        it=(
            "acquisti " + LAST_IT + " meno quelli " + BEFORE_IT,
            "{purchases_last_@_days:nessun acquisto|acquisto|acquisti} " + LAST_IT + ", "
            "{purchases_before:nessuno|#|#} " + BEFORE_IT,
            "{below:acquisto|acquisti} in meno " + LAST_IT + " che " + BEFORE_IT,
            "{above:acquisto|acquisti} in più " + LAST_IT + " che " + BEFORE_IT,
            "{zero}tanti acquisti " + LAST_IT + " quanti " + BEFORE_IT,
        ),
        topic="silence",
    ),
    Column(
        r"decayed_purchases_(\d+)_days",
        "purchases, each with the weight 2^(-days ago / half-life)",
        "count",
        en=(
            "recent purchases, halved every {1:day|days}",
            SILENT_EN + ", {overdue_mean_ratio:x} times the usual gap",
            SILENT_EN + "{usual}",
            "purchases that lie back count {value}, halved every {1:day|days}{usual}",
        ),
        it=(
            "acquisti recenti, dimezzati ogni {1:giorno|# giorni}",
            SILENT_IT + ", {overdue_mean_ratio:x} volte l'intervallo abituale",
            SILENT_IT + "{usual}",
            "gli acquisti passati contano {value}, dimezzati ogni {1:giorno|# giorni}{usual}",
        ),
        topic="silence",
        warns=False,
    ),
    Column(
        r"decayed_spend_(\d+)_days",
        "spend with the same weights",
        "currency",
        en=(
            "recent spend, halved every {1:day|days}",
            "spent {spend:money} in {purchases:purchase|purchases}, the last {days_since_last_purchase:day|days} ago",
            "spend that lies back counts {value:money}, halved every {1:day|days}{usual}",
        ),
        it=(
            "spesa recente, dimezzata ogni {1:giorno|# giorni}",
            "spesi {spend:money} in {purchases:acquisto|acquisti}, l'ultimo {days_since_last_purchase:giorno|giorni} fa",
            "la spesa passata conta {value:money}, dimezzata ogni {1:giorno|# giorni}{usual}",
        ),
        topic="spend",
        warns=False,
        move=Move("spend_last_@_days", 0.0, "silence"),
    ),
)


@family(columns=COLUMNS, needs=(Need(("order",)),), place=50, per_customer=True)
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
