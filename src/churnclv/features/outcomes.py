"""Outcomes: whether the labels have both outcomes, before any model is trained."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from ..data.events import Events
from ..errors import InputError
from ..notices import Notice
from ..snapshots.customer_kinds import kind_of
from ..snapshots.cutoff_plan import Fold
from ..snapshots.settings import WindowSettings
from .dataset import Dataset
from .preparation import total_labels

_TIMES_OF_GAP = (1.5, 2.0, 1.25, 1.0, 3.0, 4.0)  # horizons that are tried, in median gaps
_LEAST_SHARE = 0.02  # of either outcome at a horizon that is proposed


def require_both_outcomes(
    data: Dataset, events: Events, windows: WindowSettings, doubts: Sequence[Notice] = ()
) -> None:
    """Stop where nobody, or everybody, leaves at every training cutoff.

    Args:
        data: all rows of the training cutoffs.
        events: of the log, from which other horizons are tried.
        windows: the label windows.
        doubts: notices about the data; their remedies come first.

    Raises:
        InputError: all labels are the same; the remedy names what helps.
    """
    left, total = int(data.churned.sum()), len(data)
    if 0 < left < total:
        return
    who = f"nobody of {total:,}" if left == 0 else f"all of {total:,}"
    gap = _median_gap(data) if kind_of(events.shape).buys else float("nan")
    pace = f"; customers buy every {gap:.0f} days (median)" if isfinite(gap) else ""
    raise InputError(
        f"{who} rows at {data.parts.nunique()} training cutoffs left within {windows.horizon_text}{pace}: there is "
        "nothing to learn from.",
        remedy="; ".join(notice.remedy for notice in doubts) or _remedies(data, events, windows, gap),
    )


def _remedies(data: Dataset, events: Events, windows: WindowSettings, gap: float) -> str:
    kind = kind_of(events.shape)
    if kind.label_remedy:
        return kind.label_remedy
    horizon = _useful_horizon(data, events, windows, gap)
    if horizon is not None:
        return f"windows.horizon_days={horizon}"
    if not data.churned.any() and isfinite(gap):
        least = round(_TIMES_OF_GAP[0] * gap)
        return (
            f"windows.horizon_days={least} is the shortest that fits their pace, but nobody left within {least} days "
            "either: a log of more customers, or of more time, is needed."
        )
    return (
        f"no horizon near the customers' gaps has enough of both outcomes; the log is read until "
        f"{events.end:%Y-%m-%d}: set data.latest if its last events are not like the others."
    )


def _median_gap(data: Dataset) -> float:
    """Return the median of the customers' mean gaps between purchases, in days; NaN where nobody bought twice."""
    rows = data.at((data.parts.max(),)).features
    repeats = rows["repeat_purchases"].to_numpy(dtype=float)
    again = repeats > 0
    if not again.any():
        return float("nan")
    return float(np.median(rows["last_purchase_age_days"].to_numpy(dtype=float)[again] / repeats[again]))


def _useful_horizon(data: Dataset, events: Events, windows: WindowSettings, gap: float) -> int | None:
    """Return a horizon at which both outcomes happened at the last training cutoff; None where there is none."""
    if not isfinite(gap):
        return None
    cutoff = data.parts.max().to_pydatetime()
    for days in dict.fromkeys(max(1, round(times * gap)) for times in _TIMES_OF_GAP):
        tried = replace(windows, horizon_days=days)
        if days == windows.horizon_days or tried.label_end(cutoff) > events.end:
            continue
        totals = total_labels(events, cutoff, tried)
        share = totals["churned"] / max(totals["customers"], 1.0)
        if _LEAST_SHARE <= share <= 1.0 - _LEAST_SHARE:
            return days
    return None


def one_sided_folds(data: Dataset, folds: Sequence[Fold]) -> tuple[Notice, ...]:
    """Return a notice of the validation cutoffs at which nobody, or everybody, left."""
    texts = []
    for fold in folds:
        churned = data.at((fold.valid,)).churned
        if 0 < churned.sum() < len(churned):
            continue
        who = "nobody" if not churned.sum() else "everybody"
        texts.append(f"{who} of {len(churned):,} left at {fold.valid:%Y-%m-%d}")
    if not texts:
        return ()
    message = f"{'; '.join(texts)}: figures of ranking are n/a there."
    return (Notice("one_outcome", message, "another windows.horizon_days, or fewer or other cutoffs."),)
