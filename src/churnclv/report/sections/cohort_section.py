"""The section on cohorts: heatmap, retention curves, their shape, and the margin of the cohorts so far."""

import numpy as np
import pandas as pd

from ..charts import draw_curves, draw_heat, frame
from ..cohorts import Cohorts, Shape, bounds, count_cohorts, describe_curve, follow_from, segment_curves
from ..customer_base import CustomerBase
from ..report_context import ReportContext, section
from ..rfm_scores import Scoring
from ..section import Block, Column, Figure, Grid, Heading, Missing, Note, Section, Tiles
from ..texts.translation import Translation

_MOST_ROWS, _MOST_COLUMNS = 24, 25
_SHOWN_AGES = (0, 1, 3, 6, 12)
_FOLLOWED = ("Champions", "Loyal", "Potential Loyalist", "Need Attention", "Promising", "At Risk", "Hibernating")
_MOST_CURVES = 5


@section("cohorts", kinds=("noncontractual",), place=50)
def cohorts(context: ReportContext) -> Section:
    """Return the section of a report."""
    return render_cohorts(context.base, context.texts, context.scoring, context.margin)


def render_cohorts(base: CustomerBase, texts: Translation, scoring: Scoring, margin: float) -> Section:
    """Return the section."""
    cohorts = count_cohorts(base)
    if cohorts.last - int(cohorts.sizes.index.min()) < 1:
        return Section("cohorts", (Missing(texts.text("missing.one_period")),))
    shape = describe_curve(base, cohorts)
    names = [texts.period(cohorts.period, int(number)) for number in cohorts.sizes.index]
    blocks: list[Block] = [
        Note(_lead(texts, cohorts, names)),
        _heat(texts, cohorts), *_common_curve(base, texts, cohorts, shape), *_by_segment(base, texts, scoring),
    ]  # fmt: skip
    table = value_table(cohorts, margin, texts)
    if base.has_amount:
        blocks += _cumulative_margin(texts, table)
    return Section("cohorts", tuple(blocks), _headline(texts, shape), {"cohorts": table})


def _lead(texts: Translation, cohorts: Cohorts, names: list[str]) -> str:
    won = float(cohorts.sizes.sum())
    return texts.text(f"cohorts.lead_{cohorts.period.name}", n=won, first=names[0], last=names[-1])


def _heat(texts: Translation, cohorts: Cohorts) -> Block:
    active = cohorts.table("customers")
    shares = active.div(cohorts.sizes, axis=0).iloc[-_MOST_ROWS:, 1 : _MOST_COLUMNS + 1]
    rows = [texts.period(cohorts.period, int(number)) for number in shares.index]
    unit = texts.text(f"cohorts.ages_{cohorts.period.name}")
    drawn = draw_heat(shares.to_numpy(dtype=float), rows, [str(age) for age in shares.columns], (unit, ""))
    return frame(drawn, texts.text("cohorts.heat_alt", rows=float(len(rows))), texts.text("cohorts.heat"))


def _common_curve(base: CustomerBase, texts: Translation, cohorts: Cohorts, shape: Shape) -> list[Block]:
    heading = Heading(texts.text("cohorts.curve"))
    if shape.change is None:
        n, ages = float(cohorts.common.sum()), float(cohorts.common_ages)
        return [heading, Missing(texts.text(f"cohorts.{shape.name}", ages=ages, n=n))]
    unit, n = texts.text(f"cohorts.ages_{cohorts.period.name}"), float(cohorts.common.sum())
    curve = cohorts.curve()[1:]
    values, low, high = bounds(curve)
    nothing = np.array([np.nan])
    padded = (np.r_[nothing, values], np.r_[nothing, low], np.r_[nothing, high])
    drawn = draw_curves({texts.text("cohorts.share"): padded}, unit, texts.text("cohorts.share"))
    alt = texts.text("cohorts.curve_alt", first=curve[0].value, last=curve[-1].value, ages=float(shape.ages))
    span = texts.text("span", first=f"{base.first:%Y-%m-%d}", last=f"{base.as_of:%Y-%m-%d}")
    population = texts.text("population.common_cohorts")
    thirds = [Figure(f"third_{place}", value, "%", span, population, int(n)) for place, value in
              zip(("early", "middle", "late"), shape.thirds, strict=True)]  # fmt: skip
    change = Figure.of("third_change", shape.change, "±%", span, population)
    return [heading, Note(_describe_shape(texts, shape)), Tiles((*thirds, change)),
            frame(drawn, alt, texts.text("cohorts.curve_is", n=n, ages=float(shape.ages)))]  # fmt: skip


def _describe_shape(texts: Translation, shape: Shape) -> str:
    return texts.text(f"cohorts.{shape.name}", middle=shape.thirds[1], late=shape.thirds[2])


def _by_segment(base: CustomerBase, texts: Translation, scoring: Scoring) -> list[Block]:
    at = follow_from(base)
    heading = Heading(texts.text("cohorts.by_segment"))
    curves = segment_curves(base, scoring, at) if at < base.as_of and base.first < at else {}
    chosen = [name for name in _FOLLOWED if name in curves][:_MOST_CURVES]
    if not chosen or len(curves[chosen[0]]) <= 2:  # noqa: PLR2004 # one point is no line
        return [heading, Missing(texts.text("cohorts.no_segments"))]
    drawn = {}
    for name in chosen:
        values, low, high = bounds(curves[name])
        values[0] = low[0] = high[0] = np.nan
        drawn[texts.segment(name)] = (values, low, high)
    listed = ", ".join(f"{texts.segment(name)} {texts.write(curves[name][-1].value, '%')}" for name in chosen)
    alt = texts.text("cohorts.segments_alt", listed=listed)
    caption = texts.text("cohorts.segments_are", day=f"{at:%Y-%m-%d}")
    return [heading, frame(draw_curves(drawn, texts.text("cohorts.since"), texts.text("cohorts.share")), alt, caption)]


def value_table(cohorts: Cohorts, margin: float, texts: Translation) -> pd.DataFrame:
    """Return per cohort its size, its revenue so far, and the margin per customer won by some ages."""
    revenue = cohorts.table("revenue")
    cumulative = revenue.cumsum(axis=1).where(revenue.notna()).div(cohorts.sizes, axis=0) * margin
    table = pd.DataFrame({
        "cohort": [texts.period(cohorts.period, int(number)) for number in revenue.index],
        "customers": cohorts.sizes.reindex(revenue.index).to_numpy(),
        "revenue": revenue.sum(axis=1).to_numpy(),
    })  # fmt: skip
    for age in _SHOWN_AGES:
        if age in cumulative.columns and cumulative[age].notna().any():
            table[f"margin_{age}"] = cumulative[age].to_numpy()
    return table


def _cumulative_margin(texts: Translation, table: pd.DataFrame) -> list[Block]:
    ages = [name for name in table.columns if name.startswith("margin_")]
    columns = (Column("cohort"), Column("customers", "int"), Column("revenue", "money"),
               *[Column(name, "money") for name in ages])  # fmt: skip
    return [Heading(texts.text("cohorts.margin")), Grid(texts.text("cohorts.margin_is"), table.iloc[::-1], columns, 12)]


def _headline(texts: Translation, shape: Shape) -> str | None:
    return None if shape.change is None else _describe_shape(texts, shape)
