"""Purchase occasions: all orders of a customer on one day count as one."""

from typing import Any

from ..snapshots.history import KEYS, day_number


def occasions(history: Any) -> Any:
    """Return one row per (customer, cutoff, day) with an order.

    Columns: `day` (since 1970-01-01), `days_ago` (1 = the last day before the cutoff), `spend` (exact),
    `units` (exact, null where the log has none).
    """
    orders = history.filter(history.kind == "order").mutate(
        day=lambda t: day_number(t.timestamp), cutoff_day=lambda t: day_number(t.cutoff)
    )
    days = orders.group_by([*KEYS, "day", "cutoff_day"]).agg(spend=orders.amount.sum(), units=orders.quantity.sum())
    return days.mutate(days_ago=days.cutoff_day - days.day)


def exact_mean(total: Any, count: Any) -> Any:
    """Return total / count as a float; null where the count is zero. The sum is exact, so row order cannot matter."""
    return total.cast("float64") / count.nullif(0).cast("float64")


def exact_deviation(squares: Any, total: Any, count: Any) -> Any:
    """Return the sample standard deviation from exact sums; null below two values."""
    n = count.cast("float64")
    spread = (n * squares.cast("float64") - total.cast("float64") * total.cast("float64")).clip(lower=0.0)
    return (spread / (n * (n - 1.0)).nullif(0.0)).sqrt()
