"""The registry: the best run, an identical earlier run, the champion's bundle."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from ..data.settings import CustomerKind
from ..databases import with_table
from ..errors import InputError, listed, require
from ..files import read_json
from ..snapshots.customer_kinds import kind_of
from .comparison_records import flatten
from .home import Home
from .sink import METRICS, client

CHAMPION = "champion"
MANIFEST_TAG, ORIGIN_TAG, THROUGH_TAG = "manifest", "data.origin", "data.fitted_through"
EXPERIMENT_TAG = "experiment"
CONFIG = "config.yaml"  # among a run's artefacts: every choice
_MOST_MODELS = 1000


@dataclass(frozen=True)
class RunFacts:
    """The facts of a training run that the registry needs; `metrics` and `params` are all that it has written."""

    run_id: str
    experiment: str
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]
    artifacts: Path
    started: datetime

    @property
    def compared_by(self) -> tuple[str, bool]:
        """The metric by which runs of such customers are compared, and whether more is better."""
        return _compared_by(self.tags)


def _compared_by(tags: Mapping[str, str]) -> tuple[str, bool]:
    kind = kind_of(CustomerKind(tags.get("data.shape", "noncontractual")))
    return kind.metric, kind.higher_is_better


def find_run(home: Home, run_id: str | None, metric: str | None, *, higher_is_better: bool = True) -> RunFacts:
    """Return the named run, or the best finished one of the latest run's experiment and snapshots by `metric`.

    Without a metric, runs are compared by that of their kind of customers.

    Raises:
        InputError: there is no such run, or none has the metric.
    """
    mlflow = client(home)
    if run_id is not None:
        return run_facts(mlflow, _named(mlflow, run_id))
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    kind = "tags.kind = 'train' and attributes.status = 'FINISHED'"
    latest = (
        mlflow.search_runs(experiments, kind, max_results=1, order_by=["attributes.start_time DESC"])
        if experiments
        else []
    )
    require(len(latest) > 0, f"{home.root}: no finished training run{_deleted(mlflow)}.", remedy="make train")
    newest = latest[0]
    if metric is None:
        metric, higher_is_better = _compared_by(newest.data.tags)
    same = f"{kind} and tags.`snapshot.fingerprint` = '{newest.data.tags.get('snapshot.fingerprint', '')}'"
    order = f"metrics.`{metric}` {'DESC' if higher_is_better else 'ASC'}"
    rivals = mlflow.search_runs([newest.info.experiment_id], same, max_results=1000, order_by=[order])
    evaluated = [run for run in rivals if metric in run.data.metrics]
    if evaluated:
        return run_facts(mlflow, evaluated[0])
    detailed = [facts for run in rivals if metric in (facts := run_facts(mlflow, run)).metrics]
    require(
        len(detailed) > 0,
        f"no run has the metric {metric}.",
        remedy="see `make ui` or a run's metrics.json for the names, such as valid.churn.auc.",
    )
    sign = -1.0 if higher_is_better else 1.0
    return min(detailed, key=lambda facts: sign * facts.metrics[metric])


def _deleted(mlflow: Any) -> str:
    """Return, for a message, how many experiments lie deleted in MLflow; empty for none."""
    from mlflow.entities import ViewType

    names = [experiment.name for experiment in mlflow.search_experiments(view_type=ViewType.DELETED_ONLY)]
    return f" (deleted in MLflow: {listed(names)})" if names else ""


def require_artifacts(run: RunFacts, names: Sequence[str]) -> None:
    """Raise `InputError` where a run has lost files among its artefacts."""
    lost = [name for name in names if not (run.artifacts / name).is_file()]
    remedy = "name another run with RUN=id, or make train ARGS=tracking.repeat=true"
    require(not lost, f"run {run.run_id} has lost {listed(lost)} in {run.artifacts}.", remedy=remedy)


def find_twin(home: Home, identity: str, needed: Sequence[str]) -> RunFacts | None:
    """Return the latest finished run of the same data, choices and code that still has the needed files; None if none.

    `needed` are names of files among its artefacts.
    """
    if not home.has_records:
        return None
    mlflow = client(home)
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    same = f"tags.kind = 'train' and attributes.status = 'FINISHED' and tags.identity = '{identity}'"
    order = ["attributes.start_time DESC"]
    runs = mlflow.search_runs(experiments, same, max_results=1, order_by=order) if experiments else []
    twin = run_facts(mlflow, runs[0]) if runs else None
    kept = twin is not None and all((twin.artifacts / name).is_file() for name in needed)
    return twin if kept else None


def _named(mlflow: Any, run_id: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        run = mlflow.get_run(run_id)
    except MlflowException:
        raise InputError(f"no run {run_id}.", remedy="copy the id from `make ui`.") from None
    require(
        run.data.tags.get("kind") == "train",
        f"run {run_id} is not a training run.",
        remedy="name a run, not a trial.",
    )
    remedy = "make ui: show deleted runs, mark it, and restore it; or name another run."
    require(run.info.lifecycle_stage == "active", f"run {run_id} was deleted in MLflow.", remedy=remedy)
    require(run.info.status == "FINISHED", f"run {run_id} is {run.info.status}.", remedy="name a finished one.")
    return run


def run_facts(mlflow: Any, run: Any) -> RunFacts:
    """Return the facts of MLflow's run that the registry needs."""
    experiment = mlflow.get_experiment(run.info.experiment_id).name
    artifacts = local_path(run.info.artifact_uri)
    started = datetime.fromtimestamp(run.info.start_time / 1000, tz=UTC).replace(tzinfo=None)
    metrics, params = _all_metrics(artifacts, run.data.metrics), _all_params(artifacts, run.data.params)
    return RunFacts(run.info.run_id, experiment, metrics, params, run.data.tags, artifacts, started)


def _all_metrics(artifacts: Path, compared: dict[str, float]) -> dict[str, float]:
    """Return every metric of a run; MLflow has those by which runs are compared, or all of an earlier version's run."""
    path = artifacts / METRICS
    return {**compared, **read_json(path)} if path.is_file() else compared


def _all_params(artifacts: Path, compared: dict[str, str]) -> dict[str, str]:
    """Return every choice of a run as text, likewise."""
    import yaml

    path = artifacts / CONFIG
    if not path.is_file():
        return compared
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {**compared, **{name: str(value) for name, value in flatten(written).items()}}


def local_path(uri: str) -> Path:
    """Return the path that MLflow wrote as an address."""
    return Path(unquote(urlparse(uri).path)) if uri.startswith("file:") else Path(uri)


def run_behind(home: Home, run_id: str) -> RunFacts | None:
    """Return the facts of a bundle's training run; None for a run of another home."""
    from mlflow.exceptions import MlflowException

    mlflow = client(home)
    try:
        return run_facts(mlflow, mlflow.get_run(run_id))
    except MlflowException:
        return None


def table_paths(home: Home, run_id: str) -> dict[str, str]:
    """Return where a run read its further tables, by name; empty for a run of another home."""
    facts = run_behind(home, run_id)
    params = {} if facts is None else facts.params
    matches = (re.fullmatch(r"data\.tables\.(\w+)\.path", name) for name in params)
    paths = {match[1]: params[match[0]] for match in matches if match}
    return {name: with_table(path, _table_of(name, params)) for name, path in paths.items()}


def _table_of(name: str, params: Mapping[str, str]) -> str | None:
    """Return the table of a server that a run read under a name; None for a file."""
    table = params.get(f"data.tables.{name}.table")
    return None if table in (None, "None", "null") else table


def champion_of(mlflow: Any, name: str) -> Any:
    """Return the version of a model that is champion; None if none is."""
    from mlflow.exceptions import MlflowException

    try:
        return mlflow.get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return None


@dataclass(frozen=True)
class BundleSource:
    """Where a bundle lies, and which one it has to be.

    Attributes:
        folder: the bundle's folder.
        manifest: the sha256 of its manifest as it was registered; None for a bundle that was named by its path.
        model: the registered model; None likewise.
        version: the version of that model; None likewise.
    """

    folder: Path
    manifest: str | None = None
    model: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        """Return the registered name and version, or the path."""
        return str(self.folder) if self.model is None else f"{self.model}, version {self.version} ({self.folder})"


def source_of(version: Any) -> BundleSource:
    """Return where the bundle of MLflow's model version lies.

    Raises:
        InputError: it was not registered by an export, so nothing records which bundle it has to be.
    """
    manifest = version.tags.get(MANIFEST_TAG)
    require(
        bool(manifest),
        f"version {version.version} of {version.name} has no tag `{MANIFEST_TAG}`: no export registered it.",
        remedy=f"make export, or name its folder if you trust it: MODEL={local_path(version.source)}",
    )
    return BundleSource(local_path(version.source), manifest, version.name, str(version.version))


def locate_bundle(home: Home, model: str | None) -> BundleSource:
    """Return where a bundle lies: a path, a registry address such as models:/cdnow@champion, or the only champion.

    Raises:
        InputError: nothing of that name; no champion, or several while none is named.
    """
    if model is not None and not model.startswith("models:"):
        return BundleSource(Path(model).expanduser())
    mlflow = client(home.made())
    if model is None:
        return source_of(only_champion(mlflow, home))
    from mlflow.exceptions import MlflowException

    name, _, alias = model.removeprefix("models:/").partition("@")
    try:
        if alias:
            return source_of(mlflow.get_model_version_by_alias(name, alias))
        name, _, version = name.partition("/")
        return source_of(mlflow.get_model_version(name, version))
    except MlflowException:
        raise InputError(
            f"MODEL={model}: not in the registry.", remedy="see `make ui`, Models; or give a path."
        ) from None


def name_bundle(home: Home, source: BundleSource) -> str | None:
    """Return how a registered bundle is named to the commands; None where it is their default."""
    current = champions(client(home))
    if not any((version.name, str(version.version)) == (source.model, source.version) for version in current):
        return f"models:/{source.model}/{source.version}"
    return None if len(current) == 1 else f"models:/{source.model}@{CHAMPION}"


def models_of(mlflow: Any, experiment: str) -> set[str]:
    """Return the registered models of an experiment: one per data set that runs of it have read."""
    models = mlflow.search_registered_models(max_results=_MOST_MODELS)
    return {str(model.name) for model in models if model.tags.get(EXPERIMENT_TAG, model.name) == experiment}


def free_name(mlflow: Any, experiment: str, slug: str) -> str:
    """Return a name for a new registered model: the experiment's, then with the slug, then numbered."""
    taken = {str(model.name) for model in mlflow.search_registered_models(max_results=_MOST_MODELS)}
    taken = {name for name in taken if champion_of(mlflow, name) is not None}
    numbered = (f"{experiment}-{slug}-{number}" for number in count(2))
    return next(name for name in chain([experiment, f"{experiment}-{slug}"], numbered) if name not in taken)


def champions(mlflow: Any) -> list[Any]:
    """Return the version that is champion of each registered model that has one, by the models' names."""
    models = sorted(mlflow.search_registered_models(max_results=_MOST_MODELS), key=lambda model: str(model.name))
    return [version for model in models if (version := champion_of(mlflow, model.name)) is not None]


def has_champion(home: Home, experiment: str) -> bool:
    """Return whether any data set of an experiment has a champion."""
    mlflow = client(home)
    return any(champion_of(mlflow, name) is not None for name in models_of(mlflow, experiment))


def fitted_on(home: Home, experiment: str, fingerprint: str) -> BundleSource | None:
    """Return the experiment's champion whose run has read the data of a fingerprint; None if there is none."""
    mlflow = client(home)
    named = models_of(mlflow, experiment)
    for version in champions(mlflow):
        if version.name in named:
            run = mlflow.get_run(version.run_id)
            if run.data.tags.get("data.fingerprint") == fingerprint:
                return source_of(version)
    return None


def only_champion(mlflow: Any, home: Home, setting: str = "MODEL=models:/{}@champion") -> Any:
    """Return the champion of a home that has one; `setting` is how another is chosen.

    Raises:
        InputError: there is none, or there are several: the order of exports must not decide which of them fits.
    """
    current = champions(mlflow)
    require(len(current) > 0, f"{home.root}: there is no champion yet.", remedy="make export")
    choices = "\n".join(f"     {setting.format(version.name)}{_origin(version)}" for version in current)
    require(
        len(current) == 1,
        f"{home.root}: there are champions of {len(current)} data sets.",
        remedy=f"name one of them:\n{choices}",
    )
    return current[0]


def _origin(version: Any) -> str:
    """Return the data that a version was fitted on, as recorded in its tags."""
    name, through = (version.tags.get(tag) for tag in (ORIGIN_TAG, THROUGH_TAG))
    return f"   {name}, fitted through {through}" if name else ""
