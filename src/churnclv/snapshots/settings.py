"""What can be chosen about cutoffs, label windows and population."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import require

MOST = 36500  # a century of days: dates stay within the calendar
MOST_MONTHS = 1200
_MONTHS_PER_YEAR = 12


@dataclass
class WindowSettings:
    """Rolling-origin windows, in days, or in months of the calendar.

    Attributes:
        horizon_days: length of every label window [cutoff, cutoff + horizon).
        step_days: days between training cutoffs.
        horizon_months, step_months: both, in place of days: cutoffs then lie on the first of a month.
        grace_days: of contracts: a restart within so many days of an end is no churn; labels are known so much later.
        n_cutoffs: training cutoffs, counted back from the latest whose labels are known at the sealed cutoff.
        n_folds: validation cutoffs, the latest of the training cutoffs.
        gap_days: days between the end of a training label window and the cutoff it is judged at.
        min_history_days: days of data before the first cutoff.
        sealed_cutoff: date of the sealed test; null takes the last one possible.
        open_seal: false leaves the sealed test closed (for work in progress).
        active_days: who is eligible: a purchase within so many days before the cutoff; null takes all seen before.
        min_purchases: who is eligible: at least so many purchase occasions before the cutoff.
        test_share: of a labelled table without a split column: the share of rows behind the seal.
        table_folds: of a labelled table: stratified folds, each of which is judged by what the others taught.
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
    test_share: float = 0.25
    horizon_months: int | None = None
    step_months: int | None = None
    grace_days: int = 0
    table_folds: int = 5

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
        for name in ("gap_days", "grace_days"):
            value = getattr(self, name)
            require(0 <= value <= MOST, f"windows.{name} is {value}, allowed is 0 to {MOST}.")
        self._check_months()
        share = self.test_share
        require(0 < share < 1, f"windows.test_share is {share}, allowed is above 0 and below 1.")
        require(self.table_folds >= 2, f"windows.table_folds is {self.table_folds}, allowed is 2 or more.")  # noqa: PLR2004 # one to learn from
        active = self.active_days is None or self.active_days >= 1
        require(active, f"windows.active_days is {self.active_days}, allowed is null or 1 or more.")

    def _check_months(self) -> None:
        months = (self.horizon_months, self.step_months)
        remedy = "set windows.horizon_months and windows.step_months, or neither."
        require((months[0] is None) == (months[1] is None), "windows: one of two lengths is in months.", remedy=remedy)
        for name in ("horizon_months", "step_months"):
            value = getattr(self, name)
            fits = value is None or 1 <= value <= MOST_MONTHS
            require(fits, f"windows.{name} is {value}, allowed is null or 1 to {MOST_MONTHS}.")

    @property
    def in_months(self) -> bool:
        """Whether cutoffs lie on firsts of months."""
        return self.horizon_months is not None

    @property
    def horizon_text(self) -> str:
        """The length of the label window for people."""
        if self.horizon_months is None:
            return f"{self.horizon_days} days"
        return "1 month" if self.horizon_months == 1 else f"{self.horizon_months} months"

    def label_end(self, cutoff: datetime) -> datetime:
        """Return the end of the label window [cutoff, end)."""
        if self.horizon_months is None:
            return cutoff + timedelta(days=self.horizon_days)
        return add_months(cutoff, self.horizon_months)

    def label_known(self, cutoff: datetime) -> datetime:
        """Return the moment at which a cutoff's labels are known: the end of the window, and the grace after it."""
        return self.label_end(cutoff) + timedelta(days=self.grace_days)

    def latest_cutoff(self, known_by: datetime) -> datetime:
        """Return the last cutoff whose labels are known by a moment."""
        end = known_by - timedelta(days=self.grace_days)
        if self.horizon_months is None:
            return end - timedelta(days=self.horizon_days)
        return add_months(end.replace(day=1, hour=0, minute=0, second=0, microsecond=0), -self.horizon_months)

    def step_back(self, cutoff: datetime, steps: int) -> datetime:
        """Return the cutoff so many steps before another."""
        if self.step_months is None:
            return cutoff - timedelta(days=self.step_days * steps)
        return add_months(cutoff, -self.step_months * steps)


def add_months(moment: datetime, months: int) -> datetime:
    """Return the same day so many months later (earlier, if negative), or the last day of a month that is shorter."""
    years, month = divmod(moment.month - 1 + months, _MONTHS_PER_YEAR)
    year = moment.year + years
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
