"""Attributes of customers: declared, taken from the first event that has them, never from the cutoff on."""

import numpy as np
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
    ("eve", "2024-02-01 00:00:00", "1", "IT", "20"),  # at the cutoff: not seen, not counted
]
STATIC = {"land": "land", "age": "age"}
CHOSEN = FeatureSettings(families=["attributes"])


def features(log, cutoff="2024-02-01") -> pd.DataFrame:
    frame = pd.DataFrame(log, columns=COLUMNS)
    events = read_events(connect(EngineSettings(threads=1)), DataSettings(static=STATIC), frame)
    moment = pd.Timestamp(cutoff).to_pydatetime()
    return build_features(events.table, "", (moment,), CHOSEN, WindowSettings())


def test_attributes_by_hand():
    frame = features(LOG)
    assert frame["customer_id"].tolist() == ["ann", "bob", "cat", "dan"]
    nan = np.nan
    np.testing.assert_array_equal(frame["age_number"], [31.0, nan, 45.5, nan])
    np.testing.assert_array_equal(frame["age_customers"], [1, 1, 1, nan])
    assert frame["land_number"].isna().all()
    np.testing.assert_array_equal(frame["land_customers"], [2, 2, 1, nan])  # ann and bob IT, cat FR
    names = ["land_number", "land_customers", "age_number", "age_customers"]
    assert feature_names(frame, CHOSEN) == names


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
