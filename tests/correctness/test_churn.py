"""Churn baselines, calibration and rounds, by hand."""

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.calibration import Calibrator, choose_calibration
from churnclv.churn.churn_baselines import base_rate, recency_rule
from churnclv.churn.logistic import LogisticChurnModel
from churnclv.churn.settings import Calibration
from churnclv.evaluation.metrics import auc, log_loss, plain
from churnclv.tuning.churn_study import common_rounds


def features(silent_days: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"age_days": np.array(silent_days), "last_purchase_age_days": 0.0, "other": 1.0})


def test_base_rate_is_the_share_that_churned():
    assert base_rate(np.array([1.0, 0.0, 1.0, 1.0]), 2).tolist() == [0.75, 0.75]


def test_recency_rule_gives_the_rate_of_the_own_tenth():
    train = features([float(day) for day in range(100)])
    churned = (train["age_days"] >= 50).to_numpy(dtype=float)
    asked = recency_rule(train, churned, features([3.0, 97.0, 500.0]))
    assert asked.tolist() == [0.0, 1.0, 1.0]


def test_logistic_regression_takes_undefined_values_and_finds_the_signal():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"signal": random.normal(size=600), "gaps": np.nan, "noise": random.normal(size=600)})
    frame.loc[::7, "signal"] = np.nan
    churned = (frame["signal"].fillna(0) + random.normal(0, 0.3, 600) > 0).astype(float).to_numpy()
    scores = LogisticChurnModel().fit(frame, churned).predict(frame)
    assert plain(auc, churned, scores) > 0.9


def overconfident(seed: int, n: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.beta(2, 2, n)
    return truth**3 / (truth**3 + (1 - truth) ** 3), (random.random(n) < truth).astype(float)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "venn_abers"])
def test_calibration_mends_overconfidence_on_new_customers(method):
    raw, churned = overconfident(1)
    fitted = Calibrator(method).fit(raw, churned)
    new, happened = overconfident(2)
    assert plain(log_loss, happened, fitted.predict(new)) < plain(log_loss, happened, new) - 0.05
    order = fitted.predict(np.sort(new))
    assert (np.diff(order) >= 0).all()


def test_a_calibrator_comes_back_from_disk(tmp_path):
    raw, churned = overconfident(1, 200)
    for method in ("none", "sigmoid", "isotonic", "venn_abers"):
        fitted = Calibrator(method).fit(raw, churned)
        fitted.save(tmp_path)
        assert (Calibrator.load(tmp_path).predict(raw) == fitted.predict(raw)).all()


def test_calibration_is_chosen_on_other_folds_and_kept_away_where_it_does_not_help():
    chosen, scores, losses = choose_calibration([overconfident(seed) for seed in (1, 2, 3)], Calibration.auto)
    assert chosen.method in ("sigmoid", "isotonic", "venn_abers")
    assert losses[chosen.method] < losses["none"] - 0.05
    assert [len(part) for part in scores] == [3000, 3000, 3000]
    random = np.random.default_rng(4)
    honest = [(said := random.beta(2, 2, 800), (random.random(800) < said).astype(float)) for _ in range(3)]
    assert choose_calibration(honest, Calibration.auto)[0].method == "none"


def test_one_class_and_one_fold_are_left_uncalibrated():
    one = (np.array([0.2, 0.4]), np.array([1.0, 1.0]))
    assert choose_calibration([one, one], Calibration.isotonic)[0].method == "none"
    assert choose_calibration([overconfident(1)], Calibration.auto)[0].method == "none"


def test_rounds_minimise_the_mean_curve_and_a_stopped_fold_keeps_its_last_loss():
    # means: (3+3)/2 = 3, (1+2.5)/2 = 1.75, (1+2)/2 = 1.5, (1+2.4)/2 = 1.7
    rounds, loss = common_rounds([np.array([3.0, 1.0]), np.array([3.0, 2.5, 2.0, 2.4])])
    assert (rounds, loss) == (3, 1.5)
