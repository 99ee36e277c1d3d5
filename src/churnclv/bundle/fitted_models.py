"""The fitted models of a bundle: those of customers who leave, and those of an experiment's treatments."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ..churn.ensemble import ChurnModel
from ..evaluation.metrics import Array
from ..explain.reasons import Reasons
from ..files import read_json, write_json
from ..uplift.propensities import PropensityModel, with_overlap
from ..uplift.uplift_model import UpliftModel
from .valuation import Valuation

_EFFECTS, _UPLIFT, _PROPENSITIES = "effects.json", "uplift", "propensities"


class FittedModels(Protocol):
    """What a bundle needs of its models."""

    @property
    def features(self) -> Sequence[str]:
        """The columns that a feature row must have."""

    def save(self, folder: Path) -> None:
        """Write the models without pickle."""


@dataclass(frozen=True)
class ChurnModels:
    """The models of customers who leave; the valuation is that of the customer kind."""

    churn: ChurnModel
    valuation: Valuation
    reasons: Reasons

    @property
    def features(self) -> list[str]:
        """The columns that the churn model takes."""
        return list(self.churn.features)

    def save(self, folder: Path) -> None:
        """Write the models."""
        self.churn.save(folder)
        write_json(folder / "reasons.json", self.reasons.as_dict())
        self.valuation.save(folder)


@dataclass(frozen=True)
class Effects:
    """Effects of each treatment against control with the ends of their 95% intervals, shape (n, k) each."""

    value: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class EffectModels:
    """The models of an experiment's treatments.

    Attributes
    ----------
    features
        The columns that the models take.
    uplift
        The effect of each treatment.
    binary
        Whether the outcome is 0 or 1.
    propensities
        Of treatments that chance did not decide: who has no counterpart has no effect either; None for an experiment.
    """

    features: list[str]
    uplift: UpliftModel
    binary: bool
    propensities: PropensityModel | None = None

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the treatments."""
        return self.uplift.arms

    def typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows as they are: their readings have typed them."""
        return rows

    def effects(self, rows: pd.DataFrame) -> Effects:
        """Return the effects on customers, NaN on those who could hardly have got every arm."""
        inputs = rows[self.features]
        if not len(inputs):
            return Effects(*[np.zeros((0, len(self.arms)))] * 3)
        value, (low, high) = self.uplift.effects(inputs), self.uplift.interval(inputs)
        if self.propensities is not None:
            alone = ~with_overlap(self.propensities.predict(inputs))
            value, low, high = (np.where(alone[:, None], np.nan, part) for part in (value, low, high))
        return Effects(value, low, high)

    def save(self, folder: Path) -> None:
        """Write the models."""
        folder.mkdir(parents=True, exist_ok=True)
        self.uplift.save(folder / _UPLIFT)
        if self.propensities is not None:
            self.propensities.save(folder / _PROPENSITIES)
        write_json(folder / _EFFECTS, {"features": self.features, "binary": self.binary})

    @classmethod
    def load(cls, folder: Path) -> "EffectModels":
        """Read what `save` wrote."""
        stored: dict[str, Any] = read_json(folder / _EFFECTS)
        there = (folder / _PROPENSITIES).is_dir()
        propensities = PropensityModel.load(folder / _PROPENSITIES) if there else None
        return cls(stored["features"], UpliftModel.load(folder / _UPLIFT), stored["binary"], propensities)
