"""What if, for contracts: a point of retention taken off the chance that a contract ends in the next window."""

from pathlib import Path

import numpy as np

from ..clv.contract_value import ContractValueModel, ValueTerms
from .bundle_scores import Champion
from .what_if import Effect, Outlook, Scenario, estimate

SCENARIOS = (
    Scenario("one_point", "next_window", points=0.01),
    Scenario("five_points", "next_window", points=0.05),
)
_MOST_HAZARD = 0.999
_FARTHEST = 3.0  # in log-parameters: beyond, the normal approximation does not hold


def simulate_retention(
    champion: Champion, folder: Path, scenarios: tuple[Scenario, ...], draws: int, seed: int
) -> Outlook:
    """Return the outlook of the customers under contract, over draws of the survival curve's parameters.

    The churn score of everyone falls by the scenario's points, down to zero; later windows follow the curve.
    """
    model, economics = ContractValueModel.load(folder), champion.economics
    days, margin, rate = economics.value_terms
    has_score = champion.scores["churn_score"].notna().to_numpy()
    rows = champion.features[has_score].reset_index(drop=True)
    p = champion.scored["churn_score"].to_numpy(dtype=float)
    measures = (ValueTerms(days, 1.0, 0.0), ValueTerms(days, margin, rate))
    changed = [p, *(p - np.minimum(scenario.points, p) for scenario in scenarios)]
    sums = [
        [[np.nansum(drawn.value(rows, scores, terms)) for terms in measures] for scores in changed]
        for drawn in _draw(model, draws, seed)
    ]
    totals = np.array(sums)
    totals[:, 1:] -= totals[:, :1]
    n, places = len(p), range(len(changed))
    estimates = [(estimate(totals[:, place, 0], n), estimate(totals[:, place, 1], n)) for place in places]
    effects = tuple(Effect(scenario, *pair) for scenario, pair in zip(scenarios, estimates[1:], strict=True))
    return Outlook(len(p), *estimates[0], effects)


def _draw(model: ContractValueModel, draws: int, seed: int) -> list[ContractValueModel]:
    """Return the model, then the same at drawn parameters; only the model where the parameters have no covariance."""
    names, covariance = list(model.survival.parameters), model.survival.covariance
    values = np.array([model.survival.parameters[name] for name in names])
    drawn = [model]
    if covariance.shape != (len(names), len(names)) or not (values > 0).all():
        return drawn
    generator = np.random.default_rng(seed)
    for move in generator.multivariate_normal(np.zeros(len(names)), covariance, size=draws, method="eigh"):
        moved = np.exp(np.log(values) + np.clip(move, -_FARTHEST, _FARTHEST))
        moved = np.minimum(moved, _MOST_HAZARD) if names == ["hazard"] else moved
        other = ContractValueModel(model.period_days)
        other.survival = model.survival.at(**dict(zip(names, moved.tolist(), strict=True)))
        drawn.append(other)
    return drawn
