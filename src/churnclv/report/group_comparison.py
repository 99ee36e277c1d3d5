"""Comparing two groups of customers, trait by trait: effect sizes with intervals, and control of false discoveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from .estimates import NORMAL, exact

LEAST = 10  # customers; smaller groups are not compared
FALSE_SHARE = 0.05  # of the differences reported, at most this share is expected to be false
_GROUPS = ("high", "low")


@dataclass(frozen=True)
class Trait:
    """A trait of customers: a column of a table, its lens, the key of its text, and a name from the data.

    A `style` of `%` is for shares: the column is then 0 or 1, or a share per customer.
    """

    lens: str
    key: str
    column: str
    style: str = "%"
    name: str = ""


def compare(table: Any, traits: Sequence[Trait]) -> pd.DataFrame:
    """Return one row per trait, the largest effect first, for a table with booleans `high`, `low` and the traits.

    The groups compared are the high ones and all others; `low` is shown beside them. Columns: `lens`, `key`, `name`,
    `style`; `high`, `all`, `low` (means), `n_high`, `n_rest`; `difference` (high less rest) with `_low` and `_high`;
    `effect`, Cohen's d, with `_low` and `_high` (Hedges and Olkin 1985, their large-sample variance), in standard
    deviations of all customers where neither group varies; `p_value` of Welch's test in its large-sample form;
    `is_found`, whether it is a discovery after Benjamini and Hochberg (1995, JRSS B 57(1)).
    """
    sums: dict[str, Any] = {}
    for trait in traits:
        value = table[trait.column].cast("float64")
        sums |= {f"{trait.column}|n": value.count(), f"{trait.column}|s": exact(value).sum(),
                 f"{trait.column}|q": exact(value * value).sum()}  # fmt: skip
    counted = table.group_by(*_GROUPS).agg(**sums).order_by(_GROUPS).execute()
    rows = [_compare(counted, trait) for trait in traits]
    comparison = pd.DataFrame([row for row in rows if row is not None])
    if not len(comparison):
        return comparison
    comparison["is_found"] = control(comparison["p_value"].to_numpy(dtype=float))
    ranked = comparison.assign(size=comparison["effect"].abs()).sort_values("size", ascending=False, kind="stable")
    return ranked.drop(columns="size").reset_index(drop=True)


def _compare(counted: pd.DataFrame, trait: Trait) -> dict[str, Any] | None:
    """Return the row of a trait; None where a group is too small or all customers are equal."""
    high, low = counted["high"].astype(bool), counted["low"].astype(bool)
    parts = counted[[f"{trait.column}|{end}" for end in "nsq"]].astype(float).fillna(0.0)
    n1, mean1, variance1 = _moments(parts[high])
    n0, mean0, variance0 = _moments(parts[~high])
    _, mean_all, variance_all = _moments(parts)
    if min(n1, n0) < LEAST or not variance_all > 0:
        return None
    pooled = ((n1 - 1) * variance1 + (n0 - 1) * variance0) / (n1 + n0 - 2) or variance_all
    error, difference = sqrt(variance1 / n1 + variance0 / n0), mean1 - mean0
    effect = difference / sqrt(pooled)
    reach = NORMAL * sqrt((n1 + n0) / (n1 * n0) + effect**2 / (2 * (n1 + n0)))
    return {
        "lens": trait.lens, "key": trait.key, "name": trait.name, "style": trait.style, "high": mean1,
        "all": mean_all, "low": _moments(parts[low])[1], "n_high": int(n1), "n_rest": int(n0),
        "difference": difference, "difference_low": difference - NORMAL * error,
        "difference_high": difference + NORMAL * error, "effect": effect, "effect_low": effect - reach,
        "effect_high": effect + reach, "p_value": erfc(abs(difference) / error / sqrt(2.0)) if error > 0 else 0.0,
    }  # fmt: skip


def _moments(parts: pd.DataFrame) -> tuple[float, float, float]:
    """Return number, mean and sample variance from counts, sums and sums of squares."""
    n, total, squares = (float(value) for value in parts.sum().to_numpy())
    if n <= 0:
        return 0.0, nan, nan
    spread = max(0.0, squares - total * total / n)
    return n, total / n, spread / (n - 1) if n > 1 else 0.0


def control(p_values: Array, share: float = FALSE_SHARE) -> Array:
    """Return which p-values are discoveries if at most `share` of them may be false (Benjamini and Hochberg), (n,)."""
    order, n = np.argsort(p_values, kind="stable"), len(p_values)
    below = np.flatnonzero(p_values[order] <= share * np.arange(1, n + 1) / max(n, 1))
    discoveries = np.zeros(n, dtype=bool)
    if len(below):
        discoveries[order[: below[-1] + 1]] = True
    return discoveries
