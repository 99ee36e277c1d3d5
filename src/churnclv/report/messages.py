"""Messages: how many were opened, clicked, and followed by an order or an unsubscription, by campaign and channel."""

from typing import Any

import pandas as pd

from ..snapshots.history import second_number
from .customer_base import CustomerBase
from .estimates import share
from .section import Block, Column, Grid, Heading, Missing
from .texts.translation import UNKNOWN, Translation

RATES = ("open_rate", "click_rate", "conversion_rate", "unsubscribe_rate")
_ANSWERS = {"open_rate": "opened", "click_rate": "clicked", "conversion_rate": "converted", "unsubscribe_rate": "left"}
_DAY = 86_400


def count_messages(base: CustomerBase) -> pd.DataFrame:
    """Return one row per campaign and channel with messages sent in the report's period, the largest first.

    A campaign is the message's item; a customer counts once in each. Columns: `campaign`, `channel`, `sent`
    (customers), and per rate its value with `_low` and `_high`: of those sent to, who opened, clicked, ordered within
    `conversion_days` of the first message, and unsubscribed, each until the report's day.
    """
    events, calendar = base.events, base.calendar
    messages = events.filter(events.kind.isin(["send", "open", "click", "unsubscribe"])).select(
        "customer_id", "kind", moment=second_number(events.timestamp),
        number=base.settings.period.numbers(events.timestamp), campaign=events["item"].fill_null(UNKNOWN),
        channel=events.channel.fill_null(UNKNOWN),
    )  # fmt: skip
    keys = ["customer_id", "campaign", "channel"]
    sends = messages.filter((messages.kind == "send") & (messages.number == calendar.current))
    sent = sends.group_by(*keys).agg(at=sends.moment.min())
    answers = messages.filter(messages.kind != "send").inner_join(sent, keys)
    after = answers.filter(answers.moment >= answers["at"])
    answered = after.group_by(*keys).agg(
        opened=(after.kind == "open").any(), clicked=(after.kind == "click").any(),
        left=(after.kind == "unsubscribe").any(),
    )  # fmt: skip
    joined = sent.left_join(answered, keys).select(*keys, "at", "opened", "clicked", "left")
    both = joined.left_join(_orders_after(base, sent, keys), keys).select(*joined.columns, "converted")
    counted = both.group_by("campaign", "channel").agg(
        sent=both.count(), **{name: both[name].fill_null(False).sum() for name in _ANSWERS.values()}
    )
    return _with_rates(counted.execute())


def _orders_after(base: CustomerBase, sent: Any, keys: list[str]) -> Any:
    orders = base.events.filter(base.events.kind == "order")
    bought = orders.select("customer_id", bought=second_number(orders.timestamp))
    beside = sent.inner_join(bought, "customer_id")
    within = beside.filter(
        (beside.bought >= beside["at"]) & (beside.bought < beside["at"] + base.settings.conversion_days * _DAY)
    )
    return within.group_by(*keys).agg(converted=within.count() > 0)


def _with_rates(counted: pd.DataFrame) -> pd.DataFrame:
    table = counted.sort_values(["sent", "campaign", "channel"], ascending=[False, True, True], ignore_index=True)
    for rate, count in _ANSWERS.items():
        estimates = [share(float(n), float(sent)) for n, sent in zip(table[count], table["sent"], strict=True)]
        table[rate] = [point.value for point in estimates]
        table[f"{rate}_low"], table[f"{rate}_high"] = [p.low for p in estimates], [p.high for p in estimates]
    return table.drop(columns=list(_ANSWERS.values()))


def render_messages(base: CustomerBase, texts: Translation) -> tuple[list[Block], dict[str, pd.DataFrame]]:
    """Return the part on campaigns, and its table; what is missing where no message was sent."""
    heading = Heading(texts.text("messages.title"))
    if not base.kinds.get("send"):
        return [heading, Missing(texts.text("messages.none"))], {}
    table = count_messages(base)
    period = texts.period(base.settings.period, base.calendar.current)
    if not len(table):
        return [heading, Missing(texts.text("messages.none_in", period=period))], {}
    rates = [Column(rate, "%", f"{rate}_low", f"{rate}_high") for rate in RATES]
    columns = (Column("campaign"), Column("channel", "text"), Column("sent", "int"), *rates)
    caption = texts.text("messages.table", period=period, days=float(base.settings.conversion_days))
    return [heading, Grid(caption, table, columns)], {"messages": table}
