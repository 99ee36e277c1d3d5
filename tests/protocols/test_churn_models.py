"""Every churn model of the house passes the suite of churn models, and keeps its own promises."""

import json
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
from churnclv.testing import ChurnModelSuite
from churnclv.testing.churn_model_suite import ROWS, draw_outcomes, make_table

PARAMETERS = {"max_depth": 3, "learning_rate": 0.2, "subsample": 0.8, "colsample_bytree": 0.7}
WHOLE = {"max_depth": 3, "learning_rate": 0.2}  # without draws of rows and columns, which go by their order


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


class HouseModel(ChurnModelSuite):
    """What the models of the house promise beyond custom ones."""

    def check_one_outcome(self, member, table, only):
        if not isinstance(member, BtydChurnModel):
            super().check_one_outcome(member, table, only)
            return
        scores = expit(member.log_odds(table))  # no line without two outcomes: the chance is the prediction
        known = table["chance"].notna().to_numpy()
        assert scores[known] == pytest.approx(table["chance"].to_numpy()[known])
        assert np.log(scores[~known] / (1 - scores[~known])) == pytest.approx(member.mean)

    def test_its_folder_holds_json_and_boosters_alone(self, tmp_path, model):
        model.save(tmp_path)
        for path in tmp_path.iterdir():
            assert path.suffix in {".json", ".ubj"}
            assert path.read_bytes()[:1] == b"{"  # JSON, and UBJSON's object
            if path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)  # no NaN, no infinity


class Blend(HouseModel):
    """An ensemble: it is fitted with the names of its columns, and consists of members."""

    def fit(self, table, churned):
        return self.make_model().fit(table, churned, list(table.columns))

    def members(self, model):
        return list(model.members.values())

    def parameters(self, model):
        return model.choice


class TestTrees(HouseModel):
    ordered = True

    def make_model(self):
        return boosted()


class TestTreesWithoutDraws(HouseModel):
    def make_model(self):
        return BoostedChurnModel(WHOLE, 15, threads=1)


class TestTreesOnTexts(TestTrees):
    texts = True


class TestThreeBagsWithWaysAndWeights(TestTreesOnTexts):
    def make_model(self):
        return boosted(bags=3, monotone={"s*": 1}, more={"scale_pos_weight": 3.0})


class TestLogistic(HouseModel):
    def make_model(self):
        return LogisticChurnModel(10.0)


class TestLogisticOnTexts(TestLogistic):
    texts = True


class TestBtyd(HouseModel):
    def make_model(self):
        return BtydChurnModel("chance")


class TestForest(TestTreesOnTexts):
    def make_model(self):
        return forest()


class TestExtraTrees(HouseModel):
    texts = True

    def make_model(self):
        return ExtraTreesChurnModel(5)


class TestOneMember(Blend):
    texts, ordered = True, True

    def make_model(self):
        return blended({"xgboost": 1.0})


class TestBlendOfTwo(Blend):
    texts = True

    def make_model(self):
        return blended({"logistic": 0.3, "btyd": 0.7}, **SIGMOID)


class TestBlendOfAll(Blend):
    texts, ordered = True, True

    def make_model(self):
        return blended({"xgboost": 0.5, "logistic": 0.2, "btyd": 0.3}, **STEPS)


# --- what only some of them promise ---


def test_trees_name_all_that_changes_them_among_their_parameters():
    chosen = boosted(bags=3, monotone={"s*": 1}).get_params()
    assert chosen == {**PARAMETERS, "rounds": 15, "seed": 3, "bags": 3, "monotone": {"s*": 1}}


def test_bags_are_the_mean_of_boosters_with_neighbouring_seeds():
    table = make_table(1, texts=True)
    churned = draw_outcomes(table, 2)
    single = [BoostedChurnModel(PARAMETERS, 15, seed=3 + bag, threads=1).fit(table, churned) for bag in range(3)]
    three = boosted(bags=3).fit(table, churned)
    assert three.log_odds(table) == pytest.approx(np.mean([one.log_odds(table) for one in single], axis=0), abs=1e-12)
    gains = [one.gains() for one in single]
    assert three.gains() == pytest.approx({name: np.mean([g[name] for g in gains]) for name in three.features})


def test_ways_hold_for_columns_that_fit_the_pattern():
    table = make_table(1, texts=False)
    falling = BoostedChurnModel(WHOLE, 15, threads=1, monotone={"si*": -1}).fit(table, draw_outcomes(table, 2))
    steps = table.iloc[[1] * 50].assign(silent=np.linspace(-2.0, 2.0, 50))
    assert (np.diff(falling.log_odds(steps)) <= 0.0).all()
    rising = BoostedChurnModel(WHOLE, 15, threads=1, monotone={"si*": 1}).fit(table, draw_outcomes(table, 2))
    assert (np.diff(rising.log_odds(steps)) >= 0.0).all()
    assert np.ptp(rising.log_odds(steps)) > 0.5


def test_class_weights_leave_the_log_odds_near_what_happens():
    # a weight of w on leavers multiplies the odds that trees learn by w; the margin takes it back
    table = make_table(1, texts=True)
    rare = draw_outcomes(table, 2) * (np.arange(ROWS) % 5 == 0)
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
    model = TestBlendOfAll().fit(table, draw_outcomes(table, 2))
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
    model = blended({"logistic": 0.5, "btyd": 0.5}).fit(table, draw_outcomes(table, 2), ["silent", "spend"])
    assert sorted(model.features) == ["chance", "silent", "spend"]
    assert model.members["logistic"].features == ["silent", "spend"]
    shared = blended({"logistic": 0.5, "btyd": 0.5}).fit(table, draw_outcomes(table, 2), ["silent", "chance"])
    assert sorted(shared.features) == ["chance", "silent"]
    parts = [member.contributions(table)["chance"] for member in shared.members.values()]
    assert shared.contributions(table)["chance"].to_numpy() == pytest.approx(0.5 * (parts[0] + parts[1]).to_numpy())


def test_gains_are_those_of_the_trees_and_empty_without_them():
    table = make_table(1, texts=True)
    churned = draw_outcomes(table, 2)
    assert TestBlendOfTwo().fit(table, churned).gains() == {}
    found = TestBlendOfAll().fit(table, churned).gains()
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
    model = LogisticChurnModel(10.0).fit(table, draw_outcomes(table, 2))
    far, farther = (model.log_odds(table.assign(silent=value)) for value in (1e6, 1e9))
    assert (far == farther).all()  # six standard deviations, and no more
    assert (far > model.log_odds(table.assign(silent=2.0))).all()


def test_logistic_regression_learns_from_evenly_spaced_rows_of_very_many(monkeypatch):
    monkeypatch.setattr("churnclv.churn.logistic._MOST_ROWS", ROWS // 4)
    table = make_table(1, texts=True)
    churned = draw_outcomes(table, 2)
    found = LogisticChurnModel(10.0).fit(table, churned)
    same = LogisticChurnModel(10.0).fit(table.iloc[::4], churned[::4])
    assert (found.log_odds(table) == same.log_odds(table)).all()


def test_extra_trees_say_what_scikit_learn_says_drawn_towards_the_base_rate():
    from sklearn.ensemble import ExtraTreesClassifier

    table = make_table(1, texts=False).fillna(0.0)
    churned = draw_outcomes(table, 2)
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
    churned = draw_outcomes(table, 2)
    without, with_it = (
        blended({"logistic": 0.5, "btyd": 0.5}, intercept=level).fit(table, churned, ["silent", "spend"])
        for level in (0.0, 0.25)
    )
    assert with_it.log_odds(table) - without.log_odds(table) == pytest.approx(0.25)
    apart = with_it.contributions(table) - without.contributions(table)
    assert apart[BIAS].to_numpy() == pytest.approx(0.25)
    assert np.abs(apart.drop(columns=BIAS).to_numpy()).max() == 0.0
