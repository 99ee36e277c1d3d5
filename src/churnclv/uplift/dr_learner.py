"""The DR-learner: doubly robust scores of the effect, regressed on the features."""

import pandas as pd

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses, effect_scores
from .effect_learners import EffectLearner, effect_learner


@effect_learner
class DRLearner(EffectLearner):
    """A regression of cross-fitted doubly robust scores (Kennedy 2023, Algorithm 1)."""

    name = "dr_learner"
    summary = "a regression of cross-fitted doubly robust scores"
    source = "Kennedy (2023)"

    def _fit(self, features: pd.DataFrame, responses: Responses) -> None:
        expected = self.outcomes.expected(self.family)
        self.parts["effect"] = self.regression(binary=False).fit(features, effect_scores(responses, expected))

    def effects(self, features: pd.DataFrame) -> Array:
        """Return the effects, shape (n,)."""
        return self.parts["effect"].predict(features)
