"""Acquisition costs: a table of dated amounts that the user provides."""

from pathlib import Path

import pandas as pd

from ..errors import InputError, require
from ..ranges import CURRENCY
from .periods import Period

_COLUMNS = ("date", "cost")


def read_costs(path: Path, period: Period) -> dict[int, float]:
    """Return the acquisition cost in currency, by the number of the period.

    Raises:
        InputError: no such file, a column is missing, or a cell is no date or no amount.
    """
    require(path.is_file(), f"{path}: no such file.", remedy="report.costs names a CSV with the columns date, cost.")
    try:
        table = pd.read_csv(path, dtype=str)
    except (ValueError, OSError) as error:  # no text, no table, or not to be read
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: is no CSV file ({reason}).", remedy="report.costs needs date, cost.") from None
    missing = [name for name in _COLUMNS if name not in table.columns]
    remedy = f"its columns are {', '.join(map(str, table.columns))}; date and cost are needed."
    require(not missing, f"{path}: no column {', '.join(missing)}.", remedy=remedy)
    dates = pd.to_datetime(table["date"], format="ISO8601", errors="coerce")
    costs = pd.to_numeric(table["cost"], errors="coerce")
    costs = costs.where(costs.abs() <= CURRENCY)
    for name, parsed, rule in (("date", dates, "a date such as 2011-09-09"), ("cost", costs, "an amount such as 250")):
        if parsed.isna().any():
            row = int(parsed.isna().to_numpy().argmax())
            raise InputError(f"{path}: row {row + 2}, column {name!r}: {table[name].iloc[row]!r} is not {rule}.")
    numbers = [period.number_of(date.to_pydatetime()) for date in dates]
    totals: dict[int, float] = {}
    for number, cost in zip(numbers, costs, strict=True):
        totals[number] = totals.get(number, 0.0) + float(cost)
    return totals
