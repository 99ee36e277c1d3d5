"""The scoreboard as records: every figure with its interval, pictures, and predictions to compare runs by later."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation import figures
from ..evaluation.intervals import Sample, Scores
from ..evaluation.reliability import calibration_line, expected_calibration_error
from ..tuning.scoreboard import CHURN_MODEL, Labels, Scoreboard, summarise_coverage
from . import records

_MOST, _PROMISED = 0.5, 0.9


def board_records(board: Scoreboard, when: str) -> Iterator[records.Record]:
    """Yield a scoreboard's figures (`valid.churn.auc`, ...), and the pictures of the latest cutoff judged."""
    value = board.labels.value
    for target, model in {"churn": CHURN_MODEL, "purchases": value, "spend": value}.items():
        yield records.Metrics(flatten_scores(getattr(board, target), f"{when}.{target}", model))
    yield from _coverage_records(board, when)
    churn, spend = board.churn_samples[-1], board.spend_samples[-1]
    scores = churn.predictions[CHURN_MODEL]
    slope, intercept = calibration_line(churn.truth, scores)
    line = {"slope": slope, "intercept": intercept, "error": expected_calibration_error(churn.truth, scores)}
    yield records.Metrics({f"{when}.churn.calibration_{name}": value for name, value in line.items()})
    title = "Sealed test" if when == "test" else "Last validation cutoff"
    yield from _churn_drawings(churn, board.labels, when, title)
    if spend.truth.any():
        yield from _spend_drawings(spend, board.labels, when, title)


def _coverage_records(board: Scoreboard, when: str) -> Iterator[records.Record]:
    """Yield how often intervals held the truth, plainly and by randomised ranks, overall and by decile."""
    where = "Sealed test" if when == "test" else "Validation"
    for target, cutoffs in board.held.items():
        found = summarise_coverage(cutoffs)
        yield records.Metrics({f"{when}.{target}.interval.{name}": value for name, value in found.items()})
        deciles = np.array([found[f"coverage_decile_{place}"] for place in range(1, 11)])
        picture = figures.draw_coverage(deciles, _PROMISED, f"{where}: do intervals of {target} hold?")
        yield records.Drawing(f"figures/{when}_{target}_coverage.svg", picture)


def _churn_drawings(sample: Sample, labels: Labels, when: str, title: str) -> Iterator[records.Drawing]:
    truth, scores = sample.truth, sample.predictions
    reliability = figures.draw_reliability(truth, scores[CHURN_MODEL], f"{title}: do churn scores hold?")
    yield records.Drawing(f"figures/{when}_calibration.svg", reliability)
    ranked = {name: scores[name] for name in (CHURN_MODEL, labels.ranking, "recency_rule")}
    if truth.mean() > _MOST:  # where nearly all leave, the picture that tells models apart is of those who come back
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
    for model, found in scores.figures.items():
        for metric, interval in found.items():
            name = f"{prefix}.{metric}" if model == main else f"{prefix}.{model}.{metric}"
            flat[name] = interval.value
            if model == main:
                flat |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return flat


def prediction_table(cutoffs: Sequence[datetime], board: Scoreboard) -> pd.DataFrame:
    """Return truth and scores in snapshot order, one row per customer and cutoff; customers are numbers, not ids."""
    parts = []
    for cutoff, churn, spend in zip(cutoffs, board.churn_samples, board.spend_samples, strict=True):
        columns: dict[str, Any] = {"cutoff": cutoff, "customer": churn.customers}
        columns |= {"churned": churn.truth, "spend": spend.truth}
        columns |= {f"churn.{name}": scores for name, scores in churn.predictions.items()}
        columns |= {f"spend.{name}": expected for name, expected in spend.predictions.items()}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)
