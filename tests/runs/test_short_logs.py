"""Short logs, long horizons, logs without amounts: one command trains, exports and scores, and says what it adapted."""

import pandas as pd
import pytest

from churnclv.testing.market import Market, simulate

QUICK = ["clv=mbgnbd", "churn=logistic", "tuning.n_trials=1"]
pytestmark = pytest.mark.slow


def write_log(path, days, **market):
    chosen = {"customers": 150, "days": days, "birth_days": days * 2 // 3, "alpha": 12.0, **market}
    log = simulate(Market(**chosen), 3).log
    log.to_csv(path, index=False)
    return log


def train(shop, folder, *words):
    return shop.run(
        "train", "data=transactions", f"data.path={folder / 'orders.csv'}", *QUICK, *words, MLRUNS=str(folder / "runs")
    )


@pytest.mark.parametrize(
    ("days", "horizon", "trained"),
    [
        (108, 90, 48),  # 1.2 horizons
        (92, 90, 40),
        (275, 90, 90),  # three horizons, and no sealed test
    ],
)
def test_a_short_log_trains_exports_and_scores(shop, tmp_path, days, horizon, trained):
    log = write_log(tmp_path / "orders.csv", days)
    done = train(shop, tmp_path, f"windows.horizon_days={horizon}")
    summary = done.stdout
    assert "WARNING adapted_plan: the configured windows do not fit" in summary
    assert ("WARNING shorter_horizon" in summary) == (trained < horizon)
    assert "no sealed test: every label is used to train or to validate" in summary
    assert "there is no sealed test" in summary
    if trained == horizon:
        return
    home = {"MLRUNS": str(tmp_path / "runs")}
    shop.run("export", **home)
    shop.run("score", f"input={tmp_path / 'orders.csv'}", f"output={tmp_path / 'scores.csv'}", **home)
    scores = pd.read_csv(tmp_path / "scores.csv", dtype={"customer_id": str})
    assert set(scores["customer_id"]) == set(log["customer_id"])
    assert (scores["horizon_days"] == trained).all()
    assert scores["churn_score"].between(0, 1).all()
    asked = {}
    for ahead in (trained, horizon):
        words = [f"input={tmp_path / 'orders.csv'}", f"output={tmp_path / 'other.csv'}", f"horizon_days={ahead}"]
        printed = shop.run("score", *words, **home).stderr
        assert ("WARNING other_horizon" in printed) == (ahead != trained)
        asked[ahead] = pd.read_csv(tmp_path / "other.csv", dtype={"customer_id": str})
    pd.testing.assert_frame_equal(asked[trained].drop(columns="horizon_days"), scores.drop(columns="horizon_days"))
    assert (asked[horizon]["horizon_days"] == horizon).all()
    assert (asked[horizon]["churn_score"] < scores["churn_score"]).all()
    assert (asked[horizon]["expected_purchases"] > scores["expected_purchases"]).all()


def test_ten_years_with_a_horizon_of_a_year_keep_the_sealed_test_and_the_number_of_cutoffs(shop, tmp_path):
    write_log(tmp_path / "orders.csv", 3650, customers=200, alpha=60.0)
    printed = train(shop, tmp_path, "windows.horizon_days=365").stdout
    assert "step_days 30 -> 122" in printed
    summary = shop.page(printed, tmp_path / "runs")
    assert "horizon 365 days; 6 training cutoffs" in summary
    assert "sealed test at 2018-12-" in summary


def test_a_short_log_without_amounts_trains(shop, tmp_path):
    write_log(tmp_path / "orders.csv", 200)
    rows = pd.read_csv(tmp_path / "orders.csv").drop(columns="amount")
    rows.rename(columns={"customer_id": "cust", "timestamp": "date"}).to_csv(tmp_path / "orders.csv", index=False)
    columns = [f"data.columns.{role}={name}" for role, name in {"customer_id": "cust", "timestamp": "date"}.items()]
    printed = train(shop, tmp_path, *columns, "data.columns.amount=null").stdout
    assert "WARNING shorter_horizon" in printed
    summary = shop.page(printed, tmp_path / "runs")
    assert "CLV: purchases within 88 days" in summary
    assert "CLV: spend" not in summary
