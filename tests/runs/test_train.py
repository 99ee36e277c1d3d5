"""What a person gets from the train command."""

import getpass
import json
import os
import re
import signal
import subprocess
import sys
import time
import warnings

import pandas as pd
import pytest

from churnclv.bundle.scorer import SCORE_COLUMNS
from churnclv.tracking.home import Home
from churnclv.tracking.registry import find_run
from churnclv.tracking.sink import client

pytestmark = pytest.mark.slow


def runs(shop, kind: str) -> list:
    mlflow = client(Home(shop.home))
    experiments = [found.experiment_id for found in mlflow.search_experiments()]
    return mlflow.search_runs(experiments, kind, max_results=1000)


def test_the_summary_says_what_was_read_against_what_models_stand_and_what_is_next(trained):
    shop, printed = trained
    assert max(map(len, printed.splitlines())) <= 80
    assert len(printed.partition("Checks: ")[0].splitlines()) <= 30
    text = " ".join(printed.split())  # whatever its lines
    for phrase in (
        "rows read =",
        "sealed test at",
        "Churn within 90 days, sealed test",
        "the best other model here",
        "the best BTYD score here",
        "CLV: spend within the horizon, sealed test",
        "the best other candidate here",
        "the best naive one on validation",
        "most profit on validation: contact ",
        "the same threshold behind the seal earns ",
        "Checks: ",
        "opened by 1 different run(s)",
        "summary.md",
        "make export",
    ):
        assert phrase in text, phrase
    differences = re.findall(r"[+-][\d,.]+ \[[+-][\d,.]+, [+-][\d,.]+\] (?:better|level|worse)\b", text)
    assert len(differences) == 6  # two rivals of the score by two metrics, two of the CLV model
    (run,) = runs(shop, "tags.kind = 'train'")
    where = f"mlruns/artifacts/transactions/{run.info.run_id}/artifacts/summary.md"
    assert where in "".join(printed.split())  # from the shop's folder, whose home is `ml runs`


def test_the_summarys_page_holds_every_table(trained):
    shop, printed = trained
    page = shop.page(printed)
    for phrase in (
        "rows read =",
        "sealed test at",
        "> score",
        "base_rate",
        "logistic",
        "> hybrid",
        "mbgcnbd_gamma_gamma",
        "90% intervals held",
        "How the CLV model was chosen",
        "season: ",
        "past_rate",
        "most profit on validation: contact ",
        "the same threshold behind the seal earns ",
        "EMPC and EMPB per customer",
        "opened by 1 different run(s)",
    ):
        assert phrase in page, phrase
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)
    assert all("\n\n|" in part for part in page.split("\n## ") if "\n|" in part)  # Markdown takes no table without it


def test_a_run_holds_the_metrics_and_choices_that_people_compare_and_files_hold_all(trained):
    shop, _ = trained
    (run,) = runs(shop, "tags.kind = 'train'")
    assert 40 < len(run.data.metrics) <= 80
    assert 30 < len(run.data.params) <= 60
    folder = Home(shop.home).artifacts / "transactions" / run.info.run_id / "artifacts"
    everything = json.loads((folder / "metrics.json").read_text())
    assert run.data.metrics.items() <= everything.items()
    for name in ("test.churn.logistic.auc", "valid.spend.zero.rmse", "ablation.churn.logistic"):
        assert name in everything
    facts = find_run(Home(shop.home), run.info.run_id, "", higher_is_better=True)
    assert facts.metrics == everything
    assert facts.params["tuning.churn.max_depth.high"] == "12.0"
    assert facts.params["data.path"] == str(shop.log)
    best = find_run(Home(shop.home), None, "valid.churn.logistic.auc", higher_is_better=True)  # of the file alone
    assert best.run_id == run.info.run_id


def test_a_run_says_who_and_what_made_it(trained):
    shop, _ = trained
    (run,) = runs(shop, "tags.kind = 'train'")
    tags = run.data.tags
    assert tags["mlflow.user"] == getpass.getuser()
    assert (tags["mlflow.source.name"], tags["mlflow.source.type"]) == ("churnclv train", "LOCAL")
    assert tags["mlflow.source.git.commit"] == tags["code.commit"]
    assert tags["mlflow.note.content"].startswith("churn score: ")
    assert "AUC of the churn score" in tags["mlflow.note.content"]


def test_the_runs_model_is_on_mlflows_page_of_models_with_its_figures_and_predicts_from_there(trained, monkeypatch):
    shop, _ = trained
    (run,) = runs(shop, "tags.kind = 'train'")
    mlflow = client(Home(shop.home))
    (model,) = mlflow.search_logged_models([run.info.experiment_id])
    assert (model.source_run_id, model.status) == (run.info.run_id, "READY")
    assert [output.model_id for output in run.outputs.model_outputs] == [model.model_id]
    assert {metric.key: metric.value for metric in model.metrics} == run.data.metrics
    assert {"churn.method", "clv.name"} <= set(model.params)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", Home(shop.home).tracking_uri)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns of its own type hints when it is imported
        from mlflow.pyfunc import load_model

        scores = load_model(f"models:/{model.model_id}").predict(pd.read_csv(shop.log, dtype=str))
    assert list(scores.columns) == list(SCORE_COLUMNS)
    eligible = scores[scores["in_population"]]
    assert eligible["churn_score"].astype(float).between(0, 1).all()
    assert eligible["clv"].astype(float).ge(0).all()


def test_the_run_holds_metrics_intervals_figures_and_configuration(trained):
    shop, _ = trained
    (run,) = runs(shop, "tags.kind = 'train'")
    assert run.info.status == "FINISHED"
    for when in ("valid", "test"):
        for name in ("churn.auc", "churn.log_loss", "spend.rmse", "purchases.mae"):
            assert f"{when}.{name}" in run.data.metrics
            low, high = run.data.metrics[f"{when}.{name}_low"], run.data.metrics[f"{when}.{name}_high"]
            assert low <= run.data.metrics[f"{when}.{name}"] <= high
        for name in ("spend.interval.coverage", "purchases.interval.coverage_randomised", "spend.top_decile_share"):
            assert 0.0 < run.data.metrics[f"{when}.{name}"] <= 1.0
    assert run.data.tags["seal.openings"] == "1"
    assert len(run.data.tags["data.fingerprint"]) == 16
    assert run.data.params["windows.horizon_days"] == "90"
    folder = Home(shop.home).artifacts / "transactions" / run.info.run_id / "artifacts"
    for path in (
        "config.yaml",
        "quality.md",
        "summary.txt",
        "summary.md",
        "choices.json",
        "model/churn.json",
        "checks.md",
        "signs.md",
    ):
        assert (folder / path).is_file(), path
    for figure in (
        "valid_calibration",
        "valid_tracking",
        "valid_frequencies",
        "valid_p_alive",
        "valid_expected_purchases",
        "valid_spend_coverage",
        "test_calibration",
        "test_churn_gain",
        "test_spend_deciles",
        "valid_profit",
        "test_profit",
    ):
        assert (folder / "figures" / f"{figure}.svg").read_text().lstrip().startswith("<?xml")
    weights = json.loads((folder / "choices.json").read_text())["churn"]["weights"]
    assert (folder / "figures" / "feature_importance.svg").is_file() == ("xgboost" in weights)  # trees alone have one


def test_studies_and_trials_hang_below_the_run(trained):
    shop, _ = trained
    (run,) = runs(shop, "tags.kind = 'train'")
    studies = runs(shop, f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
    assert {study.data.tags["study"] for study in studies} == {"churn", "clv"}
    for study in studies:
        trials = runs(shop, f"tags.`mlflow.parentRunId` = '{study.info.run_id}'")
        assert len(trials) == 3
        assert all(trial.data.params and "seconds" in trial.data.metrics for trial in trials)


def test_no_customer_id_leaves_the_data(trained):
    shop, _ = trained
    ids = {identity.encode() for identity in pd.read_csv(shop.log)["customer_id"].unique()}
    for path in (shop.home / "artifacts").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(identity in content for identity in ids), path
    database = (shop.home / "mlflow.db").read_bytes()
    assert not any(identity in database for identity in ids)


def test_validation_predictions_are_kept_in_snapshot_order(trained):
    shop, _ = trained
    (run,) = runs(shop, "tags.kind = 'train'")
    folder = Home(shop.home).artifacts / "transactions" / run.info.run_id / "artifacts"
    table = pd.read_parquet(folder / "predictions" / "valid.parquet")
    assert {"cutoff", "customer", "churned", "churn.score", "churn.xgboost", "churn.logistic"} <= set(table.columns)
    assert table["cutoff"].nunique() == 2
    assert table["churn.score"].between(0, 1).all()
    spend = pd.read_parquet(folder / "predictions" / "valid_spend.parquet")
    assert len(spend) == len(table)
    assert (spend["spend.past_rate"] >= 0).all()


def test_an_identical_rerun_finds_the_same_figures_and_does_not_open_the_seal_again(trained):
    shop, _ = trained
    before = runs(shop, "tags.kind = 'train'")[0]
    again = shop.train("windows.open_seal=true", "tracking.repeat=true")
    assert "opened by 1 different run(s)" in " ".join(again.stdout.split())
    newest, first = runs(shop, "tags.kind = 'train'")[:2]
    assert newest.data.tags["identity"] == first.data.tags["identity"]
    assert newest.data.metrics == before.data.metrics
    client(Home(shop.home)).delete_run(newest.info.run_id)


def test_an_identical_finished_run_is_offered_instead_of_repeated(trained):
    shop, printed = trained
    before = runs(shop, "tags.kind = 'train'")
    again = shop.train().stdout
    assert again.startswith(printed.rstrip("\n"))
    assert f"this is run {before[0].info.run_id}, not a new one" in " ".join(again.split())
    assert "tracking.repeat=true trains again" in again
    assert max(map(len, again.splitlines())) <= 80
    assert len(runs(shop, "tags.kind = 'train'")) == len(before)


def test_two_workers_finish_all_trials_of_both_studies(shop, tmp_path):
    shop.train("windows.open_seal=false", "tuning.workers=2", "tuning.n_trials=4", MLRUNS=str(tmp_path))
    mlflow = client(Home(tmp_path))
    experiments = [found.experiment_id for found in mlflow.search_experiments()]
    trials = mlflow.search_runs(experiments, "tags.kind = 'trial'")
    assert sorted(found.data.tags["study"] for found in trials) == ["churn"] * 4 + ["clv"] * 4
    assert {found.info.status for found in trials} == {"FINISHED"}


def test_a_closed_seal_leaves_no_test_figure(shop, tmp_path):
    done = shop.train("windows.open_seal=false", MLRUNS=str(tmp_path))
    assert "left closed" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "no interval" not in done.stdout
    assert not (tmp_path / "seals").exists()
    mlflow = client(Home(tmp_path))
    (run,) = mlflow.search_runs([e.experiment_id for e in mlflow.search_experiments()], "tags.kind = 'train'")
    assert not [name for name in run.data.metrics if name.startswith("test.")]


def test_a_killed_run_goes_on_with_its_finished_trials_and_the_dead_run_is_closed(trained, tmp_path):
    shop, _ = trained
    words = [sys.executable, "-m", "churnclv", "train", *shop.words()]
    environment = {**os.environ, "MLRUNS": str(tmp_path)}
    with subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as started:
        while not (tmp_path / "optuna.db").exists():
            assert started.poll() is None
            time.sleep(0.05)
        time.sleep(1.0)  # a trial or two
        os.kill(started.pid, signal.SIGKILL)
    shop.train(MLRUNS=str(tmp_path))

    def best(home):
        mlflow = client(Home(home))
        found = mlflow.search_runs([e.experiment_id for e in mlflow.search_experiments()], "tags.kind = 'train'")
        finished = [run for run in found if run.info.status == "FINISHED"]
        assert all(run.info.status in ("FINISHED", "KILLED") for run in found)
        folder = Home(home).artifacts / "transactions" / finished[0].info.run_id / "artifacts"
        return json.loads((folder / "choices.json").read_text())

    assert best(tmp_path) == best(shop.home)


def test_a_run_killed_while_its_database_is_made_leaves_none_behind(tmp_path):
    words = "import sys; from churnclv.tracking.sink import client, Home; client(Home.at(sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", words, str(tmp_path)]) as started:
        while not list(tmp_path.glob(".mlflow.db.*/mlflow.db")):
            assert started.poll() is None
            time.sleep(0.05)
        os.kill(started.pid, signal.SIGKILL)
    assert not Home(tmp_path).database.exists()
    assert client(Home(tmp_path)).search_experiments()
    assert Home(tmp_path).database.exists()


def test_a_users_own_family_is_learned_from(shop, tmp_path):
    family = tmp_path / "own family.py"
    family.write_text(
        "def rush(history, settings):\n"
        "    orders = history.filter(history.kind == 'order')\n"
        "    hours = orders.timestamp.hour()\n"
        "    return orders.group_by(['customer_id', 'cutoff']).agg(rush=(hours == 17).mean())\n"
    )
    name = f"features.families=[recency,frequency,'{family}:rush']"
    shop.train(name, "windows.open_seal=false", MLRUNS=str(tmp_path / "home"))
    out = shop.run("export", MLRUNS=str(tmp_path / "home")).stdout.splitlines()[0]
    family.unlink()  # the bundle has its own copy
    shop.run("score", f"input={shop.log}", f"output={tmp_path / 'own.csv'}", f"model={out}")
    assert pd.read_csv(tmp_path / "own.csv")["churn_score"].between(0, 1).all()


def test_auto_combines_its_candidates(shop, tmp_path):
    shop.train("clv=auto", "windows.open_seal=false", MLRUNS=str(tmp_path))
    mlflow = client(Home(tmp_path))
    (run,) = mlflow.search_runs([e.experiment_id for e in mlflow.search_experiments()], "tags.kind = 'train'")
    folder = Home(tmp_path).artifacts / "transactions" / run.info.run_id / "artifacts"
    recorded = json.loads((folder / "metrics.json").read_text())
    tried = {name[13:]: error for name, error in recorded.items() if name.startswith("ablation.clv.")}
    btyd_models = {"bgnbd", "mbgnbd", "mbgcnbd", "pareto_nbd"}
    assert set(tried) == {*btyd_models, "ridge", "boosted", "hybrid", "equal_weights", "combined"}
    assert "> combined" in (folder / "summary.md").read_text()
    losses = {name[21:]: loss for name, loss in recorded.items() if name.startswith("ablation.no_purchase.")}
    assert set(losses) == btyd_models
    chosen = json.loads((folder / "choices.json").read_text())["clv"]
    assert (chosen["name"], chosen["base"]) == ("combined", min(losses, key=losses.get))
    for weights in chosen["weights"].values():
        assert set(weights) <= set(chosen["members"])
        assert sum(weights.values()) == pytest.approx(1.0)
    assert json.loads((folder / "model" / "purchases.json").read_text())["certificate"]["converged"]


def test_a_read_only_home_is_refused_with_a_remedy(shop):
    done = shop.run("train", MLRUNS="/proc/nowhere", check=False)
    assert done.returncode == 2
    assert "set MLRUNS" in done.stderr
    assert "Traceback" not in done.stderr
