"""Purchase history: the four numbers from which probabilistic models of buying are estimated."""

from typing import Any

from ...snapshots.history import KEYS
from ..family import Column, Move, Need, family
from ..occasions import EXACT_LOG, exact_mean, settled_days
from ..phrase_parts import SILENT_EN, SILENT_IT
from ..settings import FeatureSettings

HISTORY_COLUMNS = (
    "repeat_purchases", "last_purchase_age_days", "age_days", "mean_repeat_spend", "log_gap_days_sum"
)  # fmt: skip


COLUMNS = (
    Column(
        "repeat_purchases",
        "x: purchases after the first",
        "count",
        en=(
            "repeat purchases",
            "{only}{value:no repeat purchase|repeat purchase|repeat purchases} so far{usual}",
        ),
        it=(
            "acquisti ripetuti",
            "{only}{value:nessun acquisto ripetuto|acquisto ripetuto|acquisti ripetuti} finora{usual}",
        ),
        topic="frequency",
    ),
    Column(
        "last_purchase_age_days",
        "t_x: from the first purchase to the last",
        "days",
        en=(
            "days from the first to the last purchase",
            "{zero}no purchase after the first day",
            "first and last purchase {value:day|days} apart{usual}",
        ),
        it=(
            "giorni dal primo all'ultimo acquisto",
            "{zero}nessun acquisto dopo il primo giorno",
            "primo e ultimo acquisto a {value:giorno|giorni} di distanza{usual}",
        ),
        topic="frequency",
    ),
    Column(
        "age_days",
        "T: from the first purchase to the last whole day before the cutoff",
        "days",
        en=("days since the first purchase", "customer for {value:age}{usual}"),
        it=("giorni dal primo acquisto", "cliente da {value:age}{usual}"),
        topic="age",
    ),
    Column(
        "mean_repeat_spend",
        "m: mean spend per repeat purchase, less refunds of the same day; 0 without one",
        "currency",
        en=(
            "spend per repeat purchase",
            "{zero}nothing spent on repeat purchases",
            "spends {value:money} per repeat purchase on average{usual}",
        ),
        it=(
            "spesa per acquisto ripetuto",
            "{zero}nessuna spesa in acquisti ripetuti",
            "spesa media di {value:money} per acquisto ripetuto{usual}",
        ),
        topic="spend",
        move=Move("mean_repeat_spend", 0.0, "frequency"),
    ),
    Column(
        "log_gap_days_sum",
        "sum of the natural logarithms of the gaps: how regular purchases are",
        "log days",
        en=(
            "gaps between purchases, logarithms added up",
            "{purchases:purchase|purchases}, the first and the last {last_purchase_age_days:day|days} apart",
            "logarithms of the gaps between purchases add up to {value}{usual}",
        ),
        it=(
            "intervalli tra gli acquisti, somma dei logaritmi",
            "{purchases:acquisto|acquisti}, il primo e l'ultimo a {last_purchase_age_days:giorno|giorni} di distanza",
            "i logaritmi degli intervalli tra gli acquisti sommano a {value}{usual}",
        ),
        topic="frequency",
        warns=False,
    ),
    Column(
        "btyd_p_alive",
        "P(alive)",
        "0 to 1",
        en=(
            "chance of still being active",
            SILENT_EN + ", {value:%} chance of still being active",
            "judging by past orders, {only}{value:%} chance of still being active{usual}",
        ),
        it=(
            "probabilità di essere ancora attivo",
            SILENT_IT + ", {value:%} di probabilità che sia ancora attivo",
            "dagli acquisti passati, {only}{value:%} di probabilità che sia ancora attivo{usual}",
        ),
        topic="silence",
        warns=False,
    ),
    Column(
        "btyd_p_no_purchase",
        "probability of no purchase within the horizon",
        "0 to 1",
        en=(
            "chance of no purchase within the horizon",
            SILENT_EN + ", {value:%} chance of no further one soon",
            "judging by past orders, {value:%} chance of no further one soon{usual}",
        ),
        it=(
            "probabilità di nessun acquisto nell'orizzonte",
            SILENT_IT + ", {value:%} di probabilità che non ne seguano altri a breve",
            "dagli acquisti passati, {value:%} di probabilità che non ne seguano a breve{usual}",
        ),
        topic="silence",
        warns=False,
    ),
    Column(
        "btyd_purchases",
        "expected purchases within the horizon",
        "count",
        en=(
            "expected purchases",
            SILENT_EN + ", {only}{value} more expected soon",
            "judging by past orders, {only}{value:purchase|purchases} expected soon{usual}",
        ),
        it=(
            "acquisti attesi",
            SILENT_IT + ", a breve {only}{value:atteso|attesi}",
            "dagli acquisti passati, a breve {only}{value:acquisto atteso|acquisti attesi}{usual}",
        ),
        topic="silence",
        warns=False,
    ),
    Column(
        "btyd_spend",
        "expected spend within the horizon",
        "currency",
        en=("expected spend", "judging by past orders, a spend of {value:money} expected{usual}"),
        it=("spesa attesa", "dagli acquisti passati, spesa attesa di {value:money}{usual}"),
        topic="spend",
        warns=False,
    ),
    Column(
        "btyd_spend_per_purchase",
        "expected spend per purchase",
        "currency",
        en=(
            "expected spend per purchase",
            "judging by past orders, {value:money} expected per purchase{usual}",
        ),
        it=(
            "spesa attesa per acquisto",
            "dagli acquisti passati, attesi {value:money} per acquisto{usual}",
        ),
        topic="spend",
        warns=False,
    ),
)


@family(columns=COLUMNS, needs=(Need(("order",)),), place=60, per_customer=True)
def purchase_history(history: Any, settings: FeatureSettings) -> Any:
    """Return (x, t_x, T, m) of Fader, Hardie and Lee (2005).

    `repeat_purchases` (x): days with an order after the first one. `last_purchase_age_days` (t_x): days from the
    first to the last. `age_days` (T): days from the first to the last whole day before the cutoff, as in the papers,
    whose calibration period includes its last day. `mean_repeat_spend` (m): the log's currency per repeat purchase,
    0 where there is none (the first purchase does not enter: Fader and Hardie 2013), less what was refunded on the very
    day, if `history` has refunds; other refunds are in `refund_history`. `log_gap_days_sum`: natural logs
    of the days between purchases, summed; regularity is estimated from them (Platzer and Reutterer 2016).
    """
    del settings
    days = settled_days(history)
    bought = days.filter(days.is_purchase)
    bought = bought.mutate(is_first=bought.days_ago == bought.days_ago.max().over(group_by=KEYS))
    gap = bought.days_ago.lag().over(group_by=KEYS, order_by=bought.day) - bought.days_ago
    bought = bought.mutate(log_gap=gap.cast("float64").ln().cast(EXACT_LOG))
    summed = bought.group_by(KEYS).agg(
        n=bought.count(),
        first=bought.days_ago.max(),
        last=bought.days_ago.min(),
        repeat_spend=bought.spend.sum(where=~bought.is_first),
        log_gaps=bought.log_gap.sum(),
    )
    return summed.select(
        *KEYS,
        repeat_purchases=summed.n - 1,
        last_purchase_age_days=summed["first"] - summed["last"],
        age_days=summed["first"] - 1,
        mean_repeat_spend=exact_mean(summed.repeat_spend, summed.n - 1).fill_null(0.0),
        log_gap_days_sum=summed.log_gaps.cast("float64").fill_null(0.0),
    )
