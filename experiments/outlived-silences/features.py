"""How many of her own silences were longer than the present one."""

_KEYS = ["customer_id", "cutoff"]


def outlived_silences(history, settings):
    """Return the share of a customer's gaps longer than the present silence, also shrunk to 1/2, and their number."""
    del settings
    orders = history.filter(history.kind == "order")
    days = orders.select(*_KEYS, day=(orders.timestamp.epoch_seconds() / 86400).floor().cast("int64")).distinct()
    gaps = days.mutate(
        gap=days.day - days.day.lag().over(group_by=_KEYS, order_by=days.day),
        silent=(days.cutoff.epoch_seconds() / 86400).floor().cast("int64") - days.day.max().over(group_by=_KEYS),
    )
    counted = gaps.group_by(_KEYS).agg(gaps=gaps.gap.count(), longer=(gaps.gap > gaps.silent).sum())
    longer = counted.longer.fill_null(0).cast("float64")
    return counted.select(
        *_KEYS,
        past_gaps=counted.gaps,
        outlived_share=longer / counted.gaps.nullif(0).cast("float64"),
        outlived_share_shrunk=(longer + 1.0) / (counted.gaps.cast("float64") + 2.0),
    )
