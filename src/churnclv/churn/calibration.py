"""Calibration: raw probabilities become churn scores that happen as often as they say."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation.metrics import Array, log_loss, plain
from ..evaluation.reliability import logit
from ..files import read_json, write_json
from .settings import Calibration

_LEAST_GAIN = 1e-4  # nats per customer: a calibrator that gains less is not worth its variance


@dataclass
class Calibrator:
    """A monotone map from raw probability to churn score.

    `sigmoid` is Platt scaling on the logit; `isotonic` is the piecewise linear map through the steps of isotonic
    regression; `none` changes nothing.
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
        return self

    def predict(self, raw: Array) -> Array:
        """Return churn scores in 0..1, shape (n,)."""
        if self.method == "sigmoid":
            slope, intercept = self.parameters["slope"][0], self.parameters["intercept"][0]
            return np.asarray(1.0 / (1.0 + np.exp(-(slope * logit(raw) + intercept))))
        if self.method == "isotonic":
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

    Each candidate is judged by log-loss on every fold after a fit on the others; `none` stays unless beaten clearly.
    With a single fold nothing can be judged, and `auto` is `none`.

    Returns:
        the calibrator fitted on all folds, each fold's scores from a calibrator fitted on the others, and the
        candidates' mean log-loss.
    """
    methods = ["none", "sigmoid", "isotonic"] if wanted is Calibration.auto else [wanted.value]
    crossed = {method: _cross_fit(folds, method) for method in methods}
    losses = {
        method: float(
            np.mean([plain(log_loss, churned, scores) for (_, churned), scores in zip(folds, found, strict=True)])
        )
        for method, found in crossed.items()
    }
    best = min(methods, key=lambda method: losses[method] + (0.0 if method == "none" else _LEAST_GAIN))
    raw, churned = (np.concatenate(parts) for parts in zip(*folds, strict=True))
    return Calibrator(best).fit(raw, churned), crossed[best], losses


def _cross_fit(folds: list[tuple[Array, Array]], method: str) -> list[Array]:
    if len(folds) == 1:
        return [folds[0][0]]
    scores = []
    for held, (raw, _) in enumerate(folds):
        others = [fold for place, fold in enumerate(folds) if place != held]
        fitted = Calibrator(method).fit(*(np.concatenate(parts) for parts in zip(*others, strict=True)))
        scores.append(fitted.predict(raw))
    return scores


def _fit_sigmoid(raw: Array, churned: Array) -> dict[str, list[float]]:
    from sklearn.linear_model import LogisticRegression

    line: Any = LogisticRegression(C=np.inf).fit(logit(raw).reshape(-1, 1), churned)
    slope = float(line.coef_[0, 0])
    if slope <= 0:  # a map that turns the ranking round is no calibration
        return {"slope": [1.0], "intercept": [0.0]}
    return {"slope": [slope], "intercept": [float(line.intercept_[0])]}


def _fit_isotonic(raw: Array, churned: Array) -> dict[str, list[float]]:
    from sklearn.isotonic import IsotonicRegression

    steps: Any = IsotonicRegression(y_min=1e-4, y_max=1 - 1e-4, out_of_bounds="clip").fit(raw, churned)
    return {"raw": [float(v) for v in steps.X_thresholds_], "score": [float(v) for v in steps.y_thresholds_]}
