"""Selection of the effect learner, by cross-fitted doubly robust loss, against the same effect for everybody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import require
from ..evaluation.bootstrap import Interval
from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses, effect_scores, mean_interval, standard_error
from .cross_fitting import OutcomeModels, cross_fit_outcomes, draw_folds
from .effect_calibration import EffectCalibration
from .effect_learners import EffectLearner, effect_learners
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


@dataclass(frozen=True)
class EffectSelection:
    """What selection gives.

    Attributes
    ----------
    chosen
        The candidate with the lowest loss, or no heterogeneity.
    losses
        By candidate, its loss less that of no heterogeneity, per row with its interval: below zero is better.
    out_of_fold
        The chosen candidate's effects, each from models that have not seen the row, shape (n,).
    by_candidate
        The same of every candidate.
    scores
        Doubly robust scores of the effect, shape (n,).
    expected
        Cross-fitted expected outcomes without and with treatment, shape (n, 2).
    row_losses
        The chosen candidate's loss on each row less that of no heterogeneity, shape (n,).
    """

    chosen: Candidate
    losses: dict[Candidate, Interval]
    out_of_fold: Array
    by_candidate: dict[Candidate, Array]
    scores: Array
    expected: Array
    row_losses: Array

    def sentence(self) -> str:
        """Return the choice and its reason."""
        best = min(self.losses, key=lambda candidate: self.losses[candidate].value)
        if self.chosen.learner != NoHeterogeneity.name:
            loss = self.losses[self.chosen].write("+.3g")
            return f"{self.chosen}: doubly robust loss {loss} against one effect for all."
        if best == self.chosen:
            return "The same effect for everybody: no learner has a lower doubly robust loss."
        return (
            f"The same effect for everybody: the best learner, {best}, is no better by more than a standard error "
            f"({self.losses[best].write('+.3g')})."
        )


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


def select_learner(
    features: pd.DataFrame,
    responses: Responses,
    candidates: Sequence[Candidate] | None = None,
    *,
    seed: int = 0,
    threads: int = 1,
    advance: Callable[[str], None] = lambda _: None,
    frozen: Candidate | None = None,
) -> EffectSelection:
    """Return the candidate of the lowest cross-fitted doubly robust loss.

    The loss of effects is the mean of (score - effect)^2, whose differences estimate those of the squared error of the
    effects themselves, as the scores are unbiased (Kennedy 2023; Saito, Yasui 2020, Counterfactual cross-validation,
    ICML). Learners and scores are cross-fitted, and so is the calibration of the effects, as calibrated effects are
    what is used: a learner that ranks well but exaggerates is not thrown away. A learner is chosen only if its loss is
    below that of one effect for everybody by more than a standard error of the paired difference (the rule of Breiman
    et al. 1984): without heterogeneity, that is chosen.

    Parameters
    ----------
    features
        Columns known before the treatment, (n, k).
    responses
        The responses of treated (arm 1) and control (arm 0).
    candidates
        What is compared; None = all. No heterogeneity is always among them.
    seed
        Of folds and learners.
    threads
        Of XGBoost.
    advance
        Takes the name of each candidate when it is done.
    frozen
        A choice that was made before; it is compared with no heterogeneity, and kept whatever comes of it.

    Returns
    -------
    EffectSelection
        The choice, all losses, and what cross-fitting has given.
    """
    flat = Candidate(NoHeterogeneity.name, NoHeterogeneity.families[0])
    wanted = (candidates or all_candidates()) if frozen is None else [frozen]
    compared = [flat, *(one for one in wanted if one != flat)]
    expected = cross_fit_outcomes(features, responses, folds=FOLDS, seed=seed, threads=threads)
    scores = effect_scores(responses, expected)
    effects: dict[Candidate, Array] = {}
    fold = draw_folds(responses, FOLDS, seed)
    parts = _parts_outside(features, responses, fold, seed, threads)
    for candidate in compared:
        effects[candidate] = cross_fit_effects(features, responses, candidate, seed=seed, threads=threads, parts=parts)
        advance(str(candidate))
    compared_effects = {
        one: effect if one == flat else calibrate_across(scores, effect, fold) for one, effect in effects.items()
    }
    of_flat = np.square(scores - effects[flat])
    losses = {one: np.square(scores - effect) - of_flat for one, effect in compared_effects.items()}
    best = min(compared, key=lambda one: float(losses[one].mean()))
    chosen = frozen or (best if losses[best].mean() + standard_error(losses[best]) < 0.0 else flat)
    intervals = {one: mean_interval(loss) for one, loss in losses.items()}
    return EffectSelection(chosen, intervals, effects[chosen], effects, scores, expected, losses[chosen])


def calibrate_across(scores: Array, effects: Array, fold: NDArray[np.int64]) -> Array:
    """Return cross-fitted effects, calibrated in each fold by the line that the other folds give, shape (n,)."""
    calibrated = np.empty(len(effects))
    for held in np.unique(fold):
        inside = fold == held
        calibrated[inside] = EffectCalibration.learn(scores[~inside], effects[~inside]).apply(effects[inside])
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
