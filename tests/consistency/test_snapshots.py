"""What holds for the labels and cutoffs of any log."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise, product

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnclv.errors import InputError
from churnclv.snapshots.customer_kinds import label_windows, members
from churnclv.snapshots.cutoff_plan import make_plan, refit_cutoffs
from churnclv.snapshots.history import cut_history
from churnclv.snapshots.settings import WindowSettings
from examples import examples

CUTOFF = datetime(2024, 3, 1)
CUSTOMERS = [f"c{number:02}" for number in range(30)]
START = datetime(1997, 1, 1)


@pytest.fixture(scope="module")
def log():
    """Purchases and refunds of 30 customers around the cutoff, with amounts that binary fractions cannot hold."""
    random = np.random.default_rng(3)
    size = 500
    hours = 24 * random.integers(-200, 60, size) + random.choice([0, 0, 10, 23], size)
    frame = pd.DataFrame(
        {
            "customer_id": random.choice(CUSTOMERS, size),
            "timestamp": CUTOFF + pd.to_timedelta(hours, unit="h"),
            "kind": random.choice(["order", "order", "refund"], size),
            "amount": random.choice([".1", ".7", "19.99"], size),
        }
    )
    frame.loc[frame["kind"] == "refund", "amount"] = "-" + frame["amount"]
    return frame.to_dict("records")


@pytest.fixture(scope="module")
def labels_of(connection, write_events):
    """Return a function from rows to the labels of all 30 customers, seen before or not."""

    def labels(rows, cutoff, horizon_days):
        events = write_events(connection, rows)
        everyone = ibis.memtable({"customer_id": CUSTOMERS}).mutate(cutoff=ibis.timestamp(str(cutoff)))
        return label_windows(events, everyone, (cutoff,), WindowSettings(horizon_days=horizon_days)).execute()

    return labels


@pytest.mark.parametrize(("first", "second"), [(1, 1), (7, 23), (30, 15)])
def test_one_window_is_the_sum_of_its_parts(labels_of, log, first, second):
    whole = labels_of(log, CUTOFF, first + second)
    parts = labels_of(log, CUTOFF, first), labels_of(log, CUTOFF + timedelta(days=first), second)
    assert whole["customer_id"].tolist() == CUSTOMERS
    assert 0 < whole["churned"].sum() < 30
    assert (whole["purchases"] == parts[0]["purchases"] + parts[1]["purchases"]).all()
    assert (whole["spend"] == (parts[0]["spend"] + parts[1]["spend"]).round(4)).all()
    assert (whole["churned"] == parts[0]["churned"] * parts[1]["churned"]).all()


def test_churned_is_no_purchase(labels_of, log):
    frame = labels_of(log, CUTOFF, 10)
    assert (frame["churned"] == (frame["purchases"] == 0)).all()
    assert (frame.loc[frame["churned"] == 1, "order_spend"] == 0).all()
    assert (frame.loc[frame["churned"] == 0, "order_spend"] > 0).all()
    assert (frame["spend"] <= frame["order_spend"]).all()
    assert (frame.loc[frame["churned"] == 1, "spend"] < 0).any()


def test_the_order_of_the_rows_changes_no_label(labels_of, log):
    expected = labels_of(log, CUTOFF, 30)
    for seed in range(3):
        shuffled = [log[place] for place in np.random.default_rng(seed).permutation(len(log))]
        pd.testing.assert_frame_equal(labels_of(shuffled, CUTOFF, 30), expected, check_exact=True)


def test_a_stricter_population_is_part_of_a_looser_one(connection, write_events, log):
    history = cut_history(write_events(connection, log), (CUTOFF,))

    def eligible(**chosen):
        frame = members(history, WindowSettings(**chosen)).execute()
        return set(frame.loc[frame["in_population"], "customer_id"])

    for looser, stricter in pairwise([eligible(active_days=days) for days in (None, 60, 20, 5)]):
        assert stricter < looser
    for looser, stricter in pairwise([eligible(min_purchases=least) for least in (1, 10, 14)]):
        assert stricter < looser
    assert eligible(active_days=20, min_purchases=10) == eligible(active_days=20) & eligible(min_purchases=10)


def fits(span_days, windows):
    try:
        make_plan(START, START + timedelta(days=span_days), windows)
    except InputError:
        return False
    return True


@st.composite
def spans(draw):
    """Return a span and settings, most of which do not fit."""
    span_days = draw(st.integers(10, 500))
    chosen = draw(st.none() | st.integers(1, 60))
    windows = WindowSettings(
        horizon_days=draw(st.integers(1, 120)),
        step_days=draw(st.integers(1, 60)),
        n_cutoffs=draw(st.integers(1, 12)),
        n_folds=draw(st.integers(1, 4)),
        gap_days=draw(st.integers(0, 30)),
        min_history_days=draw(st.integers(1, 150)),
    )
    if chosen is not None:
        seal = START + timedelta(days=span_days - windows.horizon_days - chosen)
        windows = replace(windows, sealed_cutoff=f"{seal:%Y-%m-%d}")
    return span_days, windows


@examples(300)
@given(spans())
def test_what_is_said_to_fit_fits_and_else_nothing_would(case):
    span_days, windows = case
    try:
        make_plan(START, START + timedelta(days=span_days), windows)
    except InputError as error:
        message = str(error)
    else:
        return
    offers = message.split("what would fit: ")[1].split("; or ") if "what would fit: " in message else []
    for offer in offers:
        named = {name: int(value) for name, value in re.findall(r"windows\.(\w+)=(\d+)", offer)}
        assert fits(span_days, replace(windows, **named)), offer
        most = re.search(r" to (\d+)$", offer)
        if most:
            assert fits(span_days, replace(windows, n_cutoffs=int(most[1])))
            assert not fits(span_days, replace(windows, n_cutoffs=int(most[1]) + 1))
    if not offers:
        assert "no horizon fits" in message
        tried = product(range(1, windows.horizon_days + 1, 3), range(1, windows.n_folds + 1), range(1, 20, 2))
        for horizon_days, n_folds, n_cutoffs in tried:
            other = replace(windows, horizon_days=horizon_days, n_folds=n_folds, n_cutoffs=n_cutoffs)
            assert not fits(span_days, other)


@examples(200)
@given(spans())
def test_a_refit_learns_from_every_cutoff_whose_label_is_known(case):
    span_days, windows = case
    end = START + timedelta(days=span_days)
    found = refit_cutoffs(START, end, windows)
    horizon, step = timedelta(days=windows.horizon_days), timedelta(days=windows.step_days)
    every = [end - horizon - step * back for back in reversed(range(windows.n_cutoffs))]
    assert list(found) == [cutoff for cutoff in every if cutoff >= START + timedelta(days=windows.min_history_days)]
    if fits(span_days, windows):
        assert len(found) == windows.n_cutoffs
        assert found[-1] + horizon == end
