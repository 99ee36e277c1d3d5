"""Totals: what is expected of everybody, against what happened and against the models of the run, by hand."""

from datetime import datetime

import pandas as pd
import pytest

from churnclv.bundle.expected_totals import Reference, Totals, past_totals, require_plausible, totals_notices
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.errors import InputError
from churnclv.snapshots.settings import WindowSettings

RECENT = Reference("the last 90 days", Totals(151, 8539.0), Totals(151, 8539.0))


def of(purchases: float, spend: float) -> Reference:
    return Reference("by the model of the run", Totals(purchases, spend), Totals(purchases, spend))


def codes(expected: Totals, *known: Reference) -> list[str]:
    return [notice.message.split(" ")[0] for notice in totals_notices(expected, list(known), 90)]


@pytest.mark.parametrize(
    ("expected", "named"),
    [
        (Totals(133, 7535.0), []),
        (Totals(76, 4300.0), []),  # half of it, and a little more
        (Totals(301, 17000.0), []),
        (Totals(75, 4300.0), ["purchases"]),
        (Totals(151, 4000.0), ["spend"]),
        (Totals(303, 8539.0), ["purchases"]),
        (Totals(14.2, 811.0), ["purchases", "spend"]),
        (Totals(0.0, 0.0), ["purchases", "spend"]),
    ],
)
def test_totals_further_away_than_a_factor_of_two_are_named(expected, named):
    assert codes(expected, RECENT) == named


def test_a_total_between_those_of_a_growing_shop_agrees():
    # 100 customers bought 50 times; now there are 300, who may buy between 50 and 150 times
    growing = Reference("the last 90 days", Totals(50, 500.0), Totals(150, 1500.0))
    assert codes(Totals(110, 1200.0), growing) == []
    assert codes(Totals(310, 1200.0), growing) == ["purchases"]
    assert growing.distance("purchases", Totals(300, 0.0)) == pytest.approx(2.0)
    assert growing.distance("purchases", Totals(10, 0.0)) == pytest.approx(5.0)


def test_the_nearest_of_several_counts_and_few_purchases_show_nothing():
    assert codes(Totals(100, 0.0), of(300, 0.0), of(90, 0.0)) == []
    assert codes(Totals(2, 20.0), of(25, 250.0)) == []  # chance
    assert codes(Totals(2, 20.0)) == []  # a log without a whole window


def test_nothing_bought_lately_is_no_division_by_zero():
    assert codes(Totals(40, 4000.0), of(0, 0.0)) == ["purchases", "spend"]


def test_absurd_totals_are_refused_unless_forced_or_the_model_of_the_run_expects_them_too():
    absurd = Totals(14.2, 811.0)
    with pytest.raises(InputError, match="expect purchases of 14 from all customers within 90 days"):
        require_plausible(absurd, [RECENT, of(150, 8500.0)], 90, forced=False)
    require_plausible(absurd, [RECENT, of(150, 8500.0)], 90, forced=True)
    require_plausible(absurd, [RECENT, of(20, 900.0)], 90, forced=False)
    require_plausible(Totals(133, 7535.0), [RECENT, of(150, 8500.0)], 90, forced=False)


def test_what_happened_is_counted_as_pandas_counts_it():
    random = pd.Series(range(600))
    log = pd.DataFrame(
        {
            "customer_id": [f"c{n % 41}" for n in random],
            "timestamp": pd.Timestamp("2021-01-01") + pd.to_timedelta((random * 37) % 500, unit="D"),
            "amount": 10.0 + random % 7,
        }
    )
    events = read_events(connect(EngineSettings(threads=1)), DataSettings(), log)
    end = datetime(2022, 3, 1)
    found = past_totals("recent", events, end, WindowSettings(horizon_days=60), customers=82)
    start = pd.Timestamp(end) - pd.Timedelta(days=60)
    known = set(log[log["timestamp"] < start]["customer_id"])
    inside = log[(log["timestamp"] >= start) & (log["timestamp"] < end) & log["customer_id"].isin(known)]
    assert found.low.purchases == len(inside[["customer_id", "timestamp"]].drop_duplicates())
    assert found.low.spend == pytest.approx(inside["amount"].sum())
    growth = 82 / len(known)
    assert found.high.purchases == pytest.approx(found.low.purchases * growth)
    assert past_totals("recent", events, datetime(2021, 2, 1), WindowSettings(horizon_days=60), 82) is None
