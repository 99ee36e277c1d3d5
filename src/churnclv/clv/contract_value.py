"""The value of customers under contract: a survival curve by age, a price per month, and a discount.

It is fitted on labelled rows of earlier cutoffs: the contracts that ran at a cutoff, their ages, and whether they
ended within the horizon. Each row is a spell that enters at its age (Fader and Hardie 2007, with left
truncation): contracts that ended before ends were recorded are in no row, and cause no bias.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..features.dataset import Dataset
from ..files import read_json, write_json
from ..snapshots.settings import WindowSettings
from ..time_units import DAYS_PER_MONTH
from .age_hazard import AgeHazardModel
from .contract_margin import Terms, expected_margin, extend_hazard, margin_interval, periods_within
from .predictive import Interval
from .rfm import Array

AGE, PRICE = "contract_age_days", "price"
CHANCE = "btyd_p_ends"
_SCORE = "(score)"
_MOST_HAZARD = 1.0 - 1e-12

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
    where the age or the price is missing.
    """

    def __init__(self, period_days: float) -> None:
        """Keep the length of a period."""
        self.period_days = period_days
        self.survival = AgeHazardModel(period_days)

    @property
    def features(self) -> list[str]:
        """Names of the required columns."""
        return [AGE, PRICE]

    def fit(self, rows: pd.DataFrame, churned: Array) -> "ContractValueModel":
        """Fit survival on rows at earlier cutoffs and whether each contract ended within the period, 0 or 1 (n,)."""
        has_age = rows[AGE].notna().to_numpy()
        self.survival.fit(self._ages(rows[has_age]), churned[has_age] > 0)
        return self

    def p_ends(self, rows: pd.DataFrame) -> Array:
        """Return the chance that the contract ends within the label window, by its age."""
        return _where_complete(rows, [AGE], lambda some: self.survival.hazard(self._ages(some)))

    def columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the chance as a column for churn models."""
        return pd.DataFrame({CHANCE: self.p_ends(rows)}, index=rows.index)

    def value(self, rows: pd.DataFrame, scores: Array, terms: ValueTerms) -> Array:
        """Return the CLV: expected remaining margin, discounted, with the churn scores (n,) as first hazards."""
        return self._discounted_value(rows.assign(**{_SCORE: scores}), self._scored, terms, expected_margin)

    def value_interval(self, rows: pd.DataFrame, scores: Array, terms: ValueTerms) -> Interval:
        """Return the 90% interval of the remaining margin; the parameters are taken as given."""
        scored = rows.assign(**{_SCORE: scores})
        low, high = (
            self._discounted_value(
                scored, self._scored, terms, lambda *given, side=side: getattr(margin_interval(*given), side)
            )
            for side in ("low", "high")
        )
        return Interval(low, high)

    def value_if_staying(self, rows: pd.DataFrame, terms: ValueTerms) -> Array:
        """Return the expected remaining margin if the contract survives the label window; later hazards stay."""
        return self._discounted_value(rows.assign(**{_SCORE: 0.0}), self._staying, terms, expected_margin)

    def churn_curve(self, rows: pd.DataFrame, scores: Array, ends_days: Sequence[float]) -> Array:
        """Return the probability that the contract has ended by each of several days ahead, shape (n, ends).

        The churn score (n,) is the hazard of the first period: it is the value at the end of that period. Within a
        period the hazard is constant.
        """
        reach = max(periods_within(end, self.period_days) for end in ends_days)

        def compute(some: pd.DataFrame) -> Array:
            survival = np.cumsum(np.log1p(-np.minimum(self._scored(some, reach), _MOST_HAZARD)), axis=1)
            log_survival = np.column_stack([np.zeros(len(some)), survival])
            places = np.asarray(ends_days, dtype=float) / self.period_days
            whole = np.minimum(places.astype(int), reach - 1)
            rest = places - whole
            return np.asarray(-np.expm1(log_survival[:, whole] * (1.0 - rest) + log_survival[:, whole + 1] * rest))

        scored, curve = rows.assign(**{_SCORE: scores}), np.full((len(rows), len(ends_days)), np.nan)
        complete = scored[[AGE, _SCORE]].notna().all(axis=1).to_numpy()
        if complete.any():
            curve[complete] = compute(scored[complete])
        return curve

    def _scored(self, rows: pd.DataFrame, periods: int) -> Array:
        return extend_hazard(rows[_SCORE].to_numpy(dtype=float), self._ages(rows), self.survival, periods)

    def _staying(self, rows: pd.DataFrame, periods: int) -> Array:
        hazard = self.survival.hazards_ahead(self._ages(rows), periods)
        hazard[:, 0] = 0.0
        return hazard

    def _discounted_value(self, rows: pd.DataFrame, hazards: Hazards, terms: ValueTerms, measure: Measure) -> Array:
        """Return a measure of the remaining payments; their day is unknown and taken as mid-period."""
        reach, days = periods_within(terms.horizon_days, self.period_days), self.period_days

        def compute(some: pd.DataFrame) -> Array:
            price = some[PRICE].to_numpy(dtype=float) * days / DAYS_PER_MONTH
            payments = Terms(price, terms.margin, terms.annual_rate, days, days / 2.0)
            return measure(hazards(some, reach), payments, terms.horizon_days)

        return _where_complete(rows, [AGE, PRICE, _SCORE], compute)

    def _ages(self, rows: pd.DataFrame) -> Array:
        """Return ages in whole periods, as in the fit."""
        return np.floor(rows[AGE].to_numpy(dtype=float) / self.period_days)

    def save(self, folder: Path) -> None:
        """Write the curve as JSON."""
        self.survival.save(folder)
        write_json(folder / "contractual.json", {"period_days": self.period_days})

    @classmethod
    def load(cls, folder: Path) -> "ContractValueModel":
        """Read what `save` wrote."""
        model = cls(read_json(folder / "contractual.json")["period_days"])
        model.survival = AgeHazardModel.load(folder, model.period_days)
        return model


def _where_complete(rows: pd.DataFrame, needed: list[str], compute: Callable[[pd.DataFrame], Array]) -> Array:
    """Compute the rows without missing values in `needed`; the others are NaN."""
    complete = rows[needed].notna().all(axis=1).to_numpy()
    values = np.full(len(rows), np.nan)
    if complete.any():
        values[complete] = compute(rows[complete])
    return values


def columns_at_each_cutoff(data: Dataset, windows: WindowSettings, period_days: float) -> pd.DataFrame:
    """Return the probability column for all labelled rows, at each cutoff from labels that were complete by then.

    It is null at cutoffs before which no label was complete.
    """
    column = pd.DataFrame(np.nan, index=data.features.index, columns=[CHANCE])
    cutoffs = sorted(data.parts.unique())
    for cutoff in cutoffs:
        labelled = data.at([earlier for earlier in cutoffs if windows.label_available(pd.Timestamp(earlier)) <= cutoff])
        if len(labelled):
            rows = data.rows_at([cutoff])
            model = ContractValueModel(period_days).fit(labelled.features, labelled.churned)
            column.iloc[rows, 0] = model.p_ends(data.features.iloc[rows])
    return column
