"""An answer that is recalled is the answer to the same question: same model, parameters, histories and days."""

import numpy as np
import pandas as pd
import pytest

from churnclv.clv.gamma_gamma import GammaGammaModel
from churnclv.clv.purchase_models import make_purchases
from churnclv.clv.purchase_models.pareto_nbd import ParetoModel
from churnclv.clv.recall import Recall
from churnclv.clv.rfm import Histories


def draw_histories(n: int, seed: int) -> Histories:
    random = np.random.default_rng(seed)
    x, T = random.poisson(2.0, n).astype(float), random.integers(50, 300, n).astype(float)
    t_x = np.where(x > 0, np.round(random.random(n) * T), 0.0)
    return Histories(x, t_x, T, x * 2.0)


@pytest.fixture
def model():
    fitted = ParetoModel()
    fitted.parameters = {"r": 0.6, "alpha": 40.0, "s": 0.7, "beta": 60.0}
    return fitted


def test_the_same_question_has_the_same_read_only_answer(model):
    first, again = (model.p_alive(draw_histories(50, 0)) for _ in range(2))
    assert again is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0.0


def test_another_model_parameter_history_or_number_of_days_is_another_question(model):
    histories = draw_histories(50, 0)
    first = model.p_no_purchase(histories, 90.0)
    assert not np.array_equal(first, model.p_no_purchase(histories, 91.0))
    assert not np.array_equal(first, model.p_no_purchase(draw_histories(50, 1), 90.0))
    other = make_purchases("bgnbd", 0.0, {})
    other.parameters = {"r": 0.6, "alpha": 40.0, "a": 0.7, "b": 60.0}
    assert not np.array_equal(first, other.p_no_purchase(histories, 90.0))
    model.parameters = {**model.parameters, "alpha": 41.0}
    assert not np.array_equal(first, model.p_no_purchase(histories, 90.0))


def test_days_that_are_one_number_and_one_per_customer_agree(model):
    histories = draw_histories(50, 0)
    assert np.array_equal(model.p_no_purchase(histories, 90.0), model.p_no_purchase(histories, np.full(50, 90.0)))


def test_a_fit_on_the_same_histories_is_not_repeated_and_another_penalty_is_another_fit(monkeypatch):
    histories, asked = draw_histories(80, 2), []
    whole = ParetoModel._likelihood
    monkeypatch.setattr(ParetoModel, "_likelihood", lambda self, h: asked.append(1) or whole(self, h))
    first, again = (ParetoModel().fit(histories) for _ in range(2))
    assert len(asked) == 1
    assert first.parameters == again.parameters
    assert np.array_equal(first.covariance, again.covariance)
    penalised = ParetoModel(penalty=1.0).fit(histories)
    assert len(asked) == 2
    assert penalised.parameters != first.parameters


def test_models_that_choose_their_stages_recall_each_fit():
    histories = draw_histories(80, 3)
    first, again = (make_purchases("mbgcnbd", 0.0, {}).fit(histories) for _ in range(2))
    assert (first.k, first.parameters) == (again.k, again.parameters)


def test_the_oldest_answers_go_when_there_are_too_many_bytes():
    recall, computed = Recall(most_bytes=3 * 800), []

    def ask(name: str) -> np.ndarray:
        return recall.get((ParetoModel, name, b""), lambda: computed.append(name) or np.zeros(100))

    for name in ("a", "b", "c", "a", "d", "a", "b"):
        ask(name)
    assert computed == ["a", "b", "c", "d", "b"]


def test_the_spend_model_recalls_its_fit_on_the_same_repeat_buyers(monkeypatch):
    random = np.random.default_rng(4)
    x, m = random.poisson(2.0, 200).astype(float), random.gamma(5.0, 7.0, 200)
    frame = pd.DataFrame({"repeat_purchases": x, "mean_repeat_spend": m})
    asked = []
    whole = GammaGammaModel._maximise
    monkeypatch.setattr(GammaGammaModel, "_maximise", lambda self, x, m: asked.append(1) or whole(self, x, m))
    first, again = (GammaGammaModel().fit(frame) for _ in range(2))
    assert len(asked) == 1
    assert first.parameters == again.parameters
    assert GammaGammaModel().fit(frame.iloc[:-1]).parameters != first.parameters
