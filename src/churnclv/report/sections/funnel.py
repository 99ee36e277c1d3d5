"""The funnel: ordered steps, how many customers take each, how long it takes, and where they stall."""

from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd

from ...snapshots.history import second_number
from ..charts import draw_bars, frame
from ..customer_base import CustomerBase
from ..estimates import exact, share
from ..report_context import ReportContext, section
from ..rfm_scores import Scoring, standing
from ..section import Block, Column, Grid, Heading, Missing, Note, Section
from ..subscribers import last_plans
from ..texts.translation import Translation

ORDER, CONTRACT = "order", "contract_start"  # where the path leads
_NEVER = {ORDER: "never bought", CONTRACT: "never under contract"}
_MOST_STEPS = 6
_LEAST_SHARE = 0.02  # of the customers with an event, who take a step derived from the log
_STEPS = "insight_steps"
_HOUR = 3600.0
_MOST_SEGMENTS = 6


@dataclass(frozen=True)
class Funnel:
    """The steps in their order, whether they were derived from the log, and the counts.

    `steps` has one row per step: `step`, `customers` who reached it in order, `chance` of those at the step before
    with `_low` and `_high`, `of_all` (of those at the first), `median_hours` since the step before. `by_segment` has
    `segment`, `step`, `customers`, `chance`, `chance_low`, `chance_high`.
    """

    names: tuple[str, ...]
    is_mined: bool
    steps: pd.DataFrame
    by_segment: pd.DataFrame


def goal_of(base: CustomerBase) -> str:
    """Return the last step: the start of a contract where there are contracts, else an order."""
    return CONTRACT if base.kinds.get(CONTRACT) else ORDER


def stepping(base: CustomerBase) -> Any:
    """Return the events that can be steps: `customer_id`, `moment` (seconds), `step`, an action's name or the goal."""
    events = base.events.filter(base.events.kind.isin(["action", goal_of(base)]))
    step = (events.kind == "action").ifelse(events["item"], events.kind)
    steps = events.select("customer_id", moment=second_number(events.timestamp), step=step)
    return steps.filter(~steps.step.isnull())  # noqa: PD003 # an engine expression, not a frame


def mine_steps(events: Any, goal: str = ORDER) -> tuple[str, ...]:
    """Return the steps derived from the log, in the order in which customers first take them; the last is the goal.

    The first step is the most frequent action. The others are the actions whose customers most often reach the goal
    later, of those that enough customers take, mostly before they first reach it. Steps are sorted by the mean rank of
    their first time among the first times of each customer.
    """
    first = events.group_by("customer_id", "step").agg(moment=events.moment.min())
    placed = first.mutate(place=ibis.percent_rank().over(group_by="customer_id", order_by=first.moment))
    ordered = first.filter(first.step == goal).select("customer_id", ordered=first.moment)
    beside = placed.left_join(ordered, "customer_id")
    n = beside.count().cast("float64")
    counted = beside.group_by("step").agg(
        customers=beside.count(),
        place=exact(beside.place).sum() / n,
        before=(beside.moment < beside.ordered).sum().fill_null(0),
        after=(beside.moment > beside.ordered).sum().fill_null(0),
    )
    table = counted.order_by("step").execute()
    total = events.customer_id.nunique().execute()
    kept = table[(table["customers"] >= _LEAST_SHARE * total) & (table["before"] >= table["after"])]
    others = kept[kept["step"] != goal].sort_values("customers", ascending=False, kind="stable")
    leading = others.assign(leads=others["before"] / others["customers"]).iloc[1:]
    leading = leading.sort_values("leads", ascending=False, kind="stable").head(_MOST_STEPS - 2)
    chosen = pd.concat([others.head(1), leading]).sort_values("place", kind="stable")
    is_reached = bool((table["step"] == goal).any())
    return (*map(str, chosen["step"]), *((goal,) if is_reached else ()))


def count_funnel(base: CustomerBase, scoring: Scoring | None) -> Funnel | None:
    """Return the funnel, by configured steps or mined ones; None where the log has no actions.

    Segments are those of buyers by `scoring`; the plans of subscribers, where that is None.
    """
    if not base.kinds.get("action"):
        return None
    events = base.connection.create_table(_STEPS, stepping(base), temp=True, overwrite=True)
    chosen = tuple(base.settings.funnel_steps)
    names = chosen or mine_steps(events, goal_of(base))
    if len(names) < 2:  # noqa: PLR2004 # one step has no conversion
        return None
    walked = walk(events, names)
    named = walked.left_join(_segments_of(base, scoring), "customer_id")
    segmented = named.mutate(segment=named.segment.fill_null(_NEVER[goal_of(base)]))
    return Funnel(names, not chosen, _count_steps(walked, names), _count_by_segment(segmented, names))


def _segments_of(base: CustomerBase, scoring: Scoring | None) -> Any:
    """Return `customer_id` and `segment`: the name of a segment, or the plan of the contract begun last."""
    if scoring is not None:
        return scoring.name_segments(standing(base)).select("customer_id", "segment")
    plans = last_plans(base)
    return plans.select("customer_id", segment=plans.plan.fill_null("-"))


def walk(events: Any, names: tuple[str, ...]) -> Any:
    """Return one row per customer at the first step: the moments `m0`, `m1`, ... of the steps taken in order, or null.

    A step counts when it happens at or after the moment of the step before.
    """
    start = events.filter(events.step == names[0])
    walked = start.group_by("customer_id").agg(m0=start.moment.min())
    for place, name in enumerate(names[1:], start=1):
        taken = events.filter(events.step == name).inner_join(walked, "customer_id")
        later = taken.filter(taken.moment >= taken[f"m{place - 1}"])
        reached = later.group_by("customer_id").agg(**{f"m{place}": later.moment.min()})
        walked = walked.left_join(reached, "customer_id").drop("customer_id_right")
    return walked


def _count_steps(walked: Any, names: tuple[str, ...]) -> pd.DataFrame:
    sums = {f"n{place}": walked[f"m{place}"].count() for place in range(len(names))}
    sums |= {f"t{place}": (walked[f"m{place}"] - walked[f"m{place - 1}"]).median() for place in range(1, len(names))}
    counts = walked.aggregate(**sums).execute().iloc[0]
    rows = []
    for place, name in enumerate(names):
        n, before = float(counts[f"n{place}"]), float(counts[f"n{max(place - 1, 0)}"])
        chance = share(n, before)
        hours = float(counts[f"t{place}"]) / _HOUR if place else float("nan")
        rows.append({
            "step": name, "customers": int(n), "chance": chance.value, "chance_low": chance.low,
            "chance_high": chance.high, "of_all": n / max(float(counts["n0"]), 1.0), "median_hours": hours,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _count_by_segment(walked: Any, names: tuple[str, ...]) -> pd.DataFrame:
    sums = {f"n{place}": walked[f"m{place}"].count() for place in range(len(names))}
    counted = walked.group_by("segment").agg(**sums).execute().sort_values(["n0", "segment"], ascending=[False, True])
    rows = []
    for row in counted.to_dict("records"):
        for place, name in enumerate(names):
            chance = share(float(row[f"n{place}"]), float(row[f"n{max(place - 1, 0)}"]))
            rows.append({
                "segment": row["segment"], "step": name, "customers": int(row[f"n{place}"]), "chance": chance.value,
                "chance_low": chance.low, "chance_high": chance.high,
            })  # fmt: skip
    return pd.DataFrame(rows)


def compare_paths(base: CustomerBase, groups: Any) -> pd.DataFrame | None:
    """Return the steps of superstars beside those of everybody else, buyers or not; None where there is no funnel.

    `groups` has `customer_id` and `high`. Columns: `step`, and of those at the step before the share who took it,
    `high` and `rest`, each with `_low` and `_high`.
    """
    if not base.kinds.get("action"):
        return None
    events = base.connection.create_table(_STEPS, stepping(base), temp=True, overwrite=True)
    names = tuple(base.settings.funnel_steps) or mine_steps(events, goal_of(base))
    if len(names) < 2:  # noqa: PLR2004 # one step has no conversion
        return None
    walked = walk(events, names).left_join(groups.select("customer_id", "high"), "customer_id")
    counted = _count_by_segment(walked.mutate(segment=walked.high.fill_null(False).ifelse("high", "rest")), names)
    wide = counted.pivot_table(index="step", columns="segment", values=["chance", "chance_low", "chance_high"])
    if "high" not in set(counted["segment"]) or "rest" not in set(counted["segment"]):
        return None
    ends = {"": "chance", "_low": "chance_low", "_high": "chance_high"}
    table = {f"{name}{end}": wide[(column, name)].reindex(names[1:]).to_numpy() for name in ("high", "rest")
             for end, column in ends.items()}  # fmt: skip
    return pd.DataFrame({"step": list(names[1:]), **table})


@section("funnel", kinds=("noncontractual",), place=80)
def funnel(context: ReportContext) -> Section:
    """Return the section of a report."""
    return render_funnel(context.base, context.texts, context.scoring)


@section("funnel", kinds=("contractual",), place=80)
def subscriber_funnel(context: ReportContext) -> Section:
    """Return the section of a report on contracts, whose path leads to the start of one."""
    return render_funnel(context.base, context.texts, None)


def render_funnel(base: CustomerBase, texts: Translation, scoring: Scoring | None) -> Section:
    """Return the section; segments are plans where `scoring` is None."""
    funnel, goal = count_funnel(base, scoring), goal_of(base)
    if funnel is None:
        return Section("funnel", (Missing(texts.text(f"funnel.no_actions_{goal}")),))
    steps = funnel.steps
    if not steps["customers"].iloc[0]:
        return Section("funnel", (Missing(texts.text("funnel.nobody", step=funnel.names[0])),))
    names = [name_step(texts, name) for name in steps["step"]]
    n = steps["customers"].to_numpy(dtype=float)
    drawn = draw_bars(names, n, n, n, texts.text("funnel.across"), percent=False)
    listed = ", ".join(f"{name} {texts.write(size, 'int')}" for name, size in zip(names, n, strict=True))
    alt = texts.text("funnel.alt", listed=listed)
    worst = steps.iloc[1 + int(np.argmin(steps["chance"].iloc[1:].fillna(1.0)))]
    shown = steps.assign(step=names)
    shown.loc[0, ["chance", "chance_low", "chance_high"]] = float("nan")
    chance = Column("chance", "%", "chance_low", "chance_high", "column.conversion")
    columns = (Column("step"), Column("customers", "int"), chance, Column("of_all", "%"), Column("median_hours"))
    how = f"funnel.mined_{goal}" if funnel.is_mined else "funnel.chosen"
    by = "segment" if scoring is not None else "plan"
    blocks: list[Block] = [
        Note(texts.text("funnel.lead", day=f"{base.as_of:%Y-%m-%d}")), Note(texts.text(how)),
        frame(drawn, alt, texts.text("funnel.picture")), Grid(texts.text("funnel.table"), shown, columns),
        Heading(texts.text(f"funnel.by_{by}")), _segments(texts, funnel, by),
    ]  # fmt: skip
    headline = texts.text(
        "funnel.headline",
        step=name_step(texts, str(worst["step"])),
        chance=worst["chance"],
        low=worst["chance_low"],
        high=worst["chance_high"],
        n=float(n[0]),
        end=float(n[-1] / n[0]),
        last=names[-1],
    )
    return Section("funnel", tuple(blocks), headline, {"funnel": steps, "funnel_by_segment": funnel.by_segment})


def name_step(texts: Translation, step: str) -> str:
    """Return the name of a step: that of the action, or the translation of the goal."""
    return texts.text(f"funnel.{step}") if step in _NEVER else step


def _segments(texts: Translation, funnel: Funnel, by: str) -> Block:
    """Return the conversion of each step by segment or plan, the largest ones first."""
    wide = funnel.by_segment.pivot_table(index="segment", columns="step", values="chance", sort=False)
    sizes = funnel.by_segment[funnel.by_segment["step"] == funnel.names[0]].set_index("segment")["customers"]
    chosen = list(sizes.index[:_MOST_SEGMENTS])
    table = wide.reindex(index=chosen, columns=list(funnel.names[1:])).reset_index()
    table.insert(1, "customers", [int(sizes[name]) for name in chosen])
    table["segment"] = [_segment(texts, name, by) for name in chosen]
    table.columns = pd.Index([by, "customers", *[name_step(texts, name) for name in funnel.names[1:]]])
    columns = (Column(by), Column("customers", "int"), *[Column(name, "%") for name in table.columns[2:]])
    return Grid(texts.text(f"funnel.{by}s_table"), table, columns)


def _segment(texts: Translation, name: str, by: str) -> str:
    """Return the name of a segment or of a plan."""
    for goal, never in _NEVER.items():
        if name == never:
            return texts.text(f"segment.never_{goal}")
    return texts.segment(name) if by == "segment" else name
