"""The project's commands, each in a process of its own, without waiting for the libraries' import."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

PATIENCE_SECONDS = 300


def run_command(*words: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
    """Run `churnclv <words>` in a folder, with these variables added to the environment; return what it printed."""
    with tempfile.NamedTemporaryFile("r") as out, tempfile.NamedTemporaryFile("r") as err:
        request = {
            "words": words, "folder": str(folder), "environment": {**os.environ, **environment},
            "out": out.name, "err": err.name,
        }  # fmt: skip
        return subprocess.CompletedProcess(words, _wait_for(request), out.read(), err.read())


def _wait_for(request: dict) -> int:
    """Return the exit code of a request; end its process if it takes too long."""
    server = _server()
    server.stdin.write(json.dumps(request).encode() + b"\n")
    process = int(server.stdout.readline())
    if not select.select([server.stdout], [], [], PATIENCE_SECONDS)[0]:
        os.kill(process, signal.SIGKILL)
        server.stdout.readline()
        raise subprocess.TimeoutExpired(request["words"], PATIENCE_SECONDS)
    return int(server.stdout.readline())


@lru_cache
def _server() -> subprocess.Popen:
    """Start the server of this test process; it ends when its standard input is closed, with this process."""
    words = [sys.executable, str(Path(__file__).with_name("command_server.py"))]
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environment)
