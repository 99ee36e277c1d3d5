"""What a calendar for all customers adds to the log of the purchase rate, day by day."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from .coefficients import PURCHASE, tabulate
from .covariate_calendar import Calendar
from .covariate_paths import period_of
from .covariates import Design, DesignColumn
from .rfm import Array

_FURTHER_DAYS = 1.0


@dataclass(frozen=True)
class DayEffects:
    """Effects of a calendar on the log of the purchase rate.

    Parameters
    ----------
    first_day
        The day number of the first effect; earlier days have none.
    by_day
        The effects of the days from then on.
    later
        The effect of all days after them.
    columns, coefficients, errors
        The columns of the design, and their coefficients and standard errors per unit.
    assumption
        What is assumed after the calendar's end, as a sentence.
    """

    first_day: float
    by_day: tuple[float, ...]
    later: float
    columns: tuple[DesignColumn, ...]
    coefficients: tuple[float, ...]
    errors: tuple[float, ...]
    assumption: str

    @property
    def end_day(self) -> float:
        """The day after the last one with an effect of its own."""
        return self.first_day + len(self.by_day)

    def table(self) -> pd.DataFrame:
        """Return the coefficients, as `coefficients.tabulate` does."""
        columns = [(PURCHASE, column) for column in self.columns]
        return tabulate(columns, np.array(self.coefficients), np.array(self.errors))

    def as_dict(self) -> dict[str, Any]:
        """Return the effects for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "DayEffects":
        """Read what `as_dict` returned."""
        columns = tuple(DesignColumn(**column) for column in stored["columns"])
        lists = {name: tuple(stored[name]) for name in ("by_day", "coefficients", "errors")}
        return cls(**{**stored, **lists, "columns": columns})


@dataclass(frozen=True)
class DayCovariates:
    """The encoded covariates of calendars for all customers by day, before a cutoff and after it.

    Parameters
    ----------
    design
        How they are encoded, by their values before the cutoff.
    first_day
        The day number of the first row.
    z
        A row per day, up to where the calendar and what repeats it end, (days, columns).
    later
        What is assumed of all days after, (columns,).
    assumption
        The same as a sentence.
    """

    design: Design
    first_day: float
    z: Array
    later: Array
    assumption: str

    @classmethod
    def read(cls, calendars: Sequence[Calendar], end: float) -> "DayCovariates":
        """Return the covariates of several calendars; `end` is the last whole day before the cutoff."""
        parts = [cls._read_one(calendar, end) for calendar in calendars]
        first = min(part.first_day for part in parts)
        days = np.arange(first, max(part.first_day + len(part.z) for part in parts))
        columns = tuple(column for part in parts for column in part.design.columns)
        levels = {name: known for part in parts for name, known in part.design.levels.items()}
        z, later = np.hstack([part.of(days) for part in parts]), np.concatenate([part.later for part in parts])
        return cls(Design(columns, levels), first, z, later, " ".join(part.assumption for part in parts))

    @classmethod
    def _read_one(cls, calendar: Calendar, end: float) -> "DayCovariates":
        design = calendar.design(calendar.names, end)
        starts, z = (part[0] for part in calendar.periods(design, pd.Index([""])))
        days = np.arange(starts[0], starts[-1] + _FURTHER_DAYS)
        own = z[period_of(starts[None, :], np.zeros(len(days), dtype=int), days)]
        return cls(design, float(starts[0]), own[:-1], z[-1], calendar.sentence(end + 1.0))

    def of(self, days: Array) -> Array:
        """Return the rows of some days, (days, columns); a day before the first is an average one."""
        place = (days - self.first_day).astype(int)
        known = np.concatenate([np.zeros((1, self.z.shape[1])), self.z, self.later[None, :]])
        return np.asarray(known[np.clip(place + 1, 0, len(known) - 1)])

    def effects(self, coefficients: Array, errors: Array) -> DayEffects:
        """Return the effects of given coefficients per standard deviation, and their standard errors."""
        scales = np.array([column.scale for column in self.design.columns])
        values, spreads = (tuple(map(float, part)) for part in (coefficients / scales, errors / scales))
        by_day, later = tuple(map(float, self.z @ coefficients)), float(self.later @ coefficients)
        return DayEffects(self.first_day, by_day, later, self.design.columns, values, spreads, self.assumption)
