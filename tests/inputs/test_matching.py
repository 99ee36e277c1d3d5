"""Ids across tables: where none or few match, the message gives the shapes of both spellings and no id."""

import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings, TableSettings
from churnclv.errors import InputError

IDS = [str(number) for number in range(1071, 1171)]
PEOPLE = TableSettings(path="people.csv", attributes={"country": "country"})


def read(orders, people, table=PEOPLE, **more):
    log = pd.DataFrame(
        {"customer_id": orders, "timestamp": "2024-01-01", "amount": range(1, len(orders) + 1)}, dtype=str
    )
    frame = pd.DataFrame({"customer_id": people, "country": "IT", **more}, dtype=str)
    settings = DataSettings(tables={"people": table})
    return read_events(connect(EngineSettings(threads=1)), settings, log, {"people": frame})


def respelled(rule):
    return [rule(name) for name in IDS]


SPELLINGS = {
    "leading zeros": (respelled(lambda name: f"00{name}"), "9999, here 009999", "leading zeros"),
    "zeros in the main table": (IDS, "00009999, here 9999", "leading zeros"),
    "a prefix": (respelled(lambda name: f"C-{name}"), "9999, here A-9999", "a prefix"),
    "letters before and after": (respelled(lambda name: f"{name[:2]} {name[2:]}"), "9999, here 99 99", "punctuation"),
}


@pytest.mark.parametrize(("people", "shapes", "difference"), SPELLINGS.values(), ids=SPELLINGS)
def test_ids_in_another_spelling_are_refused_and_the_difference_is_named(people, shapes, difference):
    orders = respelled(lambda name: f"0000{name}") if "0000" in shapes else IDS
    with pytest.raises(InputError) as error:
        read(orders, people)
    message = str(error.value)
    assert "data.tables.people: 0 of its 100 customers are in the main table, which has 100." in message
    assert f"have the shape {shapes} " in message
    assert difference in message
    assert not any(name in message for name in IDS)


def test_ids_that_differ_in_capital_letters_are_refused():
    orders = [f"anna.{chr(97 + place % 26)}{chr(97 + place // 26)}@x.org" for place in range(60)]
    with pytest.raises(InputError, match=r"shape aaaa\.aa@a\.aaa, here AAAA\.AA@A\.AAA .*; they differ by capital"):
        read(orders, [name.upper() for name in orders])


def test_ids_of_another_kind_are_refused_with_the_setting_to_change():
    with pytest.raises(
        InputError, match=r"name the column with the ids .*: data\.tables\.people\.columns\.customer_id"
    ):
        read(IDS, [f"{number}" for number in range(500_000, 500_050)])


def test_few_that_match_are_noticed_and_the_others_have_no_attribute():
    events = read(IDS, [*IDS[:10], *[f"{number}" for number in range(500_000, 500_050)]])
    report = events.quality.tables["people"]
    assert report.known_customers == 10
    assert [notice.code for notice in report.notices] == ["few_customers_match"]
    assert "10 of its 60 customers are in the main table, which has 100." in report.notices[0].message
    assert int(events.table.static_country.count().execute()) == 10


@pytest.mark.parametrize(
    ("orders", "people"),
    [(IDS, IDS), (IDS[:50], IDS), (IDS, IDS[:50]), (IDS[:1], IDS), (IDS[:3], IDS[:2])],
    ids=["all", "half buy", "half are described", "one is scored", "few"],
)
def test_where_most_of_one_table_match_nothing_is_noticed(orders, people):
    report = read(orders, people).quality.tables["people"]
    assert report.notices == ()
    assert report.known_customers == len(set(orders) & set(people))


def test_few_customers_without_a_partner_may_be_chance():
    report = read(IDS[:3], IDS[50:]).quality.tables["people"]
    assert [notice.code for notice in report.notices] == ["few_customers_match"]


def test_dated_tables_are_matched_too():
    visits = TableSettings(
        path="visits.csv", columns={"customer_id": "customer_id", "timestamp": "when"}, kind="action"
    )
    with pytest.raises(InputError, match="they differ by a prefix"):
        read(IDS, respelled(lambda name: f"user_{name}"), visits, when="2024-01-02")
