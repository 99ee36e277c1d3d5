"""The schema of the canonical event table, which is checked for every source whatever its policies."""

from typing import Any

import ibis.expr.datatypes as dt

from ..errors import InputError
from .compiled_queries import compiled
from .settings import HOLDOUT_KIND, STATIC, TREATMENT_KIND, DataSettings

KINDS = (
    "order", "refund", "discount", "action", "send", "open", "click", "unsubscribe", "referral",
    "contract_start", "contract_end", "plan_change", "payment_failure", TREATMENT_KIND, HOLDOUT_KIND,
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


def check_events(events: Any, origin: str, settings: DataSettings) -> None:
    """Raise `InputError` with every violation of the schema at once.

    A violation exists only if a policy kept a faulty row, so the remedy names the policies.
    """
    kinds = {name: kind(nullable=True) for name, kind in events.schema().items()}
    violations = [f"{name}: not {kind}" for name, kind in _types(settings).items() if kinds.pop(name, None) != kind]
    violations += [f"{name}: not in the schema" for name in kinds]
    counts = {} if violations else _count_violations(events, settings.has_amount).row()
    violations += [rule for rule, rows in counts.items() if rows]
    if violations:
        raise InputError(
            f"{origin}: after the policies, the events still violate the schema:\n"
            + "\n".join(f"  {line}" for line in violations),
            remedy="a policy keeps rows that no model can use: set it to set_aside (data.policy.missing_id, ...).",
        )


def _types(settings: DataSettings) -> dict[str, Any]:
    dated = {"customer_id": dt.string, "timestamp": dt.Timestamp(scale=6), "kind": dt.string}
    counted = {"amount": AMOUNT_TYPE, "quantity": AMOUNT_TYPE}
    return {**dated, **counted, **dict.fromkeys(text_columns(settings), dt.string)}


@compiled
def _count_violations(events: Any, has_amount: bool) -> Any:
    """Count the events that violate each rule of the schema."""
    rules = {
        "customer_id: not_nullable": events.customer_id.isnull(),
        "customer_id: not_empty": events.customer_id == "",
        "timestamp: not_nullable": events.timestamp.isnull(),
        "kind: not_nullable": events.kind.isnull(),
        f"kind: one of {', '.join(KINDS)}": events.kind.notin(KINDS),
    }
    if has_amount:
        rules["amount: not_nullable"] = events.amount.isnull() & events.kind.isin(SALES)
    return events.aggregate(**{rule: broken.sum() for rule, broken in rules.items()})
