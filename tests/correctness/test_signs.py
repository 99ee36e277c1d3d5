"""Warning signs and the hand-made score, by hand and on planted rules."""

import json

import numpy as np
import pandas as pd
import pytest

from churnclv.explain.risk_rule_search import LEAST_COVERAGE, MOST_COVERAGE, readable_thresholds, search_risk_rules
from churnclv.explain.risk_rules import Condition, RiskRule, RiskRuleScore, classic_rules, evaluate_rules

SILENT = RiskRule((Condition("days_since_last_purchase", ">", 62.0),))
SILENT_AND_NEW = RiskRule((Condition("days_since_last_purchase", ">", 62.0), Condition("purchases", "<=", 2.0)))


def planted(seed, n=4000):
    """Return features and outcomes: 60% leave among the silent with few purchases and the users of cash, 10% else."""
    random = np.random.default_rng(seed)
    features = pd.DataFrame(
        {
            "days_since_last_purchase": random.integers(1, 200, n).astype(float),
            "purchases": random.geometric(0.3, n).astype(float),
            "payment": random.choice(["card", "cash", "bank"], n, p=[0.6, 0.1, 0.3]),
            "noise": random.normal(size=n),
            "gaps": np.where(random.random(n) < 0.5, np.nan, random.normal(size=n)),
        }
    )
    leaving = (features["days_since_last_purchase"] > 100) & (features["purchases"] <= 2)
    leaving |= features["payment"] == "cash"
    chance = np.where(leaving, 0.6, 0.1)
    return features, (random.random(n) < chance).astype(float)


def test_a_condition_holds_beyond_its_threshold_and_never_for_what_is_missing():
    rows = pd.DataFrame({"purchases": [1.0, 2.0, 3.0, np.nan], "plan": ["a", "b", None, "a"]})
    assert Condition("purchases", ">", 2.0).holds(rows).tolist() == [False, False, True, False]
    assert Condition("purchases", "<=", 2.0).holds(rows).tolist() == [True, True, False, False]
    assert Condition("plan", "is", "a").holds(rows).tolist() == [True, False, False, True]
    both = RiskRule((Condition("purchases", "<=", 2.0), Condition("plan", "is", "a")))
    assert both.holds(rows).tolist() == [True, False, False, False]


def test_a_sign_is_told_in_both_languages():
    assert SILENT_AND_NEW.text("en") == "days since the last purchase > 62 and purchases ≤ 2"
    assert SILENT_AND_NEW.text("it") == "giorni dall'ultimo acquisto > 62 e acquisti ≤ 2"
    assert RiskRule((Condition("Contract", "is", "Two year"),)).text("en") == "Contract = “Two year”"
    assert RiskRule((Condition("weekend_share", ">", 0.33),)).text("it") == "quota di ordini nel fine settimana > 33%"
    assert RiskRule((Condition("contract_age_days", "<=", 90.0),)).text("en") == "age of the contract in days ≤ 90"


def test_a_sign_comes_back_from_json():
    assert RiskRule.from_dict(json.loads(json.dumps(SILENT_AND_NEW.as_dict()))) == SILENT_AND_NEW


def test_coverage_precision_lift_and_recall_by_hand():
    # silent are the first 4 of 10, of whom 3 churned; of all 10 churned 5
    rows = pd.DataFrame({"days_since_last_purchase": [100.0] * 4 + [10.0] * 6, "purchases": [1.0] * 2 + [3.0] * 8})
    churned = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0], dtype=float)
    evaluated = evaluate_rules([SILENT, SILENT_AND_NEW], rows, churned).set_index("en")
    figures = ["customers", "coverage", "precision", "lift", "recall"]
    assert evaluated.loc[SILENT.text(), figures].tolist() == [4, 0.4, 0.75, 1.5, 0.6]
    assert evaluated.loc[SILENT_AND_NEW.text(), figures].tolist() == [2, 0.2, 1.0, 2.0, 0.4]


def test_what_has_nobody_to_be_measured_on_is_not_a_number():
    rows = pd.DataFrame({"days_since_last_purchase": [1.0, 2.0]})
    evaluated = evaluate_rules([SILENT], rows, np.zeros(2)).iloc[0]
    assert (evaluated["customers"], evaluated["coverage"]) == (0, 0.0)
    assert evaluated[["precision", "lift", "recall"]].isna().all()
    assert list(evaluate_rules([], rows, np.zeros(2)).columns) == list(evaluated.index)


def test_planted_rules_are_found_and_hold_on_other_customers():
    features, churned = planted(1)
    signs = search_risk_rules(features, churned)
    columns = [{condition.column for condition in sign.conditions} for sign in signs]
    assert {"days_since_last_purchase", "purchases"} in columns
    assert {"payment"} in columns
    assert not any({"noise", "gaps"} & found for found in columns)
    silent = next(sign for sign in signs if len(sign.conditions) == 2 and sign.conditions[1].column == "purchases")
    assert (silent.conditions[0].relation, silent.conditions[1]) == (">", Condition("purchases", "<=", 2.0))
    assert abs(silent.conditions[0].value - 100.0) <= 10.0
    evaluated = evaluate_rules(signs, *planted(2))
    assert (evaluated["precision"] > 0.3).all()
    assert evaluated["precision"].max() > 0.5


def test_signs_of_staying_come_from_the_opposite_outcome():
    features, churned = planted(1)
    staying = search_risk_rules(features, 1.0 - churned)
    evaluated = evaluate_rules(staying, *planted(2))
    assert len(staying) > 0
    assert (evaluated["lift"] < 0.9).all()


def test_the_order_of_rows_and_columns_changes_nothing():
    features, churned = planted(3, 1500)
    order = np.random.default_rng(0).permutation(len(features))
    again = search_risk_rules(features.iloc[order][features.columns[::-1]], churned[order])
    assert again == search_risk_rules(features, churned)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_noise_gives_no_signs(seed):
    random = np.random.default_rng(seed)
    features = pd.DataFrame(random.normal(size=(800, 20)), columns=[f"f{place}" for place in range(20)])
    assert search_risk_rules(features, (random.random(800) < 0.3).astype(float)) == ()


def marked(**spans):
    """Return 1,000 customers with a column each that is 1 within a span of rows, and 0 elsewhere."""
    place = np.arange(1000)
    return pd.DataFrame({name: ((place >= low) & (place < high)).astype(float) for name, (low, high) in spans.items()})


def leave(high, inside=10, outside=10):
    """Return outcomes: of the rows up to `high` all leave but every `inside`th, of the others every `outside`th."""
    place = np.arange(1000)
    return np.where(place < high, place % inside > 0, place % outside == 0).astype(float)


def columns_of(signs):
    return [[condition.column for condition in sign.conditions] for sign in signs]


def test_signs_cover_enough_customers_and_not_nearly_all():
    features, churned = planted(1)
    coverage = evaluate_rules(search_risk_rules(features, churned, most=50), features, churned)["coverage"]
    assert coverage.between(LEAST_COVERAGE, MOST_COVERAGE).all()
    assert columns_of(search_risk_rules(marked(a=(0, 690)), leave(690))) == [["a"]]
    assert search_risk_rules(marked(a=(0, 710)), leave(710)) == ()
    assert columns_of(search_risk_rules(marked(a=(0, 20)), leave(20))) == [["a"]]
    assert search_risk_rules(marked(a=(0, 19)), leave(19)) == ()


def test_a_weak_sign_is_none_however_many_customers_show_it():
    # 11 in 20 leave against 10 in 20: odds of 1.22 against everybody's 1.11
    place = np.arange(40000)
    rows = pd.DataFrame({"a": (place < 20000).astype(float)})
    assert search_risk_rules(rows, (place % 20 < np.where(place < 20000, 11, 10)).astype(float)) == ()
    assert columns_of(search_risk_rules(rows, (place % 20 < np.where(place < 20000, 16, 10)).astype(float))) == [["a"]]


def test_a_plain_sign_is_taken_before_one_that_is_hardly_better():
    rows = marked(a_column=(0, 300), days_since_last_purchase=(0, 305))
    assert columns_of(search_risk_rules(rows, leave(300)))[0] == ["days_since_last_purchase"]
    rows = marked(a_column=(0, 300), days_since_last_purchase=(0, 400))
    assert columns_of(search_risk_rules(rows, leave(300)))[0] == ["a_column"]


def test_a_sign_of_much_the_same_customers_is_left_out():
    # of 300 customers each, 267 in both: they are .80 of those in either, and 33 are new; or 240 in both: .67
    assert columns_of(search_risk_rules(marked(a=(0, 300), b=(33, 333)), leave(333))) == [["a"]]
    assert columns_of(search_risk_rules(marked(a=(0, 300), b=(60, 360)), leave(360))) == [["a"], ["b"]]


def test_a_sign_that_adds_no_customers_is_left_out():
    # the second has half of the first one's customers, and 12 or 38 of its 150 or 176 are others
    assert columns_of(search_risk_rules(marked(a=(0, 300), b=(162, 312)), leave(312))) == [["a"]]
    assert columns_of(search_risk_rules(marked(a=(0, 300), b=(162, 338)), leave(338))) == [["a"], ["b"]]


def test_a_sign_of_the_same_topic_is_left_out():
    apart = marked(a=(0, 150), b=(150, 300))
    assert columns_of(search_risk_rules(apart, leave(300))) == [["a"], ["b"]]
    same_topic = apart.set_axis(["days_since_last_purchase", "overdue_mean_ratio"], axis=1)
    assert columns_of(search_risk_rules(same_topic, leave(300))) == [["days_since_last_purchase"]]


def test_a_second_condition_has_to_be_worth_its_words():
    # both at once cover 200, of whom 9 in 10 leave, and each alone 300, of whom 19 in 30 do
    both = marked(a=(0, 300), b=(0, 200)).assign(b=lambda rows: rows["b"] + (np.arange(1000) >= 900))
    assert columns_of(search_risk_rules(both, leave(200)))[0] == ["a", "b"]
    assert columns_of(search_risk_rules(both, leave(300)))[0] == ["a"]


def test_a_copy_of_a_column_gives_no_second_sign():
    features, churned = planted(1)
    once = search_risk_rules(features[["payment"]], churned)
    assert once == (RiskRule((Condition("payment", "is", "cash"),)),)
    twice = search_risk_rules(
        features[["payment"]].assign(settled=features["payment"], bill=features["payment"]), churned
    )
    assert len(twice) == 1


def test_of_equal_signs_the_plainest_is_taken():
    # the same customers by three names: recency comes first in the list of phrases, an unknown column last
    features, churned = planted(1)
    days = features["days_since_last_purchase"]
    same = pd.DataFrame({"a_column": days, "overdue_mean_ratio": days, "days_since_last_purchase": days})
    found = {condition.column for sign in search_risk_rules(same, churned) for condition in sign.conditions}
    assert found == {"days_since_last_purchase"}


def test_without_churners_or_customers_or_differences_there_are_no_signs():
    features, churned = planted(1, 200)
    assert search_risk_rules(features, np.zeros(200)) == ()
    assert search_risk_rules(features, np.ones(200)) == ()
    assert search_risk_rules(features.iloc[:0], churned[:0]) == ()
    constant = pd.DataFrame({"a": np.ones(200), "b": [np.nan] * 200, "c": ["x"] * 200, "d": [None] * 200})
    assert search_risk_rules(constant, churned) == ()


def test_thresholds_are_readable_and_leave_customers_on_both_sides():
    values = np.r_[np.arange(1.0, 1235.0), np.nan]
    edges = readable_thresholds(values)
    assert all(float(f"{edge:.2g}") == edge for edge in edges)
    assert min(edges) >= 1.0
    assert max(edges) < 1234.0
    assert readable_thresholds(np.array([0.0, 0.0, 1.0, 2.0, 57.0])) == [0.0, 1.0, 2.0]
    assert readable_thresholds(np.array([3.0, 3.0])) == []
    assert readable_thresholds(np.array([np.nan])) == []


def test_classic_signs_are_those_whose_columns_are_there():
    assert classic_rules(["tenure"]) == ()
    found = classic_rules(["overdue_mean_ratio", "purchase_change_30_days", "purchase_change_60_days", "unsubscribed"])
    assert [sign.text() for sign in found] == [
        "days since the last purchase, in usual gaps > 2",
        "unsubscribed from messages > 0",
        "purchases in the last 60 days less those in the 60 days before ≤ -1",
    ]


def test_a_young_contract_needs_a_short_term_for_its_point():
    rows = pd.DataFrame({"contract_age_days": [30.0, 30.0, 200.0], "months_to_renewal": [1.0, 11.0, 1.0]})
    score = RiskRuleScore().fit(rows, np.array([1.0, 0.0, 0.0]))
    assert score.points(rows).tolist() == [1, 0, 0]


def test_the_score_is_the_training_churn_rate_of_as_many_points():
    # 12 customers without a point of whom 3 churned, 8 with one of whom 6 did, and nobody with two; base rate 9 / 20
    rows = pd.DataFrame({"overdue_mean_ratio": [1.0] * 12 + [3.0] * 8, "days_since_last_purchase": [20.0] * 20})
    churned = np.array([1.0] * 3 + [0.0] * 9 + [1.0] * 6 + [0.0] * 2)
    score = RiskRuleScore().fit(rows, churned)
    none, one = (3 + 10 * 0.45) / (12 + 10), (6 + 10 * 0.45) / (8 + 10)
    assert score.rates == pytest.approx([none, one, one])
    asked = pd.DataFrame({"overdue_mean_ratio": [np.nan, 2.5, 2.5], "days_since_last_purchase": [1.0, 1.0, 91.0]})
    assert score.predict(asked) == pytest.approx([none, one, one])
    assert RiskRuleScore.from_dict(json.loads(json.dumps(score.as_dict()))) == score


def test_without_a_classic_column_everybody_gets_the_base_rate():
    rows = pd.DataFrame({"tenure": [1.0, 2.0, 3.0, 4.0]})
    assert RiskRuleScore().fit(rows, np.array([1.0, 0.0, 0.0, 0.0])).predict(rows).tolist() == [0.25] * 4
