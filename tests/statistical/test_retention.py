"""Contract models find the truth of simulated contracts, and what they say happens as often as they say."""

import numpy as np
import pytest

from churnclv.clv.contract_margin import Terms, expected_margin, margin_interval
from churnclv.clv.shifted_beta_geometric import ShiftedBetaGeometricModel

ALPHA, BETA = 0.8, 9.0
SEEDS, CONTRACTS, WATCHED = 20, 4000, 24
AHEAD = 12


def watch(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Contracts begun over three years and watched in the last two: entered, survived, ended, and the true lifetimes.

    Those that ended before the watch began are never heard of.
    """
    random = np.random.default_rng(seed)
    lived = random.geometric(random.beta(ALPHA, BETA, CONTRACTS)) - 1
    begun = random.integers(0, 36, CONTRACTS)  # months before the end of the watch
    entered, until = np.maximum(begun - WATCHED, 0), begun
    heard_of = lived >= entered
    entered, until, lived = entered[heard_of], until[heard_of], lived[heard_of]
    return entered, np.minimum(lived, until), lived < until, lived


@pytest.fixture(scope="module")
def fits():
    """A model per seed, with its watched contracts."""
    seen = [watch(seed) for seed in range(SEEDS)]
    return [(ShiftedBetaGeometricModel().fit(*found[:3]), *found) for found in seen]


def test_parameters_come_back_within_their_standard_errors_in_spite_of_left_truncation(fits):
    truth = np.log([ALPHA, BETA])
    away = np.array([
        (np.log(list(model.parameters.values())) - truth) / np.sqrt(np.diag(model.covariance)) for model, *_ in fits
    ])  # fmt: skip
    assert (np.abs(away.mean(axis=0)) < 3.5 / np.sqrt(SEEDS)).all()
    assert (np.abs(away) < 4.0).all()
    assert ((away.std(axis=0) > 0.6) & (away.std(axis=0) < 1.5)).all()  # of 20, 99.8% lie so


def test_ignoring_the_truncation_would_hide_the_early_ends(fits):
    model, _, survived, ended, _ = fits[0]
    naive = ShiftedBetaGeometricModel().fit(np.zeros(len(survived)), survived, ended)
    assert naive.p_ends(0, 1) < model.p_ends(0, 1) - 4.0 * 0.003
    assert model.p_ends(0, 1) == pytest.approx(ALPHA / (ALPHA + BETA), abs=0.02)


def test_as_many_end_within_a_year_as_said(fits):
    for model, _, survived, ended, lived in fits:
        age, left = survived[~ended], lived[~ended] < survived[~ended] + AHEAD
        said = model.p_ends(age, AHEAD)
        for part in np.array_split(np.argsort(said), 3):
            error = np.sqrt((said[part] * (1.0 - said[part])).sum()) / len(part)
            assert abs(said[part].mean() - left[part].mean()) < 4.0 * error + 0.02  # parameters are uncertain too


def test_the_margin_adds_up_to_what_is_paid_and_intervals_hold_it(fits):
    said = paid = inside = below = contracts = 0.0
    for model, _, survived, ended, lived in fits:
        age = survived[~ended].astype(float)
        terms = Terms(np.ones(len(age)), 1.0, 0.0, 30.0)
        hazard = model.hazards_ahead(age, AHEAD)
        payments = np.minimum(lived[~ended] - age + 1.0, AHEAD)
        interval = margin_interval(hazard, terms, AHEAD * 30.0, (0.1, 0.9))
        said, paid = said + expected_margin(hazard, terms, AHEAD * 30.0).sum(), paid + payments.sum()
        inside += ((payments >= interval.low) & (payments <= interval.high)).sum()
        below += (payments < interval.low).sum()
        contracts += len(age)
    assert said == pytest.approx(paid, rel=0.01)
    assert inside / contracts > 0.8 - 4.0 * np.sqrt(0.8 * 0.2 / contracts)
    assert below / contracts < 0.1 + 4.0 * np.sqrt(0.1 * 0.9 / contracts)
