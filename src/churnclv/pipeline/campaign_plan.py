"""Planning a campaign from top to bottom: scores in, a folder with whom to treat and whom to hold out."""

import filecmp
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..decision.arm_limits import ArmLimits
from ..decision.campaign_folder import (
    HOLDOUT,
    PLAN,
    README,
    TREAT,
    describe_plan,
    held_out_elsewhere,
    holds_campaign,
    write_campaign,
)
from ..decision.campaign_plan import CampaignPlan, plan_campaign
from ..decision.contact_gain import read_effects
from ..decision.scored_customers import ScoredCustomers, read_scores
from ..errors import InputError, require
from ..files import expanded
from ..outputs import FolderOutput, guard
from ..progress import Progress
from .settings import CampaignPlanConfig

_BASES = {False: "assumed: the acceptance in economics", True: "as an experiment measured them"}


def write_plan(config: CampaignPlanConfig, progress: Progress) -> str:
    """Plan a campaign and write its folder.

    Parameters
    ----------
    config
        The configuration.
    progress
        Where steps are announced.

    Returns
    -------
    str
        The summary and the next command.

    Raises
    ------
    InputError
        The scores or settings are at fault, the hold-out would show nothing, or another plan lies in the folder.
    """
    output = FolderOutput("out", config.out, "a campaign", holds_campaign)
    guard([output], {"scores": config.scores, "effects": config.effects})
    progress.log(f"Reading {config.scores}")
    scores = read_scores(expanded(config.scores))
    progress.log(f"{len(scores.rows):,} customers with scores of {scores.as_of:%Y-%m-%d}; {scores.left_out:,} without")
    start = _start(config, scores)
    budget = config.economics.budget if config.budget is None else config.budget
    scores = _without_held_out(scores, output.target, start, progress)
    effects = None if config.effects is None else read_effects(expanded(config.effects), scores)
    limits = ArmLimits(config.capacity, config.arm_budgets)
    plan = plan_campaign(scores, config.economics, config.design, budget, effects, limits)
    effects_origin = None if config.effects is None else Path(config.effects).name
    described = describe_plan(plan, start, Path(config.scores).name, effects_origin)
    with tempfile.TemporaryDirectory() as scratch:
        write_campaign(Path(scratch), plan, described)
        if holds_campaign(output.target):
            _require_same(Path(scratch), output)
        else:
            with output.replacing() as folder:
                write_campaign(folder, plan, described)
    return summarise_plan(config.out, plan, start)


def _without_held_out(
    scores: ScoredCustomers, folder: Path, start: pd.Timestamp, progress: Progress
) -> ScoredCustomers:
    """Return the scores without the customers whom an overlapping campaign beside this one holds out."""
    end = start + pd.Timedelta(days=scores.horizon_days)
    for name, customers in held_out_elsewhere(folder, start, end).items():
        taken = scores.rows["customer_id"].isin(customers)
        progress.log(f"{name}: runs at the same time; {int(taken.sum()):,} customers whom it holds out are left alone")
        scores = replace(scores, rows=scores.rows[~taken].reset_index(drop=True))
    return scores


def _start(config: CampaignPlanConfig, scores: ScoredCustomers) -> pd.Timestamp:
    """Return the day from which outcomes count."""
    if config.start is None:
        return scores.as_of
    try:
        start = pd.Timestamp(config.start)
    except ValueError:
        raise InputError(f"start is {config.start!r}, which is no date.", remedy="such as start=2011-09-15") from None
    day = f"{scores.as_of:%Y-%m-%d}"
    early = f"start is {config.start}, before the day of the scores, {day}."
    require(start >= scores.as_of, early, remedy=f"start={day}, or later.")
    return start


def _require_same(fresh: Path, output: FolderOutput) -> None:
    """Refuse to replace a plan by another one: its record of who was held out would be lost."""
    same = not any(filecmp.cmpfiles(fresh, output.target, [PLAN, TREAT, HOLDOUT, README], shallow=False)[1:])
    message = f"{output}: holds the plan of another campaign, whose verdict needs it."
    require(same, message, remedy="name another folder, or move that one away.")


def summarise_plan(out: str, plan: CampaignPlan, start: pd.Timestamp) -> str:
    """Return what was planned, in 80 columns, and what to do next."""
    treated, held_out, churn = len(plan.treated), len(plan.held_out), plan.churn()
    kept, detectable = plan.kept(), plan.detectable * treated
    end = start + pd.Timedelta(days=plan.scores.horizon_days)
    budget = "no limit" if plan.budget is None else f"{plan.budget:,.2f}"
    return "\n".join([
        f"Campaign of {start:%Y-%m-%d} to {end:%Y-%m-%d}, budget {budget}",
        f"  effects   {_BASES[plan.effects is not None]}",
        f"  treat     {treated:>9,} customers, expected cost {float(plan.treated['cost'].sum()):,.2f}",
        *(f"            {line}" for line in plan.limit_lines()),
        f"  hold out  {held_out:>9,} at random, by segment and expected gain, seed {plan.design.seed}",
        f"  expected  churn {churn[0]:.1%} instead of {churn[1]:.1%}: {kept:,.0f} customers kept,",
        f"            gain {float(plan.treated['expected_gain'].sum()):,.2f}",
        f"  power     {plan.power:.0%} to see a fall of the churn rate by {100.0 * plan.contrast.effect:.2f} points;",
        f"            the least to be seen: {detectable:,.0f} customers, worth {plan.money(detectable):,.2f}",
        "",
        f"{out}: {PLAN}, {TREAT}, {HOLDOUT}, {README}",
        "",
        f"Next:  contact those in {TREAT}, nobody in {HOLDOUT}; after {end:%Y-%m-%d}",
        f"       make campaign-judge CAMPAIGN={out} INPUT=orders_later.csv",
    ])  # fmt: skip
