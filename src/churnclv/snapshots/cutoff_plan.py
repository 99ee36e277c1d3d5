"""The plan of cutoffs: training cutoffs, folds by rolling origin, and the sealed cutoff."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from ..errors import InputError, require
from .calendar_months import require_months_fit, suggest_months_plan
from .settings import WindowSettings

Part = datetime | int  # a cutoff, or a part of a labelled table, which has no time


@dataclass(frozen=True)
class Fold:
    """Training cutoffs whose label windows end (and the gap passes) on or before the validation cutoff.

    In a labelled table: the training parts, and the validation part.
    """

    train: tuple[Any, ...]
    valid: Any


@dataclass(frozen=True)
class Plan:
    """Every cutoff of a run, in order of time; label windows of `cutoffs` end on or before `sealed`.

    `horizon_days` is the length of the sealed label window, where horizons are in months. Without a sealed test
    (`has_test` is false) `sealed` is the end of the data, where the models are refitted.
    """

    horizon_days: int
    cutoffs: tuple[datetime, ...]
    folds: tuple[Fold, ...]
    sealed: datetime
    horizon_months: int | None = None
    grace_days: int = 0
    has_test: bool = True

    @property
    def everything(self) -> tuple[datetime, ...]:
        """Training cutoffs and the sealed one: the cutoffs at which features are computed."""
        return (*self.cutoffs, self.sealed)

    @property
    def tried_cutoffs(self) -> tuple[datetime, ...]:
        """The first cutoff, with most data after it, and the sealed one, with only labels after it."""
        return self.cutoffs[0], self.sealed

    @property
    def sealed_name(self) -> str:
        """The name of the sealed test in the ledger of its openings."""
        return f"{self.sealed:%Y-%m-%d}"

    @property
    def horizon_text(self) -> str:
        """The label window as text for people."""
        return f"within {self.horizon_days} days"

    def as_dict(self) -> dict[str, object]:
        """Return the plan for records: dates as text."""
        chosen = {"horizon_months": self.horizon_months, "grace_days": self.grace_days}
        return {
            "horizon_days": self.horizon_days,
            **{name: value for name, value in chosen.items() if value},
            "cutoffs": [f"{cutoff:%Y-%m-%d}" for cutoff in self.cutoffs],
            "valid": [f"{fold.valid:%Y-%m-%d}" for fold in self.folds],
            "sealed": f"{self.sealed:%Y-%m-%d}" if self.has_test else "none",
        }

    @property
    def evaluated(self) -> dict[str, object]:
        """What runs are evaluated on, whatever they are trained on: runs are comparable where it is the same."""
        return {name: value for name, value in self.as_dict().items() if name != "cutoffs"}

    def lines(self) -> list[str]:
        """Return the plan as lines for people."""
        valid = ", ".join(f"{fold.valid:%Y-%m-%d}" for fold in self.folds)
        months = self.horizon_months
        length = (
            f"{self.horizon_days} days" if months is None else f"{months} month{'s' * (months > 1)} of the calendar"
        )
        span = f"{self.cutoffs[0]:%Y-%m-%d} to {self.cutoffs[-1]:%Y-%m-%d}"
        test = f"sealed test at {self.sealed:%Y-%m-%d}: features before it, labels from it on"
        return [
            f"horizon {length}; {len(self.cutoffs)} training cutoffs {span}; validated at {valid}",
            test if self.has_test else "no sealed test: every label is used to train or to validate",
        ]


def make_plan(start: datetime, end: datetime, settings: WindowSettings) -> Plan:
    """Lay cutoffs over the observed span [start, end).

    Raises:
        InputError: the cutoffs do not fit; the message names plans that would.
    """
    sealed = _sealed_cutoff(end, settings)
    if settings.in_months:
        require_months_fit(start, end, sealed, settings)
    else:
        _require_days_fit(start, end, sealed, settings)
    cutoffs = _cutoffs(settings.latest_cutoff(sealed - timedelta(days=settings.gap_days)), settings)
    folds = tuple(_fold(valid, cutoffs, settings) for valid in cutoffs[-settings.n_folds :])
    days = (settings.label_end(sealed) - sealed).days
    return Plan(days, cutoffs, folds, sealed, settings.horizon_months, settings.grace_days, settings.sealed_test)


def suggest_plan(start: datetime, end: datetime, settings: WindowSettings) -> str:
    """Return the nearest plan that fits the observed span [start, end), as text."""
    sealed = _sealed_cutoff(end, settings)
    if settings.in_months:
        return suggest_months_plan(start, end, sealed, settings)
    return _suggest_days_plan((end - start).days, (sealed - start).days, settings)


def refit_cutoffs(start: datetime, end: datetime, settings: WindowSettings) -> tuple[datetime, ...]:
    """Return the training cutoffs of a refit through the end of the data: every label known by then."""
    earliest = start + timedelta(days=settings.min_history_days)
    return tuple(cutoff for cutoff in _cutoffs(settings.latest_cutoff(end), settings) if cutoff >= earliest)


def _cutoffs(latest: datetime, settings: WindowSettings) -> tuple[datetime, ...]:
    return tuple(settings.step_back(latest, back) for back in reversed(range(settings.n_cutoffs)))


def _fold(valid: datetime, cutoffs: tuple[datetime, ...], settings: WindowSettings) -> Fold:
    labels_by = valid - timedelta(days=settings.gap_days)
    return Fold(tuple(cutoff for cutoff in cutoffs if settings.label_available(cutoff) <= labels_by), valid)


def _sealed_cutoff(end: datetime, settings: WindowSettings) -> datetime:
    if not settings.sealed_test:
        return end
    last = settings.latest_cutoff(end)
    if settings.sealed_cutoff is None:
        return last
    try:
        chosen = datetime.fromisoformat(settings.sealed_cutoff)
    except ValueError:
        raise InputError(
            f"windows.sealed_cutoff={settings.sealed_cutoff} is not a date.", remedy="write 2011-09-09."
        ) from None
    require(chosen.tzinfo is None, f"windows.sealed_cutoff={chosen} has a time zone.", remedy="write 2011-09-09.")
    month = chosen.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    require(
        chosen == month or not settings.in_months,
        f"windows.sealed_cutoff={settings.sealed_cutoff}: in months, cutoffs lie on the first of a month.",
        remedy=f"the last one possible is {last:%Y-%m-%d}.",
    )
    remedy = f"the last cutoff whose label window ({settings.horizon_text}) has happened is {last:%Y-%m-%d}."
    require(chosen <= last, f"windows.sealed_cutoff={chosen:%Y-%m-%d} is too late for its labels.", remedy=remedy)
    return chosen


def _require_days_fit(start: datetime, end: datetime, sealed: datetime, settings: WindowSettings) -> None:
    days, days_to_seal = (end - start).days, (sealed - start).days
    least = least_cutoffs(settings.wait_days, settings.n_folds, settings.step_days)
    if not least <= settings.n_cutoffs <= most_cutoffs(days_to_seal, settings):
        raise InputError(
            f"The plan does not fit the data: {days} days from {start:%Y-%m-%d} to {end:%Y-%m-%d}, "
            f"windows.horizon_days={settings.horizon_days}, n_cutoffs={settings.n_cutoffs}, "
            f"step_days={settings.step_days}, n_folds={settings.n_folds}, "
            f"min_history_days={settings.min_history_days}.",
            remedy=_suggest_days_plan(days, days_to_seal, settings),
        )


def days_to_sealed(start: datetime, end: datetime, settings: WindowSettings) -> int:
    """Return the days from the start of the data to the sealed cutoff."""
    return (_sealed_cutoff(end, settings) - start).days


def most_cutoffs(days_to_seal: int, settings: WindowSettings) -> int:
    """Return the most training cutoffs that leave enough data before the first one."""
    room = days_to_seal - settings.min_history_days - settings.wait_days
    return max(0, room // settings.step_days + 1)


def least_cutoffs(wait_days: int, folds: int, step_days: int) -> int:
    """Return the fewest training cutoffs that give so many folds; `wait_days` is `WindowSettings.wait_days`."""
    return folds + ceil(wait_days / step_days)


def days_needed(wait_days: int, folds: int, step_days: int) -> int:
    """Return the days from the first training cutoff to the sealed one that the folds need, at the least cutoffs."""
    return (least_cutoffs(wait_days, folds, step_days) - 1) * step_days + wait_days


def _suggest_days_plan(days: int, days_to_seal: int, settings: WindowSettings) -> str:
    """Name the nearest plans that fit: fewer or more cutoffs, a shorter horizon, a single fold."""
    folds, step = settings.n_folds, settings.step_days
    least, most = least_cutoffs(settings.wait_days, folds, step), most_cutoffs(days_to_seal, settings)
    if least <= most:
        return f"what would fit: windows.n_cutoffs={least}" + (f" to {most}" if most > least else "")
    fits = []
    for count in dict.fromkeys((folds, 1)):
        longest = _longest_horizon(count, days, days_to_seal, settings)
        if longest is not None:
            cutoffs = least_cutoffs(settings.wait_days - settings.horizon_days + longest, count, step)
            fits.append(f"windows.horizon_days={longest} windows.n_folds={count} windows.n_cutoffs={cutoffs}")
    if fits:
        return "what would fit: " + "; or ".join(fits)
    return "no horizon fits: a longer log, or a smaller windows.min_history_days, step_days or gap_days, is needed."


def _longest_horizon(folds: int, days: int, days_to_seal: int, settings: WindowSettings) -> int | None:
    """Return the longest horizon that fits; the sealed cutoff moves with the horizon, unless it is chosen."""
    moves = settings.sealed_test and settings.sealed_cutoff is None
    beside, history = settings.wait_days - settings.horizon_days, settings.min_history_days
    for horizon in range(settings.horizon_days, 0, -1):
        needed = history + days_needed(horizon + beside, folds, settings.step_days)
        if needed <= (days - horizon - settings.grace_days if moves else days_to_seal):
            return horizon
    return None
