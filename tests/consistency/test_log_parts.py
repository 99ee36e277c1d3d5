"""What is checked on a whole log adds up over parts of its customers."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnclv.bundle.expected_totals import SummedTotals, Totals, compare_with, totals_notices
from churnclv.data.customer_places import place_customers
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.quality import FaultCount, check_policies
from churnclv.data.row_notices import _median, count_ids
from churnclv.data.settings import DataSettings, Spelling
from churnclv.data.span import check_days, count_days
from churnclv.data.spend_concentration import concentrated_spend, count_spend
from churnclv.decision.gain_concentration import concentrated_gain, count_gains
from churnclv.errors import InputError

PARTS = 3
SETTINGS = DataSettings(max_set_aside_share=1.0)


@pytest.fixture(scope="module")
def log():
    """A log of 60 customers, one of whom has a third of the rows, with ids that differ in case and an event far off."""
    random = np.random.default_rng(5)
    names = [f"c{number}" for number in random.integers(0, 60, 400)]
    names[::3] = ["guest"] * len(names[::3])
    names[1:40:13] = ["C7", "C8", "C9"]
    days = pd.to_datetime("2021-01-01") + pd.to_timedelta(random.integers(0, 200, 400), unit="D")
    frame = pd.DataFrame({"customer_id": names, "timestamp": days, "amount": random.integers(1, 90, 400) / 4})
    return pd.concat([frame, frame.iloc[[0]].assign(timestamp=pd.Timestamp("2021-11-01"))], ignore_index=True)


def place(frame, parts=PARTS, settings=SETTINGS):
    return place_customers(connect(EngineSettings()), pa.array(frame["customer_id"]), parts, settings)


@pytest.fixture(scope="module")
def pieces(log):
    """The events of each part of the log."""
    places = place(log)
    frames = [log[places == number] for number in range(PARTS)]
    return [read_events(connect(EngineSettings()), SETTINGS, frame, is_whole=False) for frame in frames]


@pytest.fixture(scope="module")
def whole(log):
    return read_events(connect(EngineSettings()), SETTINGS, log, span_is_given=True)


def test_customers_stay_whole_whatever_their_id_is_written_like():
    ids = ["ann", " ann ", "ANN", None, "", "1001", "1001.0", "bob"]
    for parts in (1, 2, 7):
        places = place(pd.DataFrame({"customer_id": ids}), parts).tolist()
        assert places[0] == places[1] == places[2]
        assert places[3:5] == [0, 0]
        assert places[5] == places[6]
        assert set(places) <= set(range(parts))


@pytest.mark.parametrize(
    "cells", [pa.array([1001, None, 7]), pa.array([1001.0, None, 7.0]), pa.array(["1001", "", "7"])]
)
def test_the_type_of_the_id_in_the_file_does_not_matter(cells):
    expected = place(pd.DataFrame({"customer_id": ["1001", None, "7"]}), 1000).tolist()
    assert place_customers(connect(EngineSettings()), cells, 1000, SETTINGS).tolist() == expected


def test_the_notices_on_ids_are_those_of_the_whole_log(pieces, whole):
    summed = reduce(add, [count_ids(piece.table, SETTINGS) for piece in pieces])
    expected = {notice.code: notice.message for notice in whole.quality.notices}
    notices = {notice.code: notice.message for notice in summed.notices(SETTINGS)}
    assert set(notices) == {"crowded_id", "ids_alike"}
    assert notices["crowded_id"] == expected["crowded_id"]
    assert notices["ids_alike"] == expected["ids_alike"]


def test_an_id_that_is_no_placeholder_is_not_shown(whole):
    counts = count_ids(whole.table.mutate(customer_id=whole.table.customer_id.replace("guest", "c.smith")), SETTINGS)
    (message,) = [notice.message for notice in counts.notices(SETTINGS) if notice.code == "crowded_id"]
    assert "smith" not in message
    assert "one id has 33.4% of the rows" in message


def test_a_far_event_is_far_from_those_of_all_parts(pieces, whole):
    days = Counter()
    for piece in pieces:
        days.update(count_days(piece.table, SETTINGS))
    assert days == count_days(whole.table, SETTINGS)
    (notice,) = check_days(days, whole.quality, SETTINGS)
    assert "the last event lies 105 days after the one before" in notice.message


def test_counts_add_up_and_no_part_is_checked_alone(log, pieces, whole):
    assert sum(piece.quality.customers for piece in pieces) == whole.quality.customers
    assert sum(piece.quality.orders for piece in pieces) == whole.quality.orders
    assert max(piece.end for piece in pieces) == whole.end
    as_scored = replace(SETTINGS, spelling=Spelling())  # as a bundle's settings are
    faulty = log.iloc[:5].assign(customer_id=None)
    with pytest.raises(InputError, match="no row is left"):
        read_events(connect(EngineSettings()), SETTINGS, faulty)
    part = read_events(connect(EngineSettings()), as_scored, faulty, is_whole=False)
    assert part.quality.events == part.quality.rows_kept == 0
    assert part.start > part.end
    assert count_days(part.table, SETTINGS) == {}
    assert count_ids(part.table, SETTINGS).notices(SETTINGS) == []


def test_the_median_of_an_even_and_an_odd_number_of_customers_is_that_of_the_engine(pieces):
    for piece in pieces:
        sizes = piece.table.group_by("customer_id").agg(rows=lambda t: t.count()).execute()["rows"]
        for taken in (sizes, sizes[1:]):
            assert _median(Counter(taken.tolist())) == np.median(taken)


def test_spend_adds_up(pieces, whole):
    summed = reduce(add, [count_spend(piece.table) for piece in pieces])
    assert summed == count_spend(whole.table)
    assert summed.notices() == concentrated_spend(whole.table, SETTINGS)
    assert f"1 of {whole.quality.customers} customers has" in summed.notices()[0].message


def test_gains_add_up():
    scores = pd.DataFrame({"action": ["contact"] * 6 + [None], "expected_gain": [1.0, 2.0, 1.0, 1.0, 1.0, 60.0, 900.0]})
    summed = count_gains(scores[:3]) + count_gains(scores[3:]) + count_gains(scores[6:])
    assert summed == count_gains(scores)
    assert summed.notices() == concentrated_gain(scores)
    assert "1 of 6 customers to contact brings 90.9%" in summed.notices()[0].message


def test_totals_add_up():
    start = datetime(2021, 3, 1)
    labels = [
        {"customers": 40.0, "purchases": 30.0, "spend": 300.0},
        {"customers": 60.0, "purchases": 20.0, "spend": 500.0},
    ]
    one = SummedTotals(Totals(90.0, 900.0), 50, {"past": (start, labels[0])})
    two = SummedTotals(Totals(60.0, 600.0), 50, {"past": (start, labels[1])})
    both = {"customers": 100.0, "purchases": 50.0, "spend": 800.0}
    expected = totals_notices(Totals(150.0, 1500.0), [compare_with("past", both, 100)], 30)
    assert (one + two).notices(datetime(2021, 1, 1), 30) == expected
    assert [notice.code for notice in expected] == ["totals_differ"]
    assert (one + two).notices(start, 30) == ()  # the log does not hold the whole window


def test_a_fault_of_parts_has_no_row_in_its_message():
    counts = (FaultCount("missing_amount", "fail", 3, 0, None),)
    with pytest.raises(InputError, match=r"orders\.csv: column 'amount': ") as refused:
        check_policies(counts, 10, "orders.csv", SETTINGS)
    assert "row None" not in str(refused.value)
