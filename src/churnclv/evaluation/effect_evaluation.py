"""Evaluation of predicted effects on customers that the models have not seen: averages, rankings, policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .bootstrap import Interval
from .metrics import Array
from .policy_value import Actions, PolicyValue, evaluate_policies, treat_all, treat_none
from .treatment_effects import CONTROL, Responses, arm_scores, mean_interval
from .uplift_evaluation import GroupEffect, effects_by_group, evaluate_rankings, predicted_groups

BY_EFFECT, NOBODY = "by effect", "nobody"
_GROUPS = 5
_UNDEFINED = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class ValuedPolicy:
    """A policy, and what its effects are worth.

    Attributes
    ----------
    actions
        The arm that it gives each customer, shape (n,).
    value
        Currency per unit of the outcome.
    costs
        Currency per customer who gets a treatment, shape (k,).
    """

    actions: Actions
    value: float
    costs: Array


@dataclass(frozen=True)
class ArmFigures:
    """The figures of one treatment.

    Attributes
    ----------
    average
        The mean effect, doubly robust.
    predicted
        The mean of the predicted effects.
    autoc, qini
        How well the predictions rank customers, 0 = not at all (Yadlowsky et al. 2025); NaN where they do not differ.
    p_value
        Of the first.
    groups
        Fifths by predicted effect, with the effect in each; empty where the predictions do not differ.
    """

    average: Interval
    predicted: float
    autoc: Interval
    qini: Interval
    p_value: float
    groups: tuple[GroupEffect, ...]


@dataclass(frozen=True)
class EffectFigures:
    """Figures by treatment, and policies in currency per customer.

    Attributes
    ----------
    customers
        How many were evaluated.
    arms
        By the name of the treatment.
    policies
        Values and gains over nobody, doubly robust: `by effect`, `everybody: <treatment>` and `nobody`.
    weighted
        The same by inverse propensity weighting.
    over
        The gain of the policy by effect over each of the others, doubly robust.
    """

    customers: int
    arms: dict[str, ArmFigures]
    policies: dict[str, PolicyValue]
    weighted: dict[str, PolicyValue]
    over: dict[str, Interval]

    def metrics(self, when: str) -> dict[str, float]:
        """Return the figures by dotted name, each with `_low` and `_high`."""
        figures: dict[str, Interval] = {}
        for name, arm in self.arms.items():
            figures |= {f"effects.{name}.{key}": getattr(arm, key) for key in ("average", "autoc", "qini")}
        figures["policy.gain"], figures["policy.gain_ipw"] = (
            policies[BY_EFFECT].gain for policies in (self.policies, self.weighted)
        )
        figures |= {f"policy.over.{name}": gain for name, gain in self.over.items() if name != NOBODY}
        ends = {"": "value", "_low": "low", "_high": "high"}
        plain = {f"{key}{end}": getattr(figure, part) for key, figure in figures.items() for end, part in ends.items()}
        plain["policy.treated"] = self.policies[BY_EFFECT].treated
        return {f"{when}.{key}": value for key, value in plain.items()}


def evaluate_effects(
    responses: Responses,
    expected: Array,
    effects: Array,
    names: Sequence[str],
    policy: ValuedPolicy,
    *,
    seed: int = 0,
) -> EffectFigures:
    """Return all figures of predicted effects.

    Parameters
    ----------
    responses
        Outcomes and arms of customers whom the predictions know nothing of.
    expected
        Expected outcomes under each arm, control first, shape (n, k + 1), from models of other customers.
    effects
        Predicted effects of the treatments, shape (n, k).
    names
        The names of the treatments.
    policy
        Which arm each customer gets by these effects, and what that is worth.
    seed
        Of the bootstrap of the rankings.
    """
    doubly, weighted = arm_scores(responses, expected), arm_scores(responses)
    policies: dict[str, Actions] = {BY_EFFECT: policy.actions, NOBODY: treat_none(len(responses))}
    policies |= {_everybody(name): treat_all(len(responses), place) for place, name in enumerate(names, start=1)}
    charged = np.concatenate([[0.0], policy.costs])
    valued = {
        reference: evaluate_policies(policy.value * doubly, policies, reference, charged)
        for reference in policies
        if reference != BY_EFFECT
    }
    arms = {
        name: _arm_figures(responses, expected, effects[:, place - 1], doubly, place, seed)
        for place, name in enumerate(names, start=1)
    }
    return EffectFigures(
        customers=len(responses),
        arms=arms,
        policies=valued[NOBODY],
        weighted=evaluate_policies(policy.value * weighted, policies, NOBODY, charged),
        over={reference: values[BY_EFFECT].gain for reference, values in valued.items()},
    )


def _everybody(name: str) -> str:
    return f"everybody: {name}"


def _arm_figures(
    responses: Responses, expected: Array, predicted: Array, scores: Array, arm: int, seed: int
) -> ArmFigures:
    difference = scores[:, arm] - scores[:, CONTROL]
    average, mean = mean_interval(difference), float(predicted.mean())
    if np.ptp(predicted) == 0.0:
        return ArmFigures(average, mean, _UNDEFINED, _UNDEFINED, float("nan"), ())
    pair, rows = responses.against_control(arm)
    ranked: Mapping[str, Array] = {BY_EFFECT: predicted[rows]}
    figures = evaluate_rankings(pair, ranked, BY_EFFECT, expected[rows][:, [CONTROL, arm]], seed=seed)
    rates = figures.rates.figures[BY_EFFECT]
    fifths = predicted_groups(predicted, _GROUPS)
    groups = effects_by_group(difference, np.array([f"fifth {number}" for number in fifths]), predicted)
    p_value = figures.p_values[BY_EFFECT]["rate_autoc"]
    return ArmFigures(average, mean, rates["rate_autoc"], rates["rate_qini"], p_value, tuple(groups))
