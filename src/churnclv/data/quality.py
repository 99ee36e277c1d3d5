"""The data-quality report, which accounts for every row of the input."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..errors import InputError
from ..notices import Notice
from .faults import BY_NAME, CHOSEN, LABELLED
from .settings import DataSettings, Policy, Spelling
from .unreadable import explain_cells


@dataclass(frozen=True)
class FaultCount:
    """The number of rows with a fault, and of rows set aside for it (each row once, for its first fault).

    `cells` are the raw dates or numbers of the first such row, for messages; they are not stored.
    """

    fault: str
    policy: str
    rows: int
    set_aside: int
    first_row: int | None
    cells: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class QualityReport:
    """What was read, kept and set aside.

    `rows_kept` counts rows of the file; a contract becomes more than one event. `tables` has the reports of the other
    tables by name;`known_customers` is the number of a table's customers that are in the main one, `learned` that
    of the customers that models learn from, where this is a sample. `notices` are
    warnings about the meaning of rows. `spelling` has the formats of dates and numbers that were derived from the rows.
    """

    origin: str
    rows_read: int
    rows_kept: int
    customers: int
    orders: int
    first_event: str
    last_event: str
    date_format: str
    decimal: str
    input_fingerprint: str
    fingerprint: str
    faults: tuple[FaultCount, ...]
    events: int = field(default=0, kw_only=True)
    contracts: int = field(default=0, kw_only=True)
    ended: int = field(default=0, kw_only=True)
    known_customers: int | None = field(default=None, kw_only=True)
    learned: int | None = field(default=None, kw_only=True)
    tables: dict[str, "QualityReport"] = field(default_factory=dict, kw_only=True)
    notices: tuple[Notice, ...] = field(default=(), kw_only=True)
    spelling: Spelling = field(default_factory=Spelling, kw_only=True)

    @property
    def rows_set_aside(self) -> int:
        """Rows read and not kept."""
        return self.rows_read - self.rows_kept

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        faults = [{name: value for name, value in asdict(count).items() if name != "cells"} for count in self.faults]
        others = {name: report.as_dict() for name, report in self.tables.items()}
        return {**asdict(self), "faults": faults, "tables": others, "rows_set_aside": self.rows_set_aside}

    def lines(self) -> list[str]:
        """Return the report as printed lines."""
        head = (
            f"{self.rows_read:,} rows read = {self.rows_kept:,} kept + {self.rows_set_aside:,} set aside; "
            f"{self.customers:,} customers{self._content()}"
        )
        others = [f"{name}: {line}" for name, report in self.tables.items() for line in report.lines()]
        return [head, *self._fault_lines(), *(notice.line() for notice in self.notices), *others]

    def sample_lines(self) -> list[str]:
        """Return the line on the customers that models learn from; none where these are all."""
        if self.learned is None:
            return []
        sentence = f"Learned from and evaluated on {self.learned:,} of the {self.customers:,} customers"
        return [f"{sentence}, chosen by a hash of the id (tuning.max_customers)."]

    def _content(self) -> str:
        """Return the numbers of orders, contracts or events, and their dates, as text."""
        matched = "" if self.known_customers is None else f", {self.known_customers:,} of them in the main table"
        if not self.first_event:
            return matched
        content = f"{self.orders:,} orders"
        if self.contracts:
            content = f"{self.contracts:,} contracts, {self.ended:,} of them ended"
        elif not self.orders:
            content = f"{self.events:,} events"
        return f"{matched}, {content}, {self.first_event} to {self.last_event}"

    def _fault_lines(self) -> list[str]:
        return [
            f"  {count.rows:>9,} rows: each {BY_NAME[count.fault].rule} "
            + (f"[{count.set_aside:,} set aside for it]" if count.set_aside else "[kept]")
            for count in self.faults
            if count.rows
        ]

    def to_markdown(self) -> str:
        """Return the report as a Markdown page, with a section per other table."""
        others = [f"## {name}\n\n" + "\n".join(report.section()) for name, report in self.tables.items()]
        return "\n".join(["# Data quality", "", *self.section(), *others])

    def section(self) -> list[str]:
        """Return the report's section of that page."""
        table = ["| fault | policy | rows | set aside | first row |", "|---|---|---:|---:|---:|"]
        table += [
            f"| {count.fault}: {BY_NAME[count.fault].rule} | {count.policy} | {count.rows} | {count.set_aside} "
            f"| {'' if count.first_row is None else count.first_row} |"
            for count in self.faults
        ]
        notices = [f"- {notice.line()}" for notice in self.notices]
        return [self.lines()[0], "", *table, "", *notices, ""]


def with_spelling(settings: DataSettings, quality: QualityReport) -> DataSettings:
    """Return the settings with the formats of the files, as they are stored in a bundle."""
    tables = {
        name: replace(table, spelling=quality.tables[name].spelling) if name in quality.tables else table
        for name, table in settings.tables.items()
    }
    return replace(settings, spelling=quality.spelling, tables=tables)


def check_policies(counts: tuple[FaultCount, ...], rows_read: int, origin: str, settings: DataSettings) -> None:
    """Raise `InputError` with every fault whose policy is `fail`, or if too large a share of rows is set aside."""
    failed = [count for count in counts if count.rows and count.policy == Policy.fail.name]
    if failed:
        raise InputError("\n".join(_sentence(count, origin, settings) for count in failed))
    aside = [count for count in counts if count.set_aside]
    total = sum(count.set_aside for count in aside)
    faulty = _faulty_rows(counts, settings)
    if faulty > settings.max_set_aside_share * rows_read:
        raise InputError(
            f"{origin}: {faulty:,} of {rows_read:,} rows would be set aside, more than data.max_set_aside_share "
            f"= {settings.max_set_aside_share:g}:\n" + "\n".join(_sentence(count, origin, settings) for count in aside),
            remedy=f"mend the file{_policy(settings, ', change ')}, or allow more with data.max_set_aside_share.",
        )
    if total == rows_read:
        raise InputError(
            f"{origin}: no row is left after the policies:\n"
            + "\n".join(_sentence(count, origin, settings) for count in aside),
            remedy=f"mend the file{_policy(settings, ' or change ')}.",
        )


def _faulty_rows(counts: tuple[FaultCount, ...], settings: DataSettings) -> int:
    """Return the rows set aside for a fault of the file, not for a choice of the settings."""
    chosen = (*CHOSEN, "mixed_currency") if settings.currency is not None else CHOSEN
    return sum(count.set_aside for count in counts if count.fault not in chosen)


def faulty_share(quality: QualityReport, settings: DataSettings) -> float:
    """Return the share of the rows that `data.max_set_aside_share` bounds; the largest of all tables."""
    shares = [_faulty_rows(quality.faults, settings) / max(quality.rows_read, 1)]
    return max([*shares, *(faulty_share(table, settings) for table in quality.tables.values())])


def _policy(settings: DataSettings, before: str) -> str:
    """Return the setting that changes a policy; scoring has none, since a bundle's policies are those of training."""
    return "" if settings.spelling is not None else f"{before}{settings.where}.policy.<fault>"


def _sentence(count: FaultCount, origin: str, settings: DataSettings) -> str:
    faults = BY_NAME if settings.target is None else BY_NAME | {fault.name: fault for fault in LABELLED}
    fault = faults[count.fault]
    mapped = {**settings.columns.mapped(), "target": settings.target}
    column = mapped.get(fault.role, mapped.get("price") if fault.role == "amount" else None)
    row = [] if count.first_row is None else [f"row {count.first_row}"]  # the parts of a log do not know it
    where = f"{origin}: " + ", ".join([*row, *([f"column {column!r}"] if column else [])] or ["a row"])
    examples, remedy = explain_cells(count.fault, count.cells, settings.where)
    return f"{where}: {fault.rule}{examples} ({count.fault}: {count.rows:,} rows). {remedy or fault.remedy}."
