"""Engagement: messages sent, opened and clicked. Customers who no longer open them have often left already."""

from collections.abc import Iterable
from typing import Any

from ..snapshots.history import KEYS, days_ago
from .keyed_table import put_beside
from .occasions import exact_mean
from .settings import FeatureSettings, as_name

_KINDS = {"send": "sends", "open": "opens", "click": "clicks", "unsubscribe": "unsubscribes"}
_RESPONSES = ("open", "click", "unsubscribe")


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
        unsubscribed=joined.days_since_last_unsubscribe.notnull().cast("int64"),
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
