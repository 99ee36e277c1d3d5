"""Models with covariates have an answer for every data set: no fit fails, no prediction is absurd."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnclv.clv.next_purchase import days_to_next_purchase, days_until_gone
from churnclv.clv.purchase_models import PURCHASE_MODELS
from churnclv.clv.rfm import Histories
from churnclv.testing.purchase_model_suite import DAYS, check_chances, check_purchases, draw_histories, make_histories
from examples import examples

NAMES = ("bgnbd", "mbgnbd", "mbgcnbd", "pareto_nbd")
PROCESSES = (["all"], {"purchase": ["all"]}, {"dropout": ["all"]}, {"both": ["all"]})


@st.composite
def covariates(draw) -> dict:
    """Draw what attributes look like: numbers of any size, categories of any number of levels, cells that are empty."""
    kinds = st.sampled_from(
        ["normal", "huge", "constant", "binary", "text", "many levels", "empty", "telling", "holes"]
    )
    return {"kinds": draw(st.lists(kinds, min_size=1, max_size=3)), "seed": draw(st.integers(0, 10**6))}


def attribute(kind, histories, random):
    n = len(histories)
    numbers = {
        "normal": lambda: random.normal(size=n),
        "huge": lambda: random.normal(size=n) * 10.0 ** random.integers(-12, 12),
        "constant": lambda: np.ones(n),
        "binary": lambda: random.integers(0, 2, n).astype(float),
        "empty": lambda: np.full(n, np.nan),
        "telling": lambda: (histories.x > 0).astype(float),  # a group that never buys: its coefficient is infinite
        "holes": lambda: np.where(random.random(n) < 0.4, np.nan, random.normal(size=n)),
    }
    if kind in numbers:
        return numbers[kind]()
    levels = ["a", "b", None] if kind == "text" else [f"level {number}" for number in range(50)]
    return np.array(levels, dtype=object)[random.integers(0, len(levels), n)]


def check(name, histories, kinds, seed):
    random = np.random.default_rng(seed)
    attributes = pd.DataFrame(
        {f"{kind} {place}": attribute(kind, histories, random) for place, kind in enumerate(kinds)}
    )
    chosen = PROCESSES[seed % len(PROCESSES)]
    named = list(attributes) if isinstance(chosen, list) else {process: list(attributes) for process in chosen}
    own = {"stages": 1 + seed % 3} if name == "mbgcnbd" else {}
    penalty = [0.0, 0.01][seed % 2]
    model = PURCHASE_MODELS[name](covariates=named, covariate_penalty=penalty, **own).with_design(attributes)
    with warnings.catch_warnings(action="ignore"):
        model.fit(model.encode(histories, attributes))
    other = attributes.sample(len(attributes), replace=True, random_state=seed)
    for seen in (model.encode(histories, attributes), model.encode(histories, other)):
        check_chances(model, seen)
        check_purchases(model, seen, 1e-7)
        for days in (days_to_next_purchase(model, seen), days_until_gone(model, seen)):
            assert (days >= 0).all()
    table = model.coefficient_table()
    assert np.isfinite(table["coefficient"]).all()
    assert np.isfinite(model.covariance).all()
    assert np.isfinite(list(model.expected_purchases(model.encode(histories, attributes), DAYS))).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@examples(300)
@given(chosen=covariates())
def test_no_fit_fails_and_no_prediction_is_absurd(name, chosen):
    check(name, draw_histories(chosen["seed"]), chosen["kinds"], chosen["seed"])


@pytest.mark.parametrize("name", NAMES)
def test_a_group_that_never_buys_has_an_answer_and_its_coefficient_is_at_the_bound(name):
    histories = make_histories([(0, 0, 300)] * 20 + [(3, 100, 300), (5, 250, 300)] * 15)
    attributes = pd.DataFrame({"buys": [0.0] * 20 + [1.0] * 30})
    model = PURCHASE_MODELS[name](covariates={"purchase": ["buys"]}).with_design(attributes)
    seen = model.fit(model.encode(histories, attributes)).encode(histories, attributes)
    check_chances(model, seen)
    assert model.expected_purchases(seen, DAYS)[:20].max() < 0.01
    assert model.certificate.at_bound or not model.certificate.converged
    assert isinstance(seen, Histories)
