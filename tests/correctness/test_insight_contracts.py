"""Figures of contracts by hand, and Kaplan-Meier against a published curve."""

import numpy as np
import pandas as pd
import pytest

from churnclv.data.settings import Columns, CustomerKind, Policies, Policy, TableSettings
from churnclv.decision.economics import EconomicsSettings
from churnclv.report.bundle_scores import Champion
from churnclv.report.incidence import estimate_incidence
from churnclv.report.recurring_revenue import count_movements
from churnclv.report.renewals import MONTHLY, count_renewals, next_renewal
from churnclv.report.section import Missing, Note, Tiles
from churnclv.report.sections.contract_section import render_contracts, render_survival
from churnclv.report.sections.recurring_section import render_recurring
from churnclv.report.sections.renewal_section import render_renewals
from churnclv.report.survival import CAUSES, count_stays, count_under_contract, estimate_survival, price_spells
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


# five stays from the first day on: days 1 and 3 end by choice, day 2 by a failed payment, two are open at days 2 and 4
CAUSED = pd.DataFrame(
    [(0, 1, 1, "voluntary"), (0, 2, 1, "involuntary"), (0, 2, 0, None), (0, 3, 1, "voluntary"), (0, 4, 0, None)],
    columns=["entered", "lasted", "ended", "cause"],
).assign(n=1)


def test_cumulative_incidence_by_hand():
    incidences = estimate_incidence(CAUSED)
    # S = 0.8, 0.6, 0.3; by choice 1/5, then 0.6 x 1/2 more; by a failed payment 0.8 x 1/4
    assert list(incidences) == ["voluntary", "involuntary"]
    assert incidences["voluntary"].share == pytest.approx([0.2, 0.2, 0.5])
    assert incidences["involuntary"].share == pytest.approx([0.0, 0.2, 0.2])
    assert [curve.ends for curve in incidences.values()] == [2, 1]
    assert (incidences["voluntary"].at(0.5), incidences["voluntary"].at(2.5)[0]) == ((0.0, 0.0, 0.0), 0.2)


def many_stays(seed, late):
    random = np.random.default_rng(seed)
    entered = random.integers(0, 20, 400) if late else np.zeros(400, dtype=int)
    ended = random.random(400) < 0.7
    cause = np.where(ended, random.choice(["voluntary", "involuntary", "unstated"], 400, p=[0.6, 0.3, 0.1]), None)
    lasted = entered + random.integers(1, 60, 400)
    return pd.DataFrame({"entered": entered, "lasted": lasted, "ended": ended.astype(int), "cause": cause,
                         "n": random.integers(1, 4, 400)})  # fmt: skip


@pytest.mark.parametrize("late", [False, True])
def test_the_incidences_and_the_survival_sum_to_one(late):
    stays = many_stays(1, late)
    curve, incidences = estimate_survival(stays), estimate_incidence(stays)
    assert len(incidences) == 3
    total = curve.share + sum(incidence.share for incidence in incidences.values())
    assert total == pytest.approx(np.ones(len(curve.days)))
    for incidence in incidences.values():
        assert (np.diff(incidence.share) >= 0).all()
        inside = (incidence.share > 0) & (incidence.share < 1)
        assert (incidence.low[inside] < incidence.share[inside]).all()
        assert (incidence.high[inside] > incidence.share[inside]).all()


def test_one_cause_alone_is_one_less_the_survival_and_without_open_stays_the_variance_is_binomial():
    stays = many_stays(2, late=False).assign(ended=1, n=1)
    alone = estimate_incidence(stays.assign(cause="voluntary"))["voluntary"]
    assert alone.share == pytest.approx(1.0 - estimate_survival(stays).share)
    causes = stays.assign(cause=np.where(np.arange(400) % 3 == 0, "involuntary", "voluntary"))
    for incidence in estimate_incidence(causes).values():
        p = incidence.share
        reach = 1.959963984540054 * np.sqrt(p * (1 - p) / 400)
        inside = (p > 0) & (p < 1)
        expected = p[inside] ** np.exp(reach[inside] / (p[inside] * np.abs(np.log(p[inside]))))
        assert incidence.low[inside] == pytest.approx(expected)


# bob and cat leave by their own will and by a failed payment; dan's two contracts end on one day, one of each
REASONS = pd.DataFrame(
    [
        ("ann", "2024-01-01", "", "10", ""),
        ("bob", "2024-01-10", "2024-02-05", "20", "too expensive"),
        ("cat", "2024-01-15", "2024-02-15", "30", "card expired"),
        ("dan", "2024-01-05", "2024-02-20", "40", "card expired"),
        ("dan", "2024-01-06", "2024-02-20", "40", "moved"),
        ("eve", "2024-01-07", "2024-02-21", "50", ""),
    ],
    columns=["customer_id", "timestamp", "end", "price", "reason"],
)
STATED = {
    "shape": CustomerKind.contractual,
    "observed_until": "2024-03-01",
    "columns": Columns(amount=None, price="price", end="end", reason="reason"),
    "policy": Policies(overlapping_contract=Policy.keep),
}


@pytest.mark.parametrize("language", ["en", "it"])
def test_ends_by_choice_and_not_by_choice_are_counted_apart(look, language):
    base = look(REASONS, STATED, involuntary_reasons=["card expired", "unpaid"])
    causes = count_stays(base).dropna(subset=["cause"]).set_index("lasted")["cause"].to_dict()
    assert causes == {26: "voluntary", 31: "involuntary", 46: "voluntary", 45: "unstated"}
    texts = Translation.of(language)
    section = render_survival(base, texts)
    assert section.tables["causes"]["spell_ends"].tolist() == [2, 1, 1]
    assert section.tables["causes"]["cause"].tolist() == [texts.text(f"causes.{name}") for name in CAUSES]
    missing = [block.text for block in section.blocks if isinstance(block, Missing)]
    assert missing == [texts.text("causes.unseen", names="unpaid")]


def test_reasons_without_names_of_the_involuntary_ones_say_how_to_name_them(look, base):
    section = render_survival(look(REASONS, STATED), ENGLISH)
    assert [block.text for block in section.blocks if isinstance(block, Missing)] == [ENGLISH.text("causes.none")]
    assert "causes" not in section.tables
    assert [block for block in render_survival(base, ENGLISH).blocks if isinstance(block, Missing)] == []


def test_a_change_of_plan_within_a_contract_is_expansion_or_contraction(look, tmp_path):
    contracts = pd.DataFrame(
        [("c1", "ann", "2024-01-01", "", "10"), ("c2", "ann", "2024-01-05", "", "5"),
         ("c3", "bob", "2024-01-10", "", "20"), ("c4", "cat", "2024-01-12", "2024-02-10", "30"),
         ("c5", "dan", "2024-01-15", "", "0")],
        columns=["contract", "customer_id", "timestamp", "end", "price"],
    )  # fmt: skip
    changes = pd.DataFrame(
        [("c1", "ann", "2024-02-10", "12.5"),  # ann pays 2.50 more for one of her two contracts
         ("", "bob", "2024-02-11", "15"),  # bob pays 5 less; the row names no contract
         ("c4", "cat", "2024-02-20", "99"),  # after its end
         ("c5", "dan", "2024-02-01", "8"),  # dan pays for the first time, at the first moment of the month
         ("c1", "ann", "2024-03-05", ""),  # no price: nothing changes
         ("c1", "ann", "2024-03-06", "9"), ("c1", "ann", "2024-04-01", "50")],  # the last is after the report's day
        columns=["contract", "customer_id", "timestamp", "price"],
    )  # fmt: skip
    path = tmp_path / "changes.csv"
    changes.to_csv(path, index=False)
    columns = {"customer_id": "customer_id", "timestamp": "timestamp", "order_id": "contract", "amount": "price"}
    table = TableSettings(path=str(path), columns=columns, kind="plan_change")
    settings = {
        "shape": CustomerKind.contractual, "observed_until": "2024-04-01", "tables": {"changes": table},
        "columns": Columns(amount=None, price="price", end="end", contract_id="contract"),
        "policy": Policies(overlapping_contract=Policy.keep),
    }  # fmt: skip
    base = look(contracts, settings, as_of="2024-04-01")
    shown = ["start", "new", "reactivated", "expansion", "contraction", "churned", "end"]
    january, february, march = (2024 * 12 + month for month in range(3))
    counted = count_movements(base)
    assert counted.loc[january, shown].tolist() == [0, 65, 0, 0, 0, 0, 65]
    assert counted.loc[february, shown].tolist() == [65, 8, 0, 2.5, 5, 30, 40.5]
    assert counted.loc[march, shown].tolist() == [40.5, 0, 0, 0, 3.5, 0, 37]
    assert count_under_contract(base)["monthly"].tolist() == [65, 40.5, 37]
    spells = price_spells(base).execute().sort_values(["order_id", "begin"])
    assert spells[spells["order_id"] == "c1"]["price"].astype(float).tolist() == [10, 12.5, 9]


# on 1 March: ann's year ends on the 10th; bob's quarter on 15 April; cat's half-year on 30 August (begun on the 31st);
# dan's year ends today; eve has no term; fay's contract is over
DUE = pd.DataFrame(
    [
        ("ann", "2023-03-10", "", "10", "12"),
        ("bob", "2024-01-15", "", "20", "3"),
        ("cat", "2023-08-31", "", "30", "6"),
        ("dan", "2023-03-01", "", "40", "12"),
        ("eve", "2024-02-20", "", "50", ""),
        ("fay", "2023-03-10", "2024-02-01", "60", "12"),
    ],
    columns=["customer_id", "timestamp", "end", "price", "term"],
)
TERMS = {
    "shape": CustomerKind.contractual,
    "observed_until": "2024-03-01",
    "columns": Columns(amount=None, price="price", end="end", term_months="term"),
}


def champion_of(scores):
    rows = pd.DataFrame({
        "customer_id": list(scores), "churn_score": list(scores.values()), "clv": 1.0, "expected_gain": 0.0,
        "segment": None, "horizon_days": 30.0,
    })  # fmt: skip
    return Champion(rows, EconomicsSettings())


def test_renewals_due_by_hand(look):
    base = look(DUE, TERMS)
    table = count_renewals(base, champion_of({"ann": 0.5, "bob": 0.1, "dan": 0.25, "eve": 0.2}))
    assert table.index.tolist() == [30, 60, 90, MONTHLY]
    assert table["contracts"].tolist() == [2, 3, 3, 1]
    assert table["revenue"].tolist() == [50, 70, 70, 50]
    assert table["loss"].tolist() == pytest.approx([5 + 10, 17, 17, 10])
    assert table["scored"].tolist() == [2, 3, 3, 1]


@pytest.mark.parametrize(
    ("begin", "term", "today", "due"),
    [
        ("2024-01-31", 1, "2024-02-10", "2024-02-29"),  # the last day of a month without the 31st
        ("2024-01-31", 1, "2024-03-01", "2024-03-31"),  # and back on the 31st
        ("2023-03-01", 12, "2024-03-01", "2024-03-01"),  # today
        ("2023-03-01", 12, "2024-03-02", "2025-03-01"),
        ("2024-02-28 23:00", 24, "2024-03-01", "2026-02-28"),
        ("2010-01-15", 3, "2024-04-15 00:00", "2024-04-15"),
    ],
)
def test_the_next_renewal_is_a_whole_number_of_terms_after_the_start(begin, term, today, due):
    found = next_renewal(pd.Timestamp(begin).to_pydatetime(), term, pd.Timestamp(today).to_pydatetime())
    assert f"{found:%Y-%m-%d}" == due


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_section_on_renewals_says_what_is_due_and_what_is_billed_monthly(look, language):
    texts, champion = Translation.of(language), champion_of({"ann": 0.5, "dan": 0.25})
    section = render_renewals(look(DUE, TERMS), texts, champion)
    figures = {figure.name: figure for block in section.blocks if isinstance(block, Tiles) for figure in block.figures}
    assert {name: figure.value for name, figure in figures.items()} == {
        "renewals": 2, "renewal_revenue": 50.0, "renewal_loss": 15.0,
    }  # fmt: skip
    assert texts.text("renewals.monthly", n=1.0) in [block.text for block in section.blocks if isinstance(block, Note)]
    assert section.tables["renewals"]["due"].tolist()[0] == texts.text("renewals.within", days=30.0)
    assert texts.write(15.0, "money") in section.headline


def test_contracts_without_any_term_are_billed_monthly(look):
    base = look(DUE.drop(columns="term"), {**TERMS, "columns": Columns(amount=None, price="price", end="end")})
    section = render_renewals(base, ENGLISH, None)
    (figures,) = [block.figures for block in section.blocks if isinstance(block, Tiles)]
    assert [(figure.value, figure.period) for figure in figures] == [(5, "Billed monthly"), (150.0, "Billed monthly")]
    assert section.headline is None
    assert [block.text for block in section.blocks if isinstance(block, Missing)] == [ENGLISH.text("missing.scores")]


def test_nothing_is_due_where_every_contract_is_over(look):
    table = count_renewals(look(DUE.assign(end="2024-02-25"), TERMS), champion_of({"ann": 0.5}))
    assert table.to_numpy().tolist() == [[0.0, 0.0, 0.0, 0.0]] * 3
