"""The folder of a campaign: the plan as JSON, CSV and a page in plain words; written as a whole, read with checks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import listed, require
from ..files import digest, read_json, write_json, write_text
from .campaign import CONTACT
from .campaign_plan import PLAN_COLUMNS, CampaignPlan
from .plan_page import explain_plan
from .scored_customers import name_rows

PLAN, TREAT, HOLDOUT, README = "plan.json", "treat.csv", "holdout.csv", "README.md"
VERDICT, PAGE, EXPERIMENT = "verdict.json", "verdict.md", "experiment.csv"
VERDICT_KIND = "churnclv campaign verdict"
_NUMBERS = tuple(name for name in PLAN_COLUMNS[3:] if name not in ("treatment", "effect"))
_LATER_COLUMNS = ("treatment", "effect")  # which plans of an earlier version lack
_KIND, _VERSION = "churnclv campaign plan", 1


@dataclass(frozen=True)
class PlannedCampaign:
    """A plan that was read back: its figures, and who was to be treated and held out.

    Attributes
    ----------
    plan
        The content of `plan.json`.
    customers
        Columns `PLAN_COLUMNS` and `treated` (1 or 0), one row per customer, by id. The treatment of who is held out
        is the one that they would have got.
    """

    plan: dict[str, Any]
    customers: pd.DataFrame

    @property
    def start(self) -> pd.Timestamp:
        """The day from which outcomes count."""
        return pd.Timestamp(self.plan["start"])

    @property
    def end(self) -> pd.Timestamp:
        """The day before which outcomes count: the horizon's end."""
        return self.start + pd.Timedelta(days=self.plan["horizon_days"])


def describe_plan(
    plan: CampaignPlan, start: pd.Timestamp, origin: str, effects_origin: str | None = None
) -> dict[str, Any]:
    """Return the content of `plan.json`: what was decided and what is expected. Equal inputs give equal content.

    `origin` names the file of scores, and `effects_origin` that of measured effects.
    """
    economics, treated, detectable = plan.economics, plan.treated, plan.detectable
    churn = plan.churn()
    return {
        "kind": _KIND,
        "version": _VERSION,
        "as_of": _day(plan.scores.as_of),
        "start": _day(start),
        "horizon_days": plan.scores.horizon_days,
        "scores": {"file": origin, "sha256": plan.scores.digest, "left_out": plan.scores.left_out},
        "economics": {
            "contact_cost": economics.contact_cost,
            "incentive_cost": economics.incentive_cost,
            "acceptance_alpha": economics.acceptance_alpha,
            "acceptance_beta": economics.acceptance_beta,
            "margin": economics.margin,
        },
        "effects": _describe_effects(plan, effects_origin),
        "budget": plan.budget,
        **({"limits": {"capacity": plan.limits.capacity, "budgets": plan.limits.budgets}} if plan.limits else {}),
        "design": {
            "seed": plan.design.seed,
            "treated": len(treated),
            "held_out": len(plan.held_out),
            "significance": plan.design.significance,
            "wanted_power": plan.design.power,
            "effect": plan.contrast.effect,
            "power": plan.power,
            "detectable": {
                "churn_rate": detectable,
                "customers": detectable * len(treated),
                "money": plan.money(detectable * len(treated)),
            },
        },
        "promise": {
            "churn_treated": churn[0],
            "churn_held_out": churn[1],
            "churn_effect": -plan.kept() / len(treated),
            "customers_kept": plan.kept(),
            "mean_value": float(treated["value"].mean()),
            "gain": float(treated["expected_gain"].sum()),
            "cost": float(treated["cost"].sum()),
            "gain_forgone": float(plan.held_out["expected_gain"].sum()),
        },
        "strata": plan.strata().to_dict("records"),
        "digests": {TREAT: digest_ids(treated), HOLDOUT: digest_ids(plan.held_out)},
    }


def _describe_effects(plan: CampaignPlan, origin: str | None) -> dict[str, Any] | None:
    """Return where measured effects come from, and how many get each treatment; None where acceptance is assumed."""
    if plan.effects is None:
        return None
    treated = plan.treated["treatment"].value_counts().sort_index()
    counts = {str(name): int(count) for name, count in treated.items()}
    return {"file": origin, "sha256": plan.effects.digest, "treated": counts}


def digest_ids(rows: pd.DataFrame) -> str:
    """Return a digest of the customers in a table, whatever their order."""
    return digest(sorted(rows["customer_id"].astype(str)))


def write_campaign(folder: Path, plan: CampaignPlan, described: dict[str, Any]) -> None:
    """Write the files of a campaign into a folder."""
    write_json(folder / PLAN, described)
    for name, rows in ((TREAT, plan.treated), (HOLDOUT, plan.held_out)):
        rows.to_csv(folder / name, index=False, lineterminator="\n")
    write_text(folder / README, explain_plan(described))


def holds_campaign(folder: Path) -> bool:
    """Return whether a folder holds the plan of a campaign."""
    return bool(_kind_of(folder / PLAN) == _KIND)


def read_campaign(folder: Path) -> PlannedCampaign:
    """Read a campaign, and check that its groups are those that were drawn.

    Raises
    ------
    InputError
        It is no campaign, or its hold-out is broken: customers are in both groups, or were added or taken out.
    """
    remedy = "name the folder that `make campaign-plan` wrote."
    require(folder.is_dir(), f"campaign={folder}: no such folder.", remedy=remedy)
    require(holds_campaign(folder), f"campaign={folder}: holds no {PLAN} of a campaign.", remedy=remedy)
    plan = read_json(folder / PLAN)
    require(plan["version"] == _VERSION, f"{folder / PLAN}: is of another version of churnclv.", remedy=remedy)
    tables = {name: _read_group(folder / name) for name in (TREAT, HOLDOUT)}
    both = tables[HOLDOUT]["customer_id"].isin(tables[TREAT]["customer_id"])
    broken = "the hold-out is broken, and without it no effect can be told from chance"
    require(
        not both.any(),
        f"{folder / HOLDOUT}: {name_rows(both.to_numpy())}: {int(both.sum()):,} customers held out are in {TREAT} too.",
        remedy=f"{broken}; bring back both files as they were planned.",
    )
    for name, table in tables.items():
        same = digest_ids(table) == plan["digests"][name]
        message = (
            f"{folder / name}: its customers are not those that were drawn: rows were added, taken out or changed."
        )
        require(same, message, remedy=f"{broken}; bring back the file as it was planned.")
    everybody = pd.concat([tables[TREAT].assign(treated=1.0), tables[HOLDOUT].assign(treated=0.0)])
    return PlannedCampaign(plan, everybody.sort_values("customer_id", ignore_index=True))


def read_verdict(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the plan and the verdict of a campaign.

    Raises
    ------
    InputError
        It is no campaign, or has no verdict yet.
    """
    remedy = f"make campaign-judge CAMPAIGN={folder} INPUT=orders_later.csv"
    require(holds_campaign(folder), f"{folder}: holds no {PLAN} of a campaign.", remedy="name a campaign's folder.")
    require(holds_verdict(folder / VERDICT), f"{folder}: has no verdict yet.", remedy=remedy)
    return read_json(folder / PLAN), read_json(folder / VERDICT)


def holds_verdict(path: Path) -> bool:
    """Return whether a file is the verdict of a campaign."""
    return bool(_kind_of(path) == VERDICT_KIND)


def _kind_of(path: Path) -> Any:
    """Return what a JSON file says it is; None for any other file."""
    try:
        stored = read_json(path)
    except (OSError, ValueError):
        return None
    return stored.get("kind") if isinstance(stored, dict) else None


def held_out_elsewhere(folder: Path, start: pd.Timestamp, end: pd.Timestamp) -> dict[str, frozenset[str]]:
    """Return the customers held out by the other campaigns beside a folder that run at some time in [start, end).

    Contacting them would break those hold-outs.

    Parameters
    ----------
    folder
        The folder of a campaign, which is itself left out.
    start, end
        From when until when that campaign runs.

    Returns
    -------
    dict[str, frozenset[str]]
        By the name of the other campaign's folder.
    """
    others = sorted(folder.parent.iterdir()) if folder.parent.is_dir() else []
    held_out = {}
    for other in others:
        if other == folder or not holds_campaign(other):
            continue
        plan = read_json(other / PLAN)
        begun = pd.Timestamp(plan["start"])
        if begun < end and start < begun + pd.Timedelta(days=plan["horizon_days"]):
            held_out[other.name] = frozenset(_read_group(other / HOLDOUT)["customer_id"])
    return held_out


def require_left_alone(campaign: PlannedCampaign, path: Path) -> int:
    """Return how many of the treated were contacted, by the record of who was.

    Raises
    ------
    InputError
        The record is no CSV file with a column customer_id, or customers who were held out are in it.
    """
    require(path.is_file(), f"contacted={path}: no such file.", remedy="a CSV file with a column customer_id.")
    record = _read_ids(path)
    customers = campaign.customers
    held_out = customers.loc[customers["treated"] == 0.0, "customer_id"]
    broken = record["customer_id"].isin(held_out)
    require(
        not broken.any(),
        f"{path}: {name_rows(broken.to_numpy())}: {int(broken.sum()):,} of {len(held_out):,} customers who were held "
        "out were contacted: the hold-out is broken.",
        remedy="no effect can be measured with them, nor without them: they may differ from the others. Plan anew.",
    )
    treated = customers.loc[customers["treated"] == 1.0, "customer_id"]
    return int(treated.isin(record["customer_id"]).sum())


def _read_group(path: Path) -> pd.DataFrame:
    require(path.is_file(), f"{path}: is missing.", remedy="bring back the file as it was planned.")
    table = _read_ids(path)
    missing = [name for name in PLAN_COLUMNS if name not in table and name not in _LATER_COLUMNS]
    require(not missing, f"{path}: has no column {listed(missing)}.", remedy="bring back the file as it was planned.")
    if "treatment" not in table:
        table["treatment"] = CONTACT
    for name in _NUMBERS:
        values = pd.to_numeric(table[name], errors="coerce")
        wrong = ~np.isfinite(values.to_numpy(dtype=float))
        message = f"{path}: {name_rows(wrong)}: {name} is no number."
        require(not wrong.any(), message, remedy="bring back the file as it was planned.")
        table[name] = values.astype(float)
    return table


def _read_ids(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        table = pd.DataFrame()
    require("customer_id" in table, f"{path}: has no column customer_id.", remedy="a CSV file with that column.")
    return table


def _day(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%d}" if moment == moment.normalize() else moment.isoformat(sep=" ")
