"""Basket: what is bought. A customer at home in many corners of a shop leaves later than one who came for one thing."""

from typing import Any

from ..snapshots.history import KEYS, day_number, days_ago
from .keyed_table import put_beside
from .occasions import entropy_term, exact_entropy, exact_mean
from .settings import FeatureSettings


def basket(history: Any, settings: FeatureSettings) -> Any:
    """Return how wide, how new, how discounted and how often returned a customer's order lines are.

    Counts: `items`, `categories`, distinct ones, in all and per lookback (null where no line names one);
    `units_per_line`; `lines_per_purchase`, over days with an order.
    Shares in 0..1: `repeat_item_share`, of lines with an item bought on an earlier day; `top_category_spend_share`, of
    the spend on lines with a category, what went to the category with most lines (of several, the one with most spend);
    `new_category_share_last_*`, of the categories bought in a lookback, those never bought before it;
    `discount_share`, discounts / (spend + discounts); `discounted_purchase_share`, of days with an order, those with a
    discount. Ratios: `item_variety`, items / lines with an item; `return_unit_share` and `return_line_share`, units and
    lines of refunds over those of orders. `category_entropy` is in nats (0 = always the same), over lines.
    Customers without an order have none of them. When the last refund was, family recency tells.
    """
    traded = history.mutate(ago=days_ago(history.timestamp, history.cutoff))
    lines = traded.filter(traded.kind == "order")
    return put_beside(_totals(traded), _items(lines, settings), _categories(lines, settings))


def _totals(traded: Any) -> Any:
    """Return what needs no item or category: first by day, then by customer."""
    kind = traded.kind
    days = traded.filter(kind.isin(["order", "refund", "discount"]))
    ordered, returned, discounted = (days.kind == name for name in ("order", "refund", "discount"))
    daily = days.group_by([*KEYS, "ago"]).agg(
        lines=ordered.sum(),
        counted_lines=days.quantity.count(where=ordered),
        units=days.quantity.sum(where=ordered),
        spend=days.amount.sum(where=ordered),
        returned_lines=returned.sum(),
        returned_units=days.quantity.abs().sum(where=returned),
        discounts=discounted.sum(),
        discount=days.amount.sum(where=discounted),
    )
    bought = daily.lines > 0
    found = daily.group_by(KEYS).agg(
        purchases=bought.sum(),
        discounted=(bought & (daily.discounts > 0)).sum(),
        **{name: daily[name].sum() for name in daily.columns if name not in (*KEYS, "ago", "discounts")},
    )
    found = found.filter(found.purchases > 0)
    discount = found.discount.cast("float64").fill_null(0.0)
    units = found.units.cast("float64")
    return found.select(
        *KEYS,
        units_per_line=exact_mean(found.units, found.counted_lines),
        lines_per_purchase=exact_mean(found.lines, found.purchases),
        discount_share=discount / (found.spend.cast("float64") + discount).nullif(0.0),
        discounted_purchase_share=exact_mean(found.discounted, found.purchases),
        return_unit_share=found.returned_units.cast("float64").fill_null(0.0) / units.nullif(0.0),
        return_line_share=exact_mean(found.returned_lines, found.lines),
    )


def _items(lines: Any, settings: FeatureSettings) -> Any:
    """Return what is known of distinct items; lines of an item after its first day repeat it."""
    named = lines.filter(lines.item.notnull())
    named = named.mutate(day=day_number(named.timestamp))
    # for all cutoffs at once: what is older than a line is seen wherever the line is seen
    born = named.group_by("customer_id", "item").agg(first_day=named.day.min())
    known = named.left_join(born, ["customer_id", "item"])
    each = known.group_by([*KEYS, "item"]).agg(
        lines=known.count(), repeats=(known.day > known.first_day).sum(), last=known.ago.min()
    )
    found = each.group_by(KEYS).agg(
        items=each.count(),
        **{f"items_last_{days}_days": (each["last"] <= days).sum() for days in settings.lookback_days},
        lines=each.lines.sum(),
        repeats=each.repeats.sum(),
    )
    return found.mutate(
        item_variety=exact_mean(found["items"], found.lines), repeat_item_share=exact_mean(found.repeats, found.lines)
    ).drop("lines", "repeats")


def _categories(lines: Any, settings: FeatureSettings) -> Any:
    """Return what is known of distinct categories."""
    named = lines.filter(lines.category.notnull())
    each = named.group_by([*KEYS, "category"]).agg(
        lines=named.count(), spend=named.amount.sum(), last=named.ago.min(), first=named.ago.max()
    )
    each = each.mutate(term=entropy_term(each.lines), is_top=each.lines == each.lines.max().over(group_by=KEYS))
    recent = {days: each["last"] <= days for days in settings.lookback_days}
    found = each.group_by(KEYS).agg(
        categories=each.count(),
        **{f"categories_last_{days}_days": inside.sum() for days, inside in recent.items()},
        **{f"new_{days}": (each["first"] <= days).sum() for days in recent},
        lines=each.lines.sum(),
        terms=each.term.sum(),
        spend=each.spend.sum(),
        top=each.spend.max(where=each.is_top),
    )
    new = {
        f"new_category_share_last_{days}_days": exact_mean(found[f"new_{days}"], found[f"categories_last_{days}_days"])
        for days in recent
    }
    return found.mutate(
        category_entropy=exact_entropy(found.terms, found.lines, found.categories),
        top_category_spend_share=found.top.cast("float64") / found.spend.cast("float64").nullif(0.0),
        **new,
    ).drop("lines", "terms", "spend", "top", *[f"new_{days}" for days in recent])
