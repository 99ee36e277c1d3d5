"""What if: effects of small changes on what this customer base brings, by simulation of the fitted models."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..clv.clv_model import ClvModel
from ..clv.gamma_gamma import GammaGammaModel
from ..clv.maximum_likelihood import HIGHEST, LOWEST
from ..clv.purchase_model import PurchaseModel
from ..clv.rfm import read_histories
from ..decision.economics import EconomicsSettings
from ..evaluation.bootstrap import LEVELS
from ..evaluation.metrics import Array
from .bundle_scores import Champion
from .estimates import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_CUSTOMERS = 5000  # simulated; effects are scaled from them to all
_FARTHEST = 3.0  # in log-parameters: beyond, the normal approximation says nothing
_TINY = 1e-9
CLIMBERS = 0.1  # of the one-time buyers, in the question of one more rung


@dataclass(frozen=True)
class Scenario:
    """A change: points of retention, for everyone or a segment, or a share of the one-time buyers who climb a rung."""

    name: str
    points: float = 0.0
    segment: str | None = None
    climbers: float = 0.0


SCENARIOS = (
    Scenario("one_point", points=0.01),
    Scenario("one_point_top", points=0.01, segment="Champions"),
    Scenario("five_points", points=0.05),
    Scenario("one_rung", climbers=CLIMBERS),
)


@dataclass(frozen=True)
class Effect:
    """What a scenario adds over the CLV's horizon: revenue, and CLV (discounted margin)."""

    scenario: Scenario
    revenue: Estimate
    clv: Estimate


@dataclass(frozen=True)
class Outlook:
    """What the customer base is expected to bring as it is, and what changes would add."""

    customers: int
    revenue: Estimate
    clv: Estimate
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class _World:
    """The base under one set of parameters: customers' expected spend, as it is, if they stay, and if they climb."""

    spend: Array
    if_staying: Array
    if_climbing: Array


def simulate_scenarios(
    champion: Champion, folder: Path, scenarios: tuple[Scenario, ...], draws: int, seed: int
) -> Outlook:
    """Return the outlook of the scored customers.

    A point of retention takes a point off each churn score, down to zero, and brings that share of what the customer is
    worth if they stay. A climber buys once more today; what that purchase itself costs is not counted. Each draw takes
    other parameters, from the normal approximation of their estimates, and, where customers are sampled, other
    customers; intervals are the middle 95% of the draws. By the formulas alone.
    """
    model, economics = ClvModel.load(folder), champion.economics
    known = champion.scores["churn_score"].notna().to_numpy()
    rows, scores = champion.features[known].reset_index(drop=True), champion.scored
    generator, n = np.random.default_rng(seed), len(rows)
    chosen = np.arange(n) if n <= _MOST_CUSTOMERS else np.sort(generator.choice(n, _MOST_CUSTOMERS, replace=False))
    rows, scores = rows.iloc[chosen].reset_index(drop=True), scores.iloc[chosen].reset_index(drop=True)
    worth = _value_of_spend(model, rows, economics)
    sums = []
    for place, (purchases, spend) in enumerate(_draw_models(model, draws, generator)):
        world = _see(model, purchases, spend, rows, economics.clv_horizon_days)
        picked = np.arange(len(rows))
        if place and n > len(rows):
            picked = generator.integers(len(rows), size=len(rows))
        added = [world.spend, *(_added(scenario, world, scores) for scenario in scenarios)]
        sums.append([[part[picked].sum(), (part * worth)[picked].sum()] for part in added])
    totals = np.array(sums) * n / len(rows)  # (draws + 1, 1 + scenarios, revenue and CLV)
    found = [(estimate(totals[:, place, 0], n), estimate(totals[:, place, 1], n)) for place in range(totals.shape[1])]
    effects = tuple(Effect(scenario, *pair) for scenario, pair in zip(scenarios, found[1:], strict=True))
    return Outlook(n, *found[0], effects)


def _value_of_spend(model: ClvModel, rows: pd.DataFrame, economics: EconomicsSettings) -> Array:
    """Return what a unit of each customer's expected spend is worth: the margin, discounted."""
    days, margin, rate = economics.value_terms
    spend = np.maximum(model.expected_spend(rows, days), _TINY)
    return np.asarray(np.clip(model.discounted_value(rows, days, margin, rate) / spend, 0.0, margin))


def _draw_models(
    model: ClvModel, draws: int, generator: np.random.Generator
) -> "Iterator[tuple[PurchaseModel, GammaGammaModel]]":
    """Yield the fitted models of purchases and spend, then the same at drawn parameters."""
    yield model.purchases, model.spend

    def lay(logs: Array, covariance: Array) -> list[Array]:
        moved = generator.multivariate_normal(np.zeros(len(logs)), covariance, size=draws, method="eigh")
        return [np.clip(logs + np.clip(move, -_FARTHEST, _FARTHEST), LOWEST, HIGHEST) for move in moved]

    spends = model.spend.points(lay)
    points = lay(np.log(model.purchases.values), model.purchases.covariance)
    for place, point in enumerate(points):
        yield model.purchases.at(point), spends[place % len(spends)]


def _see(model: ClvModel, purchases: PurchaseModel, spend: GammaGammaModel, rows: pd.DataFrame, days: float) -> _World:
    """Return what is expected of the customers under other parameters."""
    btyd_models = ClvModel(name=model.choice.btyd)
    btyd_models.purchases, btyd_models.spend, btyd_models.season = purchases, spend, model.season
    btyd_models.refunds = model.refunds
    expected = btyd_models.expected_spend(rows, days)
    alive = np.maximum(btyd_models.purchases.p_alive(read_histories(rows)), _TINY)
    climbed = np.zeros(len(rows))
    once = rows["repeat_purchases"].to_numpy(dtype=float) == 0
    if once.any():
        some = climb(rows[once], btyd_models.spend)
        climbed[once] = btyd_models.expected_spend(some, days)
    return _World(expected, expected / alive, climbed)


def climb(rows: pd.DataFrame, spend: GammaGammaModel) -> pd.DataFrame:
    """Return the histories of one-time buyers as they would be after one more purchase today, of the usual spend."""
    age = rows["age_days"].to_numpy(dtype=float)
    each = spend.expected_spend_per_purchase(rows)
    gaps = np.log(np.maximum(age, 1.0))
    history = {"repeat_purchases": 1.0, "last_purchase_age_days": age, "log_gap_days_sum": gaps}
    settled = {"settled_spend": rows["settled_spend"] + each} if "settled_spend" in rows else {}
    return rows.assign(**history, mean_repeat_spend=each, **settled)


def _added(scenario: Scenario, world: _World, scores: pd.DataFrame) -> Array:
    """Return what a scenario adds to each customer's expected spend, (n,)."""
    p = scores["churn_score"].to_numpy(dtype=float)
    meant = (
        np.ones(len(p)) if scenario.segment is None else (scores["segment"] == scenario.segment).to_numpy(dtype=float)
    )
    kept = meant * np.minimum(scenario.points, p) * world.if_staying
    rises = np.where(world.if_climbing > 0, world.if_climbing - world.spend, 0.0)
    return np.asarray(kept + scenario.climbers * rises)


def estimate(totals: Array, n: int) -> Estimate:
    """Return the first total, with the middle 95% of the others."""
    low, high = np.percentile(totals[1:], LEVELS) if len(totals) > 1 else (np.nan, np.nan)
    return Estimate(float(totals[0]), float(low), float(high), n)
