"""The level of a churn score: where the mean probability goes, and what stays as it is."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.ensemble import ChurnChoice, ChurnModel
from churnclv.churn.level import find_level_shift, level_of, shift_towards
from churnclv.churn.log_odds import expit, log_odds_of
from churnclv.evaluation.metrics import auc, plain
from churnclv.testing.market import Market, simulate

DAYS = 60.0


def test_the_level_of_two_customers_by_hand():
    log_odds = log_odds_of(np.array([0.2, 0.6]))
    assert level_of(log_odds) == pytest.approx(np.log(0.4 / 0.6))
    # the odds 1/4 and 3/2, both doubled: 1/3 and 3/4, whose mean is 13/24
    shift = find_level_shift(log_odds, np.log(13 / 11))
    assert shift == pytest.approx(np.log(2.0))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.75, 1.0])
def test_the_level_goes_a_share_of_the_way_in_log_odds(share):
    random = np.random.default_rng(3)
    own, reference = random.normal(-1.0, 2.0, 400), random.normal(0.5, 1.0, 400)
    moved = own + shift_towards(own, reference, share)
    assert level_of(moved) == pytest.approx((1.0 - share) * level_of(own) + share * level_of(reference), abs=1e-8)
    outcomes = (random.random(400) < expit(own)).astype(float)
    assert plain(auc, outcomes, moved) == plain(auc, outcomes, own)


def test_levels_of_nobody_of_equal_scores_and_of_very_sure_ones():
    assert shift_towards(np.zeros(0), np.zeros(0), 0.75) == 0.0
    assert shift_towards(np.full(5, 2.0), np.full(5, -1.0), 1.0) == pytest.approx(-3.0)
    sure = np.array([-700.0, 700.0, 0.0])
    assert level_of(sure + shift_towards(sure, np.full(3, -1.0), 0.5)) == pytest.approx(-0.5, abs=1e-6)


def histories(seed: int = 1) -> pd.DataFrame:
    """Return rows at two cutoffs of a simulated market, with a column that says who has been silent."""
    log = simulate(Market(customers=150, days=500), seed).log
    parts = []
    for day in (300, 400):
        cutoff = pd.Timestamp("2010-01-01") + pd.Timedelta(days=day)
        past = log[log["timestamp"] < cutoff]
        days = past.assign(age=(cutoff - past["timestamp"]).dt.days).groupby("customer_id")["age"]
        rows = pd.DataFrame({"repeat_purchases": days.nunique() - 1.0, "age_days": days.max().astype(float)})
        rows["last_purchase_age_days"] = rows["age_days"] - days.min()
        rows["silence"] = days.min().astype(float)
        parts.append(rows.assign(cutoff=cutoff, mean_repeat_spend=1.0).reset_index())
    return pd.concat(parts, ignore_index=True)


def levelled(share: float, weights: dict[str, float]) -> ChurnModel:
    members = {"logistic": {"penalty_strength": 3.0}, "no_purchase": {"model": "mbgnbd", "days": DAYS}}
    return ChurnModel(ChurnChoice(weights, members, level_share=share), 1)


@pytest.mark.parametrize("weights", [{"logistic": 1.0}, {"logistic": 0.6, "no_purchase": 0.4}])
def test_a_model_learns_its_shift_on_the_rows_that_are_predicted_and_keeps_it(tmp_path, weights):
    rows = histories()
    churned = (rows["silence"] > rows["silence"].median()).astype(float).to_numpy()
    latest = rows[rows["cutoff"] == rows["cutoff"].max()]
    plain_model = levelled(0.0, weights).fit(rows, churned, ["silence"], latest)
    reference = levelled(0.0, {"no_purchase": 1.0}).fit(rows, churned, ["silence"], latest)
    model = levelled(0.75, weights).fit(rows, churned, ["silence"], latest)
    own, wanted = level_of(plain_model.log_odds(latest)), level_of(reference.log_odds(latest))
    assert level_of(model.log_odds(latest)) == pytest.approx(0.25 * own + 0.75 * wanted, abs=1e-8)
    # a shift is the same for every customer: one alone is scored as among all
    assert model.log_odds(latest[:1])[0] == pytest.approx(model.log_odds(latest)[0], abs=1e-12)
    assert model.contributions(latest).sum(axis=1).to_numpy() == pytest.approx(model.log_odds(latest), abs=1e-9)
    model.save(tmp_path)
    assert ChurnModel.load(tmp_path).log_odds(latest) == pytest.approx(model.log_odds(latest), abs=1e-12)


def test_the_shift_does_not_see_who_left():
    rows = histories()
    churned = (np.arange(len(rows)) % 2).astype(float)
    latest = rows[rows["cutoff"] == rows["cutoff"].max()]
    weights = {"no_purchase": 1.0}
    one = levelled(0.75, weights).fit(rows, churned, ["silence"], latest)
    other = levelled(0.75, weights).fit(rows, 1.0 - churned, ["silence"], latest)
    assert one.level_shift == other.level_shift == pytest.approx(0.0, abs=1e-9)


def test_choices_of_earlier_versions_have_no_shift():
    assert ChurnChoice.from_dict({"weights": {"logistic": 1.0}, "members": {}}).level_share == 0.0
    assert replace(ChurnChoice({}), level_share=0.5).as_dict()["level_share"] == 0.5
