"""The sink: writes a run's records to MLflow one by one."""

import json
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import singledispatchmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..databases import alone_on
from ..files import making
from ..interruption import interrupted
from ..notices import Notice
from ..redaction import redact
from . import records
from .headline import compared_metrics, compared_params, describe
from .home import Home
from .provenance import login_name

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from mlflow.entities import Metric
    from numpy.typing import NDArray

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
_ACTIVE = "active"
_PARENT = "mlflow.parentRunId"
_DESCRIPTION = "mlflow.note.content"
_USER, _SOURCE = "mlflow.user", "mlflow.source."
_PROCESS, _HOST = "process.id", "process.host"
_LONGEST_PARAM = 500
_REFUSED = re.compile(r"[^\w\-. :/]")  # in MLflow's names; patterns such as churn.monotone's have a star
_REFUSED_IN_MODELS = re.compile(r"[/:.%\"']")  # in the names of logged models
_PARAMS_PER_BATCH = 100
METRICS = "metrics.json"  # among a run's artefacts: every metric by name


def client(home: Home) -> Any:
    """Return MLflow's client on the home's database."""
    import logging

    from mlflow import MlflowClient

    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not home.has_records:
        _make_database(home.database)
    address = home.tracking_uri
    with alone_on(address, "mlflow"):  # two processes that make the tables at once fail
        return MlflowClient(tracking_uri=address, registry_uri=address)


def _make_database(path: Path) -> None:
    """Create MLflow's tables, which takes seconds, in a temporary file that is put in place when complete."""
    from mlflow import MlflowClient

    with making(path) as made:
        MlflowClient(tracking_uri=f"sqlite:///{made}")


def experiment_id(mlflow: Any, home: Home, name: str) -> str:
    """Return the id of the experiment of that name, made if missing, restored if deleted."""
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):  # another process made it first
        if mlflow.get_experiment_by_name(name) is None:
            mlflow.create_experiment(name, artifact_location=(home.artifacts / name).as_uri())
    experiment = mlflow.get_experiment_by_name(name)
    if experiment.lifecycle_stage != _ACTIVE:
        with suppress(MlflowException):  # another process restored it first
            mlflow.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)


def restore_experiment(home: Home, name: str) -> tuple[Notice, ...]:
    """Restore the experiment of that name if a person has deleted it in MLflow's pages, and return a notice of it.

    A deleted experiment keeps its name, and MLflow takes no run for it.
    """
    if not home.has_records:
        return ()
    mlflow = client(home)
    experiment = mlflow.get_experiment_by_name(name)
    if experiment is None or experiment.lifecycle_stage == _ACTIVE:
        return ()
    experiment_id(mlflow, home, name)
    message = f"the experiment {name} was deleted in MLflow; it is restored, and its former runs with it."
    remedy = "delete the runs one by one to keep them out of sight, or take tracking.experiment=another-name."
    return (Notice("experiment_restored", message, remedy),)


class Sink:
    """One MLflow run, and its studies and trials as runs below it."""

    def __init__(self, mlflow: Any, experiment: str, name: str) -> None:
        """Start the run."""
        self._mlflow = mlflow
        self._experiment = experiment
        self._studies: dict[str, str] = {}
        self._metrics: dict[str, float] = {}
        self._compared: dict[str, Metric] = {}
        self._source: dict[str, str] = {}
        self._name, self._model, self._about = name, "", ""
        self.run_id = self._start(name, {})

    def _start(self, name: str, tags: Mapping[str, str], started: datetime | None = None) -> str:
        owner = {_PROCESS: str(os.getpid()), _HOST: socket.gethostname(), _USER: login_name()}
        at = _milliseconds(started) if started else None
        run = self._mlflow.create_run(self._experiment, run_name=redact(name), tags={**owner, **tags}, start_time=at)
        return str(run.info.run_id)

    @property
    def artifact_uri(self) -> str:
        """The address of the run's artefacts."""
        return str(self._mlflow.get_run(self.run_id).info.artifact_uri)

    def write(self, record: records.Record) -> None:
        """Write one record."""
        from mlflow.exceptions import MlflowException

        masked = records.redacted(record)
        try:
            self._write(masked)
        except MlflowException:
            if not self._restore():
                raise
            self._write(masked)

    def _restore(self) -> bool:
        """Return whether a person had deleted the experiment or a run of ours in MLflow's pages; they are restored."""
        deleted = False
        if self._mlflow.get_experiment(self._experiment).lifecycle_stage != _ACTIVE:
            self._mlflow.restore_experiment(self._experiment)
            deleted = True
        for run in (self.run_id, *self._studies.values()):
            if self._mlflow.get_run(run).info.lifecycle_stage != _ACTIVE:
                self._mlflow.restore_run(run)
                deleted = True
        return deleted

    @singledispatchmethod
    def _write(self, record: Any) -> None:
        message = f"no way to write {type(record).__name__}"
        raise TypeError(message)

    @_write.register
    def _(self, record: records.Params) -> None:
        self._log_params(self.run_id, compared_params(record.values))

    @_write.register
    def _(self, record: records.Metrics) -> None:
        logged = self._log_metrics(self.run_id, compared_metrics(record.values))
        self._compared |= {metric.key: metric for metric in logged}
        self._metrics.update(record.values)

    @_write.register
    def _(self, record: records.Tags) -> None:
        from mlflow.entities import RunTag

        self._mlflow.log_batch(self.run_id, tags=[RunTag(name, str(value)) for name, value in record.values.items()])
        self._source |= {name: value for name, value in record.values.items() if name.startswith(_SOURCE)}

    @_write.register
    def _(self, record: records.Text) -> None:
        self._mlflow.log_text(self.run_id, record.content, record.path)

    @_write.register
    def _(self, record: records.Table) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(record.path).name
            record.frame.to_parquet(path, index=False)
            parent = Path(record.path).parent
            self._mlflow.log_artifact(self.run_id, str(path), None if parent == Path() else str(parent))

    @_write.register
    def _(self, record: records.Drawing) -> None:
        pixels = rasterise(record.figure)
        record.figure.set_layout_engine(None)  # drawing the pixels has arranged it; any engine would draw it once more
        self._mlflow.log_figure(self.run_id, record.figure, record.path)
        self._mlflow.log_image(self.run_id, pixels, key=Path(record.path).stem)

    @_write.register
    def _(self, record: records.Folder) -> None:
        self._mlflow.log_artifacts(self.run_id, str(record.source), record.path)

    @_write.register
    def _(self, record: records.Model) -> None:
        from mlflow.entities import LoggedModelOutput, LoggedModelStatus

        from ..bundle.writer import write_run_model

        parameters = {name: str(value)[:_LONGEST_PARAM] for name, value in record.parameters.items()}
        name = _REFUSED_IN_MODELS.sub("_", redact(self._name))
        made_by = {_USER: login_name(), **self._source}
        model = self._mlflow.create_logged_model(self._experiment, name, self.run_id, made_by, parameters)
        with tempfile.TemporaryDirectory() as folder:
            written = write_run_model(Path(folder) / "model", record.parts)
            self._mlflow.log_model_artifacts(model.model_id, str(written))
        self._mlflow.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        self._mlflow.log_outputs(self.run_id, [LoggedModelOutput(model.model_id, 0)])
        self._model, self._about = model.model_id, record.description

    @_write.register
    def _(self, record: records.Input) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        data = Dataset(record.name, record.digest, "local", record.source, profile=json.dumps(record.profile))
        self._mlflow.log_inputs(
            self.run_id, datasets=[DatasetInput(data, [InputTag("mlflow.data.context", "training")])]
        )

    @_write.register
    def _(self, record: records.Trial) -> None:
        if record.study not in self._studies:
            self._studies[record.study] = self._start(
                f"study: {record.study}", {_PARENT: self.run_id, "kind": "study", "study": record.study}
            )
        study = self._studies[record.study]
        tags = {_PARENT: study, "kind": "trial", "study": record.study, "state": record.state}
        trial = self._start(f"{record.study} trial {record.number:03}", tags, record.started)
        self._log_params(trial, record.parameters)
        seconds = (record.ended - record.started).total_seconds()
        self._log_metrics(trial, {**record.metrics, "seconds": seconds})
        self._mlflow.set_terminated(trial, "FINISHED", _milliseconds(record.ended))
        if "value" in record.metrics:
            self._log_metrics(study, {"value": record.metrics["value"]}, step=record.number)

    def _log_params(self, run: str, values: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        named = {_REFUSED.sub("_", name): str(value)[:_LONGEST_PARAM] for name, value in values.items()}
        pairs = [Param(name, value) for name, value in named.items()]
        for first in range(0, len(pairs), _PARAMS_PER_BATCH):
            self._mlflow.log_batch(run, params=pairs[first : first + _PARAMS_PER_BATCH])

    def _log_metrics(self, run: str, values: Mapping[str, float], step: int = 0) -> "list[Metric]":
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        logged = [Metric(name, value, now, step) for name, value in finite(values).items()]
        self._mlflow.log_batch(run, metrics=logged)
        return logged

    def _log_model_metrics(self) -> None:
        """Attach the run's metrics to its model; logged once more in the same words, they change nothing in the run."""
        from mlflow.entities import Metric

        same = [
            Metric(metric.key, metric.value, metric.timestamp, metric.step, model_id=self._model)
            for metric in self._compared.values()
        ]
        self._mlflow.log_batch(self.run_id, metrics=same)

    def close(self, status: str) -> None:
        """End the run and its studies; its page opens with what was chosen and its headline."""
        self._restore()
        if self._metrics:
            self._mlflow.log_text(self.run_id, json.dumps(finite(self._metrics), indent=1), METRICS)
        if self._model:
            self._log_model_metrics()
        if headline := describe(self._metrics):
            about = f"{self._about}\n\n" if self._about else ""
            self._mlflow.set_tag(self.run_id, _DESCRIPTION, f"{about}{headline}")
        for run in (*self._studies.values(), self.run_id):
            self._mlflow.set_terminated(run, status)


def finite(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values that are numbers: an undefined figure is not recorded."""
    return {name: float(value) for name, value in values.items() if value == value}  # noqa: PLR0124 # NaN


@contextmanager
def open_run(home: Home, experiment: str, name: str) -> Iterator[Sink]:
    """Yield the sink of a new run; it ends FINISHED, FAILED (an error) or KILLED (interrupted)."""
    mlflow = client(home)
    where = experiment_id(mlflow, home, experiment)
    close_dead_runs(mlflow)
    sink = Sink(mlflow, where, name)
    try:
        yield sink
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt) or interrupted() is not None
        sink.close("KILLED" if stopped else "FAILED")
        raise
    sink.close("FINISHED")


def close_dead_runs(mlflow: Any) -> int:
    """Mark as KILLED the runs of status RUNNING whose process, on this host, has ended; return their number."""
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    running = mlflow.search_runs(experiments, filter_string="attributes.status = 'RUNNING'", max_results=5000)
    dead = [run for run in running if _is_dead(run.data.tags)]
    for run in dead:
        mlflow.set_terminated(run.info.run_id, "KILLED")
    return len(dead)


def _is_dead(tags: Mapping[str, str]) -> bool:
    if tags.get(_HOST) != socket.gethostname() or _PROCESS not in tags:
        return False
    try:
        os.kill(int(tags[_PROCESS]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return int(tags[_PROCESS]) == os.getpid()


def rasterise(figure: "Figure") -> "NDArray[np.uint8]":
    """Return a figure's pixels, (height, width, 3): MLflow shows pixels of several runs side by side, not SVG."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call] # matplotlib
    return np.asarray(canvas.buffer_rgba())[:, :, :3]  # type: ignore[no-untyped-call] # matplotlib


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
