"""Lines: rows of one order, only one of which has the amount of the order."""

from typing import Any

import ibis

from . import parsing
from .settings import DataSettings


def mark_lines(rows: Any, settings: DataSettings, *, amounts_lack: bool) -> Any:
    """Add `line`, whether a row's amount is that of another row of its order, and `order_amount`, the order's amount.

    A row without an amount is a line if exactly one row of its order has an amount. With `data.amount_is_order_total`,
    one or more rows may have it, and each row that repeats it is a line too. The amount of a line becomes zero. A line
    is an order or a refund like the row with the amount, and takes its kind if the line has none.

    `amounts_lack` is whether any row has no amount; where none does, the orders need not be looked up.
    """
    of_orders = settings.columns.order_id is not None and settings.columns.amount is not None
    if not of_orders or not (amounts_lack or settings.amount_is_order_total):  # a price belongs to a line
        return rows.mutate(line=ibis.literal(False), order_amount=rows.amount)
    named = rows.customer_id.notnull() & rows.order_id.notnull() & rows.timestamp.notnull()
    order = [rows.customer_id, rows.order_id, named]
    amounts = rows.amount.count().over(group_by=order)
    without_amount = named & rows.blank_amount & (amounts >= 1)
    if settings.amount_is_order_total:
        place = ibis.row_number().over(group_by=[*order, rows.amount], order_by=[rows.content, rows.row])
        line = without_amount | (named & rows.amount.notnull() & (place > 0))
    else:
        line = without_amount & (amounts == 1)  # if several lines have an amount, a line without one is a fault
    line = line.fill_null(False)
    total = (line & rows.amount.isnull()).ifelse(rows.amount.max().over(group_by=order), rows.amount)
    zero = ibis.literal("0").cast(parsing.AMOUNT)
    kind = (line & rows.kind.isnull()).ifelse(rows.kind.max().over(group_by=order), rows.kind)
    return rows.mutate(line=line, order_amount=total, amount=line.ifelse(zero, rows.amount), kind=kind)
