"""Covariates that change over time, for the purchase models of the public API."""

from typing import Any

import numpy as np
import pandas as pd

from .clv.covariate_calendar import LAST_YEAR, Calendar, PurchaseDays, encode_paths
from .clv.covariate_paths import CovariatePaths
from .clv.covariates import Design
from .clv.rfm import Array
from .data.events import Events
from .errors import listed, require
from .snapshots.history import day_number

_TOLERANCE_DAYS = 1e-6


class DynamicCovariates:
    """A calendar of covariates beside the purchases of customers, for `fit(rfm, X, dynamic=...)`.

    Parameters
    ----------
    events
        What `read_events` returned.
    calendar
        One row per date, from which the row's values hold until the next date: a column `date`, a column per covariate,
        and perhaps `customer_id`, where values differ between customers. It begins with the first purchase, and may go
        beyond the cutoff: such values are future ones that are known, such as planned promotions.
    cutoff
        The day of the summary: purchases before it are seen.
    unit_days
        Days in the unit of the summary's times: 7 for weeks.
    assumed
        What holds after the calendar's end: `last_year` repeats its last 52 weeks, `zero` has numbers of 0 and
        categories at their reference.

    Attributes
    ----------
    calendar
        The calendar that was read.
    assumption
        What is assumed after its end, as a sentence.
    """

    def __init__(
        self,
        events: Events,
        calendar: pd.DataFrame,
        cutoff: str | pd.Timestamp,
        unit_days: float = 1.0,
        assumed: str = LAST_YEAR,
    ) -> None:
        """Read the calendar, and the days of purchases before the cutoff."""
        require(0.0 < unit_days < np.inf, f"unit_days is {unit_days}.", remedy="give a number above 0.")
        self.calendar = Calendar.read(calendar, assumed=assumed)
        self.unit_days = unit_days
        moment = pd.Timestamp(cutoff)
        self._end = float(np.ceil((moment - pd.Timestamp(0)) / pd.Timedelta(days=1))) - 1.0
        orders = events.table.filter((events.table.kind == "order") & (events.table.timestamp < moment.to_pydatetime()))
        days = orders.select("customer_id", day=day_number(orders.timestamp)).distinct()
        self._bought: pd.DataFrame = days.order_by("customer_id", "day").execute()

    @property
    def assumption(self) -> str:
        """What is assumed after the calendar's end, as a sentence."""
        return self.calendar.sentence(self._end + 1.0)

    def learn(self, names: list[str], X: pd.DataFrame | None) -> Design:
        """Return how covariates are encoded: attributes in `X` that do not change first, then those of the calendar.

        Raises
        ------
        InputError
            A name is in neither, or in both.
        """
        static = [] if X is None else [name for name in names if name in X]
        both = [name for name in static if name in self.calendar.names]
        require(not both, f"{listed(both)} is in X and in the calendar.", remedy="give each covariate once.")
        missing = [name for name in names if name not in static and name not in self.calendar.names]
        known = [*([] if X is None else map(str, X.columns)), *self.calendar.names]
        require(not missing, f"no covariate {listed(missing)}.", remedy=f"there are {listed(known)}.")
        changing = self.calendar.design([name for name in names if name not in static], self._end)
        fixed = Design((), {}) if X is None else Design.learn(X, static)
        left_out = (*fixed.left_out, *changing.left_out)
        return Design((*fixed.columns, *changing.columns), {**fixed.levels, **changing.levels}, left_out)

    def encode(self, design: Design, rfm: pd.DataFrame, X: pd.DataFrame | None) -> CovariatePaths:
        """Return the covariates of the summary's customers over time.

        Raises
        ------
        InputError
            A covariate is not given, a customer has no purchase before the cutoff, the summary is of other times, or
            the calendar lacks days.
        """
        changing = [column for column in design.columns if column.attribute in self.calendar.names]
        fixed = [column for column in design.columns if column not in changing]
        given = [] if X is None else list(X.columns)
        missing = list(dict.fromkeys(column.attribute for column in fixed if column.attribute not in given))
        remedy = "give X, or the calendar, as for the fit."
        require(not missing, f"the model has the covariate {listed(missing)}, which is not given.", remedy=remedy)
        static = np.zeros((len(rfm), 0)) if X is None else Design(tuple(fixed), design.levels).encode(X)
        days = self._days_of(rfm)
        return encode_paths(self.calendar, Design(tuple(changing), design.levels), days, static, self.unit_days)

    def _days_of(self, rfm: pd.DataFrame) -> PurchaseDays:
        ids = rfm.index.astype(str)
        require(ids.is_unique, "the summary has several rows for one customer.", remedy="index it by customer.")
        place = ids.get_indexer(pd.Index(self._bought["customer_id"].astype(str)))
        days, place = self._bought["day"].to_numpy(dtype=float)[place >= 0], place[place >= 0]
        first, last = np.full(len(ids), np.inf), np.full(len(ids), -np.inf)
        np.minimum.at(first, place, days)
        np.maximum.at(last, place, days)
        silent = int(np.isinf(first).sum())
        message = f"{silent} of {len(ids)} customers of the summary have no order before the cutoff."
        require(not silent, message, remedy="index the summary by customer_id, as summarise_rfm does.")
        self._require_same_times(rfm, first, last)
        repeat = days > first[place]
        return PurchaseDays(ids, first, last, self._end, place[repeat], days[repeat])

    def _require_same_times(self, rfm: pd.DataFrame, first: Array, last: Array) -> None:
        expected: dict[str, Any] = {"recency": last - first, "T": self._end - first}
        for name, span in expected.items():
            given_days = rfm[name].to_numpy(dtype=float) * self.unit_days
            apart = np.flatnonzero(np.abs(given_days - span) > _TOLERANCE_DAYS * np.maximum(span, 1.0))
            row = apart[0] if len(apart) else 0
            message = (
                f"column {name!r}, row {row + 1}: {rfm[name].iloc[row]:g} units are {given_days[row]:g} days, but the "
                f"events have {span[row]:g} before the cutoff."
            )
            require(not len(apart), message, remedy="take the summary's own events, cutoff and unit_days.")
