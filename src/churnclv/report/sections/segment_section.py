"""Segments: their profile, their revenue, and the movement between them since the period before."""

from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd

from ..bundle_scores import Champion
from ..charts import draw_flows, draw_shares, frame
from ..customer_base import CustomerBase, last_day
from ..estimates import exact, mean
from ..period_switch import offered_periods, switch_blocks
from ..report_context import ReportContext, section
from ..rfm_scores import NAMES, NOT_YET, Scoring, standing
from ..section import Block, Column, Grid, Heading, Missing, Note, Points, Section
from ..segment_figures import render_segment_figures
from ..texts.translation import Translation

_MOST_MOMENTS = 13
_SCORES = "insight_scores"
_OF_SCORES = ("churn_score", "clv")
_FOLLOWED = ("Champions", "Hibernating")  # over the periods


def profile_segments(base: CustomerBase, scoring: Scoring, champion: Champion | None) -> pd.DataFrame:
    """Return one row per segment that has customers, in the grid's order.

    Columns: `segment`, `customers`, `share`, mean scores `r`, `f`, `m`, `spend` and `spend_share` of the last
    `value_days`, `aov`, `units_per_order`, and with a champion the means `churn_score` and `clv`, with `_low` and
    `_high`.
    """
    buyers = scoring.name_segments(standing(base))
    counted = buyers.group_by("segment").agg(
        customers=buyers.count(), orders=buyers.recent_orders.sum(), spend=buyers.recent_spend.sum().cast("float64"),
        units=buyers.recent_units.sum().cast("float64"), **{score: buyers[score].sum() for score in "rfm"},
    )  # fmt: skip
    counts = counted.execute().set_index("segment").astype(float)
    counts = counts.reindex([name for name in NAMES if name in counts.index])
    table = pd.DataFrame({"segment": counts.index, "customers": counts["customers"].to_numpy()})
    table["share"] = table["customers"] / table["customers"].sum()
    for score in "rfm" if base.has_amount else "rf":
        table[score] = counts[score].to_numpy() / table["customers"].to_numpy()
    orders = counts["orders"].where(counts["orders"] > 0).to_numpy()
    if base.has_amount:
        table["spend"] = counts["spend"].fillna(0.0).to_numpy()
        total = table["spend"].sum()
        table["spend_share"] = table["spend"] / total if total > 0 else np.nan
        table["aov"] = table["spend"].to_numpy() / orders
    table["units_per_order"] = counts["units"].to_numpy() / orders
    return table if champion is None else table.merge(_mean_scores(base, buyers, champion), on="segment", how="left")


def _mean_scores(base: CustomerBase, customers: Any, champion: Champion) -> pd.DataFrame:
    """Return mean scores by segment, from sums and sums of squares."""
    scores = champion.scores[["customer_id", *_OF_SCORES]]
    joined = customers.inner_join(
        base.connection.create_table(_SCORES, scores, temp=True, overwrite=True), "customer_id"
    )
    sums: dict[str, Any] = {}
    for name in _OF_SCORES:
        value = joined[name].isnan().ifelse(ibis.null("float64"), joined[name])
        sums |= {
            f"{name}_n": value.count(),
            f"{name}_sum": exact(value).sum(),
            f"{name}_squares": exact(value * value).sum(),
        }
    rows = []
    for row in joined.group_by("segment").agg(**sums).execute().to_dict("records"):
        cells: dict[str, Any] = {"segment": row["segment"]}
        for name in _OF_SCORES:
            estimate = mean(float(row[f"{name}_sum"] or 0), float(row[f"{name}_squares"] or 0), row[f"{name}_n"])
            cells |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        rows.append(cells)
    return pd.DataFrame(rows)


def follow_segments(base: CustomerBase, scoring: Scoring) -> pd.DataFrame:
    """Return every buyer's segment at the start of the report's period and of those before it, counted.

    Columns: `number` of the period, `before` (segment at its start), `segment` (at its end), `customers`. `before` is
    `NOT_YET` for customers who had not bought by then. At most the last 13 periods.
    """
    calendar, period = base.calendar, base.settings.period
    first = max(period.number_of(base.first), calendar.current + 1 - _MOST_MOMENTS)
    each = base.days.mutate(number=period.numbers(base.days.date)).filter(lambda t: t.number <= calendar.current)
    is_purchase = each.orders > 0
    summed = each.group_by("customer_id", "number").agg(
        purchases=each.count(where=is_purchase), last=each.day.max(where=is_purchase), spend=each.spend.sum()
    )
    numbers = range(first, calendar.current + 1)
    ends = [min(period.start_of(number + 1), base.as_of) for number in numbers]
    last_days = [last_day(end) for end in ends]
    moments = ibis.memtable(pd.DataFrame({"at": list(numbers), "today": last_days}))
    crossed = summed.cross_join(moments).filter(lambda t: t.number <= t["at"])
    balances = crossed.group_by("customer_id", "at", "today").agg(
        purchases=crossed.purchases.sum(), last=crossed["last"].max(), spend=crossed.spend.sum()
    )
    bought = balances.filter(balances.purchases > 0)
    named = scoring.name_segments(bought.mutate(silent=bought.today - bought["last"]))
    before = named.segment.lag().over(group_by="customer_id", order_by=named["at"])
    moved = named.mutate(before=before.fill_null(NOT_YET))
    counted: pd.DataFrame = moved.group_by("at", "before", "segment").agg(customers=moved.count()).execute()
    return counted.rename(columns={"at": "number"}).sort_values(["number", "before", "segment"], ignore_index=True)


def movement(followed: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of moves from segments (rows, `NOT_YET` last) to segments (columns) in the last period."""
    last = followed[followed["number"] == followed["number"].max()]
    counts: pd.DataFrame = last.pivot_table(
        index="before", columns="segment", values="customers", aggfunc="sum", fill_value=0
    )
    return counts.reindex(index=[*NAMES, NOT_YET], columns=list(NAMES), fill_value=0).astype(int)


def mix(followed: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers each segment (columns) had at the end of each period (rows, by number)."""
    sizes: pd.DataFrame = followed.pivot_table(
        index="number", columns="segment", values="customers", aggfunc="sum", fill_value=0
    )
    return sizes.reindex(columns=list(NAMES), fill_value=0)


@section("segments", kinds=("noncontractual",), place=40)
def segments(context: ReportContext) -> Section:
    """Return the section of a report."""
    return render_segments(context.base, context.texts, context.scoring, context.champion)


def render_segments(base: CustomerBase, texts: Translation, scoring: Scoring, champion: Champion | None) -> Section:
    """Return the section: the profile of the segments, the figures of one, the movement between them, and their mix."""
    profile = profile_segments(base, scoring, champion)
    moves = {period: _Moves.of(base.by(period), scoring) for period in offered_periods(base.settings.period)}
    now, day = moves[base.settings.period], f"{base.as_of:%Y-%m-%d}"
    lead: list[Block] = [Note(texts.text("segments.lead", day=day, n=float(profile["customers"].sum())))]
    lead.append(Points(_thresholds(texts, scoring)))
    only = [] if len(profile) > 1 else [Missing(texts.text("segments.one", name=texts.segment(profile["segment"][0])))]
    if champion is None:
        only.append(Missing(texts.text("missing.scores")))
    one, figures = render_segment_figures(base, texts, scoring, champion)
    movement_blocks = switch_blocks(base, texts, lambda each: tuple(moves[each.settings.period].render(texts)))
    blocks: tuple[Block, ...] = (*lead, *only, _profile_grid(base, texts, profile), *one, movement_blocks)
    tables = {"segments": profile, "segment_movement": now.moved.rename_axis("from").reset_index(),
              "segment_mix": _name_mix(base, texts, now.sizes), **figures}  # fmt: skip
    headlines = {period.name: _headline(each.base, texts, each.moved, each.sizes) for period, each in moves.items()}
    return Section(
        "segments", blocks, headlines[base.settings.period.name], tables, {"segments": scoring.as_dict()},
        headlines=headlines,
    )  # fmt: skip


@dataclass(frozen=True)
class _Moves:
    """The movement in the last period and the sizes of the segments at the end of each, in a report of some periods."""

    base: CustomerBase
    scoring: Scoring
    moved: pd.DataFrame
    sizes: pd.DataFrame

    @classmethod
    def of(cls, base: CustomerBase, scoring: Scoring) -> "_Moves":
        followed = follow_segments(base, scoring)
        return cls(base, scoring, movement(followed), mix(followed))

    def render(self, texts: Translation) -> list[Block]:
        return _render_movement(self.base, texts, self.scoring, self.moved, self.sizes)


def _thresholds(texts: Translation, scoring: Scoring) -> tuple[str, ...]:
    """Return the thresholds as texts."""
    kinds = (("recency", scoring.grid.silent_days), ("frequency", scoring.grid.purchases), ("spend", scoring.spend))
    return tuple(
        texts.text(f"segments.{name}", limits=", ".join(texts.write(float(limit)) for limit in limits))
        for name, limits in kinds
        if len(limits)
    )


def _profile_grid(base: CustomerBase, texts: Translation, profile: pd.DataFrame) -> Grid:
    shown = profile.assign(segment=[texts.segment(name) for name in profile["segment"]])
    money = dict.fromkeys(("spend", "aov", "clv"), "money")
    whole = (
        "customers",
        "share",
        "r",
        "f",
        "m",
        "spend",
        "spend_share",
        "aov",
        "units_per_order",
        "churn_score",
        "clv",
    )
    styles = {name: money.get(name, "") for name in whole} | dict.fromkeys(("share", "spend_share", "churn_score"), "%")
    styles["customers"] = "int"
    bounded = ("churn_score", "clv")
    columns = [
        Column(name, style, *((f"{name}_low", f"{name}_high") if name in bounded else (None, None)))
        for name, style in styles.items()
        if name in shown and shown[name].notna().any()
    ]
    span = texts.text("segments.table", days=float(base.settings.value_days), day=f"{base.as_of:%Y-%m-%d}")
    return Grid(span, shown, (Column("segment"), *columns))


def _render_movement(
    base: CustomerBase, texts: Translation, scoring: Scoring, moved: pd.DataFrame, sizes: pd.DataFrame
) -> list[Block]:
    period = texts.period(base.settings.period, base.calendar.current)
    heading = Heading(texts.text("segments.movement", period=period))
    if len(sizes) < 2:  # noqa: PLR2004 # from one moment to another
        return [heading, Missing(texts.text("missing.one_period"))]
    names = [texts.segment(name) for name in moved.columns]
    sources = [texts.segment(name) for name in moved.index]
    ends = (f"{base.calendar.start:%Y-%m-%d}", f"{base.calendar.end:%Y-%m-%d}")
    alt = texts.text("segments.flow_alt", start=ends[0], end=ends[1])
    drawn = draw_flows(moved.to_numpy(dtype=float), sources, names, ends, lambda n: texts.write(n, "int"))
    picture = frame(drawn, alt, texts.text("segments.flow"))
    matrix = pd.DataFrame(moved.to_numpy(), columns=names)
    matrix.insert(0, "from", sources)
    grid = Grid(texts.text("segments.matrix"), matrix, (Column("from"), *[Column(name, "int") for name in names]))
    return [heading, Points(_moves(texts, moved)), picture, grid, *_drift(base, texts, scoring, sizes)]


def _moves(texts: Translation, moved: pd.DataFrame) -> tuple[str, ...]:
    """Return who stayed where they were, and the largest moves."""
    old = moved.drop(index=NOT_YET)
    stayed, total = int(np.trace(old.to_numpy())), int(old.to_numpy().sum())
    lines = [] if not total else [texts.text("segments.stayed", stayed=stayed / total, n=float(total))]
    away = [(int(old.loc[before, after]), before, after) for before in old.index for after in old.columns]
    largest = sorted((move for move in away if move[0] and move[1] != move[2]), key=lambda move: -move[0])[:3]
    for customers, before, after in largest:
        size = float(old.loc[before].sum())
        lines.append(
            texts.text(
                "segments.move",
                n=float(customers),
                before=texts.segment(before),
                size=size,
                after=texts.segment(after),
                share=customers / size,
            )
        )
    return tuple(lines)


def _drift(base: CustomerBase, texts: Translation, scoring: Scoring, sizes: pd.DataFrame) -> list[Block]:
    """Return how the largest and the last segment changed, and the mix of all over the periods."""
    names = [texts.period(base.settings.period, int(number)) for number in sizes.index]
    shares = sizes.div(sizes.sum(axis=1), axis=0)
    series = {texts.segment(name): shares[name].to_numpy(dtype=float) for name in NAMES if sizes[name].sum()}
    alt = texts.text("segments.mix_alt", first=names[0], last=names[-1])
    drawn = draw_shares(names, series, texts.text("segments.share"))
    begun = base.settings.period.start_of(int(sizes.index[0]) + 1)
    age = (begun - base.first).days
    changes = (_change(texts, name, sizes[name], names, scoring.least_silence(name), age) for name in _FOLLOWED)
    return [Points(tuple(changes)), frame(drawn, alt, texts.text("segments.mix"))]


def _change(texts: Translation, name: str, sizes: "pd.Series[int]", names: list[str], silence: float, age: int) -> str:
    """Return how a segment's size went from the first period followed to the last.

    Nobody can have been silent for longer than the log's `age` in days at the end of the first: a segment of longer
    `silence` then grew with the log.
    """
    start, end = float(sizes.iloc[0]), float(sizes.iloc[-1])
    if silence >= age:
        return texts.text("segments.too_young", name=texts.segment(name), days=silence, first=names[0], end=end)
    verb = "grew" if end > start else "shrank" if end < start else "kept"
    return texts.text(
        f"segments.{verb}", name=texts.segment(name), start=start, end=end, first=names[0], last=names[-1]
    )


def _name_mix(base: CustomerBase, texts: Translation, sizes: pd.DataFrame) -> pd.DataFrame:
    names = [texts.period(base.settings.period, int(number)) for number in sizes.index]
    table = sizes.reset_index(drop=True)
    table.insert(0, "period", names)
    return table.rename_axis(columns=None)


def _headline(base: CustomerBase, texts: Translation, moved: pd.DataFrame, sizes: pd.DataFrame) -> str | None:
    if len(sizes) < 2:  # noqa: PLR2004 # from one moment to another
        return None
    best, before = "Champions", moved.drop(index=NOT_YET)
    start, end = float(before.loc[best].to_numpy().sum()), float(moved[best].to_numpy().sum())
    period = texts.period(base.settings.period, base.calendar.current)
    return texts.text("segments.headline", name=texts.segment(best), start=start, end=end, period=period)
