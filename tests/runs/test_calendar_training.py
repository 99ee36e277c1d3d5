"""A calendar of promotions in a training: from a file to the summary, and into a bundle that does without the file."""

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.slow
SMALL = ("clv=bgnbd", "churn=logistic", "tuning.n_trials=2", "windows.open_seal=false", "clv.season=likelihood")


def test_a_calendar_is_read_estimated_and_kept_by_the_bundle(shop, tmp_path):
    home, days = str(tmp_path / "home"), pd.date_range("2000-01-01", "2035-01-01", freq="7D")
    file = tmp_path / "promotions.csv"
    pd.DataFrame({"week": days, "promoted": [place % 3 == 0 for place in range(len(days))]}).astype(
        {"promoted": int}
    ).to_csv(file, index=False)
    calendar = f"+data.covariates.promotion={{path: {file}, date: week, value: promoted}}"
    shop.train(calendar, *SMALL, MLRUNS=home)
    (summary,) = (tmp_path / "home").rglob("summary.md")
    text = summary.read_text()
    assert "- season: followed, with data.covariates too" in text
    assert "One more unit of promotion multiplies the purchase rate by" in text
    assert "values of promotion are assumed: the same weeks of the year before." in text
    out = shop.run("export", MLRUNS=home).stdout.splitlines()[0]
    file.unlink()  # the bundle has the effects of all days
    shop.run("score", f"input={shop.log}", f"output={tmp_path / 'scores.csv'}", f"model={out}")
    assert pd.read_csv(tmp_path / "scores.csv").query("in_population")["expected_purchases"].gt(0).all()
    kept = [path for path in (tmp_path / "home").rglob("clv.json") if "export" in str(path)]
    (stored,) = {path.read_text() for path in kept if path.parent.name != "plain_time"}
    assert json.loads(stored)["calendar"]["columns"][0]["attribute"] == "promotion"


def test_a_calendar_that_lacks_days_ends_the_command_with_a_message(shop, tmp_path):
    file = tmp_path / "short.csv"
    file.write_text("date,value\n2000-01-01,1\n2000-01-08,0\n")
    ended = shop.train(f"+data.covariates.promotion.path={file}", *SMALL, check=False, MLRUNS=str(tmp_path / "home"))
    assert ended.returncode == 2
    assert "data.covariates.promotion: " in ended.stderr
    assert "before the last event" in ended.stderr
    assert "Traceback" not in ended.stderr
