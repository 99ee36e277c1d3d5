"""Kinds of tables: what a file can be, and the customer kind that is trained on it."""

from dataclasses import dataclass

from ..settings import CustomerKind

ONE_ROW_PER_CUSTOMER = CustomerKind.labelled


@dataclass(frozen=True)
class TableKind:
    """What a file is.

    Attributes:
        name: for people.
        shape: the customer kind that is trained on it; None where nothing is.
        preset: the file in `conf/data/` that its settings start from.
        windows: the file in `conf/windows/` that fits it; empty for the default.
        needed: the roles without which it cannot be trained on.
        optional: further roles that columns can play.
    """

    name: str
    shape: CustomerKind | None
    preset: str = ""
    windows: str = ""
    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles, those without which nothing works first."""
        return (*self.needed, *self.optional)


_BUYING = (
    "amount", "price", "quantity", "order_id", "item", "category", "channel", "session_id", "kind", "currency",
)  # fmt: skip
ORDERS = TableKind(
    "orders", CustomerKind.noncontractual, "transactions", needed=("customer_id", "timestamp"), optional=_BUYING
)
ORDER_LINES = TableKind(
    "order lines", CustomerKind.noncontractual, "transactions", needed=("customer_id", "timestamp"), optional=_BUYING
)
EVENTS = TableKind(
    "events", CustomerKind.noncontractual, "transactions", needed=("customer_id", "timestamp"), optional=_BUYING
)
CONTRACTS = TableKind(
    "contracts",
    CustomerKind.contractual,
    "subscriptions",
    "monthly",
    needed=("customer_id", "start", "end"),
    optional=("price", "plan", "reason", "contract_id", "term_months", "currency"),
)
LABELLED = TableKind(
    "a labelled table", CustomerKind.labelled, "labelled", needed=("customer_id", "target"), optional=("split",)
)
ATTRIBUTES = TableKind("a table of customers without an outcome", None, needed=("customer_id",))
PANEL = TableKind("a panel: a row per customer and period", None, needed=("customer_id", "timestamp"))
UNKNOWN = TableKind("a table without a column of customers", None)
