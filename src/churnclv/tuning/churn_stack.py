"""Combining churn models: weights of their log-odds, shrunk towards equal ones, and an intercept.

The start is the plain mean of the members' log-odds, in which each family of models has the same part. Weights and
intercept are fitted by penalised log-loss on predictions out of fold (Wolpert 1992, Stacked generalization; Breiman
1996, Stacked regressions, for weights that are not negative). How strongly they are shrunk is decided on held-out
folds. A step away from the plain mean is taken only where it gains more there than one standard error of its gain.

Of folds in time there is no intercept: their windows overlap and share a season, so the level that they miss is not the
level that the next window will miss (`experiments/LOG.md`, 2026-11-27). The level is then that of the members, of which
the purchase model knows the newest purchases.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ..churn.log_odds import expit
from ..evaluation.metrics import Array

STRENGTHS = (1.0, 0.1, 0.01, 0.001)  # of the penalty: nats per customer of a step as large as the log-odds' spread
HALF_LIFE_FOLDS = 2.0  # a fold that is so many folds older counts half
LEAST_GAIN = 1e-4  # nats per customer
_LEAST_WEIGHT = 0.01  # members below it are left out
_TINY = 1e-9


@dataclass(frozen=True)
class FoldPredictions:
    """A fold's outcomes, (n,), and the members' log-odds out of fold, (n,) each."""

    log_odds: Mapping[str, Array]
    churned: Array


@dataclass(frozen=True)
class Stack:
    """Weights of log-odds, which are not negative and add up to 1, and an intercept."""

    weights: dict[str, float]
    intercept: float = 0.0

    def log_odds(self, members: Mapping[str, Array]) -> Array:
        """Return the combined log-odds, (n,)."""
        total = sum(weight * members[name] for name, weight in sorted(self.weights.items()))
        return np.asarray(total + self.intercept)


@dataclass(frozen=True)
class ChosenStack:
    """A stack, its log-odds on each fold when fitted on the other folds, and each candidate's mean held-out loss."""

    stack: Stack
    held_out: list[Array]
    losses: dict[str, float]


def equal_weights(families: Mapping[str, str]) -> dict[str, float]:
    """Return weights by member: each family has the same part, and so has each member of a family."""
    sizes = Counter(families.values())
    return {name: 1.0 / len(sizes) / sizes[family] for name, family in families.items()}


def fold_weights(folds: int, *, in_time: bool) -> Array:
    """Return the folds' weights, (folds,), which add up to 1; the last fold is the newest where they are in time."""
    ages = np.arange(folds)[::-1] if in_time else np.zeros(folds)
    weights = 0.5 ** (ages / HALF_LIFE_FOLDS)
    return np.asarray(weights / weights.sum())


def choose_stack(folds: Sequence[FoldPredictions], families: Mapping[str, str], *, in_time: bool) -> ChosenStack:
    """Combine members; `families` names the family of each.

    Every strength of the penalty is fitted on all folds but one and evaluated on that one. The simplest candidate (the
    plain mean, then the strongest penalty) is taken whose loss is within one standard error of the least. Of folds in
    time, a candidate must also lower the newest fold's loss.
    """
    mean = Stack(equal_weights(families))
    plain = [mean.log_odds(fold.log_odds) for fold in folds]
    if len(folds) == 1 or len(families) == 1:
        return ChosenStack(mean, plain, {})
    held_out, stacks = {"mean": plain}, {"mean": mean}
    weights = fold_weights(len(folds), in_time=in_time)
    for strength in STRENGTHS:
        name = f"stack_{strength:g}"
        held_out[name] = [
            _without(folds, held, weights, mean, strength, level=not in_time).log_odds(folds[held].log_odds)
            for held in range(len(folds))
        ]
        stacks[name] = fit_stack(folds, weights, mean, strength, level=not in_time)
    rows = {name: _row_losses(folds, log_odds) for name, log_odds in held_out.items()}
    usable = [name for name in rows if name == "mean" or _is_usable(rows[name], rows["mean"], in_time)]
    best = min(usable, key=lambda name: weights @ [fold.mean() for fold in rows[name]])
    simplest = next(name for name in usable if _is_level(rows[name], rows[best], weights))
    losses = {name: float(np.mean([fold.mean() for fold in rows[name]])) for name in rows}
    return ChosenStack(_prune(stacks[simplest]), held_out[simplest], losses)


def fit_stack(
    folds: Sequence[FoldPredictions], weights: Array, prior: Stack, strength: float, *, level: bool = True
) -> Stack:
    """Fit weights, and an intercept if `level`, by log-loss plus `strength` times the squared step from `prior`.

    Weights are prior weights times exponentials that are normalised, so they stay positive and add up to 1.
    """
    names = sorted(prior.weights)
    members = np.concatenate([np.column_stack([fold.log_odds[name] for name in names]) for fold in folds])
    churned = np.concatenate([fold.churned for fold in folds])
    parts = zip(folds, weights / weights.sum(), strict=True)
    each = np.concatenate([np.full(len(fold.churned), weight / len(fold.churned)) for fold, weight in parts])
    start = np.array([prior.weights[name] for name in names])
    spread = max(float(each @ np.var(members, axis=1)), _TINY)  # of members around each other

    def shares(free: Array) -> Array:
        scaled = np.log(start) + free
        return np.asarray(np.exp(scaled - scaled.max()) / np.exp(scaled - scaled.max()).sum())

    def loss(free: Array) -> tuple[float, Array]:
        w, b = shares(free[:-1]), free[-1]
        log_odds = members @ w + b
        step = w - start
        value = each @ np.logaddexp(0.0, np.where(churned == 1.0, -log_odds, log_odds))
        value += 0.5 * strength * (spread * step @ step + b * b)
        residual = each * (expit(log_odds) - churned)
        along = members.T @ residual + strength * spread * step
        slope = residual.sum() + strength * b if level else 0.0
        return float(value), np.r_[w * (along - w @ along), slope]

    best = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B").x
    return Stack(dict(zip(names, shares(best[:-1]).tolist(), strict=True)), float(best[-1]))


def _without(
    folds: Sequence[FoldPredictions], held: int, weights: Array, prior: Stack, strength: float, *, level: bool
) -> Stack:
    """Return a stack fitted on all folds but one."""
    others = [place for place in range(len(folds)) if place != held]
    return fit_stack([folds[place] for place in others], weights[others], prior, strength, level=level)


def _row_losses(folds: Sequence[FoldPredictions], log_odds: Sequence[Array]) -> list[Array]:
    """Return each customer's log-loss, fold by fold."""
    return [
        np.logaddexp(0.0, np.where(fold.churned == 1.0, -each, each))
        for fold, each in zip(folds, log_odds, strict=True)
    ]


def _is_usable(rows: Sequence[Array], plain: Sequence[Array], in_time: bool) -> bool:
    """Return whether a candidate lowers the newest fold's loss; without time there is no newest fold."""
    return not in_time or float(rows[-1].mean()) < float(plain[-1].mean())


def _is_level(rows: Sequence[Array], best: Sequence[Array], weights: Array) -> bool:
    """Return whether a candidate's loss is within one standard error of the best one's.

    The error is the larger of two: of customers within folds, and of folds around their mean.
    """
    apart = [one - other for one, other in zip(rows, best, strict=True)]
    means = np.array([fold.mean() for fold in apart])
    mean = float(weights @ means)
    within = float(np.sum(weights**2 * [fold.var() / len(fold) for fold in apart]))
    between = float(np.sum(weights**2) * np.sum(weights * (means - mean) ** 2) / max(1.0 - np.sum(weights**2), _TINY))
    return bool(mean <= max(np.sqrt(max(within, between)), LEAST_GAIN))


def _prune(stack: Stack) -> Stack:
    """Return the stack without members of next to no weight."""
    kept = {name: weight for name, weight in stack.weights.items() if weight >= _LEAST_WEIGHT}
    total = sum(kept.values())
    return Stack({name: weight / total for name, weight in kept.items()}, stack.intercept)
