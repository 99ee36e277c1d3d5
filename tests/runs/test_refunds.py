"""A shop half of whose customers send everything back: what its summary, card, scores and contact list hold."""

import numpy as np
import pandas as pd
import pytest

from churnclv.testing.market import Market, simulate

pytestmark = pytest.mark.slow

SMALL = [
    "clv=bgnbd", "churn=xgboost", "churn.class_weight=none", "churn.calibration=none", "tuning.n_trials=1",
    "churn.max_rounds=15", "windows.n_cutoffs=4", "windows.n_folds=1", "windows.open_seal=false",
]  # fmt: skip
RETURN_DAYS = 10


def shop_of_returners():
    """Return a log, and whether each customer keeps what they buy; the others send all of it back after ten days."""
    orders = simulate(Market(customers=250, days=720), 1).log.assign(amount=lambda log: log["amount"].astype(float))
    orders["timestamp"] = pd.to_datetime(orders["timestamp"])
    keeps = {customer: place % 2 == 0 for place, customer in enumerate(sorted(orders["customer_id"].unique()))}
    back = orders[~orders["customer_id"].map(keeps)].assign(amount=lambda log: -log["amount"])
    back = back.assign(timestamp=back["timestamp"] + pd.Timedelta(days=RETURN_DAYS))
    log = pd.concat([orders, back[back["timestamp"] <= orders["timestamp"].max()]]).sort_values("timestamp")
    return log, pd.Series(keeps)


@pytest.fixture(scope="module")
def scored(open_shop):
    shop = open_shop("returners", "orders.csv")
    log, keeps = shop_of_returners()
    log.to_csv(shop.log, index=False)
    page = shop.page(shop.run("train", "data=transactions", f"data.path={shop.log}", *SMALL).stdout)
    shop.run("export")
    shop.run("score", f"input={shop.log}", "output=scores.csv", "targets=contact.csv")
    scores = pd.read_csv(shop.folder / "scores.csv").set_index("customer_id")
    card = next(shop.home.glob("export/*/artifacts/bundle/card.md")).read_text()
    return log, keeps, page, card, scores, pd.read_csv(shop.folder / "contact.csv")


def test_summary_and_card_name_the_share(scored):
    log, _, page, card, *_ = scored
    share = -log.loc[log["amount"] < 0, "amount"].sum() / log.loc[log["amount"] > 0, "amount"].sum()
    sentence = f"Refunds ({share:.1%} of revenue) are taken off spend and CLV (data.refunds=net)."
    assert sentence in page
    assert sentence in card


def test_who_sends_everything_back_is_expected_to_bring_nothing(scored):
    log, keeps, _, _, scores, _ = scored
    kept = scores.index.map(keeps).to_numpy(dtype=bool)
    mean = scores[["expected_spend", "clv"]].groupby(kept).mean()
    assert (mean.loc[False] < 0.1 * mean.loc[True]).all()
    # those who keep everything go on as in their last quarter
    recent = log[log["timestamp"] >= log["timestamp"].max() - pd.Timedelta(days=90)]
    lately = recent.groupby("customer_id")["amount"].sum().reindex(scores.index[kept]).fillna(0.0).mean()
    assert 0.5 * lately < mean.loc[True, "expected_spend"] < 1.5 * lately
    # who returned all of several orders, the last of them long due
    orders = log[log["amount"] > 0].groupby("customer_id")["timestamp"].agg(["size", "max"])
    settled = (orders["size"] >= 3) & (orders["max"] < log["timestamp"].max() - pd.Timedelta(days=60)) & ~keeps
    assert settled.sum() > 5
    assert (scores.loc[settled[settled].index, "expected_spend_high"] < 0.2 * scores["expected_spend_high"].max()).all()


def test_the_contact_list_prefers_those_who_keep(scored):
    *_, keeps, _, _, _, contacts = scored
    listed = contacts["customer_id"].map(keeps)
    assert len(listed) > 0
    assert np.mean(listed) > 0.9
