"""The churn board: the churn score beside its baselines, as a ranking, as a probability and in money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..churn.boosted import BoostedChurnModel
from ..churn.churn_baselines import base_rate, recency_rule
from ..churn.logistic import LogisticChurnModel
from ..churn.settings import ChurnSettings
from ..evaluation.bootstrap import Sample, Scores, score
from ..evaluation.metrics import CHURN_METRICS, Array, log_loss, plain
from ..evaluation.profit import Terms, contact_gain, profit_beyond
from ..explain.risk_rules import RiskRuleScore
from ..features.dataset import Dataset
from ..features.purchase_history import HISTORY_COLUMNS

SCORE = "score"  # the run's own
SIMPLE = ("base_rate", "recency_rule", "warning_signs")  # who does no better has learned nothing
_DEFAULT_ROUNDS = 100  # XGBoost's own number, as its scikit-learn interface has it
_USEFUL = 1e-12  # currency: an expected gain of nothing is no reason to contact anybody


@dataclass(frozen=True)
class ChurnPredictions:
    """One cutoff, or part of a table, at which churn scores are judged.

    What was learned from, who was asked about, the score, what other models said (chances, by name) and what each
    customer is worth if they stay (n,), in currency.
    """

    train: Dataset
    asked: Dataset
    score: Array
    others: Mapping[str, Array]
    values: Array


@dataclass(frozen=True)
class ChurnComparison:
    """Figures of all models; their paired differences are baseline minus score.

    `samples` hold outcomes and chances, `campaigns` what contacting each customer would have brought and the gain that
    each model expected of it, `values` what each is worth if they stay, where known.
    """

    figures: Scores
    profit: Scores
    samples: list[Sample]
    campaigns: list[Sample]
    values: list[Array] = field(default_factory=list)

    @property
    def baselines(self) -> list[str]:
        """The names of all but the score."""
        return [name for name in self.figures.figures if name != SCORE]

    @property
    def simple_baseline(self) -> str:
        """The simple baseline of least log-loss."""
        return _best_simple({name: found["log_loss"].value for name, found in self.figures.figures.items()})


def predict_churn(trial: ChurnPredictions, seed: int) -> dict[str, Array]:
    """Return everyone's chances of churn for the rows asked about: the score, the members, the baselines."""
    train, asked = trial.train, trial.asked
    said = {SCORE: trial.score, **trial.others}
    if LogisticChurnModel.name not in said:
        said[LogisticChurnModel.name] = LogisticChurnModel().fit(train.X, train.churned).predict(asked.X)
    plain = BoostedChurnModel({}, _DEFAULT_ROUNDS, seed=seed, threads=ChurnSettings().threads_for(len(train)))
    said["xgboost_defaults"] = plain.fit(train.X, train.churned).predict(asked.X)
    numbers = train.X.select_dtypes("number")  # a user's column of text may have the name of a sign's
    said["warning_signs"] = RiskRuleScore().fit(numbers, train.churned).predict(asked.X)
    if set(HISTORY_COLUMNS) <= set(train.features):
        said["recency_rule"] = recency_rule(train.features, train.churned, asked.features)
    said["base_rate"] = base_rate(train.churned, len(asked))
    return said


def compare_churn(
    trials: Sequence[ChurnPredictions], terms: Terms, seed: int, drawn: Sequence[str] | None = None
) -> ChurnComparison:
    """Judge all models at all cutoffs; figures are means over them.

    Profit is what contacting everybody with an expected gain above zero, by each model's own chances, would have
    brought; of a customer of unknown value it is taken as nothing. Intervals are drawn for the score, the models in
    `drawn` and the best simple baseline; None draws them for all.
    """
    said = [predict_churn(trial, seed) for trial in trials]
    samples = [Sample(t.asked.churned, found, t.asked.customers) for t, found in zip(trials, said, strict=True)]
    campaigns = [
        Sample(
            _known_gain(t.asked.churned, t.values, terms),
            {name: _known_gain(chance, t.values, terms) for name, chance in found.items()},
            t.asked.customers,
        )
        for t, found in zip(trials, said, strict=True)
    ]
    losses = {
        name: float(np.mean([plain(log_loss, sample.truth, sample.predictions[name]) for sample in samples]))
        for name in SIMPLE
        if name in samples[0].predictions
    }
    named = () if drawn is None else (SCORE, *drawn, _best_simple(losses))
    money = {"profit": profit_beyond(_USEFUL)}
    return ChurnComparison(
        score(samples, CHURN_METRICS, SCORE, seed=seed, drawn_models=named),
        score(campaigns, money, SCORE, seed=seed, drawn_models=named),
        samples,
        campaigns,
        [trial.values for trial in trials],
    )


def _best_simple(losses: Mapping[str, float]) -> str:
    return min((name for name in SIMPLE if name in losses), key=lambda name: losses[name])


def _known_gain(leaving: Array, values: Array, terms: Terms) -> Array:
    return np.nan_to_num(contact_gain(leaving, values, terms), nan=0.0)


def prediction_columns(board: ChurnComparison) -> list[pd.DataFrame]:
    """Return truth and chances in snapshot order, a table per cutoff; customers are numbers, not ids."""
    return [
        pd.DataFrame(
            {"customer": sample.customers, "churned": sample.truth}
            | {f"churn.{name}": np.asarray(said) for name, said in sample.predictions.items()}
        )
        for sample in board.samples
    ]
