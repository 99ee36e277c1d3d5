"""Regret of the churn score's combination on simulated markets, whose next window is known.

Each market is simulated, cut at six cutoffs and a sealed one, and described by a dozen columns of its purchase
histories. `churn=auto` chooses on three folds, is refitted and scores the sealed cutoff. Beside it stand each member
alone, the plain mean of the families, and the best single member in hindsight. Log-loss, mean over the markets.

    python experiments/benchmarks/churn_markets.py --seeds 2
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnclv.churn.churn_models import PROBABILISTIC, churn_models
from churnclv.churn.ensemble import ChurnModel
from churnclv.churn.log_odds import expit
from churnclv.churn.settings import ChurnSettings
from churnclv.clv.clv_model import ClvModel
from churnclv.evaluation.metrics import auc, log_loss, plain
from churnclv.features.dataset import Dataset
from churnclv.progress import Progress
from churnclv.snapshots.cutoff_plan import Fold
from churnclv.testing.market import Market, simulate
from churnclv.tuning.churn_stack import Stack, equal_weights
from churnclv.tuning.churn_study import ChurnEvidence, TunedChurn, tune_churn
from churnclv.tuning.settings import Range, TuningSettings
from churnclv.tuning.study import StudyPlan

HORIZON, STEP, CUTOFFS, FOLDS = 90, 30, 6, 3
BASE = "mbgnbd"  # its predictions are columns
MARKETS = {
    "plain": Market(customers=1200),
    "pareto": Market(customers=1200, pareto=True, a=0.6, b=60.0),
    "dense": Market(customers=800, r=1.2, alpha=15.0, a=0.5, b=6.0),
    "sparse": Market(customers=1500, r=0.4, alpha=80.0),
    "regular": Market(customers=1000, r=2.0, alpha=50.0, regularity=3.0),
    "seasonal": Market(customers=1200, season=0.5),
    "seasonal, other phase": Market(customers=1200, season=0.5, pareto=True, a=0.6, b=90.0, days=640),
    "growing": Market(customers=1500, birth_days=700),
    "dying": Market(customers=1500, birth_days=120, days=600, a=1.2, b=3.0),
    "short": Market(customers=1500, birth_days=200, days=380),
    "small": Market(customers=300),
    "one cohort": Market(customers=1500, birth_days=90, days=540),
}
RANGES = {
    "max_depth": Range(low=1, high=12),
    "learning_rate": Range(low=0.03, high=0.3),
    "min_child_weight": Range(low=1, high=200),
    "subsample": Range(low=0.5, high=1),
    "colsample_bytree": Range(low=0.2, high=1),
    "reg_lambda": Range(low=0.1, high=100),
}


def describe(log: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return the purchase histories before a cutoff and a few counts, one row per customer."""
    before = log[log["timestamp"] < cutoff].assign(day=log["timestamp"].dt.normalize())
    days = before.groupby(["customer_id", "day"], as_index=False)["amount"].sum()
    age = (cutoff - days["day"]).dt.days
    by = days.assign(age=age).groupby("customer_id")
    table = pd.DataFrame({"repeat_purchases": by.size() - 1.0, "age_days": by["age"].max().astype(float)})
    table["days_since"] = by["age"].min().astype(float)
    table["last_purchase_age_days"] = table["age_days"] - table["days_since"]
    table["mean_repeat_spend"] = by["amount"].mean()
    for window in (30, 90, 180, 365):
        table[f"purchases_{window}"] = days[age <= window].groupby("customer_id").size().astype(float)
    table["mean_gap"] = table["last_purchase_age_days"] / table["repeat_purchases"].replace(0.0, np.nan)
    table["gaps_silent"] = table["days_since"] / table["mean_gap"]
    return table.fillna({f"purchases_{window}": 0.0 for window in (30, 90, 180, 365)}).assign(cutoff=cutoff)


def make_rows(log: pd.DataFrame, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return rows with the BTYD columns, and who bought nothing in the window after the cutoff."""
    rows = describe(log, cutoff)
    later = log[(log["timestamp"] >= cutoff) & (log["timestamp"] < cutoff + pd.Timedelta(days=HORIZON))]
    churned = (~rows.index.isin(later["customer_id"])).astype(float)
    rows = rows.reset_index()
    return pd.concat([rows, ClvModel(name=BASE).fit(rows).columns(rows, HORIZON)], axis=1), churned


def make_data(market: Market, seed: int) -> tuple[Dataset, list[Fold], pd.DataFrame, NDArray[np.float64]]:
    """Return the labelled rows, the folds, and the sealed rows with their outcomes."""
    log = simulate(market, seed).log
    sealed = pd.Timestamp(market.start) + pd.Timedelta(days=market.days - HORIZON)
    ends = [sealed - pd.Timedelta(days=HORIZON + STEP * back) for back in reversed(range(CUTOFFS))]
    parts = [make_rows(log, cutoff) for cutoff in ends]
    features = pd.concat([rows for rows, _ in parts], ignore_index=True)
    labels = pd.DataFrame({"churned": np.concatenate([churned for _, churned in parts])})
    names = [name for name in features.columns if name not in ("customer_id", "cutoff", "btyd_season_shift")]
    customers = pd.factorize(features["customer_id"])[0].astype(np.int64)
    data = Dataset(features, labels, names, customers, features["cutoff"])
    known = pd.Timedelta(days=HORIZON)
    folds = [Fold(tuple(c for c in ends if c + known <= valid), valid) for valid in ends[-FOLDS:]]
    folds = [fold if fold.train else Fold((ends[0],), fold.valid) for fold in folds]
    return data, folds, *make_rows(log, sealed)


def tune(data: Dataset, folds: list[Fold], trials: int) -> TunedChurn:
    """Choose by the default rule, with few trials."""
    settings = ChurnSettings(threads=1, bags=1, max_rounds=200)
    evidence = ChurnEvidence(data, folds, "btyd_p_no_purchase", horizon_days=HORIZON)
    with tempfile.TemporaryDirectory() as name:
        plan = StudyPlan("churn", Path(name) / "optuna.db", RANGES, TuningSettings(n_trials=trials))
        return tune_churn(evidence, settings, plan, lambda _: None, Progress())


def evaluate(market: Market, seed: int, trials: int) -> tuple[dict[str, float], TunedChurn]:
    """Return the log-loss behind the seal by model."""
    data, folds, sealed, churned = make_data(market, seed)
    tuned = tune(data, folds, trials)
    families = {name: churn_models()[name].family for name in tuned.members}
    rivals = [name for name, family in families.items() if family == PROBABILISTIC]
    best = min(rivals, key=lambda name: tuned.ablation[name])
    kept = {name: family for name, family in families.items() if name == best or name not in rivals}
    every = replace(tuned.choice, weights=dict.fromkeys(families, 1.0), intercept=0.0, method="none", map={})
    fitted = ChurnModel(every, 1).fit(data.features, data.churned, data.names, sealed)
    log_odds = {name: member.log_odds(sealed) for name, member in fitted.members.items()}
    chosen = tuned.model(1)
    stacked = Stack(tuned.choice.weights, tuned.choice.intercept).log_odds(log_odds)
    scored = {name: expit(each) for name, each in log_odds.items()}
    scored["plain mean"] = expit(Stack(equal_weights(kept)).log_odds(log_odds))
    scored["stack"], scored["auto"] = expit(stacked), expit(chosen.calibrator.log_odds(stacked))
    losses = {name: plain(log_loss, churned, each) for name, each in scored.items()}
    losses |= {f"AUC {name}": plain(auc, churned, scored[name]) for name in ("auto", "plain mean")}
    return losses, tuned


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2, help="simulations of each market (default 2)")
    parser.add_argument("--trials", type=int, default=2, help="trials of the trees' search (default 2)")
    given = parser.parse_args()
    table = {}
    for seed in range(given.seeds):
        for name, market in MARKETS.items():
            started = time.monotonic()
            table[f"{name} {seed}"], tuned = evaluate(market, seed, given.trials)
            line = ", ".join(f"{model} {loss:.4f}" for model, loss in table[f"{name} {seed}"].items())
            method, taken = tuned.choice.method, time.monotonic() - started
            print(f"{name} {seed}: {line}; {tuned.choice.sentence}, {method}, {taken:.0f} s", flush=True)
    figures = pd.DataFrame(table).T
    single = [name for name in churn_models() if name in figures]
    regret = figures.sub(figures[single].min(axis=1), axis=0).drop(columns=[c for c in figures if c.startswith("AUC")])
    print(pd.DataFrame({"mean": figures.mean(), "regret": regret.mean(), "worst": regret.max()}).to_string())
