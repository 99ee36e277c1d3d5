"""Which registered model an export is a version of: that of the champion that has learned from the same data."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from churnclv.bundle.pyfunc import BUNDLE, MANIFEST
from churnclv.bundle.specification import BundleSpecification, write_specification
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import CustomerKind, DataSettings
from churnclv.data.sketch import EventSketch, sketch_events
from churnclv.decision.economics import EconomicsSettings
from churnclv.features.settings import FeatureSettings
from churnclv.files import write_json
from churnclv.pipeline.lineage import compare_with_bundle, find_lineage
from churnclv.pipeline.settings import TrainConfig
from churnclv.snapshots.settings import WindowSettings
from churnclv.testing.market import Market, simulate
from churnclv.tracking import records
from churnclv.tracking.home import Home
from churnclv.tracking.promotion import promote, register
from churnclv.tracking.registry import ORIGIN_TAG, find_run
from churnclv.tracking.sink import client, open_run

pytestmark = pytest.mark.slow
MIDDLE = "2011-06-01"


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return simulate(Market(customers=200, days=720), 1).log.astype({"timestamp": str, "amount": str})


@pytest.fixture
def home(tmp_path, empty_database) -> Home:
    home = Home.at(str(tmp_path / "runs"))
    shutil.copy(empty_database, home.database)
    return home


def read(log: pd.DataFrame, path: Path):
    log.to_csv(path, index=False)
    return read_events(connect(EngineSettings(threads=1)), DataSettings(path=str(path)))


def parts_of(events, path: Path) -> SimpleNamespace:
    """Return what an export knows of a log."""
    specification = BundleSpecification(
        data=DataSettings(path=str(path)),
        windows=WindowSettings(),
        features=FeatureSettings(),
        economics=EconomicsSettings(),
        fitted_through=f"{events.end:%Y-%m-%d}",
        data_fingerprint=events.quality.fingerprint,
        run_id="",
        origin=path.name,
        sketch=sketch_events(events.table, events.end),
    )
    return SimpleNamespace(specification=specification, profile=pd.DataFrame({"a": [1.0], "b": [1.0]}))


def reign(home: Home, parts: SimpleNamespace, model: str | None = None) -> Path:
    """Register a bundle of these parts as a champion, and return its folder."""
    root = home.export / str(model)
    (root / BUNDLE).mkdir(parents=True)
    write_specification(root / BUNDLE, parts.specification)
    write_json(root / BUNDLE / "profile.json", dict.fromkeys(parts.profile.columns))
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    (root / MANIFEST).write_text(json.dumps({"files": digests}))
    with open_run(home, "shop", "train") as sink:
        sink.write(records.Tags({"kind": "train", "data.fingerprint": parts.specification.data_fingerprint}))
    run = find_run(home, sink.run_id, "", higher_is_better=True)
    source = register(home, run, root, model, {ORIGIN_TAG: parts.specification.origin})
    promote(home, run, source, lambda _: "never asked", force=True, reason="a test")
    return root


@pytest.fixture(scope="module")
def early(log, tmp_path_factory) -> SimpleNamespace:
    """What an export knows of the first part of a log."""
    path = tmp_path_factory.mktemp("early") / "orders.csv"
    return parts_of(read(log[log["timestamp"] < MIDDLE], path), path)


@pytest.fixture
def champion(home, early) -> SimpleNamespace:
    """A champion of the first part of a log."""
    reign(home, early)
    return early


def lineage_of(home: Home, log: pd.DataFrame, path: Path):
    return find_lineage(TrainConfig(data=DataSettings(path=str(path))), "shop", parts_of(read(log, path), path), home)


def other_shop(log: pd.DataFrame) -> pd.DataFrame:
    return log.assign(amount=(log["amount"].astype(float) * 3.7).round(2).astype(str))


SAME = {
    "the same log": lambda log: log[log["timestamp"] < MIDDLE],
    "a longer log": lambda log: log,
    "a longer log that starts later": lambda log: log[log["timestamp"] >= "2010-09-01"],
    "a third of the customers": lambda log: log[log["customer_id"].isin(sorted(log["customer_id"].unique())[::3])],
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
@pytest.mark.usefixtures("champion")
def test_the_same_shops_log_is_one_lineage_whatever_its_file(home, log, tmp_path, change):
    found = lineage_of(home, change(log), tmp_path / "orders_2012.csv")
    assert (found.model, found.notices) == ("shop", ())


@pytest.mark.parametrize(
    ("name", "model"), [("shop b.csv", "shop-shop-b"), ("orders.csv", "shop-orders"), ("---.csv", "shop-data")]
)
@pytest.mark.usefixtures("champion")
def test_another_shops_log_is_another_lineage_whatever_its_file(home, log, tmp_path, name, model):
    found = lineage_of(home, other_shop(log), tmp_path / name)
    assert found.model == model
    (notice,) = found.notices
    assert notice.code == "other_data_set"
    assert "shop (orders.csv)" in notice.message
    assert "make export ARGS='model=shop'" in notice.remedy


@pytest.mark.usefixtures("champion")
def test_each_of_two_shops_finds_its_own_champion(home, log, tmp_path):
    second = other_shop(log)
    path = tmp_path / "b.csv"
    reign(home, parts_of(read(second[second["timestamp"] < MIDDLE], path), path), "shop-b")
    assert lineage_of(home, second, path).model == "shop-b"
    assert lineage_of(home, log, tmp_path / "orders.csv").model == "shop"
    third = second.assign(customer_id="z" + second["customer_id"])
    assert lineage_of(home, third, path).model == "shop-b-2"


def test_without_a_champion_a_model_is_named_like_the_experiment(home, log, tmp_path):
    found = lineage_of(home, log, tmp_path / "orders.csv")
    assert (found.model, found.notices) == ("shop", ())


@pytest.mark.parametrize(("name", "model"), [("orders.csv", "shop"), ("others.csv", "shop-others")])
@pytest.mark.usefixtures("champion")
def test_a_champion_that_cannot_be_compared_goes_by_its_file(home, log, tmp_path, name, model):
    (home.export / "None" / MANIFEST).write_text("{}")
    assert lineage_of(home, other_shop(log), tmp_path / name).model == model


@pytest.mark.parametrize(
    ("columns", "target", "model"),
    [(["a", "b"], "left", "shop"), (["a", "b", "c"], "left", "shop"), (["a", "x", "y"], "left", "shop-new"),
     (["a", "b"], "gone", "shop-new")],
)  # fmt: skip
def test_labelled_tables_are_compared_by_columns_and_target(home, champion, columns, target, model):
    def labelled(name: str, columns: list[str], target: str) -> SimpleNamespace:
        data = DataSettings(shape=CustomerKind.labelled, target=target, path=name)
        specification = replace(champion.specification, data=data, sketch=None, data_fingerprint=name, origin=name)
        return SimpleNamespace(specification=specification, profile=pd.DataFrame({column: [1.0] for column in columns}))

    client(home).delete_registered_model("shop")
    shutil.rmtree(home.export)
    reign(home, labelled("old.csv", ["a", "b"], "left"))
    assert find_lineage(TrainConfig(), "shop", labelled("new.csv", columns, target), home).model == model


def test_scoring_doubts_what_the_bundle_has_not_learned_from(early, log, tmp_path):
    scorer = SimpleNamespace(specification=early.specification)
    assert compare_with_bundle(scorer, read(log, tmp_path / "a.csv")) == ()
    some = log[log["customer_id"].isin(sorted(log["customer_id"].unique())[:40])]
    assert compare_with_bundle(scorer, read(some, tmp_path / "some.csv")) == ()
    later = log[log["timestamp"] >= "2011-07-01"]
    assert compare_with_bundle(scorer, read(later, tmp_path / "later.csv")) == ()  # nothing to compare
    (notice,) = compare_with_bundle(scorer, read(other_shop(log), tmp_path / "b.csv"))
    assert (notice.code, "about 0% are in the data" in notice.message) == ("other_data", True)
    assert "orders.csv" in notice.message


def test_bundles_without_a_sketch_and_tables_without_time_give_no_doubt(early, log, tmp_path):
    events = read(other_shop(log), tmp_path / "b.csv")
    old = SimpleNamespace(specification=replace(early.specification, sketch=None))
    assert compare_with_bundle(old, events) == ()
    assert compare_with_bundle(SimpleNamespace(specification=early.specification), SimpleNamespace(ids=[])) == ()
    full = replace(early.specification, sketch=EventSketch("ff" * 8))
    assert compare_with_bundle(SimpleNamespace(specification=full), events) == ()
