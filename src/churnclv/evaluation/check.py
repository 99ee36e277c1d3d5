"""A coded check of a churn model for a frequent fault of such projects: its rule, its evidence, and how it ended.

A check is passed, failed, or not applicable to the data. A failed check does not stop a run.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import require
from ..registration import Registry, call_registered, origin_of
from .bootstrap import Interval
from .metrics import Array

_MOST_LISTED = 10  # faults of one check


class Outcome(Enum):
    """How a check ended."""

    passed = "passed"
    failed = "failed"
    not_applicable = "not applicable"


class Severity(Enum):
    """What a failed check means: figures that cannot be trusted, or a model that could be better."""

    error = "error"
    warning = "warning"


@dataclass(frozen=True)
class Check:
    """One check of a run: its code, the claim it tests, its outcome, its finding, and the remedy where it failed."""

    code: str
    claim: str
    outcome: Outcome
    finding: str
    remedy: str
    severity: Severity = Severity.warning
    why: str = ""

    def line(self) -> str:
        """Return the check as a line for people."""
        tail = f" -> {self.remedy}" if self.outcome is Outcome.failed else ""
        return f"{self.code} {self.outcome.value:<14} {self.claim}: {self.finding}{tail}"


@dataclass(frozen=True)
class Rule:
    """What a check stands for, and its documentation, in Markdown.

    Attributes:
        code: a letter, then letters or digits, such as C7.
        claim: what holds where it passes.
        severity: what a failure means.
        what: when it fails.
        why: why that matters.
        remedy: what helps.
    """

    code: str
    claim: str
    severity: Severity
    what: str
    why: str
    remedy: str

    def checked(self, faults: Sequence[str], fine: str, remedy: str | None = None) -> Check:
        """Return a check that failed if there are faults; `fine` is the finding without any."""
        text = self._plain_remedy if remedy is None else remedy
        if not faults:
            return Check(self.code, self.claim, Outcome.passed, fine, text, self.severity, self.why)
        more = f" and {len(faults) - _MOST_LISTED} more" if len(faults) > _MOST_LISTED else ""
        finding = "; ".join(faults[:_MOST_LISTED]) + more
        return Check(self.code, self.claim, Outcome.failed, finding, text, self.severity, self.why)

    def skipped(self, reason: str) -> Check:
        """Return a check that the data do not allow."""
        return Check(self.code, self.claim, Outcome.not_applicable, reason, "", self.severity, self.why)

    @property
    def _plain_remedy(self) -> str:
        text = self.remedy.replace("`", "")
        return text[:1].lower() + text[1:]


@dataclass(frozen=True)
class Evidence:
    """What checks look at: validation figures and labelled rows; no sealed label.

    Attributes:
        features: the columns that were learned from, of all labelled rows, (n, k).
        churned: their outcomes, (n,).
        scored: the same columns of the sealed cutoff's rows.
        rows: the validation rows of all folds with all their columns, (m, j).
        folds: outcomes and scores on each validation fold; concatenated they belong to `rows`.
        last_fold: training and validation rows of the last fold, the columns that were learned from.
        label_ends: per fold the ends of the training label windows, and the validation cutoff; None without time.
        differences: log-loss of each baseline less that of the score, in nats.
        simple: the best simple baseline, and that difference with its paired interval; None where it has none.
        parameters: of the best trial.
        ranges: of the search: low, high, logarithmic.
        longer_horizon: which outcome a longer horizon has more of, `left` or `stayed`; empty without time.
    """

    features: pd.DataFrame
    churned: Array
    scored: pd.DataFrame
    rows: pd.DataFrame
    folds: Sequence[tuple[Array, Array]]
    last_fold: tuple[pd.DataFrame, pd.DataFrame]
    label_ends: Sequence[tuple[Sequence[datetime], datetime]] | None = None
    differences: Mapping[str, float] = field(default_factory=dict)
    simple: tuple[str, Interval] | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float, bool]] = field(default_factory=dict)
    longer_horizon: str = ""

    @property
    def truth(self) -> Array:
        """Outcomes of the validation rows, (m,)."""
        return np.concatenate([truth for truth, _ in self.folds])

    @property
    def scores(self) -> Array:
        """Scores of the validation rows, (m,)."""
        return np.concatenate([scores for _, scores in self.folds])


CheckFunction = Callable[[Evidence], Check]


@dataclass(frozen=True)
class RegisteredCheck:
    """A check's rule, its function and its file."""

    rule: Rule
    function: CheckFunction
    origin: Path

    def run(self, evidence: Evidence) -> Check:
        """Return how the check ends on the evidence of a run.

        Raises:
            InputError: the function of a user's file fails, or returns something else.
        """
        what = f"check {self.rule.code!r}"
        done = call_registered(what, self.origin, self.function, evidence)
        fits = isinstance(done, Check) and done.code == self.rule.code
        remedy = "return RULE.checked(faults, finding) or RULE.skipped(reason)."
        require(fits, f"{self.origin}: {what} returns no result of its rule.", remedy=remedy)
        return done  # type: ignore[no-any-return] # required above


CHECKS: Registry[RegisteredCheck] = Registry("check")


def check(rule: Rule) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function from evidence to a `Check` under a rule.

    Parameters
    ----------
    rule
        Its code, claim, severity and documentation.

    Returns
    -------
    Callable
        The decorator.

    Raises
    ------
    InputError
        The code is taken or malformed, or a part of the documentation is empty.
    """

    def register(function: CheckFunction) -> CheckFunction:
        origin = origin_of(function)
        fits = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", rule.code) is not None
        remedy = "a letter, then letters or digits, such as S1."
        require(fits, f"{origin}: {rule.code!r} is no code of a check.", remedy=remedy)
        for part in ("claim", "what", "why", "remedy"):
            message = f"{origin}: check {rule.code!r} has an empty {part}."
            require(bool(getattr(rule, part).strip()), message, remedy="write a sentence.")
        CHECKS.add(rule.code, RegisteredCheck(rule, function, origin), origin)
        return function

    return register
