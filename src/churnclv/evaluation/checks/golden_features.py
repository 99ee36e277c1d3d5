"""C2: no feature reveals the outcome."""

from typing import Any

import numpy as np
import pandas as pd

from ..check import Check, Evidence, Rule, Severity, check
from ..metrics import Array, auc, plain

_GOLDEN_AUC = 0.98
_MOST_ROWS = 20_000  # on which the AUC of single features is computed
_MOST_CODES = 20  # numbers of so few values may be codes, which have no order
_BLOCKS = 8  # of rows: rates come from every second one and are evaluated on the others
RULE = Rule(
    "C2",
    "no feature reveals the outcome",
    Severity.error,
    what=(
        "Fails if one feature alone has an AUC of 0.98 or more: by its values, by whether it is missing, or, "
        "for text and numbers of few values, by the churn rate of its value on other rows."
    ),
    why=(
        "Such a feature was probably written after the outcome, for example a cancellation fee. The model "
        "would be useless on customers whose outcome is still open."
    ),
    remedy=(
        "If it is available only after a customer has left, leave it out: `data.exclude=[...]` or `features.families`."
    ),
)


@check(RULE)
def golden_features(evidence: Evidence) -> Check:
    """Run it on the evidence of a run."""
    return check_golden_features(evidence.features, evidence.churned)


def check_golden_features(features: pd.DataFrame, churned: Array) -> Check:
    """C2: does one feature alone nearly predict who left? Then it was probably recorded after the fact."""
    if not len(features.columns):
        return RULE.skipped("no feature")
    step = max(1, len(features) // _MOST_ROWS)
    some, truth = features.iloc[::step], churned[::step]
    powers = {str(name): single_auc(some[name], truth) for name in some.columns}
    faults = [f"{name!r} alone has AUC {power:.3f}" for name, power in powers.items() if power >= _GOLDEN_AUC]
    best = max(powers, key=lambda name: powers[name])
    fine = f"the strongest, {best!r}, has AUC {powers[best]:.3f}"
    return RULE.checked(faults, fine)


def single_auc(column: "pd.Series[Any]", churned: Array) -> float:
    """Return the AUC of one column, (n,): of its numbers in their better direction, or of missing or not.

    Texts, and numbers of few values, are ranked by the churn rate of their value on other rows.
    """
    is_number = pd.api.types.is_numeric_dtype(column)
    powers = [_either_way(churned, np.asarray(column.isna(), dtype=float))]
    if is_number:
        values = column.to_numpy(dtype=float, na_value=np.nan)
        finite = np.isfinite(values)
        middle = float(np.median(values[finite])) if finite.any() else 0.0
        powers.append(_either_way(churned, np.asarray(np.where(finite, values, middle), dtype=float)))
    if not is_number or column.nunique() <= _MOST_CODES:
        powers.append(_rate_auc(column, churned))
    return max(powers)


def _either_way(churned: Array, ranked: Array) -> float:
    power = plain(auc, churned, ranked)
    return max(power, 1.0 - power) if np.isfinite(power) else 0.5


def _rate_auc(column: "pd.Series[Any]", churned: Array) -> float:
    """Return the AUC of the churn rate of a row's value, learned on one half of the rows and evaluated on the other.

    Rates among all other rows would not do: of two rows with one value, the one that churned would get the lower rate.
    """
    codes = pd.factorize(column.astype(object), use_na_sentinel=False)[0]
    blocks = min(_BLOCKS, len(codes))
    first = np.arange(len(codes)) * blocks // len(codes) % 2 == 0
    powers = []
    for evaluated in (first, ~first):
        if not 0 < churned[evaluated].sum() < evaluated.sum():
            continue
        count = np.bincount(codes[~evaluated], minlength=codes.max() + 1)
        total = np.bincount(codes[~evaluated], weights=churned[~evaluated], minlength=codes.max() + 1)
        rates = (total + churned.mean()) / (count + 1.0)
        powers.append(plain(auc, churned[evaluated], rates[codes[evaluated]]))
    return float(np.mean(powers)) if powers else 0.5
