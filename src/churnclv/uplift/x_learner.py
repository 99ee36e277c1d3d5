"""The X-learner: each group's effects are imputed by the other group's regression, and regressed in turn."""

import pandas as pd

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses
from .effect_learners import EffectLearner, effect_learner


@effect_learner
class XLearner(EffectLearner):
    """Imputed effects of both groups, weighted by the propensity (Kuenzel et al. 2019, Eqs. 5 to 9).

    The weight of the control group's regression is the mean propensity of the treatment in the training rows.
    """

    name = "x_learner"
    summary = "effects imputed by the other group's regression; for groups of different size"
    source = "Künzel, Sekhon, Bickel, Yu (2019)"

    def _fit(self, features: pd.DataFrame, responses: Responses) -> None:
        control, treated = self.outcomes.by_arm(self.family)
        with_it = responses.arm == 1
        imputed = responses.outcome[with_it] - control.predict(features[with_it])  # Eq. 5
        self.parts["of_treated"] = self.regression(binary=False).fit(features[with_it], imputed)
        imputed = treated.predict(features[~with_it]) - responses.outcome[~with_it]  # Eq. 6
        self.parts["of_control"] = self.regression(binary=False).fit(features[~with_it], imputed)
        self.numbers["propensity"] = float(responses.propensities[:, 1].mean())

    def effects(self, features: pd.DataFrame) -> Array:
        """Return the effects, shape (n,)."""
        weight = self.numbers["propensity"]
        of_control, of_treated = (self.parts[name].predict(features) for name in ("of_control", "of_treated"))
        return weight * of_control + (1.0 - weight) * of_treated  # Eq. 9
