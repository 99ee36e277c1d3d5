"""The overview: at most 80 columns whatever the names, each rival with its interval and its verdict."""

from pathlib import Path

import numpy as np
import pytest

from churnclv.churn.ensemble import ChurnChoice
from churnclv.evaluation.bootstrap import Interval, Sample, score
from churnclv.evaluation.check import Check, Outcome
from churnclv.evaluation.metrics import CHURN_METRICS, VALUE_METRICS
from churnclv.evaluation.profit import profit_beyond
from churnclv.notices import Notice
from churnclv.tracking.overview import (
    COLUMNS,
    check_overview,
    churn_overview,
    render_overview,
    run_overview,
    value_overview,
)
from churnclv.tuning.churn_comparison import SCORE, ChurnComparison
from churnclv.tuning.value_comparison import Labels, ValueComparison

LONG = "a_model_of_a_very_long_name_whose_author_liked_to_say_everything_in_it_and_more_than_that"


def churn_comparison(skills: dict[str, float], drawn: tuple[str, ...] = ()) -> ChurnComparison:
    """Return a comparison of models of so much skill: 0 = noise."""
    random = np.random.default_rng(0)
    truth = (random.random(800) < 0.4).astype(float)
    logits = {name: skill * (truth - 0.4) + random.normal(0, 0.8, 800) for name, skill in skills.items()}
    chances = {name: 1 / (1 + np.exp(-logit)) for name, logit in logits.items()}
    samples = [Sample(truth, chances | {"base_rate": np.full(800, 0.4)}, np.arange(800))]
    figures = score(samples, CHURN_METRICS, SCORE, drawn_models=drawn)
    return ChurnComparison(figures, score(samples, {"profit": profit_beyond(0.5)}, SCORE), samples, samples)


def value_comparison(noise: dict[str, float], size: float = 1.0) -> ValueComparison:
    """Return a comparison of models with so much noise, the first of them the chosen one."""
    random = np.random.default_rng(1)
    truth = size * random.gamma(2.0, 10.0, 800)
    predicted = {name: truth + size * random.normal(0, sd, 800) for name, sd in noise.items()}
    predicted |= {name: np.full(800, 20.0 * size) for name in ("population_mean", "past_rate", "zero")}
    samples = [Sample(truth, predicted, np.arange(800))]
    scores = score(samples, VALUE_METRICS, "population_mean")
    baselines = {"spend": "population_mean", "purchases": "population_mean"}
    return ValueComparison(Labels(next(iter(noise)), "", ""), scores, scores, samples, {}, baselines)


def widest(lines: list[str]) -> int:
    return max(map(len, render_overview(lines).splitlines()))


def test_the_best_other_model_and_the_best_btyd_score_are_rivals_with_verdicts():
    skills = {SCORE: 3.0, "xgboost": 3.0, "logistic": 1.0, "btyd": 1.0, "mbgcnbd_no_purchase": 2.0}
    skills |= {"hybrid_expected_purchases": 0.5, "combined_expected_purchases": 0.5, "no_purchase": 0.5}
    comparison = churn_comparison(skills)
    assert comparison.btyd_scores == ["btyd", "mbgcnbd_no_purchase", "no_purchase"]
    assert comparison.candidates == ["xgboost", "logistic", "hybrid_expected_purchases", "combined_expected_purchases"]
    text = render_overview(churn_overview(ChurnChoice({"xgboost": 0.5, "btyd": 0.5}), comparison, None, "in 9 days"))
    rows = text.splitlines()
    reached = comparison.figures.figures[SCORE]["auc"]
    assert rows[:2] == ["Churn in 9 days, validation", rows[1]]
    assert rows[1].startswith(f"  0.5 btyd + 0.5 xgboost: AUC {reached}, log-loss ")
    other, btyd = (next(n for n, row in enumerate(rows) if f"against {name}" in row) for name in ("xgboost", "mbgcnbd"))
    assert [row.split()[-1] for row in rows[other + 1 : other + 3]] == ["level", "level"]
    assert [row.split()[-1] for row in rows[btyd + 1 : btyd + 3]] == ["better", "better"]
    difference = comparison.figures.differences["mbgcnbd_no_purchase"]["auc"].negated()
    assert rows[btyd + 1] == f"    AUC       {difference.write('+.4f')}  better"


def test_a_score_of_one_member_is_not_its_own_rival():
    comparison = churn_comparison({SCORE: 2.0, "logistic": 2.0, "xgboost": 1.0})
    text = "\n".join(churn_overview(ChurnChoice({"logistic": 1.0}), comparison, None, ""))
    assert "against xgboost" in text
    assert "against logistic" not in text
    assert "BTYD" not in text


def test_models_with_an_interval_are_preferred_as_rivals():
    comparison = churn_comparison({SCORE: 2.0, "logistic": 1.0, "xgboost_defaults": 3.0}, (SCORE, "logistic"))
    assert comparison.best(comparison.candidates) == "logistic"
    assert comparison.best(["xgboost_defaults"]) == "xgboost_defaults"
    assert comparison.best([]) is None


@pytest.mark.parametrize(("noise", "verdict"), [(1.0, "better"), (9.0, "worse")])
def test_the_clv_model_stands_against_the_best_other_candidate_and_the_naive_one(noise, verdict):
    comparison = value_comparison({"hybrid": noise, "bgnbd_gamma_gamma": 4.0, "boosted": 12.0})
    rows = value_overview("hybrid on bgnbd", comparison, comparison, "spend")
    reached = comparison.spend.figures["hybrid"]["rmse"]
    assert rows[1] == "CLV: spend within the horizon, sealed test"
    assert rows[2] == f"  hybrid on bgnbd: RMSE {reached}"
    assert rows[3] == "  against bgnbd_gamma_gamma, the best other candidate here"
    assert rows[4].endswith(f"]  {verdict}")
    assert rows[5] == "  against population_mean, the best naive one on validation"
    assert rows[6].endswith("]  better")


@pytest.mark.parametrize(
    ("interval", "more_is_better", "verdict"),
    [
        (Interval(1.0, 0.1, 2.0), True, "better"),
        (Interval(1.0, 0.1, 2.0), False, "worse"),
        (Interval(-1.0, -2.0, -0.1), False, "better"),
        (Interval(0.0, -0.0, 0.0), False, "level"),
        (Interval(1.0, np.nan, np.nan), True, "no interval"),
    ],
)
def test_a_verdict_follows_the_interval(interval, more_is_better, verdict):
    assert interval.verdict(higher_is_better=more_is_better) == verdict


@pytest.mark.parametrize("size", [1.0, 1e12])
def test_no_line_is_wider_than_80_columns_whatever_the_names(size):
    churn = churn_comparison({SCORE: 0.0, LONG: 1.0, f"{LONG}_no_purchase": 1.0})
    value = value_comparison({LONG: 1.0, f"{LONG}_gamma_gamma": 1.0}, size)
    failed = Check("C6", f"claim of {LONG}", Outcome.failed, f"{LONG} PSI 8.29; " * 20, f"leave {LONG} out " * 5)
    notice = Notice("mixed_things", f"column {LONG!r} has " + "many things, " * 20, f"data.columns.{LONG}=this")
    choice = ChurnChoice({LONG: 0.4, f"other_{LONG}": 0.6})
    lines = [
        *churn_overview(choice, churn, churn, f"within {LONG}"),
        *value_overview(f"{LONG} on {LONG}", value, value, "spend"),
        *check_overview([failed], [notice, notice]),
        *run_overview(Path("/", *[f"a folder of {LONG}"] * 4), LONG, "0123456789abcdef" * 2, 3, 1234.5),
    ]
    assert widest(lines) <= COLUMNS
    text = " ".join(render_overview(lines).split())
    assert text.count("WARNING mixed_things") == 1
    assert f"-> data.columns.{LONG}=this"[:60] in text


def test_a_path_is_cut_after_a_slash_and_shorter_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    near = run_overview(tmp_path / "mlruns" / "artifacts", "shop", "0" * 32, 1, 1.0)
    assert "  mlruns/artifacts/summary.md" in near
    far = Path("/srv", "x" * 40, "y" * 40, "artifacts")
    rows = run_overview(far, "shop", "0" * 32, 1, 1.0)
    place = next(n for n, row in enumerate(rows) if row.startswith("  /srv"))
    assert rows[place : place + 2] == [f"  /srv/{'x' * 40}/", f"  {'y' * 40}/artifacts/summary.md"]


def test_a_long_finding_is_shortened_and_its_remedy_is_whole():
    check = Check("C6", "features do not drift", Outcome.failed, "; ".join(["spend PSI 8.29"] * 30), "fewer cutoffs")
    lines = check_overview([check, Check("C1", "", Outcome.passed, "", "")], [])
    assert lines[1] == "Checks: 1 passed, 1 failed of 2 (checks.md)"
    assert lines[2].startswith("  C6 failed: features do not drift: spend PSI 8.29; ")
    assert lines[2].endswith(" ...")
    assert lines[3] == "    -> fewer cutoffs"
