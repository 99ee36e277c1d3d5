"""Whose total the expectations of a combination should have, on simulated markets whose next window is known.

The markets are those of `churn_level.py`. Members are combined as in a training. The total then goes a share of the way
to that of the purchase models, and by a power of the factor that the folds' totals gave. The figures are the RMSE over
that of the best purchase model, and the root mean square of log(expected over actual total).

    python experiments/benchmarks/value_level.py --cases 40
"""

import argparse
import itertools
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from churn_level import grid, thin
from churn_markets import CUTOFFS, FOLDS, HORIZON, STEP, describe

from churnclv.clv.combination import combine
from churnclv.clv.settings import LEARNED, ClvSettings
from churnclv.evaluation.metrics import plain, rmse
from churnclv.features.dataset import Dataset
from churnclv.progress import Progress
from churnclv.snapshots.cutoff_plan import Fold
from churnclv.testing.market import Market
from churnclv.tuning.clv_study import ClvEvidence, tune_clv
from churnclv.tuning.settings import TuningSettings
from churnclv.tuning.study import StudyPlan

TARGETS = ("purchases", "spend")
SHARES, POWERS = (0.0, 0.5, 1.0), (0.0, 0.5, 1.0)


def make_rows(log: pd.DataFrame, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the histories at a cutoff, and purchases and spend in the window after it."""
    days = log.assign(day=log["timestamp"].dt.normalize())
    rows = describe(log, cutoff)
    past = days[days["timestamp"] < cutoff].groupby(["customer_id", "day"], as_index=False)["amount"].sum()
    repeats = past[past["day"] > past.groupby("customer_id")["day"].transform("min")]
    spend_each = repeats.groupby("customer_id")["amount"].mean().reindex(rows.index).fillna(0.0)
    rows = rows.assign(mean_spend=rows["mean_repeat_spend"], mean_repeat_spend=spend_each)
    later = days[(days["timestamp"] >= cutoff) & (days["timestamp"] < cutoff + pd.Timedelta(days=HORIZON))]
    by = later.groupby("customer_id")
    labels = (
        pd.DataFrame({"purchases": by["day"].nunique(), "spend": by["amount"].sum()}).reindex(rows.index).fillna(0.0)
    )
    labels = labels.assign(order_spend=labels["spend"], churned=(labels["purchases"] == 0.0).astype(float))
    return rows.reset_index(), labels.astype(float).reset_index(drop=True)


def figures_of(market: Market, trend: str, seed: int) -> list[dict[str, object]]:
    """Return the figures of one market, by target, share and power."""
    log = thin(trend)(market, seed).log
    sealed = pd.Timestamp(market.start) + pd.Timedelta(days=market.days - HORIZON)
    ends = [sealed - pd.Timedelta(days=HORIZON + STEP * back) for back in reversed(range(CUTOFFS))]
    parts = [make_rows(log, cutoff) for cutoff in ends]
    features, labels = (pd.concat(list(frames), ignore_index=True) for frames in zip(*parts, strict=True))
    names = [name for name in features.columns if name not in ("customer_id", "cutoff")]
    customers = pd.factorize(features["customer_id"])[0].astype(np.int64)
    data = Dataset(features, labels, names, customers, features["cutoff"])
    known = pd.Timedelta(days=HORIZON)
    folds = [Fold(tuple(c for c in ends if c + known <= valid) or (ends[0],), valid) for valid in ends[-FOLDS:]]
    daily = pd.DataFrame({name: pd.Series(dtype=float) for name in ("cohort", "day_number", "first", "repeat")})
    tuning = TuningSettings(n_trials=1)
    with tempfile.TemporaryDirectory() as name:
        plan = StudyPlan("clv", Path(name) / "optuna.db", {}, tuning)
        evidence = ClvEvidence(data, folds, daily, HORIZON)
        tuned = tune_clv(evidence, ClvSettings(), tuning, plan, lambda _: None, Progress())
    rows, truth = make_rows(log, sealed)
    model = tuned.model.clone().fit(rows, tuned.past, daily)
    figures: list[dict[str, object]] = []
    for target in TARGETS:
        expected = {label: member.expected_orders(rows, target, HORIZON) for label, member in model.members.items()}
        weights, actual = model.choice.weights[target], truth[target].to_numpy()
        purchase = {k: v for k, v in expected.items() if model.choice.members[k].name not in LEARNED}
        best = min(plain(rmse, actual, each) for each in purchase.values())
        combined = combine({label: expected[label] for label in weights}, weights)
        reference = combine(purchase, dict.fromkeys(purchase, 1.0 / len(purchase)))
        for share, power in itertools.product(SHARES, POWERS):
            factor = (reference.sum() / combined.sum()) ** share * model.choice.totals[target] ** power
            figure = combined * factor
            ratios = {"rmse": plain(rmse, actual, figure) / best, "bias": np.log(figure.sum() / actual.sum()) ** 2}
            figures.append({"target": target, "share": share, "power": power, **ratios})
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=40, help="drawn from all 450 (default 40)")
    cases, lines = list(enumerate(grid())), []
    drawn = np.random.default_rng(1).permutation(len(cases))[: parser.parse_args().cases]
    for seed, (shop, season, days, trend, market) in (cases[place] for place in drawn):
        lines += [{"season": season, **figure} for figure in figures_of(market, trend, seed)]
        print(f"{shop}, season {season}, {days} days, {trend}", flush=True)
    table = pd.DataFrame(lines)
    for by in (["target", "share"], ["target", "season", "share"]):
        print(table.pivot_table(index=by, columns="power", values="rmse").round(4).to_string())
        print(table.pivot_table(index=by, columns="power", values="bias").pow(0.5).round(3).to_string())
