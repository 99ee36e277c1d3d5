"""The verdict on a campaign from top to bottom: the campaign's folder and later orders in, effects and a page out."""

from dataclasses import asdict
from pathlib import Path

from ..data.engine import connect
from ..data.events import Events, read_events
from ..data.paths import input_paths, set_aside_outputs
from ..decision.campaign_folder import (
    EXPERIMENT,
    HOLDOUT,
    PAGE,
    PLAN,
    TREAT,
    VERDICT,
    VERDICT_KIND,
    PlannedCampaign,
    holds_verdict,
    read_campaign,
    require_left_alone,
)
from ..decision.campaign_outcomes import EXPERIMENT_COLUMNS, campaign_outcomes, experiment_table, require_over
from ..decision.campaign_verdict import CampaignVerdict, give_verdict
from ..decision.verdict_page import PAGE_TITLE, verdict_lines, write_verdict_page
from ..decision.verdict_plot import plot_verdict
from ..errors import require
from ..files import expanded, write_json, write_text
from ..outputs import Output, guard, has_header, write_csv
from ..progress import Progress
from ..snapshots.customer_kinds import kind_of
from ..tracking import records
from ..tracking.home import Home
from ..tracking.provenance import code_commit
from ..tracking.sink import open_run, restore_experiment
from .settings import CampaignVerdictConfig


def write_verdict(config: CampaignVerdictConfig, progress: Progress) -> str:
    """Compare the treated with the held out, write the verdict into the campaign's folder, and record it.

    Parameters
    ----------
    config
        The configuration.
    progress
        Where steps are announced.

    Returns
    -------
    str
        The summary and what to do next.

    Raises
    ------
    InputError
        The campaign or the log are at fault, the horizon has not passed, or the hold-out is broken.
    """
    has_time = kind_of(config.data.shape).has_time
    remedy = "data=transactions or data=subscriptions"
    require(has_time, f"data={config.data.name}: a table without dates has no outcomes of a campaign.", remedy=remedy)
    home, folder = Home.of(config.tracking).made(), expanded(config.campaign)
    campaign = read_campaign(folder)
    outputs = _outputs(folder)
    guarded = {f"campaign: {name}": folder / name for name in (PLAN, TREAT, HOLDOUT)}
    reads = {**input_paths(config.data), "contacted": config.contacted, **guarded, **home.kept}
    guard([*outputs, *set_aside_outputs(config.data)], reads)
    reached = None if config.contacted is None else require_left_alone(campaign, expanded(config.contacted))
    for notice in restore_experiment(home, config.tracking.experiment or config.data.name):
        progress.log(notice.line())
    events = _read(config, home, progress)
    require_over(campaign, events, str(config.input))
    progress.log("Comparing the treated with the held out")
    outcomes = campaign_outcomes(campaign, events, campaign.plan["economics"]["margin"])
    verdict = give_verdict(campaign, outcomes, config.cost, reached)
    page = write_verdict_page(verdict, campaign.plan)
    with outputs[0].faults():
        write_json(outputs[0].target, {"kind": VERDICT_KIND, **verdict.as_dict()})
    with outputs[1].faults():
        write_text(outputs[1].target, page)
    write_csv(experiment_table(outcomes), outputs[2])
    progress.log(f"Recording it in {home.root}")
    _record(config, home, folder.resolve().name, campaign, verdict, page)
    written = f"{config.campaign}: {VERDICT}, {PAGE}, {EXPERIMENT}"
    return "\n".join([*verdict_lines(verdict), "", written, "", *_next(config, campaign)])


def _outputs(folder: Path) -> tuple[Output, Output, Output]:
    return (
        Output("campaign", str(folder / VERDICT), "a verdict", holds_verdict, streams=False),
        Output("campaign", str(folder / PAGE), "a verdict's page", _holds_page, streams=False),
        Output("campaign", str(folder / EXPERIMENT), "an experiment", has_header(*EXPERIMENT_COLUMNS), streams=False),
    )


def _holds_page(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as lines:
        return lines.readline().startswith(PAGE_TITLE)


def _read(config: CampaignVerdictConfig, home: Home, progress: Progress) -> Events:
    progress.log(f"Reading {config.input}")
    events = read_events(connect(config.engine, home.cache / "spill"), config.data, span_is_given=True)
    for line in events.quality.lines():
        progress.log(line)
    return events


def _record(
    config: CampaignVerdictConfig, home: Home, name: str, campaign: PlannedCampaign, verdict: CampaignVerdict, page: str
) -> None:
    """Log the verdict to MLflow, without any customer id."""
    plan = campaign.plan
    facts = {"kind": "campaign", "campaign": name, "as_of": plan["as_of"], "start": plan["start"]}
    outcomes = {"campaign.outcome": verdict.outcome, "campaign.promise": verdict.promise}
    design = {f"campaign.{key}": plan["design"][key] for key in ("seed", "treated", "held_out", "power", "effect")}
    with open_run(home, config.tracking.experiment or config.data.name, f"campaign {name}") as sink:
        sink.write(records.Tags(facts | outcomes | {"code.commit": code_commit()}))
        sink.write(records.Params(design))
        sink.write(records.Metrics(verdict_metrics(verdict)))
        sink.write(records.Text("verdict.md", page))
        sink.write(records.Drawing("figures/campaign_effects.svg", plot_verdict(verdict)))


def verdict_metrics(verdict: CampaignVerdict) -> dict[str, float]:
    """Return the figures of a verdict by dotted name, each with `_low` and `_high`."""
    figures = {f"campaign.{name}_effect": difference.effect for name, difference in verdict.effects.items()}
    figures |= {"campaign.kept": verdict.kept, "campaign.value": verdict.value, "campaign.net": verdict.net}
    metrics = {"campaign.cost": verdict.cost}
    for name, figure in figures.items():
        ends = asdict(figure)
        metrics |= {name: ends["value"], f"{name}_low": ends["low"], f"{name}_high": ends["high"]}
    return metrics


def _next(config: CampaignVerdictConfig, campaign: PlannedCampaign) -> list[str]:
    value = campaign.plan["promise"]["mean_value"]
    learned = f"data=campaign data.path={config.campaign}/{EXPERIMENT} economics.outcome_value={value:.0f}"
    return [
        f"Next:  open {config.campaign}/{PAGE}; make ui has the verdict beside the runs of {config.data.name}",
        "       learn who is changed by a contact:",
        f'       make train ARGS="{learned}"',
    ]
