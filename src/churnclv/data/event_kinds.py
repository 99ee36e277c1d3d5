"""Kinds: what a row of a log is, from its word for it, or from the sign of its amount."""

from typing import Any

import ibis

from ..errors import require
from .schema import KINDS
from .settings import DataSettings


def check_kinds(settings: DataSettings) -> None:
    """Raise `InputError` for a kind that the canonical table does not know."""
    named = [*settings.kinds.values(), *([] if settings.other_kind is None else [settings.other_kind])]
    unknown = sorted(set(named) - set(KINDS))
    require(not unknown, f"{settings.where}: unknown kinds {unknown}.", remedy=f"allowed are {', '.join(KINDS)}.")


def name_kinds(rows: Any, settings: DataSettings) -> Any:
    """Replace the word in `kind` by the canonical kind, and flag what depends on it.

    Rows without a word for it are orders, or refunds where the amount is negative or the order cancelled. A refund's
    amount becomes negative and a discount's positive, whatever the file's sign: cancelled orders are often written with
    the amount of the order itself.
    """
    refund = (rows.order_amount < 0).fill_null(False)
    if settings.refund_order_pattern is not None:
        refund |= rows.order_id.re_search(settings.refund_order_pattern).fill_null(False)
    sale = refund.ifelse("refund", "order")
    word = _translate(rows.kind, settings)
    kind = sale if word is None else (word == "order").fill_null(False).ifelse(sale, word)
    size = rows.amount.abs().cast(rows.amount.type())
    amount = ibis.cases((kind == "refund", -size), (kind == "discount", size), else_=rows.amount)
    return _flag(rows.mutate(kind=kind, amount=amount.cast(rows.amount.type())))


def _translate(word: Any, settings: DataSettings) -> Any:
    """Return the canonical kind that a word means, null where it means none; None for a log without such words."""
    mapped = settings.columns.kind is not None
    if not mapped:
        return None if settings.other_kind is None else ibis.literal(settings.other_kind)
    meanings = settings.kinds or dict(zip(KINDS, KINDS, strict=True))
    other = ibis.null("string") if settings.other_kind is None else ibis.literal(settings.other_kind)
    return ibis.cases(*[(word == name, kind) for name, kind in meanings.items()], else_=other)


def _flag(rows: Any) -> Any:
    is_order, is_refund = (rows.kind == "order").fill_null(False), (rows.kind == "refund").fill_null(False)
    return rows.mutate(
        unknown_kind=rows.kind.isnull(),
        missing_amount=rows.missing_amount & (is_order | is_refund),
        zero_amount=(rows.amount == 0).fill_null(False) & is_order & ~rows.line,
        negative_amount=is_refund,
    )
