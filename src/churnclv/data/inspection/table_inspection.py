"""Table inspection: the kind of a table, the roles of its columns, and the settings that read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..settings import CustomerKind
from .cell_spelling import SpellingChoice, spell_dates, spell_numbers
from .column_names import STRONG, name_evidence
from .column_profile import ColumnProfile, profile_columns
from .column_relations import Relations
from .event_values import kinds_of
from .loaded_table import LoadedTable
from .role_choice import (
    Confidence,
    RoleChoice,
    Roles,
    choose_contract_dates,
    choose_customer,
    choose_date,
    choose_event_columns,
    choose_money,
    choose_order,
    choose_rest,
    choose_target,
    has_lines,
    open_tokens,
)
from .table_kinds import (
    ATTRIBUTES,
    CONTRACTS,
    EVENTS,
    LABELLED,
    ORDER_LINES,
    ORDERS,
    PANEL,
    UNKNOWN,
    TableKind,
)

_POSITIVE = (
    "yes", "true", "1", "churned", "left", "churn", "y", "t", "cancelled", "canceled", "lost", "exited",
    "attrited", "closed", "attrited customer", "si", "sì", "s", "vero", "perso", "ja", "j", "wahr", "gekündigt",
    "abgewandert", "oui", "o", "vrai", "parti", "résilié", "perdu", "sí", "verdadero", "perdido", "baja",
)  # fmt: skip
_NUMBER_ROLES = ("amount", "price", "quantity", "term_months")
_MOSTLY = 0.9
_GUESTS_SHARE = 0.05


@dataclass(frozen=True)
class TableInspection:
    """What one file is.

    Attributes:
        table: the file in the engine.
        kind: what its rows are.
        profiles: of its columns.
        roles: the columns that play a role, with the confidence and the reasons.
        spelling: how dates and numbers are written, by role.
        settings: the settings that read it, by name without `data.`.
        duplicates: rows that equal an earlier one.
        doubts: what a reader should know, as sentences.
        export: the file in `conf/data/` of the program whose export it is; empty where none is recognised.
    """

    table: LoadedTable
    kind: TableKind
    profiles: dict[str, ColumnProfile]
    roles: dict[str, RoleChoice]
    spelling: dict[str, SpellingChoice]
    settings: dict[str, Any]
    duplicates: int
    doubts: tuple[str, ...] = field(default=())
    export: str = ""

    def column(self, role: str) -> str | None:
        """Return the column of a role."""
        return self.roles[role].column if role in self.roles else None

    @property
    def unused(self) -> list[str]:
        """The columns without a role."""
        taken = {choice.column for choice in self.roles.values()}
        return [name for name in self.table.header if name not in taken]


def inspect_table(table: LoadedTable) -> TableInspection:
    """Return the kind of a table, the roles of its columns and the settings that read it."""
    profiles = profile_columns(table)
    relations = Relations(table)
    kind, roles, settings, doubts = _choose_kind(profiles, relations)
    spelling = _spell(table, kind, roles, profiles)
    for choice in spelling.values():
        settings |= choice.settings
    return TableInspection(
        table, kind, profiles, roles.chosen, spelling, settings, relations.duplicates(), tuple(doubts)
    )


def inspect_export(table: LoadedTable, export: str, columns: Mapping[str, str], shape: str | None) -> TableInspection:
    """Return the inspection of the export of a program, whose columns are known by their names.

    Parameters
    ----------
    table
        The file.
    export
        The program's file in `conf/data/`.
    columns
        Role -> column, of those that the file has.
    shape
        How its customers leave, as that file has it; None for orders.
    """
    profiles = profile_columns(table)
    roles = Roles(profiles, Relations(table))
    kind = CONTRACTS if shape is not None and CustomerKind(shape) is CONTRACTS.shape else ORDERS
    if kind is ORDERS and "order_id" in columns and has_lines(roles.relations, columns["order_id"]):
        kind = ORDER_LINES
    for role, column in columns.items():
        name = "start" if kind is CONTRACTS and role == "timestamp" else role
        roles.chosen[name] = RoleChoice(name, column, Confidence.sure, (f"a column of {export}",))
    spelling = _spell(table, kind, roles, profiles)
    settings = {name: value for choice in spelling.values() for name, value in choice.settings.items()}
    duplicates = roles.relations.duplicates()
    return TableInspection(table, kind, profiles, roles.chosen, spelling, settings, duplicates, export=export)


def _choose_kind(
    profiles: dict[str, ColumnProfile], relations: Relations
) -> tuple[TableKind, Roles, dict[str, Any], list[str]]:
    """Return the kind of a table, with its roles, the settings that they need, and doubts."""
    dates = [name for name, profile in profiles.items() if profile.is_date]
    roles = Roles(profiles, relations)
    if choose_contract_dates(roles):
        choose_customer(roles, None)
        if roles.column("customer_id"):
            return CONTRACTS, roles, _contract_settings(roles, profiles), []
        roles = Roles(profiles, relations)
    if _is_labelled(profiles, relations, STRONG):
        return _labelled(profiles, relations, STRONG)
    if dates:
        choose_date(roles)
        date = roles.column("timestamp")
        if date is not None:
            choose_customer(roles, date)
            customer = roles.column("customer_id")
            repeats = customer is not None and not profiles[customer].is_unique
            if customer is not None and (repeats or _has_money(profiles)):
                return _log(roles, date, customer)
    if _is_labelled(profiles, relations, 0.1):
        return _labelled(profiles, relations, 0.1)
    roles = Roles(profiles, relations)
    choose_customer(roles, None)
    customer = roles.column("customer_id")
    if customer is not None and profiles[customer].is_unique:
        return ATTRIBUTES, roles, {}, []
    roles.chosen.clear()
    return UNKNOWN, roles, {}, []


def _has_money(profiles: dict[str, ColumnProfile]) -> bool:
    return any(name_evidence(name, role) > 0 for name in profiles for role in ("amount", "price"))


def _is_labelled(profiles: dict[str, ColumnProfile], relations: Relations, least_named: float) -> bool:
    """Return whether every row is a customer of its own, and a column says who left."""
    roles = Roles(profiles, relations)
    if not choose_target(roles, least_named):
        return False
    choose_customer(roles, None)
    customer = roles.column("customer_id")
    return customer is not None and profiles[customer].is_unique


def _labelled(
    profiles: dict[str, ColumnProfile], relations: Relations, least_named: float
) -> tuple[TableKind, Roles, dict[str, Any], list[str]]:
    roles = Roles(profiles, relations)
    choose_target(roles, least_named)
    choose_customer(roles, None)
    choose_rest(roles, ("split",))
    target = str(roles.column("target"))
    texts = profiles[target].texts
    known = [text for text in texts if text.strip().lower() in _POSITIVE]
    positive = known[0] if len(known) == 1 else min(texts, key=lambda text: profiles[target].text.facts["count"][text])
    doubts = []
    if len(known) != 1:
        doubts = [f"column {target!r}: {positive!r}, the rarer value, is taken for customers who left"]
    settings = {"target": target, "positive": positive}
    if roles.column("split"):
        settings["split"] = str(roles.column("split"))
    return LABELLED, roles, settings, doubts


def _log(roles: Roles, date: str, customer: str) -> tuple[TableKind, Roles, dict[str, Any], list[str]]:
    """Return the kind of a log of orders, order lines or events."""
    if not _has_money(roles.profiles) and roles.relations.is_panel(customer, date):
        return PANEL, roles, {}, []
    settings: dict[str, Any] = {}
    kinds = _choose_kinds(roles, settings)
    of_lines = choose_order(roles, date, customer)
    choose_money(roles)
    choose_event_columns(roles)
    doubts = _refine_orders(roles, settings) if not kinds else []
    if kinds and settings.get("other_kind") == "action":
        return EVENTS, roles, settings, doubts
    return (ORDER_LINES if of_lines else ORDERS), roles, settings, doubts


def _choose_kinds(roles: Roles, settings: dict[str, Any]) -> bool:
    """Choose a column of kinds whose values are orders, refunds or actions; return whether there is one."""
    claims = roles.claims("kind")
    for claim in claims:
        profile = roles.profiles[claim.column]
        translated = None if profile.is_number else kinds_of(profile.texts, claim.column)
        if translated is None or (profile.distinct == 1 and profile.filled_share == 1):
            continue
        kinds, other = translated
        shown = ", ".join(f"{text!r} is {kind}" for text, kind in list(kinds.items())[:3])
        roles.take("kind", claim, claims, shown)
        settings |= {"kinds": kinds} if kinds else {}
        settings |= {"other_kind": other} if other else {}
        return True
    return False


def _refine_orders(roles: Roles, settings: dict[str, Any]) -> list[str]:
    """Add the settings that the amounts need: cancelled orders, totals on every line, reversed signs, currencies."""
    doubts = []
    order, amount, quantity = (roles.column(role) for role in ("order_id", "amount", "quantity"))
    money = amount or quantity
    if order is not None and money is not None:
        pattern = _cancelled_pattern(roles, order, money)
        if pattern:
            settings["refund_order_pattern"] = pattern
            doubts.append(f"orders whose {order!r} begins with {pattern[1:]!r} are cancellations, and count as refunds")
    if order is not None and amount is not None and roles.relations.constant_share(amount, order) >= _MOSTLY:
        settings["amount_is_order_total"] = True
        doubts.append(f"{amount!r} is the total of the order on each of its lines, and is counted once")
    if amount is not None and roles.profiles[amount].negative_share >= _MOSTLY:
        settings["sales_are_negative"] = True
        doubts.append(f"{amount!r} is negative in nearly all rows: sales are written with a minus")
    currency = roles.column("currency")
    if currency is not None and roles.profiles[currency].distinct > 1:
        settings["currency"] = roles.profiles[currency].texts[0].strip().upper()
        doubts.append(
            f"{currency!r} has several currencies: rows of {settings['currency']}, the most frequent, are kept"
        )
    return doubts


def _cancelled_pattern(roles: Roles, order: str, money: str) -> str:
    """Return the pattern of the ids of cancelled orders: a letter that others do not begin with; empty for none."""
    table = roles.relations.table
    first, below = f"left({table.cell(order)}, 1)", f"CAST({table.cell(money)} LIKE '-%' AS INTEGER)"
    sql = "SELECT {first}, count(*), sum({below}) FROM {{table}} WHERE {first} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC"
    rows = table.query(sql.format(first=first, below=below))
    if not 1 < len(rows) <= 12:  # noqa: PLR2004 # more first letters are no sign
        return ""
    cancelled = [str(first) for first, count, below in rows if str(first).isalpha() and below >= _MOSTLY * count]
    return f"^{cancelled[0]}" if len(cancelled) == 1 and cancelled[0] != str(rows[0][0]) else ""


def _contract_settings(roles: Roles, profiles: dict[str, ColumnProfile]) -> dict[str, Any]:
    choose_rest(roles, ("price", "plan", "reason", "contract_id", "term_months", "currency"))
    if roles.column("price") is None:
        claims = roles.claims("amount")
        if claims:
            roles.take("price", claims[0], claims, at_most=Confidence.likely)
    tokens = open_tokens(profiles[str(roles.column("end"))])
    return {"open_tokens": tokens} if tokens else {}


def _spell(
    table: LoadedTable, kind: TableKind, roles: Roles, profiles: dict[str, ColumnProfile]
) -> dict[str, SpellingChoice]:
    """Return how dates and numbers are written, by role."""
    if kind.shape is None:
        return {}
    dated = {role: roles.column(role) for role in ("timestamp", "start")}
    spelling = {role: spell_dates(table, profiles[name]) for role, name in dated.items() if name is not None}
    numbers = {role: profiles[name] for role in _NUMBER_ROLES if (name := roles.column(role)) is not None}
    return spelling | spell_numbers(table, numbers)
