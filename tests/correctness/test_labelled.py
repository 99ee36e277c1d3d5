"""Labelled tables: one table from every kind of file, columns that say nothing left out by name, and the splits."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.ensemble import ChurnChoice, ChurnModel
from churnclv.data.labelled_table import read_labelled
from churnclv.data.settings import Columns, CustomerKind, DataSettings
from churnclv.features.preparation import open_sealed, prepare_table
from churnclv.snapshots.settings import WindowSettings
from churnclv.snapshots.splits import TEST, split_rows

LABELLED = DataSettings(
    shape=CustomerKind.labelled, columns=Columns("id", None, None), target="left", positive="1", max_set_aside_share=0.5
)
WINDOWS = WindowSettings()
CHOICE = ChurnChoice(
    {"xgboost": 0.5, "logistic": 0.5},
    {"xgboost": {"parameters": {"max_depth": 3, "subsample": 0.8}, "rounds": 10, "seed": 1}},
)


def customers(rows=300):
    """Return customers whose age and plan say who left, every column of a type of its own."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [f"c{n:04}" for n in range(rows)]})
    frame["age"] = random.integers(18, 90, rows) * 7
    frame["paid"] = np.round(random.gamma(2.0, 30.0, rows), 2)
    frame["tiny"] = random.random(rows) * 1e-6
    frame["calls"] = pd.array(random.integers(0, 5, rows), dtype="Int64")
    frame.loc[frame.index % 11 == 0, "calls"] = pd.NA
    frame["plan"] = random.choice(["S", "M", "L"], rows)
    frame.loc[frame.index % 13 == 0, "plan"] = None
    frame["paperless"] = random.random(rows) < 0.5
    frame["zone"] = random.choice(["007", "7", "A1"], rows)
    drawn = random.random(rows) + (frame["plan"] == "S") * 0.3 + frame["paid"] / 200
    return frame.assign(left=(drawn > 1.0).astype(int))


def read(connection, path=None, frame=None, **chosen):
    where = None if path is None else str(path)
    return read_labelled(connection, replace(LABELLED, path=where, **chosen), frame)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One table as CSV, gzipped CSV, with semicolons, and as Parquet."""
    folder, frame = tmp_path_factory.mktemp("table"), customers()
    frame.to_csv(folder / "table.csv", index=False)
    (folder / "table.csv.gz").write_bytes(gzip.compress((folder / "table.csv").read_bytes()))
    frame.to_csv(folder / "semicolon.csv", index=False, sep=";", encoding="utf-16")
    frame.to_parquet(folder / "table.parquet")
    return folder


@pytest.fixture(scope="module")
def table(files, connection):
    return read(connection, files / "table.csv")


# --- reading ---


def test_numbers_are_numbers_and_anything_else_is_text(table):
    kinds = {name: str(kind) for name, kind in table.frame.dtypes.items()}
    numbers = dict.fromkeys(("age", "paid", "tiny", "calls"), "float64")
    assert kinds == {**numbers, **dict.fromkeys(("plan", "paperless", "zone"), "object")}
    frame = customers()
    for name in numbers:
        np.testing.assert_array_equal(table.frame[name], frame[name].to_numpy(dtype=float, na_value=np.nan))
    plans = frame["plan"].astype(object)
    assert table.frame["plan"].tolist() == plans.where(plans.notna(), None).tolist()
    assert table.frame["zone"].tolist() == frame["zone"].tolist()
    assert table.frame["paperless"].tolist() == ["true" if yes else "false" for yes in frame["paperless"]]
    assert table.outcomes.tolist() == frame["left"].tolist()


@pytest.mark.parametrize("name", ["table.csv.gz", "semicolon.csv", "table.parquet", "frame"])
def test_every_kind_of_file_gives_the_same_table(files, table, connection, name):
    other = read(connection, frame=customers()) if name == "frame" else read(connection, files / name)
    pd.testing.assert_frame_equal(other.frame, table.frame, check_exact=True)
    assert other.ids.tolist() == table.ids.tolist()
    assert other.outcomes.tolist() == table.outcomes.tolist()
    if name in ("table.csv.gz", "semicolon.csv"):
        assert other.quality.fingerprint == table.quality.fingerprint


def test_the_order_of_the_rows_changes_nothing(table, connection, tmp_path):
    shuffled = customers().sample(frac=1.0, random_state=5)
    shuffled.to_csv(tmp_path / "shuffled.csv", index=False)
    other = read(connection, tmp_path / "shuffled.csv")
    assert other.quality.fingerprint == table.quality.fingerprint
    pd.testing.assert_frame_equal(other.frame, table.frame, check_exact=True)
    plans = [split_rows(found.outcomes, found.split, WINDOWS, 3) for found in (table, other)]
    assert plans[0].parts.tolist() == plans[1].parts.tolist()
    assert plans[0].as_dict() == plans[1].as_dict()
    scores = []
    for found, plan in zip((table, other), plans, strict=True):
        snapshots = prepare_table(found, plan)
        data = snapshots.training
        model = ChurnModel(CHOICE, threads=1).fit(data.features, data.churned, data.names)
        scores.append(dict(zip(snapshots.sealed["customer_id"], model.predict(snapshots.sealed), strict=True)))
    assert scores[0] == scores[1]


def test_another_cell_or_another_name_is_another_table(files, table, connection, tmp_path):
    text = (files / "table.csv").read_text()
    for place, other in enumerate([text.replace("c0007,", "c0007x,"), text.replace("age,paid", "paid,age")]):
        path = tmp_path / f"{place}.csv"
        path.write_text(other)
        assert read(connection, path).quality.fingerprint != table.quality.fingerprint


def test_columns_that_say_nothing_are_left_out_by_name(connection):
    random, rows = np.random.default_rng(2), 200
    frame = customers(rows)[["id", "age", "left"]].assign(
        country="IT",
        partly=["IT"] * 150 + [None] * 50,  # missing or not may say something
        nothing=None,
        blank="  ",
        number=[n * 2 for n in random.permutation(rows)],  # all different within a span of twice the rows
        counter=random.permutation(rows) + 1000,
        mail=[f"{n}@x" for n in range(rows)],
        nick=[f"n{n % 150}" for n in range(rows)],  # three in four differ: not an id yet
        some_mail=[f"{n}@x" if n % 3 == 0 else "" for n in range(rows)],
        few=[f"{n}" if n < 49 else None for n in range(rows)],
        cost=random.permutation(rows) / 7,
    )
    found = read(connection, frame=frame, exclude=["cost"])
    assert dict(found.quality.dropped) == {
        "country": "it has the same value everywhere",
        "nothing": "it has no value at all",
        "blank": "it has no value at all",
        "number": "its whole numbers never repeat, though they lie close together: it is an id",
        "counter": "its numbers count the rows: it is an id",
        "mail": "nearly every value differs: it is an id",
        "some_mail": "nearly every value differs: it is an id",
    }
    assert list(found.frame.columns) == ["age", "partly", "nick", "few"]


def test_the_report_names_them_for_people_and_for_machines(connection):
    frame = customers(100).drop(columns="zone").assign(land="IT", nothing=None)
    quality = read(connection, frame=frame).quality
    told = "column 'land' is not learned from: it has the same value everywhere"
    assert quality.lines() == [
        "100 rows read = 100 kept + 0 set aside",
        f"  {told}",
        "  column 'nothing' is not learned from: it has no value at all",
    ]
    assert f"- {told}\n" in quality.to_markdown()
    assert quality.to_markdown().startswith("# Data quality\n\n100 rows read = 100 kept + 0 set aside\n")
    stored = json.loads(json.dumps(quality.as_dict()))
    assert stored["dropped"] == dict(quality.dropped)
    assert (stored["rows_read"], stored["customers"], stored["orders"]) == (100, 100, 0)


# --- splits ---


def test_the_test_part_and_the_folds_are_stratified():
    churned = np.tile([1.0, 0.0, 0.0, 0.0], 100)  # 100 left, 300 stayed
    plan = split_rows(churned, None, WINDOWS, 0)
    counts = pd.Series(churned).groupby(plan.parts).agg(["sum", "size"])
    assert counts.loc[TEST].tolist() == [25, 100]
    assert counts.drop(TEST).to_numpy().tolist() == [[15, 60]] * 5
    assert [fold.valid for fold in plan.folds] == [0, 1, 2, 3, 4]
    assert all(sorted((*fold.train, fold.valid)) == [0, 1, 2, 3, 4] for fold in plan.folds)
    assert plan.lines() == [
        "300 rows to learn from, in 5 stratified folds; no time, so nothing is cut by date",
        "sealed test: 100 rows, 25% drawn by outcome, rows in order of their ids",
    ]


def test_a_seed_is_a_split_of_its_own_and_says_so():
    churned = np.tile([1.0, 0.0, 0.0, 0.0], 100)
    first, again, other = (split_rows(churned, None, WINDOWS, seed) for seed in (0, 0, 1))
    assert first.parts.tolist() == again.parts.tolist()
    assert first.as_dict() == again.as_dict()
    assert first.sealed_name == again.sealed_name
    assert first.parts.tolist() != other.parts.tolist()
    assert first.as_dict() != other.as_dict()  # scores on other rows cannot be compared pair by pair
    assert first.sealed_name != other.sealed_name
    folds = replace(first, parts=np.where(first.parts == 0, 1, first.parts))
    assert folds.as_dict() != first.as_dict()


@pytest.mark.parametrize(
    ("left", "folds", "behind", "share"), [(4, 2, 2, "50%"), (5, 3, 2, "40%"), (8, 5, 2, "25%"), (20, 5, 5, "25%")]
)
def test_few_who_left_give_fewer_folds_and_still_two_behind_the_seal(left, folds, behind, share):
    churned = np.zeros(300)
    churned[np.linspace(0, 299, left).astype(int)] = 1.0
    for outcomes in (churned, 1.0 - churned):
        plan = split_rows(outcomes, None, WINDOWS, 0)
        rare = plan.parts[churned == 1.0]
        assert len(plan.folds) == folds
        assert int((rare == TEST).sum()) == behind
        assert set(plan.parts) == {TEST, *range(folds)}
        assert {int((rare == fold.valid).sum()) for fold in plan.folds} <= {1, 2, 3}
        assert f"in {folds} stratified folds" in plan.lines()[0]
        assert f"{share} drawn by outcome" in plan.lines()[1]


@pytest.mark.parametrize("share", [0.001, 0.25, 0.999])
def test_any_share_leaves_both_outcomes_in_both_parts(share):
    churned = np.array([1.0, 0.0] * 4)
    plan = split_rows(churned, None, replace(WINDOWS, test_share=share, table_folds=2), 0)
    behind = churned[plan.parts == TEST]
    assert (behind.sum(), len(behind)) == {0.001: (2, 4), 0.25: (2, 4), 0.999: (2, 4)}[share]


def test_five_who_left_can_be_learned_from_and_judged():
    frame = customers(300).assign(left=0)
    frame.loc[[3, 60, 120, 200, 280], "left"] = 1
    given = np.where(frame.index % 3 == 0, "test", "train")  # three of them behind the seal
    plan = split_rows(frame["left"].to_numpy(dtype=float), given, WINDOWS, 0)
    assert (len(plan.folds), plan.by, plan.as_dict()["test_rows"]) == (2, "given by data.split", 100)


# --- snapshots ---


def test_a_table_becomes_snapshots_without_a_cutoff(table):
    plan = split_rows(table.outcomes, table.split, WINDOWS, 0)
    snapshots = prepare_table(table, plan)
    data, behind = snapshots.training, plan.parts == TEST
    assert len(data) == int((~behind).sum()) == 225
    assert data.names == list(table.frame.columns) == list(data.X.columns)
    assert data.features["customer_id"].tolist() == table.ids[~behind].tolist()
    assert data.features["cutoff"].isna().all()
    assert data.features["in_population"].all()
    assert data.churned.tolist() == table.outcomes[~behind].tolist()
    assert data.customers.tolist() == list(range(225))
    everybody = []
    for fold in plan.folds:
        evaluated, taught = data.at((fold.valid,)), data.at(fold.train)
        assert (len(evaluated), len(taught)) == (45, 180)
        assert not set(evaluated.features["customer_id"]) & set(taught.features["customer_id"])
        everybody += evaluated.features["customer_id"].tolist()
    assert sorted(everybody) == data.features["customer_id"].tolist()


def test_the_sealed_part_joins_its_own_outcomes(table):
    plan = split_rows(table.outcomes, table.split, WINDOWS, 0)
    snapshots = prepare_table(table, plan)
    behind = plan.parts == TEST
    assert "churned" not in snapshots.sealed
    opened = open_sealed(snapshots, snapshots.read_sealed_labels())
    assert opened.features["customer_id"].tolist() == table.ids[behind].tolist()
    assert opened.churned.tolist() == table.outcomes[behind].tolist()
    pd.testing.assert_frame_equal(opened.X, table.frame[behind].reset_index(drop=True))
    with pytest.raises(ValueError, match="features and labels are not of the same snapshots"):
        open_sealed(snapshots, snapshots.read_sealed_labels().iloc[::-1])
