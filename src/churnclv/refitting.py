"""Refitting a run's frozen choices through the end of its data."""

from typing import Any

from .bundle.card import write_card
from .bundle.contract import BundleContract
from .bundle.writer import BundleParts
from .churn.boosted import BoostedChurnModel
from .churn.calibration import Calibrator
from .clv.model import ClvChoice, ClvModel, gather_past
from .config import TrainConfig
from .data.engine import connect
from .data.events import Events, read_events
from .decision.segments import Segmentation
from .errors import require
from .features.preparation import prepare
from .progress import Progress
from .snapshots.plan import refit_cutoffs
from .tracking.home import Home
from .tracking.registry import RunFacts


def refit(config: TrainConfig, choices: dict[str, Any], run: RunFacts, home: Home, progress: Progress) -> BundleParts:
    """Fit the choices on every label known by the end of the data.

    Raises:
        InputError: the data have changed since the run.
    """
    events = read_events(connect(config.engine, home.cache / "spill"), config.data)
    same = events.quality.fingerprint == run.tags["data.fingerprint"]
    require(same, f"{config.data.name}: the data have changed since run {run.run_id}.", remedy="make train again.")
    cutoffs = refit_cutoffs(events.start, events.end, config.windows)
    progress.say(f"Refitting on labels known by {events.end:%Y-%m-%d}")
    snapshots = prepare(events, cutoffs, events.end, config.features, config.windows, home.cache)
    data, latest = snapshots.training, snapshots.sealed
    parameters = choices["churn"]["parameters"]
    rounds, seed = choices["churn"]["rounds"], choices["churn"]["seed"]
    churn = BoostedChurnModel(parameters, rounds, seed=seed, threads=config.churn.threads).fit(data.X, data.churned)
    calibrator = Calibrator(**choices["calibration"])
    scored = latest.assign(churn_score=calibrator.predict(churn.predict(latest)))
    value = ClvChoice.from_dict(choices["clv"])
    past = gather_past(data, value, config.windows.horizon_days)
    contract = _contract(config, events, run)
    return BundleParts(
        churn=churn,
        calibrator=calibrator,
        clv=ClvModel(value).fit(latest, past, snapshots.daily),
        segments=Segmentation.learn(latest),
        contract=contract,
        profile=scored.drop(columns=["customer_id", "cutoff", "in_population"]),
        card=write_card(contract, f"{run.experiment}, run {run.run_id[:8]}", run.metrics, run.params),
    )


def _contract(config: TrainConfig, events: Events, run: RunFacts) -> BundleContract:
    return BundleContract(
        data=config.data,
        windows=config.windows,
        features=config.features,
        economics=config.economics,
        fitted_through=f"{events.end:%Y-%m-%d}",
        data_fingerprint=events.quality.fingerprint,
        run_id=run.run_id,
    )
