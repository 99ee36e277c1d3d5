"""Intervals hold the truth as often as they say, on markets whose truth is known: 20 of them, seeds 0 to 19."""

import numpy as np
import pandas as pd
import pytest

from churnclv.clv.clv_model import ClvChoice, ClvModel
from churnclv.clv.predictive import NOMINAL, cubature_points
from churnclv.clv.rfm import AGE, LOG_GAPS, MEAN_SPEND, T_X, X
from churnclv.evaluation.interval_coverage import inside, randomised_coverage
from churnclv.testing.market import Market, simulate

CUTOFF_DAY, HORIZON_DAYS, SEEDS = 730, 90, 20
BGNBD = Market(customers=1000, days=820)
PARETO = Market(customers=1000, days=820, pareto=True, a=0.6, b=80.0)


def cut(market: Market, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Histories at the cutoff, and what happened in the horizon; purchases of one day are one."""
    log = simulate(market, seed).log
    day = (log["timestamp"] - pd.Timestamp(market.start)) // pd.Timedelta(days=1)
    daily = log.assign(day=day).groupby(["customer_id", "day"])["amount"].sum().reset_index()
    before = daily[daily["day"] < CUTOFF_DAY]
    grouped = before.groupby("customer_id")["day"]
    first, last, n = grouped.min(), grouped.max(), grouped.size()
    later = before[before["day"] > before["customer_id"].map(first)]
    spend = later.groupby("customer_id")["amount"].mean().reindex(n.index).fillna(0.0)
    columns = {X: n - 1.0, T_X: last - first, AGE: CUTOFF_DAY - 1.0 - first, MEAN_SPEND: spend, LOG_GAPS: 0.0}
    after = daily[(daily["day"] >= CUTOFF_DAY) & (daily["day"] < CUTOFF_DAY + HORIZON_DAYS)].groupby("customer_id")
    labels = {"purchases": after.size(), "spend": after["amount"].sum()}
    known = {name: found.reindex(n.index).fillna(0.0).astype(float) for name, found in labels.items()}
    return pd.DataFrame(columns).astype(float), pd.DataFrame(known)


def true_model(market: Market) -> ClvModel:
    model = ClvModel(name="pareto_nbd" if market.pareto else "bgnbd")
    last = ("s", "beta") if market.pareto else ("a", "b")
    values = (market.r, market.alpha, market.a, market.b)
    model.purchases.parameters = dict(zip(("r", "alpha", *last), values, strict=True))
    model.spend.parameters = {"p": market.p, "q": market.q, "v": market.v}
    return model


def combine_models(histories: pd.DataFrame, base: str) -> ClvModel:
    """Return equal weights of two models of purchases, one of which is wrong, with the right one as the base."""
    members = {name: ClvChoice(name=name, base=name) for name in ("bgnbd", "pareto_nbd")}
    equal = dict.fromkeys(members, 0.5)
    weights = {"purchases": equal, "spend": equal}
    choice = ClvChoice(name="combined", base=base, members=members, weights=weights, horizon_days=HORIZON_DAYS)
    return ClvModel(choice).fit(histories)


@pytest.fixture(scope="module", params=[BGNBD, PARETO], ids=["BG/NBD", "Pareto/NBD"])
def coverage(request) -> pd.DataFrame:
    """One row per seed, model (fitted or true) and target: plain and randomised coverage, mean width."""
    market, rows = request.param, []
    for seed in range(SEEDS):
        histories, labels = cut(market, seed)
        truth = true_model(market)
        fitted = ClvModel(name=truth.choice.name).fit(histories)
        models = {"fitted": fitted, "true": truth, "combined": combine_models(histories, truth.choice.name)}
        for kind, model in models.items():
            intervals, ranks = (
                model.intervals(histories, HORIZON_DAYS),
                model.ranks(histories, HORIZON_DAYS, labels),
            )
            for target in ("purchases", "spend"):
                low, high = intervals[target].low, intervals[target].high
                plain = inside(labels[target].to_numpy(), low, high).mean()
                drawn = randomised_coverage(ranks[target], NOMINAL, seed)
                rows.append((kind, target, plain, drawn, (high - low).mean()))
    found = pd.DataFrame(rows, columns=["model", "target", "plain", "randomised", "width"])
    means = found.groupby(["model", "target"]).mean()
    print(means)  # noqa: T201 # for who runs pytest -s: the widths
    return means


@pytest.mark.slow
@pytest.mark.parametrize("target", ["purchases", "spend"])
def test_randomised_ranks_cover_nine_in_ten(coverage, target):
    assert 0.88 <= coverage.loc[("fitted", target), "randomised"] <= 0.92


@pytest.mark.slow
@pytest.mark.parametrize("target", ["purchases", "spend"])
def test_randomised_ranks_of_a_combination_cover_nine_in_ten(coverage, target):
    assert 0.88 <= coverage.loc[("combined", target), "randomised"] <= 0.92


@pytest.mark.slow
@pytest.mark.parametrize("target", ["purchases", "spend"])
def test_plain_coverage_is_that_of_the_true_parameters(coverage, target):
    fitted, true = (coverage.loc[(kind, target), "plain"] for kind in ("fitted", "true"))
    assert fitted >= 0.90
    assert fitted <= true + 0.02


def test_parameter_points_have_the_mean_and_covariance_of_the_estimate():
    mean, root = np.array([0.1, -2.0, 0.7]), np.array([[0.2, 0.0, 0.0], [0.1, 0.1, 0.0], [-0.05, 0.02, 0.0]])
    points = np.array(cubature_points(mean, root @ root.T))
    assert len(points) == 4  # two per direction; the third parameter is known given the others
    assert points.mean(axis=0) == pytest.approx(mean)
    assert (points - mean).T @ (points - mean) / len(points) == pytest.approx(root @ root.T)
