"""What training can choose is exported and scores: the season above all, for which few logs are long enough."""

import pandas as pd
import pytest

from churnclv.testing.market import Market, simulate

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "choice",
    [
        ("clv=bgnbd", "churn=logistic"),
        ("clv=auto", "clv.candidates=[mbgnbd,pareto_nbd,ridge]", "churn=auto", "churn.max_rounds=15"),
    ],
    ids=["single", "combined"],
)
def test_models_that_follow_the_season_are_exported_and_score(shop, tmp_path, choice):
    log = simulate(Market(customers=150, days=800, birth_days=600, season=0.5, alpha=12.0), 5).log
    log.to_csv(tmp_path / "orders.csv", index=False)
    home = {"MLRUNS": str(tmp_path / "runs")}
    season = ["clv.season=yes", "churn.season=yes", "tuning.n_trials=1"]
    shop.run("train", "data=transactions", f"data.path={tmp_path / 'orders.csv'}", *season, *choice, **home)
    shop.run("export", **home)
    shop.run("score", f"input={tmp_path / 'orders.csv'}", f"output={tmp_path / 'scores.csv'}", **home)
    scores = pd.read_csv(tmp_path / "scores.csv", dtype={"customer_id": str})
    assert set(scores["customer_id"]) == set(log["customer_id"])
    assert scores["churn_score"].between(0, 1).all()
