"""Purchase histories as arrays, in the notation of the papers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .covariate_paths import CovariatePaths

Array = NDArray[np.float64]
X, T_X, AGE, LOG_GAPS = "repeat_purchases", "last_purchase_age_days", "age_days", "log_gap_days_sum"
MEAN_SPEND = "mean_repeat_spend"


@dataclass(frozen=True)
class Histories:
    """The input of purchase models, one value per customer, each of shape (n,).

    `x` repeat purchases; `t_x` days from the first purchase to the last; `T` days from the first purchase to the
    cutoff; `log_gaps` the sum of the logs of the days between purchases, 0 where there is none. `z` are covariates as a
    model encodes them, (n, columns); without them a customer is the average one. `paths` are covariates that
    change over time.
    """

    x: Array
    t_x: Array
    T: Array
    log_gaps: Array
    z: Array | None = None
    paths: "CovariatePaths | None" = None

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.x)

    def take(self, rows: Any) -> "Histories":
        """Return some customers: an index, mask or slice."""
        z = None if self.z is None else self.z[rows]
        paths = None if self.paths is None else self.paths.take(rows)
        return Histories(self.x[rows], self.t_x[rows], self.T[rows], self.log_gaps[rows], z, paths)

    def later(self, time: Array) -> "Histories":
        """Return the same customers `time` (n,) later, without a purchase meanwhile."""
        paths = None if self.paths is None else self.paths.later(time)
        return replace(self, T=self.T + time, paths=paths)

    @property
    def arrays(self) -> list[Array]:
        """All numbers of the histories, in the order of their fields."""
        plain = [self.x, self.t_x, self.T, self.log_gaps, *([] if self.z is None else [self.z])]
        return plain if self.paths is None else [*plain, *self.paths.arrays]

    def chunks(self, rows: int) -> Iterator[slice]:
        """Yield slices of at most so many customers."""
        for first in range(0, len(self), rows):
            yield slice(first, first + rows)


def read_histories(frame: pd.DataFrame) -> Histories:
    """Return the histories of a feature table; T is at least t_x."""
    x, t_x, age = (frame[name].to_numpy(dtype=float) for name in (X, T_X, AGE))
    gaps = frame[LOG_GAPS].to_numpy(dtype=float) if LOG_GAPS in frame else np.zeros(len(x))
    return Histories(x, t_x, np.maximum(age, t_x), gaps)


def new_customers(n: int) -> Histories:
    """Return customers at the moment of their first purchase."""
    none = np.zeros(n)
    return Histories(none, none, none, none)
