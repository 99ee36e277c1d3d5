"""What a person does in MLflow's own pages: experiments, runs and versions deleted, artefacts removed by hand."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from churnclv.bundle.pyfunc import MANIFEST
from churnclv.errors import InputError
from churnclv.files import file_digest
from churnclv.tracking import records
from churnclv.tracking.home import Home
from churnclv.tracking.promotion import promote, register, require_comparable, roll_back
from churnclv.tracking.registry import find_run, find_twin, require_artifacts
from churnclv.tracking.sink import client, open_run, restore_experiment

METRIC = "valid.churn.auc"


@pytest.fixture
def home(tmp_path, empty_database) -> Home:
    home = Home.at(str(tmp_path / "runs"))
    shutil.copy(empty_database, home.database)
    return home


def make_run(home, evaluated="the same rows", identity="i"):
    with open_run(home, "shop", "train") as sink:
        frame = pd.DataFrame({"customer": [0, 1], "churned": [0.0, 1.0], "churn.score": [0.1, 0.9]})
        sink.write(records.Table("predictions/valid.parquet", frame.assign(cutoff="2024-01-01")))
        sink.write(records.Tags({"kind": "train", "snapshot.fingerprint": evaluated, "identity": identity}))
        sink.write(records.Metrics({METRIC: 0.7}))
        sink.write(records.Text("result.json", "{}"))
    return find_run(home, sink.run_id, METRIC, higher_is_better=True)


def bundle_of(home, name: str) -> Path:
    folder = home.export / name
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(name, encoding="utf-8")
    files = {"model.json": file_digest(folder / "model.json")}
    (folder / MANIFEST).write_text(json.dumps({"files": files}), encoding="utf-8")
    return folder


def make_champion(home, run, name="one") -> str:
    source = register(home, run, bundle_of(home, name))
    promote(home, run, source, lambda _: "not comparable", force=True, reason="a test")
    return source.version


def experiment_of(home, run):
    return client(home).get_run(run.run_id).info.experiment_id


def test_a_deleted_experiment_is_restored_before_any_work_with_its_runs(home):
    run = make_run(home)
    client(home).delete_experiment(experiment_of(home, run))
    assert find_twin(home, "i", ("result.json",)) is None
    (notice,) = restore_experiment(home, "shop")
    assert notice.code == "experiment_restored"
    assert "tracking.experiment=" in notice.line()
    assert find_twin(home, "i", ("result.json",)).run_id == run.run_id
    assert restore_experiment(home, "shop") == ()
    assert restore_experiment(home, "another") == ()


def test_nothing_is_made_where_there_is_no_home_yet(tmp_path):
    home = Home.at(str(tmp_path))
    assert restore_experiment(home, "shop") == ()
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_a_deleted_experiment_starts_and_ends(home):
    client(home).delete_experiment(experiment_of(home, make_run(home)))
    assert client(home).get_run(make_run(home).run_id).info.status == "FINISHED"


@pytest.mark.parametrize("what", ["run", "experiment"])
def test_a_run_deleted_while_it_works_is_restored_and_keeps_all_records(home, what):
    with open_run(home, "shop", "train") as sink:
        sink.write(records.Metrics({"one": 1.0}))
        mlflow = client(home)
        if what == "run":
            mlflow.delete_run(sink.run_id)
        else:
            mlflow.delete_experiment(mlflow.get_run(sink.run_id).info.experiment_id)
        sink.write(records.Metrics({"two": 2.0}))
        mlflow.delete_run(sink.run_id)
    found = client(home).get_run(sink.run_id)
    assert (found.info.status, found.info.lifecycle_stage) == ("FINISHED", "active")
    assert found.data.metrics == {"one": 1.0, "two": 2.0}


def test_a_deleted_run_is_not_exported_and_a_deleted_experiment_is_named(home):
    run = make_run(home)
    client(home).delete_run(run.run_id)
    with pytest.raises(InputError, match=rf"run {run.run_id} was deleted in MLflow\.\n  -> make ui"):
        find_run(home, run.run_id, METRIC, higher_is_better=True)
    client(home).delete_experiment(experiment_of(home, run))
    with pytest.raises(InputError, match=r"no finished training run \(deleted in MLflow: shop\)"):
        find_run(home, None, METRIC, higher_is_better=True)


def test_a_run_without_its_artefacts_is_no_twin_and_not_exported(home):
    run = make_run(home)
    require_artifacts(run, ("result.json",))
    (run.artifacts / "result.json").unlink()
    assert find_twin(home, "i", ("result.json",)) is None
    with pytest.raises(InputError, match=r"has lost result\.json in .*\n  -> name another run with RUN=id"):
        require_artifacts(run, ("result.json",))


def test_a_champion_that_lost_its_run_its_predictions_or_its_bundle_is_named_before_work(home):
    champion = make_run(home)
    make_champion(home, champion)
    same, other = make_run(home), make_run(home, evaluated="other rows")
    require_comparable(home, champion, force=False)
    require_comparable(home, same, force=False)
    require_comparable(home, other, force=False)
    shutil.rmtree(home.export / "one")
    require_comparable(home, same, force=False)
    with pytest.raises(InputError, match="the champion's bundle was removed"):
        require_comparable(home, other, force=False)
    shutil.rmtree(champion.artifacts)
    with pytest.raises(InputError, match=rf"run {champion.run_id} has lost its predictions"):
        require_comparable(home, same, force=False)
    require_comparable(home, same, force=True)
    hard_delete(home, champion.run_id)
    with pytest.raises(InputError, match="was removed from MLflow: nothing is left to compare with"):
        require_comparable(home, same, force=False)
    require_comparable(home, same, force=True)


def hard_delete(home, run_id):
    """Remove a run for good, as MLflow's own cleaning does."""
    mlflow = client(home)
    mlflow.delete_run(run_id)
    mlflow._tracking_client.store._hard_delete_run(run_id)


def test_a_former_champion_whose_version_was_deleted_cannot_come_back_and_says_so(home):
    first = make_champion(home, make_run(home))
    second = make_champion(home, make_run(home), "two")
    client(home).delete_model_version("shop", first)
    with pytest.raises(InputError, match=r"shop: version 1 was deleted in MLflow\.\n  -> "):
        roll_back(home, "shop")
    client(home).delete_model_version("shop", second)
    with pytest.raises(InputError, match="shop: has no champion"):
        roll_back(home, "shop")
    client(home).delete_registered_model("shop")
    assert make_champion(home, make_run(home), "three") == "1"
