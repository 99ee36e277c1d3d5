"""Topics: which features say the same thing, so that three reasons are three different things."""

from functools import lru_cache
from typing import NamedTuple

from .phrase import fill_window, match_pattern

# topic -> patterns of columns; `{}` in a topic is their first group; a column of no topic is one of its own
TOPICS: dict[str, tuple[str, ...]] = {
    "silence": (
        "days_since_last_purchase", "overdue_mean_ratio", "overdue_longest_ratio", r"purchases_last_(\d+)_days",
        r"purchase_change_(\d+)_days", r"decayed_purchases_(\d+)_days", "btyd_p_alive", "btyd_p_no_purchase",
        "btyd_purchases", "days_since_purchase_before_last",
    ),
    "frequency": (
        "purchases", "repeat_purchases", "purchases_per_day", "mean_gap_days", "shortest_gap_days",
        "longest_gap_days", "last_gap_days", "last_purchase_age_days", "log_gap_days_sum",
    ),
    "regularity": ("gap_deviation_days", "gap_variation"),
    "age": ("days_since_first_purchase", "age_days", "contract_age_days", "customer_age_days", "btyd_p_ends"),
    "renewal": ("months_to_renewal", "contracts_before"),
    "price": ("price", "price_change_share", "price_increases", "price_decreases"),
    "plan": ("plan",),
    "plan changes": ("plan_changes", "days_since_plan_change"),
    "payments": (r"payment_failures(_last_\d+_days)?", "days_since_payment_failure"),
    "spend": (
        r"spend_last_(\d+)_days", r"decayed_spend_(\d+)_days", "spend", "mean_spend", "mean_repeat_spend",
        "largest_spend", "smallest_spend", "last_spend", "spend_deviation", "last_spend_ratio", "btyd_spend",
        "btyd_spend_per_purchase",
    ),
    "units": ("units_per_purchase", "units_per_line", "lines_per_purchase"),
    "returns": ("days_since_last_refund", "refund_share", "return_unit_share", "return_line_share"),
    "discounts": ("discount_share", "discounted_purchase_share"),
    "variety": (
        "items", r"items_last_(\d+)_days", "item_variety", "repeat_item_share", "categories",
        r"categories_last_(\d+)_days", "category_entropy", "top_category_spend_share",
        r"new_category_share_last_(\d+)_days",
    ),
    "activity": (
        "actions", r"actions_last_(\d+)_days", r"action_change_(\d+)_days", "sessions", "action_names",
        "actions_since_last_order", "days_since_last_action", "days_from_last_action_to_last_order",
        "actions_per_session", "last_session_action_share", "action_entropy",
    ),
    "action {}": (
        r"actions_named_(\w+)", r"days_since_action_(\w+)", r"sessions_with_(\w+)_share", r"last_action_is_(\w+)",
    ),
    "messages": (
        r"(sends|opens|clicks)(_last_\d+_days|_by_\w+)?", r"(open|click)_rate(_change_\d+_days|_by_\w+)?",
        "days_since_last_open", "days_since_last_click",
    ),
    "unsubscribing": (r"unsubscribes_last_\d+_days", "unsubscribed", "days_since_last_unsubscribe"),
    "invitations": ("invitations", "invited_customers", "invited_buyers", "days_since_last_invitation"),
    "invited": ("was_invited", "days_since_invited"),
    "weekday": ("weekend_share", r"weekday_\w+"),
    "hours": (r"hours_\w+",),
    "season": (r"month_\w+",),
}  # fmt: skip

# no warning signs are made of these: nobody can picture a threshold, or, of months, it moves with the calendar
NO_SIGNS = (
    r"decayed_.*", r"btyd_.*", r".*_entropy", "log_gap_days_sum", r".*_deviation", r".*_deviation_days",
    "gap_variation", r"month_\d\d_share",
)  # fmt: skip


class Move(NamedTuple):
    """Where a column belongs for customers whose `witness` column is missing (`when` None) or equals `when`."""

    witness: str
    when: float | None
    topic: str


# pattern -> move; `@` in a witness is the pattern's first group. A gap that is missing means a single purchase.
MOVES: dict[str, Move] = {
    **{
        name: Move(name, None, "frequency")
        for name in (
            "days_since_purchase_before_last", "overdue_mean_ratio", "overdue_longest_ratio", "gap_deviation_days",
            "gap_variation", "spend_deviation",
        )
    },
    **{name: Move(name, 0.0, "frequency") for name in ("weekday_entropy", "hours_entropy", "month_entropy")},
    "mean_repeat_spend": Move("mean_repeat_spend", 0.0, "frequency"),
    r"spend_last_(\d+)_days": Move("spend_last_@_days", 0.0, "silence"),
    r"decayed_spend_(\d+)_days": Move("spend_last_@_days", 0.0, "silence"),
}  # fmt: skip


@lru_cache(maxsize=4096)
def find_topic(column: str) -> str:
    """Return a column's topic: a built-in one, or its own name."""
    for topic, patterns in TOPICS.items():
        pattern, groups = match_pattern(column, patterns)
        if pattern in patterns:
            return topic.format(*groups)
    return column


def can_warn(column: str) -> bool:
    """Return whether a threshold on a column means something to its reader."""
    return match_pattern(column, NO_SIGNS)[0] not in NO_SIGNS


@lru_cache(maxsize=4096)
def find_move(column: str) -> Move | None:
    """Return where a column belongs for some customers, its witness named in full."""
    pattern, groups = match_pattern(column, tuple(MOVES))
    if pattern not in MOVES:
        return None
    move = MOVES[pattern]
    return Move(fill_window(move.witness, groups), move.when, move.topic)
