"""Concentration of money: totals that are those of one customer."""

from typing import Any

import pandas as pd

from ..notices import Notice

LEAST_SHARE = 0.25  # of a total, of one customer
LEAST_TIMES = 5.0  # the share of an average customer


def is_concentrated(most: float, total: float, customers: int) -> bool:
    """Return whether the largest of so many amounts is so much of their total that the total says little of others."""
    return customers > 1 and total > 0 and most / total >= LEAST_SHARE and most / total * customers >= LEAST_TIMES


def concentrated_gain(scores: pd.DataFrame) -> tuple[Notice, ...]:
    """Return a notice where one customer brings much of the expected gain of contacts; `scores` are score rows."""
    gains: pd.Series[Any] = scores.loc[scores["action"] == "contact", "expected_gain"]
    if not len(gains) or not is_concentrated(float(gains.max()), float(gains.sum()), len(gains)):
        return ()
    message = (
        f"1 of {len(gains):,} customers to contact brings {gains.max() / gains.sum():.1%} of the expected gain of "
        f"{gains.sum():,.2f}."
    )
    return (Notice("concentrated_gain", message, "treat that customer by hand; targets= lists the gains in order."),)
