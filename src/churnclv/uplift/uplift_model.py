"""The uplift model: for each treatment a calibrated sum of weighted learners of its effect against control."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import require
from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses
from ..files import read_json, write_json
from .cross_fitting import OutcomeModels
from .effect_calibration import EffectCalibration
from .effect_learners import EffectLearner
from .effect_selection import AUTO, EffectSelection, FrozenWeights, all_candidates, select_learners

_FILE = "uplift.json"


class UpliftModel:
    """What each treatment changes, customer by customer.

    Parameters
    ----------
    name
        `auto`, which weighs all learners by the cross-fitted doubly robust loss, or the name of a learner, whose
        families alone are weighed. Either way the same effect for everybody may win.
    seed
        Of everything random.
    threads
        Of XGBoost, 0 = all.

    Attributes
    ----------
    arms
        The names of the treatments, in the order of the columns of `effects`.
    selections
        Of each treatment, what selection gave; empty for a loaded model.
    """

    def __init__(self, name: str = AUTO, *, seed: int = 0, threads: int = 1) -> None:
        """Keep the choice, seed and threads."""
        self.name, self.seed, self.threads = name, seed, threads
        self.arms: tuple[str, ...] = ()
        self.selections: dict[str, EffectSelection] = {}
        self._members: list[list[tuple[float, EffectLearner]]] = []
        self._calibrations: list[EffectCalibration] = []

    def get_params(self) -> dict[str, Any]:
        """Return what was chosen before the fit."""
        return {"name": self.name, "seed": self.seed}

    def fit(
        self,
        features: pd.DataFrame,
        responses: Responses,
        arms: Sequence[str] = ("treatment",),
        advance: Callable[[str], None] = lambda _: None,
        frozen: Mapping[str, FrozenWeights] | None = None,
    ) -> "UpliftModel":
        """Weigh, fit and calibrate learners for each treatment, on its rows and those of the control group.

        Parameters
        ----------
        features
            Columns known before the treatment, (n, k), null where undefined.
        responses
            What each customer did under which arm.
        arms
            The names of the treatments, arms 1 to k.
        advance
            Takes the name of each candidate when it is done.
        frozen
            By treatment, weights that were found before: they are kept with the slope of their sum.

        Raises
        ------
        InputError
            There is no learner of that name, or an arm has no rows.
        """
        treatments = responses.arms - 1
        require(len(arms) == treatments, f"{len(arms)} names are given for {treatments} treatments.")
        self.arms = tuple(arms)
        self.selections, self._members, self._calibrations = {}, [], []
        for number, name in enumerate(arms, start=1):
            pair, rows = responses.against_control(number)
            own = features[rows]
            chosen = {"seed": self.seed, "threads": self.threads}
            kept = None if frozen is None else frozen[name]
            selection = select_learners(own, pair, all_candidates(self.name), advance=advance, frozen=kept, **chosen)
            self.selections[name] = selection
            outcomes = OutcomeModels(own, pair, **chosen)
            fitted = [
                (weight, one.make(**chosen).fit(own, pair, outcomes)) for one, weight in selection.weights.items()
            ]
            self._members.append(fitted)
            self._calibrations.append(selection.calibration)
        return self

    def effects(self, features: pd.DataFrame) -> Array:
        """Return the calibrated effect of each treatment against control, shape (n, k), in the unit of the outcome."""
        return self._columns(features, lambda calibration, raw: calibration.apply(raw))

    def interval(self, features: pd.DataFrame) -> tuple[Array, Array]:
        """Return the ends of 95% intervals of the mean effect of customers with the same prediction, (n, k) each."""
        low = self._columns(features, lambda calibration, raw: calibration.interval(raw)[0])
        return low, self._columns(features, lambda calibration, raw: calibration.interval(raw)[1])

    def _columns(self, features: pd.DataFrame, of: Callable[[EffectCalibration, Array], Array]) -> Array:
        pairs = zip(self._members, self._calibrations, strict=True)
        return np.column_stack([of(calibration, _sum_effects(members, features)) for members, calibration in pairs])

    def save(self, folder: Path) -> None:
        """Write JSON and XGBoost's own format."""
        folder.mkdir(parents=True, exist_ok=True)
        for arm, members in enumerate(self._members, start=1):
            for number, (_, learner) in enumerate(members, start=1):
                learner.save(folder / f"arm_{arm}" / f"learner_{number}")
        stored = {**self.get_params(), "arms": list(self.arms)}
        weights = [[weight for weight, _ in members] for members in self._members]
        calibrations = [one.as_dict() for one in self._calibrations]
        write_json(folder / _FILE, {**stored, "weights": weights, "calibrations": calibrations})

    @classmethod
    def load(cls, folder: Path) -> "UpliftModel":
        """Read what `save` wrote."""
        stored = read_json(folder / _FILE)
        model = cls(stored["name"], seed=stored["seed"])
        model.arms = tuple(stored["arms"])
        if "weights" in stored:
            model._members = [_load_members(folder / f"arm_{n}", each) for n, each in enumerate(stored["weights"], 1)]
        else:  # by an earlier version, which chose one learner
            folders = [folder / f"arm_{number}" for number in range(1, len(model.arms) + 1)]
            model._members = [[(1.0, EffectLearner.load(each))] for each in folders]
        model._calibrations = [EffectCalibration.from_dict(one) for one in stored["calibrations"]]
        return model


def _load_members(folder: Path, weights: Sequence[float]) -> list[tuple[float, EffectLearner]]:
    return [(weight, EffectLearner.load(folder / f"learner_{number}")) for number, weight in enumerate(weights, 1)]


def _sum_effects(members: Sequence[tuple[float, EffectLearner]], features: pd.DataFrame) -> Array:
    """Return the weighted sum of effects, shape (n,); zero without a learner."""
    total = np.zeros(len(features))
    for weight, learner in members:
        total += weight * learner.effects(features)
    return total
