"""The champion's mark: a tag on the run behind the model version that the alias names, for the table of runs."""

from contextlib import suppress
from typing import Any

ALIAS = TAG = "champion"


def mark_champion(mlflow: Any, model_name: str, version: str) -> None:
    """Tag the run of a model's version as champion, and no other run of its experiment."""
    run_id = mlflow.get_model_version(model_name, version).run_id
    run = mlflow.get_run(run_id)
    for former in mlflow.search_runs([run.info.experiment_id], f"tags.{TAG} LIKE '%'", max_results=1000):
        if former.info.run_id != run_id:
            mlflow.delete_tag(former.info.run_id, TAG)
    if run.info.lifecycle_stage == "active":
        mlflow.set_tag(run_id, TAG, f"version {version}")


def mark_champions(mlflow: Any) -> None:
    """Mark the champion of every model; aliases can be moved by hand in the UI."""
    from mlflow.exceptions import MlflowException

    for model in mlflow.search_registered_models():
        with suppress(MlflowException):  # no alias, or its run was removed for good
            mark_champion(mlflow, model.name, mlflow.get_model_version_by_alias(model.name, ALIAS).version)
