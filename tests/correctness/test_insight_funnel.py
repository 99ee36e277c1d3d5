"""The funnel and messages against counts made by hand."""

import pandas as pd
import pytest

from churnclv.data.settings import Columns
from churnclv.report.messages import count_messages
from churnclv.report.rfm_scores import find_scoring
from churnclv.report.section import Missing
from churnclv.report.sections.funnel import compare_paths, count_funnel, mine_steps, render_funnel, stepping
from churnclv.report.texts.translation import Translation

ENGLISH = Translation.of("en")
COLUMNS = {"columns": Columns(kind="kind", item="item", channel="channel")}


def log(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount", "kind", "item", "channel"])


def act(who, when, what):
    return (who, when, "", "action", what, None)


def order(who, when):
    return (who, when, "10", "order", "tea", None)


# ann goes all the way in 2 hours + 1 hour; bob orders before he looks at the cart; cat only looks; dan never looks
VISITS = log(
    act("ann", "2024-01-01 10:00", "look"), act("ann", "2024-01-01 12:00", "cart"), order("ann", "2024-01-01 13:00"),
    act("bob", "2024-01-02 10:00", "look"), order("bob", "2024-01-02 11:00"), act("bob", "2024-01-02 14:00", "cart"),
    act("cat", "2024-01-03 10:00", "look"), act("cat", "2024-01-03 11:00", "look"),
    act("dan", "2024-01-04 10:00", "cart"),
)  # fmt: skip


@pytest.fixture(scope="module")
def base(look):
    return look(VISITS, COLUMNS, funnel_steps=["look", "cart", "order"])


def test_steps_count_in_their_order_only(base):
    steps = count_funnel(base, find_scoring(base, None)).steps
    assert steps["customers"].tolist() == [3, 2, 1]
    assert steps["chance"].tolist() == [1.0, 2 / 3, 0.5]
    assert steps["of_all"].tolist() == [1.0, 2 / 3, 1 / 3]
    assert steps["median_hours"].tolist()[1:] == [3.0, 1.0]  # 2 and 4 hours to the cart


def test_segments_add_to_the_whole(base):
    funnel = count_funnel(base, find_scoring(base, None))
    summed = funnel.by_segment.groupby("step", sort=False)["customers"].sum()
    assert summed.tolist() == funnel.steps["customers"].tolist()
    assert "never bought" in set(funnel.by_segment["segment"])  # cat


def test_steps_are_found_in_the_order_in_which_customers_take_them(look):
    rows = []
    for n in range(10):
        day = f"2024-01-{n + 1:02}"
        rows += [act(f"c{n}", f"{day} 09:00", "home"), act(f"c{n}", f"{day} 10:00", "look"),
                 act(f"c{n}", f"{day} 11:00", "cart"), order(f"c{n}", f"{day} 12:00"),
                 act(f"c{n}", f"{day} 13:00", "thank you")]  # fmt: skip
    base = look(log(*rows), COLUMNS)
    assert mine_steps(base.connection.create_table("steps", stepping(base), temp=True)) == (
        "home", "look", "cart", "order",
    )  # fmt: skip
    assert count_funnel(base, find_scoring(base, None)).is_mined


def test_where_others_stall_by_hand(look):
    # ann and bob are the best: both go from look to cart; cat does not; nobody else orders
    base = look(VISITS, COLUMNS, funnel_steps=["look", "cart", "order"])
    best = base.connection.create_table("best", pd.DataFrame({"customer_id": ["ann", "bob"], "high": True}), temp=True)
    paths = compare_paths(base, best).set_index("step")
    assert paths.loc["cart", ["high", "rest"]].tolist() == [1.0, 0.0]
    assert paths.loc["order", "high"] == 0.5


def test_without_actions_or_with_a_step_that_nobody_takes_the_section_says_so(look):
    base = look(log(order("ann", "2024-01-01")), COLUMNS)
    assert [type(block) for block in render_funnel(base, ENGLISH, find_scoring(base, None)).blocks] == [Missing]
    base = look(VISITS, COLUMNS, funnel_steps=["lok", "order"])
    (said,) = render_funnel(base, ENGLISH, find_scoring(base, None)).blocks
    assert "“lok”" in said.text


def write(who, when, kind, item="news", channel="mail"):
    return (who, when, "", kind, item, channel)


def test_messages_by_hand(look):
    rows = log(
        write("ann", "2024-01-05 08:00", "send"), write("ann", "2024-01-05 09:00", "open"),
        write("ann", "2024-01-06 09:00", "open"), write("ann", "2024-01-06 09:01", "click"),
        order("ann", "2024-01-12 07:59"),  # within seven days
        write("bob", "2024-01-05 08:00", "send"), order("bob", "2024-01-12 08:00"),  # a moment too late
        write("bob", "2024-01-20 08:00", "unsubscribe"),
        write("cat", "2024-01-05 08:00", "send", "sale", "sms"), order("cat", "2024-01-04 08:00"),  # before it
        write("dan", "2023-12-31 08:00", "send"),  # of the period before
        order("eve", "2023-11-01"),
    )  # fmt: skip
    table = count_messages(look(rows, COLUMNS, as_of="2024-02-01")).set_index(["campaign", "channel"])
    assert table["sent"].to_dict() == {("news", "mail"): 2, ("sale", "sms"): 1}
    news = table.loc[("news", "mail")]
    assert [news[f"{name}_rate"] for name in ("open", "click", "conversion", "unsubscribe")] == [0.5, 0.5, 0.5, 0.5]
    assert table.loc[("sale", "sms"), "conversion_rate"] == 0.0
