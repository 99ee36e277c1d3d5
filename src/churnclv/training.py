"""The steps of a training run, each of which tells the run's sink what it did."""

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from .churn.boosted import BoostedChurnModel
from .clv.model import ClvModel
from .config import TrainConfig
from .data.events import Events
from .evaluation import figures
from .evaluation.metrics import Array
from .features.preparation import Snapshots, count_weekly, open_sealed
from .files import digest
from .progress import Progress
from .snapshots.plan import Plan
from .snapshots.seal import Seal
from .tracking import records
from .tracking.board import board_records, flatten, prediction_table
from .tracking.home import Home
from .tracking.portraits import draw_model
from .tracking.provenance import code_commit, code_digest, library_versions
from .tracking.sink import Sink
from .tracking.summary import (
    calibration_line_of,
    choice_lines,
    data_lines,
    difference_line,
    run_lines,
    score_lines,
    value_lines,
)
from .tuning.churn import TunedChurn, tune_churn
from .tuning.clv import ClvEvidence, TunedClv, tune_clv
from .tuning.scoreboard import CHURN_MODEL, Judged, Scoreboard, judge, predict
from .tuning.settings import Range
from .tuning.study import StudyPlan, TrialRecord


@dataclass(frozen=True)
class Fitted:
    """Both models, and the plain formulas beside them, fitted on what was known at one cutoff."""

    churn: BoostedChurnModel
    choices: TunedChurn
    clv: ClvModel
    formulas: tuple[ClvModel, ...]

    def churn_scores(self, features: pd.DataFrame) -> Array:
        """Return calibrated churn scores, shape (n,)."""
        return self.choices.calibrator.predict(self.churn.predict(features))


@dataclass
class Training:
    """One run: its configuration, its data, and where its records go."""

    config: TrainConfig
    events: Events
    plan: Plan
    snapshots: Snapshots
    home: Home
    sink: Sink
    progress: Progress
    experiment: str
    openings: int = field(default=0, init=False)
    identity: str = field(init=False)
    snapshot_fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        """Name the run by what can change its result."""
        quality = self.events.quality
        chosen = self.config.as_dict()
        self.identity = self.config.identity(quality.fingerprint, code_digest())
        population = {name: chosen["windows"][name] for name in ("active_days", "min_purchases")}
        self.snapshot_fingerprint = digest(quality.fingerprint, self.plan.as_dict(), population)

    def describe(self) -> None:
        """Record choices, data, windows and code."""
        from omegaconf import OmegaConf

        quality, chosen = self.events.quality, self.config.as_dict()
        self.sink.write(records.Params(flatten(chosen)))
        self.sink.write(records.Tags(self._facts()))
        profile = {"rows": quality.rows_kept, "customers": quality.customers, "orders": quality.orders}
        source = Path(quality.origin).name
        self.sink.write(records.Input(self.config.data.name, quality.fingerprint, source, profile))
        self.sink.write(records.Text("quality.md", quality.to_markdown()))
        self.sink.write(records.Text("quality.json", json.dumps(quality.as_dict(), indent=1)))
        self.sink.write(records.Text("config.yaml", OmegaConf.to_yaml(OmegaConf.create(chosen))))

    def _facts(self) -> dict[str, str]:
        quality = self.events.quality
        plan = {f"plan.{name}": str(value) for name, value in self.plan.as_dict().items()}
        versions = {f"version.{name}": value for name, value in library_versions().items()}
        return {
            "kind": "train",
            "entry": "default",
            "identity": self.identity,
            "data.fingerprint": quality.fingerprint,
            "data.input_fingerprint": quality.input_fingerprint,
            "snapshot.fingerprint": self.snapshot_fingerprint,
            "code.commit": code_commit(),
            "code.digest": code_digest(),
            "engine": self.config.engine.name,
            **plan,
            **versions,
        }

    def _study(self, name: str, ranges: dict[str, Range]) -> StudyPlan:
        study = f"{self.experiment}/{name}/{self.identity}"
        return StudyPlan(study, self.home.studies, ranges, self.config.tuning)

    def _write_trial(self, study: str, trial: TrialRecord) -> None:
        folds = {f"fold_{step}": value for step, value in trial.folds.items()}
        value = {} if trial.value is None else {"value": trial.value}
        numbers = {name: float(v) for name, v in trial.attributes.items() if isinstance(v, int | float)}
        found = records.Trial(
            study,
            trial.number,
            trial.state,
            trial.parameters,
            {**folds, **value, **numbers},
            trial.started,
            trial.ended,
        )
        self.sink.write(found)

    def tune_clv(self) -> TunedClv:
        """Choose the CLV model, its season and its parameters on the folds."""
        training, plan = self.snapshots.training, self.plan
        tuned = tune_clv(
            ClvEvidence(training, plan.folds, self.snapshots.daily, plan.horizon_days),
            self.config.clv,
            self.config.tuning,
            self._study("clv", {}),
            lambda trial: self._write_trial("clv", trial),
            self.progress,
        )
        errors = {f"ablation.clv.{name}": error for name, error in tuned.ablation.items()}
        season = {f"ablation.season.{name}": error for name, error in tuned.season_errors.items()}
        self.sink.write(records.Metrics(errors | season))
        return tuned

    def tune_churn(self) -> TunedChurn:
        """Choose the churn model's parameters and calibration on the folds."""
        return tune_churn(
            self.snapshots.training,
            self.plan.folds,
            self.config.churn,
            self._study("churn", self.config.tuning.churn),
            lambda trial: self._write_trial("churn", trial),
            self.progress,
        )

    def validate(self, churn: TunedChurn, clv: TunedClv) -> Scoreboard:
        """Judge the choices and the baselines on the validation folds."""
        self.progress.say("Fitting the baselines on the validation folds")
        data, judged = self.snapshots.training, []
        for fold, scores, values in zip(self.plan.folds, churn.fold_scores, clv.folds, strict=True):
            asked = data.at((fold.valid,))
            judged.append(Judged(data.at(fold.train), asked, scores, values.model, values.formulas))
        said = predict(judged, self.plan.horizon_days)
        self.progress.say("Judging the choices and the baselines")
        board = judge(said, self.config.tuning.seed)
        choices = {
            "churn": {
                "parameters": churn.parameters,
                "rounds": churn.rounds,
                "seed": self.config.tuning.seed,
            },
            "calibration": {"method": churn.calibrator.method, "parameters": churn.calibrator.parameters},
            "clv": clv.model.get_params(),
        }
        self.sink.write(records.Text("choices.json", json.dumps(choices, indent=1)))
        self.sink.write(records.Metrics({f"calibration.{m}.log_loss": v for m, v in churn.calibration_losses.items()}))
        self.sink.write(
            records.Table(
                "predictions/valid.parquet", prediction_table([fold.valid for fold in self.plan.folds], board)
            )
        )
        self._record(board, "valid")
        self._track(judged[-1])
        return board

    def _track(self, judged: Judged) -> None:
        """Record the weeks after the last validation cutoff: purchases that happened beside those expected."""
        days = np.minimum(np.arange(0, self.plan.horizon_days + 7, 7), self.plan.horizon_days)
        ends = np.unique(days)[1:]
        until = [0.0, *(float(judged.clv.expected_purchases(judged.asked.features, end).sum()) for end in ends)]
        actual = count_weekly(self.events, self.plan.folds[-1].valid, self.config.windows)
        tracking = figures.draw_tracking(actual, np.diff(until), "Last validation cutoff: purchases week by week")
        self.sink.write(records.Drawing("figures/valid_tracking.svg", tracking))
        for name, figure in draw_model(judged.clv, judged.asked, self.plan.horizon_days).items():
            self.sink.write(records.Drawing(f"figures/valid_{name}.svg", figure))

    def refit(self, churn: TunedChurn, clv: TunedClv) -> Fitted:
        """Fit the frozen choices on all that was known by the sealed cutoff."""
        self.progress.say(f"Refitting on all labels known by {self.plan.sealed:%Y-%m-%d}")
        data = self.snapshots.training
        model = churn.model(self.config.churn, self.config.tuning.seed).fit(data.X, data.churned)
        sealed = self.snapshots.sealed
        daily = self.snapshots.daily
        values = [value.clone().fit(sealed, clv.past, daily) for value in (clv.model, *clv.formulas)]
        fitted = Fitted(model, churn, values[0], tuple(values[1:]))
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fitted.churn.save(folder)
            fitted.choices.calibrator.save(folder)
            fitted.clv.save(folder)
            self.sink.write(records.Folder("model", folder))
        importance = figures.draw_importance(fitted.churn.gains(), "What the churn model looks at")
        self.sink.write(records.Drawing("figures/feature_importance.svg", importance))
        return fitted

    def open_seal(self, fitted: Fitted, valid: Scoreboard) -> Scoreboard | None:
        """Judge the frozen models once behind the seal, and count it; None where the seal stays closed."""
        if not self.config.windows.open_seal:
            return None
        self.progress.say(f"Opening the seal at {self.plan.sealed:%Y-%m-%d}")
        subject = (self.events.quality.fingerprint, f"{self.plan.sealed:%Y-%m-%d}")
        seal = Seal(self.snapshots.read_sealed_labels, self.home.seals, subject, self.identity)
        sealed = open_sealed(self.snapshots, seal.open())
        scores = fitted.churn_scores(sealed.features)
        judged = Judged(self.snapshots.training, sealed, scores, fitted.clv, fitted.formulas)
        said = predict([judged], self.plan.horizon_days)
        board = judge(said, self.config.tuning.seed, valid.baselines, all_intervals=True)
        self.sink.write(records.Tags({"seal.openings": str(seal.openings)}))
        self._record(board, "test")
        self.openings = seal.openings
        return board

    def _record(self, board: Scoreboard, when: str) -> None:
        for record in board_records(board, when):
            self.sink.write(record)

    def summarise(self, churn: TunedChurn, clv: TunedClv, valid: Scoreboard, test: Scoreboard | None) -> str:
        """Return, and record, what the run found."""
        judged = test or valid
        found = judged.churn.differences[CHURN_MODEL]["auc"]
        where = "sealed test" if test else "validation"
        lines = [
            *data_lines(self.events.quality, self.plan),
            *self._score_lines("churn", CHURN_MODEL, {"auc": "AUC", "log_loss": "log-loss"}, valid, test),
            calibration_line_of(churn.calibrator.method, churn.calibration_losses),
            difference_line(f"AUC of {CHURN_MODEL} minus {judged.labels.ranking}, paired, {where}", found),
        ]
        for target in ("spend", "purchases") if self.events.has_amount else ("purchases",):
            metrics = {"rmse": "RMSE", "bias": "bias", "gini": "Gini"}
            lines += self._score_lines(target, valid.labels.value, metrics, valid, test)
            lines += value_lines(judged, target, where)
        lines += choice_lines(clv.model.choice, clv.ablation, clv.season_errors)
        lines += run_lines(self.home.root, self.experiment, self.sink.run_id, self.openings, self.progress.seconds)
        text = "\n".join(lines).lstrip("\n")
        self.sink.write(records.Text("summary.txt", text + "\n"))
        return text

    def _score_lines(
        self, target: str, model: str, metrics: dict[str, str], valid: Scoreboard, test: Scoreboard | None
    ) -> list[str]:
        titles = {"churn": "Churn: no purchase", "spend": "CLV: spend", "purchases": "CLV: purchases"}
        title = f"{titles[target]} within {self.plan.horizon_days} days"
        sealed = getattr(test, target) if test else None
        return score_lines(title, model, metrics, getattr(valid, target), sealed)
