"""Key figures of a period beside those of the one before and the year before, for a log of orders."""

from typing import Any

import numpy as np
import pandas as pd

from .. import key_figures  # noqa: F401 # they register themselves
from ..charts import draw_periods, frame
from ..customer_base import CustomerBase
from ..estimates import Estimate
from ..messages import render_messages
from ..order_periods import OrderPeriods
from ..period_switch import switch_section
from ..report_context import ReportContext, section
from ..section import Block, Column, Figure, Grid, Missing, Note, Section, Tiles
from ..texts.translation import Translation

_SHOWN_PERIODS = 13


@section("kpis", kinds=("noncontractual",), place=10)
def kpis(context: ReportContext) -> Section:
    """Return the section of a report."""
    clv = context.champion.clv if context.champion is not None else None
    return switch_section(context.base, context.texts, lambda base: render_kpis(base, context.texts, clv))


def render_kpis(base: CustomerBase, texts: Translation, clv: Estimate | None) -> Section:
    """Return the section of key figures; `clv` is the mean CLV of the customers, where a champion gives it."""
    periods, calendar = OrderPeriods.of(base), base.calendar
    now, before, year_ago = (periods.at(number) for number in (calendar.current, calendar.before, calendar.year_ago))
    period = texts.period(calendar.period, calendar.current)
    tiles = [kpi.tile(texts, period, (now[name], before[name], year_ago[name])) for name, kpi in periods.kpis.items()]
    tiles.append(_clv_tile(base, texts, clv))
    partial = [Missing(texts.text("kpis.partial", period=period))] if calendar.is_partial else []
    amounts = [] if base.has_amount else [Missing(texts.text("missing.amounts"))]
    table = _name_periods(base, texts, period_table(periods))
    campaigns, more = render_messages(base, texts)
    blocks: list[Block] = [Note(texts.text("kpis.lead", period=period)), *partial, *amounts, Tiles(tuple(tiles)),
                           *_history(base, texts, periods), _grid(texts, table, periods), *campaigns]  # fmt: skip
    return Section("kpis", tuple(blocks), _headline(texts, period, now, before), {"kpis": table, **more},
                   highlights=("revenue", "churn_rate", "clv"))  # fmt: skip


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


def period_table(periods: OrderPeriods) -> pd.DataFrame:
    """Return the key figures of every period, one row each, the latest first; shares with their intervals."""
    rows = []
    for number in reversed(periods.counts.index):
        row: dict[str, Any] = {"number": number}
        for name, estimate in periods.at(number).items():
            row[name] = np.nan if estimate is None else estimate.value
            if estimate is not None and np.isfinite(estimate.low):
                row |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        row["contacts"] = periods.contacts[number]
        rows.append(row)
    return pd.DataFrame(rows)


def _name_periods(base: CustomerBase, texts: Translation, table: pd.DataFrame) -> pd.DataFrame:
    """Replace the periods' numbers by their names and starts."""
    period, numbers = base.settings.period, [int(number) for number in table["number"]]
    names = {"period": [texts.period(period, number) for number in numbers],
             "starts": [f"{period.start_of(number):%Y-%m-%d}" for number in numbers]}  # fmt: skip
    return pd.concat([pd.DataFrame(names), table.drop(columns="number")], axis=1)


def _grid(texts: Translation, table: pd.DataFrame, periods: OrderPeriods) -> Grid:
    """Return the table of the recent periods for the page."""
    chosen = [kpi for kpi in periods.kpis.values() if kpi.table_place is not None]
    shown = sorted(chosen, key=lambda kpi: kpi.table_place or 0)
    columns = (Column("period"), *[Column(kpi.name, kpi.style, label_key=f"figure.{kpi.name}") for kpi in shown])
    return Grid(texts.text("kpis.table"), table, columns, _SHOWN_PERIODS)


def _history(base: CustomerBase, texts: Translation, periods: OrderPeriods) -> list[Block]:
    """Return the picture of the customers of the recent periods, where there is more than one."""
    recent = periods.counts.tail(2 * _SHOWN_PERIODS)
    if len(recent) < 2:  # noqa: PLR2004 # one point is no line
        return [Missing(texts.text("missing.one_period"))]
    names = [texts.period(base.settings.period, int(number)) for number in recent.index]
    series = {texts.text("picture.customers"): recent["customers"].to_numpy(),
              texts.text("picture.new"): recent["new"].to_numpy(),
              texts.text("picture.kept"): recent["kept"].to_numpy()}  # fmt: skip
    first, last = recent["customers"].iloc[0], recent["customers"].iloc[-1]
    alt = texts.text("kpis.alt", first=names[0], last=names[-1], start=float(first), end=float(last))
    return [frame(draw_periods(names, series, texts.text("picture.customers")), alt, texts.text("kpis.picture"))]
