"""Backtest of performance without labels: score monthly, estimate with what was known then, compare with the truth.

    python experiments/benchmarks/monitoring.py shop                        # a simulated shop of three years
    python experiments/benchmarks/monitoring.py online_retail_II.parquet    # UCI's log, read as data=online_retail

It trains once on the events before the first month, exports, and needs minutes. Runs are kept in a temporary folder.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnclv.bundle.loading import load_bundle
from churnclv.bundle.specification import read_specification
from churnclv.evaluation.metrics import auc, plain
from churnclv.features.preparation import read_labels
from churnclv.monitoring.kept_promises import join_outcomes
from churnclv.monitoring.label_free import estimate_performance
from churnclv.testing.market import Market, simulate

MONTHS = 10
WITHIN = 0.01
SMALL = ["churn=logistic", "clv=bgnbd", "tuning.n_trials=1"]


def write_logs(source: str, folder: Path) -> tuple[Path, Path, str, list[str]]:
    """Write the whole log and its part before the first month; return both, the first month and the data's settings."""
    if source == "shop":
        log = simulate(Market(customers=9_000, days=1095, birth_days=900, season=0.3), seed=7).log
        first, column, settings = "2011-11-01", "timestamp", ["data=transactions"]
    else:
        log = pd.read_parquet(source)
        first, column, settings = "2010-12-01", "InvoiceDate", ["data=online_retail"]
    whole, past = folder / "whole.parquet", folder / "past.parquet"
    log.to_parquet(whole)
    log[log[column] < first].to_parquet(past)
    return whole, past, first, settings


def export(past: Path, settings: list[str], home: Path) -> Path:
    """Train on the past, export, and return the bundle."""
    environment = {**os.environ, "MLRUNS": str(home)}
    command = [sys.executable, "-m", "churnclv"]
    subprocess.run([*command, "train", *settings, f"data.path={past}", *SMALL], env=environment, check=True)
    done = subprocess.run([*command, "export"], env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.splitlines()[0])


def backtest(bundle: Path, whole: Path, first: str) -> pd.DataFrame:
    """Return by month the estimate of that day, and the AUC that came true."""
    scorer: Any = load_bundle(bundle)
    specification = read_specification(scorer.folder)
    events = scorer.read(whole)
    ours = type(events)(**{**vars(events), "shape": specification.data.shape, "refunds": specification.data.refunds})
    lines = []
    for month in pd.date_range(first, periods=MONTHS, freq="MS"):
        day = month.to_pydatetime()
        if specification.windows.label_end(day) > events.end:
            break
        scores = scorer.score(scorer.features(events, day))
        scores = scores[scores["churn_score"].notna()]
        estimate = estimate_performance(scores["churn_score"].to_numpy(dtype=float))
        joined = join_outcomes(scores, read_labels(ours, (day,), specification.windows))
        true = plain(auc, joined["churned"], joined["churn_score"])
        low, high = estimate.auc.low, estimate.auc.high
        lines.append({
            "month": f"{day:%Y-%m}", "customers": len(scores), "estimate": estimate.auc.value, "low": low, "high": high,
            "true": true, "error": estimate.auc.value - true, "left": joined["churned"].mean(),
            "expected": estimate.leavers,
        })  # fmt: skip
    return pd.DataFrame(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="shop, or the path of online_retail_II.parquet")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, past, first, settings = write_logs(given.source, folder)
        table = backtest(export(past, settings, folder / "mlruns"), whole, first)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4f}"))
    within = int((table["error"].abs() <= WITHIN).sum())
    held = int(((table["low"] <= table["true"]) & (table["true"] <= table["high"])).sum())
    print(f"within {WITHIN} of the later truth: {within} of {len(table)} months; its own interval held {held}")
    print(f"root mean square error {np.sqrt(np.mean(table['error'] ** 2)):.4f}")


if __name__ == "__main__":
    main()
