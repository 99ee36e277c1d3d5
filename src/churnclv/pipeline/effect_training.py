"""A training run on an experiment: what each treatment changes, for whom, and what a policy by effect brings."""

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..bundle.fitted_models import EffectModels
from ..bundle.writer import BundleParts
from ..decision.effect_record import EFFECTS, describe_effects
from ..decision.treatment_gain import TreatmentEconomics
from ..evaluation.effect_evaluation import EffectFigures, ValuedPolicy, evaluate_effects
from ..evaluation.treatment_effects import CONTROL, arm_scores
from ..evaluation.unseen_confounding import Sensitivity, e_values, risk_ratio, robustness_values
from ..features.linear_design import LinearDesign
from ..features.preparation import open_sealed
from ..snapshots.sealed_test import Seal
from ..tracking import records
from ..tracking.effect_summary import EffectSummary
from ..tracking.overview import check_overview, data_overview, quality_notices, render_overview, run_overview
from ..tracking.promotion import LOSS_COLUMN
from ..tracking.summary import PAGE, data_lines, items, render_page, run_lines
from ..uplift.cross_fitting import fit_outcomes
from ..uplift.regressions import LINEAR, is_binary
from ..uplift.uplift_model import UpliftModel
from .effect_rows import EffectRows, learning_rows, sealed_rows
from .entry_result import RESULT, SUMMARY, Trained, describe_result
from .run import Run
from .run_model import RUN_CARD, specify_run


@dataclass(frozen=True)
class LearnedEffects:
    """The models with the rows that they were learned from, and what an effect is worth."""

    models: EffectModels
    rows: EffectRows
    economics: TreatmentEconomics

    @property
    def choices(self) -> dict[str, str]:
        """By treatment, the sentence on how its learner was chosen."""
        return {arm: selection.sentence() for arm, selection in self.models.uplift.selections.items()}


def train_effects(run: Run) -> Trained:
    """Learn the effects on the rows to learn from, open the sealed test once, and conclude."""
    run.describe()
    learned = learn_effects(run)
    _record_learned(run, learned)
    figures, openings = None, 0
    if run.config.windows.opens_seal:
        figures, openings = open_seal(run, learned)
        run.sink.write(records.Metrics({_plain(name): value for name, value in figures.metrics("test").items()}))
        run.sink.write(records.Text(EFFECTS, json.dumps(_describe(run, learned, figures), indent=1)))
    choice = "; ".join(f"{arm}: {sentence}" for arm, sentence in learned.choices.items())
    result = describe_result(run, choice, [], [], openings)
    run.sink.write(records.Text(RESULT, json.dumps(result.as_dict(), indent=1)))
    return Trained(result, _summarise(run, learned, figures, openings))


def _describe(run: Run, learned: LearnedEffects, figures: EffectFigures) -> dict[str, Any]:
    """Return the record of what was learned, for the report."""
    data, chosen = run.config.data, {arm: one.chosen for arm, one in learned.models.uplift.selections.items()}
    binary = learned.models.binary
    return describe_effects(figures, chosen, str(data.outcome), binary=binary, randomised=data.randomised)


def learn_effects(run: Run) -> LearnedEffects:
    """Weigh learners for each treatment, and fit and calibrate them.

    Raises
    ------
    InputError
        The groups have too little in common.
    """
    config, data, arms = run.config, run.data.snapshots.training, run.data.arms
    randomised, seed = config.data.randomised, config.tuning.seed
    binary = is_binary(data.labels["outcome"].to_numpy(dtype=float))
    economics = TreatmentEconomics.of(config.economics, arms, binary=binary)
    rows = learning_rows(data, len(arms) + 1, seed, randomised=randomised)
    uplift = UpliftModel(config.uplift.name, seed=seed, threads=config.churn.threads_for(len(rows.features)))
    run.progress.log(f"Weighing learners of effects for {len(arms)} {'treatment' if len(arms) == 1 else 'treatments'}")
    uplift.fit(rows.features, rows.responses, arms, advance=lambda name: run.progress.log(f"  {name}"))
    models = EffectModels(data.names, uplift, binary, rows.propensities)
    return LearnedEffects(models, rows, economics)


def open_seal(run: Run, learned: LearnedEffects) -> tuple[EffectFigures, int]:
    """Evaluate the frozen models once on the sealed test, and count the opening."""
    data, arms, seed = run.data, run.data.arms, run.config.tuning.seed
    run.progress.log(f"Opening the seal: {data.plan.sealed_name}")
    subject = (data.quality.fingerprint, data.plan.sealed_name)
    seal = Seal(data.snapshots.read_sealed_labels, run.home.seals, subject, run.identity)
    opened = open_sealed(data.snapshots, seal.open())
    run.sink.write(records.Tags({"seal.openings": str(seal.openings)}))
    test = sealed_rows(opened, len(arms) + 1, learned.rows, randomised=run.config.data.randomised)
    outcomes = fit_outcomes(learned.rows.features, learned.rows.responses, LINEAR, seed=seed)
    effects = learned.models.effects(test.features).value
    figures = evaluate_effects(
        test.responses,
        np.column_stack([model.predict(test.features) for model in outcomes]),
        effects,
        arms,
        ValuedPolicy(learned.economics.policy(effects), learned.economics.value, learned.economics.costs),
        seed=seed,
    )
    return figures, seal.openings


def sensitivity_of(learned: LearnedEffects) -> dict[str, Sensitivity]:
    """Return by treatment how strong something unrecorded would have to be, from the rows that were learned from."""
    responses, features = learned.rows.responses, learned.rows.features
    sensitivity = {}
    for number, (name, selection) in enumerate(learned.models.uplift.selections.items(), start=1):
        pair, rows = responses.against_control(number)
        if learned.models.binary:
            sensitivity[name] = e_values(risk_ratio(arm_scores(pair, selection.expected)))
        else:
            columns = LinearDesign().learn(features[rows]).apply(features[rows])
            sensitivity[name] = robustness_values(pair.outcome, (pair.arm != CONTROL).astype(float), columns)
    return sensitivity


def _record_learned(run: Run, learned: LearnedEffects) -> None:
    """Record choices, losses and the fitted models."""
    selections = learned.models.uplift.selections
    choices = {arm: one.frozen().as_dict() for arm, one in selections.items()}
    run.sink.write(records.Text("choices.json", json.dumps({"uplift": choices}, indent=1)))
    losses = {arm: selection.loss for arm, selection in selections.items()}
    metrics = {"valid.effects.loss": float(np.mean([loss.value for loss in losses.values()]))}
    for arm, loss in losses.items():
        metrics |= {f"valid.effects.{arm}.loss{end}": value for end, value in _ends(loss.value, loss.low, loss.high)}
    run.sink.write(records.Metrics({_plain(name): value for name, value in metrics.items()}))
    run.sink.write(records.Table("predictions/valid.parquet", _row_losses(learned)))
    with tempfile.TemporaryDirectory() as name:
        learned.models.save(Path(name))
        run.sink.write(records.Folder("model", Path(name)))
    parameters = {f"uplift.{_plain(arm)}": selection.chosen for arm, selection in selections.items()}
    run.sink.write(records.Model(_parts(run, learned), parameters, "; ".join(map(str, parameters.values()))))


def _ends(value: float, low: float, high: float) -> list[tuple[str, float]]:
    return [("", value), ("_low", low), ("_high", high)]


def _plain(name: str) -> str:
    """Return a name that MLflow takes for a metric, whatever the treatments are called."""
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in "_-. /") else "_" for sign in name)


def _row_losses(learned: LearnedEffects) -> pd.DataFrame:
    """Return the doubly robust loss of each row less that of one effect for everybody, a mean over its treatments."""
    responses = learned.rows.responses
    total, count = np.zeros(len(responses)), np.zeros(len(responses))
    for number, selection in enumerate(learned.models.uplift.selections.values(), start=1):
        _, rows = responses.against_control(number)
        total[rows] += selection.row_losses
        count[rows] += 1.0
    return pd.DataFrame({"row": np.arange(len(total)), LOSS_COLUMN: total / count})


def _parts(run: Run, learned: LearnedEffects) -> BundleParts:
    hidden = ["customer_id", "cutoff", "in_population"]
    return BundleParts(
        models=learned.models,
        specification=specify_run(run),
        profile=run.data.snapshots.sealed.drop(columns=hidden, errors="ignore"),
        card=RUN_CARD.format(experiment=run.experiment, run_id=run.sink.run_id),
        trained=datetime.now(UTC).replace(tzinfo=None),
    )


def _summarise(run: Run, learned: LearnedEffects, figures: EffectFigures | None, openings: int) -> str:
    """Record the page with every table, and return and record the overview that is printed."""
    data = run.config.data
    sensitivity = {} if data.randomised else sensitivity_of(learned)
    summary = EffectSummary(
        str(data.outcome), data.randomised, learned.choices, sensitivity, figures, learned.rows.alone
    )
    has_test = run.config.windows.sealed_test
    finish = (run.experiment, run.sink.run_id, openings, run.progress.seconds)
    notices = (*quality_notices(run.data.quality), *learned.rows.notices())
    page = [
        *data_lines(run.data.quality, run.data.plan),
        *summary.lines(),
        *items(notice.line() for notice in notices),
        *run_lines(run.home.root, *finish, has_test=has_test),
    ]
    run.sink.write(records.Text(PAGE, render_page(f"Run {run.sink.run_id} of {run.experiment}", page)))
    overview = render_overview([
        *data_overview(run.data.quality, run.data.plan),
        *summary.overview(),
        *check_overview([], notices)[2:],
        *run_overview(run.artifacts, *finish, has_test=has_test),
    ])  # fmt: skip
    run.sink.write(records.Text(SUMMARY, overview + "\n"))
    return overview
