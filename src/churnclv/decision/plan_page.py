"""The page of a campaign's plan, in plain words."""

from typing import Any

import pandas as pd

from .markdown_cells import plain_cell

_PAGE = """\
# The plan of a campaign

- Contact the {design[treated]:,} customers in `treat.csv`.
- Do not contact the {design[held_out]:,} customers in `holdout.csv`, not by any channel, until {end}. They were drawn
  at random among those worth a contact. What they do shows what would have happened without the campaign.
- Wait until {end}, then run `make campaign-judge` with the orders up to that day.

## What is expected

- Budget: {budget}.{limits} The contacts are expected to cost {promise[cost]:,.2f}, offers that are taken included.
- Of the treated {promise[churn_treated]:.1%} are expected to leave within {horizon_days} days, of the held out
  {promise[churn_held_out]:.1%}.
- That keeps {promise[customers_kept]:,.0f} customers, each worth {promise[mean_value]:,.2f} on average, and gains
  {promise[gain]:,.2f} after costs.
- Leaving the held out alone forgoes {promise[gain_forgone]:,.2f} of expected gain. It is the price of knowing.

{basis}

## What the verdict can show

- A fall of the churn rate by {fall:.2f} points is seen with a probability of {design[power]:.1%}, at a significance
  of {design[significance]:.1%}.
- The smallest effect that is seen with a probability of {design[wanted_power]:.0%}: {least_fall:.2f} points
  of the treated's churn rate, which is {least[customers]:,.0f} customers kept, worth {least[money]:,.2f}.
- The verdict is given once, after the last day. Looking earlier and stopping when the figures please finds effects
  where there are none.

## The groups

Drawn with seed {design[seed]}, the same share in each segment and group of expected gain. The same scores, settings and
seed give the same files.

| segment | expected gain | treated | held out |
|---|---|---|---|
{strata}
"""


_ASSUMED = "These figures rest on the churn scores and on the assumed acceptance of the offer."
_MEASURED = """\
These figures rest on the churn scores and on effects that an experiment measured ({file}). Each customer gets the
treatment of the highest expected gain: {treated}. Whom every treatment loses money on, or drives away, gets none."""


def _explain_basis(effects: dict[str, Any] | None) -> str:
    if effects is None:
        return _ASSUMED
    treated = ", ".join(f"{plain_cell(name)} {count:,}" for name, count in effects["treated"].items())
    return _MEASURED.format(file=plain_cell(effects["file"]), treated=treated)


def _explain_limits(limits: dict[str, dict[str, float]] | None) -> str:
    """Return the limits of arms as sentences; empty where no arm has one."""
    if limits is None:
        return ""
    parts = [f"{plain_cell(arm)} {most:,.0f} customers" for arm, most in limits["capacity"].items()]
    parts += [f"{plain_cell(arm)} {most:,.2f} of money" for arm, most in limits["budgets"].items()]
    return f" At most: {', '.join(parts)}."


def explain_plan(plan: dict[str, Any]) -> str:
    """Return the page of a plan, the content of `plan.json`, in Markdown."""
    end = pd.Timestamp(plan["start"]) + pd.Timedelta(days=plan["horizon_days"])
    strata = [
        f"| {plain_cell(row['segment'])} | {row['gain_group']} | {row['treated']:,} | {row['held_out']:,} |"
        for row in plan["strata"]
    ]
    return _PAGE.format(
        design=plan["design"],
        promise=plan["promise"],
        least=plan["design"]["detectable"],
        fall=100.0 * plan["design"]["effect"],
        least_fall=100.0 * plan["design"]["detectable"]["churn_rate"],
        horizon_days=plan["horizon_days"],
        end=f"{end:%Y-%m-%d}",
        limits=_explain_limits(plan.get("limits")),
        budget="no limit" if plan["budget"] is None else f"{plan['budget']:,.2f}",
        strata="\n".join(strata),
        basis=_explain_basis(plan["effects"]),
    )
