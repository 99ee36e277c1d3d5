"""Recurring revenue: the monthly prices of open contracts, and what moves them within a period."""

import ibis
import pandas as pd

from .customer_base import CustomerBase
from .survival import at_period_ends

GAINS, LOSSES = ("new", "reactivated", "expansion"), ("contraction", "churned")


def count_movements(base: CustomerBase) -> pd.DataFrame:
    """Return the movements of monthly recurring revenue, a row per period, indexed by its number, at most the last 14.

    A customer's revenue is the sum of the monthly prices of the contracts that are open at a moment. From the start of
    a period to its end it is `new` (the customer never paid before the period), `reactivated` (paid once, not at its
    start), `expansion` (more than at the start), `contraction` (less) or `churned` (nothing any more). All are 0 or
    more, in currency per month, and

    start + new + reactivated + expansion - contraction - churned = end.

    `payers` counts the customers who paid at the start, `payers_at_end` those who pay at the end. `gross_retention` is
    the share of `start` that is left after contraction and churn, `net_retention` the same with expansion; NaN where
    nothing was paid at the start.
    """
    each, numbers = at_period_ends(base)
    in_order = ibis.window(group_by="customer_id", order_by=each.place)
    moved = each.mutate(
        before=each.monthly.lag().over(in_order).fill_null(ibis.literal(0)),
        began=each["at"].lag().over(in_order),
    )
    gain = moved.monthly - moved.before
    paid, pays = moved.before > 0, moved.monthly > 0
    returns = (moved.paid_since < moved.began).fill_null(False)
    counted = moved.group_by("place").agg(
        start=moved.before.sum(),
        new=gain.sum(where=~paid & pays & ~returns),
        reactivated=gain.sum(where=~paid & pays & returns),
        expansion=gain.sum(where=paid & (gain > 0)),
        contraction=-gain.sum(where=paid & pays & (gain < 0)),
        churned=moved.before.sum(where=paid & ~pays),
        end=moved.monthly.sum(),
        payers=paid.sum(),
        payers_at_end=pays.sum(),
    )
    periods: pd.DataFrame = counted.order_by("place").execute().set_index("place").astype(float).fillna(0.0).iloc[1:]
    periods.index = pd.Index(numbers, name="number")
    start = periods["start"].where(periods["start"] > 0)
    kept = start - periods["contraction"] - periods["churned"]
    return periods.assign(gross_retention=kept / start, net_retention=(kept + periods["expansion"]) / start)
