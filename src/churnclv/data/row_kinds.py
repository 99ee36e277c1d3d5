"""How the rows of a table are parsed, flagged and turned into events: one class per kind of dated rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ibis

from ..notices import Notice
from . import parsing
from .contract_rows import (
    CONTRACT_ROLES,
    choose_ends,
    contract_events,
    find_observed_until,
    flag_contracts,
    overlapping_contracts,
    parse_ends,
)
from .dates import Dates
from .event_kinds import name_kinds
from .faults import CATALOGUE, CONTRACTS, Fault
from .lines import mark_lines
from .schema import event_columns
from .settings import CustomerKind, DataSettings, PerKind
from .source import RawLog
from .spend_concentration import concentrated_spend


class EventRows:
    """Rows of orders and other events.

    Attributes:
        faults: the faults of a row; it is set aside for the first that applies.
        last_fault: the fault that is checked only among the rows without another.
        count: the role of the column of whole numbers beside the amount.
        roles: canonical column -> role, where the names differ.
        plans_ahead: whether rows may lie after the observed span, which is then derived from all rows first.
    """

    faults: tuple[Fault, ...] = CATALOGUE
    last_fault: str = "same_day_order"
    count: str = "quantity"
    roles: Mapping[str, str] = {}
    plans_ahead: bool = False

    def choose_ends(self, log: RawLog, settings: DataSettings) -> Dates | None:
        """Return how the ends of contracts are read; None where rows have none."""
        del log, settings
        return None

    def parse_ends(self, raw: Any, ends: Dates | None, settings: DataSettings) -> dict[str, Any]:
        """Return the columns parsed from the ends of contracts."""
        del raw, ends, settings
        return {}

    def amount(self, money: Any, quantity: Any, role: str) -> Any:
        """Return the amount of a row from its amount or price."""
        return parsing.multiply(money, quantity) if role == "price" else money

    def mark(self, parsed: Any, settings: DataSettings, *, amounts_lack: bool) -> Any:
        """Add what depends on the other rows of an order; `amounts_lack` is whether any row has no amount."""
        return mark_lines(parsed, settings, amounts_lack=amounts_lack)

    def name(self, flagged: Any, settings: DataSettings) -> Any:
        """Replace the text in `kind` by the canonical kind."""
        return name_kinds(flagged, settings)

    def observed_until(self, rows: Any, origin: str, settings: DataSettings, since: datetime | None) -> datetime | None:
        """Return the end of the observed span, of rows that may be planned ahead; None where none of them is."""
        del rows, origin, settings, since
        return None

    def flag(self, rows: Any, until: datetime | None) -> Any:
        """Add the faults that depend on the end of the observed span."""
        del until
        return rows

    def has_last_fault(self, rows: Any) -> Any:
        """Return whether a kept order is not the first of its customer on its day; lines of one order are one order."""
        order = rows.order_id.fill_null(rows.content.cast("string") + "-" + rows.row.cast("string"))
        usable = rows.set_aside_for.isnull() & (rows.kind == "order")
        rank = ibis.dense_rank().over(group_by=[rows.customer_id, rows.timestamp.date(), usable], order_by=order)
        return (usable & (rank > 0)).fill_null(False)

    def events(self, kept: Any, settings: DataSettings) -> Any:
        """Return the canonical events of the kept rows."""
        return kept.select(*event_columns(settings))

    def spanning(self, events: Any) -> Any:
        """Return the events whose dates make the observed span."""
        return events

    def notices(self, events: Any, settings: DataSettings) -> tuple[Notice, ...]:
        """Return notices about the events of a whole log."""
        return concentrated_spend(events, settings)


class ContractRows(EventRows):
    """Rows of contracts, each with its start and end."""

    faults = CONTRACTS
    last_fault = "overlapping_contract"
    count = "term_months"
    roles = CONTRACT_ROLES
    plans_ahead = True

    def choose_ends(self, log: RawLog, settings: DataSettings) -> Dates | None:
        """Return how the ends of contracts are read."""
        return choose_ends(log, settings)

    def parse_ends(self, raw: Any, ends: Dates | None, settings: DataSettings) -> dict[str, Any]:
        """Return the ends, and whether a contract is open."""
        return {} if ends is None else parse_ends(raw, ends, settings)

    def amount(self, money: Any, quantity: Any, role: str) -> Any:
        """Return the price per month."""
        del quantity, role
        return money

    def mark(self, parsed: Any, settings: DataSettings, *, amounts_lack: bool) -> Any:
        """Return the rows as they are: a contract is one row."""
        del settings, amounts_lack
        return parsed

    def name(self, flagged: Any, settings: DataSettings) -> Any:
        """Return the rows as they are: their events are of two kinds."""
        del settings
        return flagged

    def observed_until(self, rows: Any, origin: str, settings: DataSettings, since: datetime | None) -> datetime | None:
        """Return the end of the observed span; later starts and ends are plans."""
        return find_observed_until(rows, origin, settings, since)

    def flag(self, rows: Any, until: datetime | None) -> Any:
        """Add one column per contract fault, and hide the ends after the observed span."""
        return rows if until is None else flag_contracts(rows, until)

    def has_last_fault(self, rows: Any) -> Any:
        """Return whether a kept contract overlaps an earlier one of its customer."""
        return overlapping_contracts(rows)

    def events(self, kept: Any, settings: DataSettings) -> Any:
        """Return starts, ends and changes of plan."""
        return contract_events(kept, settings)

    def spanning(self, events: Any) -> Any:
        """Return the starts of contracts: ends may be planned."""
        return events.filter(events.kind == "contract_start")

    def notices(self, events: Any, settings: DataSettings) -> tuple[Notice, ...]:
        """Return no notice."""
        del events, settings
        return ()


ROW_KINDS: PerKind[EventRows] = PerKind(EventRows(), ContractRows(), EventRows(), EventRows())


def rows_of(shape: CustomerKind) -> EventRows:
    """Return how the rows of a kind of data are read."""
    return ROW_KINDS[shape]
