"""Experiments: columns written after the treatment are refused by name; the sealed part reaches nothing before."""

import numpy as np
import pandas as pd
import pytest

from churnclv.data.experiment_table import read_experiment
from churnclv.data.settings import Columns, CustomerKind, DataSettings
from churnclv.errors import InputError
from churnclv.features.preparation import prepare_experiment
from churnclv.snapshots.settings import WindowSettings
from churnclv.snapshots.splits import TEST, split_experiment
from churnclv.testing.treatment_simulator import TreatmentDesign, simulate_treatment
from churnclv.uplift.column_leakage import require_before_treatment

ROWS = 3000
TRUTH = simulate_treatment(TreatmentDesign(ROWS), 3)
ARM, OUTCOME = TRUTH.responses.arm, TRUTH.responses.outcome
RANDOM = np.random.default_rng(5)
LATE = {
    "copy": (OUTCOME, "is a copy of the outcome"),
    "in_cents": (OUTCOME * 100.0, "is a copy of the outcome"),
    "status": (np.where(OUTCOME > 0, "won", "open"), "alone predicts the outcome"),
    "reason": (np.where((OUTCOME > 0) & (RANDOM.random(ROWS) < 0.2), "price", None), "had the same outcome"),
    "group": (np.where(ARM > 0, "A", "B"), "says who was treated"),
    "opened": (np.where(ARM > 0, (RANDOM.random(ROWS) < 0.3).astype(float), 0.0), "the same for the whole control"),
    "visits_since": (RANDOM.poisson(2.0 + ARM).astype(float), "differs between the arms"),
}


def check(features, arm=ARM, outcome=OUTCOME, kept=(), *, randomised=True):
    require_before_treatment(features, arm, outcome, kept, randomised=randomised)


@pytest.mark.parametrize("name", LATE)
def test_a_column_from_after_the_treatment_is_refused_by_name_and_may_be_kept_by_name(name):
    values, why = LATE[name]
    features = TRUTH.features.assign(**{name: values})
    with pytest.raises(InputError, match=f"column '{name}' .*{why}") as caught:
        check(features)
    assert f"'data.after_treatment=[{name}]'" in str(caught.value)
    check(features, kept=[name])


def test_all_late_columns_are_named_at_once():
    features = TRUTH.features.assign(**{name: values for name, (values, _) in LATE.items()})
    with pytest.raises(InputError) as caught:
        check(features)
    assert all(f"'{name}'" in str(caught.value) for name in LATE)
    assert "noise" not in str(caught.value)


def test_what_was_known_before_passes_whatever_it_predicts():
    check(TRUTH.features)
    rare = (np.random.default_rng(1).random(ROWS) < 0.01).astype(float)
    check(TRUTH.features.assign(region=np.where(np.arange(ROWS) % 9 == 0, "far", "near")), outcome=rare)
    amounts = simulate_treatment(TreatmentDesign(ROWS, amounts=True), 3)
    check(amounts.features, amounts.responses.arm, amounts.responses.outcome)


@pytest.mark.slow
def test_columns_drawn_at_random_are_hardly_ever_refused():
    for seed in range(60):
        arm = np.random.default_rng(seed).integers(0, 3, 600)
        check(TRUTH.features.iloc[:600], arm, OUTCOME[:600])


def test_without_randomisation_groups_may_differ_and_other_late_columns_are_still_refused():
    confounded = simulate_treatment(TreatmentDesign(ROWS, confounding=1.5), 3)
    arm, outcome = confounded.responses.arm, confounded.responses.outcome
    check(confounded.features, arm, outcome, randomised=False)
    with pytest.raises(InputError, match="column 'visits' differs between the arms"):
        check(confounded.features, arm, outcome)
    with pytest.raises(InputError, match="column 'copy' is a copy of the outcome"):
        check(confounded.features.assign(copy=outcome), arm, outcome, randomised=False)


def test_an_amount_hides_neither_in_its_copy_nor_in_whether_it_is_above_zero():
    truth = simulate_treatment(TreatmentDesign(ROWS, amounts=True), 4)
    spend = truth.responses.outcome * (np.random.default_rng(2).random(ROWS) < 0.2)
    for name, values in {"net": spend / 1.22, "converted": (spend > 0).astype(float)}.items():
        with pytest.raises(InputError, match=f"column '{name}'"):
            check(truth.features.assign(**{name: values}), truth.responses.arm, spend)


def test_outcomes_and_arms_of_the_sealed_part_change_nothing_that_is_learned_from(connection):
    frame = TRUTH.features.assign(
        id=[f"c{n:04}" for n in range(ROWS)], arm=np.where(ARM > 0, "offer", "no"), bought=OUTCOME
    )
    settings = DataSettings(
        shape=CustomerKind.experiment,
        columns=Columns("id", None, None),
        treatment="arm",
        control="no",
        outcome="bought",
    )
    table = read_experiment(connection, settings, frame)
    plan = split_experiment(table.arm, table.outcome, None, WindowSettings(), 0)
    sealed = plan.parts == TEST
    other = frame.assign(
        arm=np.where(sealed, np.where(frame["arm"] == "no", "offer", "no"), frame["arm"]),
        bought=np.where(sealed, 1.0 - frame["bought"], frame["bought"]),
    )
    first = prepare_experiment(table, plan)
    second = prepare_experiment(read_experiment(connection, settings, other), plan)
    pd.testing.assert_frame_equal(first.training.labels, second.training.labels)
    pd.testing.assert_frame_equal(first.training.features, second.training.features)
    assert set(first.training.labels.columns) == {"outcome", "arm"}
    assert not first.sealed.columns.isin(["arm", "bought"]).any()
    assert (first.read_sealed_labels()["outcome"] != second.read_sealed_labels()["outcome"]).all()
