"""The report looks at nothing from its day on: deleting, changing or adding later events changes no letter of it."""

import io

import pandas as pd
import pytest

from churnclv.data.settings import Columns
from churnclv.progress import Progress
from churnclv.report.page import Page, write_page
from churnclv.report.sections import render_sections
from churnclv.report.texts.translation import Translation
from churnclv.testing.market import Market, simulate

pytestmark = pytest.mark.slow
DAY = "2011-03-10"


def page(base):
    texts = Translation.of("en")
    sections = render_sections(base, texts, None, 0.3, Progress(io.StringIO()))
    tables = [table.to_csv() for section in sections for table in section.tables.values()]
    return write_page(Page("report", ""), sections, texts), tables


@pytest.fixture(scope="module")
def log():
    """A year and a half of orders with two products, and an action before each."""
    orders = simulate(Market(customers=100, days=540), 5).log
    orders = orders.assign(kind="order", item=[f"product {n % 3}" for n in range(len(orders))])
    looks = orders.assign(
        kind="action", item="look", amount=None, timestamp=orders["timestamp"] - pd.Timedelta(hours=1)
    )
    return pd.concat([orders, looks], ignore_index=True)


@pytest.fixture(scope="module")
def told(look, log):
    return page(look(log, {"columns": Columns(kind="kind", item="item")}, as_of=DAY))


@pytest.mark.parametrize("change", ["deleted", "changed", "added"])
def test_what_happens_from_the_day_on_changes_no_letter(look, log, told, change):
    later = log["timestamp"] >= pd.Timestamp(DAY)
    assert 50 < later.sum() < len(log) / 2
    others = {
        "deleted": log[~later],
        "changed": log.assign(item=log["item"].where(~later, "poison"), amount=log["amount"].where(~later, 1e6)),
        "added": pd.concat([log, log[later].assign(customer_id="C0000001", item="poison")]),
    }
    assert page(look(others[change], {"columns": Columns(kind="kind", item="item")}, as_of=DAY)) == told


def test_an_earlier_day_tells_something_else(look, log, told):
    assert page(look(log, {"columns": Columns(kind="kind", item="item")}, as_of="2011-01-10")) != told
