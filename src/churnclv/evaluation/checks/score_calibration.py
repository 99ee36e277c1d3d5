"""C5: scores are calibrated."""

from math import pi, sqrt

import numpy as np

from ..check import Check, Evidence, Rule, Severity, check
from ..metrics import Array
from ..reliability import calibration_line, expected_calibration_error, logit, reliability_bins

_SLOPES, _MOST_ERROR = (0.8, 1.25), 0.03
_LIKELY, _SURE = 2.0, 3.0  # standard errors that chance alone may be off
_TINY = 1e-4
RULE = Rule(
    "C5",
    "scores are calibrated",
    Severity.warning,
    what=(
        "Fails if the slope of the calibration line lies outside 0.8 to 1.25 by more than two standard "
        "errors, or if the expected calibration error is above 0.03 and above what perfect scores would show "
        "by chance on so few rows."
    ),
    why="Expected gains and CLV use the score as a probability, not only as a ranking.",
    remedy="Another `churn.calibration`, or more folds.",
)


@check(RULE)
def score_calibration(evidence: Evidence) -> Check:
    """Run it on the evidence of a run."""
    return check_calibration(evidence.truth, evidence.scores)


def check_calibration(truth: Array, scores: Array) -> Check:
    """C5: do customers leave as often as their scores predict? A deviation within chance is no fault."""
    slope, intercept = calibration_line(truth, scores)
    if not np.isfinite(slope):
        return RULE.skipped("one outcome only")
    error, tolerance = expected_calibration_error(truth, scores), _LIKELY * _slope_error(scores, slope, intercept)
    finding = f"slope {slope:.2f}, expected calibration error {error:.3f}"
    sloped = _SLOPES[0] - tolerance <= slope <= _SLOPES[1] + tolerance
    fine = sloped and error <= max(_MOST_ERROR, _chance_error(truth, scores))
    return RULE.checked([] if fine else [finding], finding)


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
