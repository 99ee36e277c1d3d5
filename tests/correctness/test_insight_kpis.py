"""Key figures against the worked example of CRM teams, and against counts made by hand."""

import pandas as pd
import pytest

from churnclv.data.settings import Columns
from churnclv.report.estimates import mean, share
from churnclv.report.order_periods import OrderPeriods, count_contacts
from churnclv.report.periods import Period
from churnclv.report.section import Missing, Tiles
from churnclv.report.sections.kpis import period_table, render_kpis
from churnclv.report.texts.translation import Translation

ENGLISH, ITALIAN = Translation.of("en"), Translation.of("it")

# Q2: ann, bob, cat with 18,000; Q3: ann, bob again, dan and eve new, one order each, 20,000 in all; cat is lost
WORKED = pd.DataFrame(
    [
        ("ann", "2024-04-10", "6000"), ("bob", "2024-05-02", "7000"), ("cat", "2024-06-30", "5000"),
        ("ann", "2024-07-01", "4000"), ("bob", "2024-08-08", "6000"), ("dan", "2024-09-01", "3000"),
        ("eve", "2024-09-30", "7000"),
    ],
    columns=["customer_id", "timestamp", "amount"],
)  # fmt: skip


def tile(section, name):
    found = [figure for block in section.blocks if isinstance(block, Tiles) for figure in block.figures]
    return next(figure for figure in found if figure.name == name)


def test_the_worked_example_comes_out_exactly(look):
    base = look(WORKED, period=Period.quarter)
    assert base.calendar.start.isoformat() == "2024-07-01T00:00:00"
    section = render_kpis(base, ENGLISH, None)
    shown = {name: ENGLISH.write(tile(section, name).value, tile(section, name).style) for name in
             ("retention_rate", "churn_rate", "aov", "revenue", "new_customers", "customers")}  # fmt: skip
    assert shown == {"retention_rate": "66.7%", "churn_rate": "33.3%", "aov": "5,000", "revenue": "20,000",
                     "new_customers": "2", "customers": "4"}  # fmt: skip
    kept, lost = tile(section, "retention_rate"), tile(section, "churn_rate")
    assert (kept.value, lost.value, kept.n) == (2 / 3, 1 / 3, 3)
    assert tile(section, "aov").before == 6000
    assert tile(section, "revenue").before == 18_000
    assert tile(section, "contact_growth").value == pytest.approx(5 / 3 - 1)


def test_italian_writes_the_same_figures_its_own_way(look):
    section = render_kpis(look(WORKED, period=Period.quarter), ITALIAN, None)
    assert ITALIAN.write(tile(section, "retention_rate").value, "%") == "66,7%"
    assert ITALIAN.write(tile(section, "aov").value, "money") == "5.000"
    assert tile(section, "aov").period == "3º trimestre 2024"


# ids are orders: o1 has two lines; ann returns in March after a February without an order, so she was won back
LOG = pd.DataFrame(
    [
        ("ann", "2024-01-05", "10.00", "o1", 1), ("ann", "2024-01-05", "5.00", "o1", 2),
        ("ann", "2024-01-20", "7.00", "o2", 1), ("bob", "2024-01-31 23:59:59", "8.00", "o3", 4),
        ("bob", "2024-02-01", "4.00", "o4", 1), ("bob", "2024-02-03", "-1.50", "o5", -1),
        ("ann", "2024-03-10", "6.00", "o6", 1), ("cat", "2024-03-31", "2.00", "o7", 3),
        ("dan", "2024-04-01", "99.00", "o8", 1),
    ],
    columns=["customer_id", "timestamp", "amount", "order_id", "quantity"],
)  # fmt: skip
COLUMNS = {"columns": Columns(order_id="order_id", quantity="quantity")}


def test_every_count_of_every_month_by_hand(look):
    found = OrderPeriods.of(look(LOG, COLUMNS, as_of="2024-04-01"))
    table = period_table(found).set_index("number")
    january, february, march = (2024 * 12 + month for month in range(3))
    assert list(table.index) == [march, february, january]
    assert list(table["customers"].loc[[january, february, march]]) == [2, 1, 2]
    assert list(table["new_customers"].loc[[january, february, march]]) == [2, 0, 1]
    # of January's two, bob ordered in February; of February's one, nobody in March
    assert list(table["retention_rate"].loc[[february, march]]) == [0.5, 0.0]
    assert pd.isna(table["retention_rate"].loc[january])
    assert list(table["repeat_rate"].loc[[january, february, march]]) == [0.5, 0.0, 0.0]
    # January: 30 in 3 orders of 8 units; February: 4 less 1.50 refunded, one order; March 8 in two
    assert list(table["revenue"].loc[[january, february, march]]) == [30.0, 2.5, 8.0]
    assert list(table["aov"].loc[[january, february, march]]) == [10.0, 2.5, 4.0]
    assert list(table["units_per_order"].loc[[january, february, march]]) == [8 / 3, 1.0, 2.0]


def test_what_happens_from_the_day_of_the_report_on_is_not_seen(look):
    early = period_table(OrderPeriods.of(look(LOG, COLUMNS, as_of="2024-04-01")))
    without = period_table(OrderPeriods.of(look(LOG.iloc[:-1], COLUMNS, as_of="2024-04-01")))
    pd.testing.assert_frame_equal(early, without)


def test_contacts_are_who_was_seen_and_did_not_unsubscribe(look):
    log = pd.DataFrame(
        [("ann", "2024-01-05", "1", "order"), ("bob", "2024-01-06", "", "open"),
         ("ann", "2024-02-02", "", "unsubscribe"),
         ("cat", "2024-02-03", "", "click"), ("dan", "2024-02-04", "2", "order")],
        columns=["customer_id", "timestamp", "amount", "kind"],
    )  # fmt: skip
    counted = count_contacts(look(log, {"columns": Columns(kind="kind")}, as_of="2024-03-01"))
    assert list(counted) == [2, 3]


def test_the_cost_of_a_new_customer(look, tmp_path):
    costs = tmp_path / "costs.csv"
    costs.write_text("date,cost\n2024-01-10,30\n2024-01-31,10\n2024-03-01,9\n")
    found = OrderPeriods.of(look(LOG, COLUMNS, as_of="2024-04-01", costs=str(costs)))
    assert period_table(found)["cac"].tolist()[::2] == [9.0, 20.0]  # March: 9 for cat; January: 40 for two
    assert pd.isna(period_table(found)["cac"][1])  # nobody was new in February


def test_a_log_of_one_running_period_says_so(look):
    section = render_kpis(look(WORKED.iloc[:2], period=Period.year), ENGLISH, None)
    said = [block.text for block in section.blocks if isinstance(block, Missing)]
    assert "2024 is still running" in said[0]
    assert tile(section, "retention_rate").value is None
    assert tile(section, "clv").why == ENGLISH.text("why.scores")


def test_weeks_begin_on_monday_and_periods_are_neighbours():
    for period in Period:
        for number in range(period.number_of(pd.Timestamp("2023-12-20")), period.number_of(pd.Timestamp("2025-03-01"))):
            assert period.number_of(period.start_of(number)) == number
            assert period.start_of(number) < period.start_of(number + 1)
    assert Period.week.start_of(Period.week.number_of(pd.Timestamp("2024-02-29"))).isoformat()[:10] == "2024-02-26"


@pytest.mark.parametrize("period", list(Period))
def test_the_engine_numbers_periods_as_the_calendar_does(look, period):
    days = pd.date_range("2023-12-25", "2025-01-10", freq="D")
    log = pd.DataFrame({"customer_id": "ann", "timestamp": days.astype(str), "amount": "1"})
    base = look(log, period=period)
    found = base.days.select(base.days.date, number=period.numbers(base.days.date)).execute()
    assert [period.number_of(day.to_pydatetime()) for day in found["date"]] == list(found["number"])


def test_wilson_and_means_by_hand():
    found = share(2, 3)  # (2/3 + 3.8415/6 +- 1.96 sqrt(2/27 + 3.8415/36)) / (1 + 3.8415/3)
    assert (found.value, found.n) == (2 / 3, 3)
    assert found.low == pytest.approx(0.20766, abs=1e-5)
    assert found.high == pytest.approx(0.93851, abs=1e-5)
    assert share(0, 10).low == 0.0
    assert share(10, 10).high == 1.0
    # 1, 2, 6: mean 3, variance 7, standard error sqrt(7/3)
    assert mean(9.0, 41.0, 3).high == pytest.approx(3 + 1.959964 * (7 / 3) ** 0.5)
