"""The expected next order: error of the median against the naive mean gap, and coverage of the 80% interval.

    python experiments/benchmarks/next_order.py                  # CDNOW, inside `lifetimes`
    python experiments/benchmarks/next_order.py --data FOLDER    # and Online Retail II

Purchase models are fitted on the orders before the cutoff, and predict the day of the first order after it, of
customers who order within the rest of the log. Two naive answers need two orders or more: the mean gap after the last
order (on the day of the cutoff where that has passed), and the mean gap after the cutoff.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from arena_cases import CASES, ID, LogCase

from churnclv.clv.clv_model import ClvModel
from churnclv.clv.rfm import AGE, LOG_GAPS, MEAN_SPEND, T_X, X
from churnclv.evaluation.metrics import Array

MODELS = ("bgnbd", "mbgnbd", "mbgcnbd", "pareto_nbd")
LOGS = {"CDNOW": "cdnow_180d", "Online Retail II": "retail_2011_05"}


def histories_of(case: LogCase) -> pd.DataFrame:
    """Return one row per customer from the orders before the cutoff, as purchase models read it."""
    past = case.past.sort_values([ID, "timestamp"])
    moments = past.groupby(ID)["timestamp"]
    first, last, n = moments.min(), moments.max(), moments.size()
    gaps = moments.diff().dt.days
    columns = {
        X: n - 1.0, T_X: (last - first).dt.days, AGE: (case.cutoff - first).dt.days - 1.0,
        LOG_GAPS: np.log(gaps).groupby(past[ID]).sum(), MEAN_SPEND: past.groupby(ID)["amount"].mean(),
    }  # fmt: skip
    return pd.DataFrame(columns).astype(float).assign(cutoff=case.cutoff)


def next_days(case: LogCase, ids: pd.Index) -> Array:
    """Return the days from the cutoff to each customer's next order; NaN where the log has none."""
    after = case.log[case.log["timestamp"] >= case.cutoff].groupby(ID)["timestamp"].min()
    return np.asarray(((after - case.cutoff).dt.days + 0.5).reindex(ids), dtype=float)  # midday: logs have days alone


def compare(case: LogCase) -> pd.DataFrame:
    """Return one row per model and naive answer: errors in days, shares of next orders inside the interval."""
    histories = histories_of(case)
    days, within = next_days(case, histories.index), float((case.log["timestamp"].max() - case.cutoff).days + 1)
    returned, repeats = ~np.isnan(days), histories[X].to_numpy() > 0
    both = returned & repeats
    gap = np.divide(histories[T_X], histories[X], out=np.full(len(histories), np.nan), where=repeats)
    silent = (histories[AGE] - histories[T_X]).to_numpy()
    naive = {"mean gap after the last order": np.maximum(gap - silent, 0.5), "mean gap after the cutoff": gap}
    rows = {name: {"of repeaters": _error(answer, days, both)} for name, answer in naive.items()}
    for name in MODELS:
        expected = ClvModel(name=name).fit(histories).next_order(histories, within)
        inside = (days >= expected.low) & (days <= expected.high)
        rows[name] = {
            "of repeaters": _error(expected.median, days, both), "of all": _error(expected.median, days, returned),
            "inside 80%": inside[returned].mean(), "before the median": (days <= expected.median)[returned].mean(),
            "expected to order": expected.p_order.mean(), "ordered": returned.mean(),
        }  # fmt: skip
    print(f"\n{case.name}: {len(histories):,} customers, {returned.sum():,} ordered within {within:.0f} days, "
          f"{both.sum():,} of them repeaters")  # fmt: skip
    return pd.DataFrame(rows).T


def _error(answer: Array, days: Array, rows: Array) -> float:
    """Return the median absolute error in days."""
    return float(np.median(np.abs(answer - days)[rows]))


def main() -> None:
    """Print a table per log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of online_retail_II.parquet")
    given = parser.parse_args()
    for name, key in LOGS.items():
        if given.data is not None or name == "CDNOW":
            case = CASES[key](given.data or Path())
            print(compare(case).to_string(float_format="{:.3f}".format, na_rep=""), flush=True)


if __name__ == "__main__":
    main()
