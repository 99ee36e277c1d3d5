"""From events and a plan to data sets: one for training, and one at the sealed cutoff whose labels stay sealed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from ..data.events import Events
from ..snapshots.history import cut_history, members
from ..snapshots.labels import LABELS, label_windows
from ..snapshots.settings import WindowSettings
from .dataset import Dataset, join_labels
from .settings import FeatureSettings
from .table import build_features, feature_names


@dataclass(frozen=True)
class Snapshots:
    """The training data set, and the sealed features with a function that reads their labels."""

    training: Dataset
    sealed: pd.DataFrame
    read_sealed_labels: Callable[[], pd.DataFrame]


def prepare(
    events: Events,
    training: Sequence[datetime],
    sealed: datetime,
    features: FeatureSettings,
    windows: WindowSettings,
    cache: Path | None = None,
) -> Snapshots:
    """Build features at all cutoffs in one pass, and labels at the training cutoffs only."""
    frame = build_features(events.table, events.quality.fingerprint, (*training, sealed), features, windows, cache)
    eligible = frame[frame["in_population"]]
    names = feature_names(frame, features)
    labels = _read_labels(events, training, windows)
    at_training = eligible[eligible["cutoff"].isin(list(training))].reset_index(drop=True)
    at_seal = eligible[eligible["cutoff"] == sealed].reset_index(drop=True)
    return Snapshots(join_labels(at_training, labels, names), at_seal, lambda: _read_labels(events, (sealed,), windows))


def open_sealed(snapshots: Snapshots, labels: pd.DataFrame) -> Dataset:
    """Join the sealed features with the labels that an opened seal gave."""
    return join_labels(snapshots.sealed, labels, snapshots.training.names)


def _read_labels(events: Events, cutoffs: Sequence[datetime], windows: WindowSettings) -> pd.DataFrame:
    seen = members(cut_history(events.table, cutoffs), windows)
    table = label_windows(events.table, seen.filter(seen.in_population), cutoffs, windows.horizon_days)
    frame: pd.DataFrame = table.execute()
    return frame[["customer_id", "cutoff", *LABELS]]
