"""Drift: whether columns are distributed as in the rows that a model was trained on."""

from math import sqrt
from typing import Any

import numpy as np
import pandas as pd

from .metrics import Array

_TENTHS = 10
_TINY = 1e-4
_CERTAIN = 5.0  # standard deviations: a table has many columns


def stability_index(expected: "pd.Series[Any]", actual: "pd.Series[Any]") -> tuple[float, float]:
    """Return the sum of (actual - expected) log(actual / expected) over tenths, or values, and missing ones.

    The second value is the index that chance alone rarely exceeds: without drift, the index times n m / (n + m) is
    about chi-squared with bins - 1 degrees of freedom (Yurdakul 2018, Statistical properties of population stability
    index).
    """
    shares = _number_shares if pd.api.types.is_numeric_dtype(expected) else _text_shares
    before, after = shares(expected, actual)
    rows = np.array([len(expected), len(actual)])
    old, new = [np.maximum(part, max(_TINY, 0.5 / n)) for part, n in zip((before, after), rows, strict=True)]
    free = max(int(((before > 0) | (after > 0)).sum()) - 1, 1)
    chance = (free + _CERTAIN * sqrt(2.0 * free)) * float((1.0 / rows).sum())
    return float(np.sum((new - old) * np.log(new / old))), chance


def _text_shares(expected: "pd.Series[Any]", actual: "pd.Series[Any]") -> list[Array]:
    """Return the shares of the most frequent values, of all others, and of missing ones, in both columns."""
    values = expected.astype(object).value_counts().index[: 2 * _TENTHS]
    shares = []
    for column in (expected, actual):
        rows = [int((column == value).sum()) for value in values]
        missing = int(column.isna().sum())
        shares.append(np.array([*rows, len(column) - sum(rows) - missing, missing]) / max(len(column), 1))
    return shares


def _number_shares(expected: "pd.Series[Any]", actual: "pd.Series[Any]") -> list[Array]:
    """Return the shares of tenths, and of missing ones, in both columns; a value of two tenths is a part of its own."""
    finite = _finite(expected)
    cuts = np.quantile(finite, np.arange(1, _TENTHS) / _TENTHS) if len(finite) else np.zeros(0)
    heavy = cuts[1:][cuts[1:] == cuts[:-1]]
    edges = np.unique(np.r_[cuts, np.nextafter(heavy, -np.inf)])
    return [_binned(column, edges) for column in (expected, actual)]


def _finite(column: "pd.Series[Any]") -> Array:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(values[np.isfinite(values)])


def _binned(column: "pd.Series[Any]", edges: Array) -> Array:
    finite = _finite(column)
    counts = np.bincount(np.searchsorted(edges, finite, side="left"), minlength=len(edges) + 1)
    return np.asarray(np.r_[counts, len(column) - len(finite)] / max(len(column), 1))
