"""Further tables: dated events, appended to the main ones, and undated attributes, joined to customers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import ibis

from ..errors import InputError, require
from . import parsing
from .faults import ATTRIBUTES
from .fingerprint import content_fingerprint, fingerprint
from .log import count_faults, first_set_aside, read_log, read_raw
from .matching import match_customers
from .paths import table_aside_path
from .quality import QualityReport, check_policies
from .schema import event_columns
from .settings import HOLDOUT_KIND, STATIC, TREATMENT_KIND, Columns, DataSettings, TableSettings, treatment_name
from .source import RawLog

_CHECKED = "checked_table"


class OtherTable(DataSettings):
    """The settings of one of `data.tables`, merged with those of the main log."""

    @property
    def where(self) -> str:
        """The prefix of the names of settings in messages."""
        return f"data.tables.{self.name}"

    def setting(self, role: str) -> str:
        """Return the setting that maps a role to a column."""
        if role.startswith(STATIC):
            return f"{self.where}.attributes.{role.removeprefix(STATIC)}"
        named = treatment_name(role) if self.is_of_treatments else role
        return f"{self.where}.columns.{named}"

    @property
    def is_of_treatments(self) -> bool:
        """Whether every row of the table is a treatment."""
        return self.other_kind == TREATMENT_KIND and self.columns.kind in (None, self.columns.item)


@dataclass(frozen=True)
class OtherTables:
    """The content of the other tables: dated events, attributes by customer, and a report of each table."""

    dated: tuple[Any, ...]
    attributes: tuple[Any, ...]
    reports: dict[str, QualityReport]

    def unite(self, main: Any, settings: DataSettings) -> Any:
        """Return the main events with the attributes of their customers, followed by the events of the other tables."""
        columns = event_columns(settings)
        for table in self.attributes:
            names = [name for name in table.columns if name != "customer_id"]
            main = main.drop(*names).left_join(table, "customer_id").drop("customer_id_right")
        return ibis.union(*[_widen(table, columns) for table in (main, *self.dated)])


def _widen(table: Any, columns: tuple[str, ...]) -> Any:
    """Return a table with all of `columns`; those it lacks are null."""
    return table.select(**{name: table[name] if name in table.columns else ibis.null("string") for name in columns})


def read_tables(connection: Any, settings: DataSettings, main: Any, frames: Mapping[str, Any]) -> OtherTables:
    """Read every table of `data.tables`; `main` is the main log's events, `frames` pandas frames in place of files.

    Raises:
        InputError: a fault of a file, too many rows set aside, an attribute with two values for one customer, or a
            table without a customer of the main one.
    """
    dated, attributes, reports = [], [], {}
    customers = main.select("customer_id").distinct()
    for name, table in settings.tables.items():
        merged = _settings_of(name, table, settings)
        if table.is_dated:
            log = read_log(connection, merged, f"events_{name}", frames.get(name))
            rows, report = log.table, log.quality
            if merged.is_of_treatments:
                _require_probabilities(rows, report.origin, merged)
            dated.append(rows)
        else:
            rows, report = _read_attributes(connection, merged, f"attributes_{name}", frames.get(name))
            attributes.append(rows)
        matched, notices = match_customers(customers, rows.select("customer_id").distinct(), merged.where)
        reports[name] = replace(report, known_customers=matched, notices=(*report.notices, *notices))
    return OtherTables(tuple(dated), tuple(attributes), reports)


def _settings_of(name: str, table: TableSettings, settings: DataSettings) -> OtherTable:
    """Return the settings of a table: those it sets itself, and the main ones for the rest."""
    given = {field: value for field, value in vars(table).items() if field in vars(settings) and field != "policy"}
    columns = Columns(**{"timestamp": None, "amount": None, **table.roles})
    kinds = table.kinds
    if table.control is not None:  # the arm is what tells the two kinds apart
        columns, kinds = replace(columns, kind=columns.item), {table.control: HOLDOUT_KIND}
    merged = {
        **vars(settings),
        **given,
        "name": name,
        "shape": table.shape,
        "builtin": None,
        "columns": columns,
        "kinds": kinds,
        "static": table.attributes,
        "other_kind": table.kind or table.other_kind,
        "policy": replace(settings.policy, **table.policy),
        "refund_order_pattern": None,
        "observed_until": None,
        "tables": {},
        "covariates": {},
        "set_aside_path": table_aside_path(settings.set_aside_path, name),
    }
    return OtherTable(**merged)


def _require_probabilities(rows: Any, origin: str, settings: OtherTable) -> None:
    """Raise `InputError` where the propensity of a treatment is no probability of what chance could decide."""
    outside = rows.filter((rows.quantity <= 0) | (rows.quantity >= 1))
    facts = outside.aggregate(count=outside.count(), example=outside.quantity.min().cast("float64")).execute().iloc[0]
    message = (
        f"{origin}: column {settings.columns.quantity!r}: {int(facts['count']):,} propensities are not above 0 and "
        f"below 1, such as {facts['example']:g}."
    )
    remedy = f"leave cells blank where it is not known, or leave out {settings.setting('quantity')}."
    require(int(facts["count"]) == 0, message, remedy=remedy)


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
    by_customer = kept.group_by("customer_id").agg(**{column: kept[column].max() for column in columns})
    table = connection.create_table(name, by_customer, temp=True, overwrite=True)
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
        input_fingerprint=content_fingerprint(log.table),
        fingerprint=fingerprint(table, ("customer_id", *columns)),
        faults=counts,
    )
    return table, report


def _parse(log: RawLog, settings: DataSettings) -> Any:
    raw = log.table
    attributes = {f"{STATIC}{name}": raw[f"{STATIC}{name}"].strip().nullif("") for name in settings.static}
    name = parsing.clean_id(raw.customer_id, settings)
    rows = raw.select(row=raw.row, customer_id=name, raw_id=raw.customer_id, **attributes)
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
    filled = rows.filter(rows[column].notnull())
    compared = filled.mutate(
        first=filled[column].first().over(group_by=filled.customer_id, order_by=filled.row),
        first_row=filled.row.min().over(group_by=filled.customer_id),
    )
    conflicts = compared.filter(compared[column] != compared["first"]).order_by("row").limit(1).execute()
    if not len(conflicts):
        return
    conflict = conflicts.iloc[0]
    cell = f"{log.origin}: row {conflict['row']}, column {settings.mapped()[column]!r}"
    raise InputError(
        f"{cell}: customer {conflict['customer_id']!r} has {conflict[column]!r}, but {conflict['first']!r} in row "
        f"{conflict['first_row']}; an attribute does not change.",
        remedy=f"keep one row per customer, or date the changes: {settings.where}.columns.timestamp=...",
    )
