"""The outlook of a log: how often customers return, who would have left, and which horizon and population suit.

All figures are of the past: the churn rate of a horizon is that of the last cutoff whose label window has happened.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.events import Events
from ..errors import InputError
from .customer_kinds import kind_of
from .cutoff_plan import make_plan
from .history import cut_history, day_number
from .plan_adaptation import adapt_windows
from .settings import WindowSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN_DAYS = (30, 60, 90, 180)
_HORIZONS = (30, 60, 90, 180, 365)
_SILENCES = (180, 365, 730)  # days without a purchase, after which customers may be left out of the population
_RETURNED = 0.8  # share of the returns that the horizon should cover
_ONE_SIDED = 0.95  # share of leavers, or of stayers, with which there is little to learn
_MOSTLY_GONE = 0.8  # churn rate above which most of the population left long ago
_RARE_RETURN = 0.95  # quantile of the days between purchases


@dataclass(frozen=True)
class Returns:
    """How often customers return.

    Attributes:
        customers: with a purchase.
        returned: of these, with purchases on more than one day.
        quantiles: days between purchases, at .25, .5, .75, .8, .9, .95; empty if nobody returned.
    """

    customers: int
    returned: int
    quantiles: dict[float, float]


@dataclass(frozen=True)
class ChurnRate:
    """What the churn rate of a horizon would have been.

    Attributes:
        days: the horizon.
        cutoff: from which it is counted.
        eligible: customers of the population.
        left: of these, who left within the horizon.
    """

    days: int
    cutoff: datetime
    eligible: int
    left: int

    @property
    def share(self) -> float:
        """The churn rate; NaN without a population."""
        return self.left / self.eligible if self.eligible else float("nan")


def measure_returns(events: Events) -> Returns:
    """Return how often customers buy again: days with an order, and the days between them."""
    orders = events.table.filter(events.table.kind == "order")
    bought = orders.select("customer_id", day=day_number(orders.timestamp)).distinct()
    frame = bought.order_by(["customer_id", "day"]).execute()
    if not len(frame):
        return Returns(0, 0, {})
    same = (frame["customer_id"] == frame["customer_id"].shift()).to_numpy()
    gaps: NDArray[np.float64] = frame["day"].diff().to_numpy(dtype=float)[same]
    quantiles = (0.25, 0.5, 0.75, _RETURNED, 0.9, _RARE_RETURN)
    return Returns(
        int((~same).sum()),
        int(frame["customer_id"][same].nunique()),
        dict(zip(quantiles, np.quantile(gaps, quantiles).tolist(), strict=True)) if len(gaps) else {},
    )


def measure_churn(events: Events, days: int, windows: WindowSettings) -> ChurnRate | None:
    """Return the churn rate of a horizon at the last cutoff whose label window lies in the log; None if none does."""
    return _measure(events, replace(windows, horizon_months=None, step_months=None, horizon_days=days))


def measure_month(events: Events, windows: WindowSettings) -> ChurnRate | None:
    """Return the churn rate of the last month of the calendar that lies in the log; None if none does."""
    return _measure(events, replace(windows, horizon_months=1, step_months=1))


def measure_training(events: Events, start: datetime, end: datetime, windows: WindowSettings) -> ChurnRate:
    """Return who left at all training cutoffs that `make train` lays over [start, end), a row per customer and cutoff.

    Raises:
        InputError: no plan fits.
    """
    adapted, _ = adapt_windows(start, end, windows)
    return _measure_at(events, adapted, make_plan(start, end, adapted).cutoffs)


def _measure(events: Events, plain: WindowSettings) -> ChurnRate | None:
    cutoff = plain.latest_cutoff(events.end)
    return None if cutoff <= events.start else _measure_at(events, plain, (cutoff,))


def _measure_at(events: Events, windows: WindowSettings, cutoffs: tuple[datetime, ...]) -> ChurnRate:
    kind = kind_of(events.shape)
    members: Any = kind.members(cut_history(events.table, cutoffs), windows)
    population = members.filter(members.in_population).select("customer_id", "cutoff")
    labels = kind.label_windows(events.table, population, cutoffs, windows, events.refunds).execute()
    days = (windows.label_end(cutoffs[-1]) - cutoffs[-1]).days
    return ChurnRate(days, cutoffs[-1], len(labels), int(labels["churned"].sum()))


def fitting_horizons(start: datetime, end: datetime) -> list[int]:
    """Return the usual horizons that a log from start to end can train and validate without being shortened."""
    fitting = []
    for days in _HORIZONS:
        laid, _ = adapt_windows(start, end, WindowSettings(horizon_days=days))
        if laid.horizon_days == days and plan_fault(start, end, laid) is None:
            fitting.append(days)
    return fitting


def plan_fault(start: datetime, end: datetime, windows: WindowSettings) -> str | None:
    """Return why no plan of cutoffs fits a log from start to end; None where one does."""
    adapted, _ = adapt_windows(start, end, windows)
    try:
        make_plan(start, end, adapted)
    except InputError as error:
        return str(error)
    return None


def suggest_horizon(revisits: Returns, rates: dict[int, ChurnRate]) -> int:
    """Return the horizon that suits a log of purchases: the shortest that covers most returns, and has both outcomes.

    Parameters
    ----------
    revisits
        How often customers return.
    rates
        The churn rate of each horizon that fits the log; at least one.
    """
    covered = revisits.quantiles.get(_RETURNED, 0.0)
    mixed = {days: rate for days, rate in rates.items() if 1.0 - _ONE_SIDED <= rate.share <= _ONE_SIDED}
    candidates = mixed or {min(rates, key=lambda days: abs(rates[days].share - 0.5)): next(iter(rates.values()))}
    return min((days for days in candidates if days >= covered), default=max(candidates))


def suggest_silence(events: Events, revisits: Returns, everybody: ChurnRate, windows: WindowSettings) -> int | None:
    """Return after how many days of silence customers leave the population, `windows.active_days`; None for never.

    Only where most of all buyers, whose churn rate is `everybody`, would count as leavers: they left long ago.
    """
    horizon_days = everybody.days
    if everybody.share <= _MOSTLY_GONE:
        return None
    least = max(float(horizon_days), revisits.quantiles.get(_RARE_RETURN, 0.0))
    span = (events.end - events.start).days
    for days in _SILENCES:
        if least <= days < span - 2 * horizon_days:
            active = measure_churn(events, horizon_days, replace(windows, active_days=days))
            if active is not None and active.eligible and active.share < everybody.share - 0.05:  # felt
                return days
    return None


def months_until(end: datetime, horizon_days: int, fewer: int, wanted: int) -> datetime | None:
    """Return when a log that goes on at its pace has `wanted` of the rarer outcome; None if in over two years."""
    if not fewer:
        return None
    days = horizon_days * (wanted / fewer - 1.0)
    return end + timedelta(days=days) if days <= 2 * 365 else None
