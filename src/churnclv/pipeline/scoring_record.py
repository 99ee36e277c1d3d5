"""The record of a scoring: its scores in the local history, its counts and profile in MLflow, without customer ids."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import pandas as pd

from ..bundle.pyfunc import verify
from ..bundle.specification import specification_of
from ..monitoring.scoring_history import Scoring, count_scoring, profile_scoring, remove_old, store_scoring
from ..monitoring.settings import HistorySettings
from ..tracking import records
from ..tracking.home import Home
from ..tracking.sink import open_run
from .lineage import Opened
from .settings import plain_values

_EXPERIMENT = "-monitoring"  # after the name of the model or the data


def record_scoring(
    opened: Opened,
    rows: pd.DataFrame,
    scores: pd.DataFrame,
    listed: pd.DataFrame | None,
    settings: HistorySettings,
    home: Home,
) -> None:
    """Store a scoring in the history and as a run of MLflow, and remove the scorings that are too old.

    Parameters
    ----------
    opened
        The bundle, and the events that were scored.
    rows
        The feature rows.
    scores
        The score rows, in the same order.
    listed
        The contact list that was written with them; None without one.
    settings
        Of the history.
    home
        Where the history and MLflow are.
    """
    if not settings.record or not len(scores):
        return
    scoring = describe_scoring(opened, rows, scores, listed)
    store_scoring(home.made(), scoring, scores, listed)
    remove_old(home, settings.keep_days)
    with open_run(home, monitoring_experiment(opened), f"score {scoring.day}") as sink:
        names = ("bundle", "model", "version", "run_id", "as_of", "fitted_through", "fingerprint")
        tags = {name: str(value) for name in names if (value := getattr(scoring, name)) is not None}
        sink.write(records.Tags({"kind": "score", **tags}))
        sink.write(records.Metrics({f"score.{name}": float(count) for name, count in scoring.counts.items()}))
        sink.write(records.Text("scoring.json", json.dumps(asdict(scoring), indent=1, sort_keys=True)))


def describe_scoring(opened: Opened, rows: pd.DataFrame, scores: pd.DataFrame, listed: pd.DataFrame | None) -> Scoring:
    """Return the facts of a scoring."""
    specification, source, first = specification_of(opened.scorer), opened.source, scores.iloc[0]
    days = first["horizon_days"]
    return Scoring(
        bundle=source.manifest or verify(source.folder),
        model=source.model,
        version=source.version,
        run_id=specification.run_id,
        data=specification.data.name,
        as_of=None if pd.isna(first["as_of"]) else str(first["as_of"]),
        horizon_days=None if pd.isna(days) else float(days),
        fitted_through=specification.fitted_through,
        scored_at=datetime.now(UTC).isoformat(timespec="seconds"),
        fingerprint=opened.events.quality.fingerprint,
        windows=plain_values(asdict(specification.windows)),
        counts=count_scoring(opened.events.quality, scores, listed),
        profile=profile_scoring(rows, scores),
    )


def monitoring_experiment(opened: Opened) -> str:
    """Return the name of the experiment in which scorings and monitoring of a bundle's data are recorded."""
    return f"{opened.source.model or specification_of(opened.scorer).data.name}{_EXPERIMENT}"
