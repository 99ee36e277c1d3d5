"""Every column of every built-in family against values worked out by hand on five customers."""

from datetime import datetime
from math import log, sqrt

import numpy as np
import pandas as pd
import pytest

from churnclv.features.dataset import Dataset
from churnclv.features.families import BUILT_IN
from churnclv.features.families.purchase_history import HISTORY_COLUMNS
from churnclv.features.feature_table import NOT_FEATURES, TableDefinition, build_features
from churnclv.features.model_columns import model_columns
from churnclv.features.refund_history import REFUND_COLUMNS
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings

CUTOFF = datetime(2024, 3, 1)
N = None  # null
ELSEWHERE = ("basket", "journey", "engagement", "referral", "treatments", "contract")  # in other files

# days before the cutoff: 29 February is 1, 31 January 30, 1 January 60, 2 December 90, 3 September 180, 1 March 366
LOG = [
    # ann: regular, two orders on 31 January, a refund, one order in the last instant before the cutoff and one at it
    ("ann", "2023-12-02 09:30:00", "order", "10.00", 1),  # Saturday, 90 days ago
    ("ann", "2024-01-31 08:00:00", "order", "20.10", 2),  # Wednesday, 30 days ago
    ("ann", "2024-01-31 19:15:00", "order", "9.90", 1),
    ("ann", "2024-02-10 12:00:00", "refund", "-4.00", -1),  # 20 days ago
    ("ann", "2024-02-29 23:59:59.999999", "order", "5.00", 3),  # Thursday, 1 day ago
    ("ann", "2024-03-01 00:00:00", "order", "1000.00", 9),  # at the cutoff: not seen
    # bob: one purchase, without a quantity
    ("bob", "2024-01-01 00:00:00", "order", "7.00", N),  # Monday, 60 days ago
    # cat: two purchases, each just outside or inside a lookback
    ("cat", "2023-03-01 15:00:00", "order", "20.00", 1),  # Wednesday, 366 days ago
    ("cat", "2023-09-03 05:59:59", "order", "12.50", 2),  # Sunday, 180 days ago
    # dan: a refund of something bought before the log begins
    ("dan", "2024-02-25 10:00:00", "refund", "-3.00", -1),  # 5 days ago
    # eve: one free order, and a refund
    ("eve", "2023-12-01 18:00:00", "order", "0.00", 1),  # Friday, 91 days ago
    ("eve", "2024-01-31 00:00:00", "refund", "-1.00", N),  # 30 days ago
]
CUSTOMERS = ["ann", "bob", "cat", "dan", "eve"]

# days ago: ann 90, 30, 1; bob 60; cat 366, 180; eve 91. Spend: ann 10, 20.10 + 9.90 = 30, 5; bob 7; cat 20, 12.5; eve 0
EXPECTED = {
    "purchase_history": {
        # x: purchases after the first
        "repeat_purchases": (2, 0, 1, N, 0),
        # t_x: ann 90 - 1, cat 366 - 180
        "last_purchase_age_days": (89, 0, 186, N, 0),
        # T: days since the first - 1
        "age_days": (89, 59, 365, N, 90),
        # m: ann's 30 and 5 over 2 repeat purchases
        "mean_repeat_spend": (17.5, 0, 12.5, N, 0),
        # logs to 12 decimals; ann's gaps: ln (90 - 30) and ln (30 - 1); cat's ln (366 - 180)
        "log_gap_days_sum": (4.094344562222 + 3.367295829986, 0, 5.225746673713, N, 0),
    },
    "attributes": {},  # none are declared here; see test_attributes.py
    "recency": {
        "days_since_last_purchase": (1, 60, 180, N, 91),
        "days_since_first_purchase": (90, 60, 366, N, 91),
        "days_since_purchase_before_last": (30, N, 366, N, N),
        "days_since_last_refund": (20, N, N, 5, 30),
    },
    "frequency": {
        # days with an order: 31 January counts once
        "purchases": (3, 1, 2, N, 1),
        # over the days since the first
        "purchases_per_day": (3 / 90, 1 / 60, 2 / 366, N, 1 / 91),
    },
    "money": {
        "spend": (45, 7, 32.5, N, 0),
        # 45 / 3, 7 / 1, 32.5 / 2
        "mean_spend": (15, 7, 16.25, N, 0),
        # ann: 10, 30, 5 around 15: (25 + 225 + 100) / 2 = 175; cat: (20 - 12.5)**2 / 2
        "spend_deviation": (sqrt(175), N, sqrt(28.125), N, N),
        "largest_spend": (30, 7, 20, N, 0),
        "smallest_spend": (5, 7, 12.5, N, 0),
        "last_spend": (5, 7, 12.5, N, 0),
        # last / mean; eve's 0 / 0 is null
        "last_spend_ratio": (5 / 15, 1, 12.5 / 16.25, N, N),
        # ann 4 / 45; eve's 1 / 0 is null
        "refund_share": (4 / 45, 0, 0, N, N),
        # ann's 1, 3 and 3 units over 3 purchases, cat's 1 and 2 over 2
        "units_per_purchase": (7 / 3, N, 1.5, N, 1),
    },
    "cadence": {
        # ann's gaps: 90 - 30 = 60, then 30 - 1 = 29; cat's: 366 - 180 = 186
        "shortest_gap_days": (29, N, 186, N, N),
        "longest_gap_days": (60, N, 186, N, N),
        "last_gap_days": (29, N, 186, N, N),
        "mean_gap_days": (44.5, N, 186, N, N),
        # 2 * 15.5**2 / 1 = 480.5
        "gap_deviation_days": (sqrt(480.5), N, N, N, N),
        "gap_variation": (sqrt(480.5) / 44.5, N, N, N, N),
        # days since the last / mean, / longest
        "overdue_mean_ratio": (1 / 44.5, N, 180 / 186, N, N),
        "overdue_longest_ratio": (1 / 60, N, 180 / 186, N, N),
    },
    "trend": {},
    "calendar": {
        # order lines: ann Saturday, Wednesday twice, Thursday; bob Monday; cat Wednesday, Sunday; eve Friday
        "weekday_monday_share": (0, 1, 0, N, 0),
        "weekday_tuesday_share": (0, 0, 0, N, 0),
        "weekday_wednesday_share": (0.5, 0, 0.5, N, 0),
        "weekday_thursday_share": (0.25, 0, 0, N, 0),
        "weekday_friday_share": (0, 0, 0, N, 1),
        "weekday_saturday_share": (0.25, 0, 0, N, 0),
        "weekday_sunday_share": (0, 0, 0.5, N, 0),
        "weekend_share": (0.25, 0, 0.5, N, 0),
        # 0:00 and 5:59:59 are night, 8:00 and 9:30 morning, 15:00 afternoon, 18:00, 19:15 and 23:59 evening
        "hours_night_share": (0, 1, 0.5, N, 0),
        "hours_morning_share": (0.5, 0, 0, N, 0),
        "hours_afternoon_share": (0, 0, 0.5, N, 0),
        "hours_evening_share": (0.5, 0, 0, N, 1),
        # ann December, January twice, February; bob January; cat March, September; eve December
        "month_01_share": (0.5, 1, 0, N, 0),
        "month_02_share": (0.25, 0, 0, N, 0),
        "month_03_share": (0, 0, 0.5, N, 0),
        "month_04_share": (0, 0, 0, N, 0),
        "month_05_share": (0, 0, 0, N, 0),
        "month_06_share": (0, 0, 0, N, 0),
        "month_07_share": (0, 0, 0, N, 0),
        "month_08_share": (0, 0, 0, N, 0),
        "month_09_share": (0, 0, 0.5, N, 0),
        "month_10_share": (0, 0, 0, N, 0),
        "month_11_share": (0, 0, 0, N, 0),
        "month_12_share": (0.25, 0, 0, N, 1),
        # ann's 1/2, 1/4, 1/4: ln 2 / 2 + 2 * ln 4 / 4 = 1.5 ln 2; halves: ln 2
        "weekday_entropy": (1.5 * log(2), 0, log(2), N, 0),
        "hours_entropy": (log(2), 0, log(2), N, 0),
        "month_entropy": (1.5 * log(2), 0, log(2), N, 0),
    },
}

# lookbacks 30, 90, 180, 365 and half-lives 30, 90
EXPECTED_BY_DEFAULT = {
    "frequency": {
        # the last day of a lookback is inside: ann's 30, bob's 60, cat's 180; cat's 366 and, at 90, eve's 91 are not
        "purchases_last_30_days": (2, 0, 0, N, 0),
        "purchases_last_90_days": (3, 1, 0, N, 0),
        "purchases_last_180_days": (3, 1, 1, N, 1),
        "purchases_last_365_days": (3, 1, 1, N, 1),
    },
    "money": {
        "spend_last_30_days": (35, 0, 0, N, 0),
        "spend_last_90_days": (45, 7, 0, N, 0),
        "spend_last_180_days": (45, 7, 12.5, N, 0),
        "spend_last_365_days": (45, 7, 12.5, N, 0),
    },
    "trend": {
        # 1 to 30 days ago less 31 to 60: bob's 60 is in the second
        "purchase_change_30_days": (2, -1, 0, N, 0),
        # 1 to 90 less 91 to 180: cat's 180 and eve's 91 are in the second
        "purchase_change_90_days": (3, 1, -1, N, -1),
        # 1 to 180 less 181 to 360: cat's 366 is in neither
        "purchase_change_180_days": (3, 1, 1, N, 1),
        # 1 to 365 less 366 to 730: cat 1 - 1
        "purchase_change_365_days": (3, 1, 0, N, 1),
        # weights 2**-3, 2**-1, 2**(-1/30) = .977159968434; 2**-2; 2**(-366/30) = .000212536759, 2**-6; 2**(-91/30)
        "decayed_purchases_30_days": (1.602159968434, 0.25, 0.015837536759, N, 0.122144996054),
        # 10 * .125 + 30 * .5 + 4.88579984; 7 * .25; 20 * .000212536759 = .00425074 and 12.5 * .015625 = .1953125
        "decayed_spend_30_days": (21.13579984, 1.75, 0.19956324, N, 0),
        # weights 2**-1, 2**(-1/3) = .793700525984, 2**(-1/90) = .992327946263; 2**(-2/3); .059677600244, 2**-2; .496
        "decayed_purchases_90_days": (2.286028472247, 0.629960524947, 0.309677600244, N, 0.496163973131),
        # 5 + 23.81101578 + 4.96163973; 7 * .629960524947; 1.19355200 + 3.125
        "decayed_spend_90_days": (33.77265551, 4.40972367, 4.318552, N, 0),
    },
}

OTHER_SETTINGS = {"lookback_days": [1, 60], "half_life_days": [15]}
EXPECTED_OTHERWISE = {
    "frequency": {
        "purchases_last_1_days": (1, 0, 0, N, 0),
        "purchases_last_60_days": (2, 1, 0, N, 0),
    },
    "money": {
        "spend_last_1_days": (5, 0, 0, N, 0),
        "spend_last_60_days": (35, 7, 0, N, 0),
    },
    "trend": {
        # 1 day ago less 2 days ago
        "purchase_change_1_days": (1, 0, 0, N, 0),
        # 1 to 60 less 61 to 120: ann 2 - 1, bob 1, eve 0 - 1
        "purchase_change_60_days": (1, 1, 0, N, -1),
        # weights 2**-6, 2**-2, 2**(-1/15) = .95484160391; 2**-4; 2**(-366/15) = .000000045172, 2**-12; 2**(-91/15)
        "decayed_purchases_15_days": (1.22046660391, 0.0625, 0.000244185797, N, 0.014919400061),
        # .15625 + 7.5 + 4.77420802; 7 / 16; .00000090 + .00305176
        "decayed_spend_15_days": (12.43045802, 0.4375, 0.00305266, N, 0),
    },
}

# always there for the models of value, never learned from by churn models
REFUND_HISTORY = {
    "settled_spend": (45, 7, 32.5, 0, 0),
    # ann's 4; dan's undoes an order that the log does not have; eve's 1 is more than she spent
    "returned_spend": (4, 0, 0, 0, 0),
    "returns": (1, 0, 0, 0, 1),
    # ann: 10 February less 31 January; eve: 31 January less 1 December
    "return_delay_days": (10, 0, 0, 0, 61),
}


def as_rows(log):
    return [dict(zip(("customer_id", "timestamp", "kind", "amount", "quantity"), row, strict=True)) for row in log]


def features(events, cutoff=CUTOFF, **settings):
    chosen = FeatureSettings(**{"families": list(EXPECTED), **settings})
    return build_features(events, "", TableDefinition((cutoff,), chosen, WindowSettings()))


def assert_columns(frame, expected):
    for name, values in expected.items():
        wanted = np.array([np.nan if value is None else value for value in values], dtype=float)
        np.testing.assert_allclose(frame[name].to_numpy(), wanted, rtol=1e-14, atol=0, err_msg=name)


@pytest.mark.parametrize(
    ("settings", "windowed"),
    [({}, EXPECTED_BY_DEFAULT), (OTHER_SETTINGS, EXPECTED_OTHERWISE)],
    ids=["default", "other"],
)
@pytest.mark.parametrize("family", list(EXPECTED))
def test_family(connection, write_events, family, settings, windowed):
    expected = {**EXPECTED[family], **windowed.get(family, {})}
    frame = features(write_events(connection, as_rows(LOG)), families=[family], **settings)
    assert frame["customer_id"].tolist() == CUSTOMERS
    assert (frame["cutoff"] == CUTOFF).all()
    produced = set(frame.columns) - set(NOT_FEATURES)
    assert produced == set(expected) | set(EXPECTED["purchase_history"]) | set(REFUND_HISTORY)
    assert_columns(frame, expected | REFUND_HISTORY)


def test_every_built_in_family_has_its_values_above():
    assert set(EXPECTED) | set(ELSEWHERE) == set(BUILT_IN)


def test_all_families_in_one_table(connection, write_events):
    frame = features(write_events(connection, as_rows(LOG)))
    expected = {**REFUND_HISTORY}
    for values in (*EXPECTED.values(), *EXPECTED_BY_DEFAULT.values()):
        expected |= values
    assert set(frame.columns) == {*expected, *NOT_FEATURES}
    assert_columns(frame, expected)
    assert (frame[list(expected)].dtypes == np.float64).all()
    # dan never ordered
    assert frame["in_population"].tolist() == [True, True, True, False, True]


def test_history_is_learnt_from_only_where_it_is_listed(connection, write_events):
    hidden = FeatureSettings(families=["recency"])
    frame = build_features(
        write_events(connection, as_rows(LOG)), "", TableDefinition((CUTOFF,), hidden, WindowSettings())
    )
    assert model_columns(frame.columns, hidden.families) == list(EXPECTED["recency"])
    listed = FeatureSettings(families=["recency", "purchase_history"])
    assert model_columns(frame.columns, listed.families) == [*EXPECTED["purchase_history"], *EXPECTED["recency"]]


def test_one_function_decides_which_columns_a_churn_model_sees():
    history, refunds = HISTORY_COLUMNS, REFUND_COLUMNS
    columns = ["customer_id", "cutoff", "in_population", *history, "orders_per_month", *refunds]
    assert model_columns(columns, ["frequency"]) == ["orders_per_month"]
    assert model_columns(columns, ["purchase_history", "frequency"]) == [*history, "orders_per_month"]
    assert model_columns(columns, ["frequency"], ["btyd_p_alive"]) == ["orders_per_month", "btyd_p_alive"]
    table = ["customer_id", "cutoff", "in_population", "tenure", history[0], refunds[0]]
    assert model_columns(table, None) == ["tenure", history[0], refunds[0]]  # a table's own columns may have any name


def test_a_data_set_with_columns_of_value_models_hides_them_where_settings_say_so():
    rows = pd.DataFrame({"customer_id": ["a", "b"], "x": [1.0, 2.0]})
    plain = Dataset(rows, pd.DataFrame({"churned": [0, 1]}), ["x"], np.arange(2), pd.Series([0, 0]))
    added = pd.DataFrame({"btyd_p_alive": [0.5, 0.7]}, index=[7, 8])
    assert plain.with_columns(added).names == ["x", "btyd_p_alive"]
    hidden = plain.with_columns(added, seen=False)
    assert hidden.names == ["x"]
    assert hidden.features["btyd_p_alive"].tolist() == [0.5, 0.7]


def test_a_log_without_amounts_has_no_money(connection, write_events):
    log = [(customer, moment, kind, N, quantity) for customer, moment, kind, _, quantity in LOG]
    frame = features(write_events(connection, as_rows(log)))
    money = {*EXPECTED["money"], *EXPECTED_BY_DEFAULT["money"], "decayed_spend_30_days", "decayed_spend_90_days"}
    assert frame[sorted(money - {"units_per_purchase"})].isna().all(axis=None)
    assert_columns(frame, {"mean_repeat_spend": (0, 0, 0, N, 0), "purchases": EXPECTED["frequency"]["purchases"]})


@pytest.mark.parametrize(("price", "days"), [("0.07", 3), ("0.10", 7), ("33.33", 13), ("1049.97", 28)])
def test_equal_spends_deviate_by_exactly_nothing(connection, write_events, price, days):
    log = [("ann", f"2024-02-{day:02} 10:00:00", "order", price, 1) for day in range(1, days + 1)]
    frame = features(write_events(connection, as_rows(log)), families=["money"])
    assert frame["spend_deviation"].tolist() == [0.0]
    assert frame["mean_spend"].tolist() == [pytest.approx(float(price), rel=1e-15)]


def test_large_spends(connection, write_events):
    log = [("ann", f"2024-02-0{day} 10:00:00", "order", price, 1) for day, price in ((1, "98765432109.5"), (2, "0.5"))]
    frame = features(write_events(connection, as_rows(log)))
    # 98765432109 / 2 + .5, and the difference / sqrt(2)
    assert_columns(frame, {"spend": [98765432110.0], "mean_spend": [49382716055.0], "largest_spend": [98765432109.5]})
    assert frame["spend_deviation"].tolist() == [pytest.approx(98765432109 / sqrt(2), rel=1e-14)]


def test_spends_one_cent_apart_deviate(connection, write_events):
    log = [("ann", f"2024-02-0{day} 10:00:00", "order", price, 1) for day, price in ((1, "1000.00"), (2, "1000.01"))]
    frame = features(write_events(connection, as_rows(log)), families=["money"])
    # .01 / sqrt(2); the products are 4e6 and rounded at 2**-52 relative, which leaves 1e-5 of their difference of 1e-4
    assert frame["spend_deviation"].tolist() == [pytest.approx(0.01 / sqrt(2), rel=1e-5)]


def test_a_cutoff_within_a_day(connection, write_events):
    frame = features(write_events(connection, as_rows(LOG)), cutoff=datetime(2024, 1, 31, 12)).set_index("customer_id")
    assert set(frame.index) == {"ann", "bob", "cat", "eve"}
    # 31 January up to noon is day 1: ann's order of 8:00 is in it, that of 19:15 is not; 2 December is 61 days ago
    assert frame.loc["ann", "days_since_last_purchase"] == 1
    assert frame.loc["ann", "days_since_first_purchase"] == 61
    assert frame.loc["ann", "last_spend"] == 20.1
    assert frame.loc["ann", "age_days"] == 60
    assert frame.loc["ann", "purchases_per_day"] == 2 / 61
    # eve's refund of midnight is in day 1 as well
    assert frame.loc["eve", "days_since_last_refund"] == 1


def test_a_cutoff_is_exact_to_the_microsecond(connection, write_events):
    events = write_events(connection, as_rows([("ann", "2024-01-31 00:00:00.000001", "order", "1.00", 1)]))
    assert len(features(events, cutoff=datetime(2024, 1, 31, 0, 0, 0, 1), families=["recency"])) == 0
    frame = features(events, cutoff=datetime(2024, 1, 31, 0, 0, 0, 2), families=["recency"])
    # one microsecond of 31 January lies before the cutoff: that is day 1
    assert frame["days_since_last_purchase"].tolist() == [1.0]
