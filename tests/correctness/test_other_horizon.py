"""Scores for another horizon than the trained one are carried by the BTYD model's own time shape."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnclv.bundle.scoring_moment import other_horizon
from churnclv.bundle.valuation import NoValuation, OrderValuation
from churnclv.data.settings import DataSettings
from churnclv.decision.economics import EconomicsSettings
from churnclv.errors import InputError
from churnclv.pipeline.score import at_horizon, score_blocks
from churnclv.pipeline.settings import ScoreConfig

ROWS = pd.DataFrame({"rate": [0.01, 0.02, 0.05]})


class Exponential:
    """A purchase model without dropout: the chance of no purchase is exp(-rate x days)."""

    computed_columns = ()

    def p_no_purchase(self, rows, days):
        return np.exp(-rows["rate"].to_numpy() * days)


def valuation(days=30):
    return OrderValuation(Exponential(), days, DataSettings(path="orders.csv"), EconomicsSettings())


def test_the_trained_horizon_changes_nothing():
    scores = np.array([0.2, 0.5, 1.0 - 1e-12])
    assert valuation().carry(ROWS, scores) is scores
    assert valuation().at_horizon(30).carry(ROWS, scores) is scores


def test_log_odds_move_as_far_as_those_of_the_purchase_model():
    carried = valuation().at_horizon(60).carry(ROWS, np.array([0.2, 0.5, 0.5]))
    # exp(-.3) = .7408 at 30 days and exp(-.6) = .5488 at 60: odds 2.858 and 1.216; .25 * 1.216 / 2.858 = .1064
    assert carried[0] == pytest.approx(0.1064 / 1.1064, abs=1e-4)
    assert (carried < [0.2, 0.5, 0.5]).all()
    assert (valuation().at_horizon(7).carry(ROWS, np.array([0.2, 0.5, 0.5])) > [0.2, 0.5, 0.5]).all()


def test_a_score_that_is_the_purchase_model_s_own_becomes_its_own_at_any_horizon():
    model = Exponential()
    for days in (1, 30, 365):
        carried = valuation().at_horizon(days).carry(ROWS, model.p_no_purchase(ROWS, 30))
        np.testing.assert_allclose(carried, np.clip(model.p_no_purchase(ROWS, days), 1e-6, 1), rtol=1e-5)


def test_a_curve_has_the_score_of_each_horizon():
    scores = np.array([0.2, 0.5, 0.9])
    curve = valuation().churn_curve(ROWS, scores, [7, 30, 60])
    assert curve.shape == (3, 3)
    for place, days in enumerate((7, 30, 60)):
        np.testing.assert_array_equal(curve[:, place], valuation().at_horizon(days).carry(ROWS, scores))
    assert (np.diff(curve, axis=1) < 0).all()
    with pytest.raises(InputError, match="a labelled table has no time"):
        NoValuation().churn_curve(ROWS, scores, [30])


@pytest.mark.parametrize("days", [[0], [30, -1], [30, 30], [99999999999]])
def test_days_of_a_curve_are_ahead_and_each_once(days):
    with pytest.raises(InputError, match="curve_days"):
        ScoreConfig(input="a", output="b", curve_days=days)


def test_a_bundle_of_a_former_version_has_no_curve():
    former = SimpleNamespace(score=lambda rows, _: rows)
    with pytest.raises(InputError, match="written by a former version"):
        next(score_blocks(former, ROWS, "en", None, [30]))


def test_the_valuation_of_a_bundle_itself_keeps_its_horizon():
    trained = valuation()
    trained.at_horizon(60)
    assert trained.scored_days == 30


def test_tables_refuse_another_horizon_and_former_bundles_too():
    with pytest.raises(InputError, match="only orders have a purchase model"):
        NoValuation().at_horizon(60)
    with pytest.raises(InputError, match="written by a former version"):
        at_horizon(SimpleNamespace(), 60)
    assert at_horizon(scorer := SimpleNamespace(), None) is scorer
    with pytest.raises(InputError, match="horizon_days is 0, allowed is null or 1 or more"):
        ScoreConfig(horizon_days=0)


def test_the_notice_names_both_horizons():
    specification = SimpleNamespace(windows=SimpleNamespace(horizon_days=30))
    assert other_horizon(specification, None) == ()
    assert other_horizon(specification, 30) == ()
    (notice,) = other_horizon(specification, 60)
    assert notice.message.startswith("scores are for 60 days, and the models were trained on 30:")
