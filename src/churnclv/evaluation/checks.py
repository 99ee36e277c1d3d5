"""Coded checks of a churn model: what went wrong most often in such projects, each with a remedy.

A check is passed, failed, or not applicable to the data. Failing does not stop a run: people decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from math import log
from typing import Any

import numpy as np
import pandas as pd

from .intervals import Interval
from .metrics import Array, auc, plain

_GOLDEN_AUC = 0.98
_MOST_ROWS = 20_000  # on which single features are tried
_EDGE = 0.02  # of a search range
_SLOPES, _MOST_ERROR = (0.8, 1.25), 0.03
_MOST_PSI = 0.25  # the usual word for a shift that matters
_TENTHS = 10
_FEWEST = 100
_MOST_SPREAD = 0.03
_LEAST_SLICE, _LEAST_CLASS = 200, 30
_MOST_LOSS = 0.1  # of AUC, in a slice against everybody
_MOST_BIAS, _SURE = 0.05, 3.0
_TINY = 1e-4


class Outcome(Enum):
    """How a check ended."""

    passed = "passed"
    failed = "failed"
    not_applicable = "not applicable"


@dataclass(frozen=True)
class Check:
    """One check: its code, what it asks, how it ended, what was found, and what to do where it failed."""

    code: str
    asks: str
    outcome: Outcome
    found: str
    remedy: str

    def line(self) -> str:
        """Return the check as a line for people."""
        tail = f" -> {self.remedy}" if self.outcome is Outcome.failed else ""
        return f"{self.code} {self.outcome.value:<14} {self.asks}: {self.found}{tail}"


def _checked(code: str, asks: str, faults: Sequence[str], fine: str, remedy: str) -> Check:
    """Return a check that failed if there are faults."""
    outcome = Outcome.failed if faults else Outcome.passed
    return Check(code, asks, outcome, "; ".join(faults[:5]) if faults else fine, remedy)


def _skipped(code: str, asks: str, why: str) -> Check:
    return Check(code, asks, Outcome.not_applicable, why, "")


def check_baselines(differences: Mapping[str, Interval]) -> Check:
    """C1: is the score's log-loss at least that of every baseline? `differences` are baseline minus score."""
    faults = [f"{name} is better by {-found.value:.4f} nats" for name, found in differences.items() if found.value < 0]
    remedy = "take that baseline (churn=logistic, churn=formula), or more trials."
    return _checked("C1", "better than every baseline", faults, f"{len(differences)} baselines beaten", remedy)


def check_golden_features(features: pd.DataFrame, churned: Array) -> Check:
    """C2: does one feature nearly say who left? Then it was probably written after the fact."""
    step = max(1, len(features) // _MOST_ROWS)
    some, truth = features.iloc[::step], churned[::step]
    powers = {str(name): single_auc(some[name], truth) for name in some.columns}
    faults = [f"{name!r} alone has AUC {power:.3f}" for name, power in powers.items() if power >= _GOLDEN_AUC]
    best = max(powers, key=lambda name: powers[name], default="")
    fine = f"the strongest, {best!r}, has AUC {powers[best]:.3f}" if best else "no feature"
    remedy = "if it is known only once a customer has left, leave it out: data.exclude=[...] or features.families."
    return _checked("C2", "no feature knows the outcome", faults, fine, remedy)


def single_auc(column: "pd.Series[Any]", churned: Array) -> float:
    """Return the AUC of one column in its better direction; of missing or not, if that says more.

    Texts are ranked by the churn rate of their value, among other rows: each row's own outcome is left out.
    """
    missing = column.isna().to_numpy(dtype=float)
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        ranked = np.where(np.isfinite(values), values, np.nanmedian(values) if np.isfinite(values).any() else 0.0)
    else:
        groups = column.astype(str)
        outcome = pd.Series(churned, index=column.index)
        total, count = outcome.groupby(groups).transform("sum"), outcome.groupby(groups).transform("count")
        prior = float(churned.mean())
        ranked = ((total - outcome + prior) / count).to_numpy(dtype=float)
    powers = [plain(auc, churned, said) for said in (ranked, missing)]
    return max(max(power, 1.0 - power) if np.isfinite(power) else 0.5 for power in powers)


def check_time(folds: Sequence[tuple[Sequence[datetime], datetime]] | None) -> Check:
    """C3: do training labels end by the cutoff they are judged at? `folds` are (ends of label windows, cutoff)."""
    asks = "no training label looks past its validation cutoff"
    if folds is None:
        return _skipped("C3", asks, "the table has no time")
    late = [
        f"a label window ends {max(ends):%Y-%m-%d}, after {cutoff:%Y-%m-%d}"
        for ends, cutoff in folds
        if max(ends) > cutoff
    ]
    return _checked("C3", asks, late, f"{len(folds)} folds", "more windows.gap_days.")


def check_edges(parameters: Mapping[str, float], ranges: Mapping[str, tuple[float, float, bool]]) -> Check:
    """C4: does the best trial lie at the edge of the search? `ranges` are (low, high, logarithmic)."""
    asks = "the best parameters lie inside the search"
    known = [name for name in ranges if name in parameters]
    if not known:
        return _skipped("C4", asks, "nothing was searched")
    places = {name: _place(parameters[name], *ranges[name]) for name in known}
    faults = [
        f"{name}={parameters[name]:g} is at the {'low' if place <= _EDGE else 'high'} end"
        for name, place in places.items()
        if place <= _EDGE or place >= 1.0 - _EDGE
    ]
    return _checked(
        "C4", asks, faults, f"{len(known)} parameters", "widen the range: tuning.churn.<name>.low or .high."
    )


def _place(value: float, low: float, high: float, logarithmic: bool) -> float:
    if high <= low:
        return 0.5
    return (log(value / low) / log(high / low)) if logarithmic else (value - low) / (high - low)


def check_calibration(slope: float, error: float) -> Check:
    """C5: do scores happen as often as they say?"""
    found = f"slope {slope:.2f}, expected calibration error {error:.3f}"
    fine = np.isfinite(slope) and _SLOPES[0] <= slope <= _SLOPES[1] and error <= _MOST_ERROR
    return _checked(
        "C5", "scores are calibrated", [] if fine else [found], found, "another churn.calibration, or more folds."
    )


def check_drift(train: pd.DataFrame, asked: pd.DataFrame) -> Check:
    """C6: do the customers to be scored look like those learned from? By the population stability index."""
    shifts = {str(name): stability_index(train[name], asked[name]) for name in train.columns}
    worst = sorted(shifts, key=lambda name: -shifts[name])
    faults = [f"{name} PSI {shifts[name]:.2f}" for name in worst if shifts[name] > _MOST_PSI]
    fine = f"largest PSI {shifts[worst[0]]:.2f} ({worst[0]})" if worst else "no feature"
    remedy = "learn from later cutoffs (fewer windows.n_cutoffs), or leave out what only grows with time."
    return _checked("C6", "features do not drift", faults, fine, remedy)


def stability_index(expected: "pd.Series[Any]", actual: "pd.Series[Any]") -> float:
    """Return the sum of (actual - expected) log(actual / expected) over tenths, or values, and missing ones."""
    if pd.api.types.is_numeric_dtype(expected):
        known = expected.dropna().to_numpy(dtype=float)
        edges = np.unique(np.quantile(known, np.arange(1, _TENTHS) / _TENTHS)) if len(known) else np.zeros(0)
        before, after = [_number_shares(column, edges) for column in (expected, actual)]
    else:
        values = expected.astype(object).value_counts().index[: 2 * _TENTHS]
        before, after = [
            np.array([*[float((column == value).mean()) for value in values], float(column.isna().mean())])
            for column in (expected, actual)
        ]
    old, new = np.maximum(before, _TINY), np.maximum(after, _TINY)
    return float(np.sum((new - old) * np.log(new / old)))


def _number_shares(column: "pd.Series[Any]", edges: Array) -> Array:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    known = values[np.isfinite(values)]
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return np.asarray(np.r_[counts, len(values) - len(known)] / max(len(values), 1))


def check_counts(churned: Array) -> Check:
    """C7: are there enough of each outcome to learn from?"""
    left, stayed = int(churned.sum()), int((1.0 - churned).sum())
    found = f"{left:,} left, {stayed:,} stayed"
    faults = [found] if min(left, stayed) < _FEWEST else []
    return _checked(
        "C7",
        "enough customers of each outcome",
        faults,
        found,
        "more history, or a longer horizon; trust intervals, not figures.",
    )


def check_folds(areas: Sequence[float]) -> Check:
    """C8: is the ranking as good on every fold? `areas` are AUCs by fold."""
    asks = "folds agree"
    if len(areas) < 2:  # noqa: PLR2004 # one fold agrees with itself
        return _skipped("C8", asks, "one fold")
    found = "AUC " + ", ".join(f"{area:.3f}" for area in areas)
    faults = [found] if float(np.std(areas)) > _MOST_SPREAD else []
    return _checked("C8", asks, faults, found, "more rows a fold, or a look at what happened at the odd cutoff.")


def check_slices(truth: Array, scores: Array, slices: Mapping[str, Array]) -> Check:
    """C9: is the score as good where it matters? `slices` are masks (n,) by name."""
    asks = "no part of the customers is served far worse"
    overall, faults, judged = plain(auc, truth, scores), [], 0
    for name, mask in slices.items():
        rows = mask.astype(bool)
        left = int(truth[rows].sum())
        if rows.sum() < _LEAST_SLICE or min(left, int(rows.sum()) - left) < _LEAST_CLASS:
            continue
        judged += 1
        area, gap = plain(auc, truth[rows], scores[rows]), float(scores[rows].mean() - truth[rows].mean())
        error = float(np.sqrt(np.mean(scores[rows] * (1.0 - scores[rows])) / rows.sum()))
        if area < overall - _MOST_LOSS:
            faults.append(f"{name}: AUC {area:.3f} against {overall:.3f}")
        elif abs(gap) > max(_MOST_BIAS, _SURE * error):
            faults.append(f"{name}: mean score {gap:+.3f} from what happened")
    if not judged:
        return _skipped("C9", asks, "no slice is large enough")
    return _checked(
        "C9", asks, faults, f"{judged} slices", "features that tell these customers apart, or a model of their own."
    )
