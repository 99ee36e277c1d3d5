"""Treatment gain: what a treatment is expected to bring for each customer, and which one to choose, or none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import listed, require
from ..evaluation.metrics import Array
from .campaign import CONTACT, NO_CONTACT
from .economics import EconomicsSettings


@dataclass(frozen=True)
class TreatmentEconomics:
    """What an effect is worth, and what each treatment costs.

    Attributes
    ----------
    value
        Currency per unit of the outcome; negative where less of it is better.
    costs
        Currency per customer who gets a treatment, shape (k,).
    """

    value: float
    costs: Array

    @classmethod
    def of(cls, settings: EconomicsSettings, arms: Sequence[str], *, binary: bool) -> "TreatmentEconomics":
        """Return the economics of treatments by their names; `binary` outcomes need a value, amounts have the margin.

        Raises
        ------
        InputError
            An outcome of two values has no value, or a cost is of a treatment that does not exist.
        """
        unknown = [name for name in settings.arm_costs if name not in arms]
        remedy = f"the treatments are {listed([repr(arm) for arm in arms])}."
        require(not unknown, f"economics.arm_costs names {listed(unknown)}.", remedy=remedy)
        valued = settings.outcome_value is not None or not binary
        remedy = "say what one is worth, in the currency of the costs: economics.outcome_value=5; negative for a loss."
        require(valued, "data.outcome has two values, and economics.outcome_value is not set.", remedy=remedy)
        value = settings.margin if settings.outcome_value is None else settings.outcome_value
        costs = [settings.arm_costs.get(arm, settings.contact_cost) for arm in arms]
        return cls(float(value), np.array(costs, dtype=float))

    def gains(self, effects: Array) -> Array:
        """Return the value of effects (n, k) less the costs, shape (n, k); NaN where an effect is."""
        return np.asarray(self.value * effects - self.costs)

    def choose(self, effects: Array, arms: Sequence[str]) -> pd.DataFrame:
        """Return the treatment of the highest gain for each customer, and whether to contact them with it.

        Whom a treatment would harm has no gain above zero, as no cost is negative, and is never contacted.

        Parameters
        ----------
        effects
            Of each treatment against control, shape (n, k), NaN where unknown.
        arms
            The names of the treatments.

        Returns
        -------
        pandas.DataFrame
            `best_arm`, `expected_gain`, `cost` and `action`, one row per customer; empty where no effect is known.
        """
        gains = self.gains(effects)
        known = np.asarray(np.isfinite(gains).any(axis=1))
        place = np.where(np.isfinite(gains), gains, -np.inf).argmax(axis=1)
        gain = np.where(known, gains[np.arange(len(gains)), place], np.nan)
        return pd.DataFrame({
            "best_arm": _where(known, np.asarray(arms, dtype=object)[place]),
            "expected_gain": gain,
            "cost": np.where(known, self.costs[place], np.nan),
            "action": _where(known, np.where(gain > 0.0, CONTACT, NO_CONTACT).astype(object)),
        })  # fmt: skip

    def policy(self, effects: Array) -> NDArray[np.int64]:
        """Return the arm of each customer, shape (n,): that of the highest gain, 0 = none, where all lose."""
        gains = np.where(np.isfinite(effects), self.gains(effects), -np.inf)
        return np.where(gains.max(axis=1) > 0.0, gains.argmax(axis=1) + 1, 0).astype(np.int64)


def _where(known: NDArray[np.bool_], texts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the texts, None where nothing is known."""
    texts = texts.copy()
    texts[~known] = None
    return texts
