"""Economics: every number out of range is refused by name, and what makes no sense is said before money is spent."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from churnclv.cli.app import train_config
from churnclv.decision.campaign import Campaign, CampaignWarning
from churnclv.decision.economics import EconomicsSettings, ValueAtStake
from churnclv.errors import InputError
from churnclv.pipeline.settings import TrainConfig
from churnclv.report.texts.translation import Translation

REFUSED = {
    "margin above one": ({"margin": 1.2}, "economics.margin is 1.2, allowed is above 0 up to 1."),
    "no margin": ({"margin": float("nan")}, "economics.margin is nan, allowed is above 0 up to 1."),
    "rate below zero": (
        {"annual_discount_rate": -0.1},
        "economics.annual_discount_rate is -0.1, allowed is 0 to 1 (0.1 = 10% a year).",
    ),
    "no horizon": ({"clv_horizon_days": 0}, "economics.clv_horizon_days is 0, allowed is 1 or more."),
    "negative contact": ({"contact_cost": -1.0}, "economics.contact_cost is -1.0, allowed is 0 or more (currency)."),
    "contact unknown": (
        {"contact_cost": float("nan")},
        "economics.contact_cost is nan, allowed is 0 or more (currency).",
    ),
    "negative incentive": (
        {"incentive_cost": -0.5},
        "economics.incentive_cost is -0.5, allowed is 0 or more (currency).",
    ),
    "endless incentive": (
        {"incentive_cost": float("inf")},
        "economics.incentive_cost is inf, allowed is 0 or more (currency).",
    ),
    "negative budget": ({"budget": -1.0}, "economics.budget is -1.0, allowed is 0 or more (currency)."),
    "alpha of zero": (
        {"acceptance_alpha": 0.0},
        "economics.acceptance_alpha is 0.0, allowed is above 0 (6 and 14: 30% of leavers accept).",
    ),
    "beta unknown": (
        {"acceptance_beta": float("nan")},
        "economics.acceptance_beta is nan, allowed is above 0 (6 and 14: 30% of leavers accept).",
    ),
    "alpha without end": (
        {"acceptance_alpha": float("inf")},
        "economics.acceptance_alpha is inf, allowed is above 0 (6 and 14: 30% of leavers accept).",
    ),
    "worthless customers": (
        {"fixed_value": 0.0},
        "economics.fixed_value is 0.0, allowed is above 0 (currency), or null for 200.",
    ),
    "an offer dearer than what it saves": (
        {"value_at_stake": ValueAtStake.fixed, "fixed_value": 8.0},
        (
            "economics.incentive_cost is 10.0, but the value of a customer who stays is 8.0 (economics.fixed_value): "
            "every offer that is taken loses money.\n"
            "  -> lower economics.incentive_cost, or raise economics.fixed_value."
        ),
    ),
}


@pytest.mark.parametrize(("chosen", "message"), REFUSED.values(), ids=REFUSED)
def test_economics_out_of_range_are_refused(chosen, message):
    with pytest.raises(InputError) as caught:
        EconomicsSettings(**chosen)
    assert str(caught.value) == message


def test_zero_costs_a_zero_budget_and_a_fixed_value_that_is_not_used_are_allowed():
    EconomicsSettings(contact_cost=0.0, incentive_cost=0.0, budget=0.0)
    EconomicsSettings(incentive_cost=1000.0)  # of customers who may be worth more, each by their own value


def test_economics_survive_the_configuration_and_the_bundle():
    config = TrainConfig()
    config.economics = EconomicsSettings(value_at_stake=ValueAtStake.fixed, fixed_value=60.0, budget=500.0)
    assert train_config(config.as_dict()).economics == config.economics
    stored = TypeAdapter(EconomicsSettings)
    assert stored.validate_json(stored.dump_json(config.economics)) == config.economics
    assert stored.validate_python({"margin": 0.4}) == EconomicsSettings(
        margin=0.4
    )  # written before there were campaigns


SCORES, VALUES = np.array([0.9, 0.2]), np.array([100.0, 100.0])


@pytest.mark.parametrize(
    ("chosen", "warning"),
    [
        # before contact .9 x .3 x 90 - .1 x 10 = 23.3
        ({"contact_cost": 50.0}, CampaignWarning("contact_cost", {"contact": 50.0, "before": pytest.approx(23.3)})),
        (
            {"contact_cost": 0.0, "incentive_cost": 120.0},
            CampaignWarning("incentive_cost", {"incentive": 120.0}),
        ),
        # contacting the first costs 1 + 10 (1 - .63)
        ({"budget": 4.0}, CampaignWarning("budget", {"budget": 4.0, "least": pytest.approx(4.7)})),
        ({"contact_cost": 0.0, "incentive_cost": 0.1}, CampaignWarning("everybody")),
    ],
)
def test_a_campaign_that_makes_no_sense_is_named_in_both_languages(chosen, warning):
    warnings = Campaign(EconomicsSettings(**chosen)).warnings(SCORES, VALUES)
    assert warnings == [warning]
    english, italian = (
        Translation.of(language).text(f"stakes.warning_{warnings[0].code}", **warnings[0].figures)
        for language in ("en", "it")
    )
    assert english != italian
    for figure in warnings[0].figures.values():
        assert f"{figure:g}" in english
        assert f"{figure:g}".replace(".", ",") in italian


def test_a_campaign_that_makes_sense_gives_no_warning_and_an_unknown_one_says_so():
    campaign = Campaign(EconomicsSettings(budget=5.0))
    assert campaign.warnings(SCORES, VALUES) == []
    # a budget for the cheapest, 4.7, but not for the second, 5.4
    assert campaign.warnings(np.array([0.9, 0.8, 0.1]), np.full(3, 100.0)) == []
    assert campaign.warnings(np.array([0.9, 0.2, np.nan]), np.array([100.0, 100.0, 100.0])) == []
    assert campaign.warnings(np.array([np.nan]), np.array([100.0])) == [CampaignWarning("no_value")]
