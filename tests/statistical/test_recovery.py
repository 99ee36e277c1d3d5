"""Models find the truth of a simulated market, and what they say happens as often as they say."""

import numpy as np
import pytest

from churnclv.clv.clv_model import ClvModel
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.features.preparation import prepare
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.cutoff_plan import make_plan
from churnclv.snapshots.settings import WindowSettings
from churnclv.testing.market import Market, simulate

MARKET = Market(customers=6000, days=730, birth_days=365)
HORIZON_DAYS = 90


@pytest.fixture(scope="module")
def sealed():
    """Histories at the sealed cutoff of a simulated market, and what then happened."""
    log = simulate(MARKET, 7).log
    events = read_events(connect(EngineSettings()), DataSettings(), log)
    windows = WindowSettings()
    plan = make_plan(events.start, events.end, windows)
    found = prepare(events, plan.cutoffs, plan.sealed, FeatureSettings(families=["recency"]), windows)
    return found.sealed, found.read_sealed_labels()


@pytest.fixture(scope="module")
def model(sealed):
    """A model fitted on the histories at the sealed cutoff."""
    return ClvModel().fit(sealed[0])


@pytest.mark.slow
def test_parameters_come_back(model):
    found = model.purchases.parameters
    # purchases of one day are merged and time is whole days: small biases, well inside these bounds
    assert found["r"] / found["alpha"] == pytest.approx(MARKET.r / MARKET.alpha, rel=0.08)
    assert found["a"] / (found["a"] + found["b"]) == pytest.approx(MARKET.a / (MARKET.a + MARKET.b), rel=0.15)
    mean = model.spend.parameters
    expected = MARKET.p * MARKET.v / (MARKET.q - 1)
    assert mean["p"] * mean["v"] / (mean["q"] - 1) == pytest.approx(expected, rel=0.05)


@pytest.mark.slow
def test_the_chance_of_no_purchase_is_calibrated(sealed, model):
    history, labels = sealed
    chance = model.p_no_purchase(history, HORIZON_DAYS)
    for part in np.array_split(np.argsort(chance), 5):
        said, happened = chance[part].mean(), labels["churned"].to_numpy()[part].mean()
        error = np.sqrt(said * (1 - said) / len(part))
        assert abs(said - happened) < 4 * error + 0.01


@pytest.mark.slow
def test_expected_purchases_and_spend_add_up_to_what_happened(sealed, model):
    history, labels = sealed
    assert model.expected_purchases(history, HORIZON_DAYS).sum() == pytest.approx(labels["purchases"].sum(), rel=0.08)
    assert model.expected_spend(history, HORIZON_DAYS).sum() == pytest.approx(labels["spend"].sum(), rel=0.10)


def test_the_same_seed_gives_the_same_market():
    first, again, other = (simulate(Market(customers=50), seed).log for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_a_season_moves_purchases_into_the_autumn():
    log = simulate(Market(customers=2000, days=1095, birth_days=1, season=0.6), 3).log
    months = log.loc[log["timestamp"] >= "2011-01-01", "timestamp"].dt.month
    assert (months.isin([10, 11, 12])).mean() > 1.5 * (months.isin([4, 5, 6])).mean()


def test_regular_buyers_have_more_even_gaps():
    def variation(regularity: float) -> float:
        log = simulate(Market(customers=500, a=0.01, b=100, regularity=regularity), 4).log
        gaps = log.sort_values(["customer_id", "timestamp"]).groupby("customer_id")["timestamp"].diff().dropna()
        grouped = gaps.dt.total_seconds().groupby(log.loc[gaps.index, "customer_id"])
        return float((grouped.std() / grouped.mean())[grouped.size() > 10].mean())

    assert variation(4.0) < 0.7 * variation(1.0)
