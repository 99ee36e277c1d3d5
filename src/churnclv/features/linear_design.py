"""Design matrix of linear models: columns standardised, missing ones flagged, learned from the training rows."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .category_encoding import Encoding

_LARGEST = 1e12

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LinearDesign:
    """The derived columns of a feature table.

    Each number enters log-compressed, sign(v) log(1 + |v|), and as it is. Missing values are replaced by the mean and
    flagged. Categories are one-hot encoded. All columns are standardised; constant ones become 0.

    Attributes
    ----------
    plain
        Whether numbers enter as they are, too.
    farthest
        Standard deviations at which outliers are clipped.
    encoding
        The columns of the table, and their categories.
    fills
        What stands in for a missing number, one per column of the table.
    means, scales
        Of the derived columns; the scale of a constant one is infinite.
    """

    plain: bool = True
    farthest: float = 6.0
    encoding: Encoding = field(default_factory=lambda: Encoding((), {}))
    fills: Array = field(default_factory=lambda: np.zeros(0))
    means: Array = field(default_factory=lambda: np.zeros(0))
    scales: Array = field(default_factory=lambda: np.zeros(0))

    def learn(self, rows: pd.DataFrame) -> "LinearDesign":
        """Return the design with fills, means and scales from training rows (n, k), null where undefined."""
        encoding = Encoding.learn(rows)
        cells = encoding.apply(rows)
        finite = np.isfinite(cells)
        bounded = np.clip(np.where(finite, cells, 0.0), -_LARGEST, _LARGEST)
        fills = bounded.sum(axis=0) / np.maximum(finite.sum(axis=0), 1)
        design = replace(self, encoding=encoding, fills=fills)
        derived, _ = design.derive(cells)
        means, spread = derived.mean(axis=0), derived.std(axis=0)
        scales = np.where(spread > np.abs(means) / _LARGEST, spread, np.inf)
        return replace(design, means=means, scales=scales)

    def apply(self, rows: pd.DataFrame) -> Array:
        """Return the standardised columns of some rows, (n, derived)."""
        return self.apply_with_owners(rows)[0]

    def apply_with_owners(self, rows: pd.DataFrame) -> tuple[Array, list[int]]:
        """Return the standardised columns, and for each the place of its column in the table."""
        derived, owners = self.derive(self.encoding.apply(rows))
        return np.clip((derived - self.means) / self.scales, -self.farthest, self.farthest), owners

    def derive(self, cells: Array) -> tuple[Array, list[int]]:
        """Return the derived columns of encoded cells (n, k), (n, derived), and for each the place of its column."""
        columns, owners = [np.zeros((len(cells), 0))], []
        missing = ~np.isfinite(cells)
        filled = np.clip(np.where(missing, self.fills, cells), -_LARGEST, _LARGEST)
        numbers = [*([filled] if self.plain else []), np.sign(filled) * np.log1p(np.abs(filled))]
        for place, name in enumerate(self.encoding.columns):
            if name in self.encoding.categories:
                values = len(self.encoding.categories[name]) + 1
                parts = [(cells[:, place] == value).astype(float) for value in range(values)]
            else:
                parts = [each[:, place] for each in numbers]
            parts.append(missing[:, place].astype(float))
            columns += parts
            owners += [place] * len(parts)
        return np.column_stack(columns), owners

    def as_dict(self) -> dict[str, Any]:
        """Return what was learned, for JSON, which has no infinity: the scale of a constant column is 0 there."""
        scales = np.where(np.isfinite(self.scales), self.scales, 0.0)
        arrays = {"fills": self.fills, "means": self.means, "scales": scales}
        stored = {name: [float(value) for value in values] for name, values in arrays.items()}
        return {**stored, "encoding": self.encoding.as_dict()}

    def from_dict(self, stored: dict[str, Any]) -> "LinearDesign":
        """Return the design with what was learned, from the result of `as_dict`."""
        fills, means, scales = (np.array(stored[name]) for name in ("fills", "means", "scales"))
        scales = np.where(scales == 0.0, np.inf, scales)
        return replace(self, encoding=Encoding.from_dict(stored["encoding"]), fills=fills, means=means, scales=scales)
