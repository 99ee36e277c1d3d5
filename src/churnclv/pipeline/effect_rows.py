"""Rows of an experiment as learners of effects take them: responses with propensities, and who has a counterpart."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import require
from ..evaluation.treatment_effects import Responses
from ..features.dataset import Dataset
from ..features.preparation import PROPENSITY
from ..notices import Notice
from ..uplift.cross_fitting import cross_fit_propensities
from ..uplift.propensities import PropensityModel, with_overlap

_LEAST_IN_ARM = 20  # customers with a counterpart, of each arm
_MANY_ALONE = 0.05  # of the customers, above which a notice says so


@dataclass(frozen=True)
class EffectRows:
    """Customers with features and responses.

    Attributes
    ----------
    features
        The columns that models take, (n, k).
    responses
        Outcomes, arms and propensities.
    propensities
        The model of estimated propensities; None where they are known.
    alone
        Customers left out, who could hardly have got every arm.
    """

    features: pd.DataFrame
    responses: Responses
    propensities: PropensityModel | None = None
    alone: int = 0

    def notices(self) -> tuple[Notice, ...]:
        """Return a notice where many customers have no counterpart."""
        everybody = self.alone + len(self.responses)
        if self.alone <= _MANY_ALONE * everybody:
            return ()
        message = (
            f"{self.alone:,} of {everybody:,} customers could hardly have got every arm and are left out: effects are "
            "of the others."
        )
        remedy = "treat such customers at random for a while, or leave out columns that decide who is treated."
        return (Notice("poor_overlap", message, remedy),)


def learning_rows(data: Dataset, arms: int, seed: int, *, randomised: bool) -> EffectRows:
    """Return the rows that are learned from; unknown propensities are estimated across folds.

    Parameters
    ----------
    data
        The labelled rows.
    arms
        Their number, control included.
    seed
        Of the folds.
    randomised
        Whether chance decided who got what.

    Raises
    ------
    InputError
        Too few customers of an arm have a counterpart in every other.
    """
    features, known = data.features[data.names], _known(data, arms)
    if randomised:
        return EffectRows(features, known)
    model = None
    if not _has_propensities(data):
        model = PropensityModel(seed=seed).fit(features, known.arm, arms)
        known = cross_fit_propensities(features, known, seed=seed)
    return _with_counterparts(features, known, model)


def sealed_rows(data: Dataset, arms: int, learned: EffectRows, *, randomised: bool) -> EffectRows:
    """Return the rows of the opened test; propensities are estimated by the model of the rows learned from."""
    features, known = data.features[data.names], _known(data, arms)
    if randomised:
        return EffectRows(features, known)
    if learned.propensities is not None:
        known = Responses(known.outcome, known.arm, learned.propensities.predict(features))
    return _with_counterparts(features, known, learned.propensities)


def _has_propensities(data: Dataset) -> bool:
    return f"{PROPENSITY}0" in data.labels


def _known(data: Dataset, arms: int) -> Responses:
    """Return the responses with the probabilities of the table, or else with the shares of the arms."""
    outcome, arm = data.labels["outcome"].to_numpy(dtype=float), data.labels["arm"].to_numpy(dtype=np.int64)
    if _has_propensities(data):
        columns = [f"{PROPENSITY}{number}" for number in range(arms)]
        return Responses(outcome, arm, data.labels[columns].to_numpy(dtype=float))
    return Responses.randomised(outcome, arm, arms)


def _with_counterparts(features: pd.DataFrame, responses: Responses, model: PropensityModel | None) -> EffectRows:
    inside = with_overlap(responses.propensities)
    kept = responses.take(inside)
    least = int(np.bincount(kept.arm, minlength=responses.arms).min())
    message = f"only {least} customers of an arm could have got every arm: the groups have too little in common."
    remedy = "leave out columns that decide who is treated, or run an experiment."
    require(least >= _LEAST_IN_ARM, message, remedy=remedy)
    return EffectRows(features[inside].reset_index(drop=True), kept, model, int((~inside).sum()))
