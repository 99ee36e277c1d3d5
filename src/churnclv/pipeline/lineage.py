"""Lineages: which data set a bundle belongs to, at export and at scoring, so that each has a champion of its own.

A longer log of the same shop is the same lineage, another shop's log is another, whatever the files are called. The
events themselves are compared, by the sketch in the champion's bundle.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from ..bundle.loading import load_bundle
from ..bundle.pyfunc import BUNDLE, DamagedBundleError, verify
from ..bundle.specification import BundleSpecification, read_specification, specification_of
from ..bundle.writer import BundleParts
from ..data.engine import connect
from ..data.events import Events, read_events
from ..data.settings import CustomerKind
from ..data.sketch import Overlap, compare_events
from ..databases import is_address
from ..errors import InputError
from ..files import read_json
from ..notices import Notice
from ..tracking.home import Home
from ..tracking.registry import (
    ORIGIN_TAG,
    BundleSource,
    champions,
    free_name,
    locate_bundle,
    models_of,
    only_champion,
    source_of,
    table_paths,
)
from ..tracking.sink import client
from .kind_steps import steps_of
from .settings import InputConfig, TrainConfig

_MOST_FOREIGN, _MOST_SLUG = 0.5, 60
_SURE = 0.001


@dataclass(frozen=True)
class Lineage:
    """The registered model of a data set, and a notice if the experiment has models of other data."""

    model: str
    notices: tuple[Notice, ...] = ()


def find_lineage(config: TrainConfig, experiment: str, parts: BundleParts, home: Home) -> Lineage:
    """Return the registered model that a new bundle is a version of: the one whose champion has learned from its data.

    Without such a model, its name is the experiment's, or the file's if the experiment has models of other data.
    """
    mlflow = client(home)
    rivals = [version for version in champions(mlflow) if version.name in models_of(mlflow, experiment)]
    events = cache(lambda: read_events(connect(config.engine, home.cache / "spill"), config.data))
    for version in rivals:
        if _is_same(version, parts, events):
            return Lineage(str(version.name))
    slug = re.sub(r"[^\w.-]+", "-", Path(parts.specification.origin).stem)[:_MOST_SLUG].strip("-") or "data"
    model = free_name(mlflow, experiment, slug)
    if not rivals:
        return Lineage(model)
    others = ", ".join(f"{version.name} ({version.tags.get(ORIGIN_TAG, 'no file name')})" for version in rivals)
    return Lineage(
        model,
        (
            Notice(
                "other_data_set",
                f"{parts.specification.origin} has too few events in common with the data of {others}: another data "
                f"set, with a champion of its own, registered as {model}.",
                f"if it is the same shop's, name its model: make export ARGS='model={rivals[0].name}'.",
            ),
        ),
    )


def _is_same(version: Any, parts: BundleParts, events: Callable[[], Events]) -> bool:
    """Return whether a champion's bundle was fitted on these data, or on an earlier or later part of them."""
    mine = parts.specification
    try:
        theirs, profile = _read_champion(source_of(version))
    except (InputError, DamagedBundleError, OSError, ValueError):  # it can be neither compared nor served
        return bool(version.tags.get(ORIGIN_TAG, mine.origin) == mine.origin)
    if theirs.data_fingerprint == mine.data_fingerprint:
        return True
    if theirs.data.shape is not mine.data.shape:
        return False
    if theirs.sketch is None or mine.sketch is None:
        same = (theirs.data.target, theirs.data.outcome) == (mine.data.target, mine.data.outcome)
        return same and _share_columns(set(profile), parts)
    overlap = compare_events(theirs.sketch, events().table, datetime.fromisoformat(theirs.fitted_through))
    return overlap.share >= _MOST_FOREIGN if overlap.measured else theirs.origin == mine.origin


def _read_champion(source: BundleSource) -> tuple[BundleSpecification, dict[str, Any]]:
    verify(source.folder, source.manifest)
    folder = source.folder / BUNDLE
    return read_specification(folder), read_json(folder / "profile.json")


def _share_columns(profile: set[str], parts: BundleParts) -> bool:
    mine = {str(name) for name in parts.profile.select_dtypes("number").columns}
    return len(profile & mine) >= _MOST_FOREIGN * len(profile | mine)


def compare_with_bundle(scorer: Any, events: Any) -> tuple[Notice, ...]:
    """Return a notice if a file's earlier events are not those that a bundle was fitted on.

    Tables without time, files that begin after the bundle's data end, and bundles without a sketch give none.
    """
    return notices_of_overlap(scorer, measure_overlap(scorer, events))


def notices_of_overlap(scorer: Any, overlap: Overlap | None) -> tuple[Notice, ...]:
    """Return what `compare_with_bundle` returns, of an overlap that was measured; None where it was not."""
    if overlap is None or not _is_foreign(overlap):
        return ()
    specification = specification_of(scorer)
    return (
        Notice(
            "other_data",
            f"of the {overlap.events:,} events compared before {specification.fitted_through} about "
            f"{overlap.share:.0%} are in the data that the bundle was fitted on ({specification.data.name}, "
            f"{specification.origin}): these are other customers, and the scores are another shop's.",
            "name this shop's bundle with MODEL=..., or train on this file: make train DATA=..., make export.",
        ),
    )


@dataclass(frozen=True)
class Opened:
    """A bundle and the file that it has read: its source, its scorer, the events, and the paths of further tables."""

    source: BundleSource
    scorer: Any
    events: Any
    tables: dict[str, str]

    @property
    def line(self) -> str:
        """Which model of which data set this is, and how far its data reach."""
        specification = specification_of(self.scorer)
        origin = getattr(specification, "origin", "")
        data = f"{specification.data.name} ({origin})" if origin else specification.data.name
        return f"Scoring with {self.source}, fitted on {data} through {specification.fitted_through}"


def open_bundle(config: InputConfig, home: Home) -> Opened:
    """Read a file with the named bundle, the only champion, or the one champion that was fitted on its events.

    Raises:
        InputError: there is none, or several and the file fits none of them alone; a bundle is not the registered one.
    """
    mlflow = client(home)
    rivals = champions(mlflow) if config.model is None else []
    if len(rivals) <= 1:
        return _open(locate_bundle(home, config.model), config, home)
    tried = (_try(source_of(version), config, home) for version in rivals)
    fitting = [opened for opened in tried if opened is not None]
    return fitting[0] if len(fitting) == 1 else _open(source_of(only_champion(mlflow, home)), config, home)


def open_churn_bundle(config: InputConfig, home: Home) -> Opened:
    """Read a file with a bundle as `open_bundle` does.

    Raises:
        InputError: as for `open_bundle`, or the bundle is that of an experiment, which has no churn score.
    """
    opened = open_bundle(config, home)
    steps_of(CustomerKind(specification_of(opened.scorer).data.shape.value))  # a bundle has its own classes
    return opened


def _open(source: BundleSource, config: InputConfig, home: Home) -> Opened:
    scorer = load_bundle(source.folder, registered=source.manifest)
    paths = table_paths(home, specification_of(scorer).run_id)
    tables = {
        name: path for name, path in paths.items() if name in specification_of(scorer).data.tables
    } | config.tables
    chosen = config.data.chosen()
    reading = {"reading": chosen} if chosen else {}  # bundles of former versions do not take this argument
    place = config.input if is_address(config.input) else Path(config.input)
    events = scorer.read(place, config.columns, config.date_format, tables, config.as_of, **reading)
    return Opened(source, scorer, events, tables)


def _try(source: BundleSource, config: InputConfig, home: Home) -> Opened | None:
    """Return the bundle if it can read the file and was fitted on most of its earlier events; None otherwise."""
    try:
        opened = _open(source, config, home)
    except Exception as error:  # a bundle's code has its own error classes
        if not getattr(error, "user_fault", False):
            raise
        return None
    overlap = measure_overlap(opened.scorer, opened.events)
    return opened if overlap is not None and overlap.share >= _MOST_FOREIGN else None


def measure_overlap(scorer: Any, events: Any) -> Overlap | None:
    """Return the share of a file's earlier events that a bundle was fitted on; None if it cannot be measured."""
    sketch = getattr(specification_of(scorer), "sketch", None)
    if sketch is None or not hasattr(events, "table"):
        return None
    overlap = compare_events(sketch, events.table, datetime.fromisoformat(specification_of(scorer).fitted_through))
    return overlap if overlap.measured else None


def _is_foreign(overlap: Overlap) -> bool:
    """Return whether so few hits are too improbable if half of the events were in the bundle's data."""
    from scipy.stats import binom

    chance = overlap.filled + (1.0 - overlap.filled) * _MOST_FOREIGN
    return bool(binom.cdf(overlap.hits, overlap.events, chance) < _SURE)
