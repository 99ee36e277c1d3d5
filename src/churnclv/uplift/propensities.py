"""Propensities: the probability of each arm by what was recorded, for treatments that chance did not decide."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import LEAST_PROPENSITY, overlapping
from ..files import read_json, write_json
from .regressions import FAMILIES, LINEAR, Regression

LEAST_ESTIMATE = 0.01  # of an estimated propensity, at which it is clipped
_FILE = "propensities.json"
_PAIR = 2  # arms, for which the rule of thumb of overlap was made


class PropensityModel:
    """A regression of each arm against all others; probabilities are clipped to 1% and scaled to a sum of one."""

    def __init__(self, family: str = LINEAR, *, seed: int = 0, threads: int = 1) -> None:
        """Keep the family of the regressions, seed and threads."""
        self.family, self.seed, self.threads = family, seed, threads
        self._parts: list[Regression] = []

    def fit(self, features: pd.DataFrame, arm: NDArray[np.int64], arms: int) -> "PropensityModel":
        """Fit on features (n, k) and arms (n,), of which there are so many, control included."""
        self._parts = []
        for number in range(arms):
            model: Regression = FAMILIES[self.family](binary=True, seed=self.seed, threads=self.threads)
            self._parts.append(model.fit(features, (arm == number).astype(float)))
        return self

    def predict(self, features: pd.DataFrame) -> Array:
        """Return the probability of each arm, shape (n, arms)."""
        estimated = np.column_stack([part.predict(features) for part in self._parts])
        clipped = np.clip(estimated, LEAST_ESTIMATE, 1.0)
        return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))

    def save(self, folder: Path) -> None:
        """Write a folder per arm and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(self._parts):
            (folder / f"arm_{number}").mkdir(exist_ok=True)
            part.save(folder / f"arm_{number}")
        write_json(folder / _FILE, {"arms": len(self._parts), "family": self.family})

    @classmethod
    def load(cls, folder: Path) -> "PropensityModel":
        """Read what `save` wrote."""
        stored = read_json(folder / _FILE)
        model, regression = cls(stored["family"]), FAMILIES[stored["family"]]
        model._parts = [regression.load(folder / f"arm_{number}") for number in range(stored["arms"])]
        return model


def with_overlap(propensities: Array) -> NDArray[np.bool_]:
    """Return who could have got every arm, shape (n,): a tenth for two arms, the more arms the less."""
    return overlapping(propensities, LEAST_PROPENSITY * _PAIR / propensities.shape[1])
