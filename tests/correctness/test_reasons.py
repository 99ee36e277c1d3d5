"""Reasons per customer, by hand: which features are cited, in which order, and what is said of them."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnclv.churn.log_odds import BIAS
from churnclv.errors import InputError
from churnclv.explain.phrases.phrase import LANGUAGES, find_phrase
from churnclv.explain.reasons import Reasons, cite_features
from examples import examples

NOBODY = Reasons({})


def explain(contributions, rows, language="en", reasons=NOBODY, **choices):
    """Return the reasons of customers as text, from what each feature adds to their scores."""
    return reasons.explain(cite_features(contributions, rows, **choices), rows, language)


def tell(column, value, language="en", typical=None, **others):
    """Return the reason that cites one column of one customer."""
    row = pd.DataFrame([{column: value, **others}])
    return explain(pd.DataFrame([{column: 1.0}]), row, language, Reasons(typical or {})).iloc[0, 0]


def told(contributions, row, **choices):
    """Return one customer's reasons."""
    return explain(pd.DataFrame([contributions]), pd.DataFrame([row]), **choices).iloc[0].tolist()


@pytest.mark.parametrize(
    ("column", "value", "others", "english", "italian"),
    [
        (
            "days_since_last_purchase", 74.0, {"overdue_mean_ratio": 2.61},
            "last order 74 days ago, 2.6 times the usual gap",
            "ultimo ordine 74 giorni fa, 2,6 volte l'intervallo abituale",
        ),
        ("days_since_last_purchase", 1.0, {}, "last order 1 day ago", "ultimo ordine 1 giorno fa"),
        ("purchases", 1.0, {}, "only 1 purchase so far", "solo 1 acquisto finora"),
        (
            "spend_last_90_days", 12.5, {"spend_last_180_days": 44.5},  # 12.50 against 32.00: 61% less
            "spent 12.50 in the last 90 days, 61% less than in the 90 days before",
            "spesi 12,50 negli ultimi 90 giorni, 61% in meno che nei 90 giorni precedenti",
        ),
        (
            "spend_last_90_days", 48.0, {"spend_last_180_days": 80.0},  # 48 against 32: 50% more
            "spent 48.00 in the last 90 days, 50% more than in the 90 days before",
            "spesi 48,00 negli ultimi 90 giorni, 50% in più che nei 90 giorni precedenti",
        ),
        (
            "purchase_change_90_days", -2.0, {"purchases_last_90_days": 0.0},
            "no purchase in the last 90 days, 2 in the 90 days before",
            "nessun acquisto negli ultimi 90 giorni, 2 nei 90 giorni precedenti",
        ),
        (
            "purchase_change_30_days", -1.0, {},
            "1 fewer purchase in the last 30 days than in the 30 days before",
            "1 acquisto in meno negli ultimi 30 giorni che nei 30 giorni precedenti",
        ),
        (
            "btyd_p_alive", 0.15, {"days_since_last_purchase": 74.0},
            "last order 74 days ago, 15% chance of still being active",
            "ultimo ordine 74 giorni fa, 15% di probabilità che sia ancora attivo",
        ),
        ("purchases_per_day", 0.02, {}, "one purchase every 50 days", "un acquisto ogni 50 giorni"),
        (
            "month_entropy", float(np.log(2)), {},
            "orders spread over 2 months of the year", "ordini sparsi su 2 mesi dell'anno",
        ),
        ("plan", "Month-to-month", {}, "plan “Month-to-month”", "piano «Month-to-month»"),
        ("contract_age_days", 62.0, {}, "contract is 2 months old", "contratto attivo da 2 mesi"),
        ("contract_age_days", 913.0, {}, "contract is 2.5 years old", "contratto attivo da 2,5 anni"),
        ("payment_failures", 2.0, {}, "2 failed payments so far", "2 pagamenti non riusciti finora"),
        (
            "opens_last_30_days", 0.0, {"sends_last_30_days": 5.0},
            "5 messages sent in the last 30 days, none opened",
            "5 messaggi inviati negli ultimi 30 giorni, nessuno aperto",
        ),
        ("service", "Fiber optic", {}, "service is “Fiber optic”", "service è «Fiber optic»"),
        ("MonthlyCharges", 105.65, {}, "MonthlyCharges is 105.65", "MonthlyCharges è 105,65"),
        ("tenure", 12500.0, {}, "tenure is 12,500", "tenure è 12.500"),
    ],
)  # fmt: skip
def test_a_reason_says_it_with_the_customers_own_numbers(column, value, others, english, italian):
    assert tell(column, value, "en", **others) == english
    assert tell(column, value, "it", **others) == italian


@pytest.mark.parametrize(
    ("column", "others", "english"),
    [
        ("overdue_mean_ratio", {"purchases": 1.0}, "only 1 purchase so far"),
        ("overdue_mean_ratio", {}, "no second purchase known"),
        ("days_since_last_refund", {}, "no refund known"),
        ("days_since_last_open", {}, "no message opened so far"),
        ("spend", {}, "spend in all: not known"),
        ("internet_service", {}, "no internet_service known"),
    ],
)
def test_a_missing_value_is_told_as_such(column, others, english):
    assert tell(column, np.nan, **others) == english
    assert tell(column, None, **others) == english


def test_a_missing_text_is_told_as_such():
    rows = pd.DataFrame({"plan": pd.Series(["Basic", None], dtype="str")})
    found = explain(pd.DataFrame({"plan": [1.0, 1.0]}), rows)
    assert found["reason_1"].tolist() == ["plan “Basic”", "no plan known"]


def test_a_number_is_compared_with_the_typical_customers_where_they_differ():
    assert tell("days_since_last_purchase", 74.0, typical={"days_since_last_purchase": 31.0}) == (
        "last order 74 days ago (typical customer: 31)"
    )
    assert (
        tell("days_since_last_purchase", 31.0, typical={"days_since_last_purchase": 31.0}) == "last order 31 days ago"
    )
    assert (
        tell("mean_spend", 9.5, "it", {"mean_spend": 25.0})
        == "spesa media di 9,50 per acquisto (cliente tipico: 25,00)"
    )
    assert tell("purchases", 3.0, typical={"purchases": 5.0}) == "only 3 purchases so far (typical customer: 5)"
    assert tell("purchases", 8.0, typical={"purchases": 5.0}) == "8 purchases so far (typical customer: 5)"


def test_features_of_one_topic_count_together_and_the_greatest_share_is_cited():
    # silence: .3 + .4 = .7; spend: .6; age: .1 + .2 - .15 = .15, of which the second is the greatest
    contributions = {
        "days_since_last_purchase": 0.3, "purchases_last_90_days": 0.4, "mean_spend": 0.6,
        "days_since_first_purchase": 0.1, "age_days": 0.2, "customer_age_days": -0.15,
    }  # fmt: skip
    row = dict.fromkeys(contributions, 7.0) | {"purchases_last_90_days": 0.0, "age_days": 12.0}
    assert told(contributions, row) == [
        "no purchase in the last 90 days",
        "spends 7.00 per purchase on average",
        "customer for 12 days",
    ]


def test_a_topic_that_pulls_down_in_sum_is_no_reason():
    contributions = {"days_since_last_purchase": 0.3, "purchases_last_90_days": -0.4, "tenure": 0.2, BIAS: 2.0}
    assert told(contributions, dict.fromkeys(contributions, 1.0)) == ["tenure is 1", None, None]


def test_what_adds_next_to_nothing_is_no_reason_unless_asked_for():
    contributions, row = {"a": 0.06, "b": 0.04, "c": 0.0}, dict.fromkeys("abc", 1.0)
    assert told(contributions, row) == ["a is 1", None, None]
    assert told(contributions, row, least=0.0) == ["a is 1", "b is 1", None]


def test_ties_go_by_name_whatever_the_order_of_the_columns():
    row = dict.fromkeys("abcd", 1.0)
    for names in ("abcd", "dcba", "bdac"):
        assert told(dict.fromkeys(names, 0.5), row) == ["a is 1", "b is 1", "c is 1"]
    silent = {"purchases_last_90_days": 0.5, "days_since_last_purchase": 0.5}
    assert told(silent, dict.fromkeys(silent, 4.0))[0] == "last order 4 days ago"


def test_a_missing_gap_says_the_same_as_a_single_purchase():
    # for the first customer both gaps belong to how often: .3 + .2 + .1; for the second they are silence and regularity
    contributions = pd.DataFrame([{"overdue_mean_ratio": 0.3, "gap_variation": 0.2, "purchases": 0.1}] * 2)
    rows = pd.DataFrame({"overdue_mean_ratio": [np.nan, 3.0], "gap_variation": [np.nan, 0.5], "purchases": [1.0, 3.0]})
    found = explain(contributions, rows).to_numpy().tolist()
    assert found[0] == ["only 1 purchase so far", None, None]
    assert found[1] == [
        "silent for 3 times the usual gap",
        "gaps between purchases vary by 50%",
        "3 purchases so far",
    ]


def test_nothing_spent_lately_says_the_same_as_silence():
    contributions = pd.DataFrame([{"spend_last_90_days": 0.3, "days_since_last_purchase": 0.4}] * 2)
    rows = pd.DataFrame({"spend_last_90_days": [0.0, 12.0], "days_since_last_purchase": [140.0, 20.0]})
    found = explain(contributions, rows).to_numpy().tolist()
    assert found[0] == ["last order 140 days ago", None, None]
    assert found[1] == ["last order 20 days ago", "spent 12.00 in the last 90 days", None]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("{value} {0.__class__} %s", "{value} {0.__class__} %s"),
        ("two\nlines\tand\x00 controls\x1b[31m", "two lines and controls[31m"),
        ("right\u202eto left", "rightto left"),
        ("x" * 41, "x" * 39 + "…"),
        ("x" * 40, "x" * 40),
    ],
)
def test_foreign_text_is_only_text(text, shown):
    assert tell("note", text) == f"note is “{shown}”"
    assert tell("plan", text, "it") == f"piano «{shown}»"


def test_a_columns_name_is_only_a_name():
    assert tell("weird {name}\u202e\n<b>", 3.0) == "weird {name} <b> is 3"
    assert tell("{0}", 3.0, "it") == "{0} è 3"


def test_text_under_the_name_of_a_built_in_number_is_told_as_text():
    assert tell("purchases", "many") == "purchases is “many”"
    assert tell("action_entropy", "high", "it") == "action_entropy è «high»"


def test_an_infinite_number_is_not_known():
    assert tell("days_since_last_refund", np.inf) == "no refund known"


def test_the_typical_customer_is_the_median_and_the_most_frequent_text():
    features = pd.DataFrame(
        {
            "a": [1.0, 5.0, np.nan, 2.0],
            "plan": ["x", "y", "y", None],
            "empty": [np.nan] * 4,
            "tie": ["b", "a", "a", "b"],
        }
    )
    learned = Reasons.learn(features)
    assert learned.typical == {"a": 2.0, "plan": "y", "tie": "a"}
    assert Reasons.from_dict(json.loads(json.dumps(learned.as_dict()))) == learned


def test_an_unknown_language_is_the_users_fault():
    with pytest.raises(InputError, match=r"no phrases in the language 'fr'.\n  -> allowed are en, it"):
        told({"a": 1.0}, {"a": 1.0}, language="fr")


def test_nobody_has_no_reasons_and_a_place_more_is_a_column_more():
    empty = explain(pd.DataFrame({"a": []}), pd.DataFrame({"a": []}))
    assert (list(empty.columns), len(empty)) == (["reason_1", "reason_2", "reason_3"], 0)
    assert told({"a": 1.0}, {"a": 2.0}, most=4) == ["a is 2", None, None, None]


COLUMNS = (
    "days_since_last_purchase", "overdue_mean_ratio", "purchases", "spend_last_90_days", "spend_last_180_days",
    "mean_spend", "purchase_change_90_days", "purchases_last_90_days", "plan", "tenure",
)  # fmt: skip
_NUMBERS = st.one_of(st.none(), st.integers(0, 2000).map(float), st.floats(0, 5000).map(lambda value: round(value, 2)))
_CUSTOMER = st.fixed_dictionaries(
    {name: st.sampled_from([None, "Basic", "Plus"]) if name == "plan" else _NUMBERS for name in COLUMNS}
)
_ADDED = st.lists(st.sampled_from([-0.5, 0.0, 0.1, 0.25, 0.5, 1.0]), min_size=len(COLUMNS), max_size=len(COLUMNS))


@examples(60, derandomize=False)
@given(st.lists(st.tuples(_CUSTOMER, _ADDED), min_size=1, max_size=8), st.randoms(), st.sampled_from(["en", "it"]))
def test_a_customers_reasons_do_not_depend_on_the_other_customers(customers, random, language):
    rows = pd.DataFrame([row for row, _ in customers], columns=list(COLUMNS))
    rows = rows.astype({name: "float64" for name in COLUMNS if name != "plan"})
    contributions = pd.DataFrame([added for _, added in customers], columns=list(COLUMNS))
    reasons = Reasons({"purchases": 3.0, "mean_spend": 20.0})
    together = explain(contributions, rows, language, reasons)
    some = random.sample(range(len(rows)), random.randint(1, len(rows)))
    shuffled = explain(contributions.iloc[some], rows.iloc[some], language, reasons)
    pd.testing.assert_frame_equal(shuffled, together.iloc[some])


@examples(60, derandomize=False)
@given(_CUSTOMER, st.sampled_from(COLUMNS), st.sampled_from(["en", "it"]))
def test_every_number_in_a_text_is_one_of_the_customers_own(row, cited, language):
    text = told({cited: 1.0}, row, language=language)[0]
    own = {name: value for name, value in row.items() if isinstance(value, float)}
    both = own.get("spend_last_180_days", 0.0) - own.get("spend_last_90_days", 0.0)
    now = own.get("purchases_last_90_days", 0.0)
    derived = [abs(own.get("purchase_change_90_days", 0.0)), now - own.get("purchase_change_90_days", 0.0), 90.0, 180.0]
    if both > 0:
        derived.append(abs(1.0 - own.get("spend_last_90_days", 0.0) / both))
    write = LANGUAGES[language].write
    allowed = {
        write(value, style).removesuffix("%")
        for value in (*own.values(), *derived)
        for style in ("", "money", "x", "%", "text")
    }
    assert set(re.findall(r"-?\d[\d.,]*\d|-?\d", text)) <= allowed


@pytest.mark.parametrize(
    ("value", "style", "english", "italian"),
    [
        (0.0, "", "0", "0"),
        (3.0, "", "3", "3"),
        (0.126, "", "0.13", "0,13"),
        (0.00472, "", "0.0047", "0,0047"),
        (31.54, "", "31.5", "31,5"),
        (274.6, "", "275", "275"),
        (2011.0, "", "2011", "2011"),
        (12345.0, "", "12,345", "12.345"),
        (-2.5, "", "-2.5", "-2,5"),
        (-1e-9, "", "0", "0"),
        (1234567.891, "money", "1,234,567.89", "1.234.567,89"),
        (12.5, "money", "12.50", "12,50"),
        (0.614, "%", "61%", "61%"),
        (0.004, "%", "0.4%", "0,4%"),
        (0.9963, "%", "99.63%", "99,63%"),
        (1.0, "%", "100%", "100%"),
        (2.61, "x", "2.6", "2,6"),
        (57.66, "x", "57.7", "57,7"),
        (1.0, "day|days", "1 day", "1 day"),
        (0.0, "day|days", "0 days", "0 days"),
        (1.5, "day|days", "1.5 days", "1,5 days"),
        (0.0, "no day|day|days", "no day", "no day"),
        (0.0, "none|#|#", "none", "none"),
        (4.0, "none|#|#", "4", "4"),
        (1.0, "in a day|in # days", "in a day", "in a day"),
        (90.0, "in a day|in # days", "in 90 days", "in 90 days"),
        (60.0, "age", "60 days", "60 giorni"),
        (61.0, "age", "2 months", "2 mesi"),
        (400.0, "age", "13 months", "13 mesi"),
        (float(np.log(3)), "spread:month|months", "3 months", "3 months"),
        ("monday", "part", "Monday", "lunedì"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_the_language_does(value, style, english, italian):
    assert LANGUAGES["en"].write(value, style) == english
    assert LANGUAGES["it"].write(value, style) == italian


def test_labels_name_columns_in_words():
    assert find_phrase("purchases_last_1_days", "en").label == "purchases in the last day"
    assert find_phrase("purchases_last_90_days", "it").label == "acquisti negli ultimi 90 giorni"
