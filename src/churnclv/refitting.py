"""Refitting a run's frozen choices through the end of its data."""

from dataclasses import replace
from typing import Any

import pandas as pd

from .bundle.card import write_card
from .bundle.contract import BundleContract
from .bundle.writer import BundleParts
from .churn.blend import ChurnChoice, ChurnModel
from .churn.reasons import Reasons
from .clv.contractual import ContractValueModel, columns_at_each_cutoff
from .clv.model import ClvChoice, ClvModel, gather_past, say_of_past
from .config import TrainConfig
from .data.engine import connect
from .data.events import Events, read_events
from .data.labelled import read_labelled
from .data.quality import QualityReport, with_spelling
from .data.settings import Shape
from .decision.segments import Segmentation
from .errors import require
from .evaluation.metrics import Array
from .features.preparation import Snapshots, prepare
from .progress import Progress
from .redaction import redact
from .snapshots.plan import refit_cutoffs
from .tracking.home import Home
from .tracking.registry import RunFacts


def refit(config: TrainConfig, choices: dict[str, Any], run: RunFacts, home: Home, progress: Progress) -> BundleParts:
    """Fit the choices on every label known by the end of the data.

    Raises:
        InputError: the data have changed since the run.
    """
    connection = connect(config.engine, home.cache / "spill")
    if config.data.shape is Shape.labelled:
        table = read_labelled(connection, config.data)
        _require_same(table.quality, config, run)
        progress.say("Refitting on all rows of the table")
        churn = _fit_churn(choices, config, table.frame, table.outcomes, list(table.frame.columns))
        return _parts(config, run, table.quality.fingerprint, "its export", churn, table.frame)
    events = read_events(connection, config.data)
    _require_same(events.quality, config, run)
    config = replace(config, data=with_spelling(config.data, events.quality))
    progress.say(f"Refitting on labels known by {events.end:%Y-%m-%d}")
    cutoffs = refit_cutoffs(events.start, events.end, config.windows)
    snapshots = prepare(events, cutoffs, events.end, config.features, config.windows, home.cache)
    fit = _refit_contracts if config.data.shape is Shape.contracts else _refit_orders
    return fit(config, choices, run, events, snapshots)


def _refit_orders(
    config: TrainConfig, choices: dict[str, Any], run: RunFacts, events: Events, snapshots: Snapshots
) -> BundleParts:
    data, latest, days = snapshots.training, snapshots.sealed, config.windows.horizon_days
    value = ClvChoice.from_dict(choices["clv"])
    past = gather_past(data, value, days)
    clv = ClvModel(value).fit(latest, past, snapshots.daily)
    heard = data.with_columns(say_of_past(data, value, days) if past.formula is None else past.formula)
    names = heard.names if config.churn.formula_columns else data.names
    churn = _fit_churn(choices, config, heard.features, data.churned, names)
    asked = pd.concat([latest, clv.columns(latest, days)], axis=1)
    parts = _parts(config, run, events.quality.fingerprint, f"{events.end:%Y-%m-%d}", churn, asked)
    return replace(parts, values=clv, segments=Segmentation.learn(latest))


def _refit_contracts(
    config: TrainConfig, choices: dict[str, Any], run: RunFacts, events: Events, snapshots: Snapshots
) -> BundleParts:
    data, latest, windows = snapshots.training, snapshots.sealed, config.windows
    days = float((windows.label_end(events.end) - events.end).days)
    heard = data.with_columns(columns_at_each_cutoff(data, windows, days))
    names = heard.names if config.churn.formula_columns else data.names
    churn = _fit_churn(choices, config, heard.features, data.churned, names)
    model = ContractValueModel(days).fit(data.features, data.churned)
    asked = pd.concat([latest, model.columns(latest)], axis=1)
    parts = _parts(config, run, events.quality.fingerprint, f"{events.end:%Y-%m-%d}", churn, asked)
    return replace(parts, values=model)


def _fit_churn(
    choices: dict[str, Any], config: TrainConfig, features: pd.DataFrame, churned: Array, names: list[str]
) -> ChurnModel:
    return ChurnModel(ChurnChoice(**choices["churn"]), config.churn.threads).fit(features, churned, names)


def _parts(
    config: TrainConfig, run: RunFacts, fingerprint: str, through: str, churn: ChurnModel, rows: pd.DataFrame
) -> BundleParts:
    """Return what every bundle has; `rows` are those that the models would be asked about first."""
    contract = BundleContract(
        data=config.data,
        windows=config.windows,
        features=config.features,
        economics=config.economics,
        fitted_through=through,
        data_fingerprint=fingerprint,
        run_id=run.run_id,
    )
    hidden = ["customer_id", "cutoff", "in_population"]
    return BundleParts(
        churn=churn,
        reasons=Reasons.learn(rows[churn.features]),
        contract=contract,
        profile=rows.assign(churn_score=churn.predict(rows)).drop(columns=hidden, errors="ignore"),
        card=redact(write_card(contract, f"{run.experiment}, run {run.run_id[:8]}", run.metrics, run.params)),
    )


def _require_same(quality: QualityReport, config: TrainConfig, run: RunFacts) -> None:
    same = quality.fingerprint == run.tags["data.fingerprint"]
    require(same, f"{config.data.name}: the data have changed since run {run.run_id}.", remedy="make train again.")
