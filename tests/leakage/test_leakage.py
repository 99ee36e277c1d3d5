"""Nothing from a cutoff on reaches its features; nothing outside a label window reaches its labels."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st
from pyarrow import compute

from churnclv.clv.clv_model import ClvChoice, gather_past
from churnclv.clv.purchase_models.beta_geometric import BetaGeoModel
from churnclv.clv.season import Season
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.schema import EVENT_COLUMNS
from churnclv.data.settings import CustomerKind, DataSettings, Refunds
from churnclv.errors import InputError
from churnclv.features.families import BUILT_IN
from churnclv.features.feature_table import TableDefinition, build_features, feature_table
from churnclv.features.preparation import open_sealed, prepare
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.customer_kinds import label_windows, members
from churnclv.snapshots.cutoff_plan import make_plan
from churnclv.snapshots.history import KEYS, cut_history, daily_purchases
from churnclv.snapshots.plan_adaptation import adapt_windows
from churnclv.snapshots.settings import WindowSettings
from churnclv.testing.market import Market, simulate
from examples import examples

MICROSECOND = timedelta(microseconds=1)
MIDNIGHT, LATER, NOON = datetime(2024, 3, 1), datetime(2024, 3, 31), datetime(2024, 2, 29, 12, 0, 0, 7)
WINDOWS = WindowSettings(active_days=120, min_purchases=1)
OPTIONAL = ("journey", "engagement", "referral", "treatments", "contract")  # of events that these logs have none of
OF_ORDERS = tuple(name for name in BUILT_IN if name not in OPTIONAL)
FAMILIES = FeatureSettings(families=list(OF_ORDERS))
HORIZON_DAYS = 30

quick = examples(15)
thorough = examples(200, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def moments(draw):
    """Return instants around the cutoffs: often on a border or one microsecond off it, on a day's edge, or anywhere."""
    base = draw(st.sampled_from([MIDNIGHT, LATER, NOON, MIDNIGHT + timedelta(days=HORIZON_DAYS)]))
    away = timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 2, 30, 31, 90, 180, 365, 700])))
    near = draw(st.sampled_from([timedelta(0), MICROSECOND, timedelta(seconds=0.5), timedelta(hours=7)]))
    return base + draw(st.sampled_from([-1, 1])) * away + draw(st.sampled_from([-1, 1])) * near


cents = st.integers(0, 99_999).map(lambda value: f"{value / 100:.2f}")
event = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["ann", "bob", "cat"]),
        "timestamp": moments(),
        "kind": st.sampled_from(["order", "order", "order", "refund"]),
        "amount": cents,
        "quantity": st.none() | st.integers(1, 9),
        "order_id": st.none() | st.sampled_from(["1", "2"]),
        "item": st.none() | st.sampled_from(["x", "y"]),
        "category": st.none(),
        "channel": st.none() | st.sampled_from(["web", "shop"]),
        "session_id": st.none(),
        "other_id": st.none(),
    }
)
logs = st.lists(event, max_size=14)


TYPES = {"timestamp": "timestamp(6)", "amount": "decimal(18, 4)", "quantity": "decimal(18, 4)"}
EVENTS = ibis.schema({name: TYPES.get(name, "string") for name in EVENT_COLUMNS})


@lru_cache
def compiled(cutoffs, families):
    """Return the SQL of the feature table: compiling it takes ten times as long as running it."""
    empty = ibis.table(EVENTS, name="events")
    return str(
        ibis.to_sql(
            feature_table(empty, TableDefinition(cutoffs, FeatureSettings(families=list(families)), WINDOWS)), "duckdb"
        )
    )


@pytest.fixture(scope="module")
def features_of(connection, write_events):
    """Return a function from rows to the feature table, as a typed Arrow table: equal means equal in every bit."""

    def features(rows, *cutoffs, families=OF_ORDERS):
        write_events(connection, rows)
        return connection.con.execute(compiled(cutoffs, families)).to_arrow_table()

    return features


@pytest.fixture(scope="module")
def labels_of(connection, write_events):
    """Return a function from rows to the labels of three customers at a cutoff, whoever is in the log."""
    expression = label_windows(
        ibis.table(EVENTS, name="events"),
        ibis.memtable({"customer_id": ["ann", "bob", "cat"]}).mutate(cutoff=ibis.timestamp(str(MIDNIGHT))),
        (MIDNIGHT,),
        WindowSettings(horizon_days=HORIZON_DAYS),
    )

    def labels(rows):
        write_events(connection, rows)
        return connection.to_pyarrow(expression)

    return labels


def before(rows, cutoff):
    return [row for row in rows if row["timestamp"] < cutoff]


def since(rows, cutoff):
    return [row for row in rows if row["timestamp"] >= cutoff]


def assert_later_events_change_nothing(features_of, rows, others, cutoff):
    """Compare any two logs that agree before the cutoff: deleted, changed and added events are all of that form."""
    past = before(rows, cutoff)
    expected = features_of(past, cutoff)
    assert expected.num_rows == len({row["customer_id"] for row in past})
    for future in (since(rows, cutoff), since(others, cutoff)):
        assert features_of(past + future, cutoff).equals(expected)


@quick
@given(logs, logs, st.sampled_from([MIDNIGHT, NOON]))
def test_later_events_change_no_feature(features_of, rows, others, cutoff):
    assert_later_events_change_nothing(features_of, rows, others, cutoff)


@pytest.mark.slow
@thorough
@given(logs, logs, st.sampled_from([MIDNIGHT, NOON, LATER]))
def test_later_events_change_no_feature_in_200_logs(features_of, rows, others, cutoff):
    assert_later_events_change_nothing(features_of, rows, others, cutoff)


def assert_later_cutoffs_change_nothing(features_of, rows, cutoffs):
    together = features_of(rows, *cutoffs)
    for cutoff in cutoffs:
        alone = features_of(before(rows, cutoff), cutoff)
        assert together.filter(compute.equal(together["cutoff"], cutoff)).equals(alone)


@quick
@given(logs)
def test_a_later_cutoff_in_the_pass_changes_no_feature(features_of, rows):
    assert_later_cutoffs_change_nothing(features_of, rows, (NOON, LATER))


@pytest.mark.slow
@thorough
@given(logs, st.sampled_from([(MIDNIGHT, LATER), (LATER, NOON)]))
def test_a_later_cutoff_in_the_pass_changes_no_feature_in_200_logs(features_of, rows, cutoffs):
    assert_later_cutoffs_change_nothing(features_of, rows, cutoffs)


def test_the_frame_that_models_get_keeps_the_promise(connection, write_events):
    past = [
        {"customer_id": "ann", "timestamp": MIDNIGHT - timedelta(days=back), "kind": kind, "amount": amount}
        for back, kind, amount in [(90, "order", "0.10"), (30, "order", "0.70"), (20, "refund", "-0.10")]
    ]
    past.append({**past[0], "timestamp": MIDNIGHT - MICROSECOND})
    future = [
        {**past[0], "timestamp": MIDNIGHT},
        {**past[0], "customer_id": "bob", "timestamp": MIDNIGHT + MICROSECOND},
        {**past[2], "timestamp": LATER},
    ]
    alone = build_features(write_events(connection, past), "", TableDefinition((MIDNIGHT,), FAMILIES, WINDOWS))
    both = build_features(write_events(connection, past + future), "", TableDefinition((MIDNIGHT,), FAMILIES, WINDOWS))
    pd.testing.assert_frame_equal(both, alone, check_exact=True)
    assert both["purchases"].tolist() == [3.0]


CHEATING = '''
def peek(history, settings):
    """Return what a cheat would look for: the latest event it can see, and how many lie at or after the cutoff."""
    late = history.timestamp >= history.cutoff
    seconds = history.timestamp.epoch_seconds() - history.cutoff.epoch_seconds()
    return history.group_by(["customer_id", "cutoff"]).agg(
        seen=history.count(), late=late.sum(), latest_seconds=seconds.max()
    )
'''


@pytest.fixture(scope="module")
def cheat(tmp_path_factory):
    """A family of a user's own that looks for the future."""
    path = tmp_path_factory.mktemp("cheat") / "cheat.py"
    path.write_text(CHEATING, encoding="utf-8")
    return f"{path}:peek"


def assert_a_cheat_sees_no_future(features_of, cheat, rows):
    frame = features_of(rows, MIDNIGHT, NOON, families=(cheat,)).to_pandas()
    assert (frame["late"] == 0).all()
    assert (frame["latest_seconds"] <= 0).all()
    counted = frame.groupby("cutoff")["seen"].sum()
    for cutoff in (MIDNIGHT, NOON):
        assert counted.get(cutoff, 0) == len(before(rows, cutoff))


@quick
@given(rows=logs)
def test_a_cheating_family_sees_no_future(features_of, cheat, rows):
    assert_a_cheat_sees_no_future(features_of, cheat, rows)


@pytest.mark.slow
@thorough
@given(rows=logs)
def test_a_cheating_family_sees_no_future_in_200_logs(features_of, cheat, rows):
    assert_a_cheat_sees_no_future(features_of, cheat, rows)


def within(rows):
    return [row for row in before(rows, MIDNIGHT + timedelta(days=HORIZON_DAYS)) if row["timestamp"] >= MIDNIGHT]


def assert_only_the_window_makes_labels(labels_of, rows, others):
    inside = within(rows)
    expected = labels_of(inside)
    assert expected.num_rows == 3
    for log in (rows, inside + [row for row in others if row not in within(others)]):
        assert labels_of(log).equals(expected)
    bought = {row["customer_id"] for row in inside if row["kind"] == "order"}
    assert [not churned for churned in expected["churned"].to_pylist()] == [
        customer in bought for customer in expected["customer_id"].to_pylist()
    ]


@quick
@given(logs, logs)
def test_events_outside_the_window_change_no_label(labels_of, rows, others):
    assert_only_the_window_makes_labels(labels_of, rows, others)


@pytest.mark.slow
@thorough
@given(logs, logs)
def test_events_outside_the_window_change_no_label_in_200_logs(labels_of, rows, others):
    assert_only_the_window_makes_labels(labels_of, rows, others)


def test_population_is_decided_before_the_cutoff(connection, write_events):
    row = {"customer_id": "ann", "kind": "order", "amount": "1.00"}
    past, future = {**row, "timestamp": MIDNIGHT - timedelta(days=121)}, {**row, "timestamp": MIDNIGHT}
    events = write_events(connection, [past, future])
    assert members(cut_history(events, (MIDNIGHT,)), WINDOWS).execute()["in_population"].tolist() == [False]


@st.composite
def fitting(draw):
    """Return a span and settings that just fit, or have some days to spare."""
    horizon, gap, step = draw(st.integers(1, 120)), draw(st.integers(0, 40)), draw(st.integers(1, 60))
    folds, history = draw(st.integers(1, 5)), draw(st.integers(1, 200))
    cutoffs = folds + -(-(horizon + gap) // step) + draw(st.integers(0, 4))
    start = datetime(2009, 12, 1) + timedelta(days=draw(st.integers(0, 400)))
    seal = start + timedelta(days=history + (cutoffs - 1) * step + horizon + gap + draw(st.integers(0, 50)))
    end = seal + timedelta(days=horizon)
    chosen = draw(st.booleans())
    end += timedelta(days=draw(st.integers(0, 90))) if chosen else timedelta(0)
    windows = WindowSettings(
        horizon_days=horizon,
        step_days=step,
        n_cutoffs=cutoffs,
        n_folds=folds,
        gap_days=gap,
        min_history_days=history,
        sealed_cutoff=f"{seal:%Y-%m-%d}" if chosen else None,
    )
    return start, end, windows


@examples(200)
@given(fitting())
def test_no_training_window_reaches_the_sealed_one_or_its_own_validation(case):
    start, end, windows = case
    plan = make_plan(start, end, windows)
    horizon, gap = timedelta(days=windows.horizon_days), timedelta(days=windows.gap_days)
    assert plan.sealed + horizon <= end
    assert all(cutoff + horizon + gap <= plan.sealed for cutoff in plan.cutoffs)
    assert list(plan.everything) == sorted(set(plan.everything))
    assert len(plan.cutoffs) == windows.n_cutoffs
    assert plan.cutoffs[0] >= start + timedelta(days=windows.min_history_days)
    assert [fold.valid for fold in plan.folds] == list(plan.cutoffs[-windows.n_folds :])
    for fold in plan.folds:
        assert fold.train
        assert fold.train == tuple(cutoff for cutoff in plan.cutoffs if cutoff + horizon + gap <= fold.valid)


@examples(200)
@given(fitting(), st.integers(0, 3), st.integers(0, 90))
def test_one_cutoff_fewer_folds_or_days_too_few_do_not_fit(case, missing_cutoffs, missing_days):
    start, end, windows = case
    assume(windows.sealed_cutoff is None)
    plan = make_plan(start, end, windows)
    spare = (plan.cutoffs[0] - start).days - windows.min_history_days
    lacking = WindowSettings(**{**vars(windows), "n_cutoffs": max(1, windows.n_cutoffs - missing_cutoffs)})
    least = windows.n_folds + -(-(windows.horizon_days + windows.gap_days) // windows.step_days)
    end -= timedelta(days=missing_days)
    gained = (windows.n_cutoffs - lacking.n_cutoffs) * windows.step_days
    if lacking.n_cutoffs >= least and missing_days <= spare + gained:
        assert len(make_plan(start, end, lacking).folds) == windows.n_folds
    else:
        with pytest.raises(Exception, match="The plan does not fit the data"):
            make_plan(start, end, lacking)


def test_training_data_hold_no_label_of_the_sealed_window(connection, write_events):
    start, end = datetime(2023, 1, 1), datetime(2023, 4, 1)
    windows = WindowSettings(horizon_days=10, step_days=10, n_cutoffs=3, n_folds=1, min_history_days=30)
    plan = make_plan(start, end, windows)

    def prepared(*sealed):
        rows = [("ann", start, "1.00"), ("bob", start, "1.00"), ("ann", plan.cutoffs[1], "2.00"), *sealed]
        names = ("customer_id", "timestamp", "amount")
        events = write_events(connection, [{**dict(zip(names, row, strict=True)), "kind": "order"} for row in rows])
        found = {
            "quality": SimpleNamespace(fingerprint=""),
            "learned_fingerprint": "",
            "everyone": None,
            "shape": CustomerKind.noncontractual,
            "refunds": Refunds.net,
        }
        known = SimpleNamespace(table=events, **found)
        return prepare(known, plan.cutoffs, plan.sealed, FAMILIES, windows)

    with_sealed = prepared(("bob", plan.sealed, "5.00"))
    labels = with_sealed.read_sealed_labels()
    without = prepared()
    for name in ("features", "labels"):
        pd.testing.assert_frame_equal(
            getattr(with_sealed.training, name), getattr(without.training, name), check_exact=True
        )
    pd.testing.assert_frame_equal(with_sealed.sealed, without.sealed, check_exact=True)
    assert set(with_sealed.training.features["cutoff"]) == set(plan.cutoffs)
    opened = open_sealed(with_sealed, labels)
    assert opened.labels["spend"].tolist() == [0.0, 5.0]
    assert opened.features[list(KEYS)].to_numpy().tolist() == [
        ["ann", pd.Timestamp(plan.sealed)],
        ["bob", pd.Timestamp(plan.sealed)],
    ]


@pytest.fixture(scope="module")
def daily_of(connection, write_events):
    """Return a function from rows to the market's purchases per day before a moment."""
    empty = ibis.table(EVENTS, name="events")
    compiled_at = {
        until: str(ibis.to_sql(daily_purchases(empty, until), "duckdb")) for until in (MIDNIGHT, NOON, LATER)
    }

    def daily(rows, until):
        write_events(connection, rows)
        return connection.con.execute(compiled_at[until]).to_arrow_table()

    return daily


@quick
@given(logs, logs, st.sampled_from([MIDNIGHT, NOON, LATER]))
def test_daily_purchases_ignore_what_is_at_or_after_their_end(daily_of, rows, others, until):
    expected = daily_of(before(rows, until), until)
    assert daily_of(rows, until).equals(expected)
    assert daily_of(before(rows, until) + since(others, until), until).equals(expected)


def test_daily_purchases_by_hand(daily_of):
    moments = [("ann", -31, "order"), ("ann", -31, "order"), ("ann", -1, "order"), ("bob", -1, "order")]
    moments += [("bob", -2, "refund"), ("ann", 0, "order"), ("cat", 0, "order"), ("bob", 1, "order")]
    rows = [
        {"customer_id": who, "timestamp": MIDNIGHT + timedelta(days=days), "kind": kind, "amount": "1.00"}
        for who, days, kind in moments
    ]
    # 1 March 2024 is day 19783: ann is born on 19752 in block 658, and repeats on 19782; bob is born then, in 659
    assert daily_of(rows, MIDNIGHT).to_pylist() == [
        {"cohort": 658, "day_number": 19752, "first": 1, "repeat": 0},
        {"cohort": 658, "day_number": 19782, "first": 0, "repeat": 1},
        {"cohort": 659, "day_number": 19782, "first": 1, "repeat": 0},
    ]


CUTOFF_DAY = (MIDNIGHT - datetime(1970, 1, 1)).days


@pytest.fixture(scope="module")
def daily():
    """Three years of a market whose customers buy most in November, the last of them after the cutoff."""
    days = np.arange(CUTOFF_DAY - 730, CUTOFF_DAY + 365)
    random, wave = np.random.default_rng(2), 1.0 + 0.6 * np.cos(2 * np.pi * (days % 365.25 - 320) / 365.25)
    blocks = [(cohort, cohort * 30) for cohort in sorted(set(days // 30))[::4]]
    parts = [
        pd.DataFrame({"cohort": cohort, "day_number": days[days >= born], "repeat": random.poisson(wave[days >= born])})
        for cohort, born in blocks
    ]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(first=np.where(frame["day_number"] // 30 == frame["cohort"], 3, 0))


def changed(daily, change, first_day):
    """Return daily purchases with other rows from a day on: deleted, counted a hundred times, or of a new cohort."""
    early, late = daily[daily["day_number"] < first_day], daily[daily["day_number"] >= first_day]
    if change == "deleted":
        return early
    if change == "more":
        return pd.concat([early, late.assign(repeat=late["repeat"] * 100 + 7, first=late["first"] * 9)])
    return pd.concat([early, late, late.assign(cohort=9999, first=5)])


BUYING = BetaGeoModel().at(np.log([0.5, 30.0, 0.8, 3.5]))


def assert_later_days_change_no_season(daily, change, cutoff):
    expected = Season.learn(daily, BUYING, pd.Timestamp(cutoff))
    assert expected.coefficients
    assert Season.learn(changed(daily, change, CUTOFF_DAY), BUYING, pd.Timestamp(cutoff)) == expected


@pytest.mark.parametrize("change", ["deleted", "more", "a new cohort"])
def test_a_season_is_learnt_from_days_before_the_cutoff(daily, change):
    assert_later_days_change_no_season(daily, change, MIDNIGHT)


@pytest.mark.parametrize("change", ["deleted", "more"])
def test_a_season_is_learnt_from_days_before_a_cutoff_at_noon(daily, change):
    assert_later_days_change_no_season(daily, change, MIDNIGHT + timedelta(hours=12))


@pytest.mark.parametrize("change", ["deleted", "more"])
def test_earlier_days_do_change_the_season(daily, change):
    known = Season.learn(daily, BUYING, pd.Timestamp(MIDNIGHT))
    assert Season.learn(changed(daily, change, CUTOFF_DAY - 200), BUYING, pd.Timestamp(MIDNIGHT)) != known


@pytest.mark.parametrize("base", ["bgnbd", "mbgcnbd"])
def test_what_formulas_say_at_a_cutoff_hears_nothing_of_later_ones(base):
    log = simulate(Market(customers=150, days=500, birth_days=250), 6).log
    windows = WindowSettings(horizon_days=60, n_cutoffs=4, n_folds=1)
    events = read_events(connect(EngineSettings(threads=1)), DataSettings(), log)
    plan = make_plan(events.start, events.end, windows)
    data = prepare(events, plan.cutoffs, plan.sealed, FeatureSettings(families=["recency"]), windows).training
    choice = ClvChoice(name="hybrid", base=base)
    expected = gather_past(data, choice, 60.0)
    for place, cutoff in enumerate(plan.cutoffs[:-1]):
        until = plan.cutoffs[: place + 1]
        alone = gather_past(data.at(until), choice, 60.0).btyd
        pd.testing.assert_frame_equal(expected.at(until).btyd, alone, check_exact=True)
        later = (data.features["cutoff"] > cutoff).to_numpy()
        features, labels = data.features.copy(), data.labels.copy()
        for name in ("repeat_purchases", "age_days", "mean_repeat_spend"):
            features.loc[later, name] = features.loc[later, name] * 3 + 11
        labels["spend"] *= 7  # labels reach no formula at all
        other = gather_past(replace(data, features=features, labels=labels), choice, 60.0)
        pd.testing.assert_frame_equal(other.at(until).btyd, alone, check_exact=True)
        assert not other.btyd[later].equals(expected.btyd[later])


@st.composite
def logs_and_windows(draw):
    """Return a span of any length and windows that mostly do not fit it."""
    days = draw(st.integers(1, 1500))
    windows = WindowSettings(
        horizon_days=draw(st.integers(1, 500)),
        step_days=draw(st.integers(1, 120)),
        n_cutoffs=draw(st.integers(1, 10)),
        n_folds=draw(st.integers(1, 5)),
        gap_days=draw(st.integers(0, 30)),
        grace_days=draw(st.integers(0, 10)),
        min_history_days=draw(st.integers(1, 200)),
    )
    start = datetime(2020, 1, 1)
    last = windows.latest_cutoff(start + timedelta(days=days))
    if draw(st.booleans()) and last > start:
        seal = start + timedelta(days=draw(st.integers(1, (last - start).days)))
        windows = replace(windows, sealed_cutoff=f"{seal:%Y-%m-%d}")
    return start, start + timedelta(days=days), windows


@examples(400)
@given(logs_and_windows())
def test_no_adapted_plan_lets_a_label_reach_the_cutoff_that_evaluates_it(case):
    start, end, given_windows = case
    windows, notices = adapt_windows(start, end, given_windows)
    try:
        plan = make_plan(start, end, windows)
    except InputError:
        assert notices == ()
        return
    assert bool(notices) == (windows != given_windows)
    available = timedelta(days=windows.horizon_days + windows.grace_days)
    for fold in plan.folds:
        assert fold.train
        assert all(cutoff + available <= fold.valid for cutoff in fold.train)
    assert all(cutoff + available <= plan.sealed for cutoff in plan.cutoffs)
    assert plan.sealed + available * windows.sealed_test <= end
    assert plan.cutoffs[0] >= start + timedelta(days=windows.min_history_days)
    # never slower, and nothing longer than asked
    assert len(plan.cutoffs) <= given_windows.n_cutoffs
    assert len(plan.folds) <= given_windows.n_folds
    assert windows.horizon_days <= given_windows.horizon_days
    assert windows.sealed_cutoff == given_windows.sealed_cutoff
    assert adapt_windows(start, end, windows) == (windows, ())
