"""What can be chosen about reading a log."""

import re
from dataclasses import dataclass, field
from enum import Enum

from ..errors import require

STATIC = "static_"  # begins the names of the event table's columns that hold attributes of customers


class Policy(Enum):
    """What happens to a row that shows a fault."""

    keep = "keep"
    set_aside = "set_aside"
    fail = "fail"


class Decimal(Enum):
    """Which sign separates the decimals of an amount."""

    auto = "auto"
    point = "point"
    comma = "comma"


class Format(Enum):
    """How a file is written."""

    auto = "auto"
    csv = "csv"
    parquet = "parquet"


@dataclass
class Columns:
    """The file's own name for each role; null where the file has no such column."""

    customer_id: str | None = "customer_id"
    timestamp: str | None = "timestamp"
    amount: str | None = "amount"
    price: str | None = None
    quantity: str | None = None
    order_id: str | None = None
    item: str | None = None
    category: str | None = None
    channel: str | None = None
    session_id: str | None = None
    other_id: str | None = None

    def mapped(self) -> dict[str, str]:
        """Return role -> the file's column, for the roles that the file has."""
        return {role: column for role, column in vars(self).items() if column is not None}


@dataclass
class Policies:
    """One policy per fault; the faults are described in `faults.py`."""

    malformed_row: Policy = Policy.set_aside
    missing_id: Policy = Policy.set_aside
    padded_id: Policy = Policy.keep
    leading_zero_id: Policy = Policy.keep
    missing_date: Policy = Policy.set_aside
    unparseable_date: Policy = Policy.set_aside
    mixed_date_format: Policy = Policy.set_aside
    time_zone: Policy = Policy.keep
    future_date: Policy = Policy.set_aside
    early_date: Policy = Policy.set_aside
    missing_amount: Policy = Policy.set_aside
    unparseable_amount: Policy = Policy.set_aside
    non_finite_amount: Policy = Policy.set_aside
    currency_symbol: Policy = Policy.keep
    mixed_currency: Policy = Policy.set_aside
    decimal_comma: Policy = Policy.keep
    zero_amount: Policy = Policy.keep
    negative_amount: Policy = Policy.keep
    exact_duplicate: Policy = Policy.set_aside
    same_day_order: Policy = Policy.keep


@dataclass
class DataSettings:
    """Where the log is, what its columns mean and what to do with its faults.

    `static` declares attributes of customers that do not change, name -> the file's column: undated, they would look
    ahead if they did.
    """

    name: str = "transactions"
    path: str | None = None
    builtin: str | None = None
    format: Format = Format.auto
    separator: str = "auto"
    encoding: str = "auto"
    decimal: Decimal = Decimal.auto
    date_format: str = "auto"
    day_first: bool | None = None
    timezone: str = "UTC"
    earliest: str = "1970-01-02"
    latest: str | None = None
    observed_until: str | None = None
    refund_order_pattern: str | None = None
    ignore_columns: list[str] = field(default_factory=list)
    missing_tokens: list[str] = field(default_factory=lambda: ["nan", "null", "none", "n/a", "?", "<na>"])
    columns: Columns = field(default_factory=Columns)
    static: dict[str, str] = field(default_factory=dict)
    policy: Policies = field(default_factory=Policies)
    max_set_aside_share: float = 0.05
    set_aside_path: str | None = None

    def __post_init__(self) -> None:
        """Check what needs no file to be checked."""
        share = self.max_set_aside_share
        require(
            0 <= share <= 1,
            f"data.max_set_aside_share is {share}, allowed is 0 to 1.",
            remedy="0.05 allows one row in twenty.",
        )
        require(
            self.policy.malformed_row is not Policy.keep,
            "data.policy.malformed_row=keep: a row of another width has no columns to keep.",
            remedy="set_aside or fail.",
        )
        for role in ("customer_id", "timestamp"):
            named = getattr(self.columns, role) is not None
            remedy = f"name the column: data.columns.{role}=..."
            require(named, f"data.columns.{role} is null, but every log needs one.", remedy=remedy)
        for name in self.static:
            plain = re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None
            require(plain, f"data.static names an attribute {name!r}.", remedy="lower case letters, digits and _.")
        require(
            self.columns.price is None or self.columns.quantity is not None,
            "data.columns.price needs data.columns.quantity: amount = price x quantity.",
            remedy="name it, or map the amount itself: data.columns.amount=...",
        )
        require(
            self.builtin is None or self.path is None,
            f"data.builtin={self.builtin} and data.path={self.path} name two logs.",
            remedy="data=transactions data.path=... takes your own, data.path=null the embedded one.",
        )
        require(
            self.set_aside_path is None or self.set_aside_path != self.path,
            f"data.set_aside_path={self.set_aside_path} is the log itself.",
            remedy="name another file; the log is never written to.",
        )

    def mapped(self) -> dict[str, str]:
        """Return role -> the file's column, static attributes among them as `static_<name>`."""
        attributes = {f"{STATIC}{name}": column for name, column in self.static.items()}
        return {**self.columns.mapped(), **attributes}

    @property
    def has_amount(self) -> bool:
        """Whether the log says what was paid."""
        return self.columns.amount is not None or self.columns.price is not None
