"""Covariates against numbers by hand: their encoding, the likelihood of single customers, the notebook's calls."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import betaln, gammaln
from scipy.stats import gamma

import churnclv
from churnclv.clv.coefficients import write_effect
from churnclv.clv.covariates import MISSING, Design, DesignColumn
from churnclv.clv.purchase_models.pareto_nbd import ParetoModel, components, customer_derivatives
from churnclv.clv.rfm import Histories
from churnclv.clv.stages import stage_derivatives
from churnclv.errors import InputError

AT_BOUND = "the estimate ended at its bound"
ATTRIBUTES = pd.DataFrame({
    "channel": ["web"] * 10 + ["app"] * 5 + ["fax"] * 2 + [None] * 5,
    "age": [20.0, 40.0] * 10 + [np.nan, 30.0],
    "same": 1.0,
})  # fmt: skip


def test_a_category_has_a_column_per_level_but_its_most_frequent():
    design = Design.learn(ATTRIBUTES, ["channel"])
    assert [column.name for column in design.columns] == [f"channel={MISSING}", "channel=app"]
    assert {column.reference for column in design.columns} == {"web"}
    z = design.encode(ATTRIBUTES)
    known = (ATTRIBUTES["channel"] != "fax").to_numpy()
    assert z[known].mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert z[known].std(axis=0) == pytest.approx(1.0)
    assert (z[~known] == 0.0).all()  # two customers: rare, so they count as the average
    assert (design.encode(pd.DataFrame({"channel": ["telex"]})) == 0.0).all()


def test_a_number_with_missing_values_has_a_column_that_says_so():
    design = Design.learn(ATTRIBUTES, ["age"])
    assert [column.name for column in design.columns] == ["age", f"age={MISSING}"]
    age = design.columns[0]
    assert (age.centre, age.low, age.high) == (30.0, 20.0, 40.0)
    z = design.encode(pd.DataFrame({"age": [30.0, 90.0, np.nan]}))
    assert z[:, 0] == pytest.approx([0.0, 10.0 / age.scale, 0.0])  # beyond the range of the fit: its end
    assert z[2, 1] > 0 > z[0, 1]


def test_columns_that_say_nothing_are_left_out():
    doubled = ATTRIBUTES.assign(months=12.0 * ATTRIBUTES["age"])
    design = Design.learn(doubled, ["age", "months", "same"])
    assert [column.name for column in design.columns] == ["age", f"age={MISSING}"]
    assert set(design.left_out) == {"months", f"months={MISSING}", "same"}


def test_an_attribute_that_is_no_column_is_an_error():
    with pytest.raises(InputError, match="no column colour for covariates"):
        Design.learn(ATTRIBUTES, ["colour"])
    with pytest.raises(InputError, match="covariate 'age' has an infinite value"):
        Design.learn(ATTRIBUTES.assign(age=np.inf), ["age"])


def test_the_likelihood_of_a_customer_with_own_parameters_is_the_integral_over_rates_and_deaths():
    """Pareto/NBD from its assumptions: Schmittlein, Morrison and Colombo (1987), A1 to A5."""
    x, t_x, T, r, alpha, s, beta = 2.0, 20.0, 50.0, 0.8, 30.0, 0.7, 60.0

    nodes, weights = np.polynomial.legendre.leggauss(400)
    shares = (nodes + 1.0) / 2.0
    rate = gamma.ppf(shares, r, scale=1 / alpha)[:, None]
    death = gamma.ppf(shares, s, scale=1 / beta)[None, :]
    both = rate + death
    alive = rate**x * np.exp(-both * T)
    left = death * rate**x / both * (np.exp(-both * t_x) - np.exp(-both * T))
    expected = weights @ (alive + left) @ weights / 4.0
    histories = Histories(*(np.array([value]) for value in (x, t_x, T, 0.0)))
    found = customer_derivatives(histories, np.log([[r], [alpha], [s], [beta]])).value[0]
    assert found == pytest.approx(np.log(expected), abs=1e-4)


@pytest.mark.parametrize(
    ("x", "t_x", "T", "parameters"),
    [
        (0.0, 0.0, 2303.0, (0.51, 0.82, 235.7, 24332.7)),  # many deaths, far from the purchases' time scale
        (0.0, 0.0, 974.0, (0.058, 10.3, 9.7, 8331.5)),
        (1.0, 130.0, 189.0, (1.09, 8.3, 307.2, 76738.0)),
        (200.0, 69.0, 188.0, (0.09, 1490.0, 76.3, 48269.0)),
        (2.0, 20.0, 50.0, (0.8, 60.0, 0.7, 30.0)),
        (3.0, 90.0, 700.0, (2.0, 0.5, 0.05, 0.7)),
    ],
)
def test_the_integral_over_deaths_is_exact_whatever_the_parameters(x, t_x, T, parameters):
    """The integral of Eq. 17 in Fader and Hardie's note (2005) by 4,000 points, panel by panel."""
    r, alpha, s, beta = parameters
    nodes, weights = np.polynomial.legendre.leggauss(20)
    ends = np.r_[t_x, t_x + (T - t_x) * np.geomspace(1e-8, 1.0, 200)]
    width = np.diff(ends)[:, None]
    u = ends[:-1, None] + width * (nodes + 1.0) / 2.0
    logs = np.log(s) - (r + x) * np.log(alpha + u) - (s + 1.0) * np.log(beta + u) + np.log(width * weights / 2.0)
    expected = np.logaddexp.reduce(logs.ravel())
    _, found = components(np.array([x]), np.array([t_x]), np.array([T]), np.array(parameters))
    assert np.logaddexp.reduce(found[0, 1:]) == pytest.approx(expected, abs=1e-9)


def test_the_likelihood_of_bgnbd_is_that_of_the_paper():
    """Eq. 6 of Fader, Hardie and Lee (2005), customer by customer, at different parameters."""
    x, t_x, T = np.array([0.0, 3.0]), np.array([0.0, 25.0]), np.array([40.0, 60.0])
    r, alpha, a, b = np.array([[0.5, 0.5], [10.0, 20.0], [0.8, 1.5], [2.5, 3.0]])
    first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = np.exp(betaln(a, b + x) - betaln(a, b)) * (alpha + T) ** -(r + x)
    left = np.where(
        x > 0, np.exp(betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b)) * (alpha + t_x) ** -(r + x), 0
    )
    found = stage_derivatives(Histories(x, t_x, T, np.zeros(2)), 0, 1, np.log([r, alpha, a, b]))
    assert found.value == pytest.approx(first + np.log(alive + left), rel=1e-12)


@pytest.mark.parametrize(
    ("column", "process", "value", "p_value", "sentence"),
    [
        (("age", None, ""), "purchase", 0.02, 0.2,
         "One more unit of age multiplies the purchase rate by 1.02 (p = 0.200, may be chance)."),
        (("channel", "app", "web"), "dropout", -0.7, 1e-9,
         "With channel app, the tendency to leave is 0.50 times that with web (p < 0.001)."),
        (("age", MISSING, ""), "purchase", 9.0, np.nan,
         f"With age {MISSING}, the purchase rate is 8.1e+03 times that where it is given; {AT_BOUND}."),
    ],
)  # fmt: skip
def test_each_coefficient_has_a_sentence(column, process, value, p_value, sentence):
    assert write_effect(process, DesignColumn(*column, 0.0, 1.0), value, p_value) == sentence


# --- the notebook's calls ---


@pytest.fixture(scope="module")
def customers():
    """An RFM summary and attributes of simulated customers, both indexed by customer."""
    random = np.random.default_rng(3)
    X = pd.DataFrame(
        {"channel": random.choice(["web", "shop"], 300), "age": random.normal(40, 10, 300)},
        index=pd.Index([f"C{n}" for n in range(300)], name="customer_id"),
    )
    truth = ParetoModel(covariates=["channel"]).with_design(X)
    truth._keep(np.r_[np.log([0.9, 30.0, 0.8, 150.0]), 0.5, 0.3])
    model = churnclv.ParetoNBD(covariates=["channel"])
    model.model_ = truth
    return model.sample(X=X, T=600.0, seed=1), X


@pytest.fixture(scope="module")
def model(customers):
    return churnclv.ParetoNBD(covariates=["channel"]).fit(*customers)


def test_predictions_without_a_summary_are_for_the_customers_of_the_fit(model, customers):
    rfm, X = customers
    pd.testing.assert_series_equal(model.expected_purchases(90), model.expected_purchases(rfm, 90, X=X))
    pd.testing.assert_series_equal(model.expected_purchases(t=90), model.expected_purchases(90))
    pd.testing.assert_series_equal(model.p_alive(), model.p_alive(rfm, X=X))
    assert list(model.expected_next_order().index) == list(X.index)
    total = model.expected_probability_no_purchase(30) + model.probability_at_least(t=30, n=1)
    np.testing.assert_allclose(total, 1.0, atol=1e-12)


def test_attributes_are_aligned_by_the_index(model, customers):
    rfm, X = customers
    again = churnclv.ParetoNBD(covariates=["channel"]).fit(rfm, X.iloc[::-1])
    assert again.params_ == pytest.approx(model.params_, rel=1e-9)
    with pytest.raises(InputError, match="X has no row for 1 of 300 customers, by its index"):
        churnclv.ParetoNBD().fit(rfm, X.iloc[1:])
    with pytest.raises(InputError, match="X has several rows for one customer"):
        churnclv.ParetoNBD().fit(rfm, pd.concat([X, X.iloc[:1]]))


def test_covariates_and_attributes_belong_together(model, customers):
    rfm, X = customers
    with pytest.raises(InputError, match="covariates need X"):
        churnclv.ParetoNBD(covariates=["channel"]).fit(rfm)
    with pytest.raises(InputError, match=r"(?s)the model has covariates.*give X with channel"):
        model.expected_purchases(rfm, 90)
    with pytest.raises(InputError, match="NBD has no covariates"):
        churnclv.NBD().fit(rfm, X)
    with pytest.raises(InputError, match="covariates name the process death"):
        churnclv.ParetoNBD(covariates={"death": ["age"]}).fit(rfm, X)
    assert set(churnclv.ParetoNBD().fit(rfm, X).coefficients()["covariate"]) == {"channel", "age"}


def test_a_model_is_tested_against_one_without_covariates(model, customers):
    plain = churnclv.ParetoNBD().fit(customers[0])
    test = model.likelihood_ratio_test(plain)
    assert test == plain.likelihood_ratio_test(model)
    assert test.statistic == pytest.approx(2.0 * (model.log_likelihood_ - plain.log_likelihood_))
    assert (test.degrees, test.p_value < 0.001) == (2, True)
    assert model.aic_ < plain.aic_
    with pytest.raises(InputError, match="not nested"):
        plain.likelihood_ratio_test(churnclv.BetaGeo().fit(customers[0]))
    with pytest.raises(InputError, match="different customers"):
        model.likelihood_ratio_test(churnclv.ParetoNBD().fit(customers[0].iloc[1:]))
    with pytest.raises(InputError, match="penalised"):
        model.likelihood_ratio_test(churnclv.ParetoNBD(penalty=0.1).fit(customers[0]))


def test_a_bootstrap_refits_on_resampled_customers(model, capsys):
    draws = model.bootstrap(3, seed=1)
    assert list(draws.columns) == list(model.params_)
    assert draws.nunique().min() == 3
    pd.testing.assert_frame_equal(draws, model.bootstrap(3, seed=1))
    assert "Bootstrap of ParetoNBD" in capsys.readouterr().err


def test_new_customers_differ_by_their_attributes(model):
    expected = model.new_customer(90, pd.DataFrame({"channel": ["web", "shop", "telex"]}))
    assert expected[2] == pytest.approx(model.new_customer(90))  # an unknown level is the average
    rate = model.params_["r"] / model.params_["alpha"]
    reference = {column.reference for column in model.model_.design.columns}.pop()
    at_reference = model.new_customer(1e-4, pd.DataFrame({"channel": [reference]}))[0]
    assert at_reference == pytest.approx(rate * 1e-4, rel=1e-4)


def test_samples_of_a_model_are_like_its_customers(model):
    drawn = model.sample(customers=4000, T=200.0, seed=2)
    assert list(drawn.columns) == ["frequency", "recency", "T", "log_gaps"]
    error = drawn["frequency"].std() / np.sqrt(len(drawn))
    assert drawn["frequency"].mean() == pytest.approx(model.new_customer(200.0), abs=4 * error)
    assert ((drawn["recency"] > 0) == (drawn["frequency"] > 0)).all()


def test_standard_errors_of_one_coefficient_are_those_of_the_profile(customers):
    """The coefficient's curvature by hand: the inverse of the joint information."""
    rfm, X = customers
    model = churnclv.BetaGeo(covariates={"purchase": ["age"]}).fit(rfm, X)
    scale = model.model_.design.columns[0].scale
    error = np.sqrt(model.model_.covariance[4, 4]) / scale
    assert model.standard_errors_["purchase.age"] == pytest.approx(error)
    assert model.coefficients().loc[0, "low"] == pytest.approx(model.params_["purchase.age"] - 1.959964 * error)


def test_quadrature_of_a_single_rate():
    """The mean purchases of a new customer under Pareto/NBD: Eq. 17 of Schmittlein and others (1987)."""
    model = ParetoModel().at(np.log([0.9, 30.0, 0.8, 150.0]))
    survival, _ = quad(lambda t: (150.0 / (150.0 + t)) ** 0.8, 0, 90)
    assert model.new_customer_purchases(90)[0] == pytest.approx(0.9 / 30.0 * survival, rel=1e-9)


def test_independence_of_spend_and_frequency_is_the_rank_correlation():
    rfm = pd.DataFrame({"frequency": np.arange(1.0, 21.0), "monetary_value": np.arange(1.0, 21.0)[::-1]})
    test = churnclv.GammaGamma().independence_test(rfm)
    assert (test.correlation, test.customers) == (pytest.approx(-1.0), 20)
    assert test.sentence.endswith("Gamma-Gamma assumes none")
    none = churnclv.GammaGamma().independence_test(rfm.assign(monetary_value=np.tile([3.0, 7.0, 7.0, 3.0], 5)))
    assert abs(none.correlation) < 0.1
    assert "hardly any" in none.sentence
    few = churnclv.GammaGamma().independence_test(rfm.head(3))
    assert np.isnan(few.correlation)
    assert "too few repeat buyers" in few.sentence
