"""Unseen confounding: the published examples of both papers, and what must hold for any figure."""

import numpy as np
import pytest

from churnclv.evaluation.bootstrap import Interval
from churnclv.evaluation.unseen_confounding import (
    e_value,
    e_values,
    risk_ratio,
    robustness_value,
    robustness_values,
)


def test_the_e_values_are_those_that_the_paper_computes():
    """VanderWeele, Ding (2017), p. 269: breast-feeding and respiratory death, 3.9 (1.8 to 8.7): 7.26 and 3.0."""
    sensitivity = e_values(Interval(3.9, 1.8, 8.7))
    assert round(sensitivity.estimate, 2) == 7.26
    assert round(sensitivity.limit, 1) == 3.0


def test_a_protective_ratio_counts_as_its_inverse_and_no_effect_needs_nothing():
    assert e_value(0.8) == pytest.approx(1.25 + np.sqrt(1.25 * 0.25))
    assert e_value(1.0) == 1.0
    assert np.isnan(e_value(0.0))
    assert e_values(Interval(1.2, 0.9, 1.6)).limit == 1.0
    assert e_values(Interval(0.5, 0.4, 0.8)).limit == e_value(0.8)


def test_the_robustness_values_are_those_that_the_paper_computes():
    """Cinelli, Hazlett (2020), Table 1: being harmed in Darfur, t 4.18, 783 degrees: 13.9%, and 7.6% at 5%."""
    assert round(robustness_value(4.18, 783), 3) == 0.139
    assert round(robustness_value(4.18, 783, 0.05), 3) == 0.076
    assert robustness_value(1.0, 783, 0.05) == 0.0
    assert robustness_value(-4.18, 783) == robustness_value(4.18, 783)


def test_the_robustness_value_of_a_regression_is_that_of_its_t_value():
    random = np.random.default_rng(1)
    covariate = random.normal(size=500)
    treated = (random.random(500) < 1.0 / (1.0 + np.exp(-covariate))).astype(float)
    outcome = 2.0 * treated + covariate + random.normal(size=500)
    design = np.column_stack([np.ones(500), covariate, treated])
    coefficients = np.linalg.lstsq(design, outcome, rcond=None)[0]
    spread = ((outcome - design @ coefficients) ** 2).sum() / 497
    t = coefficients[2] / np.sqrt(spread * np.linalg.inv(design.T @ design)[2, 2])
    sensitivity = robustness_values(outcome, treated, covariate[:, None])
    assert sensitivity.estimate == pytest.approx(robustness_value(float(t), 497), rel=1e-9)
    assert sensitivity.limit < sensitivity.estimate
    repeated = robustness_values(outcome, treated, np.column_stack([covariate, covariate]))
    assert repeated.estimate == pytest.approx(sensitivity.estimate, rel=1e-6)


def test_a_confounder_of_the_robustness_value_takes_the_effect_away():
    """Cinelli, Hazlett (2020), Eq. 8: a confounder that explains R of both has a bias of s f R / sqrt(1 - R)."""
    t, degrees = 5.0, 400
    share = robustness_value(t, degrees)
    assert share / np.sqrt(1.0 - share) == pytest.approx(t / np.sqrt(degrees))


def test_the_risk_ratio_is_that_of_the_means_with_its_own_interval():
    scores = np.column_stack([np.repeat([0.0, 1.0], [80, 20]), np.repeat([0.0, 1.0], [60, 40])])
    ratio = risk_ratio(scores)
    assert ratio.value == pytest.approx(2.0)
    influence = scores[:, 1] / 0.4 - scores[:, 0] / 0.2
    error = np.std(influence, ddof=1) / 10.0
    assert np.log(ratio.high / ratio.value) == pytest.approx(1.959964 * error, rel=1e-5)
    assert np.isnan(risk_ratio(np.zeros((10, 2))).value)


def test_the_sentences_name_the_figure_and_what_it_means():
    assert "E-value 7.26, of the interval's end 3.00" in e_values(Interval(3.9, 1.8, 8.7)).sentence()
    random = np.random.default_rng(2)
    treated = np.repeat([0.0, 1.0], 50)
    sentence = robustness_values(treated + random.normal(size=100), treated, random.normal(size=(100, 1))).sentence()
    assert sentence.startswith("robustness value ")
    assert "what is left of both treatment and outcome" in sentence
