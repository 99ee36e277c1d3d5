"""Basket: what is bought. Customers who buy in many categories leave later than those who buy one thing."""

from typing import Any

from ...snapshots.history import KEYS, day_number, days_ago
from ..family import Column, Need, family
from ..keyed_table import put_beside
from ..occasions import entropy_term, exact_entropy, exact_mean
from ..phrase_parts import LAST_EN, LAST_IT
from ..settings import FeatureSettings

COLUMNS = (
    Column(
        "items",
        "different items bought",
        "count",
        en=("different items", "{only}{value:item|different items} bought so far{usual}"),
        it=("articoli diversi", "{only}{value:articolo|articoli diversi} finora{usual}"),
        topic="variety",
    ),
    Column(
        r"items_last_(\d+)_days",
        "different items bought in the window",
        "count",
        en=(
            "different items " + LAST_EN,
            "{only}{value:no item|item|different items} bought " + LAST_EN + "{usual}",
        ),
        it=(
            "articoli diversi " + LAST_IT,
            "{only}{value:nessun articolo|articolo|articoli diversi} " + LAST_IT + "{usual}",
        ),
        topic="variety",
    ),
    Column(
        "item_variety",
        "different items over order lines with an item",
        "ratio",
        en=("different items per line", "{value} different items per order line{usual}"),
        it=("articoli diversi per riga d'ordine", "{value} articoli diversi per riga d'ordine{usual}"),
        topic="variety",
    ),
    Column(
        "repeat_item_share",
        "share of order lines with an item bought on an earlier day",
        "0 to 1",
        en=(
            "share of lines with an item bought before",
            "{zero}no item bought a second time",
            "{value:%} of order lines with an item bought before{usual}",
        ),
        it=(
            "quota di righe con un articolo già acquistato",
            "{zero}nessun articolo acquistato una seconda volta",
            "{value:%} delle righe d'ordine con un articolo già acquistato{usual}",
        ),
        topic="variety",
    ),
    Column(
        "categories",
        "different categories bought",
        "count",
        en=("different categories", "{only}{value:category|categories} bought from so far{usual}"),
        it=("categorie diverse", "{only}{value:categoria|categorie} finora{usual}"),
        topic="variety",
    ),
    Column(
        r"categories_last_(\d+)_days",
        "different categories bought in the window",
        "count",
        en=(
            "different categories " + LAST_EN,
            "{only}{value:no category|category|categories} bought from " + LAST_EN + "{usual}",
        ),
        it=(
            "categorie diverse " + LAST_IT,
            "{only}{value:nessuna categoria|categoria|categorie} " + LAST_IT + "{usual}",
        ),
        topic="variety",
    ),
    Column(
        "category_entropy",
        "entropy of order lines over categories; 0 is one category",
        "nats",
        en=(
            "spread of orders over categories",
            "{zero}all orders from one category",
            "orders spread over {value:spread:category|categories}{usual}",
        ),
        it=(
            "dispersione degli ordini sulle categorie",
            "{zero}tutti gli ordini in una sola categoria",
            "ordini sparsi su {value:spread:categoria|categorie}{usual}",
        ),
        topic="variety",
        warns=False,
    ),
    Column(
        "top_category_spend_share",
        "share of the spend that went to the category with most lines",
        "0 to 1",
        en=(
            "share of spend in the main category",
            "{one}all spend in one category",
            "{value:%} of spend in the main category{usual}",
        ),
        it=(
            "quota di spesa nella categoria principale",
            "{one}tutta la spesa in una sola categoria",
            "{value:%} della spesa nella categoria principale{usual}",
        ),
        topic="variety",
    ),
    Column(
        r"new_category_share_last_(\d+)_days",
        "share of the window's categories never bought before it",
        "0 to 1",
        en=(
            "share of new categories " + LAST_EN,
            "{zero}no new category " + LAST_EN,
            "{value:%} of the categories " + LAST_EN + " were new{usual}",
            "{missing}nothing bought from a category " + LAST_EN,
        ),
        it=(
            "quota di categorie nuove " + LAST_IT,
            "{zero}nessuna categoria nuova " + LAST_IT,
            "{value:%} di categorie nuove " + LAST_IT + "{usual}",
            "{missing}nessun acquisto con categoria " + LAST_IT,
        ),
        topic="variety",
    ),
    Column(
        "discount_share",
        "discounts over spend and discounts",
        "0 to 1",
        en=(
            "discounts over the full price",
            "{zero}nothing bought at a discount",
            "{value:%} of the full price saved by discounts{usual}",
        ),
        it=(
            "sconti sul prezzo pieno",
            "{zero}nessun acquisto scontato",
            "sconti: {value:%} del prezzo pieno{usual}",
        ),
        topic="discounts",
    ),
    Column(
        "discounted_purchase_share",
        "share of purchases with a discount",
        "0 to 1",
        en=(
            "share of purchases with a discount",
            "{zero}no purchase with a discount",
            "{value:%} of purchases with a discount{usual}",
        ),
        it=(
            "quota di acquisti con uno sconto",
            "{zero}nessun acquisto con uno sconto",
            "{value:%} degli acquisti con uno sconto{usual}",
        ),
        topic="discounts",
    ),
    Column(
        "units_per_line",
        "units per order line",
        "count",
        en=("units per order line", "{only}{value:unit|units} per order line{usual}"),
        it=("pezzi per riga d'ordine", "{only}{value:pezzo|pezzi} per riga d'ordine{usual}"),
        topic="units",
    ),
    Column(
        "lines_per_purchase",
        "order lines per purchase",
        "count",
        en=("order lines per purchase", "{only}{value:line|lines} per purchase{usual}"),
        it=("righe per acquisto", "{only}{value:riga|righe} per acquisto{usual}"),
        topic="units",
    ),
    Column(
        "return_unit_share",
        "units of refunds over units of orders",
        "ratio",
        en=(
            "share of units sent back",
            "{zero}nothing sent back",
            "{value:%} of units sent back{usual}",
        ),
        it=(
            "quota di pezzi resi",
            "{zero}nessun reso",
            "resi: {value:%} dei pezzi{usual}",
        ),
        topic="returns",
    ),
    Column(
        "return_line_share",
        "lines of refunds over lines of orders",
        "ratio",
        en=(
            "share of order lines sent back",
            "{zero}nothing sent back",
            "{value:%} of order lines sent back{usual}",
        ),
        it=(
            "quota di righe rese",
            "{zero}nessun reso",
            "resi: {value:%} delle righe d'ordine{usual}",
        ),
        topic="returns",
    ),
)


@family(
    columns=COLUMNS, needs=(Need(("order",), ("item", "category")), Need(("discount",))), place=90, per_customer=True
)
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
    Customers without an order have none of them. Family recency has the days since the last refund.
    """
    dated = history.mutate(ago=days_ago(history.timestamp, history.cutoff))
    lines = dated.filter(dated.kind == "order")
    return put_beside(_totals(dated), _items(lines, settings), _categories(lines, settings))


def _totals(dated: Any) -> Any:
    """Return the features without item or category: first by day, then by customer."""
    kind = dated.kind
    days = dated.filter(kind.isin(["order", "refund", "discount"]))
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
    totals = daily.group_by(KEYS).agg(
        purchases=bought.sum(),
        discounted=(bought & (daily.discounts > 0)).sum(),
        **{name: daily[name].sum() for name in daily.columns if name not in (*KEYS, "ago", "discounts")},
    )
    totals = totals.filter(totals.purchases > 0)
    discount = totals.discount.cast("float64").fill_null(0.0)
    units = totals.units.cast("float64")
    return totals.select(
        *KEYS,
        units_per_line=exact_mean(totals.units, totals.counted_lines),
        lines_per_purchase=exact_mean(totals.lines, totals.purchases),
        discount_share=discount / (totals.spend.cast("float64") + discount).nullif(0.0),
        discounted_purchase_share=exact_mean(totals.discounted, totals.purchases),
        return_unit_share=totals.returned_units.cast("float64").fill_null(0.0) / units.nullif(0.0),
        return_line_share=exact_mean(totals.returned_lines, totals.lines),
    )


def _items(lines: Any, settings: FeatureSettings) -> Any:
    """Return counts and shares of distinct items; lines of an item after its first day repeat it."""
    named = lines.filter(lines.item.notnull())
    named = named.mutate(day=day_number(named.timestamp))
    # for all cutoffs at once: events older than a line are in every history that has the line
    born = named.group_by("customer_id", "item").agg(first_day=named.day.min())
    dated = named.left_join(born, ["customer_id", "item"])
    each = dated.group_by([*KEYS, "item"]).agg(
        lines=dated.count(), repeats=(dated.day > dated.first_day).sum(), last=dated.ago.min()
    )
    counts = each.group_by(KEYS).agg(
        items=each.count(),
        **{f"items_last_{days}_days": (each["last"] <= days).sum() for days in settings.lookback_days},
        lines=each.lines.sum(),
        repeats=each.repeats.sum(),
    )
    return counts.mutate(
        item_variety=exact_mean(counts["items"], counts.lines),
        repeat_item_share=exact_mean(counts.repeats, counts.lines),
    ).drop("lines", "repeats")


def _categories(lines: Any, settings: FeatureSettings) -> Any:
    """Return counts and shares of distinct categories."""
    named = lines.filter(lines.category.notnull())
    each = named.group_by([*KEYS, "category"]).agg(
        lines=named.count(), spend=named.amount.sum(), last=named.ago.min(), first=named.ago.max()
    )
    each = each.mutate(term=entropy_term(each.lines), is_top=each.lines == each.lines.max().over(group_by=KEYS))
    recent = {days: each["last"] <= days for days in settings.lookback_days}
    counts = each.group_by(KEYS).agg(
        categories=each.count(),
        **{f"categories_last_{days}_days": inside.sum() for days, inside in recent.items()},
        **{f"new_{days}": (each["first"] <= days).sum() for days in recent},
        lines=each.lines.sum(),
        terms=each.term.sum(),
        spend=each.spend.sum(),
        top=each.spend.max(where=each.is_top),
    )
    new = {
        f"new_category_share_last_{days}_days": exact_mean(
            counts[f"new_{days}"], counts[f"categories_last_{days}_days"]
        )
        for days in recent
    }
    return counts.mutate(
        category_entropy=exact_entropy(counts.terms, counts.lines, counts.categories),
        top_category_spend_share=counts.top.cast("float64") / counts.spend.cast("float64").nullif(0.0),
        **new,
    ).drop("lines", "terms", "spend", "top", *[f"new_{days}" for days in recent])
