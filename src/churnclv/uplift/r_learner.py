"""The R-learner: what is left of the outcome is regressed on what is left of the treatment."""

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses
from .effect_learners import EffectLearner, effect_learner


@effect_learner
class RLearner(EffectLearner):
    """The minimum of Robinson's loss (Nie, Wager 2021, Eq. 4), a weighted regression.

    With w the treatment less its propensity and r the outcome less its cross-fitted expectation, sum (r - w effect)^2
    is the squared error of r / w with weights w^2.
    """

    name = "r_learner"
    summary = "the outcome's residual on the treatment's residual"
    source = "Nie, Wager (2021)"

    def _fit(self, features: pd.DataFrame, responses: Responses) -> None:
        by_arm = self.outcomes.expected(self.family)
        left_over = responses.outcome - (by_arm * responses.propensities).sum(axis=1)
        surprise = responses.arm - responses.propensities[:, 1]
        self.parts["effect"] = self.regression(binary=False).fit(features, left_over / surprise, np.square(surprise))

    def effects(self, features: pd.DataFrame) -> Array:
        """Return the effects, shape (n,)."""
        return self.parts["effect"].predict(features)
