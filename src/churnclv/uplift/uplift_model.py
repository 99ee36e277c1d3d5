"""The uplift model: for each treatment a selected, calibrated learner of its effect against control."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import require
from ..evaluation.metrics import Array
from ..evaluation.treatment_effects import Responses
from ..files import read_json, write_json
from .effect_calibration import EffectCalibration
from .effect_learners import EffectLearner
from .effect_selection import AUTO, Candidate, EffectSelection, all_candidates, select_learner

_FILE = "uplift.json"


class UpliftModel:
    """What each treatment changes, customer by customer.

    Parameters
    ----------
    name
        `auto`, which lets the cross-fitted doubly robust loss choose, or the name of a learner, whose families are
        compared with one effect for everybody.
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
        self._learners: list[EffectLearner] = []
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
        frozen: Mapping[str, Candidate] | None = None,
    ) -> "UpliftModel":
        """Select, fit and calibrate a learner for each treatment, on its rows and those of the control group.

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
            By treatment, a choice that was made before, which is fitted and calibrated as it is.

        Raises
        ------
        InputError
            There is no learner of that name, or an arm has no rows.
        """
        treatments = responses.arms - 1
        require(len(arms) == treatments, f"{len(arms)} names are given for {treatments} treatments.")
        self.arms = tuple(arms)
        self.selections, self._learners, self._calibrations = {}, [], []
        for number, name in enumerate(arms, start=1):
            pair, rows = responses.against_control(number)
            own = features[rows]
            chosen = {"seed": self.seed, "threads": self.threads}
            kept = None if frozen is None else frozen[name]
            selection = select_learner(own, pair, all_candidates(self.name), advance=advance, frozen=kept, **chosen)
            self.selections[name] = selection
            self._learners.append(selection.chosen.make(**chosen).fit(own, pair))
            self._calibrations.append(EffectCalibration.learn(selection.scores, selection.out_of_fold))
        return self

    def effects(self, features: pd.DataFrame) -> Array:
        """Return the calibrated effect of each treatment against control, shape (n, k), in the unit of the outcome."""
        return self._columns(features, lambda calibration, raw: calibration.apply(raw))

    def interval(self, features: pd.DataFrame) -> tuple[Array, Array]:
        """Return the ends of 95% intervals of the mean effect of customers with the same prediction, (n, k) each."""
        low = self._columns(features, lambda calibration, raw: calibration.interval(raw)[0])
        return low, self._columns(features, lambda calibration, raw: calibration.interval(raw)[1])

    def _columns(self, features: pd.DataFrame, of: Callable[[EffectCalibration, Array], Array]) -> Array:
        pairs = zip(self._learners, self._calibrations, strict=True)
        return np.column_stack([of(calibration, learner.effects(features)) for learner, calibration in pairs])

    def save(self, folder: Path) -> None:
        """Write JSON and XGBoost's own format."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, learner in enumerate(self._learners, start=1):
            learner.save(folder / f"arm_{number}")
        calibrations = [one.as_dict() for one in self._calibrations]
        write_json(folder / _FILE, {**self.get_params(), "arms": list(self.arms), "calibrations": calibrations})

    @classmethod
    def load(cls, folder: Path) -> "UpliftModel":
        """Read what `save` wrote."""
        stored = read_json(folder / _FILE)
        model = cls(stored["name"], seed=stored["seed"])
        model.arms = tuple(stored["arms"])
        model._learners = [EffectLearner.load(folder / f"arm_{place + 1}") for place in range(len(model.arms))]
        model._calibrations = [EffectCalibration.from_dict(one) for one in stored["calibrations"]]
        return model
