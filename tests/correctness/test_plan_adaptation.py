"""The plan adapts to the log: short logs, horizons that are long for the log, and what is said about it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from churnclv.errors import InputError
from churnclv.snapshots.cutoff_plan import make_plan, refit_cutoffs
from churnclv.snapshots.plan_adaptation import adapt_windows
from churnclv.snapshots.settings import WindowSettings

START = datetime(2020, 1, 1)


def adapted(days, **settings):
    return adapt_windows(START, START + timedelta(days=days), WindowSettings(**settings))


def changes(days, **settings):
    """Return what differs from the configured windows, by name."""
    given, (found, _) = WindowSettings(**settings), adapted(days, **settings)
    return {name: value for name, value in vars(found).items() if value != getattr(given, name)}


@pytest.mark.parametrize(
    ("days", "settings", "expected"),
    [
        # 90 + 5 * 30 + 90 before the seal and 90 after it
        (420, {}, {}),
        # two folds need 2 + 3 cutoffs; 90 + 4 * 30 + 90 + 90 = 390
        (419, {}, {"n_folds": 2, "n_cutoffs": 5}),
        # a day less than 390: four steps of 23 are 92 >= 90, so that 6 cutoffs and 5 steps; 90 + 5 * 23 + 180 = 385
        (389, {}, {"n_folds": 2, "step_days": 23}),
        (384, {}, {"n_folds": 1, "n_cutoffs": 4}),
        # a single fold is 90 + 90 + 90 + 90; steps of 30 then need four cutoffs
        (360, {}, {"n_folds": 1, "n_cutoffs": 4}),
        # three windows and a history of one are not there: no sealed test, so that 359 - 90 - 90 - 90 = 89 are left
        (359, {}, {"sealed_test": False}),
        (275, {}, {"sealed_test": False, "n_folds": 1, "n_cutoffs": 4}),
        # 229 - 218 = 11 days of history are less than a quarter of 109; 2 * 101 + 26 = 228 are the most
        (
            229,
            {"horizon_days": 109},
            {
                "sealed_test": False, "n_folds": 1, "min_history_days": 26, "horizon_days": 101,
                "step_days": 34, "n_cutoffs": 4,
            },
        ),
        # ten years for a year: the horizon is long for steps of 30 days, not for the log; three steps of 122 are 366
        (3650, {"horizon_days": 365}, {"step_days": 122}),
        # day 320 is given: 320 - 90 - 90 - 90 = 50 days hold two folds; of day 240, 240 - 90 - 120 = 30 are history
        (420, {"sealed_cutoff": "2020-11-16"}, {"n_folds": 2, "n_cutoffs": 5}),
        (420, {"sealed_cutoff": "2020-08-28"}, {"n_folds": 2, "min_history_days": 23, "n_cutoffs": 5}),
    ],
)  # fmt: skip
def test_the_nearest_plan_that_fits(days, settings, expected):
    found = changes(days, **settings)
    assert found == expected
    make_plan(START, START + timedelta(days=days), adapted(days, **settings)[0])


@pytest.mark.parametrize(("days", "horizon"), [(108, 48), (92, 40), (21, 7)])
def test_a_log_of_hardly_a_horizon_learns_a_shorter_one_and_says_so(days, horizon):
    windows, notices = adapted(days)
    assert windows.horizon_days == horizon
    assert not windows.sealed_test
    assert 2 * horizon + windows.min_history_days <= days
    assert [notice.code for notice in notices] == ["adapted_plan", "shorter_horizon"]
    assert f"horizon_days 90 -> {horizon}" in notices[0].message
    assert f"cannot be learned from {days} days" in notices[1].message
    assert "only the BTYD model's own time shape extrapolates" in notices[1].message
    assert notices[1].remedy == (
        f"make score ... HORIZON_DAYS=90 extrapolates; windows.horizon_days={horizon} asks for what can be validated; "
        "90 days need a log of 203 days."
    )


def test_a_log_of_days_fits_no_plan():
    windows, notices = adapted(20)
    assert windows == WindowSettings()
    assert notices == ()
    with pytest.raises(InputError, match="no horizon fits: a longer log"):
        make_plan(START, START + timedelta(days=20), windows)


@pytest.mark.parametrize("settings", [{"adapt": False}, {"n_cutoffs": 3}, {"n_folds": 10_000}])
def test_what_is_not_adapted(settings):
    # switched off, or the settings fit no log: not more cutoffs than folds
    windows, notices = adapted(300, **settings)
    assert windows == WindowSettings(**settings)
    assert notices == ()
    with pytest.raises(InputError, match="The plan does not fit the data"):
        make_plan(START, START + timedelta(days=300), windows)


def test_the_notice_names_every_change_and_the_log_that_needs_none():
    _, (notice,) = adapted(275)
    assert notice.message == (
        "the configured windows do not fit the 275 days of the log; they were adapted: n_folds 3 -> 1; "
        "n_cutoffs 6 -> 4; no sealed test, the newest labels validate."
    )
    assert notice.remedy == "a log of 420 days holds them; windows.adapt=false refuses instead."
    _, (notice,) = adapted(3650, horizon_days=365)
    assert "step_days 30 -> 122." in notice.message
    assert notice.remedy == "windows.adapt=false refuses instead."  # a longer log would not help


def test_a_plan_without_a_sealed_test_refits_at_the_end_of_the_data():
    windows, end = adapted(275)[0], START + timedelta(days=275)
    plan = make_plan(START, end, windows)
    assert plan.sealed == end
    assert not plan.has_test
    assert plan.folds[-1].valid + timedelta(days=90) == end
    assert plan.cutoffs == refit_cutoffs(START, end, windows)
    assert plan.as_dict()["sealed"] == "none"
    assert plan.lines()[1] == "no sealed test: every label is used to train or to validate"
    assert not windows.opens_seal


def test_a_date_of_the_sealed_test_needs_one():
    with pytest.raises(InputError, match=r"windows\.sealed_cutoff has no sealed test"):
        WindowSettings(sealed_test=False, sealed_cutoff="2020-01-01")


def test_a_wrong_date_is_refused_as_before():
    with pytest.raises(InputError, match="is not a date"):
        adapted(300, sealed_cutoff="April")
    with pytest.raises(InputError, match="is too late for its labels"):
        adapted(300, sealed_cutoff="2020-10-20")


def test_months_give_up_folds_history_and_the_test():
    monthly = WindowSettings(horizon_months=1, step_months=1, n_cutoffs=3, n_folds=2, min_history_days=90)
    # January to June: sealed at 1 June; of 1 May and 1 April only one can be validated
    found, (notice,) = adapt_windows(START, datetime(2020, 7, 1), monthly)
    assert found == replace(monthly, n_folds=1, n_cutoffs=2)
    assert notice.code == "adapted_plan"
    # January to mid April: no test at 1 March; validated at 1 March, labels of 1 February before it
    found, _ = adapt_windows(START, datetime(2020, 4, 15), monthly)
    assert found == replace(monthly, n_folds=1, n_cutoffs=2, min_history_days=31, sealed_test=False)
    plan = make_plan(START, datetime(2020, 4, 15), found)
    assert plan.cutoffs == (datetime(2020, 2, 1), datetime(2020, 3, 1))
    # with less, nothing fits, and the refusal stays as it was
    assert adapt_windows(START, datetime(2020, 2, 10), monthly) == (monthly, ())
