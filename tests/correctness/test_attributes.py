"""Attributes of customers: declared, taken from the first event that has them, never from the cutoff on."""

import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.errors import InputError
from churnclv.features.settings import FeatureSettings
from churnclv.features.table import build_features, feature_names
from churnclv.snapshots.settings import WindowSettings

COLUMNS = ["customer_id", "timestamp", "amount", "land", "age"]
LOG = [
    ("ann", "2024-01-01 10:00:00", "1", "", "31"),  # the land is not yet known
    ("ann", "2024-01-05 10:00:00", "1", "IT", "32"),
    ("ann", "2024-01-09 10:00:00", "1", "DE", ""),
    ("bob", "2024-01-02 10:00:00", "1", "IT", "young"),
    ("cat", "2024-01-03 10:00:00", "1", "UK", "45.5"),
    ("cat", "2024-01-03 10:00:00", "2", "FR", "45.5"),  # two lands at the same moment: FR is the lesser text
    ("dan", "2024-01-04 10:00:00", "1", "", ""),
    ("eve", "2024-02-01 00:00:00", "1", "IT", "20"),  # at the cutoff: not seen
]
STATIC = {"land": "land", "age": "age"}
CHOSEN = FeatureSettings(families=["attributes"])


def features(log, cutoff="2024-02-01", cache=None) -> pd.DataFrame:
    frame = pd.DataFrame(log, columns=COLUMNS)
    events = read_events(connect(EngineSettings(threads=1)), DataSettings(static=STATIC), frame)
    moment = pd.Timestamp(cutoff).to_pydatetime()
    return build_features(events.table, "", (moment,), CHOSEN, WindowSettings(), cache)


def test_attributes_by_hand():
    frame = features(LOG)
    assert frame["customer_id"].tolist() == ["ann", "bob", "cat", "dan"]
    told = frame[["land", "age"]].astype(object).where(frame[["land", "age"]].notna(), None)
    assert told["land"].tolist() == ["IT", "IT", "FR", None]  # ann's first known one, cat's lesser text
    assert told["age"].tolist() == ["31", "young", "45.5", None]
    assert feature_names(frame, CHOSEN) == ["land", "age"]
    assert [str(kind) for kind in frame[["land", "age"]].dtypes] == ["str", "str"]


def test_attributes_come_back_from_the_cache_as_they_went(tmp_path):
    first, second = (features(LOG, cache=tmp_path) for _ in range(2))
    pd.testing.assert_frame_equal(first, features(LOG), check_exact=True)
    pd.testing.assert_frame_equal(second, first, check_exact=True)


def test_a_customers_attributes_depend_on_that_customer_alone():
    for name in ("ann", "bob", "cat"):
        own = features([row for row in LOG if row[0] == name])
        everyone = features(LOG)
        pd.testing.assert_frame_equal(own, everyone[everyone["customer_id"] == name].reset_index(drop=True))


def test_what_comes_from_the_cutoff_on_changes_nothing():
    later = [("ann", "2024-02-01 00:00:00", "9", "XX", "99"), ("dan", "2024-03-01 00:00:00", "9", "IT", "7")]
    pd.testing.assert_frame_equal(features([*LOG, *later]), features(LOG[:-1]))


def test_the_order_of_rows_changes_nothing():
    pd.testing.assert_frame_equal(features(LOG[::-1]), features(LOG))


def test_a_missing_attribute_column_is_named_with_its_setting():
    frame = pd.DataFrame(LOG, columns=COLUMNS)
    settings = DataSettings(static={"plan": "tariff"})
    with pytest.raises(InputError, match=r"no column 'tariff' \(data\.static\.plan\)"):
        read_events(connect(EngineSettings(threads=1)), settings, frame)


def test_an_attribute_needs_a_plain_name():
    with pytest.raises(InputError, match="lower case letters"):
        DataSettings(static={"Their Plan": "tariff"})
