"""The section on superstars: what the best customers do differently, by five lenses, and the early signs of it."""

from typing import Any

import numpy as np
import pandas as pd

from ..charts import draw_heat, frame
from ..customer_base import CustomerBase
from ..estimates import is_unknown
from ..report_context import ReportContext, section
from ..rfm_scores import Scoring
from ..section import Block, Column, Figure, Grid, Heading, Missing, Note, Points, Section, Tiles
from ..subscribers import compare_subscribers, find_paying_superstars
from ..superstars import Early, Groups, busy_hours, compare_early, compare_now, find_superstars, follow_early, has_hours
from ..texts.translation import Translation
from ..traits import LENSES
from .funnel import compare_paths, name_step

_SENTENCES, _ROWS = 6, 20
_NOTABLE = 0.1  # standard deviations; with many customers, smaller differences are significant but not interesting
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEEDS = {"do": ("action", "open", "click"), "bring": ("referral",)}


@section("superstars", kinds=("noncontractual",), place=30)
def superstars(context: ReportContext) -> Section:
    """Return the section of a report."""
    return render_superstars(context.base, context.texts, context.scoring)


def render_superstars(base: CustomerBase, texts: Translation, scoring: Scoring) -> Section:
    """Return the section."""
    groups = find_superstars(base, scoring)
    if not groups.can_be_compared:
        text = texts.text("superstars.few", n=float(groups.sizes["high"]))
        return Section("superstars", (Missing(text),))
    comparison = compare_now(base, groups)
    settings = base.settings
    day = f"{base.as_of:%Y-%m-%d}"
    lead = texts.text("superstars.lead", share=settings.superstar_share, days=float(settings.value_days), day=day)
    lines = sentences(texts, comparison)
    alone = [Missing(texts.text("superstars.by_value_alone"))] if groups.by_value_alone else []
    blocks: list[Block] = [
        Note(lead), *alone, _tiles(base, texts, groups, "value", "population.buyers"), *_points(texts, lines),
        *_silent_lenses(base, texts),
        _grid(texts, comparison, texts.text("superstars.table")), *_hours(base, texts, groups),
    ]  # fmt: skip
    tables = {"superstars": comparison}
    blocks += _paths(base, texts, groups)
    early = follow_early(base)
    if early is not None and early.groups.can_be_compared:
        tables["early_signs"] = compare_early(base, early)
    blocks += _render_early(base, texts, early, tables.get("early_signs"))
    headline = texts.text("superstars.headline", n=float(groups.sizes["high"]), share=groups.share_of_value,
                         of=groups.sizes["high"] / groups.sizes["all"])  # fmt: skip
    return Section("superstars", tuple(blocks), headline, tables)


@section("superstars", kinds=("contractual",), place=45)
def subscriber_superstars(context: ReportContext) -> Section:
    """Return the section of a report on contracts."""
    return render_subscriber_superstars(context.base, context.texts)


def render_subscriber_superstars(base: CustomerBase, texts: Translation) -> Section:
    """Return the section: subscribers who pay most and are still under contract, beside the others."""
    groups = find_paying_superstars(base)
    if not groups.can_be_compared:
        return Section("superstars", (Missing(texts.text("superstars.few", n=float(groups.sizes["high"]))),))
    comparison, settings = compare_subscribers(base, groups), base.settings
    key = "superstars.lead_subscribers" if base.has_amount else "superstars.lead_subscribers_without_prices"
    day = f"{base.as_of:%Y-%m-%d}"
    lead = texts.text(key, share=settings.superstar_share, days=float(settings.value_days), day=day)
    blocks = (
        Note(lead), _tiles(base, texts, groups, "paid", "population.ever_under_contract"),
        *_points(texts, sentences(texts, comparison)), *_silent_lenses(base, texts),
        _grid(texts, comparison, texts.text("superstars.table")), *_paths(base, texts, groups),
    )  # fmt: skip
    what = texts.text("superstars.of_payments" if base.has_amount else "superstars.of_months")
    headline = texts.text("superstars.headline_subscribers", n=float(groups.sizes["high"]), what=what,
                         share=groups.share_of_value, of=groups.sizes["high"] / groups.sizes["all"])  # fmt: skip
    return Section("superstars", blocks, headline, {"superstars": comparison})


def _tiles(base: CustomerBase, texts: Translation, groups: Groups, figure: str, population: str) -> Tiles:
    """Return the mean value of a superstar, of everybody and of the low-value half."""
    period = texts.text("superstars.period", days=float(base.settings.value_days), day=f"{base.as_of:%Y-%m-%d}")
    style, who = "money" if base.has_amount else "", texts.text(population)
    names = ("high", "all", "low")
    made = (Figure(f"{figure}_{name}", groups.value[name], style, period, who, groups.sizes[name]) for name in names)
    return Tiles(tuple(made))


def sentences(texts: Translation, comparison: pd.DataFrame) -> list[str]:
    """Return sentences on the largest differences of notable size that pass the control of false discoveries."""
    if not len(comparison):
        return []
    notable = comparison[comparison["is_found"] & (comparison["effect"].abs() >= _NOTABLE)]
    rows = notable.head(_SENTENCES).to_dict("records")
    return [_sentence(texts, {str(name): value for name, value in row.items()}) for row in rows]


def _sentence(texts: Translation, row: dict[str, Any]) -> str:
    style = row["style"]
    sizes = {group: texts.write(row[group], style) for group in ("high", "all", "low")}
    apart = "±points" if style == "%" else f"±{style}"
    ends = {"difference": "difference", "start": "difference_low", "end": "difference_high"}
    differences = {name: texts.write(row[column], apart) for name, column in ends.items()}
    unit = texts.text("superstars.points") if style == "%" else ""
    trait = _trait(texts, row)
    key = "sentence_without_low" if is_unknown(row["low"]) else "sentence"
    return texts.text(f"superstars.{key}", trait=trait[:1].upper() + trait[1:], unit=unit, **sizes, **differences)


def _trait(texts: Translation, row: dict[str, Any]) -> str:
    return texts.text(f"trait.{row['key']}", name=str(row["name"]))


def _points(texts: Translation, lines: list[str]) -> list[Block]:
    return [Points(tuple(lines))] if lines else [Missing(texts.text("superstars.alike"))]


def _silent_lenses(base: CustomerBase, texts: Translation) -> list[Block]:
    """Return a notice on the lenses for which the log has no events."""
    silent = [texts.text(f"lens.{lens}") for lens, kinds in _NEEDS.items() if not any(map(base.kinds.get, kinds))]
    return [Missing(texts.text("superstars.silent", lenses=", ".join(silent)))] if silent else []


def _grid(texts: Translation, comparison: pd.DataFrame, caption: str) -> Block:
    """Return the traits by lens, each lens's largest effect first."""
    if not len(comparison):
        return Missing(texts.text("superstars.alike"))
    order = {lens: place for place, lens in enumerate(LENSES)}
    shown = (
        comparison.assign(place=comparison["lens"].map(order))
        .sort_values("place", kind="stable")
        .reset_index(drop=True)
    )
    rows = [{str(name): value for name, value in row.items()} for row in shown.to_dict("records")]
    table = pd.DataFrame({
        "trait": [_trait(texts, row) for row in rows], "lens": [texts.text(f"lens.{row['lens']}") for row in rows],
        **{group: [texts.write(row[group], row["style"]) for row in rows] for group in ("high", "all", "low")},
        "difference": [_between(texts, row, "difference", f"±{row['style']}") for row in rows],
        "effect": [_between(texts, row, "effect", "±") for row in rows],
        "is_found": [texts.text("yes" if row["is_found"] else "no") for row in rows],
    })  # fmt: skip
    plain = ("high", "all", "low", "difference", "effect", "is_found")
    columns = (Column("trait"), Column("lens", "text"), *[Column(name) for name in plain])
    return Grid(caption, table, columns, _ROWS)


def _between(texts: Translation, row: dict[str, Any], name: str, style: str) -> str:
    value, low, high = (texts.write(row[f"{name}{end}"], style) for end in ("", "_low", "_high"))
    return f"{value} [{low}, {high}]"


def _hours(base: CustomerBase, texts: Translation, groups: Groups) -> list[Block]:
    """Return the heatmap of superstars' orders by weekday and hour."""
    if not has_hours(base):
        return [Missing(texts.text("superstars.no_hours"))]
    counted = busy_hours(base, groups)
    orders = counted[counted["high"].astype(bool)].pivot_table(index="weekday", columns="hour", values="orders")
    shares = (orders / orders.to_numpy()[np.isfinite(orders.to_numpy())].sum()).reindex(
        index=range(7), columns=range(24)
    )
    table = shares.fillna(0.0)
    days = [texts.language.name_parts[name] for name in _WEEKDAYS]
    drawn = draw_heat(table.to_numpy(dtype=float), days, [str(hour) for hour in range(24)], (texts.text("hour"), ""))
    weekday, hour = np.unravel_index(int(np.argmax(table.to_numpy())), table.shape)
    alt = texts.text("superstars.hours_alt", day=days[weekday], hour=float(hour))
    return [frame(drawn, alt, texts.text("superstars.hours"))]


def _paths(base: CustomerBase, texts: Translation, groups: Groups) -> list[Block]:
    """Return the steps of the funnel that superstars take and others do not, and where others stall the most."""
    paths = compare_paths(base, groups.table)
    if paths is None or not (paths["high"] - paths["rest"]).notna().any():
        return []
    gap = (paths["high"] - paths["rest"]).fillna(-1.0).to_numpy()
    worst = paths.iloc[int(np.argmax(gap))]
    stall = texts.text(
        "superstars.stall", step=name_step(texts, str(worst["step"])), high=worst["high"], rest=worst["rest"]
    )
    shown = paths.assign(step=[name_step(texts, str(step)) for step in paths["step"]])
    columns = (Column("step"), Column("high", "%", "high_low", "high_high"),
               Column("rest", "%", "rest_low", "rest_high"))  # fmt: skip
    note = [Note(stall)] if gap.max() > 0 else []
    return [Heading(texts.text("superstars.paths")), *note, Grid(texts.text("superstars.paths_table"), shown, columns)]


def _render_early(
    base: CustomerBase, texts: Translation, early: Early | None, comparison: pd.DataFrame | None
) -> list[Block]:
    """Return the early signs: behaviour of the first days compared with the value after them."""
    heading = Heading(texts.text("superstars.early", days=float(base.settings.early_days)))
    if early is None or comparison is None:
        return [heading, Missing(texts.text("superstars.no_early"))]
    sizes, days = early.groups.sizes, float(base.settings.early_days)
    lead = texts.text(
        "superstars.early_lead",
        n=float(sizes["all"]),
        high=float(sizes["high"]),
        days=days,
        followed=float(early.followed_days),
    )
    points = _points(texts, sentences(texts, comparison))
    return [heading, Note(lead), *points, _grid(texts, comparison, texts.text("superstars.early_table"))]
