"""Comparison of the rows to be scored with the training rows of the bundle, column by column."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.drift import Bins
from ..features.rare_categories import RARE
from ..notices import Notice

PROFILE = "profile.json"  # its file in a bundle
_QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_SHOWN = 5  # columns in a message
_CLEAR = 0.1  # of the cells: a smaller rise of a share is not mentioned
_CHANCE = 1e-3  # of so large a share, if the cells were like those at training
_LEAST_SHARE = 0.01  # that any cell is missing or new, whatever training had
_SCALE = 10.0  # times the median, or beyond the 99th percentile
_LEAST_ROWS = 20  # for a median and a share outside the range
_MOST_OUTSIDE = 0.5  # of the cells; at training it is .02

Profile = Mapping[str, Mapping[str, Any]]


def describe_columns(rows: pd.DataFrame) -> dict[str, Any]:
    """Return each column's share of missing cells, quantiles of numbers or shares of frequent texts, and its bins.

    Parameters
    ----------
    rows
        The training rows of the models; texts that few customers share are masked.

    Returns
    -------
    dict
        For JSON.
    """
    profile: dict[str, Any] = {}
    for name in rows.columns:
        column = rows[name]
        present = column.dropna()
        profile[str(name)] = {"missing_share": float(column.isna().mean())}
        if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
            del profile[str(name)]
        elif pd.api.types.is_numeric_dtype(column):
            pairs = zip(_QUANTILES, np.quantile(present, _QUANTILES), strict=True) if len(present) else ()
            profile[str(name)]["quantiles"] = {str(q): float(v) for q, v in pairs}
        else:
            shares = present.astype(str).value_counts(normalize=True)
            profile[str(name)]["values"] = {
                str(value): float(share) for value, share in sorted(shares.items()) if value != RARE
            }
        if str(name) in profile:
            profile[str(name)]["bins"] = _count_bins(column)
    return profile


def _count_bins(column: "pd.Series[Any]") -> dict[str, Any]:
    """Return the bins of a column and its cells in each; a masked text is one of the others."""
    bins = Bins.learn(column[~column.isin([RARE])])
    return {**bins.as_dict(), "counts": bins.count(column).tolist()}


def compare_columns(profile: Profile, rows: pd.DataFrame) -> tuple[Notice, ...]:
    """Return the clear differences between rows to be scored and the training rows of the bundle.

    Parameters
    ----------
    profile
        What `describe_columns` gave.
    rows
        Feature rows; columns that the profile lacks are not compared.

    Returns
    -------
    tuple of Notice
        One per kind of difference, with columns and figures.
    """
    common = [name for name in profile if name in rows.columns]
    if not len(rows):
        return ()
    compared = rows[common]
    missing = dict(zip(common, compared.isna().to_numpy().sum(axis=0), strict=True))
    kinds: list[tuple[str, str, Callable[..., str | None], str]] = [
        ("more_missing", "cells are missing", _more_missing, "fill the column, or check how its cells are written."),
        ("unseen_values", "values do not occur in training", _unseen, "check their spelling, or train again."),
        ("other_scale", "numbers are far from those of training", _other_scale, "check the unit and the decimal sign."),
    ]
    columns = _take_columns(compared)
    notices = []
    for code, what, compare, remedy in kinds:
        sentences = [(name, compare(profile[name], columns[name], int(missing[name]))) for name in common]
        differing = [f"column {name!r}: {sentence}" for name, sentence in sentences if sentence is not None]
        if differing:
            more = f"; and {len(differing) - _SHOWN} more columns" if len(differing) > _SHOWN else ""
            notices.append(Notice(code, f"{what}: {'; '.join(differing[:_SHOWN])}{more}.", remedy))
    return tuple(notices)


def _take_columns(rows: pd.DataFrame) -> dict[str, Any]:
    """Return each column by name: numbers as an array (n,), anything else as a series."""
    numbers = [name for name, kind in rows.dtypes.items() if pd.api.types.is_numeric_dtype(kind)]
    cells = rows[numbers].to_numpy(dtype=float, na_value=np.nan)
    arrays = {str(name): cells[:, place] for place, name in enumerate(numbers)}
    return {name: arrays[name] if name in arrays else rows[name] for name in map(str, rows.columns)}


def _more_missing(learned: Mapping[str, Any], column: Any, missing: int) -> str | None:
    usual = float(learned["missing_share"])
    if not _is_more(missing, len(column), usual):
        return None
    return f"{missing / len(column):.1%} missing, {usual:.1%} at training"


def _unseen(learned: Mapping[str, Any], column: Any, missing: int) -> str | None:
    del missing
    if "values" not in learned or isinstance(column, np.ndarray):
        return None
    texts = column.dropna().map(_as_text)
    unseen = int((~texts.isin(list(learned["values"]))).sum())
    usual = max(0.0, 1.0 - sum(learned["values"].values())) if learned["values"] else 1.0
    if not _is_more(unseen, len(texts), usual):
        return None
    return f"{unseen / len(texts):.1%} of its values are new, {usual:.1%} were rare at training"


def _as_text(cell: Any) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _other_scale(learned: Mapping[str, Any], column: Any, missing: int) -> str | None:
    del missing
    if not learned.get("quantiles") or not isinstance(column, np.ndarray):
        return None
    finite = column[np.isfinite(column)]
    if not len(finite):
        return None
    low, usual, high = (float(learned["quantiles"][q]) for q in ("0.01", "0.5", "0.99"))
    far = max(abs(low), abs(high))
    if len(finite) < _LEAST_ROWS and np.abs(finite).max() <= _SCALE * far:
        return None  # nor is their median larger
    median = float(np.median(finite))
    outside = float(np.mean((finite < low) | (finite > high)))
    is_far = far > 0 and abs(median) > _SCALE * far
    if len(finite) >= _LEAST_ROWS:
        now, then = abs(median), abs(usual)
        if low < 0.0:  # medians of numbers around zero differ by any factor: their spread says how large they are
            first, third = np.quantile(finite, (0.25, 0.75))
            now, then = float(third - first), float(learned["quantiles"]["0.75"] - learned["quantiles"]["0.25"])
        ratio = now / then if now > 0 and then > 0 else 1.0
        is_far = is_far or not 1 / _SCALE < ratio < _SCALE or outside > _MOST_OUTSIDE
    if not is_far:
        return None
    return f"median {median:.4g}, {usual:.4g} at training; {outside:.0%} outside {low:.4g} to {high:.4g}"


def _is_more(count: int, cells: int, usual: float) -> bool:
    """Return whether so many cells of a kind are clearly more than a share, beyond chance (binomial)."""
    from scipy.stats import binom

    if cells == 0 or count / cells - usual < _CLEAR:
        return False
    return bool(binom.sf(count - 1, cells, max(usual, _LEAST_SHARE)) < _CHANCE)
