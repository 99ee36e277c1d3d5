"""The inspection as text of 80 columns: what the files are, how they are read, what can be learned, what to type."""

import calendar
import textwrap
from collections.abc import Iterator
from typing import Any

from ..data.inspection.table_inspection import TableInspection
from ..errors import listed
from ..snapshots.outlook import ChurnRate, months_until
from .inspect import Inspection, Outlook

_WIDTH = 80
_ENOUGH, _FEW, _LEAST = 200, 50, 10  # of the rarer outcome at one cutoff
_WANTED = 100
_LABEL = 15


def render_inspection(inspection: Inspection) -> Iterator[str]:
    """Yield the lines of an inspection."""
    for file in inspection.files:
        yield from _file_lines(file)
    yield from _content_lines(inspection)
    yield from _outlook_lines(inspection)
    yield from _closing_lines(inspection)


def _file_lines(file: TableInspection) -> Iterator[str]:
    table = file.table
    rows = f"{table.log.rows_read:,} rows, {len(table.header)} columns"
    yield from _wrapped(f"{table.path}: {file.kind.name}, {rows}", "")
    if file.export:
        yield from _labelled("export", f"{file.export}: read as conf/data/{file.export}.yaml states")
    for choice in file.roles.values():
        text = f"{choice.column!r} ({choice.confidence.value}: {'; '.join(choice.reasons)})"
        yield from _labelled(choice.role, text)
    if file.unused and file.kind.shape is not None:
        yield from _labelled("no role", listed([repr(name) for name in file.unused]))
    for role, spelled in file.spelling.items():
        text = spelled.written
        if spelled.grounds:
            cells = ", ".join(repr(cell) for cell in spelled.cells)
            text = f"{text}; can be read two ways: {cells}; {spelled.grounds}"
        yield from _labelled(f"{role} as", text)
    yield ""


def _content_lines(inspection: Inspection) -> Iterator[str]:
    main, outlook, days = inspection.main, inspection.outlook, inspection.days
    yield "Content"
    customer = main.column("customer_id")
    if customer is not None:
        is_whole = outlook is not None and outlook.share == 1 and outlook.quality.customers > 0
        count = outlook.quality.customers if is_whole and outlook is not None else main.profiles[customer].distinct
        yield from _labelled("customers", f"{count:,}")
    if days is not None:
        span = (days.end - days.first).days
        yield from _labelled("time", f"{days.first:%Y-%m-%d} to {days.last:%Y-%m-%d}, {span:,} days")
        for before, after in days.gaps:
            yield from _labelled("gap", f"no row for {(after - before).days - 1} days after {before:%Y-%m-%d}")
        if days.busiest is not None:
            month, ratio = days.busiest
            yield from _labelled(
                "season", f"most rows per day in {calendar.month_name[month]}, {ratio:.1f} times the mean"
            )
    yield from _money_lines(main)
    if main.duplicates:
        yield from _labelled("duplicates", f"{main.duplicates:,} rows equal an earlier one")
    for doubt in (*main.doubts, *inspection.doubts, *(() if days is None else days.doubts)):
        yield from _labelled("note", doubt)
    if outlook is not None:
        yield from _quality_lines(outlook)
    yield ""


def _money_lines(main: TableInspection) -> Iterator[str]:
    column = main.column("amount") or main.column("price")
    if column is None:
        return
    money, currency = main.profiles[column], main.column("currency")
    named = main.profiles[currency].shown[0] if currency is not None else money.currency
    yield from _labelled("currency", named or "not stated in the file")
    if main.column("end") is None:
        yield from _labelled("refunds", f"{money.negative_share:.1%} of the amounts are negative")


def _quality_lines(outlook: Outlook) -> Iterator[str]:
    for fault in outlook.quality.faults:
        if fault.set_aside:
            share = fault.set_aside / max(outlook.quality.rows_read, 1)
            yield from _labelled("set aside", f"{share:.1%} of the rows: {fault.fault.replace('_', ' ')}")
    for notice in outlook.quality.notices:
        yield from _labelled("note", notice.message)


def _outlook_lines(inspection: Inspection) -> Iterator[str]:
    outlook = inspection.outlook
    if outlook is None:
        return
    if outlook.returns is not None and outlook.returns.customers:
        returns = outlook.returns
        yield "Returns" + ("" if outlook.share == 1 else f" (of {returns.customers:,} customers drawn)")
        again = f"{returns.returned / returns.customers:.0%} of {returns.customers:,} buyers bought on another day"
        yield from _labelled("bought again", again)
        if returns.quantiles:
            shown = ", ".join(f"{level:.0%} {days:,.0f}" for level, days in returns.quantiles.items())
            yield from _labelled("days between", f"median {returns.quantiles[0.5]:,.0f}; quantiles {shown}")
        yield ""
    if outlook.rates:
        yield "Churn rate of a horizon, at the last cutoff that can be checked"
        for rate in outlook.rates:
            yield from _labelled(f"{rate.days} days", _rate_text(rate))
        yield ""


def _rate_text(rate: ChurnRate) -> str:
    if not rate.eligible:
        return "no customer before that cutoff"
    return f"{rate.share:.1%} ({rate.left:,} of {rate.eligible:,} left from {rate.cutoff:%Y-%m-%d} on)"


def _closing_lines(inspection: Inspection) -> Iterator[str]:
    outlook = inspection.outlook
    if outlook is None or inspection.reading is None:
        yield from _labelled("Verdict", _no_training(inspection.main))
        return
    if outlook.chosen is not None and outlook.fault is None and outlook.returns is not None:
        yield from _labelled("Horizon", _horizon_text(outlook))
    yield from _labelled("Verdict", verdict(inspection))
    if inspection.can_train:
        yield ""
        yield "Next:"
        yield inspection.command


def _horizon_text(outlook: Outlook) -> str:
    rate = outlook.chosen
    if rate is None:
        return ""
    text = f"{rate.days} days"
    if outlook.returns is not None and outlook.returns.quantiles:
        text += f": 80% of the returns come within {outlook.returns.quantiles[0.8]:,.0f} days"
    if outlook.active_days is None:
        return f"{text}. Population: everybody who bought before the cutoff."
    active = f"who bought within {outlook.active_days} days before the cutoff, as most others left long ago"
    return f"{text}. Population: {active}."


def _no_training(main: TableInspection) -> str:
    customer = main.column("customer_id")
    if customer is None:
        return "nothing to train on: no column names a customer. Export the customer's id with each row."
    return (
        f"nothing to train on alone: {main.kind.name}. Name it beside a log of orders: "
        f'make inspect DATA="orders.csv {main.table.path}". If it says who was contacted and what happened then: '
        'make train ARGS="data=experiment data.treatment=... data.control=... data.outcome=...".'
    )


def verdict(inspection: Inspection) -> str:
    """Return whether there is enough to learn from, in words, and what to do where there is not."""
    outlook = inspection.outlook
    if outlook is None:
        return _no_training(inspection.main)
    if outlook.fault is not None:
        return f"cannot be trained as it stands: {' '.join(outlook.fault.split())}"
    rate: Any = outlook.chosen
    left, stayed = (round(number / outlook.share) for number in (rate.left, rate.eligible - rate.left))
    fewer, who = (left, "leavers") if left <= stayed else (stayed, "customers who stayed")
    counts = f"{left:,} left and {stayed:,} stayed"
    if rate.days:
        counts += f" in the last {rate.days} days that can be checked"
    if fewer >= _ENOUGH:
        return f"enough to learn from: {counts}."
    if fewer >= _FEW:
        return f"enough for a first model, with wide intervals: {counts}."
    alone = (
        "use the probabilistic model alone (churn=btyd clv=bgnbd)"
        if outlook.returns is not None
        else "use churn=logistic"
    )
    when = None if inspection.days is None else months_until(inspection.days.end, max(rate.days, 1), fewer, _WANTED)
    wait = f"wait until {when:%B %Y}, or {alone}" if when is not None else alone
    amount = "few" if fewer >= _LEAST else "too few"
    return f"{amount} {who} to rely on: {counts}; {wait}."


def _labelled(label: str, text: str) -> Iterator[str]:
    """Yield a text with its label before it, wrapped beside it."""
    indent = " " * (_LABEL + 2)
    first = f"  {label:<{_LABEL}}" if len(label) < _LABEL else f"  {label} "
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _wrapped(text: str, indent: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, _WIDTH, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False
    )
