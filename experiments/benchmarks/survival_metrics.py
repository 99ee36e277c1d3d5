"""How good predicted curves of survival are, where some contracts are lost from sight before they end.

Contracts that are lost are made up for by weighting the others by the inverse of the chance of not being lost, G(t),
estimated by Kaplan and Meier with ends before losses at the same moment (IPCW).

[1] Graf, Schmoor, Sauerbrei, Schumacher (1999), Assessment and comparison of prognostic classification schemes for
    survival data, Statistics in Medicine 18(17-18).
[2] Uno, Cai, Pencina, D'Agostino, Wei (2011), On the C-statistics for evaluating overall adequacy of risk prediction
    procedures with censored survival data, Statistics in Medicine 30(10).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnclv.evaluation.metrics import Array
from churnclv.report.survival import estimate_survival

_ALIKE = 1e-8  # risks nearer than this are tied


@dataclass(frozen=True)
class FollowedContracts:
    """Contracts after a moment: `days` until they end or are lost from sight, (n,), and which of them `ended`, (n,)."""

    days: Array
    ended: NDArray[np.bool_]

    def chance_in_sight(self, moments: Array) -> Array:
        """Return G(t), the chance of not being lost from sight by each moment, (k,)."""
        times, place = np.unique(self.days, return_inverse=True)
        ends, losses = (np.bincount(place, which) for which in (self.ended, ~self.ended))
        running = np.cumsum((ends + losses)[::-1])[::-1] - ends
        stays = 1.0 - np.divide(losses, running, out=np.zeros(len(times)), where=running > 0)
        curve = np.r_[1.0, np.cumprod(stays)]
        return np.asarray(curve[np.searchsorted(times, moments, side="right")])

    def weights(self) -> Array:
        """Return 1 / G at each contract's own end, (n,); 0 for contracts that were lost from sight."""
        return _inverse(self.chance_in_sight(self.days)) * self.ended


def brier_scores(contracts: FollowedContracts, survival: Array, moments: Array) -> Array:
    """Return the Brier score at each moment, (k,), of predicted chances to be running then, (n, k): Eq. 5 in [1]."""
    gone = (contracts.days[:, None] <= moments) * contracts.weights()[:, None]
    running = (contracts.days[:, None] > moments) * _inverse(contracts.chance_in_sight(moments))
    return np.asarray((survival**2 * gone + (1.0 - survival) ** 2 * running).mean(axis=0))


def integrated_brier_score(contracts: FollowedContracts, survival: Array, moments: Array) -> float:
    """Return the mean Brier score over time, from the first moment to the last, by trapezia."""
    scores = brier_scores(contracts, survival, moments)
    return float(np.trapezoid(scores, moments) / (moments[-1] - moments[0]))


def concordance(contracts: FollowedContracts, risk: Array, horizon: float) -> float:
    """Return Uno's concordance up to a horizon: how often who ends earlier has the higher risk (n,), Eq. 6 in [2].

    Pairs of an end before the horizon and a contract that ran longer count with 1 / G^2 at that end, tied risks half.
    """
    weights = np.where(contracts.days < horizon, contracts.weights() ** 2, 0.0)
    right = pairs = 0.0
    for place in np.flatnonzero(weights):
        day = contracts.days[place]
        longer = risk[(contracts.days > day) | ((contracts.days == day) & ~contracts.ended)]
        tied = np.abs(longer - risk[place]) <= _ALIKE
        right += weights[place] * ((longer < risk[place]) & ~tied).sum() + weights[place] * tied.sum() / 2.0
        pairs += weights[place] * len(longer)
    return float(right / pairs)


def calibration_by_decile(
    contracts: FollowedContracts, survival: Array, moment: float, parts: int = 10
) -> pd.DataFrame:
    """Return, for equal parts by the predicted chance (n,) to be running at a moment, its mean and what was seen.

    Columns: `predicted`, `seen` (Kaplan and Meier) and `contracts`. Equal predictions are parted in the order given.
    """
    part = np.empty(len(survival), dtype=int)
    part[np.argsort(survival, kind="stable")] = np.arange(len(survival)) * parts // len(survival)
    rows = []
    for number in range(parts):
        inside = part == number
        stays = pd.DataFrame(
            {"entered": 0.0, "lasted": contracts.days[inside], "ended": contracts.ended[inside], "n": 1}
        )
        seen, _, _ = estimate_survival(stays).at(moment)
        rows.append({"predicted": survival[inside].mean(), "seen": seen, "contracts": int(inside.sum())})
    return pd.DataFrame(rows)


def _inverse(chance: Array) -> Array:
    return np.divide(1.0, chance, out=np.zeros(np.shape(chance)), where=chance > 0)
