"""More tables: dated events to be united with the main ones, and undated attributes to be joined to customers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import ibis

from ..errors import InputError
from . import parsing
from .faults import ATTRIBUTES
from .fingerprint import fingerprint, row_hash
from .log import count_faults, first_set_aside, read_log, read_raw
from .matching import match_customers
from .paths import table_aside_path
from .quality import QualityReport, check_policies
from .schema import event_columns
from .settings import STATIC, Columns, DataSettings, Shape, TableSettings
from .source import RawLog

_CHECKED = "checked_table"


class OtherTable(DataSettings):
    """The settings of one of `data.tables`, as if it were a log of its own."""

    @property
    def where(self) -> str:
        """How messages begin the name of a setting."""
        return f"data.tables.{self.name}"

    def setting(self, role: str) -> str:
        """Return the setting that maps a role to a column."""
        is_attribute = role.startswith(STATIC)
        return (
            f"{self.where}.attributes.{role.removeprefix(STATIC)}" if is_attribute else f"{self.where}.columns.{role}"
        )


@dataclass(frozen=True)
class OtherTables:
    """What the other tables hold: dated events, attributes by customer, and a report of each table."""

    dated: tuple[Any, ...]
    attributes: tuple[Any, ...]
    reports: dict[str, QualityReport]

    def unite(self, main: Any, settings: DataSettings) -> Any:
        """Return the main events with their customers' attributes, and the other events below them."""
        columns = event_columns(settings)
        for table in self.attributes:
            own = [name for name in table.columns if name != "customer_id"]
            main = main.drop(*own).left_join(table, "customer_id").drop("customer_id_right")
        return ibis.union(*[_widen(table, columns) for table in (main, *self.dated)])


def _widen(table: Any, columns: tuple[str, ...]) -> Any:
    """Return a table with all of the columns, null where it has none."""
    return table.select(**{name: table[name] if name in table.columns else ibis.null("string") for name in columns})


def read_tables(connection: Any, settings: DataSettings, main: Any, frames: Mapping[str, Any]) -> OtherTables:
    """Read every table of `data.tables`; `main` is the main log's events, `frames` pandas frames in place of files.

    Raises:
        InputError: a fault of a file, too many rows set aside, an attribute with two values for one customer, or a
            table none of whose customers is in the main one.
    """
    dated, attributes, reports = [], [], {}
    customers = main.select("customer_id").distinct()
    for name, table in settings.tables.items():
        own = _settings_of(name, table, settings)
        if table.is_dated:
            log = read_log(connection, own, f"events_{name}", frames.get(name))
            found, report = log.table, log.quality
            dated.append(found)
        else:
            found, report = _read_attributes(connection, own, f"attributes_{name}", frames.get(name))
            attributes.append(found)
        known, notices = match_customers(customers, found.select("customer_id").distinct(), own.where)
        reports[name] = replace(report, known_customers=known, notices=(*report.notices, *notices))
    return OtherTables(tuple(dated), tuple(attributes), reports)


def _settings_of(name: str, table: TableSettings, settings: DataSettings) -> OtherTable:
    """Return a table's settings: its own where it has some, the main ones elsewhere."""
    own = {field: value for field, value in vars(table).items() if field in vars(settings) and field != "policy"}
    chosen = {
        **vars(settings),
        **own,
        "name": name,
        "shape": Shape.orders if table.is_dated else Shape.labelled,
        "builtin": None,
        "columns": Columns(**{"timestamp": None, "amount": None, **table.columns}),
        "static": table.attributes,
        "other_kind": table.kind or table.other_kind,
        "policy": replace(settings.policy, **table.policy),
        "refund_order_pattern": None,
        "observed_until": None,
        "tables": {},
        "set_aside_path": table_aside_path(settings.set_aside_path, name),
    }
    return OtherTable(**chosen)


def _read_attributes(connection: Any, settings: DataSettings, name: str, frame: Any) -> tuple[Any, QualityReport]:
    """Return one row per customer with the attributes, and the report of the table."""
    log = read_raw(connection, settings, frame)
    rows = connection.create_table(_CHECKED, _parse(log, settings), temp=True, overwrite=True)
    counts = count_faults(rows, log, settings, ATTRIBUTES)
    check_policies(counts, log.rows_read, log.origin, settings)
    kept = rows.filter(rows.customer_id.notnull())
    columns = [f"{STATIC}{attribute}" for attribute in settings.static]
    for column in columns:
        _require_one_value(kept, column, log, settings)
    one = kept.group_by("customer_id").agg(**{column: kept[column].max() for column in columns})
    table = connection.create_table(name, one, temp=True, overwrite=True)
    report = QualityReport(
        origin=log.origin,
        rows_read=log.rows_read,
        rows_kept=log.rows_read - sum(count.set_aside for count in counts),
        customers=int(table.count().execute()),
        orders=0,
        first_event="",
        last_event="",
        date_format="",
        decimal="",
        input_fingerprint=fingerprint(log.table, log.table.content),
        fingerprint=fingerprint(table, row_hash(table, ("customer_id", *columns))),
        faults=counts,
    )
    return table, report


def _parse(log: RawLog, settings: DataSettings) -> Any:
    raw = log.table
    own = {f"{STATIC}{name}": raw[f"{STATIC}{name}"].strip().nullif("") for name in settings.static}
    name = parsing.clean_id(raw.customer_id, settings)
    rows = raw.select(row=raw.row, customer_id=name, raw_id=raw.customer_id, **own)
    flags = {
        "malformed_row": ibis.literal(False),
        "missing_id": rows.customer_id.isnull(),
        "padded_id": (rows.customer_id.notnull() & parsing.is_padded(rows.raw_id)).fill_null(False),
        "leading_zero_id": rows.customer_id.re_search(r"^0\d").fill_null(False),
    }
    flagged = rows.mutate(**flags)
    return flagged.mutate(set_aside_for=first_set_aside(flagged, settings, list(flags)))


def _require_one_value(rows: Any, column: str, log: RawLog, settings: DataSettings) -> None:
    """Raise `InputError` for the first row that gives a customer another value than an earlier row did."""
    known = rows.filter(rows[column].notnull())
    first = known.mutate(
        first=known[column].first().over(group_by=known.customer_id, order_by=known.row),
        first_row=known.row.min().over(group_by=known.customer_id),
    )
    found = first.filter(first[column] != first["first"]).order_by("row").limit(1).execute()
    if not len(found):
        return
    other = found.iloc[0]
    cell = f"{log.origin}: row {other['row']}, column {settings.mapped()[column]!r}"
    raise InputError(
        f"{cell}: customer {other['customer_id']!r} has {other[column]!r}, but {other['first']!r} in row "
        f"{other['first_row']}; an attribute does not change.",
        remedy=f"keep one row per customer, or date the changes: {settings.where}.columns.timestamp=...",
    )
