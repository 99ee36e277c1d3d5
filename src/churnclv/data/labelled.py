"""Labelled tables: one row per customer with a known outcome, for data that arrive already flattened."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError, listed, require
from .faults import LABELLED
from .fingerprint import fingerprint
from .quality import FaultCount, QualityReport, check_policies
from .settings import STATIC, Columns, DataSettings, Policy
from .source import RawLog, read_columns, read_file, read_frame

ROLES = ("customer_id", "target", "split")
_KEYS = ("customer_id", "cutoff", "in_population")  # the names that a snapshot needs for itself
_ID_LIKE_SHARE = 0.9  # of a text column's values that differ from all others
_DENSE = 1.1  # whole numbers, all different, that fill so much of their span number the rows
_LEAST_ROWS_FOR_ID = 50
_CLASSES = 2


@dataclass(frozen=True)
class TableReport(QualityReport):
    """What was read, kept and set aside of a labelled table, and which columns say nothing."""

    dropped: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return the report as lines for people."""
        _, *faults = super().lines()
        head = f"{self.rows_read:,} rows read = {self.rows_kept:,} kept + {self.rows_set_aside:,} set aside"
        return [head, *faults, *[f"  column {name!r} is not learned from: {why}" for name, why in self.dropped.items()]]


@dataclass(frozen=True)
class LabelledTable:
    """One row per customer, ordered by id.

    `frame` holds the columns to learn from, under the file's names: numbers as float64, anything else as text, null
    where missing. `churned` is 1 for who left, 0 for who stayed; `split` the text of the split column, where there is
    one. Both are None where the file has no outcomes (scoring).
    """

    frame: pd.DataFrame
    ids: NDArray[np.str_]
    churned: NDArray[np.float64] | None
    split: NDArray[np.str_] | None
    quality: TableReport

    @property
    def outcomes(self) -> NDArray[np.float64]:
        """The outcomes of a table that was not read for scoring."""
        if self.churned is None:
            message = "a table read for scoring has no outcomes"
            raise ValueError(message)
        return self.churned


def read_labelled(
    connection: Any, settings: DataSettings, frame: Any = None, *, for_scoring: bool = False
) -> LabelledTable:
    """Read a labelled table (a file, or a pandas frame).

    Raises:
        InputError: a fault of the file, a missing column, outcomes that are not two, too many rows set aside.
    """
    header = [str(name) for name in frame.columns] if frame is not None else read_columns(settings)
    roles = _roles(settings, header, for_scoring=for_scoring)
    everything = replace(
        settings,
        columns=Columns(roles["customer_id"], None, None),
        static={f"c{n}": name for n, name in enumerate(header)},
    )
    log = read_file(connection, everything) if frame is None else read_frame(connection, frame, everything)
    rows = _rows(log, header, settings.missing_tokens)
    ids = rows[roles["customer_id"]]
    counts = _count_faults(rows, roles, log, settings)
    check_policies(counts, log.rows_read, log.origin, settings)
    kept = rows[~_aside(rows, roles)].sort_values(roles["customer_id"], kind="stable", ignore_index=True)
    ids = kept[roles["customer_id"]]
    columns = _typed(kept.drop(columns=[*roles.values(), *settings.exclude], errors="ignore"))
    dropped = {} if for_scoring else _silent_columns(columns)
    churned = _outcomes(kept[roles["target"]], settings, log.origin) if "target" in roles else None
    split = kept[roles["split"]].to_numpy(dtype=str) if "split" in roles else None
    report = _report(log, len(kept), counts, dropped)
    return LabelledTable(columns.drop(columns=list(dropped)), ids.to_numpy(dtype=str), churned, split, report)


def _roles(settings: DataSettings, header: list[str], *, for_scoring: bool) -> dict[str, str]:
    """Return role -> column, and refuse what is missing or taken."""
    wanted = {"customer_id": settings.columns.customer_id, "target": settings.target, "split": settings.split}
    if for_scoring:
        wanted = {"customer_id": wanted["customer_id"]} | {
            role: name for role, name in wanted.items() if name in header
        }
    roles = {role: name for role, name in wanted.items() if name is not None}
    missing = [
        f"{name!r} (data.{'columns.' if role == 'customer_id' else ''}{role})"
        for role, name in roles.items()
        if name not in header
    ]
    remedy = f"the columns are {listed(header)}."
    require(not missing, f"{settings.path or settings.builtin}: row 1: no column {listed(missing)}.", remedy=remedy)
    if not for_scoring:
        require("target" in roles, "data.target is not set.", remedy="name the column of outcomes: data.target=Churn")
        absent = [name for name in settings.exclude if name not in header]
        require(not absent, f"data.exclude names {listed(absent)}, which the table does not have.", remedy=remedy)
    taken = [name for name in header if name in _KEYS and name not in roles.values()]
    require(not taken, f"the columns {taken} have names that snapshots need.", remedy="rename them, or data.exclude.")
    return roles


def _rows(log: RawLog, header: list[str], missing_tokens: list[str]) -> pd.DataFrame:
    """Return the cells as text without blanks around it, null where missing, in the file's order."""
    found = log.table.order_by("row").execute()
    tokens = {token.lower() for token in missing_tokens}
    rows = pd.DataFrame({name: found[f"{STATIC}c{place}"].astype(object) for place, name in enumerate(header)})
    for name in rows.columns:
        text = rows[name].where(rows[name].notna(), "").astype(str).str.strip()
        rows[name] = text.astype(object).where(~(text.eq("") | text.str.lower().isin(tokens)), None)
    return rows


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
        place = int(np.argmax(shown.to_numpy())) + log.first_row if shown.any() else None
        counts.append(FaultCount(fault.name, policy.name, int(shown.sum()), int((shown & ~taken).sum()), place))
        taken |= shown
    return tuple(counts)


def _typed(columns: pd.DataFrame) -> pd.DataFrame:
    """Return columns whose every value is a number as float64, and leave the others text; no outcome is looked at."""
    typed = {}
    for name in columns.columns:
        numbers = pd.to_numeric(columns[name], errors="coerce")
        is_number = bool((numbers.notna() & np.isfinite(numbers) | columns[name].isna()).all())
        typed[name] = numbers.astype("float64") if is_number else columns[name]
    return pd.DataFrame(typed, index=columns.index)


def _silent_columns(columns: pd.DataFrame) -> dict[str, str]:
    """Return the columns that can say nothing of a new customer, each with the reason."""
    reasons = {name: _why_silent(columns[name]) for name in columns.columns}
    return {str(name): why for name, why in reasons.items() if why is not None}


def _why_silent(column: "pd.Series[Any]") -> str | None:
    known = column.dropna()
    if not len(known):
        return "it has no value at all"
    distinct = known.nunique()
    if distinct == 1 and len(known) == len(column):
        return "it has the same value everywhere"
    if len(known) < _LEAST_ROWS_FOR_ID:
        return None
    if not pd.api.types.is_numeric_dtype(known):
        return "nearly every value differs: it is an id" if distinct > _ID_LIKE_SHARE * len(known) else None
    whole = bool((known == known.round()).all()) and distinct == len(known)
    span = float(known.max() - known.min()) + 1.0
    return "its numbers count the rows: it is an id" if whole and span <= _DENSE * len(known) else None


def _outcomes(labels: "pd.Series[Any]", settings: DataSettings, origin: str) -> NDArray[np.float64]:
    """Return 1 for `data.positive` and 0 for the other value."""
    values = sorted(labels.unique())
    column = f"{origin}: column {settings.target!r}"
    shown = listed([repr(value) for value in values], 6)
    require(
        settings.positive is not None,
        f"{column} holds {shown}; data.positive is not set.",
        remedy="name who left: data.positive=Yes",
    )
    numeric = {_as_number(value): value for value in values}
    positive = numeric.get(_as_number(str(settings.positive)), str(settings.positive))
    if positive not in values:
        raise InputError(
            f"{column} holds {shown}, but not data.positive={settings.positive}.", remedy="name one of them."
        )
    require(
        len(values) >= _CLASSES,
        f"{column} holds one value, {shown}: there is nothing to tell apart.",
        remedy="a table of customers who left and customers who stayed is needed.",
    )
    require(
        len(values) == _CLASSES,
        f"{column} holds {len(values)} values: {shown}; an outcome has two.",
        remedy="map them to two in the export; rows without an outcome are left blank.",
    )
    return np.asarray((labels == positive).to_numpy(dtype=float))


def _as_number(text: str) -> float | str:
    """Return the number that a text says, so that 1 and 1.0 are one outcome; any other text is itself."""
    try:
        return float(text)
    except ValueError:
        return text


def _report(log: RawLog, kept: int, counts: tuple[FaultCount, ...], dropped: dict[str, str]) -> TableReport:
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
        decimal="point",
        input_fingerprint=content,
        fingerprint=content,
        faults=counts,
        dropped=dropped,
    )
