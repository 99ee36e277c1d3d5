"""Overrides: the command line's `key=value`, written for Hydra's grammar as the type of each setting requires.

Text values stay as they are typed: `Price (USD)`, `Total, incl. tax`, `true` and `007` are names of columns.
"""

import re
import types
from dataclasses import dataclass, field, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..errors import require

_EDGES = {"[": "]", "{": "}", "(": ")"}
_SWEPT = re.compile(r"[\w.\-]+(,[\w.\-]+)+|(choice|glob|range|interval|shuffle|sort)\(.*\)")
_QUOTED = re.compile(r"""\s*('([^'\\]|\\.)*'|"([^"\\]|\\.)*")\s*""", re.DOTALL)
_NO_TEXT = re.compile(r"[+-]?\d+|true|false|null", re.IGNORECASE)
_UNCHANGED = ("", "???")
_LONGEST_NAME = 250  # bytes, the usual limit of file names


@dataclass
class Overrides:
    """The arguments for Hydra, and the new entries that they add to dictionaries of settings, as a nested mapping."""

    arguments: list[str]
    declared: dict[str, Any] = field(default_factory=dict)


def write_overrides(arguments: list[str], schema: type) -> Overrides:
    """Return a command line's arguments, with values quoted where the schema's setting is text.

    Settings below a dictionary of the schema are added or replaced; a new entry of a dictionary of settings, such as
    `data.tables.<name>`, is declared by a leading plus.

    Args:
        arguments: the command line.
        schema: the dataclass that the command's configuration fills.

    Raises:
        InputError: a name is too long, or a setting is not one of the command line.
    """
    sweeps = any(argument in {"-m", "--multirun"} for argument in arguments)
    overrides = Overrides([])
    for argument in arguments:
        is_spelling = argument.lstrip("+~").startswith("data.spelling")
        remedy = "data.decimal and data.date_format are the settings to give."
        require(not is_spelling, "data.spelling is set by an export, not on the command line.", remedy=remedy)
        parts = _by_entry(argument, schema)
        overrides.arguments += [_write(part, schema, overrides.declared, sweeps=sweeps) for part in parts]
    return overrides


def _by_entry(argument: str, schema: type) -> list[str]:
    """Return an argument `key={name: value, ...}` with the entries apart whose names Hydra would not read as text."""
    named, _, value = argument.partition("=")
    steps, pairs = _steps(schema, named.lstrip("+").split(".")), _pairs(value)
    apart = [pair for pair in pairs if _NO_TEXT.fullmatch(pair[0].strip())]
    if not apart or not steps or get_origin(steps[-1]) is not dict:
        return [argument]
    others = ",".join(f"{name}:{text}" for name, text in pairs if (name, text) not in apart)
    together = [f"{named}={{{others}}}"] if others else []
    return [*together, *(f"{named}.{name.strip()}={text.strip()}" for name, text in apart)]


def _write(argument: str, schema: type, declared: dict[str, Any], *, sweeps: bool) -> str:
    named, equals, value = argument.partition("=")
    key = named.lstrip("+")
    if not equals or key.startswith(("-", "~")):
        return argument
    steps = _steps(schema, key.split("."))
    as_file = not steps or (
        is_dataclass(steps[-1]) and not value.startswith("{")
    )  # Hydra looks for a file of this name
    named_file = value if as_file else ""
    remedy = "see what can be chosen with --cfg job."
    require(max(len(key), len(named_file)) <= _LONGEST_NAME, f"{argument[:60]}...: no such name.", remedy=remedy)
    if not steps:
        return argument
    kind = steps[-1]
    plus = named.removesuffix(key)
    require(kind is not None or not plus, f"there is no setting {key}, also not with a plus.", remedy=remedy)
    if kind is None:  # an unknown setting: text at least, so that Hydra names the setting and not a character
        return f"{named}={_quote(value)}" if _is_broken(value) else argument
    if (plus or not _has_entries(steps[:-2])) and any(_entries(step) is not None for step in steps):
        plus = "++"
    if plus:
        _declare(key.split("."), steps, value, declared)
    if sweeps and _SWEPT.fullmatch(value):
        return f"{plus}{key}={value}"
    return f"{plus}{key}={_written(value, kind)}"


def _steps(schema: type, parts: list[str]) -> list[Any]:
    """Return the types on the path to a setting, the schema first; empty for a key outside of the schema.

    The last is None where the schema has no such setting.
    """
    steps: list[Any] = [schema]
    for part in parts:
        kind = steps[-1]
        kind = without_none(get_type_hints(kind).get(part)) if is_dataclass(kind) else _entries(kind)
        if kind is None:
            return [*steps, None] if len(steps) > 1 else []
        steps.append(kind)
    return steps


def without_none(kind: Any) -> Any:
    """Return the type without None."""
    if get_origin(kind) in {Union, types.UnionType}:
        others = [part for part in get_args(kind) if part is not type(None)]
        return others[0] if len(others) == 1 else kind
    return kind


def _entries(kind: Any) -> Any:
    """Return the type of a dictionary's entries; None for anything else."""
    return without_none(get_args(kind)[1]) if get_origin(kind) is dict else None


def _has_entries(steps: list[Any]) -> bool:
    """Return whether a dictionary of settings is among the types."""
    return any(is_dataclass(_entries(step)) for step in steps)


def _declare(parts: list[str], steps: list[Any], value: str, declared: dict[str, Any]) -> None:
    """Add to `declared` the entries of dictionaries of settings that a key, or the dictionary of its value, names."""
    for place, step in enumerate(steps):
        if not is_dataclass(_entries(step)):
            continue
        names = parts[place : place + 1] or [name.strip() for name, _ in _pairs(value)]
        node = declared
        for part in parts[:place]:
            node = node.setdefault(part, {})
        for name in names:
            node.setdefault(name, {})


def _written(value: str, kind: Any) -> str:
    """Return a value in Hydra's grammar: text quoted, in lists and dictionaries too."""
    bare = value.strip()
    if value in _UNCHANGED or _QUOTED.fullmatch(value):
        return value
    if kind is str:
        return value if value == "null" else _quote(value)
    if get_origin(kind) is list and get_args(kind)[0] is str:
        inner = bare[1:-1] if bare.startswith("[") and bare.endswith("]") else bare
        texts = [_text(part.strip()) for part in _split(inner, ",")] if inner.strip() else []
        return value if bare == "null" else f"[{','.join(texts)}]"
    if bare.startswith("{") and bare.endswith("}"):
        return "{" + ",".join(_entry(name, text, kind) for name, text in _pairs(value)) + "}"
    return value


def _entry(name: str, value: str, kind: Any) -> str:
    """Return one entry of a dictionary or of a group of settings."""
    entry = without_none(get_type_hints(kind).get(name.strip())) if is_dataclass(kind) else _entries(kind)
    key = re.sub(r"([\\()\[\]{}:=,])", r"\\\1", name.strip())
    text = value.strip()
    if entry is None or not text:
        return f"{key}:{text}" if text else f"{key}:''"
    return f"{key}:{_text(text) if entry is str and text != 'null' else _written(text, entry)}"


def _text(value: str) -> str:
    return value if _QUOTED.fullmatch(value) else _quote(value)


def _quote(value: str) -> str:
    """Quote a value for Hydra's grammar: within quotes a backslash is text, unless a quote follows it."""
    quoted = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), value)
    return f"'{quoted}'"


def _is_broken(value: str) -> bool:
    """Return whether a value has special characters of Hydra's grammar, and is no list or dictionary."""
    return re.search(r"[^\w./:+\-$%*@?|\\ ]", value) is not None and value[:1] not in ("[", "{", "'", '"', "$")


def _pairs(value: str) -> list[tuple[str, str]]:
    """Return the entries of `{name: value, ...}`."""
    bare = value.strip()
    if not (bare.startswith("{") and bare.endswith("}")) or not bare[1:-1].strip():
        return []
    entries = [part.partition(":") for part in _split(bare[1:-1], ",")]
    return [(name, text) for name, _, text in entries]


def _split(text: str, mark: str) -> list[str]:
    """Return the parts between marks outside of quotes and brackets; all parts where the brackets do not match."""
    parts, start, place, open_edges = [], 0, 0, []
    while place < len(text):
        sign = text[place]
        quoted = _QUOTED.match(text, place) if sign in "'\"" else None
        if quoted:
            place = quoted.end()
            continue
        if sign in _EDGES:
            open_edges.append(_EDGES[sign])
        elif open_edges and sign == open_edges[-1]:
            open_edges.pop()
        elif sign == mark and not open_edges:
            parts.append(text[start:place])
            start = place + 1
        place += 1
    return text.split(mark) if open_edges else [*parts, text[start:]]
