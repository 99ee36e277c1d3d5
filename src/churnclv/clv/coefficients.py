"""The coefficients of covariates as a table, each with a sentence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from .covariates import DesignColumn
from .rfm import Array

PURCHASE, DROPOUT, BOTH = "purchase", "dropout", "both"
COLUMNS = (
    "process", "covariate", "level", "reference", "coefficient", "standard_error", "low", "high", "p_value", "sentence"
)  # fmt: skip
_MOVED = {
    PURCHASE: "the purchase rate",
    DROPOUT: "the tendency to leave",
    BOTH: "the purchase rate and the tendency to leave",
    "dropout_a": "the dropout parameter a",
    "dropout_b": "the dropout parameter b",
}
_CONFIDENT = 0.975
_LIKELY, _LEAST_P = 0.05, 0.001
_MOST_FACTOR, _MOST_LOG = 1e3, 20.0


def tabulate(columns: Sequence[tuple[str, DesignColumn]], values: Array, errors: Array) -> pd.DataFrame:
    """Return one row per coefficient.

    Parameters
    ----------
    columns
        The process and the column of each coefficient.
    values, errors
        The coefficients per unit of their covariates, and their standard errors, 0 at a bound.

    Returns
    -------
    DataFrame
        The columns `COLUMNS`; `low` and `high` end the 95% interval, `p_value` is that of no effect. They and the
        standard error are missing where the coefficient ended at its bound.
    """
    error = np.where(errors > 0, errors, np.nan)
    far = ndtri(_CONFIDENT) * error
    p_value = 2.0 * ndtr(-np.abs(values) / error)
    rows: list[list[Any]] = [
        [process, one.attribute, one.level or "", one.reference] for process, one in columns
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS[:4]))
    table = table.assign(
        coefficient=values, standard_error=error, low=values - far, high=values + far, p_value=p_value
    )  # fmt: skip
    sentences = [
        write_effect(process, one, float(value), float(p))
        for (process, one), value, p in zip(columns, values, p_value, strict=True)
    ]
    return table.assign(sentence=sentences)


def write_effect(process: str, column: DesignColumn, value: float, p_value: float) -> str:
    """Return one coefficient as a sentence.

    Parameters
    ----------
    process
        What the covariate moves.
    column
        The covariate, or the level of a category.
    value, p_value
        The coefficient per unit, and the probability of so large a one without an effect; missing at a bound.
    """
    factor, moved = np.exp(np.clip(value, -_MOST_LOG, _MOST_LOG)), _MOVED[process]
    times = f"{factor:.2f}" if 1.0 / _MOST_FACTOR < factor < _MOST_FACTOR else f"{factor:.1e}"
    if column.level is None:
        change = f"One more unit of {column.attribute} multiplies {moved} by {times}"
    else:
        against = f"with {column.reference}" if column.reference else "where it is given"
        change = f"With {column.attribute} {column.level}, {moved} is {times} times that {against}"
    if np.isnan(p_value):
        return f"{change}; the estimate ended at its bound."
    chance = "p < 0.001" if p_value < _LEAST_P else f"p = {p_value:.3f}"
    return f"{change} ({chance}{'' if p_value < _LIKELY else ', may be chance'})."
