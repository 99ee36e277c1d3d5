"""Text columns as categories, by hand: which values have a number of their own, and what becomes of all others."""

import json

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.boosted import BoostedChurnModel, fit_fold, fold_matrices
from churnclv.churn.ensemble import ChurnChoice, ChurnModel
from churnclv.churn.log_odds import BIAS
from churnclv.churn.logistic import LogisticChurnModel
from churnclv.churn.settings import ChurnSettings
from churnclv.features.category_encoding import MOST_CATEGORIES, Encoding

MODELS = {
    "boosted": lambda: BoostedChurnModel({"max_depth": 3, "min_child_weight": 0.0}, 12, threads=1),
    "logistic": LogisticChurnModel,
}


def texts(cells):
    return pd.Series(cells, dtype=object)


def encode(column, asked=None):
    """Return the numbers of one column's cells (or of others) under the encoding that the column teaches."""
    learned = Encoding.learn(pd.DataFrame({"a": column}))
    return learned.apply(pd.DataFrame({"a": column if asked is None else asked}))[:, 0].tolist()


# --- by hand ---


def test_a_value_is_numbered_by_its_frequency_and_equal_ones_by_the_alphabet():
    column = texts(["b"] * 5 + ["a"] * 5 + ["z"] * 6 + ["rare"] * 4 + [None])
    encoding = Encoding.learn(pd.DataFrame({"a": column, "n": 1.0}))
    assert encoding == Encoding(("a", "n"), {"a": ("z", "a", "b")})
    assert encoding.kinds == ["c", "q"]
    codes = encoding.apply(pd.DataFrame({"n": [7, 8, 9, 10, 11], "a": ["z", "a", "rare", "never", None]}))
    np.testing.assert_array_equal(codes, [[0, 7], [1, 8], [3, 9], [3, 10], [np.nan, 11]])


def test_where_no_value_is_frequent_the_most_frequent_ones_count():
    assert encode(texts(["a", "a", "b", "b", "c"])) == [0, 0, 1, 1, 2]


def test_of_ten_thousand_values_the_64_most_frequent_have_numbers_and_the_rest_one():
    values = [f"v{place:05}" for place in range(10_000)]
    column = texts(values * 5 + values[:100] * 2 + values[:50])  # 8 of the first 50, 7 of the next, 5 of the others
    learned = Encoding.learn(pd.DataFrame({"a": column}))
    assert MOST_CATEGORIES == 64
    assert learned.categories["a"] == tuple(values[:64])
    codes = learned.apply(pd.DataFrame({"a": texts([values[0], values[49], values[63], values[64], "v9"])}))
    assert codes[:, 0].tolist() == [0, 49, 63, 64, 64]
    assert set(learned.apply(pd.DataFrame({"a": column}))[:, 0]) == set(range(65))


def test_missing_cells_of_trees_are_below_all_numbers_and_beside_all_texts():
    rows = pd.DataFrame(
        {"a": texts(["x", "x", "y", "y", None, "new"]), "n": [-5e9, 2.0, np.nan, np.inf, -np.inf, 1e60]}
    )
    trees, plain = Encoding.learn(rows, fills_missing=True), Encoding.learn(rows)
    largest = float(np.finfo(np.float32).max)
    gone = -1e30
    np.testing.assert_array_equal(trees.tree_cells(rows)[:, 0], [0, 0, 1, 1, 3, 2])
    np.testing.assert_array_equal(trees.tree_cells(rows)[:, 1], [-5e9, 2.0, gone, gone, gone, largest])
    np.testing.assert_array_equal(plain.tree_cells(rows)[:, 1], [-5e9, 2.0, np.nan, np.nan, np.nan, largest])


def test_an_encoding_of_an_earlier_version_leaves_missing_cells_missing():
    stored = {"columns": ["n"], "categories": {}}
    assert not Encoding.from_dict(stored).fills_missing


@pytest.mark.parametrize("monotone", [{}, {"n": 1}])
def test_trees_part_missing_cells_from_others_whatever_these_are(monotone):
    cells = np.repeat([-3.0, 0.0, 4.0, np.nan], 50)
    rows, churned = pd.DataFrame({"n": cells}), np.isnan(cells).astype(float)
    model = BoostedChurnModel({"max_depth": 2, "min_child_weight": 0.0}, 20, threads=1, monotone=monotone)
    scores = model.fit(rows, churned).predict(pd.DataFrame({"n": [-3.0, 0.0, 4.0, np.nan]}))
    assert (scores[:3] < 0.1).all()
    assert scores[3] > 0.9


def test_a_column_of_numbers_that_holds_text_now_is_missing_there():
    found = encode(pd.Series([1.0, 2.0, 3.0]), texts(["2.5", "hello", None, "-1e3", "1,5"]))
    np.testing.assert_array_equal(found, [2.5, np.nan, np.nan, -1000.0, np.nan])


def test_a_column_without_any_value_now_is_missing_everywhere():
    nothing = [pd.Series([np.nan] * 3), texts([None] * 3)]
    for learned in (pd.Series([1.0, 2.0, 3.0]), texts(["a", "b", "c"])):
        for column in nothing:
            assert np.isnan(encode(learned, column)).all()


def test_text_that_looks_like_numbers_is_told_by_its_spelling():
    column = texts(["007", "7", "7.0", "A"] * 5)
    assert encode(column) == [0, 1, 2, 3] * 5
    assert encode(texts(["1", "0", "true"] * 5), texts([1, 1.0, np.float64(0.0), 0, True, "1.0"])) == [1, 1, 0, 0, 2, 3]


def test_rows_are_told_as_they_were_learned_whatever_the_file_they_come_from():
    learned = Encoding.learn(pd.DataFrame({"n": [1.0, 2.0], "code": texts(["12", "A"])}))
    asked = pd.DataFrame({"code": texts(["12", "007"]), "n": texts(["12", "x"]), "other": texts(["5", "6"])})
    typed = learned.typed(asked)
    assert list(typed.columns) == ["code", "n", "other"]
    assert typed["code"].tolist() == ["12", "007"]
    assert typed["n"].to_numpy() == pytest.approx([12.0, np.nan], nan_ok=True)
    assert typed["other"].tolist() == ["5", "6"]
    np.testing.assert_array_equal(learned.apply(typed), learned.apply(asked))
    assert list(learned.typed(asked[["code"]]).columns) == ["code"]


def test_an_encoding_comes_back_from_json():
    learned = Encoding.learn(pd.DataFrame({"<a>": texts(["x", "Ü"]), "n": 1.0}))
    assert Encoding.from_dict(json.loads(json.dumps(learned.as_dict()))) == learned


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_no_category(seed):
    random = np.random.default_rng(seed)
    column = texts(random.choice([f"v{place}" for place in range(200)], 2000))
    shuffled = column.sample(frac=1.0, random_state=seed)
    assert Encoding.learn(pd.DataFrame({"a": column})) == Encoding.learn(pd.DataFrame({"a": shuffled}))


# --- through the models ---


@pytest.fixture(scope="module")
def table():
    """600 rows: a number and a text that say who left, a column without values, and one of rare texts."""
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"plan": texts(random.choice(["a", "b", "c"], 600)), "age": random.normal(size=600)})
    frame["gone"] = np.nan
    frame["town"] = texts(np.where(random.random(600) < 0.3, [f"t{n}" for n in range(600)], "Rome"))
    left = (frame["plan"] == "a") * 1.5 + (frame["town"] != "Rome") * 2.0 + frame["age"] + random.normal(size=600) > 1
    return frame, left.to_numpy(dtype=float)


@pytest.fixture(scope="module", params=MODELS)
def model(request, table):
    """Each model, fitted on the table."""
    return MODELS[request.param]().fit(*table)


def scores_of(model, frame, **cells):
    """Return the scores of the first rows with other cells."""
    rows = frame.head(50)
    return model.predict(rows.assign(**{name: texts([cell] * 50) for name, cell in cells.items()})).tolist()


def test_unseen_and_rare_values_score_alike(model, table):
    frame, _ = table
    rare = frame["town"][frame["town"] != "Rome"].iloc[0]
    assert scores_of(model, frame, town="never seen") == scores_of(model, frame, town=rare)
    assert scores_of(model, frame, town="never seen") != scores_of(model, frame, town="Rome")
    assert np.isfinite(scores_of(model, frame, plan="never seen")).all()  # training had no rare plan


def test_text_in_a_column_of_numbers_scores_as_missing(model, table):
    frame, _ = table
    missing = scores_of(model, frame, age=None)
    assert missing != model.predict(frame.head(50)).tolist()
    for cell in ("hello", "inf", "-Infinity", "nan", "1e999"):
        assert scores_of(model, frame, age=cell) == missing


def test_numbers_written_as_text_score_as_numbers(model, table):
    frame, _ = table
    written = frame.assign(age=frame["age"].map(repr).astype(object))
    assert model.predict(written).tolist() == model.predict(frame).tolist()


def test_columns_without_any_value_can_be_learned_from_and_scored(model, table):
    frame, _ = table
    nothing = frame.head(50).assign(**dict.fromkeys(frame.columns, texts([None] * 50)))
    assert len(set(model.predict(nothing))) == 1
    assert (model.contributions(frame)["gone"] == 0).all()


def test_a_row_scores_the_same_alone_and_contributions_add_up(model, table):
    frame, _ = table
    odd = pd.concat([frame.head(5), frame.head(5).assign(plan="new", age=texts(["x"] * 5))], ignore_index=True)
    alone = [model.predict(odd.iloc[[place]])[0] for place in range(10)]
    assert alone == model.predict(odd).tolist()
    added = model.contributions(odd)
    assert list(added.columns) == [*frame.columns, BIAS]
    assert added.sum(axis=1).to_numpy() == pytest.approx(model.log_odds(odd), abs=1e-5)


def test_a_model_comes_back_with_its_categories(model, table, tmp_path):
    frame, _ = table
    model.save(tmp_path)
    loaded = type(model).load(tmp_path)
    learned, kept = (one.design.encoding if hasattr(one, "design") else one.encoding for one in (model, loaded))
    assert kept == learned
    assert loaded.predict(frame).tolist() == model.predict(frame).tolist()


def test_a_fold_may_be_judged_on_values_that_its_training_rows_lack(table):
    frame, churned = table
    first = frame["plan"] != "c"
    fold = fold_matrices((frame[first], churned[first]), (frame[~first], churned[~first]), ChurnSettings(threads=1))
    curve = fit_fold(fold, {"max_depth": 2}, ChurnSettings(threads=1), seed=0, rounds=3)
    assert np.isfinite(curve.log_loss).all()
    assert fold.encoding.categories["plan"] == tuple(sorted(["a", "b"], key=lambda v: -(frame["plan"] == v).sum()))


def test_a_blend_tells_rows_as_its_members_learned_them(table):
    frame, churned = table
    choice = ChurnChoice(
        {"xgboost": 0.5, "logistic": 0.5}, {"xgboost": {"parameters": {"max_depth": 2.0}, "rounds": 3}}
    )
    model = ChurnModel(choice, threads=1).fit(frame, churned, ["age", "plan"])
    written = frame.astype(object).where(frame.notna(), None).map(lambda cell: None if cell is None else str(cell))
    typed = model.typed(written)
    assert typed["age"].to_numpy() == pytest.approx(frame["age"].to_numpy())
    assert typed["plan"].tolist() == frame["plan"].tolist()
    assert model.predict(typed).tolist() == model.predict(frame).tolist()
