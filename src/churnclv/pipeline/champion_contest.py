"""Comparison of champion and challenger on windows that neither was fitted on, where the newer data go further."""

from datetime import datetime
from typing import Any

import pandas as pd

from ..bundle.loading import load_bundle
from ..bundle.specification import specification_of
from ..data.customer_sample import sample_customers
from ..data.engine import connect
from ..data.events import Events, read_events
from ..data.source import location
from ..databases import with_table
from ..evaluation.bootstrap import Sample
from ..features.preparation import population_ids
from ..snapshots.customer_kinds import kind_of
from ..snapshots.cutoff_plan import make_plan
from ..tracking.home import Home
from ..tracking.promotion import contest_sample
from ..tracking.registry import BundleSource, RunFacts
from .settings import TrainConfig


def compare_with_champion(config: TrainConfig, run: RunFacts, home: Home, bundle: BundleSource) -> Sample | str:
    """Return both scores of the challenger's validation rows after the champion's training end, or why there are none.

    The challenger's scores are out of fold; the champion was fitted on data before these windows.
    """
    if not kind_of(config.data.shape).has_time:
        return "a labelled table has no time, and this one is another than the champion's"
    champion = load_bundle(bundle.folder, registered=bundle.manifest)
    if specification_of(champion).windows.horizon_days != config.windows.horizon_days:
        return "the champion's horizon is another"
    through = datetime.fromisoformat(specification_of(champion).fitted_through)
    events = read_events(connect(config.engine, home.cache / "spill"), config.data)
    events = sample_customers(events, config.tuning.max_customers)  # as the run whose predictions these are
    plan = make_plan(events.start, events.end, config.windows)
    later = [fold.valid for fold in plan.folds if fold.valid >= through]
    if not later:
        return f"no validation window begins after {through:%Y-%m-%d}, where the champion's training ends"
    challenger = pd.read_parquet(run.artifacts / "predictions" / "valid.parquet")
    data = _read_data(champion, config, events.end)
    return _sample([_both_scores(champion, data, challenger, events, cutoff, config) for cutoff in later])


def _read_data(champion: Any, config: TrainConfig, end: datetime) -> Any:
    """Return the data as the champion's own code reads them, observed until the end of the challenger's data."""
    tables = {name: with_table(str(table.path), table.table) for name, table in config.data.tables.items()}
    return champion.read(location(config.data), tables=tables, as_of=f"{end:%Y-%m-%d}")


def _both_scores(
    champion: Any, data: Any, challenger: pd.DataFrame, events: Events, cutoff: datetime, config: TrainConfig
) -> pd.DataFrame:
    """Return customer, outcome and both scores at a cutoff, for the customers that both models score."""
    rows = challenger[challenger["cutoff"] == str(cutoff)]
    rows = rows.assign(customer_id=population_ids(events, cutoff, config.windows))
    scores = champion.score(champion.features(data, cutoff))[["customer_id", "churn_score"]]
    both = rows.merge(scores, on="customer_id", how="inner")
    return both[both["churn_score"].notna()]


def _sample(cutoffs: list[pd.DataFrame]) -> Sample:
    rows = pd.concat(cutoffs, ignore_index=True)
    return contest_sample(rows, "churn_score", pd.factorize(rows["customer_id"])[0])
