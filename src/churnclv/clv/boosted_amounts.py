"""Gradient-boosted trees for purchases or spend within a horizon, which are mostly zero.

Two kinds, between which validation chooses: `tweedie`, one model of the amount whose variance grows with a power
of its mean (Joergensen 1987), and `two_part`, the probability of a positive amount times the expected amount if
positive.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..features.category_encoding import Encoding
from ..files import read_json, write_json
from .rfm import Array
from .settings import BoostingSettings

_FIXED = {"tree_method": "hist", "verbosity": 0, "base_score": 1.0}
_INTEGERS = ("max_depth", "max_bin", "max_leaves", "num_parallel_tree")
_LEAST_CHANCE = 1e-6
_LEAST = 1e-3  # of the mean amount: the smallest start


@dataclass(frozen=True)
class Start:
    """The starting point of boosting: the expected amount and the probability of a positive one, each of shape (n,)."""

    amount: Array
    chance: Array


class BoostedAmount:
    """Trees for one amount, 0 or more; the log of the start is their offset."""

    def __init__(self, chosen: BoostingSettings, seed: int) -> None:
        """Keep the settings of the trees and the seed."""
        self.chosen, self.seed = chosen, seed
        self.encoding = Encoding((), {})
        self.boosters: dict[str, Any] = {}
        self.means: dict[str, float] = {}

    @property
    def features(self) -> list[str]:
        """Names of the training columns."""
        return list(self.encoding.columns)

    def fit(self, features: pd.DataFrame, amount: Array, start: Start | None) -> "BoostedAmount":
        """Fit on features (n, k) and amounts (n,), starting from `start` or from the mean."""
        self.encoding, any_amount = Encoding.learn(features, fills_missing=True), amount > 0
        self.means = {
            "amount": float(amount.mean()) or _LEAST,
            "chance": float(np.clip(any_amount.mean(), _LEAST_CHANCE, 1.0 - _LEAST_CHANCE)),
            "given_any": float(amount[any_amount].mean()) if any_amount.any() else _LEAST,
        }
        if self.chosen.kind == "tweedie":
            power = {"objective": "reg:tweedie"}
            self._boost("amount", features, amount, self._log_amount(len(amount), start), power)
            return self
        offset = self._logit_chance(len(amount), start)
        self._boost("chance", features, any_amount.astype(float), offset, {"objective": "binary:logistic"})
        if any_amount.any():
            given = self._log_given_any(len(amount), start)[any_amount]
            self._boost("given_any", features[any_amount], amount[any_amount], given, {"objective": "reg:gamma"})
        return self

    def _boost(
        self, name: str, features: pd.DataFrame, target: Array, offset: Array, objective: dict[str, str]
    ) -> None:
        import xgboost

        matrix = xgboost.QuantileDMatrix(
            self.encoding.tree_cells(features),
            label=target,
            base_margin=offset,
            nthread=self.chosen.threads,
            **self._kinds,
        )
        parameters = {key: int(value) if key in _INTEGERS else value for key, value in self.chosen.parameters.items()}
        if self.chosen.kind != "tweedie":
            parameters.pop("tweedie_variance_power", None)
        settings = {**_FIXED, **parameters, **objective, "seed": self.seed, "nthread": self.chosen.threads}
        self.boosters[name] = xgboost.train(settings, matrix, self.chosen.rounds)

    def predict(self, features: pd.DataFrame, start: Start | None) -> Array:
        """Return expected amounts, shape (n,)."""
        n = len(features)
        if self.chosen.kind == "tweedie":
            return self._predict("amount", features, self._log_amount(n, start))
        if "given_any" not in self.boosters:
            return np.zeros(n)
        chance = self._predict("chance", features, self._logit_chance(n, start))
        return chance * self._predict("given_any", features, self._log_given_any(n, start))

    def _predict(self, name: str, features: pd.DataFrame, offset: Array) -> Array:
        import xgboost

        cells = self.encoding.tree_cells(features)
        matrix = xgboost.DMatrix(cells, base_margin=offset, nthread=self.chosen.threads, **self._kinds)
        return np.asarray(self.boosters[name].predict(matrix), dtype=float)

    @property
    def _kinds(self) -> dict[str, Any]:
        return {"feature_types": self.encoding.kinds, "enable_categorical": True}

    def _log_amount(self, n: int, start: Start | None) -> Array:
        mean = self.means["amount"]
        return np.full(n, np.log(mean)) if start is None else np.log(np.maximum(start.amount, _LEAST * mean))

    def _logit_chance(self, n: int, start: Start | None) -> Array:
        chance = (
            np.full(n, self.means["chance"])
            if start is None
            else np.clip(start.chance, _LEAST_CHANCE, 1.0 - _LEAST_CHANCE)
        )
        return np.asarray(np.log(chance) - np.log1p(-chance))

    def _log_given_any(self, n: int, start: Start | None) -> Array:
        mean = self.means["given_any"]
        if start is None:
            return np.full(n, np.log(mean))
        return np.log(np.maximum(start.amount / np.maximum(start.chance, _LEAST_CHANCE), _LEAST * mean))

    def save(self, folder: Path) -> None:
        """Write the boosters in XGBoost's format and the rest as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, booster in self.boosters.items():
            booster.save_model(folder / f"{name}.ubj")
        fitted = {"encoding": self.encoding.as_dict(), "means": self.means, "boosters": list(self.boosters)}
        write_json(folder / "boosted.json", fitted)

    def load(self, folder: Path) -> "BoostedAmount":
        """Read what `save` wrote."""
        import xgboost

        stored = read_json(folder / "boosted.json")
        self.encoding, self.means = Encoding.from_dict(stored["encoding"]), stored["means"]
        files = {name: folder / f"{name}.ubj" for name in stored["boosters"]}
        self.boosters = {name: xgboost.Booster(model_file=path) for name, path in files.items()}
        return self
