"""English phrases on orders: when, how many, how much, how evenly. `phrase` explains the template fields."""

ONE_ORDER = "{missing}only {purchases:purchase|purchases} so far"
NO_SECOND = "{missing}no second purchase known"
LAST = "{1:in the last day|in the last # days}"
BEFORE = "{1:in the day before|in the # days before}"
_SILENT = "last order {days_since_last_purchase:day|days} ago"
_SINGLE_SPEND = "{single}the only purchase was worth {value:money}{usual}"

ORDERS = {
    "days_since_last_purchase": (
        "days since the last purchase",
        "last order {value:day|days} ago, {overdue_mean_ratio:x} times the usual gap",
        "last order {value:day|days} ago{usual}",
        "{missing}no order known",
    ),
    "days_since_first_purchase": ("days since the first purchase", "customer for {value:age}{usual}"),
    "days_since_purchase_before_last": (
        "days since the purchase before the last",
        "last two orders {days_since_last_purchase} and {value:day|days} ago",
        "order before the last {value:day|days} ago{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "days_since_last_refund": (
        "days since the last refund",
        "last refund {value:day|days} ago{usual}",
        "{missing}no refund known",
    ),
    "purchases": ("purchases", "{only}{value:no purchase|purchase|purchases} so far{usual}"),
    r"purchases_last_(\d+)_days": (
        "purchases " + LAST,
        "{value:no purchase|purchase|purchases} " + LAST + ", {purchases_before:none|#|#} " + BEFORE,
        "{only}{value:no purchase|purchase|purchases} " + LAST + "{usual}",
    ),
    "purchases_per_day": (
        "purchases per day",
        "{purchases:purchase|purchases} in {days_since_first_purchase:day|days} as a customer",
        "one purchase every {purchase_every_days:day|days}",
        "{value} purchases per day{usual}",
    ),
    r"spend_last_(\d+)_days": (
        "spend " + LAST,
        "{zero}nothing spent " + LAST,
        "spent {value:money} " + LAST + ", {spend_less:%} less than " + BEFORE,
        "spent {value:money} " + LAST + ", {spend_more:%} more than " + BEFORE,
        "spent {value:money} " + LAST + "{usual}",
    ),
    "spend": ("spend in all", _SINGLE_SPEND, "spent {value:money} in all{usual}"),
    "mean_spend": ("spend per purchase", _SINGLE_SPEND, "spends {value:money} per purchase on average{usual}"),
    "largest_spend": ("largest purchase", _SINGLE_SPEND, "largest purchase {value:money}{usual}"),
    "smallest_spend": ("smallest purchase", _SINGLE_SPEND, "smallest purchase {value:money}{usual}"),
    "last_spend": ("spend on the last purchase", _SINGLE_SPEND, "last purchase {value:money}{usual}"),
    "spend_deviation": (
        "deviation of the spend per purchase",
        "{zero}all purchases of the same amount",
        "purchases vary by {value:money} around a mean of {mean_spend:money}",
        "purchases vary by {value:money}{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "last_spend_ratio": (
        "last purchase over the mean purchase",
        "{single}the only purchase was worth {last_spend:money}",
        "{one}last purchase as large as the customer's average",
        "last purchase {last_spend:money}, {value:%} of the customer's average",
        "last purchase {value:%} of the customer's average{usual}",
    ),
    "refund_share": ("refunds over spend", "{zero}no refund so far", "{value:%} of the spend was refunded{usual}"),
    "units_per_purchase": ("units per purchase", "{only}{value:unit|units} per purchase{usual}"),
    "mean_gap_days": (
        "mean days between purchases",
        "one purchase every {value:day|days} on average{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "shortest_gap_days": (
        "shortest gap between purchases in days",
        "shortest gap between two purchases {value:day|days}{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "longest_gap_days": (
        "longest gap between purchases in days",
        "longest gap between two purchases {value:day|days}{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "last_gap_days": (
        "gap between the last two purchases in days",
        "{value:day|days} between the last two purchases{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "gap_deviation_days": (
        "deviation of the gaps between purchases in days",
        "{zero}purchases always at equal gaps",
        "gaps between purchases vary by {value:day|days} around a mean of {mean_gap_days}",
        "gaps between purchases vary by {value:day|days}{usual}",
        ONE_ORDER,
        "{missing}no third purchase known",
    ),
    "gap_variation": (
        "variation of the gaps between purchases",
        "{zero}purchases always at equal gaps",
        "gaps between purchases vary by {value:%}{usual}",
        ONE_ORDER,
        "{missing}no third purchase known",
    ),
    "overdue_mean_ratio": (
        "days since the last purchase, in usual gaps",
        _SILENT + ", {value:x} times the usual gap",
        "silent for {value:x} times the usual gap",
        ONE_ORDER,
        NO_SECOND,
    ),
    "overdue_longest_ratio": (
        "days since the last purchase, in longest gaps",
        _SILENT + ", {value:x} times the longest gap so far",
        "silent for {value:x} times the longest gap so far",
        ONE_ORDER,
        NO_SECOND,
    ),
    r"purchase_change_(\d+)_days": (
        "purchases " + LAST + " less those " + BEFORE,
        "{purchases_last_@_days:no purchase|purchase|purchases} " + LAST + ", {purchases_before:none|#|#} " + BEFORE,
        "{below:fewer purchase|fewer purchases} " + LAST + " than " + BEFORE,
        "{above:more purchase|more purchases} " + LAST + " than " + BEFORE,
        "{zero}as many purchases " + LAST + " as " + BEFORE,
    ),
    r"decayed_purchases_(\d+)_days": (
        "recent purchases, halved every {1:day|days}",
        _SILENT + ", {overdue_mean_ratio:x} times the usual gap",
        _SILENT + "{usual}",
        "purchases that lie back count {value}, halved every {1:day|days}{usual}",
    ),
    r"decayed_spend_(\d+)_days": (
        "recent spend, halved every {1:day|days}",
        "spent {spend:money} in {purchases:purchase|purchases}, the last {days_since_last_purchase:day|days} ago",
        "spend that lies back counts {value:money}, halved every {1:day|days}{usual}",
    ),
    "repeat_purchases": (
        "repeat purchases",
        "{only}{value:no repeat purchase|repeat purchase|repeat purchases} so far{usual}",
    ),
    "last_purchase_age_days": (
        "days from the first to the last purchase",
        "{zero}no purchase after the first day",
        "first and last purchase {value:day|days} apart{usual}",
    ),
    "age_days": ("days since the first purchase", "customer for {value:age}{usual}"),
    "mean_repeat_spend": (
        "spend per repeat purchase",
        "{zero}nothing spent on repeat purchases",
        "spends {value:money} per repeat purchase on average{usual}",
    ),
    "log_gap_days_sum": (
        "gaps between purchases, logarithms added up",
        "{purchases:purchase|purchases}, the first and the last {last_purchase_age_days:day|days} apart",
        "logarithms of the gaps between purchases add up to {value}{usual}",
    ),
    "btyd_p_alive": (
        "chance of still being active",
        _SILENT + ", {value:%} chance of still being active",
        "judging by past orders, {only}{value:%} chance of still being active{usual}",
    ),
    "btyd_p_no_purchase": (
        "chance of no purchase within the horizon",
        _SILENT + ", {value:%} chance of no further one soon",
        "judging by past orders, {value:%} chance of no further one soon{usual}",
    ),
    "btyd_purchases": (
        "expected purchases",
        _SILENT + ", {only}{value} more expected soon",
        "judging by past orders, {only}{value:purchase|purchases} expected soon{usual}",
    ),
    "btyd_spend": ("expected spend", "judging by past orders, a spend of {value:money} expected{usual}"),
    "btyd_spend_per_purchase": (
        "expected spend per purchase",
        "judging by past orders, {value:money} expected per purchase{usual}",
    ),
}
