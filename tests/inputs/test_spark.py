"""What scoring on Spark does not do is refused by name, before anything is read."""

import sys

import pytest

from churnclv.data.engine import EngineSettings
from churnclv.data.spark_rows import list_files
from churnclv.data.spark_session import ScoringEngineSettings, open_session
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
