"""Plans on spans worked out by hand, populations and labels at their borders, and the seal."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import pytest

from churnclv.errors import InputError
from churnclv.snapshots.customer_kinds import label_windows, members
from churnclv.snapshots.cutoff_plan import make_plan, refit_cutoffs
from churnclv.snapshots.history import cut_history
from churnclv.snapshots.sealed_test import Seal
from churnclv.snapshots.settings import MOST, WindowSettings

START, END = datetime(1997, 1, 1), datetime(1998, 7, 1)  # CDNOW: 546 days


def days(*dates):
    return tuple(datetime.fromisoformat(date) for date in dates)


# --- the plan ---


def test_default_plan_on_cdnow():
    plan = make_plan(START, END, WindowSettings())
    # 1 July less 90 days
    assert plan.sealed == datetime(1998, 4, 2)
    # 2 April less 90 days = 2 January, then back in steps of 30
    assert plan.cutoffs == days("1997-08-05", "1997-09-04", "1997-10-04", "1997-11-03", "1997-12-03", "1998-01-02")
    # a training window of 90 days is three steps: the fourth cutoff is the first with one before it
    assert [fold.valid for fold in plan.folds] == list(plan.cutoffs[3:])
    assert [fold.train for fold in plan.folds] == [plan.cutoffs[:1], plan.cutoffs[:2], plan.cutoffs[:3]]
    assert plan.everything == (*plan.cutoffs, plan.sealed)
    assert plan.as_dict() == {
        "horizon_days": 90,
        "cutoffs": ["1997-08-05", "1997-09-04", "1997-10-04", "1997-11-03", "1997-12-03", "1998-01-02"],
        "valid": ["1997-11-03", "1997-12-03", "1998-01-02"],
        "sealed": "1998-04-02",
    }
    assert plan.lines() == [
        "horizon 90 days; 6 training cutoffs 1997-08-05 to 1998-01-02; validated at 1997-11-03, 1997-12-03, 1998-01-02",
        "sealed test at 1998-04-02: features before it, labels from it on",
    ]


def test_gap_days_part_labels_from_later_cutoffs():
    plan = make_plan(START, END, WindowSettings(gap_days=1, n_cutoffs=7))
    assert plan.sealed == datetime(1998, 4, 2)
    # 2 April less 90 + 1 days
    assert plan.cutoffs[-1] == datetime(1998, 1, 1)
    # 91 days are more than three steps of 30: four lie between a training cutoff and its validation cutoff
    assert [len(fold.train) for fold in plan.folds] == [1, 2, 3]
    assert [fold.valid for fold in plan.folds] == list(plan.cutoffs[4:])


def test_explicit_sealed_cutoff():
    plan = make_plan(START, END, WindowSettings(sealed_cutoff="1998-01-01", n_cutoffs=5, n_folds=2))
    assert plan.sealed == datetime(1998, 1, 1)
    # 1 January less 90 days = 3 October
    assert plan.cutoffs == days("1997-06-05", "1997-07-05", "1997-08-04", "1997-09-03", "1997-10-03")


def test_last_possible_sealed_cutoff_may_be_named():
    assert make_plan(START, END, WindowSettings(sealed_cutoff="1998-04-02")) == make_plan(START, END, WindowSettings())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1998-04-03", "is too late for its labels.\n  -> the last cutoff whose label window (90 days) has happened"),
        ("April", "windows.sealed_cutoff=April is not a date.\n  -> write 2011-09-09."),
        ("1998-01-01T00:00:00+01:00", "has a time zone.\n  -> write 2011-09-09."),
    ],
)
def test_impossible_sealed_cutoffs(text, message):
    with pytest.raises(InputError) as error:
        make_plan(START, END, WindowSettings(sealed_cutoff=text))
    assert message in str(error.value)


def test_least_history_is_kept_to_the_day():
    # the first of the six default cutoffs is 5 August 1997, 216 days after 1 January
    assert make_plan(START, END, WindowSettings(min_history_days=216)).cutoffs[0] == datetime(1997, 8, 5)
    with pytest.raises(InputError, match=r"what would fit: windows\.horizon_days=89"):
        make_plan(START, END, WindowSettings(min_history_days=217))


def suggestions(error):
    """Return the settings that a remedy names, each as keyword arguments."""
    remedy = str(error.value).split("what would fit: ")[1]
    found = []
    for offer in remedy.split("; or "):
        named = {name: int(value) for name, value in re.findall(r"windows\.(\w+)=(\d+)", offer)}
        found.append(named)
        most = re.search(r" to (\d+)$", offer)
        if most:
            found.append({**named, "n_cutoffs": int(most[1])})
    return found


@pytest.mark.parametrize(
    ("span_days", "settings", "offers"),
    [
        # 3 folds of 90 days in steps of 30 need 3 + 3 cutoffs; 546 - 90 - 90 - 90 = 276 days hold 9 steps
        (546, {"n_cutoffs": 5}, [{"n_cutoffs": 6}, {"n_cutoffs": 10}]),
        (546, {"n_cutoffs": 11}, [{"n_cutoffs": 6}, {"n_cutoffs": 10}]),
        # 180 + 90 + 5 * 30 days are just enough for the six
        (420, {"n_cutoffs": 7}, [{"n_cutoffs": 6}]),
        # one day less: 89 days need 3 + 3 cutoffs too; a single fold needs 4, that is 90 + 90 + 90 + 3 * 30 days
        (
            419,
            {},
            [{"horizon_days": 89, "n_folds": 3, "n_cutoffs": 6}, {"horizon_days": 90, "n_folds": 1, "n_cutoffs": 4}],
        ),
        # 250 days: 90 + 2 h + 30 (2 + ceil(h / 30)) gives 100 + 2 h for 30 < h; h <= 30: 90 + 90 + 2 h
        (
            250,
            {},
            [{"horizon_days": 30, "n_folds": 3, "n_cutoffs": 4}, {"horizon_days": 50, "n_folds": 1, "n_cutoffs": 3}],
        ),
        # sealed 100 days before the end: a shorter horizon does not move it; 320 = 90 + h + 30 (2 + ceil(h / 30))
        (
            420,
            {"sealed_cutoff": "1997-11-17"},
            [{"horizon_days": 80, "n_folds": 3, "n_cutoffs": 6}, {"horizon_days": 90, "n_folds": 1, "n_cutoffs": 4}],
        ),
    ],
)
def test_a_plan_that_does_not_fit_says_what_would(span_days, settings, offers):
    windows, end = WindowSettings(**settings), START + timedelta(days=span_days)
    with pytest.raises(InputError, match="The plan does not fit the data") as error:
        make_plan(START, end, windows)
    assert suggestions(error) == offers
    for offer in offers:
        make_plan(START, end, replace(windows, **offer))


def test_no_horizon_fits():
    message = (
        r"120 days from 1997-01-01 to 1997-05-01, windows\.horizon_days=90, n_cutoffs=6, step_days=30, n_folds=3, "
        r"min_history_days=90\.\n  -> no horizon fits: a longer log, or a smaller windows\.min_history_days"
    )
    with pytest.raises(InputError, match=message):
        make_plan(START, START + timedelta(days=120), WindowSettings())


@pytest.mark.parametrize("name", ["horizon_days", "step_days", "n_cutoffs", "n_folds", "gap_days", "min_history_days"])
def test_the_largest_settings_do_not_leave_the_calendar(name):
    with pytest.raises(InputError):
        make_plan(START, END, WindowSettings(**{name: MOST}))
    with pytest.raises(InputError, match=rf"windows\.{name} is {MOST + 1}, allowed is"):
        WindowSettings(**{name: MOST + 1})


@pytest.mark.parametrize("name", ["horizon_days", "step_days", "n_cutoffs", "n_folds", "min_history_days"])
def test_settings_are_at_least_one(name):
    with pytest.raises(InputError, match=rf"windows\.{name} is 0, allowed is 1 or more\."):
        WindowSettings(**{name: 0})


def test_refit_learns_from_every_label_known_by_the_end():
    # the last window ends with the data on 1 July: 2 April, then back in steps of 30
    expected = days("1997-11-03", "1997-12-03", "1998-01-02", "1998-02-01", "1998-03-03", "1998-04-02")
    assert refit_cutoffs(START, END, WindowSettings()) == expected
    # of these, the four that lie 366 days or more after 1 January 1997 (2 January is the 366th)
    assert refit_cutoffs(START, END, WindowSettings(min_history_days=366)) == expected[2:]
    assert refit_cutoffs(START, END, WindowSettings(min_history_days=367)) == expected[3:]


# --- population ---

CUTOFF = datetime(2024, 3, 1)


def orders(*moments, customer="ann", kind="order", amount="1.00"):
    return [{"customer_id": customer, "timestamp": at, "kind": kind, "amount": amount} for at in moments]


def population(events, **settings):
    frame = members(cut_history(events, (CUTOFF,)), WindowSettings(**settings)).execute()
    return dict(zip(frame["customer_id"], frame["in_population"], strict=True))


def test_everyone_with_an_order_before_the_cutoff_is_eligible(connection, write_events):
    rows = [
        *orders("2020-01-01", customer="old"),
        *orders("2024-02-29 23:59:59.999999", customer="late"),
        *orders("2024-03-01", customer="later"),
        *orders("2024-02-01", customer="refunded", kind="refund", amount="-1.00"),
    ]
    assert population(write_events(connection, rows)) == {"old": True, "late": True, "refunded": False}


def test_least_purchases_count_days_not_orders(connection, write_events):
    rows = [
        *orders("2024-01-01 08:00", "2024-01-01 20:00", customer="one day"),
        *orders("2024-01-01", "2024-01-02", customer="two days"),
        *orders("2024-01-01", "2024-03-01", customer="second too late"),
        *orders("2024-01-01", customer="refund") + orders("2024-01-02", customer="refund", kind="refund"),
    ]
    expected = {"one day": False, "two days": True, "second too late": False, "refund": False}
    assert population(write_events(connection, rows), min_purchases=2) == expected


def test_active_days_reach_to_the_first_instant_of_their_first_day(connection, write_events):
    rows = [
        *orders("2023-01-01", "2024-01-31 00:00:00", customer="30 days"),  # 29 days of February, then 31 January
        *orders("2024-01-30 23:59:59.999999", customer="31 days"),
        *orders("2024-01-01", customer="refund") + orders("2024-02-28", customer="refund", kind="refund"),
    ]
    expected = {"30 days": True, "31 days": False, "refund": False}
    assert population(write_events(connection, rows), active_days=30) == expected
    assert all(population(write_events(connection, rows), active_days=60).values())
    assert population(write_events(connection, rows), active_days=60, min_purchases=2)["31 days"] is False


# --- labels ---


def labels(events, horizon_days, cutoffs=(CUTOFF,)):
    seen = members(cut_history(events, cutoffs), WindowSettings())
    windows = WindowSettings(horizon_days=horizon_days)
    return label_windows(events, seen.filter(seen.in_population), cutoffs, windows).execute()


def test_label_windows_are_half_open(connection, write_events):
    rows = [
        *orders("2024-02-29", customer="at cutoff")
        + orders("2024-03-01 00:00:00", customer="at cutoff", amount="2.10"),
        *orders("2024-02-29", customer="at end") + orders("2024-03-31 00:00:00", customer="at end"),
        *orders("2024-02-29", customer="before end") + orders("2024-03-30 23:59:59.999999", customer="before end"),
        *orders("2024-02-29 23:59:59.999999", customer="just before"),
        *orders("2024-03-15", customer="newcomer"),
    ]
    frame = labels(write_events(connection, rows), 30)
    expected = pd.DataFrame(
        {
            "customer_id": ["at cutoff", "at end", "before end", "just before"],
            "cutoff": pd.Series([CUTOFF] * 4, dtype="datetime64[us]"),
            "churned": [0, 1, 0, 1],
            "purchases": [1, 0, 1, 0],
            "spend": [2.1, 0.0, 1.0, 0.0],
            "order_spend": [2.1, 0.0, 1.0, 0.0],
        }
    )
    pd.testing.assert_frame_equal(frame, expected, check_exact=True)


def test_labels_count_days_and_take_refunds_off(connection, write_events):
    rows = [
        *orders("2024-02-01"),
        *orders("2024-03-02 09:00", amount="0.10") + orders("2024-03-02 21:00", amount="0.70"),
        *orders("2024-03-05", amount="0.20"),
        *orders("2024-03-06", kind="refund", amount="-0.50"),
        *orders("2024-02-01", customer="bob") + orders("2024-03-06", customer="bob", kind="refund", amount="-5.00"),
    ]
    frame = labels(write_events(connection, rows), 30)
    # ann: 2 and 5 March, .1 + .7 + .2 less .5; bob: a refund is no purchase, and more came back than was bought
    expected = [[0, 2, 0.5, 1.0], [1, 0, -5.0, 0.0]]
    assert frame[["churned", "purchases", "spend", "order_spend"]].to_numpy().tolist() == expected


def test_labels_of_several_cutoffs_are_ordered(connection, write_events):
    later = datetime(2024, 3, 11)
    rows = orders("2024-02-01", "2024-03-11 00:00:00", customer="b") + orders("2024-03-10", customer="a")
    frame = labels(write_events(connection, rows), 10, cutoffs=(later, CUTOFF))
    # a is not seen before 1 March; b's order of 11 March is after [1, 11) March and in [11, 21) March
    assert frame[["customer_id", "cutoff", "purchases"]].to_numpy().tolist() == [
        ["a", pd.Timestamp(later), 0],
        ["b", pd.Timestamp(CUTOFF), 0],
        ["b", pd.Timestamp(later), 1],
    ]


# --- the seal ---


class Reader:
    """Counts how often the sealed labels were read."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        return pd.DataFrame({"churned": [1, 0]})


def test_labels_stay_unread_until_the_seal_is_opened(tmp_path):
    reader = Reader()
    seal = Seal(reader, tmp_path, ("data", "1998-04-02"), "first run")
    assert (reader.times, seal.openings) == (0, 0)
    assert seal.open()["churned"].tolist() == [1, 0]
    assert (reader.times, seal.openings) == (1, 1)


def test_openings_are_counted_per_opener(tmp_path):
    subject = ("data", "1998-04-02")
    for opener, expected in [("first", 1), ("first", 1), ("second", 2), ("first", 2)]:
        seal = Seal(Reader(), tmp_path, subject, opener)
        seal.open()
        assert seal.openings == expected
    for other in [("other data", "1998-04-02"), ("data", "1998-04-03")]:
        assert Seal(Reader(), tmp_path, other, "first").openings == 0


def test_an_opening_is_counted_even_if_the_reading_fails(tmp_path):
    def fail():
        raise OSError

    seal = Seal(fail, tmp_path, ("data", "1998-04-02"), "first")
    with pytest.raises(OSError):  # noqa: PT011 # raised above
        seal.open()
    assert seal.openings == 1
