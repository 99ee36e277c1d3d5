"""Covariates that change over time against numbers by hand: the calendar, its paths, what users do wrong."""

import numpy as np
import pandas as pd
import pytest

import churnclv
from churnclv.clv.covariate_calendar import Calendar, PurchaseDays, encode_paths
from churnclv.clv.covariates import Design, DesignColumn
from churnclv.errors import InputError

PLAIN = Design((DesignColumn("price", None, "", 0.0, 1.0, 0.0, 1e6),), {})  # encoded as it is


def days_of(*purchases, end):
    """Return purchase days of customers, each a list of day numbers."""
    repeats = [(place, day) for place, days in enumerate(purchases) for day in days[1:]]
    place, day = (np.array(part, dtype=float) for part in zip(*repeats, strict=True)) if repeats else np.zeros((2, 0))
    first, last = (np.array([days[which] for days in purchases], dtype=float) for which in (0, -1))
    ids = pd.Index([f"C{n}" for n in range(len(purchases))])
    return PurchaseDays(ids, first, last, float(end), place.astype(int), day)


def calendar_of(rows, assumed="zero", customers=None):
    dates = pd.Timestamp(0) + pd.to_timedelta([day for day, _ in rows], unit="D")
    table = pd.DataFrame({"date": dates, "price": [float(value) for _, value in rows]})
    return Calendar.read(table if customers is None else table.assign(customer_id=customers), assumed=assumed)


def pieces(part, row=0):
    """Return the lengths and values of a customer's stretches."""
    used = part.length[row] > 0
    return list(zip(part.length[row][used].tolist(), part.z[row, used, 0].tolist(), strict=True))


def test_a_calendar_is_cut_at_the_last_purchase_and_at_the_cutoff():
    """Values of days 0 to 9, 10 to 19, 20 to 29; purchases on days 2, 10 and 15; the last whole day is 24."""
    calendar = calendar_of([(0, 5), (10, 7), (20, 9)])
    paths = encode_paths(calendar, PLAIN, days_of([2, 10, 15], end=24), np.zeros((1, 0)), 1.0)
    assert pieces(paths.before) == [(8.0, 5.0), (5.0, 7.0)]
    assert pieces(paths.silent) == [(5.0, 7.0), (4.0, 9.0)]
    assert pieces(paths.ahead) == [(6.0, 9.0), (np.inf, 0.0)]  # it ends after a period of 10 days, then zero is assumed
    assert paths.bought.tolist() == [[14.0]]  # on the day on which a value begins it holds


def test_weeks_are_a_unit():
    calendar = calendar_of([(0, 5), (7, 7)])
    paths = encode_paths(calendar, PLAIN, days_of([0], end=10), np.zeros((1, 0)), 7.0)
    assert pieces(paths.silent) == [(1.0, 5.0), (pytest.approx(3 / 7), 7.0)]


def test_attributes_are_columns_that_stay():
    paths = encode_paths(calendar_of([(0, 5), (10, 7)]), PLAIN, days_of([1, 3, 12], end=15), np.array([[0.5]]), 1.0)
    assert (paths.silent.z[..., 0] == 0.5).all()
    assert paths.bought.tolist() == [[1.0, 12.0]]


def test_the_last_year_is_repeated_for_two_years():
    rows = [(day, day) for day in range(0, 400, 10)]
    paths = encode_paths(calendar_of(rows, "last_year"), PLAIN, days_of([0], end=399), np.zeros((1, 0)), 1.0)
    ahead = pieces(paths.ahead)
    assert ahead[0] == (1.0, 39.0 * 10)  # day 399 has a value of its own
    assert ahead[1] == (4.0, 30.0)  # from day 400 on as from day 36 on, whose value is that of day 30
    assert ahead[2] == (10.0, 40.0)
    assert sum(length for length, _ in ahead[:-1]) == 1.0 + 2 * 364
    assert ahead[-1] == (np.inf, 0.0)  # the mean, which is encoded as 0


def test_customers_may_have_calendars_of_their_own():
    calendar = calendar_of([(0, 1), (5, 2), (0, 3), (8, 4)], customers=["C1", "C1", "C0", "C0"])
    paths = encode_paths(calendar, PLAIN, days_of([1, 6], [2, 3, 7], end=9), np.zeros((2, 0)), 1.0)
    assert [pieces(paths.before, row) for row in (0, 1)] == [[(5.0, 3.0)], [(3.0, 1.0), (2.0, 2.0)]]
    assert [pieces(paths.silent, row) for row in (0, 1)] == [[(2.0, 3.0), (1.0, 4.0)], [(2.0, 2.0)]]
    assert paths.bought.tolist() == [[3.0], [3.0]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"day": ["2011-01-01"], "promotion": [1]}, r"(?s)the calendar has no column 'date'.*columns: day, promotion"),
        ({"date": ["2011-01-01"]}, "the calendar has no covariate"),
        ({"date": [], "promotion": []}, "the calendar has no rows"),
        ({"date": ["2011-01-01", "soon"], "promotion": [1, 0]}, "row 2, column 'date': 'soon' is no date"),
        ({"date": ["2011-01-01"] * 2, "promotion": [1, 0]}, r"row 2: the date .* is there twice"),
    ],
)
def test_a_faulty_calendar_is_an_error_that_names_the_row(table, message):
    with pytest.raises(InputError, match=message):
        Calendar.read(pd.DataFrame(table))


def test_an_assumption_is_one_of_two():
    with pytest.raises(InputError, match=r"(?s)assumed is 'guess'.*last_year, zero"):
        calendar_of([(0, 1)], "guess")


# --- the notebook's calls ---

ORDERS = pd.DataFrame({
    "customer_id": ["a", "a", "b", "c", "c", "c"] * 8, "amount": 10.0,
    "timestamp": pd.Timestamp("2011-01-03") + pd.to_timedelta([0, 40, 10, 5, 30, 60] * 8, unit="D"),
})  # fmt: skip
ORDERS["customer_id"] += np.repeat(np.arange(8), 6).astype(str)
CALENDAR = pd.DataFrame({"date": pd.date_range("2011-01-01", periods=40, freq="7D"), "promotion": [0.0, 1.0] * 20})
CUTOFF = "2011-06-01"


@pytest.fixture(scope="module")
def events():
    return churnclv.read_events(ORDERS)


@pytest.fixture(scope="module")
def rfm(events):
    return churnclv.summarise_rfm(events, CUTOFF)


def test_covariates_over_time_belong_to_the_customers(events, rfm):
    dynamic = churnclv.DynamicCovariates(events, CALENDAR, CUTOFF)
    model = churnclv.ParetoNBD(penalty=0.01).fit(rfm, dynamic=dynamic)
    pd.testing.assert_series_equal(model.expected_purchases(rfm, 30, dynamic=dynamic), model.expected_purchases(30))
    with pytest.raises(InputError, match=r"(?s)the model has covariates that change.*give dynamic=DynamicCovariates"):
        model.expected_purchases(rfm, 30)
    with pytest.raises(InputError, match=r"(?s)NBD has no covariates"):
        churnclv.NBD().fit(rfm, dynamic=dynamic)
    with pytest.raises(InputError, match="CondensedBetaGeo has no covariates that change over time"):
        churnclv.CondensedBetaGeo().fit(rfm, dynamic=dynamic)
    with pytest.raises(InputError, match=r"(?s)move only purchases in bgnbd.*ParetoNBD for leaving"):
        churnclv.BetaGeo(covariates={"dropout": ["promotion"]}).fit(rfm, dynamic=dynamic)
    with pytest.raises(InputError, match=r"(?s)no covariate weather.*there are promotion"):
        churnclv.ParetoNBD(covariates=["weather"]).fit(rfm, dynamic=dynamic)
    X = pd.DataFrame({"promotion": 1.0}, index=rfm.index)
    with pytest.raises(InputError, match="promotion is in X and in the calendar"):
        churnclv.ParetoNBD().fit(rfm, X, dynamic=dynamic)
    group = pd.DataFrame({"group": [0.0, 1.0] * 12}, index=rfm.index)
    both = churnclv.BetaGeo(penalty=0.01).fit(rfm, group, dynamic=dynamic)
    assert both.model_.coefficient_names == ("purchase.group", "purchase.promotion")
    with pytest.raises(InputError, match=r"(?s)the model has the covariate group, which is not given.*give X"):
        both.expected_purchases(rfm, 30, dynamic=dynamic)


def test_the_summary_is_that_of_the_events(events, rfm):
    dynamic = churnclv.DynamicCovariates(events, CALENDAR, CUTOFF)
    with pytest.raises(InputError, match=r"(?s)column 'T', row 1: .* the events have .* before the cutoff"):
        churnclv.ParetoNBD().fit(rfm.assign(T=rfm["T"] + 1), dynamic=dynamic)
    with pytest.raises(InputError, match="24 of 24 customers of the summary have no order before the cutoff"):
        churnclv.ParetoNBD().fit(rfm.reset_index(drop=True), dynamic=dynamic)
    with pytest.raises(InputError, match="several rows for one customer"):
        churnclv.ParetoNBD().fit(pd.concat([rfm, rfm]), dynamic=dynamic)
    with pytest.raises(InputError, match="unit_days is 0"):
        churnclv.DynamicCovariates(events, CALENDAR, CUTOFF, unit_days=0)


def test_the_calendar_covers_the_past(events, rfm):
    late, short = CALENDAR.iloc[3:], CALENDAR.iloc[:10]
    with pytest.raises(
        InputError, match="begins after the first purchase of 24 of 24 customers, the earliest of 2011-01-03"
    ):
        churnclv.ParetoNBD().fit(rfm, dynamic=churnclv.DynamicCovariates(events, late, CUTOFF))
    with pytest.raises(InputError, match=r"the calendar ends on 2011-03-11, before the cutoff, 2011-06-01"):
        churnclv.ParetoNBD().fit(rfm, dynamic=churnclv.DynamicCovariates(events, short, CUTOFF))
    own = CALENDAR.assign(customer_id="a0")
    with pytest.raises(InputError, match="the calendar has no row for 23 of 24 customers"):
        churnclv.ParetoNBD().fit(rfm, dynamic=churnclv.DynamicCovariates(events, own, CUTOFF))


def test_what_is_assumed_is_a_sentence(events):
    sentences = [
        churnclv.DynamicCovariates(events, CALENDAR, CUTOFF, assumed=one).assumption for one in ("last_year", "zero")
    ]
    assert sentences == [
        "From 2011-10-08 on, values of promotion are assumed: the same weeks of the year before.",
        "From 2011-10-08 on, values of promotion are assumed: zero.",
    ]
