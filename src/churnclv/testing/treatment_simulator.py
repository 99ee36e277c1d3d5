"""Simulated customers of an experiment with effects that are known: persuadables, sleeping dogs, and who is unmoved.

A fourth of the customers are in each segment, by two of their features; a third feature shifts the outcome without the
treatment, a fourth is noise and a fifth is text.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses

SEGMENTS = ("persuadable", "sleeping_dog", "sure_thing", "lost_cause")
_BASE = np.array([0.3, 0.5, 0.8, 0.1])  # chance of the outcome without treatment
_EFFECTS = np.array([0.15, -0.1, 0.0, 0.0])


@dataclass(frozen=True)
class TreatmentDesign:
    """The truth of an experiment.

    Attributes
    ----------
    customers
        How many.
    propensities
        The probability of each arm, control first. The k-th treatment has 1/k of the first one's effect.
    strength
        Factor on all effects; 0 = nobody is changed.
    average
        Added to the effect of everybody.
    confounding
        How much the propensity of treatment rises with the third feature, in log-odds per unit; 0 = at random. For one
        treatment only.
    amounts
        Whether the outcome is an amount (chance times 20, exponential) instead of 0 or 1.
    """

    customers: int = 4000
    propensities: tuple[float, ...] = (0.5, 0.5)
    strength: float = 1.0
    average: float = 0.0
    confounding: float = 0.0
    amounts: bool = False


@dataclass(frozen=True)
class SimulatedTreatment:
    """Customers, their responses, and the truth.

    Attributes
    ----------
    features
        One row per customer.
    responses
        Outcomes and arms; with confounding, the propensities are the true ones.
    effects
        The true effect of each treatment, shape (n, k).
    base
        The expected outcome without treatment, shape (n,).
    segments
        Of `SEGMENTS`, shape (n,).
    """

    features: pd.DataFrame
    responses: Responses
    effects: Array
    base: Array
    segments: NDArray[np.str_]


def simulate_treatment(design: TreatmentDesign, seed: int) -> SimulatedTreatment:
    """Return customers with their responses and the truth; the same seed gives the same customers."""
    random = np.random.default_rng(seed)
    n = design.customers
    features = pd.DataFrame({
        "orders": random.normal(size=n),
        "silent": random.normal(size=n),
        "visits": random.normal(size=n),
        "noise": random.normal(size=n),
        "channel": pd.Series(random.choice(["web", "phone", "shop"], n), dtype="str"),
    })  # fmt: skip
    place = 2 * (features["orders"] < 0).to_numpy(dtype=int) + (features["silent"] < 0).to_numpy(dtype=int)
    base = np.clip(_BASE[place] + 0.05 * features["visits"].to_numpy(), 0.0, 1.0)
    first = design.average + design.strength * _EFFECTS[place]
    treatments = len(design.propensities) - 1
    chances = np.column_stack([base, *(np.clip(base + first / k, 0.0, 1.0) for k in range(1, treatments + 1))])
    propensities = _propensities(design, features["visits"].to_numpy())
    arm = (random.random(n)[:, None] > propensities.cumsum(axis=1)[:, :-1]).sum(axis=1).astype(np.int64)
    chance = chances[np.arange(n), arm]
    unit = 20.0 if design.amounts else 1.0
    outcome = random.exponential(unit * chance) if design.amounts else (random.random(n) < chance).astype(float)
    responses = Responses(outcome, arm, propensities)
    effects = unit * (chances[:, 1:] - chances[:, :1])
    return SimulatedTreatment(features, responses, effects, unit * base, np.array(SEGMENTS)[place])


def _propensities(design: TreatmentDesign, visits: Array) -> Array:
    if design.confounding == 0.0:
        return np.tile(np.array(design.propensities), (len(visits), 1))
    odds = np.log(design.propensities[1] / design.propensities[0]) + design.confounding * visits
    treated = 1.0 / (1.0 + np.exp(-odds))
    return np.column_stack([1.0 - treated, treated])
