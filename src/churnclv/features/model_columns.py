"""Which columns a churn model sees: the one place that decides it.

Training and refit fit on these columns. A fitted churn model keeps them as its `features`, and scoring and the report
take that list.
"""

from collections.abc import Iterable, Sequence

from ..snapshots.history import KEYS
from .families.purchase_history import HISTORY_COLUMNS
from .refund_history import REFUND_COLUMNS

NOT_FEATURES = (*KEYS, "in_population")
_HISTORY_FAMILY = "purchase_history"
CANDIDATE_PREFIX = "btyd_p_no_purchase_"  # of the probability by each candidate of a combination


def model_columns(columns: Iterable[str], families: Sequence[str] | None, of_values: Iterable[str] = ()) -> list[str]:
    """Return the columns that a churn model sees, in their order, those of value models last.

    Parameters
    ----------
    columns
        The columns of the rows: a feature table's, or a labelled table's.
    families
        The names of the feature families. The purchase history is seen only if it is one of them, the refund history
        never: both are for the value models, and family `money` has the share of refunds. None for a labelled table,
        whose own columns may have any name.
    of_values
        The columns that value models add, if the churn model may see them.

    Returns
    -------
    list of str
        All columns but the keys, the population and the hidden ones. Candidates for one probability, whose names begin
        with `CANDIDATE_PREFIX`, are hidden too: the chosen one is among the columns.
    """
    hidden: tuple[str, ...] = ()
    seen = [name for name in of_values if not name.startswith(CANDIDATE_PREFIX)]
    if families is not None:
        hidden = REFUND_COLUMNS + (() if _HISTORY_FAMILY in families else HISTORY_COLUMNS)
    return [*(name for name in columns if name not in NOT_FEATURES and name not in hidden), *seen]
