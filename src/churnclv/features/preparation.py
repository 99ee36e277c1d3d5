"""From events and a plan to data sets: one for training, and one at the sealed cutoff whose labels stay sealed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.events import Events
from ..data.experiment_table import ExperimentTable
from ..data.labelled_table import LabelledTable
from ..data.readings import ColumnReading
from ..data.settings import DataSettings
from ..notices import Notice
from ..snapshots.customer_kinds import kind_of, label_windows, members
from ..snapshots.history import cut_history, daily_purchases
from ..snapshots.labels import weekly_purchases
from ..snapshots.settings import WindowSettings
from ..snapshots.splits import SplitPlan
from .dataset import Dataset, join_labels
from .families.attributes import read_attributes
from .feature_table import TableDefinition, build_features
from .model_columns import model_columns
from .rare_categories import frequent_values, mask_rare
from .settings import FeatureSettings

PROPENSITY = "propensity_"  # prefix of the labels' columns with the probability of each arm


@dataclass(frozen=True)
class Snapshots:
    """The training data set, and the sealed features with a function that reads their labels.

    `daily` counts the market's first and repeat purchases on each day before the sealed cutoff, by cohort. `readings`
    are how attributes of customers were read, `notices` the doubts about them. Texts that fewer than five of the
    training customers share are masked in both.
    """

    training: Dataset
    sealed: pd.DataFrame
    read_sealed_labels: Callable[[], pd.DataFrame]
    daily: pd.DataFrame
    readings: dict[str, ColumnReading] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


def prepare(
    events: Events,
    training: Sequence[datetime],
    sealed: datetime,
    features: FeatureSettings,
    windows: WindowSettings,
    cache: Path | None = None,
    data: DataSettings | None = None,
) -> Snapshots:
    """Build features at all cutoffs in one pass, and labels at the training cutoffs only.

    `data` are the settings of the events, of which attributes are read.
    """
    kind_of(events.shape).require_labels(events, training, windows)
    definition = TableDefinition((*training, sealed), features, windows, events.shape, events.refunds)
    frame = build_features(events.table, events.learned_fingerprint, definition, cache, events.everyone)
    read = read_attributes(events, frame, data or DataSettings())
    readings, notices = read.readings, read.notices
    frame = read.learned()
    del read  # a large log's frame is held once
    names = model_columns(frame.columns, features.families)
    labels = read_labels(events, training, windows)
    at_training = frame[frame["in_population"] & frame["cutoff"].isin(list(training))].reset_index(drop=True)
    at_seal = frame[frame["in_population"] & (frame["cutoff"] == sealed)].reset_index(drop=True)
    del frame
    frequent = frequent_values(at_training)
    training_data = join_labels(mask_rare(at_training, frequent), labels, names)
    daily = daily_purchases(events.table, sealed).execute()
    masked = mask_rare(at_seal, frequent)
    read_sealed = partial(read_labels, events, (sealed,), windows)
    return Snapshots(training_data, masked, read_sealed, daily, readings, notices)


def prepare_table(table: LabelledTable, plan: SplitPlan) -> Snapshots:
    """Return a labelled table as snapshots without a cutoff; the outcomes of the test part stay sealed."""
    is_test = plan.parts == plan.sealed
    rows = mask_table(table, ~is_test)
    labels = rows[["customer_id", "cutoff"]].assign(churned=table.outcomes)
    training = join_labels(rows[~is_test], labels[~is_test], model_columns(table.frame.columns, None))
    training = replace(training, parts=pd.Series(plan.parts[~is_test]))
    sealed = rows[is_test].reset_index(drop=True)
    return Snapshots(training, sealed, lambda: labels[is_test].reset_index(drop=True), pd.DataFrame())


def prepare_whole_table(table: LabelledTable) -> Snapshots:
    """Return a labelled table as snapshots whose every row is labelled, for a refit; `sealed` are the same rows."""
    rows, names = mask_table(table), model_columns(table.frame.columns, None)
    labels = rows[["customer_id", "cutoff"]].assign(churned=table.outcomes)
    return Snapshots(join_labels(rows, labels, names), rows, lambda: labels, pd.DataFrame(), readings=table.readings)


def prepare_experiment(experiment: ExperimentTable, plan: SplitPlan) -> Snapshots:
    """Return an experiment as snapshots without a cutoff; outcomes and arms of the test part stay sealed."""
    is_test = plan.parts == plan.sealed
    rows, labels = mask_table(experiment.table, ~is_test), _experiment_labels(experiment)
    names = model_columns(experiment.table.frame.columns, None)
    training = join_labels(rows[~is_test], labels[~is_test], names)
    sealed, readings = rows[is_test].reset_index(drop=True), experiment.table.readings
    read = partial(labels[is_test].reset_index, drop=True)
    return Snapshots(training, sealed, read, pd.DataFrame(), readings=readings)


def prepare_whole_experiment(experiment: ExperimentTable) -> Snapshots:
    """Return an experiment as snapshots whose every row is labelled, for a refit; `sealed` are the same rows."""
    rows, labels = mask_table(experiment.table), _experiment_labels(experiment)
    names, readings = model_columns(experiment.table.frame.columns, None), experiment.table.readings
    return Snapshots(join_labels(rows, labels, names), rows, lambda: labels, pd.DataFrame(), readings=readings)


def _experiment_labels(experiment: ExperimentTable) -> pd.DataFrame:
    """Return keys, `outcome` and `arm`, and a column of each arm's probability where the table has them."""
    keys = pd.DataFrame({"customer_id": experiment.table.ids, "cutoff": pd.NaT})
    labels = keys.assign(outcome=experiment.outcome, arm=experiment.arm)
    if experiment.propensities is None:
        return labels
    columns = [f"{PROPENSITY}{number}" for number in range(experiment.propensities.shape[1])]
    return pd.concat([labels, pd.DataFrame(experiment.propensities, columns=columns)], axis=1)


def mask_table(table: LabelledTable, learned: NDArray[np.bool_] | None = None) -> pd.DataFrame:
    """Return a labelled table's rows with keys, and without texts that few customers share.

    Parameters
    ----------
    table
        The table.
    learned
        The rows whose texts are counted, (n,); None takes all.

    Returns
    -------
    pandas.DataFrame
        `customer_id`, `cutoff` (missing), `in_population` and the table's columns, in its order.
    """
    keys = pd.DataFrame({"customer_id": table.ids, "cutoff": pd.NaT, "in_population": True})
    rows = pd.concat([keys, table.frame.reset_index(drop=True)], axis=1)
    return mask_rare(rows, frequent_values(rows if learned is None else rows[learned]))


def count_weekly(events: Events, cutoff: datetime, windows: WindowSettings) -> NDArray[np.float64]:
    """Return the purchases of the population in each week after a cutoff whose labels are known, shape (weeks,)."""
    population, days = _population(events, (cutoff,), windows), (windows.label_end(cutoff) - cutoff).days
    weekly = weekly_purchases(events.table, population, cutoff, days).execute()
    weeks = np.zeros(ceil(days / 7))
    weeks[weekly["week"].to_numpy(dtype=int)] = weekly["purchases"].to_numpy(dtype=float)
    return weeks


def total_labels(events: Events, cutoff: datetime, windows: WindowSettings) -> dict[str, float]:
    """Return the sum of each label at a cutoff, and the number of `customers` in the population."""
    labels = read_labels(events, (cutoff,), windows)
    sums = {name: float(labels[name].sum()) for name in kind_of(events.shape).labels}
    return {"customers": float(len(labels)), **sums}


def population_ids(events: Events, cutoff: datetime, windows: WindowSettings) -> list[str]:
    """Return the customers eligible at a cutoff, in snapshot order."""
    population = _population(events, (cutoff,), windows)
    return list(population.order_by("customer_id").customer_id.execute())


def open_sealed(snapshots: Snapshots, labels: pd.DataFrame) -> Dataset:
    """Join the sealed features with the labels that were read when the seal was opened."""
    return join_labels(snapshots.sealed, labels, snapshots.training.names)


def read_labels(events: Events, cutoffs: Sequence[datetime], windows: WindowSettings) -> pd.DataFrame:
    """Return the labels of the population at each cutoff: the keys and the columns of `kind_of(shape).labels`.

    Parameters
    ----------
    events
        The log.
    cutoffs
        The cutoffs; their label windows are over.
    windows
        The settings of the windows and the population.

    Returns
    -------
    pandas.DataFrame
        One row per member of the population and cutoff, ordered by both.
    """
    population = _population(events, cutoffs, windows)
    labels = label_windows(events.table, population, cutoffs, windows, events.shape, events.refunds)
    frame: pd.DataFrame = labels.execute()
    return frame[["customer_id", "cutoff", *kind_of(events.shape).labels]]


def _population(events: Events, cutoffs: Sequence[datetime], windows: WindowSettings) -> Any:
    customers = members(cut_history(events.table, cutoffs), windows, events.shape)
    return customers.filter(customers.in_population)
