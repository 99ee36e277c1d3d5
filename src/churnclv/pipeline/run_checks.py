"""The coded checks of a run, on validation figures; sealed labels are not read."""

from datetime import datetime

import numpy as np
import pandas as pd

from ..churn.boosted import BoostedChurnModel
from ..evaluation.bootstrap import Interval
from ..evaluation.checks import (
    Check,
    check_baselines,
    check_calibration,
    check_counts,
    check_drift,
    check_edges,
    check_folds,
    check_golden_features,
    check_slices,
    check_time,
)
from ..evaluation.drift import stability_index
from ..evaluation.metrics import Array
from ..features.dataset import Dataset
from ..snapshots.customer_kinds import kind_of
from ..tracking import records
from ..tuning.churn_comparison import SCORE, ChurnComparison
from ..tuning.churn_study import TunedChurn
from ..tuning.settings import Kind
from .run import Run

_NEW_DAYS, _HIGH_SHARE, _MOST_VALUES = 90, 0.1, 5


def check_run(run: Run, data: Dataset, churn: TunedChurn, valid: ChurnComparison) -> list[Check]:
    """Run the checks on labelled rows, choices and the validation comparison, and record them."""
    rows = pd.concat([data.at((fold.valid,)).features for fold in run.data.plan.folds], ignore_index=True)
    truth = np.concatenate([sample.truth for sample in valid.samples])
    chances = np.concatenate([sample.predictions[SCORE] for sample in valid.samples])
    names = run.data.snapshots.training.names
    losses = {name: scores["log_loss"].value for name, scores in valid.figures.figures.items()}
    checks = [
        check_baselines({name: losses[name] - losses[SCORE] for name in valid.baselines}, _simple_difference(valid)),
        check_golden_features(data.features[names], data.churned),
        check_time(_label_ends(run)),
        check_edges(_searched_parameters(churn), _ranges(run, churn)),
        check_calibration(truth, chances),
        check_drift(data.features[names], run.data.snapshots.sealed[names], _validated_drift(run, data, names)),
        check_counts(data.churned, kind_of(run.data.shape).more_with_time),
        check_folds([(sample.truth, sample.predictions[SCORE]) for sample in valid.samples]),
        check_slices(truth, chances, _slices(rows)),
    ]
    page = "".join(f"- {check.line()}\n" for check in checks)
    run.sink.write(records.Text("checks.md", f"# Checks\n\n{page}"))
    run.sink.write(records.Tags({f"check.{check.code}": check.outcome.value for check in checks}))
    return checks


def _simple_difference(valid: ChurnComparison) -> tuple[str, Interval] | None:
    """Return the best simple baseline, and its log-loss minus the score's; None where no interval was drawn."""
    name = valid.simple_baseline
    difference = valid.figures.differences.get(name)
    return None if difference is None else (name, difference["log_loss"])


def _validated_drift(run: Run, data: Dataset, names: list[str]) -> dict[str, float]:
    """Return each feature's stability index between the last fold's training and validation rows."""
    fold = run.data.plan.folds[-1]
    train, valid = (data.at(parts).features[names] for parts in (fold.train, (fold.valid,)))
    return {name: stability_index(train[name], valid[name])[0] for name in names}


def _searched_parameters(churn: TunedChurn) -> dict[str, float]:
    """Return the parameters of the trees, among which the searched ones are."""
    return dict(churn.choice.parameters(BoostedChurnModel.name).get("parameters", {}))


def _ranges(run: Run, churn: TunedChurn) -> dict[str, tuple[float, float, bool]]:
    searched = run.config.tuning.churn if BoostedChurnModel.name in churn.choice.weights else {}
    return {name: (r.low, r.high, r.log) for name, r in searched.items() if r.kind is not Kind.choice}


def _label_ends(run: Run) -> list[tuple[list[datetime], datetime]] | None:
    """Return, fold by fold, the ends of the training label windows, and the validation cutoff."""
    windows, plan = run.config.windows, run.data.plan
    if not kind_of(run.data.shape).has_time:
        return None
    return [([windows.label_end(cutoff) for cutoff in fold.train], fold.valid) for fold in plan.folds]


def _slices(rows: pd.DataFrame) -> dict[str, Array]:
    """Return masks of the validation rows: new customers, customers of high value, and each plan or channel."""
    numbers = [name for name in rows.columns if pd.api.types.is_numeric_dtype(rows[name])]
    slices = {
        f"new customers ({name} up to {_NEW_DAYS})": rows[name] <= _NEW_DAYS
        for name in ("age_days", "contract_age_days")
        if name in numbers
    }
    if "mean_repeat_spend" in numbers:
        spend = rows["mean_repeat_spend"]
        slices["highest tenth of spend"] = spend > spend.quantile(1.0 - _HIGH_SHARE)
    for name in (name for name in rows.columns if name not in (*numbers, "customer_id", "cutoff")):
        for value in rows[name].value_counts().index[:_MOST_VALUES]:
            slices[f"{name} = {value}"] = rows[name] == value
    return {name: np.asarray(mask, dtype=float) for name, mask in slices.items()}
