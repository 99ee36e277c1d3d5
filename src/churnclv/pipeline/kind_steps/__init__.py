"""The steps that differ between customer kinds, one class per kind; train, refit and report take them here."""

from typing import Any

from ...data.settings import CustomerKind, PerKind
from ...errors import InputError
from .contractual import ContractualSteps
from .experiment import ExperimentSteps
from .labelled import LabelledSteps
from .noncontractual import NoncontractualSteps
from .steps import DataSteps, KindSteps

STEPS: PerKind[DataSteps[Any]] = PerKind(NoncontractualSteps(), ContractualSteps(), LabelledSteps(), ExperimentSteps())


def data_steps_of(shape: CustomerKind) -> DataSteps[Any]:
    """Return the steps from data to rows of a customer kind."""
    return STEPS[shape]


def steps_of(shape: CustomerKind) -> KindSteps[Any, Any]:
    """Return the steps of a kind of customers who leave.

    Raises:
        InputError: the customers are those of an experiment.
    """
    steps = STEPS[shape]
    if isinstance(steps, KindSteps):
        return steps
    remedy = "make train, make export and make score take it; for the rest, train on a log of orders or on contracts."
    raise InputError("an experiment has effects of treatments, and no churn score or value.", remedy=remedy)
