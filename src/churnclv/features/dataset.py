"""The data set of a run: features and labels of the same rows, at the cutoffs whose labels are known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import require
from ..snapshots.cutoff_plan import Part
from ..snapshots.history import KEYS
from .model_columns import model_columns


@dataclass(frozen=True)
class Dataset:
    """Rows of the population, ordered by customer and cutoff.

    `features` has the keys, the purchase history and every feature; `labels` is aligned to it; `names` are the columns
    that churn models learn from; `customers` numbers the customers from 0; `parts` is each row's cutoff, or, in a
    labelled table without time, the number of its part.
    """

    features: pd.DataFrame
    labels: pd.DataFrame
    names: list[str]
    customers: NDArray[np.int64]
    parts: "pd.Series[Any]"

    def rows_at(self, parts: Sequence[Part]) -> NDArray[np.intp]:
        """Return where the rows of some parts are."""
        return np.flatnonzero(self.parts.isin(list(parts)))

    def at(self, parts: Sequence[Part]) -> "Dataset":
        """Return the rows of some parts: those at some cutoffs."""
        return self._take(self.rows_at(parts))

    def some(self, most: int) -> "Dataset":
        """Return at most so many rows, evenly spaced."""
        return self if len(self) <= most else self._take(np.linspace(0, len(self) - 1, most).astype(int))

    def _take(self, rows: NDArray[np.intp]) -> "Dataset":
        features, labels = (frame.iloc[rows].reset_index(drop=True) for frame in (self.features, self.labels))
        return Dataset(features, labels, self.names, self.customers[rows], self.parts.iloc[rows].reset_index(drop=True))

    def with_columns(self, columns: pd.DataFrame, *, seen: bool = True) -> "Dataset":
        """Return the same rows with the columns of value models, aligned to them, which churn models see if `seen`."""
        features = pd.concat([self.features, columns.set_index(self.features.index)], axis=1)
        names = model_columns(self.names, None, columns.columns if seen else ())
        return replace(self, features=features, names=names)

    @property
    def X(self) -> pd.DataFrame:  # noqa: N802 # scikit-learn's name
        """The columns that churn models learn from, (n, k)."""
        return self.features[self.names]

    @property
    def churned(self) -> NDArray[np.float64]:
        """1 where the customer made no purchase within the horizon, (n,)."""
        return self.labels["churned"].to_numpy(dtype=float)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.features)


def join_labels(features: pd.DataFrame, labels: pd.DataFrame, names: list[str]) -> Dataset:
    """Put labels beside the features of the same customers and cutoffs; both are ordered by these keys."""
    same = len(features) == len(labels) and all(_equal(features[key], labels[key]) for key in KEYS)
    if not same:
        message = "features and labels are not of the same snapshots"
        raise ValueError(message)
    require(len(features) > 0, "the population is empty at every cutoff.", remedy="see windows.active_days.")
    numbers = pd.factorize(features["customer_id"])[0].astype(np.int64)
    outcomes = labels.drop(columns=list(KEYS)).reset_index(drop=True)
    frame = features.reset_index(drop=True)
    return Dataset(frame, outcomes, names, numbers, frame["cutoff"])


def _equal(first: "pd.Series[Any]", second: "pd.Series[Any]") -> bool:
    """Return whether two columns hold the same; rows of a labelled table have no cutoff."""
    one, other = first.reset_index(drop=True), second.reset_index(drop=True)
    return bool(((one == other) | (one.isna() & other.isna())).all())
