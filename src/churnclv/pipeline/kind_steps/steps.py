"""The interface of a customer kind's steps, and the values that go from step to step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import pandas as pd

from ...bundle import valuation as values
from ...clv.clv_model import ClvModel
from ...data.engine import EngineSettings
from ...data.events import Events
from ...data.experiment_table import ExperimentTable
from ...data.labelled_table import LabelledTable
from ...data.settings import DataSettings
from ...data.sketch import EventSketch
from ...evaluation.bootstrap import Scores
from ...evaluation.metrics import Array
from ...features.dataset import Dataset
from ...features.preparation import Snapshots
from ...monitoring.scoring_history import Scoring
from ...notices import Notice
from ...progress import Progress
from ...tracking.home import Home
from ...tracking.records import Record
from ...tracking.registry import RunFacts
from ...tuning.clv_study import TunedClv
from ...tuning.value_comparison import ValueComparison
from ..dataset_building import BuiltDataset
from ..run import Run
from ..settings import TrainConfig

Read = TypeVar("Read", Events, LabelledTable, ExperimentTable)
Valuation = TypeVar("Valuation", bound=values.Valuation)


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
    """The chosen valuation, and the plain BTYD models beside it, fitted on all data known at the sealed cutoff.

    `records` describe the fit.
    """

    valuation: Valuation
    btyd_models: tuple[ClvModel, ...] = ()
    records: tuple[Record, ...] = ()


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
        log_profile: of the last days of the log; empty for a labelled table.
    """

    data: DataSettings
    snapshots: Snapshots
    through: str
    sketch: EventSketch | None = None
    log_profile: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RefittedValues:
    """The valuation refitted through the end of the data.

    Attributes:
        valuation: the fitted valuation.
        columns: its columns for the labelled rows, as `TunedValues.columns`.
        notices: about the refit.
        refunds: the sentence on how spend and CLV treat them; empty where there is no spend.
    """

    valuation: values.Valuation
    columns: pd.DataFrame | None = None
    notices: tuple[Notice, ...] = ()
    refunds: str = ""


class DataSteps(ABC, Generic[Read]):
    """The steps from data to rows; `Read` is what reading gives: events, or a table without time."""

    @abstractmethod
    def read(self, data: DataSettings, engine: EngineSettings, home: Home) -> Read:
        """Read the data."""

    @abstractmethod
    def build_dataset(self, config: TrainConfig, home: Home, progress: Progress) -> BuiltDataset:
        """Return features and labels of the rows of a run; the sealed labels are not read."""


class KindSteps(DataSteps[Read], Generic[Read, Valuation]):
    """The steps that differ between kinds of customers who leave; by default there are no values to evaluate.

    `chance_column` is the value models' probability of leaving among their columns.
    """

    chance_column: str | None = None

    def learned_from(self, data: Read, config: TrainConfig) -> Read:
        """Return the part of the data that models learn from; by default all of it."""
        del config
        return data

    @abstractmethod
    def tune(self, run: Run) -> TunedValues[Valuation]:
        """Choose how customers are valued, on the folds."""

    def chances(self, valuation: Valuation, rows: Dataset) -> dict[str, Array]:
        """Return the probabilities of leaving by the value models, by name."""
        del valuation, rows
        return {}

    def validate(self, run: Run, tuned: TunedValues[Valuation]) -> ValueEvaluation:
        """Evaluate the choice and the baselines on the validation folds."""
        del run, tuned
        return NOT_EVALUATED

    @abstractmethod
    def fit(self, run: Run, tuned: TunedValues[Valuation]) -> FittedValues[Valuation]:
        """Fit the choice on all data known at the sealed cutoff."""

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

    @abstractmethod
    def refit_rows(self, config: TrainConfig, data: Read, home: Home, progress: Progress) -> RefitRows:
        """Return the rows of a refit through the end of the data."""

    @abstractmethod
    def refit(
        self,
        config: TrainConfig,
        choices: dict[str, Any],
        data: Read,
        snapshots: Snapshots,
        run: RunFacts,
        *,
        forced: bool,
    ) -> RefittedValues:
        """Fit a run's choices through the end of the data.

        Raises:
            InputError: the models expect implausible totals, and not `forced`.
        """

    @abstractmethod
    def feature_rows(self, scorer: Any, data: Read, as_of: datetime | None) -> pd.DataFrame:
        """Return the feature rows of a bundle."""

    @abstractmethod
    def outcomes(self, data: Any, scoring: Scoring, settings: DataSettings, home: Home) -> pd.DataFrame | None:
        """Return what became of the customers of a past scoring whose horizon has passed, by the labels of training.

        `data` are the events that a bundle has read, and `settings` name their file. None where it has no outcomes.
        """
