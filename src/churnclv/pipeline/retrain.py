"""Retraining from top to bottom: monitor, decide, train a challenger, and let it compete with the champion."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ..databases import is_address
from ..errors import require
from ..monitoring.retraining_decision import Decision, decide
from ..progress import Progress
from ..scratch import lock
from ..tracking import records
from ..tracking.home import Home
from ..tracking.promotion import DECISION_TAG
from ..tracking.registry import CONFIG, BundleSource, champion_of, require_artifacts, run_behind
from ..tracking.sink import client, open_run
from .export import export
from .monitor import Batch, examine
from .scoring_record import monitoring_experiment
from .settings import ExportConfig, RetrainConfig, TrainConfig
from .train import train

_LOCK = "retrain.lock"


def retrain(
    config: RetrainConfig,
    read_config: Callable[[Path], TrainConfig],
    progress: Progress,
    write_line: Callable[[str], None],
) -> None:
    """Train a challenger where the rule calls for one, and promote it where the comparison allows it.

    A second call meanwhile does nothing. A call that was killed is made again: training goes on with the finished
    trials, and the champion changes in one step or not at all.

    Parameters
    ----------
    config
        The configuration.
    read_config
        Reads the training configuration that a run has kept as YAML.
    progress
        Where steps are announced.
    write_line
        Takes the page of monitoring, the decision and its reasons.

    Raises
    ------
    InputError
        There is no registered champion, its run is gone, or the file does not fit it.
    """
    home = Home.of(config.tracking).made()
    with holding(home.locks / _LOCK) as is_ours:
        if not is_ours:
            write_line("another retraining is at work; this one does nothing")
            return
        examination = examine(config, progress)
        write_line(examination.page)
        batch = examination.batch
        decision = decide(examination.findings, _age_days(batch), config.max_age_days, forced=config.force)
        verdict = "a challenger is trained" if decision.is_due else "no challenger is trained"
        write_line("\n".join([f"\nRetraining: {verdict}", *(f"  - {reason}" for reason in decision.reasons)]))
        outcome = _compete(config, batch, read_config, progress, home) if decision.is_due else verdict
        _record(batch, decision, outcome, home)
        if decision.is_due:
            write_line(f"  {outcome}\n\nNext:  make rollback    the former champion serves again")


@contextlib.contextmanager
def holding(path: Path) -> Iterator[bool]:
    """Yield whether this process holds the lock of a file; the system drops it with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        yield lock(handle)
    finally:
        os.close(handle)


def _age_days(batch: Batch) -> int | None:
    fitted = batch.specification.fitted_until
    return None if fitted is None or batch.moment is None else (batch.moment - fitted).days


def _compete(
    config: RetrainConfig,
    batch: Batch,
    read_config: Callable[[Path], TrainConfig],
    progress: Progress,
    home: Home,
) -> str:
    """Train the champion's choices on the file, export, and return what became of the challenger."""
    source = batch.opened.source
    remedy = "MODEL=models:/name@champion, or none."
    require(source.model is not None, f"{source}: is no registered model, so nothing can be promoted.", remedy=remedy)
    run = run_behind(home, batch.specification.run_id)
    require(run is not None, f"{source}: its run is not in {home.root}.", remedy="make train, then make export.")
    assert run is not None  # noqa: S101 # required above
    require_artifacts(run, (CONFIG,))
    trained = _through_today(read_config(run.artifacts / CONFIG), config, batch)
    trained = replace(trained, tracking=replace(config.tracking, experiment=run.experiment))
    challenger = train(trained, [], progress)
    exported = ExportConfig(run=challenger.run_id, model=source.model, tracking=config.tracking, engine=trained.engine)
    export(exported, read_config, progress)
    return _outcome(home, source, challenger.run_id)


def _through_today(trained: TrainConfig, config: RetrainConfig, batch: Batch) -> TrainConfig:
    """Return a run's choices on another file, with the sealed test at its end."""
    paths = batch.opened.tables
    tables = {
        name: replace(table, path=paths[name], table=None) if name in paths else table
        for name, table in trained.data.tables.items()
    }
    path = config.input if is_address(config.input) else str(Path(config.input).resolve())
    elsewhere = replace(trained.data, builtin=None, path=path, table=None)
    data = replace(elsewhere, tables=tables, observed_until=config.as_of)
    return replace(trained, data=data, windows=replace(trained.windows, sealed_cutoff=None), entry=None)


def _outcome(home: Home, source: BundleSource, run_id: str) -> str:
    """Return whether the challenger became champion, and why, as the gate has recorded it."""
    mlflow, name = client(home), str(source.model)
    current = champion_of(mlflow, name)
    versions = [one for one in mlflow.search_model_versions(f"run_id = '{run_id}'") if one.name == name]
    latest = max(versions, key=lambda one: int(one.version))
    is_champion = current is not None and str(current.version) == str(latest.version)
    what = "is champion" if is_champion else "is registered, the champion stays"
    return f"version {latest.version} of {name} {what}: {latest.tags.get(DECISION_TAG, '')}"


def _record(batch: Batch, decision: Decision, outcome: str, home: Home) -> None:
    """Record the decision and what followed as a run of MLflow."""
    with open_run(home, monitoring_experiment(batch.opened), f"retrain {batch.moment or ''}".strip()) as sink:
        tags = {"kind": "retrain", "due": str(decision.is_due).lower(), "outcome": outcome}
        sink.write(records.Tags(tags))
        sink.write(records.Text("decision.txt", "\n".join([*decision.reasons, outcome, ""])))
