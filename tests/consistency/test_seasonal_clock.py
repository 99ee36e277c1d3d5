"""The season in the likelihood: a clock by which purchases are even, estimated together with the model of purchases."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

import churnclv
from churnclv.clv.clock_likelihood import clock_likelihood, times_along
from churnclv.clv.clv_model import ClvChoice, ClvModel
from churnclv.clv.covariate_paths import CovariatePaths, Stretches
from churnclv.clv.purchase_models.beta_geometric import ModifiedBetaGeoModel
from churnclv.clv.rfm import Histories, read_histories
from churnclv.clv.season import Season, harmonics_of, times_by_day, with_groups
from churnclv.snapshots.history import daily_purchases
from churnclv.testing.market import Market, simulate

CUTOFF = datetime(2012, 1, 1)
PEAK, DAY = 320, 86_400


def market_at(cutoff, **changes):
    """Return rows, daily purchases and labels of 90 days of a market that peaks in November."""
    market = Market(**{"customers": 800, "days": 1000, "birth_days": 500, "alpha": 15.0, "season": 0.6, **changes})
    events = churnclv.read_events(simulate(market, 5).log)
    rows = churnclv.build_features(events, [cutoff], families=["purchase_history", "money"])
    return rows, daily_purchases(events.table, cutoff).execute(), churnclv.read_labels(events, [cutoff], 90)


@pytest.fixture(scope="module")
def seen():
    return market_at(CUTOFF)


@pytest.fixture(scope="module")
def season(seen):
    rows, daily, _ = seen
    return Season.learn_jointly(daily, read_histories(rows), pd.Timestamp(CUTOFF))


def test_the_profile_of_the_market_comes_back(season):
    first = pd.Timestamp("2010-01-01").value // 10**9 / DAY
    days = first + np.arange(365.0)
    rate = np.diff(season.clock(np.r_[days, days[-1] + 1.0]))
    truth = 1.0 + 0.6 * np.cos(2 * np.pi * (np.arange(365) - PEAK) / 365.25)
    assert np.corrcoef(rate, truth)[0, 1] > 0.95
    assert rate.max() / rate.min() == pytest.approx(1.6 / 0.4, rel=0.4)


def test_the_autumn_is_expected_with_it_and_not_without():
    rows, daily, labels = market_at(datetime(2011, 9, 10))
    bought = labels["purchases_in_horizon"].sum()
    off = {}
    for name, follows in (("without", False), ("with", True)):
        model = ClvModel(name="mbgnbd", season=follows, season_in_likelihood=follows).fit(rows, daily=daily)
        off[name] = model.expected_purchases(rows, 90.0).sum() / bought - 1.0
    assert off["without"] < -0.2
    assert abs(off["with"]) < 0.12


def test_columns_for_churn_models_stand_on_plain_time_as_at_earlier_cutoffs(seen, tmp_path):
    rows, daily, _ = seen
    joint = ClvModel(name="mbgnbd", season=True, season_in_likelihood=True).fit(rows, daily=daily)
    plain = ClvModel(name="mbgnbd").fit(rows)
    assert joint.expected_purchases(rows, 90.0).sum() != pytest.approx(
        plain.expected_purchases(rows, 90.0).sum(), rel=0.01
    )
    pd.testing.assert_frame_equal(joint.btyd_columns(rows, 90.0), plain.btyd_columns(rows, 90.0))
    joint.save(tmp_path)
    pd.testing.assert_frame_equal(ClvModel.load(tmp_path).btyd_columns(rows, 90.0), plain.btyd_columns(rows, 90.0))


def test_a_clock_by_day_is_that_of_covariates_over_time(seen):
    """The same clock, day by day as covariates over time, has the same likelihood and derivatives."""
    histories = read_histories(seen[0]).take(slice(0, 60))
    end = np.floor(pd.Timestamp(CUTOFF).value / 1e9 / DAY) - 1.0
    first = end - histories.T
    days = np.arange(first.min(), end)
    basis = harmonics_of(days)

    def part(begin, until):
        inside = (days >= begin[:, None]) & (days < until[:, None])
        return Stretches(inside.astype(float), np.broadcast_to(basis, (60, *basis.shape)))

    last = first + histories.t_x
    none = Stretches(np.zeros((60, 1)), np.zeros((60, 1, 8)))
    paths = CovariatePaths(part(first, last), part(last, first + histories.T), none, np.zeros((60, 8)))
    point = np.r_[np.log([0.6, 20.0, 0.8, 3.0]), np.linspace(-0.2, 0.3, 8)]
    bought = np.arange(8.0)
    by_day = clock_likelihood(histories.x, np.ones(60), times_by_day(harmonics_of, first, last, end), bought, 1)
    by_path = clock_likelihood(histories.x, np.ones(60), lambda c: times_along(paths, c), bought, 1)
    for ours, theirs in zip(by_day(point), by_path(point), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-10)


def test_without_coefficients_the_clock_is_the_calendar(seen):
    histories = read_histories(seen[0])
    moved = Season((0.0,) * 8).move(histories, np.full(len(histories), 15_340.0))
    for name in ("x", "t_x", "T", "log_gaps"):
        assert getattr(moved, name) == pytest.approx(getattr(histories, name), abs=1e-8)


def test_histories_in_seasonal_time_are_those_of_the_clock(season):
    histories = Histories(np.array([0.0, 2.0]), np.array([0.0, 30.0]), np.array([50.0, 100.0]), np.array([0.0, 5.0]))
    moved = season.move(histories, np.full(2, 15_340.0))
    first = np.array([15_339.0 - 50.0, 15_339.0 - 100.0])
    assert pytest.approx(season.length(first, histories.T)) == moved.T
    assert moved.t_x == pytest.approx(season.length(first, histories.t_x))
    assert moved.log_gaps[0] == 0.0
    assert moved.log_gaps[1] == pytest.approx(5.0 + 2.0 * np.log(moved.t_x[1] / 30.0))


def test_less_than_a_year_has_no_season(seen):
    rows, daily, _ = seen
    late = daily[daily["day_number"] > daily["day_number"].max() - 300]
    assert Season.learn_jointly(late, read_histories(rows), pd.Timestamp(CUTOFF)) == Season()


@pytest.mark.parametrize("hours", [0, 12])
def test_later_days_change_no_season(seen, hours):
    rows, daily, _ = seen
    cutoff = pd.Timestamp(CUTOFF) + pd.Timedelta(hours=hours)
    today = pd.Timestamp(CUTOFF).value // 10**9 // DAY
    more = pd.concat(
        [daily, pd.DataFrame({"cohort": [1, 2], "day_number": [today, today + 9], "first": 5, "repeat": 999})]
    )
    known = Season.learn_jointly(daily, read_histories(rows), cutoff)
    assert Season.learn_jointly(more, read_histories(rows), cutoff) == known


def test_a_model_in_seasonal_time_survives_being_saved(tmp_path, seen):
    rows, daily, _ = seen
    model = ClvModel(name="mbgcnbd", season=True, season_in_likelihood=True).fit(rows, daily=daily)
    model.save(tmp_path)
    loaded = ClvModel.load(tmp_path)
    assert loaded.choice == model.choice
    for what in ("expected_purchases", "p_no_purchase", "expected_spend"):
        assert (getattr(loaded, what)(rows, 90.0) == getattr(model, what)(rows, 90.0)).all()
    assert (loaded.p_alive(rows) == model.p_alive(rows)).all()
    expected = model.expected_purchases(rows, 90.0) + model.expected_purchases(rows, 200.0, start_days=90.0)
    assert expected == pytest.approx(model.expected_purchases(rows, 200.0), rel=1e-9)


def test_every_model_of_purchases_is_fitted_in_seasonal_time(seen, season):
    rows, daily, _ = seen
    model = ClvModel(name="mbgnbd", season=True, season_in_likelihood=True).fit(rows, daily=daily)
    assert model.season == season
    start = np.full(len(rows), pd.Timestamp(CUTOFF).value / 1e9 / DAY)
    by_hand = ModifiedBetaGeoModel().fit(season.move(read_histories(rows), start))
    assert model.purchases.parameters == by_hand.parameters


def test_a_choice_of_an_earlier_version_has_no_season_in_the_likelihood():
    stored = ClvModel(name="bgnbd", season=True).get_params()
    del stored["season_in_likelihood"]
    assert ClvChoice.from_dict(stored).season_in_likelihood is False


def test_derivatives_with_cohorts_are_those_of_the_likelihood():
    random = np.random.default_rng(4)
    first = random.integers(15_000, 15_300, 30).astype(float)
    last = first + random.integers(0, 200, 30)
    x = np.where(last > first, random.poisson(2.0, 30) + 1.0, 0.0)
    times = with_groups(times_by_day(harmonics_of, first, last, 15_600.0), 8, random.integers(0, 3, 30))
    derivatives = clock_likelihood(x, random.integers(1, 4, 30).astype(float), times, random.normal(size=11), 1)
    point = np.r_[np.log([0.6, 20.0, 0.8, 3.0]), random.normal(0.0, 0.2, 11)]
    _, gradient, hessian = derivatives(point)
    for place in range(len(point)):
        step = np.zeros(len(point))
        step[place] = 1e-5
        up, down = derivatives(point + step), derivatives(point - step)
        assert gradient[place] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-7)
        assert hessian[place] == pytest.approx((up[1] - down[1]) / 2e-5, abs=1e-6)
