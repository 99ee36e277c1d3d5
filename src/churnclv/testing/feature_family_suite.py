"""Tests that every feature family passes: it sees the past alone, and a customer's row is the same in any company."""

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from ..data.engine import EngineSettings, connect
from ..data.events import read_events
from ..data.settings import DataSettings
from ..features.feature_table import TableDefinition, build_features
from ..features.leakage import find_leaks
from ..features.settings import FeatureSettings
from ..snapshots.history import KEYS
from ..snapshots.settings import WindowSettings
from .market import Market, simulate


class FeatureFamilySuite:
    """The tests of one feature family: inherit it under a name that begins with `Test`, and run pytest on the file.

    Attributes
    ----------
    family
        The family, as `features.families` names it: `path/to/features.py:function`.
    data
        Settings of the data, if the log has other columns.
    """

    family: str = ""
    data: DataSettings = DataSettings()  # read, never changed

    def make_log(self) -> pd.DataFrame:
        """Return a raw log: a simulated one of 60 customers in 400 days, with `customer_id`, `timestamp`, `amount`."""
        return simulate(Market(customers=60, days=400, birth_days=200), 3).log

    def build(self, log: pd.DataFrame, *ago_days: int) -> pd.DataFrame:
        """Return the features of a raw log so many days before the end of the whole log."""
        events = read_events(connect(EngineSettings(threads=1)), self.data, log)
        end = read_events(connect(EngineSettings(threads=1)), self.data, self.make_log()).end
        cutoffs = [end - timedelta(days=days) for days in ago_days]
        settings = FeatureSettings(families=[self.family])
        return build_features(events.table, "", TableDefinition(cutoffs, settings, WindowSettings()))

    @pytest.fixture(scope="class")
    @classmethod
    def log(cls) -> pd.DataFrame:
        return cls().make_log()

    @pytest.fixture(scope="class")
    @classmethod
    def features(cls, log: pd.DataFrame) -> pd.DataFrame:
        return cls().build(log, 90)

    def test_it_sees_nothing_but_the_history(self, log: pd.DataFrame) -> None:
        events: Any = read_events(connect(EngineSettings(threads=1)), self.data, log)
        cutoffs = [events.end - timedelta(days=days) for days in (90, 180)]
        assert find_leaks(events.table, cutoffs, FeatureSettings(families=[self.family])) == []

    def test_each_customer_has_one_row(self, features: pd.DataFrame) -> None:
        assert len(features) > 0
        assert not features.duplicated(list(KEYS)).any()

    def test_the_order_of_the_rows_changes_nothing(self, log: pd.DataFrame, features: pd.DataFrame) -> None:
        shuffled = log.sample(frac=1.0, random_state=1)
        pd.testing.assert_frame_equal(self.build(shuffled, 90), features, check_exact=True)

    def test_another_cutoff_in_the_pass_changes_nothing(self, log: pd.DataFrame, features: pd.DataFrame) -> None:
        both = self.build(log, 90, 180)
        alone = both[both["cutoff"] == features["cutoff"].iloc[0]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, features, check_exact=True)

    def test_a_customer_alone_has_the_same_row(self, log: pd.DataFrame, features: pd.DataFrame) -> None:
        name = features["customer_id"].iloc[-1]
        column = self.data.columns.customer_id
        alone = self.build(log[log[column].astype(str) == name], 90)
        expected = features[features["customer_id"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected, check_exact=True)
