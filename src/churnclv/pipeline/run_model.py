"""The model of a run for MLflow's page of models: what the sealed test evaluates, not yet refitted for export."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ..bundle.fitted_models import ChurnModels
from ..bundle.specification import BundleSpecification
from ..bundle.valuation import Valuation
from ..bundle.writer import BundleParts
from ..churn.ensemble import ChurnModel
from ..data.quality import with_spelling
from ..explain.reasons import Reasons
from ..tracking import records
from ..tracking.comparison_records import flatten
from .run import Run

RUN_CARD = """# {experiment}, run {run_id}

The models that this run evaluates, fitted on every label known by its sealed test. They read raw events and need the
installed package. `make export` refits the same choices through the end of the data and writes a bundle that carries
its own code.
"""


def describe_model(
    run: Run, churn: ChurnModel, valuation: Valuation, choices: dict[str, Any], value_sentence: str
) -> records.Model:
    """Return a run's fitted models as a record; its parameters are the choices that are single values."""
    plain = {name: value for name, value in flatten(choices).items() if isinstance(value, str | int | float)}
    parameters = {name: value for name, value in plain.items() if not name.startswith("churn.monotone.")}
    sentences = {"churn score": churn.choice.sentence, "CLV model": value_sentence}
    description = ", ".join(f"{what}: {sentence}" for what, sentence in sentences.items() if sentence)
    return records.Model(_parts(run, churn, valuation), parameters, description)


def _parts(run: Run, churn: ChurnModel, valuation: Valuation) -> BundleParts:
    rows = run.data.snapshots.sealed
    extended = pd.concat([rows, valuation.columns(rows)], axis=1)
    hidden = ["customer_id", "cutoff", "in_population"]
    return BundleParts(
        models=ChurnModels(churn, valuation, Reasons.learn(extended[churn.features])),
        specification=specify_run(run),
        profile=extended.assign(churn_score=churn.predict(extended)).drop(columns=hidden, errors="ignore"),
        card=RUN_CARD.format(experiment=run.experiment, run_id=run.sink.run_id),
        trained=datetime.now(UTC).replace(tzinfo=None),
    )


def specify_run(run: Run) -> BundleSpecification:
    """Return the specification of a run's models."""
    config, data = run.config, run.data
    quality, plan = data.quality, data.plan
    return BundleSpecification(
        data=with_spelling(config.data, quality),
        windows=config.windows,
        features=config.features,
        economics=config.economics,
        fitted_through=plan.sealed_name,
        data_fingerprint=quality.fingerprint,
        run_id=run.sink.run_id,
        readings=data.snapshots.readings,
        origin=Path(quality.origin).name,
        customers=quality.customers,
    )
