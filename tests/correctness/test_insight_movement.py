"""Segments and their movement, cohorts and their curves, and the repeat ladder, against counts made by hand."""

import numpy as np
import pandas as pd
import pytest

from churnclv.data.settings import Columns
from churnclv.decision.economics import EconomicsSettings
from churnclv.decision.rfm_segments import Segmentation
from churnclv.files import write_json
from churnclv.report.bundle_scores import Champion
from churnclv.report.cohorts import count_cohorts, describe_curve, name_shape
from churnclv.report.estimates import Estimate
from churnclv.report.rfm_scores import Scoring, find_scoring, standing
from churnclv.report.section import Missing, Points, shown_blocks
from churnclv.report.sections.cohort_section import render_cohorts, value_table
from churnclv.report.sections.repeat_ladder import count_ladder, render_repeat_ladder
from churnclv.report.sections.segment_section import (
    NOT_YET,
    follow_segments,
    movement,
    profile_segments,
    render_segments,
)
from churnclv.report.segment_figures import Standing, count_by_segment
from churnclv.report.texts.translation import Translation

ENGLISH = Translation.of("en")
# silent days up to 10 score 5, to 20 4, ...; one purchase scores 1, two 2, three 3, four 4, more 5
BY_HAND = Scoring(Segmentation([10.0, 20.0, 30.0, 40.0], [1.0, 2.0, 3.0, 4.0]), (10.0, 20.0, 30.0, 40.0))


def log(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])


LOG = log(
    ("ann", "2024-01-31", "10"), ("ann", "2024-02-01", "5"), ("ann", "2024-02-28", "8"), ("ann", "2024-02-28", "1"),
    ("bob", "2024-01-01", "45"),
    ("cat", "2024-02-29", "20.5"),
    ("dan", "2024-03-01", "99"),
)  # fmt: skip


def test_scores_and_names_by_hand(look):
    base = look(LOG, as_of="2024-03-01")
    told = BY_HAND.name_segments(standing(base)).order_by("customer_id").execute().set_index("customer_id")
    # the last day is 29 February: ann bought on the day before, on three days; bob 59 days ago
    assert told["silent"].to_dict() == {"ann": 1, "bob": 59, "cat": 0}
    assert told["purchases"].to_dict() == {"ann": 3, "bob": 1, "cat": 1}
    assert told[["r", "f", "m"]].to_numpy().tolist() == [[5, 3, 3], [1, 1, 5], [5, 1, 3]]
    assert told["segment"].to_dict() == {"ann": "Potential Loyalist", "bob": "Hibernating", "cat": "New"}


@pytest.mark.parametrize(("segment", "days"), [("Champions", 0.0), ("Potential Loyalist", 0.0), ("Hibernating", 30.0)])
def test_a_segment_begins_after_so_many_days_of_silence(segment, days):
    assert BY_HAND.least_silence(segment) == days


@pytest.mark.parametrize(
    ("language", "young"),
    [
        ("en", "Hibernating: 1 customer. The segment begins after 30 days"),
        ("it", "In letargo: 1 cliente. Il segmento comincia dopo 30 giorni"),
    ],
)
def test_a_segment_that_the_log_was_too_young_for_is_no_news(look, language, young):
    """At the end of the first month that is followed the log is 30 days old, and 63 where it begins in 2022."""
    texts = Translation.of(language)
    rows = pd.concat([LOG[LOG["customer_id"] != "bob"], log(("bob", "2024-01-02", "45"))])
    older = log(*[(who, "2022-12-28", "5") for who in ("eve", "fay")], ("eve", "2024-02-20", "5"))

    def points(frame):
        base = look(frame, as_of="2024-03-01")
        blocks = shown_blocks(render_segments(base, texts, BY_HAND, None).blocks)
        return [line for block in blocks if isinstance(block, Points) for line in block.texts]

    assert any(line.startswith(young) for line in points(rows))
    assert not any("30" in line and line.startswith(young[:10]) for line in points(pd.concat([rows, older])))


def test_the_profile_by_hand(look):
    profile = profile_segments(look(LOG, as_of="2024-03-01"), BY_HAND, None).set_index("segment")
    assert list(profile.index) == ["Potential Loyalist", "New", "Hibernating"]
    assert profile["customers"].tolist() == [1, 1, 1]
    assert profile[["r", "f", "m"]].to_numpy().tolist() == [[5, 3, 3], [5, 1, 3], [1, 1, 5]]
    assert profile["spend"].tolist() == [24.0, 20.5, 45.0]
    assert profile["aov"].tolist() == [6.0, 20.5, 45.0]  # ann's two lines without an id are two orders
    assert profile["spend_share"].tolist() == [24 / 89.5, 20.5 / 89.5, 45 / 89.5]


def test_who_moved_in_february_by_hand(look):
    followed = follow_segments(look(LOG, as_of="2024-03-01"), BY_HAND)
    moved = movement(followed)
    # at the end of January ann had bought on that day (5, 1: New), bob 30 days before (3, 1: About to Sleep)
    assert moved.loc["New", "Potential Loyalist"] == 1
    assert moved.loc["About to Sleep", "Hibernating"] == 1
    assert moved.loc[NOT_YET, "New"] == 1
    assert int(moved.to_numpy().sum()) == 3


def test_what_segments_did_in_february_by_hand(look):
    counts = count_by_segment(look(LOG, as_of="2024-03-01"), BY_HAND)
    # at the end of January ann was New and bob About to Sleep; cat had not bought yet; both ordered in January
    assert counts.index.tolist() == ["New", "About to Sleep", NOT_YET]
    assert counts["stood"].tolist() == [1, 1, 0]
    assert counts["customers"].tolist() == [1, 0, 1]
    assert counts["revenue"].tolist() == [14.0, 0.0, 20.5]
    assert counts["before"].tolist() == [1, 1, 0]
    assert counts["kept"].tolist() == [1, 0, 0]


def test_what_is_at_stake_with_a_segment_by_hand(look):
    # values if staying follow from the gains of the scores, and at stake is the churn score times the value
    economics = EconomicsSettings()
    scores = pd.DataFrame({
        "customer_id": ["ann", "bob", "cat"], "churn_score": [0.5, 0.9, 0.2], "clv": [30.0, 10.0, 20.0],
        "expected_gain": [2.0, 1.0, 0.5], "segment": "elsewhere", "horizon_days": 90.0,
    })  # fmt: skip
    champion = Champion(scores, economics)
    value = champion.values_if_staying()
    today = Standing.of(look(LOG, as_of="2024-03-01"), BY_HAND, champion)
    one, everybody = today.estimates("Hibernating"), today.estimates(None)
    assert (one["segment_now"].value, everybody["segment_now"].value) == (1, 3)
    assert (one["segment_score"].value, one["segment_clv"].value, one["segment_leavers"].value) == (0.9, 10.0, 0.9)
    assert one["segment_at_stake"].value == pytest.approx(0.9 * value[1])
    parts = [today.estimates(name)["segment_at_stake"].value for name in ("Potential Loyalist", "New", "Hibernating")]
    assert everybody["segment_at_stake"].value == pytest.approx(sum(parts))
    assert today.estimates("Loyal")["segment_now"].value == 0


def test_thresholds_are_taken_again_from_an_earlier_report(look, tmp_path):
    path = tmp_path / "segments.json"
    write_json(path, BY_HAND.as_dict())
    assert find_scoring(look(LOG, as_of="2024-03-01", thresholds=str(path)), None) == BY_HAND


def test_thresholds_are_learned_as_bundles_learn_them(look):
    base = look(LOG, as_of="2024-03-01")
    history = pd.DataFrame({"age_days": [1, 59, 0], "last_purchase_age_days": 0, "repeat_purchases": [2, 0, 0]})
    assert find_scoring(base, None).grid == Segmentation.learn(history)


def test_customers_who_are_all_alike_are_in_one_segment(look):
    base = look(log(*[(name, "2024-01-05", "10") for name in "abcdef"]))
    section = render_segments(base, ENGLISH, find_scoring(base, None), None)
    assert len(section.tables["segments"]) == 1
    assert any("one segment" in block.text for block in section.blocks if isinstance(block, Missing))


# January: ann, bob; March: cat. ann orders in January, February, March; bob gets money back in February
COHORTS = log(
    ("ann", "2024-01-10", "10"), ("ann", "2024-02-10", "20"), ("ann", "2024-03-10", "30"),
    ("bob", "2024-01-20", "6"), ("bob", "2024-02-20", "-2"),
    ("cat", "2024-03-05", "7"), ("cat", "2024-03-06", "8"), ("cat", "2024-04-02", "1000"),
    ("old", "2023-08-01", "1"),
)  # fmt: skip


def test_cohorts_by_hand(look):
    cohorts = count_cohorts(look(COHORTS, as_of="2024-04-15"))
    january, march = 2024 * 12, 2024 * 12 + 2
    assert cohorts.sizes.to_dict() == {2023 * 12 + 7: 1, january: 2, march: 1}
    active, revenue = cohorts.table("customers"), cohorts.table("revenue")
    assert active.loc[january, [0, 1, 2]].tolist() == [2, 1, 1]
    assert revenue.loc[january, [0, 1, 2]].tolist() == [16, 18, 30]
    assert revenue.loc[march, 0] == 15.0
    assert np.isnan(revenue.loc[march, 1])  # April is not over
    assert active.loc[2023 * 12 + 7].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]


def test_what_a_cohort_has_brought_per_customer(look):
    table = value_table(count_cohorts(look(COHORTS, as_of="2024-04-15")), 0.5, ENGLISH).set_index("cohort")
    assert table.loc["January 2024", "margin_1"] == 0.5 * (16 + 18) / 2
    assert np.isnan(table.loc["March 2024", "margin_1"])


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (Estimate(0.02, 0.01, 0.03, 9), "smiles"),
        (Estimate(-0.05, -0.06, -0.04, 9), "falls"),
        (Estimate(-0.05, -0.12, 0.02, 9), "flattens"),  # the interval holds zero
        (Estimate(-0.015, -0.016, -0.014, 9), "flattens"),  # less than a tenth of 0.2
    ],
)
def test_the_shape_of_a_curve_follows_from_its_last_two_thirds(change, name):
    assert name_shape(change, 0.2) == name


def every_month(last_orders, months=14):
    """Return 60 customers of January 2023, of whom so many order in each later month."""
    rows = [(f"c{n}", "2023-01-05", "1") for n in range(60)]
    for month in range(1, months):
        day = f"{2023 + month // 12}-{1 + month % 12:02}-10"
        rows += [(f"c{n}", day, "1") for n in range(last_orders(month))]
    return log(*rows)


@pytest.mark.parametrize(
    ("orders", "name"),
    [
        (lambda month: 50 - 3 * month, "falls"),
        (lambda month: 40 if month < 4 else 20, "flattens"),
        (lambda month: 20 if month < 9 else 45, "smiles"),
    ],
)
def test_curves_that_fall_flatten_and_smile_are_told_apart(look, orders, name):
    base = look(every_month(orders), as_of="2024-03-01")
    shape = describe_curve(base, count_cohorts(base))
    assert shape.name == name
    assert shape.ages == 13
    # 12 ages in three thirds: 2-5, 6-9, 10-13
    assert shape.thirds == pytest.approx(
        [np.mean([orders(month) for month in range(*third)]) / 60 for third in ((2, 6), (6, 10), (10, 14))]
    )


def test_a_short_log_has_no_shape(look):
    few = look(COHORTS, as_of="2023-10-01")
    assert describe_curve(few, count_cohorts(few)).name == "few"
    base = look(every_month(lambda _: 9, 5), as_of="2023-07-20")
    assert describe_curve(base, count_cohorts(base)).name == "short"
    assert render_cohorts(base, ENGLISH, BY_HAND, 0.3).headline is None


# window of 10 days, known until 31 January: purchases up to 21 January are evaluated
LADDER = log(
    ("ann", "2024-01-01", "10"), ("ann", "2024-01-05", "4"), ("ann", "2024-01-05", "1"), ("ann", "2024-01-11", "3"),
    ("bob", "2024-01-02", "20"), ("bob", "2024-01-13", "7"),
    ("cat", "2024-01-21", "30"), ("cat", "2024-01-31", "2"),
    ("dan", "2024-01-22", "40"), ("dan", "2024-01-23", "9"),
)  # fmt: skip


def test_the_ladder_by_hand(look):
    ladder = count_ladder(look(LADDER, as_of="2024-02-01", ladder_days=10)).set_index("rung")
    assert ladder["reached"].tolist() == [4, 4, 1]
    # first purchases of ann, bob and cat count: ann came back after 4 days, cat on the tenth, bob on the eleventh
    assert ladder["evaluated"].tolist() == [3, 2, 1]
    assert ladder["climbed"].tolist() == [2, 1, 0]
    assert ladder["median_days"].tolist()[:2] == [7.0, 6.0]
    # spend after the first: ann 5 + 3, bob 0, cat 2; after the second: ann 3, bob 0
    assert ladder["later_spend"].tolist() == pytest.approx([10 / 3, 1.5, 0.0])
    assert ladder["step"].tolist()[:2] == pytest.approx([1.5 - 10 / 3, -1.5])


def test_a_ladder_that_nobody_climbs_is_said_and_not_drawn(look):
    section = render_repeat_ladder(
        look(log(("ann", "2024-01-01", "1"), ("bob", "2024-06-01", "1")), ladder_days=10), ENGLISH
    )
    assert [type(block) for block in section.blocks] == [Missing]
    short = render_repeat_ladder(look(log(("ann", "2024-01-01", "1"))), ENGLISH)
    assert "report.ladder_days" in short.blocks[0].text


def test_a_log_without_amounts_has_segments_cohorts_and_a_ladder(look):
    bare = COHORTS[["customer_id", "timestamp"]].assign(amount="")
    base = look(bare, {"columns": Columns(amount=None)}, ladder_days=10)
    scoring = find_scoring(base, None)
    assert scoring.spend == ()
    assert "spend" not in profile_segments(base, scoring, None)
    assert render_cohorts(base, ENGLISH, scoring, 0.3).blocks
    assert render_repeat_ladder(base, ENGLISH).blocks
