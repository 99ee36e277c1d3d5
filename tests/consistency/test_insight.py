"""Theorems of the report, on a simulated shop: parts add to their whole, in one pass or another."""

import numpy as np
import pandas as pd
import pytest

from churnclv.decision.rfm_segments import Segmentation
from churnclv.report.cohorts import count_cohorts
from churnclv.report.order_periods import count_periods
from churnclv.report.periods import Period
from churnclv.report.rfm_scores import find_scoring, standing
from churnclv.report.sections.segment_section import NOT_YET, follow_segments, mix, movement, profile_segments
from churnclv.report.segment_figures import count_by_segment
from churnclv.testing.market import Market, simulate


@pytest.fixture(scope="module")
def base(look):
    market = Market(customers=300, days=600, start=pd.Timestamp("2022-01-01").to_pydatetime())
    return look(simulate(market, 3).log, as_of="2023-08-01")


def test_rows_of_the_movement_sum_to_the_sizes_before_and_columns_to_those_after(base):
    followed = follow_segments(base, find_scoring(base, None))
    sizes, moved = mix(followed), movement(followed)
    assert moved.drop(index=NOT_YET).sum(axis=1).tolist() == sizes.iloc[-2].tolist()
    assert moved.sum(axis=0).tolist() == sizes.iloc[-1].tolist()


def test_the_last_mix_is_the_profile(base):
    scoring = find_scoring(base, None)
    profile = profile_segments(base, scoring, None).set_index("segment")["customers"]
    last = mix(follow_segments(base, scoring)).iloc[-1]
    assert profile.to_dict() == {name: size for name, size in last.items() if size}


def test_the_engine_names_segments_as_bundles_do(base):
    scoring = find_scoring(base, None)
    told = scoring.name_segments(standing(base)).execute()
    history = pd.DataFrame(
        {"age_days": told["silent"], "last_purchase_age_days": 0, "repeat_purchases": told["purchases"] - 1}
    )
    assert (scoring.grid.predict(history) == told["segment"]).all()
    assert scoring.grid == Segmentation.learn(history)


def test_cohorts_revenue_sums_to_the_periods_revenue(base):
    counts, periods = count_cohorts(base).counts, count_periods(base)
    assert counts["revenue"].sum() == pytest.approx(periods["spend"].sum(), rel=1e-12)


def test_cohorts_customers_sum_to_the_periods_customers(base):
    counts, periods = count_cohorts(base).counts, count_periods(base)
    by_number = counts.assign(number=counts["cohort"] + counts["age"]).groupby("number")["customers"].sum()
    assert np.array_equal(by_number.reindex(periods.index).fillna(0), periods["customers"])
    new = counts[counts["age"] == 0].groupby("cohort")["customers"].sum()
    assert np.array_equal(new.reindex(periods.index).fillna(0), periods["new"])


FLOWS = ["new", "orders", "spend"]


@pytest.mark.parametrize(("short", "long"), [(Period.month, Period.quarter), (Period.quarter, Period.year)])
def test_months_add_up_to_their_quarter_and_quarters_to_their_year(base, short, long):
    parts, whole = count_periods(base.by(short)), count_periods(base.by(long))
    into = [long.number_of(short.start_of(int(number))) for number in parts.index]
    added = parts[FLOWS].groupby(into).sum()
    over = whole.index[whole.index <= long.number_of(base.as_of) - 1]
    assert len(over) > 0
    pd.testing.assert_frame_equal(added.loc[over], whole.loc[over, FLOWS], check_names=False, rtol=1e-12)


@pytest.mark.parametrize("period", [Period.month, Period.quarter, Period.year])
def test_segments_add_up_to_all_customers_in_every_period(base, period):
    other = base.by(period)
    scoring = find_scoring(base, None)
    counts, periods, current = count_by_segment(other, scoring), count_periods(other), other.calendar.current
    assert counts["customers"].sum() == periods["customers"][current] > 0
    assert counts["revenue"].sum() == pytest.approx(periods["spend"][current], rel=1e-12)
    assert counts["kept"].sum() == periods["kept"][current]
    assert counts["before"].sum() == periods["customers"].get(current - 1, 0)
    assert counts["customers"].get(NOT_YET, 0) == periods["new"][current]
    stood = scoring.name_segments(standing(base, other.calendar.start)).execute()["segment"].value_counts()
    assert counts["stood"][counts["stood"] > 0].to_dict() == stood.to_dict()
