"""Drift: whether columns are distributed as in the rows that a model was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd

from .metrics import Array

_TENTHS = 10
_TINY = 1e-4
_CERTAIN = 5.0  # standard deviations: a table has many columns
_LEAST_ROWS = 10.0  # of both samples in a bin; smaller bins are tested together


@dataclass(frozen=True)
class Bins:
    """Bins of one column: the upper edges of numbers, or its frequent texts; the last bin has the missing cells.

    Parameters
    ----------
    edges
        Of numbers, increasing; a number above the last edge is in a bin of its own.
    values
        Texts; all others share a bin.
    is_number
        Whether the column has numbers.
    """

    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    is_number: bool = True

    @classmethod
    def learn(cls, column: "pd.Series[Any]") -> "Bins":
        """Return tenths of numbers, where a value of two tenths is a bin of its own; or the 20 most frequent texts."""
        if not pd.api.types.is_numeric_dtype(column):
            counts = column.astype(object).value_counts()
            return cls(values=tuple(map(str, counts.index[: 2 * _TENTHS])), is_number=False)
        finite = _finite(column)
        cuts = np.quantile(finite, np.arange(1, _TENTHS) / _TENTHS) if len(finite) else np.zeros(0)
        heavy = cuts[1:][cuts[1:] == cuts[:-1]]
        return cls(tuple(map(float, np.unique(np.r_[cuts, np.nextafter(heavy, -np.inf)]))))

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Bins":
        """Return the bins that `as_dict` gave."""
        if "values" in stored:
            return cls(values=tuple(stored["values"]), is_number=False)
        return cls(tuple(stored["edges"]))

    def as_dict(self) -> dict[str, Any]:
        """Return the bins for JSON."""
        return {"edges": list(self.edges)} if self.is_number else {"values": list(self.values)}

    def count(self, column: "pd.Series[Any]") -> Array:
        """Return the cells in each bin, the missing ones last."""
        if not self.is_number:
            texts = column.astype(object)
            missing = int(texts.isna().sum())
            rows = [int((texts.where(texts.isna(), texts.astype(str)) == value).sum()) for value in self.values]
            return np.array([*rows, len(column) - sum(rows) - missing, missing], dtype=float)
        numeric = column if pd.api.types.is_numeric_dtype(column) else pd.to_numeric(column, errors="coerce")
        finite = _finite(numeric)
        counts = np.bincount(np.searchsorted(self.edges, finite, side="left"), minlength=len(self.edges) + 1)
        return np.asarray(np.r_[counts, len(column) - len(finite)], dtype=float)


def stability_index(expected: "pd.Series[Any]", actual: "pd.Series[Any]") -> tuple[float, float]:
    """Return the sum of (actual - expected) log(actual / expected) over tenths, or values, and missing ones.

    The second value is the index that chance alone rarely exceeds: without drift, the index times n m / (n + m) is
    about chi-squared with bins - 1 degrees of freedom (Yurdakul 2018, Statistical properties of population stability
    index).
    """
    bins = Bins.learn(expected)
    return index_of_counts(bins.count(expected), bins.count(actual))


def index_of_counts(before: Array, after: Array) -> tuple[float, float]:
    """Return the index of `stability_index`, and what chance rarely exceeds, from the cells in each bin, (bins,)."""
    rows = np.array([before.sum(), after.sum()])
    shares = [part / max(n, 1.0) for part, n in zip((before, after), rows, strict=True)]
    old, new = [np.maximum(share, max(_TINY, 0.5 / max(n, 1.0))) for share, n in zip(shares, rows, strict=True)]
    free = max(int(((before > 0) | (after > 0)).sum()) - 1, 1)
    chance = (free + _CERTAIN * sqrt(2.0 * free)) * float((1.0 / np.maximum(rows, 1.0)).sum())
    return float(np.sum((new - old) * np.log(new / old))), chance


def same_distribution(before: Array, after: Array) -> float:
    """Return the p-value of Pearson's chi-squared test that two samples, counted in bins (bins,), are of one law.

    Bins with fewer than ten cells in both samples together count as one. Where one bin is left, it is 1.
    """
    from scipy.stats import chi2_contingency

    table = np.array([before, after])
    large = table.sum(axis=0) >= _LEAST_ROWS
    rest = table[:, ~large].sum(axis=1, keepdims=True)
    pooled = np.hstack([table[:, large], rest]) if rest.sum() > 0 else table[:, large]
    if pooled.shape[1] < 2 or (pooled.sum(axis=1) == 0).any():  # noqa: PLR2004 # one bin has no shape
        return 1.0
    return float(chi2_contingency(pooled, correction=False).pvalue)


def adjusted(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values that hold for many tests at once, under any dependence (Benjamini and Yekutieli 2001).

    Calling those below a level false alarms at most at that rate if nothing differs.
    """
    from scipy.stats import false_discovery_control

    if not p_values:
        return {}
    return dict(zip(p_values, map(float, false_discovery_control([*p_values.values()], method="by")), strict=True))


def _finite(column: "pd.Series[Any]") -> Array:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(values[np.isfinite(values)])
