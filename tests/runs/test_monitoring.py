"""Scoring leaves a record, and monitoring reads it: the real commands on the small shop, with a home of their own."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnclv.evaluation.metrics import auc, plain
from churnclv.monitoring.scoring_history import list_scorings
from churnclv.tracking.home import Home
from churnclv.tracking.sink import client

pytestmark = pytest.mark.slow
CUTOFF = "2011-09-01"  # the log ends in December: the horizon of 90 days has passed


@pytest.fixture(scope="module")
def watched(exported, tmp_path_factory):
    """The exported shop with a copy of its home, and one scoring as of an earlier day."""
    shop, _ = exported
    home = tmp_path_factory.mktemp("watched") / "ml runs"
    shutil.copytree(shop.home, home)
    shutil.rmtree(home / "scorings", ignore_errors=True)
    mine = replace(shop, folder=tmp_path_factory.mktemp("a desk"), home=home)
    mine.run("score", f"input={shop.log}", "output=scores.csv", f"as_of={CUTOFF}", "targets=list.csv", "budget=30")
    return mine


def monitor(shop, log, *words, check=False):
    return shop.run("monitor", f"input={log}", *words, check=check)


def runs_of(shop, kind) -> list:
    mlflow = client(Home(shop.home))
    experiments = [found.experiment_id for found in mlflow.search_experiments()]
    return mlflow.search_runs(experiments, f"tags.kind = '{kind}'")


def test_a_scoring_leaves_its_scores_here_and_no_customer_in_mlflow(watched):
    (stored,) = list_scorings(Home(watched.home))
    scores = pd.read_csv(watched.folder / "scores.csv", dtype={"customer_id": str})
    eligible = scores[scores["churn_score"].notna()]
    kept = stored.scores()
    assert kept["customer_id"].tolist() == eligible["customer_id"].tolist()
    assert kept["churn_score"].to_numpy() == pytest.approx(eligible["churn_score"].to_numpy(), abs=1e-6)
    listed = pd.read_csv(watched.folder / "list.csv", dtype={"customer_id": str})["customer_id"]
    assert set(kept.loc[kept["listed"], "customer_id"]) == set(listed)
    assert stored.scoring.counts["customers"] == len(scores)
    assert stored.scoring.as_of == CUTOFF

    (run,) = [one for one in runs_of(watched, "score") if one.data.tags["as_of"] == CUTOFF][:1]
    assert run.data.metrics["score.customers"] == len(scores)
    folder = Path(run.info.artifact_uri.removeprefix("file://").replace("%20", " "))
    facts = (folder / "scoring.json").read_text()
    assert json.loads(facts)["profile"]["churn_score"]["bins"]["counts"]
    database = (watched.home / "mlflow.db").read_bytes()
    assert not [one for one in scores["customer_id"] if one in facts or one.encode() in database]


def test_no_record_is_left_where_none_is_wanted(watched):
    before = sorted((watched.home / "scorings").iterdir())
    watched.run("score", f"input={watched.log}", "output=other.csv", "as_of=2011-08-01", "history.record=false")
    assert sorted((watched.home / "scorings").iterdir()) == before


def test_the_page_has_the_promises_that_pandas_computes(watched):
    done = monitor(watched, watched.log)
    assert done.returncode in {0, 3}, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    scores = list_scorings(Home(watched.home))[0].scores()
    scores = scores[~scores["listed"]]
    log = pd.read_csv(watched.log, parse_dates=["timestamp"])
    start = pd.Timestamp(CUTOFF)
    bought = log[(log["timestamp"] >= start) & (log["timestamp"] < start + pd.Timedelta(days=90))]
    spend = bought.groupby("customer_id")["amount"].sum().reindex(scores["customer_id"]).fillna(0.0).to_numpy()
    left = (~scores["customer_id"].isin(bought["customer_id"])).to_numpy(dtype=float)
    (line,) = re.findall(rf"{CUTOFF}: AUC (\S+) \[", done.stdout)
    assert float(line) == pytest.approx(plain(auc, left, scores["churn_score"]), abs=5e-5)
    (run, *_) = runs_of(watched, "monitor")
    figures = {name.removeprefix(f"promises.{CUTOFF}."): value for name, value in run.data.metrics.items()}
    assert figures["churn.bias"] == pytest.approx(scores["churn_score"].sum() / left.sum() - 1)
    assert figures["spend.bias"] == pytest.approx(scores["expected_spend"].sum() / spend.sum() - 1)
    low, high = scores["expected_spend_low"], scores["expected_spend_high"]
    assert figures["spend.coverage"] == pytest.approx(np.mean((spend >= low) & (spend <= high)))
    assert f"{CUTOFF}: of the contact list" in done.stdout or "contact list" not in done.stdout


def test_the_page_of_an_earlier_day_uses_no_event_from_that_day_on(watched):
    log = pd.read_csv(watched.log)
    cut = watched.folder / "cut.csv"
    log[log["timestamp"] < "2011-10-15"].to_csv(cut, index=False)
    pages = [monitor(watched, path, "as_of=2011-10-15").stdout for path in (watched.log, cut)]
    told = [[line for line in page.splitlines() if "of 90 days passed" in line or "AUC" in line] for page in pages]
    assert told[0] == told[1]
    assert any(f"{CUTOFF}: 44 of 90 days passed" in line for line in told[0])


@pytest.fixture(scope="module")
def cents(watched):
    """The shop's log with amounts in another unit."""
    log, path = pd.read_csv(watched.log), watched.folder / "cents.csv"
    log.assign(amount=log["amount"] * 100).to_csv(path, index=False)
    return path


def test_a_fault_ends_with_code_3_and_its_name_in_italian_too(watched, cents):
    done = monitor(watched, cents, "language=it")
    assert done.returncode == 3, done.stdout + done.stderr
    assert any(line.startswith("  AGIRE  importo: mediana ") for line in done.stdout.splitlines()), done.stdout
    assert done.stdout.startswith("Monitoraggio di ")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_fault_is_not_learned_by_a_challenger(watched, cents):
    done = watched.run("retrain", f"input={cents}", "max_age_days=1")
    assert "Retraining: no challenger is trained\n  - the data need attention first: amount: median" in done.stdout
    assert {run.data.tags["due"] for run in runs_of(watched, "retrain")} == {"false"}


def test_a_challenger_that_is_due_competes_by_the_gate_of_export(watched):
    """The same data and choices give a challenger that predicts as the champion does: it is not promoted."""
    mlflow = client(Home(watched.home))
    (model,) = mlflow.search_registered_models()
    before = mlflow.get_model_version_by_alias(model.name, "champion").version
    done = watched.run("retrain", f"input={watched.log}", "force=true")
    assert "Retraining: a challenger is trained\n  - forced" in done.stdout
    assert (
        f"of {model.name} is registered, the champion stays: validation AUC +0.0000 [+0.0000, +0.0000]" in done.stdout
    )
    assert mlflow.get_model_version_by_alias(model.name, "champion").version == before


def test_a_forgotten_customer_is_in_no_file_that_holds_ids(watched):
    victim = list_scorings(Home(watched.home))[0].scores()["customer_id"].iloc[3]
    ids = watched.folder / "ids.csv"
    ids.write_text(f"customer_id\n{victim}\n")
    done = watched.run("forget", f"customers={ids}")
    assert "1 rows of the history" in done.stdout
    assert "Models stay" in done.stdout
    for path in watched.home.rglob("*.parquet"):
        frame = pd.read_parquet(path)
        assert "customer_id" not in frame.columns or victim not in set(frame["customer_id"].astype(str)), path
    others = (path for path in watched.home.rglob("*") if path.is_file() and path.suffix != ".parquet")
    assert not [path for path in others if victim.encode() in path.read_bytes()]
