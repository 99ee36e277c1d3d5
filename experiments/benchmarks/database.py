"""What reading a table of a server costs beside the same rows in Parquet: `database.py orders.parquet`.

The file is one that `scale.py` draws. Its rows go into a table of a server that is started for this and ends with it;
then each source is read into the engine in a process of its own.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.settings import Columns, DataSettings
from churnclv.data.source import read_file
from churnclv.files import PROJECT

TYPES = {"VARCHAR": "text", "BIGINT": "bigint", "DOUBLE": "double precision"}  # others are moments
MEMORY_LIMIT = "500MB"  # of the engine


def measure(path: str) -> None:
    """Read the raw rows of one source, and print what this process spent."""
    settings = DataSettings(path=path, columns=Columns(order_id="order_id"))
    log = read_file(connect(EngineSettings(memory_limit=MEMORY_LIMIT)), settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(json.dumps({"rows": log.rows_read, "cpu_s": round(time.process_time(), 1), "peak_mib": round(peak)}))


def fill(server, log: Path) -> None:  # noqa: ANN001 # a server of the tests
    """Put the rows of a Parquet file into the table `orders`."""
    source = f"FROM read_parquet('{log}')"
    columns = duckdb.sql(f"DESCRIBE SELECT * {source}").fetchall()
    described = ", ".join(f"{name} {TYPES.get(kind, 'timestamp')}" for name, kind, *_ in columns)
    server.execute(f"CREATE TABLE orders ({described})")
    with tempfile.TemporaryDirectory() as folder, server.connect() as connection:
        cells = Path(folder) / "orders.csv"
        duckdb.sql(f"COPY (SELECT * {source}) TO '{cells}' (HEADER)")
        with cells.open("rb") as stream:
            connection.cursor().execute("COPY orders FROM STDIN WITH (FORMAT csv, HEADER)", stream=stream)


def main() -> None:
    """Compare the two sources."""
    if sys.argv[1] == "--read":
        measure(sys.argv[2])
        return
    sys.path.insert(0, str(PROJECT / "tests"))
    from postgres_server import run_server  # noqa: PLC0415 # it lies among the tests

    log = Path(sys.argv[1]).resolve()
    with run_server() as server:
        fill(server, log)
        environment = {**os.environ, "PGPASSWORD": server.password}
        for name, path in (("Parquet", str(log)), ("PostgreSQL", f"{server.address()}#orders")):
            words = [sys.executable, __file__, "--read", path]
            done = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE, text=True)
            print(f"{name}: {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
