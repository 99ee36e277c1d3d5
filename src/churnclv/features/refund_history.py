"""Refund history: the numbers from which the share of spend that comes back is estimated."""

from typing import Any

import ibis

from ..snapshots.history import KEYS
from .occasions import settled_days
from .settings import FeatureSettings

REFUND_COLUMNS = ("settled_spend", "returned_spend", "returns", "return_delay_days")


def refund_history(history: Any, settings: FeatureSettings) -> Any:
    """Return what customers spent and what of it they returned, before the cutoff, by customer and cutoff.

    Columns: `settled_spend`, what all purchases cost, less what was refunded on their day, in the log's currency;
    `returned_spend`, the other refunds, at most the settled spend, without those before the first purchase, which undo
    what the log does not have; `returns`, days with such a refund; `return_delay_days`, the days from the latest
    purchase to each of them, summed. All sums are exact.

    Parameters
    ----------
    history
        The cut history; without refunds in it, nothing was returned.
    settings
        Not used: value models need these columns whatever is chosen.
    """
    del settings
    days = settled_days(history)
    upto = ibis.window(group_by=KEYS, order_by="day", preceding=None, following=0)
    bought = days.is_purchase.ifelse(days.day, ibis.null("int64"))
    days = days.mutate(delay=days.day - bought.max().over(upto))
    is_return = (days.returned > 0) & days.delay.notnull()
    summed = days.group_by(KEYS).agg(
        settled=days.spend.sum(),
        returned=days.returned.sum(where=is_return).fill_null(ibis.literal(0)),
        returns=is_return.sum(),
        delays=days.delay.sum(where=is_return).fill_null(0),
    )
    return summed.select(
        *KEYS,
        settled_spend=summed.settled.cast("float64"),
        returned_spend=ibis.least(summed.returned, summed.settled).cast("float64"),
        returns=summed.returns.cast("int64"),
        return_delay_days=summed.delays.cast("int64"),
    )
