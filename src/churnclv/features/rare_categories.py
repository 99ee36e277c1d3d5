"""Rare values: text that few customers share identifies them, so no fitted model or written file may hold it."""

from collections.abc import Mapping

import pandas as pd

from ..data.readings import LEAST_CUSTOMERS

RARE = "(rare)"  # in place of a rare value; models encode it like values that are not in training


def frequent_values(rows: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Return for each column of text the values that at least five customers have.

    Parameters
    ----------
    rows
        Rows with `customer_id`; a customer may have several, such as one per cutoff.

    Returns
    -------
    dict
        Column -> its frequent values; columns of numbers and keys are not among them.
    """
    frequent = {}
    for name in _text_columns(rows):
        pairs = rows[["customer_id", name]].dropna().drop_duplicates()
        counts = pairs[name].astype(str).value_counts()
        frequent[name] = frozenset(map(str, counts.index[counts >= LEAST_CUSTOMERS]))
    return frequent


def mask_rare(rows: pd.DataFrame, frequent: Mapping[str, frozenset[str]]) -> pd.DataFrame:
    """Return rows whose texts outside the frequent values are `RARE`; missing cells stay missing.

    Parameters
    ----------
    rows
        Any rows with these columns.
    frequent
        Column -> values, from `frequent_values` of the rows that are learned from.

    Returns
    -------
    pandas.DataFrame
        The same columns in the same order.
    """
    masked = {}
    for name, values in frequent.items():
        column = rows[name]
        masked[name] = column.where(column.isna() | column.astype(str).isin(values), RARE)
    return rows.assign(**masked)


def _text_columns(rows: pd.DataFrame) -> list[str]:
    keys = ("customer_id", "cutoff", "in_population")
    return [
        str(name)
        for name in rows.columns
        if name not in keys and (pd.api.types.is_object_dtype(rows[name]) or pd.api.types.is_string_dtype(rows[name]))
    ]
