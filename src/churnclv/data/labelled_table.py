"""Labelled tables: one row per customer with an observed outcome, for data without dated events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import listed, require
from ..files import digest
from .faults import LABELLED
from .fingerprint import content_fingerprint
from .quality import FaultCount, QualityReport, check_policies
from .readings import NUMBER, ColumnReading, ReadColumns, ReadingChoices, apply_readings, learn_readings
from .settings import STATIC, Columns, DataSettings, Policy
from .source import NUMBER as NUMBER_TYPE
from .source import RawLog, read_columns, read_file, read_frame

_RESERVED = ("customer_id", "cutoff", "in_population", "(bias)")  # names used in snapshots and contributions
_FRAME_ORIGIN = "the table given"
_BOOLEANS = ("true", "false")
_CLASSES = 2
_SHOWN = 60  # characters of a name or a value in a message
_NAME_TARGET = "name the column of outcomes: data.target=Churn"
_OUTCOME_ROLES = ("target", "split", "treatment", "outcome", "treated_on", "outcome_on")  # columns that are no features


@dataclass(frozen=True)
class TableReport(QualityReport):
    """What was read, kept and set aside of a labelled table, and the columns that are not used."""

    dropped: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return the report as printed lines."""
        _, *faults = super().lines()
        head = f"{self.rows_read:,} rows read = {self.rows_kept:,} kept + {self.rows_set_aside:,} set aside"
        return [head, *faults, *[f"  {line}" for line in self._dropped_lines()]]

    def section(self) -> list[str]:
        """Return the report's section of the page, including the columns left out."""
        return [*super().section(), *[f"- {line}" for line in self._dropped_lines()], ""]

    def _dropped_lines(self) -> list[str]:
        return [f"column {name!r} is not learned from: {why}" for name, why in self.dropped.items()]


@dataclass(frozen=True)
class LabelledTable:
    """One row per customer, ordered by id.

    Attributes:
        frame: the feature columns under the file's names: numbers as float64, others as text, null where missing. For
            scoring, columns are read by the bundle's readings; columns without a reading are text.
        ids: the customers' ids.
        churned: 1 for customers who left, 0 for those who stayed; None for scoring.
        split: the text of the split column; None without one, and for scoring.
        quality: the quality report.
        readings: how each column was read, including the columns left out.
    """

    frame: pd.DataFrame
    ids: NDArray[np.str_]
    churned: NDArray[np.float64] | None
    split: NDArray[np.str_] | None
    quality: TableReport
    readings: dict[str, ColumnReading] = field(default_factory=dict)

    @property
    def outcomes(self) -> NDArray[np.float64]:
        """The outcomes; `ValueError` for a table read for scoring."""
        if self.churned is None:
            message = "a table read for scoring has no outcomes"
            raise ValueError(message)
        return self.churned


def read_labelled(
    connection: Any,
    settings: DataSettings,
    frame: Any = None,
    *,
    for_scoring: bool = False,
    readings: Mapping[str, ColumnReading] | None = None,
) -> LabelledTable:
    """Read a labelled table (a file, or a pandas frame); for scoring, outcomes are not read.

    `readings` are those of the bundle, for scoring.

    Raises:
        InputError: a fault of the file, a missing column, outcomes that are not two, too many rows set aside, numbers
            that can be read two ways, or a number column that holds few numbers at scoring.
    """
    require(for_scoring or settings.target is not None, "data.target is not set.", remedy=_NAME_TARGET)
    cells = read_cells(connection, settings, frame, for_scoring=for_scoring)
    if for_scoring:
        read = apply_readings(connection, cells.features, readings or {}, cells.choices)
        return LabelledTable(_plain_index(read.frame), cells.ids, None, None, cells.report(read), read.readings)
    churned = _outcomes(cells.kept[cells.roles["target"]], settings, cells.origin)
    return replace(learn_table(connection, cells), churned=churned)


@dataclass(frozen=True)
class TableCells:
    """The cells of a table as text, before columns have a reading.

    Attributes:
        kept: the rows that are kept, by their number in the file, ordered by id.
        features: the columns of `kept` that may be learned from.
        ids: the customers' ids; the rows' numbers where no column has ids.
        roles: role -> column.
        choices: how columns are read, as far as the cells do not decide it.
        log: what was read.
        header: the names of all columns.
        counts: the faults.
    """

    kept: pd.DataFrame
    features: pd.DataFrame
    ids: NDArray[np.str_]
    roles: dict[str, str]
    choices: ReadingChoices
    log: RawLog
    header: list[str]
    counts: tuple[FaultCount, ...]

    @property
    def origin(self) -> str:
        """The name of the table in messages."""
        return self.choices.origin

    def report(self, read: ReadColumns) -> TableReport:
        """Return the quality report of the table whose columns were read."""
        return _report(self.log, self.header, len(self.kept), self.counts, read)


def read_cells(connection: Any, settings: DataSettings, frame: Any = None, *, for_scoring: bool = False) -> TableCells:
    """Read the cells of a table with one row per customer, and set faulty rows aside.

    Raises:
        InputError: a fault of the file, a missing column, or too many rows set aside.
    """
    header = [str(name) for name in frame.columns] if frame is not None else read_columns(settings)
    origin = str(settings.path or settings.builtin) if frame is None else _FRAME_ORIGIN
    roles = _roles(settings, header, origin, for_scoring=for_scoring)
    everything = replace(
        settings,
        columns=Columns(roles.get("customer_id"), None, None),
        static={f"c{n}": name for n, name in enumerate(header)},
    )
    log = read_file(connection, everything) if frame is None else read_frame(connection, frame, everything)
    rows = _rows(log, header, settings)
    counts = _count_faults(rows, roles, log, settings)
    check_policies(counts, log.rows_read, origin, settings)
    kept = rows[~_aside(rows, roles)]
    kept = kept.sort_values(roles["customer_id"], kind="stable") if "customer_id" in roles else kept
    unused = [*_named_columns(settings).values(), *settings.exclude, *settings.after_treatment, *_RESERVED]
    typed = frozenset(name for place, name in enumerate(header) if log.types.get(f"{STATIC}c{place}") == NUMBER_TYPE)
    return TableCells(
        kept=kept,
        features=kept.drop(columns=unused, errors="ignore"),
        ids=_ids(kept, roles).to_numpy(dtype=str),
        roles=roles,
        choices=ReadingChoices(origin, settings.decimal, typed, frozenset(settings.keep_columns)),
        log=log,
        header=header,
        counts=counts,
    )


def learn_table(connection: Any, cells: TableCells) -> LabelledTable:
    """Return the table whose columns are read as their cells decide, still without outcomes.

    Raises:
        InputError: no column is left to learn from, or numbers can be read two ways.
    """
    split = cells.kept[cells.roles["split"]].fillna("").to_numpy(dtype=str) if "split" in cells.roles else None
    read = learn_readings(connection, cells.features, cells.choices)
    some = len(read.left_out) < len(cells.features.columns)
    require(some, f"{cells.origin}: no column is left to learn from.", remedy=_list_reasons(read.left_out))
    return LabelledTable(_plain_index(read.learned()), cells.ids, None, split, cells.report(read), read.readings)


def _ids(rows: pd.DataFrame, roles: dict[str, str]) -> "pd.Series[Any]":
    """Return the customers' ids, or the rows' numbers where no column has ids."""
    if "customer_id" in roles:
        return rows[roles["customer_id"]]
    return pd.Series([str(number) for number in rows.index], index=rows.index, dtype=object)


def _plain_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Number the rows from 0 instead of by their row in the file."""
    return frame.reset_index(drop=True)


def _named_columns(settings: DataSettings) -> dict[str, str]:
    named = {"customer_id": settings.columns.customer_id} | {role: getattr(settings, role) for role in _OUTCOME_ROLES}
    named |= {f"propensities.{arm}": name for arm, name in settings.propensities.items()}
    return {role: name for role, name in named.items() if name is not None}


def _roles(settings: DataSettings, header: list[str], origin: str, *, for_scoring: bool) -> dict[str, str]:
    """Return role -> column; raise `InputError` for missing columns and reserved names."""
    roles = {role: name for role, name in _named_columns(settings).items() if role == "customer_id" or not for_scoring}
    missing = [
        f"{name!r} (data.{'columns.' if role == 'customer_id' else ''}{role})"
        for role, name in roles.items()
        if name not in header
    ]
    require(
        any(header), f"{origin}: row 1 is blank.", remedy="export the table again; the first row names the columns."
    )
    remedy = f"the columns are {listed([name[:_SHOWN] for name in header])}."
    require(not missing, f"{origin}: row 1: no column {listed(missing)}.", remedy=remedy)
    if for_scoring:
        return roles
    for setting in ("exclude", "keep_columns", "after_treatment"):
        names = getattr(settings, setting)
        absent = [repr(name) for name in names if name not in header]
        require(not absent, f"data.{setting} names {listed(absent)}, which {origin} does not have.", remedy=remedy)
    taken = [name for name in header if name in _RESERVED and name not in (*roles.values(), *settings.exclude)]
    remedy = f"rename it, or leave it out: data.exclude=[{','.join(taken)}]"
    require(not taken, f"{origin}: row 1: the name {listed(taken)} is taken by the project.", remedy=remedy)
    return roles


def _rows(log: RawLog, header: list[str], settings: DataSettings) -> pd.DataFrame:
    """Return the cells as text without blanks around it, null where missing, by the row's number in the file.

    True and False become lower case, because Python writes True and engines write true.
    """
    raw = log.table.order_by("row").execute().set_index("row").rename_axis(None)  # a column may have that name
    missing = {"", *[token.lower() for token in settings.missing_tokens]}
    rows = {}
    for place, name in enumerate(header):
        booleans = () if name == settings.columns.customer_id else _BOOLEANS
        cells = [_cell(text, missing, booleans) for text in raw[f"{STATIC}c{place}"]]
        rows[name] = pd.Series(cells, index=raw.index, dtype=object)
    return pd.DataFrame(rows, index=raw.index)


def _cell(text: object, missing: set[str], booleans: Sequence[str]) -> str | None:
    plain = text.strip() if isinstance(text, str) else ""
    lowered = plain.lower()
    if lowered in missing:
        return None
    return lowered if lowered in booleans else plain


def _faults(rows: pd.DataFrame, roles: dict[str, str]) -> dict[str, "pd.Series[bool]"]:
    ids, label = _ids(rows, roles), roles.get("target", roles.get("outcome"))
    labels = pd.Series(data=False, index=rows.index) if label is None else rows[label].isna()
    usable = ids.notna() & ~labels
    repeated = pd.Series(data=False, index=rows.index)
    repeated[usable] = ids[usable].duplicated()
    return {"missing_id": ids.isna(), "missing_label": labels, "repeated_id": repeated}


def _aside(rows: pd.DataFrame, roles: dict[str, str]) -> "pd.Series[bool]":
    faults = list(_faults(rows, roles).values())
    return faults[0] | faults[1] | faults[2]


def _count_faults(
    rows: pd.DataFrame, roles: dict[str, str], log: RawLog, settings: DataSettings
) -> tuple[FaultCount, ...]:
    """Count each fault; a row is set aside once, for its first fault. No faulty row is used for training."""
    first_malformed = log.malformed[0][0] if log.malformed else None
    counts = [
        FaultCount(
            "malformed_row", settings.policy.malformed_row.name, len(log.malformed), len(log.malformed), first_malformed
        )
    ]
    faults, aside = _faults(rows, roles), pd.Series(data=False, index=rows.index)
    for fault in LABELLED[1:]:
        shown, policy = faults[fault.name], getattr(settings.policy, fault.name)
        require(
            policy is not Policy.keep,
            f"data.policy.{fault.name}=keep: such a row cannot be learned from.",
            remedy="set_aside or fail.",
        )
        place = int(shown.index[int(np.argmax(shown))]) if shown.any() else None
        counts.append(FaultCount(fault.name, policy.name, int(shown.sum()), int((shown & ~aside).sum()), place))
        aside |= shown
    return tuple(counts)


def _list_reasons(dropped: dict[str, str]) -> str:
    reasons = [f"{name[:_SHOWN]!r}: {why}" for name, why in dropped.items()]
    return "; ".join(reasons[:5]) + "." if reasons else "it has ids and outcomes alone."


def _outcomes(labels: "pd.Series[Any]", settings: DataSettings, origin: str) -> NDArray[np.float64]:
    """Return 1 for `data.positive` and 0 for the other value."""
    outcomes = labels.map(_plain)
    count = outcomes.nunique()
    column = f"{origin}: column {settings.target!r}"
    shown = listed([repr(value[:_SHOWN]) for value in sorted(labels.unique())], 6)
    require(
        count >= _CLASSES,
        f"{column} holds one value, {shown}: an outcome has two.",
        remedy="a table of customers who left and customers who stayed is needed.",
    )
    require(
        count == _CLASSES,
        f"{column} holds {count:,} values: {shown}; an outcome has two.",
        remedy="map them to two in the export; rows without an outcome are left blank.",
    )
    require(
        settings.positive is not None,
        f"{column} holds {shown}; data.positive is not set.",
        remedy="name who left: data.positive=Yes",
    )
    left = outcomes == _plain(str(settings.positive))
    message = f"{column} holds {shown}, but not data.positive={settings.positive}."
    require(bool(left.any()), message, remedy="name one of them.")
    return np.asarray(left.to_numpy(dtype=float))


def _plain(text: str) -> str:
    """Normalise a text, so that 1 and 1.0, and true and True, are one outcome."""
    plain = text.strip()
    try:
        return str(float(plain))
    except ValueError:
        return plain.lower() if plain.lower() in _BOOLEANS else plain


def _usual_sign(read: ReadColumns) -> str:
    """Return the decimal sign of most number columns."""
    signs = [reading.decimal for reading in read.readings.values() if reading.kind == NUMBER]
    return max(sorted(set(signs), reverse=True), key=signs.count) if signs else "point"


def _report(
    log: RawLog, header: list[str], kept: int, counts: tuple[FaultCount, ...], read: ReadColumns
) -> TableReport:
    """Return the report; its fingerprint includes the names of the columns, which are not in the settings."""
    content = content_fingerprint(log.table)
    return TableReport(
        origin=log.origin,
        rows_read=log.rows_read,
        rows_kept=kept,
        customers=kept,
        orders=0,
        first_event="",
        last_event="",
        date_format="",
        decimal=_usual_sign(read),
        input_fingerprint=content,
        fingerprint=digest(content, header),
        faults=counts,
        dropped=read.left_out,
        notices=read.notices,
    )
