"""The text of one customer, planted in an attribute, stands in nothing that training and export write."""

import pytest

from churnclv.testing.market import Market, simulate

NOTE = "Rossi Mario, via Roma 1"
TINY = [
    *("clv=bgnbd", "churn=xgboost", "churn.class_weight=none", "churn.calibration=none", "churn.max_rounds=15"),
    *("tuning.n_trials=2", "windows.n_cutoffs=5", "windows.n_folds=2"),
]


@pytest.mark.slow
def test_a_planted_text_is_in_no_artefact_and_no_bundle(open_shop):
    shop, log = open_shop("planted", "log.csv"), simulate(Market(customers=250, days=720), 1).log
    notes = {name: NOTE if n == 3 else f"plan{n % 3}" for n, name in enumerate(log["customer_id"].unique())}
    log.assign(note=log["customer_id"].map(notes)).to_csv(shop.log, index=False)
    shop.run("train", "data=transactions", f"data.path={shop.log}", "+data.static.note=note", *TINY)
    shop.run("export")
    written = [path for part in ("artifacts", "export") for path in (shop.home / part).rglob("*") if path.is_file()]
    assert len(written) > 50
    assert not [path.name for path in written if NOTE.encode() in path.read_bytes()]
    (model,) = {path.read_text() for path in written if path.name == "xgboost.json" and "export" in path.parts}
    assert "plan1" in model
