"""Inspection from top to bottom: files in; what they are, which settings read them, and what can be learned, out."""

import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

from ..data.engine import connect
from ..data.events import Events, read_events
from ..data.inspection.file_reading import (
    FileReading,
    describe_reading,
    export_columns,
    further_table,
    recognise_export,
)
from ..data.inspection.loaded_table import LoadedTable, load_table
from ..data.inspection.log_days import LogDays, count_days
from ..data.inspection.saved_settings import settings_output, write_settings
from ..data.inspection.table_inspection import TableInspection, inspect_export, inspect_table
from ..data.inspection.table_kinds import UNKNOWN
from ..data.labelled_table import read_labelled
from ..data.quality import QualityReport, faulty_share
from ..errors import InputError, require
from ..files import PROJECT
from ..outputs import guard
from ..progress import Progress
from ..snapshots.customer_kinds import kind_of
from ..snapshots.outlook import (
    SHOWN_DAYS,
    ChurnRate,
    Returns,
    fitting_horizons,
    measure_churn,
    measure_month,
    measure_returns,
    measure_training,
    plan_fault,
    suggest_horizon,
    suggest_silence,
)
from ..snapshots.settings import WindowSettings
from .inspection_settings import InspectConfig

_SAMPLE_ROWS = 20_000
_REPAIRS = 4
_PLENTY = 30  # of the rarer outcome at one cutoff: then earlier ones have some, too


@dataclass(frozen=True)
class Outlook:
    """What can be learned from the customers drawn: their returns, churn rates, and the windows that suit."""

    share: float
    quality: QualityReport
    returns: Returns | None = None
    rates: tuple[ChurnRate, ...] = ()
    chosen: ChurnRate | None = None
    active_days: int | None = None
    words: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True)
class Inspection:
    """What was inspected: every file, the main one first; how they are read, and what can be learned."""

    files: tuple[TableInspection, ...]
    reading: FileReading | None
    days: LogDays | None = None
    outlook: Outlook | None = None
    doubts: tuple[str, ...] = field(default=())

    @property
    def main(self) -> TableInspection:
        """The file whose customers are trained on."""
        return self.files[0]

    @property
    def can_train(self) -> bool:
        """Whether the command trains as it stands."""
        return self.reading is not None and self.outlook is not None and self.outlook.fault is None

    @property
    def command(self) -> str:
        """The command that trains; empty where none does."""
        if not self.can_train or self.reading is None or self.outlook is None:
            return ""
        words = [*self.reading.windows, *self.reading.words(), *self.outlook.words]
        return train_command(self.reading.preset, self.main.table.path, words)


def inspect(config: InspectConfig, progress: Progress, write_line: Callable[[str], None]) -> Inspection:
    """Inspect the files, write what they are, and save the settings where the configuration names a file for them.

    Raises:
        InputError: a file cannot be read, or the file of settings cannot be written.
    """
    from .inspection_page import render_inspection

    paths = split_paths(config.path)
    output = None if config.save is None else settings_output(config.save)
    guard(() if output is None else (output,), {f"path.{place}": path for place, path in enumerate(paths)})
    inspection = inspect_files(paths, config, progress)
    for line in render_inspection(inspection):
        write_line(line)
    if output is not None:
        require(inspection.can_train, f"save={config.save}: there is nothing to train on.", remedy="see above.")
        save_inspection(inspection, str(config.save), output, write_line)
    return inspection


def save_inspection(inspection: Inspection, name: str, output: Any, write_line: Callable[[str], None]) -> None:
    """Write the settings of an inspection as a file of `conf/data/`; its paths are absolute."""
    reading, outlook = inspection.reading, inspection.outlook
    if reading is None or outlook is None:
        return
    document = reading.document(name, str(Path(inspection.main.table.path).resolve()))
    for table in document.get("tables", {}).values():
        table["path"] = str(Path(table["path"]).resolve())
    words = " ".join([f"data={name}", *reading.windows, *outlook.words])
    command = f'make train ARGS="{words}"'
    write_settings(document, output, command)
    write_line(f"{output.given}: written.\nNext: {command}")


def split_paths(text: str) -> list[str]:
    """Return the files that a text names: one whose name it is, or several between commas or blanks."""
    if os.path.exists(os.path.expanduser(text)):  # noqa: PTH110, PTH111 # Path raises for odd names
        return [text]
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) == 1:
        try:
            parts = shlex.split(text)
        except ValueError:
            parts = [text]
    known = all(os.path.exists(os.path.expanduser(part)) for part in parts)  # noqa: PTH110, PTH111
    return list(dict.fromkeys(parts)) if known else [text]


def inspect_files(paths: list[str], config: InspectConfig, progress: Progress) -> Inspection:
    """Return what files are, together."""
    presets = read_presets()
    inspected = []
    for path in paths:
        progress.log(f"Reading {path}")
        table = load_table(connect(config.engine), path, config.sheet, config.encoding)
        inspected.append(_inspect(table, presets))
    inspected.sort(key=lambda one: (one.kind.shape is None, one.kind is UNKNOWN, -one.table.rows))
    main = inspected[0]
    if main.kind.shape is None:
        return Inspection(tuple(inspected), None)
    reading = describe_reading(main, presets)
    reading, doubts = _add_tables(reading, inspected[1:])
    progress.log("Reading a sample of the customers as training does")
    days = count_days(main)
    reading = replace(reading, values={**reading.values, **({} if days is None else days.settings)})
    reading, outlook = look_ahead(main, inspected[1:], reading, days, config)
    return Inspection(tuple(inspected), reading, days, outlook, doubts)


def read_presets() -> dict[str, dict[str, Any]]:
    """Return the content of each file in `conf/data/` of the project, by name; `???` counts as not given."""
    import yaml

    files = sorted((PROJECT / "conf" / "data").glob("*.yaml"))
    loaded = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in files}
    return {
        name: {key: value for key, value in content.items() if value != "???"}
        for name, content in loaded.items()
        if isinstance(content, dict)
    }


def _inspect(table: LoadedTable, presets: Mapping[str, Mapping[str, Any]]) -> TableInspection:
    """Return what a file is: the export of a program whose columns it has, or what its names and cells show."""
    export = recognise_export(table.header, presets)
    if not export:
        return inspect_table(table)
    preset = presets[export]
    return inspect_export(table, export, export_columns(table.header, preset), preset.get("shape"))


def _add_tables(reading: FileReading, others: list[TableInspection]) -> tuple[FileReading, tuple[str, ...]]:
    """Return the reading with further tables, and a sentence for each file that is none."""
    tables, doubts = {}, []
    for other in others:
        name = re.sub(r"[^a-z0-9]+", "_", Path(other.table.path).stem.lower()).strip("_0123456789") or "table"
        table = further_table(inspect_table(other.table) if other.export else other)
        if table is None or "target" in reading.values:
            doubts.append(f"{other.table.path} is left out: {other.kind.name} cannot be a further table")
            continue
        while name in tables:
            name = f"{name}_more"
        tables[name] = table
        if "attributes" in table:
            doubts.append(f"the columns of {other.table.path} have no date: they must not have changed over time")
    return replace(reading, values={**reading.values, **({"tables": tables} if tables else {})}), tuple(doubts)


def look_ahead(
    main: TableInspection,
    others: list[TableInspection],
    reading: FileReading,
    days: LogDays | None,
    config: InspectConfig,
) -> tuple[FileReading, Outlook]:
    """Read a sample of customers as training does; return the settings that it takes, and what can be learned."""
    frame, share = main.table.customers_sample(str(main.column("customer_id")), _SAMPLE_ROWS)
    frames = {name: _frame_of(table["path"], others) for name, table in reading.values.get("tables", {}).items()}
    dated = "target" not in reading.values
    for _ in range(_REPAIRS):
        settings = replace(reading.settings(path=None), max_set_aside_share=1.0)
        try:
            if dated:
                data: Any = read_events(connect(config.engine), settings, frame, frames, span_is_given=True)
            else:
                data = read_labelled(connect(config.engine), settings, frame)
        except InputError as error:
            repaired = _repair(str(error), main, days, reading)
            if repaired is None:
                return reading, Outlook(share, _no_quality(main), fault=str(error))
            reading = replace(reading, values={**reading.values, **repaired})
            continue
        reading = _tolerate(reading, data.quality, settings)
        return (reading, _of_events(data, days, share)) if dated else (reading, _of_table(data, share))
    return reading, Outlook(share, _no_quality(main), fault="the settings that read it were not determined.")


def _frame_of(path: str, others: list[TableInspection]) -> Any:
    other = next(one for one in others if one.table.path == path)
    return other.table.customers_sample(str(other.column("customer_id")), 10 * _SAMPLE_ROWS)[0]


def _no_quality(main: TableInspection) -> QualityReport:
    return QualityReport(main.table.path, main.table.rows, 0, 0, 0, "", "", "", "", "", "", ())


def _repair(message: str, main: TableInspection, days: LogDays | None, reading: FileReading) -> dict[str, Any] | None:
    """Return the settings that a message of reading needs, if they can be derived; else None."""
    if "data.observed_until" in message and days is not None and "observed_until" not in reading.values:
        return {"observed_until": f"{days.last + timedelta(days=1):%Y-%m-%d}"}
    if "data.decimal" in message and "decimal" not in reading.values:
        return {"decimal": "comma" if main.table.log.separator == ";" else "point"}
    if "data.day_first" in message and "day_first" not in reading.values:
        return {"day_first": True}
    return None


def _tolerate(reading: FileReading, quality: QualityReport, settings: Any) -> FileReading:
    """Return the reading with the settings that notices and set-aside rows ask for."""
    values = dict(reading.values)
    share, base = faulty_share(quality, settings), float(reading.base.get("max_set_aside_share", 0.05))
    if share > base * 0.8:
        values["max_set_aside_share"] = min(1.0, ceil(share * 20.0 + 1.0) / 20.0)
    for notice in quality.notices:
        folds = re.search(r"data\.fold_ids=\[([\w,]+)\]", notice.remedy)
        if notice.code == "ids_alike" and folds:
            values["fold_ids"] = folds[1].split(",")
    return replace(reading, values=values)


def _of_events(events: Events, days: LogDays | None, share: float) -> Outlook:
    """Return the outlook of dated events: returns, churn rates, and the horizon and population that suit."""
    kind = kind_of(events.shape)
    windows = WindowSettings()
    grace = [notice for notice in kind.label_notices(events.table, windows) if "grace_days" in notice.remedy]
    words: tuple[str, ...] = (grace[0].remedy,) if grace else ()
    if grace:
        windows = replace(windows, grace_days=int(grace[0].remedy.rpartition("=")[2]))
    returns = measure_returns(events) if kind.buys else None
    rates = tuple(rate for length in SHOWN_DAYS if (rate := measure_churn(events, length, windows)) is not None)
    start, end = (events.start, events.end) if days is None else (days.first, max(days.end, events.end))
    outlook = Outlook(share, events.quality, returns, rates, words=words)
    if not kind.buys:
        monthly = replace(windows, horizon_months=1, step_months=1, n_cutoffs=3, n_folds=2)
        month = measure_month(events, windows)
        fault = _fault(month, plan_fault(start, end, monthly)) or _training_fault(events, (start, end), monthly, month)
        return replace(outlook, chosen=month, fault=fault)
    return _with_horizon(outlook, events, start, end)


def _with_horizon(outlook: Outlook, events: Events, start: datetime, end: datetime) -> Outlook:
    returns, windows = outlook.returns or Returns(0, 0, {}), WindowSettings()
    fitting = fitting_horizons(start, end)
    known = {rate.days: rate for rate in outlook.rates}
    measured = [known.get(days) or measure_churn(events, days, windows) for days in fitting]
    usable = {rate.days: rate for rate in measured if rate is not None and rate.eligible}
    if not usable:
        fault = plan_fault(start, end, windows)
        chosen = next((rate for rate in outlook.rates if rate.eligible), None)
        return replace(outlook, chosen=chosen, fault=fault or _fault(chosen, None))
    horizon = suggest_horizon(returns, usable)
    active = suggest_silence(events, returns, usable[horizon], windows)
    chosen = usable[horizon] if active is None else measure_churn(events, horizon, replace(windows, active_days=active))
    words = (*outlook.words, *([f"windows.horizon_days={horizon}"] if horizon != windows.horizon_days else []))
    words = (*words, *([f"windows.active_days={active}"] if active is not None else []))
    planned = replace(windows, horizon_days=horizon, active_days=active)
    fault = _fault(chosen, plan_fault(start, end, planned)) or _training_fault(events, (start, end), planned, chosen)
    return replace(outlook, chosen=chosen, active_days=active, words=words, fault=fault)


def _training_fault(
    events: Events, span: tuple[datetime, datetime], windows: WindowSettings, latest: ChurnRate | None
) -> str | None:
    """Return why the training cutoffs, which are before the latest one, have nothing to learn from; None if they do."""
    if latest is None or min(latest.left, latest.eligible - latest.left) >= _PLENTY:
        return None
    training = measure_training(events, *span, windows)
    if 0 < training.left < training.eligible:
        return None
    who = "nobody" if not training.left else "everybody"
    return (
        f"{who} of {training.eligible:,} rows at the training cutoffs left within {training.days} days: both outcomes "
        "are needed."
    )


def _fault(rate: ChurnRate | None, plan: str | None) -> str | None:
    """Return why nothing can be trained; None where it can."""
    if rate is None or not rate.eligible:
        return plan or "no label window fits the log."
    if not 0 < rate.left < rate.eligible:
        who = "nobody" if not rate.left else "everybody"
        return f"{who} of {rate.eligible:,} customers left within {rate.days} days: both outcomes are needed."
    return plan


def _of_table(table: Any, share: float) -> Outlook:
    """Return the outlook of a labelled table: how many left."""
    left, everybody = int(table.outcomes.sum()), len(table.outcomes)
    rate = ChurnRate(0, datetime.min, everybody, left)  # noqa: DTZ901 # a table without time
    return Outlook(share, table.quality, chosen=rate, fault=_fault(rate, None))


def train_command(preset: str, path: str, words: list[str]) -> str:
    """Return the make command that trains on a file with these settings, quoted for the shells that it passes."""
    data = f"DATA={_for_make(shlex.quote(path))} " if preset == "transactions" else ""
    first = [] if data else [f"data={preset}", f"data.path={path}"]
    inner = " ".join(shlex.quote(word) for word in [*first, *words])
    if not inner:
        return f"make train {data}".strip()
    return f"make train {data}ARGS={_quoted(inner)}"


def _quoted(text: str) -> str:
    """Return a text in double quotes where nothing in it means more than itself there, else as the shell needs it."""
    doubled = _for_make(text)
    return f'"{doubled}"' if not re.search(r'["`$\\!]', text) else shlex.quote(doubled)


def _for_make(text: str) -> str:
    return text.replace("$", "$$")
