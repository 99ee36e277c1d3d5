"""The engine that holds the log: DuckDB through Ibis, spilling to disk past its memory limit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

from ..errors import require
from ..scratch import make_scratch


@dataclass
class EngineSettings:
    """How much of the machine the engine may use; null leaves it to the engine."""

    name: str = "duckdb"
    threads: int | None = None
    memory_limit: str | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(self.name == "duckdb", f"engine.name is {self.name!r}, allowed is 'duckdb'.")
        require(self.threads is None or self.threads >= 1, f"engine.threads is {self.threads}, at least 1.")


def connect(settings: EngineSettings, spill: Path | None = None) -> Any:
    """Return an Ibis connection to a new in-memory DuckDB; `spill` is the folder for what exceeds memory."""
    options: dict[str, Any] = {"threads": settings.threads, "memory_limit": settings.memory_limit}
    if spill is not None:
        options["temp_directory"] = str(make_scratch(spill))
    connection = ibis.duckdb.connect(**{key: value for key, value in options.items() if value is not None})
    connection.raw_sql("SET enable_progress_bar = false")
    connection.raw_sql("SET TimeZone = 'UTC'")
    return connection
