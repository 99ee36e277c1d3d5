"""Figures of contracts by hand, and Kaplan-Meier against a published curve."""

import pandas as pd
import pytest

from churnclv.data.settings import Columns, CustomerKind
from churnclv.report.section import Missing
from churnclv.report.sections.contract_section import render_contracts, render_survival
from churnclv.report.survival import count_stays, count_under_contract, estimate_survival
from churnclv.report.texts.translation import Translation

ENGLISH = Translation.of("en")

# ann stays; bob leaves in February; cat renews on the day of an end, at a higher price; dan is won and lost in February
LOG = pd.DataFrame(
    [
        ("ann", "2024-01-01", "", "10", "basic"),
        ("bob", "2024-01-10", "2024-02-05", "20", "plus"),
        ("cat", "2024-01-15", "2024-02-15", "30", "basic"),
        ("cat", "2024-02-15", "", "35", "plus"),
        ("dan", "2024-02-02", "2024-02-20", "40", "plus"),
        ("eve", "2024-02-25", "", "50", "basic"),
    ],
    columns=["customer_id", "timestamp", "end", "price", "plan"],
)
SETTINGS = {
    "shape": CustomerKind.contractual,
    "observed_until": "2024-03-01",
    "columns": Columns(amount=None, price="price", end="end", plan="plan"),
}


@pytest.fixture(scope="module")
def base(look):
    return look(LOG, SETTINGS)


def test_who_is_under_contract_by_hand(base):
    counts = count_under_contract(base)
    january, february = 2024 * 12, 2024 * 12 + 1
    assert list(counts.index) == [january, february]
    shown = ["start", "end", "kept", "won", "lost", "monthly"]
    assert counts.loc[january, shown].tolist() == [0, 3, 0, 3, 0, 60]
    # February: ann and cat stay, bob leaves, eve comes; dan comes and goes
    assert counts.loc[february, shown].tolist() == [3, 3, 2, 1, 1, 95]


def test_the_tiles_say_so(base):
    section = render_contracts(base, ENGLISH, None)
    figures = {figure.name: figure for block in section.blocks if block.kind == "tiles" for figure in block.figures}
    assert figures["contract_retention"].value == pytest.approx(2 / 3)
    assert figures["contract_churn"].value == pytest.approx(1 / 3)
    assert figures["price_per_customer"].value == pytest.approx(95 / 3)
    assert "66.7%" in section.headline


def test_stays_join_renewals_and_enter_when_ends_are_first_recorded(base):
    stays = count_stays(base).sort_values(["lasted", "entered"], ignore_index=True)
    # the first recorded end is of 5 February; the last day is 29 February
    told = stays[["entered", "lasted", "ended", "n"]].to_numpy().tolist()
    assert told == [
        [0, 4, 0, 1],  # eve
        [3, 18, 1, 1],  # dan
        [26, 26, 1, 1],  # bob
        [21, 45, 0, 1],  # cat, both contracts
        [35, 59, 0, 1],  # ann
    ]


def test_kaplan_meier_is_that_of_the_literature():
    # remission under 6-MP, weeks (Freireich et al. 1963, Blood 21(6)), as in every textbook of survival
    ended = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    rows = [(0, week, 1, n) for week, n in ended.items()] + [(0, week, 0, 1) for week in censored]
    curve = estimate_survival(pd.DataFrame(rows, columns=["entered", "lasted", "ended", "n"]))
    assert curve.share == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert (curve.spells, curve.ends, curve.median_days) == (21, 9, 23.0)
    # log-log interval at 10 weeks, as R's survfit(conf.type = "log-log") gives it
    assert curve.at(10.5)[1:] == pytest.approx((0.503, 0.889), abs=1e-3)
    assert curve.at(1.0) == (1.0, 1.0, 1.0)


def test_contracts_that_all_last_have_no_curve(look):
    base = look(LOG.assign(end=""), SETTINGS)
    assert [type(block) for block in render_survival(base, ENGLISH).blocks] == [Missing]
