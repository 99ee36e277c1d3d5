"""Kinds of events: derived from the column `kind`, or from the sign of the amount."""

from typing import Any

import ibis

from ..errors import require
from .schema import KINDS
from .settings import DataSettings


def check_kinds(settings: DataSettings) -> None:
    """Raise `InputError` for a kind that is not one of the canonical kinds."""
    named = [*settings.kinds.values(), *([] if settings.other_kind is None else [settings.other_kind])]
    unknown = sorted(set(named) - set(KINDS))
    require(not unknown, f"{settings.where}: unknown kinds {unknown}.", remedy=f"allowed are {', '.join(KINDS)}.")


def name_kinds(rows: Any, settings: DataSettings) -> Any:
    """Replace the text in `kind` by the canonical kind, and add the fault flags that depend on it.

    Rows of kind `order`, and rows of a log without kinds, are refunds where the amount is negative or the order is
    cancelled. A refund's amount becomes negative and a discount's positive, whatever the sign in the file:
    cancelled orders are often exported with the amount of the original order.
    """
    refund = (rows.order_amount < 0).fill_null(False)
    if settings.refund_order_pattern is not None:
        refund |= rows.order_id.re_search(settings.refund_order_pattern).fill_null(False)
    sale = refund.ifelse("refund", "order")
    mapped = _translate(rows.kind, settings)
    kind = sale if mapped is None else (mapped == "order").fill_null(False).ifelse(sale, mapped)
    size = rows.amount.abs().cast(rows.amount.type())
    amount = ibis.cases((kind == "refund", -size), (kind == "discount", size), else_=rows.amount)
    return _flag(rows.mutate(kind=kind, amount=amount.cast(rows.amount.type())))


def _translate(text: Any, settings: DataSettings) -> Any:
    """Return the canonical kind of a text, null if it has none; None for a log without a column for kinds."""
    has_column = settings.columns.kind is not None
    if not has_column:
        return None if settings.other_kind is None else ibis.literal(settings.other_kind)
    kinds = settings.kinds or dict(zip(KINDS, KINDS, strict=True))
    other = ibis.null("string") if settings.other_kind is None else ibis.literal(settings.other_kind)
    return ibis.cases(*[(text == name, kind) for name, kind in kinds.items()], else_=other)


def _flag(rows: Any) -> Any:
    is_order, is_refund = (rows.kind == "order").fill_null(False), (rows.kind == "refund").fill_null(False)
    is_sale = is_order | is_refund  # other events, such as a view of an item with its price, need no amount
    return rows.mutate(
        unknown_kind=rows.kind.isnull(),
        missing_amount=rows.missing_amount & is_sale,
        unparseable_amount=rows.unparseable_amount & is_sale,
        zero_amount=(rows.amount == 0).fill_null(False) & is_order & ~rows.line,
        negative_amount=is_refund,
    )
