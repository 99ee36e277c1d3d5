"""The profile of a log: how many events of which kinds and values a window of it holds, and how many were refused.

A bundle keeps that of the last days it was fitted on. Monitoring compares the recent events with it.
"""

from datetime import datetime, timedelta
from typing import Any

import ibis

from ..data.events import Events
from ..data.readings import LEAST_CUSTOMERS
from ..data.settings import STATIC

LOG_PROFILE = "log_profile.json"  # its file in a bundle
RECENT_DAYS = 28  # of the window that is kept and compared: whole weeks, for weekdays differ
_VALUED = ("kind", "category", "channel")
_MOST_VALUES = 50  # a column with more is a list of things, not of categories
_QUANTILES = {"0.05": 0.05, "0.25": 0.25, "0.5": 0.5, "0.75": 0.75, "0.95": 0.95}


def describe_log(events: Events, end: datetime, days: int) -> dict[str, Any]:
    """Return the profile of the events in the `days` before `end`; the refused rows are those of the whole file.

    Parameters
    ----------
    events
        The canonical events.
    end
        The end of the window, not in it.
    days
        Its length.

    Returns
    -------
    dict
        For JSON: `days`; `events` and `customers` in the window; `amounts`, quantiles of an order line's; `columns`,
        with the share of missing cells and the customers of each value that at least five of them have; `refused`, the
        share of the file's rows that was set aside, by fault. A column with more than 50 such values is left out.
    """
    start = max(end - timedelta(days=days), events.start)
    recent = events.table.filter((events.table.timestamp >= _moment(start)) & (events.table.timestamp < _moment(end)))
    totals = recent.agg(events=recent.count(), customers=recent.customer_id.nunique()).execute().iloc[0]
    named = [*_VALUED, *(name for name in events.table.columns if name.startswith(STATIC))]
    columns = {name: _describe_values(recent, name) for name in named}
    return {
        "days": (end - start).days,
        "events": int(totals["events"]),
        "customers": int(totals["customers"]),
        "amounts": _quantiles(recent),
        "columns": {name.removeprefix(STATIC): values for name, values in columns.items() if values is not None},
        "refused": _refused(events.quality),
    }


def _moment(moment: datetime) -> Any:
    return ibis.timestamp(f"{moment:%Y-%m-%d %H:%M:%S}")


def _describe_values(recent: Any, name: str) -> dict[str, Any] | None:
    """Return the share of missing cells and the customers by value; None for a column that is empty or a long list."""
    value = recent[name]
    counted = recent.group_by(value=value).agg(rows=recent.count(), customers=recent.customer_id.nunique())
    frame = counted.order_by(ibis.desc("customers"), "value").limit(_MOST_VALUES + 2).execute()
    rows = int(recent.count().execute())
    missing = int(frame.loc[frame["value"].isna(), "rows"].sum())
    present = frame[frame["value"].notna() & (frame["customers"] >= LEAST_CUSTOMERS)]
    if missing == rows or len(present) > _MOST_VALUES:
        return None
    customers = {str(key): int(count) for key, count in zip(present["value"], present["customers"], strict=True)}
    return {"missing_share": missing / max(rows, 1), "customers": dict(sorted(customers.items()))}


def _quantiles(recent: Any) -> dict[str, float]:
    """Return quantiles of the amounts of order lines; none where the log has no amounts."""
    amounts = recent.filter((recent.kind == "order") & recent.amount.notnull())
    if not int(amounts.count().execute()):
        return {}
    size = amounts.amount.cast("float64")
    row = amounts.agg(**{f"q{place}": size.quantile(q) for place, q in enumerate(_QUANTILES.values())}).execute()
    return {name: float(row[f"q{place}"].iloc[0]) for place, name in enumerate(_QUANTILES)}


def _refused(quality: Any) -> dict[str, float]:
    rows = max(quality.rows_read, 1)
    return {count.fault: count.set_aside / rows for count in quality.faults if count.set_aside}
