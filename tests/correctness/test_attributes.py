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


def read(log):
    frame = pd.DataFrame(log, columns=COLUMNS)
    return read_events(connect(EngineSettings(threads=1)), DataSettings(static=STATIC), frame)


def features(events, cutoff="2024-02-01", cache=None) -> pd.DataFrame:
    moment = pd.Timestamp(cutoff).to_pydatetime()
    return build_features(events.table, "", (moment,), CHOSEN, WindowSettings(), cache)


@pytest.fixture(scope="module")
def known():
    return read(LOG)


@pytest.fixture(scope="module")
def everyone(known):
    return features(known)


def test_attributes_by_hand(everyone):
    frame = everyone
    assert frame["customer_id"].tolist() == ["ann", "bob", "cat", "dan"]
    told = frame[["land", "age"]].astype(object).where(frame[["land", "age"]].notna(), None)
    assert told["land"].tolist() == ["IT", "IT", "FR", None]  # ann's first known one, cat's lesser text
    assert told["age"].tolist() == ["31", "young", "45.5", None]
    assert feature_names(frame, CHOSEN) == ["land", "age"]
    assert [str(kind) for kind in frame[["land", "age"]].dtypes] == ["str", "str"]


def test_attributes_come_back_from_the_cache_as_they_went(known, everyone, tmp_path):
    first, second = (features(known, cache=tmp_path) for _ in range(2))
    pd.testing.assert_frame_equal(first, everyone, check_exact=True)
    pd.testing.assert_frame_equal(second, first, check_exact=True)


def test_a_customers_attributes_depend_on_that_customer_alone(everyone):
    own = features(read([row for row in LOG if row[0] in ("ann", "cat")]))
    both = everyone[everyone["customer_id"].isin(["ann", "cat"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, both, check_exact=True)


def test_what_comes_from_the_cutoff_on_changes_nothing(everyone):
    later = [("ann", "2024-02-01 00:00:00", "9", "XX", "99"), ("dan", "2024-03-01 00:00:00", "9", "IT", "7")]
    pd.testing.assert_frame_equal(features(read([*LOG, *later])), everyone)


def test_the_order_of_rows_changes_nothing(everyone):
    pd.testing.assert_frame_equal(features(read(LOG[::-1])), everyone)


def test_a_missing_attribute_column_is_named_with_its_setting():
    frame = pd.DataFrame(LOG, columns=COLUMNS)
    settings = DataSettings(static={"plan": "tariff"})
    with pytest.raises(InputError, match=r"no column 'tariff' \(data\.static\.plan\)"):
        read_events(connect(EngineSettings(threads=1)), settings, frame)


def test_an_attribute_needs_a_plain_name():
    with pytest.raises(InputError, match="lower case letters"):
        DataSettings(static={"Their Plan": "tariff"})
