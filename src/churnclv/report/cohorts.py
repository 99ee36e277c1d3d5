"""Cohorts: customers won in the same month, how many of them still order, and their revenue so far."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from .customer_base import CustomerBase, last_day
from .estimates import Estimate, mean, share
from .periods import Calendar, Period
from .rfm_scores import Scoring, standing

_LEAST_AGES = 6  # below, the thirds of a curve are too short to compare
_MOST_AGES = 24
_ENOUGH = 0.5  # of all customers, whose cohorts a common curve rests on
_ALIKE = 0.1  # relative: a smaller change from one third of a curve to the next is none
_MONTH_DAYS = 30
_SHORT_DAYS = 180
_LEAST_CUSTOMERS = 30


@dataclass(frozen=True)
class Cohorts:
    """Counts by cohort and age, in whole periods.

    `counts` has `cohort` and `age` (numbers of periods; age 0 is the period in which the cohort was won), `customers`
    who ordered and `revenue`; `sizes` has the customers won, by cohort. `last` is the last whole period.
    """

    period: Period
    counts: pd.DataFrame
    sizes: "pd.Series[int]"
    last: int

    def table(self, column: str) -> pd.DataFrame:
        """Return a column by cohort (rows) and age (columns), 0 where nothing happened, NaN for future periods."""
        wide = self.counts.pivot_table(index="cohort", columns="age", values=column, aggfunc="sum")
        first, ages = int(self.sizes.index.min()), range(self.last - int(self.sizes.index.min()) + 1)
        wide = wide.reindex(index=range(first, self.last + 1), columns=ages).fillna(0.0)
        wide = wide.loc[wide.index.intersection(self.sizes.index)]
        observed = self.last - wide.index.to_numpy()[:, None] >= np.array(ages)[None, :]
        return wide.where(observed)

    @property
    def common_ages(self) -> int:
        """The largest age that cohorts with half of all customers have completed."""
        reached = {age: self.sizes[self.sizes.index <= self.last - age].sum() for age in range(1, _MOST_AGES + 1)}
        enough = [age for age, customers in reached.items() if customers >= _ENOUGH * self.sizes.sum()]
        return max(enough, default=0)

    @property
    def common(self) -> "pd.Series[int]":
        """The sizes of the cohorts that have completed that age."""
        return self.sizes[self.sizes.index <= self.last - self.common_ages]

    def curve(self) -> list[Estimate]:
        """Return the share of the common cohorts' customers who ordered, by age."""
        active = self.table("customers").loc[self.common.index]
        n = float(self.common.sum())
        return [share(float(active[age].sum()), n) for age in range(self.common_ages + 1)]


def cohort_period(base: CustomerBase) -> Period:
    """Return months, or weeks where the log is short."""
    return Period.week if (base.as_of - base.first).days < _SHORT_DAYS else Period.month


def count_cohorts(base: CustomerBase) -> Cohorts:
    """Count the customers won per period, and how many of them ordered in each later period; whole periods only."""
    period = cohort_period(base)
    last = Calendar(period, base.first, base.as_of).current
    each = _ordered(base, period, last)
    counted = each.group_by("cohort", "age").agg(
        customers=each.active.sum(), won=(each.active & (each.age == 0)).sum(), revenue=each.revenue.sum()
    )
    table = counted.order_by("cohort", "age").execute().astype({"revenue": "float64", "customers": "int64"})
    sizes = table[table["age"] == 0].set_index("cohort")["won"].astype(int)
    return Cohorts(period, table[["cohort", "age", "customers", "revenue"]], sizes, last)


def _ordered(base: CustomerBase, period: Period, last: int) -> Any:
    """Return one row per buyer and whole period with a sale; a refund before the first order has the age 0."""
    numbered = base.days.mutate(number=period.numbers(base.days.date)).filter(lambda t: t.number <= last)
    summed = numbered.group_by("customer_id", "number").agg(orders=numbered.orders.sum(), revenue=numbered.spend.sum())
    active = summed.orders > 0
    born = summed.number.min(where=active).over(group_by="customer_id")
    dated = summed.mutate(active=active, cohort=born).filter(lambda t: ~t.cohort.isnull())  # noqa: PD003 # an expression
    age = dated.number - dated.cohort
    return dated.mutate(age=(age < 0).ifelse(0, age))


@dataclass(frozen=True)
class Shape:
    """The shape of a retention curve: `falls`, `flattens` or `smiles`; `short` or `few` where the data are too few.

    `thirds` are the mean shares who ordered in a period of each third of the curve; `change` is the last third less the
    middle one.
    """

    name: str
    thirds: tuple[float, ...] = ()
    change: Estimate | None = None
    ages: int = 0


def describe_curve(base: CustomerBase, cohorts: Cohorts) -> Shape:
    """Return the shape of the common cohorts' curve, from the middle and the last third of the same customers.

    It smiles where the last third lies above the middle one beyond its 95% interval, flattens where the two differ by
    no more than a tenth or the interval holds zero, and else falls.
    """
    ages = cohorts.common_ages
    if ages < _LEAST_AGES:
        return Shape("short", ages=ages)
    if cohorts.common.sum() < _LEAST_CUSTOMERS:
        return Shape("few", ages=ages)
    length = ages // 3
    starts = (ages - 3 * length + 1, ages - 2 * length + 1, ages - length + 1)
    each = _ordered(base, cohorts.period, cohorts.last)
    each = each.filter(each.cohort <= cohorts.last - ages, each.active)
    inside = [((each.age >= start) & (each.age < start + length)).sum() for start in starts]
    by_customer = each.group_by("customer_id").agg(early=inside[0], middle=inside[1], late=inside[2])
    moved = by_customer.late - by_customer.middle
    totals = by_customer.aggregate(
        early=by_customer.early.sum(), middle=by_customer.middle.sum(), late=by_customer.late.sum(), total=moved.sum(),
        squares=(moved * moved).sum(),
    ).execute().iloc[0].astype(float)  # fmt: skip
    n = float(cohorts.common.sum())
    change = mean(totals["total"] / length, totals["squares"] / length**2, n)
    thirds = tuple(float(totals[name]) / n / length for name in ("early", "middle", "late"))
    return Shape(name_shape(change, thirds[1]), thirds, change, ages)


def name_shape(change: Estimate, middle: float) -> str:
    """Return `smiles`, `flattens` or `falls`: how a curve changes from its middle third to its last."""
    if change.low > 0:
        return "smiles"
    alike = change.high >= 0 or abs(change.value) <= _ALIKE * middle
    return "flattens" if alike else "falls"


def follow_from(base: CustomerBase) -> datetime:
    """Return the moment from which segments are followed: a year ago, or the middle of a shorter log."""
    span = base.as_of - base.first
    back = min(timedelta(days=_MONTH_DAYS * 12), timedelta(days=span.days // 2 // _MONTH_DAYS * _MONTH_DAYS))
    return base.as_of - back


def segment_curves(base: CustomerBase, scoring: Scoring, at: datetime) -> dict[str, list[Estimate]]:
    """Return by segment, as it was at a moment, the share of its customers who ordered in each 30 days after it."""
    named = scoring.name_segments(standing(base, at)).select("customer_id", "segment")
    sizes = named.group_by("segment").agg(n=named.count()).execute().set_index("segment")["n"]
    start, months = last_day(at) + 1, (base.as_of - at).days // _MONTH_DAYS
    later = base.purchases.filter(base.purchases.day >= start)
    aged = later.mutate(age=((later.day - start) / _MONTH_DAYS).floor().cast("int64"))
    ordered = aged.filter(aged.age < months).select("customer_id", "age").distinct().inner_join(named, "customer_id")
    counts = ordered.group_by("segment", "age").agg(n=ordered.count()).execute()
    active = counts.pivot_table(index="segment", columns="age", values="n", fill_value=0)
    active = active.reindex(index=sizes.index, columns=range(months), fill_value=0)
    return {
        str(name): [share(1, 1), *(share(float(active.loc[name, age]), float(n)) for age in range(months))]
        for name, n in sizes.items()
        if n >= _LEAST_CUSTOMERS
    }


def bounds(curve: list[Estimate]) -> tuple[Array, Array, Array]:
    """Return a curve's values and the ends of its intervals, each of shape (ages,)."""
    return tuple(np.array([getattr(point, name) for point in curve]) for name in ("value", "low", "high"))  # type: ignore[return-value] # three of them
