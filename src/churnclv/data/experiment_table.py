"""Experiment tables: one row per customer with what was done, what happened afterwards, and what was known before."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import listed, require
from .dates import choose_dates
from .labelled_table import LabelledTable, TableCells, learn_table, read_cells
from .quality import QualityReport
from .readings import NUMBER, ReadingChoices, learn_readings
from .settings import STATIC, DataSettings

_SHOWN, _SHOWN_ROWS = 60, 5
_ENDS = ("_low", "_high")  # of the columns of an effect's interval


@dataclass(frozen=True)
class ExperimentTable:
    """Customers with treatment and outcome, in the order of their ids.

    Attributes
    ----------
    table
        What was known before: features, ids, split and quality report.
    arm
        What each customer got, shape (n,): 0 = control, then `arms` in order.
    arms
        The names of the treatments.
    outcome
        What happened, 0 or 1 or an amount, shape (n,).
    propensities
        The probability of each arm as the table has it, shape (n, arms + 1); None where it does not.
    """

    table: LabelledTable
    arm: NDArray[np.int64]
    arms: tuple[str, ...]
    outcome: NDArray[np.float64]
    propensities: NDArray[np.float64] | None

    @property
    def quality(self) -> QualityReport:
        """The quality report."""
        return self.table.quality


def read_experiment(connection: Any, settings: DataSettings, frame: Any = None) -> ExperimentTable:
    """Read the table of an experiment, a file or a pandas frame.

    Raises
    ------
    InputError
        A fault of the file, a missing column, a blank treatment, no control group, an outcome that is neither two
        values nor an amount, a probability outside 0 to 1, or an outcome before its treatment.
    """
    cells = read_cells(connection, settings, frame)
    arm, arms = _read_arms(cells, settings)
    outcome = _read_outcome(connection, cells, settings)
    _require_treatment_first(cells, settings)
    propensities = _read_propensities(connection, cells, settings, arms)
    return ExperimentTable(learn_table(connection, cells), arm, arms, outcome, propensities)


def _read_arms(cells: TableCells, settings: DataSettings) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the arm of each customer, and the names of the treatments in order of the alphabet."""
    column, control = cells.kept[cells.roles["treatment"]], str(settings.control)
    where = f"{cells.origin}: column {settings.treatment!r}"
    if control.lower() in {"", *(token.lower() for token in settings.missing_tokens)}:
        _require_written_or_blank(cells, settings, where)
        column = column.fillna(control)  # a group that is called none, or nothing
    _require_none(column.isna(), where, "is blank", "write the control group's name, or leave such rows out.")
    names = sorted(set(column))
    shown = listed([repr(name[:_SHOWN]) for name in names], 6)
    message = f"{where} holds {shown}, but not data.control={control}."
    require(control in names, message, remedy="name the group that was left alone.")
    message = f"{where} holds one value, {shown}: an effect needs customers with and without treatment."
    require(len(names) > 1, message, remedy="add those who were treated.")
    arms = tuple(name for name in names if name != control)
    doubled = [name for name in arms for end in _ENDS if f"{name}{end}" in arms]
    both = f"{listed([repr(name) for name in doubled])} and the same name with _low or _high"
    message = f"{where}: the effects of {both} would have columns of one name in the scores."
    require(not doubled, message, remedy="rename one of them in the export.")
    numbers = {name: number for number, name in enumerate((control, *arms))}
    return column.map(numbers).to_numpy(dtype=np.int64), arms


def _require_written_or_blank(cells: TableCells, settings: DataSettings, where: str) -> None:
    """Check that a control group called none, or nothing, is either written or blank: others may be lost cells.

    Raises
    ------
    InputError
        Both occur.
    """
    rows = cells.log.table
    cell = rows[f"{STATIC}c{cells.header.index(str(settings.treatment))}"].strip()
    blank, written = cell.fill_null("") == "", cell.lower() == str(settings.control).lower()
    counts = rows.aggregate(blank=blank.sum(), written=written.sum()).execute().iloc[0].fillna(0)
    blanks, others = (int(counts[name]) for name in ("blank", "written"))
    message = f"{where} is blank in {blanks:,} of the rows, and says {settings.control} in {others:,}."
    remedy = f"write {settings.control} where nothing was sent, and leave out rows whose treatment was lost."
    require(not (blanks and others), message, remedy=remedy)


def _read_outcome(connection: Any, cells: TableCells, settings: DataSettings) -> NDArray[np.float64]:
    """Return the outcome: 1 for `data.positive` and 0 else, or the numbers of the column."""
    column = cells.kept[cells.roles["outcome"]]
    where = f"{cells.origin}: column {settings.outcome!r}"
    shown = listed([repr(text[:_SHOWN]) for text in sorted(column.unique())], 6)
    message = f"{where} holds one value, {shown}: nothing can be learned from it."
    require(len(set(column)) > 1, message, remedy="check that the outcomes were recorded.")
    if settings.positive is not None:
        happened = (column == settings.positive).to_numpy()
        message = f"{where} holds {shown}, but not data.positive={settings.positive}."
        require(bool(happened.any()), message, remedy="name one of them.")
        return np.asarray(happened, dtype=float)
    remedy = "name the text that counts as 1, data.positive=yes, or write numbers."
    return _numbers(connection, cells, str(settings.outcome), remedy)


def _numbers(connection: Any, cells: TableCells, name: str, remedy: str) -> NDArray[np.float64]:
    """Return the numbers of a column that has nothing else.

    Raises
    ------
    InputError
        A cell is no number; the message has its row.
    """
    column, where = cells.kept[name], f"{cells.origin}: column {name!r}"
    choices = ReadingChoices(cells.origin, cells.choices.decimal, cells.choices.typed, frozenset((name,)))
    read = learn_readings(connection, pd.DataFrame({name: column}), choices)
    numbers = pd.to_numeric(read.frame[name], errors="coerce")
    plain = read.readings[name].kind == NUMBER or bool(numbers.notna().any())
    values = np.asarray(numbers if plain else np.full(len(column), np.nan), dtype=np.float64)
    _require_none(pd.Series(~np.isfinite(values), index=column.index, dtype=bool), where, "is no number", remedy)
    return values


def _read_propensities(
    connection: Any, cells: TableCells, settings: DataSettings, arms: tuple[str, ...]
) -> NDArray[np.float64] | None:
    """Return the probability of each arm, control first; None where the settings name no columns."""
    if not settings.propensities:
        return None
    unknown, missing = sorted(set(settings.propensities) - set(arms)), sorted(set(arms) - set(settings.propensities))
    remedy = f"the treatments are {listed([repr(arm) for arm in arms])}."
    require(not unknown, f"data.propensities names {listed(unknown)}.", remedy=remedy)
    require(not missing, f"data.propensities lacks {listed(missing)}.", remedy="name a column for each treatment.")
    remedy = "a probability is a number above 0 and below 1."
    columns = [_numbers(connection, cells, settings.propensities[arm], remedy) for arm in arms]
    treated = np.column_stack(columns)
    every = np.column_stack([1.0 - treated.sum(axis=1), treated])
    outside = pd.Series((every <= 0.0).any(axis=1) | (every >= 1.0).any(axis=1), index=cells.kept.index)
    named = listed([repr(settings.propensities[arm]) for arm in arms])
    what = "leaves an arm without a probability above 0 and below 1"
    _require_none(outside, f"{cells.origin}: {named}", what, f"{remedy[:-1]}, and the control group has the rest.")
    return every


def _require_treatment_first(cells: TableCells, settings: DataSettings) -> None:
    """Raise `InputError` where an outcome is dated before the treatment that it is to be an effect of."""
    if settings.treated_on is None or settings.outcome_on is None:
        return
    treated, happened = (_dates(cells, settings, name) for name in (settings.treated_on, settings.outcome_on))
    where = f"{cells.origin}: column {settings.outcome_on!r}"
    what = f"lies before the treatment, column {settings.treated_on!r}"
    remedy = "an effect comes after its cause: leave such rows out, or count outcomes from the treatment on."
    _require_none(happened < treated, where, what, remedy)


def _dates(cells: TableCells, settings: DataSettings, name: str) -> "pd.Series[Any]":
    """Return the dates of a column by row, missing where a cell is blank or no date."""
    mapped = replace(settings, static={f"c{place}": column for place, column in enumerate(cells.header)})
    dates, raw = choose_dates(cells.log, mapped, f"{STATIC}c{cells.header.index(name)}"), cells.log.table
    moments: pd.DataFrame = raw.select("row", moment=dates.parse(raw, mapped).moment).execute()
    parsed: pd.Series[Any] = pd.to_datetime(moments.set_index("row")["moment"]).reindex(cells.kept.index)
    return parsed


def _require_none(wrong: "pd.Series[bool]", where: str, what: str, remedy: str) -> None:
    """Raise `InputError` where a row is wrong; the message names the first rows, whose header is row 1."""
    rows = sorted(int(row) for row in wrong.index[wrong.to_numpy(dtype=bool)])
    named = f"{'row' if len(rows) == 1 else 'rows'} {listed([str(row) for row in rows], _SHOWN_ROWS)}"
    require(not rows, f"{where} {what} in {len(rows):,} {'row' if len(rows) == 1 else 'rows'}: {named}.", remedy=remedy)
