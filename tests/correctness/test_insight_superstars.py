"""Comparisons of groups against textbook figures, and the lenses on shops whose best customers are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from churnclv.data.settings import Columns
from churnclv.report.group_comparison import Trait, compare, control
from churnclv.report.rfm_scores import find_scoring
from churnclv.report.section import Missing
from churnclv.report.sections.superstar_section import render_superstars, sentences
from churnclv.report.superstars import compare_early, compare_now, find_superstars, follow_early
from churnclv.report.texts.translation import Translation

ENGLISH = Translation.of("en")


def test_effect_difference_and_p_value_are_those_of_the_textbooks(connection):
    generator = np.random.default_rng(0)
    high = np.repeat([True, False], [40, 90])
    values = np.where(high, generator.normal(3, 2, 130), generator.normal(1, 1, 130))
    low = ~high & (np.arange(130) % 2 == 0)
    connection.con.register("two_groups", pd.DataFrame({"high": high, "low": low, "x": values}))
    table = connection.table("two_groups")
    (row,) = compare(table, [Trait("buy", "x", "x", "")]).to_dict("records")
    one, other = values[high], values[~high]
    pooled = np.sqrt((39 * one.var(ddof=1) + 89 * other.var(ddof=1)) / 128)
    assert row["difference"] == pytest.approx(one.mean() - other.mean())
    assert row["effect"] == pytest.approx((one.mean() - other.mean()) / pooled)
    assert (row["n_high"], row["n_rest"]) == (40, 90)
    assert row["low"] == pytest.approx(values[low].mean())
    error = np.sqrt(one.var(ddof=1) / 40 + other.var(ddof=1) / 90)
    assert row["p_value"] == pytest.approx(2 * stats.norm.sf((one.mean() - other.mean()) / error))
    assert row["difference_low"] == pytest.approx(row["difference"] - 1.959964 * error)


def test_false_discoveries_are_controlled_as_scipy_does():
    p = np.array([0.001, 0.009, 0.012, 0.04, 0.2, 0.9])
    assert control(p).tolist() == (stats.false_discovery_control(p) <= 0.05).tolist()
    assert control(p).tolist() == [True, True, True, False, False, False]
    assert control(np.array([0.06, 0.9])).tolist() == [False, False]


def shop():
    """Return a log of 60 customers: the first 15 buy 8 times, tea in the evening, and begin with two purchases."""
    rows = []
    for n in range(60):
        is_best = n < 15
        for visit in range(8 if is_best else 2):
            day = pd.Timestamp("2023-01-01") + pd.Timedelta(days=n % 10 + (20 if is_best else 90) * visit)
            hour = 20 if is_best else 9 + n % 3
            rows.append((f"c{n:02}", day + pd.Timedelta(hours=hour), str(10 + n % 3), "tea" if is_best else "cup"))
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount", "item"])


@pytest.fixture(scope="module")
def base(look):
    return look(shop(), {"columns": Columns(item="item")}, as_of="2023-08-01", superstar_share=0.3)


def test_the_best_customers_of_a_made_up_shop_are_found(base):
    groups = find_superstars(base, find_scoring(base, None))
    table = groups.table.execute()
    assert sorted(table["customer_id"][table["high"]]) == [f"c{n:02}" for n in range(15)]
    assert groups.sizes == {"high": 15, "low": 30, "all": 60}
    assert groups.value["high"] == pytest.approx(8 * 11)


def test_what_they_do_otherwise_is_found_and_said(base):
    found = compare_now(base, find_superstars(base, find_scoring(base, None)))
    by = found.set_index(["key", "name"])
    assert by.loc[("bought", "tea"), ["high", "all", "low"]].tolist() == [1.0, 0.25, 0.0]
    assert by.loc[("evening", ""), "high"] == 1.0
    assert by.loc[("bought", "tea"), "is_found"]
    told = sentences(ENGLISH, found)
    assert told[0].count("superstars") == 1
    assert any(text.startswith("Order lines with “tea”: 100.0% for superstars, 25.0%") for text in told)
    assert found["effect"].abs().is_monotonic_decreasing


def test_what_shows_early_is_measured_before_the_value_it_foretells(base, look):
    early = follow_early(base)
    # followed from day 30 on: 180 days fit before August only for the 18 won by 3 January, 90 for all
    assert early.followed_days == 90
    assert early.groups.value["high"] == pytest.approx(4 * 11)  # days 40, 60, 80, 100
    found = compare_early(base, early).set_index("key")
    assert found.loc["returned", ["high", "low"]].tolist() == [1.0, 0.0]  # the best buy again after 20 days
    # nothing from the thirtieth day on moves a trait of the first thirty
    log = shop()
    first = log.groupby("customer_id")["timestamp"].transform("min").dt.normalize()
    later = log["timestamp"] >= first + pd.Timedelta(days=30)
    other = look(log.assign(item=log["item"].where(~later, "poison")), {"columns": Columns(item="item")},
                 as_of="2023-08-01", superstar_share=0.3)  # fmt: skip
    assert "poison" not in set(compare_early(other, follow_early(other))["name"])


def test_a_shop_of_equals_has_no_superstars(look):
    log = pd.DataFrame(
        [(f"c{n}", "2024-01-05", "10") for n in range(40)], columns=["customer_id", "timestamp", "amount"]
    )
    base = look(log)
    section = render_superstars(base, ENGLISH, find_scoring(base, None))
    assert [type(block) for block in section.blocks] == [Missing]


def test_lenses_without_events_are_named(base):
    section = render_superstars(base, ENGLISH, find_scoring(base, None))
    said = " ".join(block.text for block in section.blocks if isinstance(block, Missing))
    assert "what they do on the way, whom they bring" in said


def test_actions_and_referrals_are_looked_at_where_they_are(look):
    log = shop().assign(kind="order", other_id=None)
    best = [(f"c{n:02}", pd.Timestamp("2023-07-01"), "", "search", "action", None) for n in range(15)]
    invited = [(f"c{n:02}", pd.Timestamp("2023-07-02"), "", None, "referral", f"c{n + 30}") for n in range(15)]
    more = pd.DataFrame(best + invited, columns=["customer_id", "timestamp", "amount", "item", "kind", "other_id"])
    columns = Columns(item="item", kind="kind", other_id="other_id")
    base = look(pd.concat([log, more]), {"columns": columns}, as_of="2023-08-01", superstar_share=0.3)
    found = compare_now(base, find_superstars(base, find_scoring(base, None))).set_index(["key", "name"])
    assert found.loc[("did", "search"), ["high", "low"]].tolist() == [1.0, 0.0]
    assert found.loc[("invites", ""), "high"] == 1.0
    assert found.loc[("was_invited", ""), "all"] == 0.25
