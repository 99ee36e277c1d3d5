"""The schema of the canonical event table, which is checked for every source whatever its policies."""

from typing import Any

import ibis.expr.datatypes as dt
import pandera.ibis as pa

from ..errors import InputError
from .settings import STATIC, DataSettings

KINDS = (
    "order", "refund", "discount", "action", "send", "open", "click", "unsubscribe", "referral",
    "contract_start", "contract_end", "plan_change", "payment_failure",
)  # fmt: skip
SALES = ("order", "refund")
AMOUNT_TYPE = dt.Decimal(18, 4)
TEXTS = ("order_id", "item", "category", "channel", "session_id", "other_id")
EVENT_COLUMNS = ("customer_id", "timestamp", "kind", "amount", "quantity", *TEXTS)


def event_columns(settings: DataSettings) -> tuple[str, ...]:
    """Return the columns of the event table: the canonical ones, then the declared attributes of customers."""
    return (*EVENT_COLUMNS, *text_columns(settings)[len(TEXTS) :])


def text_columns(settings: DataSettings) -> tuple[str, ...]:
    """Return the columns of the event table that are text and may be null."""
    return (*TEXTS, *(f"{STATIC}{name}" for name in settings.attribute_names))


def _schema(texts: tuple[str, ...]) -> pa.DataFrameSchema:
    columns = {
        "customer_id": pa.Column(dt.String(), [pa.Check.str_length(min_value=1)], nullable=False),
        "timestamp": pa.Column(dt.Timestamp(scale=6), nullable=False),
        "kind": pa.Column(dt.String(), [pa.Check.isin(KINDS)], nullable=False),
        "amount": pa.Column(AMOUNT_TYPE, nullable=True),
        "quantity": pa.Column(AMOUNT_TYPE, nullable=True),
        **{name: pa.Column(dt.String(), nullable=True) for name in texts},
    }
    return pa.DataFrameSchema(columns, strict=True)


def check_events(events: Any, origin: str, settings: DataSettings) -> None:
    """Raise `InputError` with every violation of the schema at once.

    A violation exists only if a policy kept a faulty row, so the remedy names the policies.
    """
    from pandera.errors import SchemaErrors

    violations = []
    try:
        _schema(text_columns(settings)).validate(events, lazy=True)
    except SchemaErrors as errors:
        violations = sorted({f"{case['column'] or 'table'}: {case['check']}" for case in _cases(errors)})
    without_amount = events.amount.isnull() & events.kind.isin(SALES)
    if settings.has_amount and int(without_amount.sum().fill_null(0).execute()):
        violations.append("amount: not_nullable")
    if violations:
        raise InputError(
            f"{origin}: after the policies, the events still violate the schema:\n"
            + "\n".join(f"  {line}" for line in violations),
            remedy="a policy keeps rows that no model can use: set it to set_aside (data.policy.missing_id, ...).",
        )


def _cases(errors: Any) -> list[dict[str, Any]]:
    cases = errors.failure_cases
    frame = cases.execute() if hasattr(cases, "execute") else cases
    return [dict(case) for case in frame.to_dict("records")]
