"""Concentration of the expected gain of a campaign: a large part of the total comes from one customer."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..data.spend_concentration import is_concentrated
from ..notices import Notice


@dataclass(frozen=True)
class ContactGains:
    """The customers to contact among some: their number, the largest expected gain and the sum, in currency."""

    customers: int = 0
    largest: float = 0.0
    total: float = 0.0

    def __add__(self, other: "ContactGains") -> "ContactGains":
        """Return the gains of both groups of customers."""
        largest = max(self.largest, other.largest)
        return ContactGains(self.customers + other.customers, largest, self.total + other.total)

    def notices(self) -> tuple[Notice, ...]:
        """Return a notice where one customer brings much of the sum."""
        if not self.customers or not is_concentrated(self.largest, self.total, self.customers):
            return ()
        message = (
            f"1 of {self.customers:,} customers to contact brings {self.largest / self.total:.1%} of the expected gain "
            f"of {self.total:,.2f}."
        )
        remedy = "treat that customer by hand; targets= lists the gains in order."
        return (Notice("concentrated_gain", message, remedy),)


def count_gains(scores: pd.DataFrame) -> ContactGains:
    """Return the gains of the customers to contact among score rows."""
    gains: pd.Series[Any] = scores.loc[scores["action"] == "contact", "expected_gain"]
    return ContactGains(len(gains), float(gains.max()), float(gains.sum())) if len(gains) else ContactGains()


def concentrated_gain(scores: pd.DataFrame) -> tuple[Notice, ...]:
    """Return a notice where one customer brings much of the expected gain of contacts; `scores` are score rows."""
    return count_gains(scores).notices()
