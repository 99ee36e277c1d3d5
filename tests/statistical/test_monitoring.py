"""Monitoring on data that have not changed: no more false alarms than stated; on changed data, the change is seen."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from churnclv.bundle.log_profile import describe_log
from churnclv.bundle.profile_comparison import describe_columns
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.evaluation.metrics import auc, plain
from churnclv.monitoring.batch_drift import measure_drift
from churnclv.monitoring.data_changes import compare_logs, find_value_changes
from churnclv.monitoring.finding import Light
from churnclv.monitoring.label_free import estimate_performance
from churnclv.testing.market import Market, simulate

BATCHES = 100
RESAMPLES = 20
SHARE = 0.05


def rows(random: np.random.Generator, n: int) -> pd.DataFrame:
    """Return correlated columns as features are: counts, amounts with ties, ages, texts, missing cells."""
    level = random.gamma(2.0, 1.0, n)
    frame = {f"count_{k}": random.poisson(level * (k + 1)).astype(float) for k in range(8)}
    frame |= {f"amount_{k}": np.round(random.lognormal(level / 4, 1.0), 2) for k in range(8)}
    frame |= {f"age_{k}": np.where(random.random(n) < 0.1 * k, np.nan, random.exponential(90, n)) for k in range(4)}
    frame["country"] = random.choice(["UK", "IT", "FR", "DE"], n, p=[0.7, 0.2, 0.07, 0.03])
    return pd.DataFrame(frame)


def most_by_chance(tries: int, share: float) -> int:
    return int(binom.ppf(0.999, tries, share))


@pytest.mark.slow
def test_stable_batches_give_no_more_alarms_of_drift_than_stated():
    random = np.random.default_rng(11)
    rejected, alarms = 0, 0
    for _ in range(BATCHES):
        profile = describe_columns(rows(random, 1500))
        facts = {name: {**column, "share_in_score": 0.2} for name, column in profile.items()}
        drifts = measure_drift(facts, rows(random, 1000), SHARE)
        rejected += min(drift.p_value for drift in drifts) < SHARE
        alarms += any(drift.light > Light.ok for drift in drifts)
    assert rejected <= most_by_chance(BATCHES, SHARE)
    assert alarms <= rejected


@pytest.fixture(scope="module")
def window():
    """The customers of a log's last 28 days, their events, channel and country."""
    log = simulate(Market(customers=3000, days=420, birth_days=300), 5).log
    random = np.random.default_rng(5)
    log["channel"] = random.choice(["shop", "web", "app"], len(log), p=[0.5, 0.3, 0.2])
    log["country"] = np.where(log["customer_id"].str[-1] < "7", "UK", "IT")
    return log[log["timestamp"] >= "2011-01-23"]


def profile_of(log):
    data = DataSettings(static={"country": "country"})
    data.columns.channel = "channel"
    events = read_events(connect(EngineSettings(threads=1)), data, log)
    return describe_log(events, datetime(2011, 2, 20), 28)


@pytest.mark.slow
def test_resampled_customers_give_no_more_alarms_of_changed_data_than_stated(window):
    random, reference, found, urgent = np.random.default_rng(2), profile_of(window), 0, 0
    places = [np.flatnonzero(numbers) for numbers in pd.get_dummies(window["customer_id"]).to_numpy().T]
    for _ in range(RESAMPLES):
        drawn = [places[one] for one in random.integers(len(places), size=len(places))]
        ids = np.repeat([f"R{place:05}" for place in range(len(drawn))], [len(one) for one in drawn])
        recent = profile_of(window.iloc[np.concatenate(drawn)].assign(customer_id=ids))
        found += bool(find_value_changes(reference, recent, SHARE))
        urgent += any(line.light == Light.act for line in compare_logs(reference, recent, SHARE, None, is_whole=True))
    assert found <= most_by_chance(RESAMPLES, SHARE)
    assert urgent <= most_by_chance(RESAMPLES, SHARE)


@pytest.mark.parametrize("shift", [0.3, 0.6])
def test_a_shift_of_one_column_of_many_is_seen(shift):
    random = np.random.default_rng(3)
    profile, batch = describe_columns(rows(random, 1500)), rows(random, 1500)
    batch["age_0"] *= np.exp(shift)
    p_values = {drift.name: drift.p_value for drift in measure_drift(profile, batch, 0.01)}
    assert min(p_values, key=p_values.get) == "age_0"
    assert p_values["age_0"] < 0.01


def test_the_interval_of_the_estimate_holds_the_later_auc_of_calibrated_scores_and_not_of_overconfident_ones():
    random = np.random.default_rng(8)
    held, held_overconfident = 0, 0
    for _ in range(BATCHES):
        log_odds = random.normal(0.3, 1.2, 1500)
        scores = 1 / (1 + np.exp(-log_odds))
        left = (random.random(1500) < scores).astype(float)
        for sharpness in (1.0, 1.6):
            sharp = 1 / (1 + np.exp(-sharpness * log_odds))
            interval = estimate_performance(sharp).auc
            inside = interval.low <= plain(auc, left, sharp) <= interval.high
            held += inside and sharpness == 1.0
            held_overconfident += inside and sharpness > 1.0
    assert binom.ppf(0.001, BATCHES, 0.95) <= held
    assert held_overconfident < RESAMPLES  # the estimate is as good as the calibration
