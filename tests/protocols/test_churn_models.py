"""One suite for every churn model: whatever the data, it fits, speaks in log-odds that add up, and survives a disk."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnclv.churn import churn_models as model_registry
from churnclv.churn.boosted import BoostedChurnModel
from churnclv.churn.btyd import BtydChurnModel
from churnclv.churn.churn_models import Situation, churn_model, churn_models
from churnclv.churn.ensemble import ChurnChoice, ChurnModel, fit_member
from churnclv.churn.extra_trees import ExtraTreesChurnModel
from churnclv.churn.forest import ForestChurnModel
from churnclv.churn.log_odds import BIAS, expit
from churnclv.churn.logistic import LogisticChurnModel
from churnclv.churn.no_purchase import NoPurchaseModel
from churnclv.churn.settings import ChurnSettings
from churnclv.clv.purchase_models import PURCHASE_MODELS
from churnclv.clv.rfm import read_histories

ROWS = 300
NUMBERS = ["silent", "spend", "chance", "flat", "never"]
PARAMETERS = {"max_depth": 3, "learning_rate": 0.2, "subsample": 0.8, "colsample_bytree": 0.7}
WHOLE = {"max_depth": 3, "learning_rate": 0.2}  # without draws of rows and columns, which go by their order


def make_table(seed: int, texts: bool) -> pd.DataFrame:
    """Return numbers, some missing, one constant, one never known; with texts, a plan and an attribute of few."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame({
        "silent": random.normal(size=ROWS),
        "spend": random.exponential(100.0, ROWS),
        "chance": random.uniform(0.05, 0.95, ROWS),
        "flat": 3.0,
        "never": np.nan,
    })  # fmt: skip
    table.loc[::7, "silent"], table.loc[::11, "chance"] = np.nan, np.nan
    if texts:
        table["plan"] = pd.Series(random.choice(["basic", "plus", "family"], ROWS), dtype="str")
        table["town"] = [f"town {place}" if place % 50 == 0 else "elsewhere" for place in range(ROWS)]
        table.loc[::9, "plan"] = None
    return table


def outcomes(table: pd.DataFrame, seed: int) -> np.ndarray:
    odds = 1.5 * table["silent"].fillna(0.0) + 3.0 * (table["chance"].fillna(0.5) - 0.5)
    odds += 2.0 * (table["plan"] == "basic") - 1.0 if "plan" in table else 0.0
    return (np.random.default_rng(seed).random(len(table)) < expit(odds.to_numpy())).astype(float)


def boosted(**chosen: Any) -> BoostedChurnModel:
    return BoostedChurnModel({**PARAMETERS, **chosen.pop("more", {})}, 15, seed=3, threads=1, **chosen)


def forest() -> ForestChurnModel:
    parameters = {"num_parallel_tree": 20, "learning_rate": 1.0, "max_depth": 6, "subsample": 0.63}
    return ForestChurnModel({**parameters, "colsample_bynode": 0.5, "min_child_weight": 2.0}, 1, seed=3, threads=1)


def blended(weights: dict[str, float], **chosen: Any) -> ChurnModel:
    members = {
        "xgboost": {"parameters": PARAMETERS, "rounds": 15, "bags": 2, "seed": 3},
        "logistic": {"penalty_strength": 10.0},
        "btyd": {"column": "chance"},
    }
    return ChurnModel(ChurnChoice(weights, members, **chosen), threads=1)


SIGMOID = {"method": "sigmoid", "map": {"slope": [0.8], "intercept": [-0.2]}}
STEPS = {"method": "venn_abers", "map": {"raw": [0.2, 0.4, 0.7], "score": [0.1, 0.5, 0.8]}}


@dataclass(frozen=True)
class Kind:
    """A model to be tested: how it is made, whether its table has texts, and whether training rows have an order."""

    make: Callable[[], Any]
    texts: bool = False
    ordered: bool = False


KINDS = {
    "trees": Kind(boosted, ordered=True),
    "trees without draws": Kind(lambda: BoostedChurnModel(WHOLE, 15, threads=1)),
    "trees, texts": Kind(boosted, texts=True, ordered=True),
    "trees, 3 bags, ways, weights": Kind(
        lambda: boosted(bags=3, monotone={"s*": 1}, more={"scale_pos_weight": 3.0}), texts=True, ordered=True
    ),
    "logistic": Kind(lambda: LogisticChurnModel(10.0)),
    "logistic, texts": Kind(lambda: LogisticChurnModel(10.0), texts=True),
    "btyd": Kind(lambda: BtydChurnModel("chance")),
    "forest": Kind(forest, texts=True, ordered=True),
    "extra trees": Kind(lambda: ExtraTreesChurnModel(5), texts=True),
    "one member": Kind(lambda: blended({"xgboost": 1.0}), texts=True, ordered=True),
    "blend of two": Kind(lambda: blended({"logistic": 0.3, "btyd": 0.7}, **SIGMOID), texts=True),
    "blend of all": Kind(
        lambda: blended({"xgboost": 0.5, "logistic": 0.2, "btyd": 0.3}, **STEPS), texts=True, ordered=True
    ),
}


@pytest.fixture(params=KINDS, scope="module")
def kind(request) -> Kind:
    return KINDS[request.param]


def fit(kind: Kind, table: pd.DataFrame, churned: np.ndarray) -> Any:
    """Fit on the whole table, or, of a formula alone, on its column."""
    model = kind.make()
    if isinstance(model, ChurnModel):
        return model.fit(table, churned, list(table.columns))
    return model.fit(table, churned)


@pytest.fixture(scope="module")
def table(kind) -> pd.DataFrame:
    return make_table(1, kind.texts)


@pytest.fixture(scope="module")
def churned(table) -> np.ndarray:
    return outcomes(table, 2)


@pytest.fixture(scope="module")
def model(kind, table, churned) -> Any:
    return fit(kind, table, churned)


def check(model: Any, asked: pd.DataFrame) -> None:
    """Assert that what is said is finite, within bounds, and adds up."""
    log_odds, added, scores = model.log_odds(asked), model.contributions(asked), model.predict(asked)
    assert log_odds.shape == scores.shape == (len(asked),)
    assert np.isfinite(log_odds).all()
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    assert added.columns.tolist() == [*model.features, BIAS]
    assert added.index.equals(asked.index)
    assert np.abs(added.sum(axis=1).to_numpy() - log_odds).max(initial=0.0) <= 1e-5


def test_contributions_and_the_bias_add_up_to_the_margin(model, table):
    check(model, table)
    elsewhere = table.set_index(np.arange(len(table))[::-1] + 1000)
    check(model, elsewhere)
    check(model, table.head(0))


def test_it_learns(model, table, churned):
    scores = model.predict(table)
    assert scores[churned == 1].mean() > scores[churned == 0].mean() + 0.05


def test_it_tells_of_customers_it_never_saw(kind, model):
    new = make_table(5, kind.texts)
    happened = outcomes(new, 6)
    scores = model.predict(new)
    assert scores[happened == 1].mean() > scores[happened == 0].mean() + 0.05


def test_a_row_is_scored_by_itself(model, table):
    rows = [table.iloc[[place]] for place in range(10)]
    assert [model.log_odds(row)[0] for row in rows] == model.log_odds(table)[:10].tolist()
    assert [model.predict(row)[0] for row in rows] == model.predict(table)[:10].tolist()
    added = pd.concat([model.contributions(row) for row in rows])
    assert (added == model.contributions(table).head(10)).all(axis=None)


def test_rows_in_another_order_are_scored_the_same(model, table):
    order = np.random.default_rng(0).permutation(len(table))
    assert (model.log_odds(table.iloc[order]) == model.log_odds(table)[order]).all()


def test_columns_in_another_order_or_beside_others_are_scored_the_same(model, table):
    other = table[table.columns[::-1]].assign(stranger=1.0, customer_id="C1")
    assert (model.log_odds(other) == model.log_odds(table)).all()
    assert (model.contributions(other) == model.contributions(table)).all(axis=None)


def test_missing_everywhere_and_unseen_values_are_scored(model, table):
    nothing = table.copy()
    for name in table.columns:
        nothing[name] = np.nan if name in NUMBERS else None
    check(model, nothing)
    assert len(np.unique(model.log_odds(nothing))) == 1
    unseen = table.assign(silent=1e9, spend=-1e9, flat=4.0, never=1.0)
    if "plan" in table:
        unseen = unseen.assign(plan="platinum", town="a place nobody has heard of")
    check(model, unseen)
    words = table.assign(spend="a lot")  # a column of numbers that holds text now
    check(model, words)
    assert (model.log_odds(words) == model.log_odds(table.assign(spend=np.nan))).all()


EXTREMES = [np.inf, -np.inf, 1e39, -1e39, 1e308, -1e308, 1e-308, 0.0]


def test_infinite_and_huge_values_are_learned_from_and_scored(kind, model, table, churned):
    wild = table.copy()
    wild.loc[: len(EXTREMES) - 1, "silent"] = EXTREMES
    wild.loc[: len(EXTREMES) - 1, "spend"] = EXTREMES[::-1]
    wild.loc[20:60, "spend"] = 1e308  # whose sum is infinite
    check(model, wild)
    check(fit(kind, wild, churned), wild)
    missing = wild.replace([np.inf, -np.inf], np.nan)
    assert (model.log_odds(wild) == model.log_odds(missing)).all()


@pytest.mark.parametrize("only", [0.0, 1.0])
def test_where_all_leave_or_stay_it_says_so_or_what_it_was_told(kind, table, only):
    found = fit(kind, table, np.full(len(table), only))
    check(found, table)
    check(found, make_table(9, kind.texts))
    members = found.members.values() if isinstance(found, ChurnModel) else [found]
    for member in members:
        said = expit(member.log_odds(table))
        if isinstance(member, BtydChurnModel):  # no line without two outcomes: the chance is taken at its word
            known = table["chance"].notna().to_numpy()
            assert said[known] == pytest.approx(table["chance"].to_numpy()[known])
            assert np.log(said[~known] / (1 - said[~known])) == pytest.approx(member.mean)
        else:
            assert np.abs(said - only).max() < 0.03  # weighted trees start from one half; all others end below 1e-5


def test_constant_columns_say_the_base_rate(kind, table, churned):
    flat = table.assign(silent=2.0, spend=0.0, chance=np.nan)
    flat = flat.assign(plan="basic", town="here") if kind.texts else flat
    found = fit(kind, flat, churned)
    check(found, flat)
    check(found, table)
    rate = expit(found.log_odds(flat))
    assert len(np.unique(rate)) == 1
    members = found.members if isinstance(found, ChurnModel) else {"it": found}
    for member in members.values():
        assert expit(member.log_odds(flat))[0] == pytest.approx(churned.mean(), abs=0.01)


def test_two_rows_are_enough(kind, table):
    pair = table.iloc[[1, 2]]
    for happened in ([0.0, 1.0], [1.0, 0.0]):
        found = fit(kind, pair, np.array(happened))
        check(found, pair)
        check(found, table)


def test_the_order_of_training_rows_does_not_matter(kind, model, table, churned):
    order = np.random.default_rng(4).permutation(len(table))
    again = fit(kind, table.iloc[order], churned[order])
    away = np.abs(again.log_odds(table) - model.log_odds(table)).max()
    assert away > 1e-3 if kind.ordered else away < 1e-5  # draws of rows go by their place; sums in float32


def test_the_same_rows_give_the_same_model(kind, model, table, churned):
    assert (fit(kind, table, churned).log_odds(table) == model.log_odds(table)).all()


def test_a_loaded_model_is_the_saved_one_to_the_bit(tmp_path, model, kind, table):
    folder = tmp_path / "in" / "a folder"
    model.save(folder)
    loaded = type(model).load(folder)
    for asked in (table, make_table(7, kind.texts)):
        assert (loaded.log_odds(asked) == model.log_odds(asked)).all()
        assert (loaded.predict(asked) == model.predict(asked)).all()
        assert (loaded.contributions(asked) == model.contributions(asked)).all(axis=None)
    assert loaded.features == model.features
    loaded.save(tmp_path / "again")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}


def test_degenerate_models_survive_being_saved(tmp_path, kind, table):
    found = fit(kind, table.head(2), np.ones(2))
    found.save(tmp_path)
    assert (type(found).load(tmp_path).log_odds(table) == found.log_odds(table)).all()


def test_nothing_in_its_folder_is_pickled(tmp_path, model):
    model.save(tmp_path)
    for path in tmp_path.iterdir():
        assert path.suffix in {".json", ".ubj"}
        assert path.read_bytes()[:1] == b"{"  # JSON, and UBJSON's object
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)  # no NaN, no infinity


def test_parameters_are_what_was_chosen_before_the_fit(tmp_path, kind, model):
    if isinstance(model, ChurnModel):
        assert model.choice == kind.make().choice
        model.save(tmp_path)
        assert ChurnModel.load(tmp_path).choice == model.choice
        return
    assert model.get_params() == kind.make().get_params()
    model.save(tmp_path)
    assert type(model).load(tmp_path).get_params() == model.get_params()


# --- what only some of them promise ---


def test_trees_name_all_that_changes_them_among_their_parameters():
    chosen = boosted(bags=3, monotone={"s*": 1}).get_params()
    assert chosen == {**PARAMETERS, "rounds": 15, "seed": 3, "bags": 3, "monotone": {"s*": 1}}


def test_bags_are_the_mean_of_boosters_with_neighbouring_seeds():
    table = make_table(1, texts=True)
    churned = outcomes(table, 2)
    single = [BoostedChurnModel(PARAMETERS, 15, seed=3 + bag, threads=1).fit(table, churned) for bag in range(3)]
    three = boosted(bags=3).fit(table, churned)
    assert three.log_odds(table) == pytest.approx(np.mean([one.log_odds(table) for one in single], axis=0), abs=1e-12)
    gains = [one.gains() for one in single]
    assert three.gains() == pytest.approx({name: np.mean([g[name] for g in gains]) for name in three.features})


def test_ways_hold_for_columns_that_fit_the_pattern():
    table = make_table(1, texts=False)
    falling = BoostedChurnModel(WHOLE, 15, threads=1, monotone={"si*": -1}).fit(table, outcomes(table, 2))
    steps = table.iloc[[1] * 50].assign(silent=np.linspace(-2.0, 2.0, 50))
    assert (np.diff(falling.log_odds(steps)) <= 0.0).all()
    rising = BoostedChurnModel(WHOLE, 15, threads=1, monotone={"si*": 1}).fit(table, outcomes(table, 2))
    assert (np.diff(rising.log_odds(steps)) >= 0.0).all()
    assert np.ptp(rising.log_odds(steps)) > 0.5


def test_class_weights_leave_the_log_odds_near_what_happens():
    # a weight of w on leavers multiplies the odds that trees learn by w; the margin takes it back
    table = make_table(1, texts=True)
    rare = outcomes(table, 2) * (np.arange(ROWS) % 5 == 0)
    plain, weighted = (
        BoostedChurnModel({"max_depth": 2, "learning_rate": 0.1, **more}, 40, threads=1).fit(table, rare)
        for more in ({}, {"scale_pos_weight": 8.0})
    )
    assert plain.predict(table).mean() == pytest.approx(rare.mean(), abs=0.01)
    assert weighted.predict(table).mean() == pytest.approx(rare.mean(), abs=0.04)
    raw = weighted.boosters[0].predict(weighted._matrix(table), output_margin=True)
    assert raw - weighted.log_odds(table) == pytest.approx(np.log(8.0), abs=1e-5)


def test_a_blend_is_the_weighted_mean_of_its_members_log_odds():
    table = make_table(1, texts=True)
    model = fit(KINDS["blend of all"], table, outcomes(table, 2))
    said = {name: member.log_odds(table) for name, member in model.members.items()}
    mean = 0.5 * said["xgboost"] + 0.2 * said["logistic"] + 0.3 * said["btyd"]
    assert model.log_odds(table) == pytest.approx(mean, abs=1e-12)
    # the map: near 0.2 -> 0.1, 0.4 -> 0.5, 0.7 -> 0.8 and straight between them; the ranking stays
    inside = (expit(mean) > 0.2) & (expit(mean) < 0.7)
    steps = np.interp(expit(mean), [0.2, 0.4, 0.7], [0.1, 0.5, 0.8])
    assert model.predict(table)[inside] == pytest.approx(steps[inside], abs=0.01)
    assert (np.argsort(model.predict(table), kind="stable") == np.argsort(mean, kind="stable")).all()
    assert model.choice.sentence == "0.5 xgboost + 0.3 btyd + 0.2 logistic"


def test_the_formula_takes_its_own_column_which_need_not_be_among_the_names():
    table = make_table(1, texts=False)
    model = blended({"logistic": 0.5, "btyd": 0.5}).fit(table, outcomes(table, 2), ["silent", "spend"])
    assert sorted(model.features) == ["chance", "silent", "spend"]
    assert model.members["logistic"].features == ["silent", "spend"]
    shared = blended({"logistic": 0.5, "btyd": 0.5}).fit(table, outcomes(table, 2), ["silent", "chance"])
    assert sorted(shared.features) == ["chance", "silent"]
    parts = [member.contributions(table)["chance"] for member in shared.members.values()]
    assert shared.contributions(table)["chance"].to_numpy() == pytest.approx(0.5 * (parts[0] + parts[1]).to_numpy())


def test_gains_are_those_of_the_trees_and_empty_without_them():
    table = make_table(1, texts=True)
    churned = outcomes(table, 2)
    assert fit(KINDS["blend of two"], table, churned).gains() == {}
    found = fit(KINDS["blend of all"], table, churned).gains()
    assert set(found) == set(table.columns)
    assert found["never"] == found["flat"] == 0.0
    assert max(found, key=found.get) in ("silent", "plan")


def test_the_formula_finds_the_line_through_the_chances():
    # of 8 customers said to leave with 1/4, 4 do; of 4 said 3/4, 3 do: log-odds -ln 3 -> 0 and ln 3 -> ln 3,
    # so the slope is ln 3 / (2 ln 3) = 1/2 and the intercept ln 3 / 2
    frame = pd.DataFrame({"chance": [0.25] * 8 + [0.75] * 4})
    happened = np.array([1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0], dtype=float)
    model = BtydChurnModel("chance").fit(frame, happened)
    assert (model.slope, model.intercept) == pytest.approx((0.5, np.log(3.0) / 2.0), abs=1e-3)  # where the solver stops
    assert model.predict(frame.assign(chance=0.5))[0] == pytest.approx(1 / (1 + np.exp(-np.log(3.0) / 2)), abs=1e-3)


def test_a_formula_that_ranks_backwards_says_the_base_rate():
    frame = pd.DataFrame({"chance": [0.2, 0.3, 0.7, 0.8]})
    model = BtydChurnModel("chance").fit(frame, np.array([1.0, 1.0, 1.0, 0.0]))
    assert model.predict(frame).tolist() == pytest.approx([0.75] * 4)


def test_a_second_fit_forgets_the_first():
    frame = pd.DataFrame({"chance": [0.2, 0.3, 0.7, 0.8]})
    model = BtydChurnModel("chance").fit(frame, np.array([0.0, 1.0, 0.0, 1.0]))
    model.fit(frame, np.ones(4))
    assert vars(model) == vars(BtydChurnModel("chance").fit(frame, np.ones(4)))


def test_logistic_regression_is_not_led_by_one_customers_odd_value():
    table = make_table(1, texts=False)
    model = LogisticChurnModel(10.0).fit(table, outcomes(table, 2))
    far, farther = (model.log_odds(table.assign(silent=value)) for value in (1e6, 1e9))
    assert (far == farther).all()  # six standard deviations, and no more
    assert (far > model.log_odds(table.assign(silent=2.0))).all()


def test_logistic_regression_learns_from_evenly_spaced_rows_of_very_many(monkeypatch):
    monkeypatch.setattr("churnclv.churn.logistic._MOST_ROWS", ROWS // 4)
    table = make_table(1, texts=True)
    churned = outcomes(table, 2)
    found = LogisticChurnModel(10.0).fit(table, churned)
    same = LogisticChurnModel(10.0).fit(table.iloc[::4], churned[::4])
    assert (found.log_odds(table) == same.log_odds(table)).all()


def test_extra_trees_say_what_scikit_learn_says_drawn_towards_the_base_rate():
    from sklearn.ensemble import ExtraTreesClassifier

    table = make_table(1, texts=False).fillna(0.0)
    churned = outcomes(table, 2)
    model = ExtraTreesChurnModel(10, seed=4).fit(table, churned)
    theirs = ExtraTreesClassifier(100, min_samples_leaf=10, max_features=0.4, random_state=4).fit(table, churned)
    new = make_table(5, texts=False).fillna(0.0)
    mixed = (10.0 * theirs.predict_proba(new)[:, 1] + churned.mean()) / 11.0
    assert model.predict(new) == pytest.approx(mixed, abs=1e-9)


def test_a_model_registers_itself_with_its_search_space_and_is_compared():
    class Flat(LogisticChurnModel):
        name, family, summary = "flat", "linear", "a test's own"

        @classmethod
        def candidates(cls, situation: Situation) -> list[dict[str, Any]]:
            return [{"penalty_strength": 5.0 + 0.0 * situation.rows}]

    before = churn_models()
    try:
        assert churn_model(Flat) is Flat
        assert set(churn_models()) == {*before, "flat"}
        assert ChurnSettings(name="flat").name == "flat"
        choice = ChurnChoice({"flat": 1.0}, {"flat": {"penalty_strength": 5.0}})
        assert choice.member("flat", 1).get_params() == {"penalty_strength": 5.0}
    finally:
        model_registry._MODELS.pop("flat")
    assert churn_models() == before


def test_every_model_says_what_it_is():
    for name, model in churn_models().items():
        assert model.name == name
        assert model.family in ("linear", "trees", "probabilistic", "custom")
        assert model.summary[0].islower()


def test_the_flat_choice_of_an_earlier_version_is_read():
    flat = {
        "weights": {"btyd": 0.2, "logistic": 0.3, "xgboost": 0.5}, "parameters": {"max_depth": 2}, "rounds": 7,
        "monotone": {}, "bags": 2, "penalty_strength": 30.0, "column": "btyd_p_ends", "custom": None, "season": True,
        "method": "sigmoid", "map": {"slope": [0.9], "intercept": [0.1]}, "seed": 5,
    }  # fmt: skip
    choice = ChurnChoice.from_dict(flat)
    assert choice.member("xgboost", 1).get_params() == {
        "max_depth": 2, "rounds": 7, "seed": 5, "monotone": {}, "bags": 2
    }  # fmt: skip
    assert choice.member("logistic", 1).get_params() == {"penalty_strength": 30.0}
    assert choice.member("btyd", 1).get_params() == {"column": "btyd_p_ends"}
    assert (choice.season, choice.method, choice.intercept) == (True, "sigmoid", 0.0)
    assert ChurnChoice.from_dict(choice.as_dict()) == choice


def histories(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    age = random.uniform(30.0, 400.0, rows)
    bought = random.poisson(age / 80.0).astype(float)
    last = np.where(bought > 0, age * random.uniform(0.2, 1.0, rows), 0.0)
    return pd.DataFrame({"repeat_purchases": bought, "last_purchase_age_days": last, "age_days": age})


def test_a_purchase_models_chance_is_its_own_and_comes_back_from_disk(tmp_path):
    past = histories(300, 0).assign(cutoff=pd.Timestamp("2024-01-01"))
    latest = histories(300, 1).assign(cutoff=pd.Timestamp("2024-03-01"))
    model = NoPurchaseModel("mbgnbd", 90.0)
    fit_member(model, past, np.zeros(300), ["repeat_purchases"], latest)
    theirs = PURCHASE_MODELS["mbgnbd"]().fit(read_histories(latest))
    assert model.predict(latest) == pytest.approx(theirs.p_no_purchase(read_histories(latest), 90.0), abs=1e-12)
    added = model.contributions(latest)
    assert added.sum(axis=1).to_numpy() == pytest.approx(model.log_odds(latest), abs=1e-12)
    assert added.columns.tolist() == ["btyd_p_no_purchase", BIAS]
    model.save(tmp_path)
    assert (NoPurchaseModel.load(tmp_path).log_odds(past) == model.log_odds(past)).all()
    assert NoPurchaseModel.load(tmp_path).get_params() == {"model": "mbgnbd", "days": 90.0}
    without = NoPurchaseModel("mbgnbd", 90.0).fit(pd.concat([past, latest]), np.zeros(600))
    assert without.log_odds(past) == pytest.approx(model.log_odds(past), abs=1e-9)  # the last cutoff among the rows


def test_an_intercept_moves_the_log_odds_and_is_nobodys_own_reason():
    table = make_table(1, texts=False)
    churned = outcomes(table, 2)
    without, with_it = (
        blended({"logistic": 0.5, "btyd": 0.5}, intercept=level).fit(table, churned, ["silent", "spend"])
        for level in (0.0, 0.25)
    )
    assert with_it.log_odds(table) - without.log_odds(table) == pytest.approx(0.25)
    apart = with_it.contributions(table) - without.contributions(table)
    assert apart[BIAS].to_numpy() == pytest.approx(0.25)
    assert np.abs(apart.drop(columns=BIAS).to_numpy()).max() == 0.0
