"""How often the report's intervals hold, and how often it finds differences where there are none."""

import numpy as np
import pandas as pd

from churnclv.report.estimates import mean, share
from churnclv.report.group_comparison import Trait, compare


def test_wilson_and_mean_intervals_hold_nineteen_times_in_twenty():
    generator = np.random.default_rng(0)
    counts = generator.binomial(60, 0.12, 4000)
    held = [found.low <= 0.12 <= found.high for found in (share(count, 60) for count in counts)]
    assert 0.93 <= np.mean(held) <= 0.97
    values = generator.gamma(2.0, 5.0, (4000, 80))
    held = [found.low <= 10 <= found.high for found in (mean(v.sum(), (v * v).sum(), 80) for v in values)]
    assert 0.925 <= np.mean(held) <= 0.965


def test_where_groups_are_alike_almost_nothing_is_called_beyond_chance(connection):
    generator = np.random.default_rng(1)
    found = 0
    for _ in range(40):
        table = pd.DataFrame(generator.normal(size=(300, 20)), columns=[f"x{n}" for n in range(20)])
        table["high"], table["low"] = np.arange(300) < 60, np.arange(300) >= 150
        connection.con.register("alike", table)
        rows = compare(connection.table("alike"), [Trait("buy", "x", f"x{n}", "") for n in range(20)])
        found += bool(rows["is_found"].any())
    assert found <= 6  # of forty shops; at 5% each, more than six in one of two hundred runs
