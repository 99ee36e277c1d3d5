"""The scoreboard: the chosen models beside their baselines, on the validation folds and behind the seal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..churn.baselines import LogisticChurnModel, base_rate, recency_rule
from ..clv.baselines import Expectation, predict_mean, predict_past_rate, predict_zero
from ..clv.model import ClvModel
from ..evaluation.intervals import Sample, Scores, score
from ..evaluation.metrics import CHURN_METRICS, VALUE_METRICS, Array
from ..features.dataset import Dataset

CHURN_MODEL = "xgboost"


@dataclass(frozen=True)
class Labels:
    """What the CLV model's rows are called: after its model of purchases."""

    value: str
    ranking: str
    no_purchase: str

    @classmethod
    def of(cls, clv: ClvModel) -> "Labels":
        """Return the labels of a CLV model."""
        name = clv.purchases.name
        return cls(f"{name}_gamma_gamma", f"{name}_expected_purchases", f"{name}_no_purchase")


@dataclass(frozen=True)
class Judged:
    """One cutoff at which models are judged: what they learned from, whom they were asked about, what they said."""

    train: Dataset
    asked: Dataset
    churn_scores: Array
    clv: ClvModel


@dataclass(frozen=True)
class Scoreboard:
    """Figures of churn, purchases and spend, each with its samples."""

    labels: Labels
    churn: Scores
    purchases: Scores
    spend: Scores
    churn_samples: list[Sample]
    spend_samples: list[Sample]


@dataclass(frozen=True)
class Predictions:
    """What the models and baselines said at each cutoff."""

    labels: Labels
    churn: list[Sample]
    purchases: list[Sample]
    spend: list[Sample]


def predict(trials: Sequence[Judged], horizon_days: int) -> Predictions:
    """Fit the baselines of each trial and collect what everyone says."""
    expected = [_expectations(trial, horizon_days) for trial in trials]
    return Predictions(
        Labels.of(trials[0].clv),
        [_churn_sample(trial, horizon_days) for trial in trials],
        [_value_sample(trial, found, "purchases") for trial, found in zip(trials, expected, strict=True)],
        [_value_sample(trial, found, "spend") for trial, found in zip(trials, expected, strict=True)],
    )


def judge(said: Predictions, seed: int, *, all_intervals: bool = False) -> Scoreboard:
    """Score the models and baselines; figures are means over the cutoffs.

    Intervals are drawn for the chosen models and their references, or for all of them, which takes longer.
    """
    labels = said.labels
    drawn = () if all_intervals else (CHURN_MODEL, labels.value)
    return Scoreboard(
        labels,
        score(said.churn, CHURN_METRICS, labels.ranking, seed=seed, drawn_models=drawn),
        score(said.purchases, VALUE_METRICS, "past_rate", seed=seed, drawn_models=drawn),
        score(said.spend, VALUE_METRICS, "past_rate", seed=seed, drawn_models=drawn),
        said.churn,
        said.spend,
    )


def _churn_sample(trial: Judged, horizon_days: int) -> Sample:
    """Predict churn with the model, the baselines and the probabilistic model's two ways of saying it.

    The expected purchases rank customers; exp(-expected) turns the ranking into a chance of no purchase.
    """
    train, asked, labels = trial.train, trial.asked, Labels.of(trial.clv)
    scores = {
        CHURN_MODEL: trial.churn_scores,
        "logistic_regression": LogisticChurnModel().fit(train.X, train.churned).predict(asked.X),
        labels.ranking: np.exp(-trial.clv.expected_purchases(asked.features, horizon_days)),
        labels.no_purchase: trial.clv.p_no_purchase(asked.features, horizon_days),
        "recency_rule": recency_rule(train.features, train.churned, asked.features),
        "base_rate": base_rate(train.churned, len(asked)),
    }
    return Sample(asked.churned, scores, asked.customers)


def _expectations(trial: Judged, horizon_days: int) -> dict[str, Expectation]:
    history = trial.asked.features
    return {
        Labels.of(trial.clv).value: Expectation(
            trial.clv.expected_purchases(history, horizon_days),
            trial.clv.expected_spend(history, horizon_days),
        ),
        "past_rate": predict_past_rate(history, horizon_days),
        "population_mean": predict_mean(history, trial.train.labels),
        "zero": predict_zero(history),
    }


def _value_sample(trial: Judged, expected: dict[str, Expectation], target: str) -> Sample:
    truth = trial.asked.labels[target].to_numpy(dtype=float)
    predictions = {name: np.asarray(getattr(found, target)) for name, found in expected.items()}
    return Sample(truth, predictions, trial.asked.customers)
