"""Plans and verdicts of campaigns: figures by hand, what is drawn, and what is promised."""

import numpy as np
import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, CustomerKind, DataSettings
from churnclv.decision.campaign import Campaign
from churnclv.decision.campaign_folder import (
    HOLDOUT,
    TREAT,
    VERDICT,
    VERDICT_KIND,
    PlannedCampaign,
    describe_plan,
    read_campaign,
    require_left_alone,
    write_campaign,
)
from churnclv.decision.campaign_outcomes import campaign_outcomes, experiment_table, require_over
from churnclv.decision.campaign_plan import DesignSettings, plan_campaign
from churnclv.decision.campaign_verdict import EXCEEDED, HARMED, HELD, MISSED, OPEN, WORKED, give_verdict
from churnclv.decision.contact_gain import expect_contacts, read_effects
from churnclv.decision.economics import EconomicsSettings
from churnclv.decision.holdout_power import ExpectedContrast
from churnclv.decision.plan_page import explain_plan
from churnclv.decision.scored_customers import read_scores
from churnclv.decision.verdict_page import verdict_lines, verdict_paragraph, write_verdict_page
from churnclv.decision.verdict_plot import plot_verdict
from churnclv.errors import InputError
from churnclv.evaluation.adjusted_difference import adjusted_difference
from churnclv.files import write_json
from churnclv.report import sections  # noqa: F401 # it registers them
from churnclv.report.report_context import ReportContext, wanted_sections
from churnclv.report.section import Tiles
from churnclv.report.settings import ReportSettings
from churnclv.report.texts.translation import Translation
from churnclv.testing.campaign_simulator import CampaignTruth, simulate_scores

ECONOMICS = EconomicsSettings()


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    simulate_scores(CampaignTruth(customers=3000), 1).to_csv(path, index=False)
    return read_scores(path)


@pytest.fixture(scope="module")
def plan(scores):
    return plan_campaign(scores, ECONOMICS, DesignSettings(seed=3), 6000.0)


@pytest.fixture
def folder(tmp_path, plan):
    write_campaign(tmp_path, plan, describe_plan(plan, plan.scores.as_of, "scores.csv"))
    return tmp_path


# --- power ---


def test_power_by_hand():
    # se = sqrt(0.2 / 400 + 0.25 / 100) = 0.0547723; 0.15 / se = 2.738613; Phi(2.738613 - 1.959964) = 0.7818907
    contrast = ExpectedContrast(0.15, 0.2, 0.25)
    assert contrast.power_at(400, 100) == pytest.approx(0.781907, abs=1e-4)
    assert contrast.detectable(400, 100) == pytest.approx((1.959964 + 0.841621) * 0.0547723, abs=1e-6)
    assert ExpectedContrast(contrast.detectable(400, 100), 0.2, 0.25).power_at(400, 100) == pytest.approx(0.8, abs=1e-4)


def test_the_least_holdout_has_the_power_and_one_less_has_not():
    contrast = ExpectedContrast(0.1, 0.2, 0.25)
    least = contrast.least_holdout(2000)
    assert contrast.power_at(2000 - least, least) >= 0.8 > contrast.power_at(2001 - least, least - 1)
    needed = contrast.least_customers()
    assert contrast.least_holdout(needed) is not None
    assert contrast.least_holdout(needed - 4) is None


def test_no_effect_needs_no_number():
    assert ExpectedContrast(0.0, 0.2, 0.2).least_holdout(1000) is None
    assert ExpectedContrast(0.0, 0.2, 0.2).least_customers() == 0


# --- the adjusted difference ---


def test_without_covariates_it_is_welchs_difference():
    found = adjusted_difference(np.array([3.0, 5.0, 1.0, 2.0]), np.array([1.0, 1.0, 0.0, 0.0]))
    error = np.sqrt(2.0 / 2 + 0.5 / 2)
    assert found.effect == found.plain
    assert (found.effect.value, found.effect.high) == pytest.approx((2.5, 2.5 + 1.959964 * error), abs=1e-5)
    assert (found.treated, found.held_out) == (4.0, 1.5)


def test_with_covariates_it_is_lins_regression_with_hc2_errors():
    random = np.random.default_rng(0)
    x, treated = random.normal(size=80), (random.random(80) < 0.6).astype(float)
    outcome = 1.0 + 2.0 * x + treated * (0.5 + x) + random.normal(size=80)
    design = np.column_stack([np.ones(80), treated, x - x.mean(), treated * (x - x.mean())])
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ outcome
    left_over = outcome - design @ coefficients
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    middle = (design * (left_over**2 / (1.0 - leverage))[:, None]).T @ design
    error = np.sqrt((inverse @ middle @ inverse)[1, 1])
    found = adjusted_difference(outcome, treated, x[:, None])
    assert found.effect.value == pytest.approx(coefficients[1])
    assert found.effect.high - found.effect.value == pytest.approx(1.959964 * error, rel=1e-5)
    assert found.effect.high - found.effect.low < 0.6 * (found.plain.high - found.plain.low)


def test_covariates_that_do_not_vary_or_groups_too_small_leave_the_plain_difference():
    outcome, treated = np.array([3.0, 5.0, 1.0, 2.0]), np.array([1.0, 1.0, 0.0, 0.0])
    for covariate in (np.ones(4), np.arange(4.0)):
        found = adjusted_difference(outcome, treated, covariate[:, None])
        assert found.effect == found.plain


# --- the plan ---


def test_the_treated_fit_the_budget_and_the_values_are_those_of_the_scores(plan):
    assert 5800.0 < plan.treated["cost"].sum() <= 6000.0
    both = pd.concat([plan.treated, plan.held_out])
    assert not both["customer_id"].duplicated().any()
    gain = Campaign(ECONOMICS).expected_gain(both["churn_score"].to_numpy(), both["value"].to_numpy())
    assert gain == pytest.approx(both["expected_gain"].to_numpy())
    assert (gain > 0.0).all()


def test_the_holdout_has_the_power_and_its_strata_have_the_same_share(plan):
    assert plan.power >= 0.8
    assert plan.contrast.least_holdout(len(plan.treated) + len(plan.held_out)) == len(plan.held_out)
    strata = plan.strata()
    share = len(plan.held_out) / (len(plan.treated) + len(plan.held_out))
    expected = share * (strata["treated"] + strata["held_out"])
    assert np.abs(strata["held_out"] - expected).max() <= 1.0
    assert strata[["treated", "held_out"]].sum().tolist() == [len(plan.treated), len(plan.held_out)]


def test_another_order_of_rows_draws_the_same_and_another_seed_another(scores, plan):
    def ids(other):
        return other.held_out["customer_id"].tolist()

    shuffled = type(scores)(**{**vars(scores), "rows": scores.rows.sample(frac=1.0, random_state=1)})
    assert ids(plan_campaign(shuffled, ECONOMICS, DesignSettings(seed=3), 6000.0)) == ids(plan)
    assert ids(plan_campaign(scores, ECONOMICS, DesignSettings(seed=4), 6000.0)) != ids(plan)


def test_every_customer_is_as_likely_to_be_held_out(scores):
    listed = pd.concat([(whole := plan_campaign(scores, ECONOMICS, DesignSettings(), None)).treated, whole.held_out])
    counts = pd.Series(0, index=sorted(listed["customer_id"]))
    for seed in range(30):
        drawn = plan_campaign(scores, ECONOMICS, DesignSettings(seed=seed), None)
        counts[drawn.held_out["customer_id"]] += 1
    share = len(whole.held_out) / len(listed)
    assert counts.mean() == pytest.approx(30 * share)
    assert counts.var() == pytest.approx(30 * share * (1.0 - share), rel=0.2)


def test_a_wished_holdout_is_taken_or_refused_with_the_number_needed(scores, plan):
    least = len(plan.held_out)
    wished = plan_campaign(scores, ECONOMICS, DesignSettings(holdout=2 * least), None)
    assert len(wished.held_out) == 2 * least
    with pytest.raises(InputError, match=r"design.holdout=9 is too small .* \d+ are needed"):
        plan_campaign(scores, ECONOMICS, DesignSettings(holdout=9), None)
    with pytest.raises(InputError, match="more than half of the"):
        plan_campaign(scores, ECONOMICS, DesignSettings(holdout=2999), None)


def test_too_few_customers_are_refused_with_the_number_needed_and_an_effect_that_would_do(scores):
    with pytest.raises(InputError, match=r"too few to show .*: [\d,]+ are needed") as refused:
        plan_campaign(scores, ECONOMICS, DesignSettings(effect=0.005), 2000.0)
    effect = float(str(refused.value).split("effect=")[1].split(",")[0])
    assert plan_campaign(scores, ECONOMICS, DesignSettings(effect=effect * 1.05), 2000.0).power >= 0.8


def test_nobody_worth_a_contact_or_a_budget_for_nobody_is_refused(scores):
    poor = type(scores)(**{**vars(scores), "rows": scores.rows.assign(expected_gain=-1.0)})
    with pytest.raises(InputError, match="nobody of 3,000 customers"):
        plan_campaign(poor, ECONOMICS, DesignSettings(), None)
    with pytest.raises(InputError, match=r"only \d of .* too few to hold anybody out"):
        plan_campaign(scores, ECONOMICS, DesignSettings(), 12.0)


# --- a plan on measured effects ---


def effect_file(folder, table):
    path = folder / "effects.csv"
    table.to_csv(path, index=False)
    return path


def two_customers(folder):
    """Return scores of two customers: values 110 and 60 by the default economics."""
    table = pd.DataFrame({"customer_id": ["ann", "bob"], "as_of": "2024-03-01", "horizon_days": 90.0})
    table["churn_score"], values = [0.5, 0.2], np.array([110.0, 60.0])
    gains = Campaign(ECONOMICS).expected_gain(table["churn_score"].to_numpy(), values)
    table.assign(expected_gain=gains).to_csv(folder / "two.csv", index=False)
    return read_scores(folder / "two.csv")


def test_a_measured_effect_is_worth_the_value_of_who_stays_less_the_offers_that_are_taken(tmp_path):
    two = two_customers(tmp_path)
    table = pd.DataFrame({"customer_id": ["bob", "ann", "eve"], "effect_mail": [-0.1, 0.2, 0.3], "best_arm": "mail"})
    table["effect_call"], table["effect_mail_low"] = [0.1, 0.25, 0.1], -1.0
    economics = EconomicsSettings(contact_cost=1.0, incentive_cost=10.0, arm_costs={"call": 8.0})
    effects = read_effects(effect_file(tmp_path, table), two)
    gains = expect_contacts(two.rows, economics, effects).best().set_index("customer_id")
    # ann by mail: .2 x 110 - 1 - 10 (.5 + .2) = 14; by call: .25 x 110 - 8 - 10 (.5 + .25) = 12
    assert gains.loc["ann", ["treatment", "effect", "cost", "expected_gain"]].tolist() == pytest.approx(
        ["mail", 0.2, 8.0, 14.0]
    )
    # bob by mail: -.1 x 60 - 1 - 10 (.8 - .1) = -14; by call: .1 x 60 - 8 - 10 (.8 + .1) = -11
    assert gains.loc["bob", "expected_gain"] == pytest.approx(-11.0)
    assert gains["value"].tolist() == pytest.approx([110.0, 60.0])


def test_effects_equal_to_the_assumed_acceptance_give_the_same_plan(tmp_path, scores, plan):
    table = scores.rows[["customer_id"]].assign(effect_contact=0.3 * scores.rows["churn_score"], best_arm="contact")
    effects = read_effects(effect_file(tmp_path, table), scores)
    measured = plan_campaign(scores, ECONOMICS, DesignSettings(seed=3), 6000.0, effects)
    pd.testing.assert_frame_equal(measured.treated, plan.treated, rtol=1e-9)
    pd.testing.assert_frame_equal(measured.held_out, plan.held_out, rtol=1e-9)
    described = describe_plan(measured, scores.as_of, "scores.csv", "effects.csv")
    assert described["effects"]["treated"] == {"contact": len(plan.treated)}
    assert "effects that an experiment measured (effects.csv)" in explain_plan(described)


def test_sleeping_dogs_and_customers_without_an_effect_are_not_contacted(tmp_path, scores):
    rows = scores.rows
    effect = np.where(rows["segment"] == "At Risk", 0.4, -0.2) * rows["churn_score"]
    effect[rows["segment"] == "New"] = np.nan
    table = rows[["customer_id"]].assign(effect_contact=effect, best_arm="contact")
    effects = read_effects(effect_file(tmp_path, table), scores)
    drawn = plan_campaign(scores, ECONOMICS, DesignSettings(), None, effects)
    both = pd.concat([drawn.treated, drawn.held_out])
    assert set(both["segment"]) == {"At Risk"}
    assert drawn.kept() == pytest.approx(0.4 * drawn.treated["churn_score"].sum())
    assert drawn.churn()[0] == pytest.approx(0.6 * drawn.treated["churn_score"].mean())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"effect_contact": "x"}, r"effects.csv: rows 2, 3: effect_contact is no number"),
        ({"effect_contact": [0.1, 1.5]}, r"effects.csv: row 3: effect_contact is beyond 1, so it is no change of"),
        ({"customer_id": "ann"}, r"effects.csv: rows 2, 3: a customer_id is there twice"),
        ({"customer_id": ["x", "y"]}, r"effects.csv: none of its customers has a score"),
        ({"best_arm": None}, r"effects.csv: holds no effects of treatments"),
    ],
)
def test_effects_that_cannot_be_right_are_refused(tmp_path, change, message):
    table = pd.DataFrame({"customer_id": ["ann", "bob"], "effect_contact": [0.1, 0.2], "best_arm": "contact"})
    table = table.assign(**change) if change != {"best_arm": None} else table.drop(columns="best_arm")
    with pytest.raises(InputError, match=message):
        read_effects(effect_file(tmp_path, table), two_customers(tmp_path))


def test_no_file_of_effects_and_costs_of_unknown_treatments_are_refused(tmp_path):
    two = two_customers(tmp_path)
    with pytest.raises(InputError, match=r"effects=.*none.csv: no such file"):
        read_effects(tmp_path / "none.csv", two)
    table = pd.DataFrame({"customer_id": ["ann"], "effect_mail": [0.1], "best_arm": "mail"})
    effects = read_effects(effect_file(tmp_path, table), two)
    with pytest.raises(InputError, match=r"economics.arm_costs names call"):
        expect_contacts(two.rows, EconomicsSettings(arm_costs={"call": 2.0}), effects)


# --- the folder ---


def test_a_folder_gives_back_the_groups_and_is_the_same_byte_for_byte(tmp_path, folder, plan):
    campaign = read_campaign(folder)
    treated = campaign.customers.loc[campaign.customers["treated"] == 1.0, "customer_id"]
    assert sorted(treated) == sorted(plan.treated["customer_id"])
    assert (campaign.end - campaign.start).days == 90
    again = tmp_path / "again"
    again.mkdir()
    write_campaign(again, plan, describe_plan(plan, plan.scores.as_of, "scores.csv"))
    for name in ("plan.json", TREAT, HOLDOUT, "README.md"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_customers_in_both_groups_are_refused_with_file_and_row(folder):
    treat = (folder / TREAT).read_text()
    (folder / TREAT).write_text(treat + (folder / HOLDOUT).read_text().splitlines()[1] + "\n")
    with pytest.raises(InputError, match=r"holdout\.csv: row 2: 1 customers held out are in treat\.csv too") as refused:
        read_campaign(folder)
    assert "the hold-out is broken" in str(refused.value)


def test_a_group_that_was_changed_is_refused(folder):
    lines = (folder / HOLDOUT).read_text().splitlines()
    (folder / HOLDOUT).write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(InputError, match=r"holdout\.csv: its customers are not those that were drawn"):
        read_campaign(folder)


def test_held_out_customers_who_were_contacted_are_refused_with_file_and_row(folder, plan, tmp_path):
    campaign, record = read_campaign(folder), tmp_path / "sent.csv"
    sent = plan.treated["customer_id"].head(20).tolist()
    record.write_text("\n".join(["customer_id", *sent]))
    assert require_left_alone(campaign, record) == 20
    record.write_text("\n".join(["customer_id", *sent, *plan.held_out["customer_id"].head(2)]))
    with pytest.raises(
        InputError, match=r"sent\.csv: rows 22, 23: 2 of \d+ customers who were held out were contacted"
    ):
        require_left_alone(campaign, record)


# --- the verdict ---


def outcomes(campaign, effect):
    """Return outcomes whose churn rates differ by an effect exactly, on average over the groups."""
    customers = campaign.customers
    random = np.random.default_rng(5)
    chance = np.clip(customers["churn_score"] + effect * customers["treated"], 0.0, 1.0)
    churned = (random.random(len(customers)) < chance).astype(float)
    spend = np.where(churned > 0, 0.0, 40.0)
    return customers.assign(churned=churned, purchases=1.0 - churned, spend=spend, margin=0.3 * spend)


def test_a_verdict_counts_customers_and_money(folder):
    campaign = read_campaign(folder)
    verdict = give_verdict(campaign, outcomes(campaign, -0.3), cost=1000.0, reached=500)
    churn = verdict.effects["churned"].effect
    assert verdict.outcome == WORKED
    assert churn.value == pytest.approx(-0.3, abs=0.1)
    assert verdict.kept.value == pytest.approx(-churn.value * verdict.treated)
    assert verdict.kept.low == pytest.approx(-churn.high * verdict.treated)
    assert verdict.value.value == pytest.approx(verdict.kept.value * campaign.plan["promise"]["mean_value"])
    assert verdict.net.value == pytest.approx(verdict.value.value - 1000.0)
    margin = verdict.effects["margin"].effect.value
    assert verdict.gross.value == pytest.approx(margin * verdict.treated)
    assert margin == pytest.approx(0.3 * verdict.effects["spend"].effect.value)
    assert {group.by for group in verdict.groups} == {"segment", "gain_group"}
    assert sum(group.treated for group in verdict.groups if group.by == "segment") == verdict.treated


def test_harm_and_promises_have_their_names(folder):
    campaign = read_campaign(folder)
    assert give_verdict(campaign, outcomes(campaign, 0.3)).outcome == HARMED
    promised = campaign.plan["promise"]["churn_effect"]
    assert give_verdict(campaign, outcomes(campaign, 0.3)).promise == MISSED
    assert give_verdict(campaign, outcomes(campaign, promised)).promise == HELD
    assert give_verdict(campaign, outcomes(campaign, -0.6)).promise == EXCEEDED
    few = outcomes(campaign, promised / 2).groupby("treated").head(15).reset_index(drop=True)
    assert give_verdict(campaign, few).promise == OPEN


def test_the_page_has_one_paragraph_and_the_lines_fit_80_columns(folder):
    campaign = read_campaign(folder)
    hostile = outcomes(campaign, -0.3)
    hostile.loc[hostile["segment"] == "New", "segment"] = "a|b\n# <script> $x$"
    verdict = give_verdict(campaign, hostile, reached=7)
    page = write_verdict_page(verdict, campaign.plan)
    assert verdict_paragraph(verdict) in page
    assert "7 of the treated were contacted" in page
    assert r"| a\|b # &lt;script> $x$ |" in page
    assert max(map(len, verdict_lines(verdict))) <= 80
    assert not campaign.customers["customer_id"].isin(page.split()).any()
    labels = [label.get_text() for label in plot_verdict(verdict).axes[0].get_yticklabels()]
    assert labels[0] == "all"
    assert len(labels) == 1 + len(verdict.groups)


def test_a_campaign_becomes_an_experiment_on_who_stays(folder):
    table = experiment_table(outcomes(campaign := read_campaign(folder), -0.1))
    assert list(table)[:3] == ["customer_id", "treatment", "stayed"]
    treated = campaign.customers.set_index("customer_id")["treated"]
    arms = table.set_index("customer_id")["treatment"]
    assert set(arms[treated == 1.0]) == {"contact"}
    assert set(arms[treated == 0.0]) == {"none"}
    assert set(table["stayed"]) == {0, 1}
    assert list(table)[3:] == ["segment", "churn_score", "expected_purchases", "expected_spend"]


def test_a_plan_of_an_earlier_version_has_one_treatment(folder):
    for name in (TREAT, HOLDOUT):
        pd.read_csv(folder / name).drop(columns=["treatment", "effect"]).to_csv(folder / name, index=False)
    assert set(read_campaign(folder).customers["treatment"]) == {"contact"}


def test_several_treatments_have_their_own_effects(folder):
    campaign = read_campaign(folder)
    halves = np.where(np.arange(len(campaign.customers)) % 2 == 0, "call", "mail")
    two = PlannedCampaign(campaign.plan, campaign.customers.assign(treatment=halves))
    verdict = give_verdict(two, outcomes(two, -0.1))
    assert [group.group for group in verdict.groups if group.by == "treatment"] == ["call", "mail"]
    assert "| call |" in write_verdict_page(verdict, campaign.plan)


# --- outcomes ---


def small_campaign(*ids):
    rows = pd.DataFrame({"customer_id": list(ids), "treated": 1.0})
    return PlannedCampaign({"start": "2024-03-01", "horizon_days": 30}, rows)


def test_outcomes_are_of_the_half_open_window_and_who_is_absent_has_left():
    moments = ["2024-02-29 23:59:59", "2024-03-01", "2024-03-30 23:59:59", "2024-03-31", "2024-04-02"]
    log = pd.DataFrame({"customer_id": ["a", "b", "b", "c", "other"], "timestamp": moments, "amount": [1.0] * 5})
    events = read_events(connect(EngineSettings()), DataSettings(), log)
    campaign = small_campaign("a", "b", "c", "d")
    require_over(campaign, events, "log.csv")
    found = campaign_outcomes(campaign, events, 0.3).set_index("customer_id")
    assert found["churned"].to_dict() == {"a": 1.0, "b": 0.0, "c": 1.0, "d": 1.0}
    assert found.loc["b", ["purchases", "spend", "margin"]].tolist() == pytest.approx([2.0, 2.0, 0.6])
    with pytest.raises(InputError, match=r"none of the campaign's 1 customers is in the log"):
        campaign_outcomes(small_campaign("z"), events, 0.3)
    early = read_events(connect(EngineSettings()), DataSettings(), log.iloc[:2])
    with pytest.raises(InputError, match="ends on 2024-03-02, but the campaign's horizon ends on 2024-03-31"):
        require_over(campaign, early, "log.csv")


def test_contracts_that_end_in_the_window_have_left_and_a_customer_without_one_is_refused():
    table = pd.DataFrame({
        "customer_id": ["a", "b", "c"], "start": ["2023-01-01"] * 3, "end": ["2024-03-10", None, "2024-03-31"],
        "price": [10.0] * 3,
    })  # fmt: skip
    columns = Columns(timestamp="start", amount=None, end="end", price="price")
    settings = DataSettings(shape=CustomerKind.contractual, columns=columns, observed_until="2024-04-15")
    events = read_events(connect(EngineSettings()), settings, table)
    found = campaign_outcomes(small_campaign("a", "b", "c"), events, 0.3)
    assert found.set_index("customer_id")["churned"].to_dict() == {"a": 1.0, "b": 0.0, "c": 0.0}
    assert not {"purchases", "spend", "margin"} & set(found)
    with pytest.raises(InputError, match="1 of the campaign's 2 customers have no contract in the table"):
        campaign_outcomes(small_campaign("a", "z"), events, 0.3)


# --- the report ---


def report_context(language, campaigns):
    settings = ReportSettings(language=language, campaigns=campaigns)
    return ReportContext(CustomerKind.noncontractual, Translation.of(language), settings, None, "2024-06-01")


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_report_shows_each_campaign_with_a_verdict_in_both_languages(folder, language):
    campaign = read_campaign(folder)
    verdict = give_verdict(campaign, outcomes(campaign, -0.3))
    write_json(folder / VERDICT, {"kind": VERDICT_KIND, **verdict.as_dict()})
    context = report_context(language, [str(folder)])
    (registered,) = [one for one in wanted_sections(context) if one.name == "campaigns"]
    made = registered.render(context)
    assert folder.name in made.headline
    assert made.tables["campaigns"]["churn_effect"].tolist() == [verdict.effects["churned"].effect.value]
    assert {"en": "exceeded", "it": "superata"}[language] in made.tables["campaigns"]["promise"].tolist()
    tiles = next(block for block in made.blocks if isinstance(block, Tiles))
    assert tiles.figures[0].value == verdict.kept.value


def test_the_report_has_no_such_section_without_campaigns_and_refuses_one_without_a_verdict(folder):
    assert "campaigns" not in [one.name for one in wanted_sections(report_context("en", []))]
    context = report_context("en", [str(folder)])
    (registered,) = [one for one in wanted_sections(context) if one.name == "campaigns"]
    with pytest.raises(InputError, match="has no verdict yet"):
        registered.render(context)
    with pytest.raises(InputError, match=r"holds no plan\.json"):
        registered.render(report_context("en", ["nowhere"]))
