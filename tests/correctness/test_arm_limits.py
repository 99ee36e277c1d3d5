"""Who gets which treatment under limits: by hand, against all possibilities, and in a campaign's plan."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from churnclv.decision.arm_limits import NO_LIMITS, NOBODY, ArmLimits, assign_arms
from churnclv.decision.campaign_folder import describe_plan
from churnclv.decision.campaign_plan import DesignSettings, plan_campaign
from churnclv.decision.contact_gain import read_effects
from churnclv.decision.economics import EconomicsSettings
from churnclv.decision.plan_page import explain_plan
from churnclv.decision.scored_customers import read_scores
from churnclv.errors import InputError
from churnclv.testing.campaign_simulator import CampaignTruth, simulate_scores

ARMS = ("call", "mail")


def test_a_call_goes_to_whom_it_brings_most_beyond_the_mail():
    # a call to the first and mail to the second bring 10 + 1; mail to the first and a call to the second 9 + 9
    gains, costs = np.array([[10.0, 9.0], [9.0, 1.0]]), np.ones((2, 2))
    assert assign_arms(gains, costs, ARMS, ArmLimits({"call": 1})).tolist() == [1, 0]
    assert assign_arms(gains, costs, ARMS, ArmLimits({"call": 2})).tolist() == [0, 0]
    assert assign_arms(gains, costs, ARMS, ArmLimits({"call": 0})).tolist() == [1, 1]
    assert assign_arms(gains, costs, ARMS, ArmLimits({"call": 1, "mail": 0})).tolist() == [0, NOBODY]


def test_a_budget_of_an_arm_and_of_all():
    gains = np.array([[8.0, 3.0], [6.0, 3.0], [4.0, 3.0]])
    costs = np.array([[4.0, 1.0], [4.0, 1.0], [4.0, 1.0]])
    # calls for 4 serve one customer, the first; mail serves the others
    assert assign_arms(gains, costs, ARMS, ArmLimits(budgets={"call": 4.0})).tolist() == [0, 1, 1]
    # 6 in all: a call to the first adds 8 - 3 for 3 more than mail to all three, which costs 3
    assert assign_arms(gains, costs, ARMS, ArmLimits({"call": 3}), 6.0).tolist() == [0, 1, 1]
    assert assign_arms(gains, costs, ARMS, ArmLimits({"call": 3}), 3.0).tolist() == [1, 1, 1]


def test_nobody_is_contacted_at_a_loss_or_without_a_known_gain():
    gains = np.array([[-1.0, np.nan], [np.nan, np.nan], [0.0, 2.0]])
    assert assign_arms(gains, np.ones((3, 2)), ARMS, ArmLimits({"call": 3})).tolist() == [NOBODY, NOBODY, 1]
    assert assign_arms(-np.ones((2, 2)), np.ones((2, 2)), ARMS, NO_LIMITS).tolist() == [NOBODY, NOBODY]


@pytest.mark.parametrize("seed", range(6))
def test_no_other_choice_within_the_capacities_gains_more(seed):
    random = np.random.default_rng(seed)
    gains, limits = random.normal(2.0, 3.0, (6, 2)), ArmLimits({"call": 2, "mail": 3})
    arm = assign_arms(gains, np.ones((6, 2)), ARMS, limits)
    choices = (np.array(choice) for choice in product((NOBODY, 0, 1), repeat=6))
    allowed = [choice for choice in choices if (choice == 0).sum() <= 2 and (choice == 1).sum() <= 3]

    def total(choice):
        who = np.flatnonzero(choice != NOBODY)
        return gains[who, choice[who]].sum()

    assert total(arm) == pytest.approx(max(map(total, allowed)))


def test_with_a_budget_the_gain_misses_the_best_by_no_more_than_a_customer_for_each_limit():
    random = np.random.default_rng(3)
    gains, costs = random.gamma(2.0, 3.0, (7, 2)), random.uniform(1.0, 3.0, (7, 2))
    limits = ArmLimits({"call": 2}, {"mail": 5.0})
    arm = assign_arms(gains, costs, ARMS, limits, 8.0)
    who = np.flatnonzero(arm != NOBODY)
    spent = costs[who, arm[who]]
    assert spent.sum() <= 8.0 + 1e-9
    assert limits.hold([ARMS[place] for place in arm[who]], spent, 1e-9)
    best = 0.0
    for choice in map(np.array, product((NOBODY, 0, 1), repeat=7)):
        served = np.flatnonzero(choice != NOBODY)
        paid = costs[served, choice[served]]
        if paid.sum() <= 8.0 and limits.hold([ARMS[place] for place in choice[served]], paid):
            best = max(best, gains[served, choice[served]].sum())
    assert best - 3 * gains.max() <= gains[who, arm[who]].sum() <= best + 1e-9


# --- a campaign's plan ---


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    path = tmp_path_factory.mktemp("limits") / "scores.csv"
    simulate_scores(CampaignTruth(customers=3000), 1).to_csv(path, index=False)
    return read_scores(path)


@pytest.fixture(scope="module")
def effects(scores, tmp_path_factory):
    """Effects of which a call's is larger for the first half of the customers, and dearer."""
    path, rows = tmp_path_factory.mktemp("effects") / "effects.csv", scores.rows
    first = np.arange(len(rows)) < len(rows) // 2
    table = rows[["customer_id"]].assign(
        effect_call=np.where(first, 0.5, 0.35) * rows["churn_score"],
        effect_mail=0.3 * rows["churn_score"],
        best_arm="x",
    )
    table.to_csv(path, index=False)
    return read_effects(path, scores)


ECONOMICS = EconomicsSettings(arm_costs={"call": 6.0})


def test_the_treated_keep_to_capacity_arm_budgets_and_budget(scores, effects):
    limits = ArmLimits({"call": 150}, {"mail": 1500.0})
    drawn = plan_campaign(scores, ECONOMICS, DesignSettings(seed=3), 4000.0, effects, limits)
    by_arm = drawn.treated.groupby("treatment")["cost"].agg(["size", "sum"])
    assert 145 <= by_arm.loc["call", "size"] <= 150
    assert 1400.0 < by_arm.loc["mail", "sum"] <= 1500.0
    assert drawn.treated["cost"].sum() <= 4000.0
    assert drawn.power >= 0.8
    held_out = drawn.held_out["treatment"].value_counts(normalize=True)
    assert held_out["call"] == pytest.approx(by_arm.loc["call", "size"] / len(drawn.treated), abs=0.03)
    described = describe_plan(drawn, scores.as_of, "scores.csv", "effects.csv")
    assert described["limits"] == {"capacity": {"call": 150}, "budgets": {"mail": 1500.0}}
    assert "At most: call 150 customers, mail 1,500.00 of money." in explain_plan(described)
    (calls, mails) = drawn.limit_lines()
    assert calls == f"call: {by_arm.loc['call', 'size']} of 150 customers"
    assert mails.endswith("of 1,500.00 of money")


def test_a_capacity_that_does_not_bind_changes_nothing(scores, effects):
    free = plan_campaign(scores, ECONOMICS, DesignSettings(), None, effects)
    wide = plan_campaign(scores, ECONOMICS, DesignSettings(), None, effects, ArmLimits({"call": 10_000}))
    both = [pd.concat([one.treated, one.held_out]).sort_values("customer_id") for one in (free, wide)]
    assert set(both[0]["customer_id"]) == set(both[1]["customer_id"])
    merged = both[0].merge(both[1], on="customer_id")
    assert (merged["treatment_x"] == merged["treatment_y"]).all()


def test_without_measured_effects_the_treatment_is_contact(scores):
    limited = plan_campaign(scores, ECONOMICS, DesignSettings(), None, None, ArmLimits({"contact": 700}))
    assert 690 <= len(limited.treated) <= 700
    listed = pd.concat([limited.treated, limited.held_out])
    gains = scores.rows.set_index("customer_id")["expected_gain"]
    assert listed["expected_gain"].min() >= gains.nlargest(len(listed) + 1).min() - 1e-9


def test_limits_of_unknown_treatments_and_limits_for_too_few_are_refused(scores, effects):
    with pytest.raises(InputError, match=r"capacity names visit\.\n  -> the treatments are 'call', 'mail'"):
        plan_campaign(scores, ECONOMICS, DesignSettings(), None, effects, ArmLimits({"visit": 5}))
    with pytest.raises(InputError, match=r"arm_budgets names call\.\n  -> the treatments are 'contact'"):
        plan_campaign(scores, EconomicsSettings(), DesignSettings(), None, None, ArmLimits(budgets={"call": 5.0}))
    with pytest.raises(InputError, match=r"only 2 of .* can be treated within the limits of the arms: too few"):
        plan_campaign(scores, EconomicsSettings(), DesignSettings(), None, None, ArmLimits({"contact": 2}))
