"""Coefficients come back from simulated customers, and their intervals hold the truth as often as they say."""

import numpy as np
import pandas as pd
import pytest

from churnclv.clv.purchase_models import PURCHASE_MODELS
from churnclv.clv.rfm import new_customers

TRUTH = {"pareto_nbd": (0.8, 40.0, 0.8, 200.0), "mbgnbd": (0.8, 40.0, 1.2, 4.0)}
EFFECTS = np.array([0.5, -0.4, 0.4, 0.3])  # per standard deviation: purchase of group and size, dropout of both
CUSTOMERS, DAYS = 700, 600.0


def refit(name, seed):
    """Return estimate and standard error of each coefficient, on customers simulated from this seed."""
    random = np.random.default_rng(seed)
    attributes = pd.DataFrame({"group": random.choice(["a", "b"], CUSTOMERS), "size": random.normal(size=CUSTOMERS)})
    truth = PURCHASE_MODELS[name](covariates=["group", "size"]).with_design(attributes)
    truth._keep(np.r_[np.log(TRUTH[name]), _signed(truth)])
    histories = truth.sample(truth.encode(new_customers(CUSTOMERS), attributes), DAYS, random)
    model = truth.unfitted().fit(truth.encode(histories, attributes))
    assert model.certificate.converged
    return model.coefficients - truth.coefficients, np.sqrt(np.diag(model.covariance)[4:])


def _signed(model):
    """Return the effects for the level that has a column: the reference is the more frequent one."""
    first = model.design.columns[0].level == "b"
    return EFFECTS * np.where(first, 1.0, [-1.0, 1.0, -1.0, 1.0])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seeds"), [("mbgnbd", 40), ("pareto_nbd", 15)])
def test_coefficients_come_back_and_their_intervals_hold(name, seeds):
    errors, spreads = map(np.array, zip(*(refit(name, seed) for seed in range(seeds)), strict=True))
    bias = errors.mean(axis=0) / (errors.std(axis=0) / np.sqrt(seeds))
    assert np.abs(bias).max() < 3.5
    inside = np.abs(errors) < 1.959964 * spreads
    chance = np.sqrt(0.05 * 0.95 / inside.size)
    assert 0.95 - 4 * chance < inside.mean() <= 1.0
    assert np.abs(errors).mean() < 0.2
