"""What is laid out for MLflow's pages, without a browser."""

import getpass
import json
import shutil
from datetime import datetime

import pytest

from churnclv.tracking.champion_tag import mark_champion, mark_champions
from churnclv.tracking.home import Home
from churnclv.tracking.records import Metrics, Model, Tags, Trial
from churnclv.tracking.sink import client, open_run
from churnclv.tracking.views import save_views

pytestmark = pytest.mark.slow
KIND = Tags({"kind": "train"})
NOON = datetime(2026, 1, 1, 12)


@pytest.fixture(scope="module")
def home(tmp_path_factory, empty_database) -> Home:
    """A home with two training runs of one experiment, the later one with a study of one trial."""
    home = Home.at(str(tmp_path_factory.mktemp("views")))
    shutil.copy(empty_database, home.database)
    for name, auc in (("first", 0.7), ("second", 0.8)):
        with open_run(home, "shop", name) as sink:
            sink.write(KIND)
            sink.write(Metrics({"valid.churn.auc": auc, "valid.churn.logistic.auc": 0.6}))
    with open_run(home, "shop", "third") as sink:
        sink.write(KIND)
        parameters = {"depth": 4, "rate": 0.1, "kind": "soft"}
        sink.write(Trial("churn", 0, "COMPLETE", parameters, {"fold_0": 0.3, "value": 0.3}, NOON, NOON))
    return home


def states(home: Home) -> dict[str, dict]:
    """Return the state of each view by its key."""
    tags = client(home).get_experiment_by_name("shop").tags
    prefix = "mlflow.sharedViewState."
    return {
        key.removeprefix(prefix): json.loads(json.loads(tags[key])["state"]) for key in tags if key.startswith(prefix)
    }


def test_every_experiment_with_training_runs_has_its_views_and_they_stay(home):
    found = save_views(home)
    assert list(found) == ["shop"]
    assert [fragment.rpartition("=")[2] for fragment in found["shop"].values()] == [
        "compare",
        "figures",
        "trials-churn",
    ]
    before = client(home).get_experiment_by_name("shop").tags
    assert save_views(home) == found
    assert client(home).get_experiment_by_name("shop").tags == before


def test_the_table_shows_the_figures_there_are_and_only_training_runs(home):
    save_views(home)
    table = states(home)["compare"]
    assert "metrics.`valid.churn.auc`" in table["selectedColumns"]
    assert not [name for name in table["selectedColumns"] if "logistic" in name or "spend" in name]
    assert (table["orderByKey"], table["orderByAsc"]) == ("metrics.`valid.churn.auc`", False)
    found = client(home).search_runs([client(home).get_experiment_by_name("shop").experiment_id], table["searchFilter"])
    assert {run.info.run_name for run in found} == {"first", "second", "third"}


def test_trials_are_drawn_by_the_parameters_that_are_numbers(home):
    save_views(home)
    (chart,) = states(home)["trials-churn"]["compareRunCharts"]
    assert (chart["selectedParams"], chart["selectedMetrics"]) == (["depth", "rate"], ["fold_0", "value"])


def test_models_of_runs_are_ranked_by_a_metric(home, monkeypatch):
    def write(out, parts):
        out.mkdir(parents=True)
        (out / "MLmodel").write_text(f"{parts}\n")
        return out

    monkeypatch.setattr("churnclv.bundle.writer.write_run_model", write)
    for name, auc in (("low: 1/2", 0.6), ("high", 0.9)):
        with open_run(home, "ranked", name) as sink:
            sink.write(Tags({"mlflow.source.name": "churnclv train", "entry": "default"}))
            sink.write(Metrics({"valid.churn.auc": auc, "valid.churn.logistic.auc": 0.5}))
            sink.write(Model(name, {"churn.method": "none"}, f"churn score: {name}"))
            sink.write(Metrics({"test.churn.auc": auc + 0.01, "test.churn.brier": float("nan")}))
    mlflow = client(home)
    experiment = mlflow.get_experiment_by_name("ranked").experiment_id
    order = [{"field_name": "metrics.valid.churn.auc", "ascending": False}]
    best, other = mlflow.search_logged_models([experiment], order_by=order)
    assert (best.name, other.name) == ("high", "low_ 1_2")
    assert {metric.key: metric.value for metric in best.metrics} == {"valid.churn.auc": 0.9, "test.churn.auc": 0.91}
    assert best.params == {"churn.method": "none"}
    assert best.tags == {"mlflow.user": getpass.getuser(), "mlflow.source.name": "churnclv train"}
    run = mlflow.get_run(best.source_run_id)
    assert run.data.metrics == {"valid.churn.auc": 0.9, "test.churn.auc": 0.91}
    assert len(mlflow.get_metric_history(run.info.run_id, "valid.churn.auc")) == 1  # a bar, not a line
    assert run.data.tags["mlflow.note.content"].startswith("churn score: high\n\n| |")


def test_the_mark_goes_where_the_alias_goes(home):
    mlflow = client(home)
    experiment = mlflow.get_experiment_by_name("shop").experiment_id
    mlflow.create_registered_model("shop")
    first, second = mlflow.search_runs([experiment], "tags.kind = 'train'", order_by=["attributes.start_time"])[:2]

    def marked() -> dict[str, str]:
        found = [run for run in mlflow.search_runs([experiment]) if "champion" in run.data.tags]
        return {run.info.run_name: run.data.tags["champion"] for run in found}

    for run in (first, second):
        mlflow.create_model_version("shop", home.root.as_uri(), run.info.run_id)
    mark_champion(mlflow, "shop", "1")
    assert marked() == {"first": "version 1"}
    mark_champion(mlflow, "shop", "2")
    assert marked() == {"second": "version 2"}
    mlflow.set_registered_model_alias("shop", "champion", "1")  # by hand, in the UI
    mark_champions(mlflow)
    assert marked() == {"first": "version 1"}
    mlflow.delete_run(first.info.run_id)
    mark_champions(mlflow)  # nothing to mark, and no error
    mlflow.restore_run(first.info.run_id)
