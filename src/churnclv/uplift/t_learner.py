"""The T-learner: two regressions of the outcome, one of the treated and one of the control group."""

import pandas as pd

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses
from .effect_learners import EffectLearner, effect_learner


@effect_learner
class TLearner(EffectLearner):
    """The difference between the predictions of two regressions (Kuenzel et al. 2019, Eq. 1)."""

    name = "t_learner"
    summary = "one regression of the treated and one of the control group"
    source = "Künzel, Sekhon, Bickel, Yu (2019)"

    def _fit(self, features: pd.DataFrame, responses: Responses) -> None:
        del features, responses
        models = self.outcomes.by_arm(self.family)
        self.parts = dict(zip(("control", "treated"), models, strict=True))

    def effects(self, features: pd.DataFrame) -> Array:
        """Return the effects, shape (n,)."""
        return self.parts["treated"].predict(features) - self.parts["control"].predict(features)
