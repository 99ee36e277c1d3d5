"""The expected next order: error of the median against the naive mean gap, and coverage of the 80% interval.

    python experiments/benchmarks/next_order.py                      # CDNOW, inside `lifetimes`
    python experiments/benchmarks/next_order.py --data FOLDER        # and Online Retail II
    python experiments/benchmarks/next_order.py simulated --seeds 5  # markets of known truth

Purchase models are fitted on the orders before the cutoff, and predict the day of the first order after it, of
customers who order within the rest of the log. Two naive answers need two orders or more: the mean gap after the last
order (on the day of the cutoff where that has passed), and the mean gap after the cutoff. Of a simulated market the
figures are means over the seeds, with the least and the largest coverage.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from arena_cases import CASES, ID, LogCase, by_day

from churnclv.clv.clv_model import ClvModel
from churnclv.clv.rfm import AGE, LOG_GAPS, MEAN_SPEND, T_X, X
from churnclv.evaluation.metrics import Array
from churnclv.snapshots.history import COHORT_DAYS
from churnclv.testing.market import Market, simulate

MODELS = {
    "bgnbd": {}, "mbgnbd": {}, "mbgcnbd": {}, "pareto_nbd": {},
    "bgnbd, season": {"season": True}, "mbgcnbd, season": {"season": True},
}  # fmt: skip
LOGS = {"CDNOW": "cdnow_180d", "Online Retail II": "retail_2011_05"}
CUTOFF_DAY, WITHIN_DAYS = 730, 365
_PLAIN = Market(customers=3000, days=CUTOFF_DAY + WITHIN_DAYS, r=0.9)
_REGULAR = replace(_PLAIN, r=2.0, alpha=50.0, regularity=3.0)
MARKETS = {  # each of one kind of customers, or of several
    "BG/NBD": (_PLAIN,),
    "BG/NBD, rare": (replace(_PLAIN, customers=6000, r=0.4, alpha=80.0),),
    "Pareto/NBD": (replace(_PLAIN, pareto=True, a=0.6, b=80.0),),
    "regular gaps": (_REGULAR,),
    "regular and random gaps": (replace(_REGULAR, customers=1500), replace(_PLAIN, customers=1500)),
    "season": (replace(_PLAIN, season=0.5),),
}
_OF_MARKETS = ("bgnbd", "mbgcnbd", "pareto_nbd", "bgnbd, season")


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


def daily_of(case: LogCase) -> pd.DataFrame:
    """Return first and repeat purchases before the cutoff per day and cohort, as the season is learned from."""
    past = case.past.assign(day_number=(case.past["timestamp"] - pd.Timestamp(0)).dt.days)
    born = past.groupby(ID)["day_number"].transform("min")
    marked = past.assign(cohort=born // COHORT_DAYS, first=(past["day_number"] == born).astype(int))
    counted = marked.groupby(["cohort", "day_number"]).agg(first=("first", "sum"), n=("first", "size")).reset_index()
    return counted.assign(repeat=counted["n"] - counted["first"]).drop(columns="n")


def compare(case: LogCase, models: tuple[str, ...] = tuple(MODELS)) -> pd.DataFrame:
    """Return one row per model and naive answer: errors in days, shares of next orders inside the interval."""
    histories = histories_of(case)
    days, within = next_days(case, histories.index), float((case.log["timestamp"].max() - case.cutoff).days + 1)
    returned, repeats = ~np.isnan(days), histories[X].to_numpy() > 0
    both = returned & repeats
    gap = np.divide(histories[T_X], histories[X], out=np.full(len(histories), np.nan), where=repeats)
    silent = (histories[AGE] - histories[T_X]).to_numpy()
    naive = {"mean gap after the last order": np.maximum(gap - silent, 0.5), "mean gap after the cutoff": gap}
    rows = {name: {"of repeaters": _error(answer, days, both)} for name, answer in naive.items()}
    daily = daily_of(case)
    for name in models:
        model = ClvModel(name=name.partition(",")[0], **MODELS[name]).fit(histories, daily=daily)
        expected = model.next_order(histories, within)
        inside = (days >= expected.low) & (days <= expected.high)
        rows[name] = {
            "of repeaters": _error(expected.median, days, both), "of all": _error(expected.median, days, returned),
            "inside 80%": inside[returned].mean(), "before the median": (days <= expected.median)[returned].mean(),
            "expected to order": expected.p_order.mean(), "ordered": returned.mean(),
        }  # fmt: skip
    print(f"{case.name}: {len(histories):,} customers, {returned.sum():,} ordered within {within:.0f} days, "
          f"{both.sum():,} of them repeaters", flush=True)  # fmt: skip
    return pd.DataFrame(rows).T


def _error(answer: Array, days: Array, rows: Array) -> float:
    """Return the median absolute error in days."""
    return float(np.median(np.abs(answer - days)[rows]))


def simulated_case(name: str, seed: int) -> LogCase:
    """Return the log of a simulated market, cut after two years; its year behind the cutoff is the truth."""
    logs = [
        simulate(market, len(MARKETS) * seed + place).log.assign(kind=str(place))
        for place, market in enumerate(MARKETS[name])
    ]
    log = pd.concat(logs, ignore_index=True)
    cutoff = pd.Timestamp(_PLAIN.start) + pd.Timedelta(days=CUTOFF_DAY)
    return LogCase(f"{name}, seed {seed}", by_day(log["kind"] + log[ID], log["timestamp"], log["amount"]), cutoff, 0)


def compare_markets(name: str, seeds: int) -> pd.DataFrame:
    """Return the means over the seeds of the figures of a market, and the ends of its coverage."""
    each = [compare(simulated_case(name, seed), _OF_MARKETS) for seed in range(seeds)]
    figures = pd.concat(each).groupby(level=0, sort=False)
    ends = figures["inside 80%"].agg(["min", "max"]).add_prefix("inside, ")
    return pd.concat([figures.mean(), ends], axis=1)


def main() -> None:
    """Print a table per log, or per simulated market."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", choices=("logs", "simulated"), default="logs")
    parser.add_argument("--data", type=Path, help="the folder of online_retail_II.parquet")
    parser.add_argument("--seeds", type=int, default=5, help="of each simulated market")
    given = parser.parse_args()
    if given.source == "simulated":
        for name in MARKETS:
            print(
                f"{compare_markets(name, given.seeds).to_string(float_format='{:.3f}'.format, na_rep='')}\n", flush=True
            )
        return
    for name, key in LOGS.items():
        if given.data is not None or name == "CDNOW":
            case = CASES[key](given.data or Path())
            print(compare(case).to_string(float_format="{:.3f}".format, na_rep=""), flush=True)


if __name__ == "__main__":
    main()
