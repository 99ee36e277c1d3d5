"""What CLV fits and intervals cost, ours beside plain `lifetimes`, in one run.

Customers are those of a simulated market with births on every day of two years, so that hardly two histories are
equal. Each size is fitted by both in turn, in processes of their own that report their peak memory; ratios are of the
best of the repetitions. Then intervals of purchases and spend for the largest size.
"""

import argparse
import itertools
import json
import resource
import subprocess
import sys
import time
from math import log10

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter

from churnclv.clv import beta_geometric
from churnclv.clv.clv_model import ClvModel
from churnclv.clv.rfm import AGE, LOG_GAPS, MEAN_SPEND, T_X, X, read_histories
from churnclv.testing.market import Market, simulate

SIZES = (10_000, 100_000, 1_000_000)
HORIZON_DAYS = 90.0
REPETITIONS = {10_000: 3, 100_000: 3, 1_000_000: 1}


def history(customers: int) -> pd.DataFrame:
    """Return purchase histories of a simulated market, through the fewest steps that give them."""
    market = Market(customers=customers, days=730, birth_days=730)
    log = simulate(market, 0).log
    day = ((log["timestamp"] - pd.Timestamp(market.start)) // pd.Timedelta(days=1)).to_numpy()
    who = pd.factorize(log["customer_id"])[0]
    order = np.lexsort((day, who))
    who, day, amount = who[order], day[order], log["amount"].to_numpy()[order]
    first_row = np.r_[True, who[1:] != who[:-1]]
    occasion = first_row | np.r_[True, day[1:] != day[:-1]]
    place = np.cumsum(occasion) - 1
    spend, who, day, first = np.bincount(place, amount), who[occasion], day[occasion], first_row[occasion]
    n = who.max() + 1
    x = np.bincount(who, ~first, n)
    born, last = day[first], np.r_[day[:-1][first[1:]], day[-1]]
    m = np.bincount(who, np.where(first, 0.0, spend), n) / np.maximum(x, 1)
    columns = {X: x, T_X: last - born, AGE: 729 - born, MEAN_SPEND: m, LOG_GAPS: np.zeros(n)}
    return pd.DataFrame(columns, dtype=float)


def fit_ours(frame: pd.DataFrame) -> dict:
    """Fit BG/NBD by our own steps."""
    seen = read_histories(frame)
    start = time.perf_counter()
    model = beta_geometric.BetaGeoModel().fit(seen)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "log_likelihood": model.certificate.log_likelihood, "sure": model.certificate.converged}


def fit_lifetimes(frame: pd.DataFrame) -> dict:
    """Fit BG/NBD by `lifetimes`, as its documentation says, and value its parameters by our likelihood."""
    x, t_x, age = (frame[name] for name in ("repeat_purchases", "last_purchase_age_days", "age_days"))
    fitter = BetaGeoFitter()
    start = time.perf_counter()
    fitter.fit(x, t_x, age)
    seconds = time.perf_counter() - start
    counted = beta_geometric.count_histories(*(column.to_numpy() for column in (x, t_x, age)))
    point = np.log(fitter.params_[["r", "alpha", "a", "b"]].to_numpy())
    mean, _, _ = beta_geometric.log_likelihood(counted, 0, point)
    return {"seconds": seconds, "log_likelihood": mean * len(frame)}


def find_intervals(frame: pd.DataFrame) -> dict:
    """Fit BG/NBD and Gamma-Gamma, and find everybody's intervals of purchases and spend."""
    model = ClvModel(name="bgnbd").fit(frame)
    start = time.perf_counter()
    found = model.intervals(frame, HORIZON_DAYS)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "mean_high": float(found["spend"].high.mean())}


JOBS = {"ours": fit_ours, "lifetimes": fit_lifetimes, "intervals": find_intervals}


def run_alone(job: str, customers: int) -> dict:
    """Run one job in a process of its own."""
    words = [sys.executable, __file__, "--job", job, "--customers", str(customers)]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def best(job: str, customers: int) -> dict:
    """Return the fastest of the repetitions."""
    return min((run_alone(job, customers) for _ in range(REPETITIONS[customers])), key=lambda found: found["seconds"])


def compare(largest: int) -> None:
    """Print the table."""
    sizes = [size for size in SIZES if size <= largest]
    print("BG/NBD, seconds        ours  lifetimes  ratio  log-likelihood apart (relative)  converged  peak MiB")
    seconds = {}
    for size in sizes:
        ours, theirs = best("ours", size), best("lifetimes", size)
        apart = ours["log_likelihood"] / theirs["log_likelihood"] - 1.0
        seconds[size] = ours["seconds"]
        ratio = theirs["seconds"] / ours["seconds"]
        print(
            f"{size:>16,} {ours['seconds']:>10.3f} {theirs['seconds']:>10.2f} {ratio:>6.0f}"
            f" {apart:>32.1e}  {ours['sure']!s:>9} {ours['peak_mib']:>9,.0f}",
            flush=True,
        )
    for low, high in itertools.pairwise(sizes):
        print(
            f"growth exponent from {low:,} to {high:,}: {log10(seconds[high] / seconds[low]) / log10(high / low):.2f}"
        )
    found = run_alone("intervals", sizes[-1])
    print(
        f"intervals of purchases and spend for {sizes[-1]:,} customers: {found['seconds']:.0f} s, "
        f"peak memory {found['peak_mib']:,.0f} MiB"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="most customers (default 1,000,000)")
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--customers", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        found = JOBS[given.job](history(given.customers))
        print(json.dumps({**found, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    else:
        compare(given.largest)
