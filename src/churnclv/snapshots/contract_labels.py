"""Labels of contracts: who leaves within a label window, and the first date from which ends are recorded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import ibis

from ..errors import InputError, require
from ..notices import Notice
from .cutoff_plan import suggest_plan
from .history import KEYS, day_number, label_table
from .settings import WindowSettings

_KINDS = ("contract_start", "contract_end")
_SOON_DAYS = 7  # a start at most so many days after an end continues the contract
_RESTART_SHARE, _FEWEST_RESTARTS = 0.1, 5  # of the ends: fewer may be a coincidence
_MOST_RESTARTS = 0.95  # share of the restarts that the proposed days of grace cover


def leaving_labels(events: Any, population: Any, cutoffs: Sequence[datetime], windows: WindowSettings) -> Any:
    """Return one row per member of the population with `churned`, ordered by customer and cutoff.

    1 where a contract ends within the label window, the customer then has no contract, and no contract starts from the
    day of that end to `grace_days` days after it.
    """
    last = _last_ends(events)
    crossed = last.cross_join(label_table(cutoffs, windows))
    inside = crossed.filter((crossed.timestamp >= crossed.cutoff) & (crossed.timestamp < crossed.label_end))
    waited = day_number(inside.next_start) - day_number(inside.timestamp)
    observed = inside.next_start < inside.label_end + ibis.interval(days=windows.grace_days)
    returned = ((waited <= windows.grace_days) & observed).fill_null(False)
    left = inside.filter(~returned).select(*KEYS).distinct().mutate(left=ibis.literal(1, "int64"))
    joined = population.left_join(left, KEYS)
    return joined.select(*KEYS, churned=joined.left.fill_null(0)).order_by(KEYS)


def _last_ends(events: Any) -> Any:
    """Return the moments from which a customer has no contract, with the next start on or after each."""
    contracts = events.filter(events.kind.isin(_KINDS))
    begins = contracts.kind == "contract_start"
    moments = contracts.group_by("customer_id", "timestamp").agg(started=begins.sum(), ended=(~begins).sum())
    by_time = {"group_by": "customer_id", "order_by": "timestamp"}
    until, onward = ibis.window(**by_time, rows=(None, 0)), ibis.window(**by_time, rows=(0, None))
    counted = moments.mutate(under=(moments.started - moments.ended).sum().over(until))
    begins_anew = (counted.started > 0) & (counted.under > 0)
    begun = begins_anew.ifelse(counted.timestamp, ibis.null("timestamp"))
    followed = counted.mutate(next_start=begun.min().over(onward))
    last = followed.filter((followed.ended > 0) & (followed.under <= 0))
    return last.select("customer_id", "timestamp", "next_start")


def restart_notices(events: Any, windows: WindowSettings) -> tuple[Notice, ...]:
    """Return a notice where many ends are followed by a new start within days that `grace_days` does not cover.

    Such ends come from how dates are recorded: the last day of service, 23:59:59 of it, a day off by a time zone, or a
    renewal that is booked after the weekend. Nobody left.
    """
    last = _last_ends(events)
    waits = last.mutate(days=day_number(last.next_start) - day_number(last.timestamp))
    counts = waits.group_by("days").agg(ends=lambda t: t.count()).execute()
    total = int(counts["ends"].sum())
    soon = counts[(counts["days"] >= 1) & (counts["days"] <= _SOON_DAYS)].sort_values("days")
    restarts = int(soon["ends"].sum())
    uncovered = int(soon.loc[soon["days"] > windows.grace_days, "ends"].sum())
    if uncovered < max(_FEWEST_RESTARTS, _RESTART_SHARE * total):
        return ()
    reached = soon["ends"].cumsum() >= _MOST_RESTARTS * restarts
    grace = int(soon.loc[reached, "days"].iloc[0])
    when = "on the next day" if grace == 1 else f"within {grace} days"
    counted = int(soon.loc[soon["days"] <= grace, "ends"].sum())
    message = (
        f"{counted:,} of {total:,} ends are followed by a start of the same customer {when}: ends look inclusive, or "
        "renewals are booked late. Each counts as a customer who leaves."
    )
    return (Notice("inclusive_ends", message, f"windows.grace_days={grace}"),)


def count_reasons(events: Any, until: datetime) -> Any:
    """Return how many contracts ended before `until` by plan and reason given: `plan`, `reason`, `ends`, ordered."""
    ends = events.filter(
        (events.kind == "contract_end")
        & (events.timestamp < ibis.timestamp(f"{until:%Y-%m-%d %H:%M:%S}"))
        & events.category.notnull()
    )
    counted = ends.group_by(plan=ends.item, reason=ends.category).agg(ends=ends.count())
    return counted.order_by(ibis.desc("ends"), "reason", "plan")


def require_recorded_ends(events: Any, cutoffs: Sequence[datetime], end: datetime, windows: WindowSettings) -> None:
    """Raise `InputError` for cutoffs before the first recorded end of a contract; `end` is that of the observed span.

    Until then ends were not recorded, or nobody left: every label would be 0, stayed.
    """
    ends = events.filter(events.kind == "contract_end")
    first_end = str(ends.timestamp.min().execute())
    remedy = "check data.columns.end, data.open_tokens and data.observed_until."
    require(
        first_end != "NaT", "no contract ends within the observed data: there is no churn to learn from.", remedy=remedy
    )
    first = datetime.fromisoformat(first_end)
    early = [cutoff for cutoff in cutoffs if cutoff < first]
    if early:
        later = "a later windows.sealed_cutoff; or " * (windows.sealed_cutoff is not None)
        after = replace(windows, min_history_days=1)
        raise InputError(
            f"{len(early)} cutoffs from {min(early):%Y-%m-%d} on lie before the first recorded end of a contract, "
            f"{first:%Y-%m-%d}: until then every label would be 0 (stayed).",
            remedy=later + suggest_plan(first - timedelta(days=1), end, after),
        )
