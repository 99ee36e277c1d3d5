"""The steps that differ between customer kinds, one class per kind; train, refit and report take them here."""

from typing import Any

from ...data.settings import CustomerKind, PerKind
from .contractual import ContractualSteps
from .labelled import LabelledSteps
from .noncontractual import NoncontractualSteps
from .steps import KindSteps

STEPS: PerKind[KindSteps[Any, Any]] = PerKind(NoncontractualSteps(), ContractualSteps(), LabelledSteps())


def steps_of(shape: CustomerKind) -> KindSteps[Any, Any]:
    """Return the steps of a customer kind."""
    return STEPS[shape]
