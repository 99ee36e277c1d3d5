"""The machine-learned part of a CLV model: trees or a log-linear model that learn from labels at earlier cutoffs.

In `boosted` the features of the trees are behaviour. In `hybrid` they also use the BTYD model's expectations at each
cutoff, estimated on histories before it, and may start from them. `ridge` is the log-linear model, which uses them too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..features.dataset import Dataset
from ..files import read_json, write_json
from .boosted_amounts import BoostedAmount, Start
from .linear_amounts import LinearAmount
from .rfm import Array
from .settings import BoostingSettings

SEASON_SHIFT = "btyd_season_shift"  # of log-odds; not a feature
BTYD_COLUMNS = (
    "btyd_purchases", "btyd_spend", "btyd_spend_per_purchase", "btyd_p_alive", "btyd_p_no_purchase"
)  # fmt: skip
TARGETS = ("purchases", "spend")
_LEARNED_LABELS = {"purchases": "purchases", "spend": "order_spend"}  # refunds are a factor on orders


@dataclass(frozen=True)
class Past:
    """Rows at cutoffs whose labels are complete, and their BTYD columns (None where not needed)."""

    data: Dataset
    horizon_days: float
    btyd: pd.DataFrame | None = None

    def at(self, cutoffs: Any) -> "Past":
        """Return the rows at these cutoffs."""
        rows = self.data.rows_at(cutoffs)
        btyd = None if self.btyd is None else self.btyd.iloc[rows].reset_index(drop=True)
        return Past(self.data.at(cutoffs), self.horizon_days, btyd)


def predict_at_each_cutoff(data: Dataset, predict_rows: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """Return BTYD columns for all rows of a data set, at each cutoff from a model fitted on its histories."""
    parts = [predict_rows(rows) for _, rows in data.features.groupby("cutoff", sort=True)]
    return pd.concat(parts).reindex(data.features.index)


class LearnedPart:
    """Learned purchases and spend within the training horizon, in an average season."""

    def __init__(self, name: str, boosting: BoostingSettings, seed: int) -> None:
        """Keep the name, which says what is learned from what, and the settings of the trees."""
        self.name, self.boosting, self.seed = name, boosting, seed
        self.horizon_days = 0.0
        self.amounts: dict[str, BoostedAmount | LinearAmount] = {}

    def _amount(self) -> BoostedAmount | LinearAmount:
        return LinearAmount() if self.name == "ridge" else BoostedAmount(self.boosting, self.seed)

    def fit(self, past: Past, season: Array, targets: tuple[str, ...] = TARGETS) -> "LearnedPart":
        """Fit on earlier cutoffs; `season` (n,) is the relative strength of the season in each row's window."""
        self.horizon_days = past.horizon_days
        features = self._columns(past.data.X, past.btyd)
        for target in targets:
            amount = past.data.labels[_LEARNED_LABELS[target]].to_numpy(dtype=float) / season
            self.amounts[target] = self._amount().fit(features, amount, self._start(past.btyd, target))
        return self

    def predict(self, rows: pd.DataFrame, btyd: pd.DataFrame, target: str) -> Array:
        """Return expected purchases or spend within the horizon in average season, shape (n,)."""
        model = self.amounts[target]
        columns = [name for name in model.features if name not in BTYD_COLUMNS]
        return model.predict(self._columns(rows[columns], btyd), self._start(btyd, target))

    def _columns(self, features: pd.DataFrame, btyd: pd.DataFrame | None) -> pd.DataFrame:
        if self.name == "boosted" or btyd is None:
            return features
        return pd.concat([features, btyd[list(BTYD_COLUMNS)].set_index(features.index)], axis=1)

    def _start(self, btyd: pd.DataFrame | None, target: str) -> Start | None:
        if not (self.name == "hybrid" and self.boosting.from_btyd) or btyd is None:
            return None
        chance = 1.0 - btyd["btyd_p_no_purchase"].to_numpy(dtype=float)
        return Start(btyd[f"btyd_{target}"].to_numpy(dtype=float), chance)

    def save(self, folder: Path) -> None:
        """Write trees or coefficients, and settings."""
        write_json(
            folder / "learned.json",
            {"horizon_days": self.horizon_days, "targets": list(self.amounts)},
        )
        for target, model in self.amounts.items():
            model.save(folder / f"learned_{target}")

    @classmethod
    def load(cls, folder: Path, name: str, boosting: BoostingSettings, seed: int) -> "LearnedPart":
        """Read what `save` wrote."""
        stored = read_json(folder / "learned.json")
        part = cls(name, boosting, seed)
        part.horizon_days = stored["horizon_days"]
        part.amounts = {target: part._amount().load(folder / f"learned_{target}") for target in stored["targets"]}
        return part
