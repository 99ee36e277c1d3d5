"""The script by which MLflow loads the model of a run. A copy lies beside it; the installed package scores.

A run's model carries no code of its own, unlike an exported bundle: it belongs to the checkout that trained it.
"""

import contextlib
import importlib
import io
import warnings
from pathlib import Path
from typing import Any

import mlflow

with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow warns where type hints are missing; the signature describes the input

    class RunModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined] # mlflow loads it lazily
        """Raw events in, one row of scores per customer out."""

        def load_context(self, context: Any) -> None:
            """Load the scorer beside MLflow's copy of this file."""
            opening = importlib.import_module(
                "churnclv.bundle.opening"
            )  # from outside the package: this file is a copy
            self.scorer = opening.open_scorer(Path(context.artifacts["bundle"]))

        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
            """Return the score rows of all customers in a frame of raw events; `params["as_of"]` is a date."""
            del context
            answer = importlib.import_module("churnclv.bundle.pyfunc").answer
            return answer(self.scorer, model_input, (params or {}).get("as_of"))


mlflow.models.set_model(RunModel())
