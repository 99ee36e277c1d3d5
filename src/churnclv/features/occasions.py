"""Purchase occasions: all orders of a customer on one day count as one."""

from typing import Any

from ..snapshots.history import KEYS, day_number, days_ago

EXACT_LOG = "decimal(38, 12)"  # logs are rounded before they are summed, so that the sums are exact
_ROUNDING = 1e-15  # relative; five roundings of 2**-53 each stay below


def occasions(history: Any) -> Any:
    """Return one row per (customer, cutoff, day) with an order.

    Columns: `day` (since 1970-01-01), `days_ago` (1 = the last day before the cutoff), `spend` (exact),
    `units` (exact, null where the log has none).
    """
    orders = history.filter(history.kind == "order").mutate(
        day=lambda t: day_number(t.timestamp), days_ago=lambda t: days_ago(t.timestamp, t.cutoff)
    )
    return orders.group_by([*KEYS, "day", "days_ago"]).agg(spend=orders.amount.sum(), units=orders.quantity.sum())


def exact_mean(total: Any, count: Any) -> Any:
    """Return total / count as a float; null where the count is zero. The sum is exact, so row order cannot matter."""
    return total.cast("float64") / count.nullif(0).cast("float64")


def exact_deviation(squares: Any, total: Any, count: Any) -> Any:
    """Return the sample standard deviation from exact sums; null below two values.

    Both products are rounded: a difference within their rounding is none, so that equal values deviate by exactly 0.
    """
    n = count.cast("float64")
    scale = n * squares.cast("float64")
    spread = scale - total.cast("float64") * total.cast("float64")
    spread = (spread > _ROUNDING * scale).ifelse(spread, 0.0)
    return (spread / (n * (n - 1.0)).nullif(0.0)).sqrt()


def entropy_term(count: Any) -> Any:
    """Return count ln count, rounded to 12 decimals, so that sums of it are exact."""
    number = count.cast("float64")
    return (number * number.ln()).cast(EXACT_LOG)


def exact_entropy(terms: Any, total: Any, names: Any) -> Any:
    """Return -sum p ln p of shares p = count / total, in nats, from the sum of `entropy_term`; exactly 0 of one name.

    Equal to ln total - (sum of count ln count) / total, which needs no second pass over open-ended names.
    """
    number = total.cast("float64")
    return (names > 1).ifelse(number.ln() - terms.cast("float64") / number, 0.0)
