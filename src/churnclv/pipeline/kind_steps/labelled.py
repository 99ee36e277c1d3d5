"""Labelled customers: a table without time and spend, so there are no values to predict."""

from datetime import datetime
from typing import Any

import pandas as pd

from ...bundle.valuation import NoValuation
from ...data.engine import EngineSettings, connect
from ...data.labelled_table import LabelledTable, read_labelled
from ...data.settings import DataSettings
from ...data.source import read_columns
from ...features.preparation import Snapshots, prepare_whole_table
from ...monitoring.scoring_history import Scoring
from ...progress import Progress
from ...tracking.home import Home
from ...tracking.registry import RunFacts
from ..dataset_building import BuiltDataset, build_table_dataset
from ..run import Run
from ..settings import TrainConfig
from .steps import FittedValues, KindSteps, RefitRows, RefittedValues, TunedValues


class LabelledSteps(KindSteps[LabelledTable, NoValuation]):
    """Labelled customers: only the churn model is trained."""

    def read(self, data: DataSettings, engine: EngineSettings, home: Home) -> LabelledTable:
        """Read the table."""
        return read_labelled(connect(engine, home.cache / "spill"), data)

    def build_dataset(self, config: TrainConfig, home: Home, progress: Progress) -> BuiltDataset:
        """Return the rows of the table in parts; the outcomes of the test part stay sealed."""
        del progress
        return build_table_dataset(self.read(config.data, config.engine, home), config)

    def tune(self, run: Run) -> TunedValues[NoValuation]:
        """Choose nothing."""
        return TunedValues(tuple(NoValuation() for _ in run.data.plan.folds))

    def fit(self, run: Run, tuned: TunedValues[NoValuation]) -> FittedValues[NoValuation]:
        """Fit nothing."""
        del run, tuned
        return FittedValues(NoValuation())

    def refit_rows(self, config: TrainConfig, data: LabelledTable, home: Home, progress: Progress) -> RefitRows:
        """Return all rows of the table."""
        del home
        progress.log("Refitting on all rows of the table")
        return RefitRows(config.data, prepare_whole_table(data), "its export")

    def refit(
        self,
        config: TrainConfig,
        choices: dict[str, Any],
        data: LabelledTable,
        snapshots: Snapshots,
        run: RunFacts,
        *,
        forced: bool,
    ) -> RefittedValues:
        """Fit nothing."""
        del config, choices, data, snapshots, run, forced
        return RefittedValues(NoValuation())

    def feature_rows(self, scorer: Any, data: LabelledTable, as_of: datetime | None) -> pd.DataFrame:
        """Return the rows of the table with their keys."""
        del scorer, as_of
        keys = pd.DataFrame({"customer_id": data.ids, "cutoff": pd.NaT, "in_population": True})
        return pd.concat([keys, data.frame.reset_index(drop=True)], axis=1)

    def outcomes(self, data: Any, scoring: Scoring, settings: DataSettings, home: Home) -> pd.DataFrame | None:
        """Return the outcomes that the table has; None where it has no such column."""
        del data, scoring
        if settings.target not in read_columns(settings):
            return None
        table = self.read(settings, EngineSettings(), home)
        return pd.DataFrame({"customer_id": table.ids, "churned": table.outcomes})
