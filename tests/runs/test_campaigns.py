"""Campaigns from plan to verdict, by the commands: a true effect, none, a broken hold-out, and too early a look."""

import json
import shutil

import pandas as pd
import pytest

from churnclv.testing.campaign_simulator import CampaignTruth, simulate_orders, simulate_scores
from commands import run_command

pytestmark = pytest.mark.slow
TRUTH = CampaignTruth(customers=4000)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("campaign")
    simulate_scores(TRUTH, 1).to_csv(folder / "scores.csv", index=False)
    done = run(folder, "campaign-plan", "scores=scores.csv", "out=campaigns/spring", "budget=9000")
    assert done.returncode == 0, done.stderr
    return folder, done


def run(folder, *words):
    return run_command(*words, folder=folder, environment={"MLRUNS": str(folder / "runs")})


def write_orders(folder, acceptance, seed):
    """Write what the customers of the plan order, and return the true effect on the churn rate."""
    groups = [pd.read_csv(folder / f"campaigns/spring/{name}.csv") for name in ("treat", "holdout")]
    customers = pd.concat([groups[0].assign(treated=1), groups[1].assign(treated=0)])
    truth = CampaignTruth(customers=4000, acceptance=acceptance)
    simulate_orders(customers, truth, seed).to_csv(folder / "later.csv", index=False)
    return -acceptance * float(customers["churn_score"].mean())


def test_a_plan_says_what_it_does_in_80_columns_and_names_the_next_command(planned):
    folder, done = planned
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "make campaign-judge CAMPAIGN=campaigns/spring INPUT=orders_later.csv" in done.stdout
    plan = json.loads((folder / "campaigns/spring/plan.json").read_text())
    assert plan["design"]["power"] >= 0.8
    assert plan["promise"]["cost"] <= 9000.0
    page = (folder / "campaigns/spring/README.md").read_text()
    assert f"Contact the {plan['design']['treated']:,} customers" in page


def test_the_same_command_gives_the_same_bytes_and_another_plan_replaces_none(planned):
    folder, _ = planned
    names = ("plan.json", "treat.csv", "holdout.csv", "README.md")
    before = {name: (folder / "campaigns/spring" / name).read_bytes() for name in names}
    again = run(folder, "campaign-plan", "scores=scores.csv", "out=campaigns/spring", "budget=9000")
    assert again.returncode == 0
    other = run(folder, "campaign-plan", "scores=scores.csv", "out=campaigns/spring", "budget=8000")
    assert other.returncode == 2
    assert "holds the plan of another campaign, whose verdict needs it" in other.stderr
    assert {name: (folder / "campaigns/spring" / name).read_bytes() for name in names} == before


def test_who_is_held_out_by_a_campaign_at_the_same_time_is_left_alone(planned):
    folder, _ = planned
    words = ("campaign-plan", "scores=scores.csv", "budget=9000")
    done = run(folder, *words, "out=campaigns/summer", "start=2024-04-15")
    assert done.returncode == 0, done.stderr
    held_out, treat = (pd.read_csv(folder / f"campaigns/{name}.csv") for name in ("spring/holdout", "summer/treat"))
    assert f"spring: runs at the same time; {len(held_out)} customers whom it holds out are left alone" in done.stderr
    assert not treat["customer_id"].isin(held_out["customer_id"]).any()


def test_the_verdict_covers_the_true_effect_and_is_recorded_without_ids(planned):
    folder, _ = planned
    effect = write_orders(folder, 0.3, 11)
    done = run(folder, "campaign-judge", "campaign=campaigns/spring", "input=later.csv", "cost=7000")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The campaign worked.")
    verdict = json.loads((folder / "campaigns/spring/verdict.json").read_text())
    churn = verdict["effects"]["churned"]["effect"]
    assert churn["low"] <= effect <= churn["high"] < 0.0
    assert verdict["promise"] == "held"
    assert verdict["net"]["value"] == pytest.approx(verdict["value"]["value"] - 7000.0)
    (page,) = (folder / "runs/artifacts").rglob("verdict.md")
    assert page.read_text() == (folder / "campaigns/spring/verdict.md").read_text()
    assert list(page.parent.rglob("campaign_effects.svg"))
    ids = pd.read_csv(folder / "campaigns/spring/holdout.csv")["customer_id"]
    recorded = "".join(path.read_text(errors="ignore") for path in (folder / "runs/artifacts").rglob("*.*"))
    assert not [name for name in ids if name in recorded]


def test_without_an_effect_it_says_so(planned):
    folder, _ = planned
    write_orders(folder, 0.0, 12)
    done = run(folder, "campaign-judge", "campaign=campaigns/spring", "input=later.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("No effect of the campaign can be shown.")
    assert "The plan's promise did not hold" in " ".join(done.stdout.split())


def test_a_broken_holdout_is_refused_by_name(planned):
    folder, _ = planned
    write_orders(folder, 0.3, 13)
    groups = [pd.read_csv(folder / f"campaigns/spring/{name}.csv") for name in ("treat", "holdout")]
    pd.concat([groups[0].head(3), groups[1].head(1)])[["customer_id"]].to_csv(folder / "sent.csv", index=False)
    words = ("campaign-judge", "campaign=campaigns/spring", "input=later.csv")
    done = run(folder, *words, "contacted=sent.csv")
    assert done.returncode == 2
    assert "sent.csv: row 5: 1 of " in done.stderr
    assert "customers who were held out were contacted: the hold-out is broken" in done.stderr
    shutil.copytree(folder / "campaigns/spring", folder / "campaigns/edited")
    groups[1].head(2).to_csv(folder / "campaigns/edited/treat.csv", mode="a", header=False, index=False)
    done = run(folder, "campaign-judge", "campaign=campaigns/edited", "input=later.csv")
    assert done.returncode == 2
    assert "holdout.csv: rows 2, 3: 2 customers held out are in treat.csv too" in done.stderr


def test_before_the_horizon_has_passed_there_is_no_verdict(planned):
    folder, _ = planned
    write_orders(folder, 0.3, 14)
    orders = pd.read_csv(folder / "later.csv")
    early = orders[pd.to_datetime(orders["timestamp"]) < pd.Timestamp(TRUTH.as_of) + pd.Timedelta(days=60)]
    early.to_csv(folder / "early.csv", index=False)
    done = run(folder, "campaign-judge", "campaign=campaigns/spring", "input=early.csv")
    assert done.returncode == 2
    assert "it is too early for a verdict" in done.stderr
    assert "data.observed_until=2024-05-30" in done.stderr


def test_its_own_files_are_no_input_and_other_peoples_files_are_not_replaced(planned):
    folder, _ = planned
    write_orders(folder, 0.3, 15)
    shutil.copytree(folder / "campaigns/spring", folder / "campaigns/mine", dirs_exist_ok=True)
    (folder / "campaigns/mine/verdict.md").write_text("my notes\n")
    done = run(folder, "campaign-judge", "campaign=campaigns/mine", "input=later.csv")
    assert done.returncode == 2
    assert "does not hold a verdict's page of an earlier run" in done.stderr
    assert (folder / "campaigns/mine/verdict.md").read_text() == "my notes\n"


def true_gain(rows, truth):
    """Return what contacting customers really brings: the value of who is kept, less contacts and offers taken."""
    kept = rows["churn_score"] * rows["segment"].map(truth.by_segment)
    return float((kept * rows["value"] - 1.0 - 10.0 * (1.0 - rows["churn_score"] + kept)).sum())


def test_what_a_campaign_showed_decides_whom_the_next_one_contacts(tmp_path):
    truth = CampaignTruth(customers=5000, by_segment={"At Risk": 0.9, "Loyal": -0.9, "New": 0.0})
    simulate_scores(truth, 3).to_csv(tmp_path / "scores.csv", index=False)
    done = run(tmp_path, "campaign-plan", "scores=scores.csv", "out=campaigns/spring", "design.holdout=1200")
    assert done.returncode == 0, done.stderr
    assert "effects   assumed: the acceptance in economics" in done.stdout
    groups = [pd.read_csv(tmp_path / f"campaigns/spring/{name}.csv") for name in ("treat", "holdout")]
    customers = pd.concat([groups[0].assign(treated=1), groups[1].assign(treated=0)])
    simulate_orders(customers, truth, 4).to_csv(tmp_path / "later.csv", index=False)
    done = run(tmp_path, "campaign-judge", "campaign=campaigns/spring", "input=later.csv")
    assert done.returncode == 0, done.stderr
    (command,) = (line for line in done.stdout.splitlines() if "make train ARGS=" in line)
    words = command.split('"')[1].split()
    done = run(tmp_path, "train", *words, "churn.threads=1")
    assert done.returncode == 0, done.stderr
    done = run(tmp_path, "export", "out=effect-bundle")
    assert done.returncode == 0, done.stderr
    done = run(tmp_path, "score", "input=scores.csv", "output=effects.csv", "model=effect-bundle")
    assert done.returncode == 0, done.stderr
    words = ("campaign-plan", "scores=scores.csv", "effects=effects.csv", "out=next/summer")
    done = run(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "effects   as an experiment measured them" in done.stdout
    chosen = pd.read_csv(tmp_path / "next/summer/treat.csv")
    assert not (chosen["segment"] == "Loyal").any()  # whom a contact drives away
    gains = [true_gain(rows, truth) for rows in (groups[0], chosen)]
    assert gains[0] < 0.0 < gains[1]
    assert "effects that an experiment measured (effects.csv)" in (tmp_path / "next/summer/README.md").read_text()
