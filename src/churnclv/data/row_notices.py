"""Row notices: doubtful patterns in the rows of a log, each as a notice with its remedy."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np

from ..notices import Notice
from .compiled_queries import compiled
from .currencies import looks_like_currency
from .parsing import fold_id
from .settings import DataSettings, Fold
from .source import RawLog

_LISTED = (  # ids that mean "no customer" in some systems, and may be a real id in others
    "na nat guest guests gast ospite invite invité invitado unknown unbekannt sconosciuto inconnu desconocido "
    "undefined anonymous anon anonim anonyme anonimo missing empty blank default nobody no-id noid not-set notset "
    "not_set unassigned unregistered walk-in walkin"
)
FirstRow = Callable[[str], int | None]
_TEXTS = tuple(_LISTED.split())
_LEAST_CUSTOMERS, _LEAST_ROWS = 20, 20
_SHARE = 0.05  # of all rows, with one id
_TIMES_MEDIAN = 20  # rows of that id by the median rows per customer
_MOST_CROWDED = 3  # ids in messages
_LONGEST_CODE = 3  # characters of an id of letters that messages may show: NA, N/D
_LEAST_ORDERS = 5  # with several lines
_ALIKE_SHARE = 0.9  # share of these orders whose lines all have one amount
_MOST_REFUNDS = 0.5
_MOST_CURRENCIES = 200
_CURRENCY_SHARE = 0.9  # share of cells that look like a currency


def find_notices(checked: Any, log: RawLog, settings: DataSettings) -> tuple[Notice, ...]:
    """Return the notices about the kept rows of a log: the `checked` rows without those set aside.

    No notice has the id of a customer.
    """
    ids = count_ids(checked, settings).notices(settings, lambda name: _first_row(checked, name))
    notices = [*ids, *_currency_column(log)]
    if "line" in checked.columns:
        notices += [*_repeated_totals(checked, settings), *_mostly_refunds(checked, settings)]
    return tuple(notices)


def _kept(rows: Any) -> Any:
    """Return the rows that are not set aside; events are rows of which none is."""
    return rows.filter(rows.set_aside_for.isnull()) if "set_aside_for" in rows.columns else rows


def _first_row(checked: Any, name: str) -> int:
    """Return the number of the first row of an id."""
    rows = _kept(checked)
    return int(rows.filter(rows.customer_id == name).row.min().execute())


def _placeholder(name: str, rows: int, total: int, first_row: FirstRow, settings: DataSettings) -> Notice:
    shown, token = repr(name), name
    if not is_placeholder(name):
        first = first_row(name)
        shown, token = "one id" if first is None else f"one id (see row {first:,})", "..."
    return Notice(
        "crowded_id",
        f"column {settings.columns.customer_id!r}: {shown} has {rows / total:.1%} of the rows ({rows:,} of "
        f"{total:,}) and counts as one customer.",
        f"if it means no customer: \"data.guest_ids=['{token}']\" sets its rows aside.",
    )


@dataclass(frozen=True)
class IdCounts:
    """The counts of the ids of some customers, which add up to those of all: notices on ids are made of them.

    Attributes:
        sizes: rows -> the number of customers with so many.
        suspects: ids that may mean no customer, with their rows; no message has one that is no placeholder.
        folded: the number of customers, and of those under each fold of `data.fold_ids` that is not set.
    """

    sizes: Counter[int]
    suspects: tuple[tuple[str, int], ...]
    folded: Counter[str]

    def __add__(self, other: "IdCounts") -> "IdCounts":
        """Return the counts of both groups of customers, none of whom is in both."""
        suspects = (*self.suspects, *other.suspects)
        return IdCounts(self.sizes + other.sizes, suspects, self.folded + other.folded)

    def notices(self, settings: DataSettings, first_row: FirstRow = lambda _: None) -> list[Notice]:
        """Return a notice per id that is a common placeholder or has an implausible share of the rows, and on spelling.

        `first_row` gives the first row of an id, where there are rows.
        """
        total, customers = sum(rows * count for rows, count in self.sizes.items()), self.sizes.total()
        least = max(float(_LEAST_ROWS), total * _SHARE, _median(self.sizes) * _TIMES_MEDIAN)
        crowded = [
            (name, rows)
            for name, rows in self.suspects
            if (customers >= _LEAST_CUSTOMERS and rows >= least) or (name.lower() in _TEXTS and rows > 1)
        ]
        largest = sorted(crowded, key=lambda each: (-each[1], each[0]))[:_MOST_CROWDED]
        placeholders = [_placeholder(name, rows, total, first_row, settings) for name, rows in largest]
        return [*placeholders, *_alike(self.folded, settings)] if customers else []


def _median(sizes: Counter[int]) -> float:
    """Return the median of numbers, each as often as it is counted; 0 of none."""
    numbers = sorted(sizes)
    ends = np.cumsum([sizes[number] for number in numbers])
    places = [(sizes.total() - 1) // 2, sizes.total() // 2]
    return float(np.mean([numbers[np.searchsorted(ends, place, side="right")] for place in places])) if numbers else 0.0


def count_ids(rows: Any, settings: DataSettings) -> IdCounts:
    """Return the counts of the ids of a log, or of a part of it, from its checked rows or its events."""
    sizes = {int(each["rows"]): int(each["customers"]) for each in _count_sizes(rows).rows()}
    suspects = tuple((str(each["customer_id"]), int(each["rows"])) for each in _suspects(rows).rows())
    folded = {name: int(count) for name, count in _count_folded(rows, _unfolded(settings)).row().items()}
    return IdCounts(Counter(sizes), suspects, Counter(folded))


@compiled
def _count_sizes(rows: Any) -> Any:
    sizes = _kept(rows).group_by("customer_id").agg(rows=lambda t: t.count())
    return sizes.group_by("rows").agg(customers=lambda t: t.count()).order_by("rows")


@compiled
def _suspects(rows: Any) -> Any:
    """Return the ids with most rows, and those that are a common placeholder."""
    sizes = _kept(rows).group_by("customer_id").agg(rows=lambda t: t.count())
    ranked = sizes.mutate(rank=ibis.row_number().over(order_by=[ibis.desc("rows"), sizes.customer_id]))
    taken = ranked.filter((ranked["rank"] < _MOST_CROWDED) | ranked.customer_id.lower().isin(_TEXTS))
    return taken.select("customer_id", "rows").order_by(ibis.desc("rows"), "customer_id")


def is_placeholder(name: str) -> bool:
    """Return whether an id is a placeholder that messages may show: a listed text, one repeated character, or NA."""
    signs = re.sub(r"[\W_]", "", name)
    return (
        name.lower() in _TEXTS
        or len(set(signs)) <= 1
        or (len(name) <= _LONGEST_CODE and name.isascii() and signs.isalpha())
    )


def _unfolded(settings: DataSettings) -> list[Fold]:
    return [fold for fold in Fold if fold not in settings.fold_ids]


def _alike(counts: Mapping[str, int], settings: DataSettings) -> list[Notice]:
    """Return the notice of the number of customers, and of those under each fold."""
    missing = _unfolded(settings)
    merged = {name: int(counts["customers"]) - int(counts[name]) for name in counts if name != "customers"}
    if not merged["all"]:
        return []
    needed = [fold for fold in missing if merged[fold.name]] or missing
    reasons = {
        Fold.case: "case",
        Fold.invisible: "invisible characters or blanks",
        Fold.unicode: "the composition of accents",
    }
    differences = " or ".join(reasons[fold] for fold in needed)
    folds = ",".join(fold.value for fold in Fold if fold in settings.fold_ids or fold in needed)
    return [
        Notice(
            "ids_alike",
            f"column {settings.columns.customer_id!r}: {merged['all']:,} of {int(counts['customers']):,} ids differ "
            f"from another only in {differences}, and count as customers of their own.",
            f"data.fold_ids=[{folds}] makes them one.",
        )
    ]


@compiled
def _count_folded(rows: Any, missing: list[Fold]) -> Any:
    names = _kept(rows).select("customer_id").distinct()
    folded = {fold.name: fold_id(names.customer_id, [fold]) for fold in missing}
    folded["all"] = fold_id(names.customer_id, missing)
    return names.aggregate(customers=names.count(), **{name: column.nunique() for name, column in folded.items()})


def _currency_column(log: RawLog) -> list[Notice]:
    if log.currency_column is None:
        return []
    cells = log.table.unmapped_currency.strip().nullif("")
    counts = log.table.select(cell=cells).filter(cells.notnull()).group_by("cell").agg(rows=lambda t: t.count())
    values = counts.order_by(counts.rows.desc(), "cell").limit(_MOST_CURRENCIES).execute()
    currencies = values[values["cell"].map(looks_like_currency)]
    if len(currencies) < 2 or currencies["rows"].sum() < _CURRENCY_SHARE * values["rows"].sum():  # noqa: PLR2004 # one is fine
        return []
    shown = ", ".join(f"{row.cell} in {row.rows:,} rows" for row in currencies.head(3).itertuples())
    return [
        Notice(
            "several_currencies",
            f"column {log.currency_column!r} holds {len(currencies)} currencies ({shown}), but amounts "
            "are added up as one.",
            f"'data.columns.currency={log.currency_column}' with data.currency=... for the one to keep, "
            "or convert the amounts.",
        )
    ]


def _repeated_totals(checked: Any, settings: DataSettings) -> list[Notice]:
    """Return a notice if the lines of most orders have one amount: it may be the total of the order."""
    if settings.columns.order_id is None or settings.columns.amount is None or settings.amount_is_order_total:
        return []
    counts = _count_orders_of_lines(checked).row()
    orders_count, alike = int(counts["orders"]), int(counts["alike"] or 0)
    if orders_count < _LEAST_ORDERS or alike < _ALIKE_SHARE * orders_count:
        return []
    return [
        Notice(
            "repeated_order_total",
            f"column {settings.columns.amount!r}: in {alike:,} of {orders_count:,} orders with several lines all lines "
            "have the same amount, and it is added up once per line.",
            "data.amount_is_order_total=true counts it once per order.",
        )
    ]


@compiled
def _count_orders_of_lines(checked: Any) -> Any:
    """Count the orders of several lines, and those of them whose lines all have one amount."""
    kept = _kept(checked)
    paid = kept.filter(kept.order_id.notnull() & (kept.amount != 0) & ~kept.line)
    orders = paid.group_by(["customer_id", "order_id"]).agg(
        lines=lambda t: t.count(), amounts=lambda t: t.amount.nunique()
    )
    several = orders.filter(orders.lines > 1)
    return several.aggregate(orders=several.count(), alike=(several.amounts == 1).sum())


def _mostly_refunds(checked: Any, settings: DataSettings) -> list[Notice]:
    """Return a notice where more rows are refunds than orders."""
    totals = _count_sales(checked).row()
    orders, refunds = int(totals["orders"] or 0), int(totals["refunds"] or 0)
    if not orders or refunds <= _MOST_REFUNDS * (orders + refunds):
        return []
    return [
        Notice(
            "mostly_refunds",
            f"{refunds:,} of {orders + refunds:,} sales have a negative amount or are cancelled, and count as refunds.",
            f"{settings.where}.sales_are_negative={str(not settings.sales_are_negative).lower()} turns every sign.",
        )
    ]


@compiled
def _count_sales(checked: Any) -> Any:
    kept = _kept(checked)
    return kept.aggregate(orders=(kept.kind == "order").sum(), refunds=(kept.kind == "refund").sum())
