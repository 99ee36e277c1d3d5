"""What an entry hands in: figures with their draws, so that any two results can be compared pairwise on any machine."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from ..errors import InputError
from ..evaluation.bootstrap import Interval, Scores, summarise_draws
from ..evaluation.metrics import Array

METRICS = {  # name -> whether more is better
    "churn.auc": True,
    "churn.log_loss": False,
    "churn.profit": True,
    "spend.rmse": False,
    "spend.gini": True,
}
_DIGITS = 6


@dataclass(frozen=True)
class Figure:
    """A figure, its 95% interval, and its value in every draw of customers, shape (replicates,)."""

    value: float
    low: float
    high: float
    draws: Array

    @classmethod
    def of(cls, scores: Scores, model: str, metric: str) -> "Figure":
        """Return a board's figure of its own model, rounded as results keep it."""
        found = scores.figures[model][metric]
        value, low, high = (round(part, _DIGITS) for part in (found.value, found.low, found.high))
        return cls(value, low, high, np.round(scores.drawn[model][metric], _DIGITS))

    def minus(self, other: "Figure") -> Interval | None:
        """Return the paired difference and its interval; None where the two were not drawn alike."""
        if len(self.draws) != len(other.draws):
            return None
        return summarise_draws(np.r_[self.value - other.value, self.draws - other.draws])


@dataclass(frozen=True)
class Result:
    """How an entry did on a data set.

    Attributes:
        judged: digest of the rows and the draws it was judged on; only equal ones are comparable.
        plan: those rows in words: validation cutoffs, sealed cutoff, horizon.
        choice: the churn score and the CLV model that validation chose, in words.
        trials: of each study.
        seconds: of the run.
        commit, code: of the project, and a digest of its content.
        openings: by how many different runs the seal had been opened, this one included; 0 = it stayed closed.
        failed_checks: codes of the checks that failed.
        figures: by name, such as `valid.churn.auc`.
        disqualified: why, where it is.
    """

    evaluated: str = ""
    plan: dict[str, Any] = field(default_factory=dict)
    choice: str = ""
    trials: int = 0
    seconds: float = 0.0
    commit: str = ""
    code: str = ""
    openings: int = 0
    failed_checks: list[str] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    disqualified: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the result for JSON; draws are one line of text each."""
        stored = asdict(self)
        stored["figures"] = {
            name: {**vars(found), "draws": " ".join(f"{value:g}" for value in found.draws)}
            for name, found in self.figures.items()
            if np.isfinite(found.value)
        }
        return stored

    @classmethod
    def from_dict(cls, stored: Any, origin: str) -> "Result":
        """Return what `as_dict` wrote; `origin` is named where it is something else.

        Raises:
            InputError: it is.
        """
        try:
            figures = {name: _figure(found) for name, found in stored["figures"].items()}
            known = {name: stored[name] for name in (found.name for found in fields(cls)) if name != "figures"}
        except (TypeError, KeyError, ValueError, AttributeError):
            raise InputError(
                f"{origin}: is no result of an entry.", remedy="remove it and train the entry again."
            ) from None
        return cls(figures=figures, **known)


def _figure(stored: Mapping[str, Any]) -> Figure:
    draws = np.array([float(value) for value in stored["draws"].split()])
    return Figure(float(stored["value"]), float(stored["low"]), float(stored["high"]), draws)


def figures_of(boards: Iterable[tuple[str, Scores, str]]) -> dict[str, Figure]:
    """Return the figures of boards by name, given as prefix (`valid.churn`, ...), board, and name of its own model."""
    return {
        f"{prefix}.{metric}": Figure.of(board, model, metric)
        for prefix, board, model in boards
        for metric in board.drawn[model]
        if f"{prefix.partition('.')[2]}.{metric}" in METRICS
    }
