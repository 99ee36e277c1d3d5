"""The data set of a run: events are cut at the cutoffs and labelled, labelled tables are split."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from ..data.events import Events
from ..data.experiment_table import ExperimentTable
from ..data.labelled_table import LabelledTable
from ..data.quality import QualityReport
from ..data.settings import CustomerKind
from ..decision.treatment_gain import TreatmentEconomics
from ..features.families import present_families
from ..features.outcomes import one_sided_folds, require_both_outcomes
from ..features.preparation import Snapshots, prepare, prepare_experiment, prepare_table
from ..features.settings import FeatureSettings
from ..progress import Progress
from ..snapshots.customer_kinds import kind_of
from ..snapshots.cutoff_plan import Plan, make_plan
from ..snapshots.plan_adaptation import adapt_windows
from ..snapshots.settings import WindowSettings
from ..snapshots.splits import SplitPlan, split_experiment, split_rows
from ..tracking.home import Home
from ..uplift.column_leakage import require_before_treatment
from ..uplift.regressions import is_binary
from .settings import TrainConfig


@dataclass(frozen=True)
class BuiltDataset:
    """The data that a run is fitted and evaluated on. `events` is None for a table, which has no time.

    `arms` are the treatments of an experiment.
    `windows` are those that the plan was laid out by: the configured ones, adapted where they do not fit the log.
    """

    shape: CustomerKind
    quality: QualityReport
    windows: WindowSettings
    plan: Plan | SplitPlan
    snapshots: Snapshots
    features: FeatureSettings
    events: Events | None = None
    arms: tuple[str, ...] = ()

    @property
    def horizon_days(self) -> int:
        """The length of the label window; 0 for data without time."""
        return self.plan.horizon_days

    @property
    def tried_cutoffs(self) -> list[datetime]:
        """The first cutoff, with most data after it, and the sealed one, with only labels after it."""
        return list(self.plan.tried_cutoffs)

    @property
    def spend_definition(self) -> tuple[str, ...]:
        """How spend differs from the orders' amounts: empty where no refund is deducted."""
        if self.events is None or not kind_of(self.shape).buys:
            return ()
        totals = self.events.refund_totals
        return ("net of refunds",) if totals.spend != totals.ordered else ()

    @property
    def sample_definition(self) -> tuple[str, ...]:
        """The sample of customers that the run is evaluated on: empty where it is everybody."""
        return () if self.quality.learned is None else (f"{self.quality.learned} customers",)

    @property
    def log(self) -> Events:
        """The events of data that have time."""
        if self.events is None:
            message = "a labelled table has no events"
            raise ValueError(message)
        return self.events


def build_events_dataset(
    read: Callable[[], Events], config: TrainConfig, home: Home, progress: Progress
) -> BuiltDataset:
    """Plan the cutoffs of a log, and build features; the sealed labels are not read."""
    kind = kind_of(config.data.shape)
    kind.check_plan(config.windows, config.features.families)
    events = read()
    windows, adapted = adapt_windows(events.start, events.end, config.windows)
    for notice in adapted:
        progress.log(notice.line())
    plan = make_plan(events.start, events.end, windows)
    learned = events.quality.learned or events.quality.customers
    progress.log(f"Building features at {len(plan.everything)} cutoffs for {learned:,} customers")
    families = present_families(events.table, config.features.families, plan.cutoffs[-1])
    features = replace(config.features, families=families)
    snapshots = prepare(events, plan.cutoffs, plan.sealed, features, windows, home.cache, config.data)
    notices = kind.label_notices(events.table, windows)
    require_both_outcomes(snapshots.training, events, windows, notices)
    notices = (*adapted, *notices, *one_sided_folds(snapshots.training, plan.folds))
    quality = replace(events.quality, notices=(*events.quality.notices, *snapshots.notices, *notices))
    return BuiltDataset(config.data.shape, quality, windows, plan, snapshots, features, events)


def build_experiment_dataset(experiment: ExperimentTable, config: TrainConfig) -> BuiltDataset:
    """Split the table of an experiment; outcomes and arms of the test part stay sealed.

    Raises:
        InputError: a column was written after the treatment, or an outcome has no value.
    """
    TreatmentEconomics.of(config.economics, experiment.arms, binary=is_binary(experiment.outcome))
    split = experiment.table.split
    plan = split_experiment(experiment.arm, experiment.outcome, split, config.windows, config.tuning.seed)
    snapshots, quality, data = prepare_experiment(experiment, plan), experiment.quality, config.data
    known, labels = snapshots.training, snapshots.training.labels
    outcome, arm = labels["outcome"].to_numpy(dtype=float), labels["arm"].to_numpy(dtype=np.int64)
    features = known.features[known.names]
    require_before_treatment(features, arm, outcome, data.keep_columns, randomised=data.randomised)
    arms = experiment.arms
    return BuiltDataset(data.shape, quality, config.windows, plan, snapshots, config.features, arms=arms)


def build_table_dataset(table: LabelledTable, config: TrainConfig) -> BuiltDataset:
    """Split a labelled table; the outcomes of the test part stay sealed."""
    plan = split_rows(table.outcomes, table.split, config.windows, config.tuning.seed)
    snapshots = prepare_table(table, plan)
    return BuiltDataset(config.data.shape, table.quality, config.windows, plan, snapshots, config.features)
