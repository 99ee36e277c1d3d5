"""Promises kept: the scores of past scorings against what happened since, and against what the sealed test promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import sqrt

import numpy as np
import pandas as pd

from ..evaluation.bootstrap import Interval, Sample, score
from ..evaluation.drift import adjusted
from ..evaluation.interval_coverage import inside
from ..evaluation.metrics import Metric, auc, bias, log_loss, share_of
from .finding import Fields, Finding, Light, Part
from .scoring_history import LISTED, Scoring

SPREADS = 2 * 1.959964  # standard deviations between the ends of a 95% interval
_LEAST_OUTCOMES = 10  # customers who left, and who stayed: with fewer, a ranking says nothing
_PROMISED = ("test", "valid")  # where a run's figures are promises, the sealed test first
_FIGURES = ("churn.auc", "churn.log_loss", "churn.bias", "purchases.bias", "spend.bias", "spend.coverage")
_STORED = {"spend.coverage": "spend.interval.coverage"}  # names of a run's metrics
_TOLERANCE = {
    "churn.auc": 0.02, "churn.log_loss": 0.03, "churn.bias": 0.1, "purchases.bias": 0.1, "spend.bias": 0.1,
    "spend.coverage": 0.03,
}  # fmt: skip
_ACT_TIMES = 2.0  # the tolerance


@dataclass(frozen=True)
class Outcome:
    """What became of a past scoring.

    Parameters
    ----------
    scoring
        Its facts.
    customers
        How many had both a score and an outcome.
    figures
        By name such as `churn.auc`, with 95% intervals by a bootstrap of customers; without the customers of its
        contact list, if there are others: a contact that works makes a true prediction look false.
    listed
        The same of the customers of its contact list.
    expected_auc
        The AUC that was expected on that day without labels, to compare with the figure.
    """

    scoring: Scoring
    customers: int
    figures: dict[str, Interval]
    listed: dict[str, Interval]
    expected_auc: float = float("nan")


def join_outcomes(scores: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the customers of a scoring who are in the labels' population, with scores and labels side by side.

    Parameters
    ----------
    scores
        Of the history: one row per customer.
    labels
        From `read_labels` at the scoring's cutoff: `customer_id`, `churned`, and `purchases` and `spend` of buyers.

    Returns
    -------
    pandas.DataFrame
        Ordered by customer.
    """
    joined = scores.merge(labels.drop(columns="cutoff", errors="ignore"), on="customer_id", how="inner")
    return joined.sort_values("customer_id", ignore_index=True)


def evaluate_outcomes(joined: pd.DataFrame) -> dict[str, Interval]:
    """Return AUC, log-loss and biases of scores against labels, and the coverage of the intervals of spend.

    Parameters
    ----------
    joined
        From `join_outcomes`.

    Returns
    -------
    dict
        Figure by name; those that the data do not give are left out. A bias is the total predicted over the total that
        came true, less one.
    """
    churned = joined["churned"].to_numpy(dtype=float)
    if min(churned.sum(), len(churned) - churned.sum()) < _LEAST_OUTCOMES:
        return {}
    metrics: dict[str, Metric] = {"auc": auc, "log_loss": log_loss, "bias": bias}
    figures = _score("churn", joined, churned, "churn_score", metrics)
    for target in ("purchases", "spend"):
        if target in joined.columns and joined[f"expected_{target}"].notna().any():
            truth = joined[target].to_numpy(dtype=float)
            figures |= _score(target, joined, truth, f"expected_{target}", {"bias": bias})
            if target == "spend":
                figures |= _coverage(joined, truth)
    return figures


def _score(
    target: str, joined: pd.DataFrame, truth: np.ndarray, column: str, metrics: Mapping[str, Metric]
) -> dict[str, Interval]:
    predicted = joined[column].to_numpy(dtype=float)
    known = np.isfinite(predicted)
    sample = Sample(truth[known], {"score": predicted[known]}, np.arange(int(known.sum()), dtype=np.int64))
    figures = score([sample], metrics, "score").figures["score"]
    return {f"{target}.{name}": figure for name, figure in figures.items()}


def _coverage(joined: pd.DataFrame, spend: np.ndarray) -> dict[str, Interval]:
    low, high = (joined[f"expected_spend_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return {}
    held = inside(spend[known], low[known], high[known])
    sample = Sample(held, {"held": held}, np.arange(len(held), dtype=np.int64))
    metrics: dict[str, Metric] = {"coverage": lambda truth, _, weights: share_of(truth, weights)}
    return {"spend.coverage": score([sample], metrics, "held").figures["held"]["coverage"]}


def evaluate_scoring(
    scoring: Scoring, scores: pd.DataFrame, labels: pd.DataFrame, expected_auc: float = float("nan")
) -> Outcome:
    """Return what became of a scoring; the customers of its contact list apart.

    Parameters
    ----------
    scoring
        Its facts.
    scores
        Of the history.
    labels
        From `read_labels` at its cutoff.
    expected_auc
        The estimate without labels of that day.

    Returns
    -------
    Outcome
        The figures of the other customers, and of the listed ones.
    """
    joined = join_outcomes(scores, labels)
    listed = joined[LISTED].to_numpy(dtype=bool)
    apart = listed.any() and not listed.all()
    figures = evaluate_outcomes(joined[~listed] if apart else joined)
    return Outcome(scoring, len(joined), figures, evaluate_outcomes(joined[listed]) if apart else {}, expected_auc)


def read_promises(metrics: Mapping[str, float]) -> tuple[str, dict[str, Interval]]:
    """Return where a run's figures are promises (`test`, `valid` or empty), and the promised figures.

    Parameters
    ----------
    metrics
        All that the run has written.

    Returns
    -------
    tuple
        The leavers' bias is promised to be 0, for scores are calibrated.
    """
    where = next((when for when in _PROMISED if f"{when}.churn.auc" in metrics), "")
    promises = {}
    for name in _FIGURES:
        key = f"{where}.{_STORED.get(name, name)}"
        if key in metrics:
            ends = (metrics.get(f"{key}{end}", float("nan")) for end in ("_low", "_high"))
            promises[name] = Interval(metrics[key], *ends)
    if where:
        promises["churn.bias"] = Interval(0.0, 0.0, 0.0)
    return where, promises


def shortfall(name: str, observed: Interval, promised: Interval) -> float:
    """Return by how much a figure is worse than promised, positive if it is worse; log-loss as a share of the promise.

    A bias is compared in size, and coverage counts as worse only if it is lower.
    """
    if name == "churn.log_loss":
        return observed.value / promised.value - 1.0
    if name.endswith("bias"):
        return abs(observed.value) - abs(promised.value)
    return promised.value - observed.value


def _doubt(name: str, observed: Interval, promised: Interval) -> float:
    """Return the one-sided p-value that a figure is as promised, by the normal law of its intervals."""
    from scipy.stats import norm

    spreads = [max((one.high - one.low) / SPREADS, 0.0) for one in (observed, promised)]
    spread = sqrt(sum(part**2 for part in spreads if np.isfinite(part)))
    if name == "churn.log_loss":
        spread /= max(abs(promised.value), 1e-12)
    return float(norm.sf(shortfall(name, observed, promised) / max(spread, 1e-12)))


def report_promises(
    outcomes: Sequence[Outcome],
    promises: Mapping[str, Mapping[str, Interval]],
    false_alarm_share: float,
) -> list[Finding]:
    """Return one line per scoring and figure that differs from its promise, or one line per scoring that kept all.

    Parameters
    ----------
    outcomes
        Of scorings whose horizon has passed, oldest first.
    promises
        By training run, the promised figures by name.
    false_alarm_share
        The share of runs with an alarm if every promise is kept.

    Returns
    -------
    list of Finding
        An alarm needs a difference beyond chance and beyond twice the tolerance of the figure.
    """
    pairs = {
        f"{place} {name}": (name, figure, promises[outcome.scoring.run_id][name])
        for place, outcome in enumerate(outcomes)
        for name, figure in outcome.figures.items()
        if name in promises.get(outcome.scoring.run_id, {}) and np.isfinite(figure.value)
    }
    valid = adjusted({key: _doubt(*pair) for key, pair in pairs.items()})
    lines = []
    for place, outcome in enumerate(outcomes):
        lights = {
            name: _light(name, figure, promised, valid[key] < false_alarm_share)
            for key, (name, figure, promised) in pairs.items()
            if key == f"{place} {name}"
        }
        lines += _scoring_lines(outcome, lights, promises.get(outcome.scoring.run_id, {}))
    return lines


def _light(name: str, observed: Interval, promised: Interval, is_significant: bool) -> Light:
    worse = shortfall(name, observed, promised)
    if not is_significant or worse <= _TOLERANCE[name]:
        return Light.ok
    return Light.act if worse > _ACT_TIMES * _TOLERANCE[name] else Light.watch


def _scoring_lines(outcome: Outcome, lights: Mapping[str, Light], promises: Mapping[str, Interval]) -> list[Finding]:
    """Return the line of a scoring's AUC, a line for each broken promise, and one of its contact list."""
    day = outcome.scoring.day
    if "churn.auc" not in outcome.figures:
        return [Finding(Part.promises, Light.unknown, "promises.few", {"day": day, "n": outcome.customers})]
    metrics = {f"promises.{day}.{name}": figure.value for name, figure in outcome.figures.items()}
    metrics[f"promises.{day}.expected_auc"] = outcome.expected_auc
    broken = [name for name in _FIGURES[1:] if lights.get(name, Light.ok) > Light.ok]
    lights = {"churn.auc": Light.unknown, **lights}
    first, *others = (
        _figure_line(day, name, outcome.figures, promises, lights[name], outcome.customers)
        for name in ("churn.auc", *broken)
    )
    return [replace(first, metrics=metrics), *others, *_kept_lines(day, outcome, lights), *_listed_lines(day, outcome)]


def _kept_lines(day: str, outcome: Outcome, lights: Mapping[str, Light]) -> list[Finding]:
    """Return the line that counts the other figures that were kept, with the two biases that people plan by."""
    kept = sum(lights.get(name) == Light.ok for name in _FIGURES[1:])
    if not kept:
        return []
    spend = outcome.figures.get("spend.bias")
    values: Fields = {
        "day": day, "n": kept, "leavers": outcome.figures["churn.bias"].value,
        "spend": None if spend is None else spend.value,
    }  # fmt: skip
    return [Finding(Part.promises, Light.ok, "promises.kept_churn" if spend is None else "promises.kept", values)]


def _listed_lines(day: str, outcome: Outcome) -> list[Finding]:
    """Return the line of the contact list, if the scoring had one."""
    if "churn.auc" not in outcome.listed:
        return []
    ranking, leavers = (outcome.listed[name].value for name in ("churn.auc", "churn.bias"))
    return [Finding(Part.promises, Light.unknown, "promises.listed", {"day": day, "auc": ranking, "leavers": leavers})]


def _figure_line(
    day: str,
    name: str,
    figures: Mapping[str, Interval],
    promises: Mapping[str, Interval],
    light: Light,
    customers: int,
) -> Finding:
    figure, promised = figures[name], promises.get(name)
    values: Fields = {
        "day": day, "figure": name, "value": figure.value, "low": figure.low, "high": figure.high,
        "promised": None if promised is None else promised.value, "n": customers,
    }  # fmt: skip
    return Finding(Part.promises, light, "promises.figure", values)


def report_pending(scoring: Scoring, until: datetime, early: Mapping[str, Interval]) -> Finding:
    """Return the line of a scoring whose horizon has not passed: how far it is, and the ranking so far.

    Parameters
    ----------
    scoring
        Its facts.
    until
        The end of the log.
    early
        Figures against the labels of the days that have passed: the AUC for leaving within them.

    Returns
    -------
    Finding
        Without a light: what is promised is about the whole horizon.
    """
    start, day = scoring.moment, scoring.day
    passed, whole = (until - start).days, (scoring.label_windows.label_end(start) - start).days
    values: dict[str, float | int | str | None] = {"day": day, "passed": passed, "whole": whole}
    if "churn.auc" not in early:
        return Finding(Part.promises, Light.unknown, "promises.pending", values)
    figure = early["churn.auc"]
    values |= {"value": figure.value, "low": figure.low, "high": figure.high}
    return Finding(Part.promises, Light.unknown, "promises.early", values)
