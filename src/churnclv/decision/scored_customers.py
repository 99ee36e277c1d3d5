"""Scored customers: the file that scoring wrote, as the input of a campaign's plan."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import listed, require
from ..files import file_digest
from ..outputs import read_head

NEEDED = ("customer_id", "as_of", "horizon_days", "churn_score", "expected_gain")
OPTIONAL = ("segment", "expected_purchases", "expected_spend")
NO_SEGMENT = "all"
TREATMENT = "best_arm"  # a column of the scores of an experiment
_NUMBERS = ("churn_score", "expected_gain", "expected_purchases", "expected_spend", "horizon_days")
_SHOWN_ROWS = 5


@dataclass(frozen=True)
class ScoredCustomers:
    """Customers with a churn score and an expected gain, ordered by id as text.

    Attributes
    ----------
    rows
        Columns customer_id, segment, churn_score, expected_gain, expected_purchases, expected_spend; the last two are
        zero where the scores have none.
    as_of
        The day of the scores.
    horizon_days
        Days ahead that the scores cover.
    left_out
        Rows without a churn score or an expected gain.
    digest
        The sha256 of the file.
    """

    rows: pd.DataFrame
    as_of: pd.Timestamp
    horizon_days: int
    left_out: int
    digest: str


def read_scores(path: Path) -> ScoredCustomers:
    """Read the scores of customers.

    Raises
    ------
    InputError
        The file is missing, is no table of scores or has the effects of an experiment, customers are in it twice,
        numbers are none, or rows are of different days or horizons; the message names the file, the column and the row.
    """
    require(path.is_file(), f"{path}: no such file of scores.", remedy="make score INPUT=orders.csv OUTPUT=scores.csv")
    head = read_head(path)
    effects = f"{path}: holds the effects of an experiment's treatments, not churn scores."
    remedy = f"campaign-plan SCORES=scores.csv EFFECTS={path.name} takes churn scores, and these effects beside them."
    require(TREATMENT not in head, effects, remedy=remedy)
    missing = [name for name in NEEDED if name not in head]
    remedy = "name the file that `make score` wrote."
    require(not missing, f"{path}: has no column {listed(missing)}.", remedy=remedy)
    wanted = [name for name in (*NEEDED, *OPTIONAL) if name in head]
    table = pd.read_csv(path, dtype=str, usecols=wanted, keep_default_na=False, encoding="utf-8-sig")
    require(len(table) > 0, f"{path}: has a header but no rows.", remedy=remedy)
    for name in (name for name in _NUMBERS if name in table):
        table[name] = read_numbers(path, table[name])
    blank, twice = table["customer_id"] == "", table["customer_id"].duplicated(keep=False)
    require(not blank.any(), f"{path}: {name_rows(blank)}: customer_id is empty.", remedy=remedy)
    message = f"{path}: {name_rows(twice)}: a customer_id is there twice."
    require(not twice.any(), message, remedy="one row per customer.")
    outside = (table["churn_score"] < 0.0) | (table["churn_score"] > 1.0)
    require(not outside.any(), f"{path}: {name_rows(outside)}: churn_score is not in 0 to 1.", remedy=remedy)
    scored = table.dropna(subset=["churn_score", "expected_gain"]).sort_values("customer_id", ignore_index=True)
    require(len(scored) > 0, f"{path}: no row has a churn_score and an expected_gain.", remedy=_NO_GAIN)
    return ScoredCustomers(
        rows=_complete(scored),
        as_of=_day(path, scored),
        horizon_days=_horizon(path, scored),
        left_out=len(table) - len(scored),
        digest=file_digest(path),
    )


_NO_GAIN = "economics.value_at_stake=fixed gives a gain to customers without a value, in make train and make export."


def read_numbers(path: Path, column: "pd.Series[str]") -> "pd.Series[float]":
    """Return a column of texts as numbers, NaN where it is empty; raise `InputError` where a text is no number."""
    numbers = pd.to_numeric(column.where(column != ""), errors="coerce")
    wrong = ((column != "") & numbers.isna()) | np.isinf(numbers)
    message = f"{path}: {name_rows(wrong)}: {column.name} is no number."
    require(not wrong.any(), message, remedy="write the scores again.")
    return numbers.astype(float)


def name_rows(wrong: "pd.Series[bool] | np.ndarray[Any, Any]") -> str:
    """Return the rows of a file, of which the header is row 1."""
    places = [str(place + 2) for place in np.flatnonzero(np.asarray(wrong))]
    return f"row {listed(places, _SHOWN_ROWS)}" if len(places) == 1 else f"rows {listed(places, _SHOWN_ROWS)}"


def _complete(scored: pd.DataFrame) -> pd.DataFrame:
    segment = scored["segment"] if "segment" in scored else pd.Series("", index=scored.index)
    rows = scored[["customer_id"]].assign(segment=segment.where(segment != "", NO_SEGMENT))
    for name in ("churn_score", "expected_gain", "expected_purchases", "expected_spend"):
        rows[name] = scored[name].fillna(0.0) if name in scored else 0.0
    return rows


def _day(path: Path, scored: pd.DataFrame) -> pd.Timestamp:
    days = sorted(set(scored["as_of"]))
    remedy = "a campaign needs the day on which it stands: score a log of dated events."
    require(days != [""], f"{path}: as_of is empty.", remedy=remedy)
    require(len(days) == 1, f"{path}: as_of is {listed(days, 3)}.", remedy="one file of scores of one day.")
    moment = pd.to_datetime(pd.Series(days), errors="coerce").iloc[0]
    require(not pd.isna(moment), f"{path}: as_of is {days[0]!r}, which is no date.", remedy="write the scores again.")
    return pd.Timestamp(moment)


def _horizon(path: Path, scored: pd.DataFrame) -> int:
    days = sorted(set(scored["horizon_days"].dropna()))
    named = listed([f"{day:g}" for day in days], 3) or "empty"
    fits = len(days) == 1 and days[0] >= 1 and float(days[0]).is_integer()
    require(fits, f"{path}: horizon_days is {named}.", remedy="one file of scores of one horizon, in whole days.")
    return int(days[0])
