"""The weeks after a cutoff add up to its labels, and expected weeks to the expectation of the horizon."""

import numpy as np
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.evaluation.plots import draw_tracking
from churnclv.features.preparation import count_weekly, prepare
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.cutoff_plan import make_plan
from churnclv.snapshots.settings import WindowSettings
from churnclv.testing.market import Market, simulate


@pytest.mark.parametrize("horizon_days", [90, 28, 10])
@pytest.mark.parametrize("active_days", [None, 120])
def test_weeks_add_up_to_the_labels(horizon_days, active_days):
    windows = WindowSettings(horizon_days=horizon_days, active_days=active_days)
    events = read_events(connect(EngineSettings()), DataSettings(), simulate(Market(customers=200), 3).log)
    plan = make_plan(events.start, events.end, windows)
    data = prepare(events, plan.cutoffs, plan.sealed, FeatureSettings(families=["recency"]), windows).training
    weekly = count_weekly(events, plan.folds[-1].valid, windows)
    assert len(weekly) == -(-horizon_days // 7)
    assert weekly.sum() == data.at((plan.folds[-1].valid,)).labels["purchases"].sum()


def test_the_tracking_plot_shows_both_lines_at_their_ends():
    axes = draw_tracking(np.array([3.0, 2.0]), np.array([2.5, 2.0]), "title").axes[0]
    assert {line.get_label(): line.get_ydata()[-1] for line in axes.lines} == {
        "actual, cumulative": 5.0,
        "expected, cumulative": 4.5,
    }
