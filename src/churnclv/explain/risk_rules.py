"""Risk rules (warning signs): short rules on one or two behaviours, how well they hold, and a simple score of them.

`risk_rule_search` finds them on training rows.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation.metrics import Array
from .phrases.phrase import find_phrase

Mask = NDArray[np.bool_]
_TEXTS = {">": ">", "<=": "≤", "is": "="}
_CHANGE = re.compile(r"purchase_change_(\d+)_days")
_USUAL_WINDOW_DAYS = 90
_SHRINKAGE = 10.0  # customers at the base rate, added to each number of points
_EVALUATED = ("en", "it", "customers", "coverage", "precision", "lift", "recall")


@dataclass(frozen=True)
class Condition:
    """One behaviour beyond a threshold: `>` or `<=` a number, or `is` a text; it does not hold for a missing value."""

    column: str
    relation: str
    value: float | str

    def holds(self, rows: pd.DataFrame) -> Mask:
        """Return for which rows it holds, (n,)."""
        column = rows[self.column]
        if self.relation == "is":
            return np.asarray(column.notna() & (column.astype(str) == self.value), dtype=bool)
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        return np.asarray(numbers > float(self.value) if self.relation == ">" else numbers <= float(self.value))

    def text(self, language: str) -> str:
        """Return it as a text."""
        phrase = find_phrase(self.column, language)
        return f"{phrase.label} {_TEXTS[self.relation]} {phrase.write(self.value)}"


@dataclass(frozen=True)
class RiskRule:
    """One condition, or two that hold together."""

    conditions: tuple[Condition, ...]

    def holds(self, rows: pd.DataFrame) -> Mask:
        """Return for which rows (n, k) it holds, (n,)."""
        return np.asarray(np.all([condition.holds(rows) for condition in self.conditions], axis=0))

    def text(self, language: str = "en") -> str:
        """Return it as a text, such as `days since the last purchase > 62 and purchases ≤ 2`."""
        joined = find_phrase(self.conditions[0].column, language).language.both
        return joined.join(condition.text(language) for condition in self.conditions)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "RiskRule":
        """Return what `as_dict` gave."""
        return cls(tuple(Condition(**condition) for condition in stored["conditions"]))


_CLASSIC = (
    RiskRule((Condition("overdue_mean_ratio", ">", 2.0),)),
    RiskRule((Condition("days_since_last_purchase", ">", 90.0),)),
    RiskRule((Condition("unsubscribed", ">", 0.0),)),
    RiskRule((Condition("payment_failures", ">", 0.0),)),
    RiskRule((Condition("contract_age_days", "<=", 90.0), Condition("months_to_renewal", "<=", 1.0))),
)


def evaluate_rules(rules: Sequence[RiskRule], features: pd.DataFrame, churned: Array) -> pd.DataFrame:
    """Return one row per rule, evaluated on rows (n, k) and outcomes (n,), which may differ from the training rows.

    Columns: `en`, `it`, the rule as a text; `customers`; `coverage`, the share of customers for whom it holds;
    `precision`, the churn rate among them; `lift`, that over everybody's; `recall`, the share of churners among whom
    it holds. A figure without any customers is NaN.
    """
    outcome = np.asarray(churned, dtype=float)
    return pd.DataFrame([_evaluate(rule, rule.holds(features), outcome) for rule in rules], columns=list(_EVALUATED))


def _evaluate(rule: RiskRule, held: Mask, churned: Array) -> dict[str, Any]:
    customers, caught, left = int(held.sum()), float(churned[held].sum()), float(churned.sum())
    precision = caught / customers if customers else np.nan
    return {
        "en": rule.text("en"),
        "it": rule.text("it"),
        "customers": customers,
        "coverage": customers / len(held) if len(held) else np.nan,
        "precision": precision,
        "lift": precision / (left / len(held)) if left else np.nan,
        "recall": caught / left if left else np.nan,
    }


def classic_rules(columns: Iterable[str]) -> tuple[RiskRule, ...]:
    """Return the fixed rules whose columns are present; each counts one point.

    No purchase for longer than twice the customer's mean gap; no purchase in 90 days; fewer purchases than in the
    window before (of the lookbacks, the one nearest to 90 days); unsubscribed; a failed payment; a contract younger
    than three months that can be ended within one month, as monthly plans can.
    """
    present = list(columns)
    falling = [RiskRule((Condition(name, "<=", -1.0),)) for name in _nearest_change(present)]
    return tuple(
        rule for rule in (*_CLASSIC, *falling) if all(condition.column in present for condition in rule.conditions)
    )


def _nearest_change(columns: list[str]) -> list[str]:
    """Return the column that compares purchases over a window of about the usual length with those before, if any."""
    windows = {name: int(match[1]) for name in columns if (match := _CHANGE.fullmatch(name))}
    return sorted(windows, key=lambda name: (abs(windows[name] - _USUAL_WINDOW_DAYS), name))[:1]


@dataclass
class RiskRuleScore:
    """One point per classic rule; the score is the training churn rate of customers with as many points.

    Rates are shrunk towards the base rate, so that a few customers do not give a rate of 0 or 1. A number of points
    without training customers takes the rate of the next lower number.
    """

    rules: tuple[RiskRule, ...] = ()
    rates: list[float] = field(default_factory=list)

    def fit(self, features: pd.DataFrame, churned: Array) -> "RiskRuleScore":
        """Count the points of features (n, k) and their churn rates, from outcomes 0 or 1 (n,)."""
        self.rules = classic_rules(map(str, features.columns))
        points, base = self.points(features), float(np.mean(churned))
        counts = np.bincount(points, minlength=len(self.rules) + 1)
        sums = np.bincount(points, weights=churned, minlength=len(self.rules) + 1)
        self.rates = []
        for count, total in zip(counts, sums, strict=True):
            last = self.rates[-1] if self.rates else base
            self.rates.append(float((total + _SHRINKAGE * base) / (count + _SHRINKAGE)) if count else last)
        return self

    def points(self, features: pd.DataFrame) -> NDArray[np.int64]:
        """Return how many of the rules hold, (n,)."""
        held = [rule.holds(features).astype(np.int64) for rule in self.rules]
        return np.sum(held, axis=0, dtype=np.int64) if held else np.zeros(len(features), dtype=np.int64)

    def predict(self, features: pd.DataFrame) -> Array:
        """Return scores in 0..1, shape (n,)."""
        return np.array(self.rates)[self.points(features)]

    def as_dict(self) -> dict[str, Any]:
        """Return rules and rates for JSON."""
        return {"signs": [rule.as_dict() for rule in self.rules], "rates": self.rates}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "RiskRuleScore":
        """Return what `as_dict` gave."""
        return cls(tuple(RiskRule.from_dict(rule) for rule in stored["signs"]), list(stored["rates"]))
