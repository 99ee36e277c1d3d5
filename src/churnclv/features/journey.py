"""Journey: what a customer does in the product or shop besides buying. Activity stops before purchases stop."""

from typing import Any

import ibis

from ..snapshots.history import KEYS, day_number, days_ago
from .keyed_table import put_beside
from .occasions import entropy_term, exact_entropy, exact_mean
from .settings import FeatureSettings, as_name

_COUNTS = ("actions", "sessions", "action_names", "actions_since_last_order")


def journey(history: Any, settings: FeatureSettings) -> Any:
    """Return how much, how variously and how lately each customer acted; actions are named by their item.

    Counts, 0 where there is none: `actions`, in all and per lookback; `action_change_*`, each lookback's less those of
    the window before it; `sessions`, distinct session ids, and days with an action that has none; `action_names`,
    distinct; `actions_since_last_order`, after its moment, all where there was no order.
    Days, null where it never happened: `days_since_last_action`; `days_from_last_action_to_last_order`, negative where
    the action came later. Null without an action: `actions_per_session`; `last_session_action_share`, of all actions
    those of the session that ended last (of several, the longest), in 0..1; `action_entropy`, in nats, of names.
    For each of `settings.actions`: the count `actions_named_*`; `days_since_action_*`; `sessions_with_*_share`, of
    sessions those that have it; `last_action_is_*`, 1 where one happened at the moment of the last action, else 0.
    """
    acted = history.mutate(ago=days_ago(history.timestamp, history.cutoff), is_action=history.kind == "action")
    totals, actions = _totals(acted, settings), acted.filter(acted.is_action)
    joined = put_beside(totals, _sessions(actions, settings), _names(actions), _since_order(actions, totals))
    return joined.mutate(
        actions_per_session=exact_mean(joined.actions, joined.sessions),
        last_session_action_share=exact_mean(joined.last_session_actions, joined.actions),
        **{name: joined[name].fill_null(0) for name in _COUNTS},
    ).drop("last_order", "last_session_actions")


def _totals(acted: Any, settings: FeatureSettings) -> Any:
    """Return counts and dates of actions of all customers, and the moment of the last order."""
    ago, is_action = acted.ago, acted.is_action
    is_order, last = acted.kind == "order", acted.timestamp.max(where=is_action)
    chosen: dict[str, Any] = {}
    for name in settings.actions:
        suffix, named = as_name(name), is_action & (acted["item"] == name)
        chosen[f"actions_named_{suffix}"] = ago.count(where=named)
        chosen[f"days_since_action_{suffix}"] = ago.min(where=named)
        chosen[f"last_action_is_{suffix}"] = (acted.timestamp.max(where=named) == last).cast("int64").fill_null(0)
    recent = {days: ago.count(where=is_action & (ago <= days)) for days in settings.lookback_days}
    before = {days: ago.count(where=is_action & (ago > days) & (ago <= 2 * days)) for days in settings.lookback_days}
    since = ago.min(where=is_action)
    return acted.group_by(KEYS).agg(
        actions=ago.count(where=is_action),
        **{f"actions_last_{days}_days": count for days, count in recent.items()},
        **{f"action_change_{days}_days": count - before[days] for days, count in recent.items()},
        days_since_last_action=since,
        days_from_last_action_to_last_order=since - ago.min(where=is_order),
        **chosen,
        last_order=acted.timestamp.max(where=is_order),
    )


def _sessions(actions: Any, settings: FeatureSettings) -> Any:
    """Return counts and shares of sessions; a day's actions without a session id make one."""
    unnamed = actions.session_id.isnull()
    dated = actions.mutate(day=unnamed.ifelse(day_number(actions.timestamp), ibis.null("int64")))
    flags = {f"with_{place}": (dated["item"] == name).fill_null(False) for place, name in enumerate(settings.actions)}
    each = dated.group_by([*KEYS, "session_id", "day"]).agg(
        actions=dated.count(), ended=dated.timestamp.max(), **{name: holds.any() for name, holds in flags.items()}
    )
    each = each.mutate(is_last=each.ended == each.ended.max().over(group_by=KEYS))
    counts = each.group_by(KEYS).agg(
        sessions=each.count(),
        last_session_actions=each.actions.max(where=each.is_last),
        **{name: each[name].sum() for name in flags},
    )
    shares = {
        f"sessions_with_{as_name(name)}_share": exact_mean(counts[f"with_{place}"], counts.sessions)
        for place, name in enumerate(settings.actions)
    }
    return counts.mutate(**shares).drop(*flags)


def _names(actions: Any) -> Any:
    """Return how many names the actions have, and their entropy."""
    named = actions.filter(actions["item"].notnull())
    each = named.group_by([*KEYS, "item"]).agg(actions=named.count())
    each = each.mutate(term=entropy_term(each.actions))
    counts = each.group_by(KEYS).agg(action_names=each.count(), total=each.actions.sum(), terms=each.term.sum())
    entropy = exact_entropy(counts.terms, counts.total, counts.action_names)
    return counts.select(*KEYS, "action_names", action_entropy=entropy)


def _since_order(actions: Any, totals: Any) -> Any:
    """Return the number of actions after the last order."""
    joined = actions.left_join(totals.select(*KEYS, "last_order"), KEYS)
    after = joined.last_order.isnull() | (joined.timestamp > joined.last_order)
    return joined.group_by(KEYS).agg(actions_since_last_order=after.sum())
