"""A PostgreSQL server of the tests' own: a private folder, a free port of the loopback, an unprivileged user."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PATIENCE_SECONDS = 60
_UNPRIVILEGED = "nobody"  # the server refuses to run as root


class PostgresServer:
    """A running server with the database `shop`; its owner `keeper` has a password, as every user has."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self.folder, self.port, self.password = folder, port, password

    def address(self, database: str = "shop", user: str = "keeper") -> str:
        """Return the address of a database, without the password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "shop"):
        """Run SQL as the owner; return the rows of the last statement, if it has any."""
        with self.connect(database) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def connect(self, database: str = "shop"):
        """Return a connection of the owner, which is closed at the end of a block; every statement is committed."""
        import pg8000.dbapi

        login = {"host": "127.0.0.1", "port": self.port, "password": self.password}
        connection = pg8000.dbapi.connect("keeper", database=database, **login)
        connection.autocommit = True
        return contextlib.closing(connection)

    def fresh_database(self, name: str) -> str:
        """Return the address of a new, empty database."""
        self.execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}", database="postgres")
        return self.address(name)


def find_programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`; None where no server is installed."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql*/bin")]
    named = shutil.which("postgres")
    places += [] if named is None else [Path(named).resolve().parent]
    complete = [place for place in places if (place / "initdb").exists() and (place / "postgres").exists()]
    return complete[-1] if complete else None


@contextlib.contextmanager
def run_server():
    """Yield a server, or skip the test where there is no program or no driver for one."""
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    for driver in ("adbc_driver_postgresql", "pg8000"):
        pytest.importorskip(driver, reason=f"{driver} is not installed: make setup")
    is_root = os.getuid() == 0
    base = "/tmp" if is_root else None  # noqa: S108 # another user has to get in, which a command's own folder forbids
    folder, password = Path(tempfile.mkdtemp(prefix="churnclv-postgres-", dir=base)), secrets.token_hex(8)
    as_user = {}
    if is_root:
        shutil.chown(folder, _UNPRIVILEGED)
        as_user = {"user": _UNPRIVILEGED, "group": "nogroup", "extra_groups": []}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "password").write_text(password)
    (folder / "password").chmod(0o644)
    words = ["-D", str(folder / "data")]
    login = ["-U", "keeper", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}"]
    settings = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=127.0.0.1"]
    options = [f"-p{port}", f"-k{folder}", *(f"-c{setting}" for setting in settings)]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "cwd": folder, **as_user}
    try:
        made = ["initdb", *words, *login, "--no-sync", "--encoding=UTF8", "--locale=C"]
        done = subprocess.run([programs / made[0], *made[1:]], check=False, stderr=subprocess.PIPE, text=True, **quiet)
        assert done.returncode == 0, done.stderr
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([programs / "postgres", *words, *options], stderr=log, **quiet)
        server = PostgresServer(folder, port, password)
        try:
            _wait_for(server, process)
            server.fresh_database("shop")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # at once, whoever is connected
            process.wait(PATIENCE_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: PostgresServer, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            server.execute("SELECT 1", database="postgres")
        except Exception:  # noqa: BLE001 # the driver's, while the server starts
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError((server.folder / "log").read_text()) from None
            time.sleep(0.05)
        else:
            return
