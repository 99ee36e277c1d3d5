"""The sections of contracts: key figures of periods, and how long customers stay."""

import numpy as np
import pandas as pd

from ...time_units import DAYS_PER_MONTH, DAYS_PER_YEAR
from .. import key_figures  # noqa: F401 # they register themselves
from ..bundle_scores import Champion
from ..charts import draw_curves, draw_periods, frame
from ..customer_base import CustomerBase
from ..estimates import share
from ..incidence import SHOWN_MONTHS, render_causes
from ..messages import render_messages
from ..period_switch import switch_section
from ..report_context import ReportContext, section
from ..section import Block, Column, Figure, Grid, Heading, Missing, Note, Section, Tiles
from ..survival import ContractPeriods, Survival, count_stays, estimate_survival
from ..texts.translation import Translation

_MOST_PLANS, _LEAST_STAYS = 4, 30


@section("kpis", kinds=("contractual",), place=10)
def contracts(context: ReportContext) -> Section:
    """Return the section of a report."""
    texts, champion = context.texts, context.champion
    return switch_section(context.base, texts, lambda base: render_contracts(base, texts, champion))


def render_contracts(base: CustomerBase, texts: Translation, champion: Champion | None) -> Section:
    """Return the key figures of contracts, the period beside the one before and a year before."""
    periods, calendar = ContractPeriods.of(base), base.calendar
    counts = periods.counts
    figures = [periods.at(number) for number in (calendar.current, calendar.before, calendar.year_ago)]
    period = texts.period(calendar.period, calendar.current)
    tiles = [kpi.tile(texts, period, [each[name] for each in figures]) for name, kpi in periods.kpis.items()]
    clv = champion.clv if champion is not None else None
    day, scored = texts.text("as_of", day=f"{base.as_of:%Y-%m-%d}"), texts.text("population.scored")
    tiles.append(
        Figure("clv", None, "money", day, scored, why=texts.text("why.scores"))
        if clv is None
        else Figure.of("clv", clv, "money", day, scored)
    )
    table = _table(base, texts, counts)
    names = table["period"].tolist()[::-1]
    partial = [Missing(texts.text("kpis.partial", period=period))] if calendar.is_partial else []
    campaigns, more = render_messages(base, texts)
    blocks: list[Block] = [Note(texts.text("subscribers.lead", period=period)), *partial, Tiles(tuple(tiles))]
    if len(counts) > 1:
        series = {texts.text(f"picture.{name}"): counts[name].to_numpy(dtype=float) for name in ("end", "won", "lost")}
        alt = texts.text("kpis.alt_contracts", first=names[0], last=names[-1], end=float(counts["end"].iloc[-1]))
        drawn = draw_periods(names, series, texts.text("picture.customers_open"))
        blocks.append(frame(drawn, alt, texts.text("subscribers.picture")))
    columns = (Column("period"), Column("start", "int"), Column("won", "int"), Column("lost", "int"),
               Column("end", "int"), Column("retention", "%", "retention_low", "retention_high"),
               *([Column("monthly", "money")] if base.has_amount else []))  # fmt: skip
    blocks += [Grid(texts.text("kpis.table"), table, columns), *campaigns]
    kept = figures[0].get("contract_retention")
    headline = None if kept is None else texts.text("subscribers.headline", period=period, kept=kept.value,
                                                   n=float(kept.n), lost=1.0 - kept.value)  # fmt: skip
    return Section("kpis", tuple(blocks), headline, {"kpis": table, **more},
                   highlights=("under_contract", "contract_churn", "monthly_revenue"))  # fmt: skip


def _table(base: CustomerBase, texts: Translation, counts: pd.DataFrame) -> pd.DataFrame:
    """Return the periods by name, the latest first, with the retention rate and its interval."""
    table = counts.reset_index(drop=True)
    table.insert(0, "period", [texts.period(base.settings.period, int(number)) for number in counts.index])
    rates = [share(kept, start) for kept, start in counts[["kept", "start"]].to_numpy(dtype=float)]
    interval = {"retention": "value", "retention_low": "low", "retention_high": "high"}
    table = table.assign(**{name: [getattr(rate, end) for rate in rates] for name, end in interval.items()})
    return table.iloc[::-1].reset_index(drop=True)


@section("stays", kinds=("contractual",), place=40)
def stays(context: ReportContext) -> Section:
    """Return the section of a report."""
    return render_survival(context.base, context.texts)


def render_survival(base: CustomerBase, texts: Translation) -> Section:
    """Return how long customers stay under contract: Kaplan-Meier, for all and by plan."""
    stays = count_stays(base)
    if not len(stays) or not stays["ended"].sum():
        return Section("stays", (Missing(texts.text("stays.no_ends")),))
    everyone = estimate_survival(stays)
    curves = {texts.text("stays.all"): everyone} | _by_plan(stays)
    most = float(everyone.days.max()) / DAYS_PER_MONTH
    months = np.arange(int(most) + 2)
    drawn = {}
    for name, curve in curves.items():
        points = np.array([curve.at(month * DAYS_PER_MONTH) for month in months])
        drawn[name] = (points[:, 0], points[:, 1], points[:, 2])
    listed = ", ".join(f"{name} {texts.write(values[-1], '%')}" for name, (values, _, _) in drawn.items())
    alt = texts.text("stays.alt", months=float(months[-1]), listed=listed)
    picture = frame(draw_curves(drawn, texts.text("stays.age"), texts.text("stays.share"), steps=True), alt,
                    texts.text("stays.picture"))  # fmt: skip
    table = _survival_table(curves)
    columns = (Column("plan"), Column("spells", "int"), Column("spell_ends", "int"), Column("median_months"),
               *[Column(f"month_{m}", "%", f"month_{m}_low", f"month_{m}_high") for m in SHOWN_MONTHS
                 if f"month_{m}" in table])  # fmt: skip
    year = everyone.at(DAYS_PER_YEAR)
    headline = texts.text("stays.headline", share=year[0], low=year[1], high=year[2])
    causes, more = render_causes(base, texts, stays)
    lead = Note(texts.text("stays.lead", n=float(everyone.spells), ends=float(everyone.ends)))
    by_plan = (Heading(texts.text("stays.by_plan")), Grid(texts.text("stays.table"), table, columns))
    blocks = (lead, picture, *by_plan, *causes)
    return Section("stays", blocks, headline, {"survival": table, **more})


def _by_plan(stays: pd.DataFrame) -> dict[str, Survival]:
    """Return the curves of the largest plans, where there is more than one and enough of each."""
    sizes = stays.groupby("plan")["n"].sum().sort_values(ascending=False, kind="stable")
    chosen = [plan for plan in sizes.index if sizes[plan] >= _LEAST_STAYS][:_MOST_PLANS]
    if len(sizes) < 2:  # noqa: PLR2004 # one plan is everybody
        return {}
    curves = {str(plan): stays[stays["plan"] == plan] for plan in chosen}
    return {plan: estimate_survival(rows) for plan, rows in curves.items() if rows["ended"].sum()}


def _survival_table(curves: dict[str, Survival]) -> pd.DataFrame:
    rows = []
    for name, curve in curves.items():
        row: dict[str, object] = {"plan": name, "spells": curve.spells, "spell_ends": curve.ends,
                                  "median_months": curve.median_days / DAYS_PER_MONTH}  # fmt: skip
        for month in SHOWN_MONTHS:
            if month * DAYS_PER_MONTH <= curve.days.max():
                value, low, high = curve.at(month * DAYS_PER_MONTH)
                row |= {f"month_{month}": value, f"month_{month}_low": low, f"month_{month}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)
