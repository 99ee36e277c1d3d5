"""Drift of what is scored: the features and scores of a batch, against the bundle's profile and the season's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ..evaluation.drift import Bins, adjusted, index_of_counts, same_distribution
from .finding import Fields, Finding, Light, Part

SCORE = "churn_score"
_SHOWN = 5  # features with a line of their own
_WATCH, _ACT = 0.1, 0.25  # the usual thresholds of the population stability index
_MORE_DRIFT = 1.5  # times the usual one
_WATCHED_SHARE, _ACTED_SHARE = 0.01, 0.05  # of the score: a feature with less cannot move it
_FEWEST = 50  # customers: with fewer, shares of tenths are too uncertain


@dataclass(frozen=True)
class ColumnDrift:
    """The drift of one column.

    Parameters
    ----------
    name
        The feature, or `churn_score`.
    index
        The population stability index against the bundle's profile, or against the same season a year ago where that
        is smaller.
    usual
        The index over one horizon in the training data.
    p_value
        Of the hypothesis that nothing differs, valid for all columns together.
    share
        The feature's share in the churn score; 1 for the score.
    differs
        Whether it is beyond chance, beyond what is usual, and beyond 0.1.
    light
        The verdict, which weighs that by the share.
    """

    name: str
    index: float
    usual: float
    p_value: float
    share: float
    differs: bool
    light: Light


def measure_drift(
    profile: Mapping[str, Mapping[str, Any]],
    rows: pd.DataFrame,
    false_alarm_share: float,
    season: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[ColumnDrift]:
    """Return the drift of each column that a profile has bins of, the greatest weighted by its share first.

    Parameters
    ----------
    profile
        The bundle's, with the facts that an export adds to its columns.
    rows
        Eligible customers' features and `churn_score`, (n, k).
    false_alarm_share
        The share of batches with an alarm if nothing differs.
    season
        The profile of a scoring about a year before, if there is one: drift from both is needed for an alarm.

    Returns
    -------
    list of ColumnDrift
        Empty if the bundle's version kept no bins.
    """
    measured = {
        name: _compare(profile[name], rows[name], (season or {}).get(name))
        for name in profile
        if name in rows.columns and "bins" in profile[name]
    }
    valid = adjusted({name: p_value for name, (_, p_value) in measured.items()})
    drifts = [
        _column_drift(name, profile[name], index, valid[name], false_alarm_share)
        for name, (index, _) in measured.items()
    ]
    return sorted(drifts, key=lambda drift: (-drift.light, -drift.index * drift.share, drift.name))


def _compare(
    stored: Mapping[str, Any], column: "pd.Series[Any]", season: Mapping[str, Any] | None
) -> tuple[float, float]:
    """Return the smaller index and the greater p-value of the comparisons with stored bins and the season's."""
    compared = []
    for one in (stored, season or {}):
        if "bins" in one:
            before, after = one["bins"]["counts"], Bins.from_dict(one["bins"]).count(column)
            counts = pd.Series(before, dtype=float).to_numpy()
            compared.append((index_of_counts(counts, after)[0], same_distribution(counts, after)))
    return min(index for index, _ in compared), max(p_value for _, p_value in compared)


def _column_drift(
    name: str, stored: Mapping[str, Any], index: float, p_value: float, false_alarm_share: float
) -> ColumnDrift:
    usual = float(stored.get("usual_drift", 0.0))
    share = 1.0 if name == SCORE else float(stored.get("share_in_score", 0.0))
    differs = p_value < false_alarm_share and index > _MORE_DRIFT * usual and index >= _WATCH
    light = Light.ok
    if differs and index >= _ACT and share >= _ACTED_SHARE:
        light = Light.act
    elif differs and share >= _WATCHED_SHARE:
        light = Light.watch
    return ColumnDrift(name, index, usual, p_value, share, differs, light)


def report_drift(drifts: list[ColumnDrift], customers: int) -> list[Finding]:
    """Return the lines on drift: the columns that drifted, or one line that none did.

    Parameters
    ----------
    drifts
        From `measure_drift`.
    customers
        How many were compared.

    Returns
    -------
    list of Finding
        At most five columns have a line of their own.
    """
    metrics = {f"drift.{drift.name}": drift.index for drift in drifts}
    if customers < _FEWEST or not drifts:
        key = "drift.few" if drifts else "drift.no_bins"
        return [Finding(Part.drift, Light.unknown, key, {"n": customers}, metrics)]
    drifted = [drift for drift in drifts if drift.light > Light.ok]
    lines = [_line(drift) for drift in drifted[:_SHOWN]]
    if len(drifted) > _SHOWN:
        light = drifted[_SHOWN].light
        lines.append(Finding(Part.drift, light, "drift.more", {"n": len(drifted) - _SHOWN}))
    lines += _summary([drift for drift in drifts if drift.light == Light.ok])
    return [replace(lines[0], metrics=metrics), *lines[1:]]


def _summary(others: list[ColumnDrift]) -> list[Finding]:
    """Return a line on the columns that drifted without weight in the score, and one on those that did not drift."""
    lines = []
    for key, differs in (("drift.weightless", True), ("drift.none", False)):
        chosen = [drift for drift in others if drift.differs == differs]
        if chosen:
            greatest = max(chosen, key=lambda drift: drift.index)
            values: Fields = {"n": len(chosen), "name": greatest.name, "index": greatest.index}
            lines.append(Finding(Part.drift, Light.ok, key, values))
    return lines


def _line(drift: ColumnDrift) -> Finding:
    values: Fields = {"name": drift.name, "index": drift.index, "usual": drift.usual, "share": drift.share}
    key = "drift.score" if drift.name == SCORE else "drift.column"
    return Finding(Part.drift, drift.light, key, values)
