"""How much of a churn score's level the purchase model should give, on simulated markets whose next window is known.

Markets differ in length, season, the month in which they begin, and in what no purchase model knows: rates that rise,
fall, jump, or cool with a customer's age. Members are combined as in a training; then a share of the level goes to the
purchase model. The figure is the log-loss more than that of the same scores at the true level.

    python experiments/benchmarks/churn_level.py --cases 120
"""

import argparse
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import churn_markets
import numpy as np
import pandas as pd
from churn_markets import MARKETS, make_data, tune
from numpy.typing import NDArray

from churnclv.churn.ensemble import ChurnModel
from churnclv.churn.level import find_level_shift, shift_towards
from churnclv.churn.log_odds import expit, log_odds_of
from churnclv.evaluation.metrics import log_loss, plain
from churnclv.testing.market import Market, Simulation, simulate

Array = NDArray[np.float64]
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
SHOPS = {name: MARKETS[name] for name in ("plain", "pareto", "dense", "sparse", "regular")}
TRENDS: dict[str, Callable[[Array, Array], Array]] = {  # share of purchases kept, by time (0 to 1) and age in days
    "none": lambda time, age: np.ones(len(time)),  # noqa: ARG005 # one signature
    "rising": lambda time, age: 0.4 + 0.6 * time,  # noqa: ARG005
    "falling": lambda time, age: 1.0 - 0.6 * time,  # noqa: ARG005
    "jumping": lambda time, age: np.where(time > 0.6, 1.0, 0.6),  # noqa: ARG005, PLR2004
    "cooling": lambda time, age: 0.3 + 0.7 * np.exp(-age / 120.0),  # noqa: ARG005
}


def thin(trend: str) -> Callable[[Market, int], Simulation]:
    """Return a simulation whose repeat purchases are thinned by a trend."""

    def simulate_thinned(market: Market, seed: int) -> Simulation:
        made = simulate(market, seed)
        moments = made.log["timestamp"]
        age = (moments - moments.groupby(made.log["customer_id"]).transform("min")).dt.total_seconds() / 86_400.0
        time = (moments - pd.Timestamp(market.start)).dt.total_seconds() / (86_400.0 * market.days)
        kept = np.random.default_rng(seed).random(len(age)) < TRENDS[trend](time.to_numpy(), age.to_numpy())
        return Simulation(made.log[kept | (age == 0.0)].reset_index(drop=True), made.truth)

    return simulate_thinned


def losses_by_share(market: Market, seed: int) -> dict[float, float]:
    """Return the log-loss behind the seal more than at the true level, by the purchase model's share."""
    data, folds, sealed, churned = make_data(market, seed)
    choice = replace(tune(data, folds, trials=2).choice, level_share=0.0, method="none", map={})
    names = {**dict.fromkeys([*choice.weights, "no_purchase"], 1.0)}
    fitted = ChurnModel(replace(choice, weights=names), 1).fit(data.features, data.churned, data.names, sealed)
    log_odds = {name: member.log_odds(sealed) for name, member in fitted.members.items()}
    combined = np.asarray(sum(weight * log_odds[name] for name, weight in choice.weights.items()))
    level = float(log_odds_of(np.array([churned.mean()]))[0])
    best = plain(log_loss, churned, expit(combined + find_level_shift(combined, level)))
    shifts = {share: shift_towards(combined, log_odds["no_purchase"], share) for share in SHARES}
    return {share: plain(log_loss, churned, expit(combined + shift)) - best for share, shift in shifts.items()}


def grid() -> list[tuple[str, float, int, str, Market]]:
    """Return shop, season, days, trend and market of every case."""
    cases = []
    for shop, days, season, month, trend in itertools.product(SHOPS, (420, 560, 730), (0.0, 0.3, 0.6), (1, 7), TRENDS):
        start = datetime(2010, month, 1)  # shop time
        market = replace(SHOPS[shop], days=days, birth_days=min(days - 60, 600), season=season, start=start)
        cases.append((shop, season, days, trend, market))
    return cases


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=120, help="drawn from all 450 (default 120)")
    cases, rows = list(enumerate(grid())), []
    drawn = np.random.default_rng(0).permutation(len(cases))[: parser.parse_args().cases]
    for seed, (shop, season, days, trend, market) in (cases[place] for place in drawn):
        churn_markets.simulate = thin(trend)
        rows.append({"shop": shop, "season": season, "days": days, "trend": trend, **losses_by_share(market, seed)})
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    for by in ("shop", "season", "days", "trend"):
        print(table.groupby(by)[list(SHARES)].mean().round(4).to_string())
    print(table[list(SHARES)].agg(["mean", lambda column: column.quantile(0.9)]).round(4).to_string())
