"""One suite for every effect learner in every family of regressions, binary outcomes and amounts."""

import json

import numpy as np
import pandas as pd
import pytest

from churnclv.errors import InputError
from churnclv.evaluation.treatment_effects import Responses
from churnclv.testing.treatment_simulator import TreatmentDesign, simulate_treatment
from churnclv.uplift import effect_learners as registry
from churnclv.uplift.cross_fitting import OutcomeModels
from churnclv.uplift.effect_calibration import EffectCalibration
from churnclv.uplift.effect_learners import EffectLearner, effect_learner, effect_learners
from churnclv.uplift.effect_selection import Candidate, FrozenWeights
from churnclv.uplift.propensities import PropensityModel, with_overlap
from churnclv.uplift.uplift_model import UpliftModel

FLAT = "no_heterogeneity"
CASES = [(name, family) for name, learner in effect_learners().items() for family in learner.families]
ROWS = 1000
SIMULATED = {
    kind: simulate_treatment(TreatmentDesign(ROWS, propensities=(0.4, 0.6), amounts=kind == "amounts"), 1)
    for kind in ("binary", "amounts")
}


def with_gaps(features):
    """Return the features with missing and odd values, and a constant column."""
    wild = features.assign(flat=3.0, never=np.nan)
    wild.loc[::7, "orders"], wild.loc[::11, "channel"] = np.nan, None
    wild.loc[:3, "noise"] = [np.inf, -np.inf, 1e39, 1e308]
    return wild


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(case):
    name, family = case
    made = {}
    for kind, truth in SIMULATED.items():
        made[kind] = effect_learners()[name](family, seed=1).fit(with_gaps(truth.features), truth.responses)
    return made


def test_effects_are_finite_and_each_row_is_predicted_by_itself(fitted):
    for kind, learner in fitted.items():
        features = with_gaps(SIMULATED[kind].features)
        effects = learner.effects(features)
        assert effects.shape == (ROWS,)
        assert np.isfinite(effects).all()
        assert [learner.effects(features.iloc[[row]])[0] for row in range(5)] == effects[:5].tolist()
        assert learner.effects(features.head(0)).shape == (0,)


def test_persuadables_rank_above_sleeping_dogs(fitted, case):
    if case[0] == FLAT:
        assert np.ptp(fitted["binary"].effects(SIMULATED["binary"].features.assign(flat=3.0, never=np.nan))) == 0.0
        return
    for kind, learner in fitted.items():
        truth = SIMULATED[kind]
        effects = learner.effects(with_gaps(truth.features))
        dogs, moved = (effects[truth.segments == name].mean() for name in ("sleeping_dog", "persuadable"))
        assert moved > dogs


def test_the_average_effect_is_near_the_truth(fitted):
    truth = SIMULATED["binary"]
    effects = fitted["binary"].effects(with_gaps(truth.features))
    assert effects.mean() == pytest.approx(truth.effects.mean(), abs=0.1)  # three standard errors of 1,500 customers


def test_columns_in_another_order_and_unseen_values_are_taken(fitted):
    learner, features = fitted["binary"], with_gaps(SIMULATED["binary"].features)
    other = features[features.columns[::-1]].assign(stranger=1.0)
    assert (learner.effects(other) == learner.effects(features)).all()
    assert np.isfinite(learner.effects(features.assign(channel="fax", orders=1e9))).all()


def test_a_loaded_learner_is_the_saved_one_to_the_bit_without_pickle(fitted, tmp_path):
    for kind, learner in fitted.items():
        features = with_gaps(SIMULATED[kind].features)
        learner.save(tmp_path / kind)
        loaded = EffectLearner.load(tmp_path / kind)
        assert type(loaded) is type(learner)
        assert loaded.get_params() == learner.get_params()
        assert (loaded.effects(features) == learner.effects(features)).all()
        for path in (path for path in tmp_path.rglob("*") if path.is_file()):
            assert path.suffix in {".json", ".ubj"}
            assert path.read_bytes()[:1] == b"{"
            if path.suffix == ".json":
                json.loads(path.read_text(), parse_constant=pytest.fail)


def test_the_same_rows_give_the_same_learner(fitted, case):
    name, family = case
    truth = SIMULATED["binary"]
    again = effect_learners()[name](family, seed=1).fit(with_gaps(truth.features), truth.responses)
    features = with_gaps(truth.features)
    assert (again.effects(features) == fitted["binary"].effects(features)).all()


def test_an_outcome_that_nobody_has_gives_no_effect(case):
    name, family = case
    truth = SIMULATED["binary"]
    nobody = Responses(np.zeros(ROWS), truth.responses.arm, truth.responses.propensities)
    effects = effect_learners()[name](family).fit(truth.features, nobody).effects(truth.features)
    assert effects.mean() == pytest.approx(0.0, abs=0.08)
    if name != "class_transformation":  # its target differs between the arms by chance alone
        assert np.abs(effects).max() < 1e-4


def test_a_missing_group_is_refused_by_name(case):
    name, family = case
    truth = SIMULATED["binary"]
    for arm, missing in ((np.ones(ROWS, dtype=np.int64), "control group"), (np.zeros(ROWS, dtype=np.int64), "treated")):
        alone = Responses(truth.responses.outcome, arm, truth.responses.propensities)
        with pytest.raises(InputError, match=missing):
            effect_learners()[name](family).fit(truth.features, alone)


def test_a_learner_registers_itself_from_its_own_file():
    class Half(EffectLearner):
        name, summary = "half", "a test's own"

        def _fit(self, features: pd.DataFrame, responses: Responses) -> None:
            self.numbers["effect"] = 0.5 if len(features) == len(responses) else np.nan

        def effects(self, features):
            return np.full(len(features), self.numbers["effect"])

    try:
        assert effect_learner(Half) is Half
        assert "half" in effect_learners()
    finally:
        registry._LEARNERS.pop("half")


def test_every_learner_says_what_it_is_and_its_paper():
    assert len(effect_learners()) == 7
    for name, learner in effect_learners().items():
        assert learner.name == name
        assert learner.summary
        assert learner.source


def test_an_unknown_family_is_refused():
    with pytest.raises(InputError, match="allowed are linear, boosted"):
        effect_learners()["t_learner"]("forest")


def test_learners_that_share_regressions_are_those_that_fit_their_own(case):
    name, family = case
    truth = SIMULATED["binary"]
    shared = OutcomeModels(truth.features, truth.responses, seed=1)
    shared.expected(family)
    alone = effect_learners()[name](family, seed=1).fit(truth.features, truth.responses)
    beside = effect_learners()[name](family, seed=1).fit(truth.features, truth.responses, shared)
    assert (alone.effects(truth.features) == beside.effects(truth.features)).all()
    assert not hasattr(alone, "outcomes")


def test_a_choice_that_was_made_before_is_kept_and_calibrated():
    truth = simulate_treatment(TreatmentDesign(customers=3000, strength=2.0), 1)
    weights = {Candidate("s_learner", "linear"): 0.5, Candidate("t_learner", "linear"): 0.5}
    kept = EffectCalibration(0.7, 0.25, 0.3, (0.01, 0.02, 0.0))
    frozen = FrozenWeights.from_dict(json.loads(json.dumps(FrozenWeights(weights, kept).as_dict())))
    model = UpliftModel(seed=1).fit(truth.features, truth.responses, frozen={"treatment": frozen})
    selection = model.selections["treatment"]
    assert selection.weights == weights
    assert (selection.calibration.slope, selection.calibration.covariance[1]) == (0.25, 0.02)
    assert selection.calibration.average == pytest.approx(selection.scores.mean())
    learners = [
        effect_learners()[one.learner](one.family, seed=1).fit(truth.features, truth.responses) for one in weights
    ]
    mean = np.mean([learner.effects(truth.features) for learner in learners], axis=0)
    assert model.effects(truth.features)[:, 0] == pytest.approx(selection.calibration.apply(mean))


def test_frozen_one_effect_for_all_stays_one_effect_for_all(tmp_path):
    truth = SIMULATED["binary"]
    kept = FrozenWeights({}, EffectCalibration(0.7, 0.0, 0.3, (0.01, 0.0, 0.0)))
    model = UpliftModel(seed=1).fit(truth.features, truth.responses, frozen={"treatment": kept})
    selection = model.selections["treatment"]
    assert (selection.weights, selection.chosen) == ({}, "no_heterogeneity (linear)")
    assert (selection.row_losses == 0.0).all()
    model.save(tmp_path)
    effects = UpliftModel.load(tmp_path).effects(truth.features)
    assert effects == pytest.approx(np.full((ROWS, 1), selection.scores.mean()))


@pytest.mark.parametrize(("name", "family"), [("s_learner", "linear"), (FLAT, "linear")])
def test_the_choice_of_one_learner_by_an_earlier_version_is_refitted_and_its_model_read(tmp_path, name, family):
    truth = simulate_treatment(TreatmentDesign(customers=3000, strength=2.0), 1)
    chosen = {"treatment": FrozenWeights.from_dict({"learner": name, "family": family})}
    model = UpliftModel(seed=1).fit(truth.features, truth.responses, frozen=chosen)
    learner = effect_learners()[name](family, seed=1).fit(truth.features, truth.responses)
    calibration = model.selections["treatment"].calibration
    expected = calibration.apply(learner.effects(truth.features) if name != FLAT else np.zeros(3000))
    assert model.effects(truth.features)[:, 0] == pytest.approx(expected)
    learner.save(tmp_path / "arm_1")  # what an earlier version has written
    stored = {"name": "auto", "seed": 1, "arms": ["treatment"], "calibrations": [calibration.as_dict()]}
    (tmp_path / "uplift.json").write_text(json.dumps(stored))
    loaded = UpliftModel.load(tmp_path).effects(truth.features)[:, 0]
    assert loaded == pytest.approx(calibration.apply(learner.effects(truth.features)))


def test_a_loaded_model_of_propensities_is_the_saved_one_without_pickle(tmp_path):
    features, arm = SIMULATED["binary"].features, SIMULATED["binary"].responses.arm
    model = PropensityModel().fit(features, arm, 2)
    model.save(tmp_path)
    propensities = PropensityModel.load(tmp_path).predict(features)
    assert (propensities == model.predict(features)).all()
    assert propensities.sum(axis=1) == pytest.approx(np.ones(ROWS))
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".json"}


def test_who_has_a_counterpart_needs_less_of_each_arm_the_more_there_are():
    assert with_overlap(np.array([[0.91, 0.09], [0.5, 0.5], [0.1, 0.9]])).tolist() == [False, True, True]
    assert with_overlap(np.array([[0.86, 0.07, 0.07], [0.9, 0.05, 0.05]])).tolist() == [True, False]
