"""Holdout errors of the CLV models where the published ones are known: horizons as long as the calibration.

The rule of choice is fixed on the calibration period alone: models of purchases are combined as `clv=auto` combines
them, on three folds that ask what the holdout will ask: windows of half the calibration from cutoffs in its middle.
Labels of such windows are not known early enough for models that learn from labels. The weights are then used for the
whole horizon, which models of purchases answer as they answer any.

    python experiments/benchmarks/holdout.py cdnow_sample
    python experiments/benchmarks/holdout.py grocery --path grocery.csv
"""

import argparse
import importlib.util
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from churnclv.clv.clv_model import ClvModel
from churnclv.clv.settings import ClvSettings
from churnclv.clv.value_baselines import predict_past_rate, predict_zero
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import Events, read_events
from churnclv.data.settings import Columns, DataSettings, Policies, Policy
from churnclv.evaluation.interval_coverage import inside, randomised_coverage
from churnclv.evaluation.metrics import bias, gini, log_loss, mae, msle, plain, rmse
from churnclv.features.preparation import Snapshots, prepare
from churnclv.features.settings import FeatureSettings
from churnclv.progress import Progress
from churnclv.snapshots.customer_kinds import label_windows, members
from churnclv.snapshots.cutoff_plan import Fold
from churnclv.snapshots.history import cut_history
from churnclv.snapshots.settings import WindowSettings
from churnclv.tuning.clv_study import ClvEvidence, TunedClv, tune_clv
from churnclv.tuning.settings import TuningSettings
from churnclv.tuning.study import StudyPlan

CONF = Path(__file__).resolve().parents[2] / "conf"
METRICS = {"MAE": mae, "RMSE": rmse, "MSLE": msle, "bias": bias, "Gini": gini}
BTYD_MODELS = ("bgnbd", "mbgnbd", "mbgcnbd", "pareto_nbd", "bgbb")


@dataclass(frozen=True)
class Case:
    """A log, the cutoff, and how far it looks ahead."""

    settings: DataSettings
    cutoff: datetime
    horizon_days: int


def cdnow_sample(folder: Path) -> Case:
    """Return the 1/10 sample that ships inside `lifetimes`: 39 weeks of calibration, 39 of holdout."""
    origin = Path(importlib.util.find_spec("lifetimes").origin).parent
    path = folder / "sample.txt"
    path.write_text("master customer date units amount\n" + (origin / "datasets" / "CDNOW_sample.txt").read_text())
    columns = Columns(customer_id="customer", timestamp="date", amount="amount")
    kept = Policies(exact_duplicate=Policy.keep)
    return Case(DataSettings(path=str(path), columns=columns, policy=kept), datetime(1997, 10, 1), 273)


def grocery(path: str) -> Case:
    """Return the grocery log, purchases without amounts: 52 weeks of calibration, 52 of holdout."""
    columns = Columns(customer_id="cust", timestamp="date", amount=None)
    return Case(DataSettings(path=path, columns=columns), datetime(2007, 1, 1), 364)


def choose(case: Case, calibration: Events, trials: int) -> tuple[ClvModel, pd.DataFrame, list[str]]:
    """Return the choice fitted at the cutoff, the rows there, and how it was chosen."""
    candidates = ClvSettings().btyd_candidates
    settings = settings_of(ClvSettings, "clv/auto.yaml", candidates=candidates, season="no")
    tuned, snapshots = tune(case, calibration, settings, trials, windows=2, cutoffs=3)
    choice = replace(tuned.model.choice, horizon_days=float(case.horizon_days))
    fitted = ClvModel(choice).fit(snapshots.sealed, tuned.past, snapshots.daily)
    ranked = sorted(tuned.ablation.items(), key=lambda pair: pair[1])
    lines = [
        "fold RMSE of purchases: " + ", ".join(f"{name} {error:.4f}" for name, error in ranked),
        f"probabilities by {choice.base}: {tuned.no_purchase_losses}",
        f"weights {choice.weights}, totals {choice.totals}",
    ]
    return fitted, snapshots.sealed, lines


def tune(
    case: Case, calibration: Events, settings: ClvSettings, trials: int, windows: int, cutoffs: int
) -> tuple[TunedClv, Snapshots]:
    """Choose on windows of a part of the horizon, the last of which ends with the calibration; steps are a twelfth."""
    horizon = case.horizon_days // windows
    known, step = timedelta(days=horizon), timedelta(days=case.horizon_days // 12)
    moments = [case.cutoff - known - back * step for back in range(cutoffs - 1, -1, -1)]
    folds = tuple(Fold(tuple(c for c in moments if c + known <= valid), valid) for valid in moments[-3:])
    snapshots = prepare(calibration, moments, case.cutoff, FeatureSettings(), WindowSettings(horizon_days=horizon))
    tuning = settings_of(TuningSettings, "tuning/default.yaml", n_trials=trials)
    with tempfile.TemporaryDirectory() as name:
        study = StudyPlan("holdout", Path(name) / "optuna.db", {}, tuning)
        evidence = ClvEvidence(snapshots.training, folds, snapshots.daily, horizon, "purchases")
        return tune_clv(evidence, settings, tuning, study, lambda _: None, Progress()), snapshots


def settings_of(kind: type, path: str, **changes: object) -> Any:
    """Return settings as `conf/` has them, changed."""
    layers = [OmegaConf.structured(kind)]
    if path.startswith("clv/"):
        layers.append(OmegaConf.load(CONF / "clv" / "auto.yaml"))
        changes = {"name": Path(path).stem, **changes}
    else:
        layers.append(OmegaConf.load(CONF / path))
    return OmegaConf.to_object(OmegaConf.merge(*layers, changes))


def report(case: Case, trials: int) -> None:
    """Print the table of one case."""
    connection = connect(EngineSettings())
    events = read_events(connection, case.settings)
    before = events.table.filter(events.table.timestamp < case.cutoff)
    calibration = Events(connection, before, events.quality, events.start, case.cutoff, events.has_amount)
    chosen, rows, lines = choose(case, calibration, trials)
    truth = labels(events, case, rows)
    days = float(case.horizon_days)
    models = {name: ClvModel(name=name).fit(rows) for name in BTYD_MODELS} | {f"auto: {chosen.choice.label}": chosen}
    made = truth["purchases"].to_numpy(dtype=float)
    print(
        f"{len(rows):,} customers, {made.sum():,.0f} purchases in {case.horizon_days} days from {case.cutoff:%Y-%m-%d}"
    )
    for target in ("purchases", "spend") if events.has_amount else ("purchases",):
        expected = {"zero": predict_zero(rows), "past_rate": predict_past_rate(rows, days)}
        figures = {name: getattr(values, target) for name, values in expected.items()}
        figures |= {name: getattr(model, f"expected_{target}")(rows, days) for name, model in models.items()}
        print(f"{target:<18}" + "".join(f"{name:>9}" for name in METRICS))
        for name, values in figures.items():
            cells = (plain(metric, truth[target], values) for metric in METRICS.values())
            print(f"{name:<18}" + "".join(f"{cell:>9.3f}" for cell in cells))
    chances = {name: plain(log_loss, made == 0, model.p_no_purchase(rows, days)) for name, model in models.items()}
    print("log-loss of no purchase: " + ", ".join(f"{name} {loss:.4f}" for name, loss in chances.items()))
    print("\n".join(lines))
    intervals, ranks = chosen.intervals(rows, days), chosen.ranks(rows, days, truth)
    for target in ("purchases", "spend") if events.has_amount else ("purchases",):
        interval, levels = intervals[target], chosen.choice.levels[target]
        held = inside(truth[target].to_numpy(dtype=float), interval.low, interval.high).mean()
        width = np.mean(interval.high - interval.low)
        drawn = randomised_coverage(ranks[target], levels)
        print(f"90% intervals of {target}: held {held:.3f}, by randomised ranks {drawn:.3f}, mean width {width:.2f}")


def labels(events: Events, case: Case, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what happened after the cutoff, in the order of the rows."""
    seen = members(cut_history(events.table, (case.cutoff,)), WindowSettings())
    table = label_windows(events.table, seen, (case.cutoff,), WindowSettings(horizon_days=case.horizon_days)).execute()
    return table.set_index("customer_id").loc[rows["customer_id"]].reset_index()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=["cdnow_sample", "grocery"])
    parser.add_argument("--path", help="the grocery log: CSV with columns cust and date")
    parser.add_argument("--trials", type=int, default=30, help="trials of the search (default 30)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        report(cdnow_sample(Path(name)) if given.case == "cdnow_sample" else grocery(given.path), given.trials)
