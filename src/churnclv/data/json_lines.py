"""JSON lines: one object per line becomes one row of CSV text, with a column per key."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError, require

_START = 1 << 16


def is_json(path: Path) -> bool:
    """Return whether a UTF-8 file begins like JSON."""
    with path.open(encoding="utf-8", newline="") as text:
        return re.match(r"\s*(\{\s*(\"|\}|$)|\[\s*(\{|\[|\]|$))", text.read(_START)) is not None


def write_lines(source: Path, target: Path, origin: Path) -> None:
    """Write the objects as CSV in UTF-8; numbers keep their digits, lists and objects are written as JSON.

    Raises:
        InputError: a line is no object.
    """
    columns: dict[str, None] = {}
    for record in _records(source, origin):
        columns |= dict.fromkeys(record or {})
    require(bool(columns), f"{origin}: holds JSON objects without a key.", remedy="export the log again.")
    with target.open("w", encoding="utf-8", errors="replace", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        for record in _records(source, origin):
            if record is None:
                text.write("\n")
            else:
                writer.writerow([_text(record.get(name)) for name in columns])


def _records(source: Path, origin: Path) -> Iterator[dict[str, Any] | None]:
    """Yield each line's object, None for a blank line."""
    with source.open(encoding="utf-8") as lines:
        for row, line in enumerate(lines, start=1):
            yield _record(line, row, origin) if line.strip() else None


def _record(line: str, row: int, origin: Path) -> dict[str, Any]:
    try:
        record = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        message = f"{origin}: row {row}: is not a JSON object on one line ({str(error)[:100]})."
        remedy = "JSON is read as JSON lines: jq -c '.[]' file.json > file.jsonl, or export a CSV."
        raise InputError(message, remedy=remedy) from None
    message = f"{origin}: row {row}: is JSON, but not an object with a key per column."
    require(isinstance(record, dict), message, remedy="jq -c '.[]' file.json > file.jsonl, or export a CSV.")
    return dict(record)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.replace("\0", "")
    return json.dumps(value, ensure_ascii=False)
