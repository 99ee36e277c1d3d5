"""Extremely randomised trees as a churn model: scikit-learn grows them, arrays in JSON keep them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation.metrics import Array
from ..features.category_encoding import Encoding
from ..files import read_json, write_json
from .churn_models import TREES, Situation, churn_model
from .log_odds import BIAS, expit, log_odds_of

_TREES, _COLUMNS_SHARE = 100, 0.4  # of a split
_LEAST_ROWS = (10, 40)  # of a leaf
_MOST_ROWS = 20_000  # of training, evenly spaced
_LARGEST = 1e30  # the trees hold 32-bit floats
_FILE = "extra_trees.json"
_ARRAYS = {"feature": int, "threshold": float, "left": int, "right": int, "value": float}


@churn_model
class ExtraTreesChurnModel:
    """The mean of trees whose splits are drawn at random (Geurts, Ernst, Wehenkel 2006, Extremely randomized trees).

    Missing values are replaced by the median. The mean is drawn towards the base rate as by one more row in a leaf. It
    is tried on labelled tables only.

    Contributions follow each row's path: a split's feature gets the change of the churn rate from node to node
    (Palczewska et al. 2013, Interpreting random forest models using a feature contribution method). They add up to the
    probability minus the base rate, and are scaled by one factor per row so that they add up in log-odds.
    """

    name = "extra_trees"
    family = TREES
    summary = "extremely randomised trees; on labelled tables"

    def __init__(self, least_rows: int, seed: int = 0, threads: int = 1) -> None:
        """Keep the least number of rows in a leaf, and the seed."""
        self.least_rows, self.seed, self.threads = least_rows, seed, threads
        self.encoding = Encoding((), {})
        self.base = 0.5
        self._fills: Array = np.zeros(0)
        self._trees: list[dict[str, NDArray[Any]]] = []

    @classmethod
    def candidates(cls, situation: Situation) -> list[dict[str, Any]]:
        """Return trees with small and with large leaves."""
        if situation.in_time and situation.settings.name != cls.name:
            return []
        return [{"least_rows": least, "seed": situation.seed} for least in _LEAST_ROWS]

    @classmethod
    def make(cls, parameters: dict[str, Any], threads: int) -> "ExtraTreesChurnModel":
        """Return an unfitted model with one of the candidates' parameters."""
        return cls(**parameters, threads=threads)

    @property
    def features(self) -> list[str]:
        """Names of the training columns."""
        return list(self.encoding.columns)

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {"least_rows": self.least_rows, "seed": self.seed}

    def fit(self, features: pd.DataFrame, churned: Array) -> "ExtraTreesChurnModel":
        """Fit on features (n, k), null where undefined, and outcomes 0 or 1 (n,)."""
        from sklearn.ensemble import ExtraTreesClassifier

        step = max(1, len(features) // _MOST_ROWS)
        sample, outcomes = features.iloc[::step], churned[::step]
        self.encoding, self.base, self._trees = Encoding.learn(sample), float(outcomes.mean()), []
        self._fills = _medians(self.encoding.apply(sample))
        if self.base in {0.0, 1.0}:
            return self  # one class only
        chosen = {"min_samples_leaf": self.least_rows, "max_features": _COLUMNS_SHARE, "random_state": self.seed}
        forest: Any = ExtraTreesClassifier(_TREES, n_jobs=self.threads or -1, **chosen)
        self._trees = [_read_tree(each.tree_) for each in forest.fit(self._cells(sample), outcomes).estimators_]
        return self

    def _cells(self, features: pd.DataFrame) -> NDArray[np.float32]:
        cells = self.encoding.apply(features)
        filled = np.where(np.isfinite(cells), cells, self._fills)
        return np.clip(filled, -_LARGEST, _LARGEST).astype(np.float32)

    def predict(self, features: pd.DataFrame) -> Array:
        """Return uncalibrated probabilities of churn, shape (n,)."""
        return expit(self.log_odds(features))

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of churn before calibration, shape (n,)."""
        return log_odds_of(self.base + self._added(features).sum(axis=1))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the log-odds against the base rate, and the bias, (n, k + 1)."""
        added, bias = self._added(features), float(log_odds_of(np.array(self.base)))
        moved = added.sum(axis=1)
        near = np.abs(moved) < 1e-9  # noqa: PLR2004 # there the factor is the slope of the log-odds
        slope = 1.0 / max(self.base * (1.0 - self.base), 1e-6)
        scale = np.where(near, slope, (log_odds_of(self.base + moved) - bias) / np.where(near, 1.0, moved))
        contributions = pd.DataFrame(added * scale[:, None], columns=self.features, index=features.index)
        return contributions.assign(**{BIAS: bias})

    def _added(self, features: pd.DataFrame) -> Array:
        """Return what each feature adds to the probability along the trees' paths, (n, k)."""
        cells, rows = self._cells(features), np.arange(len(features))
        added = np.zeros((len(features), len(self.features)))
        for tree in self._trees:
            _follow(tree, cells, rows, added)
        return added * (self.least_rows / (self.least_rows + 1.0) / max(len(self._trees), 1))

    def save(self, folder: Path) -> None:
        """Write the trees as arrays in JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        stored = {**self.get_params(), "base": self.base, "fills": self._fills.tolist()}
        trees = [{name: tree[name].tolist() for name in _ARRAYS} for tree in self._trees]
        write_json(folder / _FILE, {**stored, "encoding": self.encoding.as_dict(), "trees": trees})

    @classmethod
    def load(cls, folder: Path) -> "ExtraTreesChurnModel":
        """Read what `save` wrote."""
        stored = read_json(folder / _FILE)
        model = cls(stored["least_rows"], stored["seed"])
        model.encoding, model.base = Encoding.from_dict(stored["encoding"]), stored["base"]
        model._fills = np.array(stored["fills"])
        model._trees = [
            {name: np.array(tree[name], dtype=kind) for name, kind in _ARRAYS.items()} for tree in stored["trees"]
        ]
        return model


def _medians(cells: Array) -> Array:
    """Return each column's median, 0 where nothing is finite."""
    return np.array([np.median(column[finite]) if (finite := np.isfinite(column)).any() else 0.0 for column in cells.T])


def _read_tree(tree: Any) -> dict[str, NDArray[Any]]:
    """Return scikit-learn's tree as arrays over its nodes; `value` is the churn rate."""
    shares = tree.value[:, 0, :]
    return {
        "feature": tree.feature.astype(int),
        "threshold": tree.threshold.astype(float),
        "left": tree.children_left.astype(int),
        "right": tree.children_right.astype(int),
        "value": shares[:, 1] / shares.sum(axis=1),
    }


def _follow(tree: dict[str, NDArray[Any]], cells: NDArray[np.float32], rows: NDArray[np.intp], added: Array) -> None:
    """Add to `added` (n, k) the change of the churn rate at each split of each row's path."""
    node = np.zeros(len(rows), dtype=int)
    rows = rows[tree["left"][node] >= 0]
    while len(rows):
        at = node[rows]
        feature = tree["feature"][at]
        goes_left = cells[rows, feature].astype(float) <= tree["threshold"][at]
        following = np.where(goes_left, tree["left"][at], tree["right"][at])
        added[rows, feature] += tree["value"][following] - tree["value"][at]
        node[rows] = following
        rows = rows[tree["left"][following] >= 0]
