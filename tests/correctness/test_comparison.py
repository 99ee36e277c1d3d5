"""What is scored against the bundle's profile: each kind of difference, and none where there is none."""

import json

import numpy as np
import pandas as pd

from churnclv.bundle.profile_comparison import compare_columns, describe_columns
from churnclv.features.rare_categories import RARE


def learned_rows(rows=2000, seed=0):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"spend": random.gamma(2, 30, rows), "visits": random.poisson(0.4, rows).astype(float)})
    frame["plan"] = pd.Series(random.choice(["a", "b", "c", RARE], rows, p=[0.5, 0.3, 0.19, 0.01]), dtype=object)
    frame["age"] = np.where(random.random(rows) < 0.2, np.nan, random.integers(18, 90, rows))
    return frame


PROFILE = json.loads(json.dumps(describe_columns(learned_rows())))


def seen(**columns):
    """Return the notices, by code, of other rows like the learned ones with some columns replaced."""
    rows = learned_rows(400, seed=1).assign(**columns)
    return {notice.code: notice.message for notice in compare_columns(PROFILE, rows)}


def test_the_profile_by_hand():
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0, np.nan], "plan": ["a", "a", RARE, None]})
    found = describe_columns(rows)
    assert found["x"]["missing_share"] == 0.25
    assert found["x"]["quantiles"]["0.5"] == 2.0
    bins = {"values": ["a"], "counts": [2.0, 1.0, 1.0]}  # a, masked, missing
    assert found["plan"] == {"missing_share": 0.25, "values": {"a": 2 / 3}, "bins": bins}
    assert found["x"]["bins"]["counts"][-1] == 1
    assert sum(found["x"]["bins"]["counts"]) == 4


def test_rows_like_those_of_training_are_not_mentioned():
    assert not seen()
    rows = learned_rows(2000, seed=2)
    assert not [
        compare_columns(PROFILE, rows.iloc[[place]])
        for place in range(50)
        if compare_columns(PROFILE, rows.iloc[[place]])
    ]
    assert compare_columns(PROFILE, rows.head(0)) == ()


def test_a_column_that_is_missing_more_often():
    spend = learned_rows(400, seed=1)["spend"].mask(np.arange(400) % 4 == 0)
    assert seen(spend=spend) == {"more_missing": "cells are missing: column 'spend': 25.0% missing, 0.0% at training."}


def test_values_that_training_has_not_seen():
    plan = pd.Series(["a", "z"] * 200, dtype=object)
    assert "column 'plan': 50.0% of its values are new" in seen(plan=plan)["unseen_values"]
    assert "unseen_values" in seen(plan=pd.Series(["A"] * 400, dtype=object))


def test_another_unit_and_values_out_of_range():
    spend = learned_rows(400, seed=1)["spend"]
    assert "column 'spend'" in seen(spend=spend * 100)["other_scale"]
    assert "column 'spend'" in seen(spend=spend / 100)["other_scale"]
    assert "column 'age'" in seen(age=pd.Series([1985.0] * 400))["other_scale"]
    assert not seen(spend=spend * 2)


def test_numbers_around_zero_are_compared_by_their_spread():
    random = np.random.default_rng(5)
    profile = describe_columns(pd.DataFrame({"x": random.normal(size=1000)}))
    alike = [pd.DataFrame({"x": random.normal(size=300) + 0.1 * place}) for place in range(-3, 4)]
    assert [compare_columns(profile, rows) for rows in alike] == [()] * 7  # whose medians differ by any factor
    for factor in (0.01, 100.0):
        (notice,) = compare_columns(profile, alike[3] * factor)
        assert notice.code == "other_scale"


def test_one_row_of_another_unit_is_seen():
    row = learned_rows(1, seed=3)
    assert {notice.code for notice in compare_columns(PROFILE, row.assign(spend=90_000.0))} == {"other_scale"}
