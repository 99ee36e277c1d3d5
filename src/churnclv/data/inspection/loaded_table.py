"""Loaded tables: a file of any supported kind in the engine, every column as text, whatever its columns mean."""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ..settings import STATIC, Columns, DataSettings
from ..source import CELLS, RAW, RawLog, read_columns, read_file
from ..typed_columns import TYPED
from .table_kinds import ONE_ROW_PER_CUSTOMER

_SAMPLE_ROWS = 4_000
_WHOLE = 4  # times the wanted rows


@dataclass(frozen=True)
class LoadedTable:
    """A file in the engine: table `name` with the cells of each column as text, in columns `static_c0`, ...

    A column with a type in the file stands beside its text in that type: what is the same for values and their texts,
    such as how many differ, is counted over values, since a million texts take seconds to make.
    `log` has the number of rows, the malformed ones, the separator and the types of typed columns.
    """

    connection: Any
    name: str
    path: str
    header: tuple[str, ...]
    log: RawLog
    settings: DataSettings

    @property
    def rows(self) -> int:
        """The rows that are cells of all columns."""
        return self.log.rows_read - len(self.log.malformed)

    def cell(self, column: str) -> str:
        """Return the engine's name of a column of the file."""
        return f"{STATIC}c{self.header.index(column)}"

    def value(self, column: str) -> str:
        """Return the engine's name of a column in the type that it has in the file."""
        typed = f"{TYPED}{self.cell(column)}"
        return typed if typed in self.log.table.columns else self.cell(column)

    def type_of(self, column: str) -> str:
        """Return `number` or `moment` for a typed column of the source; empty for text."""
        return self.log.types.get(self.cell(column), "")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query in which `{table}` is the table."""
        rows: list[tuple[Any, ...]] = self.connection.raw_sql(sql.format(table=self.name)).fetchall()
        return rows

    def sample(self) -> pd.DataFrame:
        """Return the cells of rows spread evenly over the file, under the file's names; all rows of a small file."""
        step = max(1, self.rows // _SAMPLE_ROWS)
        return self._frame(f'"row" % {step} = 0')

    def cells(self) -> pd.DataFrame:
        """Return all cells as text, under the file's names."""
        return self._frame("true")

    def customers_sample(self, column: str, rows: int) -> tuple[pd.DataFrame, float]:
        """Return the rows of customers drawn by the hash of their id, and their share of the customers.

        Rows without an id are drawn in the same share. A file of up to four times as many rows is taken whole.
        """
        parts = 1 if self.rows <= _WHOLE * rows else -(-self.rows // rows)
        key = f"coalesce(nullif(trim({self._text(column)}), ''), CAST(\"row\" AS VARCHAR))"
        chosen = "true" if parts == 1 else f"hash({key}) % {parts} = 0"
        return self._frame(chosen), 1.0 / parts

    def _text(self, column: str) -> str:
        """Return SQL for the text of a column over the stored cells."""
        return self.log.texts.get(self.cell(column), self.cell(column))

    def _frame(self, condition: str) -> pd.DataFrame:
        """Return the stored rows that meet a condition, and no others, as text."""
        cells = ", ".join(
            f'{self._text(name)} AS "c{place}"' for place, name in enumerate(self.header)
        )  # names of the file may differ in case alone
        chosen = f"WITH chosen AS MATERIALIZED (SELECT * FROM {CELLS} WHERE {condition})"  # noqa: S608 # our own names
        sql = f'{chosen} SELECT {cells} FROM chosen ORDER BY "row"'  # noqa: S608 # our own names
        frame: pd.DataFrame = self.connection.raw_sql(sql).df()
        return frame.set_axis(list(self.header), axis=1).astype("str").where(frame.notna().to_numpy(), None)


def load_table(connection: Any, path: str, sheet: str | None = None, encoding: str = "auto") -> LoadedTable:
    """Read a file into an engine that has no other.

    Raises:
        InputError: a fault of the file itself; the message names file, row, rule and remedy.
    """
    settings = DataSettings(path=path, sheet=sheet, encoding=encoding, shape=ONE_ROW_PER_CUSTOMER)
    header = read_columns(settings)
    static = {f"c{number}": name for number, name in enumerate(header)}
    whole = replace(settings, columns=Columns(header[0], None, None), static=static, ignore_columns=header)
    log = read_file(connection, whole, keep_types=True)
    return LoadedTable(connection, RAW, path, tuple(header), log, whole)
