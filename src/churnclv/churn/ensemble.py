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
from .custom import CustomChurnModel
from .log_odds import BIAS, LogOddsModel, expit
from .logistic import LogisticChurnModel

MEMBERS: dict[str, Any] = {
    model.name: model for model in (BoostedChurnModel, LogisticChurnModel, BtydChurnModel, CustomChurnModel)
}


@dataclass(frozen=True)
class ChurnChoice:
    """The hyperparameters of a churn model.

    Attributes:
        weights: of the members' log-odds, by name; they add up to 1.
        parameters, rounds, monotone, bags: of xgboost. penalty_strength: of logistic. column: of btyd.
        custom: the user's class, `path/to/model.py:Class`.
        season: whether the season's shift is added to the log-odds.
        method, map: of the calibration, fitted on the validation folds.
        seed: of xgboost.
    """

    weights: dict[str, float]
    parameters: dict[str, float] = field(default_factory=dict)
    rounds: int = 100
    monotone: dict[str, int] = field(default_factory=dict)
    bags: int = 1
    penalty_strength: float = 1.0
    column: str | None = None
    custom: str | None = None
    season: bool = False
    method: str = "none"
    map: dict[str, list[float]] = field(default_factory=dict)
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the choice for JSON."""
        return asdict(self)

    def member(self, name: str, threads: int) -> LogOddsModel:
        """Return an unfitted member."""
        if name == BoostedChurnModel.name:
            chosen = {"seed": self.seed, "threads": threads, "monotone": self.monotone, "bags": self.bags}
            return BoostedChurnModel(self.parameters, self.rounds, **chosen)  # type: ignore[arg-type] # of one kind each
        if name == CustomChurnModel.name:
            return CustomChurnModel(str(self.custom))
        return LogisticChurnModel(self.penalty_strength) if name == "logistic" else BtydChurnModel(str(self.column))

    @property
    def sentence(self) -> str:
        """The choice as text, such as `0.7 xgboost + 0.3 logistic`."""
        return self._blend + (", shifted by the season" if self.season else "")

    @property
    def _blend(self) -> str:
        parts = sorted(self.weights.items(), key=lambda pair: (-pair[1], pair[0]))
        return parts[0][0] if len(parts) == 1 else " + ".join(f"{weight:g} {name}" for name, weight in parts)


class ChurnModel:
    """Members whose log-odds are averaged with the chosen weights, and the calibration on top."""

    def __init__(self, choice: ChurnChoice, threads: int = 0) -> None:
        """Keep what was chosen."""
        self.choice = choice
        self.members = {name: choice.member(name, threads) for name in sorted(choice.weights)}  # as in the saved file
        self.calibrator = Calibrator(choice.method, choice.map)

    @property
    def features(self) -> list[str]:
        """Names of the training columns of all members."""
        return list(dict.fromkeys(name for member in self.members.values() for name in member.features))

    def fit(self, features: pd.DataFrame, churned: Array, names: list[str]) -> "ChurnModel":
        """Fit the members on outcomes 0 or 1 (n,) and the named features (n, k); the calibration is not refitted."""
        for member in self.members.values():
            fit_member(member, features, churned, names)
        return self

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of churn before calibration, shape (n,)."""
        blended = blend({name: member.log_odds(features) for name, member in self.members.items()}, self.choice.weights)
        return blended + self._season(features)

    def _season(self, features: pd.DataFrame) -> Array:
        """Return the seasonal shift, a column that the purchase model adds to the features; 0 where it is not used."""
        return features[SEASON_SHIFT].to_numpy(dtype=float) if self.choice.season else np.zeros(len(features))

    def predict(self, features: pd.DataFrame) -> Array:
        """Return calibrated churn scores in 0..1, shape (n,)."""
        return expit(self.calibrator.log_odds(self.log_odds(features)))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature and the bias add to the log-odds before calibration; the columns add up to them."""
        total = pd.DataFrame(0.0, index=features.index, columns=[*self.features, BIAS])
        for name, member in self.members.items():
            weighted = member.contributions(features) * self.choice.weights[name]
            total[weighted.columns] += weighted
        total[BIAS] += self._season(features)  # nearly the same for all rows, so it explains no single one
        return total

    def typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Convert the text columns to numbers that the members were trained on as numbers."""
        for member in self.members.values():
            if isinstance(member, BoostedChurnModel | LogisticChurnModel | CustomChurnModel):
                rows = member.encoding.typed(rows)
        return rows

    def gains(self) -> dict[str, float]:
        """Return the total gain of each feature in the trees; empty without trees."""
        trees = self.members.get(BoostedChurnModel.name)
        return trees.gains() if isinstance(trees, BoostedChurnModel) else {}

    def save(self, folder: Path) -> None:
        """Write the choice, the members and the calibration: JSON, and trees in XGBoost's format."""
        folder.mkdir(parents=True, exist_ok=True)
        custom = None if self.choice.custom is None else self.choice.custom.replace("\\", "/").rpartition("/")[2]
        write_json(folder / "churn.json", replace(self.choice, custom=custom).as_dict())  # the file is stored beside it
        for member in self.members.values():
            member.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "ChurnModel":
        """Read what `save` wrote."""
        choice = ChurnChoice(**read_json(folder / "churn.json"))
        if CustomChurnModel.name in choice.weights:
            choice = replace(choice, custom=CustomChurnModel.kept(folder))
        model = cls(choice)
        model.members = {name: MEMBERS[name].load(folder) for name in model.members}
        return model


def fit_member(member: LogOddsModel, features: pd.DataFrame, churned: Array, names: list[str]) -> LogOddsModel:
    """Fit a member on the features `names`; the BTYD member uses its single column, which need not be among them."""
    columns = member.features if isinstance(member, BtydChurnModel) else names
    return member.fit(features[columns], churned)


def blend(log_odds: dict[str, Array], weights: dict[str, float]) -> Array:
    """Return the weighted mean of log-odds, shape (n,)."""
    return np.asarray(sum(weight * log_odds[name] for name, weight in sorted(weights.items())))
