"""Encoding: text columns become categories by number, learned from the rows a model is fitted on and stored with it."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .rare_categories import RARE

MOST_CATEGORIES = 64  # of one column; the rest count as one
_LEAST_ROWS = 5  # rows of a listed value; `rare_categories` masks by customers before
_LARGEST = float(np.finfo(np.float32).max)  # XGBoost stores 32-bit floats
_BELOW_ALL = -1e30  # a missing number in trees; XGBoost has no bins below the least 32-bit float


@dataclass(frozen=True)
class Encoding:
    """The columns in order, and for those that hold text their values, most frequent first.

    A text column whose values are all numbers, such as an age among a customer's attributes, is read as numbers.

    A value's number is its place; a value outside the list, in training or not, gets the number after the last.

    Missing values stay missing. Where `fills_missing` is true, those in the cells of trees are numbers: a missing text
    has the number after that of unlisted values, and a missing quantity is below all others. A split can then part them
    from the rest as before, and XGBoost is more than twice as fast on a table without missing cells.
    """

    columns: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    fills_missing: bool = False

    @classmethod
    def learn(cls, rows: pd.DataFrame, *, fills_missing: bool = False) -> "Encoding":
        """Take the columns (n, k) as they are, and list the frequent values of those that hold text."""
        texts = [name for name in rows.columns if not _is_number_text(rows[name])]
        categories = {str(name): _frequent(rows[name]) for name in texts}
        return cls(tuple(map(str, rows.columns)), categories, fills_missing)

    def apply(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Return numbers (n, k), NaN where missing; a column of numbers that holds text now is missing there."""
        cells = np.empty((len(rows), len(self.columns)))
        numbers = [place for place, name in enumerate(self.columns) if name not in self.categories]
        cells[:, numbers] = _all_numbers(rows[[self.columns[place] for place in numbers]])
        for place, name in enumerate(self.columns):
            if name in self.categories:
                cells[:, place] = self._codes(name, rows[name])
        return cells

    def tree_cells(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Return the numbers for trees, (n, k): infinite ones are missing, and very large ones are clipped."""
        cells = self.apply(rows)
        cells = np.clip(np.where(np.isinf(cells), np.nan, cells), -_LARGEST, _LARGEST)
        if not self.fills_missing:
            return cells
        codes = [
            float(len(self.categories[name]) + 1) if name in self.categories else _BELOW_ALL for name in self.columns
        ]
        return np.where(np.isnan(cells), codes, cells)

    def typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return a table of texts with numbers in the columns that held numbers, NaN where a cell is no number."""
        wanted = [name for name in rows.columns if name in self.columns and name not in self.categories]
        numbers = {name: _numbers(rows[name]) for name in wanted}
        return pd.DataFrame({name: numbers.get(name, rows[name]) for name in rows.columns}, index=rows.index)

    def _codes(self, name: str, column: "pd.Series[Any]") -> NDArray[np.float64]:
        values = self.categories[name]
        places = {value: float(place) for place, value in enumerate(values)}
        if pd.api.types.infer_dtype(column, skipna=True) == "string":  # each text is looked up once
            numbers, texts = pd.factorize(column)
            return np.array([*(places.get(text, float(len(values))) for text in texts), np.nan])[numbers]
        codes = column.astype(object).map(
            lambda cell: places.get(_cell_text(cell), float(len(values))), na_action="ignore"
        )
        return codes.to_numpy(dtype=float, na_value=np.nan)

    @property
    def kinds(self) -> list[str]:
        """XGBoost's feature types: `c` for categories, `q` for quantities."""
        return ["c" if name in self.categories else "q" for name in self.columns]

    def as_dict(self) -> dict[str, Any]:
        """Return the encoding for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Encoding":
        """Return the encoding from the result of `as_dict`."""
        categories = {name: tuple(values) for name, values in stored["categories"].items()}
        return cls(tuple(stored["columns"]), categories, stored.get("fills_missing", False))


def _is_number_text(column: "pd.Series[Any]") -> bool:
    if pd.api.types.is_numeric_dtype(column):
        return True
    filled = column.dropna()
    return len(filled) > 0 and bool(np.isfinite(_numbers(filled)).all())


def _frequent(column: "pd.Series[Any]") -> tuple[str, ...]:
    counts = column.dropna().astype(str).value_counts().drop(RARE, errors="ignore")
    least = min(_LEAST_ROWS, int(counts.max()) if len(counts) else 0)
    ranked = sorted(counts[counts >= least].items(), key=lambda pair: (-pair[1], str(pair[0])))
    return tuple(str(value) for value, _ in ranked[:MOST_CATEGORIES])


def _cell_text(cell: Any) -> str:
    """Return a cell as reading a file would: 1.0 is 1, True is true."""
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell)


def _all_numbers(columns: pd.DataFrame) -> NDArray[Any]:
    """Return the numbers of columns, (n, k): of plain ones at once, which takes a fraction of the time."""
    cells = columns.to_numpy()
    if cells.dtype.kind in "iuf":
        return cells
    return np.column_stack([_numbers(columns[name]) for name in columns.columns])


def _numbers(column: "pd.Series[Any]") -> NDArray[np.float64]:
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=float, na_value=np.nan)
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
