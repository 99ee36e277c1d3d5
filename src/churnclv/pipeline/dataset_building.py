"""From configuration to data set: data of any shape, read, cut, and labelled where the labels are known."""

from dataclasses import dataclass, replace
from datetime import datetime

from ..data.engine import connect
from ..data.events import Events, read_events
from ..data.labelled_table import read_labelled
from ..data.quality import QualityReport
from ..data.settings import Shape
from ..errors import require
from ..features.families import present_families
from ..features.outcomes import one_sided_folds, require_both_outcomes
from ..features.preparation import Snapshots, prepare, prepare_table
from ..features.settings import FeatureSettings
from ..progress import Progress
from ..snapshots.contract_labels import restart_notices
from ..snapshots.cutoff_plan import Plan, make_plan
from ..snapshots.splits import SplitPlan, split_rows
from ..tracking.home import Home
from .settings import TrainConfig


@dataclass(frozen=True)
class Gathered:
    """What a run learns from and is judged on. `events` is None for a labelled table, which has no time."""

    shape: Shape
    quality: QualityReport
    plan: Plan | SplitPlan
    snapshots: Snapshots
    features: FeatureSettings
    events: Events | None = None

    @property
    def horizon_days(self) -> int:
        """The length of the label window, of data that have time."""
        return 0 if isinstance(self.plan, SplitPlan) else self.plan.horizon_days

    @property
    def tried_cutoffs(self) -> list[datetime]:
        """The first cutoff, after which much comes, and the sealed one, after which the labels come."""
        return [] if isinstance(self.plan, SplitPlan) else [self.plan.cutoffs[0], self.plan.sealed]

    @property
    def spend_definition(self) -> tuple[str, ...]:
        """What tells the spend of this run from that of orders alone: nothing where no refund is taken off."""
        if self.shape is not Shape.orders or self.events is None:
            return ()
        totals = self.events.refund_totals
        return ("net of refunds",) if totals.spend != totals.ordered else ()

    @property
    def log(self) -> Events:
        """The events of data that have time."""
        if self.events is None:
            message = "a labelled table has no events"
            raise ValueError(message)
        return self.events


def gather(config: TrainConfig, home: Home, progress: Progress) -> Gathered:
    """Read the data, lay the plan over them, and build features; the sealed labels stay sealed."""
    progress.log(f"Reading {config.data.name}")
    if config.data.shape is Shape.labelled:
        return _gather_table(config, home)
    of_contracts = config.data.shape is Shape.contracts
    remedy = "take windows.horizon_days and windows.step_days."
    require(of_contracts or not config.windows.in_months, "windows in months are for contracts.", remedy=remedy)
    remedy = "put it among them: ages and prices of contracts are its columns."
    told = "contract" in config.features.families
    require(told or not of_contracts, "features.families lacks contract.", remedy=remedy)
    events = read_events(connect(config.engine, home.cache / "spill"), config.data)
    plan = make_plan(events.start, events.end, config.windows)
    progress.log(f"Building features at {len(plan.everything)} cutoffs for {events.quality.customers:,} customers")
    families = present_families(events.table, config.features.families, plan.cutoffs[-1])
    features = replace(config.features, families=families)
    snapshots = prepare(events, plan.cutoffs, plan.sealed, features, config.windows, home.cache, config.data)
    doubts = restart_notices(events.table, config.windows) if of_contracts else ()
    require_both_outcomes(snapshots.training, events, config.windows, doubts)
    doubts = (*doubts, *one_sided_folds(snapshots.training, plan.folds))
    quality = replace(events.quality, notices=(*events.quality.notices, *snapshots.notices, *doubts))
    return Gathered(config.data.shape, quality, plan, snapshots, features, events)


def _gather_table(config: TrainConfig, home: Home) -> Gathered:
    table = read_labelled(connect(config.engine, home.cache / "spill"), config.data)
    plan = split_rows(table.outcomes, table.split, config.windows, config.tuning.seed)
    return Gathered(Shape.labelled, table.quality, plan, prepare_table(table, plan), config.features)
