"""A training run from top to bottom: each step takes values and returns values, and its records are written here."""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..bundle.valuation import Valuation
from ..churn.ensemble import ChurnModel, fit_member
from ..churn.log_odds import expit
from ..churn.no_purchase import COLUMN as NO_PURCHASE
from ..data.paths import input_paths, set_aside_outputs
from ..decision.campaign import Campaign
from ..evaluation import plots as figures
from ..evaluation.bootstrap import Scores
from ..evaluation.check import Check
from ..evaluation.maximum_profit import empc
from ..evaluation.metrics import Array
from ..features.dataset import Dataset
from ..features.preparation import open_sealed
from ..hackathon.result import Result
from ..outputs import guard
from ..progress import Progress
from ..snapshots.customer_kinds import kind_of
from ..snapshots.sealed_test import Seal
from ..tracking import records
from ..tracking.comparison_records import churn_records, prediction_table
from ..tracking.home import Home
from ..tracking.overview import (
    campaign_overview,
    check_overview,
    churn_overview,
    data_overview,
    quality_notices,
    render_overview,
    run_overview,
)
from ..tracking.registry import find_twin
from ..tracking.sink import open_run, restore_experiment
from ..tracking.summary import (
    PAGE,
    check_lines,
    churn_choice_lines,
    churn_lines,
    data_lines,
    items,
    render_page,
    run_lines,
    sign_lines,
    weight_lines,
)
from ..tuning.churn_comparison import SCORE, ChurnComparison, ChurnPredictions, compare_churn
from ..tuning.churn_study import ChurnEvidence, TunedChurn, tune_churn
from .campaign_evaluation import CampaignPlan, evaluate_sealed_campaign, plan_campaign
from .dataset_building import BuiltDataset
from .effect_training import train_effects
from .entry_result import RESULT, SUMMARY, Trained, check_custom_code, describe_result, hand_in, repeat_result
from .kind_steps import data_steps_of, steps_of
from .kind_steps.steps import NOT_EVALUATED, FittedValues, TunedValues, ValueEvaluation
from .risk_rule_evaluation import RuleEvaluation, evaluate_sealed_rules, learn_risk_rules
from .run import Run, name_run, title_run
from .run_checks import check_run
from .run_model import describe_model
from .settings import TrainConfig


@dataclass(frozen=True)
class Recorded:
    """A recorded run: its id in MLflow, and its summary with the next command."""

    run_id: str
    text: str


def train(config: TrainConfig, overrides: list[str], progress: Progress) -> Recorded:
    """Train the models in a recorded run, or repeat the result of an earlier run of the same data and choices.

    Parameters
    ----------
    config
        The configuration.
    overrides
        The command line's choices, for the run's title and its record.
    progress
        Where steps are announced.

    Returns
    -------
    Recorded
        The run, and its summary with the next command.

    Raises
    ------
    InputError
        The data or the configuration are at fault.
    """
    home = Home.of(config.tracking).made()
    guard(set_aside_outputs(config.data), {**input_paths(config.data), **home.kept})
    experiment = config.tracking.experiment or config.data.name
    for notice in restore_experiment(home, experiment):
        progress.log(notice.line())
    data = build_dataset(config, home, progress)
    config = replace(config, windows=data.windows)
    check_custom_code(config, data)
    twin = None if config.tracking.repeat else find_twin(home, name_run(config, data).run, (RESULT, SUMMARY))
    if twin is not None:
        return Recorded(twin.run_id, f"{repeat_result(config, twin)}\n")
    progress.log(f"Starting a run in {home.root}")
    with open_run(home, experiment, title_run(config, overrides)) as sink:
        run = Run(config, data, home, sink, progress, experiment, overrides)
        trained = train_models(run) if kind_of(config.data.shape).leaves else train_effects(run)
    return Recorded(sink.run_id, f"{trained.summary}\n{hand_in(config, trained.result)}")


def build_dataset(config: TrainConfig, home: Home, progress: Progress) -> BuiltDataset:
    """Read the data, plan the cutoffs, and build features; the sealed labels are not read."""
    progress.log(f"Reading {config.data.name}")
    return data_steps_of(config.data.shape).build_dataset(config, home, progress)


def train_models(run: Run) -> Trained:
    """Tune on the validation folds, refit the frozen choices, open the sealed test once, and conclude."""
    run.describe()
    values = tune_values(run)
    rows = labelled_rows(run, values)
    churn = tune_churn_model(run, rows, values)
    valid = validate(run, rows, values, churn)
    fitted = refit(run, rows, values, churn)
    test = open_seal(run, rows, churn, valid, fitted) if run.config.windows.opens_seal else SEALED
    result = conclude(run, values, churn, valid, test)
    return Trained(result, summarise(run, values, churn, valid, fitted, test))


def tune_values(run: Run) -> TunedValues[Any]:
    """Choose how customers are valued, on the folds."""
    values = steps_of(run.data.shape).tune(run)
    if values.metrics:
        run.sink.write(records.Metrics(values.metrics))
    return values


def labelled_rows(run: Run, values: TunedValues[Any]) -> Dataset:
    """Return the labelled rows, with the value models' columns, which the churn model sees if the settings want it."""
    data = run.data.snapshots.training
    if values.columns is None:
        return data
    return data.with_columns(values.columns, seen=run.config.churn.btyd_columns)


def tune_churn_model(run: Run, rows: Dataset, values: TunedValues[Any]) -> TunedChurn:
    """Choose the churn model's members, parameters, weights and calibration on the folds."""
    config, terms = run.config, Campaign(run.config.economics).terms
    column = steps_of(run.data.shape).chance_column
    horizon = float(run.data.horizon_days) if column == NO_PURCHASE else None  # rows have purchase histories

    def profit(truth: Array, chances: Array) -> float:
        """Return EMPC: the profit of the best share to contact, in currency per customer."""
        return empc(truth, chances, config.economics.value_for_all, terms).profit

    churn = tune_churn(
        ChurnEvidence(rows, run.data.plan.folds, column, profit, values.season_shifts, horizon),
        config.churn,
        run.study("churn", config.tuning.churn),
        lambda trial: run.write_trial("churn", trial),
        run.progress,
    )
    ablation = {f"ablation.churn.{name}": loss for name, loss in churn.ablation.items()}
    losses = {f"calibration.{name}.log_loss": loss for name, loss in churn.calibration_losses.items()}
    importance = {f"importance.churn.{name}": share for name, share in churn.importance.items()}
    run.sink.write(records.Metrics(ablation | losses | importance))
    return churn


@dataclass(frozen=True)
class Validated:
    """What the validation folds show: of the churn score, of the values, of a campaign and of risk rules."""

    churn: ChurnComparison
    values: ValueEvaluation
    campaign: CampaignPlan
    rules: RuleEvaluation
    checks: list[Check]


def validate(run: Run, rows: Dataset, values: TunedValues[Any], churn: TunedChurn) -> Validated:
    """Evaluate the choices and the baselines on the validation folds, and check them."""
    run.progress.log("Evaluating the choices and the baselines on the validation folds")
    steps, parts = steps_of(run.data.shape), [fold.valid for fold in run.data.plan.folds]
    comparison = compare_folds(run, rows, values, churn)
    _write(run, records.Text("choices.json", json.dumps(choices_of(values, churn), indent=1)))
    _write(run, records.Table("predictions/valid.parquet", prediction_table(parts, comparison)))
    _write(run, *churn_records(comparison, "valid"))
    run.progress.log("Evaluating the values of customers on the validation folds")
    of_values = steps.validate(run, values)
    _write(run, *of_values.records)
    plan = plan_campaign(comparison, Campaign(run.config.economics).terms, run.config.tuning.seed)
    _write(run, *plan.records("valid"))
    run.progress.log("Learning risk rules and running the checks")
    rules = learn_risk_rules(rows, run.data.plan.folds[-1], run.data.snapshots.training.names)
    _write(run, *rules.records("valid"))
    reasons = steps.cancellation_reasons(run)
    if reasons is not None:
        _write(run, records.Table("cancellation_reasons.parquet", reasons))
    return Validated(comparison, of_values, plan, rules, check_run(run, rows, churn, comparison))


def choices_of(values: TunedValues[Any], churn: TunedChurn) -> dict[str, Any]:
    """Return all that the folds chose, for JSON; a refit starts from it."""
    return {"churn": churn.choice.as_dict(), **values.choices}


def compare_folds(run: Run, rows: Dataset, values: TunedValues[Any], churn: TunedChurn) -> ChurnComparison:
    """Compare the out-of-fold churn scores with the members and the baselines."""
    predictions = []
    for place, fold in enumerate(run.data.plan.folds):
        train, valid = rows.at(fold.train), rows.at((fold.valid,))
        members = {name: folds[place] for name, folds in churn.members.items()}
        predictions.append(_predict(run, train, valid, churn.fold_scores[place], values.folds[place], members))
    terms = Campaign(run.config.economics).terms
    return compare_churn(predictions, terms, run.config.tuning.seed, drawn=list(churn.members))


def _predict(
    run: Run, train: Dataset, rows: Dataset, scores: Array, valuation: Valuation, members: dict[str, Array]
) -> ChurnPredictions:
    """Return the churn probabilities by all models, and the customers' values if they stay."""
    chances = members | steps_of(run.data.shape).chances(valuation, rows)
    stakes = valuation.values_if_staying(rows.features)
    values = Campaign(run.config.economics).values_at_stake(stakes, len(rows))
    return ChurnPredictions(train, rows, scores, chances, values)


@dataclass(frozen=True)
class Refitted:
    """The frozen choices, fitted on all labels known by the sealed test."""

    churn: ChurnModel
    values: FittedValues[Any]


def refit(run: Run, rows: Dataset, values: TunedValues[Any], churn: TunedChurn) -> Refitted:
    """Fit the frozen choices on all labels known by the sealed cutoff."""
    run.progress.log("Refitting on all labels known by the sealed test")
    model = churn.model(run.config.churn.threads_for(len(rows)))
    fitted, latest = steps_of(run.data.shape).fit(run, values), run.data.snapshots.sealed
    predicted = pd.concat([latest, fitted.valuation.columns(latest)], axis=1)
    run.progress.log("Refitting the churn model")
    model.fit(rows.features, rows.churned, rows.names, predicted)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model.save(folder)
        fitted.valuation.save(folder)
        _write(run, records.Folder("model", folder))
    _write(run, *fitted.records)
    _write(run, describe_model(run, model, fitted.valuation, choices_of(values, churn), values.sentence))
    if gains := model.gains():
        importance = figures.draw_importance(gains, "What the churn model looks at")
        _write(run, records.Drawing("figures/feature_importance.svg", importance))
    return Refitted(model, fitted)


@dataclass(frozen=True)
class SealedTest:
    """The frozen models on the sealed test; without a comparison where it stays closed."""

    churn: ChurnComparison | None = None
    values: ValueEvaluation = NOT_EVALUATED
    campaign: CampaignPlan | None = None
    rules: RuleEvaluation | None = None
    openings: int = 0


SEALED = SealedTest()


def open_seal(run: Run, rows: Dataset, churn: TunedChurn, valid: Validated, fitted: Refitted) -> SealedTest:
    """Evaluate the frozen models once on the sealed test, and count the opening."""
    data, config, valuation = run.data, run.config, fitted.values.valuation
    run.progress.log(f"Opening the seal: {data.plan.sealed_name}")
    subject = (data.quality.fingerprint, data.plan.sealed_name)
    seal = Seal(data.snapshots.read_sealed_labels, run.home.seals, subject, run.identity)
    plain = open_sealed(data.snapshots, seal.open())
    sealed = replace(plain.with_columns(valuation.columns(plain.features)), names=rows.names)
    scores, members = fitted.churn.predict(sealed.features), predict_members(run, rows, churn, fitted.churn, sealed)
    terms, seed = Campaign(config.economics).terms, config.tuning.seed
    run.progress.log("Comparing churn scores on the sealed test")
    comparison = compare_churn([_predict(run, rows, sealed, scores, valuation, members)], terms, seed)
    _write(run, records.Tags({"seal.openings": str(seal.openings)}))
    _write(run, records.Table("predictions/test.parquet", prediction_table([data.plan.sealed], comparison)))
    _write(run, *churn_records(comparison, "test"))
    plan = evaluate_sealed_campaign(valid.campaign, comparison, terms, seed)
    _write(run, *plan.records("test"))
    of_values = steps_of(data.shape).evaluate(run, fitted.values, plain, valid.values)
    _write(run, *of_values.records)
    rules = evaluate_sealed_rules(valid.rules, sealed)
    _write(run, *rules.records("test"))
    return SealedTest(comparison, of_values, plan, rules, seal.openings)


def predict_members(run: Run, rows: Dataset, churn: TunedChurn, model: ChurnModel, sealed: Dataset) -> dict[str, Array]:
    """Return the probabilities of every member; those without weight in the blend are its baselines."""
    members = dict(model.members)
    threads = run.config.churn.threads_for(len(rows))
    for name in churn.members.keys() - members.keys():
        member = churn.choice.member(name, threads)
        members[name] = fit_member(member, rows.features, rows.churned, rows.names, sealed.features)
    return {name: expit(members[name].log_odds(sealed.features)) for name in churn.members}


def conclude(run: Run, values: TunedValues[Any], churn: TunedChurn, valid: Validated, test: SealedTest) -> Result:
    """Return, and record, the figures by which other runs compare themselves with this one."""
    comparisons = [
        *_churn_scores("valid", valid.churn),
        *_churn_scores("test", test.churn),
        *valid.values.scores("valid"),
        *test.values.scores("test"),
    ]
    choice = "; ".join(part for part in (churn.choice.sentence, values.sentence) if part)
    result = describe_result(run, choice, valid.checks, comparisons, test.openings)
    _write(run, records.Text(RESULT, json.dumps(result.as_dict(), indent=1)))
    return result


def _churn_scores(when: str, comparison: ChurnComparison | None) -> list[tuple[str, Scores, str]]:
    scores = [] if comparison is None else [comparison.figures, comparison.profit]
    return [(f"{when}.churn", part, SCORE) for part in scores]


def summarise(
    run: Run, values: TunedValues[Any], churn: TunedChurn, valid: Validated, fitted: Refitted, test: SealedTest
) -> str:
    """Record the page with every table, and return and record the overview that is printed."""
    plan, rules = test.campaign or valid.campaign, test.rules or valid.rules
    steps, has_test = steps_of(run.data.shape), run.config.windows.sealed_test
    finish = (run.experiment, run.sink.run_id, test.openings, run.progress.seconds)
    page = [
        *data_lines(run.data.quality, run.data.plan),
        *churn_lines(valid.churn, test.churn, run.data.plan.horizon_text),
        *churn_choice_lines(churn.choice, churn.ablation, churn.calibration_losses),
        *weight_lines(churn.importance),
        *items(plan.lines()),
        *sign_lines(rules.what, rules.valid, rules.test),
        *steps.lines(run, values, fitted.values, valid.values, test.values),
        *check_lines(valid.checks),
        *run_lines(run.home.root, *finish, has_test=has_test),
    ]
    _write(run, records.Text(PAGE, render_page(f"Run {run.sink.run_id} of {run.experiment}", page)))
    notices = (*quality_notices(run.data.quality), *steps.notices(values, fitted.values))
    overview = render_overview(
        [
            *data_overview(run.data.quality, run.data.plan),
            *churn_overview(churn.choice, valid.churn, test.churn, run.data.plan.horizon_text),
            *steps.overview(run, values, valid.values, test.values),
            *campaign_overview(plan.lines()[:-1]),
            *check_overview(valid.checks, notices),
            *run_overview(run.artifacts, *finish, has_test=has_test),
        ]
    )
    _write(run, records.Text(SUMMARY, overview + "\n"))
    return overview


def _write(run: Run, *written: records.Record) -> None:
    for record in written:
        run.sink.write(record)
