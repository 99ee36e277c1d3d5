"""Covariates of days in a training: what is wrong with a file is one message that names it, and the clock they move."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import churnclv
from churnclv.clv.clv_model import ClvModel
from churnclv.clv.covariate_calendar import Calendar
from churnclv.clv.rfm import read_histories
from churnclv.clv.season import Season
from churnclv.data.settings import Assumed, CalendarSettings, CustomerKind, DataSettings
from churnclv.errors import InputError
from churnclv.pipeline.calendars import calendar_digests, read_calendars
from churnclv.snapshots.history import daily_purchases
from churnclv.testing.calendar_market import START, CalendarMarket, calendar_of, simulate_calendar_market

LOG = SimpleNamespace(start=pd.Timestamp("2011-01-05 10:00"), end=pd.Timestamp("2011-02-01"))


def settings_of(**calendars):
    return DataSettings(path="orders.csv", covariates=calendars)


def write(folder, text, **chosen):
    (folder / "calendar.csv").write_text(text)
    return settings_of(promotion=CalendarSettings(str(folder / "calendar.csv"), **chosen))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day,value\n2011-01-01,1\n2011-02-01,0\n",
         r"(?s)data.covariates.promotion: calendar.csv has no column date\..*columns: day, value; name them"),
        ("date,value\n2011-01-01,1\nsoon,0\n", r"calendar.csv, row 2, column 'date': 'soon' is no date"),
        ("date,value\n2011-01-01,1\n2011-01-01,0\n", r"calendar.csv, row 2: the date .* is there twice"),
        ("date,value\n2011-01-01,1\n2011-01-15,2\n2011-01-20,much\n",
         r"(?s)row 3, column 'value': 'much' is no number, as others are.*leave the cell empty"),
        ("date,value\n2011-01-10,1\n2011-02-01,0\n",
         r"(?s)calendar.csv begins on 2011-01-10, after the first event, of 2011-01-05.*add the days before"),
        ("date,value\n2011-01-01,1\n2011-01-10,0\n",
         r"(?s)calendar.csv ends on 2011-01-18, before the last event, of 2011-01-31.*add the days until then"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_an_error_that_names_file_row_and_remedy(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_calendars(write(tmp_path, text), LOG)


def test_a_file_may_name_its_columns_and_hold_texts(tmp_path):
    text = "day,offer\n2011-01-01,none\n2011-01-15,sale\n2011-01-29,none\n"
    (calendar,) = read_calendars(write(tmp_path, text, date="day", value="offer", assumed=Assumed.zero), LOG)
    assert calendar.names == ["promotion"]
    assert calendar.frame["promotion"].tolist() == ["none", "sale", "none"]
    assert calendar.assumed == "zero"


def test_no_covariates_are_no_calendars():
    assert read_calendars(settings_of(), LOG) == ()
    assert calendar_digests(settings_of()) == []


def test_what_a_file_holds_is_part_of_a_run(tmp_path):
    first = calendar_digests(write(tmp_path, "date,value\n2011-01-01,1\n"))
    assert calendar_digests(write(tmp_path, "date,value\n2011-01-01,0\n")) != first


def test_settings_of_a_covariate_are_checked_without_a_file():
    with pytest.raises(InputError, match=r"(?s)data.covariates.promotion.path is not set.*=calendar.csv"):
        settings_of(promotion=CalendarSettings())
    with pytest.raises(InputError, match=r"data.covariates are for a log of orders"):
        replace(settings_of(promotion=CalendarSettings("calendar.csv")), shape=CustomerKind.labelled)
    with pytest.raises(InputError, match=r"data.covariates holds the name 'My promotion'"):
        settings_of(**{"My promotion": CalendarSettings("calendar.csv")})
    with pytest.raises(InputError, match=r"data.covariates.promotion.path: nowhere.csv: no such file"):
        read_calendars(settings_of(promotion=CalendarSettings("nowhere.csv")), LOG)


# --- the clock ---

MARKET = CalendarMarket(customers=250, days=600, alpha=20.0)
CUTOFF = START + pd.Timedelta(days=540)
PROMOTED = (np.arange(MARKET.days) // 14 % 5 == 0).astype(float)


@pytest.fixture(scope="module")
def shop():
    """Rows, daily purchases and a calendar of a shop whose promotions multiply purchases by 2.5."""
    events = churnclv.read_events(simulate_calendar_market(MARKET, np.exp(np.log(2.5) * PROMOTED), seed=1))
    rows = churnclv.build_features(events, [CUTOFF], families=["purchase_history", "money"])
    daily = daily_purchases(events.table, CUTOFF.to_pydatetime()).execute()
    return rows, daily, Calendar.read(calendar_of(MARKET, promotion=PROMOTED))


def learn(shop, *calendars):
    rows, daily, _ = shop
    return Season.learn_jointly(daily, read_histories(rows), CUTOFF, calendars)


@pytest.fixture(scope="module")
def promoted(shop):
    return learn(shop, shop[2])


def test_the_effect_of_promotions_comes_back(promoted):
    row = promoted.calendar.table().iloc[0]
    assert row["low"] < np.log(2.5) < row["high"]
    assert row["sentence"].startswith("One more unit of promotion multiplies the purchase rate by ")


def test_days_of_promotions_last_longer(promoted):
    day = (START - pd.Timestamp(0)).days + np.array([7.0, 21.0])  # within the first promotion, and after it
    length = promoted.length(day, 1.0) / replace(promoted, calendar=None).length(day, 1.0)
    factor = np.exp(promoted.calendar.coefficients[0])
    assert length[0] / length[1] == pytest.approx(factor, rel=1e-6)


def test_the_clock_goes_on_after_the_calendar_and_adds_up(promoted):
    days = promoted.calendar.first_day + np.array([-5.0, 0.0, 300.25, 900.0, 5_000.0, 40_000.0])
    ticks = promoted.clock(days)
    assert (np.diff(ticks) > 0).all()
    one, two = promoted.length(days, 33.3), promoted.length(days + 33.3, 66.6)
    assert promoted.length(days, 99.9) == pytest.approx(one + two, rel=1e-9)


def test_future_values_and_later_rows_change_no_coefficient(shop, promoted):
    table = calendar_of(MARKET, promotion=np.where(np.arange(MARKET.days) >= 540, 7.0, PROMOTED))
    other = learn(shop, Calendar.read(table))
    assert other.calendar.coefficients == promoted.calendar.coefficients
    assert other.coefficients == promoted.coefficients
    day = np.array([(CUTOFF - pd.Timestamp(0)).days + 10.0])
    assert other.length(day, 5.0) != promoted.length(day, 5.0)


def test_two_calendars_are_estimated_together(shop, promoted):
    noise = np.random.default_rng(0).normal(size=MARKET.days)
    both = learn(shop, shop[2], Calendar.read(calendar_of(MARKET, weather=noise)))
    table = both.calendar.table().set_index("covariate")
    assert table.loc["promotion", "coefficient"] == pytest.approx(promoted.calendar.coefficients[0], abs=0.1)
    assert abs(table.loc["weather", "coefficient"]) < 4 * table.loc["weather", "standard_error"]


def test_a_model_with_a_calendar_survives_being_saved(tmp_path, shop):
    rows, daily, calendar = shop
    chosen = {"season": True, "season_in_likelihood": True, "calendar": True}
    model = ClvModel(name="pareto_nbd", **chosen).fit(rows, daily=daily, calendars=(calendar,))
    model.save(tmp_path)
    loaded = ClvModel.load(tmp_path)
    assert loaded.season == model.season
    assert (loaded.expected_purchases(rows, 90.0) == model.expected_purchases(rows, 90.0)).all()
    assert set(model.coefficient_table()["covariate"]) == {"promotion"}
    without = ClvModel(name="pareto_nbd", **chosen | {"calendar": False}).fit(rows, daily=daily, calendars=(calendar,))
    assert without.season.calendar is None
