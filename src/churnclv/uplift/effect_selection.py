"""Selection of effect learners: weighed by cross-fitted doubly robust loss, against the same effect for everybody."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import require
from ..evaluation.bootstrap import Interval
from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses, effect_scores, mean_interval
from .cross_fitting import OutcomeModels, cross_fit_outcomes, draw_folds
from .effect_calibration import EffectCalibration
from .effect_learners import EffectLearner, effect_learners
from .effect_stacking import EffectStack, stack_effects
from .no_heterogeneity import NoHeterogeneity

AUTO = "auto"
FOLDS = 5


@dataclass(frozen=True)
class Candidate:
    """A learner with the family of its regressions."""

    learner: str
    family: str

    def __str__(self) -> str:
        """Return both names."""
        return f"{self.learner} ({self.family})"

    def make(self, seed: int, threads: int) -> EffectLearner:
        """Return the unfitted learner."""
        return effect_learners()[self.learner](self.family, seed=seed, threads=threads)


FLAT = Candidate(NoHeterogeneity.name, NoHeterogeneity.families[0])


@dataclass(frozen=True)
class FrozenWeights:
    """Weights that were found before, which a refit keeps with the slope of their sum.

    Attributes
    ----------
    weights
        By learner; empty where everybody has the same effect.
    calibration
        Of the sum; None for a learner that an earlier version chose alone, whose slope is learned again.
    """

    weights: Mapping[Candidate, float]
    calibration: EffectCalibration | None

    def as_dict(self) -> dict[str, Any]:
        """Return the weights for JSON."""
        members = [{**asdict(one), "weight": weight} for one, weight in self.weights.items()]
        return {"learners": members, "calibration": None if self.calibration is None else self.calibration.as_dict()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "FrozenWeights":
        """Return the weights from the result of `as_dict`, or from the learner that an earlier version chose."""
        if "learners" not in stored:
            chosen = Candidate(**stored)
            return cls({} if chosen == FLAT else {chosen: 1.0}, None)
        weights = {Candidate(one["learner"], one["family"]): float(one["weight"]) for one in stored["learners"]}
        kept = stored["calibration"]
        return cls(weights, None if kept is None else EffectCalibration.from_dict(kept))


@dataclass(frozen=True)
class EffectSelection:
    """What selection gives.

    Attributes
    ----------
    weights
        The weight of each learner whose effects count; empty where everybody has the same effect.
    shares
        How much of the spread of effects comes from each of them.
    compared
        How many learners were weighed.
    calibration
        Of the weighted sum of their effects.
    row_losses
        The loss of the sum on each row less that of one effect for everybody, shape (n,): below zero is better.
    scores
        Doubly robust scores of the effect, shape (n,).
    expected
        Cross-fitted expected outcomes without and with treatment, shape (n, 2).
    """

    weights: dict[Candidate, float]
    shares: dict[Candidate, float]
    compared: int
    calibration: EffectCalibration
    row_losses: Array
    scores: Array
    expected: Array

    @property
    def loss(self) -> Interval:
        """The mean of `row_losses`, with its interval."""
        return mean_interval(self.row_losses)

    @property
    def chosen(self) -> str:
        """The learners with their shares, the largest first."""
        if not self.weights:
            return str(FLAT)
        ranked = sorted(self.shares, key=lambda one: -self.shares[one])
        return str(ranked[0]) if len(ranked) == 1 else ", ".join(f"{one} {self.shares[one]:.0%}" for one in ranked)

    def sentence(self) -> str:
        """Return the choice and its reason."""
        if not self.weights and not self.compared:
            return "The same effect for everybody, as chosen."
        if not self.weights:
            return "The same effect for everybody: how far the learners' effects differ is within its standard error."
        return (
            f"{self.chosen}: doubly robust loss {self.loss.write('+.3g')} against one effect for all, with "
            f"{self.calibration.slope:.0%} of the weighted differences kept."
        )

    def frozen(self) -> FrozenWeights:
        """Return the weights and the slope for a refit."""
        return FrozenWeights(self.weights, self.calibration)


def all_candidates(name: str = AUTO) -> list[Candidate]:
    """Return the candidates of a choice: every learner in every family, or those of one learner, and no heterogeneity.

    Raises
    ------
    InputError
        There is no learner of that name.
    """
    learners = effect_learners()
    remedy = f"allowed are {AUTO}, {', '.join(learners)}."
    require(name == AUTO or name in learners, f"uplift is {name!r}.", remedy=remedy)
    wanted = {one: learners[one] for one in learners if name == AUTO or one in {name, NoHeterogeneity.name}}
    return [Candidate(one, family) for one, learner in wanted.items() for family in learner.families]


def select_learners(
    features: pd.DataFrame,
    responses: Responses,
    candidates: Sequence[Candidate] | None = None,
    *,
    seed: int = 0,
    threads: int = 1,
    advance: Callable[[str], None] = lambda _: None,
    frozen: FrozenWeights | None = None,
) -> EffectSelection:
    """Return the weights of learners whose sum predicts cross-fitted doubly robust scores best.

    The loss of effects is the mean of (score - effect)^2, whose differences estimate those of the squared error of the
    effects themselves, as the scores are unbiased (Kennedy 2023; Saito, Yasui 2020, Counterfactual cross-validation,
    ICML). Learners and scores are cross-fitted. `stack_effects` has the rest: the weights of the least loss, and how
    much of the differences is kept, which may be nothing.

    Parameters
    ----------
    features
        Columns known before the treatment, (n, k).
    responses
        The responses of treated (arm 1) and control (arm 0).
    candidates
        What is weighed, against no heterogeneity; None = all.
    seed
        Of folds and learners.
    threads
        Of XGBoost.
    advance
        Takes the name of each candidate when it is done.
    frozen
        Weights that were found before: they are kept with the slope of their sum, and the average effect is new.

    Returns
    -------
    EffectSelection
        The weights, and what cross-fitting has given.
    """
    wanted = (candidates or all_candidates()) if frozen is None else list(frozen.weights)
    learners = [one for one in wanted if one != FLAT]
    expected = cross_fit_outcomes(features, responses, folds=FOLDS, seed=seed, threads=threads)
    scores = effect_scores(responses, expected)
    effects: dict[Candidate, Array] = {}
    fold = draw_folds(responses, FOLDS, seed)
    parts = _parts_outside(features, responses, fold, seed, threads)
    for candidate in [FLAT, *learners]:
        effects[candidate] = cross_fit_effects(features, responses, candidate, seed=seed, threads=threads, parts=parts)
        advance(str(candidate))
    beside = np.column_stack([np.empty((len(scores), 0)), *[effects[one] for one in learners]])
    stack = stack_effects(scores, beside, fold) if frozen is None else _keep(frozen, scores, beside)
    spread = stack.weights * beside.std(axis=0)
    taken = np.flatnonzero(stack.weights)
    row_losses = np.square(scores - calibrate_across(scores, stack.across, fold)) - np.square(scores - effects[FLAT])
    return EffectSelection(
        weights={learners[place]: float(stack.weights[place]) for place in taken},
        shares={learners[place]: float(spread[place] / spread.sum()) for place in taken},
        compared=len(learners),
        calibration=stack.calibration,
        row_losses=row_losses if len(taken) else np.zeros(len(scores)),
        scores=scores,
        expected=expected,
    )


def _keep(frozen: FrozenWeights, scores: Array, effects: Array) -> EffectStack:
    """Return the sum by weights that were found before; what was evaluated is what is refitted."""
    weights = np.array(list(frozen.weights.values()))
    across = effects @ weights
    line = EffectCalibration.learn(scores, across)
    return EffectStack(weights, line if frozen.calibration is None else frozen.calibration.on(scores, across), across)


def calibrate_across(scores: Array, effects: Array, fold: NDArray[np.int64]) -> Array:
    """Return cross-fitted effects, calibrated in each fold by the shrunk line that the others give, shape (n,)."""
    calibrated = np.empty(len(effects))
    for held in np.unique(fold):
        inside = fold == held
        line = EffectCalibration.learn(scores[~inside], effects[~inside]).shrunk()
        calibrated[inside] = line.apply(effects[inside])
    return calibrated


def cross_fit_effects(
    features: pd.DataFrame,
    responses: Responses,
    candidate: Candidate,
    *,
    seed: int = 0,
    threads: int = 1,
    parts: Sequence[OutcomeModels] | None = None,
) -> Array:
    """Return the effect of each row by a learner fitted on the other folds, shape (n,).

    `parts` are the rows outside each fold, with the regressions that other learners have fitted there.
    """
    fold = draw_folds(responses, FOLDS, seed)
    effects = np.empty(len(responses))
    for held, part in enumerate(parts or _parts_outside(features, responses, fold, seed, threads)):
        inside = fold == held
        learner = candidate.make(seed, threads).fit(part.features, part.responses, part)
        effects[inside] = learner.effects(features[inside])
    return effects


def _parts_outside(
    features: pd.DataFrame, responses: Responses, fold: NDArray[np.int64], seed: int, threads: int
) -> list[OutcomeModels]:
    """Return the rows outside each fold."""
    outside = [fold != held for held in np.unique(fold)]
    return [OutcomeModels(features[rows], responses.take(rows), seed=seed, threads=threads) for rows in outside]
