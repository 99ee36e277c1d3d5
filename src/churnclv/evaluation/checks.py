"""Coded checks of a churn model: what went wrong most often in such projects, each with a remedy.

A check is passed, failed, or not applicable to the data. Failing does not stop a run: people decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from math import log, pi, sqrt
from typing import Any

import numpy as np
import pandas as pd

from .bootstrap import Interval
from .drift import stability_index
from .metrics import Array, auc, plain
from .reliability import calibration_line, expected_calibration_error, logit, reliability_bins

_MOST_LISTED = 10  # faults of one check
_GOLDEN_AUC = 0.98
_MOST_ROWS = 20_000  # on which single features are tried
_MOST_CODES = 20  # numbers of so few values may be codes, which have no order
_BLOCKS = 8  # of rows: every second one is learned from, the others are judged
_EDGE = 0.02  # of a search range
_SLOPES, _MOST_ERROR = (0.8, 1.25), 0.03
_MOST_PSI = 0.25  # the usual word for a shift that matters
_MORE_DRIFT = 1.5  # times what validation has seen
_FEWEST = 100
_MOST_SPREAD = 0.03
_LEAST_SLICE, _LEAST_CLASS = 200, 30
_MOST_LOSS = 0.1  # of AUC, in a slice against everybody
_MOST_BIAS = 0.05
_LIKELY, _SURE = 2.0, 3.0  # standard errors that chance alone may be off
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
    if not faults:
        return Check(code, asks, Outcome.passed, fine, remedy)
    more = f" and {len(faults) - _MOST_LISTED} more" if len(faults) > _MOST_LISTED else ""
    return Check(code, asks, Outcome.failed, "; ".join(faults[:_MOST_LISTED]) + more, remedy)


def _skipped(code: str, asks: str, why: str) -> Check:
    return Check(code, asks, Outcome.not_applicable, why, "")


def check_baselines(differences: Mapping[str, float], simple: tuple[str, Interval] | None = None) -> Check:
    """C1: is the score's log-loss at least that of every baseline, and clearly less than that of the best simple one?

    Args:
        differences: log-loss of each baseline minus that of the score, in nats.
        simple: name of the best simple baseline, and that difference with its paired interval; None where it has none.
    """
    asks = "better than every baseline"
    if not differences:
        return _skipped("C1", asks, "no baseline")
    faults = [f"{name} is better by {-found:.4f} nats" for name, found in differences.items() if found < -_TINY]
    if simple is not None and not simple[1].low > 0 and simple[1].value >= -_TINY:
        faults.append(f"not clearly better than {simple[0]}: by {simple[1]} nats")
    remedy = "take that baseline (churn=logistic, churn=btyd), or more trials; where base_rate is as good, more data."
    return _checked("C1", asks, faults, f"{len(differences)} baselines beaten", remedy)


def check_golden_features(features: pd.DataFrame, churned: Array) -> Check:
    """C2: does one feature nearly say who left? Then it was probably written after the fact."""
    asks = "no feature knows the outcome"
    if not len(features.columns):
        return _skipped("C2", asks, "no feature")
    step = max(1, len(features) // _MOST_ROWS)
    some, truth = features.iloc[::step], churned[::step]
    powers = {str(name): single_auc(some[name], truth) for name in some.columns}
    faults = [f"{name!r} alone has AUC {power:.3f}" for name, power in powers.items() if power >= _GOLDEN_AUC]
    best = max(powers, key=lambda name: powers[name])
    fine = f"the strongest, {best!r}, has AUC {powers[best]:.3f}"
    remedy = "if it is known only once a customer has left, leave it out: data.exclude=[...] or features.families."
    return _checked("C2", asks, faults, fine, remedy)


def single_auc(column: "pd.Series[Any]", churned: Array) -> float:
    """Return the AUC of one column, (n,): of its numbers in their better direction, or of missing or not.

    Texts, and numbers of few values, are ranked by the churn rate of their value on other rows.
    """
    is_number = pd.api.types.is_numeric_dtype(column)
    powers = [_either_way(churned, np.asarray(column.isna(), dtype=float))]
    if is_number:
        values = column.to_numpy(dtype=float, na_value=np.nan)
        known = np.isfinite(values)
        middle = float(np.median(values[known])) if known.any() else 0.0
        powers.append(_either_way(churned, np.asarray(np.where(known, values, middle), dtype=float)))
    if not is_number or column.nunique() <= _MOST_CODES:
        powers.append(_rate_auc(column, churned))
    return max(powers)


def _either_way(churned: Array, ranked: Array) -> float:
    power = plain(auc, churned, ranked)
    return max(power, 1.0 - power) if np.isfinite(power) else 0.5


def _rate_auc(column: "pd.Series[Any]", churned: Array) -> float:
    """Return the AUC of the churn rate of a row's value, learned on one half of the rows and judged on the other.

    Rates among all other rows would not do: of two rows with one value, the one that churned would get the lower rate.
    """
    codes = pd.factorize(column.astype(object), use_na_sentinel=False)[0]
    blocks = min(_BLOCKS, len(codes))
    first = np.arange(len(codes)) * blocks // len(codes) % 2 == 0
    powers = []
    for evaluated in (first, ~first):
        if not 0 < churned[evaluated].sum() < evaluated.sum():
            continue
        count = np.bincount(codes[~evaluated], minlength=codes.max() + 1)
        total = np.bincount(codes[~evaluated], weights=churned[~evaluated], minlength=codes.max() + 1)
        rates = (total + churned.mean()) / (count + 1.0)
        powers.append(plain(auc, churned[evaluated], rates[codes[evaluated]]))
    return float(np.mean(powers)) if powers else 0.5


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


def check_calibration(truth: Array, scores: Array) -> Check:
    """C5: do scores happen as often as they say? What chance does to so few rows is no fault."""
    asks = "scores are calibrated"
    slope, intercept = calibration_line(truth, scores)
    if not np.isfinite(slope):
        return _skipped("C5", asks, "one outcome only")
    error, margin = expected_calibration_error(truth, scores), _LIKELY * _slope_error(scores, slope, intercept)
    found = f"slope {slope:.2f}, expected calibration error {error:.3f}"
    sloped = _SLOPES[0] - margin <= slope <= _SLOPES[1] + margin
    fine = sloped and error <= max(_MOST_ERROR, _chance_error(truth, scores))
    return _checked("C5", asks, [] if fine else [found], found, "another churn.calibration, or more folds.")


def _slope_error(scores: Array, slope: float, intercept: float) -> float:
    """Return the standard error of the calibration slope, from the information of the logistic regression."""
    said = logit(scores)
    chance = 1.0 / (1.0 + np.exp(-(intercept + slope * said)))
    weights = np.maximum(chance * (1.0 - chance), _TINY)
    information = float(weights @ (said - np.average(said, weights=weights)) ** 2)
    return 1.0 / sqrt(max(information, _TINY))


def _chance_error(truth: Array, scores: Array) -> float:
    """Return the calibration error that perfect scores rarely exceed: mean distances of normal errors, bin by bin."""
    said, _, rows = reliability_bins(truth, scores).T
    spread = rows / rows.sum() * np.sqrt(said * (1.0 - said) / rows)
    return float(spread.sum() * sqrt(2.0 / pi) + _SURE * np.sqrt((spread**2).sum() * (1.0 - 2.0 / pi)))


def check_drift(train: pd.DataFrame, asked: pd.DataFrame, validated: Mapping[str, float] | None = None) -> Check:
    """C6: do the customers to be scored look like those learned from? By the population stability index.

    `validated` is the index by feature between a fold's training and validation rows. In a growing log ages and counts
    always drift; validation has judged the models across such a drift, so only one well beyond it is a fault.
    """
    asks, seen = "features drift no more than on validation", validated or {}
    if not len(train.columns) or not len(asked):
        return _skipped("C6", asks, "no feature" if len(asked) else "nobody to score")
    shifts = {str(name): stability_index(train[name], asked[name]) for name in train.columns}
    worst = sorted(shifts, key=lambda name: -shifts[name][0])
    faults = [
        f"{name} PSI {shifts[name][0]:.2f} (validation {seen.get(name, 0.0):.2f})"
        for name in worst
        if shifts[name][0] > max(_MOST_PSI, shifts[name][1], _MORE_DRIFT * seen.get(name, 0.0))
    ]
    fine = f"largest PSI {shifts[worst[0]][0]:.2f} ({worst[0]}; validation {seen.get(worst[0], 0.0):.2f})"
    remedy = "learn from later cutoffs (fewer windows.n_cutoffs), or leave out what only grows with time."
    return _checked("C6", asks, faults, fine, remedy)


def check_counts(churned: Array, longer_horizon: str = "") -> Check:
    """C7: are there enough of each outcome to learn from?

    Args:
        churned: outcomes.
        longer_horizon: which outcome a longer horizon has more of: `left` of contracts, `stayed` of orders; empty for a
            table without time.
    """
    left, stayed = int(churned.sum()), int((1.0 - churned).sum())
    found = f"{left:,} left, {stayed:,} stayed"
    faults = [found] if min(left, stayed) < _FEWEST else []
    wanted = "left" if left < stayed else "stayed"
    horizon = f", or a {'longer' if wanted == longer_horizon else 'shorter'} horizon" if longer_horizon else ""
    remedy = f"more history{horizon}; trust intervals, not figures."
    return _checked("C7", "enough customers of each outcome", faults, found, remedy)


def check_folds(folds: Sequence[tuple[Array, Array]]) -> Check:
    """C8: is the ranking as good on every fold? `folds` are (outcomes, scores); small ones may differ by chance."""
    asks = "folds agree"
    both = [(truth, scores) for truth, scores in folds if 0 < truth.sum() < len(truth)]
    if len(both) < 2:  # noqa: PLR2004 # one fold agrees with itself
        return _skipped("C8", asks, "fewer than two folds with both outcomes")
    areas = [plain(auc, truth, scores) for truth, scores in both]
    chance = sqrt(np.mean([_auc_variance(area, truth) for area, (truth, _) in zip(areas, both, strict=True)]))
    found = "AUC " + ", ".join(f"{area:.3f}" for area in areas)
    faults = [found] if float(np.std(areas)) > max(_MOST_SPREAD, _LIKELY * chance) else []
    return _checked("C8", asks, faults, found, "more rows a fold, or a look at what happened at the odd cutoff.")


def _auc_variance(area: float, truth: Array) -> float:
    """Return the variance of an AUC (Hanley and McNeil 1982, Radiology 143, Eq. 1)."""
    left, stayed = float(truth.sum()), float((1.0 - truth).sum())
    among_left, among_stayed = area / (2.0 - area) - area**2, 2.0 * area**2 / (1.0 + area) - area**2
    spread = area * (1.0 - area) + (left - 1.0) * among_left + (stayed - 1.0) * among_stayed
    return float(spread / (left * stayed))


def check_slices(truth: Array, scores: Array, slices: Mapping[str, Array]) -> Check:
    """C9: is the score as good where it matters? `slices` are masks (n,) by name."""
    asks = "no part of the customers is served far worse"
    overall, faults, evaluated = plain(auc, truth, scores), [], 0
    for name, mask in slices.items():
        rows = mask.astype(bool)
        left = int(truth[rows].sum())
        if rows.sum() < _LEAST_SLICE or min(left, int(rows.sum()) - left) < _LEAST_CLASS:
            continue
        evaluated += 1
        area, gap = plain(auc, truth[rows], scores[rows]), float(scores[rows].mean() - truth[rows].mean())
        error = float(np.sqrt(np.mean(scores[rows] * (1.0 - scores[rows])) / rows.sum()))
        if area < overall - _MOST_LOSS:
            faults.append(f"{name}: AUC {area:.3f} against {overall:.3f}")
        elif abs(gap) > max(_MOST_BIAS, _SURE * error):
            faults.append(f"{name}: mean score {gap:+.3f} from what happened")
    if not evaluated:
        return _skipped("C9", asks, "no slice is large enough")
    return _checked(
        "C9", asks, faults, f"{evaluated} slices", "features that tell these customers apart, or a model of their own."
    )
