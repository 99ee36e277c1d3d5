"""Registry of effect learners: a learner registers itself, from its own file, with all that belongs to it."""

from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import pandas as pd

from ..errors import require
from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import CONTROL, Responses
from ..files import read_json, write_json
from .cross_fitting import OutcomeModels
from .regressions import FAMILIES, LINEAR, Regression

_FILE = "learner.json"
_FAMILY_OF = {"linear.json": "linear", "boosted.json": "boosted"}


class EffectLearner(ABC):
    """A learner of the effect of one treatment against control, customer by customer.

    A learner is made of regressions, `parts`, and of plain numbers, and both are all that is stored.

    Parameters
    ----------
    family
        Of its regressions: `linear` or `boosted`.
    seed
        Of everything random.
    threads
        Of XGBoost, 0 = all.

    Attributes
    ----------
    name
        As `uplift=` has it.
    summary
        What it does, in one line, for people.
    source
        The paper.
    families
        The families of regressions that it can be made of.
    outcomes
        During the fit, the regressions of the outcome on its rows, which it may share with other learners.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    source: ClassVar[str] = ""
    families: ClassVar[tuple[str, ...]] = tuple(FAMILIES)
    outcomes: OutcomeModels

    def __init__(self, family: str = LINEAR, *, seed: int = 0, threads: int = 1) -> None:
        """Keep the family, seed and threads."""
        require(family in FAMILIES, f"family is {family!r}.", remedy=f"allowed are {', '.join(FAMILIES)}.")
        self.family, self.seed, self.threads = family, seed, threads
        self.parts: dict[str, Regression] = {}
        self.numbers: dict[str, float] = {}

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {"family": self.family, "seed": self.seed}

    def fit(self, features: pd.DataFrame, responses: Responses, outcomes: OutcomeModels | None = None) -> Self:
        """Fit on features (n, k), null where undefined, and the responses of treated (arm 1) and control (arm 0).

        `outcomes` are regressions on the same rows that another learner has fitted already.

        Raises
        ------
        InputError
            A treated or a control group is missing.
        """
        for arm, name in ((CONTROL, "control group"), (1, "treated customers")):
            there = bool((responses.arm == arm).any())
            require(there, f"there is no row of the {name}.", remedy="an effect needs rows with and without treatment.")
        self.parts, self.numbers = {}, {}
        chosen = {"seed": self.seed, "threads": self.threads}
        self.outcomes = outcomes or OutcomeModels(features, responses, **chosen)
        self._fit(features, responses)
        del self.outcomes  # a learner keeps no rows
        return self

    @abstractmethod
    def _fit(self, features: pd.DataFrame, responses: Responses) -> None:
        """Fill `parts` and `numbers`."""

    @abstractmethod
    def effects(self, features: pd.DataFrame) -> Array:
        """Return the expected outcome if treated less the expected outcome if not, shape (n,)."""

    def regression(self, *, binary: bool) -> Regression:
        """Return an unfitted regression of the learner's family."""
        model: Regression = FAMILIES[self.family](binary=binary, seed=self.seed, threads=self.threads)
        return model

    def save(self, folder: Path) -> None:
        """Write the parts, each in a folder of its own, and the rest as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in self.parts.items():
            (folder / name).mkdir(exist_ok=True)
            part.save(folder / name)
        stored = {"name": self.name, "parameters": self.get_params(), "numbers": self.numbers}
        write_json(folder / _FILE, {**stored, "parts": sorted(self.parts)})

    @staticmethod
    def load(folder: Path, threads: int = 1) -> "EffectLearner":
        """Read what `save` wrote; the learner is found by its name."""
        stored = read_json(folder / _FILE)
        learner: EffectLearner = effect_learners()[stored["name"]](**stored["parameters"], threads=threads)
        learner.numbers = stored["numbers"]
        for name in stored["parts"]:
            family = next(kind for file, kind in _FAMILY_OF.items() if (folder / name / file).is_file())
            learner.parts[name] = FAMILIES[family].load(folder / name)
        return learner


_LEARNERS: dict[str, type[EffectLearner]] = {}
Learner = TypeVar("Learner", bound=type[EffectLearner])


def effect_learner(learner: Learner) -> Learner:
    """Register a class as an effect learner, under its `name`; for use as a decorator."""
    _LEARNERS[learner.name] = learner
    return learner


def effect_learners() -> dict[str, type[EffectLearner]]:
    """Return all effect learners by name: those of the files of this package, and whatever was registered beside."""
    package = import_module(__package__)
    for module in iter_modules(package.__path__):
        import_module(f"{__package__}.{module.name}")
    return dict(sorted(_LEARNERS.items()))


def flat_effects(features: pd.DataFrame, value: float) -> Array:
    """Return the same effect for everybody, shape (n,)."""
    return np.full(len(features), value)
