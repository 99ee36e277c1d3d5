"""The engine that holds the log: DuckDB through Ibis, spilling to disk past its memory limit."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

from ..errors import require
from ..ranges import Bounds, check_numbers, number
from ..scratch import make_scratch

_MEMORY = re.compile(r"\d{1,9}(\.\d{1,3})? ?([KMGT]i?B|%)", re.IGNORECASE)


@dataclass
class EngineSettings:
    """How much of the machine the engine may use; null leaves it to the engine."""

    name: str = "duckdb"
    threads: int | None = number(None, Bounds(1, 1024, technical=True))
    memory_limit: str | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(self.name == "duckdb", f"engine.name is {self.name!r}, allowed is 'duckdb'.")
        check_numbers(self, "engine")
        limit = self.memory_limit
        fits = limit is None or (_MEMORY.fullmatch(limit) is not None and any(sign in "123456789" for sign in limit))
        require(fits, f"engine.memory_limit is {limit!r}.", remedy="a size such as 4GB, 500MB or 80%; or null.")


def connect(settings: EngineSettings, spill: Path | None = None) -> Any:
    """Return an Ibis connection to a new in-memory DuckDB.

    `spill` is the folder for what exceeds memory, by default that of temporary files; what lies there is removed with
    the process, or by the next one.
    """
    options: dict[str, Any] = {"threads": settings.threads, "memory_limit": settings.memory_limit}
    options["temp_directory"] = str(make_scratch(spill or Path(tempfile.gettempdir())))
    connection = ibis.duckdb.connect(**{key: value for key, value in options.items() if value is not None})
    connection.raw_sql("SET enable_progress_bar = false")
    connection.raw_sql("SET TimeZone = 'UTC'")
    return connection
