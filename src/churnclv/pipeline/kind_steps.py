"""The steps that differ between customer kinds, one class per kind; train, refit, score and report take them here."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

from ..bundle.expected_totals import Reference, expected_totals, references, require_plausible, totals_notices
from ..bundle.specification import specification_of
from ..bundle.valuation import ContractValuation, NoValuation, OrderValuation
from ..clv.clv_model import ClvChoice, ClvModel, gather_past, predict_past
from ..clv.contract_value import CHANCE, ContractValueModel, columns_at_each_cutoff
from ..clv.purchase_models import label_of
from ..clv.settings import COMBINED, LEARNED
from ..data.engine import EngineSettings, connect
from ..data.events import Events, read_events
from ..data.labelled_table import LabelledTable, read_labelled
from ..data.quality import with_spelling
from ..data.settings import CustomerKind, DataSettings, PerKind
from ..data.sketch import EventSketch, sketch_events
from ..decision.rfm_segments import Segmentation
from ..evaluation import plots as figures
from ..evaluation.bootstrap import Scores
from ..evaluation.metrics import Array
from ..features.dataset import Dataset
from ..features.preparation import Snapshots, count_weekly, prepare, prepare_whole_table
from ..notices import Notice
from ..progress import Progress
from ..snapshots.contract_labels import count_reasons
from ..snapshots.cutoff_plan import refit_cutoffs
from ..tracking import records
from ..tracking.comparison_records import spend_table, value_records
from ..tracking.home import Home
from ..tracking.model_plots import draw_model
from ..tracking.overview import value_overview
from ..tracking.records import Record
from ..tracking.registry import RunFacts
from ..tracking.summary import choice_lines, items, score_lines, survival_lines, value_lines
from ..tuning.clv_study import ClvEvidence, TunedClv, tune_clv
from ..tuning.value_comparison import (
    ValueComparison,
    ValuePredictions,
    btyd_probabilities,
    compare_values,
    predict_values,
)
from .dataset_building import BuiltDataset, build_events_dataset, build_table_dataset
from .run import Run
from .settings import TrainConfig

Data = Events | LabelledTable
Valuation = TypeVar("Valuation", bound=NoValuation)


@dataclass(frozen=True)
class TunedValues(Generic[Valuation]):
    """What the validation folds chose for the customers' values.

    Attributes:
        folds: the valuation fitted before each validation cutoff.
        choices: the choices, for JSON.
        columns: predictions of the value models for each labelled row, estimated on data before its cutoff; None
            without such columns.
        clv: the choice of the CLV model, for customers without a contract.
        season_shifts: the season's shift of the log-odds of leaving, fold by fold, (n,) each; None without a season.
        sentence: the choice as text; empty without a choice.
        metrics: what the choice was made by, for the record.
    """

    folds: tuple[Valuation, ...]
    choices: dict[str, Any] = field(default_factory=dict)
    columns: pd.DataFrame | None = None
    clv: TunedClv | None = None
    season_shifts: list[Array] | None = None
    sentence: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FittedValues(Generic[Valuation]):
    """The chosen valuation, and the plain BTYD models beside it, fitted on all data known at the sealed cutoff."""

    valuation: Valuation
    btyd_models: tuple[ClvModel, ...] = ()


@dataclass(frozen=True)
class ValueEvaluation:
    """The comparison of value models on validation or on the sealed test, None without one, and its records."""

    comparison: ValueComparison | None = None
    records: tuple[Record, ...] = ()

    def scores(self, when: str) -> list[tuple[str, Scores, str]]:
        """Return the scores of spend: `valid.spend` or `test.spend`, the scores, and the name of the chosen model."""
        compared = self.comparison
        return [] if compared is None else [(f"{when}.spend", compared.spend, compared.labels.value)]


NOT_EVALUATED = ValueEvaluation()


@dataclass(frozen=True)
class RefitRows:
    """All that a refit through the end of the data is fitted on.

    Attributes:
        data: the settings of the data, with the formats that were derived from them.
        snapshots: every labelled row, and, as `sealed`, the rows that the models are to score first.
        through: the end of the data, as text.
        sketch: of the log; None for a labelled table.
    """

    data: DataSettings
    snapshots: Snapshots
    through: str
    sketch: EventSketch | None = None


@dataclass(frozen=True)
class RefittedValues:
    """The valuation refitted through the end of the data.

    Attributes:
        valuation: the fitted valuation.
        columns: its columns for the labelled rows, as `TunedValues.columns`.
        notices: about the refit.
        refunds: the sentence on how spend and CLV treat them; empty where there is no spend.
    """

    valuation: NoValuation
    columns: pd.DataFrame | None = None
    notices: tuple[Notice, ...] = ()
    refunds: str = ""


class LabelledSteps(Generic[Valuation]):
    """Labelled customers: a table without time and spend, so there are no values to predict.

    `chance_column` is the value models' probability of leaving among their columns.
    """

    chance_column: str | None = None

    def read(self, data: DataSettings, engine: EngineSettings, home: Home) -> Data:
        """Read the data."""
        return read_labelled(connect(engine, home.cache / "spill"), data)

    def build_dataset(self, config: TrainConfig, home: Home, progress: Progress) -> BuiltDataset:
        """Return features and labels of the rows of a run; the sealed labels are not read."""
        del progress
        return build_table_dataset(self._table(self.read(config.data, config.engine, home)), config)

    def tune(self, run: Run) -> TunedValues[Valuation]:
        """Choose how customers are valued, on the folds."""
        nothing: Any = NoValuation()
        return TunedValues(tuple(nothing for _ in run.data.plan.folds))

    def chances(self, valuation: Valuation, rows: Dataset) -> dict[str, Array]:
        """Return the probabilities of leaving by the value models, by name."""
        del valuation, rows
        return {}

    def validate(self, run: Run, tuned: TunedValues[Valuation]) -> ValueEvaluation:
        """Evaluate the choice and the baselines on the validation folds."""
        del run, tuned
        return NOT_EVALUATED

    def fit(self, run: Run, tuned: TunedValues[Valuation]) -> FittedValues[Valuation]:
        """Fit the choice on all data known at the sealed cutoff."""
        del run
        return FittedValues(tuned.folds[0])

    def evaluate(
        self,
        run: Run,
        fitted: FittedValues[Valuation],
        sealed: Dataset,
        valid: ValueEvaluation,
    ) -> ValueEvaluation:
        """Evaluate once on the opened sealed test, against the baselines of validation."""
        del run, fitted, sealed, valid
        return NOT_EVALUATED

    def lines(
        self,
        run: Run,
        tuned: TunedValues[Valuation],
        fitted: FittedValues[Valuation],
        valid: ValueEvaluation,
        test: ValueEvaluation,
    ) -> list[str]:
        """Return the part of the summary's page."""
        del run, tuned, fitted, valid, test
        return []

    def overview(
        self, run: Run, tuned: TunedValues[Valuation], valid: ValueEvaluation, test: ValueEvaluation
    ) -> list[str]:
        """Return the part of the printed overview."""
        del run, tuned, valid, test
        return []

    def notices(self, tuned: TunedValues[Valuation], fitted: FittedValues[Valuation]) -> tuple[Notice, ...]:
        """Return what is doubtful about the fits on the folds and at the sealed cutoff, each once."""
        del tuned, fitted
        return ()

    def cancellation_reasons(self, run: Run) -> pd.DataFrame | None:
        """Return why contracts were ended before the sealed cutoff; None without reasons."""
        del run
        return None

    def refit_rows(self, config: TrainConfig, data: Data, home: Home, progress: Progress) -> RefitRows:
        """Return the rows of a refit through the end of the data."""
        del home
        progress.log("Refitting on all rows of the table")
        return RefitRows(config.data, prepare_whole_table(self._table(data)), "its export")

    def refit(
        self,
        config: TrainConfig,
        choices: dict[str, Any],
        data: Data,
        snapshots: Snapshots,
        run: RunFacts,
        *,
        forced: bool,
    ) -> RefittedValues:
        """Fit a run's choices through the end of the data.

        Raises:
            InputError: the models expect implausible totals, and not `forced`.
        """
        del config, choices, data, snapshots, run, forced
        return RefittedValues(NoValuation())

    def feature_rows(self, scorer: Any, data: Data, as_of: datetime | None) -> pd.DataFrame:
        """Return the feature rows of a bundle."""
        del scorer, as_of
        table = self._table(data)
        keys = pd.DataFrame({"customer_id": table.ids, "cutoff": pd.NaT, "in_population": True})
        return pd.concat([keys, table.frame.reset_index(drop=True)], axis=1)

    def _table(self, data: Data) -> LabelledTable:
        if not isinstance(data, LabelledTable):
            message = "events are no labelled table"
            raise TypeError(message)
        return data


class _DatedSteps(LabelledSteps[Valuation]):
    """Customers with dated events, of orders or of contracts."""

    def read(self, data: DataSettings, engine: EngineSettings, home: Home) -> Data:
        """Read the data."""
        return read_events(connect(engine, home.cache / "spill"), data)

    def build_dataset(self, config: TrainConfig, home: Home, progress: Progress) -> BuiltDataset:
        """Return features and labels at the cutoffs of a run; the sealed labels are not read."""

        def read_log() -> Events:
            return self._log(self.read(config.data, config.engine, home))

        return build_events_dataset(read_log, config, home, progress)

    def refit_rows(self, config: TrainConfig, data: Data, home: Home, progress: Progress) -> RefitRows:
        """Return the rows of a refit: all whose labels are known by the end of the data."""
        events = self._log(data)
        progress.log(f"Refitting on labels known by {events.end:%Y-%m-%d}")
        settings = with_spelling(config.data, events.quality)
        cutoffs = refit_cutoffs(events.start, events.end, config.windows)
        snapshots = prepare(events, cutoffs, events.end, config.features, config.windows, home.cache, settings)
        return RefitRows(settings, snapshots, f"{events.end:%Y-%m-%d}", sketch_events(events.table, events.end))

    def feature_rows(self, scorer: Any, data: Data, as_of: datetime | None) -> pd.DataFrame:
        """Return the feature rows of a bundle; its code has enumerations of its own, of kinds and of refunds."""
        settings = specification_of(scorer).data
        enums = {name: getattr(settings, name) for name in ("shape", "refunds") if hasattr(settings, name)}
        rows: pd.DataFrame = scorer.features(replace(self._log(data), **enums), as_of)
        return rows

    def _log(self, data: Data) -> Events:
        if not isinstance(data, Events):
            message = "a labelled table has no events"
            raise TypeError(message)
        return data


class NoncontractualSteps(_DatedSteps[OrderValuation]):
    """Customers without a contract: BTYD models of purchases and spend, trees on top of them, and the season."""

    chance_column = "btyd_p_no_purchase"

    def tune(self, run: Run) -> TunedValues[OrderValuation]:
        """Choose the CLV model, its season and its parameters on the folds."""
        config, snapshots = run.config, run.data.snapshots
        tuned = tune_clv(
            ClvEvidence(snapshots.training, run.data.plan.folds, snapshots.daily, run.data.horizon_days),
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
        return TunedValues(
            folds=tuple(_order_valuation(fold.model, config) for fold in tuned.folds),
            choices={"clv": tuned.model.get_params()},
            columns=tuned.btyd_columns,
            clv=tuned,
            season_shifts=_season_shifts(run, tuned) if choice.season else None,
            sentence=f"{choice.label} on {label_of(choice.base)}" if beneath else choice.label,
            metrics=errors | season | chances,
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
        comparison = compare_values(predict_values(trials, run.data.horizon_days), run.config.tuning.seed)
        table = spend_table([fold.valid for fold in folds], comparison)
        spend = records.Table("predictions/valid_spend.parquet", table)
        drawings = _draw_tracking(run, trials[-1])
        return ValueEvaluation(comparison, (spend, *value_records(comparison, "valid"), *drawings))

    def fit(self, run: Run, tuned: TunedValues[OrderValuation]) -> FittedValues[OrderValuation]:
        """Fit the choice, and the plain BTYD models beside it, on all data known at the sealed cutoff."""
        snapshots, chosen = run.data.snapshots, _chosen(tuned)
        clv, *others = (
            model.clone().fit(snapshots.sealed, chosen.past, snapshots.daily)
            for model in (chosen.model, *chosen.btyd_models)
        )
        return FittedValues(_order_valuation(clv, run.config, Segmentation.learn(snapshots.sealed)), tuple(others))

    def evaluate(
        self, run: Run, fitted: FittedValues[OrderValuation], sealed: Dataset, valid: ValueEvaluation
    ) -> ValueEvaluation:
        """Evaluate once on the opened sealed test, against the baselines of validation."""
        trial = ValuePredictions(run.data.snapshots.training, sealed, fitted.valuation.clv, fitted.btyd_models)
        predictions = predict_values([trial], run.data.horizon_days)
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
            lines += items([events.refund_totals.sentence] if target == "spend" else [])
        lines += choice_lines(chosen.model.choice, chosen.ablation, chosen.season_errors)
        return lines + items(notice.line() for notice in self.notices(tuned, fitted))

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
        data: Data,
        snapshots: Snapshots,
        run: RunFacts,
        *,
        forced: bool,
    ) -> RefittedValues:
        """Fit the CLV model and the segments through the end of the data, and compare the expected totals.

        Raises:
            InputError: the model expects implausible totals, and not `forced`.
        """
        events, training, latest = self._log(data), snapshots.training, snapshots.sealed
        choice, days = ClvChoice.from_dict(choices["clv"]), config.windows.horizon_days
        past = gather_past(training, choice, days)
        clv = ClvModel(choice).fit(latest, past, snapshots.daily)
        return RefittedValues(
            valuation=_order_valuation(clv, config, Segmentation.learn(latest)),
            columns=predict_past(training, choice, days) if past.btyd is None else past.btyd,
            notices=(*clv.notices(), *_compare_totals(clv, config, run, events, latest, forced=forced)),
            refunds=events.refund_totals.sentence if events.has_amount else "",
        )


class ContractualSteps(_DatedSteps[ContractValuation]):
    """Customers under contract: survival by age, and the margin of future payments."""

    chance_column = CHANCE

    def tune(self, run: Run) -> TunedValues[ContractValuation]:
        """Estimate survival at every cutoff from the labels known by it; there is nothing to choose."""
        data = run.data.snapshots.training
        return TunedValues(
            folds=tuple(self._fit(run, data.at(fold.train)) for fold in run.data.plan.folds),
            columns=columns_at_each_cutoff(data, run.config.windows, float(run.data.horizon_days)),
        )

    def _fit(self, run: Run, data: Dataset) -> ContractValuation:
        model = ContractValueModel(float(run.data.horizon_days)).fit(data.features, data.churned)
        return ContractValuation(model, run.config.data, run.config.economics)

    def chances(self, valuation: ContractValuation, rows: Dataset) -> dict[str, Array]:
        """Return the probability of ending by age alone."""
        chance = valuation.model.p_ends(rows.features)
        return {"survival_by_age": np.where(np.isfinite(chance), chance, np.nanmean(chance))}

    def fit(self, run: Run, tuned: TunedValues[ContractValuation]) -> FittedValues[ContractValuation]:
        """Estimate survival from all labels known by the sealed cutoff."""
        del tuned
        return FittedValues(self._fit(run, run.data.snapshots.training))

    def lines(
        self,
        run: Run,
        tuned: TunedValues[ContractValuation],
        fitted: FittedValues[ContractValuation],
        valid: ValueEvaluation,
        test: ValueEvaluation,
    ) -> list[str]:
        """Return the survival curve as text."""
        del run, tuned, valid, test
        return survival_lines(fitted.valuation.model.survival)

    def cancellation_reasons(self, run: Run) -> pd.DataFrame | None:
        """Return why contracts were ended before the sealed cutoff; None without reasons."""
        sealed: Any = run.data.plan.sealed
        counts: pd.DataFrame = count_reasons(run.data.log.table, sealed).execute()
        return counts if len(counts) else None

    def refit(
        self,
        config: TrainConfig,
        choices: dict[str, Any],
        data: Data,
        snapshots: Snapshots,
        run: RunFacts,
        *,
        forced: bool,
    ) -> RefittedValues:
        """Estimate survival from every label known by the end of the data."""
        del choices, run, forced
        training, end = snapshots.training, self._log(data).end
        days = float((config.windows.label_end(end) - end).days)
        model = ContractValueModel(days).fit(training.features, training.churned)
        columns = columns_at_each_cutoff(training, config.windows, days)
        return RefittedValues(ContractValuation(model, config.data, config.economics), columns)


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
    cumulative = [0.0, *(float(trial.clv.expected_purchases(trial.rows.features, end).sum()) for end in ends)]
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


STEPS: PerKind[LabelledSteps[Any]] = PerKind(NoncontractualSteps(), ContractualSteps(), LabelledSteps[NoValuation]())


def steps_of(shape: CustomerKind) -> LabelledSteps[Any]:
    """Return the steps of a customer kind."""
    return STEPS[shape]
