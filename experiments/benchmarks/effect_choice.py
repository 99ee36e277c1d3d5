"""Learners of effects where the truth is known: that of the lowest loss, their weighted sum, and the best in hindsight.

    python experiments/benchmarks/effect_choice.py --seeds 6

Each experiment has 4,000 customers to learn from and 20,000 others. A figure is the error of the effects of the others,
in per cent of the variance of the true effects, and the area under the gain curve, in per cent of the best one. Where
everybody is alike there is no such area, and the error is in thousandths of the outcome, as a root mean square.
"""

import argparse
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from churnclv.evaluation.metrics import Array
from churnclv.evaluation.treatment_effects import Responses, effect_scores, standard_error
from churnclv.evaluation.uplift_curves import RATE_METRICS
from churnclv.testing.treatment_simulator import TreatmentDesign, simulate_treatment
from churnclv.uplift.cross_fitting import cross_fit_outcomes, draw_folds
from churnclv.uplift.effect_calibration import EffectCalibration
from churnclv.uplift.effect_selection import FLAT, FOLDS, all_candidates, cross_fit_effects
from churnclv.uplift.effect_stacking import stack_effects

CUSTOMERS, OTHERS = 4000, 20_000
ALIKE, SMOOTH = "everybody alike", "smooth"
DESIGNS = {
    "steps": TreatmentDesign(),
    "strong steps": TreatmentDesign(strength=2.0),
    "weak steps": TreatmentDesign(strength=0.5),
    "a tenth treated": TreatmentDesign(propensities=(0.9, 0.1)),
    "amounts": TreatmentDesign(amounts=True, strength=2.0),
    "steps above zero": TreatmentDesign(average=0.2),
    ALIKE: TreatmentDesign(strength=0.0, average=0.05),
}


@dataclass(frozen=True)
class Truth:
    """Rows, their responses and the true effects (n,)."""

    features: pd.DataFrame
    responses: Responses
    effects: Array


def draw(name: str, customers: int, seed: int) -> Truth:
    """Return an experiment of a name: of the simulator, whose effects are steps, or a smooth one."""
    if name == SMOOTH:
        return draw_smooth(customers, seed)
    drawn = simulate_treatment(replace(DESIGNS[name], customers=customers), seed)
    return Truth(drawn.features, drawn.responses, drawn.effects[:, 0])


def draw_smooth(customers: int, seed: int) -> Truth:
    """Return customers whose effect rises evenly with two features, and whose base is a curve of a third."""
    random = np.random.default_rng(seed)
    features = pd.DataFrame(random.normal(size=(customers, 8)), columns=[f"x{place}" for place in range(8)])
    base = 0.3 + 0.15 * np.sin(2.0 * features["x2"].to_numpy())
    effects = 0.05 + 0.04 * features["x0"].to_numpy() - 0.03 * features["x1"].to_numpy()
    arm = random.integers(0, 2, customers)
    outcome = (random.random(customers) < np.clip(base + effects * arm, 0.0, 1.0)).astype(float)
    return Truth(features, Responses.randomised(outcome, arm), np.clip(base + effects, 0.0, 1.0) - base)


@dataclass(frozen=True)
class Fitted:
    """Scores (n,) and folds of the rows to learn from; by learner the effects there, out of fold, and of the others."""

    scores: Array
    fold: Array
    inside: dict[str, Array]
    others: dict[str, Array]


def fit(train: Truth, others: pd.DataFrame, seed: int) -> Fitted:
    """Fit every learner."""
    rows, responses = train.features, train.responses
    expected = cross_fit_outcomes(rows, responses, folds=FOLDS, seed=seed)
    inside, outside = {}, {}
    for one in all_candidates():
        if one != FLAT:
            inside[str(one)] = cross_fit_effects(rows, responses, one, seed=seed)
            outside[str(one)] = one.make(seed, 1).fit(rows, responses).effects(others)
    return Fitted(effect_scores(responses, expected), draw_folds(responses, FOLDS, seed), inside, outside)


def answers(fitted: Fitted, truth: Array) -> dict[str, Array]:
    """Return the effects of the others by rule."""
    scores, fold = fitted.scores, fitted.fold
    alone = {name: EffectCalibration.learn(scores, inside) for name, inside in fitted.inside.items()}
    calibrated = {name: alone[name].apply(others) for name, others in fitted.others.items()}
    flat = np.full(len(truth), scores.mean())
    losses = {name: np.square(scores - _lines(scores, inside, fold)) for name, inside in fitted.inside.items()}
    best = min(losses, key=lambda name: float(losses[name].mean()))
    gain = losses[best] - np.square(scores - _lines(scores, np.zeros(len(scores)), fold))
    inside, others = (np.column_stack(list(part.values())) for part in (fitted.inside, fitted.others))
    stack = stack_effects(scores, inside, fold)
    return {
        "the lowest loss, or one effect": calibrated[best] if gain.mean() + standard_error(gain) < 0.0 else flat,
        "the lowest loss, shrunk": alone[best].shrunk().apply(fitted.others[best]),
        "plain mean, shrunk": EffectCalibration.learn(scores, inside.mean(axis=1)).shrunk().apply(others.mean(axis=1)),
        "weighed and shrunk": stack.calibration.apply(others @ stack.weights),
        "one effect": flat,
        "best in hindsight": min(calibrated.values(), key=lambda effects: float(np.mean((truth - effects) ** 2))),
    }


def _lines(scores: Array, effects: Array, fold: Array) -> Array:
    calibrated = np.empty(len(effects))
    for held in np.unique(fold):
        rows = fold == held
        calibrated[rows] = EffectCalibration.learn(scores[~rows], effects[~rows]).apply(effects[rows])
    return calibrated


def measure(name: str, truth: Array, effects: Array) -> tuple[float, float]:
    """Return the error and the area of effects."""
    squared = float(np.mean((truth - effects) ** 2))
    if name == ALIKE:
        return 1e3 * squared**0.5, float("nan")
    once = np.ones((len(truth), 1))
    area, best = (float(RATE_METRICS["rate_qini"](truth, by, once)[0]) for by in (effects, truth))
    return 100.0 * squared / float(np.var(truth)), 100.0 * area / best


def main() -> None:
    """Print a table: a row per rule, two figures per experiment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6, help="experiments of each kind")
    parser.add_argument("--only", nargs="+", choices=[*DESIGNS, SMOOTH], default=[*DESIGNS, SMOOTH])
    given = parser.parse_args()
    for name in given.only:
        figures: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for seed in range(given.seeds):
            train, others = draw(name, CUSTOMERS, seed), draw(name, OTHERS, seed + 10_000)
            for rule, effects in answers(fit(train, others.features, seed), others.effects).items():
                figures[rule].append(measure(name, others.effects, effects))
        print(f"\n{name} ({given.seeds} seeds): error, area")
        for rule, pairs in figures.items():
            error, area = np.mean(pairs, axis=0)
            print(f"  {rule:32} {error:6.0f} {area:6.0f}", flush=True)


if __name__ == "__main__":
    main()
