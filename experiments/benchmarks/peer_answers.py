"""The tables on which we and our peers are compared, and what each model says of a split's test rows.

Whoever is asked learns on the train part of a split and answers with one chance of leaving per test row. Answers are
kept, each as soon as it is known.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

from churnclv.data.settings import DataSettings
from churnclv.data.source import locate
from churnclv.evaluation.metrics import Array
from churnclv.files import digest, file_digest, write_json
from churnclv.tracking.provenance import code_digest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("CHURNCLV_HOME", ROOT / "mlruns")).resolve() / "cache"
ENVIRONMENT, KEPT = CACHE / "peers-venv", CACHE / "peers"
OURS, OUR_COLUMN = "ours", "churn.score"  # how we are called here, and the column of our choice in a run's predictions
CHURNED, SPLIT = "churned", "split"
COSTS = ("C_FP", "C_FN", "C_TP", "C_TN")
TEST_SHARE = 0.25
NUMBERS = ("SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges")
PASSIVE = {**os.environ, "OMP_WAIT_POLICY": "passive", "MLFLOW_DISABLE_TELEMETRY": "true"}


@dataclass(frozen=True)
class Table:
    """One row per customer with a known outcome.

    Attributes:
        name: what it is called in files and headings.
        file: the file as it is, all text; what we are given.
        features: what peers learn from, numbers as numbers.
        costs: the costs of outcomes, for models that ask for them; no columns where there are none.
        customer_id: the file's column of ids.
        target: the file's column of outcomes.
        positive: its value for who left.
        seeds: of the splits.
    """

    name: str
    file: pd.DataFrame
    features: pd.DataFrame
    costs: pd.DataFrame
    customer_id: str
    target: str
    positive: str
    seeds: Sequence[int]

    @property
    def churned(self) -> Array:
        """1 for who left, in the file's order."""
        return (self.file[self.target] == self.positive).to_numpy(dtype=float)

    def tested(self, seed: int) -> Array:
        """Return which rows, in the file's order, are the test part of a split."""
        rows = np.arange(len(self.file))
        _, test = train_test_split(rows, random_state=seed, stratify=self.churned.astype(int), test_size=TEST_SHARE)
        return np.isin(rows, test)

    def words(self, seed: int) -> Array:
        """Return train or test for each row."""
        return np.where(self.tested(seed), "test", "train")

    def truth(self, seed: int) -> Array:
        """Return the outcomes of the test rows."""
        return self.churned[self.tested(seed)]


@dataclass(frozen=True)
class Answer:
    """What models said of a split's test rows, in the file's order, and what it cost to ask them."""

    chances: pd.DataFrame
    facts: Mapping[str, object]


Ask = Callable[[Table, int], Answer]


def read_telco(path: Path) -> Table:
    """Return the Telco sample; its blank total charges are missing numbers to peers, while we are given the file."""
    file = pd.read_csv(path, dtype=str, keep_default_na=False)
    features = file.drop(columns=["customerID", "Churn"])
    numbers = {name: pd.to_numeric(features[name], errors="coerce") for name in NUMBERS}
    return Table("telco", file, features.assign(**numbers), file[[]], "customerID", "Churn", "Yes", range(21))


def read_tv() -> Table:
    """Return the TV subscriptions; the costs are no features: their authors made them from value and outcome."""
    path = locate(DataSettings(builtin="tv_subscriptions"))
    file = pd.read_csv(path, dtype=str)
    numbers = file.drop(columns=["id", "target", *COSTS]).astype(float)
    return Table("tv", file, numbers, file[list(COSTS)].astype(float), "id", "target", "1.0", range(5))


def ask_us(table: Table, seed: int) -> Answer:
    """Run our default training on the file with its split, and return what the choice said of the test part."""
    with tempfile.TemporaryDirectory() as folder:
        path, home = Path(folder) / f"{table.name}.csv", Path(folder) / "mlruns"
        table.file.assign(**{SPLIT: table.words(seed)}).to_csv(path, index=False)
        words = [
            "data=labelled",
            f"data.path={path}",
            f"data.target={table.target}",
            f"data.positive={table.positive}",
            f"data.columns.customer_id={table.customer_id}",
            f"data.split={SPLIT}",
            f"data.exclude=[{','.join(table.costs.columns)}]",
        ]
        start = time.perf_counter()
        call([sys.executable, "-m", "churnclv", "train", *words], {**PASSIVE, "MLRUNS": str(home)})
        seconds = time.perf_counter() - start
        said = pd.read_parquet(next(home.rglob("predictions/test.parquet")))
    facts = {"seconds": {OURS: seconds}, "code": code_digest()}
    return Answer(pd.DataFrame({OURS: in_file_order(said, table, seed)}), facts)


def in_file_order(said: pd.DataFrame, table: Table, seed: int) -> Array:
    """Return our choice's chances in the file's order: a run orders its customers by id, as text."""
    if OUR_COLUMN not in said:
        sys.exit(f"our predictions have no column {OUR_COLUMN}, but {', '.join(said.columns)}")
    order = np.argsort(table.file.loc[table.tested(seed), table.customer_id].to_numpy(dtype=str), kind="stable")
    if not np.array_equal(said[CHURNED], table.truth(seed)[order]):
        sys.exit("our predictions are not of the test rows in the order of their ids")
    chances = np.empty(len(order))
    chances[order] = said[OUR_COLUMN]
    return chances


def ask_defaults(table: Table, seed: int) -> Answer:
    """Fit XGBoost as it comes, on native categories, and logistic regression on one column per category."""
    texts = table.features.select_dtypes(exclude="number").columns
    native = table.features.astype(dict.fromkeys(texts, "category"))
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), texts), remainder=scaled)
    models = {
        "xgboost": (XGBClassifier(enable_categorical=True), native),
        "logistic": (make_pipeline(columns, LogisticRegression(max_iter=5000)), table.features),
    }
    tested, chances, seconds = table.tested(seed), {}, {}
    for name, (model, seen) in models.items():
        start = time.perf_counter()
        model.fit(seen[~tested], table.churned[~tested])
        seconds[name] = time.perf_counter() - start
        chances[name] = model.predict_proba(seen[tested])[:, 1]
    return Answer(pd.DataFrame(chances), {"seconds": seconds, "version": version("xgboost")})


def ask_peer(script: str, table: Table, seed: int) -> Answer:
    """Ask a script in the peers' environment."""
    with tempfile.TemporaryDirectory() as folder:
        asked, said = Path(folder) / "table.parquet", Path(folder) / "said.parquet"
        known = {SPLIT: table.words(seed), CHURNED: table.churned.astype(int)}
        pd.concat([table.features, table.costs], axis=1).assign(**known).to_parquet(asked)
        words = [str(ENVIRONMENT / "bin" / "python"), str(HERE / script), str(asked), "--out", str(said)]
        facts = json.loads(call([*words, "--target", CHURNED], PASSIVE).splitlines()[-1])
        return Answer(pd.read_parquet(said), facts)


ASKED: dict[str, Ask] = {
    OURS: ask_us,
    "autogluon": partial(ask_peer, "peer_autogluon.py"),
    "defaults": ask_defaults,
    "empulse": partial(ask_peer, "peer_empulse.py"),
}
OF_TABLE = {"telco": (OURS, "autogluon", "defaults"), "tv": (OURS, "defaults", "empulse")}
IN_ENVIRONMENT = ("autogluon", "empulse")


def call(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return what a command printed, or end with the last of its complaints."""
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\nended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def build_environment(name: str = "peers") -> Path:
    """Return an environment of the peers; make it, unless the one that is there has what `<name>.txt` asks for."""
    wanted, environment = HERE / f"{name}.txt", CACHE / f"{name}-venv"
    installed = environment / "installed.txt"
    if installed.is_file() and installed.read_bytes() == wanted.read_bytes():
        return environment
    print(f"Making the environment of {wanted.name} in {environment} (once; gigabytes) ...", flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    call([sys.executable, "-m", "venv", str(environment)], PASSIVE)
    call([str(environment / "bin" / "pip"), "install", "--quiet", "-r", str(wanted)], PASSIVE)
    shutil.copyfile(wanted, installed)
    return environment


def remember(who: str, table: Table, seed: int) -> Answer:
    """Return what is kept of an answer; ask, and keep it, if there is none."""
    parts = [list(table.file.columns), pd.util.hash_pandas_object(table.file).tolist()]
    if who == OURS:
        parts += [code_digest(), *map(file_digest, sorted((ROOT / "conf").rglob("*.yaml")))]
    path = KEPT / f"{table.name}-{seed}-{who}-{digest(*parts)}.parquet"
    facts = path.with_suffix(".json")
    if facts.is_file():
        return Answer(pd.read_parquet(path), json.loads(facts.read_text()))
    print(f"{table.name}, split {seed}: asking {who}", flush=True)
    load = os.getloadavg()[0]
    answer = ASKED[who](table, seed)
    told = {**answer.facts, "load_before": round(load, 1), "load_after": round(os.getloadavg()[0], 1)}
    path.parent.mkdir(parents=True, exist_ok=True)
    answer.chances.to_parquet(path)
    write_json(facts, told)
    return Answer(answer.chances, told)
