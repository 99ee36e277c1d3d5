"""Scoring by the command writes the new columns, and audience files from a table of contacts of any kind."""

import pandas as pd
import pytest

pytestmark = pytest.mark.slow


def test_scores_have_the_next_order_and_the_value_to_date(scored):
    bought = scored[scored["expected_purchases"].notna()]
    dated = bought[bought["expected_next_order"].notna()]
    assert 0 < len(dated) < len(bought)
    assert (dated["expected_next_order_low"] <= dated["expected_next_order"]).all()
    assert (dated["expected_next_order"] <= dated["expected_next_order_high"]).all()
    assert (dated["expected_next_order_low"] >= dated["as_of"]).all()
    assert (bought["spend_to_date"] > 0).all()
    assert (bought["clv_total"] >= bought["clv"]).all()
    assert set(bought["risk_band"].dropna()) <= {"low", "medium", "high"}
    assert bought["risk_band"].notna().equals(bought["churn_score"].notna())
    frequent = (
        dated["expected_purchases"]
        .rank()
        .corr((pd.to_datetime(dated["expected_next_order"]) - pd.to_datetime(dated["as_of"])).dt.days.rank())
    )
    assert frequent < -0.8  # more expected purchases are earlier ones


def test_audience_files_by_the_command(exported, scored):
    shop, _ = exported
    people = pd.DataFrame({"customer_id": scored["customer_id"]})
    people["E-Mail"] = people["customer_id"].str.lower() + "@example.com"
    people.to_csv(shop.folder / "contacts.csv", index=False, sep=";")
    words = [f"input={shop.log}", "output=scores, with lists.csv", "audiences=lists", "contacts=contacts.csv"]
    printed = shop.run("score", *words).stdout
    assert f"{len(scored):,} customers, {len(scored):,} with an address or a phone" in printed
    files = sorted((shop.folder / "lists").glob("*/klaviyo.csv"))
    assert sum(len(pd.read_csv(path)) for path in files) == len(scored)
    again = shop.run("score", *words)  # an earlier folder is replaced
    assert again.returncode == 0
    refused = shop.run("score", *words[:2], "audiences=.", check=False)
    assert refused.returncode == 2
    assert "what a command uses is never replaced" in refused.stderr  # the folder holds the log
    alone = shop.run("score", *words[:2], "contacts=contacts.csv", check=False)
    assert "contacts is for audience files" in alone.stderr
