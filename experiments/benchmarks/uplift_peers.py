"""Other packages' learners of effects on one experiment: causalml and scikit-uplift, in the peers' own environment.

Reads a Parquet table with the columns `arm` (0 or 1), `outcome`, `fold` and features. For each fold, each learner is
fitted on the other folds and predicts the effect on the customers of this one, as ours are. Numbers stay as they are;
texts become one column per value. Writes the effects as Parquet, and prints the seconds of each learner as JSON.

All learners are as they come, on XGBoost as it comes; nothing is tuned. causalml's forest of uplift trees, of 10 trees,
and class transformation are for outcomes of two values.

    python uplift_peers.py table.parquet --out effects.parquet
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from causalml.inference.meta import (
    BaseDRRegressor,
    BaseRRegressor,
    BaseSRegressor,
    BaseTRegressor,
    BaseXRegressor,
    LRSRegressor,
)
from causalml.inference.tree import UpliftRandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklift.models import ClassTransformation, SoloModel, TwoModels
from xgboost import XGBClassifier, XGBRegressor

Effects = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]  # columns, arm, outcome, new columns
SETTINGS = {"random_state": 0, "n_jobs": 1}


def of_causalml(model: type, learner: type) -> Effects:
    """Return a meta-learner of causalml; the propensity is the known one, the share of the treated."""

    def predict(x: np.ndarray, arm: np.ndarray, outcome: np.ndarray, new: np.ndarray) -> np.ndarray:
        base = learner() if learner is LinearRegression else learner(**SETTINGS)
        share = {"p": np.full(len(x), arm.mean())} if model in {BaseXRegressor, BaseRRegressor, BaseDRRegressor} else {}
        fitted = model(base) if model is not LRSRegressor else model()
        fitted.fit(X=x, treatment=arm, y=outcome, **share)
        later = {"p": np.full(len(new), arm.mean())} if model is BaseXRegressor else {}
        return fitted.predict(new, **later)[:, 0]

    return predict


def of_uplift_forest(x: np.ndarray, arm: np.ndarray, outcome: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Fit causalml's forest of uplift trees."""
    forest = UpliftRandomForestClassifier(control_name="control", n_jobs=1, random_state=0)
    forest.fit(X=x, treatment=np.where(arm > 0, "treated", "control"), y=outcome.astype(int))
    return forest.predict(new)[:, 0]


def of_sklift(make: Callable[[], object]) -> Effects:
    """Return a learner of scikit-uplift."""

    def predict(x: np.ndarray, arm: np.ndarray, outcome: np.ndarray, new: np.ndarray) -> np.ndarray:
        model = make()
        model.fit(pd.DataFrame(x).add_prefix("x"), pd.Series(outcome), pd.Series(arm))
        return np.asarray(model.predict(pd.DataFrame(new).add_prefix("x")))

    return predict


def learners(*, binary: bool) -> dict[str, Effects]:
    """Return the learners for an outcome of two values, or an amount."""
    plain = XGBClassifier if binary else XGBRegressor
    both: dict[str, Effects] = {
        "causalml S, linear": of_causalml(LRSRegressor, LinearRegression),
        "causalml S, boosted": of_causalml(BaseSRegressor, XGBRegressor),
        "causalml T, linear": of_causalml(BaseTRegressor, LinearRegression),
        "causalml T, boosted": of_causalml(BaseTRegressor, XGBRegressor),
        "causalml X, boosted": of_causalml(BaseXRegressor, XGBRegressor),
        "causalml R, boosted": of_causalml(BaseRRegressor, XGBRegressor),
        "causalml DR, boosted": of_causalml(BaseDRRegressor, XGBRegressor),
        "scikit-uplift one model, boosted": of_sklift(lambda: SoloModel(plain(**SETTINGS))),
        "scikit-uplift two models, boosted": of_sklift(lambda: TwoModels(plain(**SETTINGS), plain(**SETTINGS))),
    }
    if not binary:
        return both
    return both | {
        "causalml uplift forest": of_uplift_forest,
        "scikit-uplift two models, logistic": of_sklift(lambda: TwoModels(logistic(), logistic())),
        "scikit-uplift class transformation, logistic": of_sklift(lambda: ClassTransformation(logistic())),
        "scikit-uplift class transformation, boosted": of_sklift(lambda: ClassTransformation(plain(**SETTINGS))),
    }


def logistic() -> LogisticRegression:
    """Return a logistic regression; a numeric scale of hundreds needs more steps than the default."""
    return LogisticRegression(max_iter=5000)


def cross_fit(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return each learner's effects, each from models that have not seen the row, and its seconds."""
    arm, outcome, fold = (table[name].to_numpy() for name in ("arm", "outcome", "fold"))
    x = pd.get_dummies(table.drop(columns=["arm", "outcome", "fold"]), dtype=float).to_numpy(dtype=float)
    effects, seconds = {}, {}
    for name, learner in learners(binary=set(np.unique(outcome)) <= {0.0, 1.0}).items():
        start, found = time.perf_counter(), np.empty(len(table))
        for held in np.unique(fold):
            inside = fold == held
            found[inside] = learner(x[~inside], arm[~inside], outcome[~inside], x[inside])
        effects[name], seconds[name] = found, time.perf_counter() - start
    return pd.DataFrame(effects), seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    effects, seconds = cross_fit(pd.read_parquet(given.table))
    effects.to_parquet(given.out)
    print(json.dumps(seconds))
