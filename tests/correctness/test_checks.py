"""The coded checks C1 to C9, each passed, failed and not applicable, by hand."""

from datetime import datetime
from math import log
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.ensemble import ChurnChoice
from churnclv.data.settings import CustomerKind
from churnclv.evaluation.bootstrap import Interval, Sample, Scores
from churnclv.evaluation.check import Outcome
from churnclv.evaluation.checks import (
    baselines_beaten,
    feature_drift,
    fold_agreement,
    golden_features,
    label_windows,
    outcome_counts,
    score_calibration,
    search_edges,
    slice_quality,
)
from churnclv.evaluation.checks.golden_features import single_auc
from churnclv.evaluation.drift import stability_index
from churnclv.features.dataset import Dataset
from churnclv.pipeline.run_checks import check_run
from churnclv.snapshots.cutoff_plan import Fold, Plan
from churnclv.snapshots.settings import WindowSettings
from churnclv.snapshots.splits import SplitPlan
from churnclv.tracking import records
from churnclv.tuning.churn_comparison import ChurnComparison
from churnclv.tuning.churn_study import TunedChurn
from churnclv.tuning.settings import Kind, Range

PASSED, FAILED, NONE = Outcome.passed, Outcome.failed, Outcome.not_applicable


def texts(cells):
    return pd.Series(cells, dtype=object)


def test_a_check_is_a_line_with_its_remedy_only_where_it_failed():
    assert outcome_counts.check_counts(np.tile([1.0, 0.0], 100)).line() == (
        "C7 passed         enough customers of each outcome: 100 left, 100 stayed"
    )
    assert outcome_counts.check_counts(np.r_[np.ones(99), np.zeros(1234)]).line() == (
        "C7 failed         enough customers of each outcome: 99 left, 1,234 stayed -> more history; trust intervals, "
        "not figures."
    )
    assert label_windows.check_time(None).line() == (
        "C3 not applicable no training label looks past its validation cutoff: the table has no time"
    )


# --- C1 ---


def test_c1_every_baseline_is_beaten_or_named():
    fine = baselines_beaten.check_baselines({"base_rate": 0.1, "logistic": -0.00009})  # less than a blend has to gain
    assert (fine.code, fine.outcome, fine.finding) == ("C1", PASSED, "2 baselines beaten")
    lost = baselines_beaten.check_baselines({"base_rate": 0.1, "logistic": -0.0123})
    assert (lost.outcome, lost.finding) == (FAILED, "logistic is better by 0.0123 nats")
    assert baselines_beaten.check_baselines({}).outcome is NONE


def test_c1_the_best_simple_baseline_has_to_be_beaten_clearly():
    losses = {"base_rate": 0.02, "logistic": 0.01}
    clear, doubtful = Interval(0.02, 0.004, 0.03), Interval(0.02, -0.003, 0.04)
    assert baselines_beaten.check_baselines(losses, ("base_rate", clear)).outcome is PASSED
    found = baselines_beaten.check_baselines(losses, ("base_rate", doubtful))
    assert (found.outcome, found.finding) == (
        FAILED,
        "not clearly better than base_rate: by 0.0200 [-0.0030, 0.0400] nats",
    )
    worse = baselines_beaten.check_baselines({"base_rate": -0.02}, ("base_rate", Interval(-0.02, -0.03, -0.01)))
    assert worse.finding == "base_rate is better by 0.0200 nats"  # once


@pytest.mark.parametrize(
    ("left", "stayed", "longer", "horizon"),
    [
        (3, 300, "stayed", "a shorter horizon"),  # orders: fewer days, more customers without one in them
        (300, 3, "stayed", "a longer horizon"),
        (3, 300, "left", "a longer horizon"),  # contracts: more days, more ends
        (300, 3, "left", "a shorter horizon"),
    ],
)
def test_c7_names_the_horizon_that_gives_more_of_what_is_rare(left, stayed, longer, horizon):
    found = outcome_counts.check_counts(np.r_[np.ones(left), np.zeros(stayed)], longer)
    assert horizon in found.remedy


# --- C2 ---


@pytest.mark.parametrize(
    ("cells", "churned", "power"),
    [
        ([1.0, 2.0, 3.0, 4.0], [0, 1, 0, 1], 3 / 4),  # pairs (2,1), (4,1), (4,3) of four are in order
        ([4.0, 3.0, 2.0, 1.0], [0, 1, 0, 1], 3 / 4),  # the same, the other way round
        ([1.0, 1.0, 2.0, 2.0], [0, 1, 0, 1], 1 / 2),  # ties count half
        ([np.nan, 5.0, np.nan, 5.0], [1, 0, 1, 0], 1.0),  # missing only for those who left
        ([np.nan, 1.0, 9.0, 4.0], [1, 0, 1, 0], 7 / 8),  # the gap is filled with 4: 1 + 1/2 + 2 of four pairs
        ([np.nan] * 4, [0, 1, 0, 1], 1 / 2),
        ([1.0, 2.0, 3.0, 4.0], [1, 1, 1, 1], 1 / 2),  # nobody to tell apart
    ],
)
def test_c2_the_auc_of_one_column_of_numbers(cells, churned, power):
    assert single_auc(pd.Series(cells), np.array(churned, dtype=float)) == pytest.approx(power)


def test_c2_the_auc_of_one_column_of_text_is_judged_on_rows_it_was_not_learned_on():
    # 16 rows in eight blocks of two; blocks 1, 3, 5, 7 teach blocks 2, 4, 6, 8 and the other way round.
    cells = ["a", "b"] * 8
    churned = np.array([1, 0] * 7 + [0, 1], dtype=float)  # the last block says the opposite
    # Either half puts "a" above "b". In blocks 2, 4, 6, 8 three left as "a" and one as "b", three stayed as "b" and one
    # as "a": of 16 pairs 9 are in order, 6 level, 1 wrong. In the other blocks all are in order.
    assert single_auc(texts(cells), churned) == pytest.approx(((9 + 6 / 2) / 16 + 1.0) / 2)


@pytest.mark.parametrize("share", [0.0, 0.005, 0.05, 0.5])
@pytest.mark.parametrize("other", ["b", None])
def test_c2_text_that_says_nothing_has_no_power(share, other):
    random = np.random.default_rng(3)
    churned = (random.random(1200) < 0.3).astype(float)
    column = texts(np.where(random.random(1200) < share, other, "a"))
    assert single_auc(column, churned) < 0.56
    assert single_auc(texts([f"id{n}" for n in range(1200)]), churned) == 0.5


def test_c2_codes_without_an_order_are_judged_by_their_rates():
    random = np.random.default_rng(4)
    churned = (random.random(600) < 0.3).astype(float)
    status = pd.Series(np.where(churned == 1, random.choice([1.0, 5.0], 600), 3.0))
    assert single_auc(status, churned) == 1.0
    assert single_auc(status + random.normal(0, 1e-6, 600), churned) < 0.9  # numbers without end have an order


def test_c2_names_every_feature_that_knows_the_outcome():
    random = np.random.default_rng(5)
    churned = (random.random(400) < 0.3).astype(float)
    features = pd.DataFrame({"age": random.normal(size=400), "told": 1.0 - churned, "word": texts(churned.astype(str))})
    found = golden_features.check_golden_features(features, churned)
    assert (found.outcome, found.finding) == (FAILED, "'told' alone has AUC 1.000; 'word' alone has AUC 1.000")
    assert "data.exclude" in found.remedy
    many = golden_features.check_golden_features(pd.DataFrame({f"f{place}": churned for place in range(12)}), churned)
    assert many.finding.endswith("'f9' alone has AUC 1.000 and 2 more")
    fine = golden_features.check_golden_features(features[["age"]], churned)
    assert fine.outcome is PASSED
    assert fine.finding.startswith("the strongest, 'age', has AUC 0.5")
    assert golden_features.check_golden_features(features[[]], churned).outcome is NONE


def test_c2_looks_at_some_rows_of_many(monkeypatch):
    monkeypatch.setattr(golden_features, "_MOST_ROWS", 100)
    churned = np.tile([1.0, 0.0, 0.0, 0.0], 250)  # every tenth row: 1, 0, 1, 0, ...
    found = golden_features.check_golden_features(pd.DataFrame({"told": churned}), churned)
    assert found.finding == "'told' alone has AUC 1.000"


# --- C3 ---


def test_c3_training_labels_end_by_the_cutoff_that_judges_them():
    march, april, may = datetime(2024, 3, 1), datetime(2024, 4, 1), datetime(2024, 5, 1)
    fine = label_windows.check_time([([march, april], april), ([april], may)])
    assert (fine.outcome, fine.finding) == (PASSED, "2 folds")
    late = label_windows.check_time([([march, april], april), ([march, may], april)])
    assert (late.outcome, late.finding) == (FAILED, "a label window ends 2024-05-01, after 2024-04-01")
    assert label_windows.check_time(None).outcome is NONE


# --- C4 ---


@pytest.mark.parametrize(
    ("value", "low", "high", "logarithmic", "end"),
    [
        (5.0, 0.0, 10.0, False, None),
        (0.2, 0.0, 10.0, False, "low"),  # a fiftieth of the range
        (0.21, 0.0, 10.0, False, None),
        (9.8, 0.0, 10.0, False, "high"),
        (9.79, 0.0, 10.0, False, None),
        (11.0, 0.0, 10.0, False, "high"),
        (0.0109, 0.01, 1.0, True, "low"),  # log(1.09) / log(100) = .0187
        (0.0110, 0.01, 1.0, True, None),  # .0207
        (0.0110, 0.01, 1.0, False, "low"),  # .001 on the plain scale
        (0.92, 0.01, 1.0, True, "high"),  # 1 - .0181
        (0.90, 0.01, 1.0, True, None),  # 1 - .0229
        (3.0, 3.0, 3.0, False, None),  # a range of one value has no edge
    ],
)
def test_c4_the_best_parameters_lie_inside_the_search(value, low, high, logarithmic, end):
    found = search_edges.check_edges({"eta": value, "other": 1.0}, {"eta": (low, high, logarithmic)})
    assert found.outcome is (PASSED if end is None else FAILED)
    assert found.finding == ("1 parameters" if end is None else f"eta={value:g} is at the {end} end")


def test_c4_is_not_applicable_where_nothing_was_searched():
    assert search_edges.check_edges({"eta": 1.0}, {}).outcome is NONE
    assert search_edges.check_edges({}, {"eta": (0.0, 1.0, False)}).outcome is NONE


# --- C5 ---

SAID = np.repeat(np.arange(0.05, 1.0, 0.1), 1000)
HAPPENED = np.concatenate([np.arange(1000) < round(1000 * share) for share in np.arange(0.05, 1.0, 0.1)]).astype(float)


def test_c5_scores_happen_as_often_as_they_say():
    fine = score_calibration.check_calibration(HAPPENED, SAID)
    assert (fine.outcome, fine.finding) == (PASSED, "slope 1.00, expected calibration error 0.000")
    odds = (SAID / (1.0 - SAID)) ** 2  # twice the log-odds: half the slope
    sharp = score_calibration.check_calibration(HAPPENED, odds / (1.0 + odds))
    assert sharp.outcome is FAILED
    assert sharp.finding.startswith("slope 0.50, expected calibration error 0.0")
    shy = score_calibration.check_calibration(
        HAPPENED, SAID * 0.9 + 0.05
    )  # .045, .035, ..., .005 off, twice: .025 in the mean
    assert (shy.outcome, shy.finding) == (PASSED, "slope 1.20, expected calibration error 0.025")
    shyer = score_calibration.check_calibration(HAPPENED, SAID * 0.86 + 0.07)  # 1.4 times as much: .035
    assert shyer.outcome is FAILED
    assert shyer.finding.endswith("expected calibration error 0.035")
    raised = score_calibration.check_calibration(HAPPENED, np.clip(SAID + 0.04, 0.0, 0.99))
    assert raised.finding.endswith("expected calibration error 0.040")
    assert raised.outcome is FAILED
    assert score_calibration.check_calibration(np.ones(50), np.full(50, 0.9)).outcome is NONE


def test_c5_takes_the_errors_of_chance_for_what_they_are():
    # Of 100 rows in ten bins of ten, a score of a half is off by sqrt(.25 / 10) = .158 in each bin: a mean distance of
    # .158 x sqrt(2 / pi) = .126, which itself varies by .158 x sqrt((1 - 2 / pi) / 10) = .030.
    expected = 0.5 / 10**0.5 * ((2 / np.pi) ** 0.5 + 3 * ((1 - 2 / np.pi) / 10) ** 0.5)
    assert score_calibration._chance_error(np.tile([1.0, 0.0], 50), np.full(100, 0.5)) == pytest.approx(expected)
    # Information of a slope: the sum of p (1 - p) x^2 for logits x of +-1: 100 x .1966.
    said = 1.0 / (1.0 + np.exp(-np.tile([1.0, -1.0], 50)))
    assert score_calibration._slope_error(said, 1.0, 0.0) == pytest.approx((100 * said[0] * said[1]) ** -0.5)


# --- C6 ---


def shares(*counts):
    """Return a column with so many of a, b, ... in it; the last count is of missing cells."""
    *known, missing = counts
    return texts(
        [letter for letter, count in zip("abcdef", known, strict=False) for _ in range(count)] + [None] * missing
    )


def test_c6_the_index_of_text_by_hand():
    # (.8 - .5) log(.8 / .5) + (.2 - .5) log(.2 / .5) = .3 x .4700 + .3 x .9163
    found, _ = stability_index(shares(50, 50, 0), shares(80, 20, 0))
    assert found == pytest.approx(0.3 * log(1.6) + 0.3 * log(2.5))
    # A part of nobody counts as half a row: .005 of 100 rows. Missing ones and values not seen before are parts too.
    found, _ = stability_index(shares(50, 50, 0), shares(50, 0, 50))
    assert found == pytest.approx(2 * (0.5 - 0.005) * log(0.5 / 0.005))
    assert stability_index(shares(50, 50, 0), shares(50, 0, 50, 0))[0] == pytest.approx(found)
    assert stability_index(shares(50, 30, 20), shares(50, 30, 20))[0] == 0.0


def test_c6_the_index_of_numbers_by_hand():
    before = pd.Series(np.arange(1.0, 101.0))  # ten in each tenth
    after = before.where(before <= 90, before - 90)  # the highest tenth has become another lowest one
    found, _ = stability_index(before, after)
    assert found == pytest.approx((0.2 - 0.1) * log(2) + (0.005 - 0.1) * log(0.005 / 0.1))
    gone = before.where(before <= 90)
    assert stability_index(before, gone)[0] == pytest.approx(2 * (0.1 - 0.005) * log(0.1 / 0.005))
    assert stability_index(before, before + 0.0)[0] == 0.0


@pytest.mark.parametrize("cells", [(0.0, 1.0), (1.0, 0.0), (5.0, -3.0)])
def test_c6_a_number_of_most_rows_is_a_part_of_its_own(cells):
    often, seldom = cells
    before, after = pd.Series([often] * 95 + [seldom] * 5), pd.Series([often] * 50 + [seldom] * 50)
    assert stability_index(before, after)[0] == pytest.approx(0.45 * log(0.95 / 0.5) + 0.45 * log(0.5 / 0.05))


def test_c6_what_chance_does_by_hand():
    # Two parts have one degree of freedom: (1 + 5 sqrt(2)) (1 / 100 + 1 / 400).
    _, chance = stability_index(shares(50, 50, 0), shares(200, 200, 0))
    assert chance == pytest.approx((1 + 5 * 2**0.5) * (1 / 100 + 1 / 400))


def test_c6_features_that_drift_are_named_worst_first():
    random = np.random.default_rng(6)
    before = pd.DataFrame({"age": random.normal(size=2000), "days": random.normal(size=2000), "same": 1.0})
    after = before.assign(age=before["age"] + 1.0, days=before["days"] + 2.0)
    found = feature_drift.check_drift(before, after)
    assert found.outcome is FAILED
    assert [fault.split(" PSI ")[0] for fault in found.finding.split("; ")] == ["days", "age"]
    fine = feature_drift.check_drift(before, before)
    assert (fine.outcome, fine.finding) == (PASSED, "largest PSI 0.00 (age; validation 0.00)")
    told = {name: stability_index(before[name], after[name])[0] for name in before}
    judged_across = feature_drift.check_drift(before, after, told)  # validation has seen as much of it
    assert judged_across.outcome is PASSED
    worse = feature_drift.check_drift(before, after, told | {"age": told["age"] / 1.6})
    assert [fault.split(" PSI ")[0] for fault in worse.finding.split("; ")] == ["age"]
    assert feature_drift.check_drift(before[[]], after[[]]).outcome is NONE
    assert feature_drift.check_drift(before, after.head(0)).outcome is NONE


# --- C7 ---


@pytest.mark.parametrize(("left", "stayed", "outcome"), [(100, 100, PASSED), (99, 5000, FAILED), (5000, 99, FAILED)])
def test_c7_a_hundred_of_each_outcome(left, stayed, outcome):
    assert outcome_counts.check_counts(np.r_[np.ones(left), np.zeros(stayed)]).outcome is outcome


# --- C8 ---


def ranking(pairs, wrong, size):
    """Return outcomes and scores of a fold whose AUC is 1 - wrong / pairs, for a square number of pairs."""
    left = np.arange(pairs) + pairs
    left[:wrong] = -1  # each of these ranks below all who stayed
    return np.repeat([1.0, 0.0], [pairs * size, pairs * size]), np.r_[
        np.repeat(left, size), np.repeat(np.arange(pairs), size)
    ]


def test_c8_folds_agree_or_differ():
    ten, nine, eight = (ranking(10, wrong, 40) for wrong in (0, 1, 2))  # AUC 1, .9, .8
    fine = fold_agreement.check_folds([nine, nine, nine])
    assert (fine.outcome, fine.finding) == (PASSED, "AUC 0.900, 0.900, 0.900")
    odd = fold_agreement.check_folds([ten, eight, ten])  # standard deviation .094
    assert (odd.outcome, odd.finding) == (FAILED, "AUC 1.000, 0.800, 1.000")
    assert fold_agreement.check_folds([ten, nine, ten]).outcome is FAILED  # .047
    one_class = (np.ones(10), np.arange(10.0))
    assert fold_agreement.check_folds([nine]).outcome is NONE
    assert fold_agreement.check_folds([nine, one_class]).outcome is NONE
    assert fold_agreement.check_folds([nine, one_class, nine]).finding == "AUC 0.900, 0.900"


def test_c8_small_folds_may_differ_by_chance():
    small = [ranking(10, wrong, 1) for wrong in (0, 1, 2)]
    assert fold_agreement.check_folds(small).outcome is PASSED  # standard deviation .082, as for the large ones
    assert fold_agreement.check_folds([ranking(10, wrong, 400) for wrong in (0, 1, 2)]).outcome is FAILED
    # By hand: area .75, two of each: Q1 = .6, Q2 = 1.125 / 1.75, squared area .5625.
    variance = (0.75 * 0.25 + (0.6 - 0.5625) + (1.125 / 1.75 - 0.5625)) / 4
    assert fold_agreement._auc_variance(0.75, np.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx(variance)


@pytest.mark.parametrize("rows", [300, 2000])
def test_chance_alone_fails_no_check(rows):
    failed = []
    for seed in range(15):
        random = np.random.default_rng(seed)
        said = random.beta(1.5, 4.0, rows)
        truth = (random.random(rows) < said).astype(float)
        folds = [(truth[part::5], said[part::5]) for part in range(5)]
        frame = pd.DataFrame({"n": random.normal(size=rows), "t": texts(random.integers(0, 20, rows).astype(str))})
        behind = random.random(rows) < 0.25
        slices = {f"part {part}": (random.random(rows) < 0.4).astype(float) for part in range(4)}
        found = [
            score_calibration.check_calibration(truth, said),
            fold_agreement.check_folds(folds),
            feature_drift.check_drift(frame[~behind], frame[behind]),
            golden_features.check_golden_features(frame, truth),
            slice_quality.check_slices(truth, said, slices),
        ]
        failed += [check.code for check in found if check.outcome is FAILED]
    assert len(failed) <= 1, failed


# --- C9 ---


def groups(*parts):
    """Return outcomes and scores of groups one after the other, and each group's mask; parts are (truth, scores)."""
    truth, scores = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    sizes = [len(part[0]) for part in parts]
    masks = [np.repeat(np.arange(len(parts)) == place, sizes).astype(float) for place in range(len(parts))]
    return truth, scores, masks


def group(left, stayed, high, low):
    """Return a group in which who left has one score and who stayed another."""
    return np.repeat([1.0, 0.0], [left, stayed]), np.repeat([high, low], [left, stayed])


def test_c9_a_part_that_is_ranked_far_worse_is_named():
    truth, scores, (first, second) = groups(group(100, 100, 0.9, 0.1), group(100, 100, 0.5, 0.5))
    # Pairs in order: .9 above all 200, .5 above the 100 at .1 and level with the 100 at .5:
    # (100 x 200 + 100 x 100 + 100 x 50) / 200^2 = .875; the second group alone has .5.
    found = slice_quality.check_slices(truth, scores, {"first": first, "second": second})
    assert (found.outcome, found.finding) == (FAILED, "second: AUC 0.500 against 0.875")
    assert slice_quality.check_slices(truth, scores, {"first": first}).finding == "1 slices"


def test_c9_a_part_whose_scores_are_off_is_named():
    truth, scores, (first, second) = groups(group(400, 400, 0.6, 0.4), group(100, 300, 0.7, 0.5))
    found = slice_quality.check_slices(truth, scores, {"first": first, "second": second})
    assert (found.outcome, found.finding) == (FAILED, "second: mean score +0.300 from what happened")


def test_c9_a_gap_within_three_standard_errors_is_no_fault():
    # Scores of a half on 200 rows: three standard errors are 3 x .5 / sqrt(200) = .106.
    for left, outcome in ((80, PASSED), (78, FAILED)):  # .1 and .11 off
        truth, scores = group(left, 200 - left, 0.5, 0.5)
        assert slice_quality.check_slices(truth, scores, {"part": np.ones(200)}).outcome is outcome
    truth, scores = group(4400, 5600, 0.5, 0.5)  # .06 off, where three standard errors are .015
    assert slice_quality.check_slices(truth, scores, {"part": np.ones(10_000)}).outcome is FAILED
    truth, scores = group(4600, 5400, 0.5, 0.5)  # .04 off matters to nobody
    assert slice_quality.check_slices(truth, scores, {"part": np.ones(10_000)}).outcome is PASSED


@pytest.mark.parametrize(("left", "stayed"), [(100, 99), (29, 300), (300, 29), (0, 0)])
def test_c9_small_parts_are_not_judged(left, stayed):
    truth, scores, (_, small) = groups(group(500, 500, 0.9, 0.1), group(left, stayed, 0.1, 0.9))
    found = slice_quality.check_slices(truth, scores, {"small": small})
    assert (found.outcome, found.finding) == (NONE, "no slice is large enough")


# --- all of them, of a run ---


def run_of(plan, training, sealed, searched):
    """Return as much of a run as the checks look at, and what it was told."""
    told = []
    return SimpleNamespace(
        data=SimpleNamespace(
            plan=plan,
            snapshots=SimpleNamespace(training=training, sealed=sealed),
            shape=CustomerKind.labelled if isinstance(plan, SplitPlan) else CustomerKind.noncontractual,
        ),
        config=SimpleNamespace(tuning=SimpleNamespace(churn=searched), windows=WindowSettings(horizon_days=30)),
        sink=SimpleNamespace(write=told.append),
    ), told


def chosen(weights, **parameters):
    return TunedChurn(ChurnChoice(weights, {"xgboost": {"parameters": parameters}}), [], {}, {}, {}, None)


def evaluated(training, folds):
    samples = [Sample(training.at((f.valid,)).churned, {"score": s}, np.zeros(len(s), int)) for f, s in folds]
    losses = {"score": 0.5, "base_rate": 0.6, "warning_signs": 0.7}
    figures = {name: {"log_loss": Interval(loss, np.nan, np.nan)} for name, loss in losses.items()}
    return ChurnComparison(Scores(figures, {}), Scores({}, {}), samples, [])


def data_set(rows, parts, **columns):
    random = np.random.default_rng(7)
    keys = {"customer_id": [f"c{n:05}" for n in range(rows)], "cutoff": pd.NaT, "in_population": True}
    frame = pd.DataFrame({**keys, **columns})
    said = random.beta(1.5, 3.0, rows)
    labels = pd.DataFrame({"churned": (random.random(rows) < said).astype(float)})
    return Dataset(frame, labels, list(columns), np.arange(rows), pd.Series(parts)), said


@pytest.fixture
def table_run():
    """A run on a labelled table of 2,000 rows, half of them behind the seal, in two folds."""
    parts = np.arange(2000) % 2
    plan = SplitPlan(np.r_[parts, np.full(2000, -1)], (Fold((1,), 0), Fold((0,), 1)), "drawn")
    columns = {
        "age": np.arange(2000.0) % 97,
        "plan": texts(["S", "M", "L", None] * 500),
        "age_days": texts(["old"] * 2000),
    }
    training, said = data_set(2000, parts, **columns)
    searched = {"eta": Range(low=0.01, high=1.0, log=True), "grow": Range(kind=Kind.choice, choices=["a", "b"])}
    run, told = run_of(plan, training, training.features, searched)
    churn = chosen({"xgboost": 0.6, "logistic": 0.4}, eta=0.1, grow="a")
    folds = [(fold, said[training.rows_at((fold.valid,))]) for fold in plan.folds]
    return run, training, churn, evaluated(training, folds), told


def test_a_run_on_a_table_is_checked_and_told(table_run):
    run, training, churn, valid, told = table_run
    found = check_run(run, training, churn, valid)
    assert [check.code for check in found] == [f"C{place}" for place in range(1, 10)]
    outcomes = {check.code: check.outcome for check in found}
    assert outcomes == {**{f"C{place}": PASSED for place in range(1, 10)}, "C3": NONE}
    page, tags = told
    assert isinstance(page, records.Text)
    assert page.path == "checks.md"
    assert page.content == "# Checks\n\n" + "".join(f"- {check.line()}\n" for check in found)
    assert tags.values == {f"check.{check.code}": check.outcome.value for check in found}
    assert next(check for check in found if check.code == "C9").finding == "4 slices"  # three plans, and age_days = old


def test_a_baseline_without_an_interval_is_compared_too(table_run):
    run, training, churn, valid, _ = table_run
    assert check_run(run, training, churn, valid)[0].finding == "2 baselines beaten"
    valid.figures.figures["base_rate"]["log_loss"] = Interval(0.4, np.nan, np.nan)
    assert check_run(run, training, churn, valid)[0].finding == "base_rate is better by 0.1000 nats"


def test_the_edges_of_the_search_matter_where_trees_are_chosen(table_run):
    run, training, _, valid, _ = table_run
    edge = {"eta": 0.0105}
    assert check_run(run, training, chosen({"logistic": 1.0}, **edge), valid)[3].outcome is NONE
    found = check_run(run, training, chosen({"logistic": 0.9, "xgboost": 0.1}, **edge), valid)[3]
    assert found.finding == "eta=0.0105 is at the low end"


def test_scores_are_sliced_row_by_row_in_the_order_of_the_folds(table_run):
    run, training, churn, valid, _ = table_run
    plans = training.features["plan"].to_numpy()
    for sample, fold in zip(valid.samples, run.data.plan.folds, strict=True):
        rows = training.rows_at((fold.valid,))
        sample.predictions["score"][plans[rows] == "S"] = 0.01
    found = check_run(run, training, churn, valid)[8]
    assert found.outcome is FAILED
    assert found.finding.split(":")[0] == "plan = S"


def test_a_run_with_time_slices_by_age_and_spend_and_judges_its_cutoffs():
    march, april, may = (datetime(2024, month, 1) for month in (3, 4, 5))
    cutoffs = np.repeat(np.array([march, april, may], dtype="datetime64[us]"), 700)
    spend = np.arange(2100.0)
    training, said = data_set(2100, cutoffs, age_days=np.arange(2100.0) % 365, mean_repeat_spend=spend)
    plan = Plan(30, (march, april, may), (Fold((march,), april), Fold((march, april), may)), datetime(2024, 7, 1))
    run, _ = run_of(plan, training, training.features, {})
    churn = chosen({"logistic": 1.0})
    folds = [(fold, said[training.rows_at((fold.valid,))]) for fold in plan.folds]
    found = {check.code: check for check in check_run(run, training, churn, evaluated(training, folds))}
    assert (found["C3"].outcome, found["C3"].finding) == (PASSED, "2 folds")  # 31 March is before 1 April
    assert found["C9"].finding == "1 slices"  # new customers; the tenth of 1,400 with most spend has 140 rows
    run.config.windows.horizon_days = 40
    late = check_run(run, training, churn, evaluated(training, folds))[2]
    assert (
        late.finding
        == "a label window ends 2024-04-10, after 2024-04-01; a label window ends 2024-05-11, after 2024-05-01"
    )
