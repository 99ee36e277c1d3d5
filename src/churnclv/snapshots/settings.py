"""What can be chosen about cutoffs, label windows and population."""

from dataclasses import dataclass

from ..errors import require

MOST = 36500  # a century of days: dates stay within the calendar


@dataclass
class WindowSettings:
    """Rolling-origin windows, in days.

    Attributes:
        horizon_days: length of every label window [cutoff, cutoff + horizon).
        step_days: days between training cutoffs.
        n_cutoffs: training cutoffs, counted back from the latest whose labels are known at the sealed cutoff.
        n_folds: validation cutoffs, the latest of the training cutoffs.
        gap_days: days between the end of a training label window and the cutoff it is judged at.
        min_history_days: days of data before the first cutoff.
        sealed_cutoff: date of the sealed test; null takes the last one possible.
        open_seal: false leaves the sealed test closed (for work in progress).
        active_days: who is eligible: a purchase within so many days before the cutoff; null takes all seen before.
        min_purchases: who is eligible: at least so many purchase occasions before the cutoff.
    """

    horizon_days: int = 90
    step_days: int = 30
    n_cutoffs: int = 6
    n_folds: int = 3
    gap_days: int = 0
    min_history_days: int = 90
    sealed_cutoff: str | None = None
    open_seal: bool = True
    active_days: int | None = None
    min_purchases: int = 1

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in (
            "horizon_days",
            "step_days",
            "n_cutoffs",
            "n_folds",
            "min_history_days",
            "min_purchases",
        ):
            value = getattr(self, name)
            require(value >= 1, f"windows.{name} is {value}, allowed is 1 or more.")
            require(value <= MOST, f"windows.{name} is {value}, allowed is {MOST} or less.")
        require(0 <= self.gap_days <= MOST, f"windows.gap_days is {self.gap_days}, allowed is 0 to {MOST}.")
        active = self.active_days is None or self.active_days >= 1
        require(active, f"windows.active_days is {self.active_days}, allowed is null or 1 or more.")
