"""Traits of customers through five lenses: what they buy, what they do, how they began, when they buy, whom they bring.

Each function takes events of a window, and returns a table by customer, with the traits that its columns are.
"""

from collections.abc import Sequence
from typing import Any

from ..data.readings import LEAST_CUSTOMERS
from ..snapshots.history import day_number
from .group_comparison import Trait

LENSES = ("hold", "buy", "do", "begin", "when", "bring")
_MOST_NAMES = 8
_WEEKEND = 5  # Saturday is the fifth day after Monday
_PARTS = {"morning": (5, 12), "afternoon": (12, 18), "evening": (18, 24)}

Traits = tuple[Any, list[Trait]]


def frequent_names(events: Any, column: str, most: int = _MOST_NAMES) -> list[str]:
    """Return the names in a column that most customers have, equal ones by name; a rare name identifies customers."""
    named = events.filter(~events[column].isnull())
    counted = named.group_by(name=named[column]).agg(n=named.customer_id.nunique())
    shared = counted.filter(counted.n >= LEAST_CUSTOMERS)
    names = shared.order_by(shared.n.desc(), shared.name).limit(most).execute()
    return [str(name) for name in names["name"]]


def flags(events: Any, column: str, names: Sequence[str], start: str) -> dict[str, Any]:
    """Return per name whether a customer has it, 0 or 1, by column name."""
    return {
        f"{start}{place}": (events[column] == name).fill_null(False).any().cast("int64")
        for place, name in enumerate(names)
    }


def shares(events: Any, column: str, names: Sequence[str], start: str) -> dict[str, Any]:
    """Return per name its share of a customer's events, by column name: how often they buy does not enter."""
    return {
        f"{start}{place}": (events[column] == name).fill_null(False).sum() / events.count().cast("float64")
        for place, name in enumerate(names)
    }


def buying(orders: Any, *, has_amount: bool) -> Traits:
    """Return the traits of baskets, from lines of orders; a column that the log lacks makes no trait."""
    named = {column: frequent_names(orders, column) for column in ("category", "item")}
    day = day_number(orders.timestamp)
    days = day.nunique().cast("float64")
    chosen: dict[str, Any] = {}
    traits: list[Trait] = []
    for column in (column for column, names in named.items() if len(names) > 1):
        chosen |= shares(orders, column, named[column], f"bought_{column}_")
        traits += [
            Trait("buy", "bought", f"bought_{column}_{place}", name=name) for place, name in enumerate(named[column])
        ]
        chosen[f"kinds_{column}"] = (orders[column] + "|" + day.cast("string")).nunique() / days
        traits.append(Trait("buy", f"kinds_{column}", f"kinds_{column}", ""))
    if has_amount:
        chosen["basket"] = orders.amount.sum().cast("float64") / days
        traits.append(Trait("buy", "basket", "basket", "money"))
    chosen["units"] = orders.quantity.sum().cast("float64") / days
    traits.append(Trait("buy", "units", "units", ""))
    return orders.group_by("customer_id").agg(**chosen), traits


def doing(events: Any) -> Traits:
    """Return the traits of what customers do besides buying, from actions and messages."""
    actions = events.filter(events.kind == "action")
    names = frequent_names(actions, "item", 12)
    each = events.filter(events.kind.isin(["action", "open", "click"]))
    is_action = each.kind == "action"
    summed = each.group_by("customer_id").agg(
        actions=each.count(where=is_action), opened=(each.kind == "open").any().cast("int64"),
        clicked=(each.kind == "click").any().cast("int64"), **flags(each, "item", names, "did_"),
    )  # fmt: skip
    traits = [Trait("do", "did", f"did_{place}", name=name) for place, name in enumerate(names)]
    traits += [Trait("do", "actions", "actions", "")] if names else []
    return summed, [*traits, Trait("do", "opened", "opened"), Trait("do", "clicked", "clicked")]


def timing(orders: Any, *, has_hours: bool) -> Traits:
    """Return the traits of when customers order; hours only where the log has them."""
    hour, weekday = orders.timestamp.hour(), (day_number(orders.timestamp) + 3) % 7
    n = orders.count().cast("float64")
    chosen = {"weekend": (weekday >= _WEEKEND).sum() / n}
    if has_hours:
        chosen |= {part: ((hour >= start) & (hour < end)).sum() / n for part, (start, end) in _PARTS.items()}
    traits = [Trait("when", name, name) for name in chosen]
    return orders.group_by("customer_id").agg(**chosen), traits


def bringing(events: Any) -> Traits:
    """Return whether customers invited others, or were invited themselves."""
    invited = events.filter((events.kind == "referral") & (events.other_id != events.customer_id).fill_null(True))
    made = invited.select("customer_id", invites=1, was_invited=0)
    named = invited.filter(~invited.other_id.isnull())
    both = made.union(named.select(customer_id=named.other_id, invites=0, was_invited=1))
    summed = both.group_by("customer_id").agg(invites=both.invites.sum(), was_invited=both.was_invited.max())
    traits = [Trait("bring", "invites", "invites", ""), Trait("bring", "was_invited", "was_invited")]
    return summed, traits


def put_beside(customers: Any, tables: Sequence[Traits], missing_is_zero: Sequence[bool]) -> Traits:
    """Join tables of traits to the customers; with `missing_is_zero`, a customer without a row has 0."""
    traits: list[Trait] = []
    for (table, added), is_zero in zip(tables, missing_is_zero, strict=True):
        customers = customers.left_join(table, "customer_id").drop("customer_id_right")
        if is_zero:
            customers = customers.mutate(**{trait.column: customers[trait.column].fill_null(0) for trait in added})
        traits += added
    return customers, traits
