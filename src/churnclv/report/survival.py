"""Contracts: how many customers are under contract in each period, and how long they stay."""

from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from ..snapshots.history import day_number
from .customer_base import CustomerBase, last_day
from .estimates import NORMAL
from .kpi import Periods

CAUSES = ("voluntary", "involuntary", "unstated")
_MOST_PERIODS = 13
_PLAN = "(plan)"


def contracts(base: CustomerBase) -> Any:
    """Return one row per contract.

    Columns: `customer_id`, `order_id` (its id), `begin`, `end` (null while open), `price` per month at its start,
    `plan`, `term` in months (null where the data have none), and the `reason` given for its end.
    """
    events = base.events.filter(base.events.kind.isin(["contract_start", "contract_end"]))
    starts = events.kind == "contract_start"
    return events.group_by("customer_id", "order_id").agg(
        begin=events.timestamp.min(where=starts), end=events.timestamp.min(where=~starts),
        price=events.amount.max(where=starts), plan=events["item"].max(where=starts),
        term=events.quantity.max(where=starts), reason=events.category.max(where=~starts),
    )  # fmt: skip


def price_spells(base: CustomerBase) -> Any:
    """Return one row per stretch of a contract at one price: the columns of `contracts`, with those of the stretch.

    A `plan_change` with an amount gives the contract that price from then on: the contract that its `order_id` names,
    or else the one that its customer began last. `begin` and `end` are then those of the stretch, and `since` is the
    start of the contract. Of several changes at one moment the highest price counts.
    """
    table = contracts(base)
    events = base.events.filter((base.events.kind == "plan_change") & base.events.amount.notnull())  # noqa: PD004 # an engine expression
    named = events.select("customer_id", named=events.order_id, at=events.timestamp, changed=events.amount)
    beside = table.inner_join(named, "customer_id")
    inside = (beside["at"] > beside.begin) & (beside.end.isnull() | (beside["at"] < beside.end))  # noqa: PD003 # an engine expression
    fits = beside.filter(inside & (beside.named.isnull() | (beside.named == beside.order_id)))  # noqa: PD003 # the same
    last = ibis.window(
        group_by=["customer_id", "named", "at", "changed"], order_by=[ibis.desc("begin"), ibis.desc("order_id")]
    )
    of_one = fits.mutate(place=ibis.row_number().over(last)).filter(lambda t: t.place == 0)
    changes = of_one.mutate(since=of_one.begin, begin=of_one["at"], price=of_one.changed)
    columns = [*table.columns, "since"]
    keys = [name for name in columns if name != "price"]
    changes = changes.group_by(*keys).agg(price=changes.price.max()).select(*columns)
    spells = table.mutate(since=table.begin).select(*columns).union(changes)
    following = spells.begin.lead().over(group_by=["customer_id", "order_id"], order_by="begin")
    return spells.mutate(end=following.fill_null(spells.end))


def at_period_ends(base: CustomerBase) -> tuple[Any, range]:
    """Return who is under contract at the start of each of the last 14 periods and at the last end; and their numbers.

    One row per customer and moment: `customer_id`, `place` (from 0, in the order of time), `at`, `under` (whether a
    contract is open), `monthly` (the sum of the prices per month of open contracts, 0 where none has one; a change of
    plan changes the price), and `paid_since` (the first moment of a contract with a price above 0).
    """
    period, calendar = base.settings.period, base.calendar
    first = max(period.number_of(base.first), calendar.current - _MOST_PERIODS)
    numbers = range(first, calendar.current + 1)
    ends = [*map(period.start_of, numbers), calendar.end]
    moments = ibis.memtable(pd.DataFrame({"place": range(len(ends)), "at": pd.to_datetime(ends)}))
    table = price_spells(base).cross_join(moments)
    is_open = (table.begin < table["at"]) & (table.end.isnull() | (table.end >= table["at"]))  # noqa: PD003 # an engine expression
    each = table.group_by("customer_id", "place", "at").agg(
        under=is_open.any(),
        monthly=table.price.sum(where=is_open).fill_null(ibis.literal(0)),
        paid_since=table.begin.min(where=table.price > 0),
    )
    return each, numbers


def count_under_contract(base: CustomerBase) -> pd.DataFrame:
    """Return one row per period, indexed by its number, at most the last 14.

    `start` and `end` count customers with an open contract at its first moment and at its end; `kept` had one at both;
    `won` and `lost` at one of them; `monthly` is the sum of the prices per month of contracts open at the end.
    """
    each, numbers = at_period_ends(base)
    before = each.under.lag().over(group_by="customer_id", order_by=each.place).fill_null(False)
    changes = each.mutate(kept=each.under & before, was=before)
    counted = changes.group_by("place").agg(
        start=changes.was.sum(), end=changes.under.sum(), kept=changes.kept.sum(), monthly=changes.monthly.sum()
    )
    periods: pd.DataFrame = counted.order_by("place").execute().set_index("place").astype(float).iloc[1:]
    periods.index = pd.Index(numbers, name="number")
    return periods.assign(won=periods["end"] - periods["kept"], lost=periods["start"] - periods["kept"])


@dataclass(frozen=True)
class ContractPeriods(Periods):
    """The counts of `count_under_contract`."""

    kind: ClassVar[str] = "contractual"

    @classmethod
    def of(cls, base: CustomerBase) -> "ContractPeriods":
        """Count the periods of a log of contracts."""
        return cls(base, count_under_contract(base))


@dataclass(frozen=True)
class StepCurve:
    """A share that changes at each day of age with an end, with its 95% interval; `before` the first it is known."""

    before: ClassVar[float]
    days: Array
    share: Array
    low: Array
    high: Array

    def at(self, day: float) -> tuple[float, float, float]:
        """Return the share at an age in days, and its interval."""
        place = int(np.searchsorted(self.days, day, side="right")) - 1
        if place < 0:
            return self.before, self.before, self.before
        return float(self.share[place]), float(self.low[place]), float(self.high[place])


@dataclass(frozen=True)
class Survival(StepCurve):
    """A Kaplan-Meier curve: the share still under contract."""

    before: ClassVar[float] = 1.0
    spells: int
    ends: int

    @property
    def median_days(self) -> float:
        """The age at which half have left; NaN where fewer have."""
        below = np.flatnonzero(self.share <= 0.5)  # noqa: PLR2004 # half
        return float(self.days[below[0]]) if len(below) else float("nan")


def count_stays(base: CustomerBase) -> pd.DataFrame:
    """Return the number of stays under contract by age at entry into the record and by duration.

    Columns: `plan` (of the stay's first contract), `entered` and `lasted` in days, `ended` (0 or 1), `cause` of the end
    (one of `CAUSES`; null while open), `n`. A renewal, a start on the day of an end, goes on with the same stay. Ends
    before the first recorded one are not in the data, so a stay that began earlier is observed from that day on (left
    truncation). An open stay lasts until the report's day.
    """
    table = contracts(base)
    dated = table.mutate(first=day_number(table.begin), last=day_number(table.end))
    closed = dated.filter(~dated.last.isnull())  # noqa: PD003 # an engine expression
    cause = name_cause(closed.reason, base.settings.involuntary_reasons)
    ends = closed.group_by("customer_id", day=closed["last"]).agg(cause=cause.min())
    starts = dated.select("customer_id", day=dated["first"]).distinct()
    begun = dated.anti_join(ends, [dated.customer_id == ends.customer_id, dated["first"] == ends.day])
    over = ends.anti_join(starts, ["customer_id", "day"])
    begun = begun.group_by("customer_id", "first").agg(plan=begun.plan.min())
    place = ibis.row_number().over(group_by="customer_id", order_by="first")
    closing = ibis.row_number().over(group_by="customer_id", order_by="day")
    joined = begun.mutate(place=place).left_join(over.mutate(place=closing), ["customer_id", "place"])
    today = last_day(base.as_of)
    recorded = ends.day.min().execute()
    since = int(recorded) if recorded == recorded and recorded is not None else today  # noqa: PLR0124 # NaN
    stays = joined.mutate(
        plan=joined.plan.fill_null(_PLAN), ended=(~joined.day.isnull()).cast("int64"),  # noqa: PD003 # an engine expression
        lasted=joined.day.fill_null(today) - joined["first"],
        entered=ibis.greatest(since - joined["first"], 0),
    )  # fmt: skip
    observed = stays.filter(stays.lasted >= stays.entered)
    keys = ("plan", "entered", "lasted", "ended", "cause")
    counted: pd.DataFrame = observed.group_by(*keys).agg(n=observed.count()).execute()
    return counted.assign(cause=counted["cause"].map(dict(enumerate(CAUSES))))


def name_cause(reason: Any, involuntary: list[str]) -> Any:
    """Return the place of an end's cause in `CAUSES`, from the reason given.

    Involuntary are the reasons that the settings name, such as a failed payment; every other reason is the customer's
    own; without a reason the cause is not stated. The least place counts where contracts end together.
    """
    is_involuntary = reason.isin(involuntary) if involuntary else ibis.literal(False)
    return ibis.cases((reason.isnull(), 2), (is_involuntary, 1), else_=0)  # noqa: PD003 # an engine expression


def estimate_survival(stays: pd.DataFrame) -> Survival:
    """Return the Kaplan-Meier curve (1958, JASA 53(282)) with left truncation; intervals are Greenwood's on log-log.

    At risk at age t are stays that entered at or before it and lasted at least as long.
    """
    entered, lasted, n = (stays[name].to_numpy(dtype=float) for name in ("entered", "lasted", "n"))
    ended = stays["ended"].to_numpy() == 1
    days = np.unique(lasted[ended])
    gone = np.array([n[ended & (lasted == day)].sum() for day in days])
    risk = np.array([n[(entered <= day) & (lasted >= day)].sum() for day in days])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.cumprod(1.0 - gone / risk)
        spread = np.sqrt(np.cumsum(gone / (risk * (risk - gone)))) / np.abs(np.log(share))
        low, high = share ** np.exp(NORMAL * spread), share ** np.exp(-NORMAL * spread)
    inside = (share > 0) & (share < 1)
    low, high = np.where(inside, low, share), np.where(inside, high, share)
    return Survival(days, share, low, high, int(n.sum()), int(gone.sum()))
