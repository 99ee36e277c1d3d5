"""Published estimates and points of the CLV models (sources beside each), at the papers' digits and at ours."""

import importlib.util
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnclv.clv import beta_geometric, formulas, gamma_gamma, pareto
from churnclv.clv.baselines import predict_past_rate
from churnclv.clv.model import ClvModel
from churnclv.clv.purchases import BetaGeoModel, ModifiedBetaGeoModel, ParetoModel
from churnclv.clv.spend import GammaGammaModel
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings, Policies, Policy
from churnclv.features.settings import FeatureSettings
from churnclv.features.table import build_features
from churnclv.snapshots.settings import WindowSettings

# Fader, Hardie, Lee (2005), Marketing Science 24(2), table 2: CDNOW 1/10 sample, weeks, calibration to 1997-09-30.
PAPER = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
OURS = {"r": 0.2425946, "alpha": 4.4136003, "a": 0.7929157, "b": 2.4258873}
OURS_AT = (0.0078160, 0.0531841, 0.1506303, 1.0404844, 1.0437295, 1.8579555)  # E[X(t)] at the published weeks
BGNBD = {"r": 0.242594, "alpha": 4.413608, "a": 0.792917, "b": 2.425890}


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> pd.DataFrame:
    """The sample's purchase histories at 1997-10-01, through the project's own reading and features."""
    origin = importlib.util.find_spec("lifetimes").origin
    lines = (Path(origin).parent / "datasets" / "CDNOW_sample.txt").read_text()
    path = tmp_path_factory.mktemp("cdnow") / "sample.txt"
    path.write_text("master sample date units amount\n" + lines)
    columns = Columns(customer_id="sample", timestamp="date", amount="amount")
    settings = DataSettings(path=str(path), columns=columns, policy=Policies(exact_duplicate=Policy.keep))
    events = read_events(connect(EngineSettings()), settings)
    cutoffs = (datetime(1997, 10, 1),)
    return build_features(events.table, events.quality.fingerprint, cutoffs, FeatureSettings(), WindowSettings())


def test_the_sample_has_the_published_size(sample):
    assert len(sample) == 2357
    assert (sample["repeat_purchases"] > 0).sum() == 946


def test_bgnbd_estimates_are_the_published_ones_to_three_digits_and_ours_to_five(sample):
    found = BetaGeoModel().fit(sample).parameters
    weekly = {**found, "alpha": found["alpha"] / 7.0}
    assert {name: round(value, 3) for name, value in weekly.items()} == PAPER
    assert weekly == pytest.approx(OURS, rel=1e-3)


def test_bgnbd_log_likelihood_is_the_published_one(sample):
    x = sample["repeat_purchases"].to_numpy()
    t_x, age = sample["last_purchase_age_days"].to_numpy() / 7.0, sample["age_days"].to_numpy() / 7.0
    logs = np.log(list(BGNBD.values()))
    mean, gradient, _ = beta_geometric.log_likelihood(beta_geometric.count_histories(x, t_x, age), 0, logs)
    assert mean * len(x) == pytest.approx(-9582.43, abs=0.01)
    assert np.abs(gradient).max() < 1e-5  # and it is the maximum


def test_mbgnbd_estimates_and_log_likelihood_are_the_published_ones(sample):
    # Batislam et al. (2007) as fitted in lifetimes' tests; the log-likelihood is a plain maximum-likelihood refit
    x = sample["repeat_purchases"].to_numpy()
    model = ModifiedBetaGeoModel().fit(sample)
    weekly = {**model.parameters, "alpha": model.parameters["alpha"] / 7.0}
    assert weekly == pytest.approx({"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140}, rel=1e-3)
    # time in days instead of weeks moves the log-likelihood by the number of repeat purchases times log 7
    assert model.certificate.log_likelihood + x.sum() * np.log(7.0) == pytest.approx(-9582.14, abs=0.01)


def test_pareto_nbd_estimates_errors_and_log_likelihood_are_the_published_ones(sample):
    # Fader, Hardie, Lee (2005), table 2; standard errors from CLVTools' tests
    x = sample["repeat_purchases"].to_numpy()
    model = ParetoModel().fit(sample)
    weekly = {name: value / (7.0 if name in ("alpha", "beta") else 1.0) for name, value in model.parameters.items()}
    assert weekly == pytest.approx({"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.669}, rel=5e-4)
    assert model.certificate.log_likelihood + x.sum() * np.log(7.0) == pytest.approx(-9594.98, abs=0.01)
    errors = np.sqrt(np.diag(model.covariance)) * list(weekly.values())
    assert errors == pytest.approx([0.0476, 0.843, 0.187, 6.21], rel=5e-3)


def test_pareto_nbd_points_are_the_published_ones():
    # x = 26, t_x = 30.86, T = 31 weeks: P(alive) .9979, 25.46 purchases in 52 weeks
    x, t_x, age = np.array([26.0]), np.array([30.86]), np.array([31.0])
    parameters = {"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.669}
    alive = pareto.p_alive(x, t_x, age, **parameters)
    assert alive[0] == pytest.approx(0.9979, abs=5e-5)
    assert pareto.expected_purchases(52.0, x, age, alive, **parameters)[0] == pytest.approx(25.46, abs=0.005)


def test_pareto_nbd_is_stable_for_heavy_buyers():
    # the four points at which the published closed forms overflow
    x = np.array([221.0, 254.0, 161.0, 204.0])
    t_x, age = np.array([103.43, 97.14, 94.71, 98.57]), np.array([103.57, 97.29, 98.0, 99.43])
    alive = pareto.p_alive(x, t_x, age, 0.5143, 2.8845, 0.2856, 14.1087)
    assert alive == pytest.approx([0.9996054, 0.9995316, 0.7481448, 0.9942150], abs=1e-6)  # ours


def test_pareto_nbd_agrees_with_lifetimes(sample):
    import lifetimes

    some = sample.sample(40, random_state=0)
    x, t_x, age = (some[c].to_numpy() for c in ("repeat_purchases", "last_purchase_age_days", "age_days"))
    parameters = {"r": 0.5533, "alpha": 74.0, "s": 0.6062, "beta": 81.7}
    fitter = lifetimes.ParetoNBDFitter()
    fitter.params_ = pd.Series(parameters)
    alive = pareto.p_alive(x, t_x, age, **parameters)
    assert alive == pytest.approx(fitter.conditional_probability_alive(x, t_x, age), abs=1e-9)
    theirs = fitter.conditional_expected_number_of_purchases_up_to_time(90.0, x, t_x, age)
    assert pareto.expected_purchases(90.0, x, age, alive, **parameters) == pytest.approx(theirs, rel=1e-8)
    none = [
        fitter.conditional_probability_of_n_purchases_up_to_time(0, 90.0, *row) for row in zip(x, t_x, age, strict=True)
    ]
    assert pareto.p_no_purchase(90.0, x, age, alive, **parameters) == pytest.approx(none, abs=1e-8)


def test_the_fit_is_at_least_as_likely_as_that_of_lifetimes(sample):
    import lifetimes

    x, t_x, age = (sample[c].to_numpy() for c in ("repeat_purchases", "last_purchase_age_days", "age_days"))
    data = beta_geometric.count_histories(x, t_x, age)
    for model, reference, shift in (
        (BetaGeoModel, "BetaGeoFitter", 0),
        (ModifiedBetaGeoModel, "ModifiedBetaGeoFitter", 1),
    ):
        fitter = getattr(lifetimes, reference)()
        fitter.fit(x, t_x, age)
        theirs = beta_geometric.log_likelihood(data, shift, np.log(fitter.params_[["r", "alpha", "a", "b"]].to_numpy()))
        ours = model().fit(sample).certificate.log_likelihood
        assert ours == pytest.approx(theirs[0] * len(x), rel=1e-6)
        assert ours >= theirs[0] * len(x) - 1e-6


def test_fits_are_certified(sample):
    for model in (BetaGeoModel, ModifiedBetaGeoModel, ParetoModel, GammaGammaModel):
        certificate = model().fit(sample).certificate
        assert certificate.converged
        assert certificate.agreement == 1.0
        assert certificate.at_bound == ()


def test_gamma_gamma_estimates_are_the_published_ones(sample):
    # Fader and Hardie (2013), note on the gamma-gamma model: p 6.25, q 3.74, gamma 15.44 on 946 repeat buyers
    found = GammaGammaModel().fit(sample).parameters
    assert found["p"] == pytest.approx(6.2496, rel=2e-3)
    assert found["q"] == pytest.approx(3.7442, rel=2e-3)
    assert found["v"] == pytest.approx(15.4435, rel=3e-3)


def test_gamma_gamma_log_likelihood_is_the_published_one(sample):
    paid = sample[sample["repeat_purchases"] > 0]
    x, m = paid["repeat_purchases"].to_numpy(), paid["mean_repeat_spend"].to_numpy()
    logs = np.log([6.249583, 3.744150, 15.443499])
    mean, gradient, _ = gamma_gamma.log_likelihood(x, m, np.ones(len(x)), logs)
    assert mean * len(x) == pytest.approx(-4055.918, abs=0.01)
    assert np.abs(gradient).max() < 1e-4


def test_gamma_gamma_means_of_the_first_customers_are_the_published_ones(sample):
    ordered = sample.sort_values("customer_id").head(6)
    x, m = ordered["repeat_purchases"].to_numpy(), ordered["mean_repeat_spend"].to_numpy()
    means = formulas.gamma_gamma_mean(x, m, 6.249583, 3.744150, 15.443499)
    # customers 1, 2, 3 (no repeat purchase) and 6
    assert means[[0, 1, 2, 5]] == pytest.approx([24.65, 18.91, 35.17, 71.46], abs=0.01)


@pytest.mark.parametrize(
    ("weeks", "published", "ours"),
    [
        (0.1429, 0.0078, OURS_AT[0]),
        (1, 0.0532, OURS_AT[1]),
        (3, 0.1506, OURS_AT[2]),
        (31.857, 1.0405, OURS_AT[3]),
        (32, 1.0437, OURS_AT[4]),
        (78, 1.8576, OURS_AT[5]),
    ],
)
def test_expected_purchases_of_a_new_customer_are_the_published_points(weeks, published, ours):
    found = formulas.bgnbd_new_customer_purchases(np.array([weeks]), **BGNBD)[0]
    assert round(found, 3) == round(published, 3)
    assert found == pytest.approx(ours, abs=5e-8)


def test_expected_purchases_of_a_known_customer_are_the_published_point():
    # Fader, Hardie, Lee (2005): x = 2, t_x = 30.43, T = 38.86, 39 weeks ahead: 1.226
    found = formulas.expected_purchases(39.0, np.array([2.0]), np.array([30.43]), np.array([38.86]), 0, **BGNBD)
    assert found[0] == pytest.approx(1.226, abs=5e-4)


def test_formulas_agree_with_lifetimes(sample):
    from lifetimes import BetaGeoFitter

    fitter = BetaGeoFitter()
    fitter.params_ = pd.Series(BGNBD)
    x, t_x, age = (sample[c].to_numpy() for c in ("repeat_purchases", "last_purchase_age_days", "age_days"))
    t_x, age = t_x / 7.0, age / 7.0
    ours = formulas.expected_purchases(13.0, x, t_x, age, 0, **BGNBD)
    assert ours == pytest.approx(fitter.conditional_expected_number_of_purchases_up_to_time(13.0, x, t_x, age))
    alive = formulas.p_alive(x, t_x, age, 0, **BGNBD)
    assert alive == pytest.approx(fitter.conditional_probability_alive(x, t_x, age))


def test_clv_of_one_step_is_margin_times_spend_discounted_at_its_middle(sample):
    model = ClvModel().fit(sample)
    some = sample.head(50)
    # one step of 30 days, discounted over 15 days at 10% a year: 1.1 ** (-15 / 365) = 0.996091
    expected = model.expected_spend(some, 30.0) * 0.4 * 0.996091
    assert model.discounted_value(some, 30.0, 0.4, 0.1) == pytest.approx(expected, rel=1e-6)


def test_past_rate_goes_on_as_before():
    history = pd.DataFrame(
        {
            "repeat_purchases": [0.0, 4.0, 1.0],
            "last_purchase_age_days": [0.0, 90.0, 5.0],
            "age_days": [100.0, 200.0, 5.0],
            "mean_repeat_spend": [0.0, 25.0, 10.0],
        }
    )
    expected = predict_past_rate(history, 50.0)
    assert expected.purchases == pytest.approx([0.0, 1.0, 10.0])  # 4 / 200 x 50; 1 / 5 x 50
    assert expected.spend == pytest.approx([0.0, 25.0, 100.0])
