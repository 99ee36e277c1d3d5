"""Key figures of a period beside those of the one before and the year before, for a log of orders."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .acquisition_costs import read_costs
from .charts import draw_periods, frame
from .customer_base import CustomerBase
from .estimates import Estimate, share
from .messages import render_messages
from .section import Block, Column, Figure, Grid, Missing, Note, Section, Tiles
from .texts.translation import Translation

_COUNTS = ("customers", "new", "kept", "repeat", "orders", "units", "spend")
_SHOWN_PERIODS = 13


def count_periods(base: CustomerBase) -> pd.DataFrame:
    """Return one row per period with its counts and sums, indexed by the period's number, none left out.

    Columns: `customers` who ordered; `new`, whose first order it holds; `kept`, who ordered in the period before too;
    `repeat`, with more than one order; `orders`, `units` (NaN where unknown), `spend`.
    """
    days, period = base.days, base.settings.period
    numbered = days.mutate(number=period.numbers(days.date))
    each = numbered.group_by("customer_id", "number").agg(
        orders=numbered.orders.sum(), units=numbered.units.sum(), spend=numbered.spend.sum(),
        first=(numbered.place == 1).any(),
    )  # fmt: skip
    bought = (each.orders > 0).fill_null(False)
    before = each.number.lag().over(group_by=[each.customer_id, bought], order_by=each.number)
    told = each.mutate(bought=bought, kept=bought & (before == each.number - 1).fill_null(False))
    found = told.group_by("number").agg(
        customers=told.bought.sum(), new=told["first"].fill_null(False).sum(), kept=told.kept.sum(),
        repeat=(told.orders > 1).sum(), orders=told.orders.sum(), units=told.units.sum(),
        spend=told.spend.sum(),
    )  # fmt: skip
    table: pd.DataFrame = found.order_by("number").execute()
    numbers = range(period.number_of(base.first), base.calendar.current + 1)
    return (
        table.set_index("number")
        .astype(float)
        .reindex(numbers)[list(_COUNTS)]
        .fillna(dict.fromkeys(set(_COUNTS) - {"units"}, 0.0))
    )


def count_contacts(base: CustomerBase) -> "pd.Series[float]":
    """Return how many customers were known and not unsubscribed at each period's end, by its number."""
    events, period = base.events, base.settings.period
    each = events.group_by("customer_id").agg(
        came=events.timestamp.min(), left=events.timestamp.max(where=events.kind == "unsubscribe")
    )
    came = each.group_by(number=period.numbers(each.came)).agg(n=each.count()).execute()
    gone = each.filter(~each.left.isnull())  # noqa: PD003 # an engine expression, not a frame
    left = gone.group_by(number=period.numbers(gone.left)).agg(n=gone.count()).execute()
    numbers = range(period.number_of(base.first), base.calendar.current + 1)
    arrived, parted = (table.set_index("number")["n"].reindex(numbers).fillna(0.0).cumsum() for table in (came, left))
    known: pd.Series[float] = (arrived - parted).astype(float)
    return known


@dataclass(frozen=True)
class PeriodFigures:
    """The counts of all periods, and the key figures that follow from them."""

    counts: pd.DataFrame
    contacts: "pd.Series[float]"
    costs: dict[int, float] | None
    has_amount: bool

    def at(self, number: int) -> dict[str, Estimate | None]:
        """Return the key figures of a period, None for what cannot be known; all None outside the log."""
        if number not in self.counts.index:
            return dict.fromkeys(self._made)
        return {name: make(number) for name, make in self._made.items()}

    @property
    def _made(self) -> dict[str, Callable[[int], Estimate | None]]:
        counts = self.counts
        made: dict[str, Callable[[int], Estimate | None]] = {
            "new_customers": lambda p: _exact(counts["new"][p], counts["customers"][p]),
            "customers": lambda p: _exact(counts["customers"][p], counts["customers"][p]),
            "contact_growth": self._contact_growth,
            "cac": self._cac,
            "retention_rate": lambda p: self._of_start(p, kept=True),
            "churn_rate": lambda p: self._of_start(p, kept=False),
            "repeat_rate": lambda p: _share(counts["repeat"][p], counts["customers"][p]),
            "aov": lambda p: self._per_order(p, self._revenue(p)),
            "units_per_order": lambda p: self._per_order(p, counts["units"][p]),
            "revenue": lambda p: _exact(self._revenue(p), counts["orders"][p]) if self.has_amount else None,
        }
        return (
            made if self.has_amount else {name: make for name, make in made.items() if name not in ("aov", "revenue")}
        )

    def _revenue(self, number: int) -> float:
        return float(self.counts["spend"][number])

    def _of_start(self, number: int, *, kept: bool) -> Estimate | None:
        """Return the share of the customers of the period before who ordered in this one, or who did not."""
        if number - 1 not in self.counts.index:
            return None
        start, stayed = self.counts["customers"][number - 1], self.counts["kept"][number]
        return _share(stayed if kept else start - stayed, start)

    def _per_order(self, number: int, total: float) -> Estimate | None:
        orders = self.counts["orders"][number]
        return _exact(total / orders, orders) if orders > 0 and np.isfinite(total) else None

    def _contact_growth(self, number: int) -> Estimate | None:
        if number - 1 not in self.contacts.index or self.contacts[number - 1] <= 0:
            return None
        before = self.contacts[number - 1]
        return _exact(self.contacts[number] / before - 1.0, before)

    def _cac(self, number: int) -> Estimate | None:
        new = self.counts["new"][number]
        known = self.costs is not None and number in self.costs and new > 0
        return _exact(self.costs[number] / new, new) if known and self.costs is not None else None


def _exact(value: float, n: float) -> Estimate:
    """Return a figure that was counted in full: it has no interval."""
    return Estimate(float(value), np.nan, np.nan, int(n))


def _share(count: float, n: float) -> Estimate | None:
    return share(count, n) if n > 0 else None


_STYLES = {
    "new_customers": "int", "customers": "int", "contact_growth": "±%", "cac": "money", "retention_rate": "%",
    "churn_rate": "%", "repeat_rate": "%", "aov": "money", "units_per_order": "", "revenue": "money",
}  # fmt: skip


def find_figures(base: CustomerBase) -> PeriodFigures:
    """Count all periods."""
    path = base.settings.costs
    costs = None if path is None else read_costs(Path(path), base.settings.period)
    return PeriodFigures(count_periods(base), count_contacts(base), costs, base.has_amount)


def render_kpis(base: CustomerBase, words: Translation, clv: Estimate | None) -> Section:
    """Return the section of key figures; `clv` is the mean CLV of the customers, where a champion gives it."""
    found, calendar = find_figures(base), base.calendar
    now, before, year_ago = (found.at(number) for number in (calendar.current, calendar.before, calendar.year_ago))
    period = words.period(calendar.period, calendar.current)
    tiles = [
        _tile(name, style, period, words, (now.get(name), before.get(name), year_ago.get(name)))
        for name, style in _STYLES.items()
        if name in now
    ]
    tiles.append(_clv_tile(base, words, clv))
    partial = [Missing(words.text("kpis.partial", period=period))] if calendar.is_partial else []
    amounts = [] if base.has_amount else [Missing(words.text("missing.amounts"))]
    table = _name_periods(base, words, period_table(found))
    campaigns, more = render_messages(base, words)
    blocks: list[Block] = [Note(words.text("kpis.lead", period=period)), *partial, *amounts, Tiles(tuple(tiles)),
                           *_history(base, words, found), _grid(words, table), *campaigns]  # fmt: skip
    return Section("kpis", tuple(blocks), _headline(words, period, now, before), {"kpis": table, **more})


def _tile(name: str, style: str, period: str, words: Translation, found: tuple[Estimate | None, ...]) -> Figure:
    now, before, year_ago = found
    population = words.text(f"population.{_POPULATIONS.get(name, 'customers_of_period')}")
    if now is None:
        why = words.text(f"why.{name}") if words.has(f"why.{name}") else words.text("why.no_start")
        return Figure(name, None, style, period, population, why=why)
    told = Figure.of(name, now, style, period, population)
    return replace(told, before=before.value if before else None, year_ago=year_ago.value if year_ago else None)


_POPULATIONS = {
    "contact_growth": "contacts", "cac": "new_customers", "retention_rate": "customers_before",
    "churn_rate": "customers_before", "aov": "orders", "units_per_order": "orders", "revenue": "orders",
}  # fmt: skip


def _clv_tile(base: CustomerBase, words: Translation, clv: Estimate | None) -> Figure:
    when = words.text("as_of", day=f"{base.as_of:%Y-%m-%d}")
    if clv is None:
        return Figure("clv", None, "money", when, words.text("population.scored"), why=words.text("why.scores"))
    return Figure.of("clv", clv, "money", when, words.text("population.scored"))


def _headline(words: Translation, period: str, now: dict[str, Any], before: dict[str, Any]) -> str | None:
    kept, revenue, last = now.get("retention_rate"), now.get("revenue"), before.get("revenue")
    if kept is None:
        return None
    told = words.text("kpis.headline", period=period, kept=kept.value, n=float(kept.n), lost=1.0 - kept.value)
    if revenue is not None and last is not None and last.value > 0:
        told += " " + words.text(
            "kpis.headline_revenue", revenue=revenue.value, change=revenue.value / last.value - 1.0
        )
    return told


def period_table(found: PeriodFigures) -> pd.DataFrame:
    """Return the key figures of every period, one row each, the latest first; shares with their intervals."""
    rows = []
    for number in reversed(found.counts.index):
        row: dict[str, Any] = {"number": number}
        for name, estimate in found.at(number).items():
            row[name] = np.nan if estimate is None else estimate.value
            if estimate is not None and np.isfinite(estimate.low):
                row |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        row["contacts"] = found.contacts[number]
        rows.append(row)
    return pd.DataFrame(rows)


def _name_periods(base: CustomerBase, words: Translation, table: pd.DataFrame) -> pd.DataFrame:
    """Put the periods' names and starts in the place of their numbers."""
    period, numbers = base.settings.period, [int(number) for number in table["number"]]
    names = {"period": [words.period(period, number) for number in numbers],
             "starts": [f"{period.start_of(number):%Y-%m-%d}" for number in numbers]}  # fmt: skip
    return pd.concat([pd.DataFrame(names), table.drop(columns="number")], axis=1)


def _grid(words: Translation, table: pd.DataFrame) -> Grid:
    """Return the recent periods as people read them."""
    shown = [name for name in ("customers", "new_customers", "retention_rate", "repeat_rate", "aov", "revenue")
             if name in table]  # fmt: skip
    columns = (Column("period"), *[Column(name, _STYLES[name], word=f"figure.{name}") for name in shown])
    return Grid(words.text("kpis.table"), table, columns, _SHOWN_PERIODS)


def _history(base: CustomerBase, words: Translation, found: PeriodFigures) -> list[Block]:
    """Return the picture of the customers of the recent periods, where there is more than one."""
    recent = found.counts.tail(2 * _SHOWN_PERIODS)
    if len(recent) < 2:  # noqa: PLR2004 # one point is no line
        return [Missing(words.text("missing.one_period"))]
    names = [words.period(base.settings.period, int(number)) for number in recent.index]
    series = {words.text("picture.customers"): recent["customers"].to_numpy(),
              words.text("picture.new"): recent["new"].to_numpy(),
              words.text("picture.kept"): recent["kept"].to_numpy()}  # fmt: skip
    first, last = recent["customers"].iloc[0], recent["customers"].iloc[-1]
    alt = words.text("kpis.alt", first=names[0], last=names[-1], start=float(first), end=float(last))
    return [frame(draw_periods(names, series, words.text("picture.customers")), alt, words.text("kpis.picture"))]
