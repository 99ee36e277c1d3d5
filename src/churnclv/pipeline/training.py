"""The steps of a training run; each records its results in the run's sink."""

import json
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..churn.ensemble import ChurnModel, fit_member
from ..churn.log_odds import expit
from ..data.settings import Shape
from ..decision.campaign import Campaign
from ..evaluation import plots as figures
from ..evaluation.bootstrap import Scores
from ..evaluation.checks import Check
from ..evaluation.metrics import Array
from ..features.dataset import Dataset
from ..features.preparation import open_sealed
from ..hackathon.result import Result
from ..snapshots.sealed_test import Seal
from ..tracking import records
from ..tracking.comparison_records import churn_records, prediction_table
from ..tracking.summary import (
    check_lines,
    churn_choice_lines,
    churn_lines,
    data_lines,
    run_lines,
    sign_lines,
    weight_lines,
)
from ..tuning.churn_comparison import SCORE, ChurnComparison, ChurnPredictions, compare_churn
from ..tuning.churn_study import ChurnEvidence, TunedChurn, tune_churn
from .campaign_evaluation import CampaignPlan, evaluate_sealed_campaign, plan_campaign
from .entry_result import RESULT, SUMMARY, describe_result
from .risk_rule_evaluation import RuleEvaluation, evaluate_sealed_rules, learn_risk_rules, record_cancellation_reasons
from .run import Run
from .values import NoValues


@dataclass
class Training:
    """One run, from choices on validation to the sealed test; `values` gives the customers' values."""

    run: Run
    values: NoValues
    openings: int = field(default=0, init=False)
    signs: RuleEvaluation | None = field(default=None, init=False)
    plan: CampaignPlan | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Prepare the profit metrics' terms, and add the BTYD models' columns to the features."""
        self.campaign = Campaign(self.run.config.economics)
        self.data = self._labelled_rows()

    def _labelled_rows(self) -> Dataset:
        """Return the labelled rows, with the value model's columns among the features if the settings want them."""
        data = self.run.data.snapshots.training
        if self.values.columns is None:
            return data
        extended = data.with_columns(self.values.columns)
        return extended if self.run.config.churn.btyd_columns else replace(extended, names=data.names)

    def tune_churn(self) -> TunedChurn:
        """Choose the churn model's members, parameters, weights and calibration on the folds."""
        tuned = tune_churn(
            ChurnEvidence(
                self.data,
                self.run.data.plan.folds,
                self.values.chance_column,
                self._profit,
                self.values.season_shifts(),
                self.run.data.horizon_days if self.run.data.shape is Shape.orders else None,
            ),
            self.run.config.churn,
            self.run.study("churn", self.run.config.tuning.churn),
            lambda trial: self.run.write_trial("churn", trial),
            self.run.progress,
        )
        self.run.sink.write(records.Metrics({f"ablation.churn.{name}": v for name, v in tuned.ablation.items()}))
        losses = {f"calibration.{name}.log_loss": loss for name, loss in tuned.calibration_losses.items()}
        importance = {f"importance.churn.{name}": share for name, share in tuned.importance.items()}
        self.run.sink.write(records.Metrics(losses | importance))
        return tuned

    def _profit(self, truth: Array, chances: Array) -> float:
        """Return EMPC: the profit of the best share to contact, in currency per customer."""
        from ..evaluation.maximum_profit import empc

        return empc(truth, chances, self.run.config.economics.value_for_all, self.campaign.terms).profit

    def validate(self, churn: TunedChurn) -> ChurnComparison:
        """Evaluate the choices and the baselines on the validation folds."""
        self.run.progress.log("Evaluating the choices and the baselines on the validation folds")
        predictions = [
            self._predictions(
                self.data.at(fold.train),
                self.data.at((fold.valid,)),
                scores,
                place,
                {name: folds[place] for name, folds in churn.members.items()},
            )
            for place, (fold, scores) in enumerate(zip(self.run.data.plan.folds, churn.fold_scores, strict=True))
        ]
        seed = self.run.config.tuning.seed
        comparison = compare_churn(predictions, self.campaign.terms, seed, drawn=list(churn.members))
        choices = {"churn": churn.choice.as_dict(), **self.values.choices()}
        self.run.sink.write(records.Text("choices.json", json.dumps(choices, indent=1)))
        parts = [fold.valid for fold in self.run.data.plan.folds]
        self.run.sink.write(records.Table("predictions/valid.parquet", prediction_table(parts, comparison)))
        self._record(comparison, "valid")
        self.values.validate()
        self.plan = plan_campaign(self.run, comparison, self.campaign.terms)
        self.signs = learn_risk_rules(self.run, self.data)
        record_cancellation_reasons(self.run)
        return comparison

    def _predictions(
        self, train: Dataset, rows: Dataset, scores: Array, fold: int | None, others: dict[str, Array]
    ) -> ChurnPredictions:
        chances = others | self.values.other_chances(rows, fold)
        values = self.campaign.values_at_stake(self.values.stakes(rows.features, fold), len(rows))
        return ChurnPredictions(train, rows, scores, chances, values)

    def _members(self, churn: TunedChurn, model: ChurnModel, rows: Dataset) -> dict[str, Array]:
        """Return the probabilities of every member; those without weight in the blend are its baselines."""
        data, members = self.data, dict(model.members)
        threads = self.run.config.churn.threads_for(len(data))
        for name in churn.members.keys() - members.keys():
            member = churn.choice.member(name, threads)
            members[name] = fit_member(member, data.features, data.churned, data.names, rows.features)
        return {name: expit(members[name].log_odds(rows.features)) for name in churn.members}

    def refit(self, churn: TunedChurn) -> ChurnModel:
        """Fit the frozen choices on all labels known by the sealed cutoff."""
        self.run.progress.log("Refitting on all labels known by the sealed test")
        data = self.data
        threads = self.run.config.churn.threads_for(len(data))
        latest = self.run.data.snapshots.sealed
        model = churn.model(threads).fit(data.features, data.churned, data.names, latest)
        self.values.refit()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            model.save(folder)
            self.values.save(folder)
            self.run.sink.write(records.Folder("model", folder))
        if gains := model.gains():
            importance = figures.draw_importance(gains, "What the churn model looks at")
            self.run.sink.write(records.Drawing("figures/feature_importance.svg", importance))
        return model

    def open_seal(self, model: ChurnModel, churn: TunedChurn) -> ChurnComparison | None:
        """Evaluate the frozen models once on the sealed test, and count the opening; None where it stays closed."""
        data, config = self.run.data, self.run.config
        if not config.windows.open_seal:
            return None
        self.run.progress.log(f"Opening the seal: {data.plan.sealed_name}")
        subject = (data.quality.fingerprint, data.plan.sealed_name)
        seal = Seal(data.snapshots.read_sealed_labels, self.run.home.seals, subject, self.run.identity)
        plain = open_sealed(data.snapshots, seal.open())
        columns = self.values.sealed_columns(plain.features)
        rows = replace(plain if columns is None else plain.with_columns(columns), names=self.data.names)
        members = self._members(churn, model, rows)
        predictions = self._predictions(self.data, rows, model.predict(rows.features), None, members)
        comparison = compare_churn([predictions], self.campaign.terms, config.tuning.seed)
        self.openings = seal.openings
        self.run.sink.write(records.Tags({"seal.openings": str(seal.openings)}))
        self.run.sink.write(records.Table("predictions/test.parquet", prediction_table([data.plan.sealed], comparison)))
        self._record(comparison, "test")
        if self.plan is not None:
            evaluate_sealed_campaign(self.run, self.plan, comparison, self.campaign.terms)
        self.values.evaluate_sealed(plain)
        if self.signs is not None:
            evaluate_sealed_rules(self.run, self.signs, rows)
        return comparison

    def _record(self, comparison: ChurnComparison, when: str) -> None:
        for record in churn_records(comparison, when):
            self.run.sink.write(record)

    def _comparisons(self, when: str, comparison: ChurnComparison | None) -> list[tuple[str, Scores, str]]:
        scores = [] if comparison is None else [comparison.figures, comparison.profit]
        return [(f"{when}.churn", part, SCORE) for part in scores]

    def conclude(
        self, churn: TunedChurn, checks: list[Check], valid: ChurnComparison, test: ChurnComparison | None
    ) -> Result:
        """Return, and record, the figures by which other runs compare themselves with this one."""
        comparisons = [*self._comparisons("valid", valid), *self._comparisons("test", test), *self.values.comparisons()]
        choice = "; ".join(part for part in (churn.choice.sentence, self.values.sentence()) if part)
        result = describe_result(self.run, choice, checks, comparisons, self.openings)
        self.run.sink.write(records.Text(RESULT, json.dumps(result.as_dict(), indent=1)))
        return result

    def summarise(
        self, churn: TunedChurn, checks: list[Check], valid: ChurnComparison, test: ChurnComparison | None
    ) -> str:
        """Return, and record, the run's summary."""
        run = self.run
        lines = [
            *data_lines(run.data.quality, run.data.plan),
            *churn_lines(valid, test, run.data.plan.horizon_text),
            *churn_choice_lines(churn.choice, churn.ablation, churn.calibration_losses),
            *weight_lines(churn.importance),
            *(self.plan.lines() if self.plan else []),
            *(sign_lines(self.signs.what, self.signs.valid, self.signs.test) if self.signs else []),
            *self.values.lines(),
            *check_lines(checks),
            *run_lines(run.home.root, run.experiment, run.sink.run_id, self.openings, run.progress.seconds),
        ]
        text = "\n".join(lines).lstrip("\n")
        run.sink.write(records.Text(SUMMARY, text + "\n"))
        return text
