"""Every built-in feature can be told in every language, and both languages say the same."""

import re
from datetime import datetime
from string import Formatter

import pytest

from churnclv.clv.contract_value import CHANCE
from churnclv.clv.hybrid import BTYD_COLUMNS
from churnclv.data.schema import EVENT_COLUMNS
from churnclv.explain.phrases.phrase import DERIVED, LANGUAGES, fill_window, find_phrase
from churnclv.explain.phrases.topics import can_warn, find_move, find_topic
from churnclv.features.families import BUILT_IN, described_columns, find_column, find_family
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.history import KEYS, cut_history

SETTINGS = FeatureSettings(lookback_days=[1, 45, 90, 180], actions=["Add to cart"], channels=["sms"])
NAMED_BY_USERS = {"attributes"}
COLUMNS = described_columns()
ENGLISH, ITALIAN = (
    {column.pattern: column.texts[name] for column in COLUMNS} | {"*": LANGUAGES[name].undescribed}
    for name in ("en", "it")
)
TOPICS = {column.topic for column in COLUMNS}
VALUES = (None, -2.0, 0.0, 0.004, 0.5, 1.0, 1.5, 74.0, 123456.0, "any text")


@pytest.fixture(scope="module")
def columns(connection, write_events):
    """Return every column that the built-in families and the formulas give, by family."""
    row = dict.fromkeys(EVENT_COLUMNS) | {"customer_id": "a", "timestamp": "2024-01-01", "kind": "order"}
    history = cut_history(write_events(connection, [row]), [datetime(2024, 2, 1)])
    found = {
        name: [column for column in find_family(name)(history, SETTINGS).columns if column not in KEYS]
        for name in BUILT_IN
        if name not in NAMED_BY_USERS
    }
    return {**found, "formulas": [*BTYD_COLUMNS, CHANCE]}


def fields(template):
    """Return the fields of a template in the order of their names, `only` and `usual` left out."""
    found = [field for _, field, _, _ in Formatter().parse(template) if field is not None]
    return sorted(field for field in found if field not in ("only", "usual"))


def test_there_are_families_to_tell_of(columns):
    assert {"recency", "money", "basket", "journey", "engagement", "referral", "contract"} <= set(columns)
    assert sum(map(len, columns.values())) > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_built_in_column_has_a_phrase_of_its_own(columns, language):
    generic = [column for family in columns.values() for column in family if find_column(column) is None]
    assert generic == []
    assert all(column.texts[language] for column in COLUMNS)


def test_every_built_in_column_belongs_to_a_topic(columns):
    topics = {find_topic(column) for family in columns.values() for column in family}
    assert topics - TOPICS == {"action add_to_cart"}
    assert "" not in TOPICS


def test_every_column_is_described_once():
    assert len(COLUMNS) == len({column.pattern for column in COLUMNS}) > 100
    assert all(column.meaning and column.unit for column in COLUMNS)


@pytest.mark.parametrize("pattern", ENGLISH)
def test_both_languages_say_the_same_of_a_column(pattern):
    assert list(map(fields, ENGLISH[pattern])) == list(map(fields, ITALIAN[pattern]))


@pytest.mark.parametrize("pattern", ENGLISH)
def test_a_phrase_speaks_of_what_there_is(columns, pattern):
    known = {column for family in columns.values() for column in family}
    known |= {"value", "name", "missing", "zero", "one", "below", "above", "only", "usual", *DERIVED}
    cited = {fill_window(field, ("90",)) for text in ENGLISH[pattern] for field in fields(text)}
    assert {field for field in cited if not field.isdigit()} <= known


def test_words_are_translated_on_both_sides():
    assert set(LANGUAGES["en"].name_parts) == set(LANGUAGES["it"].name_parts)
    assert find_phrase("weekday_monday_share", "it").label == "quota di ordini di lunedì"
    months = [find_phrase(f"month_{month:02}_share", "en").label for month in range(1, 13)]
    assert (months[2], months[9]) == ("share of orders in March", "share of orders in October")
    assert not re.search(r"\d", "".join(months))
    assert find_phrase("actions_named_1", "en").label == "times of “1”"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_every_column_can_be_told(columns, language):
    for column in [column for family in columns.values() for column in family]:
        phrase = find_phrase(column, language)
        rows = [{column: value} for value in VALUES]
        rows += [{column: value, **dict.fromkeys(phrase.needs, other)} for value in VALUES for other in (0.0, 3.0)]
        texts = [phrase.text(row, {column: 2.0}) for row in rows]
        broken = [text for text in (*texts, phrase.label) if not text.strip() or re.search(r"[{}#|@]|None|nan", text)]
        assert broken == [], column


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_value_is_told_as_missing_and_not_as_a_number_of_its_own(columns, language):
    for column in [column for family in columns.values() for column in family]:
        text = find_phrase(column, language).text({column: None}, {column: 987654.0})
        assert "987" not in text, column


def test_moves_are_of_described_columns_to_topics_that_exist():
    moves = [column.move for column in COLUMNS if column.move]
    assert len(moves) == 12
    assert {move.topic for move in moves} <= TOPICS
    assert find_move("spend_last_90_days").witness == "spend_last_90_days"
    assert find_move("decayed_spend_30_days").witness == "spend_last_30_days"
    assert find_move("purchases") is None


def test_columns_that_nobody_described_are_a_topic_each():
    assert find_topic("MonthlyCharges") == "MonthlyCharges"
    assert find_phrase("MonthlyCharges", "en").label == "MonthlyCharges"


def test_thresholds_stand_on_what_people_can_picture(columns):
    silent = {column for family in columns.values() for column in family if not can_warn(column)}
    abstract = r"decayed_.*|btyd_.*|.*_entropy|log_gap_days_sum|.*_deviation(_days)?|gap_variation|month_\d\d_share"
    known = {column for family in columns.values() for column in family}
    assert silent == {column for column in known if re.fullmatch(abstract, column)}
    assert can_warn("days_since_last_purchase")
    assert not can_warn("decayed_spend_30_days")
