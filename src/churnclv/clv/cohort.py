"""The customers on whom a model is fitted: a recent cohort, where it is large enough, else all."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from ..notices import Notice
from .rfm import AGE, X

LEAST_CUSTOMERS, LEAST_REPEATERS = 100, 50  # to estimate four parameters of purchases and three of spend


@dataclass(frozen=True)
class Cohort:
    """Numbers of customers on whom a model is fitted.

    Parameters
    ----------
    wanted_days
        The wanted cohort: customers first seen within so many days before the cutoff; 0 = all.
    wanted_customers, wanted_repeaters
        Size of the wanted cohort, and how many of it bought again.
    customers, repeaters
        Customers used in the fit: the same, or all customers where the wanted cohort is too small.
    """

    wanted_days: int
    wanted_customers: int
    wanted_repeaters: int
    customers: int
    repeaters: int

    @property
    def widened(self) -> bool:
        """Whether all customers are used because the wanted cohort is too small."""
        return self.wanted_days > 0 and self.wanted_customers < self.customers and not _enough(self.wanted_counts)

    @property
    def wanted_counts(self) -> tuple[int, int]:
        """Customers and repeat buyers of the wanted cohort."""
        return self.wanted_customers, self.wanted_repeaters

    def as_dict(self) -> dict[str, int]:
        """Return the counts for JSON."""
        return asdict(self)

    def notices(self) -> tuple[Notice, ...]:
        """Return a notice where the wanted cohort is too small."""
        if not self.widened:
            return ()
        message = (
            f"only {self.wanted_customers:,} customers were first seen within clv.cohort_days={self.wanted_days} of "
            f"the cutoff, {self.wanted_repeaters:,} of them bought again (at least {LEAST_CUSTOMERS} and "
            f"{LEAST_REPEATERS} are needed): the purchase and spend models rest on all {self.customers:,} customers."
        )
        return (Notice("small_cohort", message, "clv.cohort_days=0, or a longer one."),)


def take_cohort(rows: pd.DataFrame, days: int) -> tuple[pd.DataFrame, Cohort]:
    """Return the rows used in the fit, and their counts.

    Args:
        rows: histories at one cutoff.
        days: customers first seen within so many days before the cutoff are wanted; 0 = all.

    Returns:
        the rows of the wanted customers where they are enough, else all: a fit on a few customers gives arbitrary
            parameters.
    """
    recent = rows[rows[AGE] <= days] if days else rows
    wanted, everybody = _count(recent), _count(rows)
    return (recent, Cohort(days, *wanted, *wanted)) if _enough(wanted) else (rows, Cohort(days, *wanted, *everybody))


def _count(rows: Any) -> tuple[int, int]:
    return len(rows), int((rows[X] > 0).sum())


def _enough(counts: tuple[int, int]) -> bool:
    return counts[0] >= LEAST_CUSTOMERS and counts[1] >= LEAST_REPEATERS
