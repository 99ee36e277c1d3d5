"""Contracts: published estimates and figures (sources beside each), and what a pencil gives."""

import numpy as np
import pytest

from churnclv.clv.contract_margin import Terms, expected_margin, extend_hazard, margin_interval, periods_within
from churnclv.clv.contract_spells import count_spells
from churnclv.clv.shifted_beta_geometric import ShiftedBetaGeometricModel, log_likelihood
from churnclv.errors import InputError

# Fader, Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21(1), table 1: percentages
# of customers who survive years 0 to 12, from Berry, Linoff (2004).
HIGH_END = np.array([100.0, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4])
REGULAR = np.array([100.0, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3])
FITTED_YEARS = 7


def fit_cohort(surviving: np.ndarray) -> ShiftedBetaGeometricModel:
    """Fit on a cohort of 1000 in its first years: who left in year t had survived t - 1 renewals."""
    alive = np.round(10.0 * surviving[: FITTED_YEARS + 1])
    renewals, years = np.r_[np.arange(FITTED_YEARS), FITTED_YEARS], FITTED_YEARS + 1
    left = renewals < FITTED_YEARS
    counts = np.r_[-np.diff(alive), alive[-1]]
    return ShiftedBetaGeometricModel().fit(np.zeros(years), renewals, left, counts)


PUBLISHED = [
    # estimates and year-12 errors in the text and in appendix B; ours below them
    (HIGH_END, {"alpha": 0.668, "beta": 3.806}, 0.04, {"alpha": 0.6680883, "beta": 3.8060945}, -1611.158),
    (REGULAR, {"alpha": 0.704, "beta": 1.182}, 0.02, {"alpha": 0.7040773, "beta": 1.1820430}, -1680.265),
]


@pytest.mark.parametrize(("surviving", "paper", "error", "ours", "likelihood"), PUBLISHED, ids=["high end", "regular"])
def test_sbg_estimates_are_the_published_ones_to_three_digits_and_ours_to_seven(
    surviving, paper, error, ours, likelihood
):
    model = fit_cohort(surviving)
    assert {name: round(value, 3) for name, value in model.parameters.items()} == paper
    assert model.parameters == pytest.approx(ours, abs=5e-7)
    assert model.certificate.log_likelihood == pytest.approx(likelihood, abs=1e-3)
    assert model.certificate.converged
    assert model.certificate.agreement == 1.0
    assert model.certificate.warning == ""
    ahead = 100.0 * model.survival(np.arange(8, 13))
    assert np.abs(ahead / surviving[8:] - 1.0).max() < 0.045
    assert round(abs(ahead[-1] / surviving[12] - 1.0), 2) == error


def test_the_mean_log_likelihood_of_the_high_end_customers_is_the_published_one():
    # appendix B of the same paper: LL = -1.611 with shares instead of numbers of customers
    assert round(fit_cohort(HIGH_END).certificate.log_likelihood / 1000.0, 3) == -1.611


def test_projections_are_those_of_a_public_implementation_and_ours():
    # the example of the Python package shifted_beta_geometric_py (Maturen) for the high end customers: years 8 to 12
    # .460 .436 .414 .395 .378, and 7.530 years of discounted residual lifetime at 10% after seven renewals
    model, years = fit_cohort(HIGH_END), np.arange(8, 13)
    assert model.survival(years).round(3).tolist() == [0.460, 0.436, 0.414, 0.395, 0.378]
    assert float(model.residual_lifetime(7, 0.1)) == pytest.approx(7.530, abs=1e-3)
    ours = [0.46043967, 0.43577959, 0.41417240, 0.39505535, 0.37799908]
    assert model.survival(years) == pytest.approx(ours, abs=1e-7)
    regular = [0.22008497, 0.20441079, 0.19119019, 0.17986499, 0.17003745]
    assert fit_cohort(REGULAR).survival(years) == pytest.approx(regular, abs=1e-7)


# Fader, Hardie (2010), Customer-base valuation in a contractual setting, Marketing Science 29(1), table 3: discounted
# expected residual lifetimes at 10% a year for n = 1 to 5. Two populations with a mean chance of leaving of .2: case 1
# is alpha 3.80, beta 15.20; case 2 is printed as alpha .067, beta .267, whose third digits are those of 1/15 and 4/15.
RESIDUAL = [
    ({"alpha": 3.80, "beta": 15.20}, [3.31, 3.45, 3.59, 3.72, 3.84]),
    ({"alpha": 1 / 15, "beta": 4 / 15}, [7.68, 9.46, 9.86, 10.06, 10.19]),
]


@pytest.mark.parametrize(("parameters", "published"), RESIDUAL, ids=["case 1", "case 2"])
def test_residual_lifetimes_are_the_published_ones(parameters, published):
    found = ShiftedBetaGeometricModel().at(**parameters).residual_lifetime(np.arange(5), 0.1)
    assert found.round(2).tolist() == published


def test_spells_are_counted_by_age():
    # ends at ages 1 and 2; a contract that entered at 1 and still ran at 3; one that entered where it was last seen
    counted = count_spells([0, 2, 1, 5], [1, 2, 3, 5], [True, True, False, False])
    assert counted.age.tolist() == [0, 1, 2]
    assert counted.survived.tolist() == [1, 1, 1]
    assert counted.ended.tolist() == [0, 1, 1]
    assert counted.contracts == 4


def test_the_likelihood_of_truncated_and_censored_spells_by_hand():
    # alpha 1, beta 2: hazards 1/3, 1/4, 1/5 at ages 0, 1, 2
    counted = count_spells([0, 2, 1], [1, 2, 3], [True, True, False])
    each = [2 / 3 * 1 / 4, 1 / 5, 3 / 4 * 4 / 5]
    value, _, _ = log_likelihood(counted, np.log([1 / 2, 3.0]))
    assert value == pytest.approx(np.log(each).mean(), rel=1e-12)


def test_hazard_survival_and_chance_of_ending_by_hand():
    model = ShiftedBetaGeometricModel().at(alpha=1.0, beta=2.0)
    assert model.hazard(np.arange(3)) == pytest.approx([1 / 3, 1 / 4, 1 / 5])
    assert float(model.survival(2)) == pytest.approx(2 / 3 * 3 / 4)
    assert float(model.survival(2, 1)) == pytest.approx(3 / 4 * 4 / 5)
    assert model.p_ends([0, 1], 2) == pytest.approx([1 / 2, 2 / 5])
    assert model.hazards_ahead([0.0, 1.0], 2) == pytest.approx(np.array([[1 / 3, 1 / 4], [1 / 4, 1 / 5]]))
    constant = ShiftedBetaGeometricModel().at(hazard=0.2)
    assert constant.p_ends([0, 7], 2) == pytest.approx([0.36, 0.36])
    assert float(constant.residual_lifetime(3, 0.0)) == pytest.approx(4.0)  # .8 / .2


DEGENERATE = {
    # entered, survived, ended, hazard, what the warning names
    "nobody ends": ([0] * 4, [5] * 4, [False] * 4, 0.5 / 21, "none of 20 renewals ended a contract"),
    "all end at once": ([0] * 9, [0] * 9, [True] * 9, 9.5 / 10, "all 9 renewals ended the contract"),
    "one that ended": ([0], [5], [True], 1 / 6, "does not fall with age"),
    "one that did not": ([0], [5], [False], 0.5 / 6, "none of 5 renewals ended a contract"),
    "nothing seen": ([3], [3], [False], 0.5, "no contract was seen through a renewal"),
    "no contracts": ([], [], [], 0.5, "no contract was seen through a renewal"),
    "one age": ([2] * 5, [2, 2, 3, 3, 3], [1, 1, 0, 0, 0], 2 / 5, "no contract was seen younger than 2 periods"),
    "it wears out": ([0] * 4, [3] * 4, [True] * 4, 1 / 4, "does not fall with age"),
}


@pytest.mark.parametrize(("entered", "survived", "ended", "hazard", "named"), DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_spells_give_a_constant_hazard_and_say_why(entered, survived, ended, hazard, named):
    model = ShiftedBetaGeometricModel().fit(entered, survived, ended)
    assert model.parameters == pytest.approx({"hazard": hazard})
    assert named in model.certificate.warning
    assert model.certificate.converged
    assert np.isfinite(model.residual_lifetime([0.0, 40.0], 0.01)).all()
    assert np.isfinite(model.covariance).all()


def test_two_sorts_of_customers_end_at_the_edge_and_say_so():
    # half leave at the first renewal, the others never do
    model = ShiftedBetaGeometricModel().fit([0] * 100, [0] * 50 + [30] * 50, [True] * 50 + [False] * 50)
    assert model.hazard(0.0) == pytest.approx(0.5)
    assert model.p_ends(1, 30) < 1e-4
    assert model.certificate.at_bound == ("concentration",)
    assert "nearly all ends came at the first renewal" in model.certificate.warning
    # the same, seen from age 3 on
    late = ShiftedBetaGeometricModel().fit([3] * 100, [3] * 50 + [30] * 50, [True] * 50 + [False] * 50)
    assert "nothing bounds how many leave at the first renewal" in late.certificate.warning
    assert "no contract was seen younger than 3 periods" in late.certificate.warning
    assert np.isfinite(late.residual_lifetime(np.arange(50), 0.01)).all()


WRONG = {
    "half a period": ([0, 0], [1, 2.5], [1, 1], r"contracts: survived is 2.5 in row 1; allowed are whole renewal"),
    "negative": (
        [-1],
        [2],
        [1],
        r"contracts: entered is -1.0 in row 0; allowed are whole renewal periods, 0 to 100000",
    ),
    "unknown": ([0], [np.nan], [1], r"contracts: survived is nan in row 0"),
    "days": ([0], [700_000], [1], r"contracts: survived is 700000.0 in row 0"),
    "entered too late": (
        [0, 4],
        [3, 3],
        [1, 1],
        r"contracts: survived is 3.0 in row 1; the contract entered with more",
    ),
    "no truth": ([0], [3], [2], r"contracts: ended is 2 in row 0; allowed are true and false"),
}


@pytest.mark.parametrize(("entered", "survived", "ended", "message"), WRONG.values(), ids=WRONG)
def test_spells_that_do_not_hold_are_named(entered, survived, ended, message):
    with pytest.raises(InputError, match=message):
        ShiftedBetaGeometricModel().fit(entered, survived, ended)


HAZARD = np.array([[0.1, 0.2, 0.5]])


def pays(first_payment_days: float = 0.0, annual_rate: float = 0.0) -> Terms:
    """Return ten a month, half of which is kept."""
    return Terms(np.array([10.0]), 0.5, annual_rate, 30.0, first_payment_days)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0.0, 0.0), (1.0, 5.0), (30.0, 5.0), (30.5, 5.0 * 1.9), (90.0, 5.0 * (1 + 0.9 + 0.72))],
)
def test_who_is_alive_at_the_beginning_of_a_period_pays_for_it(days, expected):
    assert expected_margin(HAZARD, pays(), days) == pytest.approx(expected)


def test_payments_within_a_period_meet_part_of_its_hazard():
    half = 5.0 * (0.9**0.5 + 0.9 * 0.8**0.5 + 0.72 * 0.5**0.5)
    assert expected_margin(HAZARD, pays(15.0), 90.0) == pytest.approx(half)
    assert expected_margin(HAZARD, pays(15.0), 15.0) == 0.0  # the horizon is half-open
    assert expected_margin(HAZARD, pays(30.0), 90.0) == pytest.approx(5.0 * (0.9 + 0.72))


def test_payments_are_discounted_from_their_day_to_the_cutoff():
    days = np.array([10.0, 40.0, 70.0])
    chances = np.array([0.9 ** (1 / 3), 0.9 * 0.8 ** (1 / 3), 0.72 * 0.5 ** (1 / 3)])
    expected = 5.0 * (chances * 1.1 ** (-days / 365.25)).sum()
    assert expected_margin(HAZARD, pays(10.0, 0.1), 90.0) == pytest.approx(expected)


def test_the_last_hazard_goes_on_for_ever_on_the_infinite_horizon():
    v = 1.1 ** (-30.0 / 365.25)
    after = 0.36 * v**3 / (1.0 - 0.5 * v)
    assert expected_margin(HAZARD, pays(0.0, 0.1), None) == pytest.approx(5.0 * (1 + 0.9 * v + 0.72 * v**2 + after))


@pytest.mark.parametrize(
    ("level", "payments"), [(0.05, 1), (0.0999, 1), (0.1001, 2), (0.2799, 2), (0.2801, 3), (0.95, 3)]
)
def test_quantiles_are_those_of_how_many_payments_are_made(level, payments):
    # one payment with chance .1, two with .9 x .2 = .18, three with .72
    found = margin_interval(HAZARD, pays(), 90.0, (level, level))
    assert found.low == found.high == 5.0 * payments


def test_a_horizon_holds_the_periods_that_begin_in_it():
    assert [periods_within(days, 30.0) for days in (0.0, 1.0, 30.0, 31.0, 360.0)] == [0, 1, 1, 2, 12]
    assert periods_within(365.0, 365.0 / 12.0) == 12


def test_a_learned_hazard_moves_the_odds_of_the_whole_curve():
    # odds 1/3, 1/4, 1/5 at ages 1 to 3; a learned chance of .4 is twice the odds of age 1
    model = ShiftedBetaGeometricModel().at(alpha=1.0, beta=2.0)
    found = extend_hazard(np.array([0.4]), np.array([1.0]), model, 3)
    assert found == pytest.approx(np.array([[0.4, 1 / 3, 2 / 7]]))


def test_a_chance_learned_for_more_than_a_period_is_spread_over_them():
    constant = ShiftedBetaGeometricModel().at(hazard=0.05)
    learned, age = np.array([0.36]), np.array([4.0])
    assert extend_hazard(learned, age, constant, 3, 2.0) == pytest.approx(np.full((1, 3), 0.2))
    assert extend_hazard(learned, age, constant, 1, 0.5) == pytest.approx(np.array([[1.0 - 0.64**2]]))


def test_certain_chances_stay_near_certain_and_finite():
    model = ShiftedBetaGeometricModel().at(alpha=0.7, beta=2.0)
    for periods in (0.01, 1.0, 3.0):
        found = extend_hazard(np.array([0.0, 1.0]), np.array([0.0, 9.0]), model, 5, periods)
        assert np.isfinite(found).all()
        assert (found[0] < 1e-9).all()
        assert found[1, 0] > 0.99


def test_what_retention_cannot_answer_it_says():
    with pytest.raises(ValueError, match="hazards reach 3 periods, and the horizon 4"):
        expected_margin(HAZARD, pays(), 100.0)
    with pytest.raises(ValueError, match="an infinite horizon needs an annual_rate above 0"):
        expected_margin(HAZARD, pays(), None)
    with pytest.raises(ValueError, match=r"first_payment_days between 0 and it"):
        pays(31.0)
    with pytest.raises(ValueError, match=r"learned_periods is 0, allowed is above 0"):
        extend_hazard(np.array([0.5]), np.array([1.0]), ShiftedBetaGeometricModel().at(hazard=0.5), 1, 0)
    with pytest.raises(ValueError, match=r"infinite at alpha = 0.5 <= 1"):
        ShiftedBetaGeometricModel().at(alpha=0.5, beta=2.0).residual_lifetime(1, 0.0)
    with pytest.raises(InputError, match=r"contracts: hazard is 1.5 in row 0; allowed is 0 to 1"):
        margin_interval(np.array([[0.1, 1.5]]), pays(), 30.0)
    with pytest.raises(InputError, match=r"contracts: price is nan in row 1; allowed are amounts of 0 or more"):
        Terms(np.array([1.0, np.nan]), 0.5, 0.0, 30.0)
    with pytest.raises(InputError, match=r"contracts: learned is -0.1 in row 0"):
        extend_hazard(np.array([-0.1]), np.array([1.0]), ShiftedBetaGeometricModel().at(hazard=0.5), 1)
