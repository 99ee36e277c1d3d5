"""Events far beyond all others: a wrong year, a test order, a refund booked years later; and logs that only look so."""

import numpy as np
import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, CustomerKind, DataSettings
from churnclv.data.span import find_gaps
from churnclv.errors import InputError

DAY = pd.Timedelta(days=1)


@pytest.fixture
def log() -> pd.DataFrame:
    """400 orders of 40 customers on the days of 2021."""
    n = np.arange(400)
    moments = pd.Timestamp("2021-01-01") + pd.to_timedelta(n * 364 // 399, unit="D")
    return pd.DataFrame({"customer_id": [f"c{k % 40}" for k in n], "timestamp": moments, "amount": 10.0 + n % 5})


def order(log: pd.DataFrame, *days: str, amount: float = 12.0) -> pd.DataFrame:
    extra = pd.DataFrame({"customer_id": "c7", "timestamp": pd.to_datetime(list(days)), "amount": amount})
    return pd.concat([log, extra], ignore_index=True)


def read(frame: pd.DataFrame, **settings):
    return read_events(connect(EngineSettings(threads=1)), DataSettings(**settings), frame)


@pytest.mark.parametrize(
    ("days", "message", "remedy"),
    [
        (["2024-12-31"], "the last event lies 1,096 days after the one before, which is of", "data.latest=2022-01-01"),
        (["2024-12-31", "2023-05-01"], "the last 2 events lie 486 days after", "data.latest=2022-01-01"),
        (["2011-01-01"], "the first event lies 3,653 days before the others", "data.earliest=2021-01-01"),
    ],
)  # fmt: skip
def test_a_few_events_years_away_are_refused_with_the_setting_that_leaves_them_out(log, days, message, remedy):
    with pytest.raises(InputError, match=message) as caught:
        read(order(log, *days))
    assert remedy in str(caught.value)
    setting, value = remedy.removeprefix("data.").split("=")
    events = read(order(log, *days), **{setting: value})
    assert (str(events.start.date()), str(events.end.date())) == ("2021-01-01", "2022-01-01")


def test_a_refund_booked_years_later_is_refused_too(log):
    with pytest.raises(InputError, match="the last event lies 1,096 days after"):
        read(order(log, "2024-12-31", amount=-12.0))


def test_some_months_away_is_a_notice(log):
    events = read(order(log, "2022-04-10"))
    (notice,) = events.quality.notices
    assert notice.code == "far_event"
    assert notice.message.startswith("the last event lies 100 days after")


def test_a_start_of_a_contract_in_a_far_year_is_refused():
    starts = pd.Timestamp("2021-01-01") + pd.to_timedelta(np.arange(150) * 2, unit="D")
    rows = pd.DataFrame({"customer_id": [f"c{n}" for n in range(150)], "start": starts, "end": ""})
    rows.loc[40:60, "end"] = (starts[40:61] + 60 * DAY).astype(str)
    rows.loc[149, "start"] = pd.Timestamp("2025-03-01")
    columns = Columns(timestamp="start", end="end", amount=None)
    with pytest.raises(InputError, match="the last event lies"):
        read(rows, shape=CustomerKind.contractual, columns=columns)
    kept = read(rows, shape=CustomerKind.contractual, columns=columns, observed_until="2021-11-01")
    assert kept.quality.notices == ()


def gaps_of(days, events=None):
    days = np.asarray(days, dtype=np.int64)
    return find_gaps(days, np.full(len(days), 5) if events is None else np.asarray(events))


def test_seasonal_sparse_and_paused_logs_show_no_far_event():
    christmas = np.concatenate([np.arange(40) + 365 * year for year in range(4)])
    assert gaps_of(christmas) == (None, None)  # every year's last days lie far from the next
    assert gaps_of(np.r_[christmas, 4 * 365], np.r_[np.full(160, 5), 1]) == (None, None)  # the season has begun
    quarterly = np.arange(40) * 91
    assert gaps_of(quarterly) == (None, None)
    assert gaps_of(np.r_[quarterly, quarterly[-1] + 250]) == (None, None)  # less than three times the usual gap
    paused = np.r_[np.arange(100), 400 + np.arange(40)]
    assert gaps_of(paused) == (None, None)  # closed for a year, then open again: too many events to be an accident
    random = np.random.default_rng(5)
    for _ in range(200):  # memoryless purchases of a small business customer base
        days = np.unique(np.cumsum(random.exponential(6.0, 120)).astype(int))
        assert gaps_of(days, np.ones(len(days), dtype=int)) == (None, None)


def test_small_files_are_not_looked_at(log):
    one = pd.DataFrame({"customer_id": "c1", "timestamp": ["2019-01-01", "2019-01-05", "2022-01-01"], "amount": 5.0})
    assert read(one).quality.notices == ()
    heavy = order(log.assign(customer_id="c1"), "2024-12-31").assign(customer_id="c1")
    assert not [notice for notice in read(heavy).quality.notices if notice.code == "far_event"]
