"""Calendar: when. Shares of weekdays, hours and months separate gift from regular buyers, and office from leisure."""

from typing import Any

import ibis

from ...snapshots.history import KEYS, second_number
from ..family import Column, Move, Need, family
from ..settings import FeatureSettings

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOURS = {"night": (0, 6), "morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24)}
_UNIX_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_SECONDS = 86400


_SINGLE_EN, _SINGLE_IT = "{zero}{single}only 1 purchase so far", "{zero}{single}solo 1 acquisto finora"
COLUMNS = (
    Column(
        "weekend_share",
        "share on Saturday and Sunday",
        "0 to 1",
        en=(
            "share of orders at the weekend",
            "{zero}no order at the weekend",
            "{single}{one}the only order was at the weekend",
            "{value:%} of orders at the weekend{usual}",
        ),
        it=(
            "quota di ordini nel fine settimana",
            "{zero}nessun ordine nel fine settimana",
            "{single}{one}l'unico ordine è stato nel fine settimana",
            "{value:%} degli ordini nel fine settimana{usual}",
        ),
        topic="weekday",
    ),
    Column(
        r"weekday_(\w+day)_share",
        "share on the weekday, such as `weekday_monday_share`",
        "0 to 1",
        en=(
            "share of orders on {1:part}",
            "{zero}no order on a {1:part}",
            "{single}{one}the only order was on a {1:part}",
            "{value:%} of orders on a {1:part}{usual}",
        ),
        it=(
            "quota di ordini di {1:part}",
            "{zero}nessun ordine di {1:part}",
            "{single}{one}l'unico ordine è stato di {1:part}",
            "{value:%} degli ordini di {1:part}{usual}",
        ),
        topic="weekday",
    ),
    Column(
        r"hours_(night|morning|afternoon|evening)_share",
        "share in the part of the day: night (0 to 6 h), morning, afternoon, evening (6 h each)",
        "0 to 1",
        en=(
            "share of orders {1:part}",
            "{zero}no order {1:part}",
            "{single}{one}the only order was {1:part}",
            "{value:%} of orders {1:part}{usual}",
        ),
        it=(
            "quota di ordini {1:part}",
            "{zero}nessun ordine {1:part}",
            "{single}{one}l'unico ordine è stato {1:part}",
            "{value:%} degli ordini {1:part}{usual}",
        ),
        topic="hours",
    ),
    Column(
        r"month_(\d\d)_share",
        "share in the month of the year, `01` to `12`",
        "0 to 1",
        en=(
            "share of orders in {1:part}",
            "{zero}no order in {1:part}",
            "{single}{one}the only order was in {1:part}",
            "{value:%} of orders in {1:part}{usual}",
        ),
        it=(
            "quota di ordini nel mese di {1:part}",
            "{zero}nessun ordine nel mese di {1:part}",
            "{single}{one}l'unico ordine è stato nel mese di {1:part}",
            "{value:%} degli ordini nel mese di {1:part}{usual}",
        ),
        topic="season",
        warns=False,
    ),
    Column(
        "weekday_entropy",
        "entropy over weekdays; 0 is always the same",
        "nats",
        en=(
            "spread of orders over weekdays",
            _SINGLE_EN,
            "{zero}all orders on the same weekday",
            "orders spread over {value:spread:weekday|weekdays}{usual}",
        ),
        it=(
            "dispersione degli ordini sui giorni della settimana",
            _SINGLE_IT,
            "{zero}tutti gli ordini nello stesso giorno della settimana",
            "ordini sparsi su {value:spread:giorno|giorni} della settimana{usual}",
        ),
        topic="weekday",
        warns=False,
        move=Move("weekday_entropy", 0.0, "frequency"),
    ),
    Column(
        "hours_entropy",
        "entropy over parts of the day",
        "nats",
        en=(
            "spread of orders over the day",
            _SINGLE_EN,
            "{zero}all orders in the same part of the day",
            "orders spread over {value:spread:part of the day|parts of the day}{usual}",
        ),
        it=(
            "dispersione degli ordini sulle ore del giorno",
            _SINGLE_IT,
            "{zero}tutti gli ordini nella stessa parte del giorno",
            "ordini sparsi su {value:spread:parte|parti} del giorno{usual}",
        ),
        topic="hours",
        warns=False,
        move=Move("hours_entropy", 0.0, "frequency"),
    ),
    Column(
        "month_entropy",
        "entropy over months",
        "nats",
        en=(
            "spread of orders over the months",
            _SINGLE_EN,
            "{zero}all orders in the same month of the year",
            "orders spread over {value:spread:month of the year|months of the year}{usual}",
        ),
        it=(
            "dispersione degli ordini sui mesi",
            _SINGLE_IT,
            "{zero}tutti gli ordini nello stesso mese dell'anno",
            "ordini sparsi su {value:spread:mese|mesi} dell'anno{usual}",
        ),
        topic="season",
        warns=False,
        move=Move("month_entropy", 0.0, "frequency"),
    ),
)


@family(columns=COLUMNS, needs=(Need(("order",)),), place=70, per_customer=True)
def calendar(history: Any, settings: FeatureSettings) -> Any:
    """Return shares of order lines by weekday, weekend, part of the day and month, and the entropy of each.

    Units: shares in 0..1; entropies in nats (0 = always the same). Without times of day all orders are at night.
    """
    del settings
    orders = history.filter(history.kind == "order")
    seconds = second_number(orders.timestamp)
    dated = orders.select(
        *KEYS,
        weekday=((seconds / _SECONDS).floor().cast("int64") + _UNIX_EPOCH_WEEKDAY) % 7,
        hour=((seconds % _SECONDS) / 3600).floor().cast("int64"),
        month=orders.timestamp.month().cast("int64"),
    )
    counts = {f"weekday_{name}": (dated.weekday == place).sum() for place, name in enumerate(WEEKDAYS)}
    counts |= {
        f"hours_{name}": ((dated.hour >= low) & (dated.hour < high)).sum() for name, (low, high) in HOURS.items()
    }
    counts |= {f"month_{month:02}": (dated.month == month).sum() for month in range(1, 13)}
    counted = dated.group_by(KEYS).agg(n=dated.count(), **counts)
    shares = {name: counted[name].cast("float64") / counted.n.cast("float64") for name in counts}
    entropies = {
        f"{group}_entropy": _entropy([share for name, share in shares.items() if name.startswith(group)])
        for group in ("weekday", "hours", "month")
    }
    weekend = (counted.weekday_saturday + counted.weekday_sunday).cast("float64") / counted.n.cast("float64")
    renamed = {f"{name}_share": share for name, share in shares.items()}
    return counted.select(*KEYS, weekend_share=weekend, **renamed, **entropies)


def _entropy(shares: list[Any]) -> Any:
    """Return -sum p log p, added in a fixed order."""
    total = ibis.literal(0.0)
    for share in shares:
        total = total - (share > 0).ifelse(share * share.nullif(0.0).log(), 0.0)
    return total
