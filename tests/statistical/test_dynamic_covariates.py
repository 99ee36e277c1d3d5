"""The effects of promotions come back from simulated markets, and intervals hold the truth as often as they say."""

import numpy as np
import pandas as pd
import pytest

import churnclv
from churnclv.testing.calendar_market import START, CalendarMarket, calendar_of, simulate_calendar_market

TRUTH = {"purchase": 0.6, "dropout": -0.5}


def refit(estimator, seed, **market):
    """Return estimate and standard error of each effect on a market simulated from this seed, by process."""
    market = CalendarMarket(**market)
    promoted = (np.arange(market.days) // 14 % 4 == seed % 4).astype(float)
    factors = [np.exp(effect * promoted) for effect in TRUTH.values()]
    events = churnclv.read_events(simulate_calendar_market(market, *factors, seed=seed))
    cutoff = START + pd.Timedelta(days=market.days)
    dynamic = churnclv.DynamicCovariates(events, calendar_of(market, promotion=promoted), cutoff)
    model = estimator.fit(churnclv.summarise_rfm(events, cutoff), dynamic=dynamic)
    assert model.certificate_.converged
    return model.coefficients().set_index("process")[["coefficient", "standard_error"]]


def test_an_effect_comes_back_from_one_market():
    found = refit(churnclv.ParetoNBD(), 3, customers=400)
    away = (found["coefficient"] - pd.Series(TRUTH)) / found["standard_error"]
    assert away.abs().max() < 3.5
    assert found.loc["purchase", "standard_error"] < 0.1


def test_a_clock_estimates_the_effect_on_purchases():
    found = refit(churnclv.ModifiedBetaGeo(), 4, customers=400)
    assert found.loc["purchase", "coefficient"] == pytest.approx(TRUTH["purchase"], abs=0.25)


@pytest.mark.slow
def test_effects_have_no_bias_and_their_intervals_hold():
    # rates of one purchase in 200 days: where a promotion's days often have several purchases of a customer, which
    # count once, its effect comes out smaller than it is
    seeds = 20
    tables = [refit(churnclv.ParetoNBD(), seed, customers=500, alpha=200.0) for seed in range(seeds)]
    errors = np.array([table["coefficient"] - pd.Series(TRUTH)[table.index] for table in tables])
    spreads = np.array([table["standard_error"] for table in tables])
    bias = errors.mean(axis=0) / (errors.std(axis=0) / np.sqrt(seeds))
    assert np.abs(bias).max() < 3.5
    inside = np.abs(errors) < 1.959964 * spreads
    assert inside.mean() > 0.95 - 4 * np.sqrt(0.05 * 0.95 / inside.size)
