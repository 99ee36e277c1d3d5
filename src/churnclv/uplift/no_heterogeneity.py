"""No heterogeneity: the same effect for everybody, which every learner has to beat."""

import pandas as pd

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses, effect_scores
from .effect_learners import EffectLearner, effect_learner, flat_effects
from .regressions import LINEAR


@effect_learner
class NoHeterogeneity(EffectLearner):
    """The average effect, doubly robust (Robins, Rotnitzky, Zhao 1994)."""

    name = "no_heterogeneity"
    summary = "the same effect for everybody"
    source = "Robins, Rotnitzky, Zhao (1994)"
    families = (LINEAR,)

    def _fit(self, features: pd.DataFrame, responses: Responses) -> None:
        del features
        expected = self.outcomes.expected(self.family)
        self.numbers["effect"] = float(effect_scores(responses, expected).mean())

    def effects(self, features: pd.DataFrame) -> Array:
        """Return the average effect for each row, shape (n,)."""
        return flat_effects(features, self.numbers["effect"])
