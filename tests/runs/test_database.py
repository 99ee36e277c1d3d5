"""The recipe of docs/database.md on a real server: log, trials and runs there, the password nowhere."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import urllib3

from churnclv.testing.market import Market, simulate

SMALL = ["clv=bgnbd", "churn=logistic", "tuning.n_trials=2", "windows.n_cutoffs=4", "windows.n_folds=2"]
pytestmark = pytest.mark.slow


def fill(server, log: Path) -> None:
    """Put a log into the table sales.orders, and beside it the view of the recipe."""
    names = "buyer text, placed_at timestamp, total numeric(12, 2)"
    server.execute("CREATE SCHEMA sales", f"CREATE TABLE sales.orders ({names}, state text DEFAULT 'paid')")
    with server.connect() as connection, log.open("rb") as content:
        copy = "COPY sales.orders (buyer, placed_at, total) FROM STDIN WITH (FORMAT csv, HEADER)"
        connection.cursor().execute(copy, stream=content)
    server.execute(
        "CREATE VIEW sales.churn_log AS SELECT buyer AS customer_id, placed_at AS timestamp, total AS amount "
        "FROM sales.orders WHERE state <> 'draft'"
    )
    server.execute("INSERT INTO sales.orders VALUES ('nobody', '2030-01-01', -5, 'draft')")


def contents(server, database: str) -> str:
    """Return every row of every table of a database as text."""
    tables = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database=database)
    rows = [server.execute(f"SELECT t::text FROM {name} AS t", database=database) for (name,) in tables]  # noqa: S608
    return "\n".join(row for table in rows for (row,) in table)


def files_with(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_log_trials_and_runs_are_on_a_server_and_the_password_is_nowhere(open_shop, postgres):
    shop = open_shop("a database", "orders.csv")
    log = simulate(Market(customers=300, days=600), 2).log
    log[["customer_id", "timestamp", "amount"]].to_csv(shop.log, index=False)
    fill(postgres, shop.log)
    server, studies, runs = postgres.address(), postgres.fresh_database("studies"), postgres.fresh_database("runs")
    shared = [f"tracking.uri={runs}", f"tracking.home={shop.home}"]
    here = ["data=transactions", f"data.path={server}", "data.table=sales.churn_log", f"tuning.storage={studies}"]
    printed = [shop.run("train", *here, *shared, *SMALL, check=False)]
    printed += [shop.run("export", *shared, check=False)]
    place = f"input={server}#sales.churn_log"
    printed += [shop.run("score", place, "output=table.csv", *shared, check=False)]
    printed += [shop.run("score", f"input={shop.log}", "output=file.csv", *shared, check=False)]
    for done in printed:
        assert done.returncode == 0, done.stdout + done.stderr
    assert (shop.folder / "table.csv").read_bytes() == (shop.folder / "file.csv").read_bytes()
    assert len(pd.read_csv(shop.folder / "table.csv")) == 300
    states = postgres.execute("SELECT state, count(*) FROM trials GROUP BY state", database="studies")
    assert {state for state, _ in states} <= {"COMPLETE", "PRUNED"}
    assert sum(count for _, count in states) >= 2
    kinds = postgres.execute("SELECT value FROM tags WHERE key = 'kind'", database="runs")
    assert {"train", "trial", "score"} <= {kind for (kind,) in kinds}
    assert {path.name for path in shop.home.iterdir()} & {"mlflow.db", "optuna.db"} == set()
    kept = contents(postgres, "runs") + contents(postgres, "studies") + "".join(d.stdout + d.stderr for d in printed)
    assert postgres.password not in kept
    assert files_with(shop.folder, postgres.password) == []
    for address in (studies, runs):  # where a company's servers stand
        assert address not in contents(postgres, "runs")
        assert files_with(shop.home, address) == []
    check_pages(shop, shared, postgres.password)


def check_pages(shop, shared, password) -> None:
    """Check that MLflow's pages show the server's experiments, and that no command line shows the password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "churnclv", "ui", f"port={port}", *shared]
    with (
        (shop.folder / "ui.txt").open("w") as out,
        subprocess.Popen(words, cwd=shop.folder, stdout=out, stderr=out, start_new_session=True) as started,
    ):
        try:
            patience = urllib3.Retry(total=120, backoff_factor=0.2, backoff_max=1.0)
            asked = f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/search?max_results=10"
            answer = urllib3.request("GET", asked, retries=patience)
            lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
        finally:
            os.killpg(started.pid, signal.SIGKILL)
    assert {"transactions", "transactions-monitoring"} <= {each["name"] for each in answer.json()["experiments"]}
    assert not any(password.encode() in line for line in lines)
    assert password not in re.sub(r"\s", "", (shop.folder / "ui.txt").read_text())
