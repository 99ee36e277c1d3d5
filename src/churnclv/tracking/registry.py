"""The registry: which run is best, which bundle is champion."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import numpy as np
import pandas as pd

from ..errors import InputError, require
from ..evaluation.intervals import Interval, Sample, score
from ..evaluation.metrics import auc
from .champion import mark_champion
from .home import Home
from .sink import client

CHAMPION = "champion"
_MODEL_COLUMN = "churn.score"


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
        return _facts(mlflow, _named(mlflow, run_id))
    experiments = [found.experiment_id for found in mlflow.search_experiments()]
    kind = "tags.kind = 'train' and attributes.status = 'FINISHED'"
    latest = (
        mlflow.search_runs(experiments, kind, max_results=1, order_by=["attributes.start_time DESC"])
        if experiments
        else []
    )
    require(len(latest) > 0, f"{home.root}: no finished training run.", remedy="make train")
    newest = latest[0]
    same = f"{kind} and tags.`snapshot.fingerprint` = '{newest.data.tags['snapshot.fingerprint']}'"
    order = f"metrics.`{metric}` {'DESC' if higher_is_better else 'ASC'}"
    rivals = mlflow.search_runs([newest.info.experiment_id], same, max_results=1000, order_by=[order])
    judged = [run for run in rivals if metric in run.data.metrics]
    require(
        len(judged) > 0,
        f"no run has the metric {metric}.",
        remedy="see `make ui` for the names, such as valid.churn.auc.",
    )
    return _facts(mlflow, judged[0])


def find_twin(home: Home, identity: str) -> RunFacts | None:
    """Return the latest finished run of the same data, choices and code that still has its artefacts; None if none."""
    if not home.database.exists():
        return None
    mlflow = client(home)
    experiments = [found.experiment_id for found in mlflow.search_experiments()]
    same = f"tags.kind = 'train' and attributes.status = 'FINISHED' and tags.identity = '{identity}'"
    order = ["attributes.start_time DESC"]
    found = mlflow.search_runs(experiments, same, max_results=1, order_by=order) if experiments else []
    twin = _facts(mlflow, found[0]) if found else None
    return twin if twin is not None and twin.artifacts.is_dir() else None


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
    require(run.info.status == "FINISHED", f"run {run_id} is {run.info.status}.", remedy="name a finished one.")
    return run


def _facts(mlflow: Any, run: Any) -> RunFacts:
    experiment = mlflow.get_experiment(run.info.experiment_id).name
    artifacts = _local(run.info.artifact_uri)
    return RunFacts(run.info.run_id, experiment, run.data.metrics, run.data.params, run.data.tags, artifacts)


def _local(uri: str) -> Path:
    return Path(unquote(urlparse(uri).path)) if uri.startswith("file:") else Path(uri)


def register(home: Home, run: RunFacts, bundle: Path) -> str:
    """Register the bundle as a new version of the model named like the experiment; return the version."""
    from mlflow.exceptions import MlflowException

    mlflow = client(home)
    try:
        mlflow.get_registered_model(run.experiment)
    except MlflowException:
        mlflow.create_registered_model(run.experiment)
    version = mlflow.create_model_version(run.experiment, bundle.resolve().as_uri(), run.run_id)
    return str(version.version)


def promote(home: Home, run: RunFacts, version: str, *, force: bool, reason: str) -> str:
    """Move the alias `champion` to a version if it may, and return what was decided and why.

    It may if there is no champion yet, or if the newcomer's validation AUC is better on the same snapshots by a paired
    bootstrap interval that excludes zero; or by force, with a reason, which is recorded.
    """
    mlflow = client(home)
    former = _champion(mlflow, run.experiment)
    if former is None:
        decision, moves = "there was no champion yet", True
    elif force:
        require(
            bool(reason.strip()),
            "force=true needs a reason.",
            remedy="reason='why it should replace the champion'",
        )
        decision, moves = f"forced: {reason}", True
    else:
        decision, moves = _compare(mlflow, run, former)
    if moves:
        mlflow.set_registered_model_alias(run.experiment, CHAMPION, version)
        mark_champion(mlflow, run.experiment, version)
    mlflow.set_model_version_tag(run.experiment, version, "promotion", decision)
    outcome = "is now champion" if moves else "is registered, the champion stays"
    return f"version {version} of {run.experiment} {outcome}: {decision}"


def _champion(mlflow: Any, name: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return mlflow.get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return None


def _compare(mlflow: Any, run: RunFacts, former: Any) -> tuple[str, bool]:
    champion = _facts(mlflow, mlflow.get_run(former.run_id))
    if champion.run_id == run.run_id:
        return "the same run as the champion's", True
    if champion.tags.get("snapshot.fingerprint") != run.tags.get("snapshot.fingerprint"):
        return "other data or windows than the champion's, so not comparable (force=true reason=...)", False
    found = paired_difference(_predictions(run), _predictions(champion))
    sentence = f"validation AUC {found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}] against the champion"
    return sentence, found.low > 0


def _predictions(run: RunFacts) -> pd.DataFrame:
    path = run.artifacts / "predictions" / "valid.parquet"
    require(path.is_file(), f"run {run.run_id} has lost its predictions ({path}).", remedy="force=true reason=...")
    return pd.read_parquet(path)


def paired_difference(newcomer: pd.DataFrame, champion: pd.DataFrame) -> Interval:
    """Return the difference in AUC on the same validation rows, newcomer minus champion, with its interval."""
    samples = []
    for _, rows in newcomer.groupby("cutoff"):
        rival = champion.loc[rows.index]
        scores = {"newcomer": rows[_MODEL_COLUMN].to_numpy(), "champion": rival[_MODEL_COLUMN].to_numpy()}
        samples.append(Sample(rows["churned"].to_numpy(dtype=float), scores, rows["customer"].to_numpy(dtype=np.int64)))
    return score(samples, {"auc": auc}, "champion").differences["newcomer"]["auc"]


def locate_bundle(home: Home, model: str | None) -> Path:
    """Return the folder of a bundle: a path, a registry address such as models:/cdnow@champion, or the champion.

    Raises:
        InputError: nothing of that name.
    """
    if model is not None and not model.startswith("models:"):
        return Path(model).expanduser()
    mlflow = client(home)
    if model is None:
        return _local(_default_champion(mlflow, home).source)
    from mlflow.exceptions import MlflowException

    name, _, alias = model.removeprefix("models:/").partition("@")
    try:
        if alias:
            return _local(mlflow.get_model_version_by_alias(name, alias).source)
        name, _, version = name.partition("/")
        return _local(mlflow.get_model_version(name, version).source)
    except MlflowException:
        raise InputError(
            f"MODEL={model}: not in the registry.", remedy="see `make ui`, Models; or give a path."
        ) from None


def _default_champion(mlflow: Any, home: Home) -> Any:
    """Return the champion exported last."""
    found = [_champion(mlflow, model.name) for model in mlflow.search_registered_models()]
    champions = [version for version in found if version is not None]
    require(len(champions) > 0, f"{home.root}: there is no champion yet.", remedy="make export")
    return max(champions, key=lambda version: version.creation_timestamp)
