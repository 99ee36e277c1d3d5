"""What-if on models whose answers are known: nothing changed adds nothing, and a point adds its hundredth."""

import numpy as np
import pandas as pd
import pytest

from churnclv.clv.clv_model import ClvModel
from churnclv.clv.rfm import read_histories
from churnclv.decision.economics import EconomicsSettings
from churnclv.report.bundle_scores import Champion
from churnclv.report.texts.translation import TEXTS
from churnclv.report.what_if import SCENARIOS, Scenario, climb, simulate_scenarios
from churnclv.report.what_if_contracts import SCENARIOS as OF_CONTRACTS

ECONOMICS = EconomicsSettings(margin=0.4, annual_discount_rate=0.1, clv_horizon_days=90)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return a champion and the folder of its fitted model."""
    generator = np.random.default_rng(1)
    x = generator.poisson(1.5, 300).astype(float)
    age = generator.integers(60, 300, 300).astype(float)
    rows = pd.DataFrame({
        "customer_id": [f"c{n}" for n in range(300)], "cutoff": pd.Timestamp("2024-01-01"), "repeat_purchases": x,
        "last_purchase_age_days": np.where(x > 0, age * generator.uniform(0.2, 1.0, 300), 0.0).round(), "age_days": age,
        "mean_repeat_spend": np.where(x > 0, generator.gamma(5.0, 8.0, 300), 0.0), "log_gap_days_sum": 3.0 * x,
    })  # fmt: skip
    folder = tmp_path_factory.mktemp("models")
    ClvModel(name="pareto_nbd").fit(rows).save(folder)
    scores = pd.DataFrame({
        "customer_id": rows["customer_id"], "churn_score": np.linspace(0.005, 0.9, 300), "clv": 1.0,
        "expected_gain": 0.0, "segment": np.where(np.arange(300) < 60, "Champions", "Loyal"),
    })  # fmt: skip
    return Champion(scores, ECONOMICS, folder, rows), folder


def ahead(world, *scenarios, draws=20):
    champion, folder = world
    return simulate_scenarios(champion, folder, scenarios, draws, 0)


def test_nothing_changed_adds_nothing_and_leaves_the_baseline(world):
    same, none = ahead(world, Scenario("same")), ahead(world)
    (effect,) = same.effects
    assert (effect.revenue.value, effect.revenue.low, effect.revenue.high) == (0.0, 0.0, 0.0)
    assert (same.revenue, same.clv) == (none.revenue, none.clv)


def test_the_baseline_is_what_the_model_expects(world):
    champion, folder = world
    model, outlook = ClvModel.load(folder), ahead(world)
    assert outlook.revenue.value == pytest.approx(model.expected_spend(champion.features, 90).sum())
    assert outlook.clv.value == pytest.approx(model.discounted_value(champion.features, *ECONOMICS.value_terms).sum())
    assert outlook.revenue.low < outlook.revenue.value < outlook.revenue.high


def test_a_point_adds_a_hundredth_of_what_those_who_stay_are_worth(world):
    champion, folder = world
    model = ClvModel.load(folder)
    staying = model.expected_spend(champion.features, 90) / model.purchases.p_alive(read_histories(champion.features))
    points = np.minimum(0.01, champion.scores["churn_score"])  # the lowest scores have less than a point to lose
    outlook = ahead(world, Scenario("all", points=0.01), Scenario("top", points=0.01, segment="Champions"))
    assert outlook.effects[0].revenue.value == pytest.approx((points * staying).sum())
    assert outlook.effects[1].revenue.value == pytest.approx((points * staying)[:60].sum())


def test_a_rung_more_is_one_purchase_more_today(world):
    champion, folder = world
    model, rows = ClvModel.load(folder), champion.features
    once = rows[rows["repeat_purchases"] == 0]
    climbed = climb(once, model.spend)
    assert (climbed["last_purchase_age_days"] == climbed["age_days"]).all()
    assert (climbed["repeat_purchases"] == 1).all()
    gain = model.expected_spend(climbed, 90) - model.expected_spend(once, 90)
    (effect,) = ahead(world, Scenario("rung", climbers=0.1)).effects
    assert effect.revenue.value == pytest.approx(0.1 * gain.sum())


def test_the_same_seed_gives_the_same_interval(world):
    assert ahead(world, Scenario("all", points=0.01)) == ahead(world, Scenario("all", points=0.01))


class Learned:
    """What trees would have learned: so many times the BTYD model's spend."""

    horizon_days = 90.0
    amounts = {"spend": None}  # noqa: RUF012 # never changed

    def __init__(self, times):
        self.times = times

    def predict(self, rows, btyd, target):
        assert len(rows) == len(btyd)
        return self.times * btyd[f"btyd_{target}"].to_numpy()


@pytest.fixture
def learn(world, monkeypatch):
    """Return a function that gives the outlook of a champion whose trees expect so many times as much."""
    champion, folder = world
    load = ClvModel.load

    def outlook(times):
        def load_learned(path):
            model = load(path)
            model.learned = Learned(times)
            return model

        monkeypatch.setattr(ClvModel, "load", load_learned)
        return simulate_scenarios(champion, folder, SCENARIOS, 20, 0), load_learned(folder)

    return outlook


def test_what_trees_expect_is_the_baseline_and_multiplies_every_change(world, learn):
    alone, (doubled, model) = ahead(world, *SCENARIOS), learn(2.0)
    assert doubled.revenue.value == pytest.approx(model.expected_spend(world[0].features, 90).sum())
    pairs = [(doubled.revenue, alone.revenue), (doubled.clv, alone.clv)]
    pairs += [(one.revenue, other.revenue) for one, other in zip(doubled.effects, alone.effects, strict=True)]
    pairs += [(one.clv, other.clv) for one, other in zip(doubled.effects, alone.effects, strict=True)]
    for two, one in pairs:
        assert (two.value, two.low, two.high) == pytest.approx((2 * one.value, 2 * one.low, 2 * one.high), rel=1e-6)
        assert one.value > 0


@pytest.mark.parametrize(("times", "bounded"), [(100.0, 5.0), (0.001, 0.2)])
def test_a_correction_beyond_five_times_changes_the_baseline_alone(world, learn, times, bounded):
    alone, (outlook, _) = ahead(world, *SCENARIOS), learn(times)
    assert outlook.revenue.value == pytest.approx(times * alone.revenue.value, rel=1e-5)
    for effect, other in zip(outlook.effects, alone.effects, strict=True):
        assert effect.revenue.value == pytest.approx(bounded * other.revenue.value, rel=1e-6)


def test_each_change_has_its_assumption():
    assert [each.assumption for each in SCENARIOS] == ["staying", "staying", "staying", "climbing"]
    assert all(f"assumption.{each.assumption}" in TEXTS for each in (*SCENARIOS, *OF_CONTRACTS))
