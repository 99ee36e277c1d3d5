"""The remaining value of contracts: the expected margin of future payments, given the hazards of each period.

[1] Fader, Hardie (2010), Customer-base valuation in a contractual setting: the perils of ignoring heterogeneity,
    Marketing Science 29(1).

The timing. Period k = 0, 1, ... begins k times `period_days` after the cutoff, and `hazard[:, k]` is the chance that a
contract alive at its start ends within it. A contract that is alive `first_payment_days` into a period pays then, for
the next period in full. At 0 payments come at the beginning of each period survived, the first of them at the cutoff,
where everyone is alive: it counts. Where payments come later in the period, the hazard is spread evenly up to them. A
payment on day t counts if t < `horizon_days`, and has the value price x margin x (1 + annual_rate) ** (-t / 365.25).
Only the moment at which a contract ends is uncertain: hazards, their parameters and prices are taken as given.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..time_units import DAYS_PER_YEAR
from .contract_spells import require_rows
from .predictive import NOMINAL, Interval, Levels
from .rfm import Array

_ROUNDING = 1e-9  # of a period
_NEAR_CERTAIN = 1e-12
_NEWTON_STEPS = 12  # to the last digit for a year of days
_LARGEST = 600.0  # exp of more than 700 is infinite


class OddsByAge(Protocol):
    """A model of contracts that gives the odds of ending in the period after each age."""

    def odds(self, ages: Any) -> Array:
        """Return the odds, of the shape of the ages."""


@dataclass(frozen=True)
class Terms:
    """The payment terms of n contracts.

    Attributes:
        price: per period, (n,), in the log's currency.
        margin: share of the price that is kept.
        annual_rate: of discount (0.1 = 10% a year).
        period_days: length of a renewal period.
        first_payment_days: from the cutoff to the next payment, 0 to `period_days`; one number, or (n,). Where billing
            days are unknown, half a period is right on average.
    """

    price: Array
    margin: float
    annual_rate: float
    period_days: float
    first_payment_days: Array | float = 0.0

    def __post_init__(self) -> None:
        """Check prices and lengths."""
        price, first = np.asarray(self.price), np.asarray(self.first_payment_days)
        require_rows(np.isfinite(price) & (price >= 0), "price", price, "allowed are amounts of 0 or more")
        if self.period_days <= 0 or ((first < 0) | (first > self.period_days)).any():
            message = f"period_days ({self.period_days}) must be above 0, and first_payment_days between 0 and it"
            raise ValueError(message)


def periods_within(horizon_days: float, period_days: float) -> int:
    """Return how many periods begin within a horizon, which is the number of hazards needed."""
    return max(int(np.ceil(horizon_days / period_days - _ROUNDING)), 0)


def expected_margin(hazard: Array, terms: Terms, horizon_days: float | None) -> Array:
    """Return the expected remaining margin within `horizon_days` from the cutoff, discounted to it, (n,).

    Args:
        hazard: chance of ending in each period from the cutoff for who is alive at its start, (n, periods), by any
            model.
        terms: the payment terms.
        horizon_days: None is the infinite horizon: the last hazard then goes on for ever.

    Raises:
        InputError: a hazard or a price is out of range.
        ValueError: hazards do not reach the horizon, or an infinite horizon has no discount.
    """
    total = np.zeros(len(hazard))
    for chance, value in _payments(hazard, terms, horizon_days):
        total += chance * value
    return total


def margin_interval(hazard: Array, terms: Terms, horizon_days: float, levels: Levels = NOMINAL) -> Interval:
    """Return the least remaining margins whose cumulative probability reaches the levels.

    The remaining margin is a discrete variable, determined by the number of payments. For a contract that almost surely
    outlives the horizon both bounds are the sum of all payments, which lies above the mean.

    Raises:
        InputError: a hazard or a price is out of range.
        ValueError: hazards do not reach the horizon.
    """
    bounds = np.zeros((2, len(hazard)))
    for chance, value in _payments(hazard, terms, horizon_days):
        for place, level in enumerate(levels):
            bounds[place] += np.where(chance > 1.0 - level, value, 0.0)
    return Interval(*bounds)


def _payments(hazard: Array, terms: Terms, horizon_days: float | None) -> Iterator[tuple[Array, Array]]:
    """Yield for each payment the probability that it is made, and its value at the cutoff, (n,) each.

    Computed period by period, so that a customer's values depend on that customer's row alone. On the infinite horizon
    the last payment stands for all that follow.
    """
    _check(hazard, terms, horizon_days)
    shape, period = len(hazard), terms.period_days
    first = np.broadcast_to(np.asarray(terms.first_payment_days, dtype=float), shape)
    alive, value = np.ones(shape), terms.margin * terms.price * _discount(terms, first)
    reach = hazard.shape[1] if horizon_days is None else periods_within(horizon_days, period)
    for k in range(reach):
        stays = 1.0 - hazard[:, k]
        chance = alive * stays ** (first / period)
        if horizon_days is not None:
            chance = np.where(first + k * period < horizon_days - _ROUNDING * period, chance, 0.0)
        yield chance, value
        alive, value = alive * stays, value * _discount(terms, period)
    if horizon_days is None:
        stays = 1.0 - hazard[:, -1]
        yield alive * stays ** (first / period), value / (1.0 - stays * _discount(terms, period))


def _discount(terms: Terms, days: Array | float) -> Array:
    return np.asarray((1.0 + terms.annual_rate) ** (-np.asarray(days) / DAYS_PER_YEAR))


def _check(hazard: Array, terms: Terms, horizon_days: float | None) -> None:
    require_rows((hazard >= 0) & (hazard <= 1), "hazard", hazard, "allowed is 0 to 1")
    needed = 1 if horizon_days is None else periods_within(horizon_days, terms.period_days)
    if hazard.shape[1] < needed:
        message = f"hazards reach {hazard.shape[1]} periods, and the horizon {needed}"
        raise ValueError(message)
    if horizon_days is None and terms.annual_rate <= 0:
        message = "an infinite horizon needs an annual_rate above 0"
        raise ValueError(message)


def extend_hazard(
    learned: Array,
    age_periods: Array,
    model: OddsByAge,
    periods: int,
    learned_periods: float = 1.0,
) -> Array:
    """Extend a learned probability of ending along the model's hazard curve, by proportional odds, (n, periods).

    This is an assumption: the learned score multiplies the odds of ending by one factor per customer, which is the same
    in every period ahead: logit h_k = logit model(age + k) + c, with c such that the chance of
    ending within `learned_periods` is the learned one. For one period c = logit learned - logit model(age).

    Args:
        learned: chance of ending within `learned_periods` from the cutoff, (n,). Chances nearer than 1e-12 to 0 or 1
            count as so near.
        age_periods: renewal periods survived at the cutoff, (n,).
        model: gives the hazard curve.
        periods: how many to return.
        learned_periods: horizon of the learned probability: 1 is the first period; 3 is a quarter on monthly contracts.
            A part of a period counts with its hazard spread evenly.

    Raises:
        InputError: a learned chance is not within 0 and 1.
        ValueError: `learned_periods` is not above 0.
    """
    learned = np.asarray(learned, dtype=float)
    require_rows((learned >= 0) & (learned <= 1), "learned", learned, "allowed is 0 to 1")
    if learned_periods <= 0:
        message = f"learned_periods is {learned_periods}, allowed is above 0"
        raise ValueError(message)
    weights = np.clip(learned_periods - np.arange(max(int(np.ceil(learned_periods)), 1)), 0.0, 1.0)
    ahead = np.arange(max(periods, len(weights)))
    odds = model.odds(np.asarray(age_periods, dtype=float)[:, None] + ahead)
    chance = np.clip(learned, _NEAR_CERTAIN, 1.0 - _NEAR_CERTAIN)
    odds *= _solve_factor(-np.log1p(-chance), odds, weights)[:, None]
    return np.asarray(odds[:, :periods] / (1.0 + odds[:, :periods]))


def _solve_factor(hazard_sum: Array, odds: Array, weights: Array) -> Array:
    """Return f with sum_k w_k log(1 + odds_k f) = hazard_sum, (n,).

    The sum grows with log f and is convex in it, and its first term alone reaches `hazard_sum` at an f that is no less:
    from there Newton's steps descend to the root without passing it. Every row takes the same number of steps, so that
    rows do not influence each other.
    """
    alone = hazard_sum / weights[0]
    shift = np.minimum(alone + np.log(-np.expm1(-alone)), _LARGEST) - np.log(odds[:, 0])
    for _ in range(_NEWTON_STEPS if len(weights) > 1 else 0):
        factor, value, slope = np.exp(shift), np.zeros(len(shift)), np.zeros(len(shift))
        for k, weight in enumerate(weights):
            moved = odds[:, k] * factor
            value += weight * np.log1p(moved)
            slope += weight * (moved / (1.0 + moved))
        shift = shift - (value - hazard_sum) / slope
    return np.asarray(np.exp(shift))
