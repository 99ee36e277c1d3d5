"""Contracts: one row with start and end becomes dated events; ends after the observed span are removed."""

from datetime import datetime, timedelta
from typing import Any

import ibis

from ..errors import require
from . import parsing
from .dates import Dates, choose_dates
from .schema import event_columns
from .settings import DataSettings, Policy
from .source import RawLog

CONTRACT_ROLES = {"order_id": "contract_id", "item": "plan", "category": "reason"}  # canonical column -> role
_NEVER_ENDS = "9999-12-31"
_FAR = "(9999|2999)"  # years that mean "never"
_NO_DATE = (  # texts that programs export for "no date" or "never", in lower case
    r"^(nat|nil|\\n|#n/?a|0000-00-00.*|00[./]00[./]0000.*|"
    rf"{_FAR}-12-31.*|31[./]12[./]{_FAR}.*|12/31/{_FAR}.*)$"
)
_PLANNED_DAYS = 31  # an end more than this after the last start may be planned


def choose_ends(log: RawLog, settings: DataSettings) -> Dates:
    """Return how the ends of contracts are read.

    Raises:
        InputError: days and months cannot be distinguished.
    """
    return choose_dates(log, settings, "end", _is_open)


def _is_open(raw: Any, settings: DataSettings) -> Any:
    """Return whether a contract is open.

    Its end is then blank, one of `open_tokens` or `missing_tokens`, or a text that programs export for "no date" or
    "never".
    """
    text = raw.end.strip().fill_null("")
    tokens = {token.lower() for token in (*settings.open_tokens, *settings.missing_tokens)}
    return (text == "") | text.lower().isin(sorted(tokens)) | text.lower().re_search(_NO_DATE)


def parse_ends(raw: Any, ends: Dates, settings: DataSettings) -> dict[str, Any]:
    """Parse the ends of contracts into the columns `end`, `is_open` and `mixed_end_format`.

    `end` is null where the contract is open or the text cannot be read.
    """
    is_open, dates = _is_open(raw, settings), ends.parse(raw, settings)
    other_shape = (dates.other_shape & dates.moment.notnull() & ~is_open).fill_null(False)
    unread = is_open if settings.policy.mixed_end_format is Policy.keep else is_open | other_shape
    end = unread.ifelse(ibis.null("timestamp"), dates.moment)
    return {"end": end, "is_open": is_open, "mixed_end_format": other_shape}


def find_observed_until(
    rows: Any, origin: str, settings: DataSettings, observed_since: datetime | None = None
) -> datetime:
    """Return the end of the observed span: `data.observed_until`, or midnight after the last start or end.

    If no contract starts on or after the day `observed_since`, the span ends on that day: later ends are planned.

    Raises:
        InputError: the last end is more than 31 days after the last start, so it may be planned, and
            `data.observed_until` is not set.
    """
    latest = parsing.latest_moment(settings)
    past = rows.filter(rows.customer_id.notnull() & (rows.timestamp <= latest))
    last = past.aggregate(start=past.timestamp.max(), end=past.end.max(where=past.end <= latest)).execute().iloc[0]
    start = _moment(last["start"], latest)
    end = _moment(last["end"], start)
    if settings.observed_until is not None:
        return parsing.bound(settings.observed_until, start, "data.observed_until")
    if observed_since is not None and start < observed_since:
        return observed_since
    require(
        end <= start + timedelta(days=_PLANNED_DAYS),
        f"{origin}: the last contract starts on {start:%Y-%m-%d} and the last one ends on {end:%Y-%m-%d}: "
        "the latest ends may be planned rather than past.",
        remedy="set data.observed_until to the day of the export; starts and ends at or after it are not used.",
    )
    return max(start, end).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _moment(value: Any, default: datetime) -> datetime:
    return default if str(value) == "NaT" else datetime.fromisoformat(str(value))


def flag_contracts(rows: Any, until: datetime) -> Any:
    """Add one boolean column per contract fault; set `end` to null where it is at or after `until`."""
    moment = ibis.timestamp(f"{until:%Y-%m-%d %H:%M:%S.%f}")
    not_started, planned = rows.timestamp >= moment, rows.end >= moment
    flags = {
        "unparseable_end": ~rows.is_open & ~rows.mixed_end_format & rows.end.isnull(),
        "end_before_start": rows.end < rows.timestamp,
        "after_observation": not_started,
        "end_after_observation": planned & ~not_started,
        "missing_price": rows.missing_amount,
        "negative_price": rows.amount < 0,
    }
    filled = {name: flag.fill_null(False) for name, flag in flags.items()}
    return rows.mutate(**filled, end=planned.fill_null(False).ifelse(ibis.null("timestamp"), rows.end))


def overlapping_contracts(rows: Any) -> Any:
    """Return whether a kept contract starts before the day on which an earlier contract of its customer ends.

    A start on the day of the earlier end is a renewal, not an overlap.
    """
    usable = rows.set_aside_for.isnull()
    last_day = rows.end.date().fill_null(ibis.date(_NEVER_ENDS))
    order = [rows.timestamp, last_day, rows.content, rows.row]
    former = ibis.window(group_by=[rows.customer_id, usable], order_by=order, rows=(None, -1))
    return usable & (rows.timestamp.date() < last_day.max().over(former)).fill_null(False)


def contract_events(rows: Any, settings: DataSettings) -> Any:
    """Return the canonical events of contracts: starts, ends, and plan changes.

    A contract that starts on the day on which another contract of its customer ends is a renewal or a change of plan:
    both events are kept, and a `plan_change` is added at the later of the two timestamps. The start event has the
    price, the end event the reason. Contracts without an id are numbered by start.
    """
    order = [rows.timestamp, rows.end.fill_null(ibis.timestamp(_NEVER_ENDS)), rows.content, rows.row]
    number = ibis.row_number().over(group_by=rows.customer_id, order_by=order) + 1
    contracts = rows.mutate(order_id=rows.order_id.fill_null(ibis.literal("#") + number.cast("string")))
    starts = contracts.mutate(kind=ibis.literal("contract_start"), category=ibis.null("string"))
    ended = contracts.filter(contracts.end.notnull())
    ends = ended.mutate(
        kind=ibis.literal("contract_end"),
        timestamp=ended.end,
        amount=ibis.null(parsing.AMOUNT),
        quantity=ibis.null(parsing.AMOUNT),
        channel=ibis.null("string"),
    )
    events = (starts, ends, _plan_changes(contracts, ended))
    columns = event_columns(settings)
    return ibis.union(*[table.select(*columns) for table in events])


def _plan_changes(contracts: Any, ended: Any) -> Any:
    """Return one event per contract that starts on the day on which another contract of its customer ends."""
    before = ended.select(
        customer_id=ended.customer_id, day=ended.end.date(), former_end=ended.end, former_row=ended.row
    )
    joined = contracts.mutate(day=contracts.timestamp.date()).inner_join(before, ["customer_id", "day"])
    renewed = (
        joined.filter(joined.row != joined.former_row).group_by("row").agg(former_end=lambda t: t.former_end.max())
    )
    changed = contracts.inner_join(renewed, "row")
    return changed.mutate(
        kind=ibis.literal("plan_change"),
        timestamp=ibis.greatest(changed.timestamp, changed.former_end),
        quantity=ibis.null(parsing.AMOUNT),
        category=ibis.null("string"),
        channel=ibis.null("string"),
    )
