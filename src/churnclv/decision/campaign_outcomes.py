"""Outcomes of a campaign: what its customers did from its start to the end of its horizon."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..data.events import Events
from ..errors import require
from ..snapshots.customer_kinds import kind_of, label_windows
from ..snapshots.history import cutoff_table
from ..snapshots.settings import WindowSettings
from .campaign_folder import PlannedCampaign

if TYPE_CHECKING:
    from datetime import datetime

KNOWN_BEFORE = ("segment", "churn_score", "expected_purchases", "expected_spend")
LEFT_ALONE = "none"
EXPERIMENT_COLUMNS = ("customer_id", "treatment", "stayed")
CHURNED, PURCHASES, SPEND, MARGIN = "churned", "purchases", "spend", "margin"


def require_over(campaign: PlannedCampaign, events: Events, origin: str) -> None:
    """Raise `InputError` where the horizon has not passed in the log: a verdict is given once, at a fixed date.

    Looking at an effect again and again until it differs from zero finds one far more often than the significance
    allows (Armitage, McPherson, Rowe 1969, Repeated significance tests on accumulating data).
    """
    end = campaign.end.to_pydatetime()
    message = (
        f"{origin}: ends on {events.end:%Y-%m-%d}, but the campaign's horizon ends on {end:%Y-%m-%d}: it is too early "
        "for a verdict, and an early look would find effects where there are none."
    )
    remedy = (
        "give the orders up to that day; if they are complete and the last days have none, say so: "
        f"data.observed_until={end:%Y-%m-%d}"
    )
    require(events.end >= end, message, remedy=remedy)


def campaign_outcomes(campaign: PlannedCampaign, events: Events, margin: float) -> pd.DataFrame:
    """Return the campaign's customers with what they did in [start, start + horizon).

    Parameters
    ----------
    campaign
        The campaign.
    events
        The log; it needs nothing from before the start.
    margin
        The share of spend that is earned.

    Returns
    -------
    DataFrame
        The columns of `campaign.customers` and `churned`; for customers who buy also `purchases`, `spend`, `margin`.

    Raises
    ------
    InputError
        None of the customers is in the log, or some have no contract in a table of contracts.
    """
    start: datetime = campaign.start.to_pydatetime()
    windows = WindowSettings(horizon_days=campaign.plan["horizon_days"])
    ids = campaign.customers[["customer_id"]].astype("string[pyarrow]")
    members = events.connection.create_table("campaign_customers", ids, temp=True, overwrite=True)
    seen = int(events.table.semi_join(members, "customer_id").customer_id.nunique().execute())
    remedy = "check that data.columns.customer_id names the same ids as the scores had."
    require(seen > 0, f"none of the campaign's {len(ids):,} customers is in the log.", remedy=remedy)
    buys = kind_of(events.shape).buys
    absent = f"{len(ids) - seen:,} of the campaign's {len(ids):,} customers have no contract in the table."
    require(buys or seen == len(ids), absent, remedy="give the whole table: whether they left is not known without it.")
    population = members.cross_join(cutoff_table([start]))
    labels: Any = label_windows(events.table, population, [start], windows, events.shape, events.refunds).execute()
    wanted = [name for name in (CHURNED, PURCHASES, SPEND) if name in labels]
    joined = campaign.customers.merge(labels[["customer_id", *wanted]], on="customer_id", how="left", validate="1:1")
    joined[wanted] = joined[wanted].astype(float)
    if not buys:
        return joined
    return joined.assign(**{MARGIN: joined[SPEND] * margin})


def experiment_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return a campaign as an experiment, from which the effect of a contact on each customer can be learned.

    Parameters
    ----------
    outcomes
        What `campaign_outcomes` gave.

    Returns
    -------
    DataFrame
        By customer: `treatment`, `none` for the held out; `stayed`, 1 or 0; and what was known before the start. The
        columns of the last kind are those of a file of scores, so that scores of any day can be given to the result.
    """
    treatment = outcomes["treatment"].where(outcomes["treated"] == 1.0, LEFT_ALONE)
    stayed = (1.0 - outcomes[CHURNED]).astype(int)
    return outcomes[["customer_id"]].assign(treatment=treatment, stayed=stayed, **outcomes[list(KNOWN_BEFORE)])
