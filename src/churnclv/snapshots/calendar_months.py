"""Plans in calendar months: whether a plan fits the data, and which plans would fit."""

from dataclasses import replace
from datetime import datetime, timedelta

from ..errors import InputError
from .settings import WindowSettings


def require_months_fit(start: datetime, end: datetime, sealed: datetime, settings: WindowSettings) -> None:
    """Raise `InputError` unless the cutoffs before `sealed` lie in the data and give every fold a training cutoff."""
    usable = _usable_cutoffs(start, sealed, settings)
    least = _least_cutoffs(usable, settings.n_folds, settings)
    if least is not None and least <= settings.n_cutoffs <= len(usable):
        return
    raise InputError(
        f"The plan does not fit the data: {start:%Y-%m-%d} to {end:%Y-%m-%d}, "
        f"windows.horizon_months={settings.horizon_months}, n_cutoffs={settings.n_cutoffs}, "
        f"step_months={settings.step_months}, n_folds={settings.n_folds}, "
        f"min_history_days={settings.min_history_days}.",
        remedy=suggest_months_plan(start, end, sealed, settings),
    )


def _usable_cutoffs(start: datetime, sealed: datetime, settings: WindowSettings) -> list[datetime]:
    """Return the training cutoffs with enough data before them, the latest first."""
    earliest = start + timedelta(days=settings.min_history_days)
    cutoff = settings.latest_cutoff(sealed - timedelta(days=settings.gap_days))
    usable = []
    while cutoff >= earliest:
        usable.append(cutoff)
        cutoff = settings.step_back(cutoff, 1)
    return usable


def _least_cutoffs(usable: list[datetime], folds: int, settings: WindowSettings) -> int | None:
    """Return how many of the cutoffs are needed so that the earliest fold has a training cutoff."""
    if len(usable) <= folds:
        return None
    labels_by = usable[folds - 1] - timedelta(days=settings.gap_days)
    counts = range(folds + 1, len(usable) + 1)
    return next((count for count in counts if settings.label_available(usable[count - 1]) <= labels_by), None)


def suggest_months_plan(start: datetime, end: datetime, sealed: datetime, settings: WindowSettings) -> str:
    """Name the nearest plans that fit: fewer or more cutoffs, a shorter horizon, a single fold."""
    usable = _usable_cutoffs(start, sealed, settings)
    least = _least_cutoffs(usable, settings.n_folds, settings)
    if least is not None:
        most = f" to {len(usable)}" if len(usable) > least else ""
        return f"what would fit: windows.n_cutoffs={least}{most}"
    fits = []
    for folds in dict.fromkeys((settings.n_folds, 1)):
        for months in range(settings.horizon_months or 1, 0, -1):
            shorter = replace(settings, horizon_months=months)
            seal = shorter.latest_cutoff(end) if settings.sealed_test and settings.sealed_cutoff is None else sealed
            least = _least_cutoffs(_usable_cutoffs(start, seal, shorter), folds, shorter)
            if least is not None:
                fits.append(f"windows.horizon_months={months} windows.n_folds={folds} windows.n_cutoffs={least}")
                break
    if fits:
        return "what would fit: " + "; or ".join(fits)
    return "no horizon fits: a longer log, or a smaller windows.min_history_days, step_months or gap_days, is needed."
