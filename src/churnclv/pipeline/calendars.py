"""The declared covariates of days: a calendar of the market from each file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clv.covariate_calendar import DATE, Calendar, format_day
from ..data.engine import EngineSettings, connect
from ..data.events import Events
from ..data.inspection.loaded_table import load_table
from ..data.settings import CalendarSettings, DataSettings
from ..errors import listed, require
from ..files import file_digest, locate


def calendar_digests(settings: DataSettings) -> list[str]:
    """Return the digests of the files: what they hold is part of a run's data."""
    return [file_digest(_file_of(name, one)) for name, one in sorted(settings.covariates.items())]


def read_calendars(settings: DataSettings, events: Events) -> tuple[Calendar, ...]:
    """Return the calendar of each declared covariate.

    Parameters
    ----------
    settings
        Of the data.
    events
        The log, all of whose days the files have to hold.

    Raises
    ------
    InputError
        A file cannot be read, has no such column, holds no date or no number where others are, or lacks days.
    """
    calendars = {name: _read_one(name, one) for name, one in settings.covariates.items()}
    first, last = (np.floor((moment - pd.Timestamp(0)) / pd.Timedelta(days=1)) for moment in (events.start, events.end))
    for name, calendar in calendars.items():
        _require_days(f"data.covariates.{name}: {settings.covariates[name].path}", calendar, first, last - 1.0)
    return tuple(calendars.values())


def _read_one(name: str, settings: CalendarSettings) -> Calendar:
    path = _file_of(name, settings)
    cells = load_table(connect(EngineSettings()), str(path)).cells()
    where = f"data.covariates.{name}: {path.name}"
    missing = [column for column in (settings.date, settings.value) if column not in cells]
    remedy = f"columns: {listed(list(cells.columns))}; name them: data.covariates.{name}.date=... .value=..."
    require(not missing, f"{where} has no column {listed(missing)}.", remedy=remedy)
    table = pd.DataFrame({DATE: cells[settings.date], name: _values(cells[settings.value], where)})
    return Calendar.read(table, where, settings.assumed.value)


def _values(cells: "pd.Series[Any]", where: str) -> "pd.Series[Any]":
    """Return numbers where most cells are numbers, else texts."""
    numbers, given = pd.to_numeric(cells, errors="coerce"), cells.notna()
    if numbers.notna().sum() * 2 < given.sum():
        return cells
    bad = np.flatnonzero(given & numbers.isna())
    row = bad[0] if len(bad) else 0
    message = f"{where}, row {row + 1}, column {cells.name!r}: {cells.iloc[row]!r} is no number, as others are."
    require(not len(bad), message, remedy="write it as 12.5, or leave the cell empty.")
    return numbers


def _file_of(name: str, settings: CalendarSettings) -> Path:
    path = locate(Path(str(settings.path)))
    require(path.is_file(), f"data.covariates.{name}.path: {settings.path}: no such file.", remedy="check the path.")
    return path


def _require_days(where: str, calendar: Calendar, first: float, last: float) -> None:
    begins, ends = calendar.first_day, float(calendar.ends().min())
    message = f"{where} begins on {format_day(begins)}, after the first event, of {format_day(first)}."
    require(begins <= first, message, remedy="add the days before.")
    message = f"{where} ends on {format_day(ends - 1.0)}, before the last event, of {format_day(last)}."
    require(ends > last, message, remedy="add the days until then.")
