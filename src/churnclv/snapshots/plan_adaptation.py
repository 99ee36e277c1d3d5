"""Adaptation of the plan to the log: the nearest plan that fits a short log, or a horizon that is long for it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from math import ceil

from ..errors import InputError
from ..notices import Notice
from .cutoff_plan import days_needed, days_to_sealed, least_cutoffs, make_plan, most_cutoffs
from .settings import WindowSettings

SHORTEST_HORIZON_DAYS = 7  # a week: below it the weekday decides
_LEAST_HISTORY_DAYS = 7
_HISTORY_SHARE = 4  # at least a quarter of the horizon lies before the first cutoff
_CHANGED = ("horizon_days", "n_folds", "n_cutoffs", "step_days", "step_months", "gap_days", "min_history_days")


def adapt_windows(
    start: datetime, end: datetime, settings: WindowSettings
) -> tuple[WindowSettings, tuple[Notice, ...]]:
    """Return the settings of the nearest plan that fits the observed span [start, end), with a notice of the changes.

    Folds keep their rule: the labels of the training cutoffs end on or before the validation cutoff. In this order the
    plan gives up: days between cutoffs, cutoffs and folds; history beyond one horizon; the sealed test, unless its date
    is set; history down to a quarter of the horizon; the gap; the length of the horizon. It never has more cutoffs than
    configured, so that it takes no longer.

    Parameters
    ----------
    start, end
        The observed span.
    settings
        The configured windows.

    Returns
    -------
    tuple of WindowSettings and tuple of Notice
        The configured settings and no notice where they fit, `adapt` is off, they fit no log at all (not more cutoffs
        than folds), or nothing fits: `make_plan` then refuses them with its own message.
    """
    if not settings.adapt or settings.n_cutoffs <= settings.n_folds or _fits(start, end, settings):
        return settings, ()
    for relaxed in _relaxations(start, end, settings):
        laid = _lay(start, end, relaxed)
        if laid is not None:
            return laid, _notices(start, end, settings, laid)
    return settings, ()


def _fits(start: datetime, end: datetime, settings: WindowSettings) -> bool:
    try:
        make_plan(start, end, settings)
    except InputError:
        return False
    return True


def _relaxations(start: datetime, end: datetime, settings: WindowSettings) -> Iterator[WindowSettings]:
    """Yield settings that need less and less of the log; cutoffs and folds are laid out for each."""
    unit = settings.nominal_horizon_days
    whole = min(settings.min_history_days, unit)
    yield settings
    yield replace(settings, min_history_days=whole)
    if settings.sealed_cutoff is None:
        settings = replace(settings, sealed_test=False)
        yield settings
        yield replace(settings, min_history_days=whole)
    settings = replace(settings, min_history_days=_least_history(unit, settings))
    yield settings
    settings = replace(settings, gap_days=0)
    yield settings
    if not settings.in_months:
        yield from _shorter(start, end, settings)


def _least_history(horizon_days: int, settings: WindowSettings) -> int:
    return min(settings.min_history_days, max(_LEAST_HISTORY_DAYS, ceil(horizon_days / _HISTORY_SHARE)))


def _shorter(start: datetime, end: datetime, settings: WindowSettings) -> Iterator[WindowSettings]:
    """Yield the settings with the longest horizon of which a single fold fits, if there is one."""
    days, beside = days_to_sealed(start, end, settings), settings.wait_days - settings.horizon_days
    for horizon in range(settings.horizon_days - 1, SHORTEST_HORIZON_DAYS - 1, -1):
        history = _least_history(horizon, settings)
        if 2 * (horizon + beside) + history <= days:
            yield replace(settings, horizon_days=horizon, min_history_days=history)
            return


def _lay(start: datetime, end: datetime, settings: WindowSettings) -> WindowSettings | None:
    """Return the settings with the most folds, and steps nearest to the configured ones, that fit; None where none do.

    Raises:
        InputError: the date of the sealed test is no date, or too late.
    """
    for folds in range(settings.n_folds, 0, -1):
        fewer = replace(settings, n_folds=folds)
        laid = _lay_months(start, end, fewer) if settings.in_months else _lay_days(start, end, fewer)
        if laid is not None:
            return laid
    return None


def _lay_days(start: datetime, end: datetime, settings: WindowSettings) -> WindowSettings | None:
    days, wait, folds = days_to_sealed(start, end, settings), settings.wait_days, settings.n_folds
    least_step = ceil(wait / (settings.n_cutoffs - folds))  # more cutoffs would be needed for shorter steps
    nearest = max(least_step, settings.step_days)
    for step in (*range(nearest, least_step - 1, -1), *range(nearest + 1, wait + 1)):
        if settings.min_history_days + days_needed(wait, folds, step) <= days:
            laid = replace(settings, step_days=step)
            return replace(laid, n_cutoffs=min(settings.n_cutoffs, most_cutoffs(days, laid)))
    return None


def _lay_months(start: datetime, end: datetime, settings: WindowSettings) -> WindowSettings | None:
    for cutoffs in range(settings.n_cutoffs, settings.n_folds, -1):
        laid = replace(settings, n_cutoffs=cutoffs)
        if _fits(start, end, laid):
            return laid
    return None


def _notices(start: datetime, end: datetime, settings: WindowSettings, laid: WindowSettings) -> tuple[Notice, ...]:
    """Return what was changed and why; a shorter horizon has a notice of its own."""
    days = (end - start).days
    changes = [
        f"{name} {getattr(settings, name)} -> {getattr(laid, name)}"
        for name in _CHANGED
        if getattr(settings, name) != getattr(laid, name)
    ]
    if settings.sealed_test and not laid.sealed_test:
        changes.append("no sealed test, the newest labels validate")
    adapted = Notice(
        "adapted_plan",
        f"the configured windows do not fit the {days} days of the log; they were adapted: {'; '.join(changes)}.",
        f"{_longer(settings, days)}windows.adapt=false refuses instead.",
    )
    if laid.horizon_days == settings.horizon_days:
        return (adapted,)
    return (adapted, _extrapolation(settings, laid.horizon_days, days))


def _longer(settings: WindowSettings, days: int) -> str:
    """Return how long a log has to be for the configured plan; empty where the length is not the reason."""
    if settings.in_months or settings.sealed_cutoff is not None or _needs_cutoffs(settings) > settings.n_cutoffs:
        return ""
    most = settings.min_history_days + (settings.n_cutoffs - 1) * settings.step_days + settings.wait_days
    needed = most + (settings.horizon_days + settings.grace_days) * settings.sealed_test
    return f"a log of {needed} days holds them; " if needed > days else ""


def _needs_cutoffs(settings: WindowSettings) -> int:
    return least_cutoffs(settings.wait_days, settings.n_folds, settings.step_days)


def _extrapolation(settings: WindowSettings, trained: int, days: int) -> Notice:
    wanted, least = settings.horizon_days, _least_history(settings.horizon_days, settings)
    enough = 2 * (wanted + settings.grace_days) + least
    return Notice(
        "shorter_horizon",
        f"a horizon of {wanted} days cannot be learned from {days} days: models are trained and validated on {trained} "
        f"days, and scores are for them. Beyond, only the BTYD model's own time shape extrapolates.",
        f"make score ... HORIZON_DAYS={wanted} extrapolates; windows.horizon_days={trained} asks for what can be "
        f"validated; {wanted} days need a log of {enough} days.",
    )
