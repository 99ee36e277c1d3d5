"""Hazards of contracts by age: jumps where terms end, the plain curve where there are none, and theorems."""

import numpy as np
import pandas as pd
import pytest

from churnclv.clv.age_hazard import AgeHazardModel
from churnclv.clv.contract_margin import extend_hazard
from churnclv.clv.contract_value import AGE, PRICE, ContractValueModel
from churnclv.clv.shifted_beta_geometric import ShiftedBetaGeometricModel
from churnclv.errors import InputError
from churnclv.files import read_json
from churnclv.time_units import DAYS_PER_MONTH

MONTHS = 36


def periods(jump: float, seed: int, contracts: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """Return ages and ends by month; the odds of ending are `jump` times as high in the last month of each year."""
    random = np.random.default_rng(seed)
    ages, ends = [], []
    own = random.beta(1.0, 15.0, contracts)
    odds, alive = own / (1.0 - own), np.ones(contracts, dtype=bool)
    for month in range(MONTHS):
        factor = jump if month % 12 == 11 else 1.0
        left = alive & (random.random(contracts) < factor * odds / (1.0 + factor * odds))
        ages.append(np.full(int(alive.sum()), float(month)))
        ends.append(left[alive])
        alive &= ~left
    return np.concatenate(ages), np.concatenate(ends)


@pytest.fixture(scope="module")
def yearly() -> AgeHazardModel:
    """A model of contracts that many leave at the end of a year."""
    return AgeHazardModel(DAYS_PER_MONTH).fit(*periods(4.0, 1))


def test_hazards_jump_at_the_end_of_each_year(yearly):
    ages, ends = periods(4.0, 1)
    assert yearly.gain.is_taken
    for month in (11, 23, 35):
        seen = ends[ages == month].mean()
        assert float(yearly.hazard(month)) == pytest.approx(seen, rel=0.3)
        assert float(yearly.hazard(month)) > 2.0 * float(yearly.hazard(month - 2))
        assert float(yearly.curve.hazard(month)) < 0.6 * seen


def test_they_jump_in_years_that_no_contract_has_seen(yearly):
    assert float(yearly.hazard(47)) > 2.0 * float(yearly.hazard(45))


def test_long_after_the_oldest_contract_the_factor_is_its_mean_over_a_year(yearly):
    far = yearly.odds(np.arange(400, 412)) / yearly.curve.odds(np.arange(400, 412))
    assert np.ptp(far) < 1e-12
    assert far[0] == pytest.approx(np.exp(yearly.shifts[-12:].mean()))


@pytest.mark.parametrize("seed", range(6))
def test_without_jumps_the_hazards_are_those_of_the_curve(seed):
    ages, ends = periods(1.0, seed)
    model = AgeHazardModel(DAYS_PER_MONTH).fit(ages, ends)
    curve = ShiftedBetaGeometricModel().fit(ages, np.where(ends, ages, ages + 1.0), ends)
    assert not model.gain.is_taken
    np.testing.assert_allclose(model.hazard(np.arange(60)), curve.hazard(np.arange(60)), rtol=1e-12)
    assert model.parameters == curve.parameters


def test_few_ends_are_not_searched_for_jumps():
    model = AgeHazardModel(DAYS_PER_MONTH).fit(np.zeros(100), np.arange(100) < 49)
    assert not len(model.shifts)


def test_the_order_of_contracts_changes_nothing(yearly):
    ages, ends = periods(4.0, 1)
    order = np.random.default_rng(0).permutation(len(ages))
    again = AgeHazardModel(DAYS_PER_MONTH).fit(ages[order], ends[order])
    assert again.shifts.tobytes() == yearly.shifts.tobytes()
    assert again.gain == yearly.gain


def test_survival_is_the_product_of_what_stays(yearly):
    hazards = yearly.hazards_ahead(np.zeros(1), 24)[0]
    np.testing.assert_allclose(yearly.survival(24), np.r_[1.0, np.cumprod(1.0 - hazards)], rtol=1e-14)


def test_a_score_equal_to_the_hazard_leaves_the_hazards_ahead_as_they_are(yearly):
    ages = np.array([0.0, 10.0, 30.0])
    np.testing.assert_allclose(extend_hazard(yearly.hazard(ages), ages, yearly, 30), yearly.hazards_ahead(ages, 30))


def test_a_model_reads_what_it_wrote(yearly, tmp_path):
    yearly.save(tmp_path)
    again = AgeHazardModel.load(tmp_path, DAYS_PER_MONTH)
    assert again.odds(np.arange(200)).tobytes() == yearly.odds(np.arange(200)).tobytes()
    assert again.seen_shifts.tobytes() == yearly.seen_shifts.tobytes()
    assert again.gain == yearly.gain


def test_a_former_bundle_without_factors_is_the_curve(yearly, tmp_path):
    yearly.save(tmp_path)
    (tmp_path / "hazard_by_age.json").unlink()
    again = AgeHazardModel.load(tmp_path, DAYS_PER_MONTH)
    np.testing.assert_array_equal(again.odds(np.arange(50)), yearly.curve.odds(np.arange(50)))


def test_a_plain_curve_is_written_as_valid_json(tmp_path):
    AgeHazardModel(DAYS_PER_MONTH).fit(np.zeros(10), np.arange(10) < 3).save(tmp_path)
    assert read_json(tmp_path / "hazard_by_age.json") == {"oldest": 0, "shifts": []}


def test_an_age_that_is_not_whole_is_refused():
    with pytest.raises(InputError, match="allowed are whole renewal periods"):
        AgeHazardModel(DAYS_PER_MONTH).fit(np.array([0.5, 1.0]), np.array([True, False]))


def test_the_churn_curve_and_the_value_of_a_contract_see_the_end_of_its_term():
    ages, ends = periods(4.0, 2)
    rows = pd.DataFrame({AGE: ages * 30.0, PRICE: 10.0})
    model = ContractValueModel(30.0).fit(rows, ends.astype(float))
    young = pd.DataFrame({AGE: [180.0], PRICE: [10.0]})
    score = model.p_ends(young)
    steps = np.diff(model.churn_curve(young, score, [150, 180, 210, 240]), prepend=np.nan)[0, 1:]
    month = 10 + int(np.argmax(steps))  # days 150-180 ahead are month 11 of the contract
    assert month in (10, 11)
    assert steps.max() > 2.0 * steps.min()
