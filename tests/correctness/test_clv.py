"""Published estimates and points of the CLV models (sources beside each), at the papers' digits and at ours."""

import importlib.util
from datetime import datetime
from math import factorial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import dblquad
from scipy.special import beta, gamma

from churnclv.clv import closed_forms
from churnclv.clv import gamma_gamma_likelihood as gamma_gamma
from churnclv.clv.clv_model import ClvModel
from churnclv.clv.gamma_gamma import GammaGammaModel
from churnclv.clv.purchase_models import beta_geometric
from churnclv.clv.purchase_models import condensed_nbd as condensed
from churnclv.clv.purchase_models.beta_geometric import BetaGeoModel, ModifiedBetaGeoModel
from churnclv.clv.purchase_models.beta_geometric_beta_bernoulli import BetaBernoulliModel
from churnclv.clv.purchase_models.condensed_nbd import CondensedModel
from churnclv.clv.purchase_models.gompertz_nbd import GompertzModel
from churnclv.clv.purchase_models.nbd import NbdModel
from churnclv.clv.purchase_models.pareto_nbd import ParetoModel
from churnclv.clv.rfm import Histories, read_histories
from churnclv.clv.value_baselines import predict_past_rate
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings, Policies, Policy
from churnclv.features.feature_table import TableDefinition, build_features
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings

# Fader, Hardie, Lee (2005), Marketing Science 24(2), table 2: CDNOW 1/10 sample, weeks, calibration to 1997-09-30.
PAPER = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
OURS = {"r": 0.2425946, "alpha": 4.4136003, "a": 0.7929157, "b": 2.4258873}
OURS_AT = (0.0078160, 0.0531841, 0.1506303, 1.0404844, 1.0437295, 1.8579555)  # E[X(t)] at the published weeks
BGNBD = {"r": 0.242594, "alpha": 4.413608, "a": 0.792917, "b": 2.425890}
DATASETS = Path(importlib.util.find_spec("lifetimes").origin).parent / "datasets"


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> pd.DataFrame:
    """The sample's purchase histories at 1997-10-01, through the project's own reading and features."""
    lines = (DATASETS / "CDNOW_sample.txt").read_text()
    path = tmp_path_factory.mktemp("cdnow") / "sample.txt"
    path.write_text("master sample date units amount\n" + lines)
    columns = Columns(customer_id="sample", timestamp="date", amount="amount")
    settings = DataSettings(path=str(path), columns=columns, policy=Policies(exact_duplicate=Policy.keep))
    events = read_events(connect(EngineSettings()), settings)
    cutoffs = (datetime(1997, 10, 1),)
    return build_features(
        events.table, events.quality.fingerprint, TableDefinition(cutoffs, FeatureSettings(), WindowSettings())
    )


@pytest.fixture(scope="module")
def seen(sample) -> Histories:
    """The histories of the sample, in days."""
    return read_histories(sample)


@pytest.fixture(scope="module")
def weekly(seen) -> Histories:
    """The histories of the sample in weeks, the papers' unit."""
    return Histories(seen.x, seen.t_x / 7.0, seen.T / 7.0, seen.log_gaps - seen.x * np.log(7.0))


def of(model, **parameters: float):
    """Return a model at these parameters."""
    return model.at(np.log([parameters[name] for name in model.parameter_names]))


def one(x: float, t_x: float, T: float) -> Histories:
    return Histories(np.array([x]), np.array([t_x]), np.array([T]), np.zeros(1))


def test_the_sample_has_the_published_size(sample):
    assert len(sample) == 2357
    assert (sample["repeat_purchases"] > 0).sum() == 946


def test_bgnbd_estimates_are_the_published_ones_to_three_digits_and_ours_to_five(seen):
    found = BetaGeoModel().fit(seen).parameters
    weekly = {**found, "alpha": found["alpha"] / 7.0}
    assert {name: round(value, 3) for name, value in weekly.items()} == PAPER
    assert weekly == pytest.approx(OURS, rel=1e-3)


def test_bgnbd_log_likelihood_is_the_published_one(weekly):
    logs = np.log(list(BGNBD.values()))
    data = beta_geometric.count_histories(weekly.x, weekly.t_x, weekly.T)
    mean, gradient, _ = beta_geometric.log_likelihood(data, 0, logs)
    assert mean * len(weekly) == pytest.approx(-9582.43, abs=0.01)
    assert np.abs(gradient).max() < 1e-5  # and it is the maximum


def test_mbgnbd_estimates_and_log_likelihood_are_the_published_ones(seen, weekly):
    # Batislam et al. (2007) as fitted in lifetimes' tests; the log-likelihood is a plain maximum-likelihood refit
    model = ModifiedBetaGeoModel().fit(seen)
    found = {**model.parameters, "alpha": model.parameters["alpha"] / 7.0}
    assert found == pytest.approx({"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140}, rel=1e-3)
    # time in days instead of weeks moves the log-likelihood by the number of repeat purchases times log 7
    assert model.certificate.log_likelihood + seen.x.sum() * np.log(7.0) == pytest.approx(-9582.14, abs=0.01)
    in_weeks = ModifiedBetaGeoModel().fit(weekly)
    ours = {"r": 0.5248432, "alpha": 6.183085, "a": 0.8913594, "b": 1.614002}
    assert in_weeks.parameters == pytest.approx(ours, rel=1e-6)
    assert in_weeks.certificate.log_likelihood == pytest.approx(-9582.136, abs=1e-3)  # ours


def test_nbd_estimates_and_log_likelihood_are_the_published_ones(weekly):
    # Fader, Hardie, Lee (2005), table 2, column NBD: r .385, alpha 12.072, LL -9763.7; .3848 and -9763.66 are the
    # digits of Hardie's spreadsheets of the same sample
    model = NbdModel().fit(weekly)
    assert {name: round(value, 3) for name, value in model.parameters.items()} == {"r": 0.385, "alpha": 12.072}
    assert round(model.parameters["r"], 4) == 0.3848
    assert round(model.certificate.log_likelihood, 2) == -9763.66
    assert model.parameters == pytest.approx({"r": 0.3847661, "alpha": 12.07202}, rel=1e-6)  # ours
    assert model.certificate.log_likelihood == pytest.approx(-9763.658, abs=1e-3)  # ours


@pytest.mark.slow
def test_ggom_nbd_runs_to_the_edge_where_it_is_pareto_nbd(seen):
    # Bemmaor, Glady (2012), Management Science 58(5), CDNOW: r .553, alpha 10.578, s .603, LL -9594.98; b .0002 and
    # beta .0026 lie on the flat ridge to b = 0 on which GGom/NBD is Pareto/NBD (s .606), and on which ours goes on
    model, pareto = GompertzModel().fit(seen), ParetoModel().fit(seen)
    found = {**model.parameters, "alpha": model.parameters["alpha"] / 7.0}
    assert {name: round(found[name], 3) for name in ("r", "alpha")} == {"r": 0.553, "alpha": 10.578}
    assert found["s"] == pytest.approx(0.603, abs=0.005)
    assert [found[name] for name in ("r", "alpha", "s")] == pytest.approx([0.5532773, 10.57768, 0.6061495], rel=1e-6)
    in_weeks = model.certificate.log_likelihood + seen.x.sum() * np.log(7.0)
    assert round(in_weeks, 2) == -9594.98
    assert in_weeks == pytest.approx(-9594.976, abs=1e-3)  # ours
    assert model.certificate.at_bound == ("b",)
    assert model.certificate.converged
    assert model.expected_purchases(seen, 90.0) == pytest.approx(pareto.expected_purchases(seen, 90.0), rel=1e-4)
    # beta / b is Pareto's beta
    assert model.parameters["beta"] / model.parameters["b"] == pytest.approx(pareto.parameters["beta"], rel=1e-3)


def test_bgbb_estimates_and_log_likelihood_are_the_published_ones():
    # Fader, Hardie, Shang (2010), Marketing Science 29(6), table 4: 11,104 donors, six yearly opportunities
    donors = pd.read_csv(DATASETS / "donations.csv")
    donors = donors.loc[donors.index.repeat(donors["weights"])]
    assert len(donors) == 11_104
    x, t_x, n = (donors[name].to_numpy(dtype=float) for name in ("frequency", "recency", "periods"))
    model = BetaBernoulliModel(opportunity_days=1).fit(Histories(x, t_x, n, np.zeros(len(x))))
    found = {name: round(value, 3) for name, value in model.parameters.items()}
    assert found == pytest.approx({"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}, abs=1e-9)
    ours = {"alpha": 1.203522, "beta": 0.7497163, "gamma": 0.6567184, "delta": 2.783443}
    assert model.parameters == pytest.approx(ours, rel=1e-5)
    assert round(model.certificate.log_likelihood, 2) == -33225.58
    assert model.certificate.log_likelihood == pytest.approx(-33225.58127, abs=1e-4)  # ours
    assert model.certificate.converged


def brute_likelihood(gaps: list[float], wait: float, shift: int, k: int, parameters: list[float]) -> float:
    """Integrate one customer's likelihood over rate and dropout chance; the gaps are Erlang-k, then `wait` days."""
    r, alpha, a, b = parameters

    def inner(p: float, rate: float) -> float:
        made = np.prod([rate**k * gap ** (k - 1) * np.exp(-rate * gap) / factorial(k - 1) for gap in gaps])
        silent = sum((rate * wait) ** j / factorial(j) for j in range(k)) * np.exp(-rate * wait)
        ends = p + (1.0 - p) * silent if len(gaps) + shift else silent
        stayed = (1.0 - p) ** max(len(gaps) + shift - 1, 0)
        rates = alpha**r * rate ** (r - 1.0) * np.exp(-alpha * rate) / gamma(r)
        return made * stayed * ends * rates * p ** (a - 1.0) * (1.0 - p) ** (b - 1.0) / beta(a, b)

    return dblquad(inner, 0.0, 4.0, 0.0, 1.0, epsabs=1e-18, epsrel=1e-8)[0]


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("gaps", [[], [5.0, 9.0, 7.0]], ids=["no repeat purchase", "three"])
def test_the_condensed_likelihood_is_the_integral_over_rate_and_dropout_chance(gaps, shift):
    wait, k, parameters = 11.0, 2, [1.7, 8.0, 1.3, 2.1]
    x, t_x = np.array([float(len(gaps))]), np.array([sum(gaps, 0.0)])
    data = beta_geometric.count_histories(x, t_x, t_x + wait)
    ours = condensed.log_likelihood(data, float(np.log(gaps).sum()), shift, k, np.log(parameters))[0]
    assert ours == pytest.approx(np.log(brute_likelihood(gaps, wait, shift, k, parameters)), abs=1e-7)


def test_condensed_predictions_are_those_of_a_simulated_customer():
    # x = 2, t_x = 30, T = 50, k = 3, MBG: draws from the posterior by rejection, then the customer's future
    r, alpha, a, b, k, days = 1.4, 6.0, 0.9, 2.5, 3, 60.0
    random, n = np.random.default_rng(11), 400_000
    rate, p = random.gamma(r + k * 2, 1.0 / (alpha + 30.0), n), random.beta(a, b + 2, n)
    here, moment = random.random(n) >= p, 30.0 + random.gamma(k, 1.0 / rate)
    possible = ~here | (moment > 50.0)  # no purchase between 30 and 50
    rate, p, here, moment = rate[possible], p[possible], here[possible], moment[possible]
    at_cutoff, made = here.copy(), np.zeros(len(rate))
    while (buys := here & (moment <= 50.0 + days)).any():
        made += buys
        here &= ~(buys & (random.random(len(p)) < p))
        moment += np.where(buys, random.gamma(k, 1.0 / rate), 0.0)
    model, seen = of(CondensedModel(stages=k), r=r, alpha=alpha, a=a, b=b), one(2.0, 30.0, 50.0)
    for said, happened in (
        (model.expected_purchases(seen, days), made),
        (model.p_alive(seen), at_cutoff),
        (model.p_alive_later(seen, days), here),
        (model.p_no_purchase(seen, days), made == 0),
        (model.p_at_least(seen, days, 3), made >= 3),
    ):
        error = np.std(happened) / np.sqrt(len(happened))
        assert said[0] == pytest.approx(happened.mean(), abs=4.0 * error)


def test_pareto_nbd_estimates_errors_and_log_likelihood_are_the_published_ones(seen):
    # Fader, Hardie, Lee (2005), table 2; standard errors from CLVTools' tests
    x = seen.x
    model = ParetoModel().fit(seen)
    weekly = {name: value / (7.0 if name in ("alpha", "beta") else 1.0) for name, value in model.parameters.items()}
    assert weekly == pytest.approx({"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.669}, rel=5e-4)
    assert model.certificate.log_likelihood + x.sum() * np.log(7.0) == pytest.approx(-9594.98, abs=0.01)
    errors = np.sqrt(np.diag(model.covariance)) * list(weekly.values())
    assert errors == pytest.approx([0.0476, 0.843, 0.187, 6.21], rel=5e-3)


def test_pareto_nbd_points_are_the_published_ones():
    # x = 26, t_x = 30.86, T = 31 weeks: P(alive) .9979, 25.46 purchases in 52 weeks
    model, seen = of(ParetoModel(), r=0.5533, alpha=10.578, s=0.6062, beta=11.669), one(26.0, 30.86, 31.0)
    assert model.p_alive(seen)[0] == pytest.approx(0.9979, abs=5e-5)
    assert model.expected_purchases(seen, 52.0)[0] == pytest.approx(25.46, abs=0.005)


def test_pareto_nbd_is_stable_for_heavy_buyers():
    # the four points at which the published closed forms overflow
    x = np.array([221.0, 254.0, 161.0, 204.0])
    t_x, age = np.array([103.43, 97.14, 94.71, 98.57]), np.array([103.57, 97.29, 98.0, 99.43])
    model = of(ParetoModel(), r=0.5143, alpha=2.8845, s=0.2856, beta=14.1087)
    alive = model.p_alive(Histories(x, t_x, age, np.zeros(4)))
    assert alive == pytest.approx([0.9996054, 0.9995316, 0.7481448, 0.9942150], abs=1e-6)  # ours


def test_pareto_nbd_agrees_with_lifetimes(seen):
    import lifetimes

    some = seen.take(np.random.default_rng(0).choice(len(seen), 40, replace=False))
    x, t_x, age = some.x, some.t_x, some.T
    parameters = {"r": 0.5533, "alpha": 74.0, "s": 0.6062, "beta": 81.7}
    fitter, model = lifetimes.ParetoNBDFitter(), of(ParetoModel(), **parameters)
    fitter.params_ = pd.Series(parameters)
    assert model.p_alive(some) == pytest.approx(fitter.conditional_probability_alive(x, t_x, age), abs=1e-9)
    theirs = fitter.conditional_expected_number_of_purchases_up_to_time(90.0, x, t_x, age)
    assert model.expected_purchases(some, 90.0) == pytest.approx(theirs, rel=1e-8)
    none = [
        fitter.conditional_probability_of_n_purchases_up_to_time(0, 90.0, *row) for row in zip(x, t_x, age, strict=True)
    ]
    assert model.p_no_purchase(some, 90.0) == pytest.approx(none, abs=1e-8)


def test_the_fit_is_at_least_as_likely_as_that_of_lifetimes(seen):
    import lifetimes

    x, t_x, age = seen.x, seen.t_x, seen.T
    data = beta_geometric.count_histories(x, t_x, age)
    for model, reference, shift in (
        (BetaGeoModel, "BetaGeoFitter", 0),
        (ModifiedBetaGeoModel, "ModifiedBetaGeoFitter", 1),
    ):
        fitter = getattr(lifetimes, reference)()
        fitter.fit(x, t_x, age)
        theirs = beta_geometric.log_likelihood(data, shift, np.log(fitter.params_[["r", "alpha", "a", "b"]].to_numpy()))
        ours = model().fit(seen).certificate.log_likelihood
        assert ours == pytest.approx(theirs[0] * len(x), rel=1e-6)
        assert ours >= theirs[0] * len(x) - 1e-6


def test_fits_are_certified(sample, seen):
    models = [kind().fit(seen) for kind in (BetaGeoModel, ModifiedBetaGeoModel, CondensedModel, ParetoModel, NbdModel)]
    for model in (*models, GammaGammaModel().fit(sample)):
        certificate = model.certificate
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
    means = closed_forms.gamma_gamma_mean(x, m, 6.249583, 3.744150, 15.443499)
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
    found = of(BetaGeoModel(), **BGNBD).new_customer_purchases(weeks)[0]
    assert round(found, 3) == round(published, 3)
    assert found == pytest.approx(ours, abs=5e-8)


def test_expected_purchases_of_a_known_customer_are_the_published_point():
    # Fader, Hardie, Lee (2005): x = 2, t_x = 30.43, T = 38.86, 39 weeks ahead: 1.226
    found = of(BetaGeoModel(), **BGNBD).expected_purchases(one(2.0, 30.43, 38.86), 39.0)
    assert found[0] == pytest.approx(1.226, abs=5e-4)


def test_formulas_agree_with_lifetimes(weekly):
    from lifetimes import BetaGeoFitter

    fitter = BetaGeoFitter()
    fitter.params_ = pd.Series(BGNBD)
    x, t_x, age = weekly.x, weekly.t_x, weekly.T
    ours = closed_forms.expected_purchases(np.full(len(x), 13.0), x, t_x, age, 0, **BGNBD)
    assert ours == pytest.approx(fitter.conditional_expected_number_of_purchases_up_to_time(13.0, x, t_x, age))
    alive = closed_forms.p_alive(x, t_x, age, 0, **BGNBD)
    assert alive == pytest.approx(fitter.conditional_probability_alive(x, t_x, age))


def test_clv_of_one_step_is_margin_times_spend_discounted_at_its_middle(sample):
    model = ClvModel().fit(sample)
    some = sample.head(50)
    # one step of 30 days, discounted over 15 days at 10% a year: 1.1 ** (-15 / 365.25) = 0.99609345
    expected = model.expected_spend(some, 30.0) * 0.4 * 0.99609345
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
