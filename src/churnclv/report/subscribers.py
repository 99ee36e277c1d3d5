"""Subscribers at the report's moment: how long each has been under contract, what was paid, and the superstars."""

from datetime import timedelta
from typing import Any

import ibis
import pandas as pd

from ..snapshots.history import day_number, second_number
from ..time_units import DAYS_PER_MONTH
from .customer_base import CustomerBase, last_day, moment
from .estimates import exact
from .group_comparison import Trait, compare
from .superstars import Groups, split_by_value
from .survival import contracts, price_spells
from .traits import Traits, bringing, doing, flags, frequent_names, put_beside

_MONTH_SECONDS = DAYS_PER_MONTH * 86_400.0
_TABLE = "insight_subscribers"


def subscribers(base: CustomerBase) -> Any:
    """Return one row per customer who was ever under contract.

    Columns: `months` under contract; `price`, the mean paid per month of these; `paid` in the last `value_days`, prices
    being paid by the day; `contracts`, how many were begun; `plan` of the one begun last; `is_open`, whether any is.
    Contracts without a price are free.
    """
    spells = price_spells(base)
    today, since = moment(base.as_of), moment(base.as_of - timedelta(days=base.settings.value_days))
    end = spells.end.fill_null(today)
    lengths = spells.mutate(
        each=spells.price.fill_null(ibis.literal(0)).cast("float64"),
        months=_months(spells.begin, end),
        recent=_months(ibis.greatest(spells.begin, since), end),
    )
    summed = lengths.group_by("customer_id").agg(
        months=exact(lengths.months).sum().cast("float64"),
        paid=exact(lengths.each * lengths.recent).sum().cast("float64"),
        ever=exact(lengths.each * lengths.months).sum().cast("float64"),
        contracts=lengths.order_id.nunique(),
        is_open=lengths.end.isnull().any(),  # noqa: PD003 # an engine expression
    )
    priced = summed.mutate(price=summed.ever / ibis.greatest(summed.months, ibis.literal(1.0 / DAYS_PER_MONTH)))
    return priced.left_join(last_plans(base), "customer_id").drop("customer_id_right", "ever")


def last_plans(base: CustomerBase) -> Any:
    """Return `customer_id` and the `plan` of the contract that each customer began last; null where it has none."""
    table = contracts(base)
    last = ibis.window(group_by="customer_id", order_by=[ibis.desc("begin"), ibis.desc("order_id")])
    ranked = table.mutate(place=ibis.row_number().over(last))
    return ranked.filter(ranked.place == 0).select("customer_id", "plan")


def _months(begin: Any, end: Any) -> Any:
    """Return the months between two moments; 0 where the end is first."""
    return ibis.greatest(second_number(end) - second_number(begin), ibis.literal(0)) / _MONTH_SECONDS


def find_paying_superstars(base: CustomerBase) -> Groups:
    """Return the superstars among subscribers: the top share by what they paid, who are still under contract.

    What was paid is that of the last `value_days`; without prices, months under contract count as value.
    """
    each = subscribers(base)
    value = each.paid if base.has_amount else each.months
    return split_by_value(base, each.select("customer_id", value=value, retained=each.is_open), _TABLE)


def compare_subscribers(base: CustomerBase, groups: Groups) -> pd.DataFrame:
    """Return the differences between superstars and the rest of the subscribers, trait by trait.

    What they hold and how they began is of all their contracts, what they do and whom they bring of `value_days`.
    """
    since = last_day(base.as_of) - base.settings.value_days
    recent = base.events.filter(day_number(base.events.timestamp) > since)
    lenses: list[tuple[Traits, bool]] = [(_holding(base), False)]
    if any(base.kinds.get(kind) for kind in ("action", "open", "click")):
        lenses.append((doing(recent), True))
    if base.kinds.get("referral"):
        lenses.append((bringing(recent), True))
    table, traits = put_beside(groups.table, [each for each, _ in lenses], [is_zero for _, is_zero in lenses])
    return compare(table, traits)


def _holding(base: CustomerBase) -> Traits:
    """Return the traits of the contracts that customers began: plans, terms, channels, how many."""
    starts = base.events.filter(base.events.kind == "contract_start")
    plans, channels = (frequent_names(starts, column) for column in ("item", "channel"))
    summed = starts.group_by("customer_id").agg(
        contracts=starts.count(), term=starts.quantity.max().cast("float64"),
        **flags(starts, "item", plans, "held_"), **flags(starts, "channel", channels, "came_"),
    )  # fmt: skip
    traits = [Trait("hold", "held", f"held_{place}", name=name) for place, name in enumerate(plans)]
    traits += [Trait("hold", "term", "term", ""), Trait("hold", "contracts", "contracts", "")]
    traits += [Trait("begin", "came", f"came_{place}", name=name) for place, name in enumerate(channels)]
    return summed, traits
