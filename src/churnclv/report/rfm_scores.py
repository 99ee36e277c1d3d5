"""Scores from 1 to 5 for recency, frequency and spend, by stored thresholds, and the segments that follow from them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd

from ..decision.rfm_segments import GRID, Segmentation, segment_names
from ..errors import InputError, require
from ..files import read_json
from .bundle_scores import Champion
from .customer_base import CustomerBase, last_day

NAMES = tuple(name for _, _, name in GRID)
NOT_YET = "Not yet"  # who had not bought by then
_HIGHEST = 5
_SHARES = [0.2, 0.4, 0.6, 0.8]
_OF_GRID = "segments.json"


@dataclass(frozen=True)
class Scoring:
    """The thresholds: of recency and frequency, and of spend so far (empty for a log without amounts)."""

    grid: Segmentation
    spend: tuple[float, ...]

    def as_dict(self) -> dict[str, list[float]]:
        """Return the thresholds for JSON."""
        return {**asdict(self.grid), "spend": list(self.spend)}

    def least_silence(self, segment: str) -> float:
        """Return after how many days without a purchase, at the least, a customer can be in a segment."""
        best = int(np.argwhere(segment_names() == segment)[:, 0].max()) + 1
        passed = self.grid.silent_days[: _HIGHEST - best]
        return float(passed[-1]) if len(passed) else 0.0

    def name_segments(self, customers: Any) -> Any:
        """Add `r`, `f`, `m` (null without amounts) and `segment` to a table with `silent`, `purchases`, `spend`.

        Equal values get equal scores; a value equal to a threshold counts as below it.
        """
        spent = customers.spend.cast("float64")
        scored = customers.mutate(
            r=_HIGHEST - _count_below(customers.silent, self.grid.silent_days),
            f=1 + _count_below(customers.purchases, self.grid.purchases),
            m=1 + _count_below(spent, self.spend) if self.spend else ibis.null("int64"),
        )
        names = segment_names()
        cells = [((scored.r == r + 1) & (scored.f == f + 1), str(names[r, f])) for r, f in np.ndindex(names.shape)]
        return scored.mutate(segment=ibis.cases(*cells))


def _count_below(value: Any, thresholds: Sequence[float]) -> Any:
    """Return how many thresholds lie below a value."""
    total = ibis.literal(0)
    for threshold in thresholds:
        total += (value > threshold).cast("int64")
    return total


def standing(base: CustomerBase, at: datetime | None = None) -> Any:
    """Return one row per buyer as of a moment, the report's day unless given.

    `silent` (days since the last purchase; 0 = the day before), `purchases` (days with an order), `spend` so far, less
    refunds on their day, and of the last `value_days`: `recent_orders`, `recent_spend`, `recent_units`.
    """
    today = last_day(at or base.as_of)
    days = base.days.filter(base.days.day <= today)
    recent, is_purchase = days.day > today - base.settings.value_days, days.orders > 0
    summed = days.group_by("customer_id").agg(
        silent=today - days.day.max(where=is_purchase), purchases=days.count(where=is_purchase), spend=days.spend.sum(),
        recent_orders=days.orders.sum(where=recent).fill_null(0), recent_spend=days.spend.sum(where=recent),
        recent_units=days.units.sum(where=recent),
    )  # fmt: skip
    return summed.filter(summed.purchases > 0)


def find_scoring(base: CustomerBase, champion: Champion | None) -> Scoring:
    """Return the thresholds that the settings name, or else the champion's, or else those of this customer base.

    Raises:
        InputError: the named file is missing or holds no thresholds.
    """
    customers = standing(base)
    if base.settings.thresholds is not None:
        return _read(Path(base.settings.thresholds))
    spend = _spend_thresholds(customers) if base.has_amount else ()
    path = None if champion is None or champion.models is None else champion.models / _OF_GRID
    if path is not None and path.is_file():
        return Scoring(Segmentation(**read_json(path)), spend)
    counts = customers.group_by("silent", "purchases").agg(n=customers.count()).execute()
    rows = counts.loc[counts.index.repeat(counts["n"])]
    history = pd.DataFrame({"age_days": rows["silent"], "last_purchase_age_days": 0.0})
    return Scoring(Segmentation.learn(history.assign(repeat_purchases=rows["purchases"] - 1)), spend)


def _spend_thresholds(customers: Any) -> tuple[float, ...]:
    quantiles = customers.aggregate(q=customers.spend.cast("float64").quantile(_SHARES)).execute()["q"].iloc[0]
    return tuple(float(value) for value in quantiles)


def _read(path: Path) -> Scoring:
    require(path.is_file(), f"{path}: no such file.", remedy="report.thresholds names a segments.json.")
    try:
        stored = read_json(path)
        numbers = {name: [float(value) for value in stored[name]] for name in ("silent_days", "purchases", "spend")}
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{path}: holds no thresholds.", remedy="an earlier report wrote it beside its page."
        ) from None
    return Scoring(Segmentation(numbers["silent_days"], numbers["purchases"]), tuple(numbers["spend"]))
