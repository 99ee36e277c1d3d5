"""Calibration of effects: the line through doubly robust scores that cross-fitted effects predict.

References
----------
[1] Chernozhukov, Demirer, Duflo, Fernandez-Val (2025), Fisher-Schultz lecture: generic machine learning inference on
    heterogeneous treatment effects, Econometrica 93(4), section 3: the best linear predictor.
[2] James, Stein (1961), Estimation with quadratic loss, Proceedings of the Fourth Berkeley Symposium 1; the factor that
    is never below zero is by Baranchik (1964).
"""

from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from ..evaluation.metrics import Array

_NORMAL_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class EffectCalibration:
    """The map effect = average + slope (predicted - centre).

    Attributes
    ----------
    average
        The average effect.
    slope
        0 or more; 1 where predictions are right as they are, 0 where they predict nothing.
    centre
        The mean of the cross-fitted predictions.
    covariance
        Of average and slope: its variances and the covariance between, as (average, slope, between).
    """

    average: float
    slope: float
    centre: float
    covariance: tuple[float, float, float]

    @classmethod
    def learn(cls, scores: Array, predicted: Array) -> "EffectCalibration":
        """Fit the line [1] by least squares, with a covariance that holds whatever the variances are (White 1980).

        Parameters
        ----------
        scores
            Doubly robust scores of the effect, shape (n,).
        predicted
            Effects predicted by models that have not seen the row, shape (n,).
        """
        centre = float(predicted.mean())
        away = predicted - centre
        spread = float(np.square(away).sum())
        average = float(scores.mean())
        slope = float((away * scores).sum() / spread) if spread > 0.0 else 0.0
        left_over = scores - average - slope * away
        n = len(scores)
        of_average, of_slope = np.full(n, 1.0 / n), away / spread if spread > 0.0 else np.zeros(n)
        pairs = ((of_average, of_average), (of_slope, of_slope), (of_average, of_slope))
        variances = [float((one * other * left_over**2).sum()) for one, other in pairs]
        line = cls(average, slope, centre, (variances[0], variances[1], variances[2]))
        return line if slope > 0.0 else line.flat()

    def shrunk(self) -> "EffectCalibration":
        """Return the calibration with its slope times 1 - (standard error / slope)^2, or 0 where that is below zero.

        The slope of a noisy fit is too large as often as too small, but effects that are too far apart cost more [2]. A
        slope within its standard error is no sign of different effects. The covariance of a slope that is kept stays
        that of the fit, so that intervals lie around the shrunk effects and are as wide as before.
        """
        squared = self.slope**2
        if squared <= self.covariance[1] or squared == 0.0:
            return self.flat()
        return replace(self, slope=self.slope * (1.0 - self.covariance[1] / squared))

    def flat(self) -> "EffectCalibration":
        """Return the calibration that gives everybody the average effect."""
        return replace(self, slope=0.0, covariance=(self.covariance[0], 0.0, 0.0))

    def on(self, scores: Array, predicted: Array) -> "EffectCalibration":
        """Return the calibration with the average effect and the centre of other rows; the slope is kept."""
        other = EffectCalibration.learn(scores, predicted)
        covariance = (other.covariance[0], *self.covariance[1:])
        return replace(self, average=other.average, centre=other.centre, covariance=covariance)

    def apply(self, predicted: Array) -> Array:
        """Return calibrated effects, shape (n,)."""
        return np.asarray(self.average + self.slope * (predicted - self.centre))

    def errors(self, predicted: Array) -> Array:
        """Return the standard error of the mean effect among customers with such a prediction, shape (n,)."""
        away = predicted - self.centre
        average, slope, between = self.covariance
        return np.asarray(np.sqrt(np.maximum(average + 2.0 * between * away + slope * away**2, 0.0)))

    def interval(self, predicted: Array) -> tuple[Array, Array]:
        """Return the ends of 95% intervals of the mean effect among customers with such a prediction, (n,) each."""
        effect, error = self.apply(predicted), _NORMAL_95 * self.errors(predicted)
        return effect - error, effect + error

    def as_dict(self) -> dict[str, Any]:
        """Return the calibration for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "EffectCalibration":
        """Return the calibration from the result of `as_dict`."""
        return cls(**{**stored, "covariance": tuple(stored["covariance"])})
