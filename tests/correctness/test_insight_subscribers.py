"""Subscribers against sums made by hand: what they paid, the superstars among them, their clusters and their funnel."""

import numpy as np
import pandas as pd
import pytest

from churnclv.data.settings import Columns, CustomerKind, TableSettings
from churnclv.report.section import Grid, Missing, Note
from churnclv.report.sections.clusters import (
    find_clusters,
    name_clusters,
    render_subscriber_clusters,
    sample_subscribers,
)
from churnclv.report.sections.funnel import count_funnel, render_funnel
from churnclv.report.sections.superstar_section import render_subscriber_superstars
from churnclv.report.subscribers import compare_subscribers, find_paying_superstars, last_plans, subscribers
from churnclv.report.texts.translation import Translation

ENGLISH, ITALIAN = Translation.of("en"), Translation.of("it")
MONTH = 30.4375
COLUMNS = ["customer_id", "timestamp", "end", "price", "plan"]
SETTINGS = {
    "shape": CustomerKind.contractual,
    "observed_until": "2024-03-01",
    "columns": Columns(amount=None, price="price", end="end", plan="plan"),
}
ACTS = {"customer_id": "customer_id", "timestamp": "timestamp", "item": "item"}
# ann stays; bob leaves; cat renews on the day of an end, at a higher price and on another plan
FEW = [
    ("ann", "2024-01-01", "", "10", "basic"),
    ("bob", "2024-01-10", "2024-02-05", "20", "plus"),
    ("cat", "2024-01-15", "2024-02-15", "30", "basic"),
    ("cat", "2024-02-15", "", "35", "plus"),
]


@pytest.fixture
def few(look):
    return look(pd.DataFrame(FEW, columns=COLUMNS), SETTINGS, value_days=30)


def test_what_each_paid_by_hand(few):
    """The last 30 days begin on 31 January: cat pays 15 days at 30 and 15 at 35, bob 5 days at 20."""
    rows = subscribers(few).execute().set_index("customer_id")
    assert rows["months"].to_dict() == pytest.approx({"ann": 60 / MONTH, "bob": 26 / MONTH, "cat": 46 / MONTH})
    paid = {"ann": 300 / MONTH, "bob": 100 / MONTH, "cat": (15 * 30 + 15 * 35) / MONTH}
    assert rows["paid"].to_dict() == pytest.approx(paid)
    assert rows["price"].to_dict() == pytest.approx({"ann": 10.0, "bob": 20.0, "cat": (31 * 30 + 15 * 35) / 46})
    assert rows["contracts"].to_dict() == {"ann": 1, "bob": 1, "cat": 2}
    assert rows["is_open"].to_dict() == {"ann": True, "bob": False, "cat": True}


def test_the_plan_is_that_of_the_contract_begun_last(few):
    plans = last_plans(few).execute().set_index("customer_id")["plan"]
    assert plans.to_dict() == {"ann": "basic", "bob": "plus", "cat": "plus"}


def market() -> list[tuple[str, ...]]:
    """Sixty customers of a cheap plan, twenty of a dear one who pay most, and ten of the dear one who have left."""
    cheap = [(f"a{n:02}", "2023-01-01", "", "10", "basic") for n in range(60)]
    dear = [(f"b{n:02}", "2023-01-01", "", f"{50 + n}", "gold") for n in range(20)]
    return [*cheap, *dear, *[(f"c{n:02}", "2023-01-01", "2024-02-25", f"{90 + n}", "gold") for n in range(10)]]


@pytest.fixture
def base(look):
    """The market, of whom three tenths by payments may be superstars."""
    return look(pd.DataFrame(market(), columns=COLUMNS), SETTINGS, superstar_share=0.3)


def test_superstars_pay_most_and_are_still_under_contract(base):
    """The dear ones who pay above 52.3 are 27; ten of them have left. The low half pays 10 for 365 days."""
    groups = find_paying_superstars(base)
    assert groups.sizes == {"high": 17, "low": 60, "all": 90}
    assert groups.value["low"] == pytest.approx(10 * 365 / MONTH)
    assert groups.value["high"] == pytest.approx(61 * 365 / MONTH)  # 53 to 69


def test_what_sets_superstars_apart(base):
    table = compare_subscribers(base, find_paying_superstars(base)).set_index(["key", "name"])
    gold = table.loc[("held", "gold")]
    assert (gold["high"], gold["all"], bool(gold["is_found"])) == (1.0, pytest.approx(30 / 90), True)


@pytest.mark.parametrize("texts", [ENGLISH, ITALIAN])
def test_the_section_of_superstars(base, texts):
    section = render_subscriber_superstars(base, texts)
    lead, tiles, *_ = section.blocks
    assert isinstance(lead, Note)
    assert "2024-03-01" in lead.text
    high, everybody, _ = tiles.figures
    assert texts.write(high.value * 17 / (everybody.value * 90), "%") in section.headline


def test_too_few_superstars_are_not_compared(look):
    """Of the top fifth, who pay above 61.2, eight are still under contract."""
    base = look(pd.DataFrame(market(), columns=COLUMNS), SETTINGS)
    assert [type(block) for block in render_subscriber_superstars(base, ENGLISH).blocks] == [Missing]


def test_clusters_of_subscribers_are_ordered_by_what_they_pay(look):
    random = np.random.default_rng(0)
    days = pd.Timestamp("2024-03-01") - pd.to_timedelta(random.integers(300, 360, 160), unit="D")
    prices = np.r_[random.normal(10, 0.5, 100), random.normal(80, 2, 60)]
    rows = [(f"c{n:03}", f"{day:%Y-%m-%d}", "", f"{price:.2f}", "basic")
            for n, (day, price) in enumerate(zip(days, prices, strict=True))]  # fmt: skip
    base = look(pd.DataFrame(rows, columns=COLUMNS), SETTINGS, most_clusters=2)
    clusters = find_clusters(sample_subscribers(base), 2, 0)
    assert clusters.rows["cluster"].tolist() == [1] * 100 + [0] * 60
    assert "high price" in name_clusters(clusters, ENGLISH)[0]
    for texts, head in ((ENGLISH, "Months"), (ITALIAN, "Mesi")):
        grid = next(block for block in render_subscriber_clusters(base, texts).blocks if isinstance(block, Grid))
        assert [column.label(texts) for column in grid.columns][3] == head
        assert grid.frame["customers"].tolist() == [60, 100]


@pytest.fixture
def visited(look, tmp_path):
    """Ann looks and subscribes; bob subscribes without a look; dan looks and never does."""
    path = tmp_path / "acts.csv"
    path.write_text("customer_id,timestamp,item\nann,2023-12-30,look\ndan,2024-01-05,look\n", encoding="utf-8")
    acts = TableSettings(path=str(path), kind="action", columns=ACTS)
    return look(pd.DataFrame(FEW, columns=COLUMNS), {**SETTINGS, "tables": {"acts": acts}},
                funnel_steps=["look", "contract_start"])  # fmt: skip


def test_the_funnel_of_subscribers_ends_with_a_contract(visited):
    funnel = count_funnel(visited, None)
    assert funnel.steps["customers"].tolist() == [2, 1]
    sizes = funnel.by_segment[funnel.by_segment["step"] == "look"].set_index("segment")["customers"]
    assert sizes.to_dict() == {"basic": 1, "never under contract": 1}


def test_the_section_of_the_funnel_is_by_plan(visited, few):
    section = render_funnel(visited, ITALIAN, None)
    grid = [block for block in section.blocks if isinstance(block, Grid)][-1]
    assert sorted(grid.frame["plan"]) == ["Mai sotto contratto", "basic"]
    assert "contratto" in section.headline
    (nothing,) = render_funnel(few, ENGLISH, None).blocks
    assert nothing.text.startswith("The log has no actions beside contracts")
