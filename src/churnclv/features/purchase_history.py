"""Purchase history: the four numbers from which probabilistic models of buying are estimated."""

from typing import Any

from ..snapshots.history import KEYS
from .occasions import exact_mean, occasions
from .settings import FeatureSettings

HISTORY_COLUMNS = ("repeat_purchases", "last_purchase_age_days", "age_days", "mean_repeat_spend")


def purchase_history(history: Any, settings: FeatureSettings) -> Any:
    """Return (x, t_x, T, m) of Fader, Hardie and Lee (2005).

    `repeat_purchases` (x): days with an order after the first one. `last_purchase_age_days` (t_x): days from the
    first to the last. `age_days` (T): days from the first to the last whole day before the cutoff, as in the papers,
    whose calibration period includes its last day. `mean_repeat_spend` (m): the log's currency per repeat purchase,
    0 where there is none (the first purchase does not enter: Fader and Hardie 2013).
    """
    del settings
    bought = occasions(history)
    bought = bought.mutate(is_first=bought.days_ago == bought.days_ago.max().over(group_by=KEYS))
    summed = bought.group_by(KEYS).agg(
        n=bought.count(),
        first=bought.days_ago.max(),
        last=bought.days_ago.min(),
        repeat_spend=bought.spend.sum(where=~bought.is_first),
    )
    return summed.select(
        *KEYS,
        repeat_purchases=summed.n - 1,
        last_purchase_age_days=summed["first"] - summed["last"],
        age_days=summed["first"] - 1,
        mean_repeat_spend=exact_mean(summed.repeat_spend, summed.n - 1).fill_null(0.0),
    )
