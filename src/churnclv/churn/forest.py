"""A random forest as a churn model, grown by XGBoost: unlike boosted trees it averages deep trees."""

from typing import Any

from .boosted import BoostedChurnModel
from .churn_models import TREES, Situation, churn_model

_PARAMETERS = {
    "num_parallel_tree": 200,
    "learning_rate": 1.0,
    "max_depth": 12,
    "subsample": 0.63,  # the share of different rows in a bootstrap sample
    "colsample_bynode": 0.35,
    "reg_lambda": 1.0,
}
_LEAST_WEIGHTS = (2.0, 10.0)  # of a leaf: eight and forty rows, or more where outcomes are rare


@churn_model
class ForestChurnModel(BoostedChurnModel):
    """Trees grown side by side on samples of rows and columns, each one Newton step from the base rate.

    It is tried on labelled tables only: on order logs, whose columns carry one smooth signal, it costs more time than
    it brings.
    """

    name = "forest"
    family = TREES
    summary = "a random forest, grown by XGBoost; on labelled tables"
    stem = "forest"

    @classmethod
    def candidates(cls, situation: Situation) -> list[dict[str, Any]]:
        """Return forests with small and with large leaves."""
        if situation.in_time and situation.settings.name != cls.name:
            return []
        chosen = {"rounds": 1, "seed": situation.seed, "monotone": situation.settings.monotone}
        return [{**chosen, "parameters": {**_PARAMETERS, "min_child_weight": least}} for least in _LEAST_WEIGHTS]

    @classmethod
    def make(cls, parameters: dict[str, Any], threads: int) -> "ForestChurnModel":
        """Return an unfitted model with one of the candidates' parameters."""
        return cls(**parameters, threads=threads)
