"""Contacts by past campaigns: a further table whose columns have names of their own, or rows of a log of events."""

from dataclasses import replace

import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings, TableSettings
from churnclv.errors import InputError

ORDERS = "customer_id,timestamp,amount\nann,2024-01-01,10\nbob,2024-01-02,2\ncat,2024-01-09,3\n"
NAMED = {"customer_id": "who", "timestamp": "day", "arm": "letter", "cost": "paid", "channel": "by", "propensity": "p"}
CONTACTS = TableSettings(columns=NAMED, kind="treatment")
HEAD = "who,day,letter,paid,by,p,bought_after\n"


@pytest.fixture
def read(tmp_path):
    """Return a function from the text of a file of contacts and its settings to the events of these, by customer."""

    def read(text, table=CONTACTS, orders=ORDERS, **settings):
        for name, content in (("orders.csv", orders), ("contacts.csv", text)):
            (tmp_path / name).write_text(content)
        tables = {"contacts": replace(table, path=str(tmp_path / "contacts.csv"))}
        data = DataSettings(path=str(tmp_path / "orders.csv"), tables=tables, **settings)
        return read_events(connect(EngineSettings(threads=1)), data)

    return read


def contacts_of(events):
    table = events.table.filter(events.table.kind.isin(["treatment", "holdout"])).order_by("customer_id")
    frame = table.select("customer_id", "timestamp", "kind", "item", "amount", "quantity", "channel").execute()
    return [tuple(None if pd.isna(cell) else cell for cell in row) for row in frame.itertuples(index=False)]


def test_a_contact_has_an_arm_a_cost_a_channel_and_a_propensity(read):
    events = read(HEAD + "ann,2024-01-05,spring,1.10,post,0.25,1\nbob,2024-01-06 10:00,,,,,0\n")
    (ann, bob) = contacts_of(events)
    assert ann[:4] == ("ann", pd.Timestamp("2024-01-05"), "treatment", "spring")
    assert (float(ann[4]), float(ann[5]), ann[6]) == (1.1, 0.25, "post")
    assert bob == ("bob", pd.Timestamp("2024-01-06 10:00"), "treatment", None, None, None, None)
    assert events.quality.customers == 3
    assert "bought_after" not in events.table.columns


def test_who_was_drawn_to_be_left_alone_is_no_treatment(read):
    table = replace(CONTACTS, control="none")
    events = read(HEAD + "ann,2024-01-05,spring,1.10,post,0.25,1\nbob,2024-01-05,none,,,0.25,0\n", table)
    assert [(row[0], row[2], row[3]) for row in contacts_of(events)] == [
        ("ann", "treatment", "spring"),
        ("bob", "holdout", "none"),
    ]


def test_rows_of_a_log_may_be_contacts(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(
        "customer_id,timestamp,amount,what,item\n"
        "ann,2024-01-01,10,sale,tea\nann,2024-01-05,1.10,mailing,spring\nbob,2024-01-05,,spared,spring\n"
    )
    kinds = {"sale": "order", "mailing": "treatment", "spared": "holdout"}
    events = read_events(
        connect(EngineSettings(threads=1)),
        DataSettings(path=str(path), columns=Columns(kind="what", item="item"), kinds=kinds),
    )
    assert [(row[0], row[2], row[3]) for row in contacts_of(events)] == [
        ("ann", "treatment", "spring"),
        ("bob", "holdout", "spring"),
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("ann,2024-01-05,a,1,post,0,1\n", "1 propensities are not above 0 and below 1, such as 0."),
        ("ann,2024-01-05,a,1,post,1.5,1\nbob,2024-01-05,a,1,post,0.5,1\n", "1 propensities are not above 0 and below"),
    ],
)
def test_a_propensity_that_chance_cannot_have_is_refused(read, rows, message):
    with pytest.raises(InputError, match=rf"contacts\.csv: column 'p': {message}") as error:
        read(HEAD + rows)
    assert "leave out data.tables.contacts.columns.propensity" in str(error.value)


def test_a_missing_column_is_named_as_it_was_given(read):
    with pytest.raises(InputError, match=r"no column 'letter' \(data\.tables\.contacts\.columns\.arm\)"):
        read("who,day,paid,by,p\nann,2024-01-05,1,post,0.5\n")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"columns": {**NAMED, "item": "x"}}, r"data\.tables\.contacts\.columns names the roles \['item'\]"),
        ({"kind": "action"}, r"names the roles \['arm', 'cost', 'propensity'\]"),
        ({"kind": "action", "columns": {"customer_id": "who", "timestamp": "day"}, "control": "none"},
         r"data\.tables\.contacts\.control=none is an arm, and the table has none"),
        ({"columns": {"customer_id": "who", "timestamp": "day"}, "control": "none"}, "and the table has none"),
        ({"columns": {"customer_id": "who", "arm": "letter"}}, "has neither a timestamp nor attributes alone"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(chosen, message):
    with pytest.raises(InputError, match=message):
        DataSettings(path="orders.csv", tables={"contacts": replace(CONTACTS, **chosen)})
