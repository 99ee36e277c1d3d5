"""Purchase history: the four numbers from which probabilistic models of buying are estimated."""

from typing import Any

from ..snapshots.history import KEYS
from .occasions import EXACT_LOG, exact_mean, settled_days
from .settings import FeatureSettings

HISTORY_COLUMNS = (
    "repeat_purchases", "last_purchase_age_days", "age_days", "mean_repeat_spend", "log_gap_days_sum"
)  # fmt: skip


def purchase_history(history: Any, settings: FeatureSettings) -> Any:
    """Return (x, t_x, T, m) of Fader, Hardie and Lee (2005).

    `repeat_purchases` (x): days with an order after the first one. `last_purchase_age_days` (t_x): days from the
    first to the last. `age_days` (T): days from the first to the last whole day before the cutoff, as in the papers,
    whose calibration period includes its last day. `mean_repeat_spend` (m): the log's currency per repeat purchase,
    0 where there is none (the first purchase does not enter: Fader and Hardie 2013), less what was refunded on the very
    day, if `history` has refunds; other refunds are in `refund_history`. `log_gap_days_sum`: natural logs
    of the days between purchases, summed; regularity is estimated from them (Platzer and Reutterer 2016).
    """
    del settings
    days = settled_days(history)
    bought = days.filter(days.is_purchase)
    bought = bought.mutate(is_first=bought.days_ago == bought.days_ago.max().over(group_by=KEYS))
    gap = bought.days_ago.lag().over(group_by=KEYS, order_by=bought.day) - bought.days_ago
    bought = bought.mutate(log_gap=gap.cast("float64").ln().cast(EXACT_LOG))
    summed = bought.group_by(KEYS).agg(
        n=bought.count(),
        first=bought.days_ago.max(),
        last=bought.days_ago.min(),
        repeat_spend=bought.spend.sum(where=~bought.is_first),
        log_gaps=bought.log_gap.sum(),
    )
    return summed.select(
        *KEYS,
        repeat_purchases=summed.n - 1,
        last_purchase_age_days=summed["first"] - summed["last"],
        age_days=summed["first"] - 1,
        mean_repeat_spend=exact_mean(summed.repeat_spend, summed.n - 1).fill_null(0.0),
        log_gap_days_sum=summed.log_gaps.cast("float64").fill_null(0.0),
    )
