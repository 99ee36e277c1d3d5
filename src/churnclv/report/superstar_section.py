"""The section on superstars: what the best customers do otherwise, through five lenses, and what shows early."""

from typing import Any

import numpy as np
import pandas as pd

from .charts import draw_heat, frame
from .customer_base import CustomerBase
from .funnel import compare_paths, name_step
from .rfm_scores import Scoring
from .section import Block, Column, Figure, Grid, Heading, Missing, Note, Points, Section, Tiles
from .superstars import Early, Groups, busy_hours, compare_early, compare_now, find_superstars, follow_early, has_hours
from .texts.translation import Translation
from .traits import LENSES

_SENTENCES, _ROWS = 6, 20
_NOTABLE = 0.1  # standard deviations; many customers make smaller differences certain, not interesting
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEEDS = {"do": ("action", "open", "click"), "bring": ("referral",)}


def render_superstars(base: CustomerBase, words: Translation, scoring: Scoring) -> Section:
    """Return the section."""
    groups = find_superstars(base, scoring)
    if not groups.can_be_compared:
        text = words.text("superstars.few", n=float(groups.sizes["high"]))
        return Section("superstars", (Missing(text),))
    found = compare_now(base, groups)
    settings = base.settings
    day = f"{base.as_of:%Y-%m-%d}"
    lead = words.text("superstars.lead", share=settings.superstar_share, days=float(settings.value_days), day=day)
    told = sentences(words, found)
    alone = [Missing(words.text("superstars.by_value_alone"))] if groups.by_value_alone else []
    blocks: list[Block] = [
        Note(lead), *alone, _tiles(base, words, groups), *_points(words, told), *_silent_lenses(base, words),
        _grid(words, found, words.text("superstars.table")), *_hours(base, words, groups),
    ]  # fmt: skip
    tables = {"superstars": found}
    blocks += _paths(base, words, groups)
    early = follow_early(base)
    if early is not None and early.groups.can_be_compared:
        tables["early_signs"] = compare_early(base, early)
    blocks += _render_early(base, words, early, tables.get("early_signs"))
    share = groups.sizes["high"] * groups.value["high"] / max(groups.sizes["all"] * groups.value["all"], 1e-12)
    headline = words.text("superstars.headline", n=float(groups.sizes["high"]), share=share,
                         of=groups.sizes["high"] / groups.sizes["all"])  # fmt: skip
    return Section("superstars", tuple(blocks), headline, tables)


def _tiles(base: CustomerBase, words: Translation, groups: Groups) -> Tiles:
    period = words.text("superstars.period", days=float(base.settings.value_days), day=f"{base.as_of:%Y-%m-%d}")
    style = "money" if base.has_amount else ""
    buyers = words.text("population.buyers")
    names = ("high", "all", "low")
    made = (Figure(f"value_{name}", groups.value[name], style, period, buyers, groups.sizes[name]) for name in names)
    return Tiles(tuple(made))


def sentences(words: Translation, found: pd.DataFrame) -> list[str]:
    """Return the largest differences that survived the control of false discoveries and are worth saying, in words."""
    if not len(found):
        return []
    told = found[found["is_found"] & (found["effect"].abs() >= _NOTABLE)]
    rows = told.head(_SENTENCES).to_dict("records")
    return [_sentence(words, {str(name): value for name, value in row.items()}) for row in rows]


def _sentence(words: Translation, row: dict[str, Any]) -> str:
    style = row["style"]
    sizes = {group: words.write(row[group], style) for group in ("high", "all", "low")}
    apart = "±points" if style == "%" else f"±{style}"
    ends = {"difference": "difference", "start": "difference_low", "end": "difference_high"}
    told = {name: words.write(row[column], apart) for name, column in ends.items()}
    unit = words.text("superstars.points") if style == "%" else ""
    trait = _trait(words, row)
    known = "sentence" if row["low"] == row["low"] else "sentence_without_low"  # NaN
    return words.text(f"superstars.{known}", trait=trait[:1].upper() + trait[1:], unit=unit, **sizes, **told)


def _trait(words: Translation, row: dict[str, Any]) -> str:
    return words.text(f"trait.{row['key']}", name=str(row["name"]))


def _points(words: Translation, told: list[str]) -> list[Block]:
    return [Points(tuple(told))] if told else [Missing(words.text("superstars.alike"))]


def _silent_lenses(base: CustomerBase, words: Translation) -> list[Block]:
    """Say which lenses the log has no events for."""
    silent = [words.text(f"lens.{lens}") for lens, kinds in _NEEDS.items() if not any(map(base.kinds.get, kinds))]
    return [Missing(words.text("superstars.silent", lenses=", ".join(silent)))] if silent else []


def _grid(words: Translation, found: pd.DataFrame, caption: str) -> Block:
    """Return the traits by lens, each lens's largest effect first."""
    if not len(found):
        return Missing(words.text("superstars.alike"))
    order = {lens: place for place, lens in enumerate(LENSES)}
    shown = found.assign(place=found["lens"].map(order)).sort_values("place", kind="stable").reset_index(drop=True)
    rows = [{str(name): value for name, value in row.items()} for row in shown.to_dict("records")]
    told = pd.DataFrame({
        "trait": [_trait(words, row) for row in rows], "lens": [words.text(f"lens.{row['lens']}") for row in rows],
        **{group: [words.write(row[group], row["style"]) for row in rows] for group in ("high", "all", "low")},
        "difference": [_between(words, row, "difference", f"±{row['style']}") for row in rows],
        "effect": [_between(words, row, "effect", "±") for row in rows],
        "is_found": [words.text("yes" if row["is_found"] else "no") for row in rows],
    })  # fmt: skip
    plain = ("high", "all", "low", "difference", "effect", "is_found")
    columns = (Column("trait"), Column("lens", "text"), *[Column(name) for name in plain])
    return Grid(caption, told, columns, _ROWS)


def _between(words: Translation, row: dict[str, Any], name: str, style: str) -> str:
    value, low, high = (words.write(row[f"{name}{end}"], style) for end in ("", "_low", "_high"))
    return f"{value} [{low}, {high}]"


def _hours(base: CustomerBase, words: Translation, groups: Groups) -> list[Block]:
    """Return the heatmap of superstars' orders by weekday and hour."""
    if not has_hours(base):
        return [Missing(words.text("superstars.no_hours"))]
    counted = busy_hours(base, groups)
    own = counted[counted["high"].astype(bool)].pivot_table(index="weekday", columns="hour", values="orders")
    shares = (own / own.to_numpy()[np.isfinite(own.to_numpy())].sum()).reindex(index=range(7), columns=range(24))
    table = shares.fillna(0.0)
    days = [words.language.words[name] for name in _WEEKDAYS]
    drawn = draw_heat(table.to_numpy(dtype=float), days, [str(hour) for hour in range(24)], (words.text("hour"), ""))
    weekday, hour = np.unravel_index(int(np.argmax(table.to_numpy())), table.shape)
    alt = words.text("superstars.hours_alt", day=days[weekday], hour=float(hour))
    return [frame(drawn, alt, words.text("superstars.hours"))]


def _paths(base: CustomerBase, words: Translation, groups: Groups) -> list[Block]:
    """Return the steps of the funnel that superstars take and others do not, and where others stall the most."""
    paths = compare_paths(base, groups.table)
    if paths is None or not (paths["high"] - paths["rest"]).notna().any():
        return []
    gap = (paths["high"] - paths["rest"]).fillna(-1.0).to_numpy()
    worst = paths.iloc[int(np.argmax(gap))]
    said = words.text(
        "superstars.stall", step=name_step(words, str(worst["step"])), high=worst["high"], rest=worst["rest"]
    )
    shown = paths.assign(step=[name_step(words, str(step)) for step in paths["step"]])
    columns = (Column("step"), Column("high", "%", "high_low", "high_high"),
               Column("rest", "%", "rest_low", "rest_high"))  # fmt: skip
    note = [Note(said)] if gap.max() > 0 else []
    return [Heading(words.text("superstars.paths")), *note, Grid(words.text("superstars.paths_table"), shown, columns)]


def _render_early(
    base: CustomerBase, words: Translation, early: Early | None, found: pd.DataFrame | None
) -> list[Block]:
    """Return what shows early: behaviour of the first days, against value that came after them."""
    heading = Heading(words.text("superstars.early", days=float(base.settings.early_days)))
    if early is None or found is None:
        return [heading, Missing(words.text("superstars.no_early"))]
    sizes, days = early.groups.sizes, float(base.settings.early_days)
    lead = words.text(
        "superstars.early_lead",
        n=float(sizes["all"]),
        high=float(sizes["high"]),
        days=days,
        followed=float(early.followed_days),
    )
    told = _points(words, sentences(words, found))
    return [heading, Note(lead), *told, _grid(words, found, words.text("superstars.early_table"))]
