"""The arena's peers; runs in their own environment, and needs nothing of churnclv.

Reads what `arena_cases.py` wrote for a case, learns from the past alone, and writes one row per customer as Parquet:
`customer_id`, and of `churn_score`, `expected_purchases` and `expected_spend` those that the method gives. The last
line it prints is a JSON object.

    python arena_peers.py plain_mean folder --out answer.parquet
"""

import argparse
import importlib.util
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
from scipy.stats import loguniform, randint, uniform
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    StackingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from xgboost import XGBClassifier, XGBRegressor

ID, SEED = "customer_id", 0
LEARNED = ("logistic", "xgboost", "xgboost_tuned", "lightgbm", "catboost", "hist_gradient")
FORMULAS = ("bgnbd", "mbgnbd", "pareto_nbd")
TRIALS = 40
WINDOWS_DAYS = (30, 90, 180, 365)
MOST_TRAINING_CUTOFFS = 4
SURE = 1e-6  # chances keep this distance from 0 and 1


class NotApplicableError(Exception):
    """A method cannot answer this case; the message says why."""


# --- formulas of `lifetimes` ---


def summarise(past: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return frequency, recency, T (days) and the mean spend of repeat purchases, by customer."""
    grouped = past.groupby(ID)["timestamp"]
    first, last = grouped.min(), grouped.max()
    table = pd.DataFrame({"frequency": grouped.nunique() - 1, "recency": (last - first).dt.days})
    table["T"] = (cutoff - first).dt.days
    if "amount" in past:
        repeats = past[past["timestamp"] > past[ID].map(first)]
        table["monetary"] = repeats.groupby(ID)["amount"].mean().reindex(table.index).fillna(0.0)
    return table


def fit_formula(name: str, table: pd.DataFrame) -> Any:
    """Fit a purchase model, with more of a penalty each time that the fit fails."""
    kinds = {"bgnbd": BetaGeoFitter, "mbgnbd": ModifiedBetaGeoFitter, "pareto_nbd": ParetoNBDFitter}
    for penalty in (0.0, 0.001, 0.01, 0.1):
        model = kinds[name](penalizer_coef=penalty)
        try:
            model.fit(table["frequency"], table["recency"], table["T"])
        except Exception as error:  # lifetimes has several of its own  # noqa: BLE001
            last = error
            continue
        return model
    raise NotApplicableError(f"{name} does not converge: {last}")


def chance_of_none(model: Any, table: pd.DataFrame, days: float) -> np.ndarray:
    """Return the chance of no purchase within so many days, (n,).

    Given that a customer is alive at T, the rate is Gamma(r + x, alpha + T) in all three models. Under BG/NBD and
    MBG/NBD nobody leaves between purchases; under Pareto/NBD the package has the chance itself.
    """
    x, t_x, age = (table[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
    if hasattr(model, "conditional_probability_of_n_purchases_up_to_time"):
        chance = np.asarray(model.conditional_probability_of_n_purchases_up_to_time(0, days, x, t_x, age), dtype=float)
        if np.isfinite(chance).all() and (np.abs(chance - 0.5) <= 0.5 + SURE).all():
            return np.clip(chance, SURE, 1 - SURE)
    r, alpha = float(model.params_["r"]), float(model.params_["alpha"])
    alive = np.asarray(model.conditional_probability_alive(x, t_x, age), dtype=float)
    silent = ((alpha + age) / (alpha + age + days)) ** (r + x)
    return np.clip(1.0 - alive * (1.0 - silent), SURE, 1 - SURE)


def spend_per_purchase(table: pd.DataFrame) -> np.ndarray:
    """Return the Gamma-Gamma model's expected spend per purchase, (n,); the mean where it cannot be fitted."""
    again = table[(table["frequency"] > 0) & (table["monetary"] > 0)]
    for penalty in (0.0, 0.001, 0.01, 0.1):
        model = GammaGammaFitter(penalizer_coef=penalty)
        try:
            model.fit(again["frequency"], again["monetary"])
            found = model.conditional_expected_average_profit(table["frequency"], table["monetary"])
        except Exception:  # noqa: BLE001, S112 # as above
            continue
        if np.isfinite(found).all() and (found >= 0).all():
            return found.to_numpy()
    return np.full(len(table), again["monetary"].mean())


def answer_formula(name: str, past: pd.DataFrame, cutoff: pd.Timestamp, days: float) -> pd.DataFrame:
    """Return what a purchase model, with Gamma-Gamma for the spend, says of everybody."""
    table = summarise(past, cutoff)
    model = fit_formula(name, table)
    purchases = model.conditional_expected_number_of_purchases_up_to_time(
        days, table["frequency"], table["recency"], table["T"]
    )
    purchases = np.nan_to_num(np.asarray(purchases, dtype=float), nan=0.0, posinf=0.0)
    answer = pd.DataFrame({"churn_score": chance_of_none(model, table, days), "expected_purchases": purchases})
    if "monetary" in table:
        answer["expected_spend"] = purchases * spend_per_purchase(table)
    return answer.set_index(table.index)


# --- learned models on features of the past ---


def describe(past: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return the features of everybody who bought before the cutoff, from rows before it alone."""
    seen = past[past["timestamp"] < cutoff]
    table = summarise(seen, cutoff)
    age = (cutoff - seen["timestamp"]).dt.days
    table["since_last"] = table["T"] - table["recency"]
    table["mean_gap"] = table["recency"] / table["frequency"].clip(lower=1)
    table["rate"] = table["frequency"] / table["T"].clip(lower=1)
    for days in WINDOWS_DAYS:
        recent = seen[age <= days]
        table[f"purchases_{days}"] = recent.groupby(ID)["timestamp"].nunique().reindex(table.index).fillna(0)
        if "amount" in seen:
            table[f"spend_{days}"] = recent.groupby(ID)["amount"].sum().reindex(table.index).fillna(0)
    if "amount" in seen:
        table["spend"] = seen.groupby(ID)["amount"].sum()
        table["largest"] = seen.groupby(ID)["amount"].max()
    return table.astype(float)


def label(past: pd.DataFrame, ids: pd.Index, cutoff: pd.Timestamp, days: int) -> pd.DataFrame:
    """Return churned, purchases and spend within [cutoff, cutoff + days)."""
    inside = past[(past["timestamp"] >= cutoff) & (past["timestamp"] < cutoff + pd.Timedelta(days=days))]
    columns = {"purchases": inside.groupby(ID)["timestamp"].nunique()}
    if "amount" in past:
        columns["spend"] = inside.groupby(ID)["amount"].sum()
    labels = pd.DataFrame(columns).reindex(ids).fillna(0.0)
    return labels.assign(churned=(labels["purchases"] == 0).astype(int))


def training_cutoffs(past: pd.DataFrame, cutoff: pd.Timestamp, days: int) -> list[pd.Timestamp]:
    """Return the cutoffs whose labels are in the past, the latest first; each has a quarter of a horizon before it."""
    least = past["timestamp"].min() + pd.Timedelta(days=max(days // 4, 14))
    step = max(days // 3, 7)
    found = [cutoff - pd.Timedelta(days=days + step * back) for back in range(MOST_TRAINING_CUTOFFS)]
    return [moment for moment in found if moment >= least]


def learnable(past: pd.DataFrame, cutoff: pd.Timestamp, days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the stacked features and labels of all training cutoffs.

    Raises:
        NotApplicableError: the past has no complete label window.
    """
    cutoffs = training_cutoffs(past, cutoff, days)
    if not cutoffs:
        raise NotApplicableError(f"the past has no label window of {days} days to learn from")
    tables = [describe(past, moment) for moment in cutoffs]
    labels = [label(past, table.index, moment, days) for table, moment in zip(tables, cutoffs, strict=True)]
    return pd.concat(tables, ignore_index=True), pd.concat(labels, ignore_index=True)


def split_columns(rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the columns of numbers, and those of texts."""
    numbers = [str(name) for name in rows.select_dtypes("number").columns]
    return numbers, [str(name) for name in rows.columns if name not in numbers]


def linear(rows: pd.DataFrame, model: Any) -> Any:
    """Return a pipeline for linear models: signed logarithms scaled, missing values at the median, texts one-hot."""
    numbers, texts = split_columns(rows)
    scaled = make_pipeline(SimpleImputer(strategy="median"), FunctionTransformer(signed_log), StandardScaler())
    onehot = OneHotEncoder(handle_unknown="ignore", min_frequency=5)
    return make_pipeline(make_column_transformer((scaled, numbers), (onehot, texts)), model)


def signed_log(values: Any) -> Any:
    """Return sign(v) log(1 + |v|)."""
    return np.sign(values) * np.log1p(np.abs(values))


def coded(rows: pd.DataFrame, model: Any) -> Any:
    """Return a pipeline for trees: texts as whole numbers, unknown ones as missing."""
    _, texts = split_columns(rows)
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan)
    return make_pipeline(make_column_transformer((codes, texts), remainder="passthrough"), model)


def build(name: str, rows: pd.DataFrame, *, amounts: bool) -> Any:
    """Return an unfitted model of chances, or of amounts."""
    if name == "logistic":
        model = RidgeCV(np.logspace(-2, 4, 13)) if amounts else LogisticRegression(max_iter=5000)
        return linear(rows, model)
    if name == "hist_gradient":
        kind = HistGradientBoostingRegressor if amounts else HistGradientBoostingClassifier
        return coded(rows, kind(random_state=SEED))
    if name == "extra_trees":
        return linear(rows, ExtraTreesClassifier(300, min_samples_leaf=5, random_state=SEED))
    return coded(rows, boosted(name, amounts=amounts))


def boosted(name: str, *, amounts: bool) -> Any:
    """Return a boosted model of another package, at its defaults but for the two with another name."""
    if name == "lightgbm":
        package = importlib.import_module(name)
        kind = package.LGBMRegressor if amounts else package.LGBMClassifier
        return kind(random_state=SEED, verbose=-1, n_jobs=1)
    if name == "catboost":
        package = importlib.import_module(name)
        kind = package.CatBoostRegressor if amounts else package.CatBoostClassifier
        return kind(random_seed=SEED, verbose=False, thread_count=1, allow_writing_files=False)
    careful = {"max_depth": 3, "learning_rate": 0.05, "n_estimators": 200, "min_child_weight": 10, "subsample": 0.8}
    chosen = careful if name == "xgboost_careful" else {}
    return (XGBRegressor if amounts else XGBClassifier)(random_state=SEED, n_jobs=1, **chosen)


def tuned(rows: pd.DataFrame, churned: Any) -> tuple[Any, dict[str, Any]]:
    """Return XGBoost with the best of 40 random trials by log-loss on three folds, fitted, and its parameters."""
    ranges = {
        "max_depth": randint(2, 9), "learning_rate": loguniform(0.01, 0.3), "n_estimators": randint(50, 600),
        "min_child_weight": loguniform(1, 50), "subsample": uniform(0.5, 0.5), "colsample_bytree": uniform(0.4, 0.6),
        "reg_lambda": loguniform(0.1, 30), "gamma": loguniform(1e-3, 5),
    }  # fmt: skip
    model = build("xgboost", rows, amounts=False)
    named = {f"xgbclassifier__{name}": values for name, values in ranges.items()}
    folds = StratifiedKFold(3, shuffle=True, random_state=SEED)
    search = RandomizedSearchCV(model, named, n_iter=TRIALS, scoring="neg_log_loss", cv=folds, random_state=SEED)
    search.fit(rows, churned)
    return search.best_estimator_, {name.partition("__")[2]: v for name, v in search.best_params_.items()}


def learn_chances(name: str, rows: pd.DataFrame, churned: Any, asked: pd.DataFrame) -> np.ndarray:
    """Return a model's chances of leaving for the asked rows, (n,)."""
    if name == "xgboost_tuned":
        model, _ = tuned(rows, churned)
    elif name == "plain_stack":
        model = stack(rows).fit(rows, churned)
    else:
        model = build(name, rows, amounts=False).fit(rows, churned)
    return np.asarray(model.predict_proba(asked)[:, 1])


def stack(rows: pd.DataFrame) -> Any:
    """Return the plain stack of six default models: logistic regression on their out-of-fold chances."""
    names = ("logistic", "extra_trees", "hist_gradient", "xgboost", "lightgbm", "catboost")
    members = [(name, build(name, rows, amounts=False)) for name in names if installed(name)]
    return StackingClassifier(members, LogisticRegression(), cv=5)


def installed(name: str) -> bool:
    """Return whether the package of a model is there."""
    return name not in ("lightgbm", "catboost") or importlib.util.find_spec(name) is not None


def learn_amounts(name: str, rows: pd.DataFrame, target: Any, asked: pd.DataFrame) -> np.ndarray:
    """Return a model's amounts for the asked rows, not below zero, (n,)."""
    kind = "xgboost" if name in ("xgboost_tuned", "plain_stack") else name
    return np.maximum(build(kind, rows, amounts=True).fit(rows, target).predict(asked), 0.0)


def answer_learned(name: str, past: pd.DataFrame, cutoff: pd.Timestamp, days: int) -> pd.DataFrame:
    """Return what a learned model says of everybody."""
    rows, labels = learnable(past, cutoff, days)
    asked = describe(past, cutoff)
    answer = {"churn_score": learn_chances(name, rows, labels["churned"], asked)}
    if name != "plain_stack":
        for target in [target for target in ("purchases", "spend") if target in labels]:
            answer[f"expected_{target}"] = learn_amounts(name, rows, labels[target], asked)
    return pd.DataFrame(answer, index=asked.index)


# --- what a competent user writes in thirty lines ---


def answer_plain_mean(past: pd.DataFrame, cutoff: pd.Timestamp, days: int) -> pd.DataFrame:
    """Return the plain mean of unlike models, tuned on nothing.

    Chances: the mean of the log-odds of logistic regression, a careful XGBoost and the best purchase model. Amounts:
    the geometric mean of two purchase models, ridge and XGBoost. Where the past has nothing to learn from, the
    purchase models are alone.
    """
    formulas = {}
    for name in FORMULAS:
        try:
            formulas[name] = answer_formula(name, past, cutoff, days)
        except NotApplicableError:
            continue
    if not formulas:
        raise NotApplicableError("no purchase model converges")
    best = formulas[best_formula(list(formulas), past, cutoff, days)]
    try:
        learned = [answer_learned(name, past, cutoff, days) for name in ("logistic", "xgboost_careful")]
    except NotApplicableError:
        learned = []
    answer = {"churn_score": expit(np.mean([logit(part["churn_score"]) for part in (*learned, best)], axis=0))}
    pair = list(formulas.values())[-2:]
    for target in [name for name in ("expected_purchases", "expected_spend") if name in best]:
        logs = [np.log(np.maximum(part[target].to_numpy(), 1e-3)) for part in (*learned, *pair)]
        answer[target] = np.exp(np.mean(logs, axis=0))
    return pd.DataFrame(answer, index=best.index)


def best_formula(names: list[str], past: pd.DataFrame, cutoff: pd.Timestamp, days: int) -> str:
    """Return the purchase model with the best log-loss on the newest complete window; without one, MBG/NBD."""
    cutoffs = training_cutoffs(past, cutoff, days)
    if not cutoffs or len(names) == 1:
        return "mbgnbd" if "mbgnbd" in names else names[0]
    losses = {}
    seen = past[past["timestamp"] < cutoffs[0]]
    for name in names:
        try:
            chance = answer_formula(name, seen, cutoffs[0], days)["churn_score"]
        except NotApplicableError:
            continue
        churned = label(past, chance.index, cutoffs[0], days)["churned"].to_numpy()
        losses[name] = -np.mean(np.log(np.where(churned == 1, chance, 1.0 - chance)))
    return min(losses, key=losses.__getitem__) if losses else names[0]


def logit(chance: Any) -> np.ndarray:
    """Return the log-odds, with chances kept a millionth away from 0 and 1."""
    sure = np.clip(np.asarray(chance, dtype=float), SURE, 1 - SURE)
    return np.log(sure / (1.0 - sure))


def expit(log_odds: Any) -> np.ndarray:
    """Return the chances of log-odds."""
    return 1.0 / (1.0 + np.exp(-log_odds))


# --- a case ---


def answer_log(method: str, folder: Path, question: dict[str, Any]) -> pd.DataFrame:
    """Return a method's answer to a log."""
    past, cutoff = pd.read_parquet(folder / "past.parquet"), pd.Timestamp(question["cutoff"])
    days = int(question["horizon_days"])
    if method in FORMULAS:
        return answer_formula(method, past, cutoff, days)
    if method == "plain_mean":
        return answer_plain_mean(past, cutoff, days)
    return answer_learned(method, past, cutoff, days)


def answer_table(method: str, folder: Path) -> pd.DataFrame:
    """Return a method's answer to a labelled table."""
    train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
    rows, churned, asked = train.drop(columns=[ID, "churned"]), train["churned"].astype(int), test.drop(columns=ID)
    if method in FORMULAS:
        raise NotApplicableError("a labelled table has no purchases")
    if method == "plain_mean":
        parts = [logit(learn_chances(name, rows, churned, asked)) for name in ("logistic", "xgboost_careful")]
        chances = expit(np.mean(parts, axis=0))
    else:
        chances = learn_chances(method, rows, churned, asked)
    return pd.DataFrame({"churn_score": chances}, index=pd.Index(test[ID], name=ID))


METHODS = (*FORMULAS, *LEARNED, "plain_mean", "plain_stack")


def answer(method: str, folder: Path) -> pd.DataFrame:
    """Return a method's answer to a case."""
    question = json.loads((folder / "question.json").read_text())
    return answer_log(method, folder, question) if question["kind"] == "log" else answer_table(method, folder)


def main(method: str, folder: Path, out: Path) -> dict[str, Any]:
    """Write a method's answer, and return the seconds that it took, or why it has none."""
    start = time.perf_counter()
    try:
        answered = answer(method, folder)
    except NotApplicableError as error:
        return {"not_applicable": str(error)}
    answered.rename_axis(ID).reset_index().to_parquet(out)
    return {"seconds": time.perf_counter() - start}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    print(json.dumps(main(given.method, given.folder, given.out)))
