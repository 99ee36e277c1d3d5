"""A shop that wins no more customers: its bundle rests on all of them, and its totals are those of the log."""

from pathlib import Path

import pandas as pd
import pytest

from churnclv.testing.market import Market, simulate

pytestmark = pytest.mark.slow
CHOICES = [
    "clv=bgnbd", "clv.cohort_days=180", "tuning.n_trials=1", "churn=logistic", "churn.class_weight=none",
    "churn.calibration=none", "windows.n_cutoffs=4", "windows.n_folds=1",
]  # fmt: skip
HORIZON = pd.Timedelta(days=90)


@pytest.fixture(scope="module")
def closed(open_shop):
    """The shop after a run and an export: 300 customers won in the first of two years, and two in the last weeks."""
    shop = open_shop("closed", "orders.csv")
    log = simulate(Market(customers=300, days=720), 4).log
    late = [("L1", 60, 20.0), ("L1", 40, 25.0), ("L1", 9, 22.0), ("L2", 30, 15.0)]
    last = pd.to_datetime(log["timestamp"]).max()
    rows = [(name, last - pd.Timedelta(days=ago), amount) for name, ago, amount in late]
    pd.concat([log, pd.DataFrame(rows, columns=log.columns)]).to_csv(shop.log, index=False)
    shop.run("train", "data=transactions", f"data.path={shop.log}", *CHOICES)
    done = shop.run("export")
    return shop, done.stdout + done.stderr


def test_the_export_names_the_small_cohort_and_so_does_the_card(closed):
    shop, printed = closed
    assert "WARNING small_cohort" in printed
    assert "WARNING totals_differ" not in printed
    card = next(Path(shop.home, "export").glob("*/artifacts/bundle/card.md")).read_text(encoding="utf-8")
    assert "small_cohort" in card


def test_the_bundle_expects_about_what_the_last_horizon_brought(closed, tmp_path):
    shop, _ = closed
    shop.run("score", f"input={shop.log}", f"output={tmp_path / 'scores.csv'}")
    scores = pd.read_csv(tmp_path / "scores.csv")
    log = pd.read_csv(shop.log, parse_dates=["timestamp"])
    end = log["timestamp"].max().normalize() + pd.Timedelta(days=1)
    recent = log[(log["timestamp"] >= end - HORIZON) & (log["amount"] > 0)]
    purchases = len(recent.assign(day=recent["timestamp"].dt.date)[["customer_id", "day"]].drop_duplicates())
    assert 0.5 < scores["expected_purchases"].sum() / purchases < 2.0
    assert 0.5 < scores["expected_spend"].sum() / recent["amount"].sum() < 2.0
