"""Unseen confounding: how strong something that nobody recorded would have to be to explain an effect away.

References
----------
[1] VanderWeele, Ding (2017), Sensitivity analysis in observational research: introducing the E-value, Annals of
    Internal Medicine 167(4).
[2] Cinelli, Hazlett (2020), Making sense of sensitivity: extending omitted variable bias, Journal of the Royal
    Statistical Society B 82(1).
"""

from dataclasses import dataclass

import numpy as np

from .bootstrap import Interval
from .metrics import Array
from .treatment_effects import CONTROL, normal_interval


@dataclass(frozen=True)
class Sensitivity:
    """How strong an unseen confounder has to be.

    Attributes
    ----------
    figure
        `e_value` [1] or `robustness_value` [2].
    estimate
        What would explain the estimate away.
    limit
        What would take the interval to no effect; the least that the figure can be where it holds none already.
    """

    figure: str
    estimate: float
    limit: float

    def sentence(self) -> str:
        """Return what the figures mean."""
        if self.figure == "e_value":
            return (
                f"E-value {self.estimate:.2f}, of the interval's end {self.limit:.2f}: to explain the effect away, "
                "something unrecorded would have to make both treatment and outcome so many times as likely."
            )
        return (
            f"robustness value {self.estimate:.1%}, of the interval's end {self.limit:.1%}: to explain the effect "
            "away, something unrecorded would have to explain that share of what is left of both treatment and outcome."
        )


def e_value(risk_ratio: float) -> float:
    """Return the E-value of a risk ratio: RR + sqrt(RR (RR - 1)), of 1 / RR below one [1, p. 269]; 1 = none."""
    if not risk_ratio > 0.0:  # also NaN
        return float("nan")
    ratio = max(risk_ratio, 1.0 / risk_ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1.0)))


def e_values(ratio: Interval) -> Sensitivity:
    """Return the E-values of a risk ratio and of the end of its interval that is nearer to one."""
    near = ratio.low if ratio.value >= 1.0 else ratio.high
    holds_one = ratio.low <= 1.0 <= ratio.high
    return Sensitivity("e_value", e_value(ratio.value), 1.0 if holds_one else e_value(near))


def robustness_value(t: float, degrees: int, significance: float | None = None) -> float:
    """Return the robustness value of a coefficient, [2] Eq. 19; with a significance level, that of its interval.

    Parameters
    ----------
    t
        The coefficient by its standard error.
    degrees
        Degrees of freedom of the regression.
    significance
        Two-sided; None for the coefficient itself.
    """
    from scipy.stats import t as student

    f = abs(t) / np.sqrt(degrees)
    if significance is not None:
        f -= float(student.ppf(1.0 - significance / 2.0, degrees - 1)) / np.sqrt(degrees - 1)
    if f <= 0.0:
        return 0.0
    return float(0.5 * (np.sqrt(f**4 + 4.0 * f**2) - f**2))


def robustness_values(outcome: Array, treated: Array, covariates: Array) -> Sensitivity:
    """Return the robustness values of the treatment in a linear regression on it and on covariates (n, k)."""
    design = np.column_stack([np.ones(len(outcome)), covariates])
    kept = [part - design @ np.linalg.lstsq(design, part, rcond=None)[0] for part in (outcome, treated)]
    spread = float((kept[1] ** 2).sum())
    degrees = len(outcome) - int(np.linalg.matrix_rank(design)) - 1
    effect = float((kept[0] * kept[1]).sum()) / spread  # Frisch-Waugh-Lovell
    error = float(np.sqrt(((kept[0] - effect * kept[1]) ** 2).sum() / degrees / spread))
    t = effect / error
    return Sensitivity("robustness_value", robustness_value(t, degrees), robustness_value(t, degrees, 0.05))


def risk_ratio(scores: Array, arm: int = 1) -> Interval:
    """Return the mean outcome under an arm by that under control, with its 95% interval (delta method, in logarithms).

    Parameters
    ----------
    scores
        Scores of every arm, (n, arms), as `treatment_effects.arm_scores` gives them.
    arm
        The treatment.
    """
    treated, control = (float(scores[:, place].mean()) for place in (arm, CONTROL))
    if not min(treated, control) > 0.0:
        return Interval(*[float("nan")] * 3)
    influence = scores[:, arm] / treated - scores[:, CONTROL] / control
    error = float(np.std(influence, ddof=1) / np.sqrt(len(influence)))
    logarithm = normal_interval(float(np.log(treated / control)), error)
    return Interval(*(float(np.exp(part)) for part in (logarithm.value, logarithm.low, logarithm.high)))
