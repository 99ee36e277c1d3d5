"""Tests that every purchase model passes: whatever the histories, the fit ends and predictions are coherent."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ..clv.purchase_model import PurchaseModel
from ..clv.rfm import Array, Histories

DAYS = 90.0
DEGENERATE = {  # rows of x, t_x, T
    "nobody repeats": [(0, 0, 100)] * 30,
    "nobody leaves": [(5, 100, 100)] * 30,
    "one customer": [(1, 1, 1)],
    "no time": [(0, 0, 0)],
    "two customers": [(3, 50, 100), (0, 0, 5)],
    "very heavy buyers": [(221, 724, 725), (254, 680, 681), (161, 663, 686), (204, 690, 696)],
}


def make_histories(rows: list[tuple[int, int, int]], evenness: float = 0.5) -> Histories:
    """Return histories of rows (x, t_x, T); gaps are even at 1, and as uneven as whole days allow at 0."""
    x, t_x, age = np.array(rows, dtype=float).T
    even = x * np.log(np.maximum(t_x, 1.0) / np.maximum(x, 1.0))
    uneven = np.log(np.maximum(t_x - x + 1.0, 1.0))
    return Histories(x, t_x, age, evenness * even + (1.0 - evenness) * uneven)


def draw_histories(seed: int) -> Histories:
    """Return the histories of at most 25 customers with up to 12 repeat purchases in up to 3000 days."""
    random = np.random.default_rng(seed)
    rows = []
    for age in random.integers(0, 3000, random.integers(1, 25)):
        x = min(int(random.integers(0, 12)), int(age))
        rows.append((x, int(random.integers(x, age + 1)) if x else 0, int(age)))
    return make_histories(rows, float(random.random()))


def check_chances(model: PurchaseModel, histories: Histories) -> None:
    """Assert that probabilities are such, and fall with time and with the number of purchases."""
    alive = [model.p_alive(histories), *(model.p_alive_later(histories, days) for days in (1.0, DAYS, 1000.0))]
    reach = [np.ones(len(histories)), *(model.p_at_least(histories, DAYS, n) for n in (1, 2, 3, 7))]
    for chances in (*alive, *reach):
        assert ((chances >= 0) & (chances <= 1)).all()
    for falling in (alive, reach):
        assert (np.diff(falling, axis=0) <= 1e-8).all()  # betas of a million, where parameters end, keep so many digits
    assert model.p_no_purchase(histories, DAYS) == pytest.approx(1.0 - reach[1], abs=1e-12)


def check_purchases(model: PurchaseModel, histories: Histories, slack: Any = 1e-9) -> None:
    """Assert that expected purchases are finite, not negative, and grow with time but for a slack."""
    purchases, later = (model.expected_purchases(histories, days) for days in (DAYS, 2 * DAYS))
    for expected in (purchases, later):
        assert np.isfinite(expected).all()
        assert (expected >= 0).all()
    assert (later >= purchases - slack * (1.0 + purchases)).all()


class PurchaseModelSuite:
    """The tests of one purchase model: inherit it under a name that begins with `Test`, and run pytest on the file.

    Attributes
    ----------
    model_class
        The class, which inherits from `clv.purchase_model.PurchaseModel`.
    slack
        Relative error of expected purchases, for a model that computes them by quadrature.
    """

    model_class: type[PurchaseModel]
    slack: float = 1e-9

    def fit(self, histories: Histories, **chosen: Any) -> PurchaseModel:
        """Return a fitted model."""
        return self.model_class(**chosen).fit(histories)

    @pytest.fixture(scope="class", params=DEGENERATE)
    @classmethod
    def degenerate(cls, request: pytest.FixtureRequest) -> tuple[PurchaseModel, Histories]:
        """A model fitted on degenerate histories, and these."""
        histories = make_histories(DEGENERATE[request.param])
        return cls().fit(histories), histories

    def test_degenerate_histories_have_an_answer(self, degenerate: tuple[PurchaseModel, Histories]) -> None:
        model, histories = degenerate
        check_chances(model, histories)
        check_purchases(model, histories, self.slack)

    def test_what_is_saved_is_what_predicts(self, degenerate: tuple[PurchaseModel, Histories], tmp_path: Path) -> None:
        model, histories = degenerate
        model.save(tmp_path)
        stored = json.loads((tmp_path / "purchases.json").read_text(encoding="utf-8"))
        loaded = self.model_class(**stored["choices"]).restore(stored)
        assert stored["name"] == self.model_class.name
        assert loaded.get_params() == model.get_params()
        assert (loaded.expected_purchases(histories, DAYS) == model.expected_purchases(histories, DAYS)).all()
        assert (loaded.p_alive(histories) == model.p_alive(histories)).all()

    @pytest.mark.parametrize("seed", range(3))
    def test_drawn_histories_have_an_answer(self, seed: int) -> None:
        histories = draw_histories(seed)
        model = self.fit(histories)
        check_chances(model, histories)
        check_purchases(model, histories, self.slack)
        alone = histories.take([0])
        for predict in (model.p_alive, lambda rows: model.expected_purchases(rows, DAYS)):
            assert predict(alone)[0] == pytest.approx(predict(histories)[0], rel=max(self.slack, 1e-9), abs=1e-12)

    def test_nobody_who_never_repeats_is_expected_to(self) -> None:
        histories = make_histories([(0, 0, 300 + place) for place in range(50)])
        model = self.fit(histories)
        assert model.expected_purchases(histories, DAYS).max() < 0.01
        certificate = model.certificate  # it says so: a parameter at the edge, or a top too flat to get there
        assert certificate is not None
        assert certificate.at_bound or not certificate.converged

    def test_a_new_customer_buys_more_in_more_time(self) -> None:
        model = self.fit(make_histories([(place % 4, 40 * (place % 4), 200) for place in range(20)]))
        expected: Array = model.new_customer_purchases(np.array([0.0, 30.0, 365.0, 3650.0]))
        assert np.isfinite(expected).all()
        assert (np.diff(expected) >= -self.slack * (1.0 + expected[1:])).all()
        assert expected[0] == pytest.approx(0.0, abs=1e-9)

    def test_parameters_are_chosen_before_the_fit_and_estimated_by_it(self) -> None:
        model = self.model_class(penalty=0.5)
        assert model.get_params()["penalty"] == 0.5
        assert model.parameters == {}
        chosen = model.get_params()
        model.fit(make_histories([(2, 20, 50), (0, 0, 30)]))
        assert model.get_params() == chosen
        assert set(model.parameters) == set(model.parameter_names)
        assert all(np.isfinite(value) and value > 0 for value in model.parameters.values())
