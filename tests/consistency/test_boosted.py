"""The churn model is the same for the same seed, for any number of threads, and after a journey to disk."""

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.boosted import BoostedChurnModel
from churnclv.errors import InputError

PARAMETERS = {"max_depth": 4, "learning_rate": 0.1, "subsample": 0.7, "colsample_bytree": 0.6}


@pytest.fixture(scope="module")
def table() -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(4000, 12)), columns=[f"f{place}" for place in range(12)])
    frame = frame.mask(random.random(frame.shape) < 0.1)
    churned = (frame["f0"].fillna(0) + frame["f1"].fillna(0) ** 2 + random.normal(size=4000) > 1).astype(float)
    return frame, churned.to_numpy()


def booster_bytes(table, folder, threads: int, seed: int = 0) -> bytes:
    BoostedChurnModel(PARAMETERS, 40, seed=seed, threads=threads).fit(*table).save(folder)
    return (folder / "booster_0.ubj").read_bytes()


def test_one_two_and_four_threads_give_the_same_bytes(table, tmp_path):
    found = {booster_bytes(table, tmp_path / str(threads), threads) for threads in (1, 2, 4)}
    assert len(found) == 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(table, tmp_path):
    first = booster_bytes(table, tmp_path / "a", 2)
    assert booster_bytes(table, tmp_path / "b", 2) == first
    assert booster_bytes(table, tmp_path / "c", 2, seed=1) != first


def test_a_loaded_model_predicts_the_same_whatever_the_order_of_columns(table, tmp_path):
    frame, churned = table
    model = BoostedChurnModel(PARAMETERS, 20).fit(frame, churned)
    model.save(tmp_path)
    loaded = BoostedChurnModel.load(tmp_path)
    assert (loaded.predict(frame[frame.columns[::-1]]) == model.predict(frame)).all()
    assert loaded.get_params() == model.get_params()
    assert sum(model.gains().values()) > 0


def test_a_row_is_scored_by_itself(table):
    frame, churned = table
    model = BoostedChurnModel(PARAMETERS, 20).fit(frame, churned)
    alone = [model.predict(frame.iloc[[row]])[0] for row in range(10)]
    assert alone == model.predict(frame)[:10].tolist()


def test_a_parameter_that_xgboost_refuses_is_the_users_fault(table):
    from churnclv.churn.boosted import fit_fold, fold_matrices
    from churnclv.churn.settings import ChurnSettings

    fold = fold_matrices(table, table, ChurnSettings(threads=1))
    with pytest.raises(InputError, match="XGBoost refuses"):
        fit_fold(fold, {"learning_rate": -1.0}, ChurnSettings(), 0)
