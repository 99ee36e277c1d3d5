"""Cadence: a customer's own rhythm. Sixty days without a purchase are unusual for a weekly, not a yearly buyer."""

from typing import Any

from ..snapshots.history import KEYS
from .occasions import exact_deviation, exact_mean, occasions
from .settings import FeatureSettings


def cadence(history: Any, settings: FeatureSettings) -> Any:
    """Return mean, spread, shortest, longest and last gap between purchases, and the current gap relative to them.

    Units: days; the `overdue_*` are ratios (above 1: longer without a purchase than is usual for this customer),
    `gap_variation` is deviation / mean (0 = like clockwork, about 1 = at random; regularity, Wheat and Morrison 1990).
    Null below two purchases (three for what needs two gaps).
    """
    del settings
    bought = occasions(history)
    gap = bought.days_ago.lag().over(group_by=KEYS, order_by=bought.day) - bought.days_ago
    spaced = bought.mutate(gap_days=gap)
    spaced = spaced.mutate(is_last=spaced.days_ago == spaced.days_ago.min().over(group_by=KEYS))
    summed = spaced.group_by(KEYS).agg(
        n=spaced.gap_days.count(),
        total=spaced.gap_days.sum(),
        squares=(spaced.gap_days * spaced.gap_days).sum(),
        shortest_gap_days=spaced.gap_days.min(),
        longest_gap_days=spaced.gap_days.max(),
        last_gap_days=spaced.gap_days.max(where=spaced.is_last),
        silent_days=spaced.days_ago.min(),
    )
    mean = exact_mean(summed.total, summed.n)
    deviation = exact_deviation(summed.squares, summed.total, summed.n)
    silent = summed.silent_days.cast("float64")
    return summed.select(
        *KEYS,
        "shortest_gap_days",
        "longest_gap_days",
        "last_gap_days",
        mean_gap_days=mean,
        gap_deviation_days=deviation,
        gap_variation=deviation / mean,
        overdue_mean_ratio=silent / mean,
        overdue_longest_ratio=silent / summed.longest_gap_days.cast("float64"),
    )
