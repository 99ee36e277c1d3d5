"""The input and output files of reading a log."""

from pathlib import Path

from ..outputs import Output, read_head
from .settings import DataSettings

ASIDE_COLUMNS = ("row", "set_aside_for")


def input_paths(settings: DataSettings) -> dict[str, str | None]:
    """Return setting -> input file; None where the setting is null."""
    tables = {f"data.tables.{name}.path": table.path for name, table in settings.tables.items()}
    covariates = {f"data.covariates.{name}.path": one.path for name, one in settings.covariates.items()}
    return {"data.path": settings.path, **tables, **covariates}


def set_aside_outputs(settings: DataSettings) -> tuple[Output, ...]:
    """Return the files of rows set aside: the log's, and one beside it for each further table of dated events."""
    main = settings.set_aside_path
    dated = [table_aside_path(main, name) for name, table in settings.tables.items() if table.is_dated]
    return tuple(set_aside_output(path) for path in (main, *dated) if path is not None)


def set_aside_output(path: str) -> Output:
    """Return a file of rows set aside as an output."""
    return Output("data.set_aside_path", path, "rows set aside", _holds_rows_set_aside)


def table_aside_path(path: str | None, table: str) -> str | None:
    """Return the file for rows set aside of a further table, from that of the log."""
    return None if path is None else str(Path(path).with_stem(f"{Path(path).stem}.{table}"))


def _holds_rows_set_aside(path: Path) -> bool:
    return set(ASIDE_COLUMNS) <= set(read_head(path))
