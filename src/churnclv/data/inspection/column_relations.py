"""Relations between columns: what returns on other days, which rows are one order, which date is first."""

from dataclasses import dataclass

from .. import parsing
from ..settings import DataSettings
from .loaded_table import LoadedTable

_HEAD_ROWS = 200_000  # rows from the start of the file, where the lines of one order stand together
_DAY_CHARACTERS = 10


@dataclass(frozen=True)
class Relations:
    """Shares that are counted over the first rows of a table."""

    table: LoadedTable

    def returning_share(self, column: str, date: str) -> float:
        """Return the share of a column's values that occur on more than one day."""
        return self._share(
            f"SELECT avg(CAST(days > 1 AS DOUBLE)) FROM (SELECT count(DISTINCT {self._day(date)}) AS days "
            f"FROM {{table}} WHERE {self._filled(column)} AND \"row\" <= {_HEAD_ROWS} GROUP BY {self._cell(column)})"
        )

    def one_order_share(self, column: str, customer: str, date: str) -> float:
        """Return the share of a column's values whose rows are of one customer at most, and one day."""
        return self._share(
            f"SELECT avg(CAST(customers <= 1 AND days <= 1 AS DOUBLE)) FROM (SELECT "
            f"count(DISTINCT {self._cell(customer)}) AS customers, count(DISTINCT {self._day(date)}) AS days "
            f"FROM {{table}} WHERE {self._filled(column)} AND \"row\" <= {_HEAD_ROWS} GROUP BY {self._cell(column)})"
        )

    def rows_per_value(self, column: str) -> float:
        """Return the mean number of rows of a column's values."""
        return self._share(
            f"SELECT count(*) / greatest(count(DISTINCT {self._cell(column)}), 1) FROM {{table}} "
            f"WHERE {self._filled(column)} AND \"row\" <= {_HEAD_ROWS}"
        )

    def constant_share(self, column: str, order: str) -> float:
        """Return the share of orders with several lines of which a column has one value on all filled lines."""
        return self._share(
            f"SELECT avg(CAST(amounts = 1 AS DOUBLE)) FROM (SELECT count(DISTINCT {self._cell(column)}) AS amounts, "
            f"count(*) AS lines FROM {{table}} WHERE {self._filled(column)} AND \"row\" <= {_HEAD_ROWS} "
            f"GROUP BY {self._cell(order)}) WHERE lines > 1"
        )

    def duplicates(self) -> int:
        """Return the number of rows that equal an earlier one in every column."""
        return int(self.table.query("SELECT count(*) - count(DISTINCT content) FROM {table}")[0][0])

    def is_panel(self, customer: str, date: str) -> bool:
        """Return whether nearly every customer has one row at each of the same dates."""
        rows, pairs, customers, dates = self.table.query(
            f"SELECT count(*), count(DISTINCT ({self._cell(customer)}, {self._cell(date)})), "
            f"count(DISTINCT {self._cell(customer)}), count(DISTINCT {self._cell(date)}) "
            f"FROM {{table}} WHERE \"row\" <= {_HEAD_ROWS}"
        )[0]
        return bool(dates > 5 and customers > 5 and pairs == rows and rows >= 0.9 * customers * dates)  # noqa: PLR2004

    def ordered_share(self, start: str, end: str) -> float:
        """Return the share of rows with two dates whose second is not before the first."""
        engine = self.table.connection.table(self.table.name)
        settings = DataSettings()
        moments = []
        for name in (start, end):
            text = engine[self.table.cell(name)]
            shape = parsing.date_shape(text)
            cells = engine.select(text=text)
            _, day, month = parsing.count_orders_of_days(cells)
            moments.append(parsing.parse_date(text, shape, day >= month, settings))
        dated = engine.select(first=moments[0], last=moments[1])
        compared = dated.filter(dated["first"].notnull() & dated["last"].notnull())
        share = compared.aggregate(share=(compared["last"] >= compared["first"]).cast("float64").mean()).execute()
        value = share["share"].iloc[0]
        return 0.0 if value is None or value != value else float(value)  # noqa: PLR0124 # NaN of no rows

    def _cell(self, column: str) -> str:
        return f"nullif(trim({self.table.cell(column)}), '')"

    def _filled(self, column: str) -> str:
        return f"{self._cell(column)} IS NOT NULL"

    def _day(self, column: str) -> str:
        return f"left({self.table.cell(column)}, {_DAY_CHARACTERS})"

    def _share(self, sql: str) -> float:
        value = self.table.query(sql)[0][0]
        return 0.0 if value is None else float(value)
