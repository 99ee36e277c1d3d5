"""What a run is called, and what its page says first."""

from churnclv.pipeline import run
from churnclv.pipeline.settings import TrainConfig
from churnclv.tracking.headline import describe, headline_metrics

FOUND = {
    "valid.churn.auc": 0.80661,
    "valid.churn.auc_low": 0.79983,
    "valid.churn.auc_high": 0.81266,
    "test.churn.auc": 0.84021,
    "valid.spend.rmse": 35.9271,
    "valid.churn.logistic.auc": 0.7,
}


def test_validation_stands_beside_the_sealed_test_with_intervals():
    assert describe(FOUND).splitlines() == [
        "| | validation | sealed test |",
        "|---|---|---|",
        "| AUC of the churn score | 0.8066 (0.7998 to 0.8127) | 0.8402 |",
        "| RMSE of expected spend | 35.93 |  |",
    ]


def test_a_closed_seal_has_no_column():
    assert describe({"valid.churn.auc": 0.5}).splitlines() == [
        "| | validation |",
        "|---|---|",
        "| AUC of the churn score | 0.5 |",
    ]


def test_a_run_that_was_not_judged_says_nothing():
    assert describe({"ablation.churn.logistic": 0.3}) == ""


def test_the_main_metric_comes_first():
    assert headline_metrics()[:2] == ["valid.churn.auc", "test.churn.auc"]


def test_a_run_is_called_by_its_entry_and_what_was_chosen():
    chosen = ["data=transactions", "clv=hybrid", "clv=bgnbd", "data.path='my orders.csv'", "windows.share=0.25"]
    assert run.title_run(TrainConfig(), chosen) == "clv=bgnbd share=0.25"
    assert run.title_run(TrainConfig(entry="monotone"), chosen) == "monotone clv=bgnbd share=0.25"


def test_a_run_of_defaults_says_so_and_a_long_title_is_cut():
    assert run.title_run(TrainConfig(), []) == "defaults"
    assert run.title_run(TrainConfig(), ["tuning.x=" + "9" * 60]) == "x=" + "9" * 29 + "…"
