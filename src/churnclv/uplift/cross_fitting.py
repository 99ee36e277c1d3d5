"""Cross-fitting: each row's expected outcomes and propensities come from models that have not seen the row.

Chernozhukov et al. (2018), Double/debiased machine learning for treatment and structural parameters, The Econometrics
Journal 21(1).
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses
from .propensities import PropensityModel
from .regressions import FAMILIES, LINEAR, Regression, is_binary


def draw_folds(responses: Responses, folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, shape (n,), drawn at random within each arm."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(responses))
    fold = np.empty(len(responses), dtype=np.int64)
    for arm in range(responses.arms):
        rows = order[responses.arm[order] == arm]
        fold[rows] = np.arange(len(rows)) % folds
    return fold


def fit_outcomes(
    features: pd.DataFrame, responses: Responses, family: str, *, seed: int = 0, threads: int = 1
) -> list[Regression]:
    """Return one regression of the outcome per arm, each fitted on the rows of its arm."""
    binary = is_binary(responses.outcome)
    models: list[Regression] = []
    for arm in range(responses.arms):
        rows = responses.arm == arm
        model: Regression = FAMILIES[family](binary=binary, seed=seed, threads=threads)
        models.append(model.fit(features[rows], responses.outcome[rows]))
    return models


def cross_fit_outcomes(
    features: pd.DataFrame,
    responses: Responses,
    family: str = LINEAR,
    *,
    folds: int = 5,
    seed: int = 0,
    threads: int = 1,
) -> Array:
    """Return the expected outcome of each row under each arm, shape (n, arms), from models of the other folds."""
    fold = draw_folds(responses, folds, seed)
    expected = np.empty(responses.propensities.shape)
    for held in np.unique(fold):
        inside = fold == held
        models = fit_outcomes(features[~inside], responses.take(~inside), family, seed=seed, threads=threads)
        expected[inside] = np.column_stack([model.predict(features[inside]) for model in models])
    return expected


class OutcomeModels:
    """The regressions of the outcome on some rows, which several learners need: each is fitted once.

    Parameters
    ----------
    features, responses
        The rows.
    seed, threads
        As for a learner.
    """

    def __init__(self, features: pd.DataFrame, responses: Responses, *, seed: int = 0, threads: int = 1) -> None:
        """Keep the rows; nothing is fitted before it is needed."""
        self.features, self.responses = features, responses
        self._chosen: dict[str, int] = {"seed": seed, "threads": threads}
        self._by_arm: dict[str, list[Regression]] = {}
        self._expected: dict[str, Array] = {}

    def by_arm(self, family: str) -> list[Regression]:
        """Return a regression per arm, `fit_outcomes`."""
        if family not in self._by_arm:
            self._by_arm[family] = fit_outcomes(self.features, self.responses, family, **self._chosen)
        return self._by_arm[family]

    def expected(self, family: str) -> Array:
        """Return the cross-fitted expectations, `cross_fit_outcomes`."""
        if family not in self._expected:
            self._expected[family] = cross_fit_outcomes(self.features, self.responses, family, **self._chosen)
        return self._expected[family]


def cross_fit_propensities(
    features: pd.DataFrame,
    responses: Responses,
    family: str = LINEAR,
    *,
    folds: int = 5,
    seed: int = 0,
    threads: int = 1,
) -> Responses:
    """Return the responses with estimated propensities, for treatments that were not drawn at random.

    Each arm against all others is regressed on the features on the other folds; the probabilities are clipped to 1% and
    scaled to a sum of one.
    """
    fold = draw_folds(responses, folds, seed)
    estimated = np.empty((len(responses), responses.arms))
    for held in np.unique(fold):
        inside = fold == held
        model = PropensityModel(family, seed=seed, threads=threads)
        model.fit(features[~inside], responses.arm[~inside], responses.arms)
        estimated[inside] = model.predict(features[inside])
    return replace(responses, propensities=estimated)
