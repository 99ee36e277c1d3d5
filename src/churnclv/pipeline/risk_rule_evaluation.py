"""What a run tells of its customers: signs of leaving as short rules, and the reasons given for ending contracts."""

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
    """Rules learned on the training rows of the last fold, and how they hold on rows they were not learned on.

    Where most customers leave they are signs of staying: what tells customers apart is then the rarer outcome.
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
    """Learn signs on the last fold's training rows, judge them on its validation rows, and record them."""
    fold = run.data.plan.folds[-1]
    train, asked = data.at(fold.train), data.at((fold.valid,))
    plain = run.data.snapshots.training.names  # the formulas' columns are no behaviour that a person can see
    staying = bool(train.churned.mean() > _MOST)
    learned = search_risk_rules(train.features[plain], _outcome(train, staying=staying))
    found = RuleEvaluation(learned, staying, pd.DataFrame())
    found.valid = found.evaluate(asked)
    run.sink.write(records.Text("signs.md", _page(found.what, "validation", found.valid)))
    run.sink.write(records.Table("signs.parquet", found.valid.assign(of=found.what)))
    return found


def evaluate_sealed_rules(run: Run, found: RuleEvaluation, sealed: Dataset) -> None:
    """Judge the signs behind the opened seal, and record how they held."""
    found.test = found.evaluate(sealed)
    run.sink.write(records.Text("signs_test.md", _page(found.what, "sealed test", found.test)))


def record_cancellation_reasons(run: Run) -> None:
    """Record why contracts were ended, where the data say so: counts of the reasons given before the sealed cutoff."""
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
