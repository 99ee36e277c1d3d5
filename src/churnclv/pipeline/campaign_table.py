"""The table of past contacts from top to bottom: a log with contacts in, an experiment's table out; or who to score."""

from dataclasses import replace
from datetime import datetime

import pandas as pd

from ..data.engine import connect
from ..data.events import Events, read_events
from ..data.parsing import bound
from ..data.paths import input_paths, set_aside_outputs
from ..decision.past_contacts import ARM, CHANCE, PastContacts, find_past_contacts
from ..errors import require
from ..features.families import present_families
from ..features.feature_table import TableDefinition, build_features
from ..features.model_columns import model_columns
from ..features.preparation import read_labels
from ..outputs import Output, guard, has_header, write_csv
from ..progress import Progress
from ..snapshots.customer_kinds import kind_of
from ..snapshots.history import KEYS
from ..tracking.home import Home
from .settings import CampaignTableConfig

STAYED = "stayed"
LATER = {"purchases": "later_purchases", "spend": "later_spend"}  # features have the plain names


def write_contact_table(config: CampaignTableConfig, progress: Progress) -> str:
    """Write the table of past contacts, or of the customers of one day.

    Parameters
    ----------
    config
        The configuration; `as_of` is the day of customers to be scored, None asks for past contacts.
    progress
        Where steps are announced.

    Returns
    -------
    str
        The summary and the next command.

    Raises
    ------
    InputError
        The log or the settings are at fault, or there is nothing to compare.
    """
    has_time = kind_of(config.data.shape).has_time
    remedy = "data=transactions or data=subscriptions"
    require(has_time, f"data={config.data.name}: a table without dates has no past contacts.", remedy=remedy)
    home = Home.named(config.tracking.home)
    output = Output("out", config.out, "a table of customers", has_header("customer_id"))
    guard([output, *set_aside_outputs(config.data)], {**input_paths(config.data), **home.kept})
    progress.log(f"Reading {config.input}")
    events = read_events(connect(config.engine, home.cache / "spill"), config.data)
    for line in events.quality.lines():
        progress.log(line)
    if config.as_of is not None:
        table = _customers_of(bound(config.as_of, events.end, "as_of"), events, config)
        write_csv(table, output)
        return _summarise_day(table, config)
    past = find_past_contacts(events, config.windows, config.contacts)
    progress.log(f"Building features at {len(past.days)} days with contacts")
    table = contact_table(past, events, config)
    write_csv(table, output)
    return _summarise_contacts(past, table, config)


def contact_table(past: PastContacts, events: Events, config: CampaignTableConfig) -> pd.DataFrame:
    """Return one row per customer: what was done, what they did in the horizon from that day on, what was known before.

    Columns: `customer_id`, `treatment`, `stayed` (1 or 0), for customers who buy `later_purchases` and `later_spend`,
    `propensity` where it is known, then the features before the day.
    """
    kind_of(events.shape).require_labels(events, past.days, config.windows)
    labels = read_labels(events, past.days, config.windows).rename(columns=LATER)
    labels = labels.assign(**{STAYED: 1 - labels["churned"].astype(int)})
    later = [name for name in (STAYED, *LATER.values()) if name in labels]
    features, names = _features(events, past.days, config)
    rows = past.rows.merge(labels[[*KEYS, *later]], on=list(KEYS), validate="1:1")
    rows = rows.merge(features[[*KEYS, *names]], on=list(KEYS), validate="1:1")
    chance = [CHANCE] if CHANCE in past.rows else []
    return rows[["customer_id", ARM, *later, *chance, *names]]


def _features(events: Events, days: list[datetime], config: CampaignTableConfig) -> tuple[pd.DataFrame, list[str]]:
    """Return the features of the population on some days, and the names of those that models may see."""
    families = present_families(events.table, config.features.families, days[-1])
    settings = replace(config.features, families=families)
    definition = TableDefinition(tuple(days), settings, config.windows, events.shape, events.refunds)
    frame = build_features(events.table, events.learned_fingerprint, definition)
    return frame[frame["in_population"]].reset_index(drop=True), model_columns(frame.columns, families)


def _customers_of(day: datetime, events: Events, config: CampaignTableConfig) -> pd.DataFrame:
    """Return what is known of the population before a day, one row per customer."""
    inside = events.start < day <= events.end
    message = f"as_of={day:%Y-%m-%d} is not a day of the log, {events.start:%Y-%m-%d} to {events.end:%Y-%m-%d}."
    remedy = f"{events.end:%Y-%m-%d} is the last one; data.observed_until says until when a log is complete."
    require(inside, message, remedy=remedy)
    features, names = _features(events, [day], config)
    require(len(features) > 0, f"nobody is in the population on {day:%Y-%m-%d}.", remedy="see windows.active_days.")
    return features[["customer_id", *names]]


def _summarise_contacts(past: PastContacts, table: pd.DataFrame, config: CampaignTableConfig) -> str:
    """Return what the table holds, in 80 columns, and the command that learns from it."""
    groups = ", ".join(f"{arm} {count:,}" for arm, count in past.arms.items())
    basis = "drawn, as the contacts say" if past.drawn else "all who were not contacted that day"
    learned = f"data=contacts data.path={config.out} data.randomised={str(past.drawn).lower()}"
    if after := [name for name in LATER.values() if name in table]:
        learned += f" data.after_treatment=[{','.join(after)}]"
    if CHANCE in table:
        learned += f" 'data.propensities={{{next(iter(past.arms))}: {CHANCE}}}'"
    return "\n".join([
        f"Contacts on {len(past.days):,} days, {past.days[0]:%Y-%m-%d} to {past.days[-1]:%Y-%m-%d}",
        f"  customers   {groups}",
        f"  left alone  {basis}",
        f"  contacts    {past.contacts:,} of the population; one row per customer, the same",
        "              shares of the arms on every day",
        "",
        f"{config.out}: {len(table):,} rows, {len(table.columns):,} columns",
        "",
        "Next:  learn who is changed by a contact; outcome_value is what one who stays is worth:",
        f'       make train ARGS="{learned} economics.outcome_value=120"',
    ])  # fmt: skip


def _summarise_day(table: pd.DataFrame, config: CampaignTableConfig) -> str:
    """Return what the table holds, and the command that scores it."""
    return "\n".join([
        f"{config.out}: {len(table):,} customers on {config.as_of}, {len(table.columns):,} columns",
        "",
        "Next:  the effects of a contact on them, by the bundle that learned from past contacts:",
        f"       make score INPUT={config.out} OUTPUT=effects.csv MODEL=bundles/contact-effects",
    ])  # fmt: skip
