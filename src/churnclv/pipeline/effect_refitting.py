"""Refitting the frozen choices of a run on an experiment with all of its rows."""

from pathlib import Path
from typing import Any

from ..bundle.fitted_models import EffectModels
from ..bundle.model_card import write_card
from ..bundle.specification import BundleSpecification
from ..bundle.writer import BundleParts
from ..data.experiment_table import ExperimentTable
from ..data.quality import with_spelling
from ..decision.effect_record import EFFECTS
from ..features.preparation import prepare_whole_experiment
from ..files import read_json
from ..progress import Progress
from ..redaction import redact
from ..tracking.registry import RunFacts
from ..uplift.effect_selection import FrozenWeights
from ..uplift.regressions import is_binary
from ..uplift.uplift_model import UpliftModel
from .effect_rows import learning_rows
from .settings import TrainConfig


def refit_effects(
    experiment: ExperimentTable, config: TrainConfig, choices: dict[str, Any], run: RunFacts, progress: Progress
) -> BundleParts:
    """Fit and calibrate the weighed learners on every row, and return the bundle's parts."""
    progress.log("Refitting on all rows of the experiment")
    snapshots = prepare_whole_experiment(experiment)
    training, seed = snapshots.training, config.tuning.seed
    rows = learning_rows(training, len(experiment.arms) + 1, seed, randomised=config.data.randomised)
    frozen = {arm: FrozenWeights.from_dict(choice) for arm, choice in choices["uplift"].items()}
    uplift = UpliftModel(config.uplift.name, seed=seed, threads=config.churn.threads_for(len(rows.features)))
    uplift.fit(rows.features, rows.responses, experiment.arms, frozen=frozen)
    models = EffectModels(training.names, uplift, is_binary(experiment.outcome), rows.propensities)
    specification = BundleSpecification(
        data=with_spelling(config.data, experiment.quality),
        windows=config.windows,
        features=config.features,
        economics=config.economics,
        fitted_through="its export",
        data_fingerprint=experiment.quality.fingerprint,
        run_id=run.run_id,
        readings=snapshots.readings,
        origin=Path(experiment.quality.origin).name,
        customers=experiment.quality.customers,
    )
    title = f"{run.experiment}, run {run.run_id[:8]}"
    hidden = ["customer_id", "cutoff", "in_population"]
    return BundleParts(
        models=models,
        specification=specification,
        profile=snapshots.sealed.drop(columns=hidden, errors="ignore"),
        card=redact(write_card(specification, title, run.metrics, run.params, rows.notices())),
        trained=run.started,
        notices=rows.notices(),
        effects=read_json(path) if (path := run.artifacts / EFFECTS).is_file() else {},
    )
