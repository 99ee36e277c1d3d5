"""The registry: which run is best, which was made before, which bundle is champion."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from ..errors import InputError, listed, require
from .home import Home
from .sink import client

CHAMPION = "champion"


@dataclass(frozen=True)
class RunFacts:
    """What the registry needs to know of a training run."""

    run_id: str
    experiment: str
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]
    artifacts: Path


def find_run(home: Home, run_id: str | None, metric: str, *, higher_is_better: bool) -> RunFacts:
    """Return the named run, or the best finished one of the latest run's experiment and snapshots by `metric`.

    Raises:
        InputError: there is no such run, or none has the metric.
    """
    mlflow = client(home)
    if run_id is not None:
        return run_facts(mlflow, _named(mlflow, run_id))
    experiments = [found.experiment_id for found in mlflow.search_experiments()]
    kind = "tags.kind = 'train' and attributes.status = 'FINISHED'"
    latest = (
        mlflow.search_runs(experiments, kind, max_results=1, order_by=["attributes.start_time DESC"])
        if experiments
        else []
    )
    require(len(latest) > 0, f"{home.root}: no finished training run{_deleted(mlflow)}.", remedy="make train")
    newest = latest[0]
    same = f"{kind} and tags.`snapshot.fingerprint` = '{newest.data.tags.get('snapshot.fingerprint', '')}'"
    order = f"metrics.`{metric}` {'DESC' if higher_is_better else 'ASC'}"
    rivals = mlflow.search_runs([newest.info.experiment_id], same, max_results=1000, order_by=[order])
    judged = [run for run in rivals if metric in run.data.metrics]
    require(
        len(judged) > 0,
        f"no run has the metric {metric}.",
        remedy="see `make ui` for the names, such as valid.churn.auc.",
    )
    return run_facts(mlflow, judged[0])


def _deleted(mlflow: Any) -> str:
    """Return, for a message, how many experiments lie deleted in MLflow; empty for none."""
    from mlflow.entities import ViewType

    names = [found.name for found in mlflow.search_experiments(view_type=ViewType.DELETED_ONLY)]
    return f" (deleted in MLflow: {listed(names)})" if names else ""


def require_artifacts(run: RunFacts, names: Sequence[str]) -> None:
    """Raise `InputError` where a run has lost files among its artefacts."""
    lost = [name for name in names if not (run.artifacts / name).is_file()]
    remedy = "name another run with RUN=id, or make train ARGS=tracking.repeat=true"
    require(not lost, f"run {run.run_id} has lost {listed(lost)} in {run.artifacts}.", remedy=remedy)


def find_twin(home: Home, identity: str, needed: Sequence[str]) -> RunFacts | None:
    """Return the latest finished run of the same data, choices and code that still has what is needed; None if none.

    `needed` are names of files among its artefacts.
    """
    if not home.database.exists():
        return None
    mlflow = client(home)
    experiments = [found.experiment_id for found in mlflow.search_experiments()]
    same = f"tags.kind = 'train' and attributes.status = 'FINISHED' and tags.identity = '{identity}'"
    order = ["attributes.start_time DESC"]
    found = mlflow.search_runs(experiments, same, max_results=1, order_by=order) if experiments else []
    twin = run_facts(mlflow, found[0]) if found else None
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
    """Return what the registry needs to know of MLflow's run."""
    experiment = mlflow.get_experiment(run.info.experiment_id).name
    artifacts = local_path(run.info.artifact_uri)
    return RunFacts(run.info.run_id, experiment, run.data.metrics, run.data.params, run.data.tags, artifacts)


def local_path(uri: str) -> Path:
    """Return the path that MLflow wrote as an address."""
    return Path(unquote(urlparse(uri).path)) if uri.startswith("file:") else Path(uri)


def champion_of(mlflow: Any, name: str) -> Any:
    """Return the version of a model that is champion; None if none is."""
    from mlflow.exceptions import MlflowException

    try:
        return mlflow.get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return None


def locate_bundle(home: Home, model: str | None) -> Path:
    """Return the folder of a bundle: a path, a registry address such as models:/cdnow@champion, or the champion.

    Raises:
        InputError: nothing of that name.
    """
    if model is not None and not model.startswith("models:"):
        return Path(model).expanduser()
    mlflow = client(home)
    if model is None:
        return local_path(default_champion(mlflow, home).source)
    from mlflow.exceptions import MlflowException

    name, _, alias = model.removeprefix("models:/").partition("@")
    try:
        if alias:
            return local_path(mlflow.get_model_version_by_alias(name, alias).source)
        name, _, version = name.partition("/")
        return local_path(mlflow.get_model_version(name, version).source)
    except MlflowException:
        raise InputError(
            f"MODEL={model}: not in the registry.", remedy="see `make ui`, Models; or give a path."
        ) from None


def default_champion(mlflow: Any, home: Home) -> Any:
    """Return the champion exported last.

    Raises:
        InputError: there is none.
    """
    found = [champion_of(mlflow, model.name) for model in mlflow.search_registered_models()]
    champions = [version for version in found if version is not None]
    require(len(champions) > 0, f"{home.root}: there is no champion yet.", remedy="make export")
    return max(champions, key=lambda version: version.creation_timestamp)
