"""The faults of rows: the meaning of each and its remedy."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One kind of fault: the role of the faulty column, the rule as a sentence, the remedy."""

    name: str
    role: str
    rule: str
    remedy: str


CATALOGUE = (  # faults of a log of orders or other events
    Fault(
        "malformed_row",
        "row",
        "has more or fewer cells than the header",
        "quote cells that hold the separator",
    ),
    Fault("missing_id", "customer_id", "names no customer", "rows of guests cannot be followed over time"),
    Fault("missing_date", "timestamp", "has no date", "fill the date in the export"),
    Fault(
        "unparseable_date",
        "timestamp",
        "has a date that cannot be read",
        "set data.date_format, e.g. '%d.%m.%y %H:%M'",
    ),
    Fault(
        "mixed_date_format",
        "timestamp",
        "writes its date in another way than most rows",
        "export dates in one format",
    ),
    Fault(
        "future_date",
        "timestamp",
        "lies after data.latest (by default: now)",
        "check the clock or set data.latest",
    ),
    Fault(
        "early_date",
        "timestamp",
        "lies before data.earliest",
        "a filler such as 1900-01-01? set data.earliest",
    ),
    Fault(
        "unknown_kind",
        "kind",
        "is of an unknown kind",
        "list its text in kinds, or set other_kind",
    ),
    Fault(
        "missing_amount",
        "amount",
        "has no amount",
        "fill it, map data.columns.order_id where one line of an order has its amount, or set data.columns.amount=null "
        "for a log without money",
    ),
    Fault("non_finite_amount", "amount", "has NaN or an infinity as amount", "fill the amount in the export"),
    Fault(
        "unparseable_amount",
        "amount",
        "has an amount that is no number",
        "set data.decimal, or mend the cell",
    ),
    Fault(
        "mixed_currency",
        "amount",
        "is in another currency than most rows",
        "convert the amounts to one currency, or keep one with data.currency=USD",
    ),
    Fault(
        "exact_duplicate",
        "row",
        "equals an earlier row in every column",
        "keep them with data.policy.exact_duplicate=keep",
    ),
    Fault(
        "order_line",
        "amount",
        "is a further line of an order whose amount is counted once",
        "kept as a line without money of its own",
    ),
    Fault("zero_amount", "amount", "has an amount of zero", "kept as an order of no value"),
    Fault(
        "negative_amount",
        "amount",
        "has a negative amount or a cancelled order",
        "kept as a refund, never as an order",
    ),
    Fault("padded_id", "customer_id", "has blanks around its id", "kept without the blanks"),
    Fault(
        "leading_zero_id",
        "customer_id",
        "has an id that starts with zero",
        "kept as text: 007 and 7 are two customers",
    ),
    Fault("time_zone", "timestamp", "carries an offset from UTC", "kept, as local time in data.timezone"),
    Fault("currency_symbol", "amount", "carries a currency sign", "kept without the sign"),
    Fault("decimal_comma", "amount", "has a decimal comma", "kept as a number"),
    Fault(
        "same_day_order",
        "order_id",
        "is a further order of a customer on one day",
        "kept; a day counts as one purchase occasion",
    ),
)
_ENDS = (
    Fault(
        "unparseable_end",
        "end",
        "has an end that cannot be read",
        "list the text for open: data.open_tokens=[NULL,open]",
    ),
    Fault(
        "mixed_end_format",
        "end",
        "writes its end in another way than most rows",
        "export dates in one format",
    ),
    Fault(
        "end_before_start",
        "end",
        "ends before it starts",
        "a filler for open contracts? list it: data.open_tokens=[1900-01-01]",
    ),
    Fault(
        "after_observation",
        "timestamp",
        "starts at or after data.observed_until",
        "in the future at that moment; it is not counted in data.max_set_aside_share",
    ),
    Fault(
        "end_after_observation",
        "end",
        "ends at or after data.observed_until",
        "kept as a contract that is open: a planned end has not happened",
    ),
)
_CONTRACT_PRICES = (
    Fault("negative_price", "price", "has a negative price", "a credit is no price per month"),
    Fault("missing_price", "price", "has no price", "kept without a price"),
)
_OVERLAP = Fault(
    "overlapping_contract",
    "timestamp",
    "starts before the day on which an earlier contract of its customer ends",
    "keep contracts side by side with data.policy.overlapping_contract=keep",
)
_SHARED = {fault.name: fault for fault in CATALOGUE}
_DATES = ("missing_date", "unparseable_date", "mixed_date_format", "future_date", "early_date")
_PRICES = ("non_finite_amount", "unparseable_amount", "mixed_currency")
_SPELLING = ("padded_id", "leading_zero_id", "time_zone", "currency_symbol", "decimal_comma")
CONTRACTS = (  # faults of a table of contracts
    *(_SHARED[name] for name in ("malformed_row", "missing_id", *_DATES)),
    *_ENDS,
    *(_SHARED[name] for name in _PRICES),
    *_CONTRACT_PRICES,
    *(_SHARED[name] for name in ("exact_duplicate", *_SPELLING)),
    _OVERLAP,
)
ATTRIBUTES = tuple(_SHARED[name] for name in ("malformed_row", "missing_id", "padded_id", "leading_zero_id"))
CHOSEN = ("after_observation",)  # set aside because of the chosen moment: not a fault of the file
LABELLED = (  # faults of a table with one row per customer
    CATALOGUE[0],
    Fault("missing_id", "customer_id", "names no customer", "fill the id, or set data.columns.customer_id"),
    Fault("missing_label", "target", "has no outcome", "leave such rows out: they are for scoring, not for learning"),
    Fault("repeated_id", "customer_id", "has the id of an earlier row", "a labelled table has one row per customer"),
)
BY_NAME = {fault.name: fault for fault in (*LABELLED, *CONTRACTS, *CATALOGUE)}
