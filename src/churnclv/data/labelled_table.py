"""Labelled tables: one row per customer with a known outcome, for data that arrive already flattened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import listed, require
from ..files import digest
from .faults import LABELLED
from .fingerprint import fingerprint
from .quality import FaultCount, QualityReport, check_policies
from .readings import NUMBER, ColumnReading, ReadColumns, ReadingChoices, apply_readings, learn_readings
from .settings import STATIC, Columns, DataSettings, Policy
from .source import NUMBER as NUMBER_TYPE
from .source import RawLog, read_columns, read_file, read_frame

_TAKEN = ("customer_id", "cutoff", "in_population", "(bias)")  # names that snapshots and contributions use themselves
_GIVEN = "the table given"
_TRUTHS = ("true", "false")
_CLASSES = 2
_SHOWN = 60  # characters of a name or a value in a message


@dataclass(frozen=True)
class TableReport(QualityReport):
    """What was read, kept and set aside of a labelled table, and which columns say nothing."""

    dropped: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return the report as lines for people."""
        _, *faults = super().lines()
        head = f"{self.rows_read:,} rows read = {self.rows_kept:,} kept + {self.rows_set_aside:,} set aside"
        return [head, *faults, *[f"  {line}" for line in self._dropped_lines()]]

    def section(self) -> list[str]:
        """Return the report's part of the page, the columns left out among it."""
        return [*super().section(), *[f"- {line}" for line in self._dropped_lines()], ""]

    def _dropped_lines(self) -> list[str]:
        return [f"column {name!r} is not learned from: {why}" for name, why in self.dropped.items()]


@dataclass(frozen=True)
class LabelledTable:
    """One row per customer, ordered by id.

    `frame` holds the columns to learn from, under the file's names: numbers as float64, anything else as text, null
    where missing. `churned` is 1 for who left, 0 for who stayed; `split` the text of the split column, where there is
    one. Of a table read for scoring both are None, and columns are read by the bundle's readings; those that have none
    are text. `readings` are how the columns were read, those left out among them.
    """

    frame: pd.DataFrame
    ids: NDArray[np.str_]
    churned: NDArray[np.float64] | None
    split: NDArray[np.str_] | None
    quality: TableReport
    readings: dict[str, ColumnReading] = field(default_factory=dict)

    @property
    def outcomes(self) -> NDArray[np.float64]:
        """The outcomes of a table that was not read for scoring."""
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
    """Read a labelled table (a file, or a pandas frame); for scoring, outcomes are not looked at.

    `readings` are those of the bundle, for scoring.

    Raises:
        InputError: a fault of the file, a missing column, outcomes that are not two, too many rows set aside, numbers
            that can be read two ways, or a number column that holds few numbers at scoring.
    """
    header = [str(name) for name in frame.columns] if frame is not None else read_columns(settings)
    origin = str(settings.path or settings.builtin) if frame is None else _GIVEN
    roles = _roles(settings, header, origin, for_scoring=for_scoring)
    everything = replace(
        settings,
        columns=Columns(roles["customer_id"], None, None),
        static={f"c{n}": name for n, name in enumerate(header)},
    )
    log = read_file(connection, everything) if frame is None else read_frame(connection, frame, everything)
    rows = _rows(log, header, settings)
    counts = _count_faults(rows, roles, log, settings)
    check_policies(counts, log.rows_read, origin, settings)
    kept = rows[~_aside(rows, roles)].sort_values(roles["customer_id"], kind="stable")
    ids = kept[roles["customer_id"]].to_numpy(dtype=str)
    columns = kept.drop(columns=[*_wanted(settings).values(), *settings.exclude, *_TAKEN], errors="ignore")
    typed = frozenset(name for place, name in enumerate(header) if log.types.get(f"{STATIC}c{place}") == NUMBER_TYPE)
    choices = ReadingChoices(origin, settings.decimal, typed, frozenset(settings.keep_columns))
    if for_scoring:
        read = apply_readings(connection, columns, readings or {}, choices)
        report = _report(log, header, len(kept), counts, read)
        return LabelledTable(_plain_index(read.frame), ids, None, None, report, read.readings)
    churned = _outcomes(kept[roles["target"]], settings, origin)
    split = kept[roles["split"]].fillna("").to_numpy(dtype=str) if "split" in roles else None
    read = learn_readings(connection, columns, choices)
    remedy = _silence(read.left_out)
    require(len(read.left_out) < len(columns.columns), f"{origin}: no column is left to learn from.", remedy=remedy)
    report = _report(log, header, len(kept), counts, read)
    return LabelledTable(_plain_index(read.learned()), ids, churned, split, report, read.readings)


def _plain_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Number the rows from 0; until here a row has its number in the file."""
    return frame.reset_index(drop=True)


def _wanted(settings: DataSettings) -> dict[str, str]:
    named = {"customer_id": settings.columns.customer_id, "target": settings.target, "split": settings.split}
    return {role: name for role, name in named.items() if name is not None}


def _roles(settings: DataSettings, header: list[str], origin: str, *, for_scoring: bool) -> dict[str, str]:
    """Return role -> column, and refuse what is missing or taken."""
    roles = {role: name for role, name in _wanted(settings).items() if role == "customer_id" or not for_scoring}
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
    require("target" in roles, "data.target is not set.", remedy="name the column of outcomes: data.target=Churn")
    for setting, names in (("exclude", settings.exclude), ("keep_columns", settings.keep_columns)):
        absent = [repr(name) for name in names if name not in header]
        require(not absent, f"data.{setting} names {listed(absent)}, which {origin} does not have.", remedy=remedy)
    taken = [name for name in header if name in _TAKEN and name not in (*roles.values(), *settings.exclude)]
    remedy = f"rename it, or leave it out: data.exclude=[{','.join(taken)}]"
    require(not taken, f"{origin}: row 1: the name {listed(taken)} is taken by the project.", remedy=remedy)
    return roles


def _rows(log: RawLog, header: list[str], settings: DataSettings) -> pd.DataFrame:
    """Return the cells as text without blanks around it, null where missing, by the row's number in the file.

    Python writes True and engines true: these two words are written in lower case.
    """
    found = log.table.order_by("row").execute().set_index("row")
    missing = {"", *[token.lower() for token in settings.missing_tokens]}
    rows = {}
    for place, name in enumerate(header):
        truths = () if name == settings.columns.customer_id else _TRUTHS
        cells = [_cell(text, missing, truths) for text in found[f"{STATIC}c{place}"]]
        rows[name] = pd.Series(cells, index=found.index, dtype=object)
    return pd.DataFrame(rows, index=found.index)


def _cell(text: object, missing: set[str], truths: Sequence[str]) -> str | None:
    plain = text.strip() if isinstance(text, str) else ""
    lowered = plain.lower()
    if lowered in missing:
        return None
    return lowered if lowered in truths else plain


def _faults(rows: pd.DataFrame, roles: dict[str, str]) -> dict[str, "pd.Series[bool]"]:
    ids = rows[roles["customer_id"]]
    labels = rows[roles["target"]].isna() if "target" in roles else pd.Series(data=False, index=rows.index)
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
    """Count each fault; a row is set aside once, for its first one. None of these rows can be learned from."""
    first = log.malformed[0][0] if log.malformed else None
    counts = [
        FaultCount("malformed_row", settings.policy.malformed_row.name, len(log.malformed), len(log.malformed), first)
    ]
    faults, taken = _faults(rows, roles), pd.Series(data=False, index=rows.index)
    for fault in LABELLED[1:]:
        shown, policy = faults[fault.name], getattr(settings.policy, fault.name)
        require(
            policy is not Policy.keep,
            f"data.policy.{fault.name}=keep: such a row cannot be learned from.",
            remedy="set_aside or fail.",
        )
        place = int(shown.index[int(np.argmax(shown))]) if shown.any() else None
        counts.append(FaultCount(fault.name, policy.name, int(shown.sum()), int((shown & ~taken).sum()), place))
        taken |= shown
    return tuple(counts)


def _silence(dropped: dict[str, str]) -> str:
    told = [f"{name[:_SHOWN]!r}: {why}" for name, why in dropped.items()]
    return "; ".join(told[:5]) + "." if told else "it has ids and outcomes alone."


def _outcomes(labels: "pd.Series[Any]", settings: DataSettings, origin: str) -> NDArray[np.float64]:
    """Return 1 for `data.positive` and 0 for the other value."""
    said = labels.map(_plain)
    values = said.nunique()
    column = f"{origin}: column {settings.target!r}"
    shown = listed([repr(value[:_SHOWN]) for value in sorted(labels.unique())], 6)
    require(
        values >= _CLASSES,
        f"{column} holds one value, {shown}: there is nothing to tell apart.",
        remedy="a table of customers who left and customers who stayed is needed.",
    )
    require(
        values == _CLASSES,
        f"{column} holds {values:,} values: {shown}; an outcome has two.",
        remedy="map them to two in the export; rows without an outcome are left blank.",
    )
    require(
        settings.positive is not None,
        f"{column} holds {shown}; data.positive is not set.",
        remedy="name who left: data.positive=Yes",
    )
    left = said == _plain(str(settings.positive))
    told = f"{column} holds {shown}, but not data.positive={settings.positive}."
    require(bool(left.any()), told, remedy="name one of them.")
    return np.asarray(left.to_numpy(dtype=float))


def _plain(text: str) -> str:
    """Return a text so that 1 and 1.0, and true and True, are one outcome."""
    plain = text.strip()
    try:
        return str(float(plain))
    except ValueError:
        return plain.lower() if plain.lower() in _TRUTHS else plain


def _usual_sign(read: ReadColumns) -> str:
    """Return the decimal sign of most number columns."""
    signs = [reading.decimal for reading in read.readings.values() if reading.kind == NUMBER]
    return max(sorted(set(signs), reverse=True), key=signs.count) if signs else "point"


def _report(
    log: RawLog, header: list[str], kept: int, counts: tuple[FaultCount, ...], read: ReadColumns
) -> TableReport:
    """Describe the table; its fingerprint rests on the columns' names too, which no other setting lists."""
    content = fingerprint(log.table, log.table.content)
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
