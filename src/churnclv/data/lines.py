"""Lines: rows of one order whose amount stands once, on one of them."""

from typing import Any

import ibis

from . import parsing
from .settings import DataSettings


def mark_lines(rows: Any, settings: DataSettings) -> Any:
    """Add `line`, whether a row's money is counted on another row of its order, and `order_amount`, the order's amount.

    Such a row has no amount beside one row that has it, or repeats it where `data.amount_is_order_total` is set. It
    becomes a line of amount zero; it is an order or a refund as the row with the amount is.
    """
    if settings.columns.order_id is None or settings.columns.amount is None:  # prices are of lines, not of orders
        return rows.mutate(line=ibis.literal(False), order_amount=rows.amount)
    named = rows.customer_id.notnull() & rows.order_id.notnull() & rows.timestamp.notnull()
    order = [rows.customer_id, rows.order_id, named]
    amounts = rows.amount.count().over(group_by=order)
    bare = named & rows.raw_amount.strip().nullif("").isnull() & (amounts >= 1)
    if settings.amount_is_order_total:
        place = ibis.row_number().over(group_by=[*order, rows.amount], order_by=[rows.content, rows.row])
        line = bare | (named & rows.amount.notnull() & (place > 0))
    else:
        line = bare & (amounts == 1)  # where several lines have an amount, one without is at fault
    line = line.fill_null(False)
    total = (line & rows.amount.isnull()).ifelse(rows.amount.max().over(group_by=order), rows.amount)
    zero = ibis.literal("0").cast(parsing.AMOUNT)
    return rows.mutate(line=line, order_amount=total, amount=line.ifelse(zero, rows.amount))
