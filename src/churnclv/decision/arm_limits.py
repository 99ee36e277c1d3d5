"""Limits of the arms of a campaign: how many customers each can serve, and what each may cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import listed, require
from ..evaluation.metrics import Array

NOBODY = -1  # the place of no arm
_WHOLE = 1.0 - 1e-6  # of a customer, above which they are served and not a fraction of them


@dataclass(frozen=True)
class ArmLimits:
    """The most that the arms of a campaign can take; an arm that is not named has no limit of its own.

    Attributes
    ----------
    capacity
        Arm -> customers who can be contacted.
    budgets
        Arm -> currency, what its contacts may be expected to cost.
    """

    capacity: Mapping[str, float] = field(default_factory=dict)
    budgets: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether any arm has a limit."""
        return bool(self.capacity or self.budgets)

    def scaled(self, factor: float) -> "ArmLimits":
        """Return all limits times a factor."""
        by_arm = [{arm: factor * most for arm, most in part.items()} for part in (self.capacity, self.budgets)]
        return ArmLimits(*by_arm)

    def require_arms(self, arms: Sequence[str]) -> None:
        """Raise `InputError` for a limit of an arm that the campaign does not have."""
        for setting, part in (("capacity", self.capacity), ("arm_budgets", self.budgets)):
            unknown = [arm for arm in part if arm not in arms]
            remedy = f"the treatments are {listed([repr(arm) for arm in arms])}."
            require(not unknown, f"{setting} names {listed(unknown)}.", remedy=remedy)

    def hold(self, arm: Sequence[str], cost: Array, rounding: float = 0.0) -> bool:
        """Return whether customers with these arms (n,) and costs (n,) keep to all limits."""
        named, most = np.asarray(arm, dtype=object), 1.0 + rounding
        return all((named == one).sum() <= limit * most for one, limit in self.capacity.items()) and all(
            cost[named == one].sum() <= limit * most for one, limit in self.budgets.items()
        )


NO_LIMITS = ArmLimits()


def assign_arms(
    gains: Array, costs: Array, arms: Sequence[str], limits: ArmLimits, budget: float | None = None
) -> NDArray[np.int64]:
    """Return the arm of each customer under all limits, with the highest total gain.

    The linear program: maximise the sum of x g over customers and arms of a gain above zero, with at most one arm per
    customer, each arm's count and cost within its limits, and the cost of all within the budget. Its solution has
    fractions of customers only where a limit binds, at most as many as there are limits (Dantzig 1963, Linear
    programming and extensions, chapter 15); they are left out, so that the gain is less than the best possible by no
    more than theirs.

    Parameters
    ----------
    gains, costs
        Of each arm for each customer, shape (n, k), in currency; a gain that is NaN is no choice.
    arms
        The names of the arms.
    limits
        Of the arms.
    budget
        The most that all may cost; None = no limit.

    Returns
    -------
    NDArray
        The place of the arm, `NOBODY` for who gets none, shape (n,).
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix, vstack

    customer, arm = np.nonzero(np.where(np.isfinite(gains), gains, 0.0) > 0.0)
    chosen = np.full(len(gains), NOBODY, dtype=np.int64)
    if not len(customer):
        return chosen
    gain, cost = gains[customer, arm], costs[customer, arm]
    shape = (len(gains), len(customer))
    once = csr_matrix((np.ones(len(customer)), (customer, np.arange(len(customer)))), shape)
    rows, most = [], []
    for place, name in enumerate(arms):
        for part, weight in ((limits.capacity, np.ones(len(cost))), (limits.budgets, cost)):
            if name in part:
                rows.append(np.where(arm == place, weight, 0.0))
                most.append(part[name])
    if budget is not None:
        rows.append(cost)
        most.append(budget)
    matrix = vstack([once, csr_matrix(np.array(rows))]) if rows else once
    ends = np.concatenate([np.ones(len(gains)), most])
    solved = linprog(-gain, A_ub=matrix, b_ub=ends, bounds=(0.0, 1.0), method="highs-ds")  # type: ignore[call-overload] # its stubs lack sparse matrices
    served = solved.x > _WHOLE
    chosen[customer[served]] = arm[served]
    return chosen
