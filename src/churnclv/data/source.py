"""Sources: an embedded log, a file, a server's table, or a frame, read into the engine as text and not into pandas.

The SQL in DuckDB's dialect is in this module, because engines differ in how they read files.
"""

import contextlib
import importlib.util
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from ..databases import is_address, with_table
from ..errors import InputError, require
from .database_table import open_table
from .record_count import check_rows
from .settings import DataSettings, Format
from .stored_tables import define_view, store_relation
from .text_file import Text, as_text, check_header, detect_separator, find_blank_rows, read_header
from .typed_columns import TYPED

RAW = "raw_log"
CELLS = "raw_cells"  # the table behind it
_NUMBERED = "file_row_number"  # the column in which the engine counts the rows of a Parquet file, from 0
NUMBER, MOMENT = "number", "moment"  # types of columns that are not text
_CURRENCY_NAME = re.compile(r"curr|ccy|w(ä|ae)hrung|devise|divisa|valuta|moneda|monnaie|moeda|waluta", re.IGNORECASE)
_NUMBERS, _MOMENTS = r"^(DOUBLE|FLOAT|DECIMAL|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?)", r"^(TIMESTAMP|DATE)"
_LOCAL_MOMENTS = r"^(TIMESTAMP(_S|_MS|_NS)?|DATE)$"  # without a zone
_NUMBER_ROLES, _MOMENT_ROLES = ("amount", "price", "quantity", "term_months"), ("timestamp", "end")
_EMBEDDED = {
    "cdnow": ("lifetimes", "datasets/CDNOW_master.txt"),
    "tv_subscriptions": ("empulse", "datasets/data/churn_tv_subscriptions.csv.gz"),
}


@dataclass(frozen=True)
class RawLog:
    """The log as text: columns `row` (in the file, its header is row 1), `content` (hash) and one per mapped role.

    A column whose type in the file is a number or a moment is kept in that type too, as `typed_<role>`; its text is
    made where it is used.
    `types` has the roles whose columns are typed as numbers or moments in the file. `separator` is that of a text file.
    `texts` has the SQL of each role's text over the stored cells, where columns are kept in the types of the file.
    `currency_column` is the name of an unmapped column that looks like a currency; its cells are `unmapped_currency`.
    """

    table: Any
    origin: str
    rows_read: int
    malformed: tuple[tuple[int, str], ...]
    first_row: int
    types: dict[str, str] = field(default_factory=dict)
    separator: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    currency_column: str | None = None


def locate(settings: DataSettings) -> Path:
    """Return the path of the log that the settings name.

    Raises:
        InputError: the file does not exist, is a folder, or no path is set.
    """
    if settings.builtin is not None:
        return _locate_embedded(settings.builtin)
    remedy = "make train DATA=orders.csv" if settings.where == "data" else f"{settings.where}.path=table.csv"
    require(settings.path is not None, f"{settings.where}.path is not set.", remedy=remedy)
    path = Path(os.path.expanduser(str(settings.path)))  # noqa: PTH111 # Path raises for a name such as ~orders.csv
    require(
        os.path.exists(path),  # noqa: PTH110 # Path raises for a name that is too long
        f"{path}: no such file.",
        remedy=f"check {settings.where}.path; it is relative to the folder you call from.",
    )
    require(
        path.is_file(),
        f"{path}: is {'a folder' if path.is_dir() else 'a device'}, not a file.",
        remedy=f"name one CSV or Parquet file in {settings.where}.path.",
    )
    require(os.access(path, os.R_OK), f"{path}: cannot be read.", remedy="check its permissions.")
    require(
        path.stat().st_size > 0,
        f"{path}: is empty.",
        remedy="export the log again; the first row names the columns.",
    )
    return path


def location(settings: DataSettings) -> Path | str:
    """Return where the settings' log is: the path of a file, or the address of a server with the table behind it."""
    if not is_address(settings.path):
        return locate(settings)
    return with_table(str(settings.path), settings.table)


def _locate_embedded(name: str) -> Path:
    """Find a package's data file without importing the package."""
    require(
        name in _EMBEDDED,
        f"data.builtin={name}: allowed is {', '.join(_EMBEDDED)}.",
        remedy="name your own log with data=transactions data.path=orders.csv",
    )
    package, inside = _EMBEDDED[name]
    spec = importlib.util.find_spec(package)
    require(
        spec is not None,
        f"the package {package}, which carries {name}, is not installed.",
        remedy="make setup",
    )
    return Path(str(spec.origin)).parent / inside  # type: ignore[union-attr] # required above


def read_file(connection: Any, settings: DataSettings, *, keep_types: bool = False) -> RawLog:
    """Read the settings' log into the engine: a file, or a table of a server.

    With `keep_types`, every column with a type in the file is kept in it, and its text is made where it is used.

    Raises:
        InputError: a fault of the file itself; the message names file, row, rule and remedy.
    """
    if is_address(settings.path):
        return _read_table(connection, settings)
    path = locate(settings)
    if is_parquet(path, settings):
        return _read_parquet(connection, path, settings, keep_types=keep_types)
    return _read_csv(connection, path, settings)


def read_columns(settings: DataSettings) -> list[str]:
    """Return the names of the columns of the settings' log; only the header is read."""
    if is_address(settings.path):
        with open_table(settings) as table:
            return table.header
    path = locate(settings)
    if is_parquet(path, settings):
        with _as_parquet(path):
            return _parquet_columns(path)
    with as_text(path, settings, header_only=True) as text:
        return read_header(text.path, _separator(text, settings))


def read_frame(connection: Any, frame: Any, settings: DataSettings) -> RawLog:
    """Read a pandas frame of raw events into the engine, as if it were a file."""
    header = [str(column) for column in frame.columns]
    check_header("the events given", header, settings)
    connection.raw_sql(f"SET pandas_analyze_sample = {len(frame)}")  # all rows: only the last may be a text
    source = connection.con.from_df(_with_text_for_mixtures(frame))
    raw, types = _store_typed(connection, source, header, settings)
    log = _raw_log(raw, len(frame), "the events given", (), first_row=1)
    return replace(log, types=types, currency_column=_currency_column(header, settings))


def _read_table(connection: Any, settings: DataSettings) -> RawLog:
    """Read a table of a server as it comes; a column that nothing reads or compares stays there."""
    with open_table(settings) as table:
        check_header(table.origin, table.header, settings)
        currency = _currency_column(table.header, settings)
        needed = {*settings.mapped().values(), currency}
        names = [name for name in table.header if name in needed or name not in settings.ignore_columns]
        try:
            source = connection.con.from_arrow(table.batches(names))
            raw, types = _store_typed(connection, source, names, settings)
        except duckdb.Error as error:  # it pulls the rows from the server
            what = f"{table.origin}: could not be read to its end ({_first_line(error)})."
            raise InputError(what, remedy="run the command again.") from None
    rows = _count_raw(connection)
    require(rows > 0, f"{table.origin}: has no rows.", remedy=f"name another one in {settings.where}.table.")
    exact = {role: NUMBER for role, name in settings.mapped().items() if name in table.numbers}
    return replace(_raw_log(raw, rows, table.origin, (), first_row=1), types=types | exact, currency_column=currency)


def _store_typed(connection: Any, source: Any, header: list[str], settings: DataSettings) -> tuple[Any, dict[str, str]]:
    """Store a relation of the engine as the raw log, and return its table and the roles whose columns are typed."""
    described = [(str(name), str(kind)) for name, kind in zip(source.columns, source.types, strict=True)]
    texts = typed_text(described, header)
    typed = _typed_cells(described, header, settings)
    stored, shown = _select_raw(settings, texts, _count_rows(1), typed)
    store_relation(connection, CELLS, source.project(stored))
    return define_view(connection, RAW, shown), _types(described, header, settings)


def _with_text_for_mixtures(frame: Any) -> Any:
    """Turn columns of several types into text; the engine would read them as one of these types."""
    from pandas.api.types import infer_dtype

    named = frame.set_axis([f"c{place}" for place in range(len(frame.columns))], axis=1)
    mixed = [name for name in named.columns if infer_dtype(named[name], skipna=True).startswith("mixed")]
    return named.assign(**{name: named[name].map(_cell_text, na_action="ignore") for name in mixed})


def _cell_text(cell: Any) -> str:
    """Return a cell's text; a float of three decimals gets a fourth, so that its point is not read as thousands."""
    text = str(cell)
    return f"{text}0" if isinstance(cell, float) and re.fullmatch(r"-?\d{1,3}\.\d{3}", text) else text


def is_parquet(path: Path, settings: DataSettings) -> bool:
    """Return whether a file is Parquet, by the settings or by its first bytes."""
    if settings.format is not Format.auto:
        return settings.format is Format.parquet
    with path.open("rb") as content:
        return content.read(4) == b"PAR1"


def _read_parquet(connection: Any, path: Path, settings: DataSettings, *, keep_types: bool) -> RawLog:
    itself = re.sub(r"([*?\[])", r"[\1]", str(path))  # the path is a name, not a glob pattern
    source = f"read_parquet({_literal(itself)}, hive_partitioning=false"  # a folder named a=b is not a column
    with _as_parquet(path):
        described = _describe(connection, f"{source})")
        texts = typed_text(described, _parquet_columns(path))
        header = [name for name, _ in texts]
        is_free = _NUMBERED not in (name.lower() for name in header)
        rows = f"FROM {source}, {_NUMBERED}=true)" if is_free else f"FROM {source})"
        number = f"{_NUMBERED} + 1" if is_free else _count_rows(1)  # a window would read the file in one thread
        check_header(str(path), header, settings)
        types = _types(described, header, settings)
        typed = _typed_cells(described, header, settings, keep_types=keep_types)
        _create_raw(connection, rows, settings, texts, number, typed)
    log = _raw_log(connection.table(RAW), _count_raw(connection), str(path), (), first_row=1)
    written = dict(texts)
    stored = {role: _text_of(role, written[name], typed) for role, name in settings.mapped().items()}
    return replace(log, types=types, texts=stored, currency_column=_currency_column(header, settings))


def _count_rows(first: int) -> str:
    """Return SQL for the number of a row, in the order in which the engine reads them."""
    return f"row_number() OVER () + {first - 1}"


def _parquet_columns(path: Path) -> list[str]:
    from pyarrow import parquet

    return [str(name) for name in parquet.read_schema(path).names]


@contextlib.contextmanager
def _as_parquet(path: Path) -> Iterator[None]:
    """Turn exceptions of a damaged Parquet file into `InputError`."""
    from pyarrow import ArrowException

    try:
        yield
    except (duckdb.Error, ArrowException, OSError) as error:
        raise InputError(
            f"{path}: is not a readable Parquet file ({_first_line(error)}).", remedy="write it again."
        ) from None


def _read_csv(connection: Any, path: Path, settings: DataSettings) -> RawLog:
    with as_text(path, settings) as text:
        separator = _separator(text, settings)
        header = read_header(text.path, separator)
        check_header(str(path), header, settings, separator)
        connection.raw_sql("DROP TABLE IF EXISTS reject_errors")  # of an earlier file
        malformed = (
            _read_spaced(connection, text.path, header, settings)
            if separator == "whitespace"
            else _read_separated(connection, text, header, separator, path, settings)
        )
        table, rows = connection.table(RAW), _count_raw(connection)
        log = _raw_log(table, rows, str(path), malformed, first_row=text.first_row)
        check_rows(text.path, separator, log.rows_read, str(path))
    return replace(log, separator=separator, currency_column=_currency_column(header, settings))


def _separator(text: Text, settings: DataSettings) -> str:
    if text.separator is not None:
        return text.separator
    return detect_separator(text.path, list(settings.mapped().values()), settings.separator, settings.where)


def _read_separated(
    connection: Any, text: Text, header: list[str], separator: str, path: Path, settings: DataSettings
) -> tuple[tuple[int, str], ...]:
    names = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header)))
    source = (
        f"FROM read_csv({_literal(str(text.path))}, columns={{{names}}}, delim={_literal(separator)}, header=true, "
        "quote='\"', escape='\"', auto_detect=false, strict_mode=true, null_padding=false, store_rejects=true, "
        "rejects_limit=0)"
    )
    cells = [(name, f"c{place}") for place, name in enumerate(header)]
    try:
        _create_raw(connection, source, settings, cells, _count_rows(text.first_row))
        rejects = connection.raw_sql(
            "SELECT line, bool_or(error_type = 'UNQUOTED VALUE'), arg_min(error_message, byte_position) "
            "FROM reject_errors GROUP BY line ORDER BY 1"
        ).fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"{path}: cannot be read as CSV ({_first_line(error)}).", remedy="check quotes and separators."
        ) from None
    for line, open_quote, _ in rejects:
        require(
            not open_quote,
            f"{path}: row {line}: a quote is opened and not closed at the end of its cell.",
            remedy="close or double the quote.",
        )
    above = 2 - text.first_row  # 1 if the file has no header
    skipped = sorted([line for line, _, _ in rejects] + find_blank_rows(text.path, separator))
    _shift_rows(connection, [line - above for line in skipped])
    return tuple((line - above, str(message)) for line, _, message in rejects)


def _shift_rows(connection: Any, skipped: list[int]) -> None:
    """Correct the row numbers after malformed or blank rows, so that they are those of the file.

    The number of a row increases by the count of skipped lines r_i (i = 0, 1, ...) with r_i - i <= its number.
    """
    if not skipped:
        return
    import pandas as pd

    moves = pd.DataFrame([(line - place, place + 1) for place, line in enumerate(skipped)], columns=["line", "moved"])
    connection.con.register("moves", moves)
    connection.raw_sql(
        f"CREATE OR REPLACE TEMP TABLE {CELLS} AS "
        f'SELECT {CELLS}.* REPLACE ({CELLS}."row" + coalesce(moved, 0) AS "row") FROM {CELLS} '
        "ASOF LEFT JOIN (SELECT line, max(moved) AS moved FROM moves GROUP BY line) AS steps "
        f'ON {CELLS}."row" >= steps.line'
    )
    connection.con.unregister("moves")


def _read_spaced(connection: Any, text: Path, header: list[str], settings: DataSettings) -> tuple[tuple[int, str], ...]:
    lines = (
        "(SELECT row_number() OVER () + 1 AS line, "
        "string_split_regex(nullif(trim(line, chr(32) || chr(9)), ''), '\\s+') AS cells FROM read_csv("
        f"{_literal(str(text))}, columns={{'line': 'VARCHAR'}}, delim='\x1f', header=true, quote='', escape='', "
        "auto_detect=false))"
    )
    width = len(header)
    malformed = connection.raw_sql(
        f"SELECT line, 'expected {width} columns, found ' || len(cells) FROM {lines} "
        f"WHERE len(cells) != {width} ORDER BY line"
    ).fetchall()
    blank = connection.raw_sql(f"SELECT line FROM {lines} WHERE cells IS NULL").fetchall()
    cells = [(name, f"cells[{place + 1}]") for place, name in enumerate(header)]
    _create_raw(connection, f"FROM {lines} WHERE len(cells) = {width}", settings, cells, _count_rows(2))
    _shift_rows(connection, sorted([line for line, _ in malformed] + [line for (line,) in blank]))
    return tuple((int(line), str(message)) for line, message in malformed)


def _create_raw(
    connection: Any,
    source: str,
    settings: DataSettings,
    cells: list[tuple[str, str]],
    number: str,
    typed: dict[str, str] | None = None,
) -> None:
    """Create the raw log of a file: see `_select_raw`."""
    stored, shown = _select_raw(settings, cells, number, typed or {})
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {CELLS} AS SELECT {stored} {source}")
    define_view(connection, RAW, shown)


def _select_raw(
    settings: DataSettings, cells: list[tuple[str, str]], number: str, typed: dict[str, str]
) -> tuple[str, str]:
    """Return SQL for the columns of the stored cells, and for the raw log over them.

    They are the row's number, of which `number` is the SQL, the hash of its cells (0 where no cell is compared), and
    the mapped cells as text.
    `cells` are the columns in order, as pairs of the name (unmapped columns may share one) and the SQL for the text.
    `typed` has the SQL of each role that is stored in the type of the file; its text is an expression over it.
    """
    compared = [cell for name, cell in cells if name not in settings.ignore_columns]
    everything = ", ".join(f"coalesce({cell}, chr(0))" for cell in compared)
    texts = dict(cells)
    extra = _currency_column([name for name, _ in cells], settings)
    wanted = {**settings.mapped(), **({} if extra is None else {"unmapped_currency": extra})}
    own = {role: texts[name] for role, name in wanted.items() if role not in typed}
    own |= {f"{TYPED}{role}": cell for role, cell in typed.items()}
    columns = ", ".join(f'{cell} AS "{name}"' for name, cell in own.items())
    content = f"md5_number_lower(concat_ws(chr(31), {everything}))" if compared else "0"
    stored = f'{number} AS "row", {content} AS content, {columns}'
    views = [f"{_text_of(role, texts[name], typed)} AS {_name(role)}" for role, name in wanted.items()]
    kept = ", ".join([*views, *(f'"{TYPED}{role}"' for role in typed)])
    return stored, f'SELECT "row", content, {kept} FROM {CELLS}'


def _text_of(role: str, text: str, typed: dict[str, str]) -> str:
    """Return SQL for the text of a role of the stored cells."""
    return text.replace(typed[role], _name(TYPED + role)) if role in typed else _name(role)


def _describe(connection: Any, source: str) -> list[tuple[str, str]]:
    """Return name and type of each column, as the engine has them."""
    described = connection.raw_sql(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return [(str(name), str(kind)) for name, kind, *_ in described]


def typed_text(described: list[tuple[str, str]], header: list[str]) -> list[tuple[str, str]]:
    """Return SQL that turns each typed column into text; whole floats lose their '.0', so that ids stay ids.

    `header` has the names in the file: the engine renames blank names, and names that differ only in case.
    """
    texts = []
    for name, (engine_name, kind) in zip(header, described, strict=True):
        cell = f"CAST({_name(engine_name)} AS VARCHAR)"
        whole = f"CASE WHEN suffix({cell}, '.0') THEN left({cell}, -2) ELSE {cell} END"
        texts.append((name, whole if kind in ("DOUBLE", "FLOAT") else cell))
    return texts


def _types(described: list[tuple[str, str]], header: list[str], settings: DataSettings) -> dict[str, str]:
    """Return the roles whose columns are typed as numbers or moments in the source."""
    kinds = {name: kind for name, (_, kind) in zip(header, described, strict=True)}
    numbers = {role: NUMBER for role, name in settings.mapped().items() if re.search(_NUMBERS, kinds[name])}
    return numbers | {role: MOMENT for role, name in settings.mapped().items() if re.search(_MOMENTS, kinds[name])}


def _typed_cells(
    described: list[tuple[str, str]], header: list[str], settings: DataSettings, *, keep_types: bool = False
) -> dict[str, str]:
    """Return, by role, the SQL of the columns of dates and amounts whose type in the source is right already.

    With `keep_types` they are those of any column that is no text.
    """
    names = dict(zip(header, described, strict=True))
    if keep_types:
        wanted = {role: names[name] for role, name in settings.mapped().items()}
        return {role: _name(name) for role, (name, kind) in wanted.items() if kind != "VARCHAR"}
    rules = {**dict.fromkeys(_NUMBER_ROLES, _NUMBERS), **dict.fromkeys(_MOMENT_ROLES, _LOCAL_MOMENTS)}
    mapped = {role: names[name] for role, name in settings.mapped().items() if role in rules}
    return {role: _name(name) for role, (name, kind) in mapped.items() if re.search(rules[role], kind)}


def _currency_column(header: list[str], settings: DataSettings) -> str | None:
    """Return the first unmapped column named like a currency, if there are amounts but no mapped currency."""
    mapped = set(settings.mapped().values())
    named = [name for name in header if _CURRENCY_NAME.search(name) and name not in mapped]
    return named[0] if named and settings.has_amount and settings.columns.currency is None else None


def _count_raw(connection: Any) -> int:
    return int(connection.raw_sql(f"SELECT count(*) FROM {RAW}").fetchone()[0])


def _raw_log(table: Any, rows: int, origin: str, malformed: tuple[tuple[int, str], ...], first_row: int) -> RawLog:
    rows_read = rows + len(malformed)
    require(rows_read > 0, f"{origin}: has a header but no rows.", remedy="export the log again.")
    return RawLog(table, origin, rows_read, malformed, first_row)


def drop_raw(connection: Any) -> None:
    """Drop the cells of the log that was read last, which nothing needs once its events are made."""
    connection.raw_sql(f"DROP VIEW IF EXISTS {RAW}")
    connection.raw_sql(f"DROP TABLE IF EXISTS {CELLS}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:200]
