"""A champion is replaced by what is better, or by force; a crash changes nothing; and the former one can come back."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnclv.bundle.loading import load_bundle
from churnclv.bundle.pyfunc import MANIFEST
from churnclv.errors import InputError
from churnclv.evaluation.bootstrap import Sample
from churnclv.files import file_digest
from churnclv.tracking import records
from churnclv.tracking.home import Home
from churnclv.tracking.promotion import promote, register, roll_back
from churnclv.tracking.registry import find_run, fitted_on, free_name, locate_bundle, models_of, name_bundle
from churnclv.tracking.sink import client, open_run

CUSTOMERS = 1500


@pytest.fixture
def home(tmp_path, empty_database) -> Home:
    home = Home.at(str(tmp_path / "runs"))
    shutil.copy(empty_database, home.database)
    return home


@pytest.fixture(scope="module")
def truth():
    return (np.random.default_rng(0).random(CUSTOMERS) < 0.4).astype(float)


def scores(truth, signal: float, seed: int = 1):
    return 1.0 / (1.0 + np.exp(-(signal * (truth - 0.5) + np.random.default_rng(seed).normal(size=len(truth)))))


def run_with(home, churned, said, evaluated="the same rows", **tags):
    """Record a finished run that said so of the validation rows."""
    with open_run(home, "shop", "train") as sink:
        frame = pd.DataFrame({"customer": np.arange(len(churned)), "churned": churned, "churn.score": said})
        sink.write(records.Table("predictions/valid.parquet", frame.assign(cutoff="2024-01-01")))
        sink.write(records.Tags({"kind": "train", "snapshot.fingerprint": evaluated, **tags}))
    return find_run(home, sink.run_id, "valid.churn.auc", higher_is_better=True)


def bundle_of(home, name: str, content: str) -> Path:
    """Write a folder with a manifest, as bundles have it."""
    folder = home.export / name
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(content, encoding="utf-8")
    files = {"model.json": file_digest(folder / "model.json")}
    (folder / MANIFEST).write_text(json.dumps({"files": files}), encoding="utf-8")
    return folder


def try_promote(home, run, name: str, compare=lambda _: "never asked", **chosen) -> str:
    version = register(home, run, bundle_of(home, name, f"model {name}"))
    return promote(home, run, version, compare, **{"force": False, "reason": "", **chosen})


def serving(home) -> str:
    return locate_bundle(home, None).folder.name


@pytest.fixture
def reigning(home, truth):
    """A first champion."""
    first = run_with(home, truth, scores(truth, 1.0), **{"check.C6": "failed", "check.C5": "passed"})
    assert "is now champion: there was no champion yet" in try_promote(home, first, "first")
    return home


def test_better_by_noise_is_refused_with_the_interval(reigning, truth):
    noise = scores(truth, 1.0) + np.random.default_rng(5).normal(scale=0.002, size=CUSTOMERS)
    told = try_promote(reigning, run_with(reigning, truth, noise), "noisy")
    assert "is registered, the champion stays: validation AUC " in told
    low, high = (float(end) for end in told.partition("[")[2].partition("]")[0].split(","))
    assert low <= 0 <= high
    assert serving(reigning) == "first"


def test_better_by_a_real_margin_is_accepted(reigning, truth):
    told = try_promote(reigning, run_with(reigning, truth, scores(truth, 3.0, seed=2)), "better")
    assert "version 2 of shop is now champion: validation AUC +" in told
    assert float(told.partition("[")[2].partition(",")[0]) > 0
    assert serving(reigning) == "better"
    assert client(reigning).get_model_version("shop", "2").tags["promotion"].startswith("validation AUC +")


@pytest.mark.parametrize(
    ("check", "moves"), [("check.C5", False), ("check.C6", True)], ids=["only the newcomer fails", "both fail"]
)
def test_a_check_that_the_champion_passed_must_be_passed(reigning, truth, check, moves):
    told = try_promote(reigning, run_with(reigning, truth, scores(truth, 3.0, seed=2), **{check: "failed"}), "better")
    assert (serving(reigning) == "better") is moves
    assert moves or "it fails C5, which the champion's run does not" in told


def test_force_needs_a_reason_and_records_it(reigning, truth):
    worse = run_with(reigning, truth, scores(truth, 0.1))
    with pytest.raises(InputError, match="force=true needs a reason"):
        try_promote(reigning, worse, "unreasoned", force=True, reason=" ")
    assert serving(reigning) == "first"
    assert "forced: a rehearsal" in try_promote(reigning, worse, "forced", force=True, reason="a rehearsal")
    assert serving(reigning) == "forced"
    assert client(reigning).get_model_version("shop", "3").tags["promotion"] == "forced: a rehearsal"


@pytest.mark.parametrize(
    ("signal", "winner"), [(3.0, "later"), (1.0, "first")], ids=["newcomer better", "newcomer no better"]
)
def test_after_the_data_have_moved_on_both_meet_on_later_windows(reigning, truth, signal, winner):
    newcomer = run_with(reigning, truth, scores(truth, signal, seed=2), evaluated="other rows")
    asked = []

    def compare(bundle):
        asked.append(bundle.folder.name)
        said = {"newcomer": scores(truth, signal, seed=2), "champion": scores(truth, 1.0)}
        return Sample(truth, said, np.arange(CUSTOMERS))

    told = try_promote(reigning, newcomer, "later", compare)
    assert asked == ["first"]
    assert "AUC on windows after the champion's training end " in told
    assert serving(reigning) == winner


def test_without_later_windows_the_champion_stays(reigning, truth):
    newcomer = run_with(reigning, truth, scores(truth, 3.0), evaluated="other rows")
    told = try_promote(reigning, newcomer, "elsewhere", lambda _: "no window begins later")
    assert "the champion stays: not comparable: no window begins later" in told
    assert serving(reigning) == "first"


def test_rollback_restores_the_former_champions_bytes(reigning, truth):
    before = {path.name: path.read_bytes() for path in locate_bundle(reigning, None).folder.iterdir()}
    try_promote(reigning, run_with(reigning, truth, scores(truth, 3.0, seed=2)), "better")
    told = roll_back(reigning, "shop")
    assert "version 1 of shop is champion again, version 2 no more" in told
    assert {path.name: path.read_bytes() for path in locate_bundle(reigning, None).folder.iterdir()} == before
    with pytest.raises(InputError, match="version 1 had no champion before it"):
        roll_back(reigning, "shop")


def test_a_former_champion_that_is_damaged_does_not_come_back(reigning, truth):
    first = locate_bundle(reigning, None).folder
    try_promote(reigning, run_with(reigning, truth, scores(truth, 3.0, seed=2)), "better")
    (first / "model.json").write_text("something else", encoding="utf-8")
    with pytest.raises(InputError, match="is damaged"):
        roll_back(reigning, "shop")
    assert serving(reigning) == "better"


@pytest.mark.parametrize("step", ["set_model_version_tag", "set_registered_model_alias"])
def test_a_crash_in_the_middle_leaves_the_old_champion_serving(reigning, truth, step, monkeypatch):
    import mlflow

    def crash(*_, **__):
        raise SystemExit("killed")

    better = run_with(reigning, truth, scores(truth, 3.0, seed=2))
    with monkeypatch.context() as patched:
        patched.setattr(mlflow.MlflowClient, step, crash)
        with pytest.raises(SystemExit):
            try_promote(reigning, better, "crashed")
    assert serving(reigning) == "first"
    assert "is now champion" in try_promote(reigning, better, "again")
    assert serving(reigning) == "again"


def replace_bundle(folder: Path) -> None:
    """Write another model over a bundle, with a manifest that fits it."""
    (folder / "model.json").write_text("something else", encoding="utf-8")
    files = {"model.json": file_digest(folder / "model.json")}
    (folder / MANIFEST).write_text(json.dumps({"files": files}), encoding="utf-8")


@pytest.mark.parametrize("name", [None, "models:/shop@champion", "models:/shop/1"])
def test_a_bundle_that_was_replaced_is_not_the_registered_one(reigning, name):
    source = locate_bundle(reigning, name)
    assert (source.model, source.version) == ("shop", "1")
    replace_bundle(source.folder)
    with pytest.raises(InputError, match="is not the bundle that was registered"):
        load_bundle(source.folder, registered=source.manifest)


def test_a_replaced_champion_does_not_come_back(reigning, truth):
    first = locate_bundle(reigning, None).folder
    try_promote(reigning, run_with(reigning, truth, scores(truth, 3.0, seed=2)), "better")
    replace_bundle(first)
    with pytest.raises(InputError, match="is not the bundle that was registered"):
        roll_back(reigning, "shop")
    assert serving(reigning) == "better"


def test_a_replaced_champion_is_not_met(reigning, truth):
    replace_bundle(locate_bundle(reigning, None).folder)

    def compare(source):
        load_bundle(source.folder, registered=source.manifest)
        raise AssertionError

    newcomer = run_with(reigning, truth, scores(truth, 3.0), evaluated="other rows")
    decision = try_promote(reigning, newcomer, "later", compare)
    assert "the champion stays: not comparable: " in decision
    assert "is not the bundle that was registered" in decision


def test_a_version_that_no_export_registered_is_refused(reigning):
    mlflow = client(reigning)
    folder = bundle_of(reigning, "by hand", "a model")
    run = locate_bundle(reigning, None)
    made = mlflow.get_model_version(run.model, run.version)
    mlflow.create_model_version("shop", folder.as_uri(), made.run_id)
    with pytest.raises(InputError, match=r"version 2 of shop has no tag `manifest`.*\n.*MODEL="):
        locate_bundle(reigning, "models:/shop/2")


def test_a_bundle_is_registered_once(reigning, truth):
    run = run_with(reigning, truth, scores(truth, 1.0))
    folder = bundle_of(reigning, "twice", "a model")
    first, second = register(reigning, run, folder), register(reigning, run, folder)
    assert first == second
    assert len(client(reigning).search_model_versions("name = 'shop'")) == 2


@pytest.fixture
def two_shops(reigning, truth):
    """A home with champions of two data sets of one experiment."""
    run = run_with(reigning, truth, scores(truth, 1.0), **{"data.fingerprint": "b"})
    tags = {"data.origin": "shop_b.csv", "data.fitted_through": "2022-06-23"}
    source = register(reigning, run, bundle_of(reigning, "other", "a model of b"), "shop-shop_b", tags)
    promote(reigning, run, source, lambda _: "never asked", force=False, reason="")
    return reigning


def test_of_several_champions_one_has_to_be_named(two_shops):
    with pytest.raises(InputError, match="there are champions of 2 data sets") as refused:
        locate_bundle(two_shops, None)
    assert "MODEL=models:/shop@champion\n" in str(refused.value)
    assert "MODEL=models:/shop-shop_b@champion   shop_b.csv, fitted through 2022-06-23" in str(refused.value)
    assert locate_bundle(two_shops, "models:/shop-shop_b@champion").folder.name == "other"


def test_each_data_set_of_an_experiment_has_its_champion(two_shops):
    assert models_of(client(two_shops), "shop") == {"shop", "shop-shop_b"}
    assert fitted_on(two_shops, "shop", "b").folder.name == "other"
    assert fitted_on(two_shops, "shop", "c") is None
    assert free_name(client(two_shops), "shop", "shop_b") == "shop-shop_b-2"
    assert free_name(client(two_shops), "elsewhere", "x") == "elsewhere"


def test_a_champion_of_one_data_set_leaves_the_others_mark(two_shops):
    mlflow = client(two_shops)
    runs = mlflow.search_runs([mlflow.get_experiment_by_name("shop").experiment_id])
    marks = {run.data.tags["champion"] for run in runs if "champion" in run.data.tags}
    assert marks == {"version 1", "shop-shop_b, version 1"}


def test_the_next_command_names_the_bundle_unless_it_is_taken_by_itself(reigning, truth):
    assert name_bundle(reigning, locate_bundle(reigning, None)) is None
    worse = run_with(reigning, truth, scores(truth, 0.1))
    source = register(reigning, worse, bundle_of(reigning, "worse", "a model"))
    promote(reigning, worse, source, lambda _: "never asked", force=False, reason="")
    assert name_bundle(reigning, source) == "models:/shop/2"


def test_of_two_champions_the_next_command_names_its_own(two_shops):
    source = locate_bundle(two_shops, "models:/shop-shop_b@champion")
    assert name_bundle(two_shops, source) == "models:/shop-shop_b@champion"
