"""The summary: cells keep apart whatever the currency, no skill is named, and money of one customer is noticed."""

import re

import numpy as np
import pandas as pd
import pytest

from churnclv.clv.predictive import Interval as Bounds
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.data.spend_concentration import concentrated_spend, is_concentrated
from churnclv.decision.gain_concentration import concentrated_gain
from churnclv.evaluation.bootstrap import Interval, Sample, Scores, score
from churnclv.evaluation.metrics import CHURN_METRICS, VALUE_METRICS
from churnclv.evaluation.profit import BestFraction, profit_beyond
from churnclv.pipeline.campaign_evaluation import CampaignPlan
from churnclv.tracking.summary import churn_lines, score_lines, sign_lines, value_lines
from churnclv.tuning.churn_comparison import SCORE, ChurnComparison
from churnclv.tuning.value_comparison import Held, Labels, ValueComparison

METRICS = {"rmse": "RMSE", "bias": "bias"}


def scores_of(**figures: tuple[float, float]) -> Scores:
    each = {name: {"rmse": wide(rmse), "bias": wide(bias)} for name, (rmse, bias) in figures.items()}
    return Scores(each, {})


def wide(value: float) -> Interval:
    return Interval(value, value / 10.0, value * 1.5)


@pytest.mark.parametrize("size", [1.0, 1e4, 92_348.94, 1e8, 1e12])  # euro, roubles, one wholesale account, rupiah
def test_a_blank_lies_between_all_figures_whatever_their_size(size):
    board = scores_of(population_mean=(size, -0.00001), a_model_of_a_very_long_name_gamma_gamma=(size * 1.1, 0.4839))
    heading, head, rule, *rows = [line for line in score_lines("CLV", "population_mean", METRICS, board, board) if line]
    assert heading == "## CLV"
    assert re.fullmatch(r"\|-+(\|-+:)+\|", rule)
    number = r"-?[\d,]+\.\d+"
    for row in rows:
        cells = rf"\| [> ] \w+ +\| +{number} \| +{number} \| +{number} \[{number}, {number}\] \| +{number} \|"
        assert re.fullmatch(cells, row), row
    assert len({len(line) for line in (head, rule, *rows)}) == 1
    assert "-0.0000" not in "".join(rows)


def churn_board(skill: float, seed: int = 0) -> ChurnComparison:
    """Return a board of a score of so much skill: 0 = noise around the base rate."""
    random = np.random.default_rng(seed)
    truth = (random.random(400) < 0.4).astype(float)
    noise = random.normal(0, 0.8, 400)
    logit = np.log(0.4 / 0.6) + skill * (truth - 0.4) + noise
    said = {SCORE: 1 / (1 + np.exp(-logit)), "base_rate": np.full(400, 0.4), "recency_rule": np.full(400, 0.5)}
    samples = [Sample(truth, said, np.arange(400))]
    money = score(samples, {"profit": profit_beyond(0.5)}, SCORE)
    return ChurnComparison(score(samples, CHURN_METRICS, SCORE), money, samples, samples)


def test_a_score_without_skill_is_named_on_validation_and_behind_the_seal():
    good, none = churn_board(3.0), churn_board(0.0, seed=1)
    found = [line.removeprefix("- ") for line in churn_lines(none, none, "within 90 days") if "WARNING" in line]
    assert [re.sub(r"log-loss.*", "", line) for line in found] == [
        "WARNING: base_rate is better than the score, validation: ",
        "WARNING: base_rate is better than the score, sealed test: ",
    ]
    loss = none.figures.figures[SCORE]["log_loss"].value - none.figures.figures["base_rate"]["log_loss"].value
    assert f"{loss:+.4f}" in found[0]
    (sealed,) = [line for line in churn_lines(good, none, "") if "WARNING" in line]
    assert "sealed test" in sealed
    assert not [line for line in churn_lines(good, good, "") if "WARNING" in line]


def test_a_board_of_one_outcome_shows_no_nan():
    truth = np.zeros(60)
    said = {SCORE: np.full(60, 0.2), "base_rate": np.full(60, 0.0001)}
    samples = [Sample(truth, said, np.arange(60))]
    board = ChurnComparison(
        score(samples, CHURN_METRICS, SCORE), score(samples, {"profit": profit_beyond(0.5)}, SCORE), samples, samples
    )
    text = "\n".join(churn_lines(board, board, "within 90 days"))
    assert "nan" not in text
    (row,) = [line for line in text.partition("score minus")[2].splitlines() if line.startswith("|   base_rate")]
    assert row.split("|")[2].strip() == "n/a"  # of AUC
    assert "base_rate is better" in text


def test_signs_and_campaigns_of_one_outcome_show_no_nan():
    nan = float("nan")
    signs = pd.DataFrame([{"en": "purchases ≤ 3", "coverage": 0.0, "precision": nan, "lift": nan}])
    assert sign_lines("leaving", signs, signs)[-1] == "- purchases ≤ 3: 0.0%, n/a, n/a; 0.0%, n/a, n/a"
    nobody = BestFraction(Interval(0.0, 0.0, 0.0), np.inf, Interval(0.0, -0.0, 0.0))
    lines = CampaignPlan(nobody, {"valid": (nan, 0.25)}, Interval(-0.0, 0.0, 0.0)).lines()
    assert lines[-1].endswith("valid n/a and 0.2500")
    assert not [line for line in lines if "nan" in line or "-0.0000" in line]


# --- money of one customer ---


def log_of(amounts: dict[str, float]) -> pd.DataFrame:
    rows = [(name, f"2021-01-{1 + n % 28:02}", amount) for n, (name, amount) in enumerate(amounts.items())]
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])


def spend_notices(amounts: dict[str, float]):
    events = read_events(connect(EngineSettings(threads=1)), DataSettings(), log_of(amounts))
    return [notice for notice in events.quality.notices if notice.code == "concentrated_spend"]


def test_one_customer_with_most_of_the_spend_is_a_notice_without_an_id():
    (notice,) = spend_notices({**{f"c{n}": 10.0 for n in range(99)}, "whale": 9010.0})
    assert notice.message.startswith("1 of 100 customers has 90.1% of the spend and 1 of 100 orders")
    assert "whale" not in notice.line()
    assert spend_notices({f"c{n}": 10.0 for n in range(100)}) == []
    assert spend_notices({"c1": 60.0, "c2": 30.0, "c3": 10.0}) == []  # of three customers, one always has much
    assert spend_notices({"c1": 60.0}) == []


def test_a_log_without_amounts_has_no_spend_to_concentrate():
    from churnclv.data.settings import Columns

    settings = DataSettings(columns=Columns(amount=None))
    events = read_events(connect(EngineSettings(threads=1)), settings, log_of({"a": 1.0, "b": 2.0}))
    assert concentrated_spend(events.table, settings) == ()


@pytest.mark.parametrize(
    ("most", "total", "customers", "expected"),
    [(25, 100, 20, True), (24, 100, 20, False), (30, 100, 10, False), (50, 100, 10, True), (0, 0, 10, False)],
)
def test_a_total_is_of_one_customer_from_a_quarter_and_five_times_the_average_on(most, total, customers, expected):
    assert is_concentrated(most, total, customers) is expected


def test_the_expected_gain_of_one_contact_is_a_notice():
    scores = pd.DataFrame({"action": ["contact"] * 20 + ["leave"], "expected_gain": [1.0] * 19 + [900.0, 5000.0]})
    (notice,) = concentrated_gain(scores)
    assert notice.message == "1 of 20 customers to contact brings 97.9% of the expected gain of 919.00."
    assert concentrated_gain(scores.head(19)) == ()
    assert concentrated_gain(scores.tail(1)) == ()


@pytest.mark.parametrize(("noise", "verdict"), [((1.0, 3.0), "better"), ((3.0, 1.0), "worse"), ((2.0, 2.0), "level")])
def test_the_chosen_value_model_is_compared_with_the_best_other_candidate(noise, verdict):
    random = np.random.default_rng(3)
    truth = random.gamma(2.0, 10.0, 2000)
    predictions = {
        "hybrid": truth + random.normal(0, noise[0], 2000),
        "bgnbd_gamma_gamma": truth + random.normal(0, noise[1], 2000),
        "pareto_nbd_gamma_gamma": truth + random.normal(0, 9.0, 2000),
        "population_mean": np.full(2000, 20.0),
    }
    samples = [Sample(truth, predictions, np.arange(2000))]
    scores = score(samples, VALUE_METRICS, "population_mean")
    labels = Labels("hybrid", "ranking", "no_purchase")
    ranks = (np.zeros(2000), np.linspace(0.0, 1.0, 2000))
    inside = Held(truth, truth, Bounds(truth - 1.0, truth + 1.0), ranks, (0.05, 0.95), np.arange(2000))
    held = {"spend": [inside], "purchases": [inside]}
    baselines = {"spend": "population_mean", "purchases": "population_mean"}
    comparison = ValueComparison(labels, scores, scores, samples, held, baselines)
    (line,) = [line for line in value_lines(comparison, "spend", "sealed test") if "best other candidate" in line]
    assert line.startswith(
        "- RMSE of hybrid minus bgnbd_gamma_gamma (the best other candidate here), paired, sealed test"
    )
    assert line.endswith(f": {verdict}")
    errors = [np.sqrt(np.mean((predictions[name] - truth) ** 2)) for name in ("hybrid", "bgnbd_gamma_gamma")]
    assert f"{errors[0] - errors[1]:+.4f}" in line


def test_a_candidate_that_was_not_drawn_has_a_difference_without_an_interval():
    samples = [Sample(np.arange(50.0), {"a": np.zeros(50), "b": np.ones(50), "zero": np.zeros(50)}, np.arange(50))]
    scores = score(samples, VALUE_METRICS, "zero", drawn_models=("a",))
    difference = scores.difference("a", "b", "rmse")
    assert difference.value == pytest.approx(scores.figures["a"]["rmse"].value - scores.figures["b"]["rmse"].value)
    assert np.isnan([difference.low, difference.high]).all()
