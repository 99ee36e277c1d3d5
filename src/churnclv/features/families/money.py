"""Money: how much. The M of RFM: what a customer spends, how evenly, and what was refunded."""

from typing import Any

from ...snapshots.history import KEYS
from ..family import Column, Move, Need, family
from ..occasions import exact_deviation, exact_mean, occasions
from ..phrase_parts import (
    BEFORE_EN,
    BEFORE_IT,
    LAST_EN,
    LAST_IT,
    NO_SECOND_EN,
    NO_SECOND_IT,
    ONE_ORDER_EN,
    ONE_ORDER_IT,
    SINGLE_SPEND_EN,
    SINGLE_SPEND_IT,
)
from ..settings import FeatureSettings

_WIDE = "decimal(38, 4)"  # the engine squares narrower ones in 18 digits, which overflows from 100,000.00 on


COLUMNS = (
    Column(
        r"spend_last_(\d+)_days",
        "what the orders in the window cost",
        "currency",
        en=(
            "spend " + LAST_EN,
            "{zero}nothing spent " + LAST_EN,
            "spent {value:money} " + LAST_EN + ", {spend_less:%} less than " + BEFORE_EN,
            "spent {value:money} " + LAST_EN + ", {spend_more:%} more than " + BEFORE_EN,
            "spent {value:money} " + LAST_EN + "{usual}",
        ),
        it=(
            "spesa " + LAST_IT,
            "{zero}nessuna spesa " + LAST_IT,
            "spesi {value:money} " + LAST_IT + ", {spend_less:%} in meno che " + BEFORE_IT,
            "spesi {value:money} " + LAST_IT + ", {spend_more:%} in più che " + BEFORE_IT,
            "spesi {value:money} " + LAST_IT + "{usual}",
        ),
        topic="spend",
        move=Move("spend_last_@_days", 0.0, "silence"),
    ),
    Column(
        "spend",
        "what all orders cost",
        "currency",
        en=("spend in all", SINGLE_SPEND_EN, "spent {value:money} in all{usual}"),
        it=("spesa totale", SINGLE_SPEND_IT, "spesi {value:money} in tutto{usual}"),
        topic="spend",
    ),
    Column(
        "mean_spend",
        "mean spend per purchase",
        "currency",
        en=("spend per purchase", SINGLE_SPEND_EN, "spends {value:money} per purchase on average{usual}"),
        it=("spesa media per acquisto", SINGLE_SPEND_IT, "spesa media di {value:money} per acquisto{usual}"),
        topic="spend",
    ),
    Column(
        "largest_spend",
        "largest purchase",
        "currency",
        en=("largest purchase", SINGLE_SPEND_EN, "largest purchase {value:money}{usual}"),
        it=("acquisto più grande", SINGLE_SPEND_IT, "acquisto più grande {value:money}{usual}"),
        topic="spend",
    ),
    Column(
        "smallest_spend",
        "smallest purchase",
        "currency",
        en=("smallest purchase", SINGLE_SPEND_EN, "smallest purchase {value:money}{usual}"),
        it=("acquisto più piccolo", SINGLE_SPEND_IT, "acquisto più piccolo {value:money}{usual}"),
        topic="spend",
    ),
    Column(
        "last_spend",
        "last purchase",
        "currency",
        en=("spend on the last purchase", SINGLE_SPEND_EN, "last purchase {value:money}{usual}"),
        it=("spesa dell'ultimo acquisto", SINGLE_SPEND_IT, "ultimo acquisto {value:money}{usual}"),
        topic="spend",
    ),
    Column(
        "spend_deviation",
        "standard deviation of the spend per purchase",
        "currency",
        en=(
            "deviation of the spend per purchase",
            "{zero}all purchases of the same amount",
            "purchases vary by {value:money} around a mean of {mean_spend:money}",
            "purchases vary by {value:money}{usual}",
            ONE_ORDER_EN,
            NO_SECOND_EN,
        ),
        it=(
            "deviazione della spesa per acquisto",
            "{zero}acquisti tutti dello stesso importo",
            "gli acquisti variano di {value:money} attorno a una media di {mean_spend:money}",
            "gli acquisti variano di {value:money}{usual}",
            ONE_ORDER_IT,
            NO_SECOND_IT,
        ),
        topic="spend",
        warns=False,
        move=Move("spend_deviation", None, "frequency"),
    ),
    Column(
        "last_spend_ratio",
        "last purchase over the mean purchase",
        "ratio",
        en=(
            "last purchase over the mean purchase",
            "{single}the only purchase was worth {last_spend:money}",
            "{one}last purchase as large as the customer's average",
            "last purchase {last_spend:money}, {value:%} of the customer's average",
            "last purchase {value:%} of the customer's average{usual}",
        ),
        it=(
            "ultimo acquisto rispetto alla media",
            "{single}l'unico acquisto è stato di {last_spend:money}",
            "{one}ultimo acquisto pari alla media del cliente",
            "ultimo acquisto di {last_spend:money}, {value:%} della media del cliente",
            "ultimo acquisto: {value:%} della media del cliente{usual}",
        ),
        topic="spend",
    ),
    Column(
        "refund_share",
        "refunds over spend",
        "ratio",
        en=("refunds over spend", "{zero}no refund so far", "{value:%} of the spend was refunded{usual}"),
        it=("rimborsi sulla spesa", "{zero}nessun rimborso finora", "rimborsi: {value:%} della spesa{usual}"),
        topic="returns",
    ),
    Column(
        "units_per_purchase",
        "units per purchase",
        "count",
        en=("units per purchase", "{only}{value:unit|units} per purchase{usual}"),
        it=("pezzi per acquisto", "{only}{value:pezzo|pezzi} per acquisto{usual}"),
        topic="units",
    ),
)


@family(columns=COLUMNS, needs=(Need(("order",)),), place=30, per_customer=True)
def money(history: Any, settings: FeatureSettings) -> Any:
    """Return sums, mean, spread and extremes of spend per purchase, spend per lookback, last spend, refunds and units.

    Units: the log's currency; `refund_share` is refunds over spend; `units_per_purchase` is a count.
    All sums are exact decimals. A log without amounts gives nulls.
    """
    bought = occasions(history)
    amount = bought.spend.cast(_WIDE)
    bought = bought.mutate(amount=amount, square=amount * amount)
    bought = bought.mutate(is_last=bought.days_ago == bought.days_ago.min().over(group_by=KEYS))
    recent = {
        f"spend_last_{days}_days": (bought.amount * (bought.days_ago <= days).ifelse(1, 0)).sum().cast("float64")
        for days in settings.lookback_days
    }
    summed = bought.group_by(KEYS).agg(
        n=bought.amount.count(),
        total=bought.amount.sum(),
        squares=bought.square.sum(),
        largest_spend=bought.amount.max().cast("float64"),
        smallest_spend=bought.amount.min().cast("float64"),
        last_spend=bought.amount.max(where=bought.is_last).cast("float64"),
        units=bought.units.sum(),
        purchases=bought.count(),
        **recent,
    )
    refunded = history.group_by(KEYS).agg(refunded=-history.amount.sum(where=history.kind == "refund"))
    joined = summed.left_join(refunded, KEYS)
    total = joined.total.cast("float64")
    return joined.select(
        *KEYS,
        *recent,
        "largest_spend",
        "smallest_spend",
        "last_spend",
        spend=total,
        mean_spend=exact_mean(joined.total, joined.n),
        spend_deviation=exact_deviation(joined.squares, joined.total, joined.n),
        last_spend_ratio=joined.last_spend / exact_mean(joined.total, joined.n).nullif(0.0),
        refund_share=joined.refunded.cast("float64").fill_null(0.0) / total.nullif(0.0),
        units_per_purchase=exact_mean(joined.units, joined.purchases),
    )
