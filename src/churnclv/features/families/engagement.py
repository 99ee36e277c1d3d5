"""Engagement: messages sent, opened and clicked. Customers who no longer open them have often left already."""

from collections.abc import Iterable
from typing import Any

from ...snapshots.history import KEYS, days_ago
from ..family import Column, Need, family
from ..keyed_table import put_beside
from ..occasions import exact_mean
from ..phrase_parts import BEFORE_EN, BEFORE_IT, LAST_EN, LAST_IT
from ..settings import FeatureSettings, as_name

_KINDS = {"send": "sends", "open": "opens", "click": "clicks", "unsubscribe": "unsubscribes"}
_RESPONSES = ("open", "click", "unsubscribe")


COLUMNS = (
    Column(
        "sends",
        "messages sent",
        "count",
        en=("messages sent", "{only}{value:no message|message|messages} sent so far{usual}"),
        it=(
            "messaggi inviati",
            "{only}{value:nessun messaggio inviato|messaggio inviato|messaggi inviati} finora{usual}",
        ),
        topic="messages",
    ),
    Column(
        "opens",
        "messages opened",
        "count",
        en=("messages opened", "{only}{value:no message|message|messages} opened so far{usual}"),
        it=(
            "messaggi aperti",
            "{only}{value:nessun messaggio aperto|messaggio aperto|messaggi aperti} finora{usual}",
        ),
        topic="messages",
    ),
    Column(
        "clicks",
        "clicks in messages",
        "count",
        en=("clicks in messages", "{only}{value:no click|click|clicks} in messages so far{usual}"),
        it=("clic nei messaggi", "{only}{value:nessun clic|clic|clic} nei messaggi finora{usual}"),
        topic="messages",
    ),
    Column(
        r"sends_last_(\d+)_days",
        "messages sent in the window",
        "count",
        en=(
            "messages sent " + LAST_EN,
            "{only}{value:no message|message|messages} sent " + LAST_EN + "{usual}",
        ),
        it=(
            "messaggi inviati " + LAST_IT,
            "{only}{value:nessun messaggio inviato|messaggio inviato|messaggi inviati} " + LAST_IT + "{usual}",
        ),
        topic="messages",
    ),
    Column(
        r"opens_last_(\d+)_days",
        "messages opened in the window",
        "count",
        en=(
            "messages opened " + LAST_EN,
            "{sends_last_@_days:no message|message|messages} sent " + LAST_EN + ", {value:none|#|#} opened",
            "{only}{value:no message|message|messages} opened " + LAST_EN + "{usual}",
        ),
        it=(
            "messaggi aperti " + LAST_IT,
            "{sends_last_@_days:nessun messaggio inviato|messaggio inviato|messaggi inviati} " + LAST_IT + ", "
            "{value:nessuno aperto|# aperto|# aperti}",
            "{only}{value:nessun messaggio aperto|messaggio aperto|messaggi aperti} " + LAST_IT + "{usual}",
        ),
        topic="messages",
    ),
    Column(
        r"clicks_last_(\d+)_days",
        "clicks in the window",
        "count",
        en=(
            "clicks in messages " + LAST_EN,
            "{only}{value:no click|click|clicks} in messages " + LAST_EN + "{usual}",
        ),
        it=(
            "clic nei messaggi " + LAST_IT,
            "{only}{value:nessun clic|clic|clic} nei messaggi " + LAST_IT + "{usual}",
        ),
        topic="messages",
    ),
    Column(
        r"unsubscribes_last_(\d+)_days",
        "unsubscriptions in the window",
        "count",
        en=(
            "unsubscriptions " + LAST_EN,
            "{zero}did not unsubscribe " + LAST_EN,
            "unsubscribed {days_since_last_unsubscribe:day|days} ago",
            "unsubscribed " + LAST_EN,
        ),
        it=(
            "disiscrizioni " + LAST_IT,
            "{zero}nessuna disiscrizione " + LAST_IT,
            "disiscrizione {days_since_last_unsubscribe:giorno|giorni} fa",
            "disiscrizione " + LAST_IT,
        ),
        topic="unsubscribing",
    ),
    Column(
        "unsubscribed",
        "1 if the customer ever unsubscribed, else 0",
        "0 or 1",
        en=(
            "unsubscribed from messages",
            "{zero}never unsubscribed from messages",
            "unsubscribed from messages {days_since_last_unsubscribe:day|days} ago",
            "{one}unsubscribed from messages",
        ),
        it=(
            "disiscrizione dai messaggi",
            "{zero}nessuna disiscrizione dai messaggi",
            "disiscrizione dai messaggi {days_since_last_unsubscribe:giorno|giorni} fa",
            "{one}disiscrizione dai messaggi",
        ),
        topic="unsubscribing",
    ),
    Column(
        "days_since_last_open",
        "time since a message was opened",
        "days",
        en=(
            "days since a message was opened",
            "last opened a message {value:day|days} ago{usual}",
            "{missing}no message opened so far",
        ),
        it=(
            "giorni dall'ultimo messaggio aperto",
            "ultimo messaggio aperto {value:giorno|giorni} fa{usual}",
            "{missing}nessun messaggio aperto finora",
        ),
        topic="messages",
    ),
    Column(
        "days_since_last_click",
        "time since a click",
        "days",
        en=(
            "days since a click in a message",
            "last clicked in a message {value:day|days} ago{usual}",
            "{missing}no click in a message so far",
        ),
        it=(
            "giorni dall'ultimo clic in un messaggio",
            "ultimo clic in un messaggio {value:giorno|giorni} fa{usual}",
            "{missing}nessun clic in un messaggio finora",
        ),
        topic="messages",
    ),
    Column(
        "days_since_last_unsubscribe",
        "time since unsubscribing",
        "days",
        en=(
            "days since unsubscribing",
            "unsubscribed from messages {value:day|days} ago",
            "{missing}never unsubscribed from messages",
        ),
        it=(
            "giorni dalla disiscrizione",
            "disiscrizione dai messaggi {value:giorno|giorni} fa",
            "{missing}nessuna disiscrizione dai messaggi",
        ),
        topic="unsubscribing",
    ),
    Column(
        "open_rate",
        "opens over sends; above 1 where a message was opened repeatedly",
        "ratio",
        en=(
            "messages opened over messages sent",
            "{sends:message|messages} sent, {opens:none|#|#} opened",
            "{value:%} of messages opened{usual}",
            "{missing}no message sent so far",
        ),
        it=(
            "messaggi aperti sui messaggi inviati",
            "{sends:messaggio inviato|messaggi inviati}, {opens:nessuno aperto|# aperto|# aperti}",
            "messaggi aperti: {value:%} degli inviati{usual}",
            "{missing}nessun messaggio inviato finora",
        ),
        topic="messages",
    ),
    Column(
        "click_rate",
        "clicks over opens",
        "ratio",
        en=(
            "clicks over messages opened",
            "{opens:message|messages} opened, {clicks:no click|click|clicks}",
            "{value} clicks per message opened{usual}",
            "{missing}no message opened so far",
        ),
        it=(
            "clic sui messaggi aperti",
            "{opens:messaggio aperto|messaggi aperti}, {clicks:nessun clic|clic|clic}",
            "{value} clic per messaggio aperto{usual}",
            "{missing}nessun messaggio aperto finora",
        ),
        topic="messages",
    ),
    Column(
        r"open_rate_change_(\d+)_days",
        "open rate of the window less that of the window before it",
        "ratio",
        en=(
            "share of messages opened " + LAST_EN + " less that " + BEFORE_EN,
            "share of messages opened {below:points} points lower " + LAST_EN + " than " + BEFORE_EN,
            "share of messages opened {above:points} points higher " + LAST_EN + " than " + BEFORE_EN,
            "{zero}messages opened " + LAST_EN + " as often as " + BEFORE_EN,
            "{missing}no messages sent to compare " + LAST_EN + " with those " + BEFORE_EN,
        ),
        it=(
            "quota di messaggi aperti " + LAST_IT + " meno quella " + BEFORE_IT,
            "quota di messaggi aperti più bassa di {below:points} punti " + LAST_IT + " che " + BEFORE_IT,
            "quota di messaggi aperti più alta di {above:points} punti " + LAST_IT + " che " + BEFORE_IT,
            "{zero}messaggi aperti " + LAST_IT + " quanto " + BEFORE_IT,
            "{missing}nessun messaggio inviato per il confronto " + LAST_IT + " e " + BEFORE_IT,
        ),
        topic="messages",
    ),
    Column(
        r"sends_by_(\w+)",
        "messages sent in the channel",
        "count",
        en=(
            "messages sent by {1}",
            "{only}{value:no message|message|messages} sent by {1} so far{usual}",
        ),
        it=(
            "messaggi inviati tramite {1}",
            "{only}{value:nessun messaggio inviato|messaggio inviato|messaggi inviati} tramite {1} finora{usual}",
        ),
        topic="messages",
    ),
    Column(
        r"opens_by_(\w+)",
        "messages opened in the channel",
        "count",
        en=(
            "messages opened by {1}",
            "{only}{value:no message|message|messages} opened by {1} so far{usual}",
        ),
        it=(
            "messaggi aperti tramite {1}",
            "{only}{value:nessun messaggio aperto|messaggio aperto|messaggi aperti} tramite {1} finora{usual}",
        ),
        topic="messages",
    ),
    Column(
        r"clicks_by_(\w+)",
        "clicks in the channel",
        "count",
        en=(
            "clicks in messages by {1}",
            "{only}{value:no click|click|clicks} in messages by {1} so far{usual}",
        ),
        it=(
            "clic nei messaggi tramite {1}",
            "{only}{value:nessun clic|clic|clic} nei messaggi tramite {1} finora{usual}",
        ),
        topic="messages",
    ),
    Column(
        r"open_rate_by_(\w+)",
        "opens over sends in the channel",
        "ratio",
        en=(
            "messages opened over messages sent, by {1}",
            "{value:%} of messages by {1} opened{usual}",
            "{missing}no message sent by {1} so far",
        ),
        it=(
            "messaggi aperti sui messaggi inviati, tramite {1}",
            "messaggi tramite {1} aperti: {value:%} degli inviati{usual}",
            "{missing}nessun messaggio inviato tramite {1} finora",
        ),
        topic="messages",
    ),
    Column(
        r"click_rate_by_(\w+)",
        "clicks over opens in the channel",
        "ratio",
        en=(
            "clicks over messages opened, by {1}",
            "{value} clicks per message opened by {1}{usual}",
            "{missing}no message opened by {1} so far",
        ),
        it=(
            "clic sui messaggi aperti, tramite {1}",
            "{value} clic per messaggio aperto tramite {1}{usual}",
            "{missing}nessun messaggio aperto tramite {1} finora",
        ),
        topic="messages",
    ),
)


@family(columns=COLUMNS, needs=(Need(("send", "open", "click", "unsubscribe")),), place=110, per_customer=True)
def engagement(history: Any, settings: FeatureSettings) -> Any:
    """Return how many messages were sent to each customer and how many were opened, clicked and unsubscribed from.

    Counts of events, 0 where there is none: `sends`, `opens`, `clicks`, in all and per lookback, `unsubscribes_last_*`;
    `unsubscribed` is 1 where it ever happened, else 0. `days_since_last_*` of open, click and unsubscribe: null where
    it never happened. Ratios: `open_rate`, opens / sends (above 1: one message opened repeatedly), `click_rate`,
    clicks / opens; null where nothing was sent, or opened. `open_rate_change_*`: a lookback's open rate less that of
    the window before it, null where nothing was sent in one of them. The counts in all and both rates also for each of
    `settings.channels`, as `*_by_<channel>`.
    """
    messages = history.filter(history.kind.isin(list(_KINDS)))
    messages = messages.mutate(ago=days_ago(messages.timestamp, messages.cutoff))
    channels = {f"_by_{as_name(name)}": messages.channel == name for name in settings.channels}
    counts = _count_all(messages, settings) | _count_by_channel(messages, channels)
    earlier = _count_before(messages, settings)
    dates = {f"days_since_last_{kind}": messages.ago.min(where=messages.kind == kind) for kind in _RESPONSES}
    totals = messages.group_by(KEYS).agg(**counts, **earlier, **dates)
    joined = put_beside(history.select(*KEYS).distinct(), totals)
    return joined.mutate(
        unsubscribed=joined.days_since_last_unsubscribe.notnull().ifelse(1, 0).cast("int64"),
        **{name: joined[name].fill_null(0) for name in counts},
        **_rates(joined, settings, channels),
    ).drop(*earlier)


def _count_all(messages: Any, settings: FeatureSettings) -> dict[str, Any]:
    """Return counts over all channels, in all and per lookback."""
    ago, counts = messages.ago, {}
    for kind, name in _KINDS.items():
        is_kind = messages.kind == kind
        if kind != "unsubscribe":
            counts[name] = ago.count(where=is_kind)
        counts |= {
            f"{name}_last_{days}_days": ago.count(where=is_kind & (ago <= days)) for days in settings.lookback_days
        }
    return counts


def _count_by_channel(messages: Any, channels: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{_KINDS[kind]}{ending}": messages.ago.count(where=(messages.kind == kind) & inside)
        for ending, inside in channels.items()
        for kind in ("send", "open", "click")
    }


def _count_before(messages: Any, settings: FeatureSettings) -> dict[str, Any]:
    """Return counts in the windows before the lookbacks."""
    ago = messages.ago
    return {
        f"{_KINDS[kind]}_{days}_days_before": ago.count(
            where=(messages.kind == kind) & (ago > days) & (ago <= 2 * days)
        )
        for days in settings.lookback_days
        for kind in ("send", "open")
    }


def _rates(totals: Any, settings: FeatureSettings, endings: Iterable[str]) -> dict[str, Any]:
    """Return rates in all and by channel, and how the open rate changed; a null count has no rate, as zero has none."""
    rates = {}
    for ending in ("", *endings):
        rates[f"open_rate{ending}"] = exact_mean(totals[f"opens{ending}"], totals[f"sends{ending}"])
        rates[f"click_rate{ending}"] = exact_mean(totals[f"clicks{ending}"], totals[f"opens{ending}"])
    for days in settings.lookback_days:
        now, then = (
            exact_mean(totals[f"opens_{window}"], totals[f"sends_{window}"])
            for window in (f"last_{days}_days", f"{days}_days_before")
        )
        rates[f"open_rate_change_{days}_days"] = now - then
    return rates
