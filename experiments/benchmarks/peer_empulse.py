"""The cost-sensitive models of `empulse` on one table; runs in the peers' own environment.

Reads a Parquet table with the columns `split` (train, test), the target (0 or 1), the costs of each outcome (C_TP,
C_FP, C_FN, C_TN) and features that are numbers. Learns on the first part, writes each model's score of the second, in
the table's order, as Parquet. The last line it prints is a JSON object.

CSLogit and CSBoost are told each customer's costs, as their documentation does. B2Boost and ProfLogit are told what
EMPC assumes of a campaign by default: a leaver kept is worth 200, the incentive costs 10, the contact 1, .3 accept.
ProfLogit's genetic search is cut to 100 members and 100 generations: as it comes (here 470, and 250 to 1,000) one fit
would take 20 minutes to an hour.

    python peer_empulse.py table.parquet --out scores.parquet
"""

import argparse
import json
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from empulse.models import B2BoostClassifier, CSBoostClassifier, CSLogitClassifier, ProfLogitClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COSTS = {"tp_cost": "C_TP", "fp_cost": "C_FP", "fn_cost": "C_FN", "tn_cost": "C_TN"}
MODELS = {
    "cslogit": CSLogitClassifier(),
    "csboost": CSBoostClassifier(),
    "b2boost": B2BoostClassifier(accept_rate=0.3, clv=200, incentive_fraction=0.05, contact_cost=1),
    "proflogit": ProfLogitClassifier(optimizer_params={"population_size": 100, "max_iter": 100, "random_state": 0}),
}
TOLD_COSTS = ("cslogit", "csboost")


def predict(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """Learn with every model, and return the scores of the test rows and the seconds of each fit."""
    features = table.drop(columns=[target, "split", *COSTS.values()])
    is_train, is_test = table["split"] == "train", table["split"] == "test"
    scores, seconds = {}, {}
    for name, model in MODELS.items():
        costs = {word: table.loc[is_train, column].to_numpy() for word, column in COSTS.items()}
        words = {f"{type(model).__name__.lower()}__{word}": cost for word, cost in costs.items()}
        start = time.perf_counter()
        fitted = make_pipeline(StandardScaler(), model).fit(
            features[is_train], table.loc[is_train, target], **(words if name in TOLD_COSTS else {})
        )
        seconds[name] = time.perf_counter() - start
        scores[name] = fitted.predict_proba(features[is_test])[:, 1]
    return pd.DataFrame(scores), seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--target", default="churned")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    scores, seconds = predict(pd.read_parquet(given.table), given.target)
    scores.to_parquet(given.out)
    print(json.dumps({"seconds": seconds, "version": version("empulse")}))
