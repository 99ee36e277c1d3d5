"""Relations between columns: what returns on other days, which rows are one order, which date is first."""

from dataclasses import dataclass
from typing import Any

from .. import parsing
from ..settings import DataSettings
from .column_profile import NEARLY_ALL
from .loaded_table import LoadedTable

_HEAD_ROWS = 200_000  # rows from the start of the file, where the lines of one order stand together
_DAY_CHARACTERS = 10
_FEWEST_DATES = 5


@dataclass(frozen=True)
class Relations:
    """Shares that are counted over the first rows of a table."""

    table: LoadedTable

    def returning_share(self, column: str, date: str) -> float:
        """Return the share of a column's values that occur on more than one day."""
        return self._share_of_values(column, f"count(DISTINCT {self._day(date)}) > 1")

    def one_order_share(self, column: str, customer: str, date: str) -> float:
        """Return the share of a column's values whose rows are of one customer at most, and one day."""
        one = f"count(DISTINCT {self._cell(customer)}) <= 1 AND count(DISTINCT {self._day(date)}) <= 1"
        return self._share_of_values(column, one)

    def constant_share(self, column: str, order: str) -> float:
        """Return the share of orders with several lines of which a column has one value on all filled lines."""
        alike = f"CASE WHEN count({self._cell(column)}) > 1 THEN count(DISTINCT {self._cell(column)}) = 1 END"
        return self._share_of_values(order, alike)

    def rows_per_value(self, column: str) -> float:
        """Return the mean number of rows of a column's values."""
        rows, values = self._counts(f"count({self._cell(column)})", f"count(DISTINCT {self._cell(column)})")
        return float(rows) / max(float(values), 1.0)

    def duplicates(self) -> int:
        """Return the number of rows that equal an earlier one in every column."""
        cells = ", ".join(self.table.value(name) for name in self.table.header)
        return int(self.table.query(f"SELECT count(*) - count(DISTINCT hash({cells})) FROM {{table}}")[0][0])  # noqa: S608 # our names

    def is_panel(self, customer: str, date: str) -> bool:
        """Return whether nearly every customer has one row at each of the same dates."""
        pair = (self._cell(customer), self._cell(date))
        counted = [f"count(DISTINCT {cell})" for cell in pair]
        rows, pairs, customers, dates = self._counts("count(*)", f"count(DISTINCT ({', '.join(pair)}))", *counted)
        several = dates > _FEWEST_DATES and customers > _FEWEST_DATES
        return bool(several and pairs == rows and rows >= NEARLY_ALL * customers * dates)

    def ordered_share(self, start: str, end: str) -> float:
        """Return the share of rows with two dates whose second is not before the first."""
        engine = self.table.connection.table(self.table.name)
        moments = [self._moment(engine[self.table.cell(name)], engine) for name in (start, end)]
        dated = engine.select(is_ordered=moments[1] >= moments[0])
        share = dated.aggregate(share=dated.is_ordered.cast("float64").mean()).execute()["share"].iloc[0]
        return 0.0 if share is None or share != share else float(share)  # noqa: PLR0124 # NaN of no rows

    @staticmethod
    def _moment(text: Any, engine: Any) -> Any:
        _, day, month = parsing.count_orders_of_days(engine.select(text=text))
        return parsing.parse_date(text, parsing.date_shape(text), day >= month, DataSettings())

    def _cell(self, column: str) -> str:
        return f"nullif(trim({self.table.cell(column)}), '')"

    def _day(self, column: str) -> str:
        return f"left({self.table.cell(column)}, {_DAY_CHARACTERS})"

    def _counts(self, *expressions: str) -> tuple[Any, ...]:
        """Return aggregates over the first rows."""
        chosen = ", ".join(expressions)
        return self.table.query(f'SELECT {chosen} FROM {{table}} WHERE "row" <= {_HEAD_ROWS}')[0]  # noqa: S608 # our names

    def _share_of_values(self, column: str, condition: str) -> float:
        """Return the share of a column's values whose rows meet a condition, among those for which it is defined."""
        cell = self._cell(column)
        chosen = f'"row" <= {_HEAD_ROWS} AND {cell} IS NOT NULL GROUP BY {cell}'
        groups = f"SELECT {condition} AS holds FROM {{table}} WHERE {chosen}"  # noqa: S608 # our names
        share = self.table.query(f"SELECT avg(CAST(holds AS DOUBLE)) FROM ({groups})")[0][0]  # noqa: S608 # our names
        return 0.0 if share is None else float(share)
