"""A simulated campaign: scored customers with true scores, and what they order later, treated or held out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..decision.campaign import Campaign
from ..decision.economics import EconomicsSettings

SEGMENTS = ("At Risk", "Loyal", "New")


@dataclass(frozen=True)
class CampaignTruth:
    """The truth of a campaign.

    Attributes
    ----------
    customers
        How many.
    acceptance
        The share of leavers whom a contact keeps; 0 = no effect, below 0 = contacts drive customers away.
    by_segment
        The same for the segments that it names, where it differs.
    as_of
        The day of the scores.
    horizon_days
        Days ahead in which customers leave or order.
    """

    customers: int = 4000
    acceptance: float = 0.3
    as_of: str = "2024-03-01"
    horizon_days: int = 90
    by_segment: Mapping[str, float] = field(default_factory=dict)


def simulate_scores(truth: CampaignTruth, seed: int, economics: EconomicsSettings | None = None) -> pd.DataFrame:
    """Return scores as `make score` writes them; churn scores are the true probabilities, rows are in any order."""
    random = np.random.default_rng(seed)
    n = truth.customers
    churn_score, value = random.beta(2.0, 3.0, n), 20.0 + random.gamma(2.0, 60.0, n)
    table = pd.DataFrame({
        "customer_id": [f"C{number:06}" for number in random.permutation(n)],
        "as_of": truth.as_of,
        "horizon_days": float(truth.horizon_days),
        "churn_score": churn_score,
        "expected_purchases": 2.0 * (1.0 - churn_score),
        "expected_spend": 60.0 * (1.0 - churn_score),
        "segment": random.choice(SEGMENTS, n),
    })  # fmt: skip
    gain = Campaign(economics or EconomicsSettings()).expected_gain(churn_score, value)
    return table.assign(expected_gain=gain)


def simulate_orders(customers: pd.DataFrame, truth: CampaignTruth, seed: int) -> pd.DataFrame:
    """Return the orders of the horizon, and one of another customer after its end.

    Parameters
    ----------
    customers
        Columns customer_id, churn_score and treated (1 or 0).
    truth
        The truth; treated customers leave with the probability score times (1 - acceptance), at most 1. Where it
        differs by segment, customers need the column segment.
    seed
        Of what happens.

    Returns
    -------
    DataFrame
        customer_id, timestamp, amount: who stays makes one order and a Poisson number (mean 1) of further ones.
    """
    random = np.random.default_rng(seed)
    acceptance: Any = truth.acceptance
    if truth.by_segment:
        acceptance = customers["segment"].map(truth.by_segment).fillna(truth.acceptance)
    leaving = customers["churn_score"] * (1.0 - acceptance * customers["treated"])
    stays = random.random(len(customers)) >= leaving.to_numpy()
    orders = np.where(stays, 1 + random.poisson(1.0, len(customers)), 0)
    who = np.repeat(customers["customer_id"].to_numpy(), orders)
    start = pd.Timestamp(truth.as_of)
    seconds = random.integers(0, truth.horizon_days * 86_400, len(who))
    log = pd.DataFrame({
        "customer_id": who,
        "timestamp": start + pd.to_timedelta(seconds, unit="s"),
        "amount": np.round(random.gamma(2.0, 15.0, len(who)), 2),
    })  # fmt: skip
    end = start + pd.Timedelta(days=truth.horizon_days)
    return pd.concat([log, pd.DataFrame({"customer_id": ["another"], "timestamp": [end], "amount": [1.0]})])
