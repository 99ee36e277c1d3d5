"""Comparison of the chosen CLV model with its baselines, on the validation folds and on the sealed test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..clv.clv_model import ClvModel
from ..clv.hybrid import TARGETS
from ..clv.predictive import Interval
from ..clv.settings import COMBINED, LEARNED
from ..clv.value_baselines import Expectation, predict_mean, predict_past_rate, predict_zero
from ..evaluation.bootstrap import Sample, Scores, score
from ..evaluation.interval_coverage import HELD_CUSTOMERS, Ranks, coverage_by_decile, inside, randomised_coverage
from ..evaluation.metrics import VALUE_METRICS, Array, plain, rmse, share_of
from ..features.dataset import Dataset

BASELINES = ("past_rate", "population_mean", "zero")


@dataclass(frozen=True)
class Labels:
    """The names of the CLV model's predictions."""

    value: str
    ranking: str
    no_purchase: str

    @classmethod
    def of(cls, clv: ClvModel) -> "Labels":
        """Return the labels of a CLV model; its probability of no purchase is that of its BTYD model."""
        name = clv.choice.label
        value = name if clv.choice.name in (*LEARNED, COMBINED) else f"{name}_gamma_gamma"
        return cls(value, f"{name}_expected_purchases", f"{clv.purchases.name}_no_purchase")


@dataclass(frozen=True)
class ValuePredictions:
    """The models of one cutoff, with the rows that they were fitted on (`train`) and those to predict (`rows`).

    `btyd_models` are the plain BTYD models, fitted at the cutoff, beside the chosen `clv`; the learned members of a
    combination are compared too.
    """

    train: Dataset
    rows: Dataset
    clv: ClvModel
    btyd_models: tuple[ClvModel, ...] = ()


@dataclass(frozen=True)
class Held:
    """The chosen CLV model's intervals of purchases or spend at one cutoff beside the truth, each of shape (n,)."""

    truth: Array
    predicted: Array
    interval: Interval
    ranks: Ranks
    levels: tuple[float, float]
    customers: NDArray[np.int64]


@dataclass(frozen=True)
class ValueComparison:
    """Figures of purchases and spend, samples of spend, and intervals beside the truth, by target.

    `baselines` names the best baseline of purchases and of spend, to which differences are taken.
    """

    labels: Labels
    purchases: Scores
    spend: Scores
    spend_samples: list[Sample]
    held: dict[str, list[Held]]
    baselines: dict[str, str]

    def best_candidate(self, target: str) -> str | None:
        """Return the model of least RMSE on these rows beside the chosen one and the baselines; None if there is none.

        It is found in hindsight: with many candidates one of them is ahead by chance.
        """
        figures = getattr(self, target).figures
        others = {name: by["rmse"].value for name, by in figures.items() if _is_candidate(name, self.labels)}
        return min(others, key=lambda name: others[name]) if others else None


@dataclass(frozen=True)
class Predictions:
    """The predictions of models and baselines at each cutoff."""

    labels: Labels
    purchases: list[Sample]
    spend: list[Sample]
    held: dict[str, list[Held]]


def predict_values(trials: Sequence[ValuePredictions], horizon_days: int) -> Predictions:
    """Fit the baselines of each trial and collect the predictions of all models."""
    expected = [_expectations(trial, horizon_days) for trial in trials]
    held = [_hold(trial, horizon_days) for trial in trials]
    return Predictions(
        Labels.of(trials[0].clv),
        [_value_sample(trial, by_model, "purchases") for trial, by_model in zip(trials, expected, strict=True)],
        [_value_sample(trial, by_model, "spend") for trial, by_model in zip(trials, expected, strict=True)],
        {target: [by_target[target] for by_target in held] for target in TARGETS},
    )


def compare_values(
    predictions: Predictions, seed: int, baselines: dict[str, str] | None = None, *, all_intervals: bool = False
) -> ValueComparison:
    """Score the models and baselines; figures are means over the cutoffs.

    Differences of purchases and spend are to the baseline of least error, unless `baselines` names those of validation.
    Intervals are drawn for the chosen model, its reference and the best other candidate, or for all of them, which
    takes longer.
    """
    labels = predictions.labels
    drawn = {
        target: () if all_intervals else (labels.value, *_best_other(getattr(predictions, target), labels))
        for target in TARGETS
    }
    best = baselines or {target: _best_baseline(getattr(predictions, target)) for target in TARGETS}
    return ValueComparison(
        labels,
        score(predictions.purchases, VALUE_METRICS, best["purchases"], seed=seed, drawn_models=drawn["purchases"]),
        score(predictions.spend, VALUE_METRICS, best["spend"], seed=seed, drawn_models=drawn["spend"]),
        predictions.spend,
        predictions.held,
        best,
    )


def _best_baseline(samples: Sequence[Sample]) -> str:
    return min(BASELINES, key=lambda name: _mean_error(samples, name))


def _best_other(samples: Sequence[Sample], labels: Labels) -> list[str]:
    """Return the candidate of least RMSE beside the chosen one, as a list of at most one name."""
    others = [name for name in samples[0].predictions if _is_candidate(name, labels)]
    return sorted(others, key=lambda name: _mean_error(samples, name))[:1]


def _mean_error(samples: Sequence[Sample], name: str) -> float:
    return float(np.mean([plain(rmse, sample.truth, sample.predictions[name]) for sample in samples]))


def _is_candidate(name: str, labels: Labels) -> bool:
    return name not in {labels.value, *BASELINES}


def _hold(trial: ValuePredictions, horizon_days: int) -> dict[str, Held]:
    """Return the chosen model's intervals, and the rank of the truth in its distributions, for a part of customers."""
    some, clv = trial.rows.some(HELD_CUSTOMERS), trial.clv.keeping()
    intervals, ranks = clv.intervals_and_ranks(some.features, horizon_days, some.labels)
    return {
        target: Held(
            some.labels[target].to_numpy(dtype=float),
            getattr(clv, f"expected_{target}")(some.features, horizon_days),
            intervals[target],
            ranks[target],
            clv.choice.levels[target],
            some.customers,
        )
        for target in TARGETS
    }


def btyd_probabilities(clv: ClvModel, rows: Dataset, horizon_days: int) -> dict[str, Array]:
    """Return a CLV model's two estimates of the probability of no purchase, by name.

    The first is exp(-expected purchases), which ranks customers by expected purchases.
    """
    labels = Labels.of(clv)
    return {
        labels.ranking: np.exp(-clv.expected_purchases(rows.features, horizon_days)),
        labels.no_purchase: clv.p_no_purchase(rows.features, horizon_days),
    }


def _expectations(trial: ValuePredictions, horizon_days: int) -> dict[str, Expectation]:
    history = trial.rows.features
    learned = [member for member in trial.clv.members.values() if member.choice.name in LEARNED]
    models = {Labels.of(model).value: model for model in (*trial.btyd_models, *learned, trial.clv)}
    chosen = Labels.of(trial.clv).value
    return {
        name: Expectation(
            models[name].expected_purchases(history, horizon_days), models[name].expected_spend(history, horizon_days)
        )
        for name in (chosen, *(name for name in models if name != chosen))
    } | {
        "past_rate": predict_past_rate(history, horizon_days),
        "population_mean": predict_mean(history, trial.train.labels),
        "zero": predict_zero(history),
    }


def _value_sample(trial: ValuePredictions, expected: dict[str, Expectation], target: str) -> Sample:
    truth = trial.rows.labels[target].to_numpy(dtype=float)
    predictions = {name: np.asarray(getattr(expectation, target)) for name, expectation in expected.items()}
    return Sample(truth, predictions, trial.rows.customers)


def summarise_coverage(cutoffs: Sequence[Held]) -> dict[str, float]:
    """Return the coverage of the intervals, as means over the cutoffs.

    The figures are the share of customers whose truth lies inside, with its bootstrap interval; the share by randomised
    ranks; the mean width; and the share inside by decile of the predicted.
    """
    samples = [
        Sample(inside(held.truth, held.interval.low, held.interval.high), {"held": held.predicted}, held.customers)
        for held in cutoffs
    ]
    share = score(samples, {"coverage": lambda truth, _, weights: share_of(truth, weights)}, "held").figures["held"]
    figures = {"coverage": share["coverage"].value}
    figures |= {"coverage_low": share["coverage"].low, "coverage_high": share["coverage"].high}
    figures["coverage_randomised"] = float(np.mean([randomised_coverage(held.ranks, held.levels) for held in cutoffs]))
    figures["mean_width"] = float(np.mean([np.mean(held.interval.high - held.interval.low) for held in cutoffs]))
    deciles = np.mean([coverage_by_decile(s.truth, h.predicted) for s, h in zip(samples, cutoffs, strict=True)], axis=0)
    return figures | {f"coverage_decile_{place}": float(value) for place, value in enumerate(deciles, 1)}
