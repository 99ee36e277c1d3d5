"""Figures of contracts by hand, and Kaplan-Meier against a published curve."""

import numpy as np
import pandas as pd
import pytest

from churnclv.data.settings import Columns, CustomerKind
from churnclv.report.recurring_revenue import count_movements
from churnclv.report.section import Missing
from churnclv.report.sections.contract_section import render_contracts, render_survival
from churnclv.report.sections.recurring_section import render_recurring
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


# ann pays more from February on and as before from March on; bob goes in February and is back in March; cat pays less
# from February on; dan comes in February and goes in March; eve pays from March on; flo comes and goes in March
MOVING = pd.DataFrame(
    [
        ("ann", "2024-01-01", "2024-02-10", "10", "basic"),
        ("ann", "2024-02-10", "2024-03-10", "15.5", "plus"),
        ("ann", "2024-03-10", "", "10", "basic"),
        ("bob", "2024-01-10", "2024-02-05", "20", "plus"),
        ("bob", "2024-03-20", "", "25", "plus"),
        ("cat", "2024-01-15", "2024-02-15", "30", "plus"),
        ("cat", "2024-02-15", "", "12", "basic"),
        ("dan", "2024-02-02", "2024-03-02", "40", "plus"),
        ("eve", "2024-01-20", "2024-03-05", "0", "free"),
        ("eve", "2024-03-05", "", "8", "basic"),
        ("flo", "2024-03-03", "2024-03-04", "99", "plus"),
    ],
    columns=["customer_id", "timestamp", "end", "price", "plan"],
)


@pytest.fixture(scope="module")
def moving(look):
    return look(MOVING, {**SETTINGS, "observed_until": "2024-04-01"})


def test_movements_of_recurring_revenue_by_hand(moving):
    shown = ["start", "new", "reactivated", "expansion", "contraction", "churned", "end", "payers", "payers_at_end"]
    january, february, march = (2024 * 12 + month for month in range(3))
    counted = count_movements(moving)
    assert counted.loc[january, shown].tolist() == [0, 60, 0, 0, 0, 0, 60, 0, 3]
    assert counted.loc[february, shown].tolist() == [60, 40, 0, 5.5, 18, 20, 67.5, 3, 3]
    # ann is back to 10, dan is gone, bob is back, eve pays for the first time
    assert counted.loc[march, shown].tolist() == [67.5, 8, 25, 0, 5.5, 40, 55, 3, 4]
    rates = ["gross_retention", "net_retention"]
    assert counted.loc[january, rates].isna().all()
    assert counted.loc[february, rates].tolist() == pytest.approx([22 / 60, 27.5 / 60])
    assert counted.loc[march, rates].tolist() == pytest.approx([22 / 67.5, 22 / 67.5])


def test_movements_add_up_to_the_change_and_the_end_is_the_next_start(look):
    random = np.random.default_rng(5)
    begins = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 400, 300), unit="D")
    ends = begins + pd.to_timedelta(random.integers(1, 300, 300), unit="D")
    log = pd.DataFrame(
        {"customer_id": [f"c{n}" for n in random.integers(0, 90, 300)], "timestamp": begins.strftime("%Y-%m-%d"),
         "end": [f"{end:%Y-%m-%d}" if end < pd.Timestamp("2024-02-01") else "" for end in ends],
         "price": [f"{price}" for price in np.round(random.gamma(2, 10, 300) * (random.random(300) > 0.1), 2)],
         "plan": "basic"}
    )  # fmt: skip
    counted = count_movements(look(log, {**SETTINGS, "observed_until": "2024-02-01"}))
    gained = counted[["new", "reactivated", "expansion"]].sum(axis=1)
    lost = counted[["contraction", "churned"]].sum(axis=1)
    assert (counted["start"] + gained - lost).to_numpy() == pytest.approx(counted["end"].to_numpy(), abs=1e-9)
    assert counted["end"].to_numpy()[:-1].tolist() == counted["start"].to_numpy()[1:].tolist()
    assert (counted.drop(columns=["gross_retention", "net_retention"]) >= 0).all(axis=None)
    known = counted.dropna()
    assert (known["gross_retention"] <= known["net_retention"] + 1e-12).all()
    assert (known["gross_retention"] <= 1.0).all()
    assert (known[["reactivated", "expansion", "contraction"]].sum() > 0).all()  # nothing is there by chance alone


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_section_says_what_was_kept(moving, language):
    section = render_recurring(moving, Translation.of(language))
    tiles = {figure.name: figure for block in section.blocks if block.kind == "tiles" for figure in block.figures}
    assert (tiles["mrr"].value, tiles["mrr"].before) == (55.0, 67.5)
    assert tiles["net_retention"].value == pytest.approx(22 / 67.5)
    assert (tiles["mrr"].n, tiles["net_retention"].n) == (4, 3)
    assert ("32.6%" if language == "en" else "32,6%") in section.headline
    assert section.tables["recurring_revenue"]["mrr_end"].tolist() == [55.0, 67.5, 60.0]
    assert [figure.name for figure in section.highlighted] == ["net_retention"]
