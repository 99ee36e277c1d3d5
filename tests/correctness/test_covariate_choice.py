"""Attributes enter the purchase models where they predict customers outside the fit: the choice and its traces."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from churnclv.clv.clv_model import ClvChoice, ClvModel
from churnclv.clv.settings import ClvSettings, CovariateMode
from churnclv.errors import InputError
from churnclv.features.dataset import Dataset
from churnclv.progress import Progress
from churnclv.snapshots.cutoff_plan import Fold
from churnclv.testing.market import Market, simulate
from churnclv.tracking.summary import covariate_lines
from churnclv.tuning.clv_study import ClvEvidence, tune_clv
from churnclv.tuning.covariate_choice import CovariateTest, attributes_by_process, choose_covariates, taken_covariates
from churnclv.tuning.settings import TuningSettings
from churnclv.tuning.study import StudyPlan
from churnclv.tuning.value_weights import FoldOutcomes

CUTOFFS, DAYS = (datetime(2011, 4, 1), datetime(2011, 7, 1)), 90


@pytest.fixture(scope="module")
def data():
    """Rows and labels of two shops in one, which differ in the purchase rate; the colour is noise."""
    shops = {"slow": simulate(Market(customers=250, days=700, alpha=60.0, season=0.0), 1).log,
             "fast": simulate(Market(customers=250, days=700, alpha=12.0, season=0.0), 2).log}  # fmt: skip
    log = pd.concat([shop.assign(customer_id=name + shop["customer_id"]) for name, shop in shops.items()])
    parts = [summarise(log, pd.Timestamp(cutoff)) for cutoff in CUTOFFS]
    features = pd.concat([rows for rows, _ in parts]).sort_values(["customer_id", "cutoff"], ignore_index=True)
    labels = pd.concat([made for _, made in parts]).sort_values(["customer_id", "cutoff"], ignore_index=True)
    numbers = pd.factorize(features["customer_id"])[0].astype(np.int64)
    return Dataset(features, labels.drop(columns=["customer_id", "cutoff"]), ["shop", "colour"], numbers,
                   features["cutoff"])  # fmt: skip


def summarise(log, cutoff):
    """Return histories before a cutoff and what happened in the horizon from it."""
    past = log[log["timestamp"] < cutoff].groupby("customer_id")
    first, last = past["timestamp"].min(), past["timestamp"].max()
    ids = first.index
    colours = np.random.default_rng(0).choice(["red", "blue"], 500)
    rows = pd.DataFrame({
        "customer_id": ids, "cutoff": cutoff, "in_population": True,
        "repeat_purchases": past.size().to_numpy() - 1.0,
        "last_purchase_age_days": (last - first).dt.total_seconds().to_numpy() / 86400,
        "age_days": (cutoff - first).dt.total_seconds().to_numpy() / 86400,
        "log_gap_days_sum": 0.0, "mean_repeat_spend": past["amount"].mean().to_numpy(),
        "shop": ids.str[:4].to_numpy(),
        "colour": [colours[int(name[5:]) + 250 * name.startswith("fast")] for name in ids],
    })  # fmt: skip
    ahead = log[(log["timestamp"] >= cutoff) & (log["timestamp"] < cutoff + pd.Timedelta(days=DAYS))]
    by = ahead.groupby("customer_id")["amount"].agg(["count", "sum"]).reindex(ids).fillna(0.0)
    made, spent = by["count"].to_numpy(float), by["sum"].to_numpy(float)
    labels = pd.DataFrame({"customer_id": ids, "cutoff": cutoff, "churned": (made == 0).astype(float),
                           "purchases": made, "spend": spent, "order_spend": spent})  # fmt: skip
    return rows, labels


@pytest.fixture(scope="module")
def evidence(data):
    folds = [Fold((), cutoff) for cutoff in CUTOFFS]
    daily = pd.DataFrame({"cohort": [0], "day_number": [14_700], "first": [1], "repeat": [0]})
    return ClvEvidence(data, folds, daily, DAYS, attributes=("shop", "colour"))


def tune(evidence, folder, **chosen):
    tuning = TuningSettings(n_trials=1)
    plan = StudyPlan("clv", folder / "optuna.db", {}, tuning)
    settings = ClvSettings(name="bgnbd", base="bgnbd", candidates=["bgnbd"], **chosen)
    return tune_clv(evidence, settings, tuning, plan, lambda _: None, Progress())


def outcomes(data):
    parts = [data.at((cutoff,)) for cutoff in CUTOFFS]
    folds = [
        FoldOutcomes(0.5, {"purchases": part.labels["purchases"].to_numpy(float)}, part.customers) for part in parts
    ]
    return [part.features for part in parts], folds


def test_an_attribute_that_tells_is_taken_and_noise_is_not(data):
    wanted = attributes_by_process({}, ["shop", "colour"])
    assert wanted == {"purchase": ["shop", "colour"], "dropout": ["shop", "colour"]}
    tests = choose_covariates(*outcomes(data), wanted, 1e-3, DAYS)
    assert tests["shop"].taken
    assert tests["shop"].gain > 3 * tests["shop"].standard_error
    assert not tests["colour"].taken
    assert taken_covariates(wanted, tests) == {"purchase": ["shop"], "dropout": ["shop"]}


def test_few_customers_take_none(data):
    rows, folds = outcomes(data)
    few = [
        FoldOutcomes(fold.weight, {"purchases": fold.truth["purchases"][:60]}, fold.customers[:60]) for fold in folds
    ]
    tests = choose_covariates([frame.head(60) for frame in rows], few, {"purchase": ["shop"]}, 1e-3, DAYS)
    assert not tests["shop"].taken


def test_the_test_sees_nothing_from_the_cutoff_on_in_the_fit(data):
    """Rows at the cutoff are all that a model is fitted on: other labels change the loss, not the fitted histories."""
    rows, folds = outcomes(data)
    doubled = [FoldOutcomes(fold.weight, {"purchases": 2 * fold.truth["purchases"]}, fold.customers) for fold in folds]
    first, second = (
        choose_covariates(rows, some, {"purchase": ["shop"]}, 1e-3, DAYS)["shop"] for some in (folds, doubled)
    )
    assert first != second
    assert [set(frame.columns) & {"purchases", "spend", "churned"} for frame in rows] == [set(), set()]


def test_the_study_gives_the_models_their_attributes(evidence, tmp_path):
    tuned = tune(evidence, tmp_path)
    assert tuned.covariate_tests["shop"].taken
    assert not tuned.covariate_tests["colour"].taken
    parameters = tuned.model.choice.purchase_parameters
    assert parameters["covariates"] == {"purchase": ["shop"], "dropout": ["shop"]}
    assert tuned.folds[0].model.purchases.attributes == ["shop"]
    table = tuned.folds[0].model.coefficient_table()
    assert set(table["process"]) == {"purchase", "dropout"}
    rows = evidence.data.at((CUTOFFS[1],)).features
    model = ClvModel(ClvChoice.from_dict(tuned.model.get_params())).fit(rows)
    assert "shop" in model.features
    saved = tmp_path / "saved"
    saved.mkdir()
    model.save(saved)
    assert {path.suffix for path in saved.rglob("*")} == {".json"}
    loaded = ClvModel.load(saved)
    for what in ("expected_purchases", "expected_spend", "p_no_purchase"):
        assert (getattr(loaded, what)(rows, 90.0) == getattr(model, what)(rows, 90.0)).all()
    pd.testing.assert_frame_equal(loaded.coefficient_table(), model.coefficient_table())
    assert np.isfinite(model.new_customer_value(365.0, 0.3, 0.1, pd.Timestamp(CUTOFFS[1])))
    low, high = model.intervals(rows, 90.0)["purchases"].low, model.intervals(rows, 90.0)["purchases"].high
    assert (low <= high).all()


def test_settings_take_all_or_none_or_those_named(evidence, tmp_path):
    none, every, some = (tmp_path / name for name in ("none", "every", "some"))
    for folder in (none, every, some):
        folder.mkdir()
    assert tune(evidence, none, covariates=CovariateMode.no).model.choice.purchase_parameters == {}
    all_of_them = tune(evidence, every, covariates=CovariateMode.yes)
    assert all_of_them.model.choice.purchase_parameters["covariates"]["dropout"] == ["shop", "colour"]
    assert all_of_them.covariate_tests == {}
    named = tune(evidence, some, covariates=CovariateMode.yes, covariate_names={"purchase": ["shop"]})
    assert named.model.choice.purchase_parameters["covariates"] == {"purchase": ["shop"]}
    with pytest.raises(InputError, match=r"clv.covariate_names has size, no declared attribute"):
        tune(evidence, tmp_path, covariate_names={"purchase": ["size"]})
    with pytest.raises(InputError, match=r"clv.covariate_names has the process death"):
        ClvSettings(covariate_names={"death": ["shop"]})


def test_the_page_says_why_an_attribute_entered(evidence):
    chosen = {"covariates": {"purchase": ["shop"]}}
    model = ClvModel(name="mbgnbd", purchase_parameters=chosen).fit(evidence.data.at((CUTOFFS[1],)).features)
    table = model.coefficient_table()
    lines = covariate_lines({"shop": CovariateTest(0.02, 0.004, taken=True)}, table)
    assert "- shop: taken; log-probability of purchases per customer +0.0200 (standard error 0.0040)" in lines
    assert any("the purchase rate is" in line for line in lines)
    assert covariate_lines({}, pd.DataFrame()) == []
