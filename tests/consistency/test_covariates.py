"""What holds for every purchase model with covariates, whatever the customers: theorems of the model."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from churnclv.clv.covariate_likelihood import shared_derivatives
from churnclv.clv.next_purchase import chance_of_never, days_to_next_purchase, days_until_gone
from churnclv.clv.purchase_models import PURCHASE_MODELS
from churnclv.clv.rfm import Histories, new_customers
from churnclv.files import read_json
from churnclv.testing.purchase_model_suite import check_chances, check_purchases

NAMES = ("bgnbd", "mbgnbd", "mbgcnbd", "pareto_nbd")
TRUTH = {"pareto_nbd": [0.8, 40.0, 0.7, 200.0]}  # the others: r, alpha, a, b
CHOSEN = {"purchase": ["channel", "age"], "dropout": ["channel"]}
EFFECTS = [0.5, -0.3, 0.4, 0.4, -0.2]  # per standard deviation: purchase of two levels and age, dropout of two levels


def draw_attributes(n, seed=0):
    random = np.random.default_rng(seed)
    return pd.DataFrame({
        "channel": random.choice(["web", "shop", "app"], n, p=[0.5, 0.3, 0.2]), "age": random.normal(40.0, 12.0, n)
    })  # fmt: skip


def true_model(name, attributes, **chosen):
    """Return a model with known parameters and coefficients."""
    model = PURCHASE_MODELS[name](covariates=CHOSEN, **chosen).with_design(attributes)
    model._keep(np.r_[np.log(TRUTH.get(name, [0.8, 40.0, 0.9, 3.0])), EFFECTS])
    return model


def draw(name, n=200, seed=0, **chosen):
    """Return the truth, the histories of simulated customers in whole days, and their attributes."""
    attributes = draw_attributes(n, seed)
    model = true_model(name, attributes, **chosen)
    fresh = model.encode(new_customers(n), attributes)
    seen = model.sample(fresh, 700.0, np.random.default_rng(seed))
    return model, Histories(seen.x, np.round(seen.t_x), seen.T, seen.log_gaps, fresh.z), attributes


@pytest.fixture(scope="module", params=NAMES)
def fitted(request):
    """A model fitted on simulated customers, their histories with covariates, and their attributes."""
    truth, histories, attributes = draw(request.param)
    model = type(truth)(covariates=CHOSEN).with_design(attributes)
    return model.fit(histories), histories, attributes


def likelihood(model, histories):
    each, counts = model._customer_derivatives, np.ones(len(histories))
    return shared_derivatives(each, histories, counts, model._shifts(histories), len(model.parameter_names))


@pytest.mark.parametrize("name", NAMES)
def test_coefficients_of_zero_give_the_model_without_covariates(name):
    model, histories, _ = draw(name)
    value, gradient, hessian = model._likelihood(histories)(np.log(model.values))
    joint = likelihood(model, histories)(np.r_[np.log(model.values), np.zeros(len(EFFECTS))])
    assert joint[0] == pytest.approx(value, rel=1e-11)
    assert joint[1][:4] == pytest.approx(gradient, abs=1e-10)
    assert joint[2][:4, :4] == pytest.approx(hessian, abs=1e-9)


@pytest.mark.parametrize(("name", "chosen"), [*((name, {}) for name in NAMES), ("mbgcnbd", {"stages": 3})])
@pytest.mark.parametrize("swapped", [False, True])
def test_derivatives_are_those_of_the_likelihood(name, chosen, swapped):
    model, histories, _ = draw(name, 60, **chosen)
    derivatives, point = likelihood(model, histories), model.point
    if swapped:
        point = point + np.r_[[0.2, 1.5, -0.3, -2.0], np.full(len(EFFECTS), 0.1)]  # beta below alpha
    _, gradient, hessian = derivatives(point)
    for place in range(len(point)):
        step = np.zeros(len(point))
        step[place] = 1e-5
        up, down = derivatives(point + step), derivatives(point - step)
        assert gradient[place] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-8)
        assert hessian[place] == pytest.approx((up[1] - down[1]) / 2e-5, abs=1e-7)


def test_the_estimate_is_an_optimum(fitted):
    model, _, _ = fitted
    assert model.certificate.converged
    assert model.certificate.agreement == 1.0
    assert model.covariance.shape == (9, 9)


def test_covariates_raise_the_likelihood(fitted):
    model, histories, _ = fitted
    alone = type(model)().fit(histories)
    assert model.certificate.log_likelihood > alone.certificate.log_likelihood + 10.0


def test_a_customer_is_one_of_a_model_at_own_parameters(fitted):
    """Every prediction with covariates is that of the plain model at the customer's parameters."""
    model, histories, _ = fitted
    own = np.array([np.broadcast_to(value, len(histories)) for value in model.parameters_of(histories)])
    for place in (0, 3, 11):
        some = histories.take([place])
        plain = type(model)(**({"stages": model.k} if hasattr(model, "k") else {})).at(np.log(own[:, place]))
        bare = Histories(some.x, some.t_x, some.T, some.log_gaps)
        for what in ("expected_purchases", "p_no_purchase", "p_alive_later"):
            ours, theirs = (getattr(one, what)(seen, 90.0) for one, seen in ((model, some), (plain, bare)))
            assert ours == pytest.approx(theirs, rel=1e-10)
        assert model.p_alive(some) == pytest.approx(plain.p_alive(bare), rel=1e-10)
        reach = [np.array(list(one.exceedance(seen, 90.0))) for one, seen in ((model, some), (plain, bare))]
        assert reach[0] == pytest.approx(reach[1], rel=1e-9)
        for when in (days_to_next_purchase, days_until_gone):
            assert when(model, some) == pytest.approx(when(plain, bare), rel=1e-5)


def test_a_customer_does_not_depend_on_the_others(fitted):
    model, histories, _ = fitted
    for what in ("expected_purchases", "p_no_purchase", "p_alive_later"):
        predict = partial(getattr(model, what), days=90.0)
        together = predict(histories)
        assert predict(histories.take([7]))[0] == pytest.approx(together[7], rel=1e-9)


def test_the_order_of_customers_changes_nothing(fitted):
    model, histories, attributes = fitted
    order = np.random.default_rng(1).permutation(len(histories))
    again = type(model)(covariates=CHOSEN).with_design(attributes.iloc[order])
    again.fit(again.encode(histories.take(order), attributes.iloc[order]))
    assert again.coefficient_names == model.coefficient_names
    assert again.at_reference()[0] == pytest.approx(model.at_reference()[0], abs=1e-6)


def test_scaling_a_covariate_scales_its_coefficient_and_no_prediction(fitted):
    model, histories, attributes = fitted
    in_months = attributes.assign(age=attributes["age"] * 12.0 - 100.0)
    again = type(model)(covariates=CHOSEN).with_design(in_months)
    again.fit(again.encode(histories, in_months))
    ours, theirs = (one.coefficient_table().set_index(["process", "covariate", "level"]) for one in (model, again))
    age = ("purchase", "age", "")
    for column in ("coefficient", "standard_error", "low", "high"):
        assert theirs.loc[age, column] == pytest.approx(ours.loc[age, column] / 12.0, rel=1e-5)
    others = ours.drop(index=[age])
    assert theirs.loc[others.index, "coefficient"].to_numpy() == pytest.approx(
        others["coefficient"].to_numpy(), rel=1e-5
    )
    expected = model.expected_purchases(histories, 90.0)
    assert again.expected_purchases(again.encode(histories, in_months), 90.0) == pytest.approx(expected, rel=1e-5)


def test_equal_customers_count_as_often_as_they_are(fitted):
    model, histories, attributes = fitted
    twice = np.r_[np.arange(len(histories)), np.arange(len(histories))]
    again = type(model)(covariates=CHOSEN).with_design(attributes.iloc[twice])
    again.fit(again.encode(histories.take(twice), attributes.iloc[twice]))
    assert again.point == pytest.approx(model.point, abs=1e-6)
    assert again.covariance == pytest.approx(model.covariance / 2.0, rel=1e-4, abs=1e-9)
    assert again.certificate.log_likelihood == pytest.approx(2.0 * model.certificate.log_likelihood, rel=1e-9)


def test_one_coefficient_in_both_processes_is_two_equal_ones(fitted):
    model, histories, attributes = fitted
    both = type(model)(covariates={"both": ["age"]}).with_design(attributes)
    both.fit(both.encode(histories, attributes))
    apart = type(model)(covariates={"purchase": ["age"], "dropout": ["age"]}).with_design(attributes)
    apart.fit(apart.encode(histories, attributes))
    assert both.certificate.log_likelihood <= apart.certificate.log_likelihood + 1e-6
    equal = apart.at(np.r_[both.point, both.coefficients])
    value = likelihood(apart, apart.encode(histories, attributes))(equal.point)[0]
    assert value * len(histories) == pytest.approx(both.certificate.log_likelihood, rel=1e-10)


def test_a_large_penalty_gives_the_model_without_covariates(fitted):
    model, histories, attributes = fitted
    held = type(model)(covariates=CHOSEN, covariate_penalty=1e6).with_design(attributes)
    held.fit(held.encode(histories, attributes))
    assert np.abs(held.coefficients).max() < 1e-5
    alone = type(model)().fit(histories)
    assert held.values == pytest.approx(alone.values, rel=1e-3)


def test_probabilities_and_purchases_are_coherent(fitted):
    model, histories, _ = fitted
    check_chances(model, histories)
    check_purchases(model, histories)


def test_moments_of_the_next_purchase_agree_with_its_chances(fitted):
    model, histories, _ = fitted
    never = chance_of_never(model, histories)
    for level in (0.1, 0.5, 0.9):
        days = days_to_next_purchase(model, histories, level)
        ever = np.isfinite(days)
        assert (ever == (1.0 - never >= level)).all()
        assert model.p_at_least(histories.take(ever), days[ever], 1) == pytest.approx(level, abs=1e-5)
    earlier, later = (days_to_next_purchase(model, histories, level) for level in (0.2, 0.4))
    assert (earlier <= later).all()
    assert (never >= 1.0 - model.p_alive(histories) - 1e-9).all()


def test_silence_of_that_length_makes_leaving_certain(fitted):
    model, histories, _ = fitted
    days = days_until_gone(model, histories, 0.9)
    later = np.isfinite(days) & (days > 0)
    some = histories.take(later)
    silent = Histories(some.x, some.t_x, some.T + days[later], some.log_gaps, some.z)
    assert model.p_alive(silent) == pytest.approx(0.1, abs=1e-4)
    assert (model.p_alive(histories.take(days == 0)) <= 0.1 + 1e-9).all()


def test_what_is_saved_is_what_predicts(fitted, tmp_path):
    model, histories, attributes = fitted
    model.save(tmp_path)
    stored = read_json(tmp_path / "purchases.json")
    loaded = type(model)(**stored["choices"]).restore(json.loads(json.dumps(stored)))
    again = loaded.encode(Histories(histories.x, histories.t_x, histories.T, histories.log_gaps), attributes)
    assert (again.z == histories.z).all()
    assert (loaded.expected_purchases(again, 90.0) == model.expected_purchases(histories, 90.0)).all()
    pd.testing.assert_frame_equal(loaded.coefficient_table(), model.coefficient_table())
