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

    Columns: `customers` who ordered; `new`, whose first order lies in it; `kept`, who ordered in the one before too;
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
    flagged = each.mutate(bought=bought, kept=bought & (before == each.number - 1).fill_null(False))
    counted = flagged.group_by("number").agg(
        customers=flagged.bought.sum(), new=flagged["first"].fill_null(False).sum(), kept=flagged.kept.sum(),
        repeat=(flagged.orders > 1).sum(), orders=flagged.orders.sum(), units=flagged.units.sum(),
        spend=flagged.spend.sum(),
    )  # fmt: skip
    table: pd.DataFrame = counted.order_by("number").execute()
    numbers = range(period.number_of(base.first), base.calendar.current + 1)
    return (
        table.set_index("number")
        .astype(float)
        .reindex(numbers)[list(_COUNTS)]
        .fillna(dict.fromkeys(set(_COUNTS) - {"units"}, 0.0))
    )


def count_contacts(base: CustomerBase) -> "pd.Series[float]":
    """Return how many customers had an event and were not unsubscribed at each period's end, by its number."""
    events, period = base.events, base.settings.period
    each = events.group_by("customer_id").agg(
        came=events.timestamp.min(), left=events.timestamp.max(where=events.kind == "unsubscribe")
    )
    came = each.group_by(number=period.numbers(each.came)).agg(n=each.count()).execute()
    gone = each.filter(~each.left.isnull())  # noqa: PD003 # an engine expression, not a frame
    left = gone.group_by(number=period.numbers(gone.left)).agg(n=gone.count()).execute()
    numbers = range(period.number_of(base.first), base.calendar.current + 1)
    arrived, parted = (table.set_index("number")["n"].reindex(numbers).fillna(0.0).cumsum() for table in (came, left))
    contacts: pd.Series[float] = (arrived - parted).astype(float)
    return contacts


@dataclass(frozen=True)
class PeriodFigures:
    """The counts of all periods, and the key figures that follow from them."""

    counts: pd.DataFrame
    contacts: "pd.Series[float]"
    costs: dict[int, float] | None
    has_amount: bool

    def at(self, number: int) -> dict[str, Estimate | None]:
        """Return the key figures of a period, None for what the data do not give; all None outside the log."""
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
        has_cost = self.costs is not None and number in self.costs and new > 0
        return _exact(self.costs[number] / new, new) if has_cost and self.costs is not None else None


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


def render_kpis(base: CustomerBase, texts: Translation, clv: Estimate | None) -> Section:
    """Return the section of key figures; `clv` is the mean CLV of the customers, where a champion gives it."""
    figures, calendar = find_figures(base), base.calendar
    now, before, year_ago = (figures.at(number) for number in (calendar.current, calendar.before, calendar.year_ago))
    period = texts.period(calendar.period, calendar.current)
    tiles = [
        _tile(name, style, period, texts, (now.get(name), before.get(name), year_ago.get(name)))
        for name, style in _STYLES.items()
        if name in now
    ]
    tiles.append(_clv_tile(base, texts, clv))
    partial = [Missing(texts.text("kpis.partial", period=period))] if calendar.is_partial else []
    amounts = [] if base.has_amount else [Missing(texts.text("missing.amounts"))]
    table = _name_periods(base, texts, period_table(figures))
    campaigns, more = render_messages(base, texts)
    blocks: list[Block] = [Note(texts.text("kpis.lead", period=period)), *partial, *amounts, Tiles(tuple(tiles)),
                           *_history(base, texts, figures), _grid(texts, table), *campaigns]  # fmt: skip
    return Section("kpis", tuple(blocks), _headline(texts, period, now, before), {"kpis": table, **more})


def _tile(name: str, style: str, period: str, texts: Translation, estimates: tuple[Estimate | None, ...]) -> Figure:
    now, before, year_ago = estimates
    population = texts.text(f"population.{_POPULATIONS.get(name, 'customers_of_period')}")
    if now is None:
        why = texts.text(f"why.{name}") if texts.has(f"why.{name}") else texts.text("why.no_start")
        return Figure(name, None, style, period, population, why=why)
    figure = Figure.of(name, now, style, period, population)
    return replace(figure, before=before.value if before else None, year_ago=year_ago.value if year_ago else None)


_POPULATIONS = {
    "contact_growth": "contacts", "cac": "new_customers", "retention_rate": "customers_before",
    "churn_rate": "customers_before", "aov": "orders", "units_per_order": "orders", "revenue": "orders",
}  # fmt: skip


def _clv_tile(base: CustomerBase, texts: Translation, clv: Estimate | None) -> Figure:
    when = texts.text("as_of", day=f"{base.as_of:%Y-%m-%d}")
    if clv is None:
        return Figure("clv", None, "money", when, texts.text("population.scored"), why=texts.text("why.scores"))
    return Figure.of("clv", clv, "money", when, texts.text("population.scored"))


def _headline(texts: Translation, period: str, now: dict[str, Any], before: dict[str, Any]) -> str | None:
    kept, revenue, last = now.get("retention_rate"), now.get("revenue"), before.get("revenue")
    if kept is None:
        return None
    text = texts.text("kpis.headline", period=period, kept=kept.value, n=float(kept.n), lost=1.0 - kept.value)
    if revenue is not None and last is not None and last.value > 0:
        text += " " + texts.text(
            "kpis.headline_revenue", revenue=revenue.value, change=revenue.value / last.value - 1.0
        )
    return text


def period_table(figures: PeriodFigures) -> pd.DataFrame:
    """Return the key figures of every period, one row each, the latest first; shares with their intervals."""
    rows = []
    for number in reversed(figures.counts.index):
        row: dict[str, Any] = {"number": number}
        for name, estimate in figures.at(number).items():
            row[name] = np.nan if estimate is None else estimate.value
            if estimate is not None and np.isfinite(estimate.low):
                row |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        row["contacts"] = figures.contacts[number]
        rows.append(row)
    return pd.DataFrame(rows)


def _name_periods(base: CustomerBase, texts: Translation, table: pd.DataFrame) -> pd.DataFrame:
    """Replace the periods' numbers by their names and starts."""
    period, numbers = base.settings.period, [int(number) for number in table["number"]]
    names = {"period": [texts.period(period, number) for number in numbers],
             "starts": [f"{period.start_of(number):%Y-%m-%d}" for number in numbers]}  # fmt: skip
    return pd.concat([pd.DataFrame(names), table.drop(columns="number")], axis=1)


def _grid(texts: Translation, table: pd.DataFrame) -> Grid:
    """Return the table of the recent periods for the page."""
    shown = [name for name in ("customers", "new_customers", "retention_rate", "repeat_rate", "aov", "revenue")
             if name in table]  # fmt: skip
    columns = (Column("period"), *[Column(name, _STYLES[name], label_key=f"figure.{name}") for name in shown])
    return Grid(texts.text("kpis.table"), table, columns, _SHOWN_PERIODS)


def _history(base: CustomerBase, texts: Translation, figures: PeriodFigures) -> list[Block]:
    """Return the picture of the customers of the recent periods, where there is more than one."""
    recent = figures.counts.tail(2 * _SHOWN_PERIODS)
    if len(recent) < 2:  # noqa: PLR2004 # one point is no line
        return [Missing(texts.text("missing.one_period"))]
    names = [texts.period(base.settings.period, int(number)) for number in recent.index]
    series = {texts.text("picture.customers"): recent["customers"].to_numpy(),
              texts.text("picture.new"): recent["new"].to_numpy(),
              texts.text("picture.kept"): recent["kept"].to_numpy()}  # fmt: skip
    first, last = recent["customers"].iloc[0], recent["customers"].iloc[-1]
    alt = texts.text("kpis.alt", first=names[0], last=names[-1], start=float(first), end=float(last))
    return [frame(draw_periods(names, series, texts.text("picture.customers")), alt, texts.text("kpis.picture"))]
