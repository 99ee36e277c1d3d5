"""Coded checks of a churn model for the most frequent faults of such projects, each with a remedy.

A check is passed, failed, or not applicable to the data. A failed check does not stop a run.
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
_MOST_ROWS = 20_000  # on which the AUC of single features is computed
_MOST_CODES = 20  # numbers of so few values may be codes, which have no order
_BLOCKS = 8  # of rows: rates come from every second one and are evaluated on the others
_EDGE = 0.02  # of a search range
_SLOPES, _MOST_ERROR = (0.8, 1.25), 0.03
_MOST_PSI = 0.25  # the usual threshold of a shift that matters
_MORE_DRIFT = 1.5  # times the index on validation
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
    """One check: its code, the claim it tests, its outcome, its finding, and the remedy where it failed."""

    code: str
    claim: str
    outcome: Outcome
    finding: str
    remedy: str

    def line(self) -> str:
        """Return the check as a line for people."""
        tail = f" -> {self.remedy}" if self.outcome is Outcome.failed else ""
        return f"{self.code} {self.outcome.value:<14} {self.claim}: {self.finding}{tail}"


def _checked(code: str, claim: str, faults: Sequence[str], fine: str, remedy: str) -> Check:
    """Return a check that failed if there are faults."""
    if not faults:
        return Check(code, claim, Outcome.passed, fine, remedy)
    more = f" and {len(faults) - _MOST_LISTED} more" if len(faults) > _MOST_LISTED else ""
    return Check(code, claim, Outcome.failed, "; ".join(faults[:_MOST_LISTED]) + more, remedy)


def _skipped(code: str, claim: str, why: str) -> Check:
    return Check(code, claim, Outcome.not_applicable, why, "")


def check_baselines(differences: Mapping[str, float], simple: tuple[str, Interval] | None = None) -> Check:
    """C1: is the score's log-loss at least that of every baseline, and clearly less than that of the best simple one?

    Args:
        differences: log-loss of each baseline minus that of the score, in nats.
        simple: name of the best simple baseline, and that difference with its paired interval; None where it has none.
    """
    claim = "better than every baseline"
    if not differences:
        return _skipped("C1", claim, "no baseline")
    faults = [
        f"{name} is better by {-difference:.4f} nats" for name, difference in differences.items() if difference < -_TINY
    ]
    if simple is not None and not simple[1].low > 0 and simple[1].value >= -_TINY:
        faults.append(f"not clearly better than {simple[0]}: by {simple[1]} nats")
    remedy = "take that baseline (churn=logistic, churn=btyd), or more trials; where base_rate is as good, more data."
    return _checked("C1", claim, faults, f"{len(differences)} baselines beaten", remedy)


def check_golden_features(features: pd.DataFrame, churned: Array) -> Check:
    """C2: does one feature alone nearly predict who left? Then it was probably recorded after the fact."""
    claim = "no feature reveals the outcome"
    if not len(features.columns):
        return _skipped("C2", claim, "no feature")
    step = max(1, len(features) // _MOST_ROWS)
    some, truth = features.iloc[::step], churned[::step]
    powers = {str(name): single_auc(some[name], truth) for name in some.columns}
    faults = [f"{name!r} alone has AUC {power:.3f}" for name, power in powers.items() if power >= _GOLDEN_AUC]
    best = max(powers, key=lambda name: powers[name])
    fine = f"the strongest, {best!r}, has AUC {powers[best]:.3f}"
    remedy = "if it is known only once a customer has left, leave it out: data.exclude=[...] or features.families."
    return _checked("C2", claim, faults, fine, remedy)


def single_auc(column: "pd.Series[Any]", churned: Array) -> float:
    """Return the AUC of one column, (n,): of its numbers in their better direction, or of missing or not.

    Texts, and numbers of few values, are ranked by the churn rate of their value on other rows.
    """
    is_number = pd.api.types.is_numeric_dtype(column)
    powers = [_either_way(churned, np.asarray(column.isna(), dtype=float))]
    if is_number:
        values = column.to_numpy(dtype=float, na_value=np.nan)
        finite = np.isfinite(values)
        middle = float(np.median(values[finite])) if finite.any() else 0.0
        powers.append(_either_way(churned, np.asarray(np.where(finite, values, middle), dtype=float)))
    if not is_number or column.nunique() <= _MOST_CODES:
        powers.append(_rate_auc(column, churned))
    return max(powers)


def _either_way(churned: Array, ranked: Array) -> float:
    power = plain(auc, churned, ranked)
    return max(power, 1.0 - power) if np.isfinite(power) else 0.5


def _rate_auc(column: "pd.Series[Any]", churned: Array) -> float:
    """Return the AUC of the churn rate of a row's value, learned on one half of the rows and evaluated on the other.

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
    """C3: do training labels end by the validation cutoff? `folds` are (ends of label windows, cutoff)."""
    claim = "no training label looks past its validation cutoff"
    if folds is None:
        return _skipped("C3", claim, "the table has no time")
    late = [
        f"a label window ends {max(ends):%Y-%m-%d}, after {cutoff:%Y-%m-%d}"
        for ends, cutoff in folds
        if max(ends) > cutoff
    ]
    return _checked("C3", claim, late, f"{len(folds)} folds", "more windows.gap_days.")


def check_edges(parameters: Mapping[str, float], ranges: Mapping[str, tuple[float, float, bool]]) -> Check:
    """C4: does the best trial lie at the edge of the search? `ranges` are (low, high, logarithmic)."""
    claim = "the best parameters lie inside the search"
    searched = [name for name in ranges if name in parameters]
    if not searched:
        return _skipped("C4", claim, "nothing was searched")
    places = {name: _place(parameters[name], *ranges[name]) for name in searched}
    faults = [
        f"{name}={parameters[name]:g} is at the {'low' if place <= _EDGE else 'high'} end"
        for name, place in places.items()
        if place <= _EDGE or place >= 1.0 - _EDGE
    ]
    return _checked(
        "C4", claim, faults, f"{len(searched)} parameters", "widen the range: tuning.churn.<name>.low or .high."
    )


def _place(value: float, low: float, high: float, logarithmic: bool) -> float:
    if high <= low:
        return 0.5
    return (log(value / low) / log(high / low)) if logarithmic else (value - low) / (high - low)


def check_calibration(truth: Array, scores: Array) -> Check:
    """C5: do customers leave as often as their scores predict? A deviation within chance is no fault."""
    claim = "scores are calibrated"
    slope, intercept = calibration_line(truth, scores)
    if not np.isfinite(slope):
        return _skipped("C5", claim, "one outcome only")
    error, tolerance = expected_calibration_error(truth, scores), _LIKELY * _slope_error(scores, slope, intercept)
    finding = f"slope {slope:.2f}, expected calibration error {error:.3f}"
    sloped = _SLOPES[0] - tolerance <= slope <= _SLOPES[1] + tolerance
    fine = sloped and error <= max(_MOST_ERROR, _chance_error(truth, scores))
    return _checked("C5", claim, [] if fine else [finding], finding, "another churn.calibration, or more folds.")


def _slope_error(scores: Array, slope: float, intercept: float) -> float:
    """Return the standard error of the calibration slope, from the information of the logistic regression."""
    log_odds = logit(scores)
    chance = 1.0 / (1.0 + np.exp(-(intercept + slope * log_odds)))
    weights = np.maximum(chance * (1.0 - chance), _TINY)
    information = float(weights @ (log_odds - np.average(log_odds, weights=weights)) ** 2)
    return 1.0 / sqrt(max(information, _TINY))


def _chance_error(truth: Array, scores: Array) -> float:
    """Return the calibration error that perfect scores rarely exceed: mean distances of normal errors, bin by bin."""
    predicted, _, rows = reliability_bins(truth, scores).T
    spread = rows / rows.sum() * np.sqrt(predicted * (1.0 - predicted) / rows)
    return float(spread.sum() * sqrt(2.0 / pi) + _SURE * np.sqrt((spread**2).sum() * (1.0 - 2.0 / pi)))


def check_drift(train: pd.DataFrame, scored: pd.DataFrame, validated: Mapping[str, float] | None = None) -> Check:
    """C6: are the customers to be scored like those in training? By the population stability index.

    `validated` is the index by feature between a fold's training and validation rows. In a growing log ages and counts
    always drift; the models were validated across such a drift, so only one well beyond it is a fault.
    """
    claim, indices = "features drift no more than on validation", validated or {}
    if not len(train.columns) or not len(scored):
        return _skipped("C6", claim, "no feature" if len(scored) else "nobody to score")
    shifts = {str(name): stability_index(train[name], scored[name]) for name in train.columns}
    worst = sorted(shifts, key=lambda name: -shifts[name][0])
    faults = [
        f"{name} PSI {shifts[name][0]:.2f} (validation {indices.get(name, 0.0):.2f})"
        for name in worst
        if shifts[name][0] > max(_MOST_PSI, shifts[name][1], _MORE_DRIFT * indices.get(name, 0.0))
    ]
    fine = f"largest PSI {shifts[worst[0]][0]:.2f} ({worst[0]}; validation {indices.get(worst[0], 0.0):.2f})"
    remedy = "learn from later cutoffs (fewer windows.n_cutoffs), or leave out features that only grow with time."
    return _checked("C6", claim, faults, fine, remedy)


def check_counts(churned: Array, longer_horizon: str = "") -> Check:
    """C7: are there enough customers of each outcome?

    Args:
        churned: outcomes.
        longer_horizon: which outcome a longer horizon has more of: `left` of contracts, `stayed` of orders; empty for a
            table without time.
    """
    left, stayed = int(churned.sum()), int((1.0 - churned).sum())
    finding = f"{left:,} left, {stayed:,} stayed"
    faults = [finding] if min(left, stayed) < _FEWEST else []
    wanted = "left" if left < stayed else "stayed"
    horizon = f", or a {'longer' if wanted == longer_horizon else 'shorter'} horizon" if longer_horizon else ""
    remedy = f"more history{horizon}; trust intervals, not figures."
    return _checked("C7", "enough customers of each outcome", faults, finding, remedy)


def check_folds(folds: Sequence[tuple[Array, Array]]) -> Check:
    """C8: is the ranking as good on every fold? `folds` are (outcomes, scores); small ones may differ by chance."""
    claim = "folds agree"
    both = [(truth, scores) for truth, scores in folds if 0 < truth.sum() < len(truth)]
    if len(both) < 2:  # noqa: PLR2004 # one fold agrees with itself
        return _skipped("C8", claim, "fewer than two folds with both outcomes")
    areas = [plain(auc, truth, scores) for truth, scores in both]
    chance = sqrt(np.mean([_auc_variance(area, truth) for area, (truth, _) in zip(areas, both, strict=True)]))
    finding = "AUC " + ", ".join(f"{area:.3f}" for area in areas)
    faults = [finding] if float(np.std(areas)) > max(_MOST_SPREAD, _LIKELY * chance) else []
    return _checked("C8", claim, faults, finding, "more rows a fold, or a look at what happened at the odd cutoff.")


def _auc_variance(area: float, truth: Array) -> float:
    """Return the variance of an AUC (Hanley and McNeil 1982, Radiology 143, Eq. 1)."""
    left, stayed = float(truth.sum()), float((1.0 - truth).sum())
    among_left, among_stayed = area / (2.0 - area) - area**2, 2.0 * area**2 / (1.0 + area) - area**2
    spread = area * (1.0 - area) + (left - 1.0) * among_left + (stayed - 1.0) * among_stayed
    return float(spread / (left * stayed))


def check_slices(truth: Array, scores: Array, slices: Mapping[str, Array]) -> Check:
    """C9: is the score as good in each slice of the customers? `slices` are masks (n,) by name."""
    claim = "no part of the customers is served far worse"
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
        return _skipped("C9", claim, "no slice is large enough")
    return _checked(
        "C9",
        claim,
        faults,
        f"{evaluated} slices",
        "features that distinguish these customers, or a model of their own.",
    )
