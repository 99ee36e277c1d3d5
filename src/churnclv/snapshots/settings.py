"""Settings of cutoffs, label windows and population."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import require
from ..ranges import CENTURY_DAYS, Bounds, check_numbers, number

MOST = CENTURY_DAYS
MOST_MONTHS = 1200
_MONTHS_PER_YEAR = 12
_LONGEST_MONTH_DAYS = 31
_FROM_ONE = Bounds(1, MOST, technical=True)


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
        gap_days: days between the end of a training label window and the validation cutoff.
        min_history_days: days of data before the first cutoff.
        sealed_cutoff: date of the sealed test; null takes the last one possible.
        open_seal: false leaves the sealed test closed (for work in progress).
        sealed_test: false keeps no label window for a sealed test: every label trains or validates.
        adapt: a plan that does not fit the log is adapted to it, with a notice; false refuses.
        active_days: who is eligible: a purchase within so many days before the cutoff; null takes all earlier buyers.
        min_purchases: who is eligible: at least so many purchase occasions before the cutoff.
        test_share: of a labelled table without a split column: the share of rows behind the seal.
        table_folds: of a labelled table: stratified folds, each predicted by a model trained on the others.
    """

    horizon_days: int = number(90, _FROM_ONE)
    step_days: int = number(30, _FROM_ONE)
    n_cutoffs: int = number(6, _FROM_ONE)
    n_folds: int = number(3, _FROM_ONE)
    gap_days: int = number(0, Bounds(0, MOST))
    min_history_days: int = number(90, _FROM_ONE)
    sealed_cutoff: str | None = None
    open_seal: bool = True
    sealed_test: bool = True
    adapt: bool = True
    active_days: int | None = number(None, _FROM_ONE)
    min_purchases: int = number(1, _FROM_ONE)
    test_share: float = number(0.25, Bounds(0, 1, above=True, below=True))
    horizon_months: int | None = number(None, Bounds(1, MOST_MONTHS))
    step_months: int | None = number(None, Bounds(1, MOST_MONTHS))
    grace_days: int = number(0, Bounds(0, MOST))
    table_folds: int = number(5, Bounds(2, 1000, technical=True))  # at least one to train on

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_numbers(self, "windows")
        self._check_months()
        remedy = "windows.sealed_cutoff=null, or windows.sealed_test=true."
        require(
            self.sealed_test or self.sealed_cutoff is None, "windows.sealed_cutoff has no sealed test.", remedy=remedy
        )

    def _check_months(self) -> None:
        months = (self.horizon_months, self.step_months)
        remedy = "set windows.horizon_months and windows.step_months, or neither."
        require((months[0] is None) == (months[1] is None), "windows: one of two lengths is in months.", remedy=remedy)

    @property
    def in_months(self) -> bool:
        """Whether cutoffs lie on firsts of months."""
        return self.horizon_months is not None

    @property
    def opens_seal(self) -> bool:
        """Whether there is a sealed test, and it is opened."""
        return self.sealed_test and self.open_seal

    @property
    def horizon_text(self) -> str:
        """The length of the label window for people."""
        if self.horizon_months is None:
            return f"{self.horizon_days} days"
        return "1 month" if self.horizon_months == 1 else f"{self.horizon_months} months"

    @property
    def nominal_horizon_days(self) -> int:
        """The length of the label window in days; of months, as many days as they have at most."""
        return self.horizon_days if self.horizon_months is None else _LONGEST_MONTH_DAYS * self.horizon_months

    @property
    def wait_days(self) -> int:
        """Days from a training cutoff to the first cutoff at which a model trained on it can be validated."""
        return self.horizon_days + self.grace_days + self.gap_days

    def label_end(self, cutoff: datetime) -> datetime:
        """Return the end of the label window [cutoff, end)."""
        if self.horizon_months is None:
            return cutoff + timedelta(days=self.horizon_days)
        return add_months(cutoff, self.horizon_months)

    def label_available(self, cutoff: datetime) -> datetime:
        """Return the moment at which a cutoff's labels are known: the end of the window, and the grace after it."""
        return self.label_end(cutoff) + timedelta(days=self.grace_days)

    def latest_cutoff(self, labels_by: datetime) -> datetime:
        """Return the last cutoff whose labels are known by a moment."""
        end = labels_by - timedelta(days=self.grace_days)
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
