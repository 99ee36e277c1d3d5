"""The arena: what methods see, what is kept, the verdicts by hand, and a miniature case from end to end."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnclv.evaluation.bootstrap import Interval
from churnclv.testing.market import simulate

BENCHMARKS = Path(__file__).parents[2] / "experiments" / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import arena  # noqa: E402 # scripts beside each other
import arena_cases  # noqa: E402
import arena_peers  # noqa: E402
import arena_verdict  # noqa: E402
import regret  # noqa: E402
from arena_cases import LogCase, TableCase  # noqa: E402
from arena_ours import Checkout  # noqa: E402
from peer_answers import Table  # noqa: E402

CUTOFF = pd.Timestamp("2021-03-01")


def small_log():
    rows = [
        ("ann", "2021-01-01", 10.0),
        ("ann", "2021-02-28", 20.0),  # the last day before the cutoff
        ("ann", "2021-03-01", 30.0),  # the cutoff itself is an outcome
        ("bob", "2021-02-01", 5.0),
        ("bob", "2021-03-30", 7.0),  # the last day of the window
        ("bob", "2021-03-31", 100.0),  # after it
        ("eve", "2021-03-02", 9.0),  # a customer of later
        ("zoe", "2021-01-15", 1.0),
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return arena_cases.by_day(frame["customer_id"], frame["day"], frame["amount"])


def small_table(rows=40):
    ids = [f"R{number}" for number in range(rows)]
    file = pd.DataFrame({"row": ids, "size": np.arange(rows), "left": ["yes", "no", "no", "no"] * (rows // 4)})
    file["kind"] = ["a", "b"] * (rows // 2)
    text = file.astype(str)
    return Table("mini", text, file[["size", "kind"]], text[[]], "row", "left", "yes", (0,))


# --- what methods see ---


def test_a_log_is_cut_before_the_cutoff_and_its_outcomes_begin_on_it(tmp_path):
    case = LogCase("mini", small_log(), CUTOFF, 30)
    assert case.past["timestamp"].max() < CUTOFF
    assert case.truth.to_dict("index") == {
        "ann": {"purchases": 1.0, "spend": 30.0, "churned": 0.0},
        "bob": {"purchases": 1.0, "spend": 7.0, "churned": 0.0},
        "zoe": {"purchases": 0.0, "spend": 0.0, "churned": 1.0},
    }
    case.write(tmp_path)
    written = pd.read_csv(tmp_path / "past.csv")
    assert len(written) == 4
    assert (pd.to_datetime(written["timestamp"]) < CUTOFF).all()
    assert (pd.read_parquet(tmp_path / "past.parquet")["timestamp"] < CUTOFF).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["past.csv", "past.parquet", "question.json"]
    # what happens later changes nothing of what is written
    later = LogCase("mini", small_log()[lambda log: log["timestamp"] < CUTOFF], CUTOFF, 30)
    assert later.fingerprint == case.fingerprint


def test_a_table_gives_no_outcome_of_its_test_rows(tmp_path):
    case = TableCase(small_table())
    case.write(tmp_path)
    truth, train = case.truth, pd.read_csv(tmp_path / "train.csv")
    assert len(truth) == 10
    assert not set(truth.index) & set(train["row"])
    for file in ("test.csv", "test.parquet"):
        test = pd.read_csv(tmp_path / file) if file.endswith("csv") else pd.read_parquet(tmp_path / file)
        assert not {"left", "churned"} & set(test.columns)
        assert len(test) == 10
    assert set(pd.read_parquet(tmp_path / "train.parquet").columns) == {"customer_id", "size", "kind", "churned"}


def test_peers_learn_from_complete_label_windows_of_the_past_alone():
    days = pd.date_range("2020-01-01", "2020-12-30", freq="7D")
    log = pd.DataFrame({"customer_id": "ann", "timestamp": days, "amount": 1.0})
    cutoff = pd.Timestamp("2021-01-01")
    for moment in arena_peers.training_cutoffs(log, cutoff, 90):
        assert moment + pd.Timedelta(days=90) <= cutoff
        assert moment >= days[0] + pd.Timedelta(days=22)
    moment = arena_peers.training_cutoffs(log, cutoff, 90)[0]
    later = log.assign(amount=np.where(log["timestamp"] >= moment, 1000.0, 1.0))
    pd.testing.assert_frame_equal(arena_peers.describe(log, moment), arena_peers.describe(later, moment))
    with pytest.raises(arena_peers.NotApplicableError, match="no label window of 400 days"):
        arena_peers.learnable(log, cutoff, 400)


def test_a_day_is_one_purchase():
    ids, days = (
        pd.Series(["ann", "ann", "bob"]),
        pd.Series(["2021-01-01 09:00", "2021-01-01 17:00", "2021-01-01 00:00"]),
    )
    log = arena_cases.by_day(ids, days, pd.Series([1.0, 2.5, 4.0]))
    assert log["amount"].tolist() == [3.5, 4.0]
    assert len(arena_cases.by_day(ids, days)) == 2


# --- verdicts ---


@pytest.mark.parametrize(
    ("low", "high", "more", "verdict"),
    [
        (0.01, 0.03, True, "ahead"),
        (0.01, 0.03, False, "behind"),
        (-0.03, -0.01, True, "behind"),
        (-0.03, -0.01, False, "ahead"),
        (-0.01, 0.03, True, "level"),
        (0.0, 0.03, True, "level"),  # zero is in the interval
        (-0.03, 0.0, True, "level"),
        (np.nan, np.nan, True, "behind"),  # no answer
    ],
)
def test_verdicts(low, high, more, verdict):
    middle = (low + high) / 2.0
    assert arena_verdict.find_verdict(Interval(middle, low, high), higher_is_better=more) == verdict


def test_figures_by_hand_and_the_best_peer_of_each_metric():
    ids = pd.Index([f"c{number}" for number in range(4)], name="customer_id")
    truth = pd.DataFrame({"churned": [1.0, 0.0, 1.0, 0.0], "purchases": [0.0, 2.0, 0.0, 4.0]}, index=ids)
    ours = pd.DataFrame({"churn_score": [0.8, 0.4, 0.6, 0.2], "expected_purchases": [0.0, 2.0, 0.0, 2.0]}, index=ids)
    rank = pd.DataFrame({"churn_score": [0.9, 0.1, 0.2, 0.3], "expected_purchases": [1.0, 1.0, 1.0, 1.0]}, index=ids)
    sure = pd.DataFrame({"churn_score": [0.5, 0.5, 0.5, 0.5]}, index=ids[::-1])
    answers = {"ours": ours, "rank": rank, "sure": sure}
    lines = {line.metric: line for line in arena_verdict.compare("mini", truth, answers, "ours", ["rank", "sure"])}
    assert list(lines) == ["AUC", "log-loss", "purchases RMSE"]
    assert lines["AUC"].ours == 1.0
    assert lines["AUC"].peer == "rank"
    assert lines["AUC"].theirs == 0.75  # three of the four pairs
    assert lines["AUC"].difference.value == 0.25
    # minus the mean of ln .8, ln .6, ln .6, ln .8; of rank ln .9, ln .9, ln .2, ln .7, less than the ln 2 of sure
    assert lines["log-loss"].ours == pytest.approx(-(2 * np.log(0.8) + 2 * np.log(0.6)) / 4)
    assert lines["log-loss"].peer == "rank"
    assert lines["log-loss"].theirs == pytest.approx(-np.log(0.9 * 0.9 * 0.2 * 0.7) / 4)
    assert lines["log-loss"].figures["sure"] == pytest.approx(np.log(2))
    # sqrt(4 / 4) against sqrt((1 + 1 + 1 + 9) / 4)
    assert lines["purchases RMSE"].ours == pytest.approx(1.0)
    assert lines["purchases RMSE"].theirs == pytest.approx(np.sqrt(3.0))
    # every customer's squared error is less, so that every draw's is
    assert lines["purchases RMSE"].verdict == "ahead"
    assert lines["purchases RMSE"].difference.high < 0


def test_equal_answers_are_level_and_no_answer_is_behind():
    random = np.random.default_rng(0)
    ids = pd.Index([f"c{number}" for number in range(60)], name="customer_id")
    truth = pd.DataFrame({"churned": random.integers(0, 2, 60).astype(float)}, index=ids)
    answer = pd.DataFrame({"churn_score": random.uniform(0.1, 0.9, 60)}, index=ids)
    lines = arena_verdict.compare("same", truth, {"ours": answer, "peer": answer}, "ours", ["peer"])
    assert [line.verdict for line in lines] == ["level", "level"]
    lines += arena_verdict.compare("none", truth, {"peer": answer}, "ours", ["peer"])
    assert [line.verdict for line in lines[2:]] == ["behind", "behind"]
    assert arena_verdict.summarise(lines) == {"cases": 2, "behind": 1, "ahead": 0, "ahead and never behind": 0}
    lacking = answer.iloc[1:]
    found = arena_verdict.compare("lacking", truth, {"ours": lacking, "peer": answer}, "ours", ["peer"])
    assert [line.verdict for line in found] == ["behind", "behind"]
    page = arena_verdict.write_table(lines, {"same": 1.0}, {"none": ["ours has no answer: refused"]}, "ours")
    assert "| same | 60 | AUC |" in page
    assert "**behind**" in page
    assert "- none: ours has no answer: refused" in page


# --- resumption, and a miniature case ---


@pytest.fixture
def mini_log():
    random = np.random.default_rng(1)
    frames = []
    for number in range(80):
        days = np.cumsum(random.exponential(random.uniform(10, 80), 40)).astype(int)
        days = np.unique(days[days < 500])
        moments = pd.Timestamp("2020-01-01") + pd.to_timedelta(days, unit="D")
        frames.append(pd.DataFrame({"customer_id": f"c{number:02}", "timestamp": moments, "amount": 10.0 + number}))
    return LogCase("mini", pd.concat(frames, ignore_index=True), pd.Timestamp("2021-03-01"), 60)


def write_checkout(folder, score=0.5):
    package = folder / "src" / "churnclv"
    package.mkdir(parents=True)
    (folder / "conf").mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(
        "import sys\n"
        "import pandas as pd\n"
        "words = dict(word.split('=', 1) for word in sys.argv[2:])\n"
        "if sys.argv[1] == 'export':\n"
        "    print('bundle')\n"
        "if sys.argv[1] == 'train':\n"
        "    print('WARNING adapted_plan: shorter')\n"
        "if sys.argv[1] == 'score':\n"
        "    ids = sorted(pd.read_csv(words['input'])['customer_id'].unique())\n"
        f"    rows = pd.DataFrame({{'customer_id': ids, 'horizon_days': 60, 'churn_score': {score}}})\n"
        "    rows.assign(expected_purchases=1.0, expected_spend=20.0).to_csv(words['output'], index=False)\n"
    )
    return Checkout(folder)


@pytest.mark.slow
def test_a_miniature_case_from_end_to_end_and_again_from_what_is_kept(tmp_path, mini_log):
    said = []
    checkout = write_checkout(tmp_path / "checkout")
    made = arena.Arena(
        tmp_path / "kept", Path(sys.executable), ["bgnbd", "logistic"], {"ours": checkout},
        log=said.append,
    )  # fmt: skip
    cases = {"mini": lambda: mini_log, "absent": lambda: arena_cases.CASES["grocery_52w"](tmp_path / "nowhere")}
    results = arena.run(made, cases, tmp_path / "ARENA.md")
    assert [line.metric for line in results.lines] == [
        "AUC", "log-loss", "purchases RMSE", "spend RMSE", "spend Gini",
    ]  # fmt: skip
    assert all(set(line.figures) == {"ours", "bgnbd", "logistic"} for line in results.lines)
    assert results.lines[0].ours == 0.5  # equal scores rank by chance
    assert any(line.startswith("[2/2] absent: skipped, its data are missing") for line in said)
    page = (tmp_path / "ARENA.md").read_text()
    assert "| mini | 80 | AUC | 0.5000 |" in page
    stored = json.loads((tmp_path / "ARENA.json").read_text())
    assert [line["verdict"] for line in stored["lines"]] == [line.verdict for line in results.lines]
    facts = json.loads(next((tmp_path / "kept" / "mini").glob("ours-*.json")).read_text())
    assert facts["notices"] == ["adapted_plan"]
    # all is kept: nobody is asked again
    said.clear()
    assert arena.run(made, cases, tmp_path / "ARENA.md").lines == results.lines
    assert not [line for line in said if line.endswith("...")]
    # another code of ours is asked anew, peers are not
    said.clear()
    other = arena.Arena(
        made.kept, made.python, made.peers, {"ours": write_checkout(tmp_path / "new", 0.4)}, log=said.append
    )
    arena.run(other, cases, tmp_path / "ARENA.md")
    assert [line for line in said if line.endswith("...")] == ["[1/2] mini: ours ..."]


@pytest.mark.slow
def test_a_refusal_is_kept_with_its_reason_and_counts_as_behind(tmp_path, mini_log):
    checkout = write_checkout(tmp_path / "checkout")
    (tmp_path / "checkout" / "src" / "churnclv" / "__main__.py").write_text(
        "import sys\nsys.exit('error: The plan does not fit the data')\n"
    )
    made = arena.Arena(tmp_path / "kept", Path(sys.executable), ["bgnbd"], {"ours": checkout}, log=lambda _: None)
    results = arena.run(made, {"mini": lambda: mini_log}, tmp_path / "ARENA.md")
    assert {line.verdict for line in results.lines} == {"behind"}
    (note,) = results.notes["mini"]
    assert "The plan does not fit the data" in note


@pytest.mark.parametrize("method", ["xgboost", "hist_gradient", "plain_mean"])
def test_peers_answer_a_table(tmp_path, method):
    case = TableCase(small_table(400))
    case.write(tmp_path)
    answer = arena_peers.answer(method, tmp_path)
    assert sorted(answer.index) == list(case.truth.index)
    assert answer["churn_score"].between(0, 1).all()


# --- regret ---


@pytest.mark.parametrize("name", ["dense", "seasonal", "irregular"])
def test_the_best_prediction_agrees_with_what_happens(monkeypatch, name):
    monkeypatch.setattr(regret, "NODES", 1000)
    kind = regret.KINDS[name]
    log = simulate(kind.market, 5).log
    case = LogCase(name, log.assign(timestamp=log["timestamp"].dt.normalize()), kind.cutoff, regret.HORIZON_DAYS)
    best = regret.best_prediction(kind, log[log["timestamp"] < kind.cutoff])
    truth = case.truth
    chance = best["churn_score"].reindex(truth.index)
    error = np.sqrt((chance * (1 - chance)).sum())
    assert abs(truth["churned"].sum() - chance.sum()) < 4 * error
    bought = best["expected_purchases"].reindex(truth.index)
    assert bought.sum() == pytest.approx(truth["purchases"].sum(), rel=0.15)
    assert np.corrcoef(bought, truth["purchases"])[0, 1] > 0.5


def test_regret_is_zero_for_the_best_and_counts_the_distance():
    best = pd.DataFrame({"churn_score": [0.5, 0.2], "expected_purchases": [1.0, 3.0], "expected_spend": [10.0, 30.0]})
    assert regret.regrets(best, best) == {"log-loss": 0.0, "expected_purchases": 0.0, "expected_spend": 0.0}
    other = best.assign(churn_score=[0.25, 0.2], expected_purchases=[2.0, 3.0])
    found = regret.regrets(best, other)
    # .5 ln(.5 / .25) + .5 ln(.5 / .75), for one of two
    assert found["log-loss"] == pytest.approx((0.5 * np.log(2) + 0.5 * np.log(2 / 3)) / 2)
    assert found["expected_purchases"] == pytest.approx(0.5)  # 1 / 2 over a variance of 1
    assert found["expected_spend"] == 0.0
