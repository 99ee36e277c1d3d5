"""Purchases, spend and value of customers in a run, by models that suit the shape of the data."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clv.clv_model import ClvModel
from ..clv.contract_value import CHANCE, ContractValueModel, ValueTerms, columns_at_each_cutoff
from ..clv.purchase_models import label_of
from ..clv.settings import COMBINED, LEARNED
from ..clv.value_if_staying import value_if_staying
from ..data.settings import Shape
from ..evaluation import plots as figures
from ..evaluation.bootstrap import Scores
from ..evaluation.metrics import Array
from ..features.dataset import Dataset
from ..features.preparation import count_weekly
from ..tracking import records
from ..tracking.comparison_records import spend_table, value_records
from ..tracking.model_plots import draw_model
from ..tracking.summary import choice_lines, score_lines, survival_lines, value_lines
from ..tuning.clv_study import ClvEvidence, TunedClv, tune_clv
from ..tuning.value_comparison import (
    ValueComparison,
    ValuePredictions,
    btyd_probabilities,
    compare_values,
    predict_values,
)
from .run import Run


class NoValues:
    """A labelled table: it has no spend, so there is nothing to predict."""

    chance_column: str | None = None
    columns: pd.DataFrame | None = None

    def __init__(self, run: Run) -> None:
        """Keep the run."""
        self.run = run

    def tune(self) -> None:
        """Choose nothing."""

    def choices(self) -> dict[str, Any]:
        """Return the choices, for JSON."""
        return {}

    def stakes(self, rows: pd.DataFrame, fold: int | None) -> Array | None:
        """Return the value of customers if they stay, (n,), by the models of a fold; None = the sealed test.

        None where the data have no amounts.
        """
        del rows, fold
        return None

    def other_chances(self, rows: Dataset, fold: int | None) -> dict[str, Array]:
        """Return the probabilities of leaving by the value models, by name."""
        del rows, fold
        return {}

    def season_shifts(self) -> list[Array] | None:
        """Return the season's shift of the log-odds of leaving, fold by fold, (n,) each; None without a season."""
        return None

    def sealed_columns(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """Return the columns for rows at the sealed cutoff, by the models fitted there."""
        del rows
        return None

    def validate(self) -> None:
        """Evaluate on the validation folds, and record."""

    def refit(self) -> None:
        """Fit on all data known at the sealed cutoff."""

    def evaluate_sealed(self, sealed: Dataset) -> None:
        """Evaluate on the opened sealed test, and record."""

    def comparisons(self) -> list[tuple[str, Scores, str]]:
        """Return the scores of spend: `valid.spend` or `test.spend`, the scores, and the name of the chosen model."""
        return []

    def sentence(self) -> str:
        """Return the choice as text; empty without a choice."""
        return ""

    def lines(self) -> list[str]:
        """Return the summary's part."""
        return []

    def save(self, folder: Path) -> None:
        """Write the fitted models."""


class OrderValues(NoValues):
    """An order log: BTYD models of purchases and spend, trees on top of them, and the season."""

    chance_column = "btyd_p_no_purchase"
    tuned: TunedClv
    clv: ClvModel
    btyd_models: tuple[ClvModel, ...]
    valid: ValueComparison
    test: ValueComparison | None = None

    def __init__(self, run: Run) -> None:
        """Keep the run, and its log."""
        super().__init__(run)
        self.days, self.events = run.data.horizon_days, run.data.log

    def tune(self) -> None:
        """Choose the CLV model, its season and its parameters on the folds."""
        config, snapshots = self.run.config, self.run.data.snapshots
        self.tuned = tune_clv(
            ClvEvidence(snapshots.training, self.run.data.plan.folds, snapshots.daily, self.days),
            config.clv,
            config.tuning,
            self.run.study("clv", {}, self.run.names.values),
            lambda trial: self.run.write_trial("clv", trial),
            self.run.progress,
        )
        self.columns = self.tuned.btyd_columns
        errors = {f"ablation.clv.{name}": error for name, error in self.tuned.ablation.items()}
        season = {f"ablation.season.{name}": error for name, error in self.tuned.season_errors.items()}
        chances = {f"ablation.no_purchase.{name}": loss for name, loss in self.tuned.no_purchase_losses.items()}
        self.run.sink.write(records.Metrics(errors | season | chances))

    def choices(self) -> dict[str, Any]:
        """Return the choices, for JSON."""
        return {"clv": self.tuned.model.get_params()}

    def stakes(self, rows: pd.DataFrame, fold: int | None) -> Array | None:
        """Return the value of customers if they stay, (n,); None for a log without amounts."""
        if not self.events.has_amount:
            return None
        return value_if_staying(self._model(fold), rows, *self.run.config.economics.value_terms)

    def _model(self, fold: int | None) -> ClvModel:
        return self.clv if fold is None else self.tuned.folds[fold].model

    def other_chances(self, rows: Dataset, fold: int | None) -> dict[str, Array]:
        """Return the probabilities of no purchase by the BTYD model and by its expected purchases, by name."""
        return btyd_probabilities(self._model(fold), rows, self.days)

    def season_shifts(self) -> list[Array] | None:
        """Return the shifts of the folds' seasons, each estimated before its validation cutoff."""
        if not self.tuned.model.choice.season:
            return None
        data, folds = self.run.data.snapshots.training, self.run.data.plan.folds
        valid = [data.at((fold.valid,)).features for fold in folds]
        return [
            fitted.model.season_shift(rows, self.days) for fitted, rows in zip(self.tuned.folds, valid, strict=True)
        ]

    def sealed_columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the BTYD model's columns, and the season's shift, for rows at the sealed cutoff."""
        return self.clv.columns(rows, self.days)

    def validate(self) -> None:
        """Evaluate the choice and the baselines on the validation folds, and plot the chosen model."""
        data = self.run.data.snapshots.training
        trials = [
            ValuePredictions(data.at(fold.train), data.at((fold.valid,)), fitted.model, fitted.btyd_models)
            for fold, fitted in zip(self.run.data.plan.folds, self.tuned.folds, strict=True)
        ]
        self.valid = compare_values(predict_values(trials, self.days), self.run.config.tuning.seed)
        parts = [fold.valid for fold in self.run.data.plan.folds]
        self.run.sink.write(records.Table("predictions/valid_spend.parquet", spend_table(parts, self.valid)))
        self._record(self.valid, "valid")
        self._draw_tracking(trials[-1])

    def _record(self, comparison: ValueComparison, when: str) -> None:
        for record in value_records(comparison, when):
            self.run.sink.write(record)

    def _draw_tracking(self, trial: ValuePredictions) -> None:
        """Plot actual and expected purchases by week after the last validation cutoff."""
        steps = np.minimum(np.arange(0, self.days + 7, 7), self.days)
        ends = np.unique(steps)[1:]
        cumulative = [0.0, *(float(trial.clv.expected_purchases(trial.rows.features, end).sum()) for end in ends)]
        actual = count_weekly(self.events, self.run.data.plan.folds[-1].valid, self.run.config.windows)
        tracking = figures.draw_tracking(actual, np.diff(cumulative), "Last validation cutoff: purchases week by week")
        self.run.sink.write(records.Drawing("figures/valid_tracking.svg", tracking))
        for name, figure in draw_model(trial.clv, trial.rows, self.days).items():
            self.run.sink.write(records.Drawing(f"figures/valid_{name}.svg", figure))

    def refit(self) -> None:
        """Fit the choice, and the plain BTYD models beside it, on all data known at the sealed cutoff."""
        sealed, daily = self.run.data.snapshots.sealed, self.run.data.snapshots.daily
        fitted = [
            value.clone().fit(sealed, self.tuned.past, daily) for value in (self.tuned.model, *self.tuned.btyd_models)
        ]
        self.clv, self.btyd_models = fitted[0], tuple(fitted[1:])

    def evaluate_sealed(self, sealed: Dataset) -> None:
        """Evaluate once on the sealed test."""
        trial = ValuePredictions(self.run.data.snapshots.training, sealed, self.clv, self.btyd_models)
        predictions = predict_values([trial], self.days)
        self.test = compare_values(predictions, self.run.config.tuning.seed, self.valid.baselines, all_intervals=True)
        self._record(self.test, "test")

    def comparisons(self) -> list[tuple[str, Scores, str]]:
        """Return the scores of spend on validation, and on the sealed test if it was opened."""
        parts = {"valid": self.valid, "test": self.test}
        return [(f"{when}.spend", part.spend, part.labels.value) for when, part in parts.items() if part]

    def sentence(self) -> str:
        """Return the chosen model, and its base."""
        choice = self.tuned.model.choice
        return f"{choice.label} on {label_of(choice.base)}" if choice.name in (*LEARNED, COMBINED) else choice.label

    def lines(self) -> list[str]:
        """Return the tables of spend and purchases, and how the model was chosen."""
        comparison, where = (self.test, "sealed test") if self.test else (self.valid, "validation")
        lines = []
        for target in ("spend", "purchases") if self.events.has_amount else ("purchases",):
            metrics = {"rmse": "RMSE", "bias": "bias", "gini": "Gini"}
            test = getattr(self.test, target) if self.test else None
            title = f"CLV: {target} within {self.days} days"
            lines += score_lines(title, self.valid.labels.value, metrics, getattr(self.valid, target), test)
            lines += value_lines(comparison, target, where)
            lines += [f"  {self.events.refund_totals.sentence}"] if target == "spend" else []
        lines += choice_lines(self.tuned.model.choice, self.tuned.ablation, self.tuned.season_errors)
        fitted = (self.clv, *(fold.model for fold in self.tuned.folds))
        notices = dict.fromkeys(notice for model in fitted for notice in model.notices())
        return lines + [f"  {notice.line()}" for notice in notices]

    def save(self, folder: Path) -> None:
        """Write the fitted model."""
        self.clv.save(folder)


class ContractValues(NoValues):
    """Contracts: survival by age, and the margin of future payments."""

    chance_column = CHANCE

    def tune(self) -> None:
        """Estimate survival at every cutoff from the labels known by it; there is nothing to choose."""
        data, windows = self.run.data.snapshots.training, self.run.config.windows
        self.days = float(self.run.data.horizon_days)
        self.columns = columns_at_each_cutoff(data, windows, self.days)
        self.folds = [self._fit(data.at(fold.train)) for fold in self.run.data.plan.folds]

    def _fit(self, data: Dataset) -> ContractValueModel:
        return ContractValueModel(self.days).fit(data.features, data.churned)

    def _model(self, fold: int | None) -> ContractValueModel:
        return self.model if fold is None else self.folds[fold]

    def stakes(self, rows: pd.DataFrame, fold: int | None) -> Array | None:
        """Return the value of customers if they stay, (n,); None for contracts without prices."""
        if not self.run.data.log.has_amount:
            return None
        terms = ValueTerms(*self.run.config.economics.value_terms)
        return self._model(fold).value_if_staying(rows, terms)

    def other_chances(self, rows: Dataset, fold: int | None) -> dict[str, Array]:
        """Return the probability of ending by age alone."""
        chance = self._model(fold).p_ends(rows.features)
        return {"survival_by_age": np.where(np.isfinite(chance), chance, np.nanmean(chance))}

    def sealed_columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the probability column for rows at the sealed cutoff."""
        return self.model.columns(rows)

    def refit(self) -> None:
        """Estimate survival from all labels known by the sealed cutoff."""
        self.model = self._fit(self.run.data.snapshots.training)

    def lines(self) -> list[str]:
        """Return the survival curve as text."""
        return survival_lines(self.model.survival)

    def save(self, folder: Path) -> None:
        """Write the fitted model."""
        self.model.save(folder)


_BY_SHAPE = {Shape.orders: OrderValues, Shape.contracts: ContractValues, Shape.labelled: NoValues}


def make_value_models(run: Run) -> NoValues:
    """Return the values of a run, by models that suit the shape of its data."""
    return _BY_SHAPE[run.data.shape](run)
