"""Policies: which arm each customer gets, what that is worth per customer, and what it gains over simpler policies.

The value of a policy is the mean of the scores of the arms that it chooses, `treatment_effects.arm_scores`: by inverse
propensity weighting, or doubly robust (Dudik, Langford, Li 2011, Doubly robust policy evaluation and learning, ICML).
A policy has to be learned from other rows than it is evaluated on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Interval
from .metrics import Array
from .treatment_effects import CONTROL, mean_interval

Actions = NDArray[np.int64]


@dataclass(frozen=True)
class PolicyValue:
    """A policy's value and its gain over a reference, per customer with 95% intervals; the share that it treats."""

    value: Interval
    gain: Interval
    treated: float


def treat_all(customers: int, arm: int = 1) -> Actions:
    """Return the policy that gives everybody the same arm, shape (n,)."""
    return np.full(customers, arm, dtype=np.int64)


def treat_none(customers: int) -> Actions:
    """Return the policy that leaves everybody alone, shape (n,)."""
    return treat_all(customers, CONTROL)


def treat_top(ranking: Array, share: float, arm: int = 1) -> Actions:
    """Return the policy that treats the share of customers with the highest scores, shape (n,); ties by their place."""
    count = round(share * len(ranking))
    actions = treat_none(len(ranking))
    actions[np.argsort(-ranking, kind="stable")[:count]] = arm
    return actions


def treat_best(effects: Array, costs: Array | float = 0.0) -> Actions:
    """Return the policy that gives each customer the arm of the highest effect less cost, and none where all lose.

    Parameters
    ----------
    effects
        Effects of the treatments against control, shape (n, k), in currency or as outcomes.
    costs
        What an arm costs, in the same unit: one number, (k,) or (n, k).

    Returns
    -------
    Actions
        The arms, shape (n,): 0 = control.
    """
    net = effects - costs
    return np.where(net.max(axis=1) > 0.0, net.argmax(axis=1) + 1, CONTROL).astype(np.int64)


def policy_scores(scores: Array, actions: Actions) -> Array:
    """Return the score of each customer's chosen arm, shape (n,), from scores of shape (n, arms)."""
    return np.asarray(scores[np.arange(len(scores)), actions])


def evaluate_policies(
    scores: Array, policies: Mapping[str, Actions], reference: str, costs: Array | float = 0.0
) -> dict[str, PolicyValue]:
    """Return the value of each policy and its gain over a reference policy, from paired differences.

    Parameters
    ----------
    scores
        Scores of every arm, shape (n, arms), as `arm_scores` gives them.
    policies
        The arms that each policy chooses, shape (n,), by name.
    reference
        The name of the policy that gains are measured against.
    costs
        What an arm costs per customer, in the unit of the outcome: one number for all treatments, (arms,) or (n, arms).

    Returns
    -------
    dict[str, PolicyValue]
        By the name of the policy.
    """
    charged = np.broadcast_to(np.asarray(costs, dtype=float), scores.shape).copy()
    if np.ndim(costs) == 0:
        charged[:, CONTROL] = 0.0
    net = scores - charged
    chosen = {name: policy_scores(net, actions) for name, actions in policies.items()}
    return {
        name: PolicyValue(
            mean_interval(values),
            mean_interval(values - chosen[reference]),
            float((policies[name] != CONTROL).mean()),
        )
        for name, values in chosen.items()
    }
