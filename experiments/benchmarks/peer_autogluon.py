"""AutoGluon's tabular predictor on one table; runs in the peers' own environment.

Reads a Parquet table with the columns `split` (train, test) and the target (0 or 1), learns on the first part and
writes the chance of 1 on the second, in the table's order, as Parquet. The last line it prints is a JSON object.

    python peer_autogluon.py table.parquet --out predictions.parquet
"""

import argparse
import json
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from autogluon.tabular import TabularPredictor


def predict(table: pd.DataFrame, target: str, metric: str, limit_seconds: float) -> tuple[pd.Series, dict]:
    """Learn with the preset `good_quality`, and return the chances of 1 and what the fit cost."""
    train, test = (table[table["split"] == part].drop(columns="split") for part in ("train", "test"))
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor(target, eval_metric=metric, path=folder, verbosity=1)
        predictor.fit(train, presets="good_quality", time_limit=limit_seconds)
        found = predictor.predict_proba(test.drop(columns=target))[1]
        seconds = time.perf_counter() - start
        board = predictor.leaderboard()
        told = {"best": predictor.model_best, "fitted": int((~board["model"].str.endswith("_FULL")).sum())}
    return found, {"seconds": {"autogluon": seconds}, **told, "version": version("autogluon.tabular")}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--target", default="churned")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--metric", default="log_loss", help="what it tunes for (default log_loss)")
    parser.add_argument("--limit-seconds", type=float, default=120.0, help="its time limit (default 120)")
    given = parser.parse_args()
    chances, told = predict(pd.read_parquet(given.table), given.target, given.metric, given.limit_seconds)
    pd.DataFrame({"autogluon": chances.to_numpy()}).to_parquet(given.out)
    print(json.dumps(told))
