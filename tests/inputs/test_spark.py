"""What scoring on Spark does not do is refused by name, before anything is read."""

import sys
from datetime import datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from churnclv.bundle.log_parts import FileReading, LogParts, PartFacts
from churnclv.bundle.scored_kinds import scored_kind
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.readings import ColumnReading
from churnclv.data.row_notices import count_ids
from churnclv.data.settings import Columns, CustomerKind, DataSettings, Policies, Policy, Spelling, TableSettings
from churnclv.data.span import count_days
from churnclv.data.spark_rows import list_files
from churnclv.data.spark_session import ScoringEngineSettings, open_session
from churnclv.data.spend_concentration import count_spend
from churnclv.errors import InputError
from churnclv.pipeline.settings import ScoreConfig
from churnclv.pipeline.spark_scoring import score_on_spark
from churnclv.progress import Progress

SPARK = ScoringEngineSettings(name="spark", master="local[2]")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"targets": "contact.csv"}, "targets=contact.csv: is not written on Spark"),
        ({"audiences": "folder"}, "audiences=folder: is not written on Spark"),
        ({"tables": {"web": "web.csv"}}, "tables: further tables are not read on Spark"),
        ({"input": "postgresql://reader@host/shop#orders"}, "Spark reads Parquet and CSV files, no server"),
        ({"output": "scores.csv"}, "output=scores.csv: Spark writes a folder of parts"),
    ],
)
def test_what_spark_does_not_do_is_refused(chosen, message):
    config = ScoreConfig(**{"input": "nosuch.csv", "output": "scores/", "engine": SPARK, **chosen})
    with pytest.raises(InputError, match=message):
        score_on_spark(config, Progress(), print)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"name": "flink"}, "engine.name is 'flink'"),
        ({"master": "local[2]"}, "engine.master=.* is for Spark"),
        ({"name": "spark", "part_customers": 0}, "engine.part_customers"),
    ],
)
def test_engines_of_scoring_are_checked(chosen, message):
    with pytest.raises(InputError, match=message):
        ScoringEngineSettings(**chosen)


def test_other_commands_name_what_to_do_instead():
    with pytest.raises(
        InputError, match=r"engine.name is 'spark'.*\n.*tuning.max_customers, or export the log to Parquet"
    ):
        EngineSettings(name="spark")


def test_a_missing_package_and_a_missing_runtime_name_their_remedy(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    with pytest.raises(InputError, match=r"Java is missing.\n.*Java 17 from the system's packages"):
        open_session("local[1]")


def test_without_pyspark_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(InputError, match=r"the package pyspark is missing.\n.*pip install 'churnclv\[spark\]'"):
        open_session("local[1]")


def test_a_folder_holds_files_of_one_kind(tmp_path):
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.CSV").touch()
    (tmp_path / "readme.txt").touch()
    assert [path.name for path in list_files(str(tmp_path))] == ["a.csv", "b.CSV"]
    (tmp_path / "c.parquet").touch()
    with pytest.raises(InputError, match="holds no files of one kind"):
        list_files(str(tmp_path))


def bundle(data=None, families=("recency",), readings=None):
    """Return what `LogParts` looks at in a bundle before it reads."""
    settings = DataSettings(**(data or {}))
    specification = SimpleNamespace(data=settings, readings=readings or {}, custom_families=lambda _: list(families))
    return SimpleNamespace(specification=specification, folder=None, kind=scored_kind(settings.shape))


def test_a_bundle_of_orders_scores_in_parts():
    LogParts(bundle(), FileReading())
    LogParts(bundle(readings={"country": ColumnReading("category")}), FileReading())


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (bundle(families=("recency", "referral")), "other customers"),
        (bundle({"amount_is_order_total": True}), "order totals"),
        (
            bundle(
                {
                    "tables": {
                        "web": TableSettings(
                            path="web.csv", kind="action", columns={"customer_id": "who", "timestamp": "at"}
                        )
                    }
                }
            ),
            "further tables",
        ),
        (bundle({"shape": CustomerKind.labelled, "target": "left"}), "a table without dates"),
        (bundle(readings={"age": ColumnReading("number")}), "attributes that are numbers"),
    ],
)
def test_a_bundle_whose_scores_need_other_rows_is_refused(made, message):
    with pytest.raises(InputError, match=rf"{message}.*\n.*engine.name=duckdb"):
        LogParts(made, FileReading())


def test_contracts_need_the_day_of_scoring():
    made = bundle({"shape": CustomerKind.contractual, "columns": Columns(end="end", price="price", amount=None)})
    with pytest.raises(InputError, match=r"as_of is not set.*\n.*give as_of="):
        LogParts(made, FileReading())
    LogParts(made, FileReading(as_of="2021-01-01"))


def facts(*rows):
    """Return the facts of a part of a log with these days and amounts."""
    frame = pd.DataFrame(rows, columns=["timestamp", "amount"]).assign(customer_id="ann")
    settings = DataSettings(spelling=Spelling())
    events = read_events(connect(EngineSettings()), settings, frame, is_whole=False)
    table = events.table
    counts = count_days(table, settings), count_ids(table, settings), count_spend(table)
    return PartFacts(events.quality, events.start, events.end, *counts, overlap=None)


def test_parts_that_are_read_in_different_ways_end_the_command():
    log, settings = LogParts(bundle(), FileReading()), DataSettings(spelling=Spelling())
    one, same, dates, signs = (
        facts(("2021-01-31", "1.50")),
        facts(("2021-02-28", "12.25")),
        facts(("31/01/2021", "1.50")),
        facts(("2021-01-31", "1,50")),
    )
    whole = log.join([one, same], settings, "orders.csv", malformed=0)
    assert (whole.quality.rows_read, whole.start, whole.end) == (2, datetime(2021, 1, 31), datetime(2021, 3, 1))
    with pytest.raises(InputError, match=r"orders.csv: parts .*: dates as day_month or iso\.\n.*give date_format="):
        log.join([one, dates], settings, "orders.csv", malformed=0)
    with pytest.raises(InputError, match=r"different ways: numbers as .*comma"):
        log.join([one, signs], settings, "orders.csv", malformed=0)


def test_a_fault_whose_policy_is_fail_is_one_of_the_whole_log():
    log = LogParts(bundle(), FileReading())
    parts = [facts(("2021-01-31", "1.50")), facts(("2021-02-28", "none"), ("2021-02-28", "2.50"))]
    strict = DataSettings(spelling=Spelling(), policy=Policies(unparseable_amount=Policy.fail))
    with pytest.raises(InputError, match=r"orders.csv: column 'amount': .*unparseable_amount: 1 rows"):
        log.join(parts, strict, "orders.csv", malformed=0)
    strict = DataSettings(spelling=Spelling(), max_set_aside_share=0.3)
    with pytest.raises(InputError, match=r"2 of 4 rows would be set aside"):
        log.join(parts, strict, "orders.csv", malformed=1)
