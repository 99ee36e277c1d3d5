"""Contracts: nothing from a cutoff on reaches features or population; labels hear their window and its grace alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pyarrow import compute

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.schema import EVENT_COLUMNS
from churnclv.data.settings import Columns, CustomerKind, DataSettings, Policies, Policy, TableSettings
from churnclv.errors import InputError
from churnclv.features.feature_table import TableDefinition, build_features, feature_table
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.customer_kinds import label_windows, members
from churnclv.snapshots.cutoff_plan import make_plan, refit_cutoffs
from churnclv.snapshots.history import cut_history
from churnclv.snapshots.settings import WindowSettings
from examples import examples

FEBRUARY, MARCH, NOON = datetime(2024, 2, 1), datetime(2024, 3, 1), datetime(2024, 2, 29, 12, 0, 0, 7)
GRACE_DAYS = 10
WINDOWS = WindowSettings(horizon_months=1, step_months=1, grace_days=GRACE_DAYS)
TYPES = {"timestamp": "timestamp(6)", "amount": "decimal(18, 4)", "quantity": "decimal(18, 4)"}
ATTRIBUTES = ("static_land", "static_town")
EVENTS = ibis.schema({name: TYPES.get(name, "string") for name in (*EVENT_COLUMNS, *ATTRIBUTES)})
FAMILIES = FeatureSettings(families=["contract", "attributes"], lookback_days=[30])

quick = examples(15)
thorough = examples(100, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def moments(draw):
    """Return instants around cutoffs and ends of label windows: on a border, a microsecond off it, or elsewhere."""
    base = draw(st.sampled_from([FEBRUARY, MARCH, NOON, datetime(2024, 4, 1), datetime(2024, 4, 11)]))
    away = timedelta(days=draw(st.sampled_from([0, 0, 1, 9, 10, 11, 30, 31, 90, 400])))
    near = draw(st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(hours=7)]))
    return base + draw(st.sampled_from([-1, 1])) * away + draw(st.sampled_from([-1, 1])) * near


event = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["ann", "bob"]),
        "timestamp": moments(),
        "kind": st.sampled_from(
            ["contract_start", "contract_start", "contract_end", "plan_change", "payment_failure", "action", "order"]
        ),
        "amount": st.none() | st.sampled_from(["10.00", "12.50", "0.00"]),
        "quantity": st.none() | st.sampled_from(["1", "12"]),
        "order_id": st.none() | st.sampled_from(["1", "2"]),
        "item": st.none() | st.sampled_from(["S", "M"]),
        "category": st.none() | st.just("moved"),
        "static_land": st.none() | st.sampled_from(["IT", "NO"]),
        "static_town": st.none() | st.sampled_from(["Rome", "Oslo"]),
    }
)
logs = st.lists(event, max_size=14)


@lru_cache
def compiled_features(cutoffs):
    expression = feature_table(
        ibis.table(EVENTS, name="contract_log"), TableDefinition(cutoffs, FAMILIES, WINDOWS, CustomerKind.contractual)
    )
    return str(ibis.to_sql(expression, "duckdb"))


@lru_cache
def compiled_labels(cutoff, windows_months):
    """Return the SQL of labels of whoever is under contract at the cutoff."""
    events = ibis.table(EVENTS, name="contract_log")
    windows = replace(WINDOWS, horizon_months=windows_months)
    seen = members(cut_history(events, (cutoff,)), windows, CustomerKind.contractual)
    expression = label_windows(events, seen.filter(seen.in_population), (cutoff,), windows, CustomerKind.contractual)
    return str(ibis.to_sql(expression, "duckdb"))


@pytest.fixture(scope="module")
def ask(connection):
    """Return a function from rows and SQL to its answer as a typed Arrow table: equal means equal in every bit."""

    def ask(rows, query):
        frame = pd.DataFrame(rows, columns=list(EVENTS)).astype(object)
        frame = frame.where(frame.notna(), None).map(lambda cell: None if cell is None else str(cell))
        connection.con.register("contract_rows", frame.astype("string[pyarrow]"))
        cells = ", ".join(f"{name}::{TYPES.get(name, 'varchar')} AS {name}" for name in EVENTS)
        connection.con.execute(f"CREATE OR REPLACE TABLE contract_log AS SELECT {cells} FROM contract_rows")  # noqa: S608 # own names
        return connection.con.execute(query).to_arrow_table()

    return ask


def before(rows, moment):
    return [row for row in rows if row["timestamp"] < moment]


def since(rows, moment):
    return [row for row in rows if row["timestamp"] >= moment]


def assert_later_events_change_nothing(ask, rows, others, cutoff):
    """Compare logs that agree before the cutoff: later ends, changes, failures and attributes added or taken away."""
    expected = ask(before(rows, cutoff), compiled_features((cutoff,)))
    for future in (since(rows, cutoff), since(others, cutoff)):
        assert ask(before(rows, cutoff) + future, compiled_features((cutoff,))).equals(expected)
    kinds = ("contract_start", "contract_end")
    assert expected.num_rows == len({row["customer_id"] for row in before(rows, cutoff) if row["kind"] in kinds})


@quick
@given(logs, logs, st.sampled_from([FEBRUARY, MARCH, NOON]))
def test_later_events_change_no_feature_and_no_population(ask, rows, others, cutoff):
    assert_later_events_change_nothing(ask, rows, others, cutoff)


@pytest.mark.slow
@thorough
@given(logs, logs, st.sampled_from([FEBRUARY, MARCH, NOON]))
def test_later_events_change_no_feature_and_no_population_in_100_logs(ask, rows, others, cutoff):
    assert_later_events_change_nothing(ask, rows, others, cutoff)


@quick
@given(logs)
def test_a_later_cutoff_in_the_pass_changes_no_feature(ask, rows):
    together = ask(rows, compiled_features((FEBRUARY, MARCH)))
    for cutoff in (FEBRUARY, MARCH):
        alone = ask(before(rows, cutoff), compiled_features((cutoff,)))
        assert together.filter(compute.equal(together["cutoff"], cutoff)).equals(alone)


def assert_labels_hear_their_window_alone(ask, rows, others, cutoff):
    """Compare logs that agree up to the end of the window and, in starts, of its grace."""
    end = WINDOWS.label_end(cutoff)
    labels_by = end + timedelta(days=GRACE_DAYS)
    starts = [row for row in since(rows, end) if row["kind"] == "contract_start"]
    heard = before(rows, end) + before(starts, labels_by)
    expected = ask(heard, compiled_labels(cutoff, 1))
    unheard = [row for row in since(others, end) if row["kind"] != "contract_start" or row["timestamp"] >= labels_by]
    assert ask(heard + unheard, compiled_labels(cutoff, 1)).equals(expected)
    # an end before the cutoff is no label: only ends in [cutoff, end) are
    ended = {row["customer_id"] for row in since(before(rows, end), cutoff) if row["kind"] == "contract_end"}
    left = expected.to_pandas()
    assert set(left.loc[left["churned"] == 1, "customer_id"]) <= ended


@quick
@given(logs, logs, st.sampled_from([FEBRUARY, MARCH, NOON]))
def test_labels_hear_their_window_and_its_grace_alone(ask, rows, others, cutoff):
    assert_labels_hear_their_window_alone(ask, rows, others, cutoff)


@pytest.mark.slow
@thorough
@given(logs, logs, st.sampled_from([FEBRUARY, MARCH, NOON]))
def test_labels_hear_their_window_and_its_grace_alone_in_100_logs(ask, rows, others, cutoff):
    assert_labels_hear_their_window_alone(ask, rows, others, cutoff)


# --- from the files on ---

MAPPED = Columns(timestamp="start", end="end", amount=None, price="price", plan="plan", reason="reason")
READING = DataSettings(
    shape=CustomerKind.contractual,
    columns=MAPPED,
    static={"land": "land"},
    observed_until="2024-06-01",
    policy=Policies(overlapping_contract=Policy.keep),
    tables={
        "uses": TableSettings(
            columns={"customer_id": "customer_id", "timestamp": "when", "kind": "what", "item": "what"},
            kinds={"view": "action", "unpaid": "payment_failure"},
        )
    },
)
NAMES = ["customer_id", "start", "end", "price", "plan", "reason", "land"]
PAST = [
    ("ann", "2024-01-01", "2024-01-20", "10", "S", "price", "IT"),
    ("ann", "2024-01-20", "", "12", "M", "", "IT"),
    ("bob", "2024-01-05", "", "10", "S", "", ""),
    ("cat", "2023-06-01", "2024-02-10", "20", "L", "moved", "NO"),
]
USES = [
    ("ann", "2024-01-21", "unpaid"),
    ("ann", "2024-02-20", "view"),
    ("ann", "2024-02-29 23:59:59.999999", "unpaid"),
    ("bob", "2024-02-28", "view"),
]


def features_of(contracts, uses):
    frames = {"uses": pd.DataFrame(uses, columns=["customer_id", "when", "what"])}
    events = read_events(connect(EngineSettings(threads=1)), READING, pd.DataFrame(contracts, columns=NAMES), frames)
    chosen = FeatureSettings(families=["contract", "attributes", "journey"])
    return build_features(events.table, "", TableDefinition((MARCH,), chosen, WINDOWS, shape=CustomerKind.contractual))


def test_what_happens_to_contracts_from_the_cutoff_on_changes_no_feature():
    expected = features_of(PAST, USES)
    assert expected["payment_failures"].tolist() == [2, 0, 0]
    assert expected["in_population"].tolist() == [True, True, False]
    assert expected["plan"].tolist() == ["M", "S", "L"]
    later = [
        ("ann", "2024-01-01", "2024-01-20", "10", "S", "price", "IT"),
        ("ann", "2024-01-20", "2024-03-01", "12", "M", "moved", "IT"),  # ends at the cutoff, with a reason
        ("ann", "2024-03-01", "2024-05-01", "99", "XL", "", "DE"),  # and is renewed then, under another land
        ("bob", "2024-01-05", "2024-12-31", "10", "S", "price", ""),  # a planned end
        ("cat", "2023-06-01", "2024-02-10", "20", "L", "moved", "NO"),
        ("cat", "2024-04-01", "", "1", "S", "", "DE"),  # comes back
        ("dan", "2024-03-01", "", "1", "S", "", "DE"),
    ]
    more = [("ann", "2024-03-01", "view"), ("ann", "2024-03-01", "unpaid"), ("bob", "2024-03-02", "unpaid")]
    found = features_of(later, [*USES, *more, ("zoe", "2024-02-01", "view")])
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


# --- plans ---


@st.composite
def spans(draw):
    """Return an observed span, and windows in months or days, with grace and gap."""
    start = datetime(2018, 1, 1) + timedelta(days=draw(st.integers(0, 400)))
    end = start + timedelta(days=draw(st.integers(200, 1500)))
    months = draw(st.booleans())
    windows = WindowSettings(
        horizon_months=draw(st.integers(1, 4)) if months else None,
        step_months=draw(st.integers(1, 3)) if months else None,
        horizon_days=draw(st.integers(1, 120)),
        step_days=draw(st.integers(1, 60)),
        grace_days=draw(st.sampled_from([0, 1, 14, 40])),
        gap_days=draw(st.sampled_from([0, 1, 31])),
        n_cutoffs=draw(st.integers(1, 9)),
        n_folds=draw(st.integers(1, 3)),
        min_history_days=draw(st.integers(1, 200)),
    )
    return start, end, windows


@examples(300)
@given(spans())
def test_every_label_is_known_when_it_is_used(case):
    start, end, windows = case
    try:
        plan = make_plan(start, end, windows)
    except InputError as error:
        assert "what would fit" in str(error) or "no horizon fits" in str(error)  # noqa: PT017 # one of two outcomes
        return
    gap = timedelta(days=windows.gap_days)
    assert windows.label_available(plan.sealed) <= end  # right-censoring: nobody's silence is taken for staying
    assert all(windows.label_available(cutoff) + gap <= plan.sealed for cutoff in plan.cutoffs)
    assert list(plan.everything) == sorted(set(plan.everything))
    assert len(plan.cutoffs) == windows.n_cutoffs
    assert plan.cutoffs[0] >= start + timedelta(days=windows.min_history_days)
    for fold in plan.folds:
        assert fold.train
        assert fold.train == tuple(cut for cut in plan.cutoffs if windows.label_available(cut) + gap <= fold.valid)
    if windows.in_months:
        assert all((cutoff.day, cutoff.hour) == (1, 0) for cutoff in plan.everything)
    assert all(windows.label_available(cutoff) <= end for cutoff in refit_cutoffs(start, end, windows))


@examples(300)
@given(spans())
def test_what_would_fit_fits(case):
    start, end, windows = case
    try:
        make_plan(start, end, windows)
    except InputError as error:
        remedy = str(error).partition("what would fit: ")[2]
        for offer in remedy.split("; or ") if remedy else []:
            words = dict(word.removeprefix("windows.").split("=") for word in offer.split() if "=" in word)
            make_plan(start, end, replace(windows, **{name: int(value) for name, value in words.items()}))
