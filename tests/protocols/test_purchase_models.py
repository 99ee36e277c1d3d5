"""Every purchase model of the house passes the suite, and in a CLV model no fit fails and no prediction is absurd."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnclv.clv.clv_model import ClvChoice, ClvModel, gather_past
from churnclv.clv.hybrid import BTYD_COLUMNS
from churnclv.clv.purchase_models import PURCHASE_MODELS
from churnclv.clv.rfm import read_histories
from churnclv.clv.settings import LEARNED, BoostingSettings
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.features.preparation import prepare
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.cutoff_plan import make_plan
from churnclv.snapshots.settings import WindowSettings
from churnclv.testing import PurchaseModelSuite
from churnclv.testing.market import Market, simulate
from churnclv.testing.purchase_model_suite import check_chances
from examples import examples

DAYS = 90.0
CUTOFF = pd.Timestamp(2024, 3, 1)
SLOW = ("ggomnbd", "bgbb")  # seconds a fit: derivatives are differences in four or five parameters, and ridges are flat


def frame(rows: list[tuple[int, int, int, float]], evenness: float = 0.5) -> pd.DataFrame:
    """Return a feature table; gaps are even at 1, and as uneven as whole days allow at 0."""
    columns = ["repeat_purchases", "last_purchase_age_days", "age_days", "mean_repeat_spend"]
    history = pd.DataFrame(rows, columns=columns).astype(float)
    x, t_x = history["repeat_purchases"], history["last_purchase_age_days"]
    even = x * np.log(t_x.clip(lower=1) / x.clip(lower=1))
    uneven = np.log((t_x - x + 1).clip(lower=1))
    return history.assign(log_gap_days_sum=evenness * even + (1 - evenness) * uneven, cutoff=CUTOFF)


@st.composite
def histories(draw) -> pd.DataFrame:
    """Draw small histories, among them those where nobody repeats, nobody leaves, or all are alike."""
    kind = draw(st.sampled_from(["any", "nobody repeats", "all alike", "never silent", "huge", "one customer"]))
    n = 1 if kind == "one customer" else draw(st.integers(2, 25))
    rows = []
    for _ in range(n):
        age = draw(st.integers(0, 3000))
        x = 0 if kind == "nobody repeats" else draw(st.integers(0, 300 if kind == "huge" else 12))
        x = min(x, age)
        last = age if kind == "never silent" else draw(st.integers(min(x, age), age))
        spend = draw(st.one_of(st.just(0.0), st.floats(0.01, 1e7))) if x else 0.0
        rows.append((x, last if x else 0, age, spend))
    return frame(rows[:1] * n if kind == "all alike" else rows, draw(st.sampled_from([0.0, 0.5, 1.0])))


def check(model: ClvModel, history: pd.DataFrame) -> None:
    purchases = model.expected_purchases(history, DAYS)
    spend = model.expected_spend(history, DAYS)
    value = model.discounted_value(history, 365.0, 0.3, 0.1)
    chance = model.p_no_purchase(history, DAYS)
    alive = model.purchases.p_alive(read_histories(history))
    for found in (purchases, spend, value):
        assert np.isfinite(found).all()
        assert (found >= 0).all()
    for found in (chance, alive):
        assert ((found >= 0) & (found <= 1)).all()
    slack = 1e-6 * (1.0 + purchases) if model.purchases.name == "ggomnbd" else 1e-9  # its time alive is a quadrature
    assert (model.expected_purchases(history, 2 * DAYS) >= purchases - slack).all()
    assert np.isfinite(model.new_customer_value(365.0, 0.3, 0.1, CUTOFF))
    check_chances(model.purchases, read_histories(history))
    check_intervals(model, history)


def check_intervals(model: ClvModel, history: pd.DataFrame) -> None:
    for found in model.intervals(history, DAYS).values():
        assert np.isfinite(found.low).all()
        assert np.isfinite(found.high).all()
        assert ((found.low >= 0) & (found.low <= found.high)).all()


SLACK = {"ggomnbd": 1e-6}  # its time alive is a quadrature

for name, model_class in PURCHASE_MODELS.items():
    chosen = {"model_class": model_class, "slack": SLACK.get(name, PurchaseModelSuite.slack)}
    if name in SLOW:
        chosen["pytestmark"] = pytest.mark.slow
    globals()[f"Test{name.title()}"] = type(f"Test{name.title()}", (PurchaseModelSuite,), chosen)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PURCHASE_MODELS if name not in SLOW])
@examples(300)
@given(history=histories())
def test_no_fit_fails_and_no_prediction_is_absurd(name, history):
    check(ClvModel(name=name).fit(history), history)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
@examples(20)
@given(history=histories())
def test_no_slow_fit_fails_and_no_prediction_is_absurd(name, history):
    check(ClvModel(name=name).fit(history), history)


DEGENERATE = {
    "nobody repeats": [(0, 0, 100, 0.0)] * 30,
    "nobody leaves": [(5, 100, 100, 20.0)] * 30,
    "one customer": [(1, 1, 1, 1.0)],
    "no time": [(0, 0, 0, 0.0)],
    "two customers": [(3, 50, 100, 9.99), (0, 0, 5, 0.0)],
    "very heavy buyers": [(221, 724, 725, 30.0), (254, 680, 681, 20.0), (161, 663, 686, 10.0), (204, 690, 696, 5.0)],
}


def assert_same_predictions(loaded: ClvModel, model: ClvModel, history: pd.DataFrame) -> None:
    assert loaded.get_params() == model.get_params()
    for what in ("expected_purchases", "expected_spend", "p_no_purchase", "p_alive"):
        assert (getattr(loaded, what)(history, DAYS) == getattr(model, what)(history, DAYS)).all()
    economics = (365.0, 0.3, 0.1)
    assert (loaded.discounted_value(history, *economics) == model.discounted_value(history, *economics)).all()
    assert loaded.new_customer_value(*economics, CUTOFF) == model.new_customer_value(*economics, CUTOFF)
    intervals = loaded.intervals(history, DAYS)
    for target, found in model.intervals(history, DAYS).items():
        assert (intervals[target].low == found.low).all()
        assert (intervals[target].high == found.high).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", PURCHASE_MODELS)
@pytest.mark.parametrize("rows", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_data_have_an_answer_that_survives_being_saved(tmp_path, name, rows):
    history = frame(rows)
    model = ClvModel(name=name).fit(history)
    check(model, history)
    value = model.value_interval(history, 365.0, 0.3, 0.1)
    assert np.isfinite(value.high).all()
    assert ((value.low >= 0) & (value.low <= value.high)).all()
    model.save(tmp_path)
    assert_same_predictions(ClvModel.load(tmp_path), model, history)


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_nobody_who_never_repeats_is_expected_to(name):
    history = frame([(0, 0, 300 + place, 0.0) for place in range(50)])
    model = ClvModel(name=name).fit(history)
    assert model.expected_purchases(history, DAYS).max() < 0.01
    certificate = model.purchases.certificate  # it says so: a parameter at the edge, or a top too flat to get there
    assert certificate.at_bound or not certificate.converged


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_a_new_customer_has_a_finite_value_for_ever(name):
    history = frame([(place % 4, 40 * (place % 4), 200, 9.0) for place in range(20)])
    model = ClvModel(name=name).fit(history)
    endless, year = (model.new_customer_value(days, 0.3, 0.1, CUTOFF) for days in (None, 365.0))
    assert np.isfinite(endless)
    assert 0.0 <= year <= endless * (1.0 + 1e-5)  # GGom/NBD's time alive is a quadrature


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_parameters_are_known_before_the_fit_and_a_clone_is_unfitted(name):
    model = ClvModel(name=name, purchase_penalty=0.5)
    chosen = {"name": name, "purchase_penalty": 0.5, "spend_penalty": 0.0, "cohort_days": 0}
    assert model.get_params() == {**asdict(ClvChoice()), **chosen}
    clone = model.fit(frame([(2, 20, 50, 5.0), (0, 0, 30, 0.0)])).clone()
    assert clone.get_params() == model.get_params()
    assert clone.purchases.parameters == {}


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_a_penalty_draws_towards_plain_values(name):
    history = frame(
        [(place % 7, 60 + place, 200, 10.0 + place) if place % 7 else (0, 0, 200, 0.0) for place in range(60)]
    )
    models = [ClvModel(name=name, purchase_penalty=penalty).fit(history) for penalty in (0.0, 10.0, 1e9)]
    free, held, plain = (np.log(model.purchases.values) for model in models)
    assert np.abs(held - plain).sum() < 0.2 * np.abs(free - plain).sum()


# --- trees, alone and on top of the formulas ---


@pytest.fixture(scope="module")
def market():
    """Snapshots of a small simulated market, and its horizon."""
    log = simulate(Market(customers=150, days=500, birth_days=250), 6).log
    events = read_events(connect(EngineSettings(threads=1)), DataSettings(), log)
    windows = WindowSettings(horizon_days=60, n_cutoffs=4, n_folds=1)
    plan = make_plan(events.start, events.end, windows)
    return prepare(events, plan.cutoffs, plan.sealed, FeatureSettings(families=["recency", "frequency"]), windows)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "from_btyd"), [("boosted", False), ("hybrid", False), ("hybrid", True)])
@pytest.mark.parametrize("kind", ["tweedie", "two_part"])
@pytest.mark.parametrize("season", [False, True])
def test_trees_have_sane_answers_that_survive_being_saved(tmp_path, market, name, from_btyd, kind, season):
    boosting = BoostingSettings(kind=kind, from_btyd=from_btyd, rounds=15, threads=1)
    choice = ClvChoice(name=name, base="mbgnbd", season=season, boosting=boosting, seed=3)
    past = gather_past(market.training, choice, 60.0)
    model = ClvModel(choice).fit(market.sealed, past, market.daily)
    check(model, market.sealed)
    assert set(market.training.names) <= set(model.features)
    model.save(tmp_path)
    assert_same_predictions(ClvModel.load(tmp_path), model, market.sealed)
    clone = model.clone()
    assert clone.get_params() == model.get_params()
    assert clone.purchases.parameters == {}
    assert clone.learned is None
    assert clone.season.coefficients == ()
    again = clone.fit(market.sealed, past, market.daily)
    assert (again.expected_spend(market.sealed, 60.0) == model.expected_spend(market.sealed, 60.0)).all()


@pytest.mark.parametrize("name", LEARNED)
def test_trees_need_labels(market, name):
    with pytest.raises(ValueError, match=f"{name} learns from labels at earlier cutoffs, and there are none"):
        ClvModel(name=name).fit(market.sealed)


# --- a log-linear model, and combinations ---


def combined_choice(season: bool = False) -> ClvChoice:
    boosting = BoostingSettings(rounds=15, threads=1)
    bases = {name: ClvChoice(name=name, base=name, season=season) for name in ("bgnbd", "pareto_nbd")}
    learned = {
        name: ClvChoice(name=name, base="pareto_nbd", season=season, boosting=boosting) for name in ("ridge", "hybrid")
    }
    return ClvChoice(
        name="combined",
        base="pareto_nbd",
        season=season,
        members=bases | learned,
        weights={"purchases": {"pareto_nbd": 1.0}, "spend": {"bgnbd": 0.25, "ridge": 0.5, "hybrid": 0.25}},
        totals={"purchases": 0.9, "spend": 1.1},
        horizon_days=60.0,
    )


def test_a_log_linear_model_has_sane_answers_that_survive_being_saved(tmp_path, market):
    choice = ClvChoice(name="ridge", base="mbgnbd")
    past = gather_past(market.training, choice, 60.0)
    model = ClvModel(choice).fit(market.sealed, past, market.daily)
    check(model, market.sealed)
    model.save(tmp_path)
    assert_same_predictions(ClvModel.load(tmp_path), model, market.sealed)


@pytest.mark.parametrize("season", [False, True])
def test_a_combination_has_sane_answers_that_survive_being_saved(tmp_path, market, season):
    choice = combined_choice(season)
    past = gather_past(market.training, choice, 60.0)
    model = ClvModel(choice).fit(market.sealed, past, market.daily)
    check(model, market.sealed)
    model.save(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix not in {".json", ".ubj"}]
    loaded = ClvModel.load(tmp_path)
    assert_same_predictions(loaded, model, market.sealed)
    assert set(market.training.names) <= set(loaded.features)
    columns = loaded.columns(market.sealed, 60.0)
    assert tuple(columns.columns) == loaded.computed_columns
    assert columns["btyd_p_no_purchase_pareto_nbd"].equals(columns["btyd_p_no_purchase"])


def test_a_combination_is_a_geometric_mean_at_its_horizon_and_follows_its_base_beyond(market):
    choice = combined_choice()
    past = gather_past(market.training, choice, 60.0)
    rows = market.sealed
    model = ClvModel(choice).fit(rows, past, market.daily)
    alone = model.members["pareto_nbd"]
    for days in (1.0, 60.0, 365.0):
        expected = 0.9 * alone.expected_purchases(rows, days)
        assert model.expected_purchases(rows, days) == pytest.approx(expected, rel=1e-6)
    ends = np.array([7.0, 60.0])
    totals = [model.expected_purchases(rows, end).sum() for end in ends]
    assert model.total_purchases(rows, ends) == pytest.approx(totals, rel=1e-12)
    logs = sum(
        weight * np.log(model.members[name].expected_spend(rows, 60.0))
        for name, weight in choice.weights["spend"].items()
    )
    assert model.expected_spend(rows, 60.0) == pytest.approx(1.1 * np.exp(logs), rel=1e-6)
    ratio = model.expected_spend(rows, 365.0) / model.expected_spend(rows, 60.0)
    assert ratio == pytest.approx(alone.expected_spend(rows, 365.0) / alone.expected_spend(rows, 60.0), rel=1e-6)
    assert (model.p_no_purchase(rows, 60.0) == alone.p_no_purchase(rows, 60.0)).all()
    assert (model.p_alive(rows) == alone.p_alive(rows)).all()


def test_candidates_of_a_probability_are_beside_the_features_but_not_learned_from(market):
    choice = combined_choice()
    past = gather_past(market.training, choice, 60.0)
    data = market.training.with_columns(past.btyd)
    assert {"btyd_p_no_purchase_bgnbd", "btyd_p_no_purchase_pareto_nbd"} <= set(data.features.columns)
    assert set(data.names) == {*market.training.names, *BTYD_COLUMNS}
