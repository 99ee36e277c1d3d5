"""What a run shows about its customers: risk rules of leaving, or of staying."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from ..evaluation.metrics import Array
from ..explain.risk_rule_search import search_risk_rules
from ..explain.risk_rules import RiskRule, evaluate_rules
from ..features.dataset import Dataset
from ..snapshots.cutoff_plan import Fold
from ..tracking import records
from ..tracking.records import Record

_MOST = 0.5
_SHOWN = ["en", "coverage", "precision", "lift", "recall"]


@dataclass(frozen=True)
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

    def records(self, when: str) -> Iterator[Record]:
        """Yield the rules with their figures on validation (`valid`), or on the sealed test (`test`)."""
        if when == "valid":
            yield records.Text("signs.md", _page(self.what, "validation", self.valid))
            yield records.Table("signs.parquet", self.valid.assign(of=self.what))
        elif self.test is not None:
            yield records.Text("signs_test.md", _page(self.what, "sealed test", self.test))


def learn_risk_rules(data: Dataset, fold: Fold, behaviour: list[str]) -> RuleEvaluation:
    """Learn rules on a fold's training rows, and evaluate them on its validation rows.

    `behaviour` are the columns of the features: rules take no column of a value model.
    """
    train, valid = data.at(fold.train), data.at((fold.valid,))
    staying = bool(train.churned.mean() > _MOST)
    learned = search_risk_rules(train.features[behaviour], _outcome(train, staying=staying))
    return RuleEvaluation(learned, staying, _evaluate(learned, valid, staying=staying))


def evaluate_sealed_rules(evaluation: RuleEvaluation, sealed: Dataset) -> RuleEvaluation:
    """Return the rules with their figures on the opened sealed test."""
    return replace(evaluation, test=_evaluate(evaluation.signs, sealed, staying=evaluation.staying))


def _evaluate(rules: tuple[RiskRule, ...], rows: Dataset, *, staying: bool) -> pd.DataFrame:
    """Return coverage, precision, lift and recall of each rule."""
    return evaluate_rules(rules, rows.X, _outcome(rows, staying=staying))


def _outcome(rows: Dataset, *, staying: bool) -> Array:
    return 1.0 - rows.churned if staying else rows.churned


def _page(what: str, where: str, table: pd.DataFrame) -> str:
    head = [f"# Signs of {what}, {where}", "", "| " + " | ".join(_SHOWN) + " |", "|---|---:|---:|---:|---:|"]
    rows = [
        f"| {sign} | {coverage:.3f} | {precision:.3f} | {lift:.2f} | {recall:.3f} |"
        for sign, coverage, precision, lift, recall in table[_SHOWN].itertuples(index=False)
    ]
    return "\n".join([*head, *rows, ""])
