"""Class transformation: one regression of whether treatment and outcome agree."""

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses
from .effect_learners import EffectLearner, effect_learner
from .regressions import is_binary


@effect_learner
class ClassTransformation(EffectLearner):
    """The chance that outcome and treatment agree, if both arms were equally likely (Jaskowski, Jaroszewicz 2012).

    With weights 1 / (2 propensity) of the arm that a customer got, the effect is 2 P(agree) - 1. For amounts the target
    is the transformed outcome, y (w - p) / (p (1 - p)), whose mean is the effect (Athey, Imbens 2016).
    """

    name = "class_transformation"
    summary = "one regression of whether treatment and outcome agree"
    source = "Jaskowski, Jaroszewicz (2012)"

    def _fit(self, features: pd.DataFrame, responses: Responses) -> None:
        got = responses.propensities[np.arange(len(responses)), responses.arm]
        binary = is_binary(responses.outcome)
        self.numbers["binary"] = float(binary)
        model = self.regression(binary=binary)
        if binary:
            agree = (responses.outcome == responses.arm).astype(float)
            self.parts["agreement"] = model.fit(features, agree, 0.5 / got)
        else:
            sign = 2.0 * responses.arm - 1.0
            self.parts["agreement"] = model.fit(features, responses.outcome * sign / got)

    def effects(self, features: pd.DataFrame) -> Array:
        """Return the effects, shape (n,)."""
        predicted = self.parts["agreement"].predict(features)
        return 2.0 * predicted - 1.0 if self.numbers["binary"] else predicted
