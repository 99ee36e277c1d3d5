"""Labels of one kind: nobody leaves, or everybody, at all cutoffs or at some."""

import warnings

import numpy as np
import pandas as pd
import pytest

from churnclv.data.settings import DataSettings
from churnclv.errors import InputError
from churnclv.evaluation.bootstrap import Interval, write_figure
from churnclv.evaluation.plots import draw_gain, draw_reliability
from churnclv.features.outcomes import one_sided_folds
from churnclv.features.settings import FeatureSettings
from churnclv.pipeline.settings import TrainConfig
from churnclv.pipeline.train import build_dataset
from churnclv.progress import Progress
from churnclv.snapshots.cutoff_plan import Fold
from churnclv.snapshots.settings import WindowSettings
from churnclv.tracking.home import Home

DAYS = 900


def orders_every(gap_days: float, jitter_days: float, until: int = DAYS, customers: int = 40) -> pd.DataFrame:
    random = np.random.default_rng(11)
    rows = []
    for customer in range(customers):
        day = random.uniform(0, gap_days)
        while day < until:
            rows.append((f"b{customer:02}", pd.Timestamp("2021-01-01") + pd.Timedelta(days=int(day)), "100"))
            day += gap_days + random.uniform(-jitter_days, jitter_days)
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])


@pytest.fixture
def try_log(tmp_path):
    """Return a function that reads a log as training does, up to the moment at which tuning would begin."""

    def gather_log(log: pd.DataFrame, **windows):
        log.to_csv(tmp_path / "orders.csv", index=False)
        config = TrainConfig(
            data=DataSettings(path=str(tmp_path / "orders.csv")),
            windows=WindowSettings(**windows),
            features=FeatureSettings(families=["recency", "frequency"]),
        )
        return build_dataset(config, Home.at(str(tmp_path / "runs")), Progress())

    return gather_log


@pytest.mark.slow
def test_nobody_leaves_stops_before_tuning_with_a_horizon_that_helps(try_log):
    with pytest.raises(InputError, match=r"nobody of 240 rows at 6 training cutoffs left within 90 days") as caught:
        try_log(orders_every(30, 20))
    text = str(caught.value)
    assert "customers buy every 30 days (median)" in text
    days = int(text.rpartition("windows.horizon_days=")[2])
    assert 30 <= days <= 60
    assert 0 < try_log(orders_every(30, 20), horizon_days=days).snapshots.training.churned.mean() < 1


def test_nobody_ever_leaves_names_their_pace_and_offers_no_horizon_of_who_is_due(try_log):
    with pytest.raises(InputError, match=r"windows.horizon_days=45 is the shortest that fits their pace, but nobody"):
        try_log(orders_every(30, 0))


def test_everybody_leaves_stops_where_all_windows_lie_between_the_seasons(try_log):
    rows = [(f"b{k:02}", 200 * season + k % 20) for k in range(60) for season in range(6)]
    log = pd.DataFrame(rows, columns=["customer_id", "day"]).assign(amount="5")
    log["timestamp"] = pd.Timestamp("2021-01-01") + pd.to_timedelta(log.pop("day"), unit="D")
    windows = {"horizon_days": 30, "step_days": 10, "n_cutoffs": 5, "n_folds": 2}
    sealed = f"{pd.Timestamp('2021-01-01') + pd.Timedelta(days=950):%Y-%m-%d}"  # nobody buys from day 820 to day 1,000
    with pytest.raises(InputError, match="all of 300 rows at 5 training cutoffs left within 30 days; customers buy"):
        try_log(log, sealed_cutoff=sealed, **windows)


def test_cutoffs_with_one_outcome_are_a_notice(try_log):
    log = orders_every(30, 0)
    gone = log["customer_id"].isin([f"b{n:02}" for n in range(10)]) & (log["timestamp"] > "2022-12-20")
    data = try_log(log[~gone], n_cutoffs=7, n_folds=2, horizon_days=60)
    training, (first, *_, last) = data.snapshots.training, data.plan.cutoffs
    (notice,) = one_sided_folds(training, [Fold((), first), Fold((), last)])
    assert notice.code == "one_outcome"
    assert notice.message.startswith(f"nobody of 40 left at {first:%Y-%m-%d}: ")
    assert one_sided_folds(training, [Fold((), last)]) == ()  # the ten have gone
    assert training.at((last,)).churned.sum() == 10


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_figures_of_one_outcome_are_drawn_without_a_warning(outcome):
    truth, scores = np.full(50, outcome), np.linspace(0.1, 0.9, 50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_gain(truth, {"score": scores}, "title", "churners")
        draw_reliability(truth, scores, "title")


def test_what_is_undefined_is_written_as_such_and_zero_has_no_sign():
    nan = float("nan")
    assert str(Interval(nan, nan, nan)) == "n/a"
    assert str(Interval(0.5, nan, nan)) == "0.5000 [n/a, n/a]"
    assert Interval(nan, nan, nan).negated().write("+.4f") == "n/a"
    assert [write_figure(value, "+.4f") for value in (-0.00001, 0.00001, -0.0001)] == ["+0.0000", "+0.0000", "-0.0001"]
    assert write_figure(-0.00001) == "0.0000"
    assert write_figure(-0.001, ",.2f") == "0.00"
