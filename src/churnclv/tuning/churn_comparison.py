"""Comparison of the churn score with its baselines: as a ranking, as a probability and in money."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..churn.boosted import BoostedChurnModel
from ..churn.churn_baselines import base_rate, recency_rule
from ..churn.churn_models import PROBABILISTIC, churn_models
from ..churn.logistic import LogisticChurnModel
from ..churn.settings import ChurnSettings
from ..clv.settings import COMBINED, LEARNED
from ..evaluation.bootstrap import Sample, Scores, score
from ..evaluation.metrics import CHURN_METRICS, Array, log_loss, plain
from ..evaluation.profit import Terms, contact_gain, profit_beyond
from ..explain.risk_rules import RiskRuleScore
from ..features.dataset import Dataset
from ..features.families.purchase_history import HISTORY_COLUMNS

SCORE = "score"  # the run's churn score
SIMPLE = ("base_rate", "recency_rule", "warning_signs")  # a model that does no better has learned nothing
_BTYD_ENDINGS = ("_no_purchase", "_expected_purchases", "survival_by_age")  # of the value models' probabilities
_DEFAULT_ROUNDS = 100  # the default of XGBoost's scikit-learn interface
_USEFUL = 1e-12  # currency: an expected gain of nothing is no reason to contact anybody


@dataclass(frozen=True)
class ChurnPredictions:
    """Predictions at one cutoff, or for one part of a table.

    Attributes:
        train: the rows that the models were fitted on.
        rows: the rows that are predicted.
        score: the churn score of each row (n,).
        others: the churn probabilities by the other models (n,), by name.
        values: the value of each customer if they stay (n,), in currency.
    """

    train: Dataset
    rows: Dataset
    score: Array
    others: Mapping[str, Array]
    values: Array


@dataclass(frozen=True)
class ChurnComparison:
    """Figures of all models; their paired differences are baseline minus score.

    `samples` hold outcomes and predicted probabilities. `campaigns` hold the gain that contacting each customer would
    have brought, and the gain that each model expected. `values` are the customers' values if they stay, null where
    unknown.
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
    def btyd_scores(self) -> list[str]:
        """The names of the probabilities by BTYD models and by the survival of contracts, learned from no features."""
        models = {name for name, model in churn_models().items() if model.family == PROBABILISTIC}
        return [name for name in self.baselines if name in models or _is_of_value_model(name)]

    @property
    def candidates(self) -> list[str]:
        """The names of the models that learn from features, beside the score."""
        return [name for name in self.baselines if name not in {*SIMPLE, *self.btyd_scores}]

    def best(self, names: Iterable[str]) -> str | None:
        """Return the model of the highest AUC on these rows, among those with intervals if there are any.

        It is chosen in hindsight: with many models one of them is ahead by chance. None if there is none.
        """
        given = list(names)
        drawn = [name for name in given if name in self.figures.differences] or given
        figures = self.figures.figures
        return max(drawn, key=lambda name: np.nan_to_num(figures[name]["auc"].value, nan=-1.0)) if drawn else None

    @property
    def simple_baseline(self) -> str:
        """The simple baseline of least log-loss."""
        return _best_simple({name: scores["log_loss"].value for name, scores in self.figures.figures.items()})


def predict_churn(trial: ChurnPredictions, seed: int) -> dict[str, Array]:
    """Return the churn probabilities of a trial's rows by model: the score, the members, the baselines."""
    train, rows = trial.train, trial.rows
    predicted = {SCORE: trial.score, **trial.others}
    if LogisticChurnModel.name not in predicted:
        predicted[LogisticChurnModel.name] = LogisticChurnModel().fit(train.X, train.churned).predict(rows.X)
    plain = BoostedChurnModel({}, _DEFAULT_ROUNDS, seed=seed, threads=ChurnSettings().threads_for(len(train)))
    predicted["xgboost_defaults"] = plain.fit(train.X, train.churned).predict(rows.X)
    numbers = train.X.select_dtypes("number")  # a text column of the user's may be named like one that the rules read
    predicted["warning_signs"] = RiskRuleScore().fit(numbers, train.churned).predict(rows.X)
    if set(HISTORY_COLUMNS) <= set(train.features):
        predicted["recency_rule"] = recency_rule(train.features, train.churned, rows.features)
    predicted["base_rate"] = base_rate(train.churned, len(rows))
    return predicted


def compare_churn(
    trials: Sequence[ChurnPredictions], terms: Terms, seed: int, drawn: Sequence[str] | None = None
) -> ChurnComparison:
    """Score all models at all cutoffs; figures are means over the cutoffs.

    Profit is the gain of contacting everybody whose expected gain, by the model's own probabilities, is above zero. A
    customer of unknown value counts as a gain of zero. Intervals are drawn for the score, the models in
    `drawn` and the best simple baseline; None draws them for all.
    """
    predicted = [predict_churn(trial, seed) for trial in trials]
    samples = [
        Sample(t.rows.churned, by_model, t.rows.customers) for t, by_model in zip(trials, predicted, strict=True)
    ]
    campaigns = [
        Sample(
            _gain_or_zero(t.rows.churned, t.values, terms),
            {name: _gain_or_zero(chance, t.values, terms) for name, chance in by_model.items()},
            t.rows.customers,
        )
        for t, by_model in zip(trials, predicted, strict=True)
    ]
    losses = {
        name: float(np.mean([plain(log_loss, sample.truth, sample.predictions[name]) for sample in samples]))
        for name in SIMPLE
        if name in samples[0].predictions
    }
    drawn_models = () if drawn is None else (SCORE, *drawn, _best_simple(losses))
    money = {"profit": profit_beyond(_USEFUL)}
    return ChurnComparison(
        score(samples, CHURN_METRICS, SCORE, seed=seed, drawn_models=drawn_models),
        score(campaigns, money, SCORE, seed=seed, drawn_models=drawn_models),
        samples,
        campaigns,
        [trial.values for trial in trials],
    )


def _is_of_value_model(name: str) -> bool:
    """Return whether a probability is that of a value model without trees or regressions on top."""
    return name.endswith(_BTYD_ENDINGS) and not name.startswith((*LEARNED, COMBINED))


def _best_simple(losses: Mapping[str, float]) -> str:
    return min((name for name in SIMPLE if name in losses), key=lambda name: losses[name])


def _gain_or_zero(leaving: Array, values: Array, terms: Terms) -> Array:
    return np.nan_to_num(contact_gain(leaving, values, terms), nan=0.0)


def prediction_columns(comparison: ChurnComparison) -> list[pd.DataFrame]:
    """Return outcomes and probabilities in snapshot order, one table per cutoff; customers are numbers, not ids."""
    return [
        pd.DataFrame(
            {"customer": sample.customers, "churned": sample.truth}
            | {f"churn.{name}": np.asarray(chances) for name, chances in sample.predictions.items()}
        )
        for sample in comparison.samples
    ]
