"""The faults a row can show: what each means and how to mend it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One kind of fault: the role of the column it shows in, its rule in words, its remedy."""

    name: str
    role: str
    rule: str
    remedy: str


CATALOGUE = (
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
        "missing_amount",
        "amount",
        "has no amount",
        "fill it, or set data.columns.amount=null for a log without money",
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
        "convert the amounts to one currency",
    ),
    Fault(
        "exact_duplicate",
        "row",
        "equals an earlier row in every column",
        "keep them with data.policy.exact_duplicate=keep",
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
    Fault("decimal_comma", "amount", "has a decimal comma", "kept as the number it says"),
    Fault(
        "same_day_order",
        "order_id",
        "is a further order of a customer on one day",
        "kept; a day counts as one purchase occasion",
    ),
)
BY_NAME = {fault.name: fault for fault in CATALOGUE}
