"""Calibration: strictly rising maps from raw probabilities to churn scores that agree with observed frequencies."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation.metrics import Array, Metric, auc, log_loss, plain
from ..evaluation.reliability import logit, platt_line
from ..files import read_json, write_json
from .log_odds import expit
from .settings import Calibration

_LEAST_GAIN = 1e-4  # nats per customer: a smaller gain does not outweigh a calibrator's variance
_MOST_AUC_LOSS = 1e-3  # a map that rises strictly loses none
_MOST_GROUPS = 200  # of scores, for Venn-Abers
_RAW_SHARE = 0.02  # of the raw log-odds in a map of steps: customers on one step keep their order
_MOST_SLOPE = 5.0  # of the sigmoid; a few outcomes that the scores separate would make it infinite
_FARTHEST = 700.0  # log-odds, whose exponential is finite


@dataclass
class Calibrator:
    """A strictly rising map from raw probability to churn score: it keeps the ranking.

    `sigmoid` is Platt scaling on the logit; `isotonic` is the piecewise linear map through the steps of isotonic
    regression; `venn_abers` combines the two isotonic estimates in which the customer's outcome is set to churn
    and to no churn (Vovk, Petej, Fedorova 2015, Large-scale probabilistic predictors); `none` changes nothing.

    The last two have level steps and end with the scores that they were fitted on. Two per cent of the result is
    therefore the raw log-odds, at the level of the map; beyond its ends the map goes on as the raw log-odds do.
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
        if self.method == "none":
            return np.asarray(raw, dtype=float)
        return expit(self.log_odds(_exact_log_odds(raw)))

    def log_odds(self, raw: Array) -> Array:
        """Return the log-odds of churn scores from raw log-odds, shape (n,)."""
        if self.method == "sigmoid":
            return np.asarray(self.parameters["slope"][0] * raw + self.parameters["intercept"][0])
        if self.method in ("isotonic", "venn_abers"):
            return self._through_steps(np.asarray(raw, dtype=float))
        return np.asarray(raw, dtype=float)

    def _through_steps(self, raw: Array) -> Array:
        places, steps = (np.array(self.parameters[name]) for name in ("raw", "score"))
        ends = _exact_log_odds(places[[0, -1]])
        inside = logit(np.interp(expit(raw), places, steps))
        beyond = np.minimum(raw - ends[0], 0.0) + np.maximum(raw - ends[1], 0.0)
        level = float(np.mean(logit(steps) - _exact_log_odds(places)))
        return np.asarray((1.0 - _RAW_SHARE) * (inside + beyond) + _RAW_SHARE * (raw + level))

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
    folds: list[tuple[Array, Array]], wanted: Calibration, *, in_time: bool = False
) -> tuple[Calibrator, list[Array], dict[str, float]]:
    """Choose and fit a calibrator on out-of-fold (probabilities, outcomes), one pair per fold.

    Each candidate is scored by log-loss on every fold after a fit on the others; `none` is kept unless another gains
    more than one standard error of the folds' gains.
    With a single fold no candidate can be scored, and `auto` is `none`.

    Parameters
    ----------
    folds
        Probabilities and outcomes of each fold, (n,) each.
    wanted
        The method, or `auto`.
    in_time
        Whether the folds follow each other in time, the newest last. The level that they miss is then not the level
        that the next window will miss, so `auto` compares `none` with a sigmoid of the spread alone: log-odds times
        a slope around their mean, where each fold has an intercept of its own in the fit. It has to lower the log-loss
        of the newest fold when fitted on the older ones.

    Returns
    -------
    tuple
        The calibrator fitted on all folds, each fold's scores from a calibrator fitted on the others, and the
        candidates' mean log-loss.
    """
    if wanted is not Calibration.auto:
        methods = [wanted.value]
    elif in_time:
        methods = ["none", "sigmoid"]
    else:
        methods = [method.value for method in Calibration if method is not Calibration.auto]
    fit = _fit_spread if in_time and wanted is Calibration.auto else _fit_pooled
    cross_fitted = {method: _cross_fit(folds, method, fit) for method in methods}
    losses = {method: _mean(log_loss, folds, predicted) for method, predicted in cross_fitted.items()}
    usable = [method for method in methods if len(methods) == 1 or _is_usable(folds, cross_fitted, method, in_time)]
    best = min(usable, key=lambda method: losses[method] + (0.0 if method == "none" else _LEAST_GAIN))
    return fit(best, folds), cross_fitted[best], losses


def _fit_pooled(method: str, folds: list[tuple[Array, Array]]) -> Calibrator:
    """Return a calibrator fitted on the rows of all folds together."""
    return Calibrator(method).fit(*(np.concatenate(parts) for parts in zip(*folds, strict=True)))


def _fit_spread(method: str, folds: list[tuple[Array, Array]]) -> Calibrator:
    """Return a sigmoid that scales the log-odds around their mean, and leaves the level."""
    if method == "none" or any(len(np.unique(churned)) < 2 for _, churned in folds):  # noqa: PLR2004 # two classes
        return Calibrator("none")
    from sklearn.linear_model import LogisticRegression

    log_odds, churned = (np.concatenate(parts) for parts in zip(*((logit(raw), y) for raw, y in folds), strict=True))
    fold = np.repeat(np.arange(len(folds)), [len(raw) for raw, _ in folds])
    levels = (fold[:, None] == np.arange(len(folds))).astype(float)
    line: Any = LogisticRegression(C=np.inf, fit_intercept=False).fit(np.column_stack([log_odds, levels]), churned)
    slope = float(line.coef_[0, 0])
    if not _RAW_SHARE <= slope <= _MOST_SLOPE:
        return Calibrator("none")
    return Calibrator("sigmoid", {"slope": [slope], "intercept": [(1.0 - slope) * float(log_odds.mean())]})


def _is_usable(
    folds: list[tuple[Array, Array]], cross_fitted: dict[str, list[Array]], method: str, in_time: bool
) -> bool:
    """Return whether a method gains one standard error, keeps the folds' AUC, and helps on the newest fold in time."""
    if method == "none":
        return True
    gains = _fold_values(log_loss, folds, cross_fitted["none"]) - _fold_values(log_loss, folds, cross_fitted[method])
    if gains.mean() <= gains.std() / np.sqrt(len(gains)) or (in_time and not gains[-1] > 0.0):
        return False  # of folds in time, the newest one's map was fitted on all the older ones
    return not _mean(auc, folds, cross_fitted[method]) < _mean(auc, folds, cross_fitted["none"]) - _MOST_AUC_LOSS


def _fold_values(metric: Metric, folds: list[tuple[Array, Array]], predicted: list[Array]) -> Array:
    """Return a metric of each fold, (folds,)."""
    return np.array([plain(metric, churned, each) for (_, churned), each in zip(folds, predicted, strict=True)])


def _mean(metric: Metric, folds: list[tuple[Array, Array]], predicted: list[Array]) -> float:
    """Return the mean of a metric over the folds."""
    return float(_fold_values(metric, folds, predicted).mean())


def _exact_log_odds(probabilities: Array) -> Array:
    """Return log-odds that differ wherever probabilities do, as far as numbers go."""
    with np.errstate(divide="ignore"):
        exact = np.log(probabilities) - np.log1p(-np.asarray(probabilities, dtype=float))
    return np.asarray(np.clip(exact, -_FARTHEST, _FARTHEST))


def _cross_fit(
    folds: list[tuple[Array, Array]], method: str, fit: Callable[[str, list[tuple[Array, Array]]], Calibrator]
) -> list[Array]:
    if len(folds) == 1:
        return [folds[0][0]]
    others = [[fold for place, fold in enumerate(folds) if place != held] for held in range(len(folds))]
    return [fit(method, each).predict(raw) for each, (raw, _) in zip(others, folds, strict=True)]


def _fit_sigmoid(raw: Array, churned: Array) -> dict[str, list[float]]:
    slope, intercept = platt_line(churned, logit(raw))
    if not _RAW_SHARE <= slope <= _MOST_SLOPE:  # a map that levels, reverses or saturates the ranking
        return {"slope": [1.0], "intercept": [0.0]}
    return {"slope": [slope], "intercept": [intercept]}


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
