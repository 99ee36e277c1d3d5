"""The churn model of a run: one member, or a weighted mean of members' log-odds, calibrated."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clv.hybrid import SEASON_SHIFT
from ..evaluation.metrics import Array
from ..files import read_json, write_json
from .boosted import BoostedChurnModel
from .btyd import BtydChurnModel
from .calibration import Calibrator
from .churn_models import churn_models
from .custom import CustomChurnModel
from .level import shift_towards
from .log_odds import BIAS, LogOddsModel, expit
from .no_purchase import NoPurchaseModel, latest_rows

_SHIFT = "level_shift"  # in the file of a fitted model, beside what was chosen
_FLAT = {
    "xgboost": ("parameters", "rounds", "monotone", "bags", "seed"),
    "logistic": ("penalty_strength",),
    "btyd": ("column",),
    "custom": ("custom",),
}  # where an earlier version kept the members' parameters: all in one flat choice


@dataclass(frozen=True)
class ChurnChoice:
    """The hyperparameters of a churn model.

    Attributes:
        weights: of the members' log-odds, by name; they add up to 1.
        members: the parameters of each member, as its class makes it from them.
        intercept: added to the weighted mean of the log-odds.
        level_share: of the level, which the purchase model `no_purchase` gives; the rest is the members'.
        season: whether the season's shift is added to the log-odds.
        method, map: of the calibration, fitted on the validation folds.
    """

    weights: dict[str, float]
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    intercept: float = 0.0
    level_share: float = 0.0
    season: bool = False
    method: str = "none"
    map: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "ChurnChoice":
        """Read what `as_dict` wrote, or an earlier version."""
        if "members" in stored:
            return cls(**stored)
        kept = {name: stored[name] for name in ("weights", "season", "method", "map") if name in stored}
        return cls(**kept, members={name: _read_flat(name, stored) for name in stored["weights"]})

    def as_dict(self) -> dict[str, Any]:
        """Return the choice for JSON."""
        return asdict(self)

    def parameters(self, name: str) -> dict[str, Any]:
        """Return the parameters of a member; empty where it has none."""
        return self.members.get(name, {})

    def member(self, name: str, threads: int) -> LogOddsModel:
        """Return an unfitted member."""
        model: LogOddsModel = churn_models()[name].make(self.parameters(name), threads)
        return model

    @property
    def sentence(self) -> str:
        """The choice as text, such as `0.7 xgboost + 0.3 logistic`."""
        return self._blend + (", shifted by the season" if self.season else "")

    @property
    def alone(self) -> str | None:
        """The name of the only member; None for an ensemble."""
        return next(iter(self.weights)) if len(self.weights) == 1 else None

    @property
    def _blend(self) -> str:
        parts = sorted(self.weights.items(), key=lambda pair: (-pair[1], pair[0]))
        return parts[0][0] if len(parts) == 1 else " + ".join(f"{weight:.2g} {name}" for name, weight in parts)


class ChurnModel:
    """Members whose log-odds are averaged with the chosen weights, and the calibration on top."""

    def __init__(self, choice: ChurnChoice, threads: int = 0) -> None:
        """Keep what was chosen."""
        self.choice = choice
        self.members = {name: choice.member(name, threads) for name in sorted(choice.weights)}  # as in the saved file
        self.calibrator = Calibrator(choice.method, choice.map)
        self.level_shift = 0.0

    @property
    def features(self) -> list[str]:
        """Names of the training columns of all members."""
        return list(dict.fromkeys(name for member in self.members.values() for name in member.features))

    def fit(
        self, features: pd.DataFrame, churned: Array, names: list[str], latest: pd.DataFrame | None = None
    ) -> "ChurnModel":
        """Fit the members on outcomes 0 or 1 (n,) and the named features (n, k); the calibration is not refitted.

        `latest` are rows without outcomes at the cutoff that is predicted: models of purchase histories are fitted on
        them, or, without them, on the rows of the last cutoff among `features`.
        """
        for member in self.members.values():
            fit_member(member, features, churned, names, latest)
        if self.choice.level_share:
            self.level_shift = self._find_level_shift(features, churned, names, latest)
        return self

    def _find_level_shift(
        self, features: pd.DataFrame, churned: Array, names: list[str], latest: pd.DataFrame | None
    ) -> float:
        """Return the shift of the log-odds towards the level of the purchase model at the cutoff that is predicted."""
        rows = latest_rows(features) if latest is None else latest
        reference = self.members.get(NoPurchaseModel.name)
        if reference is None:
            reference = fit_member(self.choice.member(NoPurchaseModel.name, 1), features, churned, names, latest)
        return shift_towards(self._blend(rows), reference.log_odds(rows), self.choice.level_share)

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of churn before calibration, shape (n,)."""
        return self._blend(features) + self.level_shift + self._season(features)

    def _blend(self, features: pd.DataFrame) -> Array:
        log_odds = {name: member.log_odds(features) for name, member in self.members.items()}
        return blend(log_odds, self.choice.weights) + self.choice.intercept

    def _season(self, features: pd.DataFrame) -> Array:
        """Return the seasonal shift, a column that the purchase model adds to the features; 0 where it is not used."""
        return features[SEASON_SHIFT].to_numpy(dtype=float) if self.choice.season else np.zeros(len(features))

    def predict(self, features: pd.DataFrame) -> Array:
        """Return calibrated churn scores in 0..1, shape (n,)."""
        return expit(self.calibrator.log_odds(self.log_odds(features)))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature and the bias add to the log-odds before calibration; the columns add up to them."""
        columns = pd.Index([*self.features, BIAS])
        total = np.zeros((len(features), len(columns)))
        for name, member in self.members.items():
            added = member.contributions(features)
            total[:, columns.get_indexer(added.columns)] += added.to_numpy() * self.choice.weights[name]
        same = self.choice.intercept + self.level_shift + self._season(features)  # (nearly) for all rows
        total[:, -1] += same
        return pd.DataFrame(total, index=features.index, columns=columns)

    def typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Convert the text columns to numbers that the members were trained on as numbers."""
        for member in self.members.values():
            if (encoding := getattr(member, "encoding", None)) is not None:
                rows = encoding.typed(rows)
        return rows

    def gains(self) -> dict[str, float]:
        """Return the total gain of each feature in the trees; empty without trees."""
        trees = self.members.get(BoostedChurnModel.name)
        return trees.gains() if isinstance(trees, BoostedChurnModel) else {}

    def save(self, folder: Path) -> None:
        """Write the choice, the members and the calibration: JSON, and trees in XGBoost's format."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "churn.json", {**self._movable_choice().as_dict(), _SHIFT: self.level_shift})
        for member in self.members.values():
            member.save(folder)

    def _movable_choice(self) -> ChurnChoice:
        """Return the choice with the custom class's file name alone: the file is stored beside it."""
        custom = self.choice.parameters(CustomChurnModel.name)
        if not custom:
            return self.choice
        where = custom["where"].replace("\\", "/").rpartition("/")[2]
        return replace(self.choice, members={**self.choice.members, CustomChurnModel.name: {"where": where}})

    @classmethod
    def load(cls, folder: Path) -> "ChurnModel":
        """Read what `save` wrote."""
        stored = read_json(folder / "churn.json")
        shift = float(stored.pop(_SHIFT, 0.0))
        choice = ChurnChoice.from_dict(stored)
        if CustomChurnModel.name in choice.weights:
            kept = {CustomChurnModel.name: {"where": CustomChurnModel.kept(folder)}}
            choice = replace(choice, members={**choice.members, **kept})
        model = cls.__new__(cls)
        model.choice, model.calibrator = choice, Calibrator(choice.method, choice.map)
        model.level_shift = shift
        model.members = {name: churn_models()[name].load(folder) for name in sorted(choice.weights)}
        return model


def fit_member(
    member: LogOddsModel,
    features: pd.DataFrame,
    churned: Array,
    names: list[str],
    latest: pd.DataFrame | None = None,
) -> LogOddsModel:
    """Fit a member on the features `names`.

    A probabilistic member takes its own columns, which need not be among them; one that is fitted on purchase histories
    takes `latest`, the rows at the cutoff that is predicted.
    """
    if isinstance(member, NoPurchaseModel):
        return member.fit(features, churned) if latest is None else member.fit_latest(features, churned, latest)
    columns = member.features if isinstance(member, BtydChurnModel) else names
    return member.fit(features[columns], churned)


def _read_flat(name: str, stored: dict[str, Any]) -> dict[str, Any]:
    """Return a member's parameters from the flat choice of an earlier version."""
    values = {key: stored[key] for key in _FLAT.get(name, ()) if key in stored}
    return {"where": values["custom"]} if "custom" in values else values


def blend(log_odds: dict[str, Array], weights: dict[str, float]) -> Array:
    """Return the weighted mean of log-odds, shape (n,)."""
    return np.asarray(sum(weight * log_odds[name] for name, weight in sorted(weights.items())))
