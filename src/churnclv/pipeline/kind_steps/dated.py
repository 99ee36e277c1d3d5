"""Customers with dated events, of orders or of contracts: cutoffs, and a refit through the end of the data."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pandas as pd

from ...bundle.log_profile import RECENT_DAYS, describe_log
from ...bundle.specification import specification_of
from ...data.customer_sample import sample_customers
from ...data.engine import EngineSettings, connect
from ...data.events import Events, read_events
from ...data.quality import with_spelling
from ...data.settings import DataSettings
from ...data.sketch import sketch_events
from ...features.preparation import prepare, read_labels
from ...monitoring.scoring_history import Scoring
from ...progress import Progress
from ...snapshots.cutoff_plan import refit_cutoffs
from ...tracking.home import Home
from ..dataset_building import BuiltDataset, build_events_dataset
from ..settings import TrainConfig
from .steps import KindSteps, RefitRows, Valuation


class DatedSteps(KindSteps[Events, Valuation]):
    """Customers with dated events, of orders or of contracts."""

    def read(self, data: DataSettings, engine: EngineSettings, home: Home) -> Events:
        """Read the data."""
        return read_events(connect(engine, home.cache / "spill"), data)

    def learned_from(self, data: Events, config: TrainConfig) -> Events:
        """Return the events of the customers that models learn from."""
        return sample_customers(data, config.tuning.max_customers)

    def build_dataset(self, config: TrainConfig, home: Home, progress: Progress) -> BuiltDataset:
        """Return features and labels at the cutoffs of a run; the sealed labels are not read."""

        def read_log() -> Events:
            return self.learned_from(self.read(config.data, config.engine, home), config)

        return build_events_dataset(read_log, config, home, progress)

    def refit_rows(self, config: TrainConfig, data: Events, home: Home, progress: Progress) -> RefitRows:
        """Return the rows of a refit: all whose labels are known by the end of the data."""
        progress.log(f"Refitting on labels known by {data.end:%Y-%m-%d}")
        settings = with_spelling(config.data, data.quality)
        cutoffs = refit_cutoffs(data.start, data.end, config.windows)
        snapshots = prepare(data, cutoffs, data.end, config.features, config.windows, home.cache, settings)
        everybody = replace(data, table=data.whole, everyone=None)
        profile = describe_log(everybody, data.end, RECENT_DAYS)
        return RefitRows(settings, snapshots, f"{data.end:%Y-%m-%d}", sketch_events(data.whole, data.end), profile)

    def feature_rows(self, scorer: Any, data: Events, as_of: datetime | None) -> pd.DataFrame:
        """Return the feature rows of a bundle; its code has enumerations of its own, of kinds and of refunds."""
        settings = specification_of(scorer).data
        enums = {name: getattr(settings, name) for name in ("shape", "refunds") if hasattr(settings, name)}
        rows: pd.DataFrame = scorer.features(replace(data, **enums), as_of)
        return rows

    def outcomes(self, data: Any, scoring: Scoring, settings: DataSettings, home: Home) -> pd.DataFrame | None:
        """Return the labels at the scoring's cutoff; a bundle's code has enumerations of its own."""
        del home
        ours = replace(data, shape=settings.shape, refunds=settings.refunds)
        return read_labels(ours, (scoring.moment,), scoring.label_windows)
