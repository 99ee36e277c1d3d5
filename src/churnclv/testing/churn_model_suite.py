"""Tests that every churn model passes: whatever the data, it is fitted, its log-odds add up, and it can be saved."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ..churn.custom import CustomChurnModel
from ..churn.log_odds import BIAS, expit
from ..evaluation.metrics import Array

ROWS = 300
NUMBERS = ("silent", "spend", "chance", "flat", "never")
EXTREMES = (np.inf, -np.inf, 1e39, -1e39, 1e308, -1e308, 1e-308, 0.0)


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


def draw_outcomes(table: pd.DataFrame, seed: int) -> Array:
    """Return who churns, 0 or 1: the silent do, those with a high chance do, and those on the basic plan."""
    odds = 1.5 * table["silent"].fillna(0.0) + 3.0 * (table["chance"].fillna(0.5) - 0.5)
    odds += 2.0 * (table["plan"] == "basic") - 1.0 if "plan" in table else 0.0
    return (np.random.default_rng(seed).random(len(table)) < expit(odds.to_numpy())).astype(float)


def check_predictions(model: Any, table: pd.DataFrame) -> None:
    """Assert that predictions are finite, within bounds, and that contributions add up to the log-odds."""
    log_odds, added, scores = model.log_odds(table), model.contributions(table), model.predict(table)
    assert log_odds.shape == scores.shape == (len(table),)
    assert np.isfinite(log_odds).all()
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    assert added.columns.tolist() == [*model.features, BIAS]
    assert added.index.equals(table.index)
    assert np.abs(added.sum(axis=1).to_numpy() - log_odds).max(initial=0.0) <= 1e-5


class ChurnModelSuite:
    """The tests of one churn model: inherit it under a name that begins with `Test`, and run pytest on the file.

    Attributes
    ----------
    where
        The custom class, as `churn.custom` names it: `path/to/model.py:Class`. A model of another kind overrides
        `make_model` instead.
    texts
        Whether the table has columns of text.
    ordered
        Whether the fitted model depends on the order of the training rows, as draws of rows do.
    """

    where: str = ""
    texts: bool = False
    ordered: bool = False

    def make_model(self) -> Any:
        """Return an unfitted model, with the methods of `churn.log_odds.LogOddsModel`."""
        return CustomChurnModel(self.where)

    def fit(self, table: pd.DataFrame, churned: Array) -> Any:
        """Return a fitted model."""
        return self.make_model().fit(table, churned)

    def members(self, model: Any) -> list[Any]:
        """Return the models that an ensemble consists of, or the model itself."""
        return [model]

    def parameters(self, model: Any) -> Any:
        """Return what was chosen before the fit."""
        return model.get_params()

    def loaded(self, model: Any, folder: Path) -> Any:
        """Return the model that the folder holds."""
        return type(model).load(folder)

    @pytest.fixture(scope="class")
    @classmethod
    def table(cls) -> pd.DataFrame:
        return make_table(1, cls.texts)

    @pytest.fixture(scope="class")
    @classmethod
    def churned(cls, table: pd.DataFrame) -> Array:
        return draw_outcomes(table, 2)

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, table: pd.DataFrame, churned: Array) -> Any:
        return cls().fit(table, churned)

    def test_contributions_and_the_bias_add_up_to_the_log_odds(self, model: Any, table: pd.DataFrame) -> None:
        check_predictions(model, table)
        check_predictions(model, table.set_index(np.arange(len(table))[::-1] + 1000))
        check_predictions(model, table.head(0))

    def test_it_learns(self, model: Any, table: pd.DataFrame, churned: Array) -> None:
        scores = model.predict(table)
        assert scores[churned == 1].mean() > scores[churned == 0].mean() + 0.05

    def test_it_predicts_new_customers(self, model: Any) -> None:
        new = make_table(5, self.texts)
        happened = draw_outcomes(new, 6)
        scores = model.predict(new)
        assert scores[happened == 1].mean() > scores[happened == 0].mean() + 0.05

    def test_a_row_is_scored_by_itself(self, model: Any, table: pd.DataFrame) -> None:
        rows = [table.iloc[[place]] for place in range(10)]
        assert [model.log_odds(row)[0] for row in rows] == model.log_odds(table)[:10].tolist()
        assert [model.predict(row)[0] for row in rows] == model.predict(table)[:10].tolist()
        added = pd.concat([model.contributions(row) for row in rows])
        assert (added == model.contributions(table).head(10)).all(axis=None)

    def test_rows_in_another_order_are_scored_the_same(self, model: Any, table: pd.DataFrame) -> None:
        order = np.random.default_rng(0).permutation(len(table))
        assert (model.log_odds(table.iloc[order]) == model.log_odds(table)[order]).all()

    def test_columns_in_another_order_or_beside_others_are_scored_the_same(
        self, model: Any, table: pd.DataFrame
    ) -> None:
        other = table[table.columns[::-1]].assign(stranger=1.0, customer_id="C1")
        assert (model.log_odds(other) == model.log_odds(table)).all()
        assert (model.contributions(other) == model.contributions(table)).all(axis=None)

    def test_missing_everywhere_and_unseen_values_are_scored(self, model: Any, table: pd.DataFrame) -> None:
        nothing = table.copy()
        for name in table.columns:
            nothing[name] = np.nan if name in NUMBERS else None
        check_predictions(model, nothing)
        assert len(np.unique(model.log_odds(nothing))) == 1
        unseen = table.assign(silent=1e9, spend=-1e9, flat=4.0, never=1.0)
        if self.texts:
            unseen = unseen.assign(plan="platinum", town="a place of no other row")
        check_predictions(model, unseen)
        words = table.assign(spend="a lot")  # a column of numbers that holds text now
        check_predictions(model, words)
        assert (model.log_odds(words) == model.log_odds(table.assign(spend=np.nan))).all()

    def test_infinite_and_huge_values_are_learned_from_and_scored(
        self, model: Any, table: pd.DataFrame, churned: Array
    ) -> None:
        wild = table.copy()
        wild.loc[: len(EXTREMES) - 1, "silent"] = EXTREMES
        wild.loc[: len(EXTREMES) - 1, "spend"] = EXTREMES[::-1]
        wild.loc[20:60, "spend"] = 1e308  # whose sum is infinite
        check_predictions(model, wild)
        check_predictions(self.fit(wild, churned), wild)
        missing = wild.replace([np.inf, -np.inf], np.nan)
        assert (model.log_odds(wild) == model.log_odds(missing)).all()

    @pytest.mark.parametrize("only", [0.0, 1.0])
    def test_where_all_churn_or_stay_the_prediction_is_that(self, table: pd.DataFrame, only: float) -> None:
        fitted = self.fit(table, np.full(len(table), only))
        check_predictions(fitted, table)
        check_predictions(fitted, make_table(9, self.texts))
        for member in self.members(fitted):
            self.check_one_outcome(member, table, only)

    def check_one_outcome(self, member: Any, table: pd.DataFrame, only: float) -> None:
        """Assert what a member predicts after training rows that all had one outcome."""
        # weighted trees start from one half; all others end below 1e-5
        assert np.abs(expit(member.log_odds(table)) - only).max() < 0.03

    def test_constant_columns_give_the_base_rate(self, table: pd.DataFrame, churned: Array) -> None:
        flat = table.assign(silent=2.0, spend=0.0, chance=np.nan)
        flat = flat.assign(plan="basic", town="here") if self.texts else flat
        fitted = self.fit(flat, churned)
        check_predictions(fitted, flat)
        check_predictions(fitted, table)
        assert len(np.unique(expit(fitted.log_odds(flat)))) == 1
        for member in self.members(fitted):
            assert expit(member.log_odds(flat))[0] == pytest.approx(churned.mean(), abs=0.01)

    def test_two_rows_are_enough(self, table: pd.DataFrame) -> None:
        pair = table.iloc[[1, 2]]
        for happened in ([0.0, 1.0], [1.0, 0.0]):
            fitted = self.fit(pair, np.array(happened))
            check_predictions(fitted, pair)
            check_predictions(fitted, table)

    def test_the_order_of_training_rows_matters_only_to_draws(
        self, model: Any, table: pd.DataFrame, churned: Array
    ) -> None:
        order = np.random.default_rng(4).permutation(len(table))
        again = self.fit(table.iloc[order], churned[order])
        away = np.abs(again.log_odds(table) - model.log_odds(table)).max()
        assert away > 1e-3 if self.ordered else away < 1e-5  # draws of rows go by their place; sums in float32

    def test_the_same_rows_give_the_same_model(self, model: Any, table: pd.DataFrame, churned: Array) -> None:
        assert (self.fit(table, churned).log_odds(table) == model.log_odds(table)).all()

    def test_a_loaded_model_is_the_saved_one_to_the_bit(self, tmp_path: Path, model: Any, table: pd.DataFrame) -> None:
        folder = tmp_path / "in" / "a folder"
        model.save(folder)
        loaded = self.loaded(model, folder)
        for rows in (table, make_table(7, self.texts)):
            assert (loaded.log_odds(rows) == model.log_odds(rows)).all()
            assert (loaded.predict(rows) == model.predict(rows)).all()
            assert (loaded.contributions(rows) == model.contributions(rows)).all(axis=None)
        assert loaded.features == model.features
        loaded.save(tmp_path / "again")
        assert _contents(folder) == _contents(tmp_path / "again")

    def test_degenerate_models_survive_being_saved(self, tmp_path: Path, table: pd.DataFrame) -> None:
        fitted = self.fit(table.head(2), np.ones(2))
        fitted.save(tmp_path)
        assert (self.loaded(fitted, tmp_path).log_odds(table) == fitted.log_odds(table)).all()

    def test_nothing_in_its_folder_is_pickled(self, tmp_path: Path, model: Any) -> None:
        model.save(tmp_path)
        for name, content in _contents(tmp_path).items():
            assert not name.endswith((".pkl", ".pickle", ".joblib")), name
            assert content[:1] != b"\x80", name  # pickle's protocols 2 and later
            assert content[:4] != b"PK\x03\x04", name  # archives that joblib and torch put pickles into
            if name.endswith(".json"):
                json.loads(content, parse_constant=_refuse_constant)

    def test_parameters_are_what_was_chosen_before_the_fit(self, tmp_path: Path, model: Any) -> None:
        assert self.parameters(model) == self.parameters(self.make_model())
        model.save(tmp_path)
        kept, chosen = self.parameters(self.loaded(model, tmp_path)), self.parameters(model)
        if isinstance(model, CustomChurnModel):  # its own code lies beside it, in another place
            kept, chosen = ({**values, "where": ""} for values in (kept, chosen))
        assert kept == chosen


def _contents(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _refuse_constant(name: str) -> None:
    pytest.fail(f"{name} is not JSON")
