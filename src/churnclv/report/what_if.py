"""What if: effects of small changes on the revenue and CLV of the customer base, simulated from the fitted models."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..clv.clv_model import ClvModel
from ..clv.gamma_gamma import GammaGammaModel
from ..clv.maximum_likelihood import HIGHEST, LOWEST
from ..clv.purchase_model import PurchaseModel
from ..decision.economics import EconomicsSettings
from ..evaluation.bootstrap import LEVELS
from ..evaluation.metrics import Array
from .bundle_scores import Champion
from .estimates import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_CUSTOMERS = 5000  # simulated; effects are scaled from them to all
_FARTHEST = 3.0  # in log-parameters: beyond, the normal approximation does not hold
_TINY = 1e-9
_MOST_CORRECTION = 5.0  # of a lever: trees that expect much where the BTYD model expects next to nothing say no more
CLIMBERS = 0.1  # of the one-time buyers, in the scenario of one more rung


@dataclass(frozen=True)
class Scenario:
    """A change: points of retention, for everyone or a segment, or a share of the one-time buyers who climb a rung.

    The text `assumption.<assumption>` states what its effect rests on.
    """

    name: str
    assumption: str = "staying"
    points: float = 0.0
    segment: str | None = None
    climbers: float = 0.0


SCENARIOS = (
    Scenario("one_point", points=0.01),
    Scenario("one_point_top", points=0.01, segment="Champions"),
    Scenario("five_points", points=0.05),
    Scenario("one_rung", "climbing", climbers=CLIMBERS),
)


@dataclass(frozen=True)
class Effect:
    """What a scenario adds over the CLV's horizon: revenue, and CLV (discounted margin)."""

    scenario: Scenario
    revenue: Estimate
    clv: Estimate


@dataclass(frozen=True)
class Outlook:
    """The expected revenue and CLV of the customer base as it is, and what changes would add."""

    customers: int
    revenue: Estimate
    clv: Estimate
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class _ExpectedSpend:
    """Expected spend per customer under one set of parameters: as it is, if they stay, and if they climb a rung."""

    spend: Array
    if_staying: Array
    if_climbing: Array


def simulate_scenarios(
    champion: Champion, folder: Path, scenarios: tuple[Scenario, ...], draws: int, seed: int
) -> Outlook:
    """Return the outlook of the scored customers.

    A point of retention takes a point off each churn score, down to zero, and adds that share of the customer's value
    if they stay. A climber buys once more today; what that purchase itself costs is not counted. Each draw takes
    other parameters, from the normal approximation of their estimates, and, where customers are sampled, other
    customers; intervals are the middle 95% of the draws.

    What is learned or combined on top of the BTYD model is included: the outlook is the champion's expectation, and
    each customer's correction, the ratio of that expectation to the BTYD model's, multiplies the changes, between a
    fifth and five times. It stays as it is in the draws and in the scenarios.
    """
    model, economics = ClvModel.load(folder), champion.economics
    has_score = champion.scores["churn_score"].notna().to_numpy()
    rows, scores = champion.features[has_score].reset_index(drop=True), champion.scored
    generator, n = np.random.default_rng(seed), len(rows)
    chosen = np.arange(n) if n <= _MOST_CUSTOMERS else np.sort(generator.choice(n, _MOST_CUSTOMERS, replace=False))
    rows, scores = rows.iloc[chosen].reset_index(drop=True), scores.iloc[chosen].reset_index(drop=True)
    value_per_unit = _value_of_spend(model, rows, economics)
    days = economics.clv_horizon_days
    corrected = _Corrected.of(model, rows, days)
    sums = []
    for place, (purchases, spend) in enumerate(_draw_models(model, draws, generator)):
        expected = corrected.of_draw(_predict_spend(model, purchases, spend, rows, days))
        picked = np.arange(len(rows))
        if place and n > len(rows):
            picked = generator.integers(len(rows), size=len(rows))
        added = [expected.spend, *(_added(scenario, expected, scores) for scenario in scenarios)]
        sums.append([[part[picked].sum(), (part * value_per_unit)[picked].sum()] for part in added])
    totals = np.array(sums) * n / len(rows)  # (draws + 1, 1 + scenarios, revenue and CLV)
    estimates = [
        (estimate(totals[:, place, 0], n), estimate(totals[:, place, 1], n)) for place in range(totals.shape[1])
    ]
    effects = tuple(Effect(scenario, *pair) for scenario, pair in zip(scenarios, estimates[1:], strict=True))
    return Outlook(n, *estimates[0], effects)


@dataclass(frozen=True)
class _Corrected:
    """Each customer's expected spend by the whole model and by the BTYD model alone, (n,), and their bounded ratio."""

    spend: Array
    btyd: Array
    ratio: Array

    @classmethod
    def of(cls, model: ClvModel, rows: pd.DataFrame, days: float) -> "_Corrected":
        spend, btyd = model.expected_spend(rows, days), model.btyd_alone().expected_spend(rows, days)
        ratio = np.clip(spend / np.maximum(btyd, _TINY), 1.0 / _MOST_CORRECTION, _MOST_CORRECTION)
        return cls(spend, btyd, np.where(spend == btyd, 1.0, ratio))  # nothing is learned: exactly as it is

    def of_draw(self, drawn: _ExpectedSpend) -> _ExpectedSpend:
        """Return what the whole model would expect where the BTYD model expects this."""
        spend = self.spend + self.ratio * (drawn.spend - self.btyd)
        climbs = drawn.if_climbing > 0
        climbed = np.where(climbs, spend + self.ratio * (drawn.if_climbing - drawn.spend), 0.0)
        return _ExpectedSpend(spend, self.ratio * drawn.if_staying, climbed)


def _value_of_spend(model: ClvModel, rows: pd.DataFrame, economics: EconomicsSettings) -> Array:
    """Return the discounted margin per unit of each customer's expected spend, (n,)."""
    days, margin, rate = economics.value_terms
    spend = np.maximum(model.expected_spend(rows, days), _TINY)
    return np.asarray(np.clip(model.discounted_value(rows, days, margin, rate) / spend, 0.0, margin))


def _draw_models(
    model: ClvModel, draws: int, generator: np.random.Generator
) -> "Iterator[tuple[PurchaseModel, GammaGammaModel]]":
    """Yield the fitted models of purchases and spend, then the same at drawn parameters."""
    yield model.purchases, model.spend

    def draw_points(logs: Array, covariance: Array) -> list[Array]:
        moved = generator.multivariate_normal(np.zeros(len(logs)), covariance, size=draws, method="eigh")
        return [np.clip(logs + np.clip(move, -_FARTHEST, _FARTHEST), LOWEST, HIGHEST) for move in moved]

    spends = model.spend.points(draw_points)
    points = draw_points(model.purchases.point, model.purchases.covariance)
    for place, point in enumerate(points):
        yield model.purchases.at(point), spends[place % len(spends)]


def _predict_spend(
    model: ClvModel, purchases: PurchaseModel, spend: GammaGammaModel, rows: pd.DataFrame, days: float
) -> _ExpectedSpend:
    """Return the expected spend of the customers under the given models."""
    btyd_models = model.btyd_alone()
    btyd_models.purchases, btyd_models.spend = purchases, spend
    expected = btyd_models.expected_spend(rows, days)
    alive = np.maximum(btyd_models.purchases.p_alive(btyd_models.purchases.read(rows)), _TINY)
    climbed = np.zeros(len(rows))
    once = rows["repeat_purchases"].to_numpy(dtype=float) == 0
    if once.any():
        some = climb(rows[once], btyd_models.spend)
        climbed[once] = btyd_models.expected_spend(some, days)
    return _ExpectedSpend(expected, expected / alive, climbed)


def climb(rows: pd.DataFrame, spend: GammaGammaModel) -> pd.DataFrame:
    """Return the histories of one-time buyers as they would be after one more purchase today, of the usual spend."""
    age = rows["age_days"].to_numpy(dtype=float)
    each = spend.expected_spend_per_purchase(rows)
    gaps = np.log(np.maximum(age, 1.0))
    history = {"repeat_purchases": 1.0, "last_purchase_age_days": age, "log_gap_days_sum": gaps}
    settled = {"settled_spend": rows["settled_spend"] + each} if "settled_spend" in rows else {}
    return rows.assign(**history, mean_repeat_spend=each, **settled)


def _added(scenario: Scenario, expected: _ExpectedSpend, scores: pd.DataFrame) -> Array:
    """Return what a scenario adds to each customer's expected spend, (n,)."""
    p = scores["churn_score"].to_numpy(dtype=float)
    selected = (
        np.ones(len(p)) if scenario.segment is None else (scores["segment"] == scenario.segment).to_numpy(dtype=float)
    )
    kept = selected * np.minimum(scenario.points, p) * expected.if_staying
    rises = np.where(expected.if_climbing != 0, expected.if_climbing - expected.spend, 0.0)
    return np.asarray(kept + scenario.climbers * rises)


def estimate(totals: Array, n: int) -> Estimate:
    """Return the first total, with the middle 95% of the others."""
    low, high = np.percentile(totals[1:], LEVELS) if len(totals) > 1 else (np.nan, np.nan)
    return Estimate(float(totals[0]), float(low), float(high), n)
