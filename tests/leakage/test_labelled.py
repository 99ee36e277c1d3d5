"""Labelled tables: columns made from the outcome are caught by name; sealed outcomes reach nothing before the seal."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.settings import ChurnSettings
from churnclv.data.labelled_table import read_labelled
from churnclv.data.settings import Columns, CustomerKind, DataSettings
from churnclv.evaluation.check import Outcome
from churnclv.evaluation.checks.golden_features import check_golden_features
from churnclv.features.category_encoding import Encoding
from churnclv.features.preparation import prepare_table
from churnclv.progress import Progress
from churnclv.snapshots.settings import WindowSettings
from churnclv.snapshots.splits import TEST, split_rows
from churnclv.tuning.churn_study import ChurnEvidence, tune_churn
from churnclv.tuning.settings import Range, TuningSettings
from churnclv.tuning.study import StudyPlan

LABELLED = DataSettings(shape=CustomerKind.labelled, columns=Columns("id", None, None), target="left", positive="yes")
WINDOWS = WindowSettings(table_folds=3)


def customers(rows=600, seed=0):
    """Return customers of whom a quarter left, for reasons that the columns half know."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"id": [f"c{n:04}" for n in range(rows)], "age": random.integers(18, 90, rows) * 7})
    frame["plan"] = random.choice(["S", "M", "L"], rows)
    frame["paid"] = np.round(random.gamma(2.0, 30.0, rows), 2)
    said = 1.0 / (1.0 + np.exp(-(1.2 * (frame["plan"] == "S") - frame["paid"] / 30)))
    return frame.assign(left=np.where(random.random(rows) < said, "yes", "no"))


def with_leaks(frame):
    """Return the customers with columns that were written after they had left."""
    random, left = np.random.default_rng(9), (frame["left"] == "yes").to_numpy()
    mostly = np.where(random.random(len(frame)) < 0.01, ~left, left)
    reasons = random.choice(["price", "moved", "service", "competitor"], len(frame))
    return frame.assign(
        copy=left.astype(int),
        word=np.where(left, "gone", "here"),
        score=np.round(left * 4.0 + random.normal(size=len(frame)), 3),  # Phi(4 / sqrt(2)) = .998
        flag=np.where(mostly, "T", "F"),  # right for 99 of 100
        status=np.where(left, random.choice([1, 5], len(frame)), 3),  # codes without an order
        last_login=np.where(left, None, random.random(len(frame)).round(6)),  # missing for those who left
        reason=np.where(left, reasons, None),
        note=np.where(left, "left: " + frame["id"], None),  # free text, all different: taken for an id
    )


LEAKS = {"copy", "word", "score", "flag", "status", "last_login", "reason"}


def read(connection, frame, **chosen):
    return read_labelled(connection, replace(LABELLED, **chosen), frame)


def snapshots_of(table):
    return prepare_table(table, split_rows(table.outcomes, table.split, WINDOWS, 0))


# --- planted leaks ---


def test_every_planted_leak_is_caught_by_name(connection):
    table = read(connection, with_leaks(customers()))
    data = snapshots_of(table).training
    assert "note" in table.quality.dropped
    caught = {name: check_golden_features(data.X[[name]], data.churned) for name in data.names}
    assert {name for name, found in caught.items() if found.outcome is Outcome.failed} == LEAKS
    for name in LEAKS:
        assert caught[name].finding.startswith(f"'{name}' alone has AUC ")
        assert "data.exclude" in caught[name].remedy


def test_a_check_of_all_columns_names_the_leaks_and_nothing_else(connection):
    frame = with_leaks(customers())
    data = snapshots_of(read(connection, frame)).training
    found = check_golden_features(data.X, data.churned)
    assert {fault.split("'")[1] for fault in found.finding.split("; ")} == LEAKS
    without = snapshots_of(read(connection, frame, exclude=sorted(LEAKS))).training
    assert check_golden_features(without.X, without.churned).outcome is Outcome.passed


@pytest.mark.parametrize("filled", [1.0, 0.5])
def test_a_reason_that_only_some_who_left_gave_is_caught_by_what_it_knows(connection, filled):
    frame = customers(900)
    gave = (frame["left"] == "yes") & (np.random.default_rng(1).random(900) < filled)
    data = snapshots_of(read(connection, frame.assign(reason=np.where(gave, "price", None)))).training
    found = check_golden_features(data.X[["reason"]], data.churned)
    assert found.outcome is (Outcome.failed if filled == 1.0 else Outcome.passed)
    power = float(found.finding.rsplit("AUC ", 1)[1])
    assert power == pytest.approx((1.0 + filled) / 2, abs=0.03)  # who gave none cannot be told apart


# --- the sealed part ---


def with_split(frame):
    return frame.assign(part=np.where(np.arange(len(frame)) % 4 == 3, "test", "train"))


def turned(frame):
    """Return the same customers, every second outcome of the test part the other way round."""
    behind = (frame["part"] == "test") & (np.arange(len(frame)) % 8 == 3)
    return frame.assign(left=frame["left"].where(~behind, frame["left"].map({"yes": "no", "no": "yes"})))


@pytest.fixture(scope="module")
def pair(connection):
    """A table, and the same table with other outcomes behind the seal."""
    frame = with_split(customers())
    return [read(connection, found, split="part") for found in (frame, turned(frame))]


def test_sealed_outcomes_change_no_fold_and_no_row(pair):
    first, second = pair
    assert (first.outcomes != second.outcomes).sum() == 75
    pd.testing.assert_frame_equal(first.frame, second.frame)
    plans = [split_rows(table.outcomes, table.split, WINDOWS, 0) for table in pair]
    assert plans[0].parts.tolist() == plans[1].parts.tolist()
    assert plans[0].folds == plans[1].folds
    assert (plans[0].as_dict(), plans[0].sealed_name) == (plans[1].as_dict(), plans[1].sealed_name)
    one, other = (prepare_table(table, plan) for table, plan in zip(pair, plans, strict=True))
    pd.testing.assert_frame_equal(one.training.features, other.training.features)
    pd.testing.assert_frame_equal(one.training.labels, other.training.labels)
    pd.testing.assert_frame_equal(one.sealed, other.sealed)
    assert (one.read_sealed_labels()["churned"] != other.read_sealed_labels()["churned"]).sum() == 75


def test_sealed_outcomes_change_no_choice_and_no_check(pair, tmp_path):
    ranges = {"learning_rate": Range(low=0.05, high=0.5, log=True), "max_depth": Range(low=1.0, high=4.0)}
    chosen = []
    for place, table in enumerate(pair):
        plan = split_rows(table.outcomes, table.split, WINDOWS, 0)
        data = prepare_table(table, plan).training
        study = StudyPlan("churn", tmp_path / f"{place}.db", ranges, TuningSettings(n_trials=2))
        settings = ChurnSettings(max_rounds=15, patience_rounds=5, threads=1, bags=1, penalty_strengths=[10.0])
        tuned = tune_churn(ChurnEvidence(data, plan.folds), settings, study, lambda _: None, Progress())
        golden = check_golden_features(data.X, data.churned)
        scores = [fold.tolist() for fold in tuned.fold_scores]
        chosen.append((tuned.choice, tuned.ablation, tuned.calibration_losses, scores, golden))
    assert chosen[0] == chosen[1]


def test_a_drawn_plan_keeps_the_outcomes_of_its_test_part_shut_away(connection):
    table = read(connection, customers())
    plan = split_rows(table.outcomes, None, WINDOWS, 0)
    behind = plan.parts == TEST
    other = replace(table, churned=np.where(behind, 1.0 - table.outcomes, table.outcomes))
    one, two = prepare_table(table, plan), prepare_table(other, plan)
    pd.testing.assert_frame_equal(one.training.features, two.training.features)
    pd.testing.assert_frame_equal(one.training.labels, two.training.labels)
    pd.testing.assert_frame_equal(one.sealed, two.sealed)
    for snapshots in (one, two):
        shown = [snapshots.training.features, snapshots.sealed, snapshots.daily]
        assert not any("churned" in frame or "left" in frame for frame in shown)
        assert not set(snapshots.training.features["customer_id"]) & set(table.ids[behind])


def test_what_is_left_out_and_what_is_a_number_does_not_depend_on_outcomes(connection):
    frame = with_leaks(customers()).assign(constant=1)
    other = frame.assign(left=np.where(frame["left"] == "yes", "no", "yes"))
    one, two = (read(connection, found) for found in (frame, other))
    assert one.quality.dropped == two.quality.dropped
    pd.testing.assert_frame_equal(one.frame, two.frame)


def test_categories_are_those_of_the_rows_that_are_learned_from(connection):
    frame = with_split(customers())
    frame["town"] = np.where(frame["part"] == "test", "Rome", np.where(frame.index % 3 == 0, "Oslo", "Bonn"))
    table = read(connection, frame, split="part")
    snapshots = snapshots_of(table)
    encoding = Encoding.learn(snapshots.training.X)
    assert encoding.categories["town"] == ("Bonn", "Oslo")
    assert set(encoding.apply(snapshots.sealed)[:, encoding.columns.index("town")]) == {2.0}
