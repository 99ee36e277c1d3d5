"""The champion's tag on the run of the model version that the alias names, for the table of runs."""

from contextlib import suppress
from typing import Any

ALIAS = TAG = "champion"


def mark_champion(mlflow: Any, model_name: str, version: str) -> None:
    """Tag the run of a model's version as champion, and no other run of that model.

    Runs of an experiment may have read several data sets, each with a registered model and a champion of its own.
    """
    run_id = mlflow.get_model_version(model_name, version).run_id
    run = mlflow.get_run(run_id)
    where = run.info.experiment_id
    mark = "" if model_name == mlflow.get_experiment(where).name else f"{model_name}, "
    for former in mlflow.search_runs([where], f"tags.{TAG} LIKE '%'", max_results=1000):
        same = former.data.tags[TAG].rpartition("version ")[0] == mark
        if same and former.info.run_id != run_id:
            mlflow.delete_tag(former.info.run_id, TAG)
    if run.info.lifecycle_stage == "active":
        mlflow.set_tag(run_id, TAG, f"{mark}version {version}")


def mark_champions(mlflow: Any) -> None:
    """Mark the champion of every model; aliases can be moved by hand in the UI."""
    from mlflow.exceptions import MlflowException

    for model in mlflow.search_registered_models():
        with suppress(MlflowException):  # no alias, or its run was removed for good
            mark_champion(mlflow, model.name, mlflow.get_model_version_by_alias(model.name, ALIAS).version)
