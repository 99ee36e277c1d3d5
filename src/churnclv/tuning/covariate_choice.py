"""Which attributes of customers enter the purchase models: those that predict other customers' purchases better.

Each attribute is tested alone. A purchase model with it, and one without, are fitted on one half of a fold's customers,
on their histories before the validation cutoff, and predict the other half, and the other way round. The loss of a
customer is minus the log of the probability of the whole record: the purchases before the cutoff, and their number
within the horizon. An attribute is taken if its gain exceeds its standard error
so far that one of pure noise would be taken by chance in fewer than one data set of twenty, whatever the number of
attributes (Bonferroni).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from ..clv.covariate_model import CovariateModel
from ..clv.purchase_model import PurchaseModel
from ..clv.purchase_models import find_purchase_model
from ..clv.purchase_models.beta_geometric import ModifiedBetaGeoModel
from ..clv.rfm import Array, Histories
from .value_weights import FoldOutcomes, paired_gain

_MOST_CUSTOMERS = 8_000  # of a fold, evenly spaced
_LEAST_CUSTOMERS = 100
_LEAST_CHANCE = 1e-9
_NOISE_TAKEN = 0.05


@dataclass(frozen=True)
class CovariateTest:
    """What one attribute gains on customers who were not in the fit.

    Attributes
    ----------
    gain, standard_error
        Of the log-probability per customer.
    taken
        Whether the attribute enters the purchase models.
    """

    gain: float
    standard_error: float
    taken: bool


def attributes_by_process(names: Mapping[str, Sequence[str]], declared: Sequence[str]) -> dict[str, list[str]]:
    """Return the attributes of each process: those that are named, or all declared ones in both.

    Parameters
    ----------
    names
        Attributes by process; empty takes all.
    declared
        The attributes that the rows have.
    """
    if not names:
        return {"purchase": list(declared), "dropout": list(declared)} if declared else {}
    return {process: [name for name in some if name in declared] for process, some in names.items()}


def choose_covariates(
    rows: Sequence[pd.DataFrame],
    outcomes: Sequence[FoldOutcomes],
    wanted: Mapping[str, Sequence[str]],
    penalty: float,
    days: float,
) -> dict[str, CovariateTest]:
    """Return the test of each attribute.

    Parameters
    ----------
    rows
        Feature rows at each fold's validation cutoff.
    outcomes
        The purchases that were made within the horizon from it, and the folds' weights.
    wanted
        Attributes by process.
    penalty
        On the squared coefficients per standard deviation.
    days
        The horizon.
    """
    attributes = list(dict.fromkeys(name for names in wanted.values() for name in names))
    folds = [_thinned(frame, fold) for frame, fold in zip(rows, outcomes, strict=True)]
    if not attributes or min(len(frame) for frame, _ in folds) < _LEAST_CUSTOMERS:
        return {name: CovariateTest(0.0, np.inf, taken=False) for name in attributes}
    threshold = float(ndtri(1.0 - _NOISE_TAKEN / len(attributes)))
    thinned = [fold for _, fold in folds]
    plain = [_losses(frame, fold, {}, penalty, days) for frame, fold in folds]
    tests = {}
    for name in attributes:
        alone = {process: [name] for process, names in wanted.items() if name in names}
        losses = [_losses(frame, fold, alone, penalty, days) for frame, fold in folds]
        gain, error = paired_gain(thinned, plain, losses)
        tests[name] = CovariateTest(gain, error, taken=bool(gain > threshold * error))
    return tests


def taken_covariates(
    wanted: Mapping[str, Sequence[str]], tests: Mapping[str, CovariateTest]
) -> dict[str, list[str]]:  # fmt: skip
    """Return the attributes by process that the tests take."""
    taken = {process: [name for name in names if tests[name].taken] for process, names in wanted.items()}
    return {process: names for process, names in taken.items() if names}


def _thinned(frame: pd.DataFrame, fold: FoldOutcomes) -> tuple[pd.DataFrame, FoldOutcomes]:
    """Return at most so many customers of a fold, evenly spaced."""
    if len(frame) <= _MOST_CUSTOMERS:
        return frame, fold
    some = np.linspace(0, len(frame) - 1, _MOST_CUSTOMERS).astype(int)
    truth = {target: values[some] for target, values in fold.truth.items()}
    return frame.iloc[some].reset_index(drop=True), FoldOutcomes(fold.weight, truth, fold.customers[some])


def _losses(
    frame: pd.DataFrame, fold: FoldOutcomes, covariates: Mapping[str, Sequence[str]], penalty: float, days: float
) -> Array:
    """Return each customer's loss by a model fitted on the other half of the customers, (n,)."""
    losses, odd = np.empty(len(frame)), fold.customers % 2 == 1
    for half in (odd, ~odd):
        model = _unfitted(covariates, penalty)
        held = model.learn(frame[~half]).read(frame[half])
        chances = _chances(model, held, fold.truth["purchases"][half], days)
        losses[half] = -model.log_likelihoods(held) - np.log(chances)
    return losses


def _unfitted(covariates: Mapping[str, Sequence[str]], penalty: float) -> ModifiedBetaGeoModel:
    return ModifiedBetaGeoModel(0.0, covariates, penalty)


def _chances(model: PurchaseModel, held: Histories, made: NDArray[np.float64], days: float) -> Array:
    """Return the probability of exactly the number of purchases that was made, at least a negligible one, (n,)."""
    n, chances, before = 0, np.zeros(len(held)), np.ones(len(held))
    for reach in model.exceedance(held, days):
        chances = np.where(made == n, before - reach, chances)
        n, before = n + 1, reach
    chances = np.where(made == n, before, chances)
    return np.maximum(chances, _LEAST_CHANCE)


def takes_covariates(name: str) -> bool:
    """Return whether a purchase model can have covariates."""
    return issubclass(find_purchase_model(name), CovariateModel)
