"""Expected totals of all customers together, compared with the totals that the same log records.

An error is hard to notice in one customer's score, and easy in a total. Export compares the refitted models with the
log and with the models of the run. Scoring compares the bundle with the log that it scores.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from ..clv.clv_model import ClvModel
from ..data.events import Events
from ..errors import require
from ..features.preparation import total_labels
from ..notices import Notice
from ..snapshots.settings import WindowSettings

FAR, ABSURD = 2.0, 10.0  # factors between an expected and an actual total
_LEAST_PURCHASES = 30.0  # with fewer, chance alone gives such factors
_YEAR_DAYS = 365
_TINY = 1e-9
_PURCHASES, _SPEND = "purchases", "spend"


@dataclass(frozen=True)
class Totals:
    """Purchases and spend of some customers together within the horizon; spend in the log's currency."""

    purchases: float
    spend: float = 0.0


@dataclass(frozen=True)
class Reference:
    """A total to compare with: any value between `low` and `high` agrees with it."""

    name: str
    low: Totals
    high: Totals

    def distance(self, target: str, expected: Totals) -> float:
        """Return how many times an expected total lies above `high` or below `low`; 1 in between."""
        value, low, high = (float(getattr(totals, target)) for totals in (expected, self.low, self.high))
        each = max(
            (totals.spend / totals.purchases for totals in (self.high, expected) if totals.purchases), default=1.0
        )
        tiny = 1.0 if target == _PURCHASES else max(each, 1e-9)  # one purchase, where there was or will be none
        return value / max(high, tiny) if value > high else max(low / max(value, tiny), 1.0)


def expected_totals(clv: ClvModel, rows: pd.DataFrame, days: float, *, has_amount: bool) -> Totals:
    """Return the purchases and spend that a model expects of the customers of feature rows within `days`."""
    spend = float(clv.expected_spend(rows, days).sum()) if has_amount else 0.0
    return Totals(float(clv.expected_purchases(rows, days).sum()), spend)


def past_totals(name: str, events: Events, end: datetime, windows: WindowSettings, customers: int) -> Reference | None:
    """Return the actual totals of the horizon that ends at a moment.

    Args:
        name: of the reference, for messages.
        events: the canonical events.
        end: the end of the window.
        windows: its length and population.
        customers: of the population that is compared with it. Where it is larger than that of the window, the totals of
            as many customers are `high`: those who are new buy between nothing and as much as the others.

    Returns:
        the reference, or None where the log does not hold the whole window.
    """
    start = end - timedelta(days=windows.horizon_days)
    if start <= events.start:
        return None
    return compare_with(name, total_labels(events, start, windows), customers)


def compare_with(name: str, labels: dict[str, float], customers: int) -> Reference:
    """Return the reference of a window from the sums of its labels; see `past_totals`."""
    low = Totals(labels[_PURCHASES], labels[_SPEND])
    growth = max(1.0, customers / max(labels["customers"], 1.0))
    return Reference(name, low, Totals(low.purchases * growth, low.spend * growth))


def references(
    events: Events, end: datetime, windows: WindowSettings, clv: ClvModel, customers: int
) -> list[Reference]:
    """Return the recent horizon, and that of a year before the expected one where the model follows the season."""
    moments = window_ends(end, windows, clv)
    past = (past_totals(name, events, moment, windows, customers) for name, moment in moments.items())
    return [reference for reference in past if reference is not None]


def window_ends(end: datetime, windows: WindowSettings, clv: ClvModel) -> dict[str, datetime]:
    """Return the ends of the windows that `references` compares with, by name."""
    days = windows.horizon_days
    moments = {f"the last {days} days": end}
    if clv.season.coefficients:
        moments[f"the same {days} days a year before"] = end + timedelta(days=days - _YEAR_DAYS)
    return moments


@dataclass(frozen=True)
class SummedTotals:
    """The totals of a part of the customers of a log, which add up to those of all.

    Attributes:
        expected: of the customers in the population.
        customers: their number.
        past: of each window by name, its start and the sums of its labels.
    """

    expected: Totals
    customers: int
    past: dict[str, tuple[datetime, dict[str, float]]]

    def __add__(self, other: "SummedTotals") -> "SummedTotals":
        """Return the totals of both parts."""
        mine, theirs = self.expected, other.expected
        expected = Totals(mine.purchases + theirs.purchases, mine.spend + theirs.spend)
        past = {
            name: (start, {label: value + other.past[name][1][label] for label, value in labels.items()})
            for name, (start, labels) in self.past.items()
        }
        return SummedTotals(expected, self.customers + other.customers, past)

    def notices(self, start: datetime, days: int) -> tuple[Notice, ...]:
        """Return what `totals_notices` returns for a log that begins at `start`."""
        known = {name: labels for name, (begin, labels) in self.past.items() if begin > start}
        compared = [compare_with(name, labels, self.customers) for name, labels in known.items()]
        return totals_notices(self.expected, compared, days)


def sum_totals(
    clv: ClvModel, events: Events, rows: pd.DataFrame, moment: datetime, windows: WindowSettings
) -> SummedTotals:
    """Return the totals of the customers of a part of a log, at a moment; `rows` are those of the population."""
    expected = expected_totals(clv, rows, windows.horizon_days, has_amount=events.has_amount)
    starts = {
        name: end - timedelta(days=windows.horizon_days) for name, end in window_ends(moment, windows, clv).items()
    }
    past = {name: (start, total_labels(events, start, windows)) for name, start in starts.items()}
    return SummedTotals(expected, len(rows), past)


def totals_notices(expected: Totals, compared: list[Reference], days: int) -> tuple[Notice, ...]:
    """Return a notice for each total that lies further than the factor `FAR` from every total `compared` with it."""
    notices = []
    for target, nearest in _nearest(expected, compared).items():
        factor = nearest.distance(target, expected)
        if factor <= FAR:
            continue
        message = (
            f"{target} of all customers within {days} days are expected to be {getattr(expected, target):,.0f}, "
            f"{nearest.name}: {_range(nearest, target)}; a factor of {factor:,.1f}."
        )
        remedy = "look at the bias on validation, the season and the last weeks of the log; try clv.cohort_days=0."
        notices.append(Notice("totals_differ", message, remedy))
    return tuple(notices)


def require_plausible(expected: Totals, compared: list[Reference], days: int, *, forced: bool) -> None:
    """Refuse totals that lie further than the factor `ABSURD` from every total `compared` with them.

    Raises:
        InputError: purchases or spend are absurd, and the export is not forced.
    """
    for target, nearest in _nearest(expected, compared).items():
        shown = "; ".join(f"{reference.name}: {_range(reference, target)}" for reference in compared)
        require(
            forced or nearest.distance(target, expected) <= ABSURD,
            f"the refitted models expect {target} of {getattr(expected, target):,.0f} from all customers within {days} "
            f"days ({shown}).",
            remedy="make train with clv.cohort_days=0 or another clv model; or force=true reason='why it is right'.",
        )


def _nearest(expected: Totals, compared: list[Reference]) -> dict[str, Reference]:
    """Return by target the reference that lies nearest; none where there are so few purchases that chance decides."""
    if (
        not compared
        or max(expected.purchases, *(reference.high.purchases for reference in compared)) < _LEAST_PURCHASES
    ):
        return {}
    with_spend = expected.spend or any(reference.high.spend for reference in compared)
    targets = (_PURCHASES, _SPEND) if with_spend else (_PURCHASES,)
    return {target: min(compared, key=lambda reference: reference.distance(target, expected)) for target in targets}


def _range(reference: Reference, target: str) -> str:
    low, high = (f"{getattr(totals, target):,.0f}" for totals in (reference.low, reference.high))
    return low if low == high else f"{low} to {high} for as many customers"
