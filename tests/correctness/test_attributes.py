"""Attributes of customers: declared, taken from the first event that has them, never from the cutoff on."""

import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.errors import InputError
from churnclv.features.families.attributes import read_attributes
from churnclv.features.feature_table import TableDefinition, build_features
from churnclv.features.model_columns import model_columns
from churnclv.features.settings import FeatureSettings
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
    return build_features(events.table, "", TableDefinition((moment,), CHOSEN, WindowSettings()), cache)


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
    assert model_columns(frame.columns, CHOSEN.families) == ["land", "age"]
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


# --- attributes as numbers, categories and ids ---


@pytest.fixture(scope="module")
def shop():
    """A log of 60 customers with an age in years and a comma, a note of one customer, a plan and a phone number."""
    rows = []
    for n in range(60):
        age = "unknown" if n % 20 == 0 else f"{20 + n},5"
        note = "Rossi Mario" if n == 3 else f"plan{n % 2}"
        cells = {"age": age, "note": note, "tel": f"0{n * 7919 + 300000000}"}
        days = ("2024-01-01", "2024-02-01", "2024-03-01")
        rows += [{"customer_id": f"c{n:02}", "timestamp": day, "amount": "1", **cells} for day in days]
    return pd.DataFrame(rows)


def read_shop(frame, moments=("2024-02-02", "2024-03-02"), keep=(), readings=None):
    settings = DataSettings(static={name: name for name in ("age", "note", "tel")}, keep_columns=list(keep))
    events = read_events(connect(EngineSettings(threads=1)), settings, frame)
    cutoffs = [pd.Timestamp(moment).to_pydatetime() for moment in moments]
    table = build_features(events.table, "", TableDefinition(cutoffs, CHOSEN, WindowSettings()))
    return read_attributes(events, table, settings, readings)


def test_attributes_are_read_as_the_columns_of_a_table(shop):
    read = read_shop(shop)
    expected = [None if n % 20 == 0 else 20.5 + n for n in range(60) for _ in range(2)]
    assert read.frame["age"].astype(object).where(read.frame["age"].notna(), None).tolist() == expected
    assert [(name, reading.kind) for name, reading in read.readings.items()] == [
        ("age", "number"),
        ("note", "category"),
        ("tel", "left_out"),
    ]
    codes = {notice.code: notice.message for notice in read.notices}
    assert "'age': 3 of 60 cells (5.0%) are no number:" in codes["cells_no_number"]
    assert codes["attribute_left_out"].startswith("attribute 'tel' is not learned from: it is a phone number")
    assert "tel" not in read.learned()
    assert "tel" in read_shop(shop, keep=["tel"]).learned()


def test_attributes_are_scored_as_they_were_learned(shop):
    readings = read_shop(shop).readings
    plain = shop.assign(age=shop["age"].str.replace(",", "."))
    same, other = read_shop(shop, readings=readings), read_shop(plain, readings=readings)
    pd.testing.assert_series_equal(same.frame["age"], other.frame["age"])
    assert [notice.code for notice in (*same.notices, *other.notices)] == ["other_spelling"]
    with pytest.raises(InputError, match="column 'age': 120 of 120 cells"):
        read_shop(shop.assign(age="about 40"), readings=readings)
