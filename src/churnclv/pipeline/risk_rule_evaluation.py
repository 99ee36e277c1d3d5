"""What a run shows about its customers: risk rules of leaving, and the reasons given for ending contracts."""

from dataclasses import dataclass

import pandas as pd

from ..data.settings import Shape
from ..evaluation.metrics import Array
from ..explain.risk_rule_search import search_risk_rules
from ..explain.risk_rules import RiskRule, evaluate_rules
from ..features.dataset import Dataset
from ..snapshots.contract_labels import count_reasons
from ..snapshots.splits import SplitPlan
from ..tracking import records
from .run import Run

_MOST = 0.5
_SHOWN = ["en", "coverage", "precision", "lift", "recall"]


@dataclass
class RuleEvaluation:
    """Risk rules learned on the training rows of the last fold, and their figures on other rows.

    Where most customers leave, the rules are of staying: they describe the rarer outcome.
    """

    signs: tuple[RiskRule, ...]
    staying: bool
    valid: pd.DataFrame
    test: pd.DataFrame | None = None

    @property
    def what(self) -> str:
        """What the rules are signs of."""
        return "staying" if self.staying else "leaving"

    def evaluate(self, rows: Dataset) -> pd.DataFrame:
        """Return coverage, precision, lift and recall of each rule."""
        return evaluate_rules(self.signs, rows.X, _outcome(rows, staying=self.staying))


def learn_risk_rules(run: Run, data: Dataset) -> RuleEvaluation:
    """Learn rules on the last fold's training rows, evaluate them on its validation rows, and record them."""
    fold = run.data.plan.folds[-1]
    train, valid = data.at(fold.train), data.at((fold.valid,))
    plain = run.data.snapshots.training.names  # without the BTYD models' columns, which are no behaviour
    staying = bool(train.churned.mean() > _MOST)
    learned = search_risk_rules(train.features[plain], _outcome(train, staying=staying))
    evaluation = RuleEvaluation(learned, staying, pd.DataFrame())
    evaluation.valid = evaluation.evaluate(valid)
    run.sink.write(records.Text("signs.md", _page(evaluation.what, "validation", evaluation.valid)))
    run.sink.write(records.Table("signs.parquet", evaluation.valid.assign(of=evaluation.what)))
    return evaluation


def evaluate_sealed_rules(run: Run, evaluation: RuleEvaluation, sealed: Dataset) -> None:
    """Evaluate the rules on the opened sealed test, and record the figures."""
    evaluation.test = evaluation.evaluate(sealed)
    run.sink.write(records.Text("signs_test.md", _page(evaluation.what, "sealed test", evaluation.test)))


def record_cancellation_reasons(run: Run) -> None:
    """Record why contracts were ended, if the data have reasons: their counts before the sealed cutoff."""
    plan = run.data.plan
    if run.data.shape is not Shape.contracts or isinstance(plan, SplitPlan):
        return
    counts = count_reasons(run.data.log.table, plan.sealed).execute()
    if len(counts):
        run.sink.write(records.Table("cancellation_reasons.parquet", counts))


def _outcome(rows: Dataset, *, staying: bool) -> Array:
    return 1.0 - rows.churned if staying else rows.churned


def _page(what: str, where: str, table: pd.DataFrame) -> str:
    head = [f"# Signs of {what}, {where}", "", "| " + " | ".join(_SHOWN) + " |", "|---|---:|---:|---:|---:|"]
    rows = [
        f"| {sign} | {coverage:.3f} | {precision:.3f} | {lift:.2f} | {recall:.3f} |"
        for sign, coverage, precision, lift, recall in table[_SHOWN].itertuples(index=False)
    ]
    return "\n".join([*head, *rows, ""])
