"""C9: no part of the customers is served far worse."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..check import Check, Evidence, Rule, Severity, check
from ..metrics import Array, auc, plain

_LEAST_SLICE, _LEAST_CLASS = 200, 30
_MOST_LOSS = 0.1  # of AUC, in a slice against everybody
_MOST_BIAS, _SURE = 0.05, 3.0  # standard errors that chance alone may be off
_NEW_DAYS, _HIGH_SHARE, _MOST_VALUES = 90, 0.1, 5
RULE = Rule(
    "C9",
    "no part of the customers is served far worse",
    Severity.warning,
    what=(
        "Compares new customers, the highest tenth of spend, and the most frequent values of each text "
        "feature (plan, country and the like) with all customers. Fails if a part's AUC is lower by more than "
        "0.1, or its mean score differs from the outcomes by more than 0.05 and three standard errors. Parts "
        "need 200 rows, with 30 of each outcome."
    ),
    why="A good mean can hide a part of the customers for whom scores are wrong, often the most valuable.",
    remedy="Features that distinguish these customers, or a model of their own.",
)


@check(RULE)
def slice_quality(evidence: Evidence) -> Check:
    """Run it on the evidence of a run."""
    return check_slices(evidence.truth, evidence.scores, _slices(evidence.rows))


def check_slices(truth: Array, scores: Array, slices: Mapping[str, Array]) -> Check:
    """C9: is the score as good in each slice of the customers? `slices` are masks (n,) by name."""
    overall, faults, evaluated = plain(auc, truth, scores), [], 0
    for name, mask in slices.items():
        rows = mask.astype(bool)
        left = int(truth[rows].sum())
        if rows.sum() < _LEAST_SLICE or min(left, int(rows.sum()) - left) < _LEAST_CLASS:
            continue
        evaluated += 1
        area, gap = plain(auc, truth[rows], scores[rows]), float(scores[rows].mean() - truth[rows].mean())
        error = float(np.sqrt(np.mean(scores[rows] * (1.0 - scores[rows])) / rows.sum()))
        if area < overall - _MOST_LOSS:
            faults.append(f"{name}: AUC {area:.3f} against {overall:.3f}")
        elif abs(gap) > max(_MOST_BIAS, _SURE * error):
            faults.append(f"{name}: mean score {gap:+.3f} from what happened")
    if not evaluated:
        return RULE.skipped("no slice is large enough")
    return RULE.checked(faults, f"{evaluated} slices")


def _slices(rows: pd.DataFrame) -> dict[str, Array]:
    """Return masks of the validation rows: new customers, customers of high value, and each plan or channel."""
    numbers = [name for name in rows.columns if pd.api.types.is_numeric_dtype(rows[name])]
    slices = {
        f"new customers ({name} up to {_NEW_DAYS})": rows[name] <= _NEW_DAYS
        for name in ("age_days", "contract_age_days")
        if name in numbers
    }
    if "mean_repeat_spend" in numbers:
        spend = rows["mean_repeat_spend"]
        slices["highest tenth of spend"] = spend > spend.quantile(1.0 - _HIGH_SHARE)
    for name in (name for name in rows.columns if name not in (*numbers, "customer_id", "cutoff")):
        for value in rows[name].value_counts().index[:_MOST_VALUES]:
            slices[f"{name} = {value}"] = rows[name] == value
    return {name: np.asarray(mask, dtype=float) for name, mask in slices.items()}
