"""The engine that holds the log: DuckDB through Ibis, which spills to disk beyond its memory limit."""

import contextlib
import re
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

from ..errors import require
from ..ranges import Bounds, check_numbers, number
from ..scratch import scratch

_MEMORY = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([KMGT])i?B", re.IGNORECASE)
_LEAST_MEMORY = 16e6  # bytes; DuckDB fails below this


@dataclass
class EngineSettings:
    """Limits on the resources of the engine; null is the engine's default."""

    name: str = "duckdb"
    threads: int | None = number(None, Bounds(1, 1024, technical=True))
    memory_limit: str | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        elsewhere = (
            "make score runs on Spark. Learn from a sample with tuning.max_customers, or export the log to Parquet."
        )
        remedy = elsewhere if self.name == "spark" else ""
        require(self.name == "duckdb", f"engine.name is {self.name!r}, allowed is 'duckdb'.", remedy=remedy)
        check_numbers(self, "engine")
        limit = self.memory_limit
        remedy = "a size from 16MB on, such as 4GB or 500MB; or null."
        fits = limit is None or _bytes(limit) >= _LEAST_MEMORY
        require(fits, f"engine.memory_limit is {limit!r}.", remedy=remedy)


def _bytes(size: str) -> float:
    """Return the number of bytes of a size such as 4GB or 1.5 GiB; 0 for a text that is no size."""
    match = _MEMORY.fullmatch(size)
    return 0.0 if match is None else float(match[1]) * 1000.0 ** (1 + "KMGT".index(match[2].upper()))


def connect(settings: EngineSettings, spill: Path | None = None) -> Any:
    """Return an Ibis connection to a new in-memory DuckDB.

    Data beyond the memory limit go to a private folder in `spill` (default: the system's folder for temporary files).
    The folder is removed with the connection; a folder left by a killed process is removed by the next connection.
    """
    resources = contextlib.ExitStack()
    folder = resources.enter_context(scratch(spill or Path(tempfile.gettempdir())))
    options: dict[str, Any] = {"threads": settings.threads, "memory_limit": settings.memory_limit}
    options["temp_directory"] = str(folder)
    connection = ibis.duckdb.connect(**{key: value for key, value in options.items() if value is not None})
    weakref.finalize(connection, resources.close)
    connection.raw_sql("SET enable_progress_bar = false")
    connection.raw_sql("SET TimeZone = 'UTC'")
    return connection
