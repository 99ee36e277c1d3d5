"""Renewals: open contracts whose term ends soon, their monthly revenue, and what of it is expected to be lost."""

from datetime import datetime, timedelta
from typing import Any

import ibis
import pandas as pd

from .bundle_scores import Champion
from .customer_base import CustomerBase
from .estimates import exact
from .survival import price_spells

WINDOWS_DAYS = (30, 60, 90)
MONTHLY = "monthly"
_SCORES = "insight_renewal_scores"


def count_renewals(base: CustomerBase, champion: Champion | None) -> pd.DataFrame:
    """Return the open contracts that renew soon, a row per window and last those billed monthly, indexed by `due`.

    A contract of a term renews at whole terms after its start: it is due in a window of so many days if its next
    renewal lies in [day of the report, that day + window). Windows contain the shorter ones. Contracts without a term
    are billed monthly, in a row of their own, which is left out where there are none.

    Columns: `contracts`, `revenue` (their prices per month now), `loss` (churn score of the customer x price, summed
    over contracts with a score) and `scored` (how many have one).
    """
    groups = _open_contracts(base, champion)
    has_term = groups["term"].to_numpy(dtype=float) > 0
    due = pd.Series(pd.NaT, index=groups.index, dtype="datetime64[us]")
    due[has_term] = [
        next_renewal(begin, int(term), base.as_of)
        for begin, term in groups.loc[has_term, ["begin", "term"]].itertuples(index=False)
    ]
    today = _day(base.as_of)
    sums = ["contracts", "revenue", "loss", "scored"]
    rows: dict[int | str, pd.Series[float]] = {
        days: groups.loc[due < today + timedelta(days=days), sums].sum() for days in WINDOWS_DAYS
    }
    if not has_term.all():
        rows[MONTHLY] = groups.loc[~has_term, sums].sum()
    return pd.DataFrame(rows).T.rename_axis("due")


def next_renewal(begin: datetime, term_months: int, today: datetime) -> datetime:
    """Return the first day, today or later, that lies a whole number of terms after a start; one term at the least.

    A month without the start's day, such as the 31st, renews on its last day.
    """
    start, day = pd.Timestamp(_day(begin)), pd.Timestamp(_day(today))
    passed = 12 * (day.year - start.year) + day.month - start.month
    terms = max(1, passed // term_months)
    while start + pd.DateOffset(months=terms * term_months) < day:
        terms += 1
    return (start + pd.DateOffset(months=terms * term_months)).to_pydatetime()


def _day(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def _open_contracts(base: CustomerBase, champion: Champion | None) -> pd.DataFrame:
    """Return the open contracts by day of start (`begin`) and `term`, summed."""
    spells = price_spells(base)
    now = spells.filter(spells.end.isnull())  # noqa: PD003 # an engine expression
    joined = _with_scores(base, now, champion)
    price = joined.price.fill_null(ibis.literal(0))
    counted = joined.group_by(begin=joined.since.truncate("D"), term=joined.term.cast("float64")).agg(
        contracts=joined.count(), revenue=price.sum().cast("float64"),
        loss=exact(price.cast("float64") * joined.churn_score).sum().cast("float64"),
        scored=joined.churn_score.count(),
    )  # fmt: skip
    table: pd.DataFrame = counted.order_by("begin", "term").execute()
    return table.fillna({"loss": 0.0, "term": 0.0})


def _with_scores(base: CustomerBase, table: Any, champion: Champion | None) -> Any:
    if champion is None or not len(champion.scored):
        return table.mutate(churn_score=ibis.null("float64"))
    scores = champion.scored[["customer_id", "churn_score"]]
    stored = base.connection.create_table(_SCORES, scores, temp=True, overwrite=True)
    return table.left_join(stored, "customer_id").select(*table.columns, "churn_score")
