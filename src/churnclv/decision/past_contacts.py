"""Past contacts as an experiment: on each day with contacts, who was contacted and who was left alone.

A day's customers stand at its first instant: what is known of them lies before it, what they do counts from it on. A
customer is drawn for one of the days on which they could have been contacted, whether they were or not: several rows
of one customer are not independent, and would make intervals too narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from ..data.events import Events
from ..data.settings import HOLDOUT_KIND, TREATMENT_KIND
from ..errors import listed, require
from ..ranges import LARGEST_SEED, Bounds, check_numbers, number
from ..snapshots.customer_kinds import members
from ..snapshots.history import KEYS, cut_history
from ..snapshots.settings import WindowSettings
from .campaign import CONTACT
from .campaign_outcomes import LEFT_ALONE

ARM, CHANCE = "treatment", "propensity"
_ONE_ARM = 2  # groups, with who was left alone
_ROUNDING = 1e-9


@dataclass
class ContactSettings:
    """Which past contacts are learned from.

    Attributes
    ----------
    arms
        Their names; empty takes all. Who got another one on a day is left out of that day.
    most_days
        As many of the latest days with contacts are taken.
    seed
        Of the draw of one day for each customer.
    """

    arms: list[str] = field(default_factory=list)
    most_days: int = number(12, Bounds(1, 1000, technical=True))
    seed: int = number(0, Bounds(0, LARGEST_SEED))

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_numbers(self, "contacts")


@dataclass(frozen=True)
class PastContacts:
    """Customers on days with contacts.

    Attributes
    ----------
    rows
        Columns customer_id, cutoff (the day), treatment (an arm, or none) and, where it is known of everybody,
        propensity; one row per customer, by id.
    days
        The days, in order.
    drawn
        Whether those left alone were drawn, as the contacts say; otherwise they are all who were not contacted.
    contacts
        How many contacts of customers of the population lie on these days.
    """

    rows: pd.DataFrame
    days: list[datetime]
    drawn: bool
    contacts: int

    @property
    def arms(self) -> dict[str, int]:
        """The number of customers with each treatment, those left alone last."""
        counts = self.rows[ARM].value_counts()
        return {str(arm): int(counts[arm]) for arm in sorted(counts.index, key=lambda arm: (arm == LEFT_ALONE, arm))}


def find_past_contacts(events: Events, windows: WindowSettings, settings: ContactSettings) -> PastContacts:
    """Return who was contacted, and who was left alone, on the days whose outcomes have passed.

    Where contacts record who was drawn to be left alone, only days with such customers are taken, and only who was
    drawn. On every day the arms have the same shares, so that no day's level is taken for an effect: customers of an
    arm that is too frequent are left out at random. A known propensity takes the place of that.

    Parameters
    ----------
    events
        The log, with events of the kinds `treatment` and `holdout`.
    windows
        The horizon of the outcomes, and who belongs to the population.
    settings
        Which contacts.

    Raises
    ------
    InputError
        There are no contacts, none whose horizon has passed, an arm that nobody got, nobody who was left alone, or a
        customer who was to be left alone and was contacted on the same day.
    """
    marks = _read_marks(events)
    days, drawn = _days(marks, events, windows, settings)
    people = members(cut_history(events.table, days), windows, events.shape)
    population: pd.DataFrame = people.filter(people.in_population).select(*KEYS).execute()
    placed = population.merge(marks, on=list(KEYS), how="inner" if drawn else "left", validate="1:1")
    placed[ARM] = placed[ARM].fillna(LEFT_ALONE)
    contacts = int((placed[ARM] != LEFT_ALONE).sum())
    if settings.arms:
        placed = placed[placed[ARM].isin([*settings.arms, LEFT_ALONE])]
    random = np.random.default_rng(settings.seed)
    rows = _one_day_each(placed, random)
    is_known = bool(len(rows)) and bool(rows[CHANCE].notna().all()) and rows[ARM].nunique() == _ONE_ARM
    rows = rows if is_known else _with_equal_shares(rows.drop(columns=CHANCE), random)
    _require_groups(rows, days, drawn=drawn)
    return PastContacts(rows.sort_values("customer_id", ignore_index=True), days, drawn, contacts)


def _read_marks(events: Events) -> pd.DataFrame:
    """Return customer, day, arm and propensity of each customer's first contact, or hold-out, of a day."""
    table = events.table
    marked = table.filter(table.kind.isin([TREATMENT_KIND, HOLDOUT_KIND]))
    marks: pd.DataFrame = marked.select("customer_id", "timestamp", "kind", "item", "quantity").execute()
    remedy = "add them: '+data.tables.contacts={path: contacts.csv, kind: treatment, columns: {...}}'"
    require(bool((marks["kind"] == TREATMENT_KIND).any()), "the log has no contacts by campaigns.", remedy=remedy)
    held_out = marks["kind"] == HOLDOUT_KIND
    arm = marks["item"].astype(object).where(marks["item"].notna(), CONTACT).mask(held_out, LEFT_ALONE)
    marks = marks.assign(
        cutoff=marks["timestamp"].dt.normalize(), **{ARM: arm, CHANCE: marks["quantity"].astype(float)}
    )
    marks = marks.sort_values([*KEYS, "timestamp", ARM, CHANCE]).drop_duplicates([*KEYS, "kind"])
    broken = int(marks.duplicated(list(KEYS)).sum())
    message = f"{broken:,} customers were drawn to be left alone on a day, and contacted on it: the hold-out is broken."
    remedy = "no effect can be measured with them, nor without them; leave out the contacts of that day."
    require(broken == 0, message, remedy=remedy)
    return marks[[*KEYS, ARM, CHANCE]]


def _days(
    marks: pd.DataFrame, events: Events, windows: WindowSettings, settings: ContactSettings
) -> tuple[list[datetime], bool]:
    """Return the latest days with contacts whose outcomes have passed, and whether who was left alone was drawn."""
    treated = marks[marks[ARM] != LEFT_ALONE]
    unknown = sorted(set(settings.arms) - set(treated[ARM]))
    remedy = f"the arms are {listed([repr(arm) for arm in sorted(set(treated[ARM]))])}."
    require(not unknown, f"contacts.arms names {listed(unknown)}.", remedy=remedy)
    if settings.arms:
        treated = treated[treated[ARM].isin(settings.arms)]
    passed = sorted(day for day in set(treated["cutoff"]) if windows.label_available(day.to_pydatetime()) <= events.end)
    last = treated["cutoff"].max()
    message = (
        f"the log ends on {events.end:%Y-%m-%d}, and the outcomes of no contact have passed: the first one is of "
        f"{treated['cutoff'].min():%Y-%m-%d}, the last one of {last:%Y-%m-%d}."
    )
    remedy = f"a log that goes on for {windows.horizon_days} days after a contact, or a shorter windows.horizon_days."
    require(bool(passed), message, remedy=remedy)
    with_draw = [day for day in passed if day in set(marks.loc[marks[ARM] == LEFT_ALONE, "cutoff"])]
    chosen = (with_draw or passed)[-settings.most_days :]
    return [day.to_pydatetime() for day in chosen], bool(with_draw)


def _one_day_each(placed: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Return one row of each customer, any of theirs with the same probability."""
    ordered = placed.sort_values(list(KEYS), ignore_index=True)
    count = ordered.groupby("customer_id", sort=True).size()
    first = count.cumsum() - count
    places = first.to_numpy() + (random.random(len(count)) * count.to_numpy()).astype(int)
    drawn: pd.DataFrame = ordered.iloc[places].reset_index(drop=True)
    return drawn


def _with_equal_shares(rows: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Return as many rows as can have the same shares of arms on every day, drawn at random within day and arm."""
    if rows.empty:
        return rows
    counts = pd.crosstab(rows["cutoff"], rows[ARM])
    shares = counts.sum() / len(rows)
    most = np.floor(np.outer((counts / shares).min(axis=1), shares) + _ROUNDING)
    order = pd.Series(random.permutation(len(rows)), index=rows.index)
    place = order.groupby([rows["cutoff"], rows[ARM]]).rank().to_numpy()
    day, arm = counts.index.get_indexer(pd.Index(rows["cutoff"])), counts.columns.get_indexer(pd.Index(rows[ARM]))
    kept: pd.DataFrame = rows[place <= most[day, arm]].reset_index(drop=True)
    return kept


def _require_groups(rows: pd.DataFrame, days: Sequence[datetime], *, drawn: bool) -> None:
    """Raise `InputError` where there is nobody to compare."""
    groups: Any = set(rows[ARM]) if len(rows) else set()
    message = (
        f"on the {len(days):,} days with contacts, no customer of the population was contacted while another was left "
        "alone."
    )
    remedy = (
        "take one arm at a time, contacts.arms=[...]: days without one of the arms are not comparable."
        if drawn
        else "contacts of customers who bought before, and others of them who were not contacted, are needed."
    )
    require(LEFT_ALONE in groups and len(groups) > 1, message, remedy=remedy)
