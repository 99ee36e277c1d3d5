"""Rows of a log on Spark: Parquet or CSV files, whose columns are read as one machine reads them."""

import os
import re
from pathlib import Path
from typing import Any

from ..databases import reason_of
from ..errors import InputError, require

BROKEN = "broken"  # the column with the text of a row that has not as many cells as the header
_ENDS = (".parquet", ".csv")


def list_files(given: str) -> list[Path]:
    """Return the files of a log: the one that is named, or the Parquet or CSV files in a folder, in order of name.

    Raises:
        InputError: the folder has none, or files of both kinds.
    """
    path = Path(os.path.expanduser(given)).absolute()  # noqa: PTH111 # Path raises for a name such as ~orders.csv
    if not path.is_dir():
        return [path]
    files = sorted(each for each in path.iterdir() if each.suffix.lower() in _ENDS)
    kinds = {each.suffix.lower() for each in files}
    require(len(kinds) == 1, f"input={given}: holds no files of one kind.", remedy="Parquet or CSV files in a folder.")
    return files


def read_rows(session: Any, files: list[Path], columns: int, separator: str | None, encoding: str) -> Any:
    """Return the rows of files, with columns c0, c1, ... and, of text files, `broken`.

    Parameters
    ----------
    session
        Of Spark.
    files
        On a disk that all machines see, with the same columns.
    columns
        Their number.
    separator
        Of the cells of text files; None of Parquet.
    encoding
        Of text files.

    Raises
    ------
    InputError
        Spark cannot read them.
    """
    from pyspark.errors import PySparkException

    names, places = [f"c{place}" for place in range(columns)], [_address(each) for each in files]
    try:
        if separator is None:
            return session.read.parquet(*places).toDF(*names)
        schema = ", ".join(f"{name} string" for name in (*names, BROKEN))
        return session.read.schema(schema).options(**_text_options(separator, encoding, columns)).csv(places)
    except PySparkException as error:
        raise InputError(f"{files[0]}: Spark cannot read it ({reason_of(error)}).", remedy="write it again.") from None


def _address(path: Path) -> str:
    """Return the address of a file whose name is no pattern."""
    return "file://" + re.sub(r"([*?{}\[\]\\])", r"\\\1", str(path))


def _text_options(separator: str, encoding: str, columns: int) -> dict[str, str]:
    """Return how text is read: a quoted cell may span lines, so that one task reads a file."""
    return {
        "header": "true",
        "sep": separator,
        "encoding": encoding.removesuffix("-sig"),
        "quote": '"',
        "escape": '"',
        "multiLine": "true",
        "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": BROKEN,
        "maxColumns": str(columns + 1_000),
    }
