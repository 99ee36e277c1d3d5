"""Contracts by hand: from rows to events, months of the calendar, who is a customer, who leaves, and their features."""

from dataclasses import replace
from datetime import datetime, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

from churnclv.data import further_tables as tables
from churnclv.data.contract_rows import find_observed_until
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.event_kinds import check_kinds, name_kinds
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, CustomerKind, DataSettings, Policies, Policy, TableSettings
from churnclv.errors import InputError
from churnclv.features.families.contract_terms import _months_to_renewal
from churnclv.features.feature_table import TableDefinition, build_features
from churnclv.features.model_columns import model_columns
from churnclv.features.preparation import prepare
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.contract_labels import require_recorded_ends, restart_notices
from churnclv.snapshots.customer_kinds import label_windows, members
from churnclv.snapshots.cutoff_plan import make_plan, refit_cutoffs
from churnclv.snapshots.history import cut_history
from churnclv.snapshots.settings import WindowSettings, add_months

MAPPED = Columns(
    timestamp="start",
    end="end",
    amount=None,
    price="price",
    plan="plan",
    reason="reason",
    contract_id="contract",
    channel="channel",
    term_months="term",
)
CONTRACTS = DataSettings(shape=CustomerKind.contractual, columns=MAPPED, static={"land": "land"})
NAMES = ["customer_id", "start", "end", "price", "plan", "reason", "contract", "channel", "term", "land"]
MONTHLY = WindowSettings(horizon_months=1, step_months=1, n_cutoffs=3, n_folds=2, min_history_days=1)


def row(customer_id, start, end="", **cells):
    return {"customer_id": customer_id, "start": start, "end": end, **cells}


def read(*rows, settings=CONTRACTS, **frames):
    frame = pd.DataFrame(list(rows), columns=NAMES).astype(object)
    return read_events(connect(EngineSettings(threads=1)), settings, frame.where(frame.notna(), ""), frames)


def told(events, *names):
    """Return the events' cells as text, in the order of customers and time; null is empty."""
    frame = events.table.order_by("customer_id", "timestamp", "kind", "order_id").execute()
    return [tuple("" if pd.isna(cell) else str(cell) for cell in cells) for cells in frame[list(names)].to_numpy()]


# --- from rows to events ---


def test_a_contract_becomes_a_start_and_an_end():
    cells = {"price": "9.90", "plan": "S", "reason": "moved", "contract": "k1", "channel": "web", "term": "12"}
    words = ("", "  ", "No", "NO", "open", "none", "-", "active")
    still = [row(f"open {place}", "2024-02-01", word) for place, word in enumerate(words)]
    events = read(
        row("ann", "2024-01-01", "2024-03-01", **cells, land="IT"), row("bob", "2024-02-01", plan="M"), *still
    )
    names = ("customer_id", "timestamp", "kind", "amount", "quantity", "order_id", "item", "category", "channel")
    assert told(events, *names)[:3] == [
        ("ann", "2024-01-01 00:00:00", "contract_start", "9.9000", "12.0000", "k1", "S", "", "web"),
        ("ann", "2024-03-01 00:00:00", "contract_end", "", "", "k1", "S", "moved", ""),  # the reason is known now
        ("bob", "2024-02-01 00:00:00", "contract_start", "", "", "#1", "M", "", ""),
    ]
    assert told(events, "static_land")[:3] == [("IT",), ("IT",), ("",)]
    assert (events.quality.contracts, events.quality.ended, events.quality.events) == (10, 1, 11)
    assert events.end == datetime(2024, 3, 2)
    assert (events.shape, events.has_amount) == (CustomerKind.contractual, True)


def test_a_contract_that_starts_on_the_day_of_an_end_is_a_plan_change_too():
    events = read(
        row("ann", "2024-01-01", "2024-02-01", price="10", plan="S"),
        row("ann", "2024-02-01", "2024-03-01 10:00", price="20", plan="M"),
        row("ann", "2024-03-01 15:00", price="30", plan="L"),
        row("bob", "2024-01-01", "2024-02-01 15:00", price="10", plan="S"),
        row("bob", "2024-02-01 10:00", price="20", plan="M"),
        row("cat", "2024-01-01", "2024-02-01", price="10", plan="S"),
        row("cat", "2024-02-02", price="20", plan="M"),  # a day later
        row("dan", "2024-01-01", "2024-01-01", price="20", plan="M"),  # its own end is no other contract's
    )
    changes = told(events, "customer_id", "timestamp", "kind", "order_id", "item", "amount")
    assert [cells for cells in changes if cells[2] == "plan_change"] == [
        ("ann", "2024-02-01 00:00:00", "plan_change", "#2", "M", "20.0000"),
        ("ann", "2024-03-01 15:00:00", "plan_change", "#3", "L", "30.0000"),
        ("bob", "2024-02-01 15:00:00", "plan_change", "#2", "M", "20.0000"),  # the end is not known before
    ]
    assert len(changes) == 8 + 5 + 3  # every start and every end is kept
    assert events.quality.rows_kept == 8


def test_planned_ends_are_hidden_and_contracts_not_yet_begun_set_aside():
    columns = replace(MAPPED, price=None)
    until = replace(CONTRACTS, columns=columns, observed_until="2024-03-01", open_tokens=["1900-01-01"])
    events = read(
        row("ann", "2024-01-01", "2024-02-29 23:59:59"),
        row("bob", "2024-01-01", "2024-03-01"),  # on the day: not known yet
        row("cat", "2024-01-01", "9999-12-31"),
        row("dan", "2024-03-01", "2025-01-01"),
        row("eve", "2024-01-01", "1900-01-01"),  # the word for open that was named
        settings=until,
    )
    assert told(events, "customer_id", "kind") == [
        ("ann", "contract_start"),
        ("ann", "contract_end"),
        ("bob", "contract_start"),
        ("cat", "contract_start"),
        ("eve", "contract_start"),
    ]
    counted = {count.fault: (count.rows, count.set_aside) for count in events.quality.faults if count.rows}
    assert counted == {"after_observation": (1, 1), "end_after_observation": (1, 0)}  # 9999-12-31 is open
    assert (events.start, events.end) == (datetime(2024, 1, 1), datetime(2024, 3, 1))


def observed_until(connection, *spans, since=None, **settings):
    rows = pd.DataFrame(spans, columns=["timestamp", "end"]).astype("datetime64[us]").assign(customer_id="ann")
    chosen = replace(CONTRACTS, **settings)
    return find_observed_until(
        connection.create_table("spans", rows, temp=True, overwrite=True), "a.csv", chosen, since
    )


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([("2024-01-01", "2024-01-20"), ("2024-01-05", None)], "2024-01-21"),
        ([("2024-01-01", "2024-01-20"), ("2024-02-05 09:00", None)], "2024-02-06"),
        ([("2024-01-01", "2999-01-01"), ("2024-02-05", None)], "2024-02-06"),  # planned, in the future
        ([("2024-01-01", None)], "2024-01-02"),
        ([("2024-01-01", "2024-02-01")], "2024-02-02"),  # 31 days after the last start
    ],
)
def test_the_observed_span_ends_with_the_day_of_the_last_start_or_end(connection, spans, expected):
    assert observed_until(connection, *spans) == datetime.fromisoformat(expected)


def test_ends_long_after_the_last_start_may_be_planned_and_are_asked_about(connection):
    span = ("2024-01-01", "2024-02-02")
    with pytest.raises(
        InputError, match=r"a\.csv: the last contract starts on 2024-01-01 and the last one ends on 2024"
    ):
        observed_until(connection, span)
    assert observed_until(connection, span, observed_until="2024-06-01") == datetime(2024, 6, 1)


# --- months of the calendar ---


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((("2024-01-01", ""),), "2024-05-01"),  # one customer of the log, who did nothing since
        ((("2024-01-01", "2026-01-01"),), "2024-05-01"),  # a planned end
        ((("2024-01-01", "2024-05-01"),), "2024-05-01"),
        ((("2024-06-03", ""),), "2024-06-04"),  # the log has grown
    ],
)
def test_an_extract_is_observed_as_long_as_the_log_that_it_is_of(connection, spans, expected):
    found = observed_until(connection, *spans, since=datetime(2024, 5, 1))
    assert found == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("moment", "months", "expected"),
    [
        ("2024-01-01", 1, "2024-02-01"),
        ("2024-12-01", 1, "2025-01-01"),
        ("2024-01-01", -1, "2023-12-01"),
        ("2024-03-01", -15, "2022-12-01"),
        ("2024-01-31", 1, "2024-02-29"),
    ],
)
def test_months_are_those_of_the_calendar(moment, months, expected):
    assert add_months(datetime.fromisoformat(moment), months) == datetime.fromisoformat(expected)


def test_label_windows_end_on_the_calendar():
    assert MONTHLY.label_end(datetime(2024, 2, 1)) == datetime(2024, 3, 1)
    assert replace(MONTHLY, horizon_months=3).label_end(datetime(2023, 12, 1)) == datetime(2024, 3, 1)
    assert WindowSettings(horizon_days=30).label_end(datetime(2024, 2, 1)) == datetime(2024, 3, 2)
    assert replace(MONTHLY, grace_days=14).label_available(datetime(2024, 2, 1)) == datetime(2024, 3, 15)


def firsts(*months):
    return tuple(datetime.fromisoformat(f"{month}-01") for month in months)


def test_a_plan_in_months():
    plan = make_plan(datetime(2019, 1, 15), datetime(2020, 2, 1), MONTHLY)
    assert plan.sealed == datetime(2020, 1, 1)
    assert plan.cutoffs == firsts("2019-10", "2019-11", "2019-12")
    assert [(fold.train, fold.valid) for fold in plan.folds] == [
        (firsts("2019-10"), datetime(2019, 11, 1)),
        (firsts("2019-10", "2019-11"), datetime(2019, 12, 1)),
    ]
    assert (plan.horizon_days, plan.as_dict()["horizon_months"]) == (31, 1)
    assert plan.lines()[0].startswith("horizon 1 month of the calendar; 3 training cutoffs 2019-10-01 to 2019-12-01")
    # one day less of data, and January's labels are not known
    assert make_plan(datetime(2019, 1, 15), datetime(2020, 1, 31), MONTHLY).sealed == datetime(2019, 12, 1)
    assert refit_cutoffs(datetime(2019, 1, 15), datetime(2020, 2, 1), MONTHLY) == firsts(
        "2019-11", "2019-12", "2020-01"
    )
    assert make_plan(datetime(2019, 1, 15), datetime(2020, 2, 20), replace(MONTHLY, sealed_cutoff="2019-12-01")).sealed


def test_grace_and_gap_make_labels_wait():
    # a grace of 14 days: January's labels are known on 15 February; December's on 15 January, so not on the first
    plan = make_plan(datetime(2019, 1, 1), datetime(2020, 2, 14), replace(MONTHLY, grace_days=14, n_cutoffs=4))
    assert plan.sealed == datetime(2019, 12, 1)
    plan = make_plan(datetime(2019, 1, 1), datetime(2020, 2, 15), replace(MONTHLY, grace_days=14, n_cutoffs=4))
    assert (plan.sealed, plan.cutoffs[-1]) == (datetime(2020, 1, 1), datetime(2019, 11, 1))
    assert plan.folds[-1].train == firsts("2019-08", "2019-09")
    with_gap = make_plan(datetime(2019, 1, 1), datetime(2020, 2, 1), replace(MONTHLY, gap_days=1, n_cutoffs=4))
    assert (with_gap.sealed, with_gap.cutoffs[-1]) == (datetime(2020, 1, 1), datetime(2019, 11, 1))
    in_days = WindowSettings(horizon_days=30, grace_days=5, n_cutoffs=3, n_folds=1, min_history_days=30)
    plan = make_plan(datetime(2019, 1, 1), datetime(2020, 1, 1), in_days)
    assert plan.sealed == datetime(2020, 1, 1) - timedelta(days=35)
    assert plan.cutoffs[-1] == plan.sealed - timedelta(days=35)


@pytest.mark.parametrize(
    ("settings", "end", "offer"),
    [
        ({"n_cutoffs": 2}, "2020-02-01", "windows.n_cutoffs=3 to 11"),
        ({"n_cutoffs": 12}, "2020-02-01", "windows.n_cutoffs=3 to 11"),
        (
            {"horizon_months": 6, "n_cutoffs": 8},
            "2020-02-01",
            # 4 months: sealed in October, so February to June: five cutoffs, where two folds need 2 + 4
            "windows.horizon_months=3 windows.n_folds=2 windows.n_cutoffs=5; or windows.horizon_months=4 windows.n_fol",
        ),
    ],
)
def test_a_plan_in_months_that_does_not_fit_says_what_would(settings, end, offer):
    windows, span = replace(MONTHLY, **settings), (datetime(2019, 1, 15), datetime.fromisoformat(end))
    with pytest.raises(InputError, match="The plan does not fit the data") as error:
        make_plan(*span, windows)
    assert f"what would fit: {offer}" in str(error.value)


def test_no_month_fits():
    with pytest.raises(InputError, match="no horizon fits"):
        make_plan(datetime(2020, 1, 1), datetime(2020, 3, 1), MONTHLY)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"horizon_months": 1}, "one of two lengths is in months"),
        ({"step_months": 1}, "one of two lengths is in months"),
        ({"horizon_months": 0, "step_months": 1}, r"windows\.horizon_months is 0, allowed is null or 1 to 1200"),
        ({"grace_days": -1}, r"windows\.grace_days is -1, allowed is 0 to"),
    ],
)
def test_lengths_in_months_are_checked(settings, message):
    with pytest.raises(InputError, match=message):
        WindowSettings(**settings)


def test_a_sealed_cutoff_in_months_is_a_first():
    with pytest.raises(InputError, match=r"cutoffs lie on the first of a month\.\n  -> the last one possible is 2019"):
        make_plan(datetime(2018, 1, 1), datetime(2020, 1, 1), replace(MONTHLY, sealed_cutoff="2019-11-15"))
    with pytest.raises(InputError, match=r"label window \(1 month\) has happened is 2019-12-01"):
        make_plan(datetime(2018, 1, 1), datetime(2020, 1, 1), replace(MONTHLY, sealed_cutoff="2020-01-01"))


# --- who is a customer, and who leaves ---

CUTOFF = datetime(2024, 3, 1)


def contract(customer_id, start, *ends, order_id="1", amount="10.00", item="S", quantity=None):
    """Return canonical rows of one contract."""
    own = {"customer_id": customer_id, "order_id": order_id, "item": item}
    begun = {**own, "timestamp": start, "kind": "contract_start", "amount": amount, "quantity": quantity}
    return [begun, *({**own, "timestamp": end, "kind": "contract_end"} for end in ends)]


def population(events, cutoff=CUTOFF):
    frame = members(cut_history(events, (cutoff,)), MONTHLY, CustomerKind.contractual).execute()
    return dict(zip(frame["customer_id"], frame["in_population"], strict=True))


def churned(events, windows=MONTHLY, cutoff=CUTOFF):
    seen = members(cut_history(events, (cutoff,)), windows, CustomerKind.contractual)
    found = label_windows(
        events, seen.filter(seen.in_population), (cutoff,), windows, CustomerKind.contractual
    ).execute()
    assert list(found.columns) == ["customer_id", "cutoff", "churned"]
    return dict(zip(found["customer_id"], found["churned"], strict=True))


def test_under_contract_at_the_cutoff(connection, write_events):
    rows = [
        *contract("open", "2024-01-01"),
        *contract("starts at it", "2024-03-01"),
        *contract("starts before it", "2024-02-29 23:59:59.999999"),
        *contract("ends at it", "2024-01-01", "2024-03-01"),
        *contract("ends before it", "2024-01-01", "2024-02-29 23:59:59.999999"),
        *contract("renewed", "2024-01-01", "2024-02-01"),
        *contract("renewed", "2024-02-01", order_id="2"),
        *contract("renews at it", "2024-01-01", "2024-03-01"),
        *contract("renews at it", "2024-03-01", order_id="2"),
        *contract("one of two", "2024-01-01", "2024-02-01"),
        *contract("one of two", "2024-01-15", order_id="2"),
        *contract("came back", "2023-01-01", "2023-02-01"),
        *contract("came back", "2024-02-01", order_id="2"),
        {"customer_id": "only used it", "timestamp": "2024-01-01", "kind": "action"},
        {"customer_id": "only bought", "timestamp": "2024-01-01", "kind": "order", "amount": "1.00"},
    ]
    gone = {"ends before it"}
    names = {cells["customer_id"] for cells in rows} - {"starts at it", "only used it", "only bought"}
    assert population(write_events(connection, rows)) == {name: name not in gone for name in names}


def test_who_leaves_within_the_window(connection, write_events):
    rows = [
        *contract("stays", "2024-01-01"),
        *contract("at cutoff", "2024-01-01", "2024-03-01"),
        *contract("last moment", "2024-01-01", "2024-03-31 23:59:59.999999"),
        *contract("at the end", "2024-01-01", "2024-04-01"),
        *contract("renews", "2024-01-01", "2024-03-10"),
        *contract("renews", "2024-03-10", order_id="2"),
        *contract("renews later that day", "2024-01-01", "2024-03-10 08:00"),
        *contract("renews later that day", "2024-03-10 23:59", order_id="2"),
        *contract("renewed before", "2024-01-01", "2024-03-10 08:00"),
        *contract("renewed before", "2024-03-10 07:00", order_id="2"),
        *contract("back next day", "2024-01-01", "2024-03-10"),
        *contract("back next day", "2024-03-11", order_id="2"),
        *contract("renews, then leaves", "2024-01-01", "2024-03-10"),
        *contract("renews, then leaves", "2024-03-10", "2024-03-20", order_id="2"),
        *contract("keeps another", "2024-01-01", "2024-03-10"),
        *contract("keeps another", "2024-02-01", order_id="2"),
        *contract("ends both", "2024-01-01", "2024-03-10"),
        *contract("ends both", "2024-02-01", "2024-03-20", order_id="2"),
        *contract("an empty one follows", "2024-01-01", "2024-03-10"),
        *contract("an empty one follows", "2024-03-10", "2024-03-10", order_id="2"),
    ]
    leave = {
        "at cutoff", "last moment", "back next day", "renews, then leaves", "ends both", "an empty one follows"
    }  # fmt: skip
    names = {cells["customer_id"] for cells in rows}
    assert churned(write_events(connection, rows)) == {name: int(name in leave) for name in names}


def test_within_the_grace_a_restart_is_no_churn(connection, write_events):
    rows = [
        *contract("10 days", "2024-01-01", "2024-03-10"),
        *contract("10 days", "2024-03-20", order_id="2"),
        *contract("11 days", "2024-01-01", "2024-03-10"),
        *contract("11 days", "2024-03-21", order_id="2"),
        *contract("after the window", "2024-01-01", "2024-03-31"),
        *contract("after the window", "2024-04-10 23:59:59", order_id="2"),
        *contract("too late", "2024-01-01", "2024-03-31"),
        *contract("too late", "2024-04-11", order_id="2"),
    ]
    events = write_events(connection, rows)
    assert churned(events, replace(MONTHLY, grace_days=10)) == {
        "10 days": 0, "11 days": 1, "after the window": 0, "too late": 1
    }  # fmt: skip
    assert set(churned(events).values()) == {1}


def test_a_restart_after_the_label_is_known_is_not_heard(connection, write_events):
    rows = [
        *contract("in time", "2024-01-01", "2024-04-10 10:00"),
        *contract("in time", "2024-04-20 11:59:59", order_id="2"),
        *contract("after it", "2024-01-01", "2024-04-10 10:00"),
        *contract("after it", "2024-04-20 12:00", order_id="2"),
    ]
    # a cutoff at noon: its window ends on 10 April at noon, and the grace of 10 days on 20 April at noon
    windows, noon = replace(MONTHLY, grace_days=10), datetime(2024, 3, 10, 12)
    assert churned(write_events(connection, rows), windows, noon) == {"in time": 0, "after it": 1}


def ends_and_restarts(*gaps):
    """Return a customer per gap, whose second contract starts so many days after the end of the first one."""
    end, rows = datetime(2024, 1, 31), []
    for place, gap in enumerate(gaps):
        rows += contract(f"c{place:03}", "2024-01-01", str(end), order_id="1")
        rows += contract(f"c{place:03}", str(end + timedelta(days=gap)), order_id="2")
    return rows


@pytest.mark.parametrize(
    ("gaps", "grace", "counted"),
    [
        ([1] * 90 + [40] * 10, 1, "90 of 100 ends are followed by a start of the same customer on the next day"),
        ([1] * 40 + [2] * 10 + [3] * 40 + [40] * 10, 3, "90 of 100 ends are followed by a start"),  # after a weekend
        ([1] * 60 + [0] * 30 + [7] * 2 + [40] * 8, 1, "60 of 70 ends"),  # who starts on the day itself is never without
    ],
)
def test_ends_that_are_followed_by_a_start_within_days_look_inclusive(connection, write_events, gaps, grace, counted):
    events = write_events(connection, ends_and_restarts(*gaps))
    (notice,) = restart_notices(events, MONTHLY)
    assert notice.remedy == f"windows.grace_days={grace}"
    assert counted in notice.message
    assert restart_notices(events, replace(MONTHLY, grace_days=grace)) == ()


def test_customers_who_come_back_much_later_or_rarely_are_no_notice(connection, write_events):
    assert restart_notices(write_events(connection, ends_and_restarts(*[0] * 50, *[40] * 50)), MONTHLY) == ()
    assert restart_notices(write_events(connection, ends_and_restarts(*[1] * 4, *[40] * 6)), MONTHLY) == ()
    assert restart_notices(write_events(connection, ends_and_restarts(*[1] * 9, *[40] * 91)), MONTHLY) == ()


def test_ends_at_the_last_second_of_a_day_look_inclusive_too():
    days = [(f"c{place:03}", "2024-01-31 23:59:59", "2024-02-01 00:00:00") for place in range(30)]
    rows = [line for name, end, start in days for line in (row(name, "2024-01-01", end), row(name, start))]
    (notice,) = restart_notices(read(*rows, settings=replace(CONTRACTS, observed_until="2024-03-01")).table, MONTHLY)
    assert notice.remedy == "windows.grace_days=1"


def test_who_is_active_is_no_question_of_contracts(connection, write_events):
    events = write_events(connection, contract("ann", "2024-01-01"))
    with pytest.raises(InputError, match=r"are about purchases, not contracts\.\n  -> windows\.active_days=null"):
        members(cut_history(events, (CUTOFF,)), replace(MONTHLY, active_days=90), CustomerKind.contractual)


def test_grace_is_for_contracts(connection, write_events):
    events = write_events(connection, [{"customer_id": "ann", "timestamp": "2024-01-01", "kind": "order"}])
    with pytest.raises(
        InputError, match=r"windows\.grace_days is 3\.\n  -> windows\.grace_days=0; it is for contracts"
    ):
        label_windows(events, events, (CUTOFF,), WindowSettings(grace_days=3))


def test_cutoffs_before_the_first_recorded_end_are_refused(connection, write_events):
    events = write_events(connection, contract("ann", "2019-01-01", "2019-10-01"))
    cutoffs, end = firsts("2019-08", "2019-09", "2019-10", "2019-11", "2019-12"), datetime(2020, 2, 1)
    require_recorded_ends(events, cutoffs[2:], end, MONTHLY)
    with pytest.raises(InputError) as error:
        require_recorded_ends(events, cutoffs, end, MONTHLY)
    assert str(error.value) == (
        "2 cutoffs from 2019-08-01 on lie before the first recorded end of a contract, 2019-10-01: until then every "
        "label would be 0 (stayed).\n  -> what would fit: windows.n_cutoffs=3"
    )
    sealed = replace(MONTHLY, sealed_cutoff="2019-10-01")
    with pytest.raises(InputError, match=r"-> a later windows\.sealed_cutoff; or no horizon fits"):
        require_recorded_ends(events, cutoffs[:2], end, sealed)


def test_a_table_without_ends_has_nothing_to_learn(connection, write_events):
    events = write_events(connection, contract("ann", "2019-01-01"))
    with pytest.raises(InputError, match=r"no contract ends.*\n  -> check data\.columns\.end"):
        require_recorded_ends(events, firsts("2019-10"), datetime(2020, 2, 1), MONTHLY)


def test_from_rows_to_snapshots():
    rows = [row(f"c{n}", "2019-01-01", f"2019-{n % 6 + 7:02}-15" if n < 6 else "", price="1") for n in range(8)]
    events = read(*rows, settings=replace(CONTRACTS, observed_until="2020-01-01"))
    plan = make_plan(events.start, events.end, MONTHLY)
    assert plan.everything == firsts("2019-09", "2019-10", "2019-11", "2019-12")
    found = prepare(events, plan.cutoffs, plan.sealed, FeatureSettings(families=["contract", "attributes"]), MONTHLY)
    # c0 and c1 left in July and August; of the other six, one leaves in each month
    counted = found.training.labels.groupby(found.training.features["cutoff"])["churned"].agg(["size", "sum"])
    assert counted.to_numpy().tolist() == [[6, 1], [5, 1], [4, 1]]
    assert found.read_sealed_labels()["churned"].tolist() == [1, 0, 0]
    assert "repeat_purchases" not in found.training.features


# --- features ---


def features(events, cutoff=CUTOFF, **settings):
    chosen = FeatureSettings(families=["contract"], **settings)
    frame = build_features(events, "", TableDefinition((cutoff,), chosen, MONTHLY, shape=CustomerKind.contractual))
    assert model_columns(frame.columns, chosen.families) == list(frame.columns[3:])
    return frame.set_index("customer_id").drop(columns=["cutoff", "in_population"])


def test_the_contract_family_by_hand(connection, write_events):
    rows = [
        *contract("ann", "2024-01-01", "2024-02-01", amount="10.00", item="S"),
        *contract("ann", "2024-02-01", "2024-02-20", order_id="2", amount="12.50", item="M"),
        {"customer_id": "ann", "timestamp": "2024-02-01", "kind": "plan_change", "order_id": "2", "item": "M",
         "amount": "12.50"},
        {"customer_id": "ann", "timestamp": "2024-02-10", "kind": "plan_change", "order_id": "2", "item": "L",
         "amount": "11.00"},
        *contract("ann", "2024-02-20", order_id="3", amount="11.00", item="L", quantity="12"),
        {"customer_id": "ann", "timestamp": "2024-01-05", "kind": "payment_failure", "amount": "10.00"},
        {"customer_id": "ann", "timestamp": "2024-02-29 23:59:59", "kind": "payment_failure", "amount": "10.00"},
        {"customer_id": "ann", "timestamp": "2024-03-01", "kind": "payment_failure", "amount": "10.00"},
        *contract("bob", "2023-01-01", "2024-01-31", amount=None, item=None),
    ]  # fmt: skip
    found = features(write_events(connection, rows), lookback_days=[30])
    expected = {
        "customer_age_days": [60, 425],  # since 1 January 2024: 31 + 29 days; since 1 January 2023: 365 + 60
        "contracts_before": [2, 0],
        "plan_changes": [2, 0],
        "days_since_plan_change": [20, None],  # since 10 February
        "payment_failures": [2, 0],
        "payment_failures_last_30_days": [1, 0],
        "days_since_payment_failure": [1, None],
        "contract_age_days": [10, None],  # since 20 February; bob is under none
        "months_to_renewal": [12, None],
        "price": [11.0, None],
        "price_increases": [1, None],  # 10 to 12.50
        "price_decreases": [1, None],  # 12.50 to 11, which then stays
        "price_change_share": [11.0 / 10.0 - 1.0, None],
    }
    assert set(found.columns) == {*expected, "plan"}
    for name, values in expected.items():
        wanted = np.array([np.nan if value is None else value for value in values], dtype=float)
        np.testing.assert_allclose(found[name].to_numpy(), wanted, rtol=0, atol=1e-12, err_msg=name)
    assert found["plan"]["ann"] == "L"
    assert pd.isna(found["plan"]["bob"])


RENEWALS = [
    ("2023-01-15", "2023-01-16", 12, 12),
    ("2023-01-15", "2023-02-01", 12, 12),  # eleven and a half months
    ("2023-01-15", "2023-02-15", 12, 11),
    ("2023-01-15", "2024-01-14", 12, 1),
    ("2023-01-15", "2024-01-15", 12, 0),  # the very day
    ("2023-01-15", "2024-01-16", 12, 12),
    ("2023-01-15", "2025-01-15", 24, 0),
    ("2023-01-01", "2023-02-01", 1, 0),
    ("2023-01-01 08:00", "2023-01-01 09:00", 3, 3),
]


def test_months_to_renewal(connection):
    frame = pd.DataFrame(RENEWALS, columns=["start", "cutoff", "term", "months"])
    frame = frame.astype({"start": "datetime64[us]", "cutoff": "datetime64[us]"})
    rows = connection.create_table("renewals", frame, temp=True, overwrite=True)
    found = rows.mutate(found=_months_to_renewal(rows.start, rows.cutoff, rows.term)).execute()
    assert found["found"].tolist() == found["months"].tolist()


@pytest.mark.parametrize("term", [None, "0"])
def test_a_contract_without_a_term_has_no_renewal(connection, write_events, term):
    events = write_events(connection, contract("ann", "2024-01-01", quantity=term))
    assert features(events)["months_to_renewal"].isna().all()


def test_of_several_open_contracts_the_latest_is_the_current_one(connection, write_events):
    rows = [
        *contract("ann", "2024-01-01", order_id="1", quantity="6"),
        *contract("ann", "2024-02-01", "2024-02-10", order_id="2", quantity="1"),
    ]
    found = features(write_events(connection, rows))
    assert found["contract_age_days"].tolist() == [60.0]
    assert found["months_to_renewal"].tolist() == [4.0]


# --- more tables ---

USES = TableSettings(columns={"customer_id": "who", "timestamp": "when", "item": "what"}, kind="action")
LANDS = TableSettings(columns={"customer_id": "who"}, attributes={"age": "years", "town": "place"})


def test_a_dated_table_is_united_with_the_main_one():
    uses = pd.DataFrame({"who": ["ann", "zoe"], "when": ["2023-12-01", "2030-01-01"], "what": ["log_in", "log_in"]})
    settings = replace(CONTRACTS, tables={"uses": USES}, latest="2031-01-01", observed_until="2024-03-01")
    events = read(row("ann", "2024-01-01", "2024-01-20", land="IT"), settings=settings, uses=uses)
    assert told(events, "customer_id", "timestamp", "kind", "item", "amount", "static_land") == [
        ("ann", "2023-12-01 00:00:00", "action", "log_in", "", ""),
        ("ann", "2024-01-01 00:00:00", "contract_start", "", "", "IT"),
        ("ann", "2024-01-20 00:00:00", "contract_end", "", "", "IT"),
        ("zoe", "2030-01-01 00:00:00", "action", "log_in", "", ""),
    ]
    assert (events.start, events.end) == (datetime(2024, 1, 1), datetime(2024, 3, 1))  # of the main table alone
    report = events.tables["uses"]
    assert (report.rows_read, report.events, report.customers, report.known_customers) == (2, 2, 2, 1)
    assert (events.quality.customers, events.quality.rows_kept) == (1, 1)
    assert set(population(events.table)) == {"ann"}
    assert "uses: 2 rows read = 2 kept + 0 set aside; 2 customers, 1 of them in the main table" in "\n".join(
        events.quality.lines()
    )
    assert "## uses" in events.quality.to_markdown()


def test_an_undated_table_gives_attributes():
    towns = pd.DataFrame(
        {"who": [" ann", "ann", "zoe", ""], "years": ["31", "31", "40", "9"], "place": ["", "Rome", "Oslo", "Bonn"]}
    )
    settings = replace(CONTRACTS, tables={"towns": LANDS}, max_set_aside_share=0.3)
    events = read(row("ann", "2024-01-01", land="IT"), row("bob", "2024-01-01"), settings=settings, towns=towns)
    assert told(events, "customer_id", "static_land", "static_age", "static_town") == [
        ("ann", "IT", "31", "Rome"),
        ("bob", "", "", ""),
    ]
    report = events.tables["towns"]
    assert (report.rows_read, report.rows_kept, report.customers, report.known_customers) == (4, 3, 2, 1)
    assert {count.fault: count.rows for count in report.faults if count.rows} == {"missing_id": 1, "padded_id": 1}


def named(connection, cells, **settings):
    """Return the canonical kinds and amounts of rows with a word and an amount, and the rows with their flags."""
    chosen = DataSettings(**settings)
    check_kinds(chosen)
    frame = pd.DataFrame(cells, columns=["kind", "amount"]).assign(row=range(len(cells)), order_id="")
    rows = connection.create_table("words", frame.astype({"amount": "str"}), temp=True, overwrite=True)
    rows = rows.mutate(amount=rows.amount.try_cast("decimal(18, 4)"), missing_amount=rows.amount.isnull())  # noqa: PD003 # an engine expression
    rows = rows.mutate(order_amount=rows.amount, line=ibis.literal(False), unparseable_amount=ibis.literal(False))
    found = name_kinds(rows, chosen).order_by("row").execute()
    return [
        (None if pd.isna(kind) else kind, None if pd.isna(amount) else float(amount))
        for kind, amount in found[["kind", "amount"]].to_numpy()
    ], found


def test_kinds_are_translated_and_amounts_get_their_sign(connection):
    kinds = {"buy": "order", "back": "refund", "rebate": "discount", "failed": "payment_failure", "look": "action"}
    cells = [
        ("buy", "5"), ("buy", "-5"), ("back", "5"), ("back", "-6"), ("rebate", "-2"), ("failed", "7"), ("look", None),
        ("odd", "1"), (None, "1"), ("buy", None), ("buy", "0"),
    ]  # fmt: skip
    columns = Columns(kind="what")
    known = [
        ("order", 5.0), ("refund", -5.0), ("refund", -5.0), ("refund", -6.0), ("discount", 2.0),
        ("payment_failure", 7.0), ("action", None),
    ]  # fmt: skip
    told_kinds, rows = named(connection, cells, columns=columns, kinds=kinds)
    assert told_kinds == [*known, (None, 1.0), (None, 1.0), ("order", None), ("order", 0.0)]
    shown = {name: rows.loc[rows[name], "row"].tolist() for name in ("unknown_kind", "missing_amount", "zero_amount")}
    assert shown == {"unknown_kind": [7, 8], "missing_amount": [9], "zero_amount": [10]}
    assert rows.loc[rows["negative_amount"], "row"].tolist() == [1, 2, 3]
    others, _ = named(connection, cells, columns=columns, kinds=kinds, other_kind="action")
    assert others[7:9] == [("action", 1.0), ("action", 1.0)]


def test_words_that_are_kinds_need_no_translation(connection):
    cells = [("send", None), ("open", None), ("opened", None)]
    found, _ = named(connection, cells, columns=Columns(kind="what"))
    assert found == [("send", None), ("open", None), (None, None)]
    found, _ = named(connection, cells, other_kind="click")  # what a table of one kind is read with
    assert found == [("click", None)] * 3
    found, _ = named(connection, [("send", "1"), ("send", "-1")])  # no column of words
    assert found == [("order", 1.0), ("refund", -1.0)]


def test_a_kind_that_is_not_known_is_named(connection):
    with pytest.raises(InputError, match=r"data: unknown kinds \['byu'\]\.\n  -> allowed are order, refund, discount"):
        named(connection, [], columns=Columns(kind="what"), kinds={"buy": "byu"})


def test_one_log_of_orders_and_other_events_can_be_the_main_one():
    log = pd.DataFrame(
        [("ann", "2024-01-01", "view", ""), ("ann", "2024-01-02", "buy", "5"), ("bob", "2024-01-03", "view", "")],
        columns=["customer_id", "timestamp", "what", "amount"],
    )
    settings = DataSettings(columns=Columns(kind="what"), kinds={"view": "action", "buy": "order"})
    events = read_events(connect(EngineSettings(threads=1)), settings, log)
    assert told(events, "customer_id", "kind", "amount") == [
        ("ann", "action", ""), ("ann", "order", "5.0000"), ("bob", "action", "")
    ]  # fmt: skip
    assert (events.quality.orders, events.quality.rows_kept) == (1, 3)
    frame = members(cut_history(events.table, (CUTOFF,)), WindowSettings()).execute()
    assert frame["customer_id"].tolist() == ["ann"]


def test_policies_of_a_table_are_the_main_ones_unless_it_has_its_own():
    main = replace(CONTRACTS, policy=Policies(exact_duplicate=Policy.keep), set_aside_path="aside/rows.csv")
    own = tables._settings_of("uses", replace(USES, policy={"zero_amount": Policy.fail}), main)
    assert (own.policy.exact_duplicate, own.policy.zero_amount) == (Policy.keep, Policy.fail)
    assert main.policy.zero_amount is Policy.keep
    assert own.set_aside_path == "aside/rows.uses.csv"
    assert (own.setting("customer_id"), own.where) == ("data.tables.uses.columns.customer_id", "data.tables.uses")
