"""The interval of the next order holds as many next orders of those who return as it says, on simulated markets."""

import numpy as np
import pandas as pd
import pytest

from churnclv.clv.clv_model import ClvChoice, ClvModel
from churnclv.clv.rfm import AGE, LOG_GAPS, MEAN_SPEND, T_X, X
from churnclv.testing.market import Market, simulate

CUTOFF_DAY, WITHIN_DAYS = 730, 365
MARKETS = {
    "bgnbd": Market(customers=12_000, days=CUTOFF_DAY + WITHIN_DAYS, r=0.9),
    "pareto_nbd": Market(customers=12_000, days=CUTOFF_DAY + WITHIN_DAYS, r=0.9, pareto=True, a=0.6, b=80.0),
}


def cut(market: Market, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Histories at the cutoff, and the days from it to each customer's next order; NaN for those who do not return."""
    log = simulate(market, seed).log
    moment = (log["timestamp"] - pd.Timestamp(market.start)) / pd.Timedelta(days=1)
    log = log.assign(moment=moment, day=np.floor(moment))
    before = log[log["moment"] < CUTOFF_DAY].drop_duplicates(["customer_id", "day"])
    days = before.groupby("customer_id")["day"]
    first, last, n = days.min(), days.max(), days.size()
    columns = {X: n - 1.0, T_X: last - first, AGE: CUTOFF_DAY - 1.0 - first, MEAN_SPEND: 20.0, LOG_GAPS: 0.0}
    after = log[log["moment"] >= CUTOFF_DAY].groupby("customer_id")["moment"].min() - CUTOFF_DAY
    histories = pd.DataFrame(columns).astype(float).assign(cutoff=pd.Timestamp(market.start) + pd.Timedelta(days=730))
    return histories, after.reindex(n.index).to_numpy()


def combined(histories: pd.DataFrame, base: str) -> ClvModel:
    members = {name: ClvChoice(name=name, base=name) for name in MARKETS}
    equal = dict.fromkeys(members, 0.5)
    choice = ClvChoice(
        name="combined", base=base, members=members, weights={"purchases": equal, "spend": equal}, horizon_days=90.0
    )
    return ClvModel(choice).fit(histories)


@pytest.mark.slow
@pytest.mark.parametrize("name", MARKETS)
@pytest.mark.parametrize("kind", ["fitted", "combined"])
def test_the_80_percent_interval_holds_as_many_of_those_who_return(name, kind):
    histories, next_order = cut(MARKETS[name], seed=11)
    model = ClvModel(name=name).fit(histories) if kind == "fitted" else combined(histories, name)
    expected = model.next_order(histories, WITHIN_DAYS)
    returned = ~np.isnan(next_order)
    inside = (next_order >= expected.low) & (next_order <= expected.high)
    assert returned.sum() > 2500
    assert 0.78 <= inside[returned].mean() <= 0.82
    assert expected.p_order.mean() == pytest.approx(returned.mean(), abs=0.02)
    assert (next_order <= expected.median)[returned].mean() == pytest.approx(0.5, abs=0.03)
