"""The cut history: the only events that a feature may use."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import ibis

from ..data.schema import SALES
from .settings import WindowSettings

KEYS = ("customer_id", "cutoff")
COHORT_DAYS = 30


def cutoff_table(cutoffs: Sequence[datetime]) -> Any:
    """Return a table with one row per cutoff, in column `cutoff`."""
    return ibis.array([_moment(cutoff) for cutoff in cutoffs]).unnest().name("cutoff").as_table()


def label_table(cutoffs: Sequence[datetime], windows: WindowSettings) -> Any:
    """Return a table with one row per cutoff and the end of its label window, in `cutoff` and `label_end`."""
    table = cutoff_table(cutoffs)
    ends = [(table.cutoff == _moment(cutoff), _moment(windows.label_end(cutoff))) for cutoff in cutoffs]
    return table.mutate(label_end=ibis.cases(*ends))


def _moment(moment: datetime) -> Any:
    return ibis.timestamp(f"{moment:%Y-%m-%d %H:%M:%S.%f}")


def cut_history(events: Any, cutoffs: Sequence[datetime] | Any) -> Any:
    """Return the canonical events before each cutoff, keyed by (customer_id, cutoff): `timestamp < cutoff`, always.

    `cutoffs` are instants, or a table of them in column `cutoff`.
    """
    crossed = events.cross_join(cutoffs if isinstance(cutoffs, ibis.Table) else cutoff_table(cutoffs))
    return crossed.filter(crossed.timestamp < crossed.cutoff)


def second_number(moment: Any) -> Any:
    """Return whole seconds since 1970-01-01 as an integer; a cast alone would round 23:59:59.5 up to the next day."""
    return moment.epoch_seconds().floor().cast("int64")


def day_number(moment: Any) -> Any:
    """Return whole days since 1970-01-01 as an integer, by epoch arithmetic (the same on every engine)."""
    return (second_number(moment) / 86400).floor().cast("int64")


def days_ago(moment: Any, cutoff: Any) -> Any:
    """Return how many days before the cutoff a moment's day lies: 1 is the last day that has a part before it."""
    return day_number(cutoff - ibis.interval(microseconds=1)) + 1 - day_number(moment)


def daily_purchases(events: Any, until: datetime) -> Any:
    """Return the market's purchases per day before `until`, by cohort of customers, ordered by both.

    `cohort` counts 30-day blocks of first purchases since 1970, `day_number` days since 1970-01-01; `first` and
    `repeat` are purchases. A customer's orders on one day are one purchase.
    """
    orders = events.filter((events.kind == "order") & (events.timestamp < ibis.timestamp(f"{until:%Y-%m-%d %H:%M:%S}")))
    bought = orders.select("customer_id", day_number=day_number(orders.timestamp)).distinct()
    since = bought.mutate(born=bought.day_number.min().over(group_by="customer_id"))
    is_first = since.day_number == since.born
    marked = since.mutate(is_first=is_first, cohort=(since.born / COHORT_DAYS).floor().cast("int64"))
    counted = marked.group_by("cohort", "day_number").agg(
        first=marked.born.count(where=marked.is_first), repeat=marked.born.count(where=~marked.is_first)
    )
    return counted.order_by("cohort", "day_number")


def under_contract(history: Any) -> Any:
    """Return for each customer with a contract whether one is open at the cutoff: started and not ended before it."""
    begins, ends = history.kind == "contract_start", history.kind == "contract_end"
    contracts = history.filter(begins | ends)
    counted = contracts.group_by(KEYS).agg(
        started=(contracts.kind == "contract_start").sum(), ended=(contracts.kind == "contract_end").sum()
    )
    return counted.select(*KEYS, in_population=counted.started > counted.ended)


def buyers(history: Any, settings: WindowSettings) -> Any:
    """Return for each customer with an order or a refund whether they are eligible.

    Eligible is who made at least `min_purchases` purchases (days with an order), the last of them within `active_days`
    before the cutoff.
    """
    history = history.filter(history.kind.isin(SALES))
    is_order = history.kind == "order"
    ago = days_ago(history.timestamp, history.cutoff)
    counts = history.group_by(KEYS).agg(purchases=ago.nunique(where=is_order), silent_days=ago.min(where=is_order))
    eligible = counts.purchases >= settings.min_purchases
    if settings.active_days is not None:
        eligible &= counts.silent_days <= settings.active_days
    return counts.select(*KEYS, in_population=eligible.fill_null(False))
