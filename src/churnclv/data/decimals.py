"""Decimal signs: whether 1.234 means 1234 or 1.234 is decided from the other cells of the file."""

from dataclasses import dataclass, fields, replace
from typing import Any

import ibis

from ..errors import InputError, require
from ..notices import Notice
from . import parsing
from .compiled_queries import compiled
from .currencies import currency
from .settings import DataSettings, Decimal
from .source import NUMBER, RawLog
from .typed_columns import has_typed

_COMMA = (
    r",\d{1,2}$|\.\d{3},|,\d{4,}$"  # 12,5   1.234,56   12,3456
    r"|^-?0?,\d+$|^-?\d{4,},\d+$|^-?[1-9]\d{0,2}(\.\d{3}){2,}$"  # 0,125   1234,567   1.234.567
)
_POINT = (
    r"\.\d{1,2}$|,\d{3}\.|\.\d{4,}$"  # 12.5   1,234.56   12.3456
    r"|^-?0?\.\d+$|^-?\d{4,}\.\d+$|^-?[1-9]\d{0,2}(,\d{3}){2,}$"  # 0.125   1234.567   1,234,567
)
_EITHER = {"comma": r"^-?[1-9]\d{0,2},\d{3}$", "point": r"^-?[1-9]\d{0,2}\.\d{3}$"}  # 1,234 and 1.234
NUMBERED = "raw_log_with_numbers"
_OTHER = {Decimal.comma: Decimal.point, Decimal.point: Decimal.comma}


ROLES = ("amount", "price", "quantity", "term_months")  # of columns that hold numbers
BARE, SIGN = "bare_", "sign_"  # prefixes of the columns with a role's bare numbers and their currencies


def with_numbers(log: RawLog) -> RawLog:
    """Return the log with two more columns per column of numbers as text: the bare number, and each cell's currency."""
    roles = [role for role in ROLES if role in log.table.columns and not has_typed(log.table, role)]
    if not roles:
        return log
    dressed = [role for role, cells in _count_dressed(log.table, roles).row().items() if cells]
    return replace(log, table=_with_numbers(log.table, roles, dressed).store(NUMBERED))


@compiled
def _count_dressed(raw: Any, roles: list[str]) -> Any:
    """Count each role's cells that are more than digits and signs."""
    return raw.aggregate(**{role: (~parsing.is_bare(raw[role])).sum() for role in roles})


@compiled
def _with_numbers(raw: Any, roles: list[str], dressed: list[str]) -> Any:
    """Add the two columns of each role; the cells of a role that is not dressed are bare numbers already."""
    bare = {role: parsing.bare_number(raw[role]) if role in dressed else raw[role] for role in roles}
    signs = {role: currency(raw[role]).fill_null("") if role in dressed else ibis.literal("") for role in roles}
    numbers = {f"{BARE}{role}": cells for role, cells in bare.items()}
    return raw.mutate(**numbers, **{f"{SIGN}{role}": cells for role, cells in signs.items()})


@dataclass(frozen=True)
class Evidence:
    """Numbers of cells of a column with a certain decimal comma or point, and of cells that can be read two ways."""

    comma: int
    point: int
    either_comma: int
    either_point: int

    @property
    def either(self) -> int:
        """The cells that can be read two ways."""
        return self.either_comma + self.either_point

    @property
    def majority(self) -> Decimal | None:
        """The decimal sign of most certain cells; None if no cell is certain."""
        if self.comma == self.point == 0:
            return None
        return Decimal.comma if self.comma > self.point else Decimal.point

    @property
    def example(self) -> str:
        """A cell that can be read two ways."""
        return "1,234" if self.either_comma else "1.234"


@dataclass(frozen=True)
class Decimals:
    """The decimal sign of each role, the signs that were derived from the file, and notices about doubtful ones."""

    signs: dict[str, Decimal]
    decided: dict[str, str]
    notices: tuple[Notice, ...]


def choose_decimals(log: RawLog, roles: list[str], settings: DataSettings) -> Decimals:
    """Return the decimal sign of each role's column.

    The first of these that gives a sign is used: the training file, the column's certain cells, the other number
    columns, the separator of the file (semicolons go with a decimal comma). Columns with a numeric type have a point.

    Raises:
        InputError: cells can be read two ways and no rule applies, or the sign differs from that of the training file.
    """
    if settings.decimal is not Decimal.auto:
        signs: dict[str, Decimal] = {
            role: Decimal.point if log.types.get(role) == NUMBER else settings.decimal for role in roles
        }
        return Decimals(signs, {}, ())
    texts = [role for role in roles if log.types.get(role) != NUMBER]
    evidence = _gather(log.table, texts)
    decided, notices = {}, []
    signs = dict.fromkeys(roles, Decimal.point)
    for role in texts:
        sign, notice = _choose(role, evidence, log, settings)
        notices += [notice] if notice else []
        if sign is not None:
            signs[role], decided[role] = sign, sign.value
    return Decimals(signs, decided, tuple(notices))


def decimal_evidence(number: Any) -> dict[str, Any]:
    """Return, per field of `Evidence`, whether the text of a bare number counts for it."""
    rules = {"comma": _COMMA, "point": _POINT, **{f"either_{sign}": rule for sign, rule in _EITHER.items()}}
    return {name: number.re_search(rule) for name, rule in rules.items()}


def _gather(raw: Any, roles: list[str]) -> dict[str, Evidence]:
    if not roles:
        return {}
    counts = _count_evidence(raw, roles).row()
    names = [field.name for field in fields(Evidence)]
    return {role: Evidence(**{name: int(counts[f"{role}:{name}"] or 0) for name in names}) for role in roles}


@compiled
def _count_evidence(raw: Any, roles: list[str]) -> Any:
    shown = {role: decimal_evidence(raw[f"{BARE}{role}"]) for role in roles}
    return raw.aggregate(
        **{f"{role}:{name}": flag.sum() for role, flags in shown.items() for name, flag in flags.items()}
    )


def _choose(
    role: str, evidence: dict[str, Evidence], log: RawLog, settings: DataSettings
) -> tuple[Decimal | None, Notice | None]:
    """Return a column's decimal sign (None if no cell needs one) and a notice if the choice is doubtful."""
    counts, column = evidence[role], settings.mapped()[role]
    trained = None if settings.spelling is None else settings.spelling.decimals.get(role)
    if trained is not None:
        _require_same_sign(counts, Decimal(trained), f"{log.origin}: column {column!r}", settings)
        return Decimal(trained), None
    if counts.majority is not None:
        return counts.majority, _mixed(counts, column, settings)
    if not counts.either:
        return None, None
    others = {other.majority for name, other in evidence.items() if name != role} - {None}
    if len(others) == 1:
        return others.pop(), None
    if log.separator == ";" and counts.either_comma == 0:
        return Decimal.comma, _by_separator(counts, column, settings)
    raise InputError(
        f"{log.origin}: column {column!r}: {counts.either:,} amounts such as {counts.example} can be read two ways.",
        remedy=f"set {settings.where}.decimal=point or {settings.where}.decimal=comma.",
    )


def _require_same_sign(counts: Evidence, trained: Decimal, column: str, settings: DataSettings) -> None:
    certain = {Decimal.comma: counts.comma, Decimal.point: counts.point}
    other = _OTHER[trained]
    require(
        certain[trained] > 0 or certain[other] == 0,
        f"{column}: {certain[other]:,} numbers have a decimal {other.value} and none a decimal {trained.value}, "
        f"but the model was trained on a decimal {trained.value}.",
        remedy=f"{settings.where}.decimal={other.value} if the file is right.",
    )


def _mixed(counts: Evidence, column: str, settings: DataSettings) -> Notice | None:
    if not (counts.comma and counts.point and counts.either) or counts.majority is None:
        return None
    return Notice(
        "mixed_decimals",
        f"column {column!r}: {counts.comma:,} numbers have a decimal comma and {counts.point:,} a decimal point; "
        f"{counts.either:,} such as {counts.example} can be read two ways and are read with a decimal "
        f"{counts.majority.value}.",
        f"export one column in one format, or set {settings.where}.decimal.",
    )


def _by_separator(counts: Evidence, column: str, settings: DataSettings) -> Notice:
    return Notice(
        "thousands_by_separator",
        f"column {column!r}: {counts.either_point:,} numbers such as 1.234 are read as 1234: the file separates its "
        "cells by semicolons, as exports with a decimal comma do.",
        f"{settings.where}.decimal=point if these are three decimals, {settings.where}.decimal=comma if it is right.",
    )
