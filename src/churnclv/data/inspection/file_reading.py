"""File reading: the settings of training for inspected files, as words of a command line and as a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..settings import DataSettings
from .column_names import plain_name
from .column_profile import NEARLY_ALL
from .table_inspection import TableInspection
from .table_kinds import ONE_ROW_PER_CUSTOMER, TableKind

_ROLES_OF_SETTINGS = {"start": "timestamp"}
_OUTSIDE = ("target", "split")  # roles that are settings of their own
_LONGEST_ATTRIBUTE = 40
_NOT_GENERIC = 4  # columns of a preset that a file has to have
_PRESET_SHARE = 0.8
_BASE_COLUMNS = ("customer_id", "timestamp", "amount")


@dataclass(frozen=True)
class FileReading:
    """How the inspected files are read.

    Attributes:
        preset: the file in `conf/data/` that the settings start from, and its values.
        values: settings that differ from it, nested, without `data.`.
        windows: settings of the windows, as words.
    """

    preset: str
    base: Mapping[str, Any]
    values: dict[str, Any]
    windows: tuple[str, ...] = field(default=())

    def settings(self, **changes: Any) -> DataSettings:
        """Return the settings of the data."""
        from pydantic import TypeAdapter

        merged = _merge(dict(self.base), {**self.values, **changes})
        return TypeAdapter(DataSettings).validate_python(merged)

    def words(self) -> list[str]:
        """Return the settings as words `key=value` of a command line, without the path."""
        return [word for name, value in self.values.items() if name != "path" for word in _words(f"data.{name}", value)]

    def document(self, name: str, path: str) -> dict[str, Any]:
        """Return the content of a file of `conf/data/` under a name."""
        merged = _merge(dict(self.base), self.values)
        return {**merged, "name": name, "path": path}


def recognise_export(header: Sequence[str], presets: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the preset of the shop system or public file that has these columns; empty where none has."""
    for name, content in presets.items():
        columns = content.get("columns", {})
        present = export_columns(header, content)
        generic = name in ("transactions", "subscriptions", "labelled") or "builtin" in content or "tables" in content
        named = [column for role, column in present.items() if role != column]
        mapped = sum(column is not None for column in columns.values())
        whole = len(named) >= _NOT_GENERIC and len(present) >= _PRESET_SHARE * mapped
        if whole and not generic and {"customer_id", "timestamp"} <= set(present):
            return name
    return ""


def export_columns(header: Sequence[str], preset: Mapping[str, Any]) -> dict[str, str]:
    """Return role -> column, of the columns of a preset that a file has."""
    return {role: column for role, column in preset.get("columns", {}).items() if column in header}


def describe_reading(inspection: TableInspection, presets: Mapping[str, Mapping[str, Any]]) -> FileReading:
    """Return how an inspected file is read: as the export that it is, or by the columns of its roles."""
    kind = inspection.kind
    windows = (f"windows={kind.windows}",) if kind.windows else ()
    if inspection.export:
        preset = presets[inspection.export]
        mapped = [role for role, column in preset["columns"].items() if column is not None]
        absent = {role: None for role in mapped if role not in export_columns(inspection.table.header, preset)}
        values = {"path": inspection.table.path, **({"columns": absent} if absent else {}), **inspection.settings}
        return FileReading(inspection.export, preset, values, windows)
    base = presets[kind.preset]
    values = {"path": inspection.table.path, **_columns(inspection, kind, base)}
    values |= inspection.settings
    return FileReading(kind.preset, base, values, windows)


def _columns(inspection: TableInspection, kind: TableKind, base: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping of columns where it differs from the preset's; roles without a column are null."""
    if kind.shape is ONE_ROW_PER_CUSTOMER:
        return _changed({"customer_id": inspection.column("customer_id")}, {})
    chosen = {
        _ROLES_OF_SETTINGS.get(role, role): inspection.column(role)
        for role in kind.roles
        if role not in _OUTSIDE and inspection.column(role) is not None
    }
    given = dict.fromkeys(_BASE_COLUMNS) | {name: name for name in _BASE_COLUMNS} | dict(base.get("columns", {}))
    return _changed({**dict.fromkeys(given), **chosen}, given)


def _changed(columns: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    changed = {role: name for role, name in columns.items() if name != given.get(role)}
    return {"columns": changed} if changed else {}


def further_table(inspection: TableInspection) -> dict[str, Any] | None:
    """Return the settings of a further table: dated events, or attributes of customers; None if it is neither."""
    customer = inspection.column("customer_id")
    if customer is None:
        return None
    path = inspection.table.path
    spelled = {
        name: value for name, value in inspection.settings.items() if name in ("date_format", "day_first", "decimal")
    }
    if inspection.kind.shape is None and inspection.column("timestamp") is None:
        attributes = dict(_attributes(inspection))
        return {"path": path, "columns": {"customer_id": customer}, "attributes": attributes} if attributes else None
    if (
        inspection.kind.shape is None
        or inspection.kind.shape is ONE_ROW_PER_CUSTOMER
        or inspection.column("timestamp") is None
    ):
        return None
    columns = {role: name for role in inspection.kind.roles if (name := inspection.column(role)) is not None}
    table: dict[str, Any] = {"path": path, "columns": columns, **spelled}
    kinds: dict[str, Any] = {
        name: inspection.settings[name] for name in ("kinds", "other_kind") if name in inspection.settings
    }
    money = {"amount", "price"} & set(columns)
    return {**table, **kinds} if kinds or money else {**table, "kind": "action"}


def _attributes(inspection: TableInspection) -> Iterator[tuple[str, str]]:
    """Yield attribute -> column, for columns that are neither dates nor ids."""
    names: set[str] = set()
    for column in inspection.unused:
        profile = inspection.profiles[column]
        is_id = (
            profile.is_unique
            or profile.share("mail") > 0
            or (profile.distinct_share > NEARLY_ALL and not profile.is_number)
        )
        if profile.is_date or is_id or profile.distinct < 2:  # noqa: PLR2004 # one value says nothing
            continue
        name = plain_name(column).replace(" ", "_").lstrip("0123456789_")[:_LONGEST_ATTRIBUTE] or "attribute"
        while name in names:
            name = f"{name}_2"
        names.add(name)
        yield name, column


def _merge(base: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in values.items():
        below = merged.get(name)
        merged[name] = _merge(dict(below), value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _words(name: str, value: Any) -> Iterator[str]:
    if name.startswith("data.tables.") and name.count(".") >= 2 and isinstance(value, dict):  # noqa: PLR2004 # an entry
        for key, below in value.items():
            yield from (f"+{word.lstrip('+')}" for word in _words(f"{name}.{key}", below))
    elif name == "data.kinds" or name.endswith(".kinds"):
        yield f"+{name}={{{', '.join(f'{_quoted(text)}: {kind}' for text, kind in value.items())}}}"
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _words(f"{name}.{key}", below)
    elif isinstance(value, list):
        yield f"{name}=[{','.join(str(part) for part in value)}]"
    else:
        yield f"{name}={_plain(value)}"


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    return f'"{text}"' if any(mark in text for mark in ",:{}[]'") else text
