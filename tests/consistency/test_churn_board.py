"""The churn board: rivals, money and differences, by hand and the same every time."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.boosted import BoostedChurnModel
from churnclv.churn.logistic import LogisticChurnModel
from churnclv.evaluation.metrics import CHURN_METRICS, plain
from churnclv.evaluation.profit import Terms
from churnclv.features.dataset import Dataset
from churnclv.features.families.purchase_history import HISTORY_COLUMNS
from churnclv.tuning.churn_comparison import (
    SCORE,
    ChurnComparison,
    ChurnPredictions,
    compare_churn,
    predict_churn,
    prediction_columns,
)

TERMS = Terms(contact_cost=2.0, incentive_cost=10.0, acceptance_alpha=6.0, acceptance_beta=14.0)  # 30% accept
ALWAYS = {SCORE, "logistic", "xgboost_defaults", "warning_signs", "base_rate"}


def dataset(rows: int, seed: int, first: int = 0, **columns) -> Dataset:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"silent": random.exponential(60.0, rows), "spend": random.exponential(50.0, rows)})
    frame = frame.assign(**columns)
    churned = (random.random(rows) < 1.0 / (1.0 + np.exp(1.0 - frame["silent"] / 60.0))).astype(float)
    names = [name for name in frame.columns if name not in HISTORY_COLUMNS]
    parts = pd.Series(np.zeros(rows))
    return Dataset(frame, pd.DataFrame({"churned": churned}), names, first + np.arange(rows), parts)


def evaluated(seed: int = 1, rows: int = 120, **others) -> ChurnPredictions:
    train, asked = dataset(150, 0), dataset(rows, seed)
    score = 1.0 / (1.0 + np.exp(1.0 - asked.features["silent"].to_numpy() / 60.0))
    return ChurnPredictions(train, asked, score, others, np.full(rows, 100.0))


@pytest.fixture(scope="module")
def board() -> ChurnComparison:
    return compare_churn([evaluated(1), evaluated(2)], TERMS, seed=0)


def five(values: list[float], scores: list[float]) -> ChurnPredictions:
    """Return five customers, of whom the first, the third and the fifth left."""
    asked = dataset(5, 3)
    asked = replace(asked, labels=pd.DataFrame({"churned": [1.0, 0.0, 1.0, 0.0, 1.0]}))
    return ChurnPredictions(dataset(150, 0), asked, np.array(scores), {}, np.array(values))


# Contacting costs 2; an offer of 10 is taken by everybody who stays and by 0.3 of the leavers, which saves their value.
#   customer  left  value  score   expected gain = .3 p (v - 10) - 10 (1 - p) - 2   realised: .3 (v - 10) - 2 or -12
#   1         yes     200   0.5    .5 x 57 - 5 - 2      =  21.5  contact                     55
#   2         no      200   0.5                            21.5  contact                    -12
#   3         yes     200   0.1    .1 x 57 - 9 - 2      =  -5.3  leave                       (55)
#   4         no       50   0.9    .9 x 12 - 1 - 2      =   7.8  contact                    -12
#   5         yes      20   0.9    .9 x 3  - 1 - 2      =  -0.3  leave                       (1)
# profit per customer of all five: (55 - 12 - 12) / 5 = 6.2
FIVE = ([200.0, 200.0, 200.0, 50.0, 20.0], [0.5, 0.5, 0.1, 0.9, 0.9])


def test_profit_of_five_customers_by_hand():
    board = compare_churn([five(*FIVE)], TERMS, seed=0)
    (campaign,) = board.campaigns
    assert campaign.truth == pytest.approx([55.0, -12.0, 55.0, -12.0, 1.0])
    assert campaign.predictions[SCORE] == pytest.approx([21.5, 21.5, -5.3, 7.8, -0.3])
    assert board.profit.figures[SCORE]["profit"].value == pytest.approx(6.2)


def test_profit_is_the_mean_over_cutoffs():
    # the second cutoff: all scores 0, nobody is contacted, profit 0
    board = compare_churn([five(*FIVE), five(FIVE[0], [0.0] * 5)], TERMS, seed=0)
    assert board.profit.figures[SCORE]["profit"].value == pytest.approx(3.1)


def test_an_expected_gain_of_nothing_is_no_reason_to_contact():
    # at p = 1 the gain is .3 (v - 10) - 2: zero at v = 10 + 2 / .3
    value = 10.0 + 2.0 / 0.3
    board = compare_churn([five([value] * 5, [1.0] * 5)], TERMS, seed=0)
    assert board.campaigns[0].predictions[SCORE] == pytest.approx([0.0] * 5, abs=1e-12)
    assert board.profit.figures[SCORE]["profit"].value == 0.0


def test_a_customer_of_unknown_value_is_contacted_by_nobody_and_spoils_no_figure():
    # without customer 1 the others bring (-12 - 12) / 5 = -4.8
    values = [np.nan, *FIVE[0][1:]]
    board = compare_churn([five(values, FIVE[1])], TERMS, seed=0)
    assert board.profit.figures[SCORE]["profit"].value == pytest.approx(-4.8)
    assert all(np.isfinite(found["profit"].value) for found in board.profit.figures.values())
    unknown = compare_churn([five([np.nan] * 5, FIVE[1])], TERMS, seed=0)
    assert {found["profit"].value for found in unknown.profit.figures.values()} == {0.0}


def test_figures_are_those_of_the_metrics_and_the_mean_of_the_cutoffs(board):
    for model in board.figures.figures:
        for name, metric in CHURN_METRICS.items():
            each = [plain(metric, sample.truth, sample.predictions[model]) for sample in board.samples]
            assert board.figures.figures[model][name].value == pytest.approx(np.mean(each)), (model, name)


def test_differences_are_baseline_minus_score(board):
    assert set(board.baselines) == set(board.figures.differences) == set(board.profit.differences)
    assert SCORE not in board.baselines
    for scores in (board.figures, board.profit):
        for model, found in scores.differences.items():
            for name, interval in found.items():
                less = scores.figures[model][name].value - scores.figures[SCORE][name].value
                assert interval.value == pytest.approx(less, abs=1e-12)
                assert interval.low <= interval.value <= interval.high
    assert board.figures.differences["base_rate"]["log_loss"].low > 0.0  # the score is better, so less is lost
    assert board.figures.differences["base_rate"]["auc"].high < 0.0


def test_the_same_seed_gives_the_same_figures(board):
    again = compare_churn([evaluated(1), evaluated(2)], TERMS, seed=0)
    assert again.figures == board.figures
    assert again.profit == board.profit
    for one, other in zip(again.samples, board.samples, strict=True):
        assert all((one.predictions[name] == said).all() for name, said in other.predictions.items())


def test_another_seed_draws_other_customers_and_moves_no_figure_of_the_score(board):
    other = compare_churn([evaluated(1), evaluated(2)], TERMS, seed=1)
    mine, theirs = board.figures.figures[SCORE]["auc"], other.figures.figures[SCORE]["auc"]
    assert mine.value == theirs.value
    assert (mine.low, mine.high) != (theirs.low, theirs.high)


def test_intervals_can_be_drawn_for_some():
    board = compare_churn([evaluated(1, chance=np.full(120, 0.3))], TERMS, seed=0, drawn=["chance"])
    assert set(board.figures.differences) == {"chance", board.simple_baseline}
    assert np.isfinite(board.figures.figures[SCORE]["auc"].low)
    assert np.isnan(board.figures.figures["xgboost_defaults"]["auc"].low)
    assert np.isfinite(board.figures.figures["xgboost_defaults"]["log_loss"].value)


def test_the_rivals_are_learned_from_the_training_rows():
    trial = evaluated(1)
    said = predict_churn(trial, seed=4)
    train, asked = trial.train, trial.rows
    assert set(said) == ALWAYS
    assert said[SCORE] is trial.score
    assert said["base_rate"].tolist() == [train.churned.mean()] * len(asked)
    assert (said["logistic"] == LogisticChurnModel().fit(train.X, train.churned).predict(asked.X)).all()
    defaults = BoostedChurnModel({}, 100, seed=4).fit(train.X, train.churned)
    assert (said["xgboost_defaults"] == defaults.predict(asked.X)).all()


def test_what_other_models_said_is_kept_and_a_regression_of_the_folds_takes_the_plain_ones_place():
    heard = {"logistic": np.linspace(0.1, 0.9, 120), "btyd": np.full(120, 0.2)}
    said = predict_churn(evaluated(1, **heard), seed=0)
    assert set(said) == {*ALWAYS, "btyd"}
    assert all(said[name] is chances for name, chances in heard.items())


def of_words(rows: int, seed: int) -> Dataset:
    """Return a table whose columns have the names of a log's, and hold something else."""
    words = np.where(np.arange(rows) % 3 == 0, "yes", "no")
    return dataset(rows, seed, days_since_last_purchase=4.0 * (np.arange(rows) % 50), unsubscribed=words)


def test_a_users_columns_with_the_names_of_a_logs_are_not_taken_for_them():
    train, asked = of_words(150, 0), of_words(50, 1)
    said = predict_churn(ChurnPredictions(train, asked, np.full(50, 0.5), {}, np.full(50, 1.0)), seed=0)
    assert set(said) == ALWAYS  # no recency rule: there is no purchase history
    assert len(np.unique(said["warning_signs"])) == 2  # more than 90 days, or not; the words are no sign


def test_the_recency_rule_takes_part_where_there_is_a_purchase_history():
    def log(rows: int, seed: int) -> Dataset:
        history = {name: np.zeros(rows) for name in HISTORY_COLUMNS}
        return dataset(rows, seed, **{**history, "age_days": np.arange(rows) % 100.0})

    said = predict_churn(ChurnPredictions(log(150, 0), log(50, 1), np.full(50, 0.5), {}, np.full(50, 1.0)), seed=0)
    assert set(said) == {*ALWAYS, "recency_rule"}


def test_predictions_are_kept_in_the_order_of_the_rows_with_numbers_for_customers(board):
    first, second = prediction_columns(board)
    assert first.columns.tolist() == ["customer", "churned", *[f"churn.{name}" for name in board.figures.figures]]
    assert (second["churned"] == board.samples[1].truth).all()
    assert (second["churn.score"] == board.samples[1].predictions[SCORE]).all()
    assert first["customer"].tolist() == list(range(120))
