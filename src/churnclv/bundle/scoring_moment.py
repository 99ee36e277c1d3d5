"""The moment and the horizon of scoring, compared with those of the bundle's training data and the file's end."""

from datetime import datetime, timedelta

from ..data.events import Events
from ..notices import Notice
from .specification import BundleSpecification

_MOST = 0.8  # of the customers in the training data: a file with so many is taken for the whole log
_PART_OF_HORIZON = 0.25


def holds_everybody(specification: BundleSpecification, events: Events) -> bool:
    """Return whether a file plausibly holds the whole log, and not an extract of it."""
    return specification.customers is not None and events.quality.customers >= _MOST * specification.customers


def other_horizon(specification: BundleSpecification, scored_days: float | None) -> tuple[Notice, ...]:
    """Return a notice where scores are for another horizon than the trained one; None asks for the trained one."""
    trained = specification.windows.horizon_days
    if scored_days is None or scored_days == trained:
        return ()
    message = (
        f"scores are for {scored_days:g} days, and the models were trained on {trained}: churn scores, purchases and "
        "spend are carried by the BTYD model's own time shape, which no label confirms."
    )
    remedy = f"leave horizon_days out for {trained} days; or train with windows.horizon_days={scored_days:g}."
    return (Notice("other_horizon", message, remedy),)


def moment_notices(specification: BundleSpecification, events: Events, moment: datetime) -> tuple[Notice, ...]:
    """Return notices on scoring a file as of a moment.

    Args:
        specification: of the bundle; scores are meant for `fitted_until` and about one horizon after it.
        events: of the file, which may hold some customers only.
        moment: the day that scores are as of.
    """
    until = specification.fitted_until
    if until is None:
        return ()
    notices, day, last = [], f"{moment:%Y-%m-%d}", datetime.fromisoformat(events.quality.last_event)
    whole, horizon = holds_everybody(specification, events), specification.windows.label_end(until) - until
    if moment < until:
        message = (
            f"scored as of {day}, {(until - moment).days:,} days before the end of the data that this bundle was "
            f"fitted on ({specification.fitted_through}): it was fitted on what it is to predict."
        )
        notices.append(Notice("as_of_before_bundle", message, f"as_of={specification.fitted_through}, or none."))
    if moment - until > horizon:
        message = (
            f"scored as of {day}, {(moment - until).days:,} days after the end of the data that this bundle was fitted "
            f"on ({specification.fitted_through}); its horizon is {horizon.days:,} days."
        )
        remedy = "make train and make export on the whole log; or as_of=, if a date of the file is wrong."
        notices.append(Notice("as_of_after_bundle", message, remedy))
    is_last_event = moment == events.end > until and moment - last <= timedelta(days=1)
    if is_last_event and not whole and specification.customers is not None:
        notices.append(_extract(day, events.quality.customers, specification))
    if whole and moment - last > _PART_OF_HORIZON * horizon:
        message = (
            f"scored as of {day}, but the last event of the file is of {last:%Y-%m-%d}: nothing is recorded for "
            f"{(moment - last).days:,} days."
        )
        notices.append(Notice("file_ends_early", message, "export the log up to as_of, or give as_of= of its end."))
    return tuple(notices)


def _extract(day: str, customers: int, specification: BundleSpecification) -> Notice:
    message = (
        f"scored as of {day}, the day after the last event of a file of {customers:,} customers (the bundle has "
        f"learned from {specification.customers:,}): other extracts of the same log get another day."
    )
    return Notice("as_of_of_an_extract", message, "give as_of=, the day on which the log was exported.")
