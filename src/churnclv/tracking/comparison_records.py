"""Comparisons as records: every figure with its interval, plots, and predictions for later comparisons of runs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..churn.churn_models import churn_models
from ..evaluation import plots as figures
from ..evaluation.bootstrap import Sample, Scores
from ..evaluation.profit import profit_curve
from ..evaluation.profit_plots import draw_profit
from ..evaluation.reliability import calibration_line, expected_calibration_error
from ..tuning.churn_comparison import SCORE, ChurnComparison, prediction_columns
from ..tuning.value_comparison import Labels, ValueComparison, summarise_coverage
from . import records

_MAJORITY, _NOMINAL_COVERAGE, _RIVALS, _DRAWS = 0.5, 0.9, 2, 200


def churn_records(comparison: ChurnComparison, when: str) -> Iterator[records.Record]:
    """Yield the churn comparison's figures (`valid.churn.auc`, ...), and the plots of the latest evaluated cutoff."""
    yield records.Metrics(flatten_scores(comparison.figures, f"{when}.churn", SCORE))
    yield records.Metrics(flatten_scores(comparison.profit, f"{when}.churn", SCORE))
    sample, campaign = comparison.samples[-1], comparison.campaigns[-1]
    scores = sample.predictions[SCORE]
    slope, intercept = calibration_line(sample.truth, scores)
    line = {"slope": slope, "intercept": intercept, "error": expected_calibration_error(sample.truth, scores)}
    yield records.Metrics({f"{when}.churn.calibration_{name}": value for name, value in line.items()})
    yield from _churn_drawings(comparison, sample, when, _title(when))
    curves = {
        name: profit_curve(
            campaign.truth, campaign.predictions[name], campaign.customers, replicates=_DRAWS if name == SCORE else 0
        )
        for name in _rivals(comparison)
    }
    picture = draw_profit(curves, f"{_title(when)}: what a campaign brings", "the log's currency")
    yield records.Drawing(f"figures/{when}_profit.svg", picture)


def _title(when: str) -> str:
    return "Sealed test" if when == "test" else "Last validation fold"


def _rivals(comparison: ChurnComparison) -> list[str]:
    """Return the score and the two baselines that rank best, without its own members."""
    metrics = comparison.figures.figures
    auc = {name: metrics[name]["auc"].value for name in metrics if name not in (SCORE, *churn_models())}
    return [SCORE, *sorted(auc, key=lambda name: -auc[name])[:_RIVALS]]


def value_records(comparison: ValueComparison, when: str) -> Iterator[records.Record]:
    """Yield the value comparison's figures (`valid.spend.rmse`, ...), and the plots of the latest evaluated cutoff."""
    for target in ("purchases", "spend"):
        yield records.Metrics(flatten_scores(getattr(comparison, target), f"{when}.{target}", comparison.labels.value))
    yield from _coverage_records(comparison, when)
    spend = comparison.spend_samples[-1]
    if spend.truth.any():
        yield from _spend_drawings(spend, comparison.labels, when, _title(when))


def _coverage_records(comparison: ValueComparison, when: str) -> Iterator[records.Record]:
    """Yield the coverage of the intervals, exact and by randomised ranks, overall and by decile."""
    where = "Sealed test" if when == "test" else "Validation"
    for target, cutoffs in comparison.held.items():
        coverage = summarise_coverage(cutoffs)
        yield records.Metrics({f"{when}.{target}.interval.{name}": value for name, value in coverage.items()})
        deciles = np.array([coverage[f"coverage_decile_{place}"] for place in range(1, 11)])
        picture = figures.draw_coverage(deciles, _NOMINAL_COVERAGE, f"{where}: do intervals of {target} hold?")
        yield records.Drawing(f"figures/{when}_{target}_coverage.svg", picture)


def _churn_drawings(comparison: ChurnComparison, sample: Sample, when: str, title: str) -> Iterator[records.Drawing]:
    truth, scores = sample.truth, sample.predictions
    reliability = figures.draw_reliability(truth, scores[SCORE], f"{title}: do churn scores hold?")
    yield records.Drawing(f"figures/{when}_calibration.svg", reliability)
    ranked = {name: scores[name] for name in _rivals(comparison)}
    if truth.mean() > _MAJORITY:  # where most leave, models differ clearly only in ranking those who come back
        truth, ranked = 1.0 - truth, {name: -score for name, score in ranked.items()}
    rare = "customers who buy again" if truth is not sample.truth else "churners"
    gain = figures.draw_gain(truth, ranked, f"{title}: finding {rare}", rare)
    yield records.Drawing(f"figures/{when}_churn_gain.svg", gain)


def _spend_drawings(sample: Sample, labels: Labels, when: str, title: str) -> Iterator[records.Drawing]:
    truth, expected = sample.truth, sample.predictions
    ranked = {name: expected[name] for name in (labels.value, "past_rate")}
    yield records.Drawing(
        f"figures/{when}_spend_gain.svg", figures.draw_gain(truth, ranked, f"{title}: finding spend", "spend")
    )
    deciles = figures.draw_deciles(truth, expected[labels.value], f"{title}: expected and actual spend", "spend")
    yield records.Drawing(f"figures/{when}_spend_deciles.svg", deciles)


def spend_table(parts: Sequence[Any], comparison: ValueComparison) -> pd.DataFrame:
    """Return true and expected spend in snapshot order, one row per customer and cutoff; customers are numbers."""
    columns = [
        {"cutoff": str(part), "customer": sample.customers, "spend": sample.truth}
        | {f"spend.{name}": expected for name, expected in sample.predictions.items()}
        for part, sample in zip(parts, comparison.spend_samples, strict=True)
    ]
    return pd.concat([pd.DataFrame(cells) for cells in columns], ignore_index=True)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values by dotted name."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def flatten_scores(scores: Scores, prefix: str, main: str) -> dict[str, float]:
    """Return the main model's figures as prefix.metric with _low and _high, the others' as prefix.model.metric."""
    flat = {}
    for model, intervals in scores.figures.items():
        for metric, interval in intervals.items():
            name = f"{prefix}.{metric}" if model == main else f"{prefix}.{model}.{metric}"
            flat[name] = interval.value
            if model == main:
                flat |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return flat


def prediction_table(parts: Sequence[Any], comparison: ChurnComparison) -> pd.DataFrame:
    """Return labels and probabilities in snapshot order, one row per customer and cutoff (or part of a table).

    Customers are numbers, not ids.
    """
    tables = prediction_columns(comparison)
    return pd.concat(
        [table.assign(cutoff=str(part)) for part, table in zip(parts, tables, strict=True)], ignore_index=True
    )
