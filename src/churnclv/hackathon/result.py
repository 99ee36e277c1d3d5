"""The result of an entry: figures with their draws, so that two results can be compared pairwise on any machine."""

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
        """Return one model's figure of a metric, rounded as results keep it."""
        figure = scores.figures[model][metric]
        value, low, high = (round(part, _DIGITS) for part in (figure.value, figure.low, figure.high))
        return cls(value, low, high, np.round(scores.drawn[model][metric], _DIGITS))

    def minus(self, other: "Figure") -> Interval | None:
        """Return the paired difference and its interval; None where the numbers of draws differ."""
        if len(self.draws) != len(other.draws):
            return None
        return summarise_draws(np.r_[self.value - other.value, self.draws - other.draws])


@dataclass(frozen=True)
class Result:
    """The result of an entry on a data set.

    Attributes:
        evaluated: digest of the rows and the draws of the evaluation; only results with the same one are comparable.
        plan: those rows: validation cutoffs, sealed cutoff, horizon.
        choice: the churn score and the CLV model that validation chose, as a sentence.
        trials: number of trials of each study.
        seconds: duration of the run.
        commit, code: of the project, and a digest of its content.
        openings: number of different runs that had opened the seal, this one included; 0 = it stayed closed.
        failed_checks: codes of the checks that failed.
        figures: by name, such as `valid.churn.auc`.
        disqualified: the reason; None if it is not disqualified.
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
            name: {**vars(figure), "draws": " ".join(f"{value:g}" for value in figure.draws)}
            for name, figure in self.figures.items()
            if np.isfinite(figure.value)
        }
        return stored

    @classmethod
    def from_dict(cls, stored: Any, origin: str) -> "Result":
        """Return the result that `as_dict` wrote; errors name `origin`.

        Raises:
            InputError: `stored` is not such a result.
        """
        try:
            figures = {name: _figure(figure) for name, figure in stored["figures"].items()}
            others = {part.name: stored[part.name] for part in fields(cls) if part.name != "figures"}
        except (TypeError, KeyError, ValueError, AttributeError):
            raise InputError(
                f"{origin}: is no result of an entry.", remedy="remove it and train the entry again."
            ) from None
        return cls(figures=figures, **others)


def _figure(stored: Mapping[str, Any]) -> Figure:
    draws = np.array([float(value) for value in stored["draws"].split()])
    return Figure(float(stored["value"]), float(stored["low"]), float(stored["high"]), draws)


def figures_of(comparisons: Iterable[tuple[str, Scores, str]]) -> dict[str, Figure]:
    """Return the figures by name; `comparisons` are (prefix such as `valid.churn`, scores, name of the run's model)."""
    return {
        f"{prefix}.{metric}": Figure.of(scores, model, metric)
        for prefix, scores, model in comparisons
        for metric in scores.drawn[model]
        if f"{prefix.partition('.')[2]}.{metric}" in METRICS
    }
