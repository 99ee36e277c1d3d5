"""Refitting a run's frozen choices through the end of its data."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..bundle.fitted_models import ChurnModels
from ..bundle.model_card import write_card
from ..bundle.specification import BundleSpecification
from ..bundle.writer import BundleParts
from ..churn.ensemble import ChurnChoice, ChurnModel
from ..churn.log_odds import BIAS
from ..data.quality import QualityReport
from ..errors import require
from ..evaluation.drift import stability_index
from ..explain.reasons import Reasons
from ..progress import Progress
from ..redaction import redact
from ..snapshots.customer_kinds import kind_of
from ..tracking.home import Home
from ..tracking.registry import RunFacts
from .effect_refitting import refit_effects
from .kind_steps import data_steps_of, steps_of
from .kind_steps.steps import RefitRows, RefittedValues
from .settings import TrainConfig

_TINY = 1e-12


def refit(
    config: TrainConfig,
    choices: dict[str, Any],
    run: RunFacts,
    home: Home,
    progress: Progress,
    *,
    forced: bool = False,
) -> BundleParts:
    """Fit the choices on every label known by the end of the data.

    Raises:
        InputError: the data have changed since the run; or the models expect implausible totals, unless `forced`.
    """
    if not kind_of(config.data.shape).leaves:
        experiment = data_steps_of(config.data.shape).read(config.data, config.engine, home)
        _require_same(experiment.quality, config, run)
        return refit_effects(experiment, config, choices, run, progress)
    steps = steps_of(config.data.shape)
    data = steps.learned_from(steps.read(config.data, config.engine, home), config)
    _require_same(data.quality, config, run)
    rows = steps.refit_rows(config, data, home, progress)
    config = replace(config, data=rows.data)
    values = steps.refit(config, choices, data, rows.snapshots, run, forced=forced)
    training, latest = rows.snapshots.training, rows.snapshots.sealed
    if values.columns is not None:
        training = training.with_columns(values.columns, seen=config.churn.btyd_columns)
    churn = ChurnModel(ChurnChoice.from_dict(choices["churn"]), config.churn.threads)
    scored = pd.concat([latest, values.valuation.columns(latest)], axis=1)
    churn.fit(training.features, training.churned, training.names, scored)
    parts = _parts(config, run, data.quality, rows, values, churn, scored)
    earlier = _earlier_rows(churn, training.features, values)
    return replace(parts, column_facts=_column_facts(churn, earlier, parts.profile, scored))


def _parts(
    config: TrainConfig,
    run: RunFacts,
    quality: QualityReport,
    rows: RefitRows,
    values: RefittedValues,
    churn: ChurnModel,
    scored: pd.DataFrame,
) -> BundleParts:
    """Return the bundle's parts; `scored` are the rows that the models are to score first."""
    specification = BundleSpecification(
        data=config.data,
        windows=config.windows,
        features=config.features,
        economics=config.economics,
        fitted_through=rows.through,
        data_fingerprint=quality.fingerprint,
        run_id=run.run_id,
        readings=rows.snapshots.readings,
        origin=Path(quality.origin).name,
        sketch=rows.sketch,
        customers=quality.customers,
    )
    hidden, title = ["customer_id", "cutoff", "in_population"], f"{run.experiment}, run {run.run_id[:8]}"
    return BundleParts(
        models=ChurnModels(churn, values.valuation, Reasons.learn(scored[churn.features])),
        specification=specification,
        profile=scored.assign(churn_score=churn.predict(scored)).drop(columns=hidden, errors="ignore"),
        card=redact(write_card(specification, title, run.metrics, run.params, values.notices, values.refunds)),
        trained=run.started,
        notices=values.notices,
        log_profile=rows.log_profile,
    )


def _earlier_rows(churn: ChurnModel, labelled: pd.DataFrame, values: RefittedValues) -> pd.DataFrame:
    """Return the rows of the last labelled cutoff with their churn scores.

    What the value model adds when it scores, such as the shift of the season, is no column of training, and is added.
    """
    earlier: pd.DataFrame = labelled[labelled["cutoff"] == labelled["cutoff"].max()]
    if not len(earlier):
        return earlier
    added = values.valuation.columns(earlier).drop(columns=list(earlier.columns), errors="ignore")
    earlier = pd.concat([earlier, added], axis=1)
    return earlier.assign(churn_score=churn.predict(earlier))


def _column_facts(
    churn: ChurnModel, earlier: pd.DataFrame, profile: pd.DataFrame, scored: pd.DataFrame
) -> dict[str, dict[str, float]]:
    """Return by column the share in the churn score, and the drift from `earlier` rows, if any, to those scored.

    The share is that of the mean distance of the feature's contributions from their mean, in log-odds.
    """
    contributions = churn.contributions(scored).drop(columns=BIAS)
    spread = (contributions - contributions.mean()).abs().mean()
    shares = spread / max(float(spread.sum()), _TINY)
    facts: dict[str, dict[str, float]] = {}
    for name in map(str, profile.columns):
        facts[name] = {"share_in_score": float(shares.get(name, 0.0))}
        if name in earlier.columns and len(earlier):
            facts[name]["usual_drift"] = stability_index(earlier[name], profile[name])[0]
    return facts


def _require_same(quality: QualityReport, config: TrainConfig, run: RunFacts) -> None:
    same = quality.fingerprint == run.tags["data.fingerprint"]
    require(same, f"{config.data.name}: the data have changed since run {run.run_id}.", remedy="make train again.")
