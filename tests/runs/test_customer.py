"""The page on one customer: the figures of the score file, the months of the log, and nothing written."""

import pandas as pd
import pytest

from churnclv.report.customer_page import Change, CustomerView, Month, render_customer
from churnclv.report.texts.translation import UNKNOWN, Translation

HOSTILE = "\x1b[31mann\n<b>"
ROW = {
    "customer_id": HOSTILE, "as_of": "2024-03-01", "horizon_days": 90.0, "churn_score": 0.257, "risk_band": "low",
    "reason_1": "bought lately", "reason_2": None, "reason_3": None, "action": "contact", "expected_gain": 12.345,
    "expected_purchases": 1.2, "expected_next_order": "2024-03-20", "expected_next_order_low": "2024-03-05",
    "expected_next_order_high": None, "clv": 40.0, "clv_low": 1.0, "clv_high": 90.5, "spend_to_date": 1234.0,
    "segment": "Loyal",
}  # fmt: skip


def page(row=ROW, months=(), changes=(), language="en"):
    return list(render_customer(CustomerView(row, months, changes), Translation.of(language)))


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_page_has_80_columns_and_a_hostile_id_is_text(language):
    months = [Month("2024-02", 2, 60.5, 0, 0.31, "Loyal"), Month("2024-03", 0, 0.0, 1, None, None)]
    lines = page(months=months, changes=[Change("customer.if.order", {"amount": 30.25}, 0.1)], language=language)
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
    text = " ".join(" ".join(lines).split())
    for wanted in ("25.7%", "90", "12.35", "2024-03-20", "2024-03-05", "1,234", "40.00", "31.0%", "30.25", "10.0%"):
        assert (wanted if language == "en" else wanted.translate(str.maketrans(".,", ",."))) in text, wanted


def test_what_is_not_known_is_left_out_or_said():
    nothing = dict.fromkeys(ROW) | {"customer_id": "ann", "as_of": None}
    assert page(nothing) == [
        f"ann, as of {UNKNOWN}", "", "Churn score             none: not in the population of the scores",
    ]  # fmt: skip
    late = "\n".join(page(ROW | {"expected_next_order": None}))
    assert "none is likelier than one within a year" in late
    without = "\n".join(page(months=[Month("2024-02", 2, None, 0, 0.31, "Loyal")]))
    assert "spend " not in without.partition("by month")[2]


@pytest.mark.slow
def test_the_page_has_the_figures_of_the_scores_and_of_the_log(exported, scored):
    shop, _ = exported
    before = {path: path.stat().st_mtime_ns for path in shop.home.rglob("*") if path.suffix in (".parquet", ".csv")}
    who = scored.sort_values("churn_score").iloc[0]
    printed = shop.run("customer", f"input={shop.log}", f"id={who.customer_id}").stdout
    assert max(map(len, printed.splitlines())) <= 80
    assert f"{who.churn_score:.1%} within 90 days" in printed
    assert f"{who.expected_next_order}, eight in ten between" in printed
    assert f"{who.clv:.2f} [{who.clv_low:.2f}, {who.clv_high:.2f}]" in " ".join(printed.split())
    log = pd.read_csv(shop.log, dtype={"customer_id": str}, parse_dates=["timestamp"])
    mine = log[log["customer_id"] == who.customer_id]
    by_month = mine.groupby(mine["timestamp"].dt.strftime("%Y-%m"))["amount"].agg(["size", "sum"])
    shown = [line.split() for line in printed.splitlines() if line.startswith("  20")]
    assert len(shown) == 12
    for month, orders, spend, others, *_ in shown:
        size, amount = by_month.loc[month] if month in by_month.index else (0, 0.0)
        assert (int(orders), float(spend.replace(",", "")), int(others)) == (size, pytest.approx(amount), 0)
    assert shown[-1][4] == f"{who.churn_score:.1%}"  # the month that is still running ends now
    changes = [line.rpartition(" instead of ") for line in printed.splitlines() if " instead of " in line]
    silent = [float(line.split()[-1].rstrip("%")) for line, _, _ in changes if "without an order" in line]
    assert silent == sorted(silent)  # longer silence, higher risk
    assert {now for _, _, now in changes} == {f"{who.churn_score:.1%}"}
    after = {path: path.stat().st_mtime_ns for path in shop.home.rglob("*") if path.suffix in (".parquet", ".csv")}
    assert after == before
    unknown = shop.run("customer", f"input={shop.log}", "id=nobody", check=False)
    assert unknown.returncode == 2
    assert "has no customer 'nobody'" in unknown.stderr
    early = shop.run("customer", f"input={shop.log}", f"id={who.customer_id}", "as_of=2009-01-01", check=False)
    assert early.returncode == 2
    assert "Traceback" not in early.stderr
