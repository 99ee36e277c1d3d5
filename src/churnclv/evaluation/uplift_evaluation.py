"""Evaluation of rankings by effect: areas, RATE with p-values, paired differences, and effects by predicted group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Interval, Sample, Scores, score
from .metrics import Array, Metric
from .treatment_effects import Responses, effect_scores, mean_interval, normal_interval, p_value
from .uplift_curves import CURVE_METRICS, RATE_METRICS, uplift_at

TOP_SHARES = (0.1, 0.2, 0.3)


@dataclass(frozen=True)
class UpliftFigures:
    """Figures of rankings by their names, each with a 95% interval, and their paired differences.

    Attributes
    ----------
    curves
        `uplift_area`, `uplift_auc`, `qini_area`, and `uplift_at_10` and so on, from means of treated and control.
    rates
        `rate_autoc` and `rate_qini`, from effect scores. Their intervals are normal, with the bootstrap's error
        (Yadlowsky et al. 2025, section 3), so that they leave out zero where the p-value is below 0.05.
    p_values
        Of the RATE metrics, by ranking and metric: the probability of a figure so far from zero under no ranking.
    """

    curves: Scores
    rates: Scores
    p_values: dict[str, dict[str, float]]


def evaluate_rankings(
    responses: Responses,
    rankings: Mapping[str, Array],
    reference: str,
    expected: Array | None = None,
    *,
    replicates: int = 200,
    seed: int = 0,
) -> UpliftFigures:
    """Return all figures of rankings on the same bootstrap draws of customers.

    Parameters
    ----------
    responses
        Outcomes of one treatment (arm 1) and control, of which the rankings know nothing. For several arms take
        `Responses.against_control`.
    rankings
        Scores (n,) by name, the highest is treated first.
    reference
        The name of the ranking that the others are compared with.
    expected
        Expected outcomes under each arm (n, 2), cross-fitted, for the effect scores; None = without a model.
    replicates
        Number of bootstrap draws.
    seed
        Seed of the draws.

    Returns
    -------
    UpliftFigures
        Figures, intervals, differences and p-values.
    """
    treated = (responses.arm == 1).astype(float)
    curves: dict[str, Metric] = {name: metric(treated) for name, metric in CURVE_METRICS.items()}
    curves |= {f"uplift_at_{share * 100:.0f}": uplift_at(share, treated) for share in TOP_SHARES}
    everyone, ranked = np.arange(len(responses)), dict(rankings)
    by_means = score([Sample(responses.outcome, ranked, everyone)], curves, reference, replicates=replicates, seed=seed)
    effects = effect_scores(responses, expected)
    by_scores = score([Sample(effects, ranked, everyone)], RATE_METRICS, reference, replicates=replicates, seed=seed)
    errors = {
        name: {metric: float(np.std(values, ddof=1)) for metric, values in drawn.items()}
        for name, drawn in by_scores.drawn.items()
    }
    rates = {
        name: {metric: normal_interval(figure.value, errors[name][metric]) for metric, figure in figures.items()}
        for name, figures in by_scores.figures.items()
    }
    p_values = {
        name: {metric: p_value(figure.value, errors[name][metric]) for metric, figure in figures.items()}
        for name, figures in by_scores.figures.items()
    }
    return UpliftFigures(by_means, replace(by_scores, figures=rates), p_values)


@dataclass(frozen=True)
class GroupEffect:
    """The customers of a group: how many, the mean effect that was predicted, and the effect with its interval."""

    group: str
    customers: int
    predicted: float
    effect: Interval


def effects_by_group(scores: Array, groups: NDArray[np.str_] | Sequence[str], predicted: Array) -> list[GroupEffect]:
    """Return the effect in each group, from effect scores (n,) and predicted effects (n,); groups in their order."""
    names = np.asarray(groups)
    return [
        GroupEffect(str(name), int(held.sum()), float(predicted[held].mean()), mean_interval(scores[held]))
        for name in dict.fromkeys(sorted(names.tolist()))
        if (held := names == name).any()
    ]


def predicted_groups(predicted: Array, groups: int = 10) -> NDArray[np.int64]:
    """Return each customer's group by predicted effect, 1 = the highest, in groups of equal size; ties by place."""
    places = np.empty(len(predicted), dtype=np.int64)
    places[np.argsort(-predicted, kind="stable")] = np.arange(len(predicted))
    return places * groups // max(len(predicted), 1) + 1
