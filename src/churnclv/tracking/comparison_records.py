"""The boards as records: every figure with its interval, pictures, and predictions to compare runs by later."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..churn.settings import NAMES
from ..evaluation import plots as figures
from ..evaluation.bootstrap import Sample, Scores
from ..evaluation.profit import profit_curve
from ..evaluation.profit_plots import draw_profit
from ..evaluation.reliability import calibration_line, expected_calibration_error
from ..tuning.churn_comparison import SCORE, ChurnComparison, prediction_columns
from ..tuning.value_comparison import Labels, ValueComparison, summarise_coverage
from . import records

_MOST, _PROMISED, _RIVALS, _DRAWS = 0.5, 0.9, 2, 200


def churn_records(board: ChurnComparison, when: str) -> Iterator[records.Record]:
    """Yield the churn board's figures (`valid.churn.auc`, ...), and the pictures of the latest cutoff judged."""
    yield records.Metrics(flatten_scores(board.figures, f"{when}.churn", SCORE))
    yield records.Metrics(flatten_scores(board.profit, f"{when}.churn", SCORE))
    sample, campaign = board.samples[-1], board.campaigns[-1]
    scores = sample.predictions[SCORE]
    slope, intercept = calibration_line(sample.truth, scores)
    line = {"slope": slope, "intercept": intercept, "error": expected_calibration_error(sample.truth, scores)}
    yield records.Metrics({f"{when}.churn.calibration_{name}": value for name, value in line.items()})
    yield from _churn_drawings(board, sample, when, _title(when))
    curves = {
        name: profit_curve(
            campaign.truth, campaign.predictions[name], campaign.customers, replicates=_DRAWS if name == SCORE else 0
        )
        for name in _rivals(board)
    }
    picture = draw_profit(curves, f"{_title(when)}: what a campaign brings", "the log's currency")
    yield records.Drawing(f"figures/{when}_profit.svg", picture)


def _title(when: str) -> str:
    return "Sealed test" if when == "test" else "Last validation fold"


def _rivals(board: ChurnComparison) -> list[str]:
    """Return the score and the two baselines that rank best, without its own members."""
    auc = {name: found["auc"].value for name, found in board.figures.figures.items() if name not in (SCORE, *NAMES)}
    return [SCORE, *sorted(auc, key=lambda name: -auc[name])[:_RIVALS]]


def value_records(board: ValueComparison, when: str) -> Iterator[records.Record]:
    """Yield the value board's figures (`valid.spend.rmse`, ...), and the pictures of the latest cutoff judged."""
    for target in ("purchases", "spend"):
        yield records.Metrics(flatten_scores(getattr(board, target), f"{when}.{target}", board.labels.value))
    yield from _coverage_records(board, when)
    spend = board.spend_samples[-1]
    if spend.truth.any():
        yield from _spend_drawings(spend, board.labels, when, _title(when))


def _coverage_records(board: ValueComparison, when: str) -> Iterator[records.Record]:
    """Yield how often intervals held the truth, plainly and by randomised ranks, overall and by decile."""
    where = "Sealed test" if when == "test" else "Validation"
    for target, cutoffs in board.held.items():
        found = summarise_coverage(cutoffs)
        yield records.Metrics({f"{when}.{target}.interval.{name}": value for name, value in found.items()})
        deciles = np.array([found[f"coverage_decile_{place}"] for place in range(1, 11)])
        picture = figures.draw_coverage(deciles, _PROMISED, f"{where}: do intervals of {target} hold?")
        yield records.Drawing(f"figures/{when}_{target}_coverage.svg", picture)


def _churn_drawings(board: ChurnComparison, sample: Sample, when: str, title: str) -> Iterator[records.Drawing]:
    truth, scores = sample.truth, sample.predictions
    reliability = figures.draw_reliability(truth, scores[SCORE], f"{title}: do churn scores hold?")
    yield records.Drawing(f"figures/{when}_calibration.svg", reliability)
    ranked = {name: scores[name] for name in _rivals(board)}
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


def spend_table(parts: Sequence[Any], board: ValueComparison) -> pd.DataFrame:
    """Return true and expected spend in snapshot order, one row per customer and cutoff; customers are numbers."""
    columns = [
        {"cutoff": str(part), "customer": sample.customers, "spend": sample.truth}
        | {f"spend.{name}": expected for name, expected in sample.predictions.items()}
        for part, sample in zip(parts, board.spend_samples, strict=True)
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
    for model, found in scores.figures.items():
        for metric, interval in found.items():
            name = f"{prefix}.{metric}" if model == main else f"{prefix}.{model}.{metric}"
            flat[name] = interval.value
            if model == main:
                flat |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return flat


def prediction_table(parts: Sequence[Any], board: ChurnComparison) -> pd.DataFrame:
    """Return truth and chances in snapshot order, one row per customer and cutoff (or part of a table).

    Customers are numbers, not ids.
    """
    tables = prediction_columns(board)
    return pd.concat(
        [table.assign(cutoff=str(part)) for part, table in zip(parts, tables, strict=True)], ignore_index=True
    )
