"""Performance without labels: what calibrated scores themselves say about their ranking and their losses.

Confidence-based performance estimation: if the scores are calibrated, each customer leaves with the probability of the
score, so that the expected AUC and log-loss follow from the scores alone. The estimate is as good as the calibration,
and its own error is measured where the truth is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from ..evaluation.bootstrap import Interval
from ..evaluation.metrics import Array, log_loss, plain
from .finding import Fields, Finding, Light, Part

_DRAWS = 200
_FEWEST = 50
_TOLERANCE, _ACT = 0.02, 0.04  # of the AUC, below the promise
_NORMAL = 1.959964  # standard deviations of a 95% interval to each side


@dataclass(frozen=True)
class LabelFree:
    """The estimate of a batch: AUC with a 95% interval, log-loss, and the share of customers expected to leave.

    Parameters
    ----------
    auc
        The interval has the chance of the outcomes and the error of past estimates.
    log_loss
        In nats per customer.
    leavers
        The mean score.
    past_error
        The root mean square of past estimates' errors; NaN without any.
    """

    auc: Interval
    log_loss: float
    leavers: float
    past_error: float


def expected_auc(scores: Array) -> float:
    """Return the expected AUC of calibrated scores (n,): the expected pairs in order over all expected pairs.

    A pair is two customers: that of a customer with itself, which `auc` counts half where an outcome is uncertain, is
    taken out of both sums.
    """
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    positive, negative = (np.add.reduceat(part, starts) for part in (ranked, 1.0 - ranked))
    below = np.cumsum(negative) - negative / 2.0
    own = float(np.sum(ranked * (1.0 - ranked)))
    pairs = float(positive.sum() * negative.sum()) - own
    return float((positive @ below - own / 2.0) / pairs) if pairs > 0 else float("nan")


def auc_draws(scores: Array, seed: int = 0) -> Array:
    """Return the AUCs of outcomes that are drawn with the scores (n,) as probabilities, (draws,)."""
    from scipy.stats import rankdata

    ranks, random = rankdata(scores), np.random.default_rng(seed)
    drawn = np.full(_DRAWS, np.nan)
    for place in range(_DRAWS):
        left = random.random(len(scores)) < scores
        positives = int(left.sum())
        pairs = positives * (len(scores) - positives)
        if pairs:
            drawn[place] = (ranks[left].sum() - positives * (positives + 1) / 2.0) / pairs
    return np.asarray(drawn[np.isfinite(drawn)])


def estimate_performance(scores: Array, past_errors: Sequence[float] = (), seed: int = 0) -> LabelFree:
    """Return the expected performance of calibrated scores, with the estimate's own error.

    Parameters
    ----------
    scores
        Of the customers in the population, (n,).
    past_errors
        Estimate minus truth of batches whose outcomes are known, such as validation folds and past scorings.
    seed
        Of the drawn outcomes.

    Returns
    -------
    LabelFree
        The interval of the AUC takes the greater of the outcomes' chance and the past errors' root mean square.
    """
    value, drawn = expected_auc(scores), auc_draws(scores, seed)
    chance = float(np.std(drawn)) if len(drawn) else float("nan")
    error = sqrt(float(np.mean(np.square(past_errors)))) if len(past_errors) else float("nan")
    spread = _NORMAL * max(chance, error if np.isfinite(error) else 0.0)
    interval = Interval(value, max(value - spread, 0.0), min(value + spread, 1.0))
    return LabelFree(interval, plain(log_loss, scores, scores), float(np.mean(scores)), error)


def report_estimate(
    estimate: LabelFree | None, customers: int, promised: Interval | None, outcomes: int
) -> list[Finding]:
    """Return the line on the performance expected today.

    Parameters
    ----------
    estimate
        None where there are too few customers.
    customers
        How many were scored.
    promised
        The AUC of the sealed test; None without one.
    outcomes
        The number of past scorings among the past errors.

    Returns
    -------
    list of Finding
        Attention is needed where the whole interval lies clearly below the promise.
    """
    if estimate is None or customers < _FEWEST or not np.isfinite(estimate.auc.value):
        return [Finding(Part.estimate, Light.unknown, "estimate.few", {"n": customers})]
    light = Light.ok if promised is not None else Light.unknown
    if promised is not None and estimate.auc.high < promised.value:
        short = promised.value - estimate.auc.value
        light = Light.act if short > _ACT else Light.watch if short > _TOLERANCE else Light.ok
    values: Fields = {
        "value": estimate.auc.value, "low": estimate.auc.low, "high": estimate.auc.high,
        "promised": None if promised is None else promised.value, "n": customers,
    }  # fmt: skip
    metrics = {
        "estimate.auc": estimate.auc.value,
        "estimate.auc_low": estimate.auc.low, "estimate.auc_high": estimate.auc.high,
        "estimate.log_loss": estimate.log_loss, "estimate.leavers": estimate.leavers,
    }  # fmt: skip
    lines = [Finding(Part.estimate, light, "estimate.auc", values, metrics)]
    lines.append(Finding(Part.estimate, Light.ok, "estimate.leavers", {"share": estimate.leavers, "n": customers}))
    key = "estimate.error" if np.isfinite(estimate.past_error) else "estimate.no_error"
    lines.append(Finding(Part.estimate, Light.unknown, key, {"error": estimate.past_error, "n": outcomes}))
    return lines
