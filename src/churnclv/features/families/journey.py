"""Journey: what a customer does in the product or shop besides buying. Activity stops before purchases stop."""

from typing import Any

import ibis

from ...snapshots.history import KEYS, day_number, days_ago
from ..family import Column, Need, family
from ..keyed_table import put_beside
from ..occasions import entropy_term, exact_entropy, exact_mean
from ..phrase_parts import BEFORE_EN, BEFORE_IT, LAST_EN, LAST_IT
from ..settings import FeatureSettings, as_name

_COUNTS = ("actions", "sessions", "action_names", "actions_since_last_order")


COLUMNS = (
    Column(
        "actions",
        "actions in the whole history",
        "count",
        en=("actions", "{only}{value:no action|action|actions} so far{usual}"),
        it=("azioni", "{only}{value:nessuna azione|azione|azioni} finora{usual}"),
        topic="activity",
    ),
    Column(
        r"actions_last_(\d+)_days",
        "actions in the window",
        "count",
        en=(
            "actions " + LAST_EN,
            "{only}{value:no action|action|actions} " + LAST_EN + "{usual}",
        ),
        it=(
            "azioni " + LAST_IT,
            "{only}{value:nessuna azione|azione|azioni} " + LAST_IT + "{usual}",
        ),
        topic="activity",
    ),
    Column(
        r"action_change_(\d+)_days",
        "actions in the window less those in the window before it",
        "count",
        en=(
            "actions " + LAST_EN + " less those " + BEFORE_EN,
            "{actions_last_@_days:no action|action|actions} " + LAST_EN + ", {actions_before:none|#|#} " + BEFORE_EN,
            "{below:fewer action|fewer actions} " + LAST_EN + " than " + BEFORE_EN,
            "{above:more action|more actions} " + LAST_EN + " than " + BEFORE_EN,
            "{zero}as many actions " + LAST_EN + " as " + BEFORE_EN,
        ),
        it=(
            "azioni " + LAST_IT + " meno quelle " + BEFORE_IT,
            "{actions_last_@_days:nessuna azione|azione|azioni} "
            + LAST_IT
            + ", {actions_before:nessuna|#|#} "
            + BEFORE_IT,
            "{below:azione|azioni} in meno " + LAST_IT + " che " + BEFORE_IT,
            "{above:azione|azioni} in più " + LAST_IT + " che " + BEFORE_IT,
            "{zero}tante azioni " + LAST_IT + " quante " + BEFORE_IT,
        ),
        topic="activity",
    ),
    Column(
        "sessions",
        "different session ids; a day's actions without one count as one session",
        "count",
        en=("sessions", "{only}{value:no session|session|sessions} so far{usual}"),
        it=("sessioni", "{only}{value:nessuna sessione|sessione|sessioni} finora{usual}"),
        topic="activity",
    ),
    Column(
        "action_names",
        "different names of actions",
        "count",
        en=("different actions", "{only}{value:no action|kind of action|different actions} so far{usual}"),
        it=("azioni diverse", "{only}{value:nessuna azione|tipo di azione|azioni diverse} finora{usual}"),
        topic="activity",
    ),
    Column(
        "actions_since_last_order",
        "actions after the last order",
        "count",
        en=(
            "actions since the last order",
            "{value:no action|action|actions} since the last order{usual}",
        ),
        it=(
            "azioni dall'ultimo ordine",
            "{value:nessuna azione|azione|azioni} dall'ultimo ordine{usual}",
        ),
        topic="activity",
    ),
    Column(
        "days_since_last_action",
        "time since the last action",
        "days",
        en=(
            "days since the last action",
            "last seen active {value:day|days} ago{usual}",
            "{missing}no action known",
        ),
        it=(
            "giorni dall'ultima azione",
            "ultima attività {value:giorno|giorni} fa{usual}",
            "{missing}nessuna azione nota",
        ),
        topic="activity",
    ),
    Column(
        "days_from_last_action_to_last_order",
        "from the last action to the last order; negative where the action came later",
        "days",
        en=(
            "days from the last action to the last order",
            "last action {below:day|days} after the last order",
            "last order {above:day|days} after the last action",
            "{zero}last action on the day of the last order",
            "{missing}no action and order known",
        ),
        it=(
            "giorni dall'ultima azione all'ultimo ordine",
            "ultima azione {below:giorno|giorni} dopo l'ultimo ordine",
            "ultimo ordine {above:giorno|giorni} dopo l'ultima azione",
            "{zero}ultima azione nel giorno dell'ultimo ordine",
            "{missing}nessuna azione con ordine nota",
        ),
        topic="activity",
    ),
    Column(
        "actions_per_session",
        "actions per session",
        "ratio",
        en=(
            "actions per session",
            "{value:action|actions} per session{usual}",
            "{missing}no action known",
        ),
        it=(
            "azioni per sessione",
            "{value:azione|azioni} per sessione{usual}",
            "{missing}nessuna azione nota",
        ),
        topic="activity",
    ),
    Column(
        "last_session_action_share",
        "share of all actions that belong to the last session",
        "0 to 1",
        en=(
            "share of actions in the last session",
            "{one}all actions in a single session",
            "{value:%} of all actions in the last session{usual}",
            "{missing}no action known",
        ),
        it=(
            "quota di azioni nell'ultima sessione",
            "{one}tutte le azioni in una sola sessione",
            "{value:%} delle azioni nell'ultima sessione{usual}",
            "{missing}nessuna azione nota",
        ),
        topic="activity",
    ),
    Column(
        "action_entropy",
        "entropy over names of actions",
        "nats",
        en=(
            "spread of actions over their kinds",
            "{zero}always the same kind of action",
            "actions spread over {value:spread:kind|kinds}{usual}",
            "{missing}no action known",
        ),
        it=(
            "dispersione delle azioni sui tipi",
            "{zero}sempre lo stesso tipo di azione",
            "azioni sparse su {value:spread:tipo|tipi}{usual}",
            "{missing}nessuna azione nota",
        ),
        topic="activity",
        warns=False,
    ),
    Column(
        r"actions_named_(\w+)",
        "actions of the name",
        "count",
        en=(
            "times of {1}",
            "{zero}never {1}",
            "{only}{value:time|times} {1}{usual}",
        ),
        it=(
            "volte di {1}",
            "{zero}mai {1}",
            "{only}{value:volta|volte} {1}{usual}",
        ),
        topic="action {}",
    ),
    Column(
        r"days_since_action_(\w+)",
        "time since the last action of the name",
        "days",
        en=(
            "days since the last {1}",
            "last {1} {value:day|days} ago{usual}",
            "{missing}never {1}",
        ),
        it=(
            "giorni dall'ultima azione {1}",
            "ultima azione {1} {value:giorno|giorni} fa{usual}",
            "{missing}mai {1}",
        ),
        topic="action {}",
    ),
    Column(
        r"sessions_with_(\w+)_share",
        "share of sessions with an action of the name",
        "0 to 1",
        en=(
            "share of sessions with {1}",
            "{zero}no session with {1}",
            "{value:%} of sessions with {1}{usual}",
            "{missing}no session known",
        ),
        it=(
            "quota di sessioni con {1}",
            "{zero}nessuna sessione con {1}",
            "{value:%} delle sessioni con {1}{usual}",
            "{missing}nessuna sessione nota",
        ),
        topic="action {}",
    ),
    Column(
        r"last_action_is_(\w+)",
        "1 if the last action has the name, else 0",
        "0 or 1",
        en=(
            "last action is {1}",
            "{zero}the last action was not {1}",
            "{one}the last action was {1}",
        ),
        it=(
            "l'ultima azione è {1}",
            "{zero}l'ultima azione non è stata {1}",
            "{one}l'ultima azione è stata {1}",
        ),
        topic="action {}",
    ),
)


@family(columns=COLUMNS, needs=(Need(("action",)),), place=100, per_customer=True)
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
        chosen[f"last_action_is_{suffix}"] = (acted.timestamp.max(where=named) == last).ifelse(1, 0).cast("int64")
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
