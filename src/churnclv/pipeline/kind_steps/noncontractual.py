"""Customers without a contract: BTYD models of purchases and spend, trees on top of them, and the season."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ...bundle.expected_totals import Reference, expected_totals, references, require_plausible, totals_notices
from ...bundle.valuation import OrderValuation
from ...clv.clv_model import ClvChoice, ClvModel, gather_past, predict_past
from ...clv.gamma_gamma import check_independence
from ...clv.purchase_models import label_of
from ...clv.settings import COMBINED, LEARNED
from ...data.events import Events
from ...decision.rfm_segments import Segmentation
from ...evaluation import plots as figures
from ...evaluation.metrics import Array
from ...features.dataset import Dataset
from ...features.preparation import Snapshots, count_weekly
from ...notices import Notice
from ...tracking import records
from ...tracking.comparison_records import spend_table, value_records
from ...tracking.model_plots import draw_model
from ...tracking.overview import value_overview
from ...tracking.registry import RunFacts
from ...tracking.summary import choice_lines, covariate_lines, items, score_lines, value_lines
from ...tuning.clv_study import ClvEvidence, TunedClv, tune_clv
from ...tuning.value_comparison import ValuePredictions, btyd_probabilities, compare_values, predict_values
from ..calendars import read_calendars
from ..run import Run
from ..settings import TrainConfig
from .dated import DatedSteps
from .steps import FittedValues, RefittedValues, TunedValues, ValueEvaluation


class NoncontractualSteps(DatedSteps[OrderValuation]):
    """Customers without a contract: BTYD models of purchases and spend, trees on top of them, and the season."""

    chance_column = "btyd_p_no_purchase"

    def tune(self, run: Run) -> TunedValues[OrderValuation]:
        """Choose the CLV model, its season and its parameters on the folds."""
        config, snapshots = run.config, run.data.snapshots
        tuned = tune_clv(
            ClvEvidence(
                snapshots.training,
                run.data.plan.folds,
                snapshots.daily,
                run.data.horizon_days,
                attributes=tuple(name for name in snapshots.readings if name in snapshots.training.names),
                calendars=read_calendars(config.data, run.data.log),
            ),
            config.clv,
            config.tuning,
            run.study("clv", {}, run.names.values),
            lambda trial: run.write_trial("clv", trial),
            run.progress,
        )
        choice = tuned.model.choice
        beneath = choice.name in (*LEARNED, COMBINED)
        errors = {f"ablation.clv.{name}": error for name, error in tuned.ablation.items()}
        season = {f"ablation.season.{name}": error for name, error in tuned.season_errors.items()}
        chances = {f"ablation.no_purchase.{name}": loss for name, loss in tuned.no_purchase_losses.items()}
        covariates = {f"ablation.covariates.{name}": test.gain for name, test in tuned.covariate_tests.items()}
        return TunedValues(
            folds=tuple(_order_valuation(fold.model, config) for fold in tuned.folds),
            choices={"clv": tuned.model.get_params()},
            columns=tuned.btyd_columns,
            clv=tuned,
            season_shifts=_season_shifts(run, tuned) if choice.season else None,
            sentence=f"{choice.label} on {label_of(choice.base)}" if beneath else choice.label,
            metrics=errors | season | chances | covariates,
        )

    def chances(self, valuation: OrderValuation, rows: Dataset) -> dict[str, Array]:
        """Return the probabilities of no purchase by the BTYD model and by its expected purchases, by name."""
        return btyd_probabilities(valuation.clv, rows, valuation.days)

    def validate(self, run: Run, tuned: TunedValues[OrderValuation]) -> ValueEvaluation:
        """Evaluate the choice and the baselines on the validation folds, and plot the chosen model."""
        data, folds = run.data.snapshots.training, run.data.plan.folds
        trials = [
            ValuePredictions(data.at(fold.train), data.at((fold.valid,)), fitted.model, fitted.btyd_models)
            for fold, fitted in zip(folds, _chosen(tuned).folds, strict=True)
        ]
        predictions = predict_values(trials, run.data.horizon_days)
        run.progress.log("Drawing customers for the intervals of the figures of value")
        comparison = compare_values(predictions, run.config.tuning.seed)
        run.progress.log("Drawing the pictures of value")
        table = spend_table([fold.valid for fold in folds], comparison)
        spend = records.Table("predictions/valid_spend.parquet", table)
        drawings = _draw_tracking(run, trials[-1])
        return ValueEvaluation(comparison, (spend, *value_records(comparison, "valid"), *drawings))

    def fit(self, run: Run, tuned: TunedValues[OrderValuation]) -> FittedValues[OrderValuation]:
        """Fit the choice, and the plain BTYD models beside it, on all data known at the sealed cutoff."""
        snapshots, chosen = run.data.snapshots, _chosen(tuned)
        calendars = read_calendars(run.config.data, run.data.log)
        clv, *others = (
            model.clone().fit(snapshots.sealed, chosen.past, snapshots.daily, calendars)
            for model in (chosen.model, *chosen.btyd_models)
        )
        valuation = _order_valuation(clv, run.config, Segmentation.learn(snapshots.sealed))
        table = clv.coefficient_table()
        coefficients = (records.Table("coefficients.parquet", table),) if len(table) else ()
        return FittedValues(valuation, tuple(others), coefficients)

    def evaluate(
        self, run: Run, fitted: FittedValues[OrderValuation], sealed: Dataset, valid: ValueEvaluation
    ) -> ValueEvaluation:
        """Evaluate once on the opened sealed test, against the baselines of validation."""
        trial = ValuePredictions(run.data.snapshots.training, sealed, fitted.valuation.clv, fitted.btyd_models)
        predictions = predict_values([trial], run.data.horizon_days)
        run.progress.log(f"Comparing {len(predictions.spend[0].predictions)} models of value on the sealed test")
        baselines = None if valid.comparison is None else valid.comparison.baselines
        comparison = compare_values(predictions, run.config.tuning.seed, baselines, all_intervals=True)
        return ValueEvaluation(comparison, tuple(value_records(comparison, "test")))

    def lines(
        self,
        run: Run,
        tuned: TunedValues[OrderValuation],
        fitted: FittedValues[OrderValuation],
        valid: ValueEvaluation,
        test: ValueEvaluation,
    ) -> list[str]:
        """Return the tables of spend and purchases, and how the model was chosen."""
        if valid.comparison is None:
            return []
        chosen, events, sealed = _chosen(tuned), run.data.log, test.comparison
        comparison, where = (sealed, "sealed test") if sealed else (valid.comparison, "validation")
        lines = []
        for target in ("spend", "purchases") if events.has_amount else ("purchases",):
            metrics = {"rmse": "RMSE", "bias": "bias", "gini": "Gini"}
            scores = getattr(sealed, target) if sealed else None
            title = f"CLV: {target} within {run.data.horizon_days} days"
            label = valid.comparison.labels.value
            lines += score_lines(title, label, metrics, getattr(valid.comparison, target), scores)
            lines += value_lines(comparison, target, where)
            lines += items(self._spend_facts(run) if target == "spend" else [])
        lines += choice_lines(chosen.model.choice, chosen.ablation, chosen.season_errors)
        lines += covariate_lines(chosen.covariate_tests, fitted.valuation.clv.coefficient_table())
        effects = fitted.valuation.clv.season.calendar
        lines += items([] if effects is None else [effects.assumption])
        return lines + items(notice.line() for notice in self.notices(tuned, fitted))

    def _spend_facts(self, run: Run) -> list[str]:
        """Return the treatment of refunds, and whether spend depends on frequency at the sealed cutoff."""
        return [run.data.log.refund_totals.sentence, check_independence(run.data.snapshots.sealed).sentence]

    def overview(
        self, run: Run, tuned: TunedValues[OrderValuation], valid: ValueEvaluation, test: ValueEvaluation
    ) -> list[str]:
        """Return the model's error of spend, or of purchases in a log without amounts, against its rivals'."""
        if valid.comparison is None:
            return []
        target = "spend" if run.data.log.has_amount else "purchases"
        return value_overview(tuned.sentence, valid.comparison, test.comparison, target)

    def notices(self, tuned: TunedValues[OrderValuation], fitted: FittedValues[OrderValuation]) -> tuple[Notice, ...]:
        """Return what is doubtful about the fits on the folds and at the sealed cutoff, each once."""
        models = (fitted.valuation.clv, *(fold.model for fold in _chosen(tuned).folds))
        return tuple(dict.fromkeys(notice for model in models for notice in model.notices()))

    def refit(
        self,
        config: TrainConfig,
        choices: dict[str, Any],
        data: Events,
        snapshots: Snapshots,
        run: RunFacts,
        *,
        forced: bool,
    ) -> RefittedValues:
        """Fit the CLV model and the segments through the end of the data, and compare the expected totals.

        Raises:
            InputError: the model expects implausible totals, and not `forced`.
        """
        training, latest = snapshots.training, snapshots.sealed
        choice, days = ClvChoice.from_dict(choices["clv"]), config.windows.horizon_days
        past = gather_past(training, choice, days)
        clv = ClvModel(choice).fit(latest, past, snapshots.daily, read_calendars(config.data, data))
        return RefittedValues(
            valuation=_order_valuation(clv, config, Segmentation.learn(latest)),
            columns=predict_past(training, choice, days) if past.btyd is None else past.btyd,
            notices=(*clv.notices(), *_compare_totals(clv, config, run, data, latest, forced=forced)),
            refunds=data.refund_totals.sentence if data.has_amount else "",
        )


def _order_valuation(clv: ClvModel, config: TrainConfig, segments: Segmentation | None = None) -> OrderValuation:
    return OrderValuation(clv, config.windows.horizon_days, config.data, config.economics, segments)


def _chosen(tuned: TunedValues[OrderValuation]) -> TunedClv:
    if tuned.clv is None:
        message = "no CLV model was chosen"
        raise ValueError(message)
    return tuned.clv


def _season_shifts(run: Run, tuned: TunedClv) -> list[Array]:
    """Return the shifts of the folds' seasons, each estimated before its validation cutoff."""
    data, folds = run.data.snapshots.training, run.data.plan.folds
    valid = [data.at((fold.valid,)).features for fold in folds]
    days = run.data.horizon_days
    return [fitted.model.season_shift(rows, days) for fitted, rows in zip(tuned.folds, valid, strict=True)]


def _draw_tracking(run: Run, trial: ValuePredictions) -> Iterable[records.Drawing]:
    """Yield plots of the chosen model: purchases by week after the last validation cutoff, and the model's own."""
    days = run.data.horizon_days
    ends = np.unique(np.minimum(np.arange(0, days + 7, 7), days))[1:]
    cumulative = [0.0, *trial.clv.total_purchases(trial.rows.features, ends)]
    actual = count_weekly(run.data.log, run.data.plan.folds[-1].valid, run.config.windows)
    tracking = figures.draw_tracking(actual, np.diff(cumulative), "Last validation cutoff: purchases week by week")
    yield records.Drawing("figures/valid_tracking.svg", tracking)
    for name, figure in draw_model(trial.clv, trial.rows, days).items():
        yield records.Drawing(f"figures/valid_{name}.svg", figure)


def _compare_totals(
    clv: ClvModel, config: TrainConfig, run: RunFacts, events: Events, latest: pd.DataFrame, *, forced: bool
) -> tuple[Notice, ...]:
    """Compare the refitted model's expected totals with the actual ones, and with those of the run's model.

    Raises:
        InputError: the totals are implausible, and not `forced`.
    """
    days, money = config.windows.horizon_days, {"has_amount": events.has_amount}
    expected = expected_totals(clv, latest, days, **money)
    actual = references(events, events.end, config.windows, clv, len(latest))
    of_run = []
    if (run.artifacts / "model" / "clv.json").is_file():  # artefacts may be cleaned up
        before = expected_totals(ClvModel.load(run.artifacts / "model"), latest, days, **money)
        of_run = [Reference("by the model of the run", before, before)]
    require_plausible(expected, [*actual, *of_run], days, forced=forced)
    return (*totals_notices(expected, actual, days), *totals_notices(expected, of_run, days))
