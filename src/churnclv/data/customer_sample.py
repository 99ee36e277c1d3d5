"""A sample of customers that models learn from, and are evaluated on, where a log has more than are needed."""

from dataclasses import replace
from typing import Any

from .events import Events
from .fingerprint import md5_number_lower

SAMPLED = "events_of_sample"
_STARTS = ("order", "refund", "contract_start")  # kinds of events that make a customer


def sample_customers(events: Events, most: int | None) -> Events:
    """Return the events of at most so many customers, those of the least hashes of their ids.

    Whether a customer is in the sample does not depend on their behaviour. A later log, or a larger limit, keeps the
    customers of the sample unless new ones have lesser hashes.

    Parameters
    ----------
    events
        The log.
    most
        The limit; None takes everybody.

    Returns
    -------
    Events
        `events` itself where it has no more customers. Otherwise `table` has the sample's events, and `everyone` those
        of all customers, for families that look at other customers.
    """
    if most is None or events.quality.customers <= most:
        return events
    ids = events.table.filter(events.table.kind.isin(_STARTS)).select("customer_id").distinct()
    hashed = ids.mutate(place=md5_number_lower(ids.customer_id))
    chosen = hashed.order_by("place", "customer_id").limit(most).select("customer_id")
    table = events.connection.create_table(SAMPLED, _only(events.table, chosen), temp=True, overwrite=True)
    learned = int(table.select("customer_id").distinct().count().execute())
    return replace(events, table=table, everyone=events.table, quality=replace(events.quality, learned=learned))


def _only(table: Any, customers: Any) -> Any:
    return table.semi_join(customers, "customer_id")
