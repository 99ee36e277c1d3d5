"""The S-learner: a single regression of the outcome, with the treatment as one of its inputs."""

import pandas as pd

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses
from .effect_learners import EffectLearner, effect_learner
from .regressions import is_binary


@effect_learner
class SLearner(EffectLearner):
    """The difference between one regression's predictions with and without treatment (Kuenzel et al. 2019, Eq. 2)."""

    name = "s_learner"
    summary = "one regression with the treatment among its inputs"
    source = "Künzel, Sekhon, Bickel, Yu (2019)"

    def _fit(self, features: pd.DataFrame, responses: Responses) -> None:
        model = self.regression(binary=is_binary(responses.outcome))
        self.parts["outcome"] = model.fit(features, responses.outcome, treated=responses.arm.astype(float))

    def effects(self, features: pd.DataFrame) -> Array:
        """Return the effects, shape (n,)."""
        model = self.parts["outcome"]
        return model.predict(features, treated=1.0) - model.predict(features, treated=0.0)
