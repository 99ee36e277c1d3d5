"""The value of customers under contract: a shifted-beta-geometric survival curve, a price per month, and a discount.

Learned from labelled rows of earlier cutoffs: whoever was under contract at a cutoff, at which age, and whether the
contract ended within the horizon. Each row is a spell that enters at its age (Fader and Hardie 2007, with left
truncation): contracts that ended before ends were recorded are in no row, and bias nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..features.dataset import Dataset
from ..files import read_json, write_json
from ..snapshots.settings import WindowSettings
from ..time_units import DAYS_PER_MONTH
from .contract_margin import Terms, expected_margin, extend_hazard, margin_interval, periods_within
from .predictive import Interval
from .rfm import Array
from .shifted_beta_geometric import ShiftedBetaGeometricModel

AGE, PRICE = "contract_age_days", "price"
CHANCE = "btyd_p_ends"
_SCORE = "(score)"

Hazards = Callable[[pd.DataFrame, int], Array]
Measure = Callable[[Array, Terms, float], Array]


@dataclass(frozen=True)
class ValueTerms:
    """What turns prices into value: margin (share), discount (per year) and how far ahead (days)."""

    horizon_days: float
    margin: float
    annual_rate: float


class ContractValueModel:
    """Survival by age alone, in periods as long as the label window; a learned churn score may move its odds.

    Methods take rows of a feature table with `contract_age_days` and `price` (per month), and return shape (n,), NaN
    where the age or the price is not known.
    """

    def __init__(self, period_days: float) -> None:
        """Keep the length of a period."""
        self.period_days = period_days
        self.survival = ShiftedBetaGeometricModel()

    @property
    def features(self) -> list[str]:
        """The columns asked of a row."""
        return [AGE, PRICE]

    def fit(self, rows: pd.DataFrame, churned: Array) -> "ContractValueModel":
        """Estimate survival from rows at earlier cutoffs, and whether each one's contract ended within the period."""
        known = rows[AGE].notna().to_numpy()
        ages = self._ages(rows[known])
        ended = churned[known] > 0
        self.survival.fit(ages, np.where(ended, ages, ages + 1.0), ended)
        return self

    def p_ends(self, rows: pd.DataFrame) -> Array:
        """Return the chance that the contract ends within the label window, by its age."""
        return _where_known(rows, [AGE], lambda some: self.survival.p_ends(self._ages(some), 1.0))

    def columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the chance as a column for churn models."""
        return pd.DataFrame({CHANCE: self.p_ends(rows)}, index=rows.index)

    def value(self, rows: pd.DataFrame, scores: Array, worth: ValueTerms) -> Array:
        """Return the CLV: expected remaining margin, discounted, with the churn scores (n,) as first hazards."""
        return self._discounted_value(rows.assign(**{_SCORE: scores}), self._scored, worth, expected_margin)

    def value_interval(self, rows: pd.DataFrame, scores: Array, worth: ValueTerms) -> Interval:
        """Return what the remaining margin lies between in nine of ten cases; parameters are taken as known."""
        asked = rows.assign(**{_SCORE: scores})
        low, high = (
            self._discounted_value(
                asked, self._scored, worth, lambda *given, side=side: getattr(margin_interval(*given), side)
            )
            for side in ("low", "high")
        )
        return Interval(low, high)

    def value_if_staying(self, rows: pd.DataFrame, worth: ValueTerms) -> Array:
        """Return the expected remaining margin of who stays through the label window, and is then like others."""
        return self._discounted_value(rows.assign(**{_SCORE: 0.0}), self._staying, worth, expected_margin)

    def _scored(self, rows: pd.DataFrame, periods: int) -> Array:
        return extend_hazard(rows[_SCORE].to_numpy(dtype=float), self._ages(rows), self.survival, periods)

    def _staying(self, rows: pd.DataFrame, periods: int) -> Array:
        hazard = self.survival.hazards_ahead(self._ages(rows), periods)
        hazard[:, 0] = 0.0
        return hazard

    def _discounted_value(self, rows: pd.DataFrame, hazards: Hazards, worth: ValueTerms, measure: Measure) -> Array:
        """Return a measure of the remaining payments; the day of the month they fall on is not known, so mid-period."""
        reach, days = periods_within(worth.horizon_days, self.period_days), self.period_days

        def compute(some: pd.DataFrame) -> Array:
            price = some[PRICE].to_numpy(dtype=float) * days / DAYS_PER_MONTH
            terms = Terms(price, worth.margin, worth.annual_rate, days, days / 2.0)
            return measure(hazards(some, reach), terms, worth.horizon_days)

        return _where_known(rows, [AGE, PRICE, _SCORE], compute)

    def _ages(self, rows: pd.DataFrame) -> Array:
        """Return whole periods: the curve is asked about ages as it was fitted on them."""
        return np.floor(rows[AGE].to_numpy(dtype=float) / self.period_days)

    def save(self, folder: Path) -> None:
        """Write the curve as JSON."""
        self.survival.save(folder)
        write_json(folder / "contractual.json", {"period_days": self.period_days})

    @classmethod
    def load(cls, folder: Path) -> "ContractValueModel":
        """Read what `save` wrote."""
        model = cls(read_json(folder / "contractual.json")["period_days"])
        model.survival = ShiftedBetaGeometricModel.load(folder)
        return model


def _where_known(rows: pd.DataFrame, needed: list[str], compute: Callable[[pd.DataFrame], Array]) -> Array:
    """Compute for the rows that have all that is needed, and leave the others NaN."""
    known = rows[needed].notna().all(axis=1).to_numpy()
    found = np.full(len(rows), np.nan)
    if known.any():
        found[known] = compute(rows[known])
    return found


def columns_at_each_cutoff(data: Dataset, windows: WindowSettings, period_days: float) -> pd.DataFrame:
    """Return the chance column for all labelled rows, each cutoff's from labels that were known by it.

    Null at cutoffs by which no label was known.
    """
    found = pd.DataFrame(np.nan, index=data.features.index, columns=[CHANCE])
    cutoffs = sorted(data.parts.unique())
    for cutoff in cutoffs:
        known = data.at([earlier for earlier in cutoffs if windows.label_available(pd.Timestamp(earlier)) <= cutoff])
        if len(known):
            asked = data.rows_at([cutoff])
            model = ContractValueModel(period_days).fit(known.features, known.churned)
            found.iloc[asked, 0] = model.p_ends(data.features.iloc[asked])
    return found
