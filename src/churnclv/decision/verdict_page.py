"""The page of a verdict, in Markdown: one paragraph for a manager, then the figures."""

import textwrap
from typing import Any

import pandas as pd

from ..evaluation.bootstrap import Interval
from .campaign_outcomes import CHURNED, MARGIN, PURCHASES, SPEND
from .campaign_verdict import (
    EXCEEDED,
    HARMED,
    HELD,
    MISSED,
    NOTHING_SHOWN,
    OPEN,
    WORKED,
    CampaignVerdict,
    GroupVerdict,
    money_per_cost,
)
from .markdown_cells import plain_cell

PAGE_TITLE = "# The verdict on the campaign of "
WIDTH = 80
_DECIMALS = {PURCHASES: ".3f", SPEND: ".2f", MARGIN: ".2f"}
_NAMES = {CHURNED: "churn rate", PURCHASES: "purchases", SPEND: "spend", MARGIN: "margin"}
_OUTCOMES = {
    WORKED: "The campaign worked.",
    HARMED: "The campaign did harm: more customers left than without it.",
    NOTHING_SHOWN: "No effect of the campaign can be shown.",
}
_PROMISES = {
    HELD: "The plan's promise held: the effect it expected, {promised}, lies within the interval.",
    EXCEEDED: "The plan's promise was exceeded: it expected {promised}.",
    MISSED: "The plan's promise did not hold: the effect it expected, {promised}, lies outside the interval.",
    OPEN: "Whether the plan's promise held is open: the interval holds both no effect and the expected {promised}.",
}
_PARAGRAPH = """\
{outcome} Of the {treated:,} treated customers {churn_treated:.1%} left, of the {held_out:,} held out \
{churn_held_out:.1%}. Adjusted for what the scores expected, the campaign changed the churn rate by {effect}. {change} \
The value of who stayed because of it is {value}; {cost_is} {cost:,.0f}; that leaves {net}. {promise}"""
_PAGE = """\
{title}

{paragraph}

## Effects per customer

The groups are compared as they were drawn, whoever was reached (intention to treat).{reached}

| outcome | treated | held out | effect, 95% interval | without adjustment | p |
|---|---|---|---|---|---|
{effects}

## Money

- Customers kept: {kept}
- Their value, as the plan valued them: {value}{gross}
- Cost: {cost}
- Value less cost: {net}
- Return on each unit spent: {money_per_cost}

## Effects by group

{groups}
"""
_GROUPS = """\
Change of the churn rate by segment, by expected gain, and by treatment where there are several. Several groups are
looked at, so one in twenty intervals leaves out its truth.

| group | treated | held out | effect, 95% interval |
|---|---|---|---|
{rows}"""
_NO_GROUPS = "The groups are too small to be shown: ten treated and ten held out are needed."


def verdict_paragraph(verdict: CampaignVerdict) -> str:
    """Return the verdict as one paragraph."""
    churn = verdict.effects[CHURNED]
    return _PARAGRAPH.format(
        outcome=_OUTCOMES[verdict.outcome],
        treated=verdict.treated,
        held_out=verdict.held_out,
        churn_treated=churn.treated,
        churn_held_out=churn.held_out,
        effect=_points(churn.effect),
        change=_change(verdict),
        value=verdict.value.write(",.0f"),
        cost_is="the plan expected it to cost" if verdict.cost_is_planned else "it cost",
        cost=verdict.cost,
        net=verdict.net.write(",.0f"),
        promise=_PROMISES[verdict.promise].format(promised=f"{100.0 * verdict.promised:+.1f} points"),
    )


def _change(verdict: CampaignVerdict) -> str:
    """Return the sentence on how many customers were kept or lost."""
    if verdict.outcome == WORKED:
        return f"It kept {verdict.kept.write(',.0f')} customers."
    if verdict.outcome == HARMED:
        return f"It lost {verdict.kept.negated().write(',.0f')} customers."
    return "The difference is within what chance alone gives."


def write_verdict_page(verdict: CampaignVerdict, plan: dict[str, Any]) -> str:
    """Return the whole page."""
    end = pd.Timestamp(plan["start"]) + pd.Timedelta(days=plan["horizon_days"])
    gross = "" if verdict.gross is None else f"\n- Margin earned within the horizon: {verdict.gross.write(',.2f')}"
    planned = ", as the plan expected; `cost=` gives what was spent" if verdict.cost_is_planned else ""
    reached = "" if verdict.reached is None else f" {verdict.reached:,} of the treated were contacted."
    rows = "\n".join(_group_row(group) for group in verdict.groups)
    return _PAGE.format(
        title=f"{PAGE_TITLE}{plan['start']} to {end:%Y-%m-%d}",
        paragraph=verdict_paragraph(verdict),
        reached=reached,
        effects="\n".join(_effect_row(name, verdict) for name in verdict.effects),
        kept=verdict.kept.write(",.1f"),
        value=verdict.value.write(",.2f"),
        gross=gross,
        cost=f"{verdict.cost:,.2f}{planned}",
        net=verdict.net.write(",.2f"),
        money_per_cost=money_per_cost(verdict).write(".2f"),
        groups=_GROUPS.format(rows=rows) if rows else _NO_GROUPS,
    )


def _group_row(group: GroupVerdict) -> str:
    name = f"{group.group} expected gain" if group.by == "gain_group" else plain_cell(group.group)
    return f"| {name} | {group.treated:,} | {group.held_out:,} | {_points(group.effect)} |"


def _effect_row(name: str, verdict: CampaignVerdict) -> str:
    difference = verdict.effects[name]
    form = ".1%" if name == CHURNED else _DECIMALS[name]
    means = [format(mean, form) for mean in (difference.treated, difference.held_out)]
    effects = [_write_effect(name, figure) for figure in (difference.effect, difference.plain)]
    return f"| {' | '.join([_NAMES[name], *means, *effects])} | {difference.p_value:.3f} |"


def _write_effect(name: str, figure: Interval) -> str:
    return _points(figure) if name == CHURNED else figure.write(f"+{_DECIMALS[name]}")


def _points(figure: Interval) -> str:
    """Return a difference of shares in percentage points."""
    value, low, high = (100.0 * end for end in (figure.value, figure.low, figure.high))
    return f"{Interval(value, low, high).write('+.1f')} points"


def verdict_lines(verdict: CampaignVerdict) -> list[str]:
    """Return the verdict as printed lines of at most 80 columns."""
    lines = [*textwrap.wrap(verdict_paragraph(verdict), WIDTH), ""]
    for name, difference in verdict.effects.items():
        unit = "" if name == CHURNED else " per customer"
        lines.append(f"  {_NAMES[name]:<11}{_write_effect(name, difference.effect)}{unit}")
    return lines
