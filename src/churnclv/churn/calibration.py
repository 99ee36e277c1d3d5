"""Calibration: maps raw probabilities to churn scores that agree with observed frequencies."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation.metrics import Array, log_loss, plain
from ..evaluation.reliability import logit
from ..files import read_json, write_json
from .log_odds import expit
from .settings import Calibration

_LEAST_GAIN = 1e-4  # nats per customer: a smaller gain does not outweigh a calibrator's variance
_MOST_GROUPS = 200  # of scores, for Venn-Abers


@dataclass
class Calibrator:
    """A monotone map from raw probability to churn score.

    `sigmoid` is Platt scaling on the logit; `isotonic` is the piecewise linear map through the steps of isotonic
    regression; `venn_abers` combines the two isotonic estimates in which the customer's outcome is set to churn
    and to no churn (Vovk, Petej, Fedorova 2015, Large-scale probabilistic predictors); `none` changes nothing.
    """

    method: str = "none"
    parameters: dict[str, list[float]] = field(default_factory=dict)

    def fit(self, raw: Array, churned: Array) -> "Calibrator":
        """Fit on out-of-fold probabilities and their outcomes, each of shape (n,)."""
        if len(np.unique(churned)) < 2:  # noqa: PLR2004 # two classes
            self.method = "none"
        if self.method == "sigmoid":
            self.parameters = _fit_sigmoid(raw, churned)
        elif self.method == "isotonic":
            self.parameters = _fit_isotonic(raw, churned)
        elif self.method == "venn_abers":
            self.parameters = _fit_venn_abers(raw, churned)
        return self

    def predict(self, raw: Array) -> Array:
        """Return churn scores in 0..1, shape (n,)."""
        if self.method == "sigmoid":
            slope, intercept = self.parameters["slope"][0], self.parameters["intercept"][0]
            return expit(slope * logit(raw) + intercept)
        if self.method in ("isotonic", "venn_abers"):
            return np.asarray(np.interp(raw, self.parameters["raw"], self.parameters["score"]))
        return np.asarray(raw, dtype=float)

    def get_params(self) -> dict[str, str]:
        """Return the method."""
        return {"method": self.method}

    def save(self, folder: Path) -> None:
        """Write the map as JSON."""
        write_json(folder / "calibration.json", {"method": self.method, "parameters": self.parameters})

    @classmethod
    def load(cls, folder: Path) -> "Calibrator":
        """Read what `save` wrote."""
        return cls(**read_json(folder / "calibration.json"))


def choose_calibration(
    folds: list[tuple[Array, Array]], wanted: Calibration
) -> tuple[Calibrator, list[Array], dict[str, float]]:
    """Choose and fit a calibrator on out-of-fold (probabilities, outcomes), one pair per fold.

    Each candidate is scored by log-loss on every fold after a fit on the others; `none` is kept unless clearly beaten.
    With a single fold no candidate can be scored, and `auto` is `none`.

    Returns:
        the calibrator fitted on all folds, each fold's scores from a calibrator fitted on the others, and the
        candidates' mean log-loss.
    """
    every = [method.value for method in Calibration if method is not Calibration.auto]
    methods = every if wanted is Calibration.auto else [wanted.value]
    cross_fitted = {method: _cross_fit(folds, method) for method in methods}
    losses = {
        method: float(
            np.mean([plain(log_loss, churned, scores) for (_, churned), scores in zip(folds, predicted, strict=True)])
        )
        for method, predicted in cross_fitted.items()
    }
    best = min(methods, key=lambda method: losses[method] + (0.0 if method == "none" else _LEAST_GAIN))
    raw, churned = (np.concatenate(parts) for parts in zip(*folds, strict=True))
    return Calibrator(best).fit(raw, churned), cross_fitted[best], losses


def _cross_fit(folds: list[tuple[Array, Array]], method: str) -> list[Array]:
    if len(folds) == 1:
        return [folds[0][0]]
    scores = []
    for held_out, (raw, _) in enumerate(folds):
        others = [fold for place, fold in enumerate(folds) if place != held_out]
        fitted = Calibrator(method).fit(*(np.concatenate(parts) for parts in zip(*others, strict=True)))
        scores.append(fitted.predict(raw))
    return scores


def _fit_sigmoid(raw: Array, churned: Array) -> dict[str, list[float]]:
    from sklearn.linear_model import LogisticRegression

    line: Any = LogisticRegression(C=np.inf).fit(logit(raw).reshape(-1, 1), churned)
    slope = float(line.coef_[0, 0])
    if slope <= 0:  # a map that reverses the ranking is no calibration
        return {"slope": [1.0], "intercept": [0.0]}
    return {"slope": [slope], "intercept": [float(line.intercept_[0])]}


def _fit_isotonic(raw: Array, churned: Array) -> dict[str, list[float]]:
    from sklearn.isotonic import IsotonicRegression

    steps: Any = IsotonicRegression(y_min=1e-4, y_max=1 - 1e-4, out_of_bounds="clip").fit(raw, churned)
    return {"raw": [float(v) for v in steps.X_thresholds_], "score": [float(v) for v in steps.y_thresholds_]}


def _fit_venn_abers(raw: Array, churned: Array) -> dict[str, list[float]]:
    """Fit isotonic regression twice at each group of equal or neighbouring scores, with one outcome added to it.

    Its value at a place is the max over starts of the min over ends of the mean between them (Barlow et al. 1972).
    The two estimates p0 and p1 become p1 / (1 - p0 + p1), which is the least bad for log-loss (section 4 of the paper).
    """
    scores, counts, left = _group_scores(raw, churned)
    rows, sums = np.r_[0.0, np.cumsum(counts)], np.r_[0.0, np.cumsum(left)]
    joined = []
    for place in range(len(scores)):
        count = rows[None, place + 1 :] - rows[: place + 1, None] + 1.0
        total = sums[None, place + 1 :] - sums[: place + 1, None]
        stays, leaves = (float(((total + added) / count).min(axis=1).max()) for added in (0.0, 1.0))
        joined.append(leaves / (1.0 - stays + leaves))
    rising = np.maximum.accumulate(joined)
    return {"raw": [float(v) for v in scores], "score": [float(v) for v in rising]}


def _group_scores(raw: Array, churned: Array) -> tuple[Array, Array, Array]:
    """Return mean score, rows and churners of groups of neighbouring scores; equal scores stay in one group."""
    values, places, counts = np.unique(raw, return_inverse=True, return_counts=True)
    upto = np.cumsum(counts) - counts
    wanted = np.arange(len(values)) if len(values) <= _MOST_GROUPS else upto * _MOST_GROUPS // len(raw)
    group = np.unique(wanted, return_inverse=True)[1]
    rows, sums = (np.bincount(group, weights=each) for each in (counts, values * counts))
    left = np.bincount(group[places], weights=churned)
    return np.asarray(sums / rows), np.asarray(rows, dtype=float), np.asarray(left, dtype=float)
