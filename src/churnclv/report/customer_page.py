"""The page on one customer: score and reasons, next order, value, history by month, what would change the score."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..explain.phrases.language import shorten
from .estimates import is_unknown
from .texts.translation import UNKNOWN, Translation

WIDTH = 80
_INDENT = 24
_CELLS = (9, 8, 12, 14, 9)  # widths of the columns by month


@dataclass(frozen=True)
class Month:
    """A month of a customer.

    Attributes
    ----------
    name
        Such as 2011-03.
    orders, spend, others
        Orders, what was paid less refunds (None without amounts), and the number of other events.
    score, segment
        At the end of the month; None where there is none.
    """

    name: str
    orders: int
    spend: float | None
    others: int
    score: float | None
    segment: str | None


@dataclass(frozen=True)
class Change:
    """Something that would change the score: the key of its text, the text's fields, and the score then."""

    key: str
    fields: Mapping[str, float]
    score: float


@dataclass(frozen=True)
class CustomerView:
    """A customer's score row, the months so far, and what would change the score."""

    row: Mapping[str, Any]
    months: Sequence[Month]
    changes: Sequence[Change]


def render_customer(view: CustomerView, texts: Translation) -> Iterator[str]:
    """Yield the page's lines, of at most 80 columns where no word is longer."""
    row = view.row
    yield texts.text("customer.title", id=shorten(str(row["customer_id"])), day=row["as_of"] or UNKNOWN)
    yield ""
    for label, text in _facts(row, texts):
        yield from textwrap.wrap(
            f"{texts.text(label):{_INDENT}}{text}", WIDTH, subsequent_indent=" " * _INDENT, drop_whitespace=True
        )
    if view.months:
        yield ""
        yield texts.text("customer.history")
        yield from _table(view.months, texts)
        yield from textwrap.wrap(texts.text("customer.then"), WIDTH)
    if view.changes:
        yield ""
        yield texts.text("customer.if")
        for change in view.changes:
            then = texts.text("customer.if.score", score=change.score, now=row["churn_score"])
            yield f"  {texts.text(change.key, **change.fields):44}{then}"


def _facts(row: Mapping[str, Any], texts: Translation) -> Iterator[tuple[str, str]]:
    """Yield labels and texts on what the score row says."""
    if is_unknown(row["churn_score"]):
        yield "customer.score", texts.text("customer.score.none")
    else:
        key = "customer.score.table" if is_unknown(row["horizon_days"]) else "customer.score.is"
        fields = {"score": row["churn_score"], "band": texts.text(f"customer.band.{row['risk_band']}")}
        yield "customer.score", texts.text(key, days=row["horizon_days"], **fields)
        reasons = [row[name] for name in ("reason_1", "reason_2", "reason_3") if not is_unknown(row[name])]
        if reasons:
            yield "customer.reasons", "; ".join(reasons)
        yield "customer.action", texts.text(f"customer.action.{row['action']}", gain=row["expected_gain"])
    if not is_unknown(row["expected_purchases"]):
        yield "customer.next", _next_order(row, texts)
    if not is_unknown(row["clv"]):
        key = "customer.value.to_come" if is_unknown(row["spend_to_date"]) else "customer.value.is"
        money = {"spent": row["spend_to_date"], "clv": row["clv"], "low": row["clv_low"], "high": row["clv_high"]}
        yield "customer.value", texts.text(key, **money)
    if not is_unknown(row["segment"]):
        yield "customer.segment", texts.segment(row["segment"])


def _next_order(row: Mapping[str, Any], texts: Translation) -> str:
    day, low, high = (row[f"expected_next_order{end}"] for end in ("", "_low", "_high"))
    if is_unknown(day):
        return texts.text("customer.next.none")
    return texts.text("customer.next.is", day=day, low=low, high=UNKNOWN if is_unknown(high) else high)


def _table(months: Sequence[Month], texts: Translation) -> Iterator[str]:
    has_spend = any(month.spend is not None for month in months)
    names = [texts.text(f"customer.{name}") for name in ("orders", "spend", "events", "score.short")]
    heads = ["", names[0], *([names[1]] if has_spend else []), *names[2:]]
    widths = (_CELLS[0], _CELLS[1], *([_CELLS[2]] if has_spend else []), *_CELLS[3:])
    yield _line(heads, widths, texts.text("customer.segment"))
    for month in months:
        spend = [texts.write(month.spend, "money")] if has_spend else []
        cells = [
            month.name,
            texts.write(month.orders, "int"),
            *spend,
            texts.write(month.others, "int"),
            texts.write(month.score, "%"),
        ]
        yield _line(cells, widths, UNKNOWN if month.segment is None else texts.segment(month.segment))


def _line(cells: Sequence[str], widths: Sequence[int], last: str) -> str:
    return "  " + cells[0].ljust(widths[0]) + "".join(map(str.rjust, cells[1:], widths[1:])) + f"   {last}"
