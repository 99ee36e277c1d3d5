"""Monitoring: the history, changes of the data, drift, kept promises and performance without labels, by hand."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from churnclv.bundle.log_profile import describe_log
from churnclv.bundle.profile_comparison import describe_columns
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, CustomerKind, DataSettings
from churnclv.evaluation.bootstrap import Interval
from churnclv.evaluation.drift import Bins, adjusted, same_distribution, stability_index
from churnclv.evaluation.metrics import auc, log_loss, plain
from churnclv.features.preparation import read_labels
from churnclv.monitoring.batch_drift import measure_drift, report_drift
from churnclv.monitoring.data_changes import compare_logs, find_value_changes
from churnclv.monitoring.finding import Finding, Light, Part, worst
from churnclv.monitoring.kept_promises import (
    evaluate_outcomes,
    evaluate_scoring,
    join_outcomes,
    read_promises,
    report_promises,
    shortfall,
)
from churnclv.monitoring.label_free import auc_draws, estimate_performance, expected_auc, report_estimate
from churnclv.monitoring.monitoring_page import Subject, render_page
from churnclv.monitoring.monitoring_texts import TEXTS, say
from churnclv.monitoring.retraining_decision import decide
from churnclv.monitoring.scoring_history import (
    KEPT_COLUMNS,
    Scoring,
    forget_customers,
    list_scorings,
    of_lineage,
    profile_scoring,
    remove_old,
    store_scoring,
)
from churnclv.pipeline.kind_steps import steps_of
from churnclv.pipeline.retrain import holding
from churnclv.snapshots.settings import WindowSettings
from churnclv.testing.market import Market, simulate
from churnclv.tracking.home import Home

RANDOM = np.random.default_rng(3)
DAY = datetime(2011, 3, 1)


def scoring(**changes) -> Scoring:
    facts = {
        "bundle": "b1", "model": "shop", "version": "1", "run_id": "run", "data": "shop", "as_of": "2011-03-01",
        "horizon_days": 90.0, "fitted_through": "2011-03-01", "scored_at": datetime.now(UTC).isoformat(),
        "fingerprint": "f", "windows": vars(WindowSettings()), "counts": {"customers": 4},
    }  # fmt: skip
    return Scoring(**{**facts, **changes})


def score_rows(ids, scores) -> pd.DataFrame:
    frame = pd.DataFrame(dict.fromkeys(KEPT_COLUMNS, np.nan), index=range(len(ids)))
    return frame.assign(customer_id=ids, churn_score=scores, in_population=np.isfinite(scores))


# --- the history


def test_a_scoring_is_stored_once_under_the_digest_of_its_content_and_read_back(tmp_path):
    home, rows = Home(tmp_path), score_rows(["a", "b", "c"], [0.2, 0.7, np.nan])
    path = store_scoring(home, scoring(), rows, pd.DataFrame({"customer_id": ["b"]}))
    assert path == store_scoring(home, scoring(scored_at="2030-01-01T00:00:00+00:00"), rows, rows[1:2])
    (stored,) = list_scorings(home)
    assert stored.scoring == replace(scoring(), scored_at=stored.scoring.scored_at)
    kept = stored.scores()
    assert kept["customer_id"].tolist() == ["a", "b"]  # who has no churn score is not kept
    assert kept["listed"].tolist() == [False, True]
    other = store_scoring(home, scoring(), rows.assign(churn_score=[0.2, 0.8, np.nan]))
    assert other != path
    assert path.name.startswith("2011-03-01-")


def test_a_damaged_file_is_no_scoring_and_the_others_are_read(tmp_path):
    home = Home(tmp_path)
    path = store_scoring(home, scoring(), score_rows(["a"], [0.2]))
    (home.scorings / "2011-01-01-torn.parquet").write_bytes(path.read_bytes()[:100])
    pd.DataFrame({"a": [1]}).to_parquet(home.scorings / "2011-01-02-mine.parquet")
    assert [stored.path for stored in list_scorings(home)] == [path]


def test_old_scorings_are_removed_by_when_they_ran_and_not_by_the_day_they_are_about(tmp_path):
    home, now = Home(tmp_path), datetime(2020, 1, 10, tzinfo=UTC)
    new = store_scoring(home, scoring(scored_at="2020-01-05T00:00:00+00:00"), score_rows(["a"], [0.2]))
    old = store_scoring(
        home, scoring(scored_at="2019-12-01T00:00:00+00:00", as_of="2019-12-01"), score_rows(["a"], [0.3])
    )
    assert remove_old(home, 30, now) == 1
    assert new.exists()
    assert not old.exists()


def test_a_forgotten_customer_is_in_no_byte_of_the_history_and_the_others_stay(tmp_path):
    home = Home(tmp_path)
    store_scoring(home, scoring(), score_rows(["keep-1", "forget-me", "keep-2"], [0.1, 0.2, 0.3]))
    untouched = store_scoring(home, scoring(as_of="2011-04-01"), score_rows(["keep-1"], [0.1]))
    ((path, gone),) = forget_customers(home, {"forget-me", "nobody"})
    assert gone == 1
    assert sorted(home.scorings.iterdir()) == sorted([path, untouched])
    assert not any(b"forget-me" in file.read_bytes() for file in home.scorings.iterdir())
    assert list_scorings(home)[0].scores()["customer_id"].tolist() == ["keep-1", "keep-2"]


def test_a_lineage_is_all_versions_of_a_model_or_one_bundle_without_a_model(tmp_path):
    home = Home(tmp_path)
    for model, bundle in (("shop", "b1"), ("shop", "b2"), ("other", "b3"), (None, "b4")):
        store_scoring(home, scoring(model=model, bundle=bundle), score_rows(["a"], [0.2]))
    scorings = list_scorings(home)
    assert {stored.scoring.bundle for stored in of_lineage(scorings, "shop", "b9")} == {"b1", "b2"}
    assert {stored.scoring.bundle for stored in of_lineage(scorings, None, "b4")} == {"b4"}


def test_a_scoring_of_another_horizon_has_label_windows_of_that_horizon():
    assert scoring().label_windows == WindowSettings()
    assert scoring(horizon_days=30.0).label_windows == WindowSettings(horizon_days=30)
    months = vars(WindowSettings(horizon_months=1, step_months=1))
    assert scoring(windows=months, horizon_days=31.0).label_windows.horizon_months == 1


def test_a_profile_of_a_scoring_has_no_text_that_identifies_a_customer():
    rows = pd.DataFrame({
        "customer_id": [f"c{n}" for n in range(20)], "cutoff": DAY, "in_population": True,
        "town": ["Rome"] * 19 + ["Nowhere-77"], "orders": range(20),
    })  # fmt: skip
    profile = profile_scoring(rows, score_rows(rows["customer_id"], np.linspace(0.1, 0.9, 20)))
    assert set(profile) == {"town", "orders", "churn_score"}
    assert "Nowhere-77" not in json.dumps(profile)
    assert not any(customer in json.dumps(profile) for customer in rows["customer_id"])


# --- drift


def test_bins_read_back_count_the_same_cells():
    numbers = pd.Series([1.0, 2.0, 2.0, 2.0, np.nan, 9.0, -4.0])
    texts = pd.Series(["a", "b", None, "a", "c"], dtype=object)
    for column in (numbers, texts):
        bins = Bins.learn(column)
        again = Bins.from_dict(json.loads(json.dumps(bins.as_dict())))
        assert again == bins
        assert bins.count(column).sum() == len(column)
        assert bins.count(column)[-1] == 1
    assert Bins.learn(texts).count(pd.Series(["new", "a", None], dtype=object)).tolist() == [1, 0, 0, 1, 1]


def test_a_profile_gives_the_index_that_the_rows_themselves_give():
    before, after = pd.Series(RANDOM.normal(size=500)), pd.Series(RANDOM.normal(0.7, size=300))
    profile = describe_columns(pd.DataFrame({"x": before}))
    (drift,) = measure_drift(json.loads(json.dumps(profile)), pd.DataFrame({"x": after}), 0.01)
    assert drift.index == pytest.approx(stability_index(before, after)[0])


def test_the_test_of_two_samples_is_pearsons_with_small_bins_pooled():
    from scipy.stats import chi2

    before, after = np.array([50.0, 50.0, 2.0, 1.0]), np.array([80.0, 20.0, 0.0, 4.0])
    pooled = np.array([[50.0, 50.0, 3.0], [80.0, 20.0, 4.0]])
    expected = pooled.sum(axis=1, keepdims=True) * pooled.sum(axis=0) / pooled.sum()
    statistic = ((pooled - expected) ** 2 / expected).sum()
    assert same_distribution(before, after) == pytest.approx(chi2.sf(statistic, 2))
    assert same_distribution(before, before) == 1.0
    assert same_distribution(np.array([7.0, 0.0]), np.array([9.0, 0.0])) == 1.0


def test_adjusted_p_values_are_those_of_benjamini_and_yekutieli():
    raw = [0.001, 0.02, 0.03, 0.5]
    harmonic = sum(1 / k for k in range(1, 5))
    steps = [raw[k] * 4 * harmonic / (k + 1) for k in range(4)]
    by_hand = [min(1.0, *steps[k:]) for k in range(4)]
    assert list(adjusted(dict(zip("abcd", raw, strict=True))).values()) == pytest.approx(by_hand)


def drifted(share=0.2, usual=0.0, rows=400, shift=1.5) -> tuple[dict, pd.DataFrame]:
    profile = describe_columns(pd.DataFrame({"x": RANDOM.normal(size=rows), "y": RANDOM.normal(size=rows)}))
    profile["x"] |= {"share_in_score": share, "usual_drift": usual}
    return profile, pd.DataFrame({"x": RANDOM.normal(shift, size=rows), "y": RANDOM.normal(size=rows)})


@pytest.mark.parametrize(
    ("share", "usual", "light"),
    [(0.2, 0.0, Light.act), (0.03, 0.0, Light.watch), (0.001, 0.0, Light.ok), (0.2, 10.0, Light.ok)],
)
def test_drift_counts_by_the_features_share_in_the_score_and_beyond_what_is_usual(share, usual, light):
    profile, rows = drifted(share, usual)
    lights = {drift.name: drift.light for drift in measure_drift(profile, rows, 0.01)}
    assert lights == {"x": light, "y": Light.ok}


def test_drift_that_the_same_season_of_a_year_ago_had_as_well_is_no_alarm():
    profile, rows = drifted()
    assert measure_drift(profile, rows, 0.01)[0].light == Light.act
    assert (
        worst(
            [Finding(Part.drift, one.light, "") for one in measure_drift(profile, rows, 0.01, describe_columns(rows))]
        )
        == Light.ok
    )


def test_a_bundle_without_bins_and_a_handful_of_customers_have_no_light():
    profile, rows = drifted()
    assert report_drift(measure_drift({"x": {"missing_share": 0.0}}, rows, 0.01), 400)[0].text == "drift.no_bins"
    (line,) = report_drift(measure_drift(profile, rows[:10], 0.01), 10)
    assert (line.light, line.text) == (Light.unknown, "drift.few")


# --- changes of the data


@pytest.fixture(scope="module")
def shop():
    simulated = simulate(Market(customers=900, days=420, birth_days=300), 5).log
    random = np.random.default_rng(5)
    simulated["channel"] = random.choice(["shop", "web", "app"], len(simulated), p=[0.5, 0.3, 0.2])
    simulated["country"] = np.where(simulated["customer_id"].str[-1] < "7", "UK", "IT")
    simulated["order_id"] = [
        ("C" if one < 0.1 else "O") + str(n) for n, one in enumerate(random.random(len(simulated)))
    ]
    return simulated


def profile_of(log, end="2011-02-20", **settings):
    data = DataSettings(static={"country": "country"}, refund_order_pattern="^C", max_set_aside_share=1.0, **settings)
    data.columns.channel, data.columns.order_id = "channel", "order_id"
    events = read_events(connect(EngineSettings(threads=1)), data, log)
    return describe_log(events, datetime.fromisoformat(end), 28)


def test_a_profile_of_a_log_has_the_counts_that_pandas_gives(shop):
    profile = profile_of(shop)
    window = shop[(shop["timestamp"] >= "2011-01-23") & (shop["timestamp"] < "2011-02-20")]
    assert profile["events"] == len(window)
    assert profile["customers"] == window["customer_id"].nunique()
    assert profile["columns"]["channel"]["customers"] == window.groupby("channel")["customer_id"].nunique().to_dict()
    orders = window[window["order_id"].str.startswith("O")]
    assert profile["columns"]["kind"]["customers"]["order"] == orders["customer_id"].nunique()
    assert profile["amounts"]["0.5"] == pytest.approx(orders["amount"].median())
    assert set(profile["columns"]) == {"kind", "channel", "country"}


def lines_of(reference, recent, season=None, is_whole=True):
    return compare_logs(reference, recent, 0.01, season, is_whole=is_whole)


def urgent(lines):
    return [say("en", line.text, **line.values) for line in lines if line.light == Light.act]


def test_the_same_log_needs_no_attention(shop):
    profile = profile_of(shop)
    assert {line.light for line in lines_of(profile, profile)} == {Light.ok}


FAULTS = {
    "a column in cents": (lambda log: log.assign(amount=log["amount"] * 100), "amount: median "),
    "a channel gone silent": (
        lambda log: log.assign(channel=log["channel"].replace("web", "shop")), "channel: “web” is silent, "
    ),
    "a new country": (
        lambda log: log.assign(country=log["country"].where(log["customer_id"].str[-2] != "3", "Utopia")),
        "country: new value “Utopia”, ",
    ),
    "a changed refund code": (
        lambda log: log.assign(order_id=log["order_id"].str.replace("C", "R")), "kind: “refund” is silent, "
    ),
    "a column that is empty": (lambda log: log.assign(channel=None), "channel: 100.0% of the cells missing, 0.0% then"),
    "two of three days lost": (
        lambda log: log[log["timestamp"].dt.day_of_year % 3 == 0], " events a day, "
    ),
    "dates that cannot be read": (
        lambda log: log.assign(timestamp=log["timestamp"].astype(str).where(log["customer_id"].str[-1] > "3", "soon")),
        "of the rows refused as unparseable_date, ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_data_is_alarmed_by_name(shop, fault):
    inject, sentence = FAULTS[fault]
    alarms = urgent(lines_of(profile_of(shop), profile_of(inject(shop.copy()))))
    assert any(sentence in alarm for alarm in alarms), alarms


def test_an_extract_has_no_verdict_on_volumes_and_a_low_season_is_fine(shop):
    whole, part = profile_of(shop), profile_of(shop[shop["customer_id"].str[-1] > "7"])
    assert lines_of(whole, part)[0].light == Light.act
    assert lines_of(whole, part, is_whole=False)[0].light == Light.unknown
    assert lines_of(whole, part, season=part)[0].light == Light.ok


def test_values_of_a_handful_of_customers_are_not_kept_and_not_alarmed(shop):
    rare = shop.copy()
    rare.loc[rare.index[rare["timestamp"] >= "2011-02-10"][:3], "channel"] = "Rossi's own"
    profile = profile_of(rare)
    assert "Rossi" not in json.dumps(profile)
    assert find_value_changes(profile_of(shop), profile, 0.01) == []


# --- promises


def test_promises_equal_a_computation_by_hand_on_the_log(shop):
    """Outcomes joined by the label code are those that pandas finds in the window, and the figures follow from them."""
    events = read_events(
        connect(EngineSettings(threads=1)), DataSettings(), shop[["customer_id", "timestamp", "amount"]]
    )
    cutoff, end = datetime(2010, 10, 1), datetime(2010, 12, 30)
    known = sorted(shop.loc[shop["timestamp"] < cutoff, "customer_id"].unique())
    random = np.random.default_rng(1)
    scores = score_rows([*known, "somebody else"], random.uniform(0.05, 0.95, len(known) + 1)).assign(
        expected_spend=30.0, expected_spend_low=0.0, expected_spend_high=50.0, expected_purchases=1.0, listed=False
    )
    labels = read_labels(events, (cutoff,), WindowSettings(horizon_days=90))
    outcome = evaluate_scoring(scoring(as_of="2010-10-01"), scores, labels)

    window = shop[(shop["timestamp"] >= cutoff) & (shop["timestamp"] < end)]
    spend = window.groupby("customer_id")["amount"].sum().reindex(known).fillna(0.0).round(2)
    days = window.assign(day=window["timestamp"].dt.date).groupby("customer_id")["day"].nunique().reindex(known)
    left, p = (spend == 0).astype(float).to_numpy(), scores["churn_score"].to_numpy()[:-1]
    pairs = [(p[i] > p[j]) + 0.5 * (p[i] == p[j]) for i in np.flatnonzero(left) for j in np.flatnonzero(left == 0)]
    assert outcome.customers == len(known)
    assert outcome.figures["churn.auc"].value == pytest.approx(np.mean(pairs))
    assert outcome.figures["churn.log_loss"].value == pytest.approx(
        -np.mean(np.where(left == 1, np.log(p), np.log1p(-p)))
    )
    assert outcome.figures["churn.bias"].value == pytest.approx(p.sum() / left.sum() - 1)
    assert outcome.figures["spend.bias"].value == pytest.approx(30.0 * len(known) / spend.sum() - 1)
    assert outcome.figures["purchases.bias"].value == pytest.approx(len(known) / days.sum() - 1)
    assert outcome.figures["spend.coverage"].value == pytest.approx(np.mean(spend <= 50.0))


def test_outcomes_of_contracts_are_ends_within_the_horizon_and_those_of_a_table_its_target(tmp_path):
    contracts = pd.DataFrame({
        "customer_id": ["left", "stayed", "left later", "gone before"],
        "timestamp": "2011-01-01", "end": ["2011-03-20", None, "2011-07-01", "2011-02-01"],
    })  # fmt: skip
    columns = Columns(amount=None, end="end")
    settings = DataSettings(shape=CustomerKind.contractual, columns=columns, observed_until="2011-12-01")
    events = read_events(connect(EngineSettings(threads=1)), settings, contracts)
    home, steps = Home(tmp_path), steps_of(settings.shape)
    labels = steps.outcomes(events, scoring(), settings, home)
    assert dict(zip(labels["customer_id"], labels["churned"], strict=True)) == {"left": 1, "stayed": 0, "left later": 0}

    path = tmp_path / "table.csv"
    table = pd.DataFrame({"id": [f"c{n}" for n in range(8)], "age": range(8), "Churn": ["Yes", "No"] * 4})
    named = {"columns": Columns("id", None, None), "target": "Churn", "positive": "Yes"}
    settings = DataSettings(shape=CustomerKind.labelled, path=str(path), **named)
    facts, steps = scoring(as_of=None, horizon_days=None), steps_of(settings.shape)
    table.to_csv(path, index=False)
    labels = steps.outcomes(None, facts, settings, home)
    assert labels.set_index("customer_id")["churned"].to_dict() == {f"c{n}": 1.0 - n % 2 for n in range(8)}
    table.drop(columns="Churn").to_csv(path, index=False)
    assert steps.outcomes(None, facts, settings, home) is None
    assert facts.day == facts.scored_at[:10]


def test_customers_of_the_contact_list_are_shown_apart():
    rows = score_rows([f"c{n:03}" for n in range(200)], np.linspace(0.01, 0.99, 200))
    listed = rows["churn_score"] > 0.8
    random = np.random.default_rng(0)
    churned = (random.random(200) < rows["churn_score"]).astype(int).where(~listed, random.integers(0, 2, 200))
    labels = rows[["customer_id"]].assign(churned=churned)
    outcome = evaluate_scoring(scoring(), rows.assign(listed=listed), labels)
    plainly = join_outcomes(rows[~listed], labels)
    assert outcome.figures["churn.auc"].value == plain(auc, plainly["churned"], plainly["churn_score"])
    assert outcome.listed["churn.bias"].value == pytest.approx(
        rows["churn_score"][listed].sum() / churned[listed].sum() - 1
    )
    assert outcome.customers == 200


def promised(**values) -> dict:
    return {"run": {name.replace("_", ".", 1): Interval(v, v - 0.01, v + 0.01) for name, v in values.items()}}


def outcome_of(**values):
    figures = {name.replace("_", ".", 1): Interval(v, v - 0.01, v + 0.01) for name, v in values.items()}
    return replace(
        evaluate_scoring(
            scoring(),
            score_rows(["a"], [0.5]).assign(listed=False),
            pd.DataFrame({"customer_id": ["a"], "churned": [1]}),
        ),
        figures=figures,
    )


@pytest.mark.parametrize(
    ("name", "observed", "promise", "light"),
    [
        ("churn_auc", 0.70, 0.80, Light.act),
        ("churn_auc", 0.90, 0.80, Light.ok),
        ("churn_auc", 0.79, 0.80, Light.ok),
        ("churn_log_loss", 0.50, 0.40, Light.act),
        ("churn_bias", -0.5, 0.0, Light.act),
        ("churn_bias", 0.15, 0.0, Light.watch),
        ("spend_bias", 0.02, -0.05, Light.ok),
        ("spend_coverage", 0.99, 0.90, Light.ok),
        ("spend_coverage", 0.80, 0.90, Light.act),
    ],
)
def test_a_promise_is_broken_beyond_chance_and_beyond_its_tolerance(name, observed, promise, light):
    wanted = promised(churn_auc=0.8, churn_bias=0.0, **({} if name in {"churn_auc", "churn_bias"} else {name: promise}))
    found = outcome_of(**({"churn_auc": 0.8, "churn_bias": 0.0} | {name: observed}))
    assert worst(report_promises([found], wanted, 0.01)) == light


def test_a_figure_that_is_uncertain_breaks_no_promise():
    wide = outcome_of(churn_auc=0.70, churn_bias=0.0)
    wide.figures["churn.auc"] = Interval(0.70, 0.55, 0.85)
    assert worst(report_promises([wide], promised(churn_auc=0.8), 0.01)) == Light.ok


def test_promises_are_those_of_the_sealed_test_or_else_of_validation():
    metrics = {"valid.churn.auc": 0.7, "valid.churn.auc_low": 0.6, "valid.churn.auc_high": 0.8}
    assert read_promises(metrics) == ("valid", {"churn.auc": Interval(0.7, 0.6, 0.8), "churn.bias": Interval(0, 0, 0)})
    where, promises = read_promises({**metrics, "test.churn.auc": 0.9, "test.spend.interval.coverage": 0.91})
    assert where == "test"
    assert {name: one.value for name, one in promises.items()} == {
        "churn.auc": 0.9,
        "spend.coverage": 0.91,
        "churn.bias": 0.0,
    }
    assert read_promises({}) == ("", {})
    assert shortfall("churn.log_loss", Interval(0.44, 0, 0), Interval(0.4, 0, 0)) == pytest.approx(0.1)


def test_too_few_outcomes_give_no_figure():
    joined = score_rows([f"c{n}" for n in range(50)], np.full(50, 0.5)).assign(churned=[1] * 5 + [0] * 45)
    assert evaluate_outcomes(joined) == {}


# --- performance without labels


def test_the_expected_auc_is_the_ratio_of_expected_pairs():
    p = np.array([0.1, 0.4, 0.4, 0.9])
    right = sum(
        p[i] * (1 - p[j]) * ((p[i] > p[j]) + 0.5 * (p[i] == p[j])) for i in range(4) for j in range(4) if i != j
    )
    pairs = sum(p[i] * (1 - p[j]) for i in range(4) for j in range(4) if i != j)
    assert expected_auc(p) == pytest.approx(right / pairs)
    assert expected_auc(np.full(30, 0.3)) == pytest.approx(0.5)


def test_of_calibrated_scores_the_estimate_is_the_mean_over_outcomes_and_its_interval_holds_95_per_cent():
    random = np.random.default_rng(4)
    p = random.beta(2, 3, 800)
    draws = [(random.random(800) < p).astype(float) for _ in range(400)]
    found = np.array([plain(auc, truth, p) for truth in draws])
    estimate = estimate_performance(p)
    assert estimate.auc.value == pytest.approx(found.mean(), abs=4 * found.std() / 20)
    assert 0.91 <= np.mean((found >= estimate.auc.low) & (found <= estimate.auc.high)) <= 0.985
    assert estimate.log_loss == pytest.approx(np.mean([plain(log_loss, truth, p) for truth in draws]), abs=0.003)
    assert estimate.leavers == pytest.approx(p.mean())
    assert len(auc_draws(p)) == 200


def test_past_errors_widen_the_interval_and_are_shown():
    p = RANDOM.beta(2, 3, 800)
    wide = estimate_performance(p, [0.05, -0.05])
    assert wide.past_error == pytest.approx(0.05)
    assert wide.auc.high - wide.auc.value == pytest.approx(1.959964 * 0.05)
    assert report_estimate(wide, 800, None, 1)[-1].values["error"] == pytest.approx(0.05)


def test_an_estimate_clearly_below_the_promise_needs_attention():
    estimate = estimate_performance(RANDOM.beta(20, 30, 3000))
    assert report_estimate(estimate, 3000, Interval(0.8, 0.79, 0.81), 0)[0].light == Light.act
    assert report_estimate(estimate, 3000, Interval(estimate.auc.value, 0, 1), 0)[0].light == Light.ok
    assert report_estimate(estimate, 3000, None, 0)[0].light == Light.unknown
    assert report_estimate(None, 0, None, 0)[0].text == "estimate.few"


# --- the page


def test_every_text_has_both_languages_with_the_same_fields():
    from string import Formatter

    def names(text):
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    assert all(names(english) == names(italian) for english, italian in TEXTS.values())


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_page_keeps_to_80_columns_and_hostile_text_is_only_text(language):
    hostile = "\x1b[31m{n}\u202e" + "x" * 300
    findings = [
        Finding(Part.data, Light.act, "data.value_new", {"name": hostile, "value": hostile, "now": 0.5, "then": 0.0}),
        Finding(Part.data, Light.watch, "data.notice", {"name": "code", "text": "a sentence, " * 40}),
        Finding(Part.promises, Light.ok, "promises.figure", {
            "day": "2011-03-01", "figure": "spend.coverage", "value": 0.9, "low": 0.8, "high": 0.95, "promised": None,
        }),
        *[Finding(part, Light.ok, "drift.few", {"n": 3}) for part in Part],
    ]  # fmt: skip
    page = render_page(Subject(hostile, "2011-03-01", "2011-02-01", 12, 28), findings, language)
    assert max(map(len, page.splitlines())) <= 80
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert page.splitlines()[-1].startswith(("Next:  ", "Poi:   ", "       "))
    assert {"en": "1 line needs attention.", "it": "1 riga richiede attenzione."}[language] in page


def test_the_worst_light_of_nothing_is_unknown():
    assert worst([]) == Light.unknown


# --- retraining


def line(part, light, text="drift.few", **values):
    return Finding(part, light, text, {"n": 3, **values})


@pytest.mark.parametrize(
    ("findings", "age", "forced", "is_due", "reason"),
    [
        ([line(Part.drift, Light.watch), line(Part.data, Light.watch)], 30, False, False, "need no attention"),
        ([], 180, False, True, "the bundle's data end 180 days ago, and max_age_days is 180"),
        ([], 179, False, False, "179 days ago, fewer than 180; "),
        ([line(Part.drift, Light.act)], 30, False, True, "3 customers: too few to compare"),
        ([line(Part.promises, Light.act, "promises.few", day="2011-03-01")], 30, False, True, "2011-03-01: too few"),
        ([line(Part.estimate, Light.act, "estimate.few")], None, False, True, "3 customers: too few"),
        (
            [line(Part.data, Light.act), line(Part.drift, Light.act)],
            999,
            False,
            False,
            "the data need attention first: ",
        ),
        ([line(Part.data, Light.act)], 30, True, True, "forced"),
        ([], None, False, False, "drift, promises and the estimate need no attention"),
    ],
)
def test_a_challenger_is_trained_by_the_stated_rule(findings, age, forced, is_due, reason):
    decision = decide(findings, age, 180, forced=forced)
    assert decision.is_due == is_due
    assert any(reason in one for one in decision.reasons), decision.reasons


def test_one_process_holds_a_lock_and_a_killed_one_holds_it_no_more(tmp_path):
    path = tmp_path / "locks" / "retrain.lock"
    code = "\n".join([
        "import time; from pathlib import Path; from churnclv.pipeline.retrain import holding",
        f"with holding(Path({str(path)!r})) as ours: print(ours, flush=True); time.sleep(60)",
    ])  # fmt: skip
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline().strip() == "True"
    with holding(path) as ours:
        assert not ours
    other.kill()
    other.wait()
    other.stdout.close()
    with holding(path) as ours:
        assert ours
