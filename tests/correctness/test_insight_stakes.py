"""Churn and value against sums made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnclv.decision.economics import EconomicsSettings
from churnclv.errors import InputError
from churnclv.explain.phrases.phrase import find_phrase
from churnclv.report.bundle_scores import Champion
from churnclv.report.page import Page, write_page
from churnclv.report.section import Missing, Note
from churnclv.report.sections.risk_section import render_risk
from churnclv.report.settings import CELLS, ReportSettings
from churnclv.report.texts.translation import Translation
from churnclv.report.value_at_risk import (
    churn_matrix,
    compute_value_at_risk,
    contact_list,
    gain_curve,
    name_bands,
    name_thirds,
    rank_reasons,
)

ENGLISH = Translation.of("en")
KEY = "stakes.top_reasons_table"
# 3 of 10 leavers accept; a contact costs 1, an offer 10
ECONOMICS = EconomicsSettings(contact_cost=1.0, incentive_cost=10.0, acceptance_alpha=3.0, acceptance_beta=7.0)
P, VALUE = np.array([0.9, 0.5, 0.1]), np.array([200.0, 100.0, 50.0])
# p x .3 x (value - 10) - (1 - p) x 10 - 1
GAIN = np.array([0.27 * 190 - 1 - 1, 0.15 * 90 - 5 - 1, 0.03 * 40 - 9 - 1])


def champion(scores=P, values=VALUE, gains=GAIN, economics=ECONOMICS):
    rows = pd.DataFrame({"customer_id": ["a", "b", "c"], "churn_score": scores, "clv": values, "expected_gain": gains})
    silent = rows.iloc[[0]].assign(customer_id="z", churn_score=np.nan, expected_gain=np.nan)
    rows["horizon_days"] = 90.0
    silent["horizon_days"] = 90.0
    texts = dict.fromkeys(("segment", "reason_1", "reason_2", "reason_3"), "said")
    return Champion(pd.concat([rows, silent]).assign(**texts), economics)


def test_values_are_those_that_the_gains_were_reckoned_from():
    assert champion().values_if_staying() == pytest.approx(VALUE)


def test_money_at_stake_and_leavers_by_hand():
    at_risk = compute_value_at_risk(champion())
    # 180 + 50 + 5; variance .09 x 40,000 + .25 x 10,000 + .09 x 2,500
    assert at_risk.at_stake.value == pytest.approx(235.0)
    assert at_risk.at_stake.high == pytest.approx(235 + 1.959964 * np.sqrt(3600 + 2500 + 225))
    assert at_risk.churners.value == pytest.approx(1.5)
    assert at_risk.churners.n == 3  # a customer without a score is left out


def test_the_matrix_by_hand():
    table = churn_matrix(compute_value_at_risk(champion()))
    assert table["cell"].tolist() == ["high_high", "middle_middle", "low_low"]
    assert table["at_stake"].tolist() == pytest.approx([180.0, 50.0, 5.0])
    assert table["contacts"].tolist() == [1, 1, 0]
    assert table["gain"].tolist() == pytest.approx([49.3, 7.5, 0.0])
    assert table["customers"].sum() == 3


def with_reasons(segments=("Loyal", "New", "New", "New")):
    """The champion, with the features behind the reasons of each customer, the one without a score last."""
    cited = [
        ["days_since_last_purchase", "mean_gap_days", None],
        ["days_since_last_purchase", None, None],
        [None] * 3,
        ["refunds", None, None],
    ]
    names = pd.DataFrame(cited, columns=["reason_1", "reason_2", "reason_3"], dtype=object)
    whole = champion()
    return replace(whole, scores=whole.scores.assign(segment=list(segments)), reason_features=names)


def test_reasons_are_ranked_by_the_money_behind_them_by_hand():
    table = rank_reasons(compute_value_at_risk(with_reasons()))
    assert table["feature"].tolist() == ["days_since_last_purchase", "mean_gap_days"]  # who has no score counts nowhere
    assert table["customers"].tolist() == [2, 1]
    assert table["share"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert table["churn_score"].tolist() == pytest.approx([0.7, 0.9])
    assert table["at_stake"].tolist() == pytest.approx([230.0, 180.0])
    assert table["segment"].tolist() == ["Loyal", "Loyal"]  # 180 of the 230 is with one loyal customer
    without = rank_reasons(compute_value_at_risk(with_reasons([None] * 4)))
    assert without["at_stake"].tolist() == pytest.approx([230.0, 180.0])
    assert without["segment"].isna().all()


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_section_ranks_reasons_in_words_and_leaves_them_out_where_there_are_none(language):
    texts = Translation.of(language)
    section = render_risk(with_reasons(), ReportSettings(), texts, "today", pd.DataFrame())
    (shown,) = [block for block in section.blocks if block.kind == "grid" and block.caption == texts.text(KEY)]
    features = section.tables["reasons"]["feature"]
    assert shown.frame["reason"].tolist() == [find_phrase(name, language).label for name in features]
    assert "days_since_last_purchase" not in "".join(shown.frame["reason"])
    none = render_risk(champion(), ReportSettings(), texts, "today", pd.DataFrame())
    assert texts.text(KEY) not in [block.caption for block in none.blocks if block.kind == "grid"]


def test_the_curve_and_the_list_end_where_gains_do():
    at_risk = compute_value_at_risk(champion())
    shares, profit = gain_curve(at_risk)
    assert shares.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert profit.tolist() == pytest.approx([0, 49.3, 56.8, 56.8 - 8.8])
    listed, totals = contact_list(at_risk, {cell: cell for cell in CELLS})
    assert listed["customer_id"].tolist() == ["a", "b"]
    assert listed["play"].tolist() == ["high_high", "middle_middle"]
    assert totals.gain == pytest.approx(56.8)


def test_thirds_keep_equal_values_together():
    assert name_thirds(np.array([1.0, 1.0, 1.0])) == ["middle"] * 3
    assert name_thirds(np.array([1.0, 1.0, 1.0, 9.0])) == ["middle", "middle", "middle", "high"]
    assert name_thirds(np.array([1.0, 2.0, 9.0, 9.0, 9.0])) == ["low", "low", "high", "high", "high"]


def test_bands_begin_at_their_limits_and_an_unknown_value_is_low():
    assert name_bands(np.array([0.0, 0.3, 0.69, 0.7, np.nan]), (0.3, 0.7)) == ["low", "middle", "middle", "high", "low"]


def test_cells_are_by_the_bands_of_risk_and_of_value_that_were_chosen():
    """By thirds of value a, b and c would be high, middle and low; by bands of 60 and 250 the first two are middle."""
    of_bands = compute_value_at_risk(champion(), [0.2, 0.95], [60.0, 250.0])
    assert of_bands.rows["cell"].tolist() == ["middle_middle", "middle_middle", "low_low"]
    assert compute_value_at_risk(champion()).rows["cell"].tolist() == ["high_high", "middle_middle", "low_low"]


@pytest.mark.parametrize(
    ("language", "bands", "churn", "value"),
    [
        (
            "en",
            {},
            "Churn is by thirds of the customers, in the order of their score.",
            "Value is by thirds of the customers, in the order of their CLV.",
        ),
        (
            "it",
            {"churn_bands": [0.3, 0.7], "value_bands": [60.0, 250.0]},
            "L'abbandono è medio da un punteggio di 30,0% in su, e alto da 70,0% in su.",
            "Il valore è medio da un CLV di 60,00 in su, e alto da 250,00 in su.",
        ),
    ],
)
def test_the_bands_stand_above_the_map(language, bands, churn, value):
    section = render_risk(champion(), ReportSettings(**bands), Translation.of(language), "today", pd.DataFrame())
    assert f"{churn} {value}" in [block.text for block in section.blocks if isinstance(block, Note)]


@pytest.mark.parametrize("name", ["churn_bands", "value_bands"])
@pytest.mark.parametrize("bands", [[0.5], [0.9, 0.5], [0.5, 0.5], [0.1, 0.2, 0.3]])
def test_bands_are_two_limits_in_order(name, bands):
    with pytest.raises(InputError, match=rf"report\.{name} is \[.*\]\.\n.*two numbers, the smaller first"):
        ReportSettings(**{name: bands})


def test_the_users_own_play_takes_the_place_of_the_reports():
    settings = ReportSettings(plays={"high_high": "Ring <b>them</b>"})
    section = render_risk(champion(), settings, ENGLISH, "today", pd.DataFrame())
    assert section.tables["churn_by_value"]["play"].tolist()[0] == "Ring <b>them</b>"
    html = write_page(Page("report", ""), [section], ENGLISH)
    assert "Ring &lt;b&gt;them&lt;/b&gt;" in html
    assert "<b>them" not in html


def test_without_scores_the_section_names_the_command_and_still_says_why_contracts_ended():
    reasons = pd.DataFrame({"plan": ["a", "b", "a"], "reason": ["price", "price", "moved"], "ends": [2, 1, 1]})
    section = render_risk(None, ReportSettings(), ENGLISH, "today", reasons)
    assert isinstance(section.blocks[0], Missing)
    assert "make train" in section.blocks[0].text
    assert section.blocks[2].frame["share"].tolist() == [0.75, 0.25]
    assert section.tables == {}


def test_customers_who_are_all_alike_are_one_cell():
    alike = champion(np.full(3, 0.5), np.full(3, 100.0), np.full(3, 7.5))
    assert churn_matrix(compute_value_at_risk(alike))["cell"].tolist() == ["middle_middle"]
    assert render_risk(alike, ReportSettings(), ENGLISH, "today", pd.DataFrame()).headline is not None
