"""The coded checks of a run, on validation figures; sealed labels are not read."""

from datetime import datetime

import pandas as pd

from ..churn.boosted import BoostedChurnModel
from ..evaluation.bootstrap import Interval
from ..evaluation.check import Check, Evidence, Outcome
from ..evaluation.checks import run_checks
from ..features.dataset import Dataset
from ..snapshots.customer_kinds import kind_of
from ..tracking import records
from ..tuning.churn_comparison import SCORE, ChurnComparison
from ..tuning.churn_study import TunedChurn
from ..tuning.settings import Kind
from .run import Run


def check_run(run: Run, data: Dataset, churn: TunedChurn, valid: ChurnComparison) -> list[Check]:
    """Run the checks on labelled rows, choices and the validation comparison, and record them.

    Raises:
        InputError: a check of a user's file fails.
    """
    checks = run_checks(_evidence(run, data, churn, valid))
    run.sink.write(records.Text("checks.md", "# Checks\n\n" + "".join(map(_paragraph, checks))))
    run.sink.write(records.Tags({f"check.{check.code}": check.outcome.value for check in checks}))
    return checks


def _paragraph(check: Check) -> str:
    """Return a check for the page: of one that failed, its severity and why it matters too."""
    why = f"  - {check.severity.value}: {check.why}\n" if check.outcome is Outcome.failed else ""
    return f"- {check.line()}\n{why}"


def _evidence(run: Run, data: Dataset, churn: TunedChurn, valid: ChurnComparison) -> Evidence:
    names, folds = run.data.snapshots.training.names, run.data.plan.folds
    losses = {name: scores["log_loss"].value for name, scores in valid.figures.figures.items()}
    train, last = (data.at(parts).features[names] for parts in (folds[-1].train, (folds[-1].valid,)))
    return Evidence(
        features=data.features[names],
        churned=data.churned,
        scored=run.data.snapshots.sealed[names],
        rows=pd.concat([data.at((fold.valid,)).features for fold in folds], ignore_index=True),
        folds=[(sample.truth, sample.predictions[SCORE]) for sample in valid.samples],
        last_fold=(train, last),
        label_ends=_label_ends(run),
        differences={name: losses[name] - losses[SCORE] for name in valid.baselines},
        simple=_simple_difference(valid),
        parameters=_searched_parameters(churn),
        ranges=_ranges(run, churn),
        longer_horizon=kind_of(run.data.shape).more_with_time,
    )


def _simple_difference(valid: ChurnComparison) -> tuple[str, Interval] | None:
    """Return the best simple baseline, and its log-loss minus the score's; None where no interval was drawn."""
    name = valid.simple_baseline
    difference = valid.figures.differences.get(name)
    return None if difference is None else (name, difference["log_loss"])


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
