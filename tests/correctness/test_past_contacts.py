"""Past contacts as an experiment: who is compared, on which days, with what shares, and what is refused."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings
from churnclv.decision.past_contacts import ContactSettings, PastContacts, find_past_contacts
from churnclv.errors import InputError
from churnclv.pipeline.campaign_table import contact_table
from churnclv.pipeline.settings import CampaignTableConfig
from churnclv.snapshots.settings import WindowSettings

DATA = DataSettings(columns=Columns(kind="kind", item="item", quantity="p"))
WINDOWS = WindowSettings(horizon_days=30)
FIRST, SECOND = "2024-02-01", "2024-03-01"


def row(customer, moment, kind="order", item=None, p=None, amount="5.00"):
    return {
        "customer_id": customer, "timestamp": moment, "kind": kind, "item": item, "p": p,
        "amount": amount if kind == "order" else None,
    }  # fmt: skip


def people(number, first="2024-01-01"):
    """Return orders of so many customers before all contacts, and one of another at the end of the log."""
    return [*(row(f"c{n:03}", first) for n in range(number)), row("last", "2024-04-30 10:00")]


def read(rows):
    return read_events(connect(EngineSettings(threads=1)), DATA, pd.DataFrame(rows))


def find(rows, windows=WINDOWS, **settings):
    return find_past_contacts(read(rows), windows, ContactSettings(**settings))


def test_whoever_was_not_contacted_on_the_day_is_compared_and_a_newcomer_is_not():
    past = find([
        *people(4),
        row("c000", f"{FIRST} 09:00", "treatment", "letter"),
        row("c001", f"{FIRST} 00:00", "treatment", "letter"),
        row("new", f"{FIRST} 00:00"),  # first bought on the day itself
        row("stranger", f"{FIRST} 09:00", "treatment", "letter"),  # never bought
    ])  # fmt: skip
    assert past.days == [datetime(2024, 2, 1)]
    assert past.drawn is False
    assert dict(zip(past.rows["customer_id"], past.rows["treatment"], strict=True)) == {
        "c000": "letter", "c001": "letter", "c002": "none", "c003": "none",
    }  # fmt: skip
    assert past.contacts == 2
    assert "propensity" not in past.rows


def test_where_a_hold_out_was_drawn_it_alone_is_compared_on_the_days_that_have_one():
    past = find([
        *people(6),
        *(row(f"c00{n}", FIRST, "treatment", "letter") for n in range(6)),
        row("c000", SECOND, "treatment", "letter"),
        row("c001", SECOND, "holdout", "letter"),
    ])  # fmt: skip
    assert past.days == [datetime(2024, 3, 1)]
    assert past.drawn is True
    assert past.rows["treatment"].tolist() == ["letter", "none"]


def test_a_propensity_of_everybody_is_kept_and_one_that_is_not_known_of_all_is_not():
    drawn = [row("c000", FIRST, "treatment", "letter", "0.8"), row("c001", FIRST, "holdout", None, "0.4")]
    past = find([*people(3), *drawn])
    assert past.rows["propensity"].tolist() == [0.8, 0.4]
    unknown = [*drawn, row("c002", FIRST, "holdout")]
    assert "propensity" not in find([*people(3), *unknown]).rows


def test_every_customer_has_one_row_and_every_day_the_same_shares():
    contacts = [row(f"c{n:03}", FIRST, "treatment", "letter") for n in range(150)]
    contacts += [row(f"c{n:03}", SECOND, "treatment", "letter") for n in range(200, 220)]
    past = find([*people(300), *contacts])
    assert not past.rows["customer_id"].duplicated().any()
    counts = pd.crosstab(past.rows["cutoff"], past.rows["treatment"])
    shares = counts["letter"] / counts.sum(axis=1)
    assert len(shares) == 2
    assert abs(shares.iloc[0] - shares.iloc[1]) < 0.01
    assert past.contacts == 170


def test_one_day_keeps_everybody_and_another_order_of_rows_gives_the_same_table():
    contacts = [row(f"c{n:03}", FIRST, "treatment", "letter") for n in range(7)]
    one = find([*people(20), *contacts])
    assert len(one.rows) == 20
    both = [*people(20), *contacts, *(row(f"c{n:03}", SECOND, "treatment", "letter") for n in range(12))]
    shuffled = [both[place] for place in np.random.default_rng(0).permutation(len(both))]
    pd.testing.assert_frame_equal(find(both).rows, find(shuffled).rows)
    assert not find(both).rows.equals(find(both, seed=1).rows)


def test_the_days_are_the_latest_whose_outcomes_have_passed():
    days = (FIRST, SECOND, "2024-04-01", "2024-04-02")
    rows = [*people(60), *(row(f"c{n:03}", day, "treatment") for day in days for n in range(20))]
    assert find(rows).days == [datetime(2024, 2, 1), datetime(2024, 3, 1), datetime(2024, 4, 1)]
    assert find(rows, most_days=2).days == [datetime(2024, 3, 1), datetime(2024, 4, 1)]
    assert find(rows, WindowSettings(horizon_days=61)).days == [datetime(2024, 2, 1), datetime(2024, 3, 1)]


def test_one_arm_alone_leaves_out_who_got_another():
    contacts = [row("c000", FIRST, "treatment", "letter"), row("c001", FIRST, "treatment", "call")]
    rows = [*people(4), *contacts]
    assert find(rows).arms == {"call": 1, "letter": 1, "none": 2}
    assert find(rows, arms=["call"]).rows["customer_id"].tolist() == ["c001", "c002", "c003"]
    with pytest.raises(InputError, match=r"contacts\.arms names visit\.\n  -> the arms are 'call', 'letter'"):
        find(rows, arms=["visit"])


@pytest.mark.parametrize(
    ("contacts", "message"),
    [
        ([], r"the log has no contacts by campaigns\.\n  -> add them"),
        ([row("c000", "2024-04-20", "treatment")], r"the log ends on 2024-05-01, and the outcomes of no contact have"),
        ([row("c000", FIRST, "treatment"), row("c000", FIRST, "holdout")],
         "1 customers were drawn to be left alone on a day, and contacted on it: the hold-out is broken"),
        ([row(f"c00{n}", FIRST, "treatment") for n in range(3)], "no customer of the population was contacted while"),
        ([row("c000", FIRST, "treatment", "letter"), row("c001", FIRST, "holdout"),
          row("c001", SECOND, "treatment", "call"), row("c002", SECOND, "holdout"), row("c000", SECOND, "holdout")],
         r"take one arm at a time, contacts\.arms="),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(contacts, message):
    with pytest.raises(InputError, match=message):
        find([*people(3), *contacts])


@pytest.fixture(scope="module")
def table():
    """The table of three customers: ann contacted after an earlier contact, bob and cat not."""
    events = read([
        row("ann", "2024-01-01 10:00", amount="10.00"), row("ann", "2023-12-01", "treatment", "card"),
        row("ann", "2024-02-01 00:00", "treatment", "letter"), row("ann", "2024-02-01 00:00", amount="7.00"),
        row("ann", "2024-02-10"), row("ann", "2024-03-02 00:00"),  # the last is at the horizon's end
        row("bob", "2024-01-31 23:59:59", amount="3.00"), row("bob", "2024-03-01 23:59:59", amount="2.50"),
        row("cat", "2024-01-05"), row("cat", "2024-02-20", "treatment", "letter"),  # a later contact changes nothing
        row("last", "2024-02-01 08:00"), row("last", "2024-03-03"),
    ])  # fmt: skip
    day = datetime(2024, 2, 1)
    rows = pd.DataFrame({"customer_id": ["ann", "bob", "cat"], "cutoff": day, "treatment": ["letter", "none", "none"]})
    past = PastContacts(rows, [day], drawn=False, contacts=1)
    config = CampaignTableConfig(windows=WINDOWS)
    return contact_table(past, events, config).set_index("customer_id")


def test_outcomes_count_from_the_days_beginning_to_the_horizons_end(table):
    assert table.loc["ann", ["treatment", "stayed", "later_purchases", "later_spend"]].tolist() == [
        "letter",
        1,
        2,
        12.0,
    ]
    assert table.loc["bob", ["treatment", "stayed", "later_purchases", "later_spend"]].tolist() == ["none", 1, 1, 2.5]
    assert table.loc["cat", ["treatment", "stayed", "later_purchases", "later_spend"]].tolist() == ["none", 0, 0, 0.0]


def test_features_are_of_what_lies_before_the_day(table):
    assert table.loc["ann", ["spend", "purchases", "treatments", "last_treatment"]].tolist() == [10.0, 1, 1, "card"]
    assert table.loc["bob", ["spend", "purchases", "treatments"]].tolist() == [3.0, 1, 0]
    assert table.loc["cat", ["treatments", "days_since_last_treatment"]].isna().tolist() == [False, True]
