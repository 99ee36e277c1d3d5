"""Monitoring from top to bottom: a log of today and the history of scorings in, one page with lights out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ..bundle.log_profile import LOG_PROFILE, RECENT_DAYS, describe_log
from ..bundle.profile_comparison import PROFILE
from ..bundle.pyfunc import verify
from ..bundle.scoring_moment import holds_everybody
from ..bundle.specification import BundleSpecification, read_specification
from ..data.settings import DataSettings
from ..evaluation.bootstrap import Interval
from ..evaluation.metrics import auc, plain
from ..files import read_json
from ..monitoring.batch_drift import SCORE, measure_drift, report_drift
from ..monitoring.data_changes import compare_logs
from ..monitoring.finding import Finding, Light, Part, worst
from ..monitoring.kept_promises import (
    Outcome,
    evaluate_outcomes,
    evaluate_scoring,
    join_outcomes,
    read_promises,
    report_pending,
    report_promises,
)
from ..monitoring.label_free import estimate_performance, expected_auc, report_estimate
from ..monitoring.monitoring_page import Subject, render_page
from ..monitoring.scoring_history import LISTED, StoredScoring, list_scorings, of_lineage
from ..notices import Notice
from ..progress import Progress
from ..tracking import records
from ..tracking.home import Home
from ..tracking.registry import RunFacts, run_behind
from ..tracking.sink import open_run
from .kind_steps import steps_of
from .lineage import Opened, compare_with_bundle, open_churn_bundle
from .scoring_record import monitoring_experiment
from .settings import MonitorConfig

_YEAR_DAYS = 364  # 52 weeks: the same weekdays
_SEASON_DAYS = 15  # a scoring so near to a year ago is of the same season
_EARLY_SHARE = 0.25  # of the horizon, after which a ranking so far is shown
_ALARMING = ("other_data", "totals_differ")  # notices that need attention; the others are to be watched


@dataclass(frozen=True)
class Batch:
    """Today's customers: the bundle, its settings as this code reads them, feature rows, scores and their moment.

    `moment` is None for a labelled table.
    """

    opened: Opened
    specification: BundleSpecification
    data: DataSettings
    rows: pd.DataFrame
    scores: pd.DataFrame
    moment: datetime | None

    @property
    def eligible(self) -> pd.DataFrame:
        """Features, values and churn scores of the population, as a bundle's profile describes them."""
        scorer, inside = self.opened.scorer, self.rows["in_population"].astype(bool)
        chosen = self.rows[inside].reset_index(drop=True)
        score = self.scores.loc[inside.to_numpy(), "churn_score"].to_numpy(dtype=float)
        chosen = chosen.assign(**{SCORE: score})
        return scorer.model_rows(chosen) if hasattr(scorer, "model_rows") else chosen


@dataclass(frozen=True)
class Examination:
    """What monitoring gives: the batch, its findings, and the page."""

    batch: Batch
    findings: list[Finding]
    page: str


def monitor(config: MonitorConfig, progress: Progress, write_line: Callable[[str], None]) -> bool:
    """Compare today's log with the bundle's, evaluate past scorings, print the page and record it in MLflow.

    Parameters
    ----------
    config
        The configuration.
    progress
        Where steps are announced.
    write_line
        Takes the page.

    Returns
    -------
    bool
        Whether a line needs attention.

    Raises
    ------
    InputError
        There is no bundle, or the file does not fit it.
    """
    examination = examine(config, progress)
    write_line(examination.page)
    return worst(examination.findings) == Light.act


def examine(config: MonitorConfig, progress: Progress) -> Examination:
    """Return the findings on today's log and on past scorings, recorded in MLflow."""
    home = Home.of(config.tracking)
    progress.log(f"Reading {config.input}")
    opened = open_churn_bundle(config, home)
    progress.log(opened.line)
    batch, share = score_batch(opened, config), config.monitoring.false_alarm_share
    progress.log(f"Comparing {len(batch.scores):,} customers with the bundle's profile")
    history = _history(batch, home)
    findings = [*_data(batch, share), *_drift(batch, history, share)]
    progress.log(f"Joining outcomes of {len(history):,} past scorings")
    outcomes, pending = evaluate_history(batch, history, home)
    findings += report_promises(outcomes, _promises(home, outcomes), share) + pending
    findings += [] if outcomes or pending else [_no_promise(batch, history)]
    findings += _estimate(batch, outcomes, run_behind(home, batch.specification.run_id))
    page = render_page(_subject(batch), findings, config.language)
    _record(batch, findings, page, home)
    return Examination(batch, findings, page)


def score_batch(opened: Opened, config: MonitorConfig) -> Batch:
    """Score the customers of a log as of today."""
    specification = read_specification(opened.scorer.folder)
    rows = opened.scorer.features(opened.events, config.as_of)
    scores = opened.scorer.score(rows)
    cutoff = rows["cutoff"].iloc[0] if len(rows) else pd.NaT
    data = replace(specification.data, builtin=None, path=config.input)
    return Batch(opened, specification, data, rows, scores, None if pd.isna(cutoff) else cutoff.to_pydatetime())


def _history(batch: Batch, home: Home) -> list[StoredScoring]:
    """Return the past scorings by versions of the same model that were made as of an earlier day."""
    source = batch.opened.source
    bundle = source.manifest or verify(source.folder)
    scorings = of_lineage(list_scorings(home), source.model, bundle)
    return [
        stored
        for stored in scorings
        if batch.moment is None or (stored.scoring.as_of is not None and stored.scoring.moment <= batch.moment)
    ]


def _data(batch: Batch, false_alarm_share: float) -> list[Finding]:
    """Return the lines on the data: the log against the bundle's, and the notices of scoring."""
    opened, scorer = batch.opened, batch.opened.scorer
    notices = (*compare_with_bundle(scorer, opened.events), *scorer.notices(opened.events, batch.rows, batch.scores))
    lines = [_notice_line(notice) for notice in (*opened.events.quality.notices, *notices)]
    if batch.moment is None:
        return lines
    stored = scorer.folder / LOG_PROFILE
    if not stored.is_file():
        return [Finding(Part.data, Light.unknown, "data.no_profile"), *lines]
    reference, start = read_json(stored), opened.events.start
    recent = describe_log(opened.events, batch.moment, reference["days"])
    past = batch.moment - timedelta(days=_YEAR_DAYS)
    is_held = start + timedelta(days=reference["days"]) <= past
    season = describe_log(opened.events, past, reference["days"]) if is_held else None
    whole = holds_everybody(batch.specification, opened.events)
    return [*compare_logs(reference, recent, false_alarm_share, season, is_whole=whole), *lines]


def _notice_line(notice: Notice) -> Finding:
    light = Light.act if notice.code in _ALARMING else Light.watch
    return Finding(Part.data, light, "data.notice", {"name": notice.code, "text": notice.message})


def _drift(batch: Batch, history: Sequence[StoredScoring], false_alarm_share: float) -> list[Finding]:
    eligible, profile = batch.eligible, read_json(batch.opened.scorer.folder / PROFILE)
    drifts = measure_drift(profile, eligible, false_alarm_share, _season_profile(batch, history))
    return report_drift(drifts, len(eligible))


def _season_profile(batch: Batch, history: Sequence[StoredScoring]) -> Mapping[str, Any] | None:
    """Return the profile of the scoring nearest to a year before, if one is near."""
    if batch.moment is None:
        return None
    past = batch.moment - timedelta(days=_YEAR_DAYS)
    distances = [(abs((stored.scoring.moment - past).days), place) for place, stored in enumerate(history)]
    near = [pair for pair in distances if pair[0] <= _SEASON_DAYS]
    return history[min(near)[1]].scoring.profile if near else None


def evaluate_history(batch: Batch, history: Sequence[StoredScoring], home: Home) -> tuple[list[Outcome], list[Finding]]:
    """Return the outcomes of the past scorings whose labels are known, and the lines of the others.

    Labels are read with the settings of the scoring, from events before the batch's moment alone.
    """
    outcomes, pending = [], []
    for stored in history:
        scoring = stored.scoring
        if batch.moment is not None and scoring.label_windows.label_available(scoring.moment) > batch.moment:
            pending.append(_pending_line(batch, stored, home))
            continue
        labels = steps_of(batch.specification.data.shape).outcomes(batch.opened.events, scoring, batch.data, home)
        if labels is not None:
            scores = stored.scores()
            plainly = scores.loc[~scores[LISTED].to_numpy(dtype=bool), "churn_score"].to_numpy(dtype=float)
            expected = expected_auc(plainly) if len(plainly) else float("nan")
            outcomes.append(evaluate_scoring(scoring, scores, labels, expected))
    return outcomes, pending


def _pending_line(batch: Batch, stored: StoredScoring, home: Home) -> Finding:
    """Return the line of a scoring whose horizon has not passed, with the AUC of leaving so far."""
    scoring, until = stored.scoring, batch.moment or stored.scoring.moment
    passed, whole = ((end - scoring.moment).days for end in (until, scoring.label_windows.label_end(scoring.moment)))
    early: dict[str, Interval] = {}
    if passed >= max(_EARLY_SHARE * whole, 1) and scoring.label_windows.grace_days == 0:
        windows = {**scoring.windows, "horizon_days": passed, "horizon_months": None, "step_months": None}
        sooner = replace(scoring, windows=windows, horizon_days=float(passed))
        labels = steps_of(batch.specification.data.shape).outcomes(batch.opened.events, sooner, batch.data, home)
        if labels is not None:
            early = evaluate_outcomes(join_outcomes(stored.scores(), labels))
    return report_pending(scoring, until, early)


def _promises(home: Home, outcomes: Sequence[Outcome]) -> dict[str, dict[str, Interval]]:
    """Return what the runs behind past scorings promised."""
    runs = {outcome.scoring.run_id for outcome in outcomes}
    facts = {run_id: run_behind(home, run_id) for run_id in runs}
    return {run_id: read_promises(run.metrics)[1] for run_id, run in facts.items() if run is not None}


def _no_promise(batch: Batch, history: Sequence[StoredScoring]) -> Finding:
    if history:
        return Finding(Part.promises, Light.unknown, "promises.no_outcomes", {"name": batch.data.target})
    return Finding(Part.promises, Light.unknown, "promises.none")


def _estimate(batch: Batch, outcomes: Sequence[Outcome], run: RunFacts | None) -> list[Finding]:
    """Return the lines on performance today; past errors are those of the validation folds and of past scorings."""
    scores = batch.scores["churn_score"].dropna().to_numpy(dtype=float)
    promised = None if run is None else read_promises(run.metrics)[1].get("churn.auc")
    past = [
        outcome.expected_auc - outcome.figures["churn.auc"].value
        for outcome in outcomes
        if "churn.auc" in outcome.figures and np.isfinite(outcome.expected_auc)
    ]
    errors = [*_validation_errors(run), *past]
    estimate = estimate_performance(scores, errors) if len(scores) else None
    return report_estimate(estimate, len(scores), promised, len(past))


def _validation_errors(run: RunFacts | None) -> list[float]:
    """Return the error of the estimate on each validation fold of a run; none if its predictions are gone."""
    path = None if run is None else run.artifacts / "predictions" / "valid.parquet"
    if path is None or not path.is_file():
        return []
    rows = pd.read_parquet(path, columns=["cutoff", "churn.score", "churned"])
    errors = [
        expected_auc(fold["churn.score"].to_numpy(dtype=float)) - plain(auc, fold["churned"], fold["churn.score"])
        for _, fold in rows.groupby("cutoff", dropna=False)
    ]
    return [error for error in errors if np.isfinite(error)]


def _subject(batch: Batch) -> Subject:
    source = batch.opened.source
    name = f"{source.model} {source.version}" if source.model else batch.specification.data.name
    day = None if batch.moment is None else f"{batch.moment:%Y-%m-%d}"
    days = None if batch.moment is None else RECENT_DAYS
    return Subject(name, day, batch.specification.fitted_through, len(batch.scores), days)


def _record(batch: Batch, findings: Sequence[Finding], page: str, home: Home) -> None:
    """Record the page and its figures as a run of MLflow; none has a customer id."""
    day = None if batch.moment is None else f"{batch.moment:%Y-%m-%d}"
    with open_run(home.made(), monitoring_experiment(batch.opened), f"monitor {day or 'table'}") as sink:
        tags = {"kind": "monitor", "light": worst(findings).name, "run_id": batch.specification.run_id}
        sink.write(records.Tags(tags | ({} if day is None else {"as_of": day})))
        for finding in findings:
            if finding.metrics:
                sink.write(records.Metrics(finding.metrics))
        counts = {f"lines.{light.name}": float(sum(one.light == light for one in findings)) for light in Light}
        sink.write(records.Metrics(counts))
        sink.write(records.Text("monitor.txt", page + "\n"))
