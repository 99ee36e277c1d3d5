"""English phrases on habits: on which days, at what time, what is bought. `phrase` explains the template fields."""

from .english_orders import LAST

_SINGLE = "{zero}{single}only 1 purchase so far"

HABITS = {
    "weekend_share": (
        "share of orders at the weekend",
        "{zero}no order at the weekend",
        "{single}{one}the only order was at the weekend",
        "{value:%} of orders at the weekend{usual}",
    ),
    r"weekday_(\w+day)_share": (
        "share of orders on {1:part}",
        "{zero}no order on a {1:part}",
        "{single}{one}the only order was on a {1:part}",
        "{value:%} of orders on a {1:part}{usual}",
    ),
    r"hours_(night|morning|afternoon|evening)_share": (
        "share of orders {1:part}",
        "{zero}no order {1:part}",
        "{single}{one}the only order was {1:part}",
        "{value:%} of orders {1:part}{usual}",
    ),
    r"month_(\d\d)_share": (
        "share of orders in {1:part}",
        "{zero}no order in {1:part}",
        "{single}{one}the only order was in {1:part}",
        "{value:%} of orders in {1:part}{usual}",
    ),
    "weekday_entropy": (
        "spread of orders over weekdays",
        _SINGLE,
        "{zero}all orders on the same weekday",
        "orders spread over {value:spread:weekday|weekdays}{usual}",
    ),
    "hours_entropy": (
        "spread of orders over the day",
        _SINGLE,
        "{zero}all orders in the same part of the day",
        "orders spread over {value:spread:part of the day|parts of the day}{usual}",
    ),
    "month_entropy": (
        "spread of orders over the months",
        _SINGLE,
        "{zero}all orders in the same month of the year",
        "orders spread over {value:spread:month of the year|months of the year}{usual}",
    ),
    "items": ("different items", "{only}{value:item|different items} bought so far{usual}"),
    r"items_last_(\d+)_days": (
        "different items " + LAST,
        "{only}{value:no item|item|different items} bought " + LAST + "{usual}",
    ),
    "item_variety": ("different items per line", "{value} different items per order line{usual}"),
    "repeat_item_share": (
        "share of lines with an item bought before",
        "{zero}no item bought a second time",
        "{value:%} of order lines with an item bought before{usual}",
    ),
    "categories": ("different categories", "{only}{value:category|categories} bought from so far{usual}"),
    r"categories_last_(\d+)_days": (
        "different categories " + LAST,
        "{only}{value:no category|category|categories} bought from " + LAST + "{usual}",
    ),
    "category_entropy": (
        "spread of orders over categories",
        "{zero}all orders from one category",
        "orders spread over {value:spread:category|categories}{usual}",
    ),
    "top_category_spend_share": (
        "share of spend in the main category",
        "{one}all spend in one category",
        "{value:%} of spend in the main category{usual}",
    ),
    r"new_category_share_last_(\d+)_days": (
        "share of new categories " + LAST,
        "{zero}no new category " + LAST,
        "{value:%} of the categories " + LAST + " were new{usual}",
        "{missing}nothing bought from a category " + LAST,
    ),
    "discount_share": (
        "discounts over the full price",
        "{zero}nothing bought at a discount",
        "{value:%} of the full price saved by discounts{usual}",
    ),
    "discounted_purchase_share": (
        "share of purchases with a discount",
        "{zero}no purchase with a discount",
        "{value:%} of purchases with a discount{usual}",
    ),
    "units_per_line": ("units per order line", "{only}{value:unit|units} per order line{usual}"),
    "lines_per_purchase": ("order lines per purchase", "{only}{value:line|lines} per purchase{usual}"),
    "return_unit_share": (
        "share of units sent back",
        "{zero}nothing sent back",
        "{value:%} of units sent back{usual}",
    ),
    "return_line_share": (
        "share of order lines sent back",
        "{zero}nothing sent back",
        "{value:%} of order lines sent back{usual}",
    ),
}
