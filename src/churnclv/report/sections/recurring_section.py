"""Monthly recurring revenue of contracts: what came, grew, shrank and went, and how much of it a period keeps."""

import pandas as pd

from ..charts import draw_movements, frame
from ..customer_base import CustomerBase
from ..estimates import is_unknown
from ..period_switch import switch_section
from ..recurring_revenue import GAINS, LOSSES, count_movements
from ..report_context import ReportContext, section
from ..section import Column, Figure, Grid, Note, Section, Tiles
from ..texts.translation import Translation

_RATES = ("net_retention", "gross_retention")


def _has_prices(context: ReportContext) -> bool:
    return bool(context.base.has_amount)


@section("recurring", kinds=("contractual",), place=15, wanted=_has_prices)
def recurring(context: ReportContext) -> Section:
    """Return the section of a report."""
    return switch_section(context.base, context.texts, lambda base: render_recurring(base, context.texts))


def render_recurring(base: CustomerBase, texts: Translation) -> Section:
    """Return the movements of the current period and of those before it."""
    movements, calendar = count_movements(base), base.calendar
    names = [texts.period(base.settings.period, int(number)) for number in movements.index]
    period, now = texts.period(calendar.period, calendar.current), movements.loc[calendar.current].to_dict()
    gained, lost = (sum(now[kind] for kind in kinds) for kinds in (GAINS, LOSSES))
    gains, losses = (
        {texts.text(f"column.{name}"): movements[name].to_numpy() for name in kinds} for kinds in (GAINS, LOSSES)
    )
    drawn = draw_movements(names, gains, losses, texts.text("recurring.up"))
    alt = texts.text("recurring.alt", n=float(len(names)), gained=gained, lost=lost)
    table = movements.rename(columns={"start": "mrr_start", "end": "mrr_end"}).iloc[::-1].reset_index(drop=True)
    table.insert(0, "period", names[::-1])
    columns = (
        Column("period"),
        *[Column(name, "money") for name in ("mrr_start", *GAINS, *LOSSES, "mrr_end")],
        *[Column(name, "%", label_key=f"figure.{name}") for name in _RATES],
    )
    headline = None
    if now["start"] > 0:
        headline = texts.text("recurring.headline", period=period, net=now["net_retention"], end=now["end"])
    blocks = (
        Note(texts.text("recurring.lead", period=period)),
        Tiles(_tiles(movements, base, texts)),
        frame(drawn, alt, texts.text("recurring.picture")),
        Grid(texts.text("recurring.table"), table, columns),
    )
    return Section("recurring", blocks, headline, {"recurring_revenue": table}, highlights=("net_retention",))


def _tiles(movements: pd.DataFrame, base: CustomerBase, texts: Translation) -> tuple[Figure, ...]:
    calendar = base.calendar
    period = texts.period(calendar.period, calendar.current)

    def figure(name: str, column: str, style: str, payers: str) -> Figure:
        now, before, year_ago = (
            _known(movements[column], number) for number in (calendar.current, calendar.before, calendar.year_ago)
        )
        why = "" if now is not None else texts.text("recurring.why")
        population, n = texts.text(f"recurring.{payers}"), int(movements[payers].loc[calendar.current])
        return Figure(name, now, style, period, population, n, before=before, year_ago=year_ago, why=why)

    rates = (figure(name, name, "%", "payers") for name in _RATES)
    return (figure("mrr", "end", "money", "payers_at_end"), *rates)


def _known(series: "pd.Series[float]", number: int) -> float | None:
    value = float(series.get(number, float("nan")))
    return None if is_unknown(value) else value
