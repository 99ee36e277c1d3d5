"""The hazard of contracts by age, which may jump where terms end: shifted beta geometric odds, times a factor by age.

A discrete-time hazard model (Tutz and Schmid 2016, Modeling Discrete Time-to-Event Data, chapter 3): every period in
which a contract was seen is a row, and whether it ended in it is the outcome. Trees that start from the log-odds of the
shifted beta geometric curve learn what it cannot say: that many leave after 12 or 24 months. Their sum depends on the
age alone, so it is kept as one number per age, and nothing of the trees is needed afterwards.

The factor is used only if it lowers the log-loss of contracts outside the fit by more than one standard error.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..files import read_json, write_json
from ..time_units import DAYS_PER_YEAR
from .contract_spells import CountedSpells, count_spells
from .rfm import Array
from .shifted_beta_geometric import RetentionCertificate, ShiftedBetaGeometricModel

_FILE = "hazard_by_age.json"
_PARTS = 5  # of the contracts, each held out once
_SEED = 0
_LEAST_ENDS = 50  # with fewer, a jump cannot be told from chance
_YEARS_AHEAD = 10.0  # beyond the oldest contract; later the factor is its mean over the last year
_ROUNDS = 50
_TREES = {"objective": "binary:logistic", "max_depth": 1, "eta": 0.1, "lambda": 1.0, "min_child_weight": 5.0}


@dataclass(frozen=True)
class HeldOutGain:
    """By how much the factor by age lowers the log-loss of contracts outside the fit, and its standard error."""

    mean: float = 0.0
    standard_error: float = np.inf

    @property
    def is_taken(self) -> bool:
        """Whether the gain is more than one standard error."""
        return self.mean > self.standard_error

    @property
    def sentence(self) -> str:
        """The gain as text."""
        return (
            f"log-loss of contracts outside the fit less by {self.mean:.5f}, standard error {self.standard_error:.5f}"
        )


class AgeHazardModel:
    """Hazards by age in periods: those of `curve`, with odds times `exp(shifts[age])`.

    Methods take ages in whole periods, numbers or arrays, and return arrays of the same shape.
    """

    def __init__(self, period_days: float) -> None:
        """Keep the length of a period."""
        self.period_days = period_days
        self.curve = ShiftedBetaGeometricModel()
        self.shifts: Array = np.zeros(0)
        self.oldest = 0  # periods: the age of the oldest contract
        self.gain = HeldOutGain()

    @property
    def seen_shifts(self) -> Array:
        """The shifts of the ages that contracts were seen at, (ages,); empty where the curve is used as it is."""
        return self.shifts[: self.oldest + 1]

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters of the curve."""
        return self.curve.parameters

    @property
    def covariance(self) -> Array:
        """The covariance of the logs of the curve's parameters."""
        return self.curve.covariance

    @property
    def certificate(self) -> RetentionCertificate | None:
        """The evidence for the curve's fit."""
        return self.curve.certificate

    def at(self, **parameters: float) -> Self:
        """Return the model with a curve at other parameters, and the same factors by age."""
        other = type(self)(self.period_days)
        other.curve, other.shifts, other.gain = self.curve.at(**parameters), self.shifts, self.gain
        other.oldest = self.oldest
        return other

    def fit(self, ages: Array, ended: Any) -> Self:
        """Fit on periods of contracts: the age at the start of each, (n,), and whether the contract ended in it, (n,).

        Raises:
            InputError: an age is not whole or negative.
        """
        spells = count_spells(ages, np.where(ended, ages, ages + 1.0), ended)
        self.curve = _fit_curve(spells)
        self.shifts, self.gain, self.oldest = np.zeros(0), HeldOutGain(), int(spells.age.max(initial=0.0))
        if spells.ended.sum() >= _LEAST_ENDS and spells.survived.sum() >= _LEAST_ENDS:
            self.gain = self._hold_out(spells)
        if self.gain.is_taken:
            self.shifts = self._boost(spells, self.curve)
        return self

    def odds(self, ages: Any) -> Array:
        """Return the odds of ending in the period after each age."""
        return np.asarray(self.curve.odds(ages) * np.exp(self._shift(ages)))

    def hazard(self, ages: Any) -> Array:
        """Return the chance of ending in the period after each age."""
        odds = self.odds(ages)
        return np.asarray(odds / (1.0 + odds))

    def hazards_ahead(self, ages: Any, periods: int) -> Array:
        """Return the hazards of the next so many periods, (n, periods), at these ages, (n,)."""
        return self.hazard(np.asarray(ages, dtype=float)[:, None] + np.arange(periods))

    def survival(self, periods: int) -> Array:
        """Return the chance that a new contract survives 0, 1, ... periods, (periods + 1,)."""
        return np.asarray(np.cumprod(np.r_[1.0, 1.0 - self.hazard(np.arange(periods))]), dtype=float)

    def _shift(self, ages: Any) -> Array:
        places = np.asarray(ages, dtype=float)
        if not len(self.shifts):
            return np.zeros(places.shape)
        year = max(int(DAYS_PER_YEAR / self.period_days), 1)
        later = float(self.shifts[-year:].mean())
        known = self.shifts[np.minimum(places, len(self.shifts) - 1).astype(int)]
        return np.where(places < len(self.shifts), known, later)

    def _hold_out(self, spells: CountedSpells) -> HeldOutGain:
        """Return the gain on contracts outside the fit, each held out once."""
        gains, weights = [], []
        for held, rest in _parts(spells):
            curve = _fit_curve(rest)
            shifts = self._boost(rest, curve)[held.age.astype(int)]
            plain = np.log(curve.odds(held.age))
            for sign, counts in ((-1.0, held.ended), (1.0, held.survived)):
                before, after = np.logaddexp(0.0, sign * plain), np.logaddexp(0.0, sign * (plain + shifts))
                gains.append(before - after)
                weights.append(counts)
        gain, weight = np.concatenate(gains), np.concatenate(weights)
        mean = float(weight @ gain / weight.sum())
        return HeldOutGain(mean, float(np.sqrt(weight @ (gain - mean) ** 2) / weight.sum()))

    def _boost(self, spells: CountedSpells, curve: ShiftedBetaGeometricModel) -> Array:
        """Return what trees add to the curve's log-odds at each age, to some years beyond the oldest."""
        import xgboost

        grid = np.arange(spells.age.max() + 1.0 + np.ceil(_YEARS_AHEAD * DAYS_PER_YEAR / self.period_days))
        rows = xgboost.DMatrix(
            self._describe(np.tile(spells.age, 2)),
            label=np.repeat([1.0, 0.0], len(spells.age)),
            weight=np.concatenate([spells.ended, spells.survived]),
            base_margin=np.log(curve.odds(np.tile(spells.age, 2))),
        )
        trees = xgboost.train({**_TREES, "nthread": 1, "seed": _SEED}, rows, _ROUNDS)
        ahead = xgboost.DMatrix(self._describe(grid), base_margin=np.zeros(len(grid)))
        return np.asarray(trees.predict(ahead, output_margin=True), dtype=float)

    def _describe(self, ages: Array) -> Array:
        """Return what trees see of each age, (n, 3): the period, the year of the contract, and the day within it."""
        days = ages * self.period_days
        return np.column_stack([ages, np.floor(days / DAYS_PER_YEAR), days % DAYS_PER_YEAR])

    def save(self, folder: Path) -> None:
        """Write the curve, and the factors by age, as JSON."""
        self.curve.save(folder)
        gain = {"gain": self.gain.mean, "standard_error": self.gain.standard_error} if self.gain.is_taken else {}
        write_json(folder / _FILE, {"oldest": self.oldest, "shifts": self.shifts.tolist(), **gain})

    @classmethod
    def load(cls, folder: Path, period_days: float) -> Self:
        """Read what `save` wrote; an earlier version wrote the curve alone."""
        model = cls(period_days)
        model.curve = ShiftedBetaGeometricModel.load(folder)
        if (folder / _FILE).is_file():
            stored = read_json(folder / _FILE)
            model.shifts = np.array(stored["shifts"], dtype=float)
            model.oldest = stored["oldest"]
            model.gain = HeldOutGain(stored.get("gain", 0.0), stored.get("standard_error", np.inf))
        return model


def _fit_curve(spells: CountedSpells) -> ShiftedBetaGeometricModel:
    """Return the curve fitted on counts of single periods."""
    ages = np.tile(spells.age, 2)
    ended = np.repeat([1, 0], len(spells.age))
    counts = np.concatenate([spells.ended, spells.survived])
    return ShiftedBetaGeometricModel().fit(ages, ages + 1.0 - ended, ended, counts)


def _parts(spells: CountedSpells) -> list[tuple[CountedSpells, CountedSpells]]:
    """Return random parts of the counts, each with the rest; they do not depend on the order of the contracts."""
    random = np.random.default_rng(_SEED)
    shares = np.full(_PARTS, 1.0 / _PARTS)
    ended, survived = (
        random.multinomial(counts.astype(np.int64), shares) for counts in (spells.ended, spells.survived)
    )
    return [
        (
            _some(spells.age, survived[:, part], ended[:, part]),
            _some(spells.age, spells.survived - survived[:, part], spells.ended - ended[:, part]),
        )
        for part in range(_PARTS)
    ]


def _some(age: Array, survived: Any, ended: Any) -> CountedSpells:
    seen = survived + ended > 0
    counts = np.asarray(survived[seen], dtype=float), np.asarray(ended[seen], dtype=float)
    return CountedSpells(age[seen], *counts, float(sum(part.sum() for part in counts)))
