"""Refitting a run's frozen choices through the end of its data."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ..bundle.expected_totals import Reference, expected_totals, references, require_plausible, totals_notices
from ..bundle.model_card import write_card
from ..bundle.specification import BundleSpecification
from ..bundle.writer import BundleParts
from ..churn.ensemble import ChurnChoice, ChurnModel
from ..clv.clv_model import ClvChoice, ClvModel, gather_past, predict_past
from ..clv.contract_value import ContractValueModel, columns_at_each_cutoff
from ..data.engine import connect
from ..data.events import Events, read_events
from ..data.labelled_table import read_labelled
from ..data.quality import QualityReport, with_spelling
from ..data.settings import Shape
from ..data.sketch import sketch_events
from ..decision.rfm_segments import Segmentation
from ..errors import require
from ..evaluation.metrics import Array
from ..explain.reasons import Reasons
from ..features.preparation import Snapshots, mask_table, prepare
from ..notices import Notice
from ..progress import Progress
from ..redaction import redact
from ..snapshots.cutoff_plan import refit_cutoffs
from ..tracking.home import Home
from ..tracking.registry import RunFacts
from .settings import TrainConfig


class CardNotes(NamedTuple):
    """The part of the card that only CLV models have: notices about the refit, and the sentence on refunds."""

    notices: tuple[Notice, ...] = ()
    refunds: str = ""


NO_NOTES = CardNotes()


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
    connection = connect(config.engine, home.cache / "spill")
    if config.data.shape is Shape.labelled:
        table = read_labelled(connection, config.data)
        _require_same(table.quality, config, run)
        progress.log("Refitting on all rows of the table")
        rows = mask_table(table)
        churn = _fit_churn(choices, config, rows, table.outcomes, list(table.frame.columns))
        parts = _parts(config, run, table.quality, "its export", churn, rows)
        return replace(parts, specification=replace(parts.specification, readings=table.readings))
    events = read_events(connection, config.data)
    _require_same(events.quality, config, run)
    config = replace(config, data=with_spelling(config.data, events.quality))
    progress.log(f"Refitting on labels known by {events.end:%Y-%m-%d}")
    cutoffs = refit_cutoffs(events.start, events.end, config.windows)
    snapshots = prepare(events, cutoffs, events.end, config.features, config.windows, home.cache, config.data)
    if config.data.shape is Shape.contracts:
        parts = _refit_contracts(config, choices, run, events, snapshots)
    else:
        parts = _refit_orders(config, choices, run, events, snapshots, forced=forced)
    return replace(parts, specification=replace(parts.specification, readings=snapshots.readings))


def _refit_orders(
    config: TrainConfig,
    choices: dict[str, Any],
    run: RunFacts,
    events: Events,
    snapshots: Snapshots,
    *,
    forced: bool,
) -> BundleParts:
    data, latest, days = snapshots.training, snapshots.sealed, config.windows.horizon_days
    value = ClvChoice.from_dict(choices["clv"])
    past = gather_past(data, value, days)
    clv = ClvModel(value).fit(latest, past, snapshots.daily)
    notices = (*clv.notices(), *_compare_totals(clv, config, run, events, latest, forced=forced))
    extended = data.with_columns(predict_past(data, value, days) if past.btyd is None else past.btyd)
    names = extended.names if config.churn.btyd_columns else data.names
    churn = _fit_churn(choices, config, extended.features, data.churned, names, latest)
    rows = pd.concat([latest, clv.columns(latest, days)], axis=1)
    refunds = events.refund_totals.sentence if events.has_amount else ""
    parts = _parts(config, run, events.quality, f"{events.end:%Y-%m-%d}", churn, rows, CardNotes(notices, refunds))
    return replace(_sketched(parts, events), values=clv, segments=Segmentation.learn(latest))


def _compare_totals(
    clv: ClvModel, config: TrainConfig, run: RunFacts, events: Events, latest: pd.DataFrame, *, forced: bool
) -> tuple[Notice, ...]:
    """Compare the refitted model's expected totals with the actual ones, and with those of the run's model.

    Raises:
        InputError: the totals are implausible, and not `forced`.
    """
    days, money = config.windows.horizon_days, {"has_amount": events.has_amount}
    expected = expected_totals(clv, latest, days, **money)
    actual = references(events, events.end, config.windows, clv, len(latest))
    of_run = []
    if (run.artifacts / "model" / "clv.json").is_file():  # artefacts may be cleaned up
        before = expected_totals(ClvModel.load(run.artifacts / "model"), latest, days, **money)
        of_run = [Reference("by the model of the run", before, before)]
    require_plausible(expected, [*actual, *of_run], days, forced=forced)
    return (*totals_notices(expected, actual, days), *totals_notices(expected, of_run, days))


def _refit_contracts(
    config: TrainConfig, choices: dict[str, Any], run: RunFacts, events: Events, snapshots: Snapshots
) -> BundleParts:
    data, latest, windows = snapshots.training, snapshots.sealed, config.windows
    days = float((windows.label_end(events.end) - events.end).days)
    extended = data.with_columns(columns_at_each_cutoff(data, windows, days))
    names = extended.names if config.churn.btyd_columns else data.names
    churn = _fit_churn(choices, config, extended.features, data.churned, names)
    model = ContractValueModel(days).fit(data.features, data.churned)
    rows = pd.concat([latest, model.columns(latest)], axis=1)
    parts = _parts(config, run, events.quality, f"{events.end:%Y-%m-%d}", churn, rows)
    return replace(_sketched(parts, events), values=model)


def _fit_churn(
    choices: dict[str, Any],
    config: TrainConfig,
    features: pd.DataFrame,
    churned: Array,
    names: list[str],
    latest: pd.DataFrame | None = None,
) -> ChurnModel:
    model = ChurnModel(ChurnChoice.from_dict(choices["churn"]), config.churn.threads)
    return model.fit(features, churned, names, latest)


def _sketched(parts: BundleParts, events: Events) -> BundleParts:
    """Return the parts with the sketch of the log that they were fitted on."""
    return replace(parts, specification=replace(parts.specification, sketch=sketch_events(events.table, events.end)))


def _parts(
    config: TrainConfig,
    run: RunFacts,
    quality: QualityReport,
    through: str,
    churn: ChurnModel,
    rows: pd.DataFrame,
    notes: CardNotes = NO_NOTES,
) -> BundleParts:
    """Return what every bundle has; `rows` are those that the models would be asked about first."""
    specification = BundleSpecification(
        data=config.data,
        windows=config.windows,
        features=config.features,
        economics=config.economics,
        fitted_through=through,
        data_fingerprint=quality.fingerprint,
        run_id=run.run_id,
        origin=Path(quality.origin).name,
        customers=quality.customers,
    )
    hidden, title = ["customer_id", "cutoff", "in_population"], f"{run.experiment}, run {run.run_id[:8]}"
    return BundleParts(
        churn=churn,
        reasons=Reasons.learn(rows[churn.features]),
        specification=specification,
        profile=rows.assign(churn_score=churn.predict(rows)).drop(columns=hidden, errors="ignore"),
        card=redact(write_card(specification, title, run.metrics, run.params, notes.notices, notes.refunds)),
        trained=run.started,
        notices=notes.notices,
    )


def _require_same(quality: QualityReport, config: TrainConfig, run: RunFacts) -> None:
    same = quality.fingerprint == run.tags["data.fingerprint"]
    require(same, f"{config.data.name}: the data have changed since run {run.run_id}.", remedy="make train again.")
