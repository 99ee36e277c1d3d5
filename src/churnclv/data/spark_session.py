"""Spark sessions: on a cluster or on this machine, with settings under which results do not depend on the place."""

import os
import shutil
import sys
import warnings
from dataclasses import dataclass
from typing import Any

from ..databases import reason_of
from ..errors import InputError, require
from ..ranges import Bounds, check_numbers, number

INSTALL = "pip install 'churnclv[spark]'"
INSTALL_JAVA = "install Java 17 from the system's packages, such as apt-get install openjdk-17-jre-headless."
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # shop time has no zone
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",  # names of columns may differ in case alone
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",  # a failure is raised, and Spark's own lines may hold cells
}
_LOCAL = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false"}


@dataclass
class ScoringEngineSettings:
    """Where customers are scored.

    Attributes:
        name: duckdb on this machine, or spark.
        master: of Spark, as `spark-submit --master` takes it; null is that of the submitted program.
        part_customers: of the customers that one task of Spark scores at a time.
    """

    name: str = "duckdb"
    master: str | None = None
    part_customers: int = number(20_000, Bounds(1, 40_000, technical=True))

    def __post_init__(self) -> None:
        """Check the names and the range."""
        known = self.name in ("duckdb", "spark")
        require(known, f"engine.name is {self.name!r}.", remedy="duckdb on this machine, or spark.")
        alone = self.master is None or self.is_spark
        require(alone, f"engine.master={self.master} is for Spark.", remedy="set engine.name=spark, or leave it out.")
        check_numbers(self, "engine")

    @property
    def is_spark(self) -> bool:
        """Whether Spark runs the tasks."""
        return self.name == "spark"


def open_session(master: str | None) -> Any:
    """Return a Spark session; None takes the master of the submitted program or of Spark's own files.

    Raises:
        InputError: pyspark or Java is missing, or Spark cannot be started there.
    """
    try:
        warnings.filterwarnings("ignore", "PySpark does not yet", FutureWarning)  # on pandas' frames: ours are Arrow's
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError("engine.name=spark: the package pyspark is missing.", remedy=INSTALL) from None
    require(has_java(), "engine.name=spark: Java is missing.", remedy=INSTALL_JAVA)
    is_local = master is not None and master.startswith("local")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # tasks need the packages of this process
    if is_local:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.appName("churnclv")
    for name, value in (_SETTINGS | (_LOCAL if is_local else {})).items():
        builder = builder.config(name, value)
    try:
        session = (builder if master is None else builder.master(master)).getOrCreate()
    except (PySparkException, Py4JError, OSError, RuntimeError) as error:
        remedy = "name one that runs, such as engine.master=local[4] or spark://host:7077."
        java = getattr(error, "java_exception", None)  # whose first line is what happened
        reason = reason_of(error if java is None else RuntimeError(java.getMessage()))
        raise InputError(f"engine.master={master}: Spark cannot be started there ({reason}).", remedy=remedy) from None
    return session


def has_java() -> bool:
    """Return whether Spark finds a Java runtime: in JAVA_HOME, otherwise on the path."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which(os.path.join(home, "bin", "java") if home else "java") is not None  # noqa: PTH118 # a text
