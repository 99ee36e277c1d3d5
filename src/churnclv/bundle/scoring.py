"""Scoring: the two callables of a bundle, `features(events)` and the row-wise `score(feature_rows)`."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..churn.boosted import BoostedChurnModel
from ..churn.calibration import Calibrator
from ..clv.model import ClvModel
from ..data.engine import EngineSettings, connect
from ..data.events import Events, read_events
from ..data.parsing import bound
from ..data.settings import Columns, DataSettings
from ..data.source import read_columns
from ..decision.segments import Segmentation
from ..errors import require
from ..features.purchase_history import HISTORY_COLUMNS
from ..features.table import build_features
from ..files import read_json
from .contract import BundleContract, read_contract

SCORE_COLUMNS = (
    "customer_id", "as_of", "horizon_days", "in_population", "churn_score",
    "expected_purchases", "expected_purchases_low", "expected_purchases_high",
    "expected_spend", "expected_spend_low", "expected_spend_high",
    "p_alive", "clv", "clv_low", "clv_high", "segment", "action",
    "expected_gain", "reason_1", "reason_2", "reason_3",
)  # fmt: skip
_TEXTS = ("segment", "action", "reason_1", "reason_2", "reason_3")
_NEEDED = ("customer_id", "timestamp", "amount", "price", "quantity")


class Scorer:
    """A loaded bundle."""

    def __init__(self, folder: Path) -> None:
        """Load contract and models from the bundle's folder."""
        self.folder = folder
        self.contract: BundleContract = read_contract(folder)
        self._churn = BoostedChurnModel.load(folder / "models")
        self._calibrator = Calibrator.load(folder / "models")
        self._clv = ClvModel.load(folder / "models")
        self._segments = Segmentation(**read_json(folder / "models" / "segments.json"))

    def read(
        self,
        events: pd.DataFrame | Path,
        columns: dict[str, str] | None = None,
        date_format: str | None = None,
    ) -> Events:
        """Read raw events, from a frame or a file, with the bundle's mapping and policies.

        `columns` overrides the mapping by role, `date_format` the way dates are written. A mapped
        column that is missing may also carry its role's own name; without either, optional roles are left out.

        Raises:
            InputError: as for training.
        """
        settings = replace(
            self.contract.data,
            builtin=None,
            separator="auto",
            encoding="auto",
            path=None,
            observed_until=None,
            set_aside_path=None,
        )
        if isinstance(events, Path):
            settings = replace(settings, path=str(events))
        if date_format is not None:
            settings = replace(settings, date_format=date_format)
        header = list(map(str, events.columns)) if isinstance(events, pd.DataFrame) else read_columns(settings)
        settings = replace(settings, columns=_adapt(settings, header, columns or {}))
        frame = events if isinstance(events, pd.DataFrame) else None
        return read_events(connect(EngineSettings()), settings, frame)

    def features(self, events: Events | pd.DataFrame, as_of: str | datetime | None = None) -> pd.DataFrame:
        """Return one feature row per customer seen before `as_of` (default: midnight after the last event)."""
        known = events if isinstance(events, Events) else self.read(events)
        moment = as_of if isinstance(as_of, datetime) else bound(as_of, known.end, "as_of")
        require(
            known.start < moment,
            f"no event lies before as_of={moment:%Y-%m-%d}.",
            remedy="give a later date.",
        )
        families = self.contract.own_families(self.folder)
        settings = replace(self.contract.features, families=families)
        return build_features(known.table, known.quality.fingerprint, (moment,), settings, self.contract.windows)

    def score(self, rows: pd.DataFrame | dict[str, Any]) -> pd.DataFrame:
        """Return one score row per feature row; each depends on its own row alone.

        What this bundle cannot know is empty: `churn_score` outside the population, and everything but the key for
        customers who never bought.
        """
        frame = pd.DataFrame([rows]) if isinstance(rows, dict) else rows
        needed = dict.fromkeys((*self._churn.features, *self._clv.features, *HISTORY_COLUMNS))
        missing = [name for name in needed if name not in frame.columns]
        require(
            not missing,
            f"feature rows lack {missing[:5]}.",
            remedy="make them with this bundle's features().",
        )
        result = pd.DataFrame(
            {
                "customer_id": frame["customer_id"].to_numpy(),
                "as_of": frame["cutoff"].map(_day_or_moment).to_numpy(),
            }
        )
        result["horizon_days"] = self.contract.windows.horizon_days
        result["in_population"] = frame["in_population"].to_numpy(dtype=bool)
        values = self._values(frame.reset_index(drop=True))
        for name in SCORE_COLUMNS[4:]:
            empty = pd.Series([None] * len(frame), dtype=object) if name in _TEXTS else np.nan
            result[name] = values.get(name, empty)
        return result[list(SCORE_COLUMNS)]

    def predict(self, events: pd.DataFrame, as_of: str | None = None) -> pd.DataFrame:
        """Return the score rows of everybody in a frame of raw events."""
        return self.score(self.features(events, as_of))

    def _values(self, frame: pd.DataFrame) -> dict[str, Any]:
        economics, windows = self.contract.economics, self.contract.windows
        bought = frame["repeat_purchases"].notna().to_numpy()
        eligible = frame["in_population"].to_numpy(dtype=bool) & bought
        days = windows.horizon_days
        clv = self._clv
        found = {
            "churn_score": (eligible, lambda rows: self._calibrator.predict(self._churn.predict(rows))),
            "expected_purchases": (bought, lambda rows: clv.expected_purchases(rows, days)),
            "p_alive": (bought, clv.p_alive),
            "segment": (bought, self._segments.predict),
        }
        if self.contract.data.has_amount:
            value = (economics.clv_horizon_days, economics.margin, economics.annual_discount_rate)
            found["expected_spend"] = (bought, lambda rows: clv.expected_spend(rows, days))
            found["clv"] = (bought, lambda rows: clv.discounted_value(rows, *value))
        values = {name: _fill(frame, rows, compute) for name, (rows, compute) in found.items()}
        return values | self._intervals(frame, bought)

    def _intervals(self, frame: pd.DataFrame, bought: Any) -> dict[str, pd.Series]:
        """Return the bounds of what customers may do: most outcomes differ from what is expected of them."""
        economics, days = self.contract.economics, self.contract.windows.horizon_days
        asked, found = frame[bought], {}
        if len(asked):
            near = self._clv.intervals(asked, days)
            found["expected_purchases"] = near["purchases"]
            if self.contract.data.has_amount:
                value = (economics.clv_horizon_days, economics.margin, economics.annual_discount_rate)
                found |= {"expected_spend": near["spend"], "clv": self._clv.value_interval(asked, *value)}
        return {
            f"{name}_{side}": pd.Series(getattr(interval, side), index=asked.index).reindex(frame.index)
            for name, interval in found.items()
            for side in ("low", "high")
        }


def _fill(frame: pd.DataFrame, rows: Any, compute: Any) -> pd.Series:
    """Compute on some rows and leave the others empty."""
    values = pd.Series(compute(frame[rows]), index=frame.index[rows]) if rows.any() else pd.Series(dtype=float)
    return values.reindex(frame.index)


def _adapt(settings: DataSettings, header: list[str], overrides: dict[str, str]) -> Columns:
    """Return the mapping that this header can serve."""
    unknown = [role for role in overrides if role not in vars(Columns())]
    require(not unknown, f"columns: unknown roles {unknown}.", remedy=f"allowed are {', '.join(vars(Columns()))}.")
    mapping: dict[str, str | None] = dict.fromkeys(vars(settings.columns))
    for role, column in settings.columns.mapped().items():
        choices = [overrides.get(role, column), role]
        present = next((name for name in choices if name in header), None)
        needed = role in _NEEDED and (role != "quantity" or settings.columns.price is not None)
        mapping[role] = choices[0] if present is None and needed else present
    return Columns(**mapping)


def _day_or_moment(moment: pd.Timestamp) -> str:
    """Write a midnight as its day."""
    return f"{moment:%Y-%m-%d}" if moment == moment.normalize() else moment.isoformat(sep=" ")
