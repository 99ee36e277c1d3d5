"""A run of more customers than the limit learns from a sample, and its bundle scores everybody."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from omegaconf import OmegaConf

from churnclv.bundle.loading import load_bundle
from churnclv.cli.app import train_config
from churnclv.pipeline import champion_contest
from churnclv.tracking.home import Home
from churnclv.tracking.registry import BundleSource, find_run

pytestmark = pytest.mark.slow
LIMIT = 250
CHEAP = ["clv=bgnbd", "churn=logistic", "tuning.n_trials=1", f"tuning.max_customers={LIMIT}", "windows.open_seal=false"]


def test_a_sample_is_learned_from_and_everybody_is_scored(shop, tmp_path, monkeypatch):
    home = {"MLRUNS": str(tmp_path / "home")}
    printed = shop.train(*CHEAP, **home).stdout
    assert f"Learned from and evaluated on {LIMIT} of the 400 customers" in " ".join(printed.split())
    where = Home(tmp_path / "home")
    run = find_run(where, None, "valid.churn.auc", higher_is_better=True)
    rows = pd.read_parquet(run.artifacts / "predictions" / "valid.parquet")
    assert 0 < rows.groupby("cutoff").size().max() <= LIMIT
    bundle = shop.run("export", **home).stdout.splitlines()[0]
    shop.run("score", f"input={shop.log}", f"output={tmp_path / 'scores.parquet'}", f"model={bundle}", **home)
    scores = pd.read_parquet(tmp_path / "scores.parquet")
    assert len(scores) == scores["churn_score"].notna().sum() == 400
    config = train_config(OmegaConf.to_container(OmegaConf.load(run.artifacts / "config.yaml")))
    assert config.tuning.max_customers == LIMIT
    early = replace(load_bundle(Path(bundle)).specification, fitted_through="2010-01-01")
    monkeypatch.setattr(champion_contest, "specification_of", lambda _: early)  # the windows lie after its end
    contest = champion_contest.compare_with_champion(config, run, where, BundleSource(Path(bundle)))
    assert contest.predictions["newcomer"].tolist() == rows["churn.score"].tolist()
    assert contest.truth.tolist() == rows["churned"].tolist()


def test_runs_of_earlier_versions_learned_from_everybody():
    stored = {"data": {"path": "orders.csv"}, "tuning": {"n_trials": 3}}
    assert train_config(stored).tuning.max_customers is None
