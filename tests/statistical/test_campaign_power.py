"""Power and coverage of a campaign's plan, by simulating its verdict on the plan's own customers."""

import numpy as np
import pandas as pd
import pytest

from churnclv.decision.campaign_plan import DesignSettings, plan_campaign
from churnclv.decision.economics import EconomicsSettings
from churnclv.decision.scored_customers import read_scores
from churnclv.evaluation.adjusted_difference import adjusted_difference
from churnclv.testing.campaign_simulator import CampaignTruth, simulate_scores

pytestmark = pytest.mark.slow
REPETITIONS = 6000


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("power") / "scores.csv"
    simulate_scores(CampaignTruth(customers=3000), 1).to_csv(path, index=False)
    return plan_campaign(read_scores(path), EconomicsSettings(), DesignSettings(power=0.85), 6000.0)


def simulate_verdicts(plan, acceptance):
    """Return how often the interval leaves out zero, and how often it holds the true effect."""
    both = pd.concat([plan.treated.assign(treated=1.0), plan.held_out.assign(treated=0.0)])
    score, treated = both["churn_score"].to_numpy(), both["treated"].to_numpy()
    chance = score * (1.0 - acceptance * treated)
    effect = -acceptance * score.mean()
    random, excluded, covered = np.random.default_rng(7), 0, 0
    for _ in range(REPETITIONS):
        outcome = (random.random(len(chance)) < chance).astype(float)
        interval = adjusted_difference(outcome, treated, score[:, None]).effect
        excluded += not interval.low <= 0.0 <= interval.high
        covered += interval.low <= effect <= interval.high
    return excluded / REPETITIONS, covered / REPETITIONS


def test_the_plans_power_is_that_of_its_verdict_to_a_point(plan):
    # the effect to be seen is half of the promise: an acceptance of 0.15 in place of 0.3
    power, covered = simulate_verdicts(plan, 0.15)
    assert power == pytest.approx(plan.power, abs=0.015)
    assert 0.94 <= covered <= 0.96


def test_without_an_effect_one_verdict_in_twenty_shows_one(plan):
    shown, _ = simulate_verdicts(plan, 0.0)
    assert shown == pytest.approx(0.05, abs=0.009)
