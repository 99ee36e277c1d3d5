"""Settings for reading a log."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Generic, TypeVar

from ..databases import require_table
from ..errors import require, require_name
from ..ranges import Bounds, check_numbers, number

STATIC = "static_"  # prefix of the columns of the event table with attributes of customers
TREATMENT_KIND = "treatment"  # of an event: a contact by a campaign
HOLDOUT_KIND = "holdout"  # of an event: a campaign drew the customer to be left alone
OPEN_TOKENS = ("No", "no", "open", "none", "-", "active")
MISSING_TOKENS = (  # tokens in lower case match in any case, others exactly: R writes NA, but na may be a value
    "nan", "null", "none", "n/a", "?", "<na>", "NA", "NaT", "#n/a", "#na", "n.a.", "\\N", "(null)", "[null]",
    "<null>", "(none)", "<none>", "(not set)", "(blank)", "(empty)", "-", "--", ".", "#null!", "#ref!", "#value!",
    "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
_OF_CONTRACTS = ("end", "plan", "reason", "contract_id", "term_months")
_OF_EVENTS = (
    "customer_id", "timestamp", "amount", "price", "quantity", "order_id", "item", "category", "channel", "session_id",
    "other_id", "kind", "currency",
)  # fmt: skip
_OF_TREATMENTS = {"arm": "item", "cost": "amount", "propensity": "quantity"}  # name of a column -> role of the event


class CustomerKind(Enum):
    """How customers leave, which decides what a row of the main table is: a purchase, a contract, or a customer.

    Customers of an `experiment` do not leave: each got a treatment or none, and had an outcome.

    `orders` and `contracts` are the names of earlier versions, which configuration files and bundles may have.
    """

    noncontractual = "noncontractual"
    contractual = "contractual"
    labelled = "labelled"
    experiment = "experiment"
    orders = "noncontractual"  # noqa: PIE796 # the former name
    contracts = "contractual"  # noqa: PIE796 # the former name

    @classmethod
    def _missing_(cls, value: object) -> "CustomerKind | None":
        """Return the kind of a bundle of an earlier version."""
        return cls.__members__.get(str(value))


Part = TypeVar("Part")


@dataclass(frozen=True)
class PerKind(Generic[Part]):
    """What a room has for each customer kind: customers without a contract, under contract, labelled, of an experiment.

    A room that treats the kinds differently has one of these, in the module that defines its parts; nothing else
    compares kinds.
    """

    noncontractual: Part
    contractual: Part
    labelled: Part
    experiment: Part

    def __getitem__(self, kind: CustomerKind) -> Part:
        """Return the part of a kind."""
        part: Part = getattr(self, kind.name)
        return part


class Policy(Enum):
    """How a row with a fault is treated."""

    keep = "keep"
    set_aside = "set_aside"
    fail = "fail"


class Decimal(Enum):
    """The decimal sign of amounts."""

    auto = "auto"
    point = "point"
    comma = "comma"


class Fold(Enum):
    """A difference between ids to remove: case, invisible characters, or the composition of accents."""

    case = "case"
    invisible = "invisible"
    unicode = "unicode"


class Format(Enum):
    """The format of a file."""

    auto = "auto"
    csv = "csv"
    parquet = "parquet"


@dataclass
class Spelling:
    """The formats of a file that were derived from its rows; null where the rows are ambiguous.

    They are derived at training, stored in the bundle and used at scoring, because the few rows of one customer may be
    ambiguous.

    Attributes:
        date_format: the style of the dates, one of `parsing.STYLES`.
        decimals: the decimal sign of each role, `point` or `comma`.
        currency: the code of the currency of most rows.
    """

    date_format: str | None = None
    decimals: dict[str, str] = field(default_factory=dict)
    currency: str | None = None


@dataclass
class Reading:
    """The formats of a file to score where they differ from the training file; null is the bundle's setting.

    Attributes:
        decimal, date_format, day_first, currency, sales_are_negative: as in `DataSettings`.
        separator, encoding, max_set_aside_share: as in `DataSettings`; the first two are detected again for each file.
    """

    decimal: Decimal | None = None
    date_format: str | None = None
    day_first: bool | None = None
    currency: str | None = None
    sales_are_negative: bool | None = None
    separator: str | None = None
    encoding: str | None = None
    max_set_aside_share: float | None = number(None, Bounds(0, 1, remedy="0.05 allows one row in twenty."))

    def __post_init__(self) -> None:
        """Check the share."""
        check_numbers(self, "data")

    def chosen(self) -> dict[str, Any]:
        """Return the settings that are not null, enums as their values: a bundle has its own classes."""
        plain = {name: value.value if isinstance(value, Enum) else value for name, value in vars(self).items()}
        return {name: value for name, value in plain.items() if value is not None}


@dataclass
class Columns:
    """The file's column name for each role; null where the file has no such column.

    In a table of contracts, `timestamp` is the start and `price` the price per month.
    """

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
    kind: str | None = None
    currency: str | None = None
    end: str | None = None
    plan: str | None = None
    reason: str | None = None
    contract_id: str | None = None
    term_months: str | None = None

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
    order_line: Policy = Policy.keep
    zero_amount: Policy = Policy.keep
    negative_amount: Policy = Policy.keep
    exact_duplicate: Policy = Policy.set_aside
    missing_label: Policy = Policy.set_aside
    repeated_id: Policy = Policy.set_aside
    same_day_order: Policy = Policy.keep
    unknown_kind: Policy = Policy.set_aside
    unparseable_end: Policy = Policy.set_aside
    mixed_end_format: Policy = Policy.set_aside
    end_before_start: Policy = Policy.set_aside
    after_observation: Policy = Policy.set_aside
    end_after_observation: Policy = Policy.keep
    missing_price: Policy = Policy.keep
    negative_price: Policy = Policy.set_aside
    overlapping_contract: Policy = Policy.set_aside


class Refunds(Enum):
    """Whether spend and CLV are orders less refunds (`net`) or orders alone (`gross`)."""

    net = "net"
    gross = "gross"


@dataclass
class TableSettings:
    """A further table: dated events, or, without a `timestamp`, attributes of customers that do not change.

    Attributes:
        path: the file, or the address of a server.
        table: the table there.
        columns: role -> the file's column; `customer_id` always, `timestamp` where the rows are dated.
            Of treatments, `arm`, `cost` and `propensity` stand for `item`, `amount` and `quantity`.
        kind: the canonical kind of every row; null without `columns.kind` means orders and refunds.
        kinds: text in `columns.kind` -> canonical kind; empty if the texts are canonical kinds.
        other_kind: the kind of texts that `kinds` does not list; null sets such rows aside.
        control: of treatments, the arm that means that a customer was drawn to be left alone; null where none were.
        attributes: name -> the file's column.
        policy: policies that differ from those of the main table.
        sheet: the sheet of an Excel workbook; null takes the one that has the columns.
    """

    path: str | None = field(default=None, repr=False)
    table: str | None = field(default=None, repr=False)
    columns: dict[str, str] = field(default_factory=lambda: {"customer_id": "customer_id"})
    kind: str | None = None
    kinds: dict[str, str] = field(default_factory=dict)
    other_kind: str | None = None
    control: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    policy: dict[str, Policy] = field(default_factory=dict)
    format: Format = field(default=Format.auto, repr=False)
    separator: str = field(default="auto", repr=False)
    encoding: str = field(default="auto", repr=False)
    sheet: str | None = field(default=None, repr=False)
    decimal: Decimal = Decimal.auto
    date_format: str = "auto"
    day_first: bool | None = None
    ignore_columns: list[str] = field(default_factory=list)
    spelling: Spelling | None = None

    @property
    def is_dated(self) -> bool:
        """Whether the rows of the table are events."""
        return "timestamp" in self.columns

    @property
    def shape(self) -> CustomerKind:
        """What its rows are: events, or customers with attributes."""
        return CustomerKind.noncontractual if self.is_dated else CustomerKind.labelled

    @property
    def is_of_treatments(self) -> bool:
        """Whether every row of the table is a treatment."""
        return "kind" not in self.columns and TREATMENT_KIND in (self.kind, self.other_kind)

    @property
    def roles(self) -> dict[str, str]:
        """Role -> the file's column, by the roles that all events have."""
        names = _OF_TREATMENTS if self.is_of_treatments else {}
        return {names.get(role, role): column for role, column in self.columns.items()}

    def check(self, name: str) -> None:
        """Check the settings without reading a file; `name` is the name of the table."""
        where = f"data.tables.{name}"
        require_table(self.table, self.path, where)
        check_names("data.tables", [name])
        check_names(f"{where}.attributes", self.attributes)
        roles = _names_of_roles(treatments=self.is_of_treatments)
        unknown = sorted(set(self.columns) - set(roles))
        allowed = f"allowed are {', '.join(roles)}."
        require(not unknown, f"{where}.columns names the roles {unknown}.", remedy=allowed)
        remedy = f"name the column: {where}.columns.customer_id=..."
        require("customer_id" in self.columns, f"{where}.columns lacks customer_id.", remedy=remedy)
        complete = self.is_dated or (bool(self.attributes) and set(self.columns) == {"customer_id"})
        remedy = f"map {where}.columns.timestamp (events), or only customer_id and {where}.attributes (no dates)."
        require(complete, f"{where} has neither a timestamp nor attributes alone.", remedy=remedy)
        has_arms = self.control is None or (self.is_of_treatments and "arm" in self.columns)
        remedy = f"kind: treatment, and {where}.columns.arm names the column."
        require(has_arms, f"{where}.control={self.control} is an arm, and the table has none.", remedy=remedy)
        both = self.kind is not None and ("kind" in self.columns or self.kinds or self.other_kind)
        remedy = "kind is for tables whose every row is the same; the others are for a column of kinds."
        require(not both, f"{where} has kind={self.kind} and columns.kind, kinds or other_kind.", remedy=remedy)
        other = sorted(set(self.policy) - set(vars(Policies())))
        require(not other, f"{where}.policy names the faults {other}.", remedy=f"see {', '.join(vars(Policies()))}.")


def _names_of_roles(*, treatments: bool) -> list[str]:
    """Return the names of the columns that a table of events may have."""
    if not treatments:
        return list(_OF_EVENTS)
    replaced = (*_OF_TREATMENTS.values(), "price")
    return [*(role for role in _OF_EVENTS if role not in replaced), *_OF_TREATMENTS]


def treatment_name(role: str) -> str:
    """Return what a role of events is called in a table of treatments."""
    return next((name for name, other in _OF_TREATMENTS.items() if other == role), role)


def check_names(where: str, names: Iterable[str]) -> None:
    """Raise `InputError` for a name that cannot become part of a column's name."""
    for name in names:
        plain = re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None
        require(plain, f"{where} holds the name {name!r}.", remedy="lower case letters, digits and _.")


class Assumed(Enum):
    """What holds of a covariate after the end of its file: the same weeks of the year before, or zero."""

    last_year = "last_year"
    zero = "zero"


@dataclass
class CalendarSettings:
    """A covariate of days, the same for all customers: promotions, prices, weather.

    Attributes:
        path: the file, with a row per date from which its value holds until the next one.
        date: its column with the dates.
        value: its column with the values.
        assumed: what holds after its end.
    """

    path: str | None = None
    date: str = "date"
    value: str = "value"
    assumed: Assumed = Assumed.last_year

    def check(self, name: str) -> None:
        """Check the settings without reading a file; `name` is the name of the covariate."""
        check_names("data.covariates", [name])
        remedy = f"name the file: data.covariates.{name}.path=calendar.csv"
        require(self.path is not None, f"data.covariates.{name}.path is not set.", remedy=remedy)


@dataclass
class DataSettings:
    """The path of the log, the meaning of its columns, and the policies for its faults.

    `static` maps attributes of customers to columns of the file. They have no date and must not change over time: a
    change would leak the future into features. `tables` adds further tables by name, events or attributes. `kinds` and
    `other_kind` translate `columns.kind`, as in `TableSettings`. `covariates` adds covariates of days by name.

    `table` is a table or view of the PostgreSQL server whose address is `path`.
    `sheet` is the sheet of an Excel workbook; null takes the one that has the columns.
    `date_format` is `auto`, a pattern such as `%d.%m.%y`, a name of `parsing.STYLES`, or a count: `epoch_s`,
    `epoch_ms`, `epoch_us`, `excel`, or `days` from `day_zero` on.
    `currency` is the currency to keep; null keeps that of most rows. `sales_are_negative` reverses every sign.
    `amount_is_order_total` counts an amount once that several lines of one order repeat.
    `missing_tokens`, and `guest_ids` for ids, match in any case if they are in lower case, otherwise exactly.
    `spelling` has the formats of the training file; only a bundle sets it.

    `refunds` is the definition of spend: `net` subtracts refunds from labels, CLV and the report's revenue, on the day
    on which they are booked; `gross` ignores them in all three.

    For contracts: `open_tokens` are the texts in `columns.end`, besides blank, that mean an open contract.

    For a labelled table: `target` is the column of outcomes, `positive` its value for customers who left, `split` an
    optional column with the values `train` and `test`, and `exclude` lists columns that are not used as features.
    `keep_columns` lists columns (of a log: attributes) that are used although they look like ids or dates.

    For an experiment: `treatment` is the column of what was done to a customer, `control` its value for those who were
    left alone, and `outcome` the column of what happened afterwards, two values or an amount. `randomised` says
    whether chance alone decided who got what. `propensities` maps a treatment to the column with its probability.
    `after_treatment` lists columns that were written after the treatment, which are not used. `treated_on` and
    `outcome_on` are columns with the dates of both.
    """

    name: str = "transactions"
    shape: CustomerKind = CustomerKind.noncontractual
    path: str | None = field(default=None, repr=False)
    table: str | None = field(default=None, repr=False)
    builtin: str | None = field(default=None, repr=False)
    format: Format = field(default=Format.auto, repr=False)
    separator: str = field(default="auto", repr=False)
    encoding: str = field(default="auto", repr=False)
    sheet: str | None = field(default=None, repr=False)
    decimal: Decimal = Decimal.auto
    date_format: str = "auto"
    day_first: bool | None = None
    day_zero: str = "2000-01-01"
    currency: str | None = None
    sales_are_negative: bool = False
    amount_is_order_total: bool = False
    spelling: Spelling | None = None
    timezone: str = "UTC"
    earliest: str = "1970-01-02"
    latest: str | None = None
    observed_until: str | None = None
    refund_order_pattern: str | None = None
    refunds: Refunds = Refunds.net
    ignore_columns: list[str] = field(default_factory=list)
    missing_tokens: list[str] = field(default_factory=lambda: list(MISSING_TOKENS))
    guest_ids: list[str] = field(default_factory=list)
    fold_ids: list[Fold] = field(default_factory=list)
    columns: Columns = field(default_factory=Columns)
    static: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    other_kind: str | None = None
    open_tokens: list[str] = field(default_factory=lambda: list(OPEN_TOKENS))
    tables: dict[str, TableSettings] = field(default_factory=dict)
    covariates: dict[str, CalendarSettings] = field(default_factory=dict)
    target: str | None = None
    positive: str | None = None
    split: str | None = None
    exclude: list[str] = field(default_factory=list)
    keep_columns: list[str] = field(default_factory=list)
    treatment: str | None = None
    control: str | None = None
    outcome: str | None = None
    randomised: bool = True
    propensities: dict[str, str] = field(default_factory=dict)
    after_treatment: list[str] = field(default_factory=list)
    treated_on: str | None = None
    outcome_on: str | None = None
    policy: Policies = field(default_factory=Policies)
    max_set_aside_share: float = number(0.05, Bounds(0, 1, remedy="0.05 allows one row in twenty."))
    set_aside_path: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the settings without reading a file."""
        require_name("data.name", self.name)
        check_numbers(self, "data")
        require(
            self.policy.malformed_row is not Policy.keep,
            "data.policy.malformed_row=keep: a row of another width has no columns to keep.",
            remedy="set_aside or fail.",
        )
        for role in _RULES[self.shape].needed:
            named = getattr(self.columns, role) is not None
            remedy = f"name the column: data.columns.{role}=..."
            require(named, f"data.columns.{role} is null, but every log needs one.", remedy=remedy)
        self._check_attributes()
        _RULES[self.shape].check(self)
        require(
            self.builtin is None or self.path is None,
            f"data.builtin={self.builtin} and data.path={self.path} name two logs.",
            remedy="data=transactions data.path=... takes your own, data.path=null the embedded one.",
        )
        require_table(self.table, self.path, self.where)

    def _check_attributes(self) -> None:
        check_names("data.static", self.static)
        for name, table in self.tables.items():
            table.check(name)
        for name, calendar in self.covariates.items():
            calendar.check(name)
        of_orders = not self.covariates or self.shape is CustomerKind.noncontractual
        require(
            of_orders, "data.covariates are for a log of orders.", remedy="leave them out: only purchases have a model."
        )
        names = self.attribute_names
        doubled = sorted({name for name in names if names.count(name) > 1})
        remedy = "data.static and the tables' attributes need names of their own."
        require(not doubled, f"more than one attribute is named {', '.join(doubled)}.", remedy=remedy)

    def read_as(self, chosen: Mapping[str, Any]) -> "DataSettings":
        """Return the settings for a file in another format; `chosen` is the result of `Reading.chosen`.

        The chosen formats are not compared with those of the training file.
        """
        values = dict(chosen)
        if "decimal" in values:
            values["decimal"] = Decimal(values["decimal"])
        spelling = Spelling() if self.spelling is None else self.spelling
        if "date_format" in values or "day_first" in values:
            spelling = replace(spelling, date_format=None)
        if "date_format" not in values and "day_first" in values and self.date_format in ("day_month", "month_day"):
            values["date_format"] = "auto"
        spelling = replace(spelling, decimals={}) if "decimal" in values else spelling
        spelling = replace(spelling, currency=None) if "currency" in values else spelling
        return replace(self, **values, spelling=spelling)

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """The names of the declared attributes of customers, those of the other tables last."""
        others = [name for table in self.tables.values() for name in table.attributes]
        return (*self.static, *others)

    @property
    def where(self) -> str:
        """The prefix of the names of settings in messages."""
        return "data"

    def setting(self, role: str) -> str:
        """Return the setting that maps a role to a column."""
        return f"data.static.{role.removeprefix(STATIC)}" if role.startswith(STATIC) else f"data.columns.{role}"

    def mapped(self) -> dict[str, str]:
        """Return role -> the file's column, including static attributes as `static_<name>`."""
        attributes = {f"{STATIC}{name}": column for name, column in self.static.items()}
        return {**self.columns.mapped(), **attributes}

    @property
    def wanted_columns(self) -> set[str]:
        """The file's columns that are mapped."""
        if _RULES[self.shape].has_target and (self.target or self.outcome) is not None:
            named = (self.columns.customer_id, self.target, self.treatment, self.outcome, self.split)
            return {name for name in named if name is not None}
        return set(self.mapped().values())

    @property
    def has_amount(self) -> bool:
        """Whether the log has amounts or prices."""
        return self.columns.amount is not None or self.columns.price is not None


@dataclass(frozen=True)
class ColumnRules:
    """Which roles a customer kind needs, whether it has a column of outcomes, and the check of its mapped roles."""

    needed: tuple[str, ...]
    check: Callable[[DataSettings], None]
    has_target: bool = False


def _check_no_contracts(settings: DataSettings) -> None:
    misplaced = [role for role in _OF_CONTRACTS if getattr(settings.columns, role) is not None]
    message = f"data.columns.{next(iter(misplaced), '')} is for a table of contracts."
    require(not misplaced, message, remedy="data=subscriptions, or data.shape=contractual.")


def _check_orders(settings: DataSettings) -> None:
    _check_no_contracts(settings)
    columns = settings.columns
    require(
        columns.price is None or columns.quantity is not None,
        "data.columns.price needs data.columns.quantity: amount = price x quantity.",
        remedy="name it, or map the amount itself: data.columns.amount=...",
    )


def _check_contracts(settings: DataSettings) -> None:
    columns = settings.columns
    ended = columns.end is not None
    require(ended, "data.columns.end is null, but contracts need one.", remedy="data.columns.end=...")
    remedy = "data.columns.amount=null, and the price per month is data.columns.price."
    require(columns.amount is None, f"data.columns.amount={columns.amount}: contracts have none.", remedy=remedy)
    is_allowed = settings.policy.end_before_start is not Policy.keep
    message = "data.policy.end_before_start=keep: a contract that ends before it starts was never open."
    require(is_allowed, message, remedy="set_aside or fail.")


def _check_experiment(settings: DataSettings) -> None:
    _check_no_contracts(settings)
    for name, example in (("treatment", "segment"), ("control", "'No E-Mail'"), ("outcome", "visit")):
        value = getattr(settings, name)
        require(value is not None, f"data.{name} is not set.", remedy=f"{_EXPERIMENT[name]}: data.{name}={example}")
    controls = settings.control in settings.propensities
    message = f"data.propensities names the control group, {settings.control!r}."
    require(not controls, message, remedy="name the treatments alone: the control group has the rest.")


_EXPERIMENT = {
    "treatment": "name the column of what was done to each customer",
    "control": "name its value for those who were left alone",
    "outcome": "name the column of what happened afterwards",
}
_DATED = ("customer_id", "timestamp")
_RULES = PerKind(
    ColumnRules(_DATED, _check_orders),
    ColumnRules(_DATED, _check_contracts),
    ColumnRules(("customer_id",), _check_no_contracts, has_target=True),
    ColumnRules((), _check_experiment, has_target=True),
)
