"""Log parts: a log is read and scored in parts of its customers, and checked as a whole on the sums of all parts.

A part has all rows of its customers, so their scores are those of the whole log. Whatever a log of one machine is
checked for before its scores are written, such as its faults, its last day and its totals, adds up over the parts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.customer_places import place_customers
from ..data.engine import EngineSettings, connect
from ..data.events import Events
from ..data.parsing import bound
from ..data.quality import FaultCount, QualityReport, check_policies
from ..data.readings import NUMBER
from ..data.row_notices import IdCounts, count_ids
from ..data.settings import DataSettings, Format, Policies, Policy
from ..data.sketch import Overlap, compare_events
from ..data.source import is_parquet, read_columns
from ..data.span import check_days, count_days
from ..data.spend_concentration import SpendCounts, count_spend
from ..data.text_file import as_text, detect_encoding, detect_separator
from ..decision.gain_concentration import ContactGains, count_gains
from ..errors import InputError, require
from ..notices import Notice
from .expected_totals import SummedTotals
from .joined_requests import can_be_joined
from .scoring_moment import holds_everybody, moment_notices, other_horizon

if TYPE_CHECKING:
    from .scorer import Scorer

_OF_ALL = {"crowded_id", "ids_alike", "concentrated_spend"}  # notices that are made of the counts of all parts


@dataclass(frozen=True)
class FileReading:
    """How a file is read where it differs from the training file, as for `Scorer.read`; and the day of scoring.

    Attributes:
        columns: the mapping by role.
        date_format: of the dates.
        reading: further formats by name.
        as_of: the day of scoring; None is the end of the data.
    """

    columns: dict[str, str] = field(default_factory=dict)
    date_format: str | None = None
    reading: dict[str, Any] = field(default_factory=dict)
    as_of: str | None = None


@dataclass(frozen=True)
class FileShape:
    """How the files of a log are written.

    Attributes:
        header: the names of the columns.
        separator: of the cells of a text file; None of Parquet.
        encoding: of a text file.
        id_place: the place of the column with the customers' ids, from 0.
    """

    header: list[str]
    separator: str | None
    encoding: str
    id_place: int


@dataclass(frozen=True)
class PartFacts:
    """What a part of a log adds to the checks of the whole.

    Attributes:
        quality: the counts of its rows; notices on it as if it were a log.
        start, end: its observed span; the start of a part without events is later than its end.
        days: the number of events on each day.
        ids: the counts of its customers' ids.
        spend: the counts of their spend.
        overlap: how much of it the bundle was fitted on; None where the bundle has no sketch.
        totals: what its customers are expected to do, and did; None before they are scored, or without events.
        gains: of its customers to contact.
        scored: the number of score rows.
        as_of, horizon_days: of the score rows.
        notices: on its feature rows.
    """

    quality: QualityReport
    start: datetime
    end: datetime
    days: dict[int, int]
    ids: IdCounts
    spend: SpendCounts
    overlap: Overlap | None
    totals: SummedTotals | None = None
    gains: ContactGains = field(default_factory=ContactGains)
    scored: int = 0
    as_of: str | None = None
    horizon_days: float | None = None
    notices: tuple[Notice, ...] = ()


class LogParts:
    """A bundle that reads and scores a log in parts of its customers."""

    def __init__(self, scorer: "Scorer", how: FileReading) -> None:
        """Keep the bundle and how its file is read; see `Scorer.parts`."""
        self.scorer, self.specification, self.how = scorer, scorer.specification, how
        families = self.specification.custom_families(scorer.folder)
        alone = can_be_joined(self.specification, families)
        numbers = [name for name, reading in self.specification.readings.items() if reading.kind == NUMBER]
        remedy = "score the file on one machine: engine.name=duckdb."
        message = "the scores of this bundle depend on more than a customer's own rows: it reads"
        require(
            alone, f"{message} a table without dates, further tables, order totals or other customers.", remedy=remedy
        )
        require(not numbers, f"{message} attributes that are numbers, whose decimal sign all rows show.", remedy=remedy)
        is_given = how.as_of is not None or not scorer.kind.needs_day
        remedy = "give as_of=, the day on which the file was exported."
        require(
            is_given, "as_of is not set: the end of a table of contracts is not known in parts of it.", remedy=remedy
        )

    def settings(self, place: Path) -> DataSettings:
        """Return the settings by which a file is read.

        Raises:
            InputError: it lacks a column.
        """
        how = self.how
        settings = self.scorer.data_settings(place, how.columns, how.date_format, {}, how.as_of, how.reading)
        return replace(settings, format=Format.auto)

    def shape(self, files: Sequence[Path]) -> FileShape:
        """Return the header of the files of a log, and how their cells are written.

        Raises:
            InputError: the files have different columns, or are neither Parquet nor CSV.
        """
        settings = self.settings(files[0])
        header = read_columns(settings)
        for other in files[1:]:
            same = read_columns(replace(settings, path=str(other))) == header
            require(same, f"{other}: has other columns than {files[0].name}.", remedy="export them in one go.")
        return _shape(files[0], header, settings)

    def place(self, ids: Any, parts: int) -> NDArray[np.int64]:
        """Return the part of each row, from 0, by its customer's id as the file has it, an Arrow array (n,)."""
        return place_customers(self._engine, ids, parts, self.specification.data)

    @cached_property
    def _engine(self) -> Any:
        """An engine for ids, which come in many small batches."""
        return connect(EngineSettings(threads=1))

    def read(self, place: Path, end: datetime | None = None) -> Events:
        """Read a part that lies in a file of its own; `end` is that of the whole log, None where it is not known yet.

        A fault whose policy is `fail` sets its rows aside here: `join` refuses the log for it.
        """
        settings = self.settings(place)
        settings = replace(settings, policy=_without_fail(settings.policy))
        known = self.specification if end is None else replace(self.specification, fitted_through=str(end))
        engine = connect(EngineSettings(threads=1))
        events: Events = self.scorer.kind.read(engine, settings, None, known, self.how.as_of, is_whole=False)
        return events

    def features(self, events: Events) -> pd.DataFrame | None:
        """Return the feature rows of a part that `read` gave for the whole log's end; None if it has none."""
        moment = bound(self.how.as_of, events.end, "as_of")
        return self.scorer.features(events, moment) if events.start < moment else None

    def describe(self, events: Events) -> PartFacts:
        """Return the facts of a part that was read."""
        table, settings = events.table, self.specification.data
        days, ids, spend = count_days(table, settings), count_ids(table, settings), count_spend(table)
        sketch, overlap = self.specification.sketch, None
        if sketch is not None:
            overlap = compare_events(sketch, table, datetime.fromisoformat(self.specification.fitted_through))
        return PartFacts(events.quality, events.start, events.end, days, ids, spend, overlap)

    def add_scores(self, facts: PartFacts, events: Events, rows: pd.DataFrame, scores: pd.DataFrame) -> PartFacts:
        """Return the facts of a part with those of its feature rows and scores."""
        if not len(rows):
            return facts
        moment = rows["cutoff"].iloc[0].to_pydatetime()
        totals = self.scorer.sum_totals(events, rows, moment)
        notices = self.scorer.column_notices(events, rows)
        first = scores.iloc[0]
        return replace(
            facts,
            totals=totals,
            gains=count_gains(scores),
            scored=len(scores),
            as_of=str(first["as_of"]),
            horizon_days=float(first["horizon_days"]),
            notices=notices,
        )

    def join(self, parts: Sequence[PartFacts], settings: DataSettings, origin: str, malformed: int) -> Events:
        """Return the whole log without its table, after the checks of a log that is read.

        `malformed` rows of the file are in no part.

        Raises:
            InputError: a fault whose policy is `fail`, too many rows set aside, an event far from all others, or parts
                that are read in different ways.
        """
        _require_agreement(parts, origin)
        quality = _add_reports(parts, settings, origin, malformed)
        check_policies(quality.faults, quality.rows_read, origin, settings)
        filled = [part for part in parts if part.quality.events]
        start, end = min(part.start for part in filled), max(part.end for part in filled)
        return Events(None, None, quality, start, end, settings.has_amount, settings.shape, settings.refunds)

    def check_days(self, parts: Sequence[PartFacts], whole: Events, settings: DataSettings) -> tuple[Notice, ...]:
        """Return notices about events far from all others, of a log whose end is that of the scores.

        Raises:
            InputError: they are very far.
        """
        days: Counter[int] = Counter()
        for part in parts:
            days.update(part.days)
        return check_days(days, whole.quality, settings)

    def overlap(self, parts: Sequence[PartFacts]) -> Overlap | None:
        """Return how much of the log the bundle was fitted on; None where that cannot be measured."""
        measured = [part.overlap for part in parts if part.overlap is not None]
        if not measured:
            return None
        events, hits = sum(each.events for each in measured), sum(each.hits for each in measured)
        overlap = Overlap(events, hits, measured[0].filled)
        return overlap if overlap.measured else None

    def notices(self, parts: Sequence[PartFacts], whole: Events) -> tuple[Notice, ...]:
        """Return the notices on the scores of all parts.

        Those on columns and on spellings are of the part with most customers, which the hash of the id has chosen.
        """
        scored = [part for part in parts if part.scored]
        if not scored:
            return ()
        moment = bound(self.how.as_of, whole.end, "as_of")
        totals = [part.totals for part in scored if part.totals is not None]
        about_totals: tuple[Notice, ...] = ()
        if totals and holds_everybody(self.specification, whole):
            about_totals = reduce(add, totals).notices(whole.start, self.specification.windows.horizon_days)
        return (
            *other_horizon(self.specification, self.scorer.scored_days),
            *reduce(add, [part.ids for part in parts]).notices(self.specification.data),
            *reduce(add, [part.spend for part in parts]).notices(),
            *_sample_notices(scored, whole.quality),
            *moment_notices(self.specification, whole, moment),
            *about_totals,
            *reduce(add, [part.gains for part in scored]).notices(),
        )


def _shape(path: Path, header: list[str], settings: DataSettings) -> FileShape:
    id_place = header.index(str(settings.columns.customer_id))
    if is_parquet(path, settings):
        return FileShape(header, None, "", id_place)
    with as_text(path, settings, header_only=True) as text:
        separator = detect_separator(text.path, list(settings.mapped().values()), settings.separator)
        is_plain = text.separator is None and len(separator) == 1
    require(is_plain, f"{path}: is neither Parquet nor CSV.", remedy="export it as one of them.")
    encoding = detect_encoding(path) if settings.encoding == "auto" else settings.encoding
    return FileShape(header, separator, encoding, id_place)


def _without_fail(policies: Policies) -> Policies:
    """Return the policies with `set_aside` in place of `fail`."""
    failing = {name: Policy.set_aside for name, policy in vars(policies).items() if policy is Policy.fail}
    return replace(policies, **failing)


def _sample_notices(parts: Sequence[PartFacts], whole: QualityReport) -> list[Notice]:
    """Return the notices of the part with most customers, named as a sample where there are others."""
    largest = max(parts, key=lambda part: part.quality.customers)
    without = _OF_ALL | ({"no_orders"} if whole.orders or whole.contracts else set())
    notices = [each for each in (*largest.quality.notices, *largest.notices) if each.code not in without]
    if len(parts) == 1:
        return notices
    sample = f"in a sample of {largest.quality.customers:,} of the {whole.customers:,} customers"
    return [replace(each, message=f"{sample}: {each.message}") for each in notices]


def _require_agreement(parts: Sequence[PartFacts], origin: str) -> None:
    """Raise `InputError` where parts of one file are read in different ways, which no part alone can decide."""
    reports = [part.quality for part in parts if part.quality.events]
    ways: dict[str, set[str | None]] = {
        "dates": {report.date_format for report in reports},
        "numbers": {
            str({role: sign for role, sign in report.spelling.decimals.items() if sign != "point"})
            for report in reports
        },
        "currencies": {report.spelling.currency for report in reports} - {None},
    }
    differing = [f"{name} as {' or '.join(sorted(map(str, each)))}" for name, each in ways.items() if len(each) > 1]
    remedy = "give date_format=, data.decimal= or data.currency=, whichever is meant."
    require(
        not differing,
        f"{origin}: parts of its customers are read in different ways: {', '.join(differing)}.",
        remedy=remedy,
    )


def _add_reports(parts: Sequence[PartFacts], settings: DataSettings, origin: str, malformed: int) -> QualityReport:
    """Return the report of the whole log."""
    reports = [part.quality for part in parts]
    if not reports:
        raise InputError(f"{origin}: no row has as many cells as the header.", remedy="check quotes and separators.")
    sums = {name: sum(getattr(report, name) for report in reports) for name in _SUMMED}
    faults = [
        _add_faults([report.faults[place] for report in reports], settings) for place in range(len(reports[0].faults))
    ]
    faults = [
        replace(each, rows=malformed, set_aside=malformed) if each.fault == "malformed_row" else each for each in faults
    ]
    filled = next((report for report in reports if report.events), reports[0])
    return replace(
        filled,
        **sums | {"rows_read": sums["rows_read"] + malformed},
        origin=origin,
        first_event=min((report.first_event for report in reports), key=datetime.fromisoformat),
        last_event=max((report.last_event for report in reports), key=datetime.fromisoformat),
        faults=tuple(faults),
        notices=(),
    )


_SUMMED = ("rows_read", "rows_kept", "customers", "orders", "events", "contracts", "ended")


def _add_faults(counts: Sequence[FaultCount], settings: DataSettings) -> FaultCount:
    """Return the count of a fault in all parts, under the policy of the settings; rows of parts have no number."""
    cells = next((count.cells for count in counts if count.cells), ())
    rows, aside = sum(count.rows for count in counts), sum(count.set_aside for count in counts)
    policy = getattr(settings.policy, counts[0].fault)
    return FaultCount(counts[0].fault, policy.name, rows, aside, None, cells=cells)
