"""Leakage in an experiment's columns: copies of the outcome, what was made from it, what the treatment has changed.

A column from after the treatment hides its effect: whoever is alike in it is alike in the outcome, whatever was done.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import listed, require
from ..evaluation.checks.golden_features import single_auc
from ..evaluation.metrics import Array

_LEAST_ROWS = 20  # with one value of a column, of which all have the rarer outcome
_CHANCE = 1e-9  # of so many, if the column knew nothing
_GOLDEN_AUC = 0.98
_NEARLY_ALL = 0.95  # of the amounts
_CLOSE = 0.999  # correlation of a copy in another unit
_MOST_VALUES = 50  # of a column of codes; other numbers are taken as zero, above and below
_CHANCE_DIFFERENCE = 1e-6  # of a difference between arms drawn at random, divided by the number of columns
_MOST_ROWS = 50_000


def require_before_treatment(
    features: pd.DataFrame, arm: NDArray[np.int64], outcome: Array, kept: Collection[str], *, randomised: bool
) -> None:
    """Check that columns were known before the treatment, as far as the rows show it.

    Parameters
    ----------
    features
        The columns, (n, k).
    arm
        What each customer got, (n,).
    outcome
        What happened, (n,).
    kept
        Columns that the user insists on.
    randomised
        Whether chance decided who got what, so that nothing known before differs between the arms.

    Raises
    ------
    InputError
        Columns are copies of the outcome or made from it, or differ between the arms; the message names all of them.
    """
    step = max(1, len(features) // _MOST_ROWS)
    some, arms, results = features.iloc[::step], arm[::step], outcome[::step]
    named = [str(name) for name in some.columns if name not in kept]
    faults = {name: _why_late(some[name], arms, results, len(named), randomised=randomised) for name in named}
    late = {name: why for name, why in faults.items() if why}
    shown = "; ".join(f"{name!r} {why}" for name, why in list(late.items())[:5])
    remedy = (
        f"leave out what was written after the treatment: 'data.after_treatment=[{','.join(late)}]'; "
        "data.keep_columns=[...] keeps a column that was known before."
    )
    columns = "column" if len(late) == 1 else "columns"
    require(not late, f"{columns} {shown}{_more(late)}.", remedy=remedy)


def _more(late: dict[str, str]) -> str:
    others = list(late)[5:]
    return f"; also {listed([repr(name) for name in others])}" if others else ""


def _why_late(
    column: "pd.Series[Any]", arm: NDArray[np.int64], outcome: Array, columns: int, *, randomised: bool
) -> str:
    """Return why a column cannot have been known before the treatment; empty where nothing shows it."""
    return next(
        (
            why
            for why in (
                _copy(column, outcome),
                _made_from(column, _happened(outcome)),
                _made_from_arm(column, arm),
                _differs(column, arm, columns) if randomised else "",
            )
            if why
        ),
        "",
    )


def _copy(column: "pd.Series[Any]", outcome: Array) -> str:
    if not pd.api.types.is_numeric_dtype(column):
        return ""
    values = column.to_numpy(dtype=float, na_value=np.nan)
    filled = np.isfinite(values)
    if filled.sum() < _LEAST_ROWS or np.ptp(values[filled]) == 0.0 or np.ptp(outcome[filled]) == 0.0:
        return ""
    correlation = abs(float(np.corrcoef(values[filled], outcome[filled])[0, 1]))
    return "is a copy of the outcome" if correlation >= _CLOSE else ""


def _happened(outcome: Array) -> Array:
    """Return an outcome as yes or no: whether it is above zero, or above its median where nearly every amount is."""
    above = (outcome > 0.0).astype(float)
    return above if above.mean() < _NEARLY_ALL else (outcome > float(np.median(outcome))).astype(float)


def _made_from(column: "pd.Series[Any]", happened: Array) -> str:
    """Return whether a column alone nearly predicts the outcome, or has a value that goes with the rarer one alone."""
    if not 0.0 < happened.mean() < 1.0:
        return ""
    power = single_auc(column, happened)
    if power >= _GOLDEN_AUC:
        return f"alone predicts the outcome (AUC {power:.3f}): it was made from it"
    rarer = happened if happened.mean() <= 0.5 else 1.0 - happened  # noqa: PLR2004 # half
    codes = _codes(column)
    count = np.bincount(codes)
    with_it = np.bincount(codes, weights=rarer, minlength=len(count))
    sure = (with_it == count) & (count >= _LEAST_ROWS) & (count * np.log(rarer.mean()) < np.log(_CHANCE))
    if not sure.any():
        return ""
    return f"has a value of which all {int(count[sure].max()):,} customers had the same outcome: it was made from it"


def _made_from_arm(column: "pd.Series[Any]", arm: NDArray[np.int64]) -> str:
    """Return whether a column has one value among the control group, or is a name of the arm."""
    codes = _codes(column)
    if len(np.unique(codes)) < 2:  # noqa: PLR2004 # a constant
        return ""
    control, treated = np.unique(codes[arm == 0]), np.unique(codes[arm > 0])
    if not len(np.intersect1d(control, treated)):
        return "says who was treated"
    alone = len(control) == 1 and len(treated) > 1
    share = float((codes[arm > 0] != control[0]).mean())
    sure = alone and (arm == 0).sum() * np.log1p(-min(share, 1.0 - _CHANCE)) < np.log(_CHANCE)
    return "is the same for the whole control group: it was written after the treatment" if sure else ""


def _differs(column: "pd.Series[Any]", arm: NDArray[np.int64], columns: int) -> str:
    """Return whether a column differs between arms that were drawn at random."""
    from scipy.stats import chi2_contingency, kruskal

    limit = _CHANCE_DIFFERENCE / max(columns, 1)
    table = np.asarray(pd.crosstab(_codes(column), arm).to_numpy(dtype=float))
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    frequent = table[expected.min(axis=1) >= 5.0]  # noqa: PLR2004 # Cochran's rule
    chances = [float(chi2_contingency(frequent).pvalue)] if len(frequent) > 1 else []
    if pd.api.types.is_numeric_dtype(column):
        groups = [part.dropna().to_numpy(dtype=float) for _, part in column.groupby(arm)]
        if all(map(len, groups)) and np.ptp(np.concatenate(groups)) > 0.0:
            chances.append(float(kruskal(*groups).pvalue))
    least = min(chances, default=1.0)
    if least >= limit:
        return ""
    return f"differs between the arms (p = {least:.0e}), which chance alone does not do to what was known before"


def _codes(column: "pd.Series[Any]") -> NDArray[np.intp]:
    """Return a number per value; numbers of many values are zero, below or above; missing is a value."""
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > _MOST_VALUES:
        column = np.sign(column)
    return pd.factorize(column.astype(object), use_na_sentinel=False)[0]
