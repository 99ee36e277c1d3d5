"""Regularity of the time between purchases."""

_KEYS = ["customer_id", "cutoff"]
_EXACT = "decimal(38, 12)"  # sums of it do not depend on the order of rows


def regularity(history, settings):
    """Return mean and mean square of g1 / (g1 + g2) over neighbouring gaps, and the share of the favourite weekday.

    The ratio (Wheat and Morrison 1990, Journal of Marketing Research 27) is uniform for random buyers, so its variance
    is 1/12, and near 1/2 for regular ones. Null below three purchases.
    """
    del settings
    orders = history.filter(history.kind == "order")
    days = orders.select(*_KEYS, day=(orders.timestamp.epoch_seconds() / 86400).floor().cast("int64")).distinct()
    first = days.mutate(gap=days.day - days.day.lag().over(group_by=_KEYS, order_by=days.day))
    second = first.mutate(former=first.gap.lag().over(group_by=_KEYS, order_by=first.day))
    share = second.former.cast("float64") / (second.former + second.gap).nullif(0).cast("float64")
    off = (share - 0.5) * (share - 0.5)
    ticks = second.group_by(_KEYS).agg(
        purchases_seen=second.day.count(),
        total=share.cast(_EXACT).sum(),
        squares=off.cast(_EXACT).sum(),
        pairs=share.count(),
    )
    weekdays = days.group_by([*_KEYS, (days.day % 7).name("weekday")]).agg(n=days.day.count())
    favourite = weekdays.group_by(_KEYS).agg(most=weekdays.n.max())
    joined = ticks.join(favourite, _KEYS)
    pairs = joined.pairs.nullif(0).cast("float64")
    return joined.select(
        *_KEYS,
        gap_share_mean=joined.total.cast("float64") / pairs,
        gap_share_spread=joined.squares.cast("float64") / pairs,
        favourite_weekday_share=joined.most.cast("float64") / joined.purchases_seen.cast("float64"),
    )
