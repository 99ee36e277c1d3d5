"""Superstars: the customers of high value who keep coming back, and the early signs of them."""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ..snapshots.history import day_number
from .customer_base import CustomerBase, last_day
from .estimates import exact
from .group_comparison import LEAST, Trait, compare
from .rfm_scores import Scoring, standing
from .traits import Traits, bringing, buying, doing, put_beside, timing

RETAINED = ("Champions", "Loyal")
_FOLLOWED_DAYS = (365, 180, 90, 60, 30)
_LOW_SHARE = 0.5
_ENOUGH = 50  # customers, in the choice of how long value is followed
_TABLE = "insight_groups"


@dataclass(frozen=True)
class Groups:
    """Two groups among the buyers: a table with `customer_id`, `high`, `low`, and their value.

    `sizes` and `value` (mean, currency or orders) are by `high`, `low` and `all`; `threshold` is the least value of a
    high customer; `by_value_alone` is true where too few are retained to require that too.
    """

    table: Any
    sizes: dict[str, int]
    value: dict[str, float]
    threshold: float
    by_value_alone: bool = False

    @property
    def share_of_value(self) -> float:
        """The share of all value that is of the high ones."""
        return self.sizes["high"] * self.value["high"] / max(self.sizes["all"] * self.value["all"], 1e-12)

    @property
    def can_be_compared(self) -> bool:
        """Whether there are enough on both sides."""
        return min(self.sizes["high"], self.sizes["all"] - self.sizes["high"]) >= LEAST


def find_superstars(base: CustomerBase, scoring: Scoring) -> Groups:
    """Return the superstars: the top share by spend of the last `value_days` who are Champions or Loyal.

    Where these are too few, spend alone decides. `low` are customers at or below the median who are not superstars. In
    a log without amounts, orders count as value.
    """
    named = scoring.name_segments(standing(base))
    value = named.recent_spend if base.has_amount else named.recent_orders
    valued = named.mutate(value=value.cast("float64").fill_null(0.0), retained=named.segment.isin(list(RETAINED)))
    chosen = split_by_value(base, valued.select("customer_id", "value", "retained"), f"{_TABLE}_now")
    if chosen.sizes["high"] >= LEAST:
        return chosen
    alone = valued.mutate(retained=True).select("customer_id", "value", "retained")
    return replace(split_by_value(base, alone, f"{_TABLE}_alone"), by_value_alone=True)


def split_by_value(base: CustomerBase, valued: Any, name: str) -> Groups:
    """Split customers with a `value` above the threshold who are `retained` from the others."""
    table = base.connection.create_table(name, valued, temp=True, overwrite=True)
    quantiles = [_LOW_SHARE, 1.0 - base.settings.superstar_share]
    median, top = (float(limit) for limit in table.aggregate(q=table.value.quantile(quantiles)).execute()["q"].iloc[0])
    high = (table.value > top) & table.retained
    split = table.mutate(high=high, low=~high & (table.value <= median))
    paid = exact(split.value)
    counted = split.aggregate(
        all=split.count(), high=split.high.sum(), low=split.low.sum(), all_value=paid.sum(),
        high_value=paid.sum(where=split.high), low_value=paid.sum(where=split.low),
    ).execute().astype(float).fillna(0.0).iloc[0]  # fmt: skip
    sizes = {group: int(counted[group]) for group in ("high", "low", "all")}
    return Groups(
        split, sizes, {group: float(counted[f"{group}_value"]) / max(size, 1) for group, size in sizes.items()}, top
    )


def compare_now(base: CustomerBase, groups: Groups) -> pd.DataFrame:
    """Return the differences between superstars and the rest in the last `value_days`, trait by trait."""
    since = last_day(base.as_of) - base.settings.value_days
    recent = base.events.filter(day_number(base.events.timestamp) > since)
    table, traits = put_beside(groups.table, *_lenses(base, recent))
    return compare(table, traits)


def _lenses(base: CustomerBase, events: Any) -> tuple[list[Traits], list[bool]]:
    """Return the traits that the log's events allow, and for each table whether a missing customer counts as 0."""
    orders, hours = events.filter(events.kind == "order"), has_hours(base)
    lenses = [(buying(orders, has_amount=base.has_amount), False), (timing(orders, has_hours=hours), False)]
    if any(base.kinds.get(kind) for kind in ("action", "open", "click")):
        lenses.append((doing(events), True))
    if base.kinds.get("referral"):
        lenses.append((bringing(events), True))
    return [traits for traits, _ in lenses], [is_zero for _, is_zero in lenses]


def has_hours(base: CustomerBase) -> bool:
    """Whether orders have times, and not only dates."""
    orders = base.events.filter(base.events.kind == "order")
    return bool((orders.timestamp != orders.timestamp.truncate("D")).any().execute())


@dataclass(frozen=True)
class Early:
    """Customers who were won long enough ago to observe their later value.

    `followed_days` is how long their value was followed after their first `early_days`.
    """

    groups: Groups
    followed_days: int


def follow_early(base: CustomerBase) -> Early | None:
    """Return the customers won long enough ago, grouped by their value after their first days.

    Value is the spend less refunds in [early_days, early_days + followed_days) after the first purchase; high is the
    top share by it, above zero. None where too few customers were won long enough ago.
    """
    early, today = base.settings.early_days, last_day(base.as_of)
    bought = base.purchases
    born = bought.filter(bought.place == 1).select("customer_id", born=bought.day)
    days = born.aggregate(**{f"d{d}": (born.born + early + d <= today + 1).sum() for d in _FOLLOWED_DAYS}).execute()
    chosen = next(
        (d for d in _FOLLOWED_DAYS if d <= base.settings.value_days and days[f"d{d}"].iloc[0] >= _ENOUGH), None
    )
    if chosen is None:
        return None
    evaluated = born.filter(born.born + early + chosen <= today + 1)
    joined = evaluated.left_join(base.days, "customer_id")
    age = joined.day - joined.born
    paid = joined.spend if base.has_amount else joined.orders
    later = paid.sum(where=(age >= early) & (age < early + chosen)).cast("float64").fill_null(0.0)
    valued = joined.group_by("customer_id", "born").agg(value=later)
    return Early(split_by_value(base, valued.mutate(retained=valued.value > 0), f"{_TABLE}_early"), chosen)


def compare_early(base: CustomerBase, early: Early) -> pd.DataFrame:
    """Return the differences in the first days of later high-value customers; only events of these days are used."""
    groups = early.groups.table
    dated = base.events.inner_join(groups.select("customer_id", "born"), "customer_id")
    age = day_number(dated.timestamp) - dated.born
    first_days = dated.filter((age >= 0) & (age < base.settings.early_days)).drop("born")
    days, is_order = day_number(first_days.timestamp), first_days.kind == "order"
    started = first_days.group_by("customer_id").agg(
        returned=(days.max(where=is_order) > days.min(where=is_order)).fill_null(False).cast("int64"),
        refunded=(first_days.kind == "refund").any().cast("int64"),
    )
    first_traits = [Trait("begin", "returned", "returned"), Trait("begin", "refunded", "refunded")]
    lenses, is_zero = _lenses(base, first_days)
    table, traits = put_beside(groups, [(started, first_traits), *lenses], [True, *is_zero])
    return compare(table, traits)


def busy_hours(base: CustomerBase, groups: Groups) -> pd.DataFrame:
    """Return how many orders superstars and others made by weekday (0 = Monday) and hour in the last `value_days`."""
    since = last_day(base.as_of) - base.settings.value_days
    orders = base.events.filter((base.events.kind == "order") & (day_number(base.events.timestamp) > since))
    joined = orders.inner_join(groups.table.select("customer_id", "high"), "customer_id")
    dated = joined.mutate(weekday=(day_number(joined.timestamp) + 3) % 7, hour=joined.timestamp.hour())
    counted: pd.DataFrame = dated.group_by("high", "weekday", "hour").agg(orders=dated.count()).execute()
    return counted
