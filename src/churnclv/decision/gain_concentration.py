"""Concentration of the expected gain of a campaign: a large part of the total comes from one customer."""

from typing import Any

import pandas as pd

from ..data.spend_concentration import is_concentrated
from ..notices import Notice


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
