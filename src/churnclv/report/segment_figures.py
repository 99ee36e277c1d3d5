"""Key figures of a segment: what it did in a period, and what is at stake with it on the report's day."""

from dataclasses import dataclass, replace

import pandas as pd

from .bundle_scores import Champion
from .customer_base import CustomerBase
from .estimates import Estimate, mean, share
from .kpi import counted
from .period_switch import offered_periods, switch_blocks
from .rfm_scores import NAMES, NOT_YET, Scoring, standing
from .section import Block, Figure, Heading, Note, Switch, Tiles
from .texts.translation import Translation
from .value_at_risk import ValueAtRisk, compute_value_at_risk

SEGMENT, EVERYBODY = "segment", "all"
_STYLES = {
    "segment_start": "int", "segment_customers": "int", "segment_revenue": "money", "segment_churn": "%",
    "segment_now": "int", "segment_score": "%", "segment_leavers": "int", "segment_at_stake": "money",
    "segment_clv": "money",
}  # fmt: skip


def count_by_segment(base: CustomerBase, scoring: Scoring) -> pd.DataFrame:
    """Return what the segments did in the report's period, one row each and `NOT_YET` last, indexed by name.

    A customer counts in the segment of the period's start, which nothing in the period can change; who had not bought
    by then is `NOT_YET`. Columns: `stood` (customers in the segment at the start), `customers` who ordered in the
    period, their `revenue`, `before` (who ordered in the period before) and `kept` (who ordered in both). Each sums to
    the figure of all customers.
    """
    period, calendar = base.settings.period, base.calendar
    days = base.days.mutate(number=period.numbers(base.days.date))
    bought, now = days.orders > 0, days.number == calendar.current
    each = days.filter(days.number <= calendar.current).group_by("customer_id").agg(
        ordered=(bought & now).any(), before=(bought & (days.number == calendar.before)).any(),
        revenue=days.spend.sum(where=now),
    )  # fmt: skip
    named = scoring.name_segments(standing(base, calendar.start)).select("customer_id", "segment")
    joined = each.left_join(named, "customer_id").select("ordered", "before", "revenue", "segment")
    ordered, before = joined.ordered.fill_null(False), joined.before.fill_null(False)
    counts = joined.group_by(name=joined.segment.fill_null(NOT_YET)).agg(
        stood=joined.segment.count(), customers=ordered.sum(), revenue=joined.revenue.sum(),
        before=before.sum(), kept=(ordered & before).sum(),
    )  # fmt: skip
    table: pd.DataFrame = counts.execute().set_index("name").astype(float).fillna(0.0)
    return table.reindex([name for name in (*NAMES, NOT_YET) if name in table.index]).rename_axis("segment")


@dataclass(frozen=True)
class Standing:
    """Who stands in each segment on the report's day: how many, and of those with a score the value at risk."""

    customers: "pd.Series[int]"
    at_risk: ValueAtRisk | None
    segments: "pd.Series[str]"

    @classmethod
    def of(cls, base: CustomerBase, scoring: Scoring, champion: Champion | None) -> "Standing":
        """Count the customers, and give those with a score their segment."""
        named = scoring.name_segments(standing(base)).select("customer_id", "segment")
        counts = named.group_by("segment").agg(n=named.count()).execute().set_index("segment")["n"]
        if champion is None or not len(champion.scored):
            return cls(counts, None, pd.Series(dtype=str))
        at_risk = compute_value_at_risk(champion)
        segments = named.execute().set_index("customer_id")["segment"]
        return cls(counts, at_risk, at_risk.rows["customer_id"].map(segments))

    def estimates(self, segment: str | None) -> dict[str, Estimate]:
        """Return the figures of a segment, or of all customers, by name."""
        n = int(self.customers.sum() if segment is None else self.customers.get(segment, 0))
        figures = {"segment_now": counted(n, n)}
        if self.at_risk is None:
            return figures
        rows = self.at_risk.rows
        part = ValueAtRisk(rows if segment is None else rows[self.segments == segment], self.at_risk.champion)
        scores, clv = (part.rows[name].dropna().to_numpy(dtype=float) for name in ("churn_score", "clv"))
        means = {
            name: mean(float(values.sum()), float((values**2).sum()), len(values))
            for name, values in (("segment_score", scores), ("segment_clv", clv))
        }
        return figures | {"segment_score": means["segment_score"], "segment_leavers": part.churners,
                          "segment_at_stake": part.at_stake, "segment_clv": means["segment_clv"]}  # fmt: skip


def render_segment_figures(
    base: CustomerBase, texts: Translation, scoring: Scoring, champion: Champion | None
) -> tuple[list[Block], dict[str, pd.DataFrame]]:
    """Return the part with the figures of one segment, which the reader chooses, and its tables."""
    periods = [base.by(period) for period in offered_periods(base.settings.period)]
    by_period = {each.settings.period.name: count_by_segment(each, scoring) for each in periods}
    today = Standing.of(base, scoring, champion)

    def figures_of(each: CustomerBase, segment: str | None) -> tuple[Figure, ...]:
        return _period_figures(each, texts, by_period[each.settings.period.name], segment)

    def render(segment: str | None) -> tuple[Block, ...]:
        in_period = switch_blocks(base, texts, lambda each: (Tiles(figures_of(each, segment)),))
        if segment == NOT_YET:  # on the report's day nobody is
            return (in_period,)
        return (in_period, Tiles(_figures_of_day(base, texts, today.estimates(segment))))

    present = [name for name in NAMES if any(name in counts.index for counts in by_period.values())
               or name in today.customers.index]  # fmt: skip
    labels = {EVERYBODY: texts.text("segments.all"), **{name: texts.segment(name) for name in (*present, NOT_YET)}}
    options = {name: render(None if name == EVERYBODY else name) for name in labels}
    blocks: list[Block] = [Heading(texts.text("segments.figures")),
                           Note(texts.text("segments.figures_are", day=f"{base.as_of:%Y-%m-%d}")),
                           Switch(SEGMENT, EVERYBODY, labels, options)]  # fmt: skip
    tables = [counts.reset_index().assign(period=period) for period, counts in by_period.items()]
    return blocks, {"segment_periods": pd.concat(tables, ignore_index=True)}


def _period_figures(
    base: CustomerBase, texts: Translation, counts: pd.DataFrame, segment: str | None
) -> tuple[Figure, ...]:
    """Return what a segment, or everybody, did in the period."""
    row = counts.sum() if segment is None else counts.reindex([segment], fill_value=0.0).iloc[0]
    start, before = row["before"], base.calendar.before
    estimates = {
        "segment_start": counted(row["stood"], row["stood"]),
        "segment_customers": counted(row["customers"], row["customers"]),
        **({"segment_revenue": counted(row["revenue"], row["customers"])} if base.has_amount else {}),
        "segment_churn": share(start - row["kept"], start),
    }
    period = texts.period(base.settings.period, base.calendar.current)
    former = texts.text("segments.nobody", period=texts.period(base.settings.period, before))
    return tuple(_figure(name, estimate, texts, period, former) for name, estimate in estimates.items())


def _figures_of_day(base: CustomerBase, texts: Translation, estimates: dict[str, Estimate]) -> tuple[Figure, ...]:
    day, why = texts.text("as_of", day=f"{base.as_of:%Y-%m-%d}"), texts.text("segments.no_score")
    return tuple(_figure(name, estimate, texts, day, why) for name, estimate in estimates.items())


def _figure(name: str, estimate: Estimate, texts: Translation, period: str, why: str) -> Figure:
    population = texts.text("population.segment_before" if name == "segment_churn" else "population.of_segment")
    figure = Figure.of(name, estimate, _STYLES[name], period, population)
    return figure if figure.value is not None else replace(figure, why=why)
