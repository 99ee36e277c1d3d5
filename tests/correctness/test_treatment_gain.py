"""Treatment gain by hand: value times effect less cost, the best treatment, and nobody where all lose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnclv.decision.economics import EconomicsSettings
from churnclv.decision.treatment_gain import TreatmentEconomics
from churnclv.errors import InputError
from churnclv.evaluation.effect_evaluation import BY_EFFECT, NOBODY, ValuedPolicy, evaluate_effects
from churnclv.evaluation.treatment_effects import Responses
from examples import examples

ARMS = ("offer", "letter")
EFFECTS = np.array([[0.3, 0.1], [0.05, 0.2], [0.05, 0.01], [-0.2, -0.1], [np.nan, np.nan]])


def economics(**chosen):
    return TreatmentEconomics.of(EconomicsSettings(**chosen), ARMS, binary=True)


def test_the_gain_is_value_times_effect_less_cost_and_nobody_is_contacted_at_a_loss():
    chosen = economics(outcome_value=10.0, arm_costs={"letter": 0.5}, contact_cost=1.0).choose(EFFECTS, ARMS)
    assert chosen["best_arm"].fillna("nobody").tolist() == ["offer", "letter", "letter", "letter", "nobody"]
    assert chosen["expected_gain"].tolist()[:4] == pytest.approx([2.0, 1.5, -0.4, -1.5])
    assert chosen["cost"].tolist()[:4] == [1.0, 0.5, 0.5, 0.5]
    assert chosen["action"].tolist()[:4] == ["contact", "contact", "no_contact", "no_contact"]
    assert chosen.iloc[4].isna().all()
    assert economics(outcome_value=10.0).policy(EFFECTS).tolist() == [1, 2, 0, 0, 0]


def test_less_of_a_bad_outcome_is_a_gain():
    """An unsubscription costs 10: a treatment that halves it is worth its cost, one that adds to it never is."""
    chosen = economics(outcome_value=-10.0, contact_cost=1.0).choose(EFFECTS, ARMS)
    assert chosen["expected_gain"].tolist()[3] == pytest.approx(1.0)
    assert chosen["action"].tolist()[:4] == ["no_contact", "no_contact", "no_contact", "contact"]


@given(
    value=st.floats(-100, 100),
    cost=st.floats(0, 10),
    effects=st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=8),
)
@examples(80)
def test_whom_a_treatment_would_harm_is_never_contacted_with_it(value, cost, effects):
    terms, table = economics(outcome_value=value, contact_cost=cost), np.array(effects)
    chosen = terms.choose(table, ARMS)
    place = [ARMS.index(arm) for arm in chosen["best_arm"]]
    better = value * table[np.arange(len(table)), place] > 0.0
    assert not ((chosen["action"] == "contact") & ~better).any()
    assert ((chosen["action"] == "contact") == (terms.policy(table) > 0)).all()


def test_an_amount_is_worth_its_margin_and_two_values_need_a_value():
    settings = EconomicsSettings(margin=0.4)
    assert TreatmentEconomics.of(settings, ARMS, binary=False).value == 0.4
    with pytest.raises(InputError, match=r"economics.outcome_value is not set.\n  -> say what one is worth"):
        TreatmentEconomics.of(settings, ARMS, binary=True)
    with pytest.raises(InputError, match=r"arm_costs names fax.\n  -> the treatments are 'offer', 'letter'"):
        economics(outcome_value=1.0, arm_costs={"fax": 1.0})


def test_policies_are_valued_by_hand_and_weighting_agrees_with_the_means():
    """Two groups of four: the treated buy 3 of 4, the others 1 of 4; the value is 10, a contact costs 1."""
    outcome, arm = np.array([1, 1, 1, 0, 1, 0, 0, 0], dtype=float), np.array([1, 1, 1, 1, 0, 0, 0, 0])
    responses, effects = Responses.randomised(outcome, arm), np.full((8, 1), 0.5)
    policy = ValuedPolicy(np.ones(8, dtype=np.int64), 10.0, np.array([1.0]))
    figures = evaluate_effects(responses, np.full((8, 2), 0.5), effects, ("offer",), policy)
    assert figures.weighted[BY_EFFECT].gain.value == pytest.approx(10.0 * (0.75 - 0.25) - 1.0)
    assert figures.policies[BY_EFFECT].value.value == pytest.approx(6.5)
    assert figures.policies[NOBODY].gain.value == 0.0
    assert figures.over["everybody: offer"].value == 0.0
    assert figures.arms["offer"].average.value == pytest.approx(0.5)
    assert figures.arms["offer"].groups == ()
    assert figures.metrics("test")["test.policy.gain_ipw"] == pytest.approx(4.0)
