"""Covariates that do not change: attributes of customers, encoded as columns with mean 0 and standard deviation 1.

A number is one column; where it has missing values, a second one says so. A category has one column per level but the
reference, which is its most frequent level; missing values are a level. A level that fewer than five customers have,
that is not among the 20 most frequent, or was not in the fit counts as the average customer, as does a missing number
where the fit had none. A number beyond the range of the fit counts as the end of that range.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..data.readings import LEAST_CUSTOMERS
from ..errors import listed, require
from ..features.rare_categories import RARE
from .rfm import Array

MISSING = "(missing)"
MOST_LEVELS = 20  # of a category: further levels count as the average customer
_LEAST_SPREAD = 1e-9
_DEPENDENT = 1e-8  # what is left of a column beside the columns before it


@dataclass(frozen=True)
class DesignColumn:
    """One column: the attribute; the level it stands for, None for the number itself; and how it is standardised.

    `reference` is the level without a column. `low` and `high` bound a number.
    """

    attribute: str
    level: str | None
    reference: str
    centre: float
    scale: float
    low: float = 0.0
    high: float = 1.0

    @property
    def name(self) -> str:
        """The attribute, with the level of a category."""
        return self.attribute if self.level is None else f"{self.attribute}={self.level}"


@dataclass(frozen=True)
class Design:
    """The columns that attributes are encoded as, and the values of categories that have a meaning.

    `levels` are the known levels by attribute; an attribute that is not among them is a number. `left_out` are columns
    that say nothing beside the others: constant ones, and sums of others.
    """

    columns: tuple[DesignColumn, ...]
    levels: dict[str, tuple[str, ...]]
    left_out: tuple[str, ...] = ()

    @classmethod
    def learn(cls, frame: pd.DataFrame, wanted: Iterable[str]) -> "Design":
        """Return the design of some attributes of customers.

        Parameters
        ----------
        frame
            One row per customer.
        wanted
            Those columns of the frame that are covariates.

        Raises
        ------
        InputError
            An attribute is no column, or a number is infinite.
        """
        names = list(dict.fromkeys(wanted))
        missing = [name for name in names if name not in frame]
        require(
            not missing,
            f"no column {listed(missing)} for covariates.",
            remedy=f"columns: {listed(list(frame.columns))}",
        )
        columns: list[DesignColumn] = []
        levels: dict[str, tuple[str, ...]] = {}
        for name in names:
            if _is_number(frame[name]):
                columns += _number_columns(name, frame[name])
            else:
                known, own = _level_columns(name, frame[name])
                levels[name] = known
                columns += own
        kept = _independent(cls(tuple(columns), levels).encode(frame))
        left = tuple(column.name for place, column in enumerate(columns) if place not in kept)
        return cls(tuple(columns[place] for place in kept), levels, left)

    def encode(self, frame: pd.DataFrame) -> Array:
        """Return the columns of customers, (n, columns); an attribute that the frame lacks counts as the average."""
        cells = {name: self._cells(frame[name]) for name in {one.attribute for one in self.columns} & set(frame)}
        z = np.zeros((len(frame), len(self.columns)))
        for place, column in enumerate(self.columns):
            if column.attribute in cells:
                z[:, place] = _standardised(column, cells[column.attribute], self.levels.get(column.attribute))
        return z

    def _cells(self, cells: "pd.Series[Any]") -> "pd.Series[Any]":
        if cells.name in self.levels:
            return cells.astype(object).where(cells.notna(), MISSING).astype(str)
        return pd.to_numeric(cells, errors="coerce").astype(float)

    def places(self, attributes: Sequence[str]) -> list[int]:
        """Return where the columns of some attributes are."""
        return [place for place, column in enumerate(self.columns) if column.attribute in attributes]

    @property
    def at_zero(self) -> Array:
        """The encoding of numbers that are 0 and categories at their reference, (columns,)."""
        return np.array([-column.centre / column.scale for column in self.columns])

    def as_dict(self) -> dict[str, Any]:
        """Return the design for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Design":
        """Read what `as_dict` returned."""
        columns = tuple(DesignColumn(**column) for column in stored["columns"])
        levels = {name: tuple(known) for name, known in stored["levels"].items()}
        return cls(columns, levels, tuple(stored["left_out"]))


def _is_number(cells: "pd.Series[Any]") -> bool:
    return bool(pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells))


def _number_columns(name: str, cells: "pd.Series[Any]") -> list[DesignColumn]:
    values = cells.to_numpy(dtype=float, na_value=np.nan)
    require(not np.isinf(values).any(), f"covariate {name!r} has an infinite value.", remedy="leave such cells empty.")
    known = values[~np.isnan(values)]
    if not len(known):
        return []
    spread = float(known.std()) or 1.0
    number = DesignColumn(name, None, "", float(known.mean()), spread, float(known.min()), float(known.max()))
    gaps = np.isnan(values)
    return [number, _indicator(name, MISSING, "", gaps)] if gaps.any() else [number]


def _level_columns(name: str, cells: "pd.Series[Any]") -> tuple[tuple[str, ...], list[DesignColumn]]:
    texts = cells.astype(object).where(cells.notna(), MISSING).astype(str)
    counts = texts.value_counts()
    frequent = sorted(counts.index[counts >= LEAST_CUSTOMERS], key=lambda level: (-counts[level], level))
    frequent = [level for level in frequent if level != RARE][:MOST_LEVELS]
    if not frequent:
        return (), []
    reference = frequent[0]
    known = texts[texts.isin(frequent)]
    own = [_indicator(name, level, reference, (known == level).to_numpy()) for level in sorted(frequent[1:])]
    return tuple(sorted(frequent)), own


def _indicator(name: str, level: str, reference: str, holds: Array) -> DesignColumn:
    share = float(np.mean(holds))
    return DesignColumn(name, level, reference, share, max(np.sqrt(share * (1.0 - share)), _LEAST_SPREAD))


def _standardised(column: DesignColumn, cells: "pd.Series[Any]", levels: tuple[str, ...] | None) -> Array:
    if levels is not None:
        values = np.where(cells.isin(levels), (cells == column.level).astype(float), column.centre)
    elif column.level == MISSING:
        values = cells.isna().to_numpy(dtype=float)
    else:
        values = np.clip(cells.to_numpy(), column.low, column.high)
        values = np.where(np.isnan(values), column.centre, values)
    return np.asarray((values - column.centre) / column.scale)


def _independent(z: Array) -> list[int]:
    """Return the places of columns that are no sum of the columns before them, in order."""
    kept: list[int] = []
    basis = np.ones((len(z), 1)) / np.sqrt(max(len(z), 1))
    for place in range(z.shape[1]):
        column = z[:, place]
        left = column - basis @ (basis.T @ column)
        left -= basis @ (basis.T @ left)
        length = float(np.linalg.norm(left))
        if length > _DEPENDENT * np.sqrt(max(len(z), 1)):
            kept.append(place)
            basis = np.column_stack([basis, left / length])
    return kept
