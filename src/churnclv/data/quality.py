"""The data-quality report: every row of the input accounted for."""

from dataclasses import asdict, dataclass
from typing import Any

from ..errors import InputError
from .faults import BY_NAME
from .settings import DataSettings, Policy


@dataclass(frozen=True)
class FaultCount:
    """How many rows show a fault, and how many were set aside for it (each row once, for its first fault)."""

    fault: str
    policy: str
    rows: int
    set_aside: int
    first_row: int | None


@dataclass(frozen=True)
class QualityReport:
    """What was read, kept and set aside."""

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

    @property
    def rows_set_aside(self) -> int:
        """Rows read and not kept."""
        return self.rows_read - self.rows_kept

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {**asdict(self), "rows_set_aside": self.rows_set_aside}

    def lines(self) -> list[str]:
        """Return the report as lines for people."""
        head = (
            f"{self.rows_read:,} rows read = {self.rows_kept:,} kept + {self.rows_set_aside:,} set aside; "
            f"{self.customers:,} customers, {self.orders:,} orders, {self.first_event} to {self.last_event}"
        )
        return [head] + [
            f"  {count.rows:>9,} rows: each {BY_NAME[count.fault].rule} "
            + (f"[{count.set_aside:,} set aside for it]" if count.set_aside else "[kept]")
            for count in self.faults
            if count.rows
        ]

    def to_markdown(self) -> str:
        """Return the report as a Markdown page."""
        table = ["| fault | policy | rows | set aside | first row |", "|---|---|---:|---:|---:|"]
        table += [
            f"| {count.fault}: {BY_NAME[count.fault].rule} | {count.policy} | {count.rows} | {count.set_aside} "
            f"| {'' if count.first_row is None else count.first_row} |"
            for count in self.faults
        ]
        return "\n".join(["# Data quality", "", self.lines()[0], "", *table, ""])


def check_policies(counts: tuple[FaultCount, ...], rows_read: int, origin: str, settings: DataSettings) -> None:
    """Raise `InputError` with every fault whose policy is `fail`, or if too large a share was set aside."""
    failed = [count for count in counts if count.rows and count.policy == Policy.fail.name]
    if failed:
        raise InputError("\n".join(_sentence(count, origin, settings) for count in failed))
    aside = [count for count in counts if count.set_aside]
    total = sum(count.set_aside for count in aside)
    if total > settings.max_set_aside_share * rows_read:
        raise InputError(
            f"{origin}: {total:,} of {rows_read:,} rows would be set aside, more than data.max_set_aside_share "
            f"= {settings.max_set_aside_share:g}:\n" + "\n".join(_sentence(count, origin, settings) for count in aside),
            remedy="mend the file, change data.policy.<fault>, or allow more with data.max_set_aside_share.",
        )
    if total == rows_read:
        raise InputError(
            f"{origin}: no row is left after the policies:\n"
            + "\n".join(_sentence(count, origin, settings) for count in aside),
            remedy="mend the file or change data.policy.<fault>.",
        )


def _sentence(count: FaultCount, origin: str, settings: DataSettings) -> str:
    fault = BY_NAME[count.fault]
    mapped = settings.columns.mapped()
    column = mapped.get(fault.role, mapped.get("price") if fault.role == "amount" else None)
    where = f"{origin}: row {count.first_row}" + (f", column {column!r}" if column else "")
    return f"{where}: {fault.rule} ({count.fault}: {count.rows:,} rows). {fault.remedy}."
