"""Event sketches: the same shop's events are recognised, another's are not, and nobody can be looked up."""

import json
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from churnclv.data import sketch
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.data.sketch import compare_events, sketch_events
from churnclv.testing.market import Market, simulate

UNTIL = datetime(2012, 1, 1)
CUTOFF = datetime(2011, 1, 1)


def table(log: pd.DataFrame):
    return read_events(connect(EngineSettings(threads=1)), DataSettings(), log).table


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return simulate(Market(customers=300, days=720), 1).log.astype({"timestamp": str, "amount": str})


@pytest.fixture(scope="module")
def made(log):
    return sketch_events(table(log), UNTIL)


def other_amounts(log):
    return log.assign(amount=(log["amount"].astype(float) * 7.3).round(2).astype(str))


SAME = {
    "the log itself": lambda log: log,
    "other order": lambda log: log.sample(frac=1, random_state=0),
    "a tenth of the customers": lambda log: log[log["customer_id"].isin(sorted(log["customer_id"].unique())[::10])],
    "from its second year on": lambda log: log[log["timestamp"] >= "2011-01-01"],
    "with times of day": lambda log: log.assign(timestamp=log["timestamp"].str[:10] + " 12:30:00"),
}
OTHERS = {
    "the same customers and days, other amounts": other_amounts,
    "the same days and amounts, other customers": lambda log: log.assign(customer_id="x" + log["customer_id"]),
    "the same customers, other days": lambda log: log.assign(
        timestamp=(pd.to_datetime(log["timestamp"]) - pd.Timedelta(days=1)).astype(str)
    ),
    "another shop": lambda _: simulate(Market(customers=300, days=720), 2).log.astype(str),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_events_of_the_same_shop_are_in_its_sketch(log, made, change):
    overlap = compare_events(made, table(change(log)), UNTIL)
    assert overlap.measured
    assert overlap.hits == overlap.events
    assert overlap.share == 1.0


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS.keys())
def test_events_of_another_shop_are_in_it_by_chance_alone(log, made, change):
    overlap = compare_events(made, table(change(log)), UNTIL)
    spread = 4.0 * np.sqrt(overlap.filled * (1 - overlap.filled) / overlap.events)
    assert abs(overlap.hits / overlap.events - overlap.filled) < spread
    assert overlap.share < 0.2


def test_a_longer_log_is_recognised_by_its_earlier_events(log):
    early = sketch_events(table(log), CUTOFF)
    assert compare_events(early, table(log), CUTOFF).share == 1.0
    later = log[log["timestamp"] >= "2011-01-01"]
    overlap = compare_events(early, table(later), CUTOFF)
    assert (overlap.events, overlap.measured) == (0, False)


def test_a_mixture_gives_its_share(log, made):
    half = log["customer_id"].isin(sorted(log["customer_id"].unique())[::2])
    mixed = pd.concat([log[half], other_amounts(log[~half])])
    share = half.sum() / len(log)
    assert compare_events(made, table(mixed), UNTIL).share == pytest.approx(share, abs=0.08)


def test_events_are_counted_as_pandas_counts_them(log, made):
    kept = log.assign(day=log["timestamp"].str[:10], amount=log["amount"].astype(float))
    different = kept.drop_duplicates(["customer_id", "day", "amount"])
    assert compare_events(made, table(log), UNTIL).events == len(different)


def test_a_large_log_is_sampled_by_content(log, monkeypatch):
    monkeypatch.setattr(sketch, "MOST_EVENTS", 200)
    made = sketch_events(table(log), UNTIL)
    assert made.every == 2 ** int(np.ceil(np.log2(len(log) / 200)))
    overlap = compare_events(made, table(log), UNTIL)
    assert 60 < overlap.events < 300
    assert overlap.share == 1.0
    assert compare_events(made, table(other_amounts(log)), UNTIL).share < 0.35


def test_no_id_can_be_read_or_tried_out(log, made):
    text = json.dumps(vars(made))
    assert not [name for name in log["customer_id"].unique() if str(name) in text and len(str(name)) > 5]
    assert 0.3 < made.is_set.mean() < 0.7  # what is not in the log finds its bit set about as often as not
    assert len(made.is_set) < 2 * 16_384
